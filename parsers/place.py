"""What a path says of a log: namespace, pod, container, node, and whether it is of a terminated container.

The layouts are those of must-gather, ``kubectl cluster-info dump``, Replicated's support bundles, ``calicoctl
cluster diags``, Rancher's support-bundle-kit, sos, the kubelet's own folders, and the names that the runbook's
commands give. Names that fit none of them say nothing.
"""

from __future__ import annotations

import re

from msgspec import Struct

from parsers.lazy_pattern import lazy_pattern

_NS, _POD, _C, _NODE = (rf"(?P<{name}>[^/!]+)" for name in ("namespace", "pod", "container", "node"))
_END = r"(?:\.(?:gz|xz|zst|bz2|txt))*$"
_AT = r"(?:^|[/!])"
#: the first that fits wins; ``previous`` is a group that only matches for a terminated container's log
_LAYOUTS = tuple(
    re.compile(pattern)
    for pattern in (
        # must-gather: namespaces/NS/pods/POD/C/C/logs/{current,previous}[.insecure].log, rotated/0.log.DATE
        rf"{_AT}namespaces/{_NS}/pods/{_POD}/{_C}/[^/!]+/logs/(?:(?P<previous>previous[^/!]*)|rotated/[^/!]+|[^/!]+)$",
        # Replicated: cluster-resources/pods/logs/NS/POD/C.log, C-previous.log; <collector>/POD/C.log
        rf"{_AT}pods/logs/{_NS}/{_POD}/(?P<container>[^/!]+?)(?P<previous>-previous)?(?:-logs-errors)?\.log{_END}",
        # calicoctl cluster diags: nodes/NODE/NS/POD.log, POD.C.previous.log, POD.txt; links/NS/POD.log
        rf"{_AT}nodes/{_NODE}/{_NS}/(?P<pod>[^/!.]+)(?:\.(?P<container>[^/!.]+))?(?P<previous>\.previous)?\.(?:log|txt){_END}",
        rf"{_AT}links/{_NS}/(?P<pod>[^/!.]+)(?:\.(?P<container>[^/!.]+))?(?P<previous>\.previous)?\.(?:log|txt){_END}",
        # Rancher: logs/NS/POD/C.log, C.log.1
        rf"{_AT}logs/{_NS}/{_POD}/(?P<container>[^/!.]+)\.log(?P<previous>\.\d+)?{_END}",
        # kubelet: /var/log/pods/NS_POD_UID/C/0.log, rotated ones with a date behind
        rf"{_AT}(?P<namespace>[a-z0-9-]+)_(?P<pod>[a-z0-9.-]+)_[0-9a-f-]{{8,64}}/{_C}/\d+\.log(?:\.\d{{8}}-\d+)?{_END}",
        # kubelet: /var/log/containers/POD_NS_C-ID.log
        rf"{_AT}(?P<pod>[a-z0-9.-]+)_(?P<namespace>[a-z0-9-]+)_(?P<container>[a-z0-9-]+)-[0-9a-f]{{64}}\.log{_END}",
        # sos: kubectl_--namespace_NS_logs_POD_-c_C, oc_logs_--namespace_NS_POD[_-p]
        r"(?:kubectl|oc)_--namespace_(?P<namespace>[^/!_]+)_logs_(?P<pod>[^/!_]+?)(?:_-c_(?P<container>[^/!_]+))?(?P<previous>_-p)?$",
        r"(?:kubectl|oc)_logs_--namespace_(?P<namespace>[^/!_]+)_(?P<pod>[^/!_]+?)(?:_-c_(?P<container>[^/!_]+))?(?P<previous>_-p)?$",
        # cluster-info dump: NS/POD/logs.txt
        rf"{_AT}{_NS}/(?P<pod>[^/!-]+-[^/!]+)/logs\.txt{_END}",
        # must-gather and inspect: the pod's own object
        rf"{_AT}namespaces/{_NS}/(?:core/)?pods/(?P<pod>[^/!]+?)(?:/[^/!]+)?\.ya?ml$",
    )
)
_NODE_LAYOUTS = tuple(
    re.compile(pattern)
    for pattern in (
        # calicoctl cluster diags, Rancher's nested archives, performance-profile gathers
        rf"{_AT}nodes/(?P<node>[^/!]+?)(?:\.zip!|/)[^!]",
        rf"{_AT}cluster-scoped-resources/core/nodes/(?P<node>[^/!]+)\.ya?ml$",
    )
)
#: pods whose names say what they are: those of Calico, and those that its logs are read with
_APPS = (
    "calico-node-windows", "calico-node", "calico-typha-autoscaler", "calico-typha-horizontal-autoscaler",
    "calico-typha", "calico-kube-controllers", "calico-apiserver", "csi-node-driver", "rke2-canal", "canal",
    "ibm-keepalived-watcher", "tigera-operator", "kube-proxy", "konnectivity-agent", "ibm-master-proxy-static",
    "coredns", "node-local-dns",
)  # fmt: skip
#: words of five letters that people put behind such a name
_WORDS = (
    "after check crash debug error fails first fixed fresh hosts issue nodes other ready start state table today tests"
    " trace until works wrong"
)
_A_WORD = rf"(?:{_WORDS.replace(' ', '|')})(?![a-z0-9])"
_LETTERS = "[bcdfghjklmnpqrstvwxz2456789]"  # of the names that Kubernetes makes up: no vowels, no 0, 1, 3
_NAMED_POD = lazy_pattern(
    rf"(?<![a-z0-9])(?P<pod>(?:{'|'.join(_APPS)})(?:-{_LETTERS}{{7,10}}|-[0-9a-f]{{8,10}})?-(?!{_A_WORD})[a-z0-9]{{5}})"
    r"(?P<rest>(?:[^a-z0-9].*)?)$"
)
_CONTAINERS = {
    "install-cni": "install-cni",
    "installcni": "install-cni",
    "cni": "install-cni",
    "calico-extension": "calico-extension",
    "extension": "calico-extension",
    "ext": "calico-extension",
    "flexvol-driver": "flexvol-driver",
    "flexvol": "flexvol-driver",
    "ebpf-bootstrap": "ebpf-bootstrap",
    "mount-bpffs": "mount-bpffs",
    "upgrade-ipam": "upgrade-ipam",
    "calico-typha": "calico-typha",
    "typha": "calico-typha",
    "calico-kube-controllers": "calico-kube-controllers",
    "kube-controllers": "calico-kube-controllers",
    "tigera-operator": "tigera-operator",
    "keepalived-watcher": "keepalived-watcher",
    "kube-proxy": "kube-proxy",
    "calico-node": "calico-node",
}
_PREVIOUS = lazy_pattern(r"(?:^|[^a-z])prev(?:ious(?:ly)?)?(?:[^a-z]|$)|(?:^|[^a-z])-p(?:[^a-z]|$)|\.log\.1(?:\.|$)")
_SUFFIX = lazy_pattern(r"\.(?:log|logs|txt|out|gz|xz|zst|bz2|\d{1,2})(?=\.|$)")


