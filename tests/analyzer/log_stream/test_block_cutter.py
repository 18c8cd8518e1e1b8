"""A log that another process cut into blocks gives the stretches that its bytes in pieces give."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import cycle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.log_stream import blocks
from analyzer.log_stream.block_cutter import BlockCutter
from analyzer.log_stream.blocks import Block
from analyzer.log_stream.lines import Cutter

LINES = st.lists(st.binary(max_size=30).map(lambda text: text.replace(b"\n", b"-")), min_size=1, max_size=60)
BlocksOf = Callable[[Iterable[bytes]], Iterator[Block]]


def cut(cutter: Cutter, left: list[int]) -> tuple[list[tuple[bytes, bool]], bytes, str, int, int]:
    """The pieces, what is left behind the last one, and what is counted; of each some lines are ``left`` at first."""
    found, lines_left = [], cycle(left)
    while piece := cutter.next():
        found.append((piece.data[: piece.end], piece.last))
        assert piece.data[piece.end :].startswith(bytes(16)) or not piece.last
        ends = [place + 1 for place, byte in enumerate(piece.data[: piece.end]) if byte == 10]
        cutter.take(piece, piece.end if piece.last else ends[max(len(ends) - 1 - next(lines_left), 0)])
    return found, cutter.left(), cutter.digest, cutter.bytes, cutter.dropped_lines


@settings(max_examples=200)
@given(
    LINES,
    st.booleans(),
    st.lists(st.integers(0, 60), max_size=3),
    st.lists(st.integers(1, 90), min_size=1, max_size=20),
    st.lists(st.integers(0, 4), min_size=1, max_size=5),
)
def test_the_stretches_are_the_same(
    blocks_of: BlocksOf, texts: list[bytes], ended: bool, long: list[int], sizes: list[int], left: list[int]
) -> None:
    for place in long:
        texts[place % len(texts)] += b"x" * 250
    data = b"\n".join(texts) + b"\n" * ended
    pieces, at = [], 0
    for size in cycle(sizes):
        pieces.append(data[at : at + size])
        at += size
        if at >= len(data):
            break
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "STRETCH", 100)
        assert cut(BlockCutter(blocks_of(pieces), 40), left) == cut(Cutter(iter(filter(None, [data])), 40), left)
