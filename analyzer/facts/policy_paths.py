"""Cross-checks about policies that take a way from pods or hosts which nobody thought of.

=========================== ====================================================================================
fact                        what it means
=========================== ====================================================================================
policy-closes-dns           lookups of pods get no answer, and a policy for these pods lets no packet to the
                            name server out: it allows DNS to no one, or to chosen pods while the server is an
                            address of the host (node-local cache)
policy-closes-service       the API server gets no answer from a service (webhook, extension of the API), and a policy
                            lets only pods in to the pods of its namespace: the API server is none
hostendpoint-without-policy host endpoints are shown with no profile, and of the policies shown none is for hosts:
                            all but the fail-safe ports is dropped there
policy-names-no-tunnel      a policy lets hosts in by single addresses, some of the range that Kubernetes gave a worker
                            for pods, and not the address of a worker's tunnel, which packets of hosts come from
=========================== ====================================================================================

Sources: Kubernetes' and Calico's documentation (host endpoints: default drop; NodeLocal DNSCache: 169.254.20.10);
packets from a host to a pod on another worker have the address of the host's tunnel (Rancher issue 33979).
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from typing import Any

from analyzer.facts.fact import Check, Fact
from analyzer.facts.observed import places
from analyzer.facts.policy_rules import Policy, Rule, policies, selects_hosts
from analyzer.inventory import Inventory, text
from analyzer.tables import Tables
from parsers.lazy_pattern import lazy_pattern

_LOOKUP = lazy_pattern(
    r"lookup \S{1,253} on (?P<server>[\d.]{7,15}|\[[0-9a-fA-F:]{2,45}\]):53: "
    r"(?:read udp \S{3,90}: i/o timeout|dial udp \S{3,90}: i/o timeout|i/o timeout)"
)
_CALLED = lazy_pattern(
    r"https://(?P<name>[\w-]{1,63})\.(?P<space>[\w-]{1,63})\.svc(?:\.[\w.-]{1,60})?(?::\d{1,5})?/[^\s\"]{0,300}"
    r"\\?\"?:? (?:context deadline exceeded|dial tcp \S{3,60}: (?:i/o timeout|connect: connection timed out)"
    r"|net/http: request canceled|[^\n]{0,80}Client\.Timeout)"
)
_TUNNELS = ("projectcalico.org/IPv4VXLANTunnelAddr", "projectcalico.org/IPv4IPIPTunnelAddr")
_EVERYONE = ("", "all()", "{}")
_SYSTEM_ONLY = lazy_pattern(r"==\s*[\"'](?:kube-system|calico-system|tigera-operator)[\"']")


def dns(tables: Tables) -> Iterator[Fact]:
    """policy-closes-dns."""
    asked: dict[str, list[Any]] = {}
    for row in tables.rows.log_lines:
        if "lookup " in row.message and (match := _LOOKUP.search(row.message)):
            asked.setdefault(match["server"].strip("[]"), []).append(row)
    if not asked:
        return
    everything = [item for item in policies(tables) if "egress" in item.directions and not selects_hosts(item, tables)]
    hosts = set(Inventory(tables).by_address)
    for server, rows in asked.items():
        on_host = ip_address(server).is_link_local or server in hosts
        for policy in everything:
            mine = [row for row in rows if _is_for(policy, text(row.namespace))]
            beside = [item for item in everything if _is_for(item, policy.namespace)]
            if mine and _closes(policy, server, on_host) and all(_closes(item, server, on_host) for item in beside):
                whom = "allows DNS to chosen pods only, not to" if _names_dns(policy) else "lets no lookups out to"
                detail = f"{policy.name} {whom} {server}, whose answers are missed"
                about = [rule for _, rule in sorted(policy.rules["egress"].items()) if _about_dns(rule)]
                line = next((rule.selected_at or rule.line for rule in about), policy.line)
                yield Fact("policy-closes-dns", policy.file, line, detail, mine[0].node, mine[0].pod, places(mine, 3))
                break


def _is_for(policy: Policy, namespace: str) -> bool:
    """Whether the policy is for all pods of a namespace ("" = one that is not known)."""
    if policy.kind == "NetworkPolicy":
        return policy.selector.strip() in _EVERYONE and (not namespace or policy.namespace == namespace)
    return policy.selector.strip() in _EVERYONE and not _SYSTEM_ONLY.search(policy.selector)


def _about_dns(rule: Rule) -> bool:
    return bool({"53", "dns", "dns-tcp"} & set(rule.ports))


def _names_dns(policy: Policy) -> bool:
    return any(_about_dns(rule) for rule in policy.rules["egress"].values())


def _closes(policy: Policy, server: str, on_host: bool) -> bool:
    """Whether the policy lets no packet to port 53 of the server out."""
    for _, rule in sorted(policy.rules["egress"].items()):
        if not rule.covers(53) and "dns" not in rule.ports:
            continue
        if rule.action == "Deny":
            if not rule.narrow:
                return True
            continue
        if rule.nets and rule.reaches(server):
            return False
        if not rule.nets and not (rule.selecting and on_host):
            return False
    return True


def services(tables: Tables) -> Iterator[Fact]:
    """policy-closes-service."""
    calls: dict[str, Any] = {}
    said: list[Any] = [*tables.rows.log_lines, *tables.rows.events]
    for row in said:
        if ".svc" in row.message and (match := _CALLED.search(row.message)):
            calls.setdefault(match["space"], row)
    for policy in policies(tables) if calls else ():
        call = calls.get(policy.namespace)
        if call is None or policy.kind != "NetworkPolicy" or "ingress" not in policy.directions:
            continue
        rules = policy.rules["ingress"].values()
        if policy.selector.strip() in _EVERYONE and all(rule.narrow and not rule.sources for rule in rules):
            detail = f"{policy.namespace}/{policy.name} lets only pods in, so the API server gets no answer there"
            line = next((rule.line for rule in rules), policy.line)
            yield Fact("policy-closes-service", policy.file, line, detail, also=places([call]))


def tunnels(tables: Tables) -> Iterator[Fact]:
    """policy-names-no-tunnel."""
    addresses: dict[str, Any] = {}
    for node in tables.rows.nodes:
        for key in _TUNNELS:
            if node.annotations.get(key):
                addresses.setdefault(node.annotations[key], node)
    for row in tables.rows.settings:
        if (
            row.kind == "CalicoNode"
            and row.value
            and row.key in ("spec.ipv4VXLANTunnelAddr", "spec.bgp.ipv4IPIPTunnelAddr")
        ):
            addresses.setdefault(text(row.value), row)
    hosts = {text(node.internal_ip) for node in tables.rows.nodes} - {""}
    for policy in policies(tables) if addresses else ():
        single = _single(policy)
        named = [address for address in single if address in hosts]
        in_pods = [address for address in single if address.endswith(".0")]
        beside = [item for item in policies(tables) if item.namespace == policy.namespace]
        rules = [rule for item in beside for rule in item.rules["ingress"].values()]
        if any(not rule.narrow for rule in rules):
            continue  # policies add up: another one lets everybody in
        everything = {net for rule in rules for net in rule.sources}
        missed = [item for item in addresses if not any(_holds(net, item) for net in everything)]
        if len(named) >= 2 and len(in_pods) >= 2 and len(missed) == len(addresses) and "ingress" in policy.directions:
            detail = (
                f"{policy.namespace}/{policy.name} lets hosts in by address, and not {missed[0]}, a worker's tunnel"
            )
            also = ((addresses[missed[0]].file, int(addresses[missed[0]].line)),)
            yield Fact("policy-names-no-tunnel", policy.file, policy.line, detail, also=also)


def _single(policy: Policy) -> list[str]:
    """Single addresses that the policy lets in."""
    sources = [net for rule in policy.rules["ingress"].values() for net in rule.sources]
    return [net.removesuffix("/32") for net in sources if net.endswith("/32") or "/" not in net]


def _holds(net: str, address: str) -> bool:
    try:
        return ip_address(address) in ip_network(net, strict=False)
    except ValueError:
        return True


def host_endpoints(tables: Tables) -> Iterator[Fact]:
    """hostendpoint-without-policy: of objects, and of a wide listing where no global policy is shown."""
    shown: dict[str, dict[str, Any]] = {}
    for row in tables.rows.settings:
        if row.kind == "HostEndpoint" and row.key:
            shown.setdefault(row.name, {}).setdefault(row.key.removeprefix("spec."), row)
    bare = {name: keys for name, keys in shown.items() if _has_no_profile(keys)}
    if not bare:
        return
    everything = policies(tables)
    listed = any(row.kind == "GlobalNetworkPolicy" for row in tables.rows.settings)
    for name, keys in bare.items():
        labels = [row.value for key, row in keys.items() if key.startswith("metadata.labels.")]
        if any(selects_hosts(item, tables) or any(label in item.selector for label in labels) for item in everything):
            continue
        if "interfaceName" not in keys and "expectedIPs.0" not in keys and listed:
            continue  # a listing does not show the labels that policies choose by
        row = keys.get("interfaceName") or keys.get("interface") or next(iter(keys.values()))
        also = places([keys["node"]]) if "node" in keys else ()
        unsaid = "" if listed else ", as far as the bundle shows"
        detail = f"the host endpoint {name} has no profile, and no policy is for it{unsaid}"
        node = text(keys["node"].value) if "node" in keys else ""
        yield Fact("hostendpoint-without-policy", row.file, int(row.line), detail, node, also=also)


def _has_no_profile(keys: dict[str, Any]) -> bool:
    """Whether interface or addresses are shown (a short listing shows neither) and no profile is."""
    asked = ("interfaceName", "expectedIPs.0", "interface", "ips")
    return any(key in keys for key in asked) and not any(key.startswith("profiles") for key in keys)


CHECKS: tuple[Check, ...] = (dns, services, tunnels, host_endpoints)