class Hint(Struct, frozen=True):
    """What the path tells; "" where it does not."""

    namespace: str = ""
    pod: str = ""
    container: str = ""
    node: str = ""
    previous: bool = False


def place(path: str) -> Hint:
    """Give what the path of a file inside the bundle says of its content.

    ``pod`` is only given where the path has a whole pod name, so that it can be looked up; a container's name is
    taken from a file's name where that has one ("-cni.log").
    """
    path = path.replace("\\", "/")
    for pattern in _LAYOUTS:
        match = pattern.search(path)
        if match:
            found = match.groupdict()
            return Hint(
                namespace=found.get("namespace") or "",
                pod=found.get("pod") or "",
                container=found.get("container") or "",
                node=found.get("node") or "",
                previous=bool(found.get("previous")),
            )
    node = next((match.group("node") for pattern in _NODE_LAYOUTS if (match := pattern.search(path))), "")
    return _by_name(path, node)


def _by_name(path: str, node: str) -> Hint:
    """What the names say that people and the runbook give; the folder's name counts where the file's has no pod."""
    parts = re.split(r"[/!]", path.lower())
    previous = bool(_PREVIOUS.search(parts[-1]))
    stem = _SUFFIX.sub("", parts[-1])
    match = _NAMED_POD.search(stem)
    container = _container(match.group("rest") if match else stem)
    if match is None:
        match = next((found for part in reversed(parts[:-1]) if (found := _NAMED_POD.search(part))), None)
    return Hint(pod=match.group("pod") if match else "", container=container, node=node, previous=previous)


def _container(text: str) -> str:
    for word, name in _CONTAINERS.items():
        if re.search(rf"(?:^|[^a-z0-9]){word}(?:[^a-z0-9]|$)", text):
            return name
    return ""
