"""Tar archives read forwards, block by block, so that no header can make the reader jump, loop or allocate.

POSIX.1-2001 (``pax``), ustar, GNU and older headers (IEEE Std 1003.1, ``tar.h`` of GNU tar). The standard
library's reader trusts sizes (CVE-2025-8194) and ends silently at a damaged header; this one says so and goes
on at the next header that it finds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct

from analyzer.bundle.feed import CHUNK, Feed
from analyzer.bundle.signature import is_tar_header

BLOCK = 512
_ZEROS = bytes(BLOCK)
_LONGEST_EXTENSION = 1024 * 1024  # of a pax header or a long name
#: type flags without a body, whatever their size field says
_BODILESS = frozenset(b"123456")
_REGULAR = frozenset(b"\x007\x30")
_KINDS = {ord("1"): "link", ord("2"): "link", ord("3"): "device", ord("4"): "device", ord("5"): "folder",
          ord("6"): "FIFO", ord("S"): "sparse file"}  # fmt: skip

NO_END = "cut off: the archive has no end mark"
Note = Callable[[str], None]


class TarEntry(Struct):
    """One member: its name as stored, its kind (file, folder, link, device, FIFO, sparse file, other), its size."""

    name: str
    kind: str
    size: int
    _body: _Body

    def pieces(self) -> Iterator[bytes]:
        """Give the content; less than ``size`` bytes where the archive ends before."""
        while piece := self._body.some():
            yield piece

    @property
    def missing(self) -> int:
        """Bytes that the archive lacks of this member, known once all pieces were taken."""
        return self._body.left if self._body.ended else 0


class _Body(Struct):
    feed: Feed
    left: int
    ended: bool = False

    def some(self) -> bytes:
        if self.left <= 0:
            return b""
        piece = self.feed.some(min(CHUNK, self.left))
        self.left -= len(piece)
        self.ended = not piece
        return piece


class _Extended(Struct):
    """What headers in front of a member say of it."""

    name: str = ""
    size: int | None = None
    sparse: bool = False


def tar_entries(feed: Feed, note: Note) -> Iterator[TarEntry]:
    """Give the members in order; each must be read, if at all, before the next one is asked for.

    ``note`` takes damage: headers that are none, sizes that cannot be, an end in the middle.
    """
    extended = _Extended()
    everywhere = _Extended()
    ended = False  # the end mark was seen: what follows is a further archive, or nothing
    lost = 0
    while block := feed.read(BLOCK):
        if block == _ZEROS[: len(block)]:
            ended = True
            continue
        size = _number(block[124:136]) if is_tar_header(block) else None
        if size is None or size < 0:
            if ended:
                return  # anything may stand behind the end
            lost += len(block) + _skip_to_header(feed)
            extended = _Extended()
            continue
        ended = False
        flag = block[156]
        if flag in b"LKxXg":
            _extend(feed, flag, size, everywhere if flag == ord("g") else extended, note)
            continue
        entry = _entry(feed, block, flag, size, extended, everywhere, note)
        extended = _Extended()
        yield entry
        for _ in entry.pieces():
            pass
        if not entry.missing:
            feed.skip(-entry.size % BLOCK)
    if lost:
        note(f"damaged: {lost} bytes without a header were skipped")
    elif not ended:
        note(NO_END)


def _entry(
    feed: Feed, block: bytes, flag: int, size: int, extended: _Extended, everywhere: _Extended, note: Note
) -> TarEntry:
    name = extended.name or everywhere.name or _name(block)
    if extended.size is not None:
        size = extended.size
    kind = "file" if flag in _REGULAR else _KINDS.get(flag, "other")
    if kind == "file" and name.endswith("/"):
        kind = "folder"  # before POSIX a folder was told by its name only
    elif kind == "file" and (extended.sparse or everywhere.sparse):
        kind = "sparse file"
    if flag in _BODILESS:
        size = 0
    if flag == ord("S"):
        _skip_sparse_map(feed, block)
    return TarEntry(name, kind, size, _Body(feed, size))


def _skip_to_header(feed: Feed) -> int:
    """Pass over blocks that are no header; give their size in bytes."""
    skipped = 0
    while (block := feed.peek(BLOCK)) and not is_tar_header(block):
        skipped += feed.skip(len(block))
    return skipped


def _number(field_: bytes) -> int | None:
    """A size field: octal digits, or base 256 where the first bit is set; None where it is neither."""
    if field_[0] == 0x80:
        return int.from_bytes(field_[1:], "big")
    if field_[0] == 0xFF:
        return int.from_bytes(field_, "big", signed=True)
    digits = field_.split(b"\0", 1)[0].strip()
    if not digits:
        return 0
    return int(digits, 8) if all(digit in b"01234567" for digit in digits) else None


def _name(block: bytes) -> str:
    name = _text(block[:100])
    # the prefix is POSIX's; GNU and older headers have other things there
    if block[257:263] == b"ustar\0" and (prefix := _text(block[345:500])):
        return f"{prefix}/{name}"
    return name


def _text(field_: bytes) -> str:
    return field_.split(b"\0", 1)[0].decode("utf-8", "replace")


def _extend(feed: Feed, flag: int, size: int, extended: _Extended, note: Note) -> None:
    """Read a long name (GNU) or a pax header, which speak of the next member."""
    data = feed.read(min(size, _LONGEST_EXTENSION))
    if size > _LONGEST_EXTENSION:
        note(f"an extended header of {size} bytes was cut")
        feed.skip(size - len(data))
    feed.skip(-size % BLOCK)
    if flag == ord("L"):
        extended.name = _text(data)
    elif flag != ord("K"):
        _read_pax(data, extended, note)


def _read_pax(data: bytes, extended: _Extended, note: Note) -> None:
    """Records of ``LENGTH key=value\\n``."""
    position = 0
    while position < len(data):
        blank = data.find(b" ", position, position + 20)
        digits = data[position:blank] if blank > 0 else b""
        length = int(digits) if digits.isdigit() else 0
        if length <= len(digits) + 2 or position + length > len(data):
            if data[position:].strip(b"\0"):
                note("damaged: an extended header")
            return
        key, _, value = data[blank + 1 : position + length - 1].partition(b"=")
        if key == b"path" or key == b"GNU.sparse.name":
            extended.name = value.decode("utf-8", "replace")
        elif key == b"size" and value.isdigit() and len(value) < 20:
            extended.size = int(value)
        if key.startswith(b"GNU.sparse."):
            extended.sparse = True
        position += length


def _skip_sparse_map(feed: Feed, block: bytes) -> None:
    """Old GNU sparse files have their map in blocks behind the header."""
    more = block[482]
    while more and len(block := feed.read(BLOCK)) == BLOCK:
        more = block[504]
