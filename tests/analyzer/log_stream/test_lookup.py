from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analyzer.log_stream.lookup import numbered_lines


@given(
    st.lists(st.binary(max_size=4).map(lambda text: text.replace(b"\n", b"-")), max_size=30),
    st.lists(st.integers(1, 8), max_size=40),
    st.sets(st.integers(1, 35)),
)
def test_lines_are_found_by_their_numbers(texts: list[bytes], sizes: list[int], wanted: set[int]) -> None:
    data = b"".join(text + b"\n" for text in texts)
    pieces, at = [], 0
    for size in sizes:
        pieces.append(data[at : at + size])
        at += size
    pieces.append(data[at:])
    expected = {number: texts[number - 1] for number in wanted if number <= len(texts)}
    assert numbered_lines(iter(pieces), wanted) == expected


def test_the_last_line_needs_no_end() -> None:
    assert numbered_lines(iter([b"a\nb", b"c"]), [2, 3]) == {2: b"bc"}
