from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.klog import read_klog


@pytest.mark.parametrize(("letter", "level"), [("I", "INFO"), ("W", "WARNING"), ("E", "ERROR"), ("F", "FATAL")])
def test_parts_of_a_klog_line(letter: str, level: str) -> None:
    line = read_klog(f"{letter}0212 06:20:13.012345      63 reflector.go:147] k8s.io/client-go: Failed to watch: x")
    assert line is not None
    assert (line.level, line.pid, line.source) == (level, 63, "reflector.go")
    assert line.message == "k8s.io/client-go: Failed to watch: x"
    assert line.yearless == (2, 12, "06:20:13.012345") and line.time is None


@pytest.mark.parametrize(
    "text", ["E0212 06:20:13 63 a.go:1] x", "Error: x", "I0212", "D0212 06:20:13.012345 1 a.go:1] x", ""]
)
def test_other_lines_are_not_taken(text: str) -> None:
    assert read_klog(text) is None


@given(st.text(max_size=100))
def test_nothing_makes_it_raise(text: str) -> None:
    assert read_klog(text) is None or text[0] in "IWEF"
