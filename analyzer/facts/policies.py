"""Cross-checks about policies that block what the cluster itself needs.

========================= =========================================================================================
fact                      what it means
========================= =========================================================================================
policy-denies-master      a policy denies workers the ports on which they reach the master
policy-denies-typha       a policy denies Typha's port between workers
policy-denies-bgp         a policy denies BGP between workers
policy-denies-needed      a policy denies the kubelet's port, DNS, or egress of system pods
policy-denies-system-pods a policy named as one that denies everything stands in a system namespace with unready pods
policy-default-deny-hosts a policy for the workers allows some traffic only, and no other one allows what they need
policy-default-deny-and-loss  the same, and connections or workers are lost, or Typha and its clients are down
onset-after-policy        the trouble began within minutes of a policy that denies something
========================= =========================================================================================

Sources: IBM documentation of network policies and of the ports that workers need; Calico's policy semantics.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from analyzer.facts.fact import Check, Fact
from analyzer.facts.observed import shown
from analyzer.facts.policy_rules import MASTER_PROXY, NEEDED, Policy, policies, selects_hosts
from analyzer.facts.sessions import Sessions
from analyzer.inventory import Inventory, text
from analyzer.tables import Tables
from parsers.ages import go_time
from parsers.lazy_pattern import lazy_pattern

FACT_OF = {"master": "policy-denies-master", "typha": "policy-denies-typha", "bgp": "policy-denies-bgp"}
SYSTEM = ("kube-system", "calico-system", "calico-apiserver", "tigera-operator", "openshift-dns", "ibm-system")
BEFORE_S, AFTER_S = 15.0, 600.0
STARTUP_S = 60.0  # at its start Felix receives all policies that exist
_DENY_NAME = lazy_pattern(
    r"(?:default|all)[-_.]?(?:deny|block)|(?:deny|block)[-_.]?(?:all|by-default|everything)", re.I
)
_DNS_PODS = lazy_pattern(r"kube-dns|coredns|node-local-dns|daemonset-dns|dns-default")
#: pods that have no network of the host and ask the API server all the time; its ports behind the service
_NEEDS_API = lazy_pattern(r"calico-kube-controllers-|calico-apiserver-")
_API_PORTS = (443, 6443, 2040)
_SYSTEM_PODS = lazy_pattern(r"calico-|tigera|typha|kube-dns|coredns|dns-default|konnectivity|\bvpn\b")
_APPLIED = lazy_pattern(r"proto\.(?:ActivePolicyUpdate|HostEndpointUpdate)")
_POLICY_NAME = lazy_pattern(r'tier:"[^"]{0,80}" name:"([^"]{1,200})"|ingress_policies:"([^"]{1,200})"')
_OUTBOUND_DENY = lazy_pattern(r'outbound_rules:<action:"deny"((?:(?!rule_id|bound_rules).){0,600})')
_PORTS = lazy_pattern(r"dst_ports:<first:(\d{1,5}) last:(\d{1,5}) >")
#: messages that tell a loss of connections; words of a running system that goes wrong
TROUBLE = frozenset(
    {
        "api-connect-timeout", "api-connect-refused", "api-no-route", "api-request-timeout", "err-http2-lost",
        "err-io-timeout", "typha-felix-giveup", "typha-connect-failed", "typha-connect-failed-old",
        "typha-client-conn-failed", "typha-read-failed", "bird-hold-timer-local", "bird-hold-timer-remote",
        "watch-conn-failed", "watch-refused", "klog-watch-failed", "klog-watch-failed-new", "felix-get-config-failed",
        "felix-shutting-down-typha", "cni-token-update-retry",
    }
)  # fmt: skip


def denials(tables: Tables) -> Iterator[Fact]:
    """policy-denies-master, -typha, -bgp, -needed, policy-default-deny-hosts."""
    on_hosts = [policy for policy in policies(tables) if selects_hosts(policy, tables)]
    for policy in on_hosts:
        denied, dropped = _judge(policy, on_hosts)
        for what, (direction, port) in denied.items():
            name = FACT_OF.get(what, "policy-denies-needed")
            detail = f"{policy.name} denies {direction} to port {port} ({what}) for the workers"
            yield Fact(name, policy.file, policy.deny_line(direction, port), detail, also=((policy.file, policy.line),))
        if dropped and not denied:
            detail = f"{policy.name} selects the workers and no policy allows what they need: {shown(dropped)}"
            yield Fact("policy-default-deny-hosts", policy.file, policy.line, detail)
            if lost := _troubles(tables):
                _, place = min(lost, key=lambda item: item[0])
                yield Fact("policy-default-deny-and-loss", policy.file, policy.line, detail, also=(place,))
            elif "typha" in dropped and (places := _typha_and_clients_down(tables)):
                yield Fact("policy-default-deny-and-loss", policy.file, policy.line, detail, also=places)
    yield from _isolated_namespaces(tables)
    yield from _closed_dns(tables)
    yield from _closed_workloads(tables)
    yield from _denied_in_log(tables)


def _judge(policy: Policy, others: list[Policy]) -> tuple[dict[str, tuple[str, int]], set[str]]:
    """What the policy denies (need -> direction and port), and what it drops without a word."""
    denied: dict[str, tuple[str, int]] = {}
    dropped: set[str] = set()
    of_ibm = "ibm.role" in policy.selector
    for what, (ports, directions) in NEEDED.items():
        where = MASTER_PROXY if what == "master" and of_ibm else ""
        for direction in directions:
            for port in ports:
                verdict = policy.verdict(direction, port, where if port != 6443 else "")
                earlier = any(
                    other.order < policy.order and other.verdict(direction, port) == "allow" for other in others
                )
                anywhere = any(other.verdict(direction, port) == "allow" for other in others)
                if verdict == "deny" and not earlier:
                    denied.setdefault(what, (direction, port))
                elif verdict == "drop" and not anywhere:
                    dropped.add(what)
    return denied, dropped


def _isolated_namespaces(tables: Tables) -> Iterator[Fact]:
    """A policy of a system namespace that takes all egress from all its pods."""
    for policy in policies(tables):
        everyone = policy.selector in ("", "all()", "{}", "<none>")
        system = _SYSTEM_PODS.search(policy.selector)
        closed = "egress" in policy.directions and not policy.rules["egress"]
        if policy.kind == "NetworkPolicy" and policy.namespace in SYSTEM and (everyone or system) and closed:
            whose = "all pods of its namespace" if everyone else f"the pods with {policy.selector}"
            detail = f"{policy.namespace}/{policy.name} takes all egress from {whose}"
            yield Fact("policy-denies-needed", policy.file, policy.line, detail)


def _closed_workloads(tables: Tables) -> Iterator[Fact]:
    """policy-denies-needed: all pods lose the way to the API server, and one that lives by it is not ready."""
    needy = [pod for pod in Inventory(tables).pods.values() if pod.healthy is False and _NEEDS_API.match(pod.name)]
    everywhere = [
        item for item in policies(tables) if item.kind == "GlobalNetworkPolicy" and item.selector in ("", "all()")
    ]
    for policy in everywhere if needy else ():
        before = [item for item in everywhere if item.tier == policy.tier and item.order < policy.order]
        closed = all(policy.closes("egress", port) for port in _API_PORTS)
        if closed and not any(item.verdict("egress", _API_PORTS[0]) == "allow" for item in before):
            detail = f"{policy.name} takes the way to the API server from all pods; {needy[0].name} is not ready"
            also = ((needy[0].file, needy[0].line),)
            yield Fact("policy-denies-needed", policy.file, policy.line, detail, also=also)


def _closed_dns(tables: Tables) -> Iterator[Fact]:
    """policy-denies-needed: a policy lets only some clients ask the cluster's DNS."""
    for policy in policies(tables):
        for_dns = _DNS_PODS.search(policy.selector) or (
            policy.namespace == "openshift-dns" and not policy.selector.strip("{} ")
        )
        if policy.kind != "NetworkPolicy" or policy.namespace not in SYSTEM or not for_dns:
            continue
        rules = policy.rules["ingress"].values()
        answers = any(
            not rule.narrow and (not rule.ports or {"53", "5353", "dns", "dns-tcp"} & set(rule.ports)) for rule in rules
        )
        if "ingress" in policy.directions and not answers:
            detail = f"{policy.namespace}/{policy.name} lets only some pods ask the cluster's DNS"
            yield Fact("policy-denies-needed", policy.file, policy.line, detail)


