"""Cross-checks about the packet filter of workers.

===================== =========================================================================================
fact                  what it means
===================== =========================================================================================
filter-lets-no-bgp-in a worker's filter drops what no rule lets in, lets in other ports of a cluster, not TCP 179
===================== =========================================================================================

Source: Calico's network requirements (TCP 179 between all nodes that speak BGP).
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.facts.fact import Check, Fact
from analyzer.tables import Tables
from parsers.rows import SettingRow


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


CHECKS: tuple[Check, ...] = (closed_to_bgp,)
