"""Large logs in UTF-16, as PowerShell writes them, given in UTF-8: they are read in pieces like any other."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from msgspec.structs import replace

from analyzer.bundle import Member, Rest
from analyzer.log_stream.kind import begins_log
from parsers.decode import wide_encoding


class RestInUtf8(Rest):
    """The rest of a member in UTF-8, to be had in order only.

    ``encoding`` is the file's own; ``file_bytes`` are those that were read of it.
    """

    def __init__(self, wide: Rest, before: int, encoding: str, decoder: codecs.IncrementalDecoder) -> None:
        super().__init__(_pieces(wide, decoder), [])
        self._wide = wide
        self._before = before
        self.encoding = encoding

    @property
    def problems(self) -> tuple[str, ...]:
        """See :class:`Rest`."""
        return self._wide.problems

    @property
    def file_bytes(self) -> int:
        """Bytes of the file that were read."""
        return self._before + self._wide.size


def as_utf8(member: Member) -> Member:
    """Give a log in UTF-16 or UTF-32 that comes in pieces in UTF-8; any other member as it is."""
    encoding, mark = wide_encoding(member.data) if member.rest is not None else ("", 0)
    if member.rest is None or not encoding:
        return member
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    head = decoder.decode(member.data[mark:]).encode()
    if not begins_log(head, member.path):
        return member
    return replace(member, data=head, rest=RestInUtf8(member.rest, len(member.data), encoding, decoder))


def _pieces(wide: Rest, decoder: codecs.IncrementalDecoder) -> Iterator[bytes]:
    for piece in wide.pieces():
        yield decoder.decode(piece).encode()
    yield decoder.decode(b"", final=True).encode()