def _denied_in_log(tables: Tables) -> Iterator[Fact]:
    """policy-denies-master, as Felix received it (the bundle may lack the policy itself)."""
    shown_names = {policy.name for policy in policies(tables)}
    for row in tables.rows.log_lines:
        if "ActivePolicyUpdate" not in row.message or 'action:"deny"' not in row.message:
            continue
        name = _name_of(row.message)
        deny = _OUTBOUND_DENY.search(row.message)
        ports = [(int(low), int(high)) for low, high in _PORTS.findall(deny[1])] if deny else []
        if any(low <= port <= high for low, high in ports for port in NEEDED["master"][0]):
            detail = f"Felix applied {name or 'a policy'}, which denies egress to the master's ports"
            if name not in shown_names and name.partition(".")[2] not in shown_names:
                node = Sessions(tables).node_of(row)
                yield Fact("policy-denies-master", row.file, int(row.line), detail, node, row.pod)


def _name_of(message: str) -> str:
    match = _POLICY_NAME.search(message)
    return (match[1] or match[2]) if match else ""


def onset(tables: Tables) -> Iterator[Fact]:
    """onset-after-policy."""
    began = _troubles(tables)
    if not began:
        return
    first, place = min(began, key=lambda item: item[0])
    for moment, name, file, line, pod in _policy_times(tables):
        after = (first - moment).total_seconds()
        if -BEFORE_S <= after <= AFTER_S:
            detail = f"the first trouble came {max(after, 0):.0f} s after {name} took effect"
            yield Fact("onset-after-policy", file, line, detail, pod=pod, also=(place,))
            return


