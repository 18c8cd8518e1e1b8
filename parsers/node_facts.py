"""What the labels and annotations of a node say of its place in the cluster.

Label names: IBM Cloud Kubernetes Service and Red Hat OpenShift on IBM Cloud documentation and public
``describe node`` samples; ``topology.kubernetes.io/*`` and its predecessor from the Kubernetes
documentation ("Well-Known Labels"); ``projectcalico.org/IPv4Address`` from Calico.
"""

from __future__ import annotations

from collections.abc import Mapping

from parsers.rows import NodeRow

_LABELS = {
    "zone": (
        "topology.kubernetes.io/zone",
        "failure-domain.beta.kubernetes.io/zone",
        "ibm-cloud.kubernetes.io/zone",
    ),
    "region": (
        "topology.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/region",
        "ibm-cloud.kubernetes.io/region",
    ),
    "pool": ("ibm-cloud.kubernetes.io/worker-pool-name", "ibm-cloud.kubernetes.io/worker-pool-id"),
    "subnet": ("ibm-cloud.kubernetes.io/subnet-id", "ibm-provider.kubernetes.io/subnet-id"),
    "private_vlan": ("privateVLAN", "ibm-cloud.kubernetes.io/private-vlan"),
    "public_vlan": ("publicVLAN", "ibm-cloud.kubernetes.io/public-vlan"),
    "worker_version": ("ibm-cloud.kubernetes.io/worker-version",),
}
_ROLE = "node-role.kubernetes.io/"
_CALICO_IP = "projectcalico.org/IPv4Address"


def apply_labels(node: NodeRow) -> None:
    """Fill the columns of a node that come from its labels and annotations, where they are still empty."""
    for column, names in _LABELS.items():
        if not getattr(node, column):
            setattr(node, column, _first(node.labels, names))
    if not node.roles:
        node.roles = ",".join(sorted(name[len(_ROLE) :] for name in node.labels if name.startswith(_ROLE)))
    node.calico_ip = node.calico_ip or node.annotations.get(_CALICO_IP, "")


def _first(labels: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((labels[name] for name in names if labels.get(name)), "")
