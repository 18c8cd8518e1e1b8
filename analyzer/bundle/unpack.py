"""Decompression in pieces: what was readable before damage is given, and nothing grows beyond the limits."""

from __future__ import annotations

import bz2
import lzma
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from typing import Any

import zstandard

try:
    from isal import igzip_lib
except ImportError:  # there is no wheel of it for every platform
    igzip_lib = None  # type: ignore[assignment]

from analyzer.bundle.feed import CHUNK, Feed
from analyzer.bundle.limits import Budget, allowed

_XZ_MEMORY = 256 * 1024 * 1024
_ZSTD_WINDOW = 2**27
#: takes what is damaged, cut off or over a limit
Note = Callable[[str], None]


#: zlib's own where there is no other
_IsalError: Any = zlib.error if igzip_lib is None else igzip_lib.error
_DAMAGE = (_IsalError, zlib.error, lzma.LZMAError, zstandard.ZstdError, OSError, ValueError, EOFError)


class _Unlimited:
    """What gives all that some bytes stand for at once: in small portions that is not more than memory holds."""

    needs_input = True


class _Inflate:
    """zlib's decompressor with the manners of bz2's and lzma's: it keeps what it could not use yet."""

    def __init__(self, wbits: int) -> None:
        self._inner = zlib.decompressobj(wbits)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail


def _inflate(wbits: int, flag: str) -> Any:
    """The fast decompressor of ISA-L where it is installed, else zlib's."""
    return _Inflate(wbits) if igzip_lib is None else igzip_lib.IgzipDecompressor(getattr(igzip_lib, flag))


class _Zstd(_Unlimited):
    """Zstandard's frames: four bytes of a block can stand for 128 KiB."""

    def __init__(self) -> None:
        self._inner = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()

    @property
    def eof(self) -> bool:
        return bool(self._inner.eof)

    @property
    def unused_data(self) -> bytes:
        return bytes(self._inner.unused_data)

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return bytes(self._inner.decompress(data))


class _ZipLzma(_Unlimited):
    """LZMA as zip holds it: properties in front, and no own way to limit the output."""

    unused_data = b""

    def __init__(self) -> None:
        self._inner: Any = zipfile.LZMADecompressor()  # type: ignore[attr-defined]  # public, not in typeshed

    @property
    def eof(self) -> bool:
        return bool(self._inner.eof)

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return bytes(self._inner.decompress(data))


_FACTORIES: dict[str, Callable[[], Any]] = {
    "gz": lambda: _inflate(31, "DECOMP_GZIP"),
    "deflate": lambda: _inflate(-15, "DECOMP_DEFLATE"),
    "bz2": bz2.BZ2Decompressor,
    "xz": lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY),
    "zst": _Zstd,
    "lzma-in-zip": _ZipLzma,
}
#: how a further stream of the kind begins
_MAGIC = {"gz": b"\x1f\x8b", "bz2": b"BZh", "xz": b"\xfd7zXZ\x00", "zst": b"\x28\xb5\x2f\xfd"}
#: compressed bytes taken at a time; where a portion is damaged it is taken once more in smaller ones, since all that
#: the damaged one would have given is lost, and this can be done for so many of the first bytes
_PORTION, _SMALL_PORTION, _AGAIN = 32_768, 512, 1 << 20
_GATHERED = 65_536  # bytes unpacked that are handed on together: what each goes through costs more than to unpack it


def unpacked(feed: Feed, kind: str, budget: Budget, note: Note, single: bool = False) -> Iterator[bytes]:
    """Give the content of a compressed stream in pieces.

    Args:
        feed: the compressed bytes.
        kind: gz, bz2, xz, zst, or deflate and lzma-in-zip as zip entries have them.
        budget: counts what is unpacked; the pieces end where a limit is reached.
        note: takes damage, a cut-off end, a limit.
        single: there is one stream only; what follows it stays unread.
    """
    start = feed.consumed
    total = 0
    for piece in _together(_streams(feed, kind, note, single)):
        total += len(piece)
        budget.unpacked_bytes += len(piece)
        yield piece
        if total > allowed(feed.consumed - start, budget.limits.ratio):
            note(f"limit reached: unpacks to more than {budget.limits.ratio} times its size (--limit-ratio)")
            return
        if reason := budget.exhausted():
            note(f"limit reached: {reason}; the rest was not read")
            return


def _streams(feed: Feed, kind: str, note: Note, single: bool) -> Iterator[bytes]:
    """One compressed stream, or several one after another, as gzip and xz allow."""
    rest = b""
    while True:
        behind = yield from _stream(feed, _FACTORIES[kind], rest, note, _PORTION)
        if behind is None:
            return
        if single:
            feed.unread(behind)
            return
        rest = behind.lstrip(b"\0")
        while len(rest) < 6 and (more := feed.some(_SMALL_PORTION)):
            rest = (rest + more).lstrip(b"\0")
        if not rest.startswith(_MAGIC[kind]):
            if rest:
                note("bytes behind the end of the compressed data were ignored")
            return


def _stream(
    feed: Feed, new: Callable[[], Any], rest: bytes, note: Note, most: int
) -> Generator[bytes, None, bytes | None]:
    """One compressed stream; the result is what was read behind its end, None where it does not end well."""
    decompressor = new()
    if isinstance(decompressor, _Unlimited):
        most = _SMALL_PORTION
    before: list[bytes] = []  # portions taken
    total = taken = 0
    while not decompressor.eof:
        data = b""
        if rest:
            data, rest = rest[:most], rest[most:]
        elif decompressor.needs_input:
            data = feed.some(most)
            if not data:
                note(f"cut off after {total} bytes: what was readable is used")
                return None
        taken += len(data)
        if taken <= _AGAIN:
            before.append(data)
        else:
            before.clear()
        try:
            piece = decompressor.decompress(data, CHUNK)
        except (*_DAMAGE, MemoryError) as error:
            if most > _SMALL_PORTION and before:
                for piece in _before_damage(new, before, total):
                    total += len(piece)
                    yield piece
            note(f"damaged after {total} bytes ({_say(error)}): what was readable is used")
            return None
        if piece:
            total += len(piece)
            yield piece
    return bytes(decompressor.unused_data) + rest


def _before_damage(new: Callable[[], Any], portions: list[bytes], seen: int) -> Iterator[bytes]:
    """What a damaged stream gives behind so many bytes, in portions so small that little is lost with the last one."""
    for piece in _stream(Feed(iter(portions)), new, b"", lambda damage: None, _SMALL_PORTION):
        if len(piece) > seen:
            yield piece[seen:]
        seen = max(seen - len(piece), 0)


def _together(pieces: Iterator[bytes]) -> Iterator[bytes]:
    parts: list[bytes] = []
    size = 0
    for piece in pieces:
        parts.append(piece)
        size += len(piece)
        if size >= _GATHERED:
            yield b"".join(parts)
            parts.clear()
            size = 0
    if parts:
        yield b"".join(parts)


def _say(error: BaseException) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
