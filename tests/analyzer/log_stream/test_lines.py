from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xxhash import xxh3_128

from analyzer.log_stream import blocks
from analyzer.log_stream.lines import (
    PAD,
    Cutter,
    begins,
    first_places,
    line_ends,
    pairs_at,
    words_at,
)


def cut(pieces: list[bytes], most: int = 1000) -> tuple[list[bytes], Cutter]:
    """All pieces of whole lines."""
    cutter, found = Cutter(iter(pieces), most), []
    while piece := cutter.next():
        data, end = piece.data, piece.end
        assert data[end:].endswith(PAD) and data[end - 1 : end] == b"\n"
        found.append(data[:end])
        cutter.take(piece, end)
    return found, cutter


def pieces_of(data: bytes, sizes: list[int]) -> list[bytes]:
    found, at = [], 0
    for size in sizes:
        found.append(data[at : at + size])
        at += size
    return [piece for piece in [*found, data[at:]] if piece]


@settings(max_examples=200)
@given(
    st.lists(st.binary(max_size=30).map(lambda text: text.replace(b"\n", b"-")), min_size=1, max_size=60),
    st.lists(st.integers(1, 40), max_size=60),
    st.booleans(),
)
def test_the_same_bytes_give_the_same_stretches(texts: list[bytes], sizes: list[int], ended: bool) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "STRETCH", 100)
        data = b"\n".join(texts) + b"\n" * ended
        found, cutter = cut(pieces_of(data, sizes))
        assert found == cut([data] if data else [])[0]
    whole = data if data.endswith(b"\n") or not data else data + b"\n"
    assert b"".join(found) == whole
    assert (cutter.bytes, cutter.dropped_lines) == (len(data), 0)
    assert cutter.digest == xxh3_128(data).hexdigest()


@given(st.lists(st.integers(1, 500), max_size=20))
def test_a_line_longer_than_a_stretch_is_cut(sizes: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "STRETCH", 100)
        data = b"first\n" + b"x" * 1000 + b"\nlast\n"
        found, cutter = cut(pieces_of(data, sizes), most=40)
    assert b"".join(found) == b"first\n" + b"x" * 40 + b"\nlast\n"
    assert cutter.dropped_lines == 1
    assert cutter.digest == xxh3_128(data).hexdigest()


def test_a_line_longer_than_a_stretch_ends_where_the_limit_of_a_line_is_higher() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "STRETCH", 100)
        found, cutter = cut([b"first\n" + b"x" * 1000, b"x" * 1000 + b"\nlast"], most=500)
    assert b"".join(found) == b"first\n" + b"x" * 100 + b"\nlast\n"
    assert cutter.dropped_lines == 1


def test_where_lines_begin_and_end() -> None:
    data = b"a1 b\n22\na4 b\n"
    ends = line_ends(data)
    assert (ends.tolist(), begins(ends).tolist()) == ([4, 7, 12], [0, 5, 8])
    assert line_ends(data, 6).tolist() == [4]


def test_where_a_number_stands_first() -> None:
    assert first_places(np.array([2, 0, 2, 2]), 4).tolist() == [1, -1, 0, -1]


def test_words_are_read_at_any_place() -> None:
    data = b"0123456789" + PAD
    words = words_at(data, np.array([0, 3]))
    assert [int(word).to_bytes(8, "little") for word in words] == [b"01234567", b"3456789\0"]
    first, second = pairs_at(b"x" + data, np.array([1, 3]))
    assert first.tolist() == words_at(data, np.array([0, 2])).tolist()
    assert second.tolist() == words_at(data, np.array([8, 10])).tolist()
