"""Numbers, times and reach in words."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest
import report_samples as samples
from msgspec.structs import replace

from analyzer.report import model, words


@pytest.mark.parametrize(
    ("probability", "shown"),
    [
        (1.0, "over 99 %"),
        (0.994, "over 99 %"),
        (0.99, "99 %"),
        (0.934, "93 %"),
        (0.01, "1 %"),
        (0.004, "under 1 %"),
        (0.0, "under 1 %"),
    ],
)
def test_percent(probability: float, shown: str) -> None:
    assert words.percent(probability) == shown


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 KB"),
        (81_920, "82 KB"),
        (4_812_334, "4.8 MB"),
        (5 * 10**12, "5000 GB"),
    ],
)
def test_size(count: int, shown: str) -> None:
    assert words.size(count) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, ""),
        (float("nan"), ""),
        (5, "less than a minute before the collection"),
        (61, "1 minute before the collection"),
        (5400, "2 hours before the collection"),
        (86400, "1 day before the collection"),
    ],
)
def test_age(seconds: float | None, shown: str) -> None:
    assert words.age(seconds) == shown


@pytest.mark.parametrize(
    ("weight", "shown"),
    [
        (6.8, "decisive"),
        (4.25, "strong"),
        (2.48, "moderate"),
        (0.92, "weak"),
        (0.0, "weak"),
        (-4.6, "strong"),
        (-0.5, "weak"),
    ],
)
def test_strength(weight: float, shown: str) -> None:
    assert words.strength(weight) == shown


def test_when() -> None:
    assert words.when(datetime.fromisoformat("2026-03-16T05:00:01+02:00")) == "2026-03-16 03:00:01 UTC"
    assert words.when(None) == "" == words.when(pd.NaT)  # type: ignore[arg-type]


CAUSE = samples.incident().causes[0]


@pytest.mark.parametrize(
    ("affected", "total", "scope", "shown"),
    [
        (("a", "b", "c"), 12, "node", "3 of 12 workers, all in zone dal12"),
        (("a", "b", "c", "d"), 12, "node", "4 of 12 workers"),
        (("a",), 12, "node", "a, 1 of 12 workers"),
        (("a",), 1, "node", "the only worker seen"),
        (("a", "b", "c"), 3, "node", "all 3 workers seen"),
        (("a", "b", "c"), 0, "node", "3 workers, all in zone dal12"),
        (("a",), 0, "node", "a"),
        ((), 12, "cluster", "the whole cluster"),
        ((), 12, "node", "no worker named"),
    ],
)
def test_reach(affected: tuple[str, ...], total: int, scope: str, shown: str) -> None:
    cause = replace(CAUSE, affected=affected, scope=scope)
    assert words.reach(cause, model.ClusterInfo(nodes_seen=total)) == shown


def test_a_reach_that_is_given_is_kept() -> None:
    assert words.reach(replace(CAUSE, reach="both masters"), model.ClusterInfo()) == "both masters"


def test_shared_by() -> None:
    assert words.shared_by(model.InCommon("zone", "a", 1, 4, 0.01815), 2) == (
        "1 of the 2 affected have it; of all 4 workers with it 1 is affected (p = 0.018)"
    )
