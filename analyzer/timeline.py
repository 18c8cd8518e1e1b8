"""What happened when: transitions, restarts, warnings and first error lines, in order of time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec import Struct

from analyzer.findings import Evidence
from analyzer.inventory import Inventory, number, text
from analyzer.tables import Tables

MOST = 400
_SEVERITY = {"PANIC": "error", "FATAL": "error", "ERROR": "error", "WARNING": "warning"}


class Moment(Struct, frozen=True):
    """One thing that happened; ``severity`` is info, warning or error."""

    time: datetime
    node: str
    pod: str
    what: str
    severity: str
    file: str
    line: int


def timeline(tables: Tables, evidence: Evidence, roles: Mapping[str, str]) -> list[Moment]:
    """Give the moments in order of time; the least severe are left out beyond ``MOST``.

    Args:
        tables: the bundle's tables.
        evidence: gives what is over or routine, which is not shown as trouble.
        roles: role by message id (cause, symptom, state, benign).
    """
    moments = [
        *_conditions(tables),
        *_events(tables, evidence.inventory),
        *_containers(tables, evidence.inventory),
        *_lines(tables, evidence, roles),
    ]
    if len(moments) > MOST:
        rank = {"error": 0, "warning": 1, "info": 2}
        moments = sorted(moments, key=lambda item: rank[item.severity])[:MOST]
    return sorted(moments, key=lambda item: (item.time, item.node, item.what))


def _conditions(tables: Tables) -> Iterable[Moment]:
    for row in tables.rows.node_conditions:
        if row.last_transition is None:
            continue
        healthy = "True" if row.type == "Ready" else "False"
        bad = row.status != healthy
        if bad or row.type in ("Ready", "NetworkUnavailable"):
            what = f"{row.type} became {row.status} ({row.reason})"
            yield Moment(row.last_transition, row.node, "", what, "error" if bad else "info", row.file, int(row.line))


def _events(tables: Tables, inventory: Inventory) -> Iterable[Moment]:
    for row in tables.rows.events:
        if row.time is None:
            continue
        pod = row.object if row.object_kind == "Pod" else ""
        node = text(row.node) or (row.object if row.object_kind == "Node" else inventory.node_of(row.namespace, pod))
        severity = "warning" if row.type == "Warning" or row.reason == "NodeNotReady" else "info"
        message = " ".join(row.message.split())[:160]
        count = f" (x{row.count})" if row.count > 1 else ""
        start = row.first_time or row.time
        yield Moment(start, node, pod, f"{row.reason}{count}: {message}", severity, row.file, int(row.line))


def _containers(tables: Tables, inventory: Inventory) -> Iterable[Moment]:
    for row in tables.rows.containers:
        node = text(row.node) or inventory.node_of(row.namespace, row.pod)
        if row.started is not None:
            yield Moment(row.started, node, row.pod, f"{row.container} started", "info", row.file, int(row.line))
        if row.last_finished is not None:
            code = number(row.last_exit_code)
            shown = f"{row.container} ended: {row.last_reason}" + (
                f", exit code {code:.0f}" if code is not None else ""
            )
            line = int(number(row.last_state_line) or row.line)
            yield Moment(row.last_finished, node, row.pod, shown, "warning" if code else "info", row.file, line)


def _lines(tables: Tables, evidence: Evidence, roles: Mapping[str, str]) -> Iterable[Moment]:
    over = evidence.over["log_lines"]
    for row, past in zip(tables.rows.log_lines, over, strict=True):
        if row.time is None or past or (row.message_id and roles.get(row.message_id) == "benign"):
            continue
        if row.level not in _SEVERITY and roles.get(row.message_id) not in ("cause", "symptom"):
            continue
        count = f" (x{row.count})" if row.count > 1 else ""
        what = f"{row.component or row.container}: {' '.join(row.message.split())[:160]}{count}"
        severity = _SEVERITY.get(row.level, "warning")
        yield Moment(row.time, row.node, row.pod, what, severity, row.file, int(row.line))
