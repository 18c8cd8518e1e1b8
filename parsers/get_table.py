"""``kubectl get`` tables (also ``oc get``, ``kubectl top``, ``kubectl events``), one or many in a text."""

from __future__ import annotations

import re
from collections.abc import Callable

from parsers.ages import age_seconds, event_age
from parsers.lazy_pattern import lazy_pattern
from parsers.node_facts import apply_labels
from parsers.pod_app import pod_app
from parsers.readiness import readiness_rows
from parsers.resource_kinds import CLUSTER_KINDS, kind_of, kind_of_columns, kind_of_path
from parsers.rows import DaemonSetRow, EventRow, ListingRow, NodeRow, PodRow, SettingRow
from parsers.source import Parsed, Source
from parsers.table_shapes import with_columns
from parsers.table_text import Table, each_row, read_tables

_RESTARTS = lazy_pattern(r"(\d{1,9})(?: \((\S+) ago\))?")
_FIELD_PATH = lazy_pattern(r"spec\.(?:c|initC|ephemeralC)ontainers\{([^{}]{1,253})\}")
_READY = {"Ready": "True", "NotReady": "False", "Unknown": "Unknown"}
#: columns of `-L <label>` (last part of the label) and of `-o wide`, and where they go
_NODE_COLUMNS = {
    "VERSION": "kubelet_version",
    "INTERNAL-IP": "internal_ip",
    "INTERNAL": "internal_ip",
    "CALICO": "calico_ip",
    "OS-IMAGE": "os_image",
    "KERNEL-VERSION": "kernel",
    "CONTAINER-RUNTIME": "runtime",
    "ROLES": "roles",
    "ZONE": "zone",
    "REGION": "region",
    "WORKER-POOL-NAME": "pool",
    "SUBNET-ID": "subnet",
    "PRIVATEVLAN": "private_vlan",
    "PUBLICVLAN": "public_vlan",
    "WORKER-VERSION": "worker_version",
}
_DEPLOYMENT_COLUMNS = {"UP-TO-DATE": "status.updatedReplicas", "AVAILABLE": "status.availableReplicas"}


def parse_get_table(text: str, source: Source) -> Parsed:
    """Read all tables of a text.

    Nodes, pods, daemonsets and events become rows of their tables; objects of other kinds settings: one
    with an empty key for the object and one a cell (key = lower-case heading). Every table gives a row of
    listings; see :func:`is_complete` for when it counts as complete. A table whose kind neither its
    headings, a prompt in front nor the file's name tell is of kind "".
    """
    parsed = Parsed()
    tables, left = read_tables(text.split("\n"), source.first_line, source.command)
    parsed.problems.extend(f"not part of a table: {line.strip()[:120]!r}" for line in left[:20])
    for table in tables:
        bare = not table.columns and not table.none_found
        known = with_columns(table, parsed.problems) if bare else table
        if known is not None:
            _table(parsed, known, source)
    return parsed


def _table(parsed: Parsed, table: Table, source: Source) -> None:
    kind = kind_of_columns(table.columns) or table.command.kind
    names = [row.get("NAME", "") for _, row in each_row(table)]
    prefixed = {kind_of(name.partition("/")[0]) for name in names if "/" in name}
    if len(prefixed) == 1 and "" not in prefixed:
        kind = prefixed.pop()
    kind = kind or kind_of_path(source.path)
    namespace = table.command.namespace or source.namespace
    if "NAMESPACE" in table.columns:
        namespace = "*"
    elif kind in CLUSTER_KINDS:
        namespace = ""
    before = len(parsed.pods)
    reader = _READERS.get(kind)
    count = reader(parsed, table, source, namespace) if reader else _others(parsed, table, source, namespace, kind)
    apps = {pod.app for pod in parsed.pods[before:]}
    complete = is_complete(kind, namespace, count, apps, table, source)
    parsed.listings.append(ListingRow(source.path, table.line, kind, namespace, count, complete))


def is_complete(kind: str, namespace: str, count: int, apps: set[str], table: Table, source: Source) -> bool:
    """Judge whether a table lists all objects of its kind, so that absence from it means something.

    With the command in front: yes, unless it selects (a name, a label, a field) or is piped through a
    filter. Without it: a table of one row may be a single object asked for by name, so no. Pods of one
    application only may be selected by label, so no; pods of all namespaces that are all Calico's may be
    filtered by ``grep``, so no. "No resources found" is complete unless the file's name speaks of an
    application, which hints at a selector.
    """
    if table.command.known:
        return not table.command.filtered
    if table.none_found:
        name = source.path.rpartition("/")[2].replace("calico-system", "").lower()
        return not re.search(r"calico|typha|tigera", name)
    if not table.columns or count < 2:
        return False
    if kind == "Pod":
        ours = all(re.search(r"calico|tigera|typha", app) for app in apps)
        return len(apps) > 1 and not (namespace == "*" and ours)
    return kind != "Event"


def _namespace(row: dict[str, str], namespace: str) -> str:
    return row.get("NAMESPACE") or ("" if namespace == "*" else namespace)


def _name(row: dict[str, str]) -> str:
    return row.get("NAME", "").rpartition("/")[2]


def _labels(row: dict[str, str]) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in row.get("LABELS", "").split(",") if "=" in pair)
    return {key: value for key, _, value in pairs}


