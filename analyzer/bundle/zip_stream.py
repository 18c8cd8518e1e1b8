"""Zip archives: entries by the directory at the end, or, where that is damaged or missing, by their own headers.

APPNOTE.TXT 6.3.10 of PKWARE. Content is read by this package's own decompressors, so that a wrong checksum or a
cut-off entry still gives what was readable; entries that overlap (the trick of flat zip bombs) are left out.
"""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO

from msgspec import Struct

from analyzer.bundle.feed import Feed, pieces_of
from analyzer.bundle.limits import Budget
from analyzer.bundle.unpack import unpacked

_LOCAL = struct.Struct("<4s5H3L2H")
_LOCAL_MAGIC = b"PK\x03\x04"
_DIRECTORY_MAGIC = b"PK\x01\x02"
_END_MAGIC = b"PK\x05\x06"
_END_MAGIC_64 = b"PK\x06\x06"
_ENCRYPTED = 1
_SIZES_BEHIND = 8  # flag: sizes stand behind the data
_METHODS = {8: "deflate", 12: "bz2", 14: "lzma-in-zip", 93: "zst", 95: "xz"}
_DIRECTORY_ENTRY = 46  # bytes of a directory entry at the least
_LARGE = 0xFFFFFFFF

Note = Callable[[str], None]


class ZipEntry(Struct, frozen=True):
    """One entry; ``kind`` is file, folder, link or other, ``pieces`` gives the content."""

    name: str
    kind: str
    size: int | None
    encrypted: bool
    pieces: Callable[[Note], Iterator[bytes]]


def zip_entries(stream: IO[bytes], size: int, budget: Budget, note: Note) -> Iterator[ZipEntry]:
    """Give the entries of a zip archive in the order of their place in it.

    Args:
        stream: the archive, seekable.
        size: its size in bytes.
        budget: counts what is unpacked.
        note: takes damage of the archive as a whole.
    """
    directory = _directory_size(stream, size)
    if directory is None or directory > 4 * _DIRECTORY_ENTRY * budget.limits.members:
        why = "is missing: the archive is cut off" if directory is None else f"has {directory} bytes"
        infos = None
    else:
        infos, why = _directory(stream)
    if infos is not None:
        yield from _by_directory(stream, sorted(infos, key=lambda info: info.header_offset), size, budget, note)
        return
    note(f"zip directory {why}; read by the entries' own headers")
    stream.seek(0)
    yield from _by_headers(Feed(pieces_of(stream)), budget, note)


def _directory(stream: IO[bytes]) -> tuple[list[zipfile.ZipInfo] | None, str]:
    """The entries that the directory lists, or None and what is wrong with it."""
    try:
        stream.seek(0)
        infos = zipfile.ZipFile(stream).infolist()
    except Exception as error:  # whatever a made-up directory makes the library raise
        return None, f"is damaged ({' '.join(str(error).split())[:100] or type(error).__name__})"
    # a cut-off archive may end with the directory of an archive inside it
    if infos and min(info.header_offset for info in infos) > 4:
        return None, "does not list what the archive begins with"
    return infos, ""


def _directory_size(stream: IO[bytes], size: int) -> int | None:
    """How large the archive's end says its directory is, before anything is allocated for it."""
    tail = min(size, 66_000)
    stream.seek(size - tail)
    data = stream.read(tail)
    at = data.rfind(_END_MAGIC)
    if at < 0 or len(data) < at + 22:
        return None
    claimed = int(struct.unpack_from("<L", data, at + 12)[0])
    large = data.rfind(_END_MAGIC_64, 0, at) if claimed == _LARGE else -1
    if large >= 0 and len(data) >= large + 48:
        claimed = int(struct.unpack_from("<Q", data, large + 40)[0])
    return claimed


def _by_directory(
    stream: IO[bytes], infos: list[zipfile.ZipInfo], size: int, budget: Budget, note: Note
) -> Iterator[ZipEntry]:
    overlapping = 0
    for position, info in enumerate(infos):
        begin = _begin_of_data(stream, info)
        end = infos[position + 1].header_offset if position + 1 < len(infos) else size
        if begin is None or begin + info.compress_size > end:
            overlapping += 1
            continue
        yield _entry_of(stream, info, begin, budget)
    if overlapping:
        note(f"{overlapping} entries overlap with others or have no header (a zip bomb's way): not read")


