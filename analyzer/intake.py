"""From a customer's files to rows: open, decode, split, recognise, parse, then say whose each row is."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from analyzer.attribution import attribute
from analyzer.bundle import BundleError, Limits, Member, fingerprint, open_bundle
from analyzer.tables import ROW_TYPES
from parsers.container_log import container_of, parse_container_log, section_sources, split_sections
from parsers.decode import decode, is_binary
from parsers.place import place
from parsers.recognize import recognize
from parsers.rows import FileRow
from parsers.session import Part, asked, split_session
from parsers.source import Match, Parsed, Source

Parser = Callable[[str, Source], Parsed]


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that was skipped, cut, damaged or not understood."""

    file: str
    what: str


@dataclass(slots=True)
class Intake:
    """All rows of one ticket by table, and what was noticed on the way."""

    name: str = ""
    sha256: str = ""
    bytes: int = 0
    rows: dict[str, list[Any]] = field(default_factory=lambda: {name: [] for name in ROW_TYPES})
    warnings: list[Skipped] = field(default_factory=list)
    missing_logs: list[tuple[str, str]] = field(default_factory=list)  # file, error text instead of a log
    file_facts: dict[str, dict[str, str]] = field(default_factory=dict)
    collected: datetime | None = None
    paths: Sequence[Path] = ()
    limits: Limits = field(default_factory=Limits)

    def warn(self, file: str, what: str) -> None:
        """Note something once."""
        item = Skipped(file, what)
        if item not in self.warnings:
            self.warnings.append(item)

    def texts(self, wanted: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Read the wanted files again, decoded: (path, text)."""
        left = set(wanted)
        if not left:
            return
        for member in open_bundle(self.paths, self.limits, lambda file, what: None, only=left):
            if member.path in left:
                left.discard(member.path)
                yield member.path, decode(member.data)[0]
            if not left:
                return


def read_bundle(paths: Sequence[Path], match: Match, limits: Limits | None = None) -> Intake:
    """Read one ticket.

    Raises:
        BundleError: an input does not exist, cannot be opened, or nothing at all is in it.
    """
    limits = limits or Limits()
    sha256, size = fingerprint(paths) if all(path.exists() for path in paths) else ("", 0)
    intake = Intake(paths[0].name or str(paths[0]), sha256, size, paths=paths, limits=limits)
    seen: dict[str, str] = {}
    count = 0
    for member in open_bundle(paths, limits, intake.warn):
        count += 1
        digest = hashlib.blake2b(member.data, digest_size=16).hexdigest() if len(member.data) > 64 else ""
        if digest and digest in seen:
            _same(intake, member, seen[digest])
            continue
        seen[digest] = member.path
        _member(intake, member, match)
    if count == 0:
        raise BundleError(f"{paths[0]}: is empty, or nothing in it could be read; give the customer's files or archive")
    attribute(intake.rows, intake.file_facts)
    intake.collected = _collected(intake.rows, intake.file_facts)
    _fill_event_times(intake)
    return intake


def _same(intake: Intake, member: Member, first: str) -> None:
    hint = place(member.path)
    # the same words under two names: links of a bundle, or previous.log like current.log
    intake.rows["files"].append(
        FileRow(member.path, "duplicate", hint.namespace, hint.pod, hint.container, hint.node, len(member.data))
    )
    intake.file_facts.setdefault(member.path, {})["duplicate_of"] = first


def _member(intake: Intake, member: Member, match: Match) -> None:
    hint = place(member.path)
    row = FileRow(member.path, "", hint.namespace, hint.pod, hint.container, hint.node, len(member.data))
    intake.rows["files"].append(row)
    if is_binary(member.data):
        row.kind = "binary"
        intake.warn(member.path, "binary content: skipped")
        return
    text, row.encoding, problems = decode(member.data)
    row.lines = text.count("\n") + (not text.endswith("\n") and bool(text))
    base = Source(member.path, 1, hint.namespace, hint.pod, hint.container, hint.node, hint.previous)
    kinds: list[str] = []
    for part in _parts(text, member.path):
        kind, parsed = _parse(intake, part, base, match)
        kinds.append(kind)
        problems.extend(parsed.problems)
        _collect(intake, parsed, row)
    known = [kind for kind in dict.fromkeys(kinds) if kind not in ("empty", "unknown")]
    row.kind = known[0] if len(known) == 1 else "session" if known else (kinds[0] if kinds else "empty")
    row.problems = tuple(dict.fromkeys(problems))
    for problem in row.problems:
        intake.warn(member.path, problem)
    if row.kind == "unknown":
        intake.warn(member.path, "not recognised as anything calico-triage reads: skipped")
    elif row.kind == "empty" and not hint.previous:
        intake.warn(member.path, "empty file: missing data, not a sign of health")


def _parts(text: str, path: str) -> list[Part]:
    """A file's parts; one that is wholly a log or one kind of output is not searched for prompts."""
    whole = recognize(text, path)
    if whole.kind in ("log", "objects", "kubectl-error", "empty") and whole.score >= 0.9 and "\n$ " not in text[:65536]:
        return [Part(1, text)]
    parts = split_session(text)
    return parts if len(parts) > 1 or (parts and parts[0].command) else [Part(1, text)]


def _parse(intake: Intake, part: Part, base: Source, match: Match) -> tuple[str, Parsed]:
    wish = asked(part.command)
    source = replace(
        base,
        command=part.command,
        first_line=part.first_line,
        namespace=wish.namespace or base.namespace,
        pod=(wish.name if wish.verb == "logs" else "") or base.pod,
        container=(wish.container if wish.verb == "logs" else "") or base.container,
        previous=wish.previous or base.previous,
    )
    kind = recognize(part.text, base.path).kind
    if kind == "unknown" and wish.verb == "logs":
        kind = "log"
    if kind == "kubectl-error":
        error = " ".join(part.text.split())[:300]
        if source.container or source.pod or base.path.lower().endswith(("log", "log.txt")) or wish.verb == "logs":
            intake.missing_logs.append((base.path, error))
        intake.warn(base.path, f"holds only an error, no data: {error}")
        return kind, Parsed(facts={"error": error})
    try:
        return kind, _parser(kind, part.text, source, match)
    except Exception as error:
        intake.warn(base.path, f"could not be read as {kind} ({type(error).__name__}): a defect of calico-triage")
        return kind, Parsed()


#: kind -> module and function that reads it; imported when the first such text turns up
_PARSERS = {
    "describe": "parsers.describe:parse_describe",
    "get-table": "parsers.get_table:parse_get_table",
    "objects": "parsers.objects:parse_objects",
    "birdcl": "parsers.birdcl:parse_birdcl",
    "node-status": "parsers.node_status:parse_node_status",
    "ip-route": "parsers.ip_route:parse_ip_route",
    "packet-filter": "parsers.packet_filter:parse_packet_filter",
    "ibmcloud": "parsers.ibmcloud:parse_ibmcloud",
    "ipam": "parsers.ipam:parse_ipam",
}


def _parser(kind: str, text: str, source: Source, match: Match) -> Parsed:
    if kind == "log":
        return _log(text, source, match)
    if kind == "kubelet-journal":
        journal = importlib.import_module("parsers.kubelet_journal")
        found: Parsed = journal.parse_kubelet_journal(text, source, match)
        return found
    if kind not in _PARSERS:
        return Parsed()
    module, _, function = _PARSERS[kind].partition(":")
    parser: Parser = getattr(importlib.import_module(module), function)
    return parser(text, source)


def _log(text: str, source: Source, match: Match) -> Parsed:
    sections = split_sections(text, source)
    if sections:
        parsed = Parsed()
        for part, own in section_sources(sections, source):
            parsed.extend(parse_container_log(part, own, match))
        return parsed
    if not source.container:
        source = replace(source, container=container_of(text[:65536]))
    return parse_container_log(text, source, match)


def _collect(intake: Intake, parsed: Parsed, row: FileRow) -> None:
    for table in intake.rows:
        if table != "files":
            intake.rows[table].extend(getattr(parsed, table))
    facts = intake.file_facts.setdefault(row.path, {})
    for key, value in parsed.facts.items():
        if key.startswith("level.") and key in facts:
            facts[key] = str(int(facts[key]) + int(value))
        else:
            facts.setdefault(key, value)
    row.pod = row.pod or parsed.facts.get("pod", "")
    row.container = row.container or parsed.facts.get("container", "")


def _collected(rows: Mapping[str, list[Any]], facts: Mapping[str, Mapping[str, str]]) -> datetime | None:
    """When the bundle was made: the latest time that anything in it has seen.

    Heartbeats of live workers are at most minutes old (10 s, or 5 min where only the lease is renewed), so the latest
    of heartbeats, leases, container states, events and log lines is close to the collection.
    """
    times: list[datetime] = []
    for name, columns in (
        ("node_conditions", ("last_heartbeat", "last_transition")),
        ("nodes", ("lease_renewed", "created")),
        ("containers", ("started", "finished", "last_finished")),
        ("pods", ("start_time",)),
        ("events", ("time",)),
    ):
        for row in rows[name]:
            times.extend(value for column in columns if (value := getattr(row, column)) is not None)
    times.extend(datetime.fromisoformat(known["last_time"]) for known in facts.values() if known.get("last_time"))
    return max(times) if times else None


def _fill_event_times(intake: Intake) -> None:
    """Give events and probe results an absolute time, or an age, whichever of the two is missing."""
    now = intake.collected
    if now is None:
        return
    for name in ("events", "readiness"):
        for row in intake.rows[name]:
            if row.time is None and row.age_s is not None:
                row.time = now - timedelta(seconds=row.age_s)
            elif row.age_s is None and row.time is not None and name == "events":
                row.age_s = max(0.0, (now - row.time).total_seconds())
    for row in intake.rows["events"]:
        if row.first_time is None and row.first_age_s is not None:
            row.first_time = now - timedelta(seconds=row.first_age_s)
