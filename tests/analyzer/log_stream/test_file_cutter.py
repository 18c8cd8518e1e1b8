"""A file read from any place on gives the stretches that its bytes in pieces give."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.log_stream import lines
from analyzer.log_stream.file_cutter import FileCutter
from analyzer.log_stream.lines import PAD, Cutter

LINES = st.lists(st.binary(max_size=30).map(lambda text: text.replace(b"\n", b"-")), min_size=1, max_size=60)


def cut(cutter: Cutter) -> tuple[list[bytes], int, int, int]:
    """All whole lines, as they are cut, and what is counted."""
    found = []
    while piece := cutter.next():
        data, end = piece
        assert len(data) >= end + len(PAD) and data[end - 1 : end] == b"\n"
        found.append(data[:end])
    return found, cutter.bytes, cutter.checksum, cutter.dropped_lines


@settings(max_examples=300)
@given(LINES, st.booleans(), st.lists(st.integers(0, 60), max_size=3), st.integers(1, 50))
def test_the_stretches_are_the_same(texts: list[bytes], ended: bool, long: list[int], most: int) -> None:
    for place in long:
        texts[place % len(texts)] += b"x" * 250
    data = b"\n".join(texts) + b"\n" * ended
    reads: list[int] = []

    def read_at(place: int, size: int) -> bytes:
        reads.append(place)
        return data[place : place + size]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "STRETCH", 100)
        pieces = [data] if data else []
        assert cut(FileCutter(read_at, most)) == cut(Cutter(iter(pieces), most))
    assert reads == sorted(reads)


def test_an_empty_file_has_none() -> None:
    assert cut(FileCutter(lambda place, size: b"", 10)) == ([], 0, 0, 0)
