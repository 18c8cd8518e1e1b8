"""Events of both API groups."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from parsers.objects import parse_objects
from parsers.source import Source

CORE = """\
apiVersion: v1
kind: Event
metadata: {name: e, namespace: calico-system, creationTimestamp: "2026-02-12T06:00:30Z"}
involvedObject:
  kind: Pod
  name: calico-node-abcde
  namespace: calico-system
  fieldPath: spec.containers{calico-node}
type: Warning
reason: Unhealthy
count: 7
firstTimestamp: "2026-02-12T06:00:00Z"
lastTimestamp: "2026-02-12T06:30:00Z"
message: |
  Readiness probe failed: calico/node is not ready: felix is not ready: readiness probe reporting 503
source: {component: kubelet, host: 192.0.2.7}
"""
NEW = """\
apiVersion: events.k8s.io/v1
kind: Event
metadata: {name: e, namespace: calico-system, creationTimestamp: "2026-02-12T06:00:30Z"}
regarding: {kind: Node, name: 192.0.2.7}
type: Normal
reason: NodeNotReady
note: Node is not ready
eventTime: "2026-02-12T06:00:00.123456Z"
reportingController: node-controller
series: {count: 3, lastObservedTime: "2026-02-12T06:10:00.000000Z"}
"""


def events(text: str, **more: Any) -> Any:
    return parse_objects(text, Source("events.yaml", **more))


def test_an_event_of_the_core_group() -> None:
    parsed = events(CORE, collected=datetime(2026, 2, 12, 7, tzinfo=UTC))
    row = parsed.events[0]
    assert (row.object_kind, row.object, row.namespace, row.container) == (
        "Pod",
        "calico-node-abcde",
        "calico-system",
        "calico-node",
    )
    assert (row.reason, row.count, row.source, row.node, row.line) == ("Unhealthy", 7, "kubelet", "192.0.2.7", 14)
    assert (row.age_s, row.first_age_s) == (1800, 3600)
    assert [(found.check, found.state) for found in parsed.readiness] == [("felix", "not-ready")]


def test_an_event_of_the_new_group_with_a_series() -> None:
    row = events(NEW).events[0]
    assert (row.object_kind, row.node, row.message, row.source) == (
        "Node",
        "192.0.2.7",
        "Node is not ready",
        "node-controller",
    )
    assert (row.count, row.time) == (3, datetime(2026, 2, 12, 6, 10, tzinfo=UTC))
    assert row.first_time == datetime(2026, 2, 12, 6, 0, 0, 123456, tzinfo=UTC)
    assert (row.age_s, row.first_age_s) == (None, None)


def test_an_event_seen_once_has_one_time() -> None:
    text = NEW.replace('series: {count: 3, lastObservedTime: "2026-02-12T06:10:00.000000Z"}\n', "")
    row = events(text).events[0]
    assert row.count == 1 and row.time == row.first_time == datetime(2026, 2, 12, 6, 0, 0, 123456, tzinfo=UTC)


def test_deprecated_fields_of_the_new_group() -> None:
    text = NEW.replace("eventTime: \"2026-02-12T06:00:00.123456Z\"", 'eventTime: null\ndeprecatedCount: 5\ndeprecatedSource: {component: kubelet, host: n}\ndeprecatedFirstTimestamp: "2026-02-12T05:00:00Z"\ndeprecatedLastTimestamp: "2026-02-12T05:30:00Z"')  # fmt: skip
    row = events(
        text.replace('series: {count: 3, lastObservedTime: "2026-02-12T06:10:00.000000Z"}', "series: null")
    ).events[0]
    assert (row.count, row.source, row.time) == (5, "kubelet", datetime(2026, 2, 12, 5, 30, tzinfo=UTC))
    assert row.first_time == datetime(2026, 2, 12, 5, tzinfo=UTC)
