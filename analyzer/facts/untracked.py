"""Cross-checks about policies without connection tracking.

======================= =========================================================================================
fact                    what it means
======================= =========================================================================================
untracked-policy-denies a policy with doNotTrack for host endpoints ends in a Deny of everything, in one direction:
                        answers to connections of the host itself are dropped, for nothing remembers the question
======================= =========================================================================================

Source: Calico's documentation ("High-connection workloads": with doNotTrack both directions need rules of their own).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analyzer.facts.fact import Check, Fact
from analyzer.inventory import text
from analyzer.tables import Tables
from parsers.lazy_pattern import lazy_pattern

_RULE = lazy_pattern(r"spec\.(ingress|egress)\.(\d{1,4})\.(.+)")
_NARROWING = ("protocol", "notProtocol", "source", "destination", "icmp", "notICMP", "http", "ipVersion")


def untracked(tables: Tables) -> Iterator[Fact]:
    """untracked-policy-denies: only where host endpoints are shown."""
    rows = [row for row in tables.rows.settings if row.kind in ("GlobalNetworkPolicy", "HostEndpoint")]
    if not any(row.kind == "HostEndpoint" for row in rows):
        return
    policies: dict[str, dict[str, Any]] = {}
    for row in rows:
        if row.kind == "GlobalNetworkPolicy":
            policies.setdefault(row.name, {})[row.key] = row
    for name, keys in policies.items():
        if "spec.doNotTrack" not in keys or text(keys["spec.doNotTrack"].value).lower() != "true":
            continue
        rules: dict[tuple[str, str], dict[str, Any]] = {}
        for key, row in keys.items():
            if match := _RULE.fullmatch(key):
                rules.setdefault((match[1], match[2]), {})[match[3]] = row
        for (direction, _), parts in rules.items():
            action = parts.get("action")
            if action is None or action.value != "Deny" or any(part.startswith(_NARROWING) for part in parts):
                continue
            first = keys["spec.doNotTrack"]
            detail = f"{name} does not track connections and denies all {direction}: answers to the host are dropped"
            also = ((first.file, int(first.line)),)
            yield Fact("untracked-policy-denies", action.file, int(action.line), detail, also=also)


CHECKS: tuple[Check, ...] = (untracked,)
