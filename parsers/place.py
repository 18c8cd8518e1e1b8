"""What a path says of a log: namespace, pod, container, node, and whether it is of a terminated container.

The layouts are those of must-gather, cluster-info dump, Replicated, calicoctl diags, Rancher, sos, the
kubelet's own folders, and of the names that the runbook's commands give.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_POD = r"(?:calico-node|calico-typha|calico-kube-controllers|canal|ibm-keepalived-watcher|tigera-operator|kube-proxy)"
_PATHS = (
    # must-gather: namespaces/NS/pods/POD/C/C/logs/current.log
    re.compile(r"namespaces/(?P<namespace>[^/]+)/pods/(?P<pod>[^/]+)/(?P<container>[^/]+)/[^/]+/logs/(?P<file>.+)$"),
    # Replicated: cluster-resources/pods/logs/NS/POD/C.log, C-previous.log
    re.compile(r"pods/logs/(?P<namespace>[^/]+)/(?P<pod>[^/]+)/(?P<container>[^/]+?)(?P<file>(?:-previous)?\.log)$"),
    # calicoctl cluster diags: nodes/NODE/NS/POD[.C.previous].log
    re.compile(r"nodes/(?P<node>[^/]+)/(?P<namespace>[^/]+)/(?P<pod>[^/.]+)(?:\.(?P<container>[^/.]+))?(?P<file>(?:\.previous)?\.log)$"),
    # Rancher: logs/NS/POD/C.log, C.log.1
    re.compile(r"(?:^|[/!])logs/(?P<namespace>[^/]+)/(?P<pod>[^/]+)/(?P<container>[^/.]+)(?P<file>\.log(?:\.\d+)?)$"),
    # kubelet: /var/log/pods/NS_POD_UID/C/0.log
    re.compile(r"pods/(?P<namespace>[^/_]+)_(?P<pod>[^/_]+)_[0-9a-f-]{8,}/(?P<container>[^/]+)/(?P<file>\d+\.log.*)$"),
    re.compile(r"containers/(?P<pod>[^/_]+)_(?P<namespace>[^/_]+)_(?P<container>.+)-[0-9a-f]{64}(?P<file>\.log)$"),
    # sos: kubectl_--namespace_NS_logs_POD_-c_C
    re.compile(r"--namespace_(?P<namespace>[^/_]+)_logs_(?P<pod>[^/_]+)_-c_(?P<container>[^/]+)(?P<file>)$"),
    # cluster-info dump: NS/POD/logs.txt
    re.compile(r"(?:^|[/!])(?P<namespace>[^/]+)/(?P<pod>[^/]+)/(?P<file>logs\.txt)$"),
)  # fmt: skip
_NAME = re.compile(rf"(?P<pod>{_POD}(?:-[a-z0-9]{{6,10}})?-[a-z0-9]{{5}})(?P<rest>[^a-z0-9].*)?$")
_SUFFIX = {
    "cni": "install-cni",
    "install-cni": "install-cni",
    "ext": "calico-extension",
    "extension": "calico-extension",
    "calico-extension": "calico-extension",
    "flexvol": "flexvol-driver",
    "flexvol-driver": "flexvol-driver",
    "calico-node": "calico-node",
    "calico-typha": "calico-typha",
    "ebpf-bootstrap": "ebpf-bootstrap",
    "mount-bpffs": "mount-bpffs",
    "upgrade-ipam": "upgrade-ipam",
}


@dataclass(frozen=True, slots=True)
class Hint:
    """What the path tells; "" where it does not."""

    namespace: str = ""
    pod: str = ""
    container: str = ""
    node: str = ""
    previous: bool = False


def place(path: str) -> Hint:
    """Give what the path of a file inside the bundle says of its content."""
    for pattern in _PATHS:
        match = pattern.search(path)
        if match:
            found = match.groupdict()
            file = found.get("file") or ""
            return Hint(
                namespace=found.get("namespace") or "",
                pod=found.get("pod") or "",
                container=found.get("container") or "",
                node=found.get("node") or "",
                previous="previous" in file or bool(re.search(r"\.log\.\d+$", file)),
            )
    return _by_name(path)


def _by_name(path: str) -> Hint:
    name = re.split(r"[/!]", path)[-1].lower()
    previous = bool(re.search(r"(?:^|[^a-z])prev(?:ious)?(?:[^a-z]|$)", name))
    stem = re.sub(r"\.(?:log|txt|out|gz|zst|previous|prev|\d+)", "", name)
    match = _NAME.search(stem)
    container = ""
    for part, meaning in _SUFFIX.items():
        if re.search(rf"(?:^|[^a-z]){re.escape(part)}(?:[^a-z]|$)", (match.group("rest") or "") if match else stem):
            container = meaning
            break
    if not match:
        return Hint(container=container, previous=previous)
    return Hint(pod=match.group("pod"), container=container, previous=previous)
