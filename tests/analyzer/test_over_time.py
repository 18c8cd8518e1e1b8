"""Lines by level and restarts over time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.inventory import Inventory
from analyzer.over_time import MOST_BARS, levels_over_time, restarts_over_time
from analyzer.report import model
from analyzer.tables import Tables, build
from parsers.rows import ContainerRow, LogLineRow, PodRow

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def line(seconds: float, level: str = "ERROR", count: int = 1, until: float | None = None) -> LogLineRow:
    last = None if until is None else START + timedelta(seconds=until)
    return LogLineRow("l.log", 1, "p", "n", "c", time=START + timedelta(seconds=seconds), level=level, count=count, last_time=last)  # fmt: skip


def levels(*rows: LogLineRow) -> model.LogLevels | None:
    return levels_over_time(build({"log_lines": rows}))


def counted(found: model.LogLevels | None) -> dict[str, int]:
    assert found is not None
    total: dict[str, int] = {}
    for bucket in found.buckets:
        for level, lines in bucket.counts:
            total[level] = total.get(level, 0) + lines
    return total


def test_lines_are_counted_where_they_stand() -> None:
    found = levels(line(0), line(2), line(35, "WARNING"), line(100))
    assert found is not None and found.seconds == 10
    starts = [(bucket.start - START).total_seconds() for bucket in found.buckets]
    assert starts == [0, 30, 100]
    assert found.buckets[0].counts == (("ERROR", 2),)


def test_a_repeated_line_is_spread_over_the_time_it_repeats() -> None:
    found = levels(line(0, count=7, until=60), line(0, "WARNING"))
    assert found is not None
    assert counted(found) == {"ERROR": 7, "WARNING": 1}
    assert len([bucket for bucket in found.buckets if ("ERROR", 1) in bucket.counts]) == 7


@given(
    st.lists(
        st.tuples(
            st.integers(0, 10**8),
            st.integers(1, 5000),
            st.integers(0, 10**7),
            st.sampled_from(["ERROR", "WARNING", ""]),
        ),
        min_size=2,
        max_size=12,
    )
)
def test_no_line_is_lost_and_bars_are_few(rows: list[tuple[int, int, int, str]]) -> None:
    found = levels(*(line(at, level, count, at + lasts) for at, count, lasts, level in rows))
    if found is None:
        assert len({at for at, _, _, _ in rows}) == 1
        return
    assert sum(counted(found).values()) == sum(count for _, count, _, _ in rows)
    last = (found.buckets[-1].start - found.buckets[0].start).total_seconds() / found.seconds
    assert last <= MOST_BARS


@pytest.mark.parametrize("rows", [[], [line(0)], [line(0), line(0)]])
def test_nothing_to_draw(rows: list[LogLineRow]) -> None:
    assert levels(*rows) is None


def test_exact_counts_go_before_those_of_lines() -> None:
    rows = SimpleNamespace(
        log_volume=[
            SimpleNamespace(bucket=START, level="INFO", lines=900),
            SimpleNamespace(bucket=START + timedelta(minutes=5), level="ERROR", lines=40),
        ],
        log_lines=[line(0), line(90)],
    )
    assert counted(levels_over_time(Tables(rows))) == {"INFO": 900, "ERROR": 40}  # type: ignore[arg-type]


def restarts(*rows: ContainerRow) -> tuple[model.ContainerRestarts, ...]:
    tables = build({"containers": rows, "pods": [PodRow("p.txt", 1, "kube-system", "calico-node-a", node="10.0.0.1")]})
    return restarts_over_time(tables, Inventory(tables))


def container(name: str, count: int | None, **more: object) -> ContainerRow:
    return ContainerRow("p.txt", 5, "kube-system", "calico-node-a", name, restarts=count, **more)  # type: ignore[arg-type]


def test_restarts_by_number_with_what_the_bundle_tells() -> None:
    found = restarts(
        container("sidecar", 1),
        container("calico-node", 31, last_started=START, last_finished=START + timedelta(seconds=30),
                  last_reason="Error", last_exit_code=137, started=START + timedelta(seconds=40)),
        container("never", 0, started=START),
        container("unknown", None, started=START),
    )  # fmt: skip
    assert [(item.container, item.restarts, item.node) for item in found] == [
        ("calico-node", 31, "10.0.0.1"),
        ("sidecar", 1, "10.0.0.1"),
    ]
    assert [(moment.what, moment.severity) for moment in found[0].moments] == [
        ("started", "info"),
        ("ended: Error, exit code 137", "error"),
        ("started again", "info"),
    ]


def test_a_container_in_two_files_is_one_and_the_telling_one_is_kept() -> None:
    told = container("calico-node", 3, started=START)
    for rows in ((told, container("calico-node", 3)), (container("calico-node", 3), told)):
        (found,) = restarts(*rows)
        assert len(found.moments) == 1


def test_init_containers_are_not_restarts() -> None:
    assert restarts(container("install-cni", 4, init=True)) == ()
