"""Cross-checks about the state of an upgrade or migration, and about crashes that repeat.

==================== ===================================================================================
fact                 what it means
==================== ===================================================================================
mixed-namespaces     calico-node runs in kube-system, and calico-node or other parts of Calico in calico-system
migration-label-left workers carry the label of the migration, and a calico-node is not ready or wanted nowhere
same-panic-repeats   the same Go panic shows in several processes, containers or workers
unexplained-panic    a component of Calico stops itself again and again, for a reason that no message explains
value-stops-it       the same, and its words are about a value that it cannot use
two-operators        an operator of Calico's runs in each of two namespaces, and both write the same objects
==================== ===================================================================================

Sources: runbook (migration of IKS 1.29); tigera/operator (label projectcalico.org/operator-node-migration).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from analyzer.facts.fact import Check, Fact
from analyzer.facts.observed import of_calico, of_host_program, places, shown
from analyzer.inventory import Inventory, PodState, text
from analyzer.tables import Tables
from parsers.lazy_pattern import lazy_pattern

LABEL = "projectcalico.org/operator-node-migration"
MANY_RESTARTS = 3
LONG_S = 1800.0  # a migration moves on from worker to worker within minutes
_PANIC = lazy_pattern(r"(?:panic: (?!\(\*logrus)|fatal error: |SIGSEGV: )[^\n]{0,160}")
#: words of a program that does not understand what it was told, and of what comes from elsewhere than from settings
_BAD_VALUE = lazy_pattern(
    r"\binvalid\b|\bnot (?:a )?valid\b|\bunknown (?:option|value|key|field)|\bunrecognized\b|\bmalformed\b"
    r"|\bout of range\b"
    r"|\b(?:failed to|could not|couldn't|cannot|can't|unable to) (?:parse|understand)\b|\bmust (?:be|specify|not be)\b",
    re.IGNORECASE,
)
_FROM_ELSEWHERE = lazy_pattern(
    r"certificate|x509|\btls\b|token|response|json|unmarshal|character|datastore|connect|server|memory|pointer|netlink"
    r"|https?://|ifindex|route|packet|message type",
    re.IGNORECASE,
)
_VALUES = lazy_pattern(r"0x[0-9a-f]+|\d+")
#: a value that nobody wrote: a program that stops at it while it works got it from itself
_EMPTY_VALUE = lazy_pattern(r"=(?:\"\"|''|<nil>)(?:\s|$)")


def migration(tables: Tables) -> Iterator[Fact]:
    """mixed-namespaces, migration-label-left."""
    inventory = Inventory(tables)
    agents = [pod for pod in inventory.pods.values() if pod.is_node_agent and pod.name.startswith("calico-node-")]
    by_namespace: dict[str, list[Any]] = {}
    for pod in agents:
        by_namespace.setdefault(pod.namespace, []).append(pod)
    old, new = by_namespace.get("kube-system", []), by_namespace.get("calico-system", [])
    if old and new:
        counts = f"{len(old)} calico-node pods in kube-system, {len(new)} in calico-system"
        also = ((old[0].file, old[0].line),)
        yield Fact("mixed-namespaces", new[0].file, new[0].line, counts, new[0].node, new[0].name, also)
    elif old and (moved := _moved_parts(inventory)):
        counts = f"{moved[0].name} runs in calico-system, the {len(old)} calico-node pods in kube-system"
        also = ((old[0].file, old[0].line),)
        yield Fact("mixed-namespaces", moved[0].file, moved[0].line, counts, moved[0].node, moved[0].name, also)
    labelled = [row for row in tables.rows.nodes if (row.labels or {}).get(LABEL)]
    stuck = [pod for pod in agents if pod.healthy is False and (pod.age_s is None or pod.age_s >= LONG_S)]
    gone = [row for row in tables.rows.daemonsets if row.daemonset == "calico-node" and row.desired == 0]
    waits = [row for row in gone if LABEL in row.node_selector and (row.age_s or 0) >= LONG_S]
    if waits and not new and not (labelled and not agents):
        waiting = waits[0]
        detail = f"the daemonset of {waiting.namespace} wants workers with the migration's label, and has none"
        yield Fact("migration-label-left", waiting.file, int(waiting.line), detail)
    elif labelled and gone and not agents:
        unwanted = gone[0]
        labels = shown(item.node for item in labelled)
        detail = f"{labels} carry the migration label, and the daemonset of {unwanted.namespace} runs on no worker"
        yield Fact("migration-label-left", unwanted.file, int(unwanted.line), detail, also=places(labelled[:4]))
    elif labelled and old and not new and _operator_waits(inventory) and _all_old(tables):
        row = labelled[0]
        detail = "all workers are labelled as not yet migrated, and the operator has run for long"
        yield Fact("migration-label-left", row.file, int(row.line), detail, row.node)
    elif labelled and stuck:
        row = labelled[0]
        detail = f"{shown(item.node for item in labelled)} carry the migration label; {stuck[0].name} is not ready"
        yield Fact("migration-label-left", row.file, int(row.line), detail, row.node)


def operators(tables: Tables) -> Iterator[Fact]:
    """two-operators: of pods that run, of deployments, and of a list of these without its head."""
    found: dict[str, list[Any]] = {}
    for pod in tables.rows.pods:
        if pod.pod.startswith("tigera-operator-") and pod.phase in ("", "Running"):
            found.setdefault(pod.namespace, []).append(pod)
    for row in tables.rows.settings:
        if row.kind == "Deployment" and row.name == "tigera-operator" and not row.key:
            found.setdefault(text(row.namespace), []).append(row)
    for line in tables.rows.log_lines:
        if "operator-listed" in line.message_ids and not line.pod:
            found.setdefault(line.message.split()[0], []).append(line)
    found.pop("", None)
    idle = {row.namespace for row in tables.rows.settings if _is_asleep(row)}
    working = {name: rows for name, rows in found.items() if name not in idle}
    if len(working) > 1:
        detail = f"operators run in {shown(working)}"
        for rows in working.values():
            first, *rest = sorted(rows, key=lambda row: hasattr(row, "pod") and bool(row.pod))
            yield Fact("two-operators", first.file, int(first.line), detail, also=places(rest))


def _is_asleep(row: Any) -> bool:
    return bool(
        row.kind == "Deployment" and row.name == "tigera-operator" and row.key == "spec.replicas" and row.value == "0"
    )


def _moved_parts(inventory: Inventory) -> list[PodState]:
    """Other pods of Calico that have been in calico-system for long."""
    parts = ("calico-typha-", "calico-kube-controllers-")
    return [
        pod
        for pod in inventory.pods.values()
        if pod.namespace == "calico-system" and pod.name.startswith(parts) and (pod.age_s or 0) >= LONG_S
    ]


def _operator_waits(inventory: Inventory) -> bool:
    pods = [pod for pod in inventory.pods.values() if pod.name.startswith("tigera-operator-")]
    return any((pod.age_s or 0) >= LONG_S for pod in pods)


def _all_old(tables: Tables) -> bool:
    return all((row.labels or {}).get(LABEL) == "pre-operator" for row in tables.rows.nodes)


def panics(tables: Tables) -> Iterator[Fact]:
    """same-panic-repeats."""
    seen: dict[str, dict[tuple[str, object, bool], Any]] = {}
    counts: dict[str, int] = {}
    for row in tables.rows.log_lines:
        match = _PANIC.search(row.message)
        if match and (of_calico(row.pod) if row.pod else not of_host_program(row)):
            words = _VALUES.sub("#", match[0])
            process = (text(row.pod) or row.file, row.time, bool(row.previous))
            seen.setdefault(words, {})[process] = row
            counts[words] = counts.get(words, 0) + int(row.count)
    for words, rows in seen.items():
        if counts[words] >= 2:
            first, *rest = rows.values()
            pods = {text(row.pod) for row in rows.values() if row.pod}
            where = f" on {shown(pods)}" if pods else ""
            detail = f"{counts[words]} times{where}: {words[:120]}"
            yield Fact(
                "same-panic-repeats", first.file, int(first.line), detail, text(first.node), first.pod, places(rest)
            )


def stops(tables: Tables) -> Iterator[Fact]:
    """unexplained-panic, value-stops-it: PANIC and FATAL, or start-up's last errors, that no message explains."""
    inventory = Inventory(tables)
    ends = {row.file for row in tables.rows.log_lines if "startup-terminating" in row.message_ids}
    seen: dict[str, list[Any]] = {}
    for row in tables.rows.log_lines:
        last_words = row.level == "ERROR" and row.component == "startup" and row.file in ends
        stopped = row.level in ("PANIC", "FATAL") or (last_words and _is_about_a_value(row.message))
        ours = of_calico(row.pod) if row.pod else not of_host_program(row)
        if stopped and not row.message_ids and ours:
            seen.setdefault(_VALUES.sub("#", row.message[:160]), []).append(row)
    for words, rows in seen.items():
        times = sum(int(row.count) for row in rows)
        if times >= 2 or any(_is_restarted(row, inventory) for row in rows):
            first, *rest = rows
            detail = f"{times} times: {words[:120]}" if times >= 2 else f"before one of many restarts: {words[:120]}"
            own = first.level == "PANIC" and first.component != "startup" and _EMPTY_VALUE.search(first.message)
            name = "value-stops-it" if _is_about_a_value(first.message) and not own else "unexplained-panic"
            yield Fact(name, first.file, int(first.line), detail, text(first.node), first.pod, places(rest))


def _is_about_a_value(message: str) -> bool:
    return _BAD_VALUE.search(message) is not None and _FROM_ELSEWHERE.search(message) is None


def _is_restarted(row: Any, inventory: Inventory) -> bool:
    """Whether the pod of a line is started again and again: its log shows one run of many."""
    pod = inventory.pods.get((row.namespace, row.pod)) or inventory.pods_by_name.get(row.pod)
    return pod is not None and pod.healthy is False and (pod.restarts or 0) >= MANY_RESTARTS


CHECKS: tuple[Check, ...] = (migration, operators, panics, stops)
