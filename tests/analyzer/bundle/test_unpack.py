from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import zipfile
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.bundle import unpack as unpack_module
from analyzer.bundle.feed import Feed, pieces_of
from analyzer.bundle.limits import FREE, Budget, Limits
from analyzer.bundle.unpack import unpacked

PACK: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": zstandard.compress,
}  # fmt: skip
RANDOM = random.Random(7)
TEXT = b"".join(b"%d line %d\n" % (RANDOM.getrandbits(50), number) for number in range(20_000))


def pack_for_zip(data: bytes) -> bytes:
    compressor = zipfile.LZMACompressor()  # type: ignore[attr-defined]  # public, not in typeshed
    return bytes(compressor.compress(data) + compressor.flush())


def unpack(data: bytes, kind: str, limits: Limits | None = None) -> tuple[bytes, list[str]]:
    notes: list[str] = []
    budget = Budget(limits or Limits(), packed_bytes=len(data))
    return b"".join(unpacked(Feed(pieces_of(io.BytesIO(data))), kind, budget, notes.append)), notes


@pytest.mark.parametrize("kind", PACK)
def test_whole_streams(kind: str) -> None:
    packed = PACK[kind](TEXT)
    assert unpack(packed, kind) == (TEXT, [])
    assert unpack(packed + packed, kind) == (TEXT + TEXT, [])
    assert unpack(packed + bytes(5000), kind) == (TEXT, [])
    assert unpack(PACK[kind](b""), kind) == (b"", [])


@pytest.mark.parametrize("kind", PACK)
def test_what_stands_behind_is_told(kind: str) -> None:
    assert unpack(PACK[kind](TEXT) + b"more", kind) == (
        TEXT,
        ["bytes behind the end of the compressed data were ignored"],
    )


@pytest.mark.parametrize("kind", PACK)
def test_a_cut_stream_gives_what_was_readable(kind: str) -> None:
    packed = PACK[kind](TEXT)
    data, notes = unpack(packed[: len(packed) * 3 // 4], kind)
    assert TEXT.startswith(data)
    assert len(data) > (len(TEXT) // 2 if kind != "bz2" else -1)  # bzip2 has blocks of 900 kB
    assert notes == [f"cut off after {len(data)} bytes: what was readable is used"]


@pytest.mark.parametrize("kind", ["gz", "xz"])  # zstd's command line adds a checksum, its library does not
def test_a_damaged_stream_gives_what_was_readable(kind: str) -> None:
    packed = bytearray(PACK[kind](TEXT))
    middle = len(packed) // 2
    packed[middle : middle + 60] = bytes(60)
    data, notes = unpack(bytes(packed), kind)
    assert data[: len(TEXT) // 5] == TEXT[: len(TEXT) // 5]
    assert len(notes) == 1 and notes[0].startswith("damaged after ")


@settings(max_examples=60, deadline=5000)
@given(st.sampled_from(["gz", "xz", "bz2"]), st.floats(0, 1), st.integers(1, 255))
def test_before_damage_nothing_is_lost_but_a_small_portion(kind: str, place: float, change: int) -> None:
    packed = bytearray(PACK[kind](TEXT))
    packed[int(place * (len(packed) - 1))] ^= change
    decompressor, readable, at = unpack_module._FACTORIES[kind](), b"", 0
    while at < len(packed) and not decompressor.eof:
        portion = packed[at : at + 512] if decompressor.needs_input else b""
        at += len(portion)
        try:
            readable += decompressor.decompress(bytes(portion), 1 << 18)
        except unpack_module._DAMAGE:
            break
    assert unpack(bytes(packed), kind)[0][: len(readable)] == readable


@pytest.mark.parametrize("kind", [*PACK, "lzma-in-zip"])
def test_no_piece_is_large(kind: str) -> None:
    """However much a few bytes behind the first megabyte stand for."""
    pack = PACK.get(kind, pack_for_zip)
    packed = pack(RANDOM.randbytes(1_200_000) + bytes(100_000_000))
    notes: list[str] = []
    budget = Budget(Limits(ratio=10**9), packed_bytes=len(packed))
    pieces = unpacked(Feed(pieces_of(io.BytesIO(packed))), kind, budget, notes.append, single=True)
    sizes = [len(piece) for piece in pieces]
    assert max(sizes) <= 20_000_000
    assert sum(sizes) == 101_200_000 and not notes


def test_a_wrong_checksum_loses_nearly_nothing() -> None:
    packed = bytearray(gzip.compress(TEXT))
    packed[-6] ^= 0xFF
    data, notes = unpack(bytes(packed), "gz")
    assert TEXT.startswith(data) and len(data) > len(TEXT) * 0.99
    assert notes and notes[0].startswith("damaged after ")


@pytest.mark.parametrize("kind", PACK)
def test_bombs_end_at_the_ratio(kind: str) -> None:
    packed = PACK[kind](bytes(FREE + FREE // 2))
    assert len(packed) * 100 < FREE
    data, notes = unpack(packed, kind, Limits(ratio=100))
    assert FREE <= len(data) <= FREE + 32 * 1024 * 1024
    assert notes == ["limit reached: unpacks to more than 100 times its size (--limit-ratio)"]


def test_the_limit_of_all_bytes() -> None:
    data, notes = unpack(gzip.compress(bytes(3_000_000)), "gz", Limits(bytes=1_000_000))
    assert 1_000_000 < len(data) < 2_000_000
    assert notes == ["limit reached: more than 1000000 bytes unpacked (--limit-bytes); the rest was not read"]


def test_many_tiny_streams_take_linear_time() -> None:
    data, notes = unpack(gzip.compress(b"x\n") * 20_000, "gz")
    assert data == b"x\n" * 20_000 and notes == []


@settings(max_examples=80, deadline=2000)
@given(st.sampled_from(sorted(PACK)), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=20))
def test_damage_never_raises(kind: str, changes: list[tuple[float, int]]) -> None:
    packed = bytearray(PACK[kind](TEXT[:50_000]))
    for place, value in changes:
        packed[int(place * (len(packed) - 1))] = value
    unpack(bytes(packed), kind)
