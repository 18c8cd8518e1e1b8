"""A file read from any place on gives the stretches that its bytes in pieces give."""

from __future__ import annotations

from itertools import cycle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.log_stream import blocks
from analyzer.log_stream.file_cutter import FileCutter
from analyzer.log_stream.lines import PAD, Cutter

LINES = st.lists(st.binary(max_size=30).map(lambda text: text.replace(b"\n", b"-")), min_size=1, max_size=60)


def cut(cutter: Cutter, left: list[int]) -> tuple[list[bytes], bytes, int, int]:
    """The pieces, the bytes taken of them all, and what is counted; of each piece some lines are ``left`` at first."""
    found, taken, lines_left = [], b"", cycle(left)
    last = False
    while piece := cutter.next():
        assert not last
        data, end, last = piece.data, piece.end, piece.last
        assert len(data) >= end + len(PAD) and data[end - 1 : end] == b"\n"
        found.append(data[:end])
        if not last:
            of_piece = data[: end - 1].split(b"\n")
            end = sum(len(line) + 1 for line in of_piece[: max(len(of_piece) - next(lines_left), 1)])
        cutter.take(piece, end)
        taken += data[:end]
    return found, taken, cutter.bytes, cutter.dropped_lines


@settings(max_examples=300)
@given(
    LINES,
    st.booleans(),
    st.lists(st.integers(0, 60), max_size=3),
    st.integers(1, 50),
    st.lists(st.integers(0, 4), min_size=1, max_size=5),
)
def test_the_stretches_are_the_same(
    texts: list[bytes], ended: bool, long: list[int], most: int, left: list[int]
) -> None:
    for place in long:
        texts[place % len(texts)] += b"x" * 250
    data = b"\n".join(texts) + b"\n" * ended
    reads: list[int] = []

    def read_at(place: int, size: int) -> bytes:
        reads.append(place)
        return data[place : place + size]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "STRETCH", 100)
        in_pieces = cut(Cutter(iter([data] if data else []), most), left)
        assert cut(FileCutter(read_at, most), left) == in_pieces
    assert reads == sorted(reads)
    if not long:
        assert in_pieces[1] == data + b"\n" * (bool(data) and not data.endswith(b"\n"))


def test_an_empty_file_has_none() -> None:
    assert cut(FileCutter(lambda place, size: b"", 10), [0]) == ([], b"", 0, 0)
