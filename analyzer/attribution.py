"""Whose rows are they? Outputs without a name are placed by what they say and by the files beside them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence, Set
from functools import cached_property

from msgspec import Struct

from parsers.lazy_pattern import lazy_pattern
from parsers.rows import ContainerRow, FileRow, PodRow, ReadinessRow
from parsers.source import Parsed, Source

_AGENT_NAMES = ("calico-node-", "canal-", "rke2-canal-")
_AGENT_APPS = frozenset({"calico-node", "canal", "rke2-canal"})
#: containers that run in a pod of the daemonset, on every worker
_AGENT_CONTAINERS = frozenset(
    {"calico-node", "install-cni", "flexvol-driver", "upgrade-ipam", "ebpf-bootstrap", "mount-bpffs", "hostpath-init"}
)
#: container -> app of the pods it runs in, for the others
_APP_OF = {
    "calico-typha": "calico-typha",
    "calico-kube-controllers": "calico-kube-controllers",
    "tigera-operator": "tigera-operator",
    "calico-apiserver": "calico-apiserver",
}
_PLACED = frozenset(
    {"log", "kubectl-error", "birdcl", "node-status", "ip-route", "ip-link", "packet-filter", "kubelet-journal", "ipam"}
)
#: members of the mesh that a list must name before the one it leaves out is taken for its own
LEAST_PEERS = 2
_ADDRESS = lazy_pattern(r"\d{1,3}(?:\.\d{1,3}){3}")
_TOKEN = lazy_pattern(r"[a-z0-9]+")
_IN_ERROR = lazy_pattern(
    r"containerLogs/(?P<namespace>[a-z0-9-]{1,63})/(?P<pod>[a-z0-9.-]{1,253})/(?P<container>[a-z0-9-]{1,63})"
)
_WAITING = lazy_pattern(r'container "?(?P<container>[a-z0-9-]{1,63})"? in pod "?(?P<pod>[a-z0-9.-]{1,253})"?')
_NO_POD = lazy_pattern(r'pods? "(?P<pod>[a-z0-9.-]{1,253})" not found')


class Output(Struct):
    """One output of a command: a file, or a part of a pasted one, with what was read from it.

    Attributes:
        file: its row of the files table; of a part of a session a row of its own.
        source: what was known of it before it was parsed.
        kind: what it was recognised as.
        parsed: what was read from it.
    """

    file: FileRow
    source: Source
    kind: str
    parsed: Parsed


class _Pod(Struct):
    node: str = ""
    namespace: str = ""
    app: str = ""
    containers: frozenset[str] = frozenset()
    described: bool = False


class Known:
    """The pods and nodes that the bundle's lists, describe outputs and objects show."""

    def __init__(self, outputs: Iterable[Output]) -> None:
        self.pods: dict[str, _Pod] = defaultdict(_Pod)
        self.nodes: set[str] = set()
        self.aliases: dict[str, str] = {}
        for output in outputs:
            self._read(output.parsed)
        self.addresses = {name for name in (*self.nodes, *self.aliases) if _ADDRESS.fullmatch(name)}

    @cached_property
    def _by_suffix(self) -> dict[str, set[str]]:
        """Names of pods by their random end; only files without a name of their own ask for it."""
        found: dict[str, set[str]] = defaultdict(set)
        for name in self.pods:
            found[name.rpartition("-")[2]].add(name)
        return found

    def _read(self, parsed: Parsed) -> None:
        for node in parsed.nodes:
            self.nodes.add(node.node)
            addresses = (node.internal_ip, node.calico_ip.partition("/")[0], node.node.partition(".")[0])
            for alias in addresses:
                if alias and not (alias == addresses[2] and alias.isdigit()):
                    self.aliases.setdefault(alias, node.node)
            for entry in node.pods_on_node:
                namespace, _, name = entry.partition("/")
                pod = self.pods[name]
                pod.namespace, pod.node = pod.namespace or namespace, pod.node or node.node
        for row in parsed.pods:
            pod = self.pods[row.pod]
            pod.namespace, pod.app = pod.namespace or row.namespace, pod.app or row.app
            if row.node and row.node != "<none>":
                pod.node = pod.node or row.node
        for container in parsed.containers:
            pod = self.pods[container.pod]
            if container.container not in pod.containers:
                pod.containers |= {container.container}
            pod.described = True
            pod.namespace, pod.node = pod.namespace or container.namespace, pod.node or container.node

    def node(self, name: str) -> str:
        """The node's name as the lists have it, where a log names it by its address or short name."""
        if not name or name in self.nodes:
            return name
        return self.aliases.get(name) or self.aliases.get(name.partition(".")[0]) or name

    def in_path(self, path: str) -> str:
        """The only known pod of which a file's or folder's name holds at least the random end."""
        for part in reversed(re.split(r"[/!]", path.lower())):
            found: set[str] = set()
            for token in _TOKEN.findall(part):
                if len(token) == 5:
                    found |= self._by_suffix.get(token, set())
            whole = {name for name in found if name in part}
            found = whole or found
            if len(found) == 1:
                return next(iter(found))
        return ""

    def node_in_path(self, path: str) -> str:
        """The only known node that a file's or folder's name holds, by name or by address."""
        for part in reversed(re.split(r"[/!]", path)):
            words = part.replace("_", " ")
            held = {
                name
                for name in (*self.nodes, *self.aliases)
                if name in part and re.search(rf"(?<![\w.]){re.escape(name)}(?!\w|\.\d)", words)
            }
            # "describe-kube-w1" names kube-w1, not also w1
            names = {self.node(name) for name in held if not any(name != other and name in other for other in held)}
            if len(names) == 1:
                return names.pop()
        return ""

    def node_left_out(self, peers: Set[str]) -> str:
        """The worker whose own list of mesh peers this must be: the only one that the list leaves out."""
        known = peers & self.addresses
        left = {self.node(address) for address in self.addresses} - {self.node(address) for address in known}
        return left.pop() if len(left) == 1 and len(known) >= LEAST_PEERS else ""

    def candidates(self, container: str) -> list[str]:
        """The pods that a container of this name may belong to; those described say it themselves."""
        having = [name for name, pod in self.pods.items() if container and container in pod.containers]
        if having:
            return having
        if container in _APP_OF:
            app = _APP_OF[container]
            return [name for name, pod in self.pods.items() if pod.app == app or name.startswith(f"{app}-")]
        if container in _AGENT_CONTAINERS:
            return [name for name, pod in self.pods.items() if is_agent(name, pod.app)]
        return []


