from __future__ import annotations

import numpy as np

from analyzer.log_stream.arrow_scan import as_texts, digitless, distinct, taken, texts_at
from analyzer.log_stream.lines import line_ends


def test_lines_and_what_they_have_in_common() -> None:
    data = b"a1 b\n22\na4 b\n"
    numbers, values = distinct(digitless(data))
    assert (numbers.tolist(), values) == ([0, 1, 0], [b"a b\n", b"\n"])


def test_some_lines_are_copied() -> None:
    data = b"one\ntwo\nthree\n"
    ends = line_ends(data)
    offsets, text = taken(texts_at(data, 0, ends), np.array([2, 0]))
    assert (offsets.tolist(), text.tobytes()) == ([0, 6, 10], b"three\none\n")
    text[0] = 84
    assert distinct(as_texts(offsets, text))[1] == [b"Three\n", b"one\n"]
    assert data == b"one\ntwo\nthree\n"
    offsets, text = taken(texts_at(data, 4, ends[1:]), np.array([0]))
    assert text.tobytes() == b"two\n"
