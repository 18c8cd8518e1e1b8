"""Archives made to harm, beside those of ``tests/fuzz/archives/seeds.py``: each function gives the bytes of one."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator

import zstandard
from seeds import LINE, file, patched, tar_of, zip_of

ZEROS = bytes(1 << 20)
EMPTY_HEADER = tar_of([file("m/" + "x" * 40, b"")])[:512]


def tar_with_absolute_paths() -> bytes:
    """Names that begin at the root, with two slashes, and a Windows drive or share."""
    return tar_of(
        file(name) for name in ("/etc/hostile-was-here", "//hostile-was-here", "C:/hostile", "//?/C:/hostile")
    )


def tar_with_backslash_names() -> bytes:
    """Names that lead upwards where a backslash parts folders."""
    return tar_of(file(name) for name in ("..\\..\\hostile-was-here", "\\\\server\\share\\x.log", "a\\..\\..\\b.log"))


def tar_with_only_dots_for_names() -> bytes:
    """Names of which nothing is left when they are made safe."""
    return tar_of(file(name) for name in (".", "..", "../..", "./.", "/", "\\", "...", " "))


def tar_with_chained_duplicates() -> bytes:
    """Every name that the second file of a name could be given is there already."""
    names = ["a.log" + "#2" * number for number in range(1500)]
    return tar_of(file(name, b"%d " % number + LINE) for number, name in enumerate([*names, "a.log", "a.log"]))


def tar_with_a_thousand_duplicates() -> bytes:
    """One name, over and over, each time another content."""
    return tar_of(file("calico-node.log", b"%d " % number + LINE) for number in range(1000))


def tar_with_sparse_map_of_pax() -> bytes:
    """A sparse file as GNU tar 1.0 writes it, whose map claims an exabyte."""
    info, data = file("sparse.log", b"1\n1152921504606846976\n512\n".ljust(512, b"\0") + LINE)
    info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "s.log",
                        "GNU.sparse.realsize": "1152921504606846976"}  # fmt: skip
    return _pax([(info, data)])


def tar_whose_pax_size_lies() -> bytes:
    """An extended header that says the file is larger, smaller, or no number at all."""
    entries = []
    for size in ("99999999999999999999999", "-1", "0", "1e9", "\u0661\u0662"):
        info, data = file(f"size-{len(entries)}.log")
        info.pax_headers = {"size": size}
        entries.append((info, data))
    return _pax(entries)


def _pax(entries: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for info, data in entries:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def tar_with_times_beyond_the_calendar() -> bytes:
    """Modification times that no clock shows."""
    block = tar_of([file("a.log")])
    return patched(block, 136, b"\x80" + b"\x7f" * 11)[:1024] + patched(block, 136, b"\xff" * 12)


def tar_with_names_that_are_no_text() -> bytes:
    """Names in no encoding, with half of a surrogate pair, with directions turned round."""
    names = ("\udcff\udcfe.log", "a\u202egol.exe", "\u2066x\u2069.log", "e\u0301" * 500 + ".log", "\ud800.log")
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT, errors="surrogatepass") as archive:
        for name in names:
            info, data = file(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def tar_with_a_path_of_two_thousand_folders() -> bytes:
    """A path too deep for any file system."""
    return tar_of([file("d/" * 2000 + "deep.log")])


def tar_with_a_million_members() -> bytes:
    """A million headers of empty files in a small gzip file."""
    return b"".join(_gzipped(EMPTY_HEADER * 2000 for _ in range(500)))


def _gzipped(parts: Iterator[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(6, wbits=31)
    for part in parts:
        yield packer.compress(part)
    yield packer.flush()


def gzip_of_two_thousand_streams() -> bytes:
    """Streams one after another, as gzip allows, each of nearly nothing."""
    return gzip.compress(LINE) + gzip.compress(b"") * 2000 + gzip.compress(LINE)


def gzip_with_wrong_checksum() -> bytes:
    """The content is whole, its checksum is not."""
    data = bytearray(gzip.compress(LINE * 100))
    data[-8] ^= 0xFF
    return bytes(data)


def bzip2_bomb() -> bytes:
    """Zeros, twenty thousand to one."""
    packer = bz2.BZ2Compressor(9)
    return b"".join(packer.compress(ZEROS) for _ in range(100)) + packer.flush()


def xz_bomb() -> bytes:
    """Zeros, seven thousand to one."""
    packer = lzma.LZMACompressor(preset=1)
    return b"".join(packer.compress(ZEROS) for _ in range(200)) + packer.flush()


def xz_that_wants_memory() -> bytes:
    """A dictionary of 1.5 GiB for a few bytes."""
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1536 << 20, "mode": lzma.MODE_FAST, "mf": lzma.MF_HC3}]
    small = bytearray(lzma.compress(LINE, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 20}]))
    del filters
    # the block header: size, flags, filter id, size of its properties, and the dictionary's size
    header = small[12 : 12 + (small[12] + 1) * 4]
    at = header.index(b"\x21\x01") + 2
    header[at] = 40  # 4 GiB - 1
    header[-4:] = zlib.crc32(bytes(header[:-4])).to_bytes(4, "little")
    small[12 : 12 + len(header)] = header
    return bytes(small)


def zstd_bomb() -> bytes:
    """Zeros, thirty thousand to one."""
    packer = zstandard.ZstdCompressor(level=1).compressobj()
    return b"".join(packer.compress(ZEROS) for _ in range(300)) + packer.flush()


def zstd_that_wants_memory() -> bytes:
    """A window of two gibibytes."""
    parameters = zstandard.ZstdCompressionParameters(window_log=27, enable_ldm=False)
    small = bytearray(zstandard.ZstdCompressor(compression_params=parameters).compressobj().flush())
    small[5:6] = b"\xa8"  # the window descriptor: 2 GiB
    return bytes(small)


def zip_bomb_flat() -> bytes:
    """One entry of zeros, a thousand to one."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("zeros.log", "w") as entry:
        for _ in range(150):
            entry.write(ZEROS)
    return out.getvalue()


