from hypothesis import given
from hypothesis import strategies as st

from parsers.describe_other import field_name, parse_describe_other
from parsers.source import Parsed, Source

BGP = """\
Name:         default
Namespace:    
Labels:       <none>
Annotations:  projectcalico.org/metadata: {"uid":"5b1b"}
API Version:  crd.projectcalico.org/v1
Kind:         BGPConfiguration
Metadata:
  Creation Timestamp:  2026-11-03T05:10:45Z
  Generation:          2
Spec:
  As Number:            64512
  Log Severity Screen:  Info
  Node Mesh Password:
    Secret Key Ref:
      Key:                     rawPassword
      Name:                    calico-bgp-password
  Node To Node Mesh Enabled:  true
  Service Cluster I Ps:
    Cidr:  172.21.0.0/16
    Cidr:  172.22.0.0/16
Events:  <none>
"""  # noqa: W291 - kubectl leaves these blanks
POLICY = """\
Name:         locked
Namespace:    
Labels:       <none>
Annotations:  <none>
API Version:  crd.projectcalico.org/v1
Kind:         GlobalNetworkPolicy
Spec:
  Egress:
    Action:  Allow
    Destination:
      Nets:
        10.0.0.0/8
        172.20.0.0/16
    Action:  Deny
  Order:     10
  Types:
    Egress
Events:
  Type    Reason  Age  From  Message
  ----    ------  ---- ----  -------
  Normal  Seen    5m   me    hello
"""  # noqa: W291 - kubectl leaves these blanks
CONFIG_MAP = """\
Name:         calico-config
Namespace:    kube-system
Labels:       <none>
Annotations:  <none>

Data
====
calico_backend:
----
bird

cni_network_config:
----
{
  "name": "k8s-pod-network",

  "mtu": 1480
}

BinaryData
====

Events:  <none>
"""
SECRET = """\
Name:         calico-bgp-password
Namespace:    calico-system
Labels:       <none>
Annotations:  <none>

Type:  Opaque

Data
====
rawPassword:  14 bytes
"""


def read(text: str) -> tuple[Parsed, dict[str, str]]:
    parsed = parse_describe_other(text, Source("d.txt"))
    return parsed, {row.key: row.value for row in parsed.settings}


def test_custom_resource() -> None:
    parsed, found = read(BGP)
    assert {(row.kind, row.namespace, row.name) for row in parsed.settings} == {("BGPConfiguration", "", "default")}
    assert found["spec.nodeMeshPassword.secretKeyRef.name"] == "calico-bgp-password"
    assert found["spec.nodeToNodeMeshEnabled"] == "true"
    assert found["spec.asNumber"] == "64512"
    assert found["metadata.creationTimestamp"] == "2026-11-03T05:10:45Z"
    assert found["metadata.annotations.projectcalico.org/metadata"] == '{"uid":"5b1b"}'
    assert found["apiVersion"] == "crd.projectcalico.org/v1"
    assert parsed.settings[0].key == ""


def test_lists() -> None:
    _, found = read(POLICY)
    assert found["spec.egress.0.action"] == "Allow"
    assert found["spec.egress.0.destination.nets.0"] == "10.0.0.0/8"
    assert found["spec.egress.0.destination.nets.1"] == "172.20.0.0/16"
    assert found["spec.egress.1.action"] == "Deny"
    assert found["spec.types.0"] == "Egress"
    assert found["spec.order"] == "10"


def test_events_of_other_kinds() -> None:
    parsed, _ = read(POLICY)
    assert [(row.object_kind, row.object, row.message) for row in parsed.events] == [
        ("GlobalNetworkPolicy", "locked", "hello")
    ]


def test_config_map() -> None:
    parsed, found = read(CONFIG_MAP)
    assert parsed.settings[0].kind == "ConfigMap"
    assert found["data.calico_backend"] == "bird"
    assert found["data.cni_network_config"] == '{\n  "name": "k8s-pod-network",\n\n  "mtu": 1480\n}'


def test_secret() -> None:
    parsed, found = read(SECRET)
    assert (parsed.settings[0].kind, found["data.rawPassword"], found["type"]) == ("Secret", "14 bytes", "Opaque")


def test_names_of_fields() -> None:
    for field, label in (
        ("nodeMeshPassword", "Node Mesh Password"),
        ("apiVersion", "API Version"),
        ("uid", "UID"),
        ("peerIP", "Peer IP"),
        ("cidr", "Cidr"),
        ("ipv4Pools", "ipv4Pools"),
        ("serverURL", "Server URL"),
    ):
        assert field_name(label) == field


@given(st.integers(0, len(POLICY)), st.integers(0, len(CONFIG_MAP)), st.text(alphabet="Name: \nDat=-e", max_size=60))
def test_any_piece_is_read_without_an_error(one: int, two: int, junk: str) -> None:
    read(POLICY[one:] + junk + CONFIG_MAP[:two])
    read(junk + BGP[:one])


def test_depth_is_no_danger() -> None:
    deep = "\n".join("  " * depth + "A:" for depth in range(3000))
    _, found = read("Name:  x\nKind:  Y\nAPI Version:  v1\n" + deep + "\n" + "  " * 3000 + "B:  1\n")
    assert "1" in found.values()
