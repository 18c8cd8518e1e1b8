from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from parsers.describe_other import parse_describe_other
from parsers.describe_policy import policy_paths
from parsers.source import Source

CLOSED = """\
Name:         default-deny-all
Namespace:    kube-system
Created on:   2026-03-04 05:06:07 +0000 UTC
Labels:       <none>
Annotations:  <none>
Spec:
  PodSelector:     <none> (Allowing the specific traffic to all pods in this namespace)
  Allowing ingress traffic:
    <none> (Selected pods are isolated for ingress connectivity)
  Allowing egress traffic:
    <none> (Selected pods are isolated for egress connectivity)
  Policy Types: Ingress, Egress
"""
OPEN = """\
Name:         web
Namespace:    shop
Created on:   2026-03-04 05:06:07 +0000 UTC
Labels:       <none>
Annotations:  <none>
Spec:
  PodSelector:     app=web
  Not affecting ingress traffic
  Allowing egress traffic:
    To Port: 53/UDP
    To:
      NamespaceSelector: kubernetes.io/metadata.name=kube-system
      PodSelector: k8s-app=kube-dns
    ----------
    To Port: <any> (traffic allowed to all ports)
    To:
      IPBlock:
        CIDR: 198.51.100.0/24
        Except:
  Policy Types: Egress
"""


def settings(text: str) -> dict[str, str]:
    return {
        row.key: row.value for row in parse_describe_other(text, Source("a.txt")).settings if row.key[:5] == "spec."
    }


def test_a_policy_that_closes_everything() -> None:
    assert settings(CLOSED) == {
        "spec.podSelector": "", "spec.policyTypes.0": "Ingress", "spec.policyTypes.1": "Egress",
    }  # fmt: skip


def test_rules_stand_in_the_paths_of_the_object() -> None:
    assert settings(OPEN) == {
        "spec.podSelector": "app=web",
        "spec.egress.0.ports.0.port": "53",
        "spec.egress.0.to.0.namespaceSelector": "kubernetes.io/metadata.name=kube-system",
        "spec.egress.0.to.0.podSelector": "k8s-app=kube-dns",
        "spec.egress.1.anyPort": "true",
        "spec.egress.1.to.0.ipBlock.cidr": "198.51.100.0/24",
        "spec.policyTypes.0": "Egress",
    }


@given(st.text(alphabet="  Allowing egress traffic:\nTo Port<any>-CIDR: ", max_size=300))
def test_any_text_is_read(text: str) -> None:
    list(policy_paths(text.split("\n"), 1))
