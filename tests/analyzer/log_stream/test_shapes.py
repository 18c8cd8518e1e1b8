"""Lines are put into families in time that grows with their length, whatever they hold."""

from __future__ import annotations

import time

import pytest

from analyzer.log_stream.shapes import _NAMES


@pytest.mark.parametrize("piece", [b"a", b"a.", b"-", b"a-", b"ab", b"cali", b":", b"_", b". ", b"a:"])
def test_names_are_found_in_linear_time(piece: bytes) -> None:
    text = piece * (200_000 // len(piece)) + b"!"
    started = time.process_time()
    _NAMES.sub(b"~", text)
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    ("line", "names_gone"),
    [
        (b"pod kube-system/calico-node-x is up", b"pod ~ is up"),
        (b"link calif deadbeef eth", b"link ~ ~ eth"),
        (b"x:abc-d.e/f:@g h", b"x:~ h"),
        (b".a -b /c", b"~ ~ ~"),
        (b"plain words, none", b"plain words, none"),
    ],
)
def test_what_may_be_a_name(line: bytes, names_gone: bytes) -> None:
    assert _NAMES.sub(b"~", line) == names_gone
