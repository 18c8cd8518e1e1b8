from __future__ import annotations

import codecs

from hypothesis import given
from hypothesis import strategies as st

from analyzer.bundle import Member, Rest
from analyzer.utf16 import RestInUtf8, as_utf8
from parsers.decode import decode

LINE = "2026-11-12 10:00:0{}.000 [ERROR][9] felix/x.go 1: boom at 10.0.0.{}\r\n"
LOG = "".join(LINE.format(number % 10, number) for number in range(40))


def member(data: bytes, cuts: list[int]) -> Member:
    """A member of which all but the first 400 bytes come in pieces of some sizes."""
    pieces, at = [], 400
    for size in cuts:
        pieces.append(data[at : at + size])
        at += size
    return Member("a.log", data[:400], rest=Rest(iter([*pieces, data[at:]]), ["cut"]))


@given(
    st.text(),
    st.sampled_from(["utf-16-le", "utf-16-be", "utf-32-le"]),
    st.booleans(),
    st.integers(0, 5),
    st.lists(st.integers(0, 90)),
)
def test_the_pieces_give_the_text(text: str, encoding: str, marked: bool, lost: int, cuts: list[int]) -> None:
    marked = marked or encoding == "utf-32-le"
    data = ("\ufeff" * marked + LOG + text).encode(encoding, "replace")
    data = data[: len(data) - lost]
    given_as = as_utf8(member(data, cuts))
    assert isinstance(given_as.rest, RestInUtf8)
    found = given_as.data + b"".join(given_as.rest.pieces())
    mark = len(codecs.BOM_UTF16 if encoding.startswith("utf-16") else codecs.BOM_UTF32_LE) if marked else 0
    assert found.decode() == data[mark:].decode(encoding, "replace")
    assert (given_as.rest.encoding, given_as.rest.file_bytes, given_as.rest.problems) == (encoding, len(data), ("cut",))
    assert given_as.rest.plain is None


def test_what_is_no_large_log_in_utf_16_stays_as_it_is() -> None:
    for data in (
        LOG.encode(),
        ("kind: Pod\nmetadata:\n  name: a\n" * 40).encode("utf-16"),
        b"\xff\xfe" + b"\1\2" * 400,
    ):
        whole = member(data, [])
        assert as_utf8(whole) is whole
    small = Member("a.log", LOG.encode("utf-16"))
    assert as_utf8(small) is small
    assert decode(small.data)[1] == "utf-16-le"
