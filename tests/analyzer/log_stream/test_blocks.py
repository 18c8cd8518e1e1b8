from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from copy import copy
from random import Random

import numpy as np
import pytest

from analyzer.log_stream import blocks
from analyzer.log_stream.blocks import Block, Filled, Ring

BlocksOf = Callable[[Iterable[bytes]], Iterator[Block]]


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "STRETCH", 100)


def test_a_block_ends_with_the_last_line_that_fits(blocks_of: BlocksOf) -> None:
    data = b"x" * 60 + b"\n" + b"y" * 30 + b"\n" + b"z" * 300 + b"\nlast"
    found = [(bytes(block.data), block.whole, block.last) for block in blocks_of([data[:200], data[200:]])]
    assert b"".join(text for text, _, _ in found) == data
    assert found[0] == (data[:92], True, False)
    assert found[1] == (b"z" * 100, False, False)  # no line ends in it
    assert found[-1] == (b"\nlast", True, True)


def test_nothing_gives_no_block(blocks_of: BlocksOf) -> None:
    assert list(blocks_of([])) == list(blocks_of([b""])) == []


def test_blocks_come_in_order_however_long_they_are_held(blocks_of: BlocksOf) -> None:
    rand = Random(5)
    pieces = [b"%d %s\n" % (number, b"x" * rand.randrange(40)) for number in range(500)]
    assert b"".join(bytes(block.data) for block in blocks_of(pieces)) == b"".join(pieces)


def test_lines_are_found_where_no_slot_is_free() -> None:
    _scan = pytest.importorskip("analyzer.log_stream._scan")
    ring, told = Ring(), list[Filled]()

    def tell(filled: Filled) -> None:
        told.append(filled)
        if len(told) == 4:
            ring._empty.close()

    with pytest.raises(EOFError):  # when four slots are full nobody is there to empty one
        copy(ring).fill([b"line %03d, %s\n" % (n, b"\xc3\xa4" * (n > 18)) for n in range(90)], tell)
    found = [ring.block(filled) for filled in told]
    assert [block.found is not None for block in found] == [False, False, False, True]
    last = found[3]
    assert last.found is not None and not last.found.plain
    starts, ends, numbers = (np.zeros(99, kind) for kind in (np.int64, np.int64, np.uint64))
    data = bytes(last.data)
    count, _ = _scan.lines(blocks.SEED, data + blocks.PAD, len(data), starts, ends, numbers)
    assert count == data.count(b"\n") > 3
    for column, one in zip((starts, ends, numbers), last.found, strict=False):
        assert column[:count].tobytes() == bytes(one)
