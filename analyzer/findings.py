"""From tables to findings: which signals of the catalogue fire, on which rows and workers."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from analyzer.catalogue import Catalogue, Signal
from analyzer.facts.fact import Fact
from analyzer.inventory import Inventory, number, text
from analyzer.period import passed
from analyzer.tables import Tables, each

#: selector of a signal -> table it reads
TABLE_OF = {
    "log": "log_lines",
    "event": "events",
    "condition": "node_conditions",
    "container": "containers",
    "pod": "pods",
    "node": "nodes",
    "readiness": "readiness",
    "bgp": "bgp",
    "daemonset": "daemonsets",
    "setting": "settings",
    "route": "routes",
    "fact": "facts",
}
#: tables whose rows carry ``message_ids``
MESSAGE_TABLES = ("log_lines", "events", "node_conditions", "containers", "settings", "readiness")
#: columns of containers that speak of an earlier run
PAST_COLUMNS = {"last_state", "last_reason", "last_exit_code", "exit_code", "last_message", "restarts"}


@dataclass(frozen=True, slots=True)
class Place:
    """A row that a signal fired on: where to quote it."""

    file: str
    line: int
    text: str  # the row's own words, until the line itself is quoted
    node: str = ""
    pod: str = ""
    time: pd.Timestamp | None = None
    count: int = 1
    table: str = ""
    message_id: str = ""


@dataclass(slots=True)
class Finding:
    """A fired atom of evidence: one selector (of one message id) with the rows it fired on.

    ``key`` is equal for equal selectors, so that causes which look at the same thing share it.
    """

    key: str
    signal: Signal
    places: list[Place] = field(default_factory=list)

    @property
    def nodes(self) -> tuple[str, ...]:
        """Workers it was seen on, sorted."""
        return tuple(sorted({place.node for place in self.places if place.node}))

    @property
    def count(self) -> int:
        """How often it was seen; a cross-check counts once, however many lines show it."""
        if self.places and self.places[0].table == "facts":
            return len({(place.text, place.node) for place in self.places})
        return sum(place.count for place in self.places)


class Evidence:
    """The tables with everything a selector may ask for, indexed for quick firing."""

    def __init__(self, tables: Tables, facts: Sequence[Fact], inventory: Inventory) -> None:
        self.tables = tables
        self.inventory = inventory
        self.frames: dict[str, pd.DataFrame] = {
            name: getattr(tables, name) for name in set(TABLE_OF.values()) if name != "facts"
        }
        self.frames["facts"] = _fact_frame(facts)
        self.over = passed(tables, inventory)
        self._by_message = self._index_messages()

    def _index_messages(self) -> dict[str, dict[str, list[int]]]:
        """message id -> table -> positions of rows."""
        index: dict[str, dict[str, list[int]]] = {}
        for table in MESSAGE_TABLES:
            frame = self.frames[table]
            if "message_ids" not in frame:
                continue
            for position, ids in enumerate(frame["message_ids"]):
                for message_id in ids or ():
                    index.setdefault(message_id, {}).setdefault(table, []).append(position)
        return index

    def fire(self, signal: Signal) -> list[Finding]:
        """Give one finding per atom of the signal that fired: a message id, or the selector itself."""
        if signal.message:
            found = [self._fire_message(signal, message_id) for message_id in signal.message]
        else:
            table = TABLE_OF[signal.selector]
            where = {"id": list(signal.fact), **signal.where} if signal.fact else getattr(signal, signal.selector)
            found = [self._finding(signal, _key(signal, ""), table, self._select(signal, table, where))]
        found = [finding for finding in found if finding is not None]
        total = sum(finding.count for finding in found if finding)
        nodes = {node for finding in found if finding for node in finding.nodes}
        if total < signal.min_count or (signal.min_nodes > 1 and len(nodes) < signal.min_nodes):
            return []
        return [finding for finding in found if finding]

    def _fire_message(self, signal: Signal, message_id: str) -> Finding | None:
        finding: Finding | None = None
        for table, positions in self._by_message.get(message_id, {}).items():
            if signal.tables and table not in signal.tables:
                continue
            frame = self.frames[table].iloc[positions]
            rows = frame[self._mask(signal, table, frame, signal.where)]
            part = self._finding(signal, _key(signal, message_id), table, rows, message_id)
            if part is not None:
                if finding is None:
                    finding = part
                else:
                    finding.places.extend(part.places)
        return finding

    def _select(self, signal: Signal, table: str, where: dict[str, Any]) -> pd.DataFrame:
        frame = self.frames[table]
        if not len(frame):
            return frame
        mask = self._mask(signal, table, frame, where)
        return frame[mask] if mask.any() else frame.iloc[:0]

    def _mask(self, signal: Signal, table: str, frame: pd.DataFrame, where: dict[str, Any]) -> pd.Series:
        mask = pd.Series(True, index=frame.index)
        for column, wanted in where.items():
            mask &= _column_mask(frame, column, wanted)
            if not mask.any():
                return mask
        over = self.over.get(table)
        if (
            signal.period == "current"
            and over is not None
            and (table != "containers" or PAST_COLUMNS & set(where) or signal.message)
        ):
            mask &= ~over.loc[frame.index]
        return mask

    def _finding(
        self, signal: Signal, key: str, table: str, rows: pd.DataFrame, message_id: str = ""
    ) -> Finding | None:
        if not len(rows):
            return None
        places = []
        for row in each(rows):
            first = self._place(table, row, message_id)
            places.append(first)
            if table == "facts":  # a cross-check may rest on lines of several files
                places.extend(replace(first, file=file, line=line) for file, line in row.also or ())
        unique = {(place.file, place.line, place.text, place.node): place for place in places}
        return Finding(key, signal, list(unique.values()))

    def _place(self, table: str, row: Any, message_id: str) -> Place:
        pod = text(getattr(row, "pod", ""))
        node = text(getattr(row, "node", ""))
        kind = text(getattr(row, "object_kind", ""))
        if table == "events":
            pod = row.object if kind == "Pod" else pod
            node = node or (row.object if kind == "Node" else "")
        if not node and pod:
            node = self.inventory.node_of(text(getattr(row, "namespace", "")), pod)
        line = int(row.line)
        if table == "containers":
            line = int(number(row.state_line) or number(row.last_state_line) or line)
            if PAST_COLUMNS & set(getattr(row, "_fields", ())) and number(row.last_state_line) and row.last_reason:
                line = int(row.last_state_line)
        time = getattr(row, "time", None)
        if table == "node_conditions":
            time = row.last_transition
        return Place(
            file=row.file,
            line=line,
            text=_words(table, row),
            node=node,
            pod=pod,
            time=None if time is None or pd.isna(time) else time,
            # a named tuple has a method of this name, so only a real column counts
            count=int(number(row.count) or 1) if "count" in row._fields else 1,
            table=table,
            message_id=message_id,
        )


def fire_all(catalogue: Catalogue, evidence: Evidence) -> dict[str, dict[str, list[Finding]]]:
    """Fire every signal of every cause.

    Returns:
        cause id -> signal id -> findings, only for signals that fired; ``against`` signals included.
    """
    cache: dict[str, list[Finding]] = {}
    fired: dict[str, dict[str, list[Finding]]] = {}
    for cause in catalogue.causes.values():
        for signal in (*cause.signals, *cause.against):
            name = _cache_name(signal)
            if name not in cache:
                cache[name] = evidence.fire(signal)
            if cache[name]:
                fired.setdefault(cause.id, {})[signal.id] = [
                    Finding(finding.key, signal, finding.places) for finding in cache[name]
                ]
    return fired


def _cache_name(signal: Signal) -> str:
    return json.dumps(signal.model_dump(exclude={"id", "says", "strength", "expected"}), sort_keys=True, default=str)


def _key(signal: Signal, message_id: str) -> str:
    """What two signals must share to be the same atom of evidence."""
    if message_id:
        return f"message:{message_id}"
    if signal.fact:
        return "fact:" + ",".join(sorted(signal.fact))
    return f"{signal.selector}:" + json.dumps(getattr(signal, signal.selector), sort_keys=True, default=str)


def _fact_frame(facts: Iterable[Fact]) -> pd.DataFrame:
    rows = [
        {"id": f.id, "node": f.node, "pod": f.pod, "file": f.file, "line": f.line, "detail": f.detail, "also": f.also}
        for f in facts
    ]
    return pd.DataFrame(rows, columns=["id", "node", "pod", "file", "line", "detail", "also"])


def _column_mask(frame: pd.DataFrame, column: str, wanted: Any) -> pd.Series:
    name, _, key = column.partition(".")
    if name not in frame:
        return pd.Series(False, index=frame.index)
    values = frame[name]
    if key:  # a key of a dict column: fields.error, labels.dedicated
        values = values.map(lambda item: (item or {}).get(key, "") if isinstance(item, dict) else "")
    if isinstance(wanted, dict):
        numbers = pd.to_numeric(values, errors="coerce").astype(float)
        mask = pd.Series(True, index=frame.index)
        if "min" in wanted:
            mask &= numbers >= float(wanted["min"])
        if "max" in wanted:
            mask &= numbers <= float(wanted["max"])
        return mask
    options = wanted if isinstance(wanted, list) else [wanted]
    negative = [str(item)[1:] for item in options if isinstance(item, str) and item.startswith("!")]
    positive = [item for item in options if not (isinstance(item, str) and item.startswith("!"))]
    mask = pd.Series(True, index=frame.index)
    if positive:
        mask &= values.map(lambda value: any(_equal(value, item) for item in positive)).astype(bool)
    if negative:
        mask &= ~values.map(lambda value: any(_equal(value, item) for item in negative)).astype(bool)
    return mask


def _equal(value: Any, wanted: Any) -> bool:
    if isinstance(value, tuple | list):
        return any(_equal(item, wanted) for item in value)
    if value is None or value is pd.NA or value != value:
        return False
    if isinstance(wanted, bool):
        return str(value).lower() == str(wanted).lower()
    if isinstance(wanted, int | float):
        try:
            return float(value) == float(wanted)
        except (TypeError, ValueError):
            return False
    shown = str(value)
    if any(mark in wanted for mark in "*?["):
        return fnmatch.fnmatchcase(shown.lower(), wanted.lower())
    return shown == str(wanted)


def _words(table: str, row: Any) -> str:
    if table == "facts":
        return str(row.detail)
    if table == "log_lines":
        return str(row.raw or row.message)
    if table == "events":
        return f"{row.type} {row.reason} {row.message}"
    if table == "node_conditions":
        return f"{row.type} {row.status} {row.reason} {row.message}"
    if table == "containers":
        shown = [row.container, row.state, row.state_reason, row.last_reason]
        return " ".join(text(part) for part in shown if text(part))
    return " ".join(str(getattr(row, name)) for name in ("message", "value", "node", "name") if hasattr(row, name))[
        :400
    ]