def is_agent(name: str, app: str = "") -> bool:
    """Whether a pod is the calico-node of a worker."""
    return (app in _AGENT_APPS or name.startswith(_AGENT_NAMES)) and not name.startswith("calico-node-windows")


def attribute(outputs: Sequence[Output]) -> None:
    """Fill namespace, pod, container and node of outputs and of the rows read from them, where they follow.

    The pod comes from the path or the command; else from a known pod that the path names by its random end; else
    from the node that the path, the text itself or its address names; else it is the only pod in the bundle that
    the container can belong to, or the only one that the files of the same folder are about. A pod's node comes from
    lists, describe outputs and objects. Rows are changed in place.
    """
    known = Known(outputs)
    for output in outputs:
        if output.kind in _PLACED:
            _own_words(output, known)
    by_folder = _pods_by_folder(outputs)
    for output in outputs:
        if output.kind in _PLACED:
            _place(output, known, by_folder)
    for output in outputs:
        _fill(output, known)


def _own_words(output: Output, known: Known) -> None:
    """What the path and the text say of themselves."""
    file, facts = output.file, output.parsed.facts
    if output.kind == "kubectl-error":
        error = facts.get("error", "")
        for pattern in (_IN_ERROR, _WAITING, _NO_POD):
            if match := pattern.search(error):
                for key, value in match.groupdict().items():
                    setattr(file, key, getattr(file, key) or value)
                break
    file.pod = file.pod or facts.get("pod", "")
    file.container = file.container or facts.get("container", "")
    if not file.pod:
        file.pod = known.in_path(file.path)
    file.node = known.node(file.node)
    if not file.node and file.pod in known.pods:
        file.node = known.pods[file.pod].node
    if not file.node:
        words = facts.get("node", "") or facts.get("autodetected_ip", "").partition("/")[0]
        named = known.node(words)
        file.node = named if facts.get("node") or named in known.nodes else ""
    if not file.node and not file.pod:
        file.node = known.node_in_path(file.path)
    if not file.node and not file.pod and output.kind in ("birdcl", "node-status"):
        file.node = known.node_left_out({row.peer for row in output.parsed.bgp})