def _begin_of_data(stream: IO[bytes], info: zipfile.ZipInfo) -> int | None:
    try:
        stream.seek(info.header_offset)
        header = stream.read(_LOCAL.size)
    except (OSError, ValueError):
        return None
    if len(header) < _LOCAL.size or not header.startswith(_LOCAL_MAGIC):
        return None
    name_length, extra_length = struct.unpack_from("<2H", header, 26)
    return int(info.header_offset + _LOCAL.size + name_length + extra_length)


def _entry_of(stream: IO[bytes], info: zipfile.ZipInfo, begin: int, budget: Budget) -> ZipEntry:
    def pieces(note: Note) -> Iterator[bytes]:
        stream.seek(begin)
        packed = Feed(pieces_of(stream, info.compress_size))
        yield from _checked(packed, info.compress_type, info.file_size, info.CRC, budget, note)

    return ZipEntry(info.filename, _kind(info), info.file_size, bool(info.flag_bits & _ENCRYPTED), pieces)


def _kind(info: zipfile.ZipInfo) -> str:
    mode = info.external_attr >> 16
    if info.is_dir() or info.filename.endswith("\\"):
        return "folder"
    if stat.S_ISLNK(mode):
        return "link"
    return "file" if stat.S_IFMT(mode) in (0, stat.S_IFREG) else "device"


def _checked(packed: Feed, method: int, size: int, crc: int, budget: Budget, note: Note) -> Iterator[bytes]:
    """The content, and a note where it is not what the archive promises."""
    total = checksum = 0
    for piece in _content(packed, method, budget, note):
        total += len(piece)
        checksum = zlib.crc32(piece, checksum)
        yield piece
    if total != size:
        note(f"damaged: {total} of {size} bytes are there")
    elif checksum != crc:
        note("damaged: its checksum is wrong")


def _content(packed: Feed, method: int, budget: Budget, note: Note) -> Iterator[bytes]:
    if method == 0:
        while piece := packed.some():
            budget.unpacked_bytes += len(piece)
            yield piece
            if reason := budget.exhausted():
                note(f"limit reached: {reason}; the rest was not read")
                return
    elif method in _METHODS:
        yield from unpacked(packed, _METHODS[method], budget, note, single=True)
    else:
        note(f"packed by method {method}, which is not read: pack it anew")


def _by_headers(feed: Feed, budget: Budget, note: Note) -> Iterator[ZipEntry]:
    """Salvage: the entries of a zip archive whose directory is not there, one after another."""
    while _next_header(feed):
        header = feed.read(_LOCAL.size)
        if len(header) < _LOCAL.size:
            return
        _, _, flags, method, _, _, _, packed_size, size, name_length, extra_length = _LOCAL.unpack(header)
        raw = feed.read(name_length)
        name = raw.decode("utf-8" if flags & 0x800 else "cp437", "replace")
        feed.skip(extra_length)
        unknown = bool(flags & _SIZES_BEHIND and not packed_size) or packed_size == _LARGE
        if unknown and (method not in _METHODS or flags & _ENCRYPTED):
            continue  # its end cannot be told; the next header is looked for
        source = feed if unknown else Feed(_bounded(feed, packed_size))

        def pieces(inner: Note, source: Feed = source, method: int = method) -> Iterator[bytes]:
            yield from _content(source, method, budget, inner)

        kind = "folder" if name.endswith(("/", "\\")) else "file"
        yield ZipEntry(name, kind, None if unknown else size, bool(flags & _ENCRYPTED), pieces)
        if not unknown:
            while source.some():
                pass


def _bounded(feed: Feed, size: int) -> Iterator[bytes]:
    left = size
    while left > 0 and (piece := feed.some(left)):
        left -= len(piece)
        yield piece


def _next_header(feed: Feed) -> bool:
    """Go to the next entry's header; False where the directory or the end comes first."""
    while window := feed.peek(64 * 1024):
        found = window.find(b"PK")
        if found < 0:
            feed.skip(max(len(window) - 1, 1))
            continue
        feed.skip(found)
        mark = feed.peek(4)
        if mark == _LOCAL_MAGIC:
            return True
        if mark in (_DIRECTORY_MAGIC, _END_MAGIC):
            return False
        feed.skip(2)
    return False
