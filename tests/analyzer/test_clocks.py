"""Logs in local time are told from logs with a wrong clock, and shifted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from analyzer.attribution import Output
from analyzer.clocks import reconcile
from parsers.rows import ContainerRow, FileRow, LogLineRow, NodeConditionRow
from parsers.source import Parsed, Source

NOON = datetime(2026, 11, 12, 12, tzinfo=UTC)


def log(first: datetime, last: datetime, since_start: str = "0.000", previous: bool = False) -> Output:
    row = LogLineRow("a.log", 1, pod="calico-node-x", node="", container="calico-node", time=first, last_time=last)
    row.fields["since_start_s"] = since_start
    parsed = Parsed(log_lines=[row], facts={"first_time": first.isoformat(), "last_time": last.isoformat()})
    source = Source("a.log", pod="calico-node-x", container="calico-node", previous=previous)
    return Output(FileRow("a.log", "log", "", "calico-node-x", "calico-node", ""), source, "log", parsed)


def described(
    started: datetime | None = None, heartbeat: datetime | None = None, last_started: datetime | None = None
) -> Output:
    parsed = Parsed()
    parsed.containers.append(
        ContainerRow("d", 1, namespace="", pod="calico-node-x", container="calico-node", state="Running", started=started,
                     last_started=last_started)
    )  # fmt: skip
    if heartbeat:
        parsed.node_conditions.append(
            NodeConditionRow("d", 2, node="w1", type="Ready", status="True", last_heartbeat=heartbeat)
        )
    return Output(FileRow("d", "describe", "", "", "", ""), Source("d"), "describe", parsed)


def first_time(output: Output) -> datetime | None:
    return output.parsed.log_lines[0].time


@pytest.mark.parametrize("hours", [-8, -3.5, -5, -0.5])
def test_a_log_that_begins_before_its_container_is_in_a_western_zone(hours: float) -> None:
    start = NOON - timedelta(hours=3)
    off = timedelta(hours=hours)
    mine = log(start + off + timedelta(seconds=2), NOON + off)
    done = reconcile([mine, described(started=start, heartbeat=NOON - timedelta(seconds=40))])
    assert first_time(mine) == start + timedelta(seconds=2)
    assert mine.parsed.facts["last_time"] == NOON.isoformat()
    assert len(done) == 1 and f"{-hours:g} h behind UTC" in done[0][1]


@pytest.mark.parametrize("hours", [1, 5.5, 5.75, 9])
def test_a_log_that_ends_after_the_heartbeats_is_in_an_eastern_zone(hours: float) -> None:
    mine = log(NOON - timedelta(days=2), NOON + timedelta(hours=hours), since_start="172000")
    assert reconcile([mine, described(heartbeat=NOON - timedelta(seconds=100))])
    assert mine.parsed.log_lines[0].last_time == NOON


def test_a_wrong_clock_is_left_alone() -> None:
    mine = log(NOON - timedelta(hours=1), NOON + timedelta(hours=3, minutes=7, seconds=30))
    assert reconcile([mine, described(heartbeat=NOON - timedelta(seconds=10))]) == []


def test_a_log_cut_at_its_front_is_left_alone() -> None:
    cut = log(NOON - timedelta(hours=2), NOON, since_start="18000")
    beaten = described(started=NOON - timedelta(hours=7), heartbeat=NOON - timedelta(seconds=30))
    assert reconcile([cut, beaten]) == []
    assert reconcile([cut, described(started=NOON - timedelta(hours=7))]) == []


def test_without_heartbeats_the_start_tells() -> None:
    mine = log(NOON + timedelta(hours=2, seconds=3), NOON + timedelta(hours=3))
    assert reconcile([mine, described(started=NOON)])
    assert first_time(mine) == NOON + timedelta(seconds=3)


def test_a_previous_log_is_held_against_the_previous_run() -> None:
    mine = log(NOON - timedelta(hours=6), NOON - timedelta(hours=5, minutes=50), previous=True)
    assert reconcile([mine, described(started=NOON, last_started=NOON - timedelta(hours=1))])
    assert first_time(mine) == NOON - timedelta(hours=1)