def _place(output: Output, known: Known, by_folder: dict[str, set[str]]) -> None:
    """The pod, where it follows from the node, from the container or from the files beside."""
    file = output.file
    of_bird = output.kind in ("birdcl", "node-status")
    if not file.pod and (output.kind in ("log", "kubectl-error") or (of_bird and file.node)):
        wanted = "calico-node" if of_bird else file.container
        candidates = known.candidates(wanted)
        beside = by_folder.get(_folder(file.path), set())
        if file.node:
            candidates = [name for name in candidates if known.pods[name].node == file.node]
        elif len(beside & set(candidates)) == 1:
            candidates = list(beside & set(candidates))
        elif len(candidates) > 1:
            described = [name for name in candidates if known.pods[name].described]
            candidates = described if len(described) == 1 and wanted in _AGENT_CONTAINERS else candidates
        if len(candidates) == 1:
            file.pod = candidates[0]
    pod = known.pods.get(file.pod)
    if pod is not None:
        file.node = file.node or pod.node
        file.namespace = file.namespace or pod.namespace


def _folder(path: str) -> str:
    return re.split(r"[/!](?=[^/!]*$)", path)[0] if re.search(r"[/!]", path) else ""


def _pods_by_folder(outputs: Iterable[Output]) -> dict[str, set[str]]:
    """The node agents that the files of each folder (other than the bundle's own) are about."""
    found: dict[str, set[str]] = defaultdict(set)
    for output in outputs:
        folder = _folder(output.file.path)
        if not folder:
            continue
        if output.file.pod:
            found[folder].add(output.file.pod)
        if output.kind in ("describe", "objects") and len(output.parsed.pods) == 1:
            found[folder].add(output.parsed.pods[0].pod)
    return found


def _of_one_object(file: FileRow, parsed: Parsed) -> None:
    """A file that shows one pod, or one node, is about it."""
    if len(parsed.pods) == 1 and not parsed.nodes:
        pod = parsed.pods[0]
        file.pod, file.namespace, file.node = pod.pod, pod.namespace or file.namespace, pod.node or file.node
    elif len(parsed.nodes) == 1 and not parsed.pods:
        file.node = file.node or parsed.nodes[0].node


#: settings that commands on a worker print: their name is the worker's
_OF_HOSTS = frozenset({"RoutingRule", "Link"})


def _fill(output: Output, known: Known) -> None:
    file, parsed = output.file, output.parsed
    own = output.kind in _PLACED
    if output.kind in ("describe", "objects"):
        _of_one_object(file, parsed)
    for line in parsed.log_lines:
        # a file that holds the logs of several pods says on each line whose it is
        line.pod = line.pod or file.pod
        line.container = line.container or file.container
        mine = known.pods.get(line.pod)
        # the API knows best where a pod runs; a log says what its calico-node takes for the worker's name
        line.node = (mine.node if mine else "") or known.node(line.node)
        line.node = line.node or (file.node if line.pod == file.pod else "")
        line.namespace = line.namespace or (mine.namespace if mine else "")
        line.namespace = line.namespace or (file.namespace if line.pod == file.pod else "")
    for change in parsed.bgp:
        change.pod = change.pod or (file.pod if own else "")
        mine = known.pods.get(change.pod)
        change.node = known.node(change.node) or (mine.node if mine else "")
        change.node = change.node or (file.node if change.pod == file.pod else "")
    for route in parsed.routes:
        route.node = known.node(route.node) or file.node
    for setting in parsed.settings:
        if not setting.name and setting.kind in _OF_HOSTS:
            setting.name = file.node or known.node_in_path(file.path)
    rows: list[ReadinessRow | ContainerRow | PodRow] = [*parsed.readiness, *parsed.containers, *parsed.pods]
    for row in rows:
        mine = known.pods.get(row.pod)
        if mine is not None:
            row.node = row.node or mine.node
            row.namespace = row.namespace or mine.namespace
    for event in parsed.events:
        kind = event.object_kind.lower()
        if kind in ("pod", "pods", "po"):
            mine = known.pods.get(event.object)
            if mine is not None:
                event.namespace = event.namespace or mine.namespace
                event.node = event.node or mine.node
        elif kind in ("node", "nodes", "no"):
            event.node = event.node or known.node(event.object)
