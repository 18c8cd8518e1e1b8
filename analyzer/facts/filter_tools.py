"""Cross-checks about the versions of iptables that run on one worker.

======================= =======================================================================================
fact                    what it means
======================= =======================================================================================
iptables-tools-differ   a session shows iptables of two kinds (legacy, nf_tables) or two releases side by side
iptables-kinds-differ   of two kinds
======================= =======================================================================================

Source: Kubernetes' and Calico's documentation of iptables backends (all programs of a host must use one kind).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analyzer.facts.fact import Check, Fact
from analyzer.facts.observed import places
from analyzer.tables import Tables
from parsers.lazy_pattern import lazy_pattern

_SAID = lazy_pattern(r"\bv(\d{1,2}\.\d{1,3}\.\d{1,3})(?: \((legacy|nf_tables)\))?")


def versions(tables: Tables) -> Iterator[Fact]:
    """iptables-tools-differ, iptables-kinds-differ: file by file."""
    files: dict[str, dict[tuple[str, str], Any]] = {}
    for row in tables.rows.log_lines:
        if "iptables-version-said" in row.message_ids and (match := _SAID.search(row.message)):
            files.setdefault(row.file, {}).setdefault((match[1], match[2] or "legacy"), row)
    for file, found in files.items():
        if len(found) < 2:
            continue
        rows = list(found.values())
        detail = " and ".join(f"{release} ({kind})" for release, kind in found)
        first = min(rows, key=lambda row: int(row.line))
        also = places(row for row in rows if row is not first)
        yield Fact("iptables-tools-differ", file, int(first.line), f"iptables {detail}", first.node, also=also)
        if len({kind for _, kind in found}) > 1:
            yield Fact("iptables-kinds-differ", file, int(first.line), f"iptables {detail}", first.node, also=also)


CHECKS: tuple[Check, ...] = (versions,)
