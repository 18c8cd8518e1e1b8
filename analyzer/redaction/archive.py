"""The redacted bundle itself: a tar.gz of the members as they were read, archives inside made into folders."""

from __future__ import annotations

import io
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from analyzer.bundle import Limits, Member, open_bundle
from analyzer.redaction.redaction import Redaction
from parsers.decode import decode, is_binary

_AT_ONCE = 1 << 20
_LINES = 1 << 20  # bytes of text whose hosts are replaced at once
_SPOOLED = 1 << 24  # bytes of one member that are kept in memory until its size is known


@dataclass(slots=True)
class Written:
    """What a redacted bundle holds."""

    members: int = 0
    bytes: int = 0
    problems: list[tuple[str, str]] = field(default_factory=list)  # what was left out or cut


def write_redacted(paths: Sequence[Path], output: Path, redaction: Redaction, limits: Limits | None = None) -> Written:
    """Write the redacted bundle as ``output``, a tar.gz that appears when it is complete.

    Members are streamed; line numbers stay. Binary files are left out: what they hold cannot be told. An archive
    inside becomes a folder of its name (``a.tgz!b.log`` is ``a.tgz/b.log``).

    Raises:
        BundleError: the input cannot be opened.
        OSError: the output cannot be written.
    """
    made = Written()
    # an unfinished bundle must not be taken for a finished one
    partial = output.with_name(f".{output.name}.partial")
    try:
        with tarfile.open(partial, "w:gz", compresslevel=6, format=tarfile.PAX_FORMAT) as tar:
            for name, content in redacted_members(paths, redaction, limits or Limits(), made):
                with tempfile.SpooledTemporaryFile(max_size=_SPOOLED) as held:
                    for piece in content:
                        held.write(piece)
                    _add(tar, name, held)
                    made.bytes += held.tell()
                made.members += 1
        partial.replace(output)
    finally:
        partial.unlink(missing_ok=True)
    return made


def _add(tar: tarfile.TarFile, name: str, held: IO[bytes]) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = held.tell()
    entry.mode = 0o644
    held.seek(0)
    tar.addfile(entry, held)


def redacted_members(
    paths: Sequence[Path], redaction: Redaction, limits: Limits, made: Written
) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Give (name, content in pieces) of every member that holds text."""

    def warn(file: str, what: str) -> None:
        made.problems.append((redaction.text(file), redaction.text(what)))

    for member in open_bundle(paths, limits, lambda file, what: None, at_once=_AT_ONCE):
        for piece in _pieces(member):
            redaction.note_ids(piece)
    taken: set[str] = set()
    members = open_bundle(paths, limits, warn, at_once=_AT_ONCE)
    for member in redaction.members(members, {}):
        if is_binary(member.data):
            warn(member.path, "binary content: left out")
            continue
        yield _free(redaction.text(member.path).replace("!", "/"), taken), _content(member, redaction)


def _free(name: str, taken: set[str]) -> str:
    """A name that no member has yet, nor any folder, whatever case tells them apart."""
    number, made = 1, name
    while made.lower() in taken or any(other.startswith(made.lower() + "/") for other in taken):
        number += 1
        stem, dot, suffix = name.rpartition(".")
        made = f"{stem}-{number}.{suffix}" if dot and stem else f"{name}-{number}"
    taken.add(made.lower())
    return made


def _pieces(member: Member) -> Iterator[bytes]:
    yield member.data
    if member.rest is not None:
        yield from member.rest.pieces()


def _content(member: Member, redaction: Redaction) -> Iterator[bytes]:
    replace: Callable[[str], str] = redaction.names
    if decode(member.data[:4096])[1].lower().startswith(("utf-16", "utf-32")):
        text = decode(b"".join(_pieces(member)))[0]
        yield replace(text).encode("utf-8", "replace")
        return
    rest = b""
    for piece in _pieces(member):
        rest += piece
        if len(rest) >= _LINES:
            cut = rest.rfind(b"\n") + 1
            yield _replaced(rest[:cut], replace)
            rest = rest[cut:]
    yield _replaced(rest, replace)


def _replaced(data: bytes, replace: Callable[[str], str]) -> bytes:
    """Bytes that are no UTF-8 stay what they are."""
    with io.BytesIO() as out:
        out.write(replace(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape"))
        return out.getvalue()
