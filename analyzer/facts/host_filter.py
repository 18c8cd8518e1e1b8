"""Cross-checks about the packet filter of workers and of the cloud.

===================== =========================================================================================
fact                  what it means
===================== =========================================================================================
filter-lets-no-bgp-in a worker's filter drops what no rule lets in, lets in other ports of a cluster, not TCP 179
rules-open-no-bgp     a table of a cloud's firewall opens other ports of a cluster, not TCP 179
rule-leaves-out-nodes a rule of a cloud's firewall opens all ports to some workers, and no rule to the others
===================== =========================================================================================

Source: Calico's network requirements (TCP 179 between all nodes that speak BGP).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network

from analyzer.facts.fact import Check, Fact
from analyzer.facts.observed import shown
from analyzer.inventory import text
from analyzer.tables import Tables
from parsers.lazy_pattern import lazy_pattern
from parsers.rows import SettingRow

BGP = 179
#: etcd, VXLAN, Typha, API, RKE2's supervisor, kubelet: ports that only rules between nodes open
OF_NODES = frozenset({2379, 2380, 4789, 5473, 6443, 9345, 10250})
#: columns of gcloud, az, openstack, ibmcloud, hcloud and others, in small letters
_COLUMNS = lazy_pattern(
    r"allow(?:ed)?|(?:dest(?:ination)?|dst)?[ _-]?ports?(?:[ _-]?ranges?)?|destinationportranges?|ports:?",
    re.IGNORECASE,
)
_SOURCES = lazy_pattern(
    r"(?:src|source|remote)(?:[ _-]?(?:ip|cidr|address|range|prefix)(?:e?s)?){0,3}|cidr|ip[ _-]?range",
    re.IGNORECASE,
)
_ALL = frozenset({"all", "any", "*", "-1", "tcp", "1-65535", "0-65535", "1:65535", "0:65535"})
_TUNNELS = frozenset({"4", "94", "ipip"})
_PORT = lazy_pattern(r"(?:tcp|udp)?[:/]?(\d{1,5})(?:[-:](\d{1,5}))?(?:/(?:tcp|udp))?")


def closed_to_bgp(tables: Tables) -> Iterator[Fact]:
    """filter-lets-no-bgp-in."""
    files: dict[str, dict[str, SettingRow]] = {}
    for row in tables.rows.settings:
        if row.kind == "PacketFilter":
            files.setdefault(row.file, {}).setdefault(row.key, row)
    for keys in files.values():
        rest = keys.get("drop.rest")
        opened = [key for key in keys if key.startswith("accept.")]
        if rest is None or not opened or keys.keys() & {"accept.179", "drop.179", "accept.source"}:
            continue
        ports = ", ".join(sorted(key.partition(".")[2] for key in opened))
        detail = f"the packet filter lets in {ports} and drops the rest, TCP 179 too"
        also = ((keys[opened[0]].file, int(keys[opened[0]].line)),)
        yield Fact("filter-lets-no-bgp-in", rest.file, int(rest.line), detail, also=also)


def cloud_rules(tables: Tables) -> Iterator[Fact]:
    """rules-open-no-bgp: of one rule that opens a tunnel of Calico's, or of all rules of a table together."""
    rules: dict[str, list[SettingRow]] = {}
    denied = {(row.file, row.name) for row in tables.rows.settings if text(row.value).lower() in ("deny", "egress")}
    for row in tables.rows.settings:
        if not row.kind and _COLUMNS.fullmatch(row.key) and row.value and (row.file, row.name) not in denied:
            rules.setdefault(row.file, []).append(row)
    for rows in rules.values():
        opened = [(row, _opened(row.value)) for row in rows]
        tunnels = [row for row, spans in opened if spans is not None and _words(row.value) & _TUNNELS]
        for row in [row for row in tunnels if not _has(_opened(row.value), BGP)][:4]:
            detail = f"{row.name} opens {row.value[:120]}, not TCP {BGP}"
            yield Fact("rules-open-no-bgp", row.file, int(row.line), detail)
        if tunnels or any(spans is None or _has(spans, BGP) for _, spans in opened):
            continue
        nodes = [row for row, spans in opened if any(_has(spans, port) for port in OF_NODES)]
        if len(nodes) >= 2:
            detail = f"the rules open {', '.join(row.value[:20] for row in nodes[:6])}, not TCP {BGP}"
            also = tuple((row.file, int(row.line)) for row in nodes[1:4])
            yield Fact("rules-open-no-bgp", nodes[0].file, int(nodes[0].line), detail, also=also)


def left_out(tables: Tables) -> Iterator[Fact]:
    """rule-leaves-out-nodes."""
    rules: dict[tuple[str, int], dict[str, SettingRow]] = {}
    for row in tables.rows.settings:
        if not row.kind and row.value and (_SOURCES.fullmatch(row.key) or _COLUMNS.fullmatch(row.key)):
            rules.setdefault((row.file, int(row.line)), {}).setdefault(
                "of" if _SOURCES.fullmatch(row.key) else "to", row
            )
    workers = _addresses(tables)
    wide = {place: rule["of"] for place, rule in rules.items() if len(rule) == 2 and _opened(rule["to"].value) is None}
    covered = {
        place: {name for name, address in workers.items() if _within(address, row.value)} for place, row in wide.items()
    }
    everywhere = set().union(*covered.values())
    missed = sorted(workers.keys() - everywhere)
    for place, names in covered.items():
        if names and missed:
            row = wide[place]
            detail = f"{row.name} is for {row.value[:80]}, which leaves out {shown(missed)}"
            yield Fact("rule-leaves-out-nodes", row.file, int(row.line), detail, missed[0])


def _addresses(tables: Tables) -> dict[str, IPv4Address]:
    found: dict[str, IPv4Address] = {}
    for node in tables.rows.nodes:
        with suppress(ValueError):
            found[node.node] = IPv4Address(node.internal_ip)
    return found


def _within(address: IPv4Address, ranges: str) -> bool:
    """Whether one of the ranges holds the address; what is no range (a tag, a group) may hold any."""
    for word in _words(ranges):
        try:
            if address in IPv4Network(word, strict=False):
                return True
        except ValueError:
            return True
    return False


def _words(value: str) -> set[str]:
    return {word for word in re.split(r"[,;\s]+", value.lower()) if word}


def _opened(value: str) -> list[tuple[int, int]] | None:
    """The ports that a rule opens; None where it opens all of them."""
    words = _words(value)
    if words & _ALL:
        return None
    found = [_PORT.fullmatch(word) for word in words - _TUNNELS]
    return [(int(match[1]), int(match[2] or match[1])) for match in found if match]


def _has(spans: list[tuple[int, int]] | None, port: int) -> bool:
    return spans is None or any(low <= port <= high for low, high in spans)


CHECKS: tuple[Check, ...] = (closed_to_bgp, cloud_rules, left_out)
