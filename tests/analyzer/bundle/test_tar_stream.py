from __future__ import annotations

import io
import random
import tarfile
import time
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.bundle.feed import Feed
from analyzer.bundle.tar_stream import tar_entries

Read = tuple[list[tuple[str, str, bytes]], list[str]]


def read(data: bytes, piece: int = 4096) -> Read:
    """(name, kind, content) of all members, and what was noted; the archive comes in pieces."""
    notes: list[str] = []
    feed = Feed(data[at : at + piece] for at in range(0, len(data), piece))
    return [(entry.name, entry.kind, b"".join(entry.pieces())) for entry in tar_entries(feed, notes.append)], notes


def archive(entries: Sequence[tuple[tarfile.TarInfo, bytes]], form: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as made:
        for info, data in entries:
            info.size = len(data)
            made.addfile(info, io.BytesIO(data))
    return out.getvalue()


def info(name: str, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    item = tarfile.TarInfo(name)
    item.type = kind
    item.linkname = "../../etc/passwd" if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
    return item


def with_size(data: bytes, field: bytes, at: int = 0) -> bytes:
    """The archive with another size field in the header at ``at``, and a right checksum."""
    block = bytearray(data[at : at + 512])
    block[124:136] = field
    block[148:156] = b" " * 8
    block[148:156] = f"{sum(block):06o}\0 ".encode()
    return data[:at] + bytes(block) + data[at + 512 :]


FORMS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]
PARTS = st.text("abcé-_.", min_size=1, max_size=40)
ENTRIES = st.lists(
    st.tuples(st.lists(PARTS, min_size=1, max_size=8).map("/".join), st.binary(max_size=1500)), max_size=6
)


@settings(max_examples=80, deadline=None)
@given(ENTRIES, st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]), st.integers(1, 3000))
def test_what_tarfile_writes_is_read(files: list[tuple[str, bytes]], form: int, piece: int) -> None:
    data = archive([(info(name), content) for name, content in files], form)
    found, notes = read(data, piece)
    assert found == [(name, "file", content) for name, content in files]
    assert notes == []


@pytest.mark.parametrize("form", FORMS)
def test_long_names_of_all_forms(form: int) -> None:
    name = "/".join(["namespaces", "calico-system", "pods", "calico-node-abcde"] * 3) + "/current.log"
    data = archive([(info(name), b"x")], form)
    assert read(data)[0] == [(name, "file", b"x")]


def test_links_devices_and_fifos_have_no_content() -> None:
    kinds = {
        "soft": tarfile.SYMTYPE, "hard": tarfile.LNKTYPE, "char": tarfile.CHRTYPE, "block": tarfile.BLKTYPE,
        "fifo": tarfile.FIFOTYPE, "dir": tarfile.DIRTYPE,
    }  # fmt: skip
    data = archive([(info(name, kind), b"") for name, kind in kinds.items()] + [(info("a.log"), b"text")])
    assert [(name, kind) for name, kind, _ in read(data)[0]] == [
        ("soft", "link"), ("hard", "link"), ("char", "device"), ("block", "device"), ("fifo", "FIFO"),
        ("dir/", "folder"), ("a.log", "file"),
    ]  # fmt: skip
    assert read(data)[0][-1][2] == b"text"


@pytest.mark.parametrize(
    "field", [b"\xff" * 12, b"-0000000001\0", b"garbage!!!!\0", b"\x81" + b"\0" * 11, b"77777777778\0"]
)
def test_sizes_that_cannot_be_are_damage_and_the_next_member_is_found(field: bytes) -> None:
    data = archive([(info("bad"), b"x" * 600), (info("good"), b"y" * 600)])
    found, notes = read(with_size(data, field))
    assert found == [("good", "file", b"y" * 600)]
    assert len(notes) == 1 and notes[0].startswith("damaged: ")


@pytest.mark.parametrize("field", [b"77777777777\0", b"\x80" + b"\x7f" * 11, b"\x80" + b"\xff" * 11])
def test_sizes_larger_than_the_archive_end_with_it(field: bytes) -> None:
    data = archive([(info("bad"), b"x" * 600)])
    begin = time.monotonic()
    found, notes = read(with_size(data, field))
    assert [name for name, _, _ in found] == ["bad"]
    assert found[0][2].startswith(b"x" * 600) and len(found[0][2]) < len(data)
    assert notes == ["cut off: the archive has no end mark"]
    assert time.monotonic() - begin < 1


