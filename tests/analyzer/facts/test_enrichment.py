"""What the workers in trouble share is found where chance does not explain it, and only there."""

from __future__ import annotations

from analyzer.facts.enrichment import shared
from analyzer.tables import build
from parsers.rows import NodeRow


def cluster(bad: set[int], zone_b: set[int], count: int = 12) -> list[NodeRow]:
    return [
        NodeRow(file="n", line=n + 1, node=f"w{n}", ready="False" if n in bad else "True", zone="b" if n in zone_b else "a",
                kernel="5.15.0")
        for n in range(count)
    ]  # fmt: skip


def ids(rows: list[NodeRow]) -> list[str]:
    return [fact.id for fact in shared(build({"nodes": rows}, None))]


def test_a_zone_of_its_own_is_named_with_the_workers_lines() -> None:
    (fact,) = shared(build({"nodes": cluster({3, 4, 5}, {3, 4, 5})}, None))
    assert fact.id == "bad-workers-share-place"
    assert (fact.line, fact.also) == (4, (("n", 5), ("n", 6)))
    assert "zone b" in fact.detail


def test_chance_and_what_all_have_is_nothing() -> None:
    assert ids(cluster({3, 4}, {4, 5, 6})) == []
    assert ids(cluster({0}, {0, 1, 2, 3, 4, 5})) == []
    assert ids(cluster(set(range(12)), {1, 2})) == []
    assert ids(cluster(set(), {1, 2})) == []
