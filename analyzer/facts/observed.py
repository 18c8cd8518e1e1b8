"""What the cross-checks look up again and again: one row an object where several files show it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from msgspec.structs import replace

from analyzer.facts.fact import Fact
from analyzer.inventory import number, text
from analyzer.tables import Tables
from parsers.lazy_pattern import lazy_pattern

#: pods of Calico itself, by the beginning of their names (manifest and operator installations, Canal)
CALICO_PODS = ("calico-", "canal-", "rke2-canal-", "tigera-operator-", "csi-node-driver-")
NODE_AGENT_PODS = ("calico-node-", "canal-", "rke2-canal-")
#: file of a stack frame, and files that Calico's programs have frames in as well
_FRAME = lazy_pattern(r"\n\s{1,8}(/\S{1,300}\.go):\d")
_SHARED_OR_CALICO = lazy_pattern(r"calico|tigera|felix|typha|confd|/go/(?:src|pkg)/|github\.com|k8s\.io|golang\.org")
PROBE_TIMEOUT = lazy_pattern(
    r"timed out|context deadline exceeded|Client\.Timeout|i/o timeout|deadline exceeded"
    r"|probe failed:\s*$|request canceled \(",
    re.IGNORECASE,
)


def truth(value: Any) -> bool | None:
    """The cell as a truth value, None for a missing one."""
    return None if value is None or value != value else bool(value)


#: what a journal calls programs of the host (its syslog identifiers)
HOST_PROGRAMS = frozenset(
    {
        "containerd", "dockerd", "docker", "crio", "cri-o", "cri-dockerd", "kubelet", "k3s", "k3s-agent", "rke2",
        "kube-apiserver", "kube-proxy", "kube-scheduler", "kube-controller-manager", "haproxy", "keepalived", "systemd",
        "podman", "runc", "snapd", "flanneld", "NetworkManager", "cloud-init", "node_exporter", "consul", "k0s", "etcd",
    }
)  # fmt: skip


def seconds_before(collected: Any, moment: Any) -> float | None:
    """Seconds from ``moment`` to the collection, None where either is unknown."""
    if collected is None or moment is None:
        return None
    return float((collected - moment).total_seconds())


def node_rows(tables: Tables) -> dict[str, Any]:
    """Give the telling row of each node: a description before a line of a list, the first of equals."""
    found: dict[str, Any] = {}
    for row in tables.rows.nodes:
        known = found.get(row.node)
        if known is None or (not known.labels and row.labels):
            found[row.node] = row
    return found


def condition_rows(tables: Tables, type_: str = "Ready") -> dict[str, Any]:
    """Give the newest condition of a type for each node."""
    found: dict[str, Any] = {}
    for row in tables.rows.node_conditions:
        if row.type != type_:
            continue
        known = found.get(row.node)
        if known is None or _later(row.last_heartbeat, known.last_heartbeat):
            found[row.node] = row
    return found


def _later(one: Any, other: Any) -> bool:
    return one is not None and (other is None or one > other)


def once(rows: Iterable[Any]) -> list[Any]:
    """Events without those that another file shows too (``describe`` beside ``get events``).

    Of the files that show events of one object and reason, only the one that counts most is kept.
    """
    by_subject: dict[tuple[str, str, str], dict[str, list[Any]]] = {}
    for row in rows:
        subject = (text(row.object_kind), text(row.object), text(row.reason))
        by_subject.setdefault(subject, {}).setdefault(_collection(row.file), []).append(row)
    kept: list[Any] = []
    for files in by_subject.values():
        kept.extend(max(files.values(), key=occurrences))
    return kept


def _collection(file: str) -> str:
    """What shows events together: a file, or the folder of a collector that writes one object a file."""
    return file.rpartition("/")[0] if file.endswith((".yaml", ".yml", ".json")) and "/" in file else file


def occurrences(rows: Iterable[Any]) -> int:
    """How often it happened, the counts of aggregated events included."""
    return sum(int(number(row.count) or 1) for row in rows)


def places(rows: Iterable[Any], limit: int = 8) -> tuple[tuple[str, int], ...]:
    """File and line of the rows, for ``Fact.also``."""
    return tuple((row.file, int(row.line)) for row in list(rows)[:limit])


def is_timeout(event: Any) -> bool:
    """Whether an Unhealthy event says only that the probe got no answer in time."""
    message = text(event.message)
    if "rpc error" in message:  # the runtime did not answer, not the probe
        return False
    return bool(PROBE_TIMEOUT.search(message)) and "is not ready" not in message and "not live" not in message


def of_calico(pod: str) -> bool:
    """Whether the pod is one of Calico's own."""
    return pod.startswith(CALICO_PODS)


def foreign_trace(message: str) -> bool:
    """Whether the words are a Go stack trace with frames of some other program only.

    Frames of the Go runtime or of libraries tell nothing: Calico's own may stand further down.
    """
    frames = _FRAME.findall(message)
    return bool(frames) and not any(_SHARED_OR_CALICO.search(frame) for frame in frames)


def of_host_program(row: Any) -> bool:
    """Whether a journal's line is of a program of the host, like the kubelet or the runtime: its faults are its own."""
    return not row.pod and getattr(row, "component", "") in HOST_PROGRAMS


def of_node_agent(pod: str) -> bool:
    """Whether the pod is the calico-node of a worker."""
    return pod.startswith(NODE_AGENT_PODS) and not pod.startswith("calico-node-windows")


def shown(items: Iterable[str], limit: int = 5) -> str:
    """The names, joined; beyond ``limit`` only their number."""
    names = sorted(set(items))
    return ", ".join(names[:limit]) + (f" and {len(names) - limit} more" if len(names) > limit else "")


def each_place(fact: Fact) -> Iterator[Fact]:
    """The fact once for each of its places, so that every row that shows it is quoted."""
    yield fact
    for file, line in fact.also:
        yield replace(fact, file=file, line=line, also=())
