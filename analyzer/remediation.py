"""The repair steps of a cause, for this platform and with this bundle's names filled in."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from analyzer.catalogue import Catalogue, Step
from analyzer.cluster import Cluster
from analyzer.inventory import Inventory
from parsers.lazy_pattern import lazy_pattern

#: what a placeholder reads where the bundle does not tell its value
UNKNOWN = {
    "node": "<WORKER_NODE_NAME>",
    "pod": "<CALICO_NODE_POD>",
    "namespace": "<kube-system|calico-system>",
    "cluster": "<CLUSTER_NAME>",
    "worker": "<WORKER_ID>",
    "zone": "<ZONE>",
    "region": "<REGION>",
    "peer": "<PEER_ADDRESS>",
}
_ADMIN = lazy_pattern(r"\boc (cordon|uncordon|drain|taint|top)\b")
_DEBUG = lazy_pattern(r"(\bkubectl debug node/\S+) --(?= )")
_PLACEHOLDER = lazy_pattern(r"\{([a-z_]+)\}")


class FilledStep(Struct, frozen=True):
    """One step as the report shows it."""

    text: str
    command: str
    risk: str


def names_for(cluster: Cluster, inventory: Inventory, affected: Iterable[str], peer: str = "") -> dict[str, str]:
    """Give the placeholder values for commands about the first of the affected workers.

    Values come from a customer's files and go into shell commands, so each is quoted for the shell.
    """
    nodes = list(affected)
    node = nodes[0] if nodes else ""
    worker = inventory.workers.get(node)
    pod = inventory.agents.get(node)
    openshift = cluster.openshift
    namespace = (pod.namespace if pod else "") or cluster.calico_namespace
    if not namespace and cluster.platform != "unknown":
        namespace = "kube-system" if cluster.before_operator else "calico-system"
    values = {
        "node": node,
        "pod": pod.name if pod else "",
        "namespace": namespace,
        "cluster": cluster.name,
        "worker": worker.facts.get("worker_id", "") if worker else "",
        "zone": worker.facts.get("zone", "") if worker else "",
        "region": worker.facts.get("region", "") if worker else "",
        "peer": peer,
    }
    filled = {key: shlex.quote(value) if value else UNKNOWN[key] for key, value in values.items()}
    filled["cli"] = "oc" if openshift else "kubectl"
    filled["ibmcloud"] = "ibmcloud oc" if openshift else "ibmcloud ks"
    return filled


def fill(template: str, names: Mapping[str, str]) -> str:
    """Replace known ``{placeholders}``; other braces (JSON, jsonpath) stay as they are.

    Words that the two clients spell differently are put right: ``oc adm cordon``, and the image that
    ``kubectl debug`` of a node needs and ``oc debug`` does not.
    """
    text = _PLACEHOLDER.sub(lambda match: names.get(match.group(1), match.group(0)), template)
    if names.get("cli") == "oc":
        return _ADMIN.sub(r"oc adm \1", text)
    return _DEBUG.sub(r"\1 -it --image=busybox --", text)


def steps_for(
    catalogue: Catalogue, steps: Iterable[Step], cluster: Cluster, names: Mapping[str, str]
) -> list[FilledStep]:
    """Give the steps that apply on this platform, named lists put in place, without repeats."""
    filled: list[FilledStep] = []
    for step in _expand(catalogue, steps):
        if not _applies(step, cluster):
            continue
        item = FilledStep(fill(step.text, names), fill(step.command, names), step.risk)
        if item not in filled:
            filled.append(item)
    return filled


def _expand(catalogue: Catalogue, steps: Iterable[Step], depth: int = 0) -> Iterable[Step]:
    for step in steps:
        if not step.use:
            yield step
            continue
        if step.text:
            yield replace(step, use="")
        if depth < 3:  # a ladder may use another one; no deeper, so that a loop ends
            yield from _expand(catalogue, catalogue.ladders[step.use], depth + 1)


def _applies(step: Step, cluster: Cluster) -> bool:
    if step.platforms and cluster.platform != "unknown" and cluster.platform not in step.platforms:
        return False
    if step.when and cluster.platform not in ("unknown",):
        before = cluster.before_operator
        if before is None:  # not IKS, or of unknown version: the operator's side is the rule
            return step.when == "iks>=1.29" or (cluster.platform.startswith("iks") and not cluster.kubernetes_version)
        return before == (step.when == "iks<=1.28")
    return True
