from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.log_stream import shapes
from analyzer.log_stream.arrow_scan import ArrowScan, digitless, distinct, masked, taken, texts_at
from analyzer.log_stream.lines import DIGITS, PAD, Piece, line_ends
from analyzer.log_stream.shapes import Shapes
from parsers.log_shape import LineShape
from parsers.message_match import MessageMatcher


def test_lines_and_what_they_have_in_common() -> None:
    data = b"a1 b\n22\na4 b\n"
    numbers, values = distinct(digitless(data))
    assert (numbers.tolist(), values) == ([0, 1, 0], [b"a b\n", b"\n"])


def test_some_lines_are_copied() -> None:
    data = b"one\ntwo\nthree\n"
    ends = line_ends(data)
    assert taken(texts_at(data, 0, ends), np.array([2, 0])).to_pylist() == [b"three\n", b"one\n"]
    assert taken(texts_at(data, 4, ends[1:]), np.array([0])).to_pylist() == [b"two\n"]
    change = bytes.maketrans(b"to", b"TO")
    assert taken(texts_at(data, 0, ends), np.array([2, 0]), change).to_pylist() == [b"Three\n", b"One\n"]
    assert data == b"one\ntwo\nthree\n"


@given(st.binary(max_size=300).map(lambda data: bytes(byte & 0x7F for byte in data)))
def test_lines_with_masked_digits_are_equal_where_they_differ_in_digits_only(data: bytes) -> None:
    found = masked(data + b"12\n3", len(data) + 3).tobytes()
    assert found == bytes(9 if byte in DIGITS else (byte - 48) % 256 for byte in data + b"12\n")
    assert len({masked(bytes([byte]), 1).tobytes() for byte in range(128)}) == 128 - 9


def test_of_shapes_that_are_not_ascii_no_more_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shapes, "MOST_SHAPES", 5)
    matcher = MessageMatcher(())
    scan = ArrowScan(Shapes(lambda raw: LineShape(level="INFO"), matcher))
    names = ["".join(letters) for letters in itertools.product("klmn", repeat=3)]
    for end in ("", "\u00e9"):
        data = "".join(f"{name} line{end}\n" for name in names).encode()
        scan.shapes(scan.lines(Piece(data + PAD, len(data), last=True)))
        assert len(scan._shape_of) == 5
