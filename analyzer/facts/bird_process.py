"""Cross-checks about the process BIRD in a calico-node whose other programs work.

================= =============================================================================================
fact              what it means
================= =============================================================================================
bird-starts-again BIRD of a pod not known to be ready starts again and again in one log, and never says that it ends
================= =============================================================================================

Source: ``node/filesystem/etc/service`` (runit starts a program that ended after a second); BIRD 1.6 says "Shutting
down" and "Shutdown completed" where it ends by itself, and "device1: Initializing" at each start, so does bird6.
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.facts.fact import Check, Fact
from analyzer.inventory import Inventory, text
from analyzer.tables import Tables

DAEMONS = 2  # bird and bird6
MANY = 5
STARTS = "Felix starting up"


def starts_again(tables: Tables) -> Iterator[Fact]:
    """bird-starts-again."""
    inventory = Inventory(tables)
    begun: dict[tuple[str, str], int] = {}
    ended: dict[tuple[str, str], int] = {}
    containers: dict[tuple[str, str], int] = {}
    places: dict[tuple[str, str], tuple[str, int, str]] = {}
    for row in tables.rows.log_lines:
        key = (row.file, text(row.pod))
        if "bird-device-init" in row.message_ids:
            begun[key] = begun.get(key, 0) + row.count
            places[key] = (row.file, int(row.last_line or row.line), text(row.node))
        elif "bird-shutdown-completed" in row.message_ids:
            ended[key] = ended.get(key, 0) + row.count
        elif row.message.startswith(STARTS):
            containers[key] = containers.get(key, 0) + row.count
    for key, count in begun.items():
        pod = inventory.pods_by_name.get(key[1])
        usual = DAEMONS * max(1, containers.get(key, 0))
        if count < usual + MANY - DAEMONS or 2 * ended.get(key, 0) >= count or (pod is not None and pod.healthy):
            continue
        file, line, node = places[key]
        detail = f"BIRD of {key[1] or 'a worker'} started {count} times in this log and never ended by itself"
        yield Fact("bird-starts-again", file, line, detail, node or (pod.node if pod else ""), key[1])


CHECKS: tuple[Check, ...] = (starts_again,)
