"""Enrichment of labels among the affected workers."""

from __future__ import annotations

import math
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.in_common import fisher_greater, in_common
from analyzer.inventory import Inventory
from analyzer.tables import build
from parsers.rows import NodeRow


def inventory(zones: dict[str, str], **more: dict[str, str]) -> Inventory:
    rows = [
        NodeRow("nodes.txt", i, name, zone=zone, kernel=more.get("kernel", {}).get(name, "5.4"))
        for i, (name, zone) in enumerate(zones.items(), start=1)
    ]
    return Inventory(build({"nodes": rows}))


def test_a_shared_zone_is_found() -> None:
    zones = {f"node-{i}": "dal10" if i < 6 else "dal12" for i in range(12)}
    found = in_common(inventory(zones), [f"node-{i}" for i in range(6, 12)])
    assert [(item.attribute, item.value, item.affected, item.total) for item in found] == [("zone", "dal12", 6, 6)]
    assert found[0].p_value == pytest.approx(1 / math.comb(12, 6))


def test_chance_is_not_shown() -> None:
    zones = {f"node-{i}": "dal10" if i % 2 else "dal12" for i in range(6)}
    assert in_common(inventory(zones), ["node-0", "node-2"]) == []


def test_all_affected_or_none_has_nothing_in_common() -> None:
    zones = {"a": "x", "b": "y"}
    assert in_common(inventory(zones), ["a", "b"]) == []
    assert in_common(inventory(zones), []) == []


@given(st.integers(1, 9), st.integers(0, 9), st.integers(1, 12))
def test_fisher_is_a_probability_and_falls_with_more_hits(affected: int, total_with: int, spare: int) -> None:
    total = affected + spare
    total_with = min(total_with, total)
    low = max(0, affected - (total - total_with))
    values = [fisher_greater(k, affected, total_with, total) for k in range(low, min(affected, total_with) + 1)]
    assert values[0] == pytest.approx(1.0)
    assert all(0 <= later <= earlier <= 1.0 + 1e-12 for earlier, later in pairwise(values))


@given(st.integers(1, 40), st.integers(0, 60), st.integers(1, 60), st.data())
def test_of_large_clusters_the_same_probability_comes_from_logarithms(
    affected: int, total_with: int, spare: int, data: st.DataObject
) -> None:
    total = affected + spare
    total_with = min(total_with, total)
    low = max(0, affected - (total - total_with))
    hits = data.draw(st.integers(low, min(affected, total_with)))
    exact = fisher_greater(hits, affected, total_with, total)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("analyzer.in_common.EXACT_UP_TO", 0)
        assert fisher_greater(hits, affected, total_with, total) == pytest.approx(exact, rel=1e-9)


def test_a_cluster_of_5000_workers_is_judged_in_a_moment() -> None:
    pods = tuple(f"team/app-{n}-x2x4z" for n in range(60))
    rows = [
        NodeRow(
            "n",
            i,
            f"node-{i}",
            zone=f"zone-{i % 3}",
            worker_version=str(i),
            pods_on_node=pods + (("team/bad-x",) if i % 2 else ()),
        )
        for i in range(5000)
    ]
    begun = time.process_time()
    found = in_common(Inventory(build({"nodes": rows})), [f"node-{i}" for i in range(1, 5000, 2)])
    assert [(item.attribute, item.value, item.affected, item.total) for item in found] == [
        ("runs bad", "yes", 2500, 2500)
    ]
    assert time.process_time() - begun < 10
