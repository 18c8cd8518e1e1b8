"""Policies of the bundle as rules, and what they do to ports that the cluster needs; no checks of its own.

Semantics: Calico's documentation of GlobalNetworkPolicy (lower order first, first matching rule wins, a direction
in ``types`` without a matching rule is dropped at the end) and of host endpoints.
"""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from typing import Any

from msgspec import Struct, field

from analyzer.inventory import text
from analyzer.tables import Tables
from parsers.lazy_pattern import lazy_pattern

#: where workers of IBM Cloud reach the master: the proxy on each of them
MASTER_PROXY = "172.20.0.1"
#: what the ports are for, and the directions in which a worker needs them open
NEEDED: dict[str, tuple[tuple[int, ...], tuple[str, ...]]] = {
    "master": ((2040, 2041, 6443), ("egress",)),
    "typha": ((5473,), ("egress", "ingress")),
    "bgp": ((179,), ("egress", "ingress")),
    "kubelet": ((10250,), ("ingress",)),
    "dns": ((53,), ("egress",)),
}
_KEY = lazy_pattern(r"spec\.(ingress|egress)\.(\d{1,4})\.(.{1,200})")
_BROAD = ("0.0.0.0/0", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
_NARROWING = lazy_pattern(
    r"(?:source|destination)\.(?:selector|notSelector|namespaceSelector|notNets|notPorts|serviceAccounts|domains)"
)
_BY_LABELS = lazy_pattern(
    r"to\.\d{1,3}\.(?:pod|namespace)Selector|destination\.(?:s|namespaceS)elector|destination\.serviceA"
)


class Rule(Struct):
    """One rule of a policy."""

    action: str = ""
    protocol: str = ""
    ports: list[str] = field(default_factory=list)  # destination ports, "179" or "2040:2041"
    narrow: bool = False  # only for some sources or destinations
    nets: list[str] = field(default_factory=list)  # destination networks
    selecting: bool = False  # destinations are chosen by labels, which only pods have
    selected_at: int = 0  # the line that chooses them
    sources: list[str] = field(default_factory=list)  # source networks
    line: int = 0

    def covers(self, port: int) -> bool:
        """Whether the rule is about the port."""
        if self.protocol.lower() in ("icmp", "icmpv6", "sctp", "udplite") or self.protocol in ("1", "58"):
            return False
        if self.protocol.lower() == "udp" and port != 53:
            return False
        return not self.ports or any(_within(port, item) for item in self.ports)

    def reaches(self, address: str) -> bool:
        """Whether the rule is about a destination address; without networks, or where none is asked for, it is."""
        if not address or not self.nets:
            return True
        try:
            return any(ip_address(address) in ip_network(net, strict=False) for net in self.nets)
        except ValueError:
            return True


def _within(port: int, item: str) -> bool:
    low, _, high = item.partition(":")
    if not low.isdigit() or (high and not high.isdigit()):
        return False  # a named port
    return int(low) <= port <= int(high or low)


class Policy(Struct):
    """A policy that Calico enforces, with its rules by direction."""

    kind: str
    namespace: str
    name: str
    file: str
    line: int
    selector: str = ""
    order: float = float("inf")
    types: set[str] = field(default_factory=set)
    rules: dict[str, dict[int, Rule]] = field(default_factory=lambda: {"ingress": {}, "egress": {}})
    created: str = ""
    tier: str = ""

    @property
    def directions(self) -> set[str]:
        """Directions that the policy is about; without ``types`` those it has rules for, else ingress."""
        return self.types or {name for name, rules in self.rules.items() if rules} or {"ingress"}

    @property
    def restrictive(self) -> bool:
        """Whether it drops anything: denies, or allows less than everything."""
        return any(not self.allows_all(direction) for direction in self.directions)

    def allows_all(self, direction: str) -> bool:
        """Whether its first rule of a direction allows everything."""
        first = next(iter(sorted(self.rules[direction].items())), None)
        return first is not None and first[1].action in ("Allow", "Pass") and not (first[1].ports or first[1].narrow)

    def verdict(self, direction: str, port: int, address: str = "") -> str:
        """deny | allow | drop (by having no rule for it) | "" (not its direction), also for one destination address."""
        if direction not in self.directions:
            return ""
        for _, rule in sorted(self.rules[direction].items()):
            if not rule.covers(port):
                continue
            if rule.action == "Deny" and not rule.narrow:
                return "deny"
            if rule.action in ("Allow", "Pass") and rule.reaches(address):
                return "allow"
        return "drop"

    def closes(self, direction: str, port: int) -> bool:
        """Whether traffic to the port ends here, but for what goes to some destinations only."""
        if direction not in self.directions:
            return False
        about = [rule for _, rule in sorted(self.rules[direction].items()) if rule.covers(port) and not rule.narrow]
        return not about or about[0].action == "Deny"

    def deny_line(self, direction: str, port: int) -> int:
        """Line of the rule that denies the port, else of the policy."""
        for _, rule in sorted(self.rules[direction].items()):
            if rule.action == "Deny" and rule.covers(port) and rule.line:
                return rule.line
        return self.line


def policies(tables: Tables) -> list[Policy]:
    """All policies that the bundle shows as objects, lower order first."""
    found: dict[tuple[str, str, str], Policy] = {}
    for row in tables.rows.settings:
        if row.kind not in ("GlobalNetworkPolicy", "NetworkPolicy"):
            continue
        key = (row.kind, text(row.namespace), row.name)
        policy = found.setdefault(key, Policy(*key, file=row.file, line=int(row.line)))
        _apply(policy, row)
    shown = [item for item in found.values() if item.selector or item.types or any(item.rules.values())]
    return sorted(shown, key=lambda item: (item.order, item.name))


def _apply(policy: Policy, row: Any) -> None:
    value = text(row.value)
    if match := _KEY.fullmatch(row.key):
        direction, number, rest = match.groups()
        rule = policy.rules[direction].setdefault(int(number), Rule(line=int(row.line)))
        if rest == "action":
            rule.action, rule.line = value, int(row.line)
        elif rest == "protocol":
            rule.protocol = value
        elif rest.startswith("destination.ports") or re.fullmatch(r"ports\.\d{1,3}\.port", rest):
            rule.ports.append(value)
        elif ".nets" in rest:
            if rest.startswith("destination."):
                rule.nets.append(value)
            else:
                rule.sources.append(value)
            rule.narrow = rule.narrow or value not in _BROAD
        elif re.fullmatch(r"from\.\d{1,3}\.ipBlock\.cidr", rest):
            rule.sources.append(value)
            rule.narrow = rule.narrow or value not in _BROAD
        elif re.fullmatch(r"to\.\d{1,3}\.ipBlock\.cidr", rest):
            rule.nets.append(value)
            rule.narrow = rule.narrow or value not in _BROAD
        elif rest.startswith(("source.ports", "icmp", "notProtocol", "http", "to.", "from.")) or _NARROWING.match(rest):
            rule.narrow = True
            if _BY_LABELS.match(rest):
                rule.selecting, rule.selected_at = True, rule.selected_at or int(row.line)
    elif row.key in ("spec.selector", "spec.podSelector"):
        policy.selector = value
    elif row.key.startswith("spec.podSelector."):
        policy.selector = f"{policy.selector} {row.key.partition('.podSelector.')[2]}={value}".strip()
    elif row.key == "spec.order":
        policy.order = float(value) if re.fullmatch(r"-?\d{1,9}(?:\.\d{1,6})?", value) else policy.order
    elif row.key.startswith(("spec.types", "spec.policyTypes")):
        policy.types.add(value.lower())
    elif row.key == "spec.tier":
        policy.tier = value
    elif row.key == "metadata.creationTimestamp":
        policy.created = value


def selects_hosts(policy: Policy, tables: Tables) -> bool:
    """Whether a policy is about the workers' own (private) interfaces, that is about host endpoints.

    IBM labels the host endpoints of workers ``ibm.role: worker_private`` and ``worker_public``.
    """
    if policy.kind != "GlobalNetworkPolicy":
        return False
    selector = policy.selector.strip()
    if "worker_public" in selector and "worker_private" not in selector:
        return False
    if re.search(r"ibm\.role|host-?endpoint|worker_private|node-role\.kubernetes|kubernetes\.io/hostname", selector):
        return True
    return selector in ("", "all()") and host_endpoints(tables)


def host_endpoints(tables: Tables) -> bool:
    """Whether the workers have host endpoints: objects, Felix's updates, or a cluster of IBM's."""
    if any(row.kind == "HostEndpoint" for row in tables.rows.settings):
        return True
    if any("proto.HostEndpointUpdate" in row.message for row in tables.rows.log_lines):
        return True
    if any(row.key.endswith("hostEndpoint.autoCreate") and row.value == "Enabled" for row in tables.rows.settings):
        return True
    return any(
        key.startswith("ibm-cloud.kubernetes.io/") for row in tables.rows.nodes for key in (row.labels or {})
    ) or any("+IKS" in row.kubelet_version for row in tables.rows.nodes)
