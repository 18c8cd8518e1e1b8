"""Sizes that ``ping`` was asked to try."""

from __future__ import annotations

import pytest

from parsers.notes import parse_notes
from parsers.ping_sizes import tried_sizes
from parsers.source import Source


@pytest.mark.parametrize(
    ("command", "sizes"),
    [
        ("ping -M do -c 2 -s 1472 192.0.2.1", [1472]),
        ("ping -c2 -q -s1400 -M do 192.0.2.1; ping -s 1500 -M do -c2 192.0.2.1", [1400, 1500]),
        ("for s in 1372 1402; do kubectl exec web -- ping -c2 -M do -s $s 192.0.2.1; done", [1372, 1402]),
        ('for i in {1400..1500..50}; do ping -M do -c1 -s "$i" 192.0.2.1; done', [1400, 1450, 1500]),
        ("for i in $(seq 1400 50 1500); do ping -M do -c1 -s ${i} 192.0.2.1; done", [1400, 1450, 1500]),
        ("ping -c 3 192.0.2.1", []),
        ("ping -s 1472 192.0.2.1", []),
    ],
)
def test_sizes(command: str, sizes: list[int]) -> None:
    assert tried_sizes(command) == sizes


def test_results_are_told_with_their_size() -> None:
    text = "2 packets transmitted, 2 received, 0% packet loss\n2 packets transmitted, 0 received, 100% packet loss"
    source = Source("s", command="for s in 1372 1430; do ping -c2 -M do -s $s 192.0.2.1 | grep trans; done")
    rows = parse_notes(text, source, lambda message: ("x",)).log_lines
    assert [row.message.partition(":")[0] for row in rows] == ["ping -M do -s 1372", "ping -M do -s 1430"]
