"""``iptables-save`` and ``nft list ruleset``: only the rules that signals need.

Kept as settings of kind PacketFilter: rules that drop or reject a port Calico or the cluster needs, and chains of
other programs that manage the filter.
"""

from __future__ import annotations

import re

from parsers.rows import SettingRow
from parsers.source import Parsed, Source

#: BGP, Typha, VXLAN, master proxy, API, kubelet
PORTS = ("179", "5473", "4789", "2040", "2041", "443", "6443", "10250")
_PORT = re.compile(rf"(?:--dports?|dport)\s+\{{?\s*[\d,: ]*?\b({'|'.join(PORTS)})\b")
_CLOSED = re.compile(r"-j (?:DROP|REJECT)|\b(?:drop|reject)\b")
_MANAGERS = {
    "firewalld": re.compile(r"\b(?:INPUT_ZONES|FORWARD_direct|filter_INPUT|firewalld|IN_public)\b"),
    "ufw": re.compile(r"\bufw6?-(?:before|after|user|reject)"),
    "kube-router": re.compile(r"\bKUBE-(?:ROUTER|POD-FW|NWPLCY)"),
    "cilium": re.compile(r"\bCILIUM_"),
    "flannel": re.compile(r"\bFLANNEL-(?:POSTRTG|FWD)"),
    "docker": re.compile(r"\bDOCKER-USER\b"),
}
MOST = 200


def parse_packet_filter(text: str, source: Source) -> Parsed:
    """Read the telling rules; ``key`` is ``drop.<port>`` or ``manager.<name>``, ``value`` the rule."""
    parsed = Parsed()
    seen: set[str] = set()
    for number, line in enumerate(text.split("\n"), start=source.first_line):
        for name, pattern in _MANAGERS.items():
            if name not in seen and pattern.search(line):
                seen.add(name)
                parsed.settings.append(_row(source, number, f"manager.{name}", line))
        port = _PORT.search(line)
        if port and _CLOSED.search(line) and len(parsed.settings) < MOST:
            parsed.settings.append(_row(source, number, f"drop.{port.group(1)}", line))
        if "use 'nft' tool" in line or "legacy tables present" in line:
            parsed.settings.append(_row(source, number, "mixed-tools", line))
    return parsed


def _row(source: Source, number: int, key: str, line: str) -> SettingRow:
    return SettingRow(source.path, number, "PacketFilter", "", source.node, key, line.strip()[:500])


def looks_like(sample: str) -> float:
    """How much the text looks like a packet filter's rules, 0..1."""
    return 0.8 if re.search(r"^(?:\*filter|\*nat|table (?:ip|inet|ip6) )", sample, re.MULTILINE) else 0.0
