"""Cross-checks about what a calico-node said once, and which still holds.

Trouble of the first minute is start-up noise where the pod became ready. Where it did not, a line that its program
writes only once is the reason. confd has BIRD check a rendered file when a resource changes, and not again before the
next change.

===================== =========================================================================================
fact                  what it means
===================== =========================================================================================
start-port-taken      a port was taken when calico-node started, and the pod is not ready now
start-password-unread confd could not read a BGP password when calico-node started, and the pod is not ready now
start-unrendered      confd could not render a template when calico-node started, and the pod is not ready now
config-stays-refused  BIRD refused the file that confd rendered last: it goes on with an older configuration
===================== =========================================================================================

Sources: libcalico-go/lib/health (the health server), confd/pkg/resource/template (templates).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from analyzer.facts.fact import Check, Fact
from analyzer.inventory import Inventory, text
from analyzer.period import current_lines
from analyzer.tables import Tables
from parsers.lazy_pattern import lazy_pattern

_SAID = {
    "start-port-taken": re.compile(
        r"(?:listen|bind)\b[^\n]{0,80}:(?:179|9099|9098|5473)\b[^\n]{0,40}address (?:already )?in use"
        r"|BGP: (?:Socket error: bind: Address (?:already )?in use|Cannot open listening socket)",
        re.IGNORECASE,
    ),
    "start-password-unread": re.compile(
        r"Can't read password (?:referenced by BGP ?Configuration|for BGPPeer)|no data available for secret",
        re.IGNORECASE,
    ),
    "start-unrendered": re.compile(
        r"unable to process template|Missing template: |error calling: |Found no templates", re.IGNORECASE
    ),
}


#: its own files, not those of IPv6, which a cluster without IPv6 renders as well
_OF_BIRD = lazy_pattern(r"/bird\w{0,10}\.cfg\b")


def said_at_start(tables: Tables) -> Iterator[Fact]:
    """start-port-taken, start-unrendered: once a pod."""
    inventory = Inventory(tables)
    pods = inventory.pods_by_name
    current = {(row.file, row.line) for row in current_lines(tables, inventory)}  # those speak for themselves
    told: set[tuple[str, str]] = set()
    for row in tables.rows.log_lines:
        pod = pods.get(text(row.pod))
        if pod is None or pod.healthy is not False or (row.file, row.line) in current:
            continue
        for name, words in _SAID.items():
            if (name, pod.name) not in told and words.search(row.message):
                told.add((name, pod.name))
                detail = f"{pod.name} is not ready and said: {row.message[:160]}"
                yield Fact(name, row.file, int(row.line), detail, pod.node, pod.name)


def stays_refused(tables: Tables) -> Iterator[Fact]:
    """config-stays-refused: once a log, by its last check of BIRD's file."""
    inventory = Inventory(tables)
    last: dict[tuple[str, str], Any] = {}
    for row in tables.rows.log_lines:
        if "confd-checkcmd" in row.message_ids or (
            "confd-target-updated" in row.message_ids and _OF_BIRD.search(row.message)
        ):
            last[(row.file, text(row.pod))] = row
    for (file, name), row in last.items():
        if "confd-checkcmd" in row.message_ids:
            pod = inventory.pods_by_name.get(name)
            detail = f"the last file that confd rendered is refused: {row.message[:200]}"
            yield Fact("config-stays-refused", file, int(row.line), detail, pod.node if pod else text(row.node), name)


CHECKS: tuple[Check, ...] = (said_at_start, stays_refused)
