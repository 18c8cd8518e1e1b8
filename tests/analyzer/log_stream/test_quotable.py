from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from analyzer.log_stream.quotable import Packed, Quotable

LINES = ("first", "BEGIN key", *(f"key{n}" for n in range(8)), "END key", "last\r", "\u20ac")
RAW = {number: line.encode() for number, line in enumerate(LINES, 1)}


def clean(data: bytes) -> bytes:
    return re.sub(b"(?s)BEGIN.*?END", lambda key: b"\n" * key[0].count(b"\n"), data)


def test_lines_are_made_readable() -> None:
    quotable = Quotable({1: "first as it was read"}, RAW)
    assert 1 in quotable and 99 not in quotable
    assert quotable.readable([99, 13, 12, 1], 100) == {1: "first as it was read", 12: "last", 13: "\u20ac"}
    assert quotable.readable([3], 2) == {3: "ke"}


def test_a_secret_of_several_lines_is_taken_out_where_one_of_them_is_quoted() -> None:
    assert Quotable({}, RAW).readable([6, 1], 100, clean) == {1: "first", 6: ""}


def test_what_stands_in_the_file_is_not_shown_by_chance() -> None:
    assert "key3" not in repr(Quotable({}, RAW))


@given(st.dictionaries(st.integers(1, 2**40), st.binary(max_size=60).map(lambda line: line.replace(b"\n", b""))))
def test_packed_lines_are_the_same(lines: dict[int, bytes]) -> None:
    packed = Packed(lines)
    assert dict(packed) == packed.unpacked() == lines and len(packed) == len(lines)
    assert all(number in packed for number in lines) and 0 not in packed and "1" not in packed


def test_packed_ones_are_quoted_alike_alone_and_beside_others() -> None:
    plain = Quotable({1: "first as it was read"}, RAW)
    packed = plain.packed()
    assert packed.readable([99, 13, 12, 1], 100) == plain.readable([99, 13, 12, 1], 100)
    assert packed.size == plain.size
    more = Quotable(raw={20: b"of another part"})
    whole = Quotable.of_all([packed, Quotable(), more])
    assert isinstance(whole.raw, Packed)
    assert whole.lines() == RAW | {20: b"of another part"} and whole.texts == plain.texts
    assert Quotable.of_all([Quotable(), packed]) is packed
