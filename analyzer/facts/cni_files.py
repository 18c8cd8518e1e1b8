"""Cross-checks about the files that a listing of the CNI directory shows.

======================= =======================================================================================
fact                    what it means
======================= =======================================================================================
cni-file-before-calico  in a listing of the CNI directory another configuration is sorted before Calico's: the
                        runtime uses the first one by name
======================= =======================================================================================

Multus stands in front on purpose, and a file of the loopback plugin does no harm. Source: libcni (files ``.conf``,
``.conflist`` and ``.json`` in the order of their names).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analyzer.facts.fact import Check, Fact
from analyzer.inventory import Inventory
from analyzer.tables import Tables
from parsers.lazy_pattern import lazy_pattern

_NAME = lazy_pattern(r"(?:^|[\s/])(?P<name>[\w][\w.-]{0,60}\.(?:conf|conflist|json))(?=\s|$)")
_OURS = lazy_pattern(r"\d{0,3}-?(?:calico|canal)\.(?:conf|conflist)")
_HARMLESS = lazy_pattern(r"multus|loopback|nodelocaldns|dummy")
_GAP = 8  # lines; what stands farther away is another listing


def shadowed(tables: Tables) -> Iterator[Fact]:
    """cni-file-before-calico."""
    if not Inventory(tables).agents:
        return
    files: dict[str, list[tuple[int, str, Any]]] = {}
    for row in tables.rows.log_lines:
        if "cni-config-listed" not in row.message_ids:
            continue
        names = [match["name"] for match in _NAME.finditer(row.message)]
        for number in sorted({int(row.line), int(row.last_line or row.line)}):
            files.setdefault(row.file, []).extend((number, name, row) for name in names)
    for file, found in files.items():
        for listing in _listings(sorted(found, key=lambda item: item[0])):
            ours = [item for item in listing if _OURS.fullmatch(item[1])]
            first = min(listing, key=lambda item: item[1])
            mine = max(ours, key=lambda item: item[1], default=None)
            if mine is None or first[1] == mine[1] or _HARMLESS.search(first[1]):
                continue
            detail = f"{first[1]} is sorted before {mine[1]}, so the runtime uses it"
            yield Fact("cni-file-before-calico", file, first[0], detail, first[2].node, also=((file, mine[0]),))


def _listings(found: list[tuple[int, str, Any]]) -> Iterator[list[tuple[int, str, Any]]]:
    """Lines that stand together."""
    group: list[tuple[int, str, Any]] = []
    for item in found:
        if group and (item[0] - group[-1][0] > _GAP or (item[1] in {name for _, name, _ in group})):
            yield group
            group = []
        group.append(item)
    if group:
        yield group


CHECKS: tuple[Check, ...] = (shadowed,)
