"""Lines are put into families in time that grows with their length, whatever they hold."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.log_stream.shapes import _NAMES, _without_names


@pytest.mark.parametrize(
    "piece", [b"a", b"a.", b"-", b"a-", b"ab", b"cali", b":", b"_", b". ", b"a:", b"s:", b"s:abcdefgh"]
)
def test_names_are_found_in_linear_time(piece: bytes) -> None:
    text = piece * (200_000 // len(piece)) + b"!"
    for way in (lambda text: _NAMES.sub(b"~", text), _without_names):
        started = time.process_time()
        way(text)
        assert time.process_time() - started < 2


@pytest.mark.parametrize(
    ("line", "names_gone"),
    [
        (b"pod kube-system/calico-node-x is up", b"pod ~ is up"),
        (b"link calif deadbeef eth", b"link ~ ~ eth"),
        (b"x:abc-d.e/f:@g h", b"x:~ h"),
        (b".a -b /c", b"~ ~ ~"),
        (b"plain words, none", b"plain words, none"),
        (b'setID="s:xhhjlgrzwxhwjsw" calis:ab_cd-efgh n:abcdefgh', b'setID="~" ~ ~'),
        (b"s:short is:abcdefghij s: abcdefghij", b"s:short is:abcdefghij s: abcdefghij"),
    ],
)
def test_what_may_be_a_name(line: bytes, names_gone: bytes) -> None:
    assert _NAMES.sub(b"~", line) == names_gone


@settings(max_examples=1000)
@given(
    st.lists(
        st.sampled_from(["cali", "cal", "deadbeef", "s:", "n:", "ghghgh", *'abfgZ_.-/:@=" \n\xc3']), max_size=30
    ).map("".join)
)
def test_the_compiled_way_finds_the_same_names(text: str) -> None:
    raw = text.encode("latin-1")
    assert _without_names(raw) == _NAMES.sub(b"~", raw)
