"""Archives as streams of members: nothing is ever written to disk, links and devices are never followed."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, cast

from analyzer.bundle.limits import Budget
from analyzer.bundle.member import BundleError, Member, Warn, inner_path

CHUNK = 256 * 1024
_PACKED_FREE = 64 * 1024 * 1024  # small archives may have any ratio: text packs well
#: what a damaged stream raises, whatever library reads it
DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile, ValueError,
           NotImplementedError, RuntimeError)  # fmt: skip


def kind_of(head: bytes) -> str:
    """Tell an archive or compressed file by its first bytes: zip, tar, gz, bz2, xz, zst, or "" for neither."""
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if head.startswith(b"\x1f\x8b"):
        return "gz"
    if head.startswith(b"BZh"):
        return "bz2"
    if head.startswith(b"\xfd7zXZ\x00"):
        return "xz"
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        return "zst"
    if len(head) >= 512 and head[257:262] == b"ustar":
        return "tar"
    return "tar" if _old_tar(head) else ""


def _old_tar(head: bytes) -> bool:
    """A tar header before POSIX has no magic; its checksum tells it."""
    if len(head) < 512 or not head[:1].strip(b"\0") or not any(head[148:156]):
        return False
    try:
        stored = int(head[148:156].strip(b" \0") or b"x", 8)
    except ValueError:
        return False
    return stored == sum(head[:148]) + 8 * 32 + sum(head[156:512])


def opened(stream: IO[bytes], kind: str) -> IO[bytes]:
    """Give the uncompressed stream of a compressed one."""
    if kind == "gz":
        return cast(IO[bytes], gzip.GzipFile(fileobj=stream))
    if kind == "bz2":
        return cast(IO[bytes], bz2.BZ2File(stream))
    if kind == "xz":
        return cast(IO[bytes], lzma.LZMAFile(stream))
    import zstandard

    return cast(IO[bytes], zstandard.ZstdDecompressor(max_window_size=2**27).stream_reader(stream))


class Limited(io.RawIOBase):
    """A stream that counts what is read from it and ends at the budget or at the ratio."""

    def __init__(self, stream: IO[bytes], budget: Budget, packed: int) -> None:
        self._stream = stream
        self._budget = budget
        self._most = max(_PACKED_FREE, packed * budget.limits.ratio)
        self._read = 0
        self.reached = ""

    def readable(self) -> bool:
        """True: it is there to be read."""
        return True

    def readinto(self, buffer: object) -> int:
        """Fill ``buffer``; 0 at the end or at a limit, which :attr:`reached` then names."""
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        self.reached = self.reached or self._budget.exhausted()
        if not self.reached and self._read > self._most:
            self.reached = f"unpacks to more than {self._budget.limits.ratio} times its size (--limit-ratio)"
        if self.reached:
            return 0
        data = self._stream.read(len(view))
        view[: len(data)] = data
        self._read += len(data)
        return len(data)


def members(stream: IO[bytes], path: str, packed: int, budget: Budget, warn: Warn, depth: int = 1) -> Iterator[Member]:
    """Give the members of the archive that ``stream`` holds, those of inner archives included.

    Args:
        stream: the archive, at its start.
        path: what stands before ``!`` in the members' paths, "" for the outermost archive.
        packed: size of the archive in bytes.
        budget: what may still be read.
        warn: takes (path, what) of everything skipped or damaged.
        depth: nesting depth of this archive.
    """
    buffered = stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(cast(io.RawIOBase, stream), CHUNK)
    kind = kind_of(buffered.peek(512)[:512])
    if kind == "zip":
        yield from _zip_members(buffered, path, packed, budget, warn, depth)
        return
    limited: Limited | None = None
    if kind in ("gz", "bz2", "xz", "zst"):
        limited = Limited(opened(cast(IO[bytes], buffered), kind), budget, packed)
        buffered = io.BufferedReader(limited, CHUNK)
        try:
            kind = kind_of(buffered.peek(512)[:512])
        except DAMAGED as error:
            warn(path, f"damaged: {_say(error)}")
            return
    if kind == "tar":
        yield from _tar_members(cast(IO[bytes], buffered), path, packed, budget, warn, depth)
    elif limited is not None:
        name = path.rpartition("/")[2] or "content"
        yield from _single(cast(IO[bytes], buffered), path or name, packed, budget, warn, depth)
    if limited is not None and limited.reached:
        warn(path, f"limit reached: {limited.reached}; the rest was not read")


def _say(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def _join(path: str, name: str) -> str:
    return f"{path}!{name}" if path else name


def _single(stream: IO[bytes], path: str, packed: int, budget: Budget, warn: Warn, depth: int) -> Iterator[Member]:
    """The one file that a .gz, .bz2, .xz or .zst holds."""
    yield from descend(_read(stream, path, budget, warn), path, budget, warn, depth)


def _read(stream: IO[bytes], path: str, budget: Budget, warn: Warn, size: int | None = None) -> bytes:
    """Read one member whole, up to the limit of a member; damage gives what was readable."""
    most = budget.limits.member_bytes
    pieces: list[bytes] = []
    total = 0
    try:
        while piece := stream.read(CHUNK):
            total += len(piece)
            budget.used_bytes += len(piece)
            pieces.append(piece)
            if total > most or budget.exhausted():
                warn(path, f"limit reached: {budget.exhausted() or f'a file of more than {most} bytes'}; cut")
                break
    except DAMAGED as error:
        warn(path, f"damaged after {total} bytes: {_say(error)}; what was readable is used")
    data = b"".join(pieces)
    if size is not None and len(data) < size and total <= most:
        warn(path, f"truncated: {len(data)} of {size} bytes are there")
    return data


def descend(data: bytes, path: str, budget: Budget, warn: Warn, depth: int) -> Iterator[Member]:
    """Give the member, or the members of the archive that it is."""
    if not kind_of(data[:512]):
        yield Member(path, data)
    elif depth >= budget.limits.depth:
        warn(path, f"an archive inside {depth} others: not opened (--limit-depth)")
    else:
        yield from members(cast(IO[bytes], io.BytesIO(data)), path, len(data), budget, warn, depth + 1)


def _tar_members(stream: IO[bytes], path: str, packed: int, budget: Budget, warn: Warn, depth: int) -> Iterator[Member]:
    skipped = 0
    try:
        with tarfile.open(fileobj=stream, mode="r|", errorlevel=0, encoding="utf-8", errors="replace") as archive:
            for info in archive:
                budget.used_members += 1
                if (reason := budget.exhausted()) != "":
                    warn(path, f"limit reached: {reason}; the rest was not read")
                    break
                inner = _join(path, inner_path(info.name))
                if info.size < 0:
                    warn(path, "damaged: a member of negative size; the rest was not read")
                    break
                if not info.isreg() or info.issparse():
                    skipped += not info.isdir()
                    continue
                source = archive.extractfile(info)
                if source is None:
                    continue
                data = _read(source, inner, budget, warn, info.size)
                archive.members = []  # type: ignore[attr-defined]  # a long archive must not be remembered member by member
                yield from descend(data, inner, budget, warn, depth)
    except DAMAGED as error:
        warn(path, f"archive is damaged or cut off: {_say(error)}; what was readable is used")
    if skipped:
        warn(path, f"{skipped} links, devices or other special members were skipped")


def _zip_members(stream: IO[bytes], path: str, packed: int, budget: Budget, warn: Warn, depth: int) -> Iterator[Member]:
    if not stream.seekable():
        stream = cast(IO[bytes], io.BytesIO(_read(stream, path, budget, warn)))
    try:
        archive = zipfile.ZipFile(stream)
    except DAMAGED as error:
        warn(path, f"zip archive is damaged or cut off: {_say(error)}")
        return
    infos = [info for info in archive.infolist() if not info.is_dir()]
    if infos and all(info.flag_bits & 1 for info in infos):
        raise BundleError(f"{path or 'the zip archive'} is protected by a password: unpack it first")
    overlap = sum(info.compress_size for info in infos) > packed + 1024
    if overlap:
        warn(path, "zip entries overlap (a bomb's way): read with care, up to the limits")
    total = 0
    for info in infos:
        budget.used_members += 1
        inner = _join(path, inner_path(info.filename))
        if (reason := budget.exhausted()) != "" or total > max(_PACKED_FREE, packed * budget.limits.ratio):
            shown = reason or f"unpacks to more than {budget.limits.ratio} times its size (--limit-ratio)"
            warn(path, f"limit reached: {shown}; the rest was not read")
            break
        if info.flag_bits & 1:
            warn(inner, "protected by a password: not read")
        elif (info.external_attr >> 16) & 0o170000 in (0o120000, 0o020000, 0o060000, 0o010000):
            warn(inner, "a link or device: not followed")
        else:
            try:
                with archive.open(info) as source:
                    data = _read(source, inner, budget, warn, info.file_size)
            except DAMAGED as error:
                warn(inner, f"damaged: {_say(error)}")
                continue
            total += len(data)
            yield from descend(data, inner, budget, warn, depth)
