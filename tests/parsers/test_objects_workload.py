"""Counts of DaemonSets and replicas; what the API leaves out because it is zero."""

from __future__ import annotations

from parsers.objects import parse_objects
from parsers.source import Source

DAEMONSET = """\
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: calico-node, namespace: calico-system}
spec:
  template:
    spec:
      containers:
      - image: icr.io/ext/calico/node:v3.27.2
        name: calico-node
status:
  currentNumberScheduled: 3
  desiredNumberScheduled: 3
  numberMisscheduled: 0
  numberReady: 0
  observedGeneration: 4
"""


def test_counts_that_are_left_out_are_zero_where_the_status_is_whole() -> None:
    parsed = parse_objects(DAEMONSET, Source("ds.yaml"))
    row = parsed.daemonsets[0]
    assert (row.desired, row.current, row.ready, row.updated, row.available, row.line) == (3, 3, 0, 0, 0, 12)
    values = {row.key: row.value for row in parsed.settings}
    assert values["spec.template.spec.containers.0.image"] == "icr.io/ext/calico/node:v3.27.2"


def test_counts_that_are_cut_off_are_unknown() -> None:
    row = parse_objects(DAEMONSET[: DAEMONSET.index("  numberReady")], Source("ds.yaml")).daemonsets[0]
    assert (row.desired, row.ready, row.updated, row.available) == (3, None, None, None)


def test_a_deployment_without_ready_replicas_has_none() -> None:
    text = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: calico-typha, namespace: calico-system}
spec: {replicas: 3}
status:
  observedGeneration: 1
  replicas: 3
  unavailableReplicas: 3
"""
    values = {row.key: (row.value, row.line) for row in parse_objects(text, Source("d.yaml")).settings}
    assert values["status.readyReplicas"] == ("0", 5) and values["spec.replicas"] == ("3", 4)
    assert values["status.replicas"] == ("3", 7)
    cut = parse_objects(text[: text.index("  observed")], Source("d.yaml")).settings
    assert "status.readyReplicas" not in {row.key for row in cut}
