"""Cross-checks about programs that crash together on one worker.

======================= ==================================================================================
fact                    what it means
======================= ==================================================================================
several-programs-crash  programs of different origin crash by faults of memory on one worker, and on no other
======================= ==================================================================================

A defect of one program hits that program wherever it runs; damaged memory or a failing processor hits whatever runs on
that worker (kernel documentation, admin-guide/ras). A nil pointer is a plain defect and does not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from analyzer.facts.fact import Check, Fact
from analyzer.facts.observed import of_calico, places, shown
from analyzer.inventory import Inventory, text
from analyzer.tables import Tables
from parsers.lazy_pattern import lazy_pattern

FAULT = 139  # exit code of a program that the kernel ended for a fault of memory
_CRASH = lazy_pattern(
    r"(?m:^)SIG(?:SEGV|BUS|ILL): |\[signal SIG(?:SEGV|BUS|ILL)\b(?!.{0,60}addr=0x[0-9a-f]{1,3}\b)"
    r"|fatal error: (?:found |s\.alloc|sweep |bad s|unexp)|\bruntime: (?:pointer 0x|marked free object)"
    r"|[Ss]egmentation fault|Illegal instruction|Bus error|core dumped"
)
_KERNEL = lazy_pattern(
    r"\b([\w.+-]{2,30})\[\d{1,8}\]:? (?:segfault at|general protection|trap invalid opcode)"
    r"|\btraps: ([\w.+-]{2,30})\[\d{1,8}\] (?:general protection|trap )"
)
#: one of these stands in each text that the two expressions find something in, and in few others
_WORDS = ("SIG", "egmentation fault", "Illegal instruction", "Bus error", "core dumped", "fatal error: ", "runtime: ")
_KERNEL_WORDS = ("segfault at", "general protection", "trap ")
#: programs of Calico's image, by the names that the kernel shows
_OF_CALICO = lazy_pattern(r"calico|felix|confd|bird|typha|runsv|runit|kube-controller|tigera")


def together(tables: Tables) -> Iterator[Fact]:
    """several-programs-crash: at least one of the programs is Calico's, at least one is not."""
    inventory = Inventory(tables)
    found: dict[str, dict[str, Any]] = {}
    for row in tables.rows.log_lines:
        said = row.message
        if any(map(said.__contains__, _KERNEL_WORDS)) and (match := _KERNEL.search(said)):
            program = match[1] or match[2]
        elif row.pod and any(map(said.__contains__, _WORDS)) and _CRASH.search(said):
            program = _program(row.pod, row.container)
        else:
            continue
        found.setdefault(_worker(row, inventory), {}).setdefault(program, row)
    for container in tables.rows.containers:
        if FAULT in (container.last_exit_code, container.state_exit_code):
            node = _worker(container, inventory)
            found.setdefault(node, {}).setdefault(_program(container.pod, container.container), container)
    of_calico_on = [node for node, programs in found.items() if any(map(_OF_CALICO.search, programs))]
    if len(of_calico_on) != 1:
        return
    node = of_calico_on[0]
    programs = found[node]
    others = [name for name in programs if not _OF_CALICO.search(name)]
    if others:
        first, *rest = programs.values()
        detail = f"on {node or 'one worker'} these crash: {shown(programs)}"
        yield Fact("several-programs-crash", first.file, int(first.line), detail, node, text(first.pod), places(rest))


def _worker(row: Any, inventory: Inventory) -> str:
    """The row's worker; a kernel's log may bear a host name that the cluster does not know, then its path tells."""
    node = text(row.node) or inventory.node_of(text(row.namespace), row.pod)
    if node in inventory.workers:
        return node
    in_path = [
        name
        for name in inventory.workers
        if name in row.file and re.search(rf"(?<![\w.]){re.escape(name)}(?!\.?\w*\d)", row.file)
    ]
    return in_path[0] if len(in_path) == 1 else node


def _program(pod: str, container: str) -> str:
    return f"calico {container}" if of_calico(pod) else container or pod


CHECKS: tuple[Check, ...] = (together,)
