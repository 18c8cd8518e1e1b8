"""From tables to findings: which signals of the catalogue fire, on which rows and workers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from analyzer.catalogue import Catalogue, Signal
from analyzer.conditions import cell_test, conditions_of, is_plain, plain_words
from analyzer.facts.fact import Fact
from analyzer.facts.observed import foreign_trace, of_calico, of_host_program
from analyzer.inventory import Inventory, text
from analyzer.period import passed
from analyzer.tables import ROW_TYPES, Tables

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
#: not a column of its own: whether the row may be of one of Calico's pods, as far as its pod is known
OF_CALICO = "of_calico"
#: columns that ``where`` may ask for, by table
COLUMNS: dict[str, frozenset[str]] = {
    **{name: frozenset(row_type.__struct_fields__) for name, row_type in ROW_TYPES.items()},
    "log_lines": frozenset({OF_CALICO, *ROW_TYPES["log_lines"].__struct_fields__}),
    "facts": frozenset({"id", "node", "pod", "file", "line", "detail", "also"}),
}


class Place(Struct, frozen=True):
    """A row that a signal fired on: where to quote it."""

    file: str
    line: int
    text: str  # the row's own words, until the line itself is quoted
    node: str = ""
    pod: str = ""
    time: datetime | None = None
    count: int = 1
    table: str = ""
    message_id: str = ""


class Finding(Struct):
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


class _Values(NamedTuple):
    """The distinct values of a column, by their types, and where each stands."""

    positions: dict[Any, list[int]]
    only_text: bool


class Evidence:
    """The tables with everything a selector may ask for, indexed for quick firing."""

    def __init__(self, tables: Tables, facts: Sequence[Fact], inventory: Inventory) -> None:
        self.tables = tables
        self.inventory = inventory
        self.rows: dict[str, list[Any]] = {name: tables.rows.of(name) for name in TABLE_OF.values() if name != "facts"}
        self.rows["facts"] = list(facts)
        self._facts = frozenset(fact.id for fact in facts)
        self.over = passed(tables, inventory)
        self._by_message = self._index_messages()
        self._by_value: dict[tuple[str, str], _Values] = {}
        self._passing: dict[tuple[str, str, str], list[int]] = {}

    def _index_messages(self) -> dict[str, dict[str, list[int]]]:
        """message id -> table -> positions of rows."""
        index: dict[str, dict[str, list[int]]] = {}
        for table in MESSAGE_TABLES:
            of_rows: Iterable[tuple[str, ...]] = self.tables.message_ids.get(table, ())
            if table == "log_lines":
                of_rows = (row.message_ids for row in self.tables.rows.log_lines)
            for position, ids in enumerate(of_rows):
                for message_id in ids:
                    index.setdefault(message_id, {}).setdefault(table, []).append(position)
        return index

    def may_fire(self, signal: Signal) -> bool:
        """Whether there is anything of what a signal asks for; most ask for what is in few bundles."""
        if signal.message:
            return not self._by_message.keys().isdisjoint(signal.message)
        if signal.fact and self._facts.isdisjoint(signal.fact):
            return not all(map(is_plain, signal.fact))
        return bool(self.rows[TABLE_OF[signal.selector]])

    def fire(self, signal: Signal) -> list[Finding]:
        """Give one finding per atom of the signal that fired: a message id, or the selector itself."""
        if not self.may_fire(signal):
            return []
        if signal.message:
            there = [message_id for message_id in signal.message if message_id in self._by_message]
            found = [self._fire_message(signal, message_id) for message_id in there]
        else:
            table = TABLE_OF[signal.selector]
            positions = self._select(signal, table, None)
            found = [self._finding(signal, _key(signal, ""), table, positions)] if positions else []
        fired = [finding for finding in found if finding is not None]
        if not fired:
            return []
        nodes = {node for finding in fired for node in finding.nodes} if signal.min_nodes > 1 else set()
        if (signal.min_count > 1 and _times(fired) < signal.min_count) or (
            signal.min_nodes > 1 and len(nodes) < signal.min_nodes
        ):
            return []
        return fired

    def _fire_message(self, signal: Signal, message_id: str) -> Finding | None:
        finding: Finding | None = None
        for table, of_message in self._by_message[message_id].items():
            if signal.tables and table not in signal.tables:
                continue
            positions = self._select(signal, table, of_message)
            if not positions:
                continue
            part = self._finding(signal, _key(signal, message_id), table, positions, message_id)
            if finding is None:
                finding = part
            else:
                finding.places.extend(part.places)
        return finding

    def _select(self, signal: Signal, table: str, positions: Sequence[int] | None) -> Sequence[int]:
        """Those of the positions (None: of all) whose rows meet all conditions and are not over, where that counts."""
        rows = self.rows[table]
        conditions = conditions_of(signal.selection)
        for name, key, wanted in conditions:
            if not rows or name not in COLUMNS[table]:
                return ()
            if positions is None and not key:
                positions = self._with_value(table, name, wanted)
            else:
                test = cell_test(wanted)
                over_these = range(len(rows)) if positions is None else positions
                positions = [position for position in over_these if test(_cell(rows[position], name, key))]
            if not positions:
                return positions
        positions = range(len(rows)) if positions is None else positions
        over = self.over.get(table)
        if (
            signal.period == "current"
            and over is not None
            and (table != "containers" or signal.message or any(name in PAST_COLUMNS for name, _, _ in conditions))
        ):
            positions = [position for position in positions if not over[position]]
        return positions

    def _with_value(self, table: str, column: str, wanted: str) -> list[int]:
        """Positions of the rows of a table whose cell passes; each distinct value is tested once."""
        found = self._passing.get((table, column, wanted))
        if found is None:
            found = self._passing[(table, column, wanted)] = self._tested(table, column, wanted)
        return found

    def _tested(self, table: str, column: str, wanted: str) -> list[int]:
        index = self._by_value.get((table, column))
        if index is None:
            index = self._by_value[(table, column)] = self._index_values(table, column)
        rows, words = self.rows[table], plain_words(wanted)
        if words is not None and index.only_text:
            found = [index.positions[(str, word)] for word in words if (str, word) in index.positions]
        else:
            test = cell_test(wanted)
            found = [of_value for of_value in index.positions.values() if test(getattr(rows[of_value[0]], column))]
        return sorted(position for of_value in found for position in of_value)

    def _index_values(self, table: str, column: str) -> _Values:
        positions: dict[Any, list[int]] = {}
        for position, row in enumerate(self.rows[table]):
            value = getattr(row, column)
            # True and 1 are one key of a dict and two different words
            key = (type(value), value) if isinstance(value, (str, int, float, datetime)) else (None, position)
            positions.setdefault(key, []).append(position)
        return _Values(positions, all(kind is str for kind, _ in positions))

    def _finding(self, signal: Signal, key: str, table: str, positions: Iterable[int], message_id: str = "") -> Finding:
        places = []
        for position in positions:
            row = self.rows[table][position]
            first = self.place(table, row, message_id)
            if table == "nodes" and row.lines:
                first = replace(first, line=_line_of_node(row, signal.selection) or first.line)
            places.append(first)
            if table == "facts":  # a cross-check may rest on lines of several files
                places.extend(replace(first, file=file, line=line) for file, line in row.also or ())
        unique = {(place.file, place.line, place.text, place.node): place for place in places}
        return Finding(key, signal, list(unique.values()))

    def place(self, table: str, row: Any, message_id: str = "") -> Place:
        """Where a row stands, and what it says."""
        pod = text(getattr(row, "pod", ""))
        node = text(getattr(row, "node", ""))
        if table == "events":
            pod = row.object if row.object_kind == "Pod" else pod
            node = node or (row.object if row.object_kind == "Node" else "")
        if not node and pod:
            node = self.inventory.node_of(text(getattr(row, "namespace", "")), pod)
        line = int(row.line)
        if table == "containers":
            line = int(row.state_line or row.last_state_line or line)
            if row.last_state_line and row.last_reason:
                line = int(row.last_state_line)
        time = row.last_transition if table == "node_conditions" else getattr(row, "time", None)
        return Place(
            file=row.file,
            line=line,
            text=_words(table, row),
            node=node,
            pod=pod,
            time=time,
            count=int(getattr(row, "count", 1) or 1),
            table=table,
            message_id=message_id,
        )


def _line_of_node(row: Any, selection: str) -> int | None:
    """The line with the taint, annotation or mark that a selection asks for; None where it is not known."""
    for name, key, wanted in conditions_of(selection):
        if name == "taints":
            test = cell_test(wanted)
            found = next((taint for taint in row.taints if test(taint)), "")
            line = row.lines.get(f"taints.{found}")
        else:
            line = row.lines.get(f"{name}.{key}" if key else name)
        if line is not None:
            return int(line)
    return None


def fire_all(catalogue: Catalogue, evidence: Evidence) -> dict[str, dict[str, list[Finding]]]:
    """Fire every signal of every cause.

    Returns:
        cause id -> signal id -> findings, only for signals that fired; ``against`` signals included.
    """
    cache: dict[Any, list[Finding]] = {}
    fired: dict[str, dict[str, list[Finding]]] = {}
    for cause in catalogue.causes.values():
        for signal in (*cause.signals, *cause.against):
            if not evidence.may_fire(signal):
                continue
            name = signal.selection
            if name not in cache:
                cache[name] = evidence.fire(signal)
            if cache[name]:
                fired.setdefault(cause.id, {})[signal.id] = [
                    Finding(finding.key, signal, finding.places) for finding in cache[name]
                ]
    return fired


def _times(findings: Iterable[Finding]) -> int:
    """How often something was seen: a line under several messages once."""
    places = (place for finding in findings for place in finding.places)
    return sum({(place.table, place.file, place.line): place.count for place in places}.values())


def _key(signal: Signal, message_id: str) -> str:
    """What two signals must share to be the same atom of evidence."""
    if message_id:
        return f"message:{message_id}"
    if signal.fact:
        return "fact:" + ",".join(sorted(signal.fact))
    return f"{signal.selector}:" + json.dumps(getattr(signal, signal.selector), sort_keys=True, default=str)


def _cell(row: Any, name: str, key: str) -> Any:
    """The cell of a column, or of a key in it: ``fields.error``, ``labels.dedicated``."""
    if name == OF_CALICO:
        return of_calico(row.pod) if row.pod else not (foreign_trace(row.message) or of_host_program(row))
    value = getattr(row, name)
    return value if not key else value.get(key, "") if isinstance(value, dict) else ""


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