def _policy_times(tables: Tables) -> list[tuple[datetime, str, str, int, str]]:
    """(time, name, file, line, pod): Felix's updates after its start first, then creation times."""
    found = []
    restricting = {policy.name for policy in policies(tables) if policy.restrictive}
    for row in tables.rows.log_lines:
        if (
            not _APPLIED.search(row.message)
            or row.time is None
            or float(row.fields.get("since_start_s") or 0) < STARTUP_S
        ):
            continue
        name = _name_of(row.message)
        if 'action:"deny"' in row.message or name in restricting or name.partition(".")[2] in restricting:
            found.append((row.time, name or "a policy", row.file, int(row.line), row.pod))
    for policy in policies(tables):
        moment = go_time(policy.created) if policy.created else None
        if policy.restrictive and moment is not None:
            found.append((moment, policy.name, policy.file, policy.line, ""))
    return found


def _typha_and_clients_down(tables: Tables) -> tuple[tuple[str, int], ...]:
    """Places that show a Typha and a calico-node that are not ready, while pods that need no host's port are."""
    pods = Inventory(tables).pods.values()
    typhas = [pod for pod in pods if pod.name.startswith("calico-typha-") and pod.healthy is False]
    agents = [pod for pod in pods if pod.is_node_agent and pod.healthy is False]
    return ((typhas[0].file, typhas[0].line), (agents[0].file, agents[0].line)) if typhas and agents else ()


def _troubles(tables: Tables) -> list[tuple[datetime, tuple[str, int]]]:
    """(time, place) of the beginnings of trouble: lost workers and lost connections."""
    found: list[tuple[datetime, tuple[str, int]]] = []
    for row in tables.rows.node_conditions:
        if row.type == "Ready" and row.status in ("False", "Unknown"):
            moment = row.last_heartbeat if row.status == "Unknown" else row.last_transition
            if moment is not None:
                found.append((moment, (row.file, int(row.line))))
    found.extend(
        (row.time, (row.file, int(row.line)))
        for row in tables.rows.log_lines
        if TROUBLE & set(row.message_ids) and row.time is not None and not _at_start(row)
    )
    return found


def _at_start(row: Any) -> bool:
    since = text(row.fields.get("since_start_s", ""))
    return bool(since) and float(since) < STARTUP_S


def system_pods(tables: Tables) -> Iterator[Fact]:
    """policy-denies-system-pods: by its name alone, as ``get networkpolicies`` shows no more of it."""
    inventory = Inventory(tables)
    unready = {pod.namespace: pod for pod in inventory.pods.values() if pod.healthy is False and not pod.is_node_agent}
    for row in tables.rows.settings:
        if row.kind != "NetworkPolicy" or row.key or row.namespace not in SYSTEM or not _DENY_NAME.search(row.name):
            continue
        pod = unready.get(row.namespace)
        if pod is not None:
            detail = f"policy {row.name} stands in {row.namespace}, where {pod.name} is not ready"
            yield Fact("policy-denies-system-pods", row.file, int(row.line), detail, also=((pod.file, pod.line),))


CHECKS: tuple[Check, ...] = (denials, onset, system_pods)