def zip_with_bomb_of_each_method() -> bytes:
    """Zeros packed in each way that zip knows."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number, method in enumerate((zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)):
            archive.writestr(f"{number}.log", ZEROS * 80, method)
    return out.getvalue()


def zip_with_links_and_absolute_names() -> bytes:
    """Entries that are links, and names from the root."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        link = zipfile.ZipInfo("passwd.log")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        for name in ("/etc/hostile-was-here", "../../hostile-was-here", "..\\hostile-was-here"):
            archive.writestr(name, LINE)
    return out.getvalue()


def zip_whose_sizes_lie() -> bytes:
    """Entries that claim four gibibytes, or nothing."""
    data = bytearray(zip_of([("large.log", LINE * 50), ("none.log", b"x " + LINE * 50)]))
    first = data.index(b"PK\x01\x02")
    second = data.index(b"PK\x01\x02", first + 4)
    data[first + 24 : first + 28] = b"\xfe\xff\xff\xff"
    data[second + 24 : second + 28] = bytes(4)
    return bytes(data)


def zip_with_names_twice() -> bytes:
    """The same name in the directory with two contents: which one is read depends on the reader."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(3):
            archive.writestr(zipfile.ZipInfo("calico-node.log"), b"%d " % number + LINE)
    return out.getvalue()


def zip_with_fifty_thousand_entries() -> bytes:
    """Many empty entries."""
    return zip_of(((f"{number}", b"") for number in range(50_000)), zipfile.ZIP_STORED)


def zip_that_holds_itself_nearly() -> bytes:
    """A zip in a zip in a zip, each under the same name, as a quine would look when it is unfolded."""
    data = zip_of([("r/r.zip", LINE)])
    for _ in range(40):
        data = zip_of([("r/r.zip", data)], zipfile.ZIP_STORED)
    return data


def zip_in_tar_in_gzip_in_zip() -> bytes:
    """Every kind inside every other, ten deep."""
    data = LINE
    for _ in range(3):
        data = zip_of(
            [("a.zst", zstandard.compress(lzma.compress(bz2.compress(gzip.compress(tar_of([file("t", data)]))))))]
        )
    return data


OWN = (
    tar_with_absolute_paths, tar_with_backslash_names, tar_with_only_dots_for_names, tar_with_chained_duplicates,
    tar_with_a_thousand_duplicates, tar_with_sparse_map_of_pax, tar_whose_pax_size_lies,
    tar_with_times_beyond_the_calendar, tar_with_names_that_are_no_text, tar_with_a_path_of_two_thousand_folders,
    tar_with_a_million_members, gzip_of_two_thousand_streams, gzip_with_wrong_checksum, bzip2_bomb, xz_bomb,
    xz_that_wants_memory, zstd_bomb, zstd_that_wants_memory, zip_bomb_flat, zip_with_bomb_of_each_method,
    zip_with_links_and_absolute_names, zip_whose_sizes_lie, zip_with_names_twice, zip_with_fifty_thousand_entries,
    zip_that_holds_itself_nearly, zip_in_tar_in_gzip_in_zip,
)  # fmt: skip
