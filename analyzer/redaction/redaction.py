"""The one place where redaction happens: on the bytes of a bundle's members, and on reports and rows made of them.

Secrets are replaced in the bytes before anything reads them, where text over several lines is still together. Hosts
are replaced by pseudonyms at the end, on the report or the rows, when the analysis has told which names are hosts'.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from analyzer.bundle import Member, Rest, Warn
from analyzer.redaction.hosts import Hosts
from analyzer.redaction.secrets import Secrets, replaced, same_shape
from parsers.decode import decode, is_binary
from parsers.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from analyzer.report.model import Report
    from analyzer.tables import Rows

LEVELS = ("secrets", "hosts")
_CHUNK = 1 << 21
_HELD_BACK = 1 << 16  # bytes that are looked at again with what follows: a secret may go on
#: texts of a report that are the program's own, and ids that others look up
_OWN = frozenset(
    {"schema_version", "verdict", "id", "family", "confidence", "scope", "kind", "platform", "risk", "state", "signal"}
    | {"severity", "level", "explains", "explained_by", "references", "symptom", "sha256", "encoding"}
    | {"message_id", "message_ids"}
)
#: account and cluster in a provider id; what is shorter could be any word
_PROVIDER = lazy_pattern(rb"ibm://([A-Za-z0-9]{0,64})/[^/\s\"]{0,60}/[^/\s\"]{0,60}/([A-Za-z0-9]{0,64})")
_LEAST_ID = 8
_WIDE = ("utf-16", "utf-32")


@cache
def _secrets() -> Secrets:
    return Secrets()


class Redaction:
    """What is redacted of one ticket, or of several that shall have the same pseudonyms.

    Args:
        level: "secrets", or "hosts" for pseudonyms of addresses and host names as well.
        hosts: the pseudonyms to use; new ones where none are given.
    """

    def __init__(self, level: str = "secrets", hosts: Hosts | None = None) -> None:
        if level not in LEVELS:
            raise ValueError(f"{level!r} is not one of {', '.join(LEVELS)}")
        self.level = level
        self.hosts = (hosts or Hosts()) if level == "hosts" else None
        self.secrets = _secrets()
        self._seen: dict[str, str] = {}
        self._ids: set[str] = set()
        self._id_pattern: re.Pattern[str] | None = None

    # --- bytes, before they are read -------------------------------------------------------------------------------

    def data(self, data: bytes) -> bytes:
        """Give a text's bytes without secrets; binary data as it is. UTF-16 and UTF-32 become UTF-8 where need be."""
        if is_binary(data):
            return data
        self.note_ids(data)
        text, encoding, _ = decode(data)
        if encoding.lower().startswith(_WIDE):
            plain = text.encode("utf-8", "replace")
            self.note_ids(plain)
            clean = self.secrets.redact(plain)
            return data if clean == plain else clean
        return self.secrets.redact(data)

    def note_ids(self, data: bytes) -> None:
        """Remember the accounts and clusters of provider ids: names and labels of workers hold them too."""
        if b"ibm://" not in data:
            return
        for match in _PROVIDER.finditer(data):
            new = {item.decode() for item in match.groups() if len(item) >= _LEAST_ID} - self._ids
            new = {item for item in new if not item.startswith("xx")}
            if new:
                self._ids |= new
                words = "|".join(sorted(map(re.escape, self._ids), key=lambda word: (-len(word), word)))
                self._id_pattern = re.compile(rf"(?<![A-Za-z0-9])(?:{words})(?![A-Za-z0-9])")
                self._seen.clear()

    def names(self, text: str) -> str:
        """Replace what is known by name only: accounts and clusters, and hosts at that level."""
        if self._id_pattern is not None:
            text = self._id_pattern.sub(lambda match: same_shape(match[0].encode()).decode(), text)
        return text if self.hosts is None else self.hosts.replace(text)

    def pieces(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Redact a text in pieces: what stands near the end of one is looked at again with the next."""
        buffer = bytearray()
        for piece in pieces:
            self.note_ids(piece)
            buffer += piece
            if len(buffer) >= _CHUNK:
                done, rest = self._chunk(bytes(buffer))
                buffer = bytearray(rest)
                if done:
                    yield done
        if buffer:
            yield self.secrets.redact(bytes(buffer))

    def _chunk(self, data: bytes) -> tuple[bytes, bytes]:
        spans = self.secrets.spans(data)
        cut = data.rfind(b"\n", 0, len(data) - _HELD_BACK) + 1
        if not cut:  # one line that is longer than all of it
            cut = len(data) - _HELD_BACK
        crossing = [span.start for span in spans if span.start < cut < span.end]
        cut = min([cut, *crossing])
        return replaced(data[:cut], [span for span in spans if span.end <= cut]), data[cut:]

    def members(self, members: Iterable[Member], renamed: dict[str, str] | None = None) -> Iterator[Member]:
        """Give the members of a bundle without secrets, in content and in name; ``renamed`` takes new and old names."""
        for member in members:
            path = self.path(member.path)
            if renamed is not None and path != member.path:
                path = self._unique(path, member.path, renamed)
            if member.rest is None:
                yield replace(member, path=path, data=self.data(member.data))
                continue
            if is_binary(member.data) or decode(member.data[:4096])[1].lower().startswith(_WIDE):
                yield replace(member, path=path)
                continue
            yield self._in_pieces(member, path, member.rest)

    @staticmethod
    def _unique(path: str, old: str, renamed: dict[str, str]) -> str:
        """Names that differed only in what is a secret still differ."""
        made, number = path, 1
        while renamed.get(made, old) != old:
            number += 1
            made = f"{path}#{number}"
        renamed[made] = old
        return made

    def _in_pieces(self, member: Member, path: str, rest: Rest) -> Member:
        def everything() -> Iterator[bytes]:
            yield member.data
            yield from rest.pieces()

        clean = self.pieces(everything())
        problems: list[str] = []
        first = next(clean, b"")

        def others() -> Iterator[bytes]:
            yield from clean
            problems.extend(rest.problems)

        return Member(path, first, member.problems, Rest(others(), problems))

    def warner(self, warn: Warn) -> Warn:
        """Give a ``warn`` that gets names and words without secrets."""
        return lambda file, what: warn(self.path(file), self._without_secrets(what))

    def path(self, path: str) -> str:
        """Give a path inside the bundle without secrets."""
        return self._without_secrets(path)

    # --- what was made of them -------------------------------------------------------------------------------------

    def text(self, text: str) -> str:
        """Give any text without secrets and, at the level "hosts", with pseudonyms."""
        known = self._seen.get(text)
        if known is None:
            known = self.names(self._without_secrets(text))
            if len(self._seen) < 100_000:
                self._seen[text] = known
        return known

    def _without_secrets(self, text: str) -> str:
        raw = text.encode("utf-8", "surrogatepass")
        clean = self.secrets.redact(raw)
        return text if clean == raw else clean.decode("utf-8", "surrogatepass")

    def learn(self, rows: Rows) -> None:
        """Take in which names are hosts': of workers, and what else nodes are called."""
        if self.hosts is None:
            return
        names = {row.node for row in rows.nodes} | {row.node for row in rows.pods} | {row.node for row in rows.files}
        names |= {row.node for row in rows.log_lines}
        for row in rows.nodes:
            names |= {value for key, value in row.labels.items() if re.search(r"hostname$|worker-id$", key)}
            parts = [part for part in re.split(r"[/:]", row.provider_id) if part]
            names |= set(parts[-1:])
        self.hosts.learn(name for name in names if name)
        self._seen.clear()

    def report(self, report: Report) -> Report:
        """Give the report with every text of it redacted."""
        made: Report = self._walked(report)
        return made

    def rows(self, rows: Rows) -> None:
        """Redact every text of all rows, in place."""
        for table in rows.__struct_fields__:
            for row in getattr(rows, table):
                for column in row.__struct_fields__:
                    if column not in _OWN:
                        setattr(row, column, self._walked(getattr(row, column)))

    def _walked(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, tuple):
            return tuple(self._walked(item) for item in value)
        if isinstance(value, dict):
            return {self._walked(key): self._walked(item) for key, item in value.items()}
        if isinstance(value, msgspec.Struct):
            changed = {
                name: made
                for name in value.__struct_fields__
                if name not in _OWN and (made := self._walked(old := getattr(value, name))) is not old
            }
            return replace(value, **changed)
        return value

    # --- the mapping -----------------------------------------------------------------------------------------------

    def mapping(self) -> str:
        """Give the key and all pseudonyms as JSON, for the person who may see what they stand for."""
        known = self.hosts.pseudonyms if self.hosts is not None else {}
        key = self.hosts.key.hex() if self.hosts is not None else ""
        return json.dumps({"key": key, "pseudonyms": dict(sorted(known.items()))}, indent=2, ensure_ascii=False) + "\n"


def read_map(path: Path) -> Hosts:
    """Give the pseudonyms of a mapping file, so that they go on.

    Raises:
        ValueError: it is no mapping file of this program.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return Hosts(bytes.fromhex(data["key"]) or None, known=dict(data["pseudonyms"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: exists and is no mapping file of calico-triage") from error
