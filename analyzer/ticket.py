"""What came in with one ticket: rows, warnings, and the lines that may be quoted of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from analyzer.bundle import Digests, Limits, Member, Warn, open_bundle
from analyzer.log_stream.kind import begins_log
from analyzer.log_stream.lookup import numbered_lines
from analyzer.log_stream.quotable import Quotable
from analyzer.quote import quote
from analyzer.tables import ROW_TYPES
from analyzer.utf16 import as_utf8
from parsers.decode import decode

if TYPE_CHECKING:
    from analyzer.redaction import Redaction

Raw = bytes

#: bytes from which on a log is read in pieces: of fewer, nearly each line would be kept anyway
LARGE = 256 * 1024
_HELD_TEXTS, _HELD_TEXT = 24 * 1024 * 1024, 1024 * 1024  # bytes of small files held for quoting, of all and of one
_MOST_WARNINGS = 500


class Skipped(Struct, frozen=True):
    """Something that was skipped, cut, damaged or not understood."""

    file: str
    what: str


class Intake(Struct):
    """All rows of one ticket by table, and what was noticed on the way."""

    name: str = ""
    sha256: str = ""
    bytes: int = 0
    rows: dict[str, list[Any]] = field(default_factory=lambda: {name: [] for name in (*ROW_TYPES, "log_volume")})
    warnings: list[Skipped] = field(default_factory=list)
    missing_logs: list[tuple[str, str]] = field(default_factory=list)  # file, error text instead of a log
    file_facts: dict[str, dict[str, str]] = field(default_factory=dict)
    collected: datetime | None = None
    paths: Sequence[Path] = ()
    limits: Limits = field(default_factory=Limits)
    redaction: Redaction | None = None  # what is kept from being read at all
    #: lines of large logs that may be quoted, and the texts of small files, so that they need no second look
    quotes: dict[str, Quotable] = field(default_factory=dict)
    held: dict[str, Raw] = field(default_factory=dict)
    digests: Digests = field(default_factory=dict)  # of a folder's files that were read to their ends
    _held_bytes: int = 0
    _warned: set[Skipped] = field(default_factory=set)
    _renamed: dict[str, str] = field(default_factory=dict)  # redacted path -> the path in the bundle

    def members(
        self,
        only: Iterable[str] | None = None,
        at_once: int = 0,
        opened: Callable[[Warn], Iterator[Member]] | None = None,
    ) -> Iterator[Member]:
        """Open the bundle: its members, or those wanted, without what redaction keeps back; the first time warns.

        Of a log that is given in pieces the reader redacts what it keeps of it: see :attr:`clean`. ``opened`` gives all
        members where the bundle is opened already.
        """
        warn: Warn = self.warn if only is None else lambda file, what: None
        wanted = None if only is None else [self._renamed.get(path, path) for path in only]
        if self.redaction is not None:
            warn = self.redaction.warner(warn)
        if opened is not None:
            members = opened(warn)
        else:
            members = open_bundle(self.paths, self.limits, warn, wanted, at_once, self.digests)
        members = map(as_utf8, members)
        if self.redaction is None:
            yield from members
            return
        for member in members:
            if member.rest is not None and is_large_log(member):
                for named in self.redaction.members([replace(member, data=b"", rest=None)], self._renamed):
                    yield replace(member, path=named.path, plain_log=True)  # its new name must not change that
            else:
                yield from self.redaction.members([member], self._renamed)

    @property
    def clean(self) -> Callable[[Raw], Raw] | None:
        """Takes secrets out of text that was not redacted yet; None where nothing is redacted."""
        return None if self.redaction is None else self.redaction.data

    def warn(self, file: str, what: str) -> None:
        """Note something once; a bundle that is broken all over gets so many warnings and no more.

        There is room for as many again that tell of limits: what was not read must not go under among the others.
        """
        item = Skipped(file, what)
        room = 2 * _MOST_WARNINGS if "--limit-" in what else _MOST_WARNINGS
        if item in self._warned:
            return
        if len(self.warnings) >= room:
            item = Skipped("", f"more than {room} warnings: the others are not listed")
            if item in self._warned:
                return
        self._warned.add(item)
        self.warnings.append(item)

    def hold(self, path: str, data: Raw) -> None:
        """Keep a small file's bytes, as far as there is room."""
        if len(data) <= _HELD_TEXT and self._held_bytes + len(data) <= _HELD_TEXTS:
            self.held[path] = data
            self._held_bytes += len(data)

    def lines(self, wanted: Mapping[str, Iterable[int]], context: int) -> dict[str, dict[int, str]]:
        """Give the wanted lines and ``context`` lines around each, by file and number; see :func:`quote`."""
        found: dict[str, dict[int, str]] = {}
        others: dict[str, Iterable[int]] = {}
        for path, numbers in wanted.items():
            at_hand = self.quotes.get(path)
            if at_hand is not None and all(number in at_hand for number in numbers):
                near = {n for number in numbers for n in range(number - context, number + context + 1)}
                found[path] = at_hand.readable(near, self.limits.line, self.clean)
            else:
                others[path] = numbers
        texts = ((path, decode(self.held[path])[0]) for path in others if path in self.held)
        found.update(quote(texts, others, context))
        left = {path: numbers for path, numbers in others.items() if path not in self.held}
        for member in self.members(left, at_once=LARGE) if left else ():
            numbers = left.pop(member.path, ())
            if numbers and member.rest is None:
                found.update(quote([(member.path, decode(member.data)[0])], {member.path: numbers}, context))
            elif numbers and member.rest is not None:
                near = {n for number in numbers for n in range(number - context, number + context + 1)}
                raw = numbered_lines(
                    chain([member.data], member.rest.pieces()), (number for number in near if number > 0)
                )
                plain = (decode((self.clean or bytes)(line).rstrip(b"\r"))[0] for _, line in sorted(raw.items()))
                found[member.path] = dict(zip(sorted(raw), plain, strict=True))
            if not left:
                break
        return found


def is_large_log(member: Member) -> bool:
    """Whether a member given in pieces is a log, perhaps behind other outputs, that may be read so."""
    if member.plain_log is not None:
        return member.plain_log
    return begins_log(member.data, member.path)


def nothing_read(kinds: Iterable[str]) -> str:
    """Say what is wrong with an input whose files are of these kinds; "" where one of them is read."""
    seen = set(kinds)
    if seen - {"empty", "binary", "unknown", "duplicate"}:
        return ""
    what = "is empty" if seen <= {"empty", "duplicate"} else "holds nothing that calico-triage reads"
    return f"{what}: give the output of kubectl describe and kubectl logs, or the archive that holds it"


def merge_facts(known: dict[str, str], more: dict[str, str]) -> None:
    """Add the facts of a further part of a file: counts are summed, spans widened, others kept."""
    for key, value in more.items():
        if key == "error":
            continue
        if key not in known:
            known[key] = value
        elif key.startswith(("level.", "process_starts")) or key == "lines_dropped":
            known[key] = str(int(known[key]) + int(value))
        elif key == "first_time":
            known[key] = min(known[key], value)
        elif key == "last_time":
            known[key] = max(known[key], value)
