"""What the bundle lacks of what the runbook asks for, why it matters here, and the command that brings it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from analyzer.cluster import Cluster
from analyzer.inventory import Inventory, PodState
from analyzer.remediation import names_for
from analyzer.tables import Tables

if TYPE_CHECKING:
    from analyzer.report.model import CauseResult

MOST_WORKERS = 3
SURE = 0.8  # a cause said to be this likely needs nothing more to be acted on
BIRD_SOCKET = "/var/run/calico/bird.ctl"


class Missing(Struct, frozen=True):
    """One gap: the item, why it matters for these causes, the exact command."""

    item: str
    why: str
    command: str


def missing_items(
    tables: Tables,
    inventory: Inventory,
    cluster: Cluster,
    families: Iterable[str],
    failed_logs: Mapping[str, str],
) -> list[Missing]:
    """Check the runbook's six items for the workers in trouble, then what the findings call for.

    Args:
        tables: the bundle's tables.
        inventory: its workers and pods.
        cluster: its platform and versions.
        families: families of the causes in question.
        failed_logs: path -> error text of log files that hold only kubectl's error.
    """
    found: list[Missing] = []
    bad = [name for name in inventory.agents if inventory.is_bad(name)]
    bad += [name for name in inventory.workers if inventory.is_bad(name) and name not in bad]
    for node in bad[:MOST_WORKERS] or [""]:
        found.extend(_runbook_items(tables, inventory, cluster, node))
    found.extend(_lists(inventory, cluster))
    found.extend(_for_families(tables, cluster, inventory, bad, set(families)))
    for path, error in failed_logs.items():
        found.append(Missing(path, f"the file holds only an error, no log: {error[:160]}", ""))
    unique: dict[str, Missing] = {}
    for item in found:
        unique.setdefault(item.item, item)
    return list(unique.values())


def deciding_items(causes: Sequence[CauseResult]) -> list[Missing]:
    """What would decide between the first two causes, where neither is sure and neither follows from the other."""
    rivals = [cause for cause in causes[:3] if cause.confidence != "unlikely"][:2]
    if not rivals or rivals[0].probability >= SURE:
        return []
    if len(rivals) == 2 and rivals[1].id in rivals[0].explains:
        return []
    between = " and ".join(cause.id for cause in rivals)
    why = f"would decide between {between}" if len(rivals) == 2 else f"would confirm or refute {between}"
    return [Missing(step.text, why, step.command) for cause in rivals for step in cause.confirm[:2] if step.command]


def _logs_of(tables: Tables, pod: str, container: str) -> bool:
    return any(
        row.kind == "log" and row.container == container and row.lines > 0 and (not pod or row.pod == pod)
        for row in tables.rows.files
    )


def _runbook_items(tables: Tables, inventory: Inventory, cluster: Cluster, node: str) -> list[Missing]:
    names = names_for(cluster, inventory, [node] if node else [])
    agent = inventory.agents.get(node)
    pod = agent.name if agent else ""
    cli, namespace, shown = names["cli"], names["namespace"], names["pod"]
    found: list[Missing] = []
    if not any(not pod or row.pod == pod for row in tables.rows.containers):
        found.append(
            Missing(
                f"describe pod of {pod or 'the calico-node pod in trouble'}",
                "its container states, exit codes and probe events say how calico-node fails",
                f"{cli} describe pod -n {namespace} {shown}",
            )
        )
    if not any(not node or row.node == node for row in tables.rows.node_conditions):
        found.append(
            Missing(
                f"describe node of {node or 'the worker in trouble'}",
                "its conditions tell a worker that lost the master from one where only calico-node fails",
                f"{cli} describe node {names['node']}",
            )
        )
    if not _logs_of(tables, pod, "calico-node"):
        found.append(
            Missing(
                f"calico-node log of {pod or 'the pod in trouble'}",
                "felix, confd, BIRD and the start-up name the reason there",
                f"{cli} logs -n {namespace} {shown} -c calico-node > {shown}.log",
            )
        )
    if not _logs_of(tables, pod, "install-cni"):
        found.append(
            Missing(
                f"install-cni log of {pod or 'the pod in trouble'}",
                "tells whether the CNI binaries and config were written",
                f"{cli} logs -n {namespace} {shown} -c install-cni > {shown}-cni.log",
            )
        )
    found.extend(_extension_item(tables, cluster, pod, names))
    if agent and _crashing(agent) and not _has_previous(tables, pod):
        found.append(
            Missing(
                f"previous calico-node log of {pod}",
                "the container is crashing: its last words are in the log of the terminated one",
                f"{cli} logs -n {namespace} {shown} -c calico-node --previous > {shown}-previous.log",
            )
        )
    return found


def _extension_item(tables: Tables, cluster: Cluster, pod: str, names: Mapping[str, str]) -> list[Missing]:
    why = "shows whether the worker's HostEndpoint could be set up; it needs the cluster master"
    if cluster.platform in ("other", "unknown") or _logs_of(tables, "", "calico-extension"):
        return []
    if cluster.before_operator:
        command = f"{names['cli']} logs -n kube-system {names['pod']} -c calico-extension > {names['pod']}-ext.log"
        return [Missing(f"calico-extension log of {pod or 'the pod in trouble'}", why, command)]
    command = (
        f"{names['cli']} logs -n kube-system <ibm-keepalived-watcher-XXXXX> -c calico-extension"
        " > ibm-keepalived-watcher-XXXXX-ext.log"
    )
    return [Missing("calico-extension log of ibm-keepalived-watcher on the worker", why, command)]


def _crashing(agent: PodState) -> bool:
    return agent.healthy is False and ((agent.restarts or 0) > 0 or agent.status == "CrashLoopBackOff")


def _has_previous(tables: Tables, pod: str) -> bool:
    return any(row.previous and row.pod == pod for row in tables.rows.log_lines) or any(
        "previous" in row.path.lower() for row in tables.rows.files
    )


def _lists(inventory: Inventory, cluster: Cluster) -> list[Missing]:
    cli = "oc" if cluster.openshift else "kubectl"
    found = []
    if len(inventory.workers) < 2:
        found.append(
            Missing(
                "list of all workers",
                "one worker alone cannot tell a broken worker from a broken cluster",
                f"{cli} get nodes -o wide --show-labels > nodes.txt",
            )
        )
    if len(inventory.agents) < 2:
        found.append(
            Missing(
                "list of all calico pods",
                "shows whether one, some or all calico-node and typha pods are in trouble",
                f"{cli} get pods -A -o wide > pods.txt",
            )
        )
    return found


def _for_families(
    tables: Tables, cluster: Cluster, inventory: Inventory, bad: list[str], families: set[str]
) -> list[Missing]:
    names = names_for(cluster, inventory, bad[:1])
    cli, namespace, pod = names["cli"], names["namespace"], names["pod"]
    found = []
    if "bgp" in families and not any(row.origin in ("birdcl", "node-status") for row in tables.rows.bgp):
        found.append(
            Missing(
                "birdcl show protocols",
                "BIRD logs no failed connection: only its protocol list tells refused from silent peers",
                f"{cli} exec -n {namespace} {pod} -c calico-node -- birdcl -s {BIRD_SOCKET} show protocols all",
            )
        )
    if "bgp" in families and not any(row.kind in ("BGPConfiguration", "BGPPeer") for row in tables.rows.settings):
        found.append(
            Missing(
                "BGPConfiguration and BGPPeer objects",
                "a mesh that is off, a password or a peer selector is configured there",
                f"{cli} get bgpconfigurations.crd.projectcalico.org,bgppeers.crd.projectcalico.org -o yaml",
            )
        )
    if "typha" in families and not _logs_of(tables, "", "calico-typha"):
        found.append(
            Missing(
                "calico-typha logs",
                "tell whether typha itself fails or cannot be reached",
                f"{cli} logs -n {namespace} -l k8s-app=calico-typha --tail=-1 --prefix > typha.log",
            )
        )
    return found
