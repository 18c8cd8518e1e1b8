"""Peers of CalicoNodeStatus become sessions."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.located import Document
from parsers.objects import parse_objects
from parsers.objects_node_status import read_node_status
from parsers.source import Parsed, Source

TEXT = """\
apiVersion: projectcalico.org/v3
kind: CalicoNodeStatus
metadata:
  name: status-of-a
spec:
  node: worker-a
status:
  bgp:
    numberEstablishedV4: 1
    peersV4:
    - peerIP: 192.0.2.12
      state: Established
      type: nodeMesh
    - peerIP: 192.0.2.13
      state: Idle
      type: nodeMesh
    peersV6:
    - peerIP: fd00::12
      state: Active
"""


def test_one_row_a_peer() -> None:
    rows = parse_objects(TEXT, Source("status.yaml")).bgp
    assert [(row.line, row.node, row.protocol, row.peer, row.state, row.origin) for row in rows] == [
        (11, "worker-a", "nodeMesh", "192.0.2.12", "Established", "node-status"),
        (14, "worker-a", "nodeMesh", "192.0.2.13", "Idle", "node-status"),
        (18, "worker-a", "peer", "fd00::12", "Active", "node-status"),
    ]


NESTED = st.recursive(
    st.none() | st.text(max_size=5) | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["spec", "node", "status", "bgp", "peersV4", "peerIP", "state"]), inner)
    ),
    max_leaves=12,
)


@given(value=st.dictionaries(st.sampled_from(["spec", "status", "metadata"]), NESTED))
@settings(max_examples=60, deadline=None)
def test_any_object_is_read(value: dict[str, Any]) -> None:
    parsed = Parsed()
    read_node_status(Document(value, 1), parsed, Source("x.yaml"))
    assert all(row.peer for row in parsed.bgp)
