"""Archives made to harm a reader: the seed corpus for fuzzing, and what the tests open.

``python tests/fuzz/archives/seeds.py FOLDER`` writes one file a seed, for a fuzzer to start from.
"""

from __future__ import annotations

import gzip
import io
import random
import struct
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

LINE = b"2026-02-12 06:20:11.402 [INFO][62] felix/int_dataplane.go 1082: Applying dataplane updates\n"


def tar_of(entries: Iterable[tuple[tarfile.TarInfo, bytes]], mode: str = "w") -> bytes:
    """A tar archive of entries; sizes are those of the content."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:  # type: ignore[call-overload]
        for info, data in entries:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def file(
    name: str, data: bytes = LINE, kind: bytes = tarfile.REGTYPE, target: str = ""
) -> tuple[tarfile.TarInfo, bytes]:
    """One entry of a tar archive."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info, data if kind == tarfile.REGTYPE else b""


def patched(block: bytes, start: int, data: bytes) -> bytes:
    """A tar header with other bytes and a right checksum."""
    header = bytearray(block[:512])
    header[start : start + len(data)] = data
    header[148:156] = b" " * 8
    header[148:156] = f"{sum(header):06o}\0 ".encode()
    return bytes(header) + block[512:]


def zip_of(files: Iterable[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive of files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return out.getvalue()


def traversal() -> bytes:
    """Names that lead out of the folder."""
    names = (
        "../../../etc/cron.d/x",
        "/etc/passwd",
        "..\\..\\x.log",
        "C:\\Windows\\x.log",
        "a/../../b.log",
        "\x1b[2Jx.log",
    )
    return tar_of(file(name) for name in names)


def links() -> bytes:
    """Links to everywhere, links to links, and a file through a link (CVE-2025-4517 and its relatives)."""
    return tar_of(
        [
            file("dir", kind=tarfile.SYMTYPE, target="/etc"),
            file("dir/passwd"),
            file("self", kind=tarfile.SYMTYPE, target="self"),
            file("hard", kind=tarfile.LNKTYPE, target="../../../etc/shadow"),
            file("good.log"),
        ]
    )


def devices() -> bytes:
    """Devices and FIFOs, which would block or fill whoever creates and reads them."""
    kinds = {"zero": tarfile.CHRTYPE, "sda": tarfile.BLKTYPE, "fifo": tarfile.FIFOTYPE}
    return tar_of([*(file(name, kind=kind) for name, kind in kinds.items()), file("good.log")])


def negative_size() -> bytes:
    """A size that leads backwards, for ever (CVE-2025-8194)."""
    return patched(tar_of([file("bad")]), 124, b"\xff" * 11 + b"\x00") + tar_of([file("good.log")])


def huge_size() -> bytes:
    """A size of exabytes."""
    return patched(tar_of([file("bad")]), 124, b"\x80" + b"\x7f" * 11)


def endless_pax() -> bytes:
    """An extended header whose record has length 0 (CVE-2019-20907)."""
    return patched(tar_of([file("p", b"0 path=x\n")])[:1024], 156, b"x") + tar_of([file("good.log")])


def sparse() -> bytes:
    """A sparse file that claims a terabyte."""
    header = patched(tar_of([file("sparse")])[:1024], 156, b"S")
    return patched(header, 483, b"\x80\x00\x00\x00\x00\x00\x01" + bytes(5)) + tar_of([file("good.log")])


def truncated_tgz() -> bytes:
    """A gzipped tar whose end is missing."""
    numbers = random.Random(5)
    logs = [
        file(f"{n}.log", b"".join(b"%d %s" % (numbers.getrandbits(64), LINE) for _ in range(2000))) for n in range(3)
    ]
    return tar_of(logs, "w:gz")[:40_000]


def gzip_bomb() -> bytes:
    """Zeros, a thousand to one."""
    return gzip.compress(bytes(200 * 1024 * 1024), 9)


def log_bomb() -> bytes:
    """The same line over and over: a bomb that is a valid log."""
    return tar_of([file("calico-node.log", LINE * 1_000_000)], "w:gz")


def nested_bomb() -> bytes:
    """Zips in zips, sixteen a level."""
    data = zip_of([("0.txt", bytes(10_000_000))])
    for _ in range(4):
        data = zip_of((f"{number:x}.zip", data) for number in range(16))
    return data


def many_layers() -> bytes:
    """An archive in an archive in an archive ..."""
    data = tar_of([file("core.log")])
    for _ in range(30):
        data = gzip.compress(tar_of([file("next.tgz", data)]))
    return data


def overlapping_zip() -> bytes:
    """A flat zip bomb: thousands of entries that share their data."""
    kernel = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = kernel.compress(bytes(2_000_000)) + kernel.flush()
    crc = zlib.crc32(bytes(2_000_000))
    sizes = (33, crc, len(packed), 2_000_000, 1, 0)
    local = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 8, 0, *sizes) + b"a" + packed
    entry = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 8, 0, 33, crc, len(packed), 2_000_000, 5, *[0] * 6)
    directory = b"".join(entry + b"%05d" % number for number in range(3000))
    return local + directory + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 3000, 3000, len(directory), len(local), 0)


def quine_like() -> bytes:
    """A gzip file inside a gzip file, thirty deep, each with the name of the outer."""
    data = LINE
    for _ in range(30):
        data = gzip.compress(data)
    return data


def locked_zip() -> bytes:
    """A zip whose entries are encrypted."""
    data = bytearray(zip_of([("a.log", LINE)], zipfile.ZIP_STORED))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def false_directory() -> bytes:
    """A zip whose end claims four thousand million entries."""
    data = bytearray(zip_of([("a.log", LINE)]))
    end = data.rindex(b"PK\x05\x06")
    data[end + 8 : end + 16] = b"\xff" * 8
    return bytes(data)


def many_members() -> bytes:
    """Many empty files."""
    return tar_of((file(f"{number}", b"") for number in range(30_000)), "w:gz")


def long_names() -> bytes:
    """Names of a megabyte, in both extensions of tar."""
    out = io.BytesIO()
    for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        with tarfile.open(fileobj=out, mode="w", format=form) as archive:
            info, data = file("n" * 1_000_000 + ".log")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def long_line() -> bytes:
    """A text of a single line of 20 MB."""
    return tar_of([file("one.log", b"x" * 20_000_000), file("good.log")], "w:gz")


def misleading() -> bytes:
    """A file that is two archives at once: a tar behind which stands a zip."""
    return tar_of([file("in-tar.log")]) + zip_of([("in-zip.log", LINE)])


def noise() -> bytes:
    """The first bytes of each format, and then noise."""
    numbers = random.Random(11)
    heads = (b"PK\x03\x04", b"\x1f\x8b\x08\x00", b"BZh91AY&SY", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd")
    return tar_of(file(f"{number}.bin", head + numbers.randbytes(5000)) for number, head in enumerate(heads))


SEEDS: dict[str, Callable[[], bytes]] = {
    maker.__name__: maker
    for maker in (
        traversal, links, devices, negative_size, huge_size, endless_pax, sparse, truncated_tgz, gzip_bomb, log_bomb,
        nested_bomb, many_layers, overlapping_zip, quine_like, locked_zip, false_directory, many_members, long_names,
        long_line, misleading, noise,
    )
}  # fmt: skip


def main(folder: Path) -> None:
    """Write all seeds."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, maker in SEEDS.items():
        (folder / name).write_bytes(maker())


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: seeds.py FOLDER")
    main(Path(sys.argv[1]))
