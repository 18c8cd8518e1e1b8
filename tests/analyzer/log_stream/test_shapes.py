"""Lines are put into families in time that grows with their length, whatever they hold."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.log_stream.shapes import _bare, _bare_in_python

WAYS = (_bare, _bare_in_python)


@pytest.mark.parametrize(
    "piece", [b"a", b"a.", b"-", b"a-", b"ab", b"cali", b":", b"_", b". ", b"a:", b"s:", b"s:abcdefgh", b"1", b".go"]
)
def test_names_are_found_in_linear_time(piece: bytes) -> None:
    text = piece * (200_000 // len(piece)) + b"!"
    for way in WAYS:
        started = time.process_time()
        way(text)
        assert time.process_time() - started < 2


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("line", "bare"),
    [
        (b"pod kube-system/calico-node-x is up", b"pod ~ is up"),
        (b"link calif deadbeef eth", b"link ~ ~ eth"),
        (b"x:abc-d.e/f:@g h", b"x:~ h"),
        (b".a -b /c", b"~ ~ ~"),
        (b"plain words, none", b"plain words, none"),
        (b'setID="s:xhhjlgrzwxhwjsw" calis:ab_cd-efgh n:abcdefgh', b'setID="~" ~ ~'),
        (b"s:short is:abcdefghij s: abcdefghij", b"s:short is:abcdefghij s: abcdefghij"),
        (b"2026-02-12 [INFO][9] felix/int-x.go 12: a-b.go: c", b"-- [INFO][] felix/int-x.go : ~ c"),
        (b"a-b.g1o2:c-d", b"a-b.go:~"),
        (b"12", b""),
    ],
)
def test_what_may_be_a_name(way: Callable[[bytes], bytes], line: bytes, bare: bytes) -> None:
    assert way(line) == bare


@settings(max_examples=1000)
@given(
    st.lists(
        st.sampled_from(["cali", "cal", "deadbeef", "s:", "n:", "ghghgh", ".go", *'abfgZ_.-/:@=" 17\xc3']), max_size=30
    ).map("".join)
)
def test_the_compiled_way_finds_the_same_names(text: str) -> None:
    raw = text.encode("latin-1")
    assert _bare(raw) == _bare_in_python(raw)
    assert _bare(raw * 60) == _bare_in_python(raw * 60)
