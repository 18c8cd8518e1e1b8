"""Metrics in Prometheus' text form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.metrics import parse_metrics
from parsers.notes import parse_notes
from parsers.recognize import recognize
from parsers.source import Source

TEXT = """\
# HELP node_nf_conntrack_entries Number of currently allocated flow entries for connection tracking.
# TYPE node_nf_conntrack_entries gauge
node_nf_conntrack_entries 262144
node_filesystem_avail_bytes{device="/dev/vda2",fstype="ext4",mountpoint="/var"} 1.2288e+07
go_goroutines 9
node_network_mtu_bytes{device="eth0"} 1450
node_network_up{device="eth0"} 1
node_network_up{device="eth1"} 0
"""


def test_metrics_of_an_exporter_are_settings() -> None:
    assert recognize(TEXT).kind == "metrics"
    rows = parse_metrics(TEXT, Source("m.prom", node="w1")).settings
    assert [(row.line, row.kind, row.name, row.key, row.value) for row in rows] == [
        (3, "Metric", "w1", "node_nf_conntrack_entries", "262144"),
        (4, "Metric", "w1", "node_filesystem_avail_bytes{device=/dev/vda2,mountpoint=/var}", "1.2288e+07"),
        (6, "Link", "w1", "eth0.mtu", "1450"),
        (7, "Link", "w1", "eth0.up", "true"),
        (8, "Link", "w1", "eth1.up", "false"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        'node_nf_conntrack_entries{instance="w2:9100",job="node"} 65000',
        'node_nf_conntrack_entries{instance="w2:9100", job="node"} => 65000 @[1764442800.123]',
        '{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"node_nf_conntrack_entries",'
        '"instance":"w2:9100"},"value":[1764442800.1,"65000"]}]}}',
    ],
)
def test_the_worker_is_taken_from_the_labels(line: str) -> None:
    rows = parse_notes(line, Source("q.txt"), lambda text: ()).settings
    assert [(row.name, row.key, row.value) for row in rows] == [("w2", "node_nf_conntrack_entries", "65000")]


@pytest.mark.parametrize("value", ["NaN", "+Inf", "1e999", "-4"])
def test_odd_values_are_no_mtu(value: str) -> None:
    rows = parse_metrics(f'node_network_mtu_bytes{{device="eth0"}} {value}\n', Source("m")).settings
    assert all(row.kind == "Metric" for row in rows)


@given(st.text(alphabet='node_network_mtu_bytes{device="eth0"} 1.eE+-\n'))
def test_any_text_is_taken(text: str) -> None:
    for row in parse_metrics(text, Source("x")).settings:
        assert float(row.value) is not None
