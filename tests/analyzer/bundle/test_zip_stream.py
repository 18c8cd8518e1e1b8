from __future__ import annotations

import io
import random
import stat
import struct
import time
import zipfile
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.bundle.limits import Budget, Limits
from analyzer.bundle.zip_stream import zip_entries

Zip = Callable[..., bytes]
RANDOM = random.Random(3)
TEXT = b"".join(b"%d line %d\n" % (RANDOM.getrandbits(50), number) for number in range(4000))
METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]


def read(data: bytes, limits: Limits | None = None) -> tuple[list[tuple[str, str, bytes]], list[str]]:
    """(name, kind, content) of all entries, and what was noted of them and of the archive."""
    notes: list[str] = []
    budget = Budget(limits or Limits(), packed_bytes=len(data))
    entries = zip_entries(io.BytesIO(data), len(data), budget, notes.append)
    return [(entry.name, entry.kind, b"".join(entry.pieces(notes.append))) for entry in entries], notes


@pytest.mark.parametrize("method", METHODS)
def test_entries(zipped: Zip, method: int) -> None:
    assert read(zipped({"a.log": TEXT, "dir/": b"", "é/b": b""}, method)) == (
        [("a.log", "file", TEXT), ("dir/", "folder", b""), ("é/b", "file", b"")],
        [],
    )


def test_links_and_devices_are_told() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, mode in (("link", stat.S_IFLNK), ("pipe", stat.S_IFIFO), ("disk", stat.S_IFBLK), ("a", stat.S_IFREG)):
            item = zipfile.ZipInfo(name)
            item.create_system = 3
            item.external_attr = (mode | 0o644) << 16
            archive.writestr(item, "/etc/passwd")
    assert [(name, kind) for name, kind, _ in read(out.getvalue())[0]] == [
        ("link", "link"),
        ("pipe", "device"),
        ("disk", "device"),
        ("a", "file"),
    ]


@pytest.mark.parametrize("method", METHODS)
def test_an_archive_without_its_directory_is_read_by_its_headers(zipped: Zip, method: int) -> None:
    data = zipped({"a.log": TEXT, "b.log": b"short\n", "c/": b"", "d": b"end"}, method)
    cut = data[: data.index(b"PK\x01\x02")]
    found, notes = read(cut)
    assert found == [
        ("a.log", "file", TEXT),
        ("b.log", "file", b"short\n"),
        ("c/", "folder", b""),
        ("d", "file", b"end"),
    ]
    assert notes == ["zip directory is missing: the archive is cut off; read by the entries' own headers"]


class _Unseekable(io.BytesIO):
    """A pipe: zip then writes the sizes behind the data."""

    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        raise io.UnsupportedOperation


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_sizes_behind_the_data(method: int) -> None:
    out = _Unseekable()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name in ("a", "b", "c"):
            archive.writestr(name, TEXT + name.encode())
    data = out.getvalue()
    expected = [(name, "file", TEXT + name.encode()) for name in ("a", "b", "c")]
    assert read(data) == (expected, [])
    assert read(data[: data.index(b"PK\x01\x02")])[0] == expected


def test_a_cut_archive_gives_its_last_entry_in_part(zipped: Zip) -> None:
    data = zipped({"a.log": TEXT, "b.log": TEXT})
    second = data.index(b"PK\x03\x04", 4)
    found, notes = read(data[: second + 20_000])
    assert found[0] == ("a.log", "file", TEXT)
    assert found[1][0] == "b.log" and TEXT.startswith(found[1][2]) and len(found[1][2]) > 10_000
    assert any("cut off after" in note for note in notes)


def test_a_wrong_checksum_and_a_wrong_size_are_told(zipped: Zip) -> None:
    data = bytearray(zipped({"a.log": b"text one\n"}, zipfile.ZIP_STORED))
    data[data.index(b"text")] = ord("T")
    assert read(bytes(data)) == ([("a.log", "file", b"Text one\n")], ["damaged: its checksum is wrong"])


def test_entries_of_unknown_methods_are_named(zipped: Zip) -> None:
    data = bytearray(zipped({"a.log": b"text\n"}))
    for header, at in ((data.index(b"PK\x03\x04"), 8), (data.index(b"PK\x01\x02"), 10)):
        data[header + at : header + at + 2] = struct.pack("<H", 9)
    assert read(bytes(data))[1][0] == "packed by method 9, which is not read: pack it anew"


def overlapping(count: int) -> bytes:
    """A flat bomb: all entries of the directory share one kernel of data."""
    kernel = zlib.compress(bytes(1_000_000), 9)[2:-4]
    crc = zlib.crc32(bytes(1_000_000))
    local = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 8, 0, 33, crc, len(kernel), 1_000_000, 1, 0) + b"a" + kernel
    directory = b"".join(
        struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 8, 0, 33, crc, len(kernel), 1_000_000, 4, 0, 0, 0, 0, 0, 0)
        + b"%04d" % number
        for number in range(count)
    )
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(directory), len(local), 0)
    return local + directory + end


def test_overlapping_entries_are_not_read_over_and_over() -> None:
    found, notes = read(overlapping(500))
    assert [len(content) for _, _, content in found] == [1_000_000]
    assert notes[-1] == "499 entries overlap with others or have no header (a zip bomb's way): not read"


def test_a_directory_that_claims_too_much_is_not_believed(zipped: Zip) -> None:
    data = zipped({f"{number}.log": b"x" for number in range(300)})
    found, notes = read(data, Limits(members=10))
    assert len(found) == 300  # the caller counts members
    assert notes == [
        f"zip directory has {len(data) - data.index(b'PK' + bytes([1, 2])) - 22} bytes; read by the entries' own headers"
    ]


def test_the_content_of_a_stored_archive_inside_is_not_mistaken(zipped: Zip) -> None:
    inner = zipped({"inner.log": b"inner\n"}, zipfile.ZIP_STORED)
    data = zipped({"a.zip": inner, "b.log": b"b\n"}, zipfile.ZIP_STORED)
    expected = [("a.zip", "file", inner), ("b.log", "file", b"b\n")]
    assert read(data)[0] == expected
    assert read(data[: data.rindex(b"PK\x01\x02") - 60])[0][0] == expected[0]


@settings(max_examples=200, deadline=2000)
@given(
    st.sampled_from(METHODS),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=40),
    st.floats(0, 1),
)
def test_damaged_archives_neither_raise_nor_hang(
    zipped_once: dict[int, bytes], method: int, changes: list[tuple[float, int]], end: float
) -> None:
    data = bytearray(zipped_once[method])
    for place, value in changes:
        data[int(place * (len(data) - 1))] = value
    found, _ = read(bytes(data[: int(end * len(data))]))
    assert sum(len(content) for _, _, content in found) <= 20 * len(data) + 1_000_000


@pytest.fixture(scope="module")
def zipped_once() -> dict[int, bytes]:
    made = {}
    for method in METHODS:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", method) as archive:
            for number in range(4):
                archive.writestr(f"{number}/{'x' * 20}.log", TEXT[: number * 3000])
        made[method] = out.getvalue()
    return made


def test_false_marks_are_passed_quickly() -> None:
    begin = time.monotonic()
    found, _ = read(b"PK\x03\x04" + b"PK" * 300_000)
    assert [content for _, _, content in found] == [b""]
    assert time.monotonic() - begin < 10
