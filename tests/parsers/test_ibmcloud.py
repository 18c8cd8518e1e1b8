"""Output of the IBM Cloud CLI."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.ibmcloud import looks_like, parse_ibmcloud
from parsers.source import Parsed, Source

WORKERS = """\
OK
ID                                   Public IP     Private IP   Flavor             State          Status                                              Zone    Version
kube-c1-mycluster-default-00000101   192.0.2.233   10.0.57.103  u3c.2x4.encrypted  normal         Ready                                               fra02   1.28.7_1549*
kube-c1-mycluster-default-00000202   -             10.0.57.106  u3c.2x4.encrypted  critical       Critical - Not Ready                                fra02   1.28.7_1549
kube-c1-mycluster-default-00000303   -             -            u3c.2x4.encrypted  provisioning   Waiting for IBM Cloud infrastructure: Assign Host   fra02   1.28.7_1550
kube-c1-mycluster-default-00000404   -             10.0.57.106  u3c.2x4.encrypted  deleted        -                                                   fra02   1.28.7_1550

* To update to 1.28.8_1550 version, run 'ibmcloud ks worker replace'.
"""


def read(text: str) -> Parsed:
    return parse_ibmcloud(text, Source("ibm.txt"))


def values(text: str, kind: str) -> dict[tuple[str, str], str]:
    return {(row.name, row.key): row.value for row in read(text).settings if row.kind == kind}


def test_workers() -> None:
    found = values(WORKERS, "IBMWorker")
    assert found["kube-c1-mycluster-default-00000202", "status"] == "Critical - Not Ready"
    assert found["kube-c1-mycluster-default-00000303", "status"] == "Waiting for IBM Cloud infrastructure: Assign Host"
    assert ("kube-c1-mycluster-default-00000202", "public-ip") not in found
    rows = read(WORKERS).nodes
    assert [(row.node, row.ready, row.zone, row.worker_version, row.internal_ip, row.line) for row in rows] == [
        ("10.0.57.103", "True", "fra02", "1.28.7_1549", "10.0.57.103", 3),
        ("10.0.57.106", "False", "fra02", "1.28.7_1549", "10.0.57.106", 4),
    ]


def test_workers_of_a_vpc() -> None:
    text = (
        "ID                          Primary IP   Flavor     State    Status               Zone         Version\n"
        "kube-c1-x-default-00000101  172.16.0.4   bx2.4x16   normal   Ready                us-south-1   4.14.20_1560_openshift\n"
    )
    assert [(row.node, row.ready, row.zone) for row in read(text).nodes] == [("172.16.0.4", "True", "us-south-1")]


def test_one_worker() -> None:
    text = """\
Retrieving worker kube-c1-x-default-00000202...
OK
ID:                  kube-c1-x-default-00000202
Worker Pool ID:      c1-abc
Private VLAN:        2218181
Private IP:          10.0.57.106
Zone:                fra02
Version:             1.28.7_1549 (1.28.8_1550 latest)

Health
State:     critical
Message:   Not Ready

Lifecycle
Desired State:   deployed
Message:         -
"""
    found = values(text, "IBMWorker")
    assert found["kube-c1-x-default-00000202", "health.message"] == "Not Ready"
    assert found["kube-c1-x-default-00000202", "lifecycle.desired-state"] == "deployed"
    assert [(row.node, row.ready, row.private_vlan, row.worker_version) for row in read(text).nodes] == [
        ("10.0.57.106", "False", "2218181", "1.28.7_1549")
    ]


def test_account_cluster_and_spanning_in_one_file() -> None:
    text = """\
Retrieving account A's Account of a@example.com...
OK

Account ID:                   a111
VRF Enabled:                  false
Service Endpoint Enabled:     true
Retrieving cluster mycluster...
OK

Name:                           mycluster
ID:                             c1
Status:                         2 of 3 workers are not ready
Master Status:                  Ready (3 weeks ago)

VLAN spanning is currently disabled for this account.
"""
    assert values(text, "IBMAccount") == {
        ("", "account-id"): "a111", ("", "vrf"): "false", ("", "service-endpoint-enabled"): "true", ("", "vlan-spanning"): "disabled",
    }  # fmt: skip
    assert values(text, "IBMCluster")["mycluster", "master-status"] == "Ready (3 weeks ago)"


@pytest.mark.parametrize(
    ("line", "value"),
    [("VLAN spanning is on.", "on"), ("VLAN spanning: off", "off"), ("VLAN Spanning Enabled: false", "false"), ("VLAN spanning is currently not enabled.", "disabled"), ("vlan-spanning is not known", "")],
)  # fmt: skip
def test_spanning(line: str, value: str) -> None:
    assert values(line, "IBMAccount").get(("", "vlan-spanning"), "") == value


def test_health_issues() -> None:
    line = "NHC001   Network     Warning    Tigera operator has been reporting that Calico is in 'progressing' state for over an hour."
    found = values("ID       Component   Severity   Description\n" + line, "IBMHealthIssue")
    assert found["NHC001", "issue"] == line and found["NHC001", "severity"] == "Warning"


def test_recognition() -> None:
    assert looks_like(WORKERS) > 0.8 and looks_like("VRF Enabled:   true\n") > 0.8
    assert looks_like("NAME   READY   STATUS\n") == 0.0


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="ID  Name:kube-NHC01\n\tState", max_size=200))
def test_never_raises(text: str) -> None:
    read(WORKERS + text)
    read(text)


@pytest.mark.parametrize("line", ["ID" + " " * 4000 + "x" * 4000, "A" * 5000 + ":", "VLAN spanning " + "is " * 2000])
def test_hostile_lines_are_read_in_no_time(line: str) -> None:
    began = time.perf_counter()
    read("\n".join([line] * 50))
    assert time.perf_counter() - began < 3