def _integer(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _nodes(parsed: Parsed, table: Table, source: Source, namespace: str) -> int:
    count = 0
    for line, row in each_row(table):
        if not _name(row):
            continue
        states = row.get("STATUS", "").split(",")
        node = NodeRow(file=source.path, line=line, node=_name(row), ready=_READY.get(states[0], ""))
        node.cordoned = "SchedulingDisabled" in states if states[0] else None
        node.age_s = age_seconds(row.get("AGE", ""))
        for column, name in _NODE_COLUMNS.items():
            if row.get(column, ""):
                setattr(node, name, row[column])
        node.labels = _labels(row)
        apply_labels(node)
        parsed.nodes.append(node)
        count += 1
    return count


def _pods(parsed: Parsed, table: Table, source: Source, namespace: str) -> int:
    count = 0
    for line, row in each_row(table):
        name = _name(row)
        if not name:
            continue
        pod = PodRow(file=source.path, line=line, namespace=_namespace(row, namespace), pod=name)
        pod.phase, pod.ready = row.get("STATUS", ""), row.get("READY", "")
        pod.node, pod.ip = row.get("NODE", ""), row.get("IP", "")
        pod.deleted = pod.phase == "Terminating" if pod.phase else None
        restarts = _RESTARTS.fullmatch(row.get("RESTARTS", ""))
        if restarts:
            pod.restarts = int(restarts[1])
            pod.last_restart_age_s = age_seconds(restarts[2] or "")
        pod.age_s = age_seconds(row.get("AGE", ""))
        pod.labels = _labels(row)
        pod.app = pod_app(name, pod.labels, "", pod.node)
        parsed.pods.append(pod)
        count += 1
    return count


def _daemonsets(parsed: Parsed, table: Table, source: Source, namespace: str) -> int:
    count = 0
    for line, row in each_row(table):
        if not _name(row):
            continue
        parsed.daemonsets.append(
            DaemonSetRow(
                file=source.path,
                line=line,
                namespace=_namespace(row, namespace),
                daemonset=_name(row),
                desired=_integer(row.get("DESIRED", "")),
                current=_integer(row.get("CURRENT", "")),
                ready=_integer(row.get("READY", "")),
                updated=_integer(row.get("UP-TO-DATE", "")),
                available=_integer(row.get("AVAILABLE", "")),
                age_s=age_seconds(row.get("AGE", "")),
                node_selector=row.get("NODE SELECTOR", "").replace("<none>", ""),
            )
        )
        count += 1
    return count


def _events(parsed: Parsed, table: Table, source: Source, namespace: str) -> int:
    found: list[EventRow] = []
    for line, row in each_row(table):
        age = event_age(row.get("LAST SEEN", ""))
        kind, slash, name = row.get("OBJECT", "").partition("/")
        if age is None or not slash:
            parsed.problems.append(f"line {line}: not the row of an event")
            continue
        count = _integer(row.get("COUNT", ""))
        first = age_seconds(row.get("FIRST SEEN", "")) if "FIRST SEEN" in row else age.first_age_s
        event = EventRow(
            file=source.path,
            line=line,
            object_kind=kind_of(kind) or kind,
            object=name,
            namespace=_namespace(row, namespace),
            type=row.get("TYPE", ""),
            reason=row.get("REASON", ""),
            age_s=age.age_s,
            first_age_s=first,
            count=age.count if count is None else count,
            message=row.get("MESSAGE", ""),
        )
        event.source, _, host = row.get("SOURCE", "").partition(", ")
        event.node = name if event.object_kind == "Node" else host
        path = _FIELD_PATH.fullmatch(row.get("SUBOBJECT", ""))
        event.container = path[1] if path else ""
        found.append(event)
    for event in found:
        event.message = event.message.strip()
        parsed.readiness.extend(readiness_rows(event))
    parsed.events.extend(found)
    return len(found)


#: columns of calicoctl's tables -> the names that the object has for them (calicoctl/resourcemgr)
_CALICOCTL_COLUMNS = {
    "BGPConfiguration": {"MESHENABLED": "spec.nodeToNodeMeshEnabled", "ASNUMBER": "spec.asNumber"},
    "BGPPeer": {"PEERIP": "spec.peerIP", "NODE": "spec.node", "ASN": "spec.asNumber"},
}


def _others(parsed: Parsed, table: Table, source: Source, namespace: str, kind: str) -> int:
    count = 0
    for line, row in each_row(table):
        name = _name(row)
        if not name:
            continue
        home = _namespace(row, namespace)
        parsed.settings.append(SettingRow(source.path, line, kind, home, name))
        keys = _CALICOCTL_COLUMNS.get(kind, {})
        cells = {
            keys.get(column, column.lower()): value
            for column, value in row.items()
            if column not in ("NAME", "NAMESPACE")
        }
        if kind == "Deployment":
            cells |= _replicas(row)
        parsed.settings.extend(
            SettingRow(source.path, line, kind, home, name, column, value) for column, value in cells.items() if value
        )
        count += 1
    return count


def _replicas(row: dict[str, str]) -> dict[str, str]:
    """The counts of a Deployment under the names that its object has for them."""
    counts = {key: row[column] for column, key in _DEPLOYMENT_COLUMNS.items() if row.get(column)}
    ready, slash, wanted = row.get("READY", "").partition("/")
    return counts | ({"status.readyReplicas": ready, "spec.replicas": wanted} if slash else {})


_READERS: dict[str, Callable[[Parsed, Table, Source, str], int]] = {
    "Node": _nodes,
    "Pod": _pods,
    "DaemonSet": _daemonsets,
    "Event": _events,
}
