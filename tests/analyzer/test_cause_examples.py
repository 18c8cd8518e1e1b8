"""Every example line of a cause fires the signal it names, read the way a bundle is read; no counter-example does."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from analyzer.catalogue import Cause, Example, Signal, load
from analyzer.findings import Evidence
from analyzer.inventory import Inventory
from analyzer.message_index import build_matcher
from analyzer.pipeline import annotate
from analyzer.tables import Tables, build
from parsers.container_log import parse_container_log
from parsers.describe import parse_describe
from parsers.message_match import MessageMatcher
from parsers.rows import LogLineRow
from parsers.source import Parsed, Source

EVENTS = """Events:
  Type     Reason   Age                   From     Message
  ----     ------   ----                  ----     -------
{line}
"""
POD = """Name:                 {name}
Namespace:            {namespace}
Node:                 10.154.77.19/10.154.77.19
Status:               Running
Controlled By:        {owner}
Containers:
  {container}:
    State:          Running
    Ready:          False
    Restart Count:  3
Conditions:
  Type              Status
  Ready             False
"""
NODE = """Name:               10.154.77.19
Roles:              <none>
CreationTimestamp:  Wed, 04 Feb 2026 05:10:51 +0000
Conditions:
  Type             Status  LastHeartbeatTime                 LastTransitionTime                Reason                       Message
  ----             ------  -----------------                 ------------------                ------                       -------
{condition}
Addresses:
  InternalIP:  10.154.77.19
Non-terminated Pods:          (0 in total)
"""
DAEMONSET = """Name:           calico-node
Selector:       k8s-app=calico-node
Node-Selector:  kubernetes.io/os=linux
Desired Number of Nodes Scheduled: 3
Current Number of Nodes Scheduled: 0
Pods Status:  0 Running / 0 Waiting / 0 Succeeded / 0 Failed
"""
PODS = [
    POD.format(
        name="calico-node-zz2zz", namespace="calico-system", owner="DaemonSet/calico-node", container="calico-node"
    ),
    POD.format(name="web-5d8f7b9c6d-x2x4z", namespace="default", owner="ReplicaSet/web-5d8f7b9c6d", container="web"),
]
CATALOGUE = load()
EXAMPLES = [(cause, example) for cause in CATALOGUE.causes.values() for example in cause.examples]
COUNTER = [(cause, example) for cause in CATALOGUE.causes.values() for example in cause.counter_examples]


def named(item: tuple[Cause, Example]) -> str:
    return f"{item[0].id}:{item[1].signal or 'any'}"


@pytest.fixture(scope="module")
def matcher() -> MessageMatcher:
    return build_matcher(CATALOGUE)


def dresses(line: str, matcher: MessageMatcher) -> Iterator[Tables]:
    """The line as an event of several objects, as a condition, or as a log line, whichever it can be."""
    if re.match(r"\s+(Normal|Warning)\s", line):
        for text in (*PODS, NODE.format(condition=""), DAEMONSET):
            yield tables_of(parse_describe(text + EVENTS.format(line=line), Source("describe.txt")), matcher)
    elif re.match(r"\s+\w+\s+(True|False|Unknown)\s", line):
        yield tables_of(parse_describe(NODE.format(condition=line), Source("describe.txt")), matcher)
    else:
        source = Source("x.log", pod="calico-node-zz2zz", container="calico-node", node="10.154.77.19")
        parsed = parse_container_log(line + "\n", source, matcher.match)
        if parsed.log_lines:
            yield tables_of(parsed, matcher)
        ids = matcher.match(line)
        row = LogLineRow("x.log", 1, source.pod, source.node, source.container, message=line, message_ids=ids, raw=line)
        yield build({"log_lines": [row]})


def tables_of(parsed: Parsed, matcher: MessageMatcher) -> Tables:
    rows = {name: getattr(parsed, name) for name in ("nodes", "node_conditions", "pods", "containers", "events", "log_lines", "readiness", "bgp", "daemonsets", "settings")}  # fmt: skip
    tables = build(rows)
    annotate(tables, matcher.match)
    return tables


def signal_of(cause: Cause, example: Example) -> list[Signal]:
    wanted = [signal for signal in (*cause.signals, *cause.against) if example.signal in ("", signal.id)]
    return [replace(signal, min_count=1, min_nodes=1, period="any") for signal in wanted]


def fires(cause: Cause, example: Example, matcher: MessageMatcher) -> bool:
    return any(
        Evidence(tables, [], Inventory(tables)).fire(signal)
        for tables in dresses(example.line, matcher)
        for signal in signal_of(cause, example)
    )


def test_every_example_names_a_signal_of_its_cause() -> None:
    for cause, example in (*EXAMPLES, *COUNTER):
        assert signal_of(cause, example), f"{cause.id}: no signal {example.signal!r}"


@pytest.mark.parametrize("item", EXAMPLES, ids=named)
def test_the_example_fires_its_signal(item: tuple[Cause, Example], matcher: MessageMatcher) -> None:
    assert fires(*item, matcher)


@pytest.mark.parametrize("item", COUNTER, ids=named)
def test_the_counter_example_does_not(item: tuple[Cause, Example], matcher: MessageMatcher) -> None:
    assert not fires(*item, matcher)


def test_most_causes_have_an_example() -> None:
    without = [cause.id for cause in CATALOGUE.causes.values() if not cause.examples]
    assert len(without) <= len(CATALOGUE.causes) / 6, without
