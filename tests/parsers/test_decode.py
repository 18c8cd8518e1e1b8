"""Bytes of any customer's file become text with the file's own line numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.decode import decode, is_binary

TEXT = "Name:  calico-node-a\nzweite Zeile äöü\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings(encoding: str) -> None:
    assert decode(TEXT.encode(encoding))[0] == TEXT
    assert not is_binary(TEXT.encode(encoding))


def test_line_ends_and_chat_blanks() -> None:
    assert decode(b"a\r\nb\r\n")[0] == "a\nb\n"
    assert decode("a\u00a0 b\n".encode())[0] == "a  b\n"
    assert decode(b"a\rb\r")[0] == "a\nb\n"


def test_what_is_no_utf8_is_read_and_said() -> None:
    text, _, problems = decode("größe ".encode("latin-1") * 20)
    assert "größe" in text and problems
    assert decode(b"half a character \xc3")[2]


@pytest.mark.parametrize("data", [b"\x7fELF\x02\x01\x01\x00" + b"\x00\x01\x02\x03" * 200, bytes(range(256)) * 8])
def test_binary_is_known(data: bytes) -> None:
    assert is_binary(data)


@given(st.binary(max_size=2000))
def test_never_raises_and_keeps_the_lines(data: bytes) -> None:
    text = decode(data)[0]
    if data.isascii() and b"\r" not in data:
        assert text.count("\n") == data.count(b"\n")
