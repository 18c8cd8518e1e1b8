from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analyzer.log_stream.arrow_scan import digitless, distinct, masked, taken, texts_at
from analyzer.log_stream.lines import DIGITS, line_ends


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
    assert found == bytes(0xBF if byte in DIGITS else byte for byte in data + b"12\n")