def test_base_256_sizes() -> None:
    data = archive([(info("a"), b"x" * 600), (info("b"), b"y")])
    found, notes = read(with_size(data, b"\x80" + (600).to_bytes(11, "big")))
    assert [content for _, _, content in found] == [b"x" * 600, b"y"] and notes == []


def test_an_extended_header_that_refers_to_itself_ends() -> None:
    # CVE-2019-20907: a pax record of length 0 made the library loop for ever
    body = b"0 path=x\n"
    header = bytearray(archive([(info("p"), body)])[:512])
    header[156:157] = b"x"
    header[148:156] = b" " * 8
    header[148:156] = f"{sum(header):06o}\0 ".encode()
    data = bytes(header) + body.ljust(512, b"\0") + archive([(info("good"), b"y")])
    found, notes = read(data)
    assert found == [("good", "file", b"y")]
    assert notes == ["damaged: an extended header"]


def test_a_huge_extended_header_is_not_kept() -> None:
    header = bytearray(archive([(info("p"), b"")])[:512])
    header[156:157] = b"L"
    data = with_size(bytes(header), b"77777777777\0") + b"n" * 3_000_000
    found, notes = read(data)
    assert found == []
    assert notes[0] == "an extended header of 8589934591 bytes was cut"


def test_archives_one_after_another_are_one() -> None:
    data = archive([(info("a"), b"1")]) + archive([(info("b"), b"2")])
    assert read(data) == ([("a", "file", b"1"), ("b", "file", b"2")], [])


def test_what_stands_behind_the_end_is_ignored() -> None:
    data = archive([(info("a"), b"1")]) + b"signature" * 200
    assert read(data) == ([("a", "file", b"1")], [])


def test_a_cut_archive_gives_what_is_there() -> None:
    data = archive([(info("a"), b"1" * 700), (info("b"), b"2" * 700)], tarfile.GNU_FORMAT)
    found, notes = read(data[: 512 + 1024 + 512 + 300])
    assert found == [("a", "file", b"1" * 700), ("b", "file", b"2" * 300)]
    assert notes == ["cut off: the archive has no end mark"]


def test_damage_in_the_middle_loses_only_what_is_damaged() -> None:
    data = bytearray(archive([(info(name), name.encode() * 700) for name in "abc"], tarfile.GNU_FORMAT))
    data[512 + 1024 : 512 + 1024 + 512] = random.Random(1).randbytes(512)
    found, notes = read(bytes(data))
    assert [name for name, _, _ in found] == ["a", "c"]
    assert notes == ["damaged: 1536 bytes without a header were skipped"]


def test_members_that_nobody_reads_are_passed_over() -> None:
    data = archive([(info(name), name.encode() * 5000) for name in "abc"])
    notes: list[str] = []
    names = [entry.name for entry in tar_entries(Feed(iter([data])), notes.append)]
    assert names == ["a", "b", "c"] and notes == []


def mutated(data: bytes, changes: Sequence[tuple[float, int]], end: float) -> bytes:
    changed = bytearray(data)
    for place, value in changes:
        changed[int(place * (len(changed) - 1))] = value
    return bytes(changed[: int(end * len(changed))])


@settings(max_examples=150, deadline=2000)
@given(
    st.sampled_from(FORMS),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=40),
    st.floats(0, 1),
)
def test_damaged_archives_neither_raise_nor_hang_nor_grow(
    form: int, changes: list[tuple[float, int]], end: float
) -> None:
    data = archive(
        [(info(f"{n}/{'x' * 90}"), b"y" * 700 * n) for n in range(4)] + [(info("l", tarfile.SYMTYPE), b"")], form
    )
    broken = mutated(data, changes, end)
    found, notes = read(broken)
    assert sum(len(content) for _, _, content in found) <= len(broken)
    assert len(notes) <= 5


def test_many_false_headers_are_looked_at_once_each() -> None:
    # as many false headers as possible: each is looked at once
    block = bytes(511) + b"\1"
    begin = time.monotonic()
    found, notes = read(archive([(info("a"), b"")])[:512] + block * 20_000)
    assert [name for name, _, _ in found] == ["a"] and len(notes) == 1
    assert time.monotonic() - begin < 5
