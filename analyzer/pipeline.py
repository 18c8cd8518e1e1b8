"""The one natural way of the data: bundle -> rows -> tables -> facts and findings -> ranked causes -> report."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field

from analyzer import facts as facts_package
from analyzer.bundle import Limits
from analyzer.catalogue import Catalogue, Signal, load
from analyzer.expression_memory import ExpressionMemory
from analyzer.facts.fact import Check, Fact
from analyzer.findings import Evidence, Finding, fire_all
from analyzer.intake import Intake, read_bundle
from analyzer.inventory import Inventory
from analyzer.logged import add_logged_events
from analyzer.message_index import build_matcher
from analyzer.ranking import Ranked, rank
from analyzer.tables import Tables, build
from analyzer.wording import Wording, all_said, quote
from analyzer.wording import load as load_wording
from parsers.lazy_pattern import lazy_pattern
from parsers.source import Match

if TYPE_CHECKING:
    from analyzer.redaction import Redaction
    from analyzer.report.model import Report

#: columns that hold the words of a table's rows
WORDS = {
    "events": ("message", "reason"),
    "node_conditions": ("message",),
    "containers": ("message", "last_message", "state_reason"),
    "settings": ("value",),
    "readiness": ("message",),
}
#: values of settings that are words somebody wrote about a state, not names or numbers
_WORDY_SETTINGS = lazy_pattern(r"(?:message|reason|error|status)$", re.IGNORECASE)


class Reading(Struct):
    """A bundle that has been read: what came in, and the tables made of it."""

    intake: Intake
    tables: Tables


class Diagnosis(Struct):
    """Everything the report is made of, before it is put into words."""

    reading: Reading
    inventory: Inventory
    evidence: Evidence
    facts: list[Fact]
    fired: dict[str, dict[str, list[Finding]]]
    ranked: list[Ranked]
    symptoms: dict[str, list[Finding]] = field(default_factory=dict)
    wording: dict[str, float] = field(default_factory=dict)  # what the words say of each cause


class Analyzer:
    """A loaded catalogue and its compiled matcher, for one bundle or many."""

    def __init__(
        self,
        causes: Iterable[Path] = (),
        limits: Limits | None = None,
        redaction: Redaction | None = None,
        jobs: int = 1,
        meanwhile: Callable[[], object] | None = None,
    ) -> None:
        self.catalogue: Catalogue = load(causes)
        self._expressions = ExpressionMemory()
        self.matcher = build_matcher(self.catalogue, self._expressions)
        self.limits = limits or Limits()
        self.jobs = jobs  # processes that read large logs; 0 for as many as there are processors
        self.redaction = redaction  # None: everything is quoted as it stands in the bundle
        self._meanwhile = meanwhile  # loads what is wanted of the report, while other processes may still read

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """The cross-checks; who reads only, as other processes do, needs none."""
        return load_checks()

    @cached_property
    def wording(self) -> Wording:
        """What the words of earlier incidents tell."""
        return load_wording()

    @property
    def match(self) -> Match:
        """Gives the message ids of a text."""
        return self.matcher.match

    def read(self, paths: Sequence[Path]) -> Reading:
        """Open, recognise and parse; raises ``BundleError`` where there is nothing to read."""
        intake = read_bundle(paths, self.match, self.limits, self.matcher, self.redaction, self.jobs, self._ready)
        _what_kubectl_can_tell(intake, self.catalogue)
        tables = build(dict(intake.rows), intake.collected)
        tables.facts_of_files = dict(intake.file_facts)
        add_logged_events(tables)
        annotate(tables, self.match)
        return Reading(intake, tables)

    def _ready(self) -> None:
        """Load what is needed when all was read."""
        from analyzer import assemble, cluster  # noqa: F401

        self.checks, self.wording  # noqa: B018
        if self._meanwhile is not None:
            self._meanwhile()

    def diagnose(self, reading: Reading) -> Diagnosis:
        """Compute cross-checks, fire the signals, rank the causes."""
        from analyzer.cluster import describe_cluster

        tables = reading.tables
        inventory = Inventory(tables)
        found = run_checks(self.checks, tables, reading.intake)
        evidence = Evidence(tables, found, inventory)
        fired = fire_all(self.catalogue, evidence)
        platform = describe_cluster(tables, inventory).platform
        said = all_said(evidence)
        wording = self.wording.log_chances(said)
        ranked = rank(self.catalogue, fired, platform, can_show(tables), wording)
        quote(ranked, self.wording, said, evidence, self.catalogue.ranking.shown)
        symptoms = {
            name: findings
            for name, symptom in self.catalogue.symptoms.items()
            if (findings := [finding for signal in symptom.signals for finding in evidence.fire(signal)])
        }
        self._expressions.keep()
        return Diagnosis(reading, inventory, evidence, found, fired, ranked, symptoms, wording)

    def analyze(self, paths: Sequence[Path]) -> Report:
        """The whole way, from the customer's files to the report."""
        from analyzer.assemble import assemble

        reading = self.read(paths)
        report = assemble(self, self.diagnose(reading))
        if self.redaction is None:
            return report
        self.redaction.learn(reading.tables.rows)
        return self.redaction.report(report)


def read(
    paths: Sequence[Path],
    causes: Iterable[Path] = (),
    limits: Limits | None = None,
    redaction: Redaction | None = None,
) -> Reading:
    """Read one ticket into tables, redacted where ``redaction`` is given."""
    reading = Analyzer(causes, limits, redaction).read(paths)
    if redaction is not None:
        redaction.learn(reading.tables.rows)
        redaction.rows(reading.tables.rows)
    return reading


def _what_kubectl_can_tell(intake: Intake, catalogue: Catalogue) -> None:
    """Of an error that kubectl printed in place of an output, keep the messages that speak of the cluster.

    The others are about kubectl's own connection, credential or question, not about Calico's.
    """
    errors = {row.path for row in intake.rows["files"] if row.kind == "kubectl-error"}
    for row in intake.rows["log_lines"] if errors else ():
        if row.file in errors:
            known = (catalogue.messages[name] for name in row.message_ids)
            row.message_ids = tuple(item.id for item in known if item.kubectl or item.component == "kubectl")
            row.message_id = row.message_ids[0] if row.message_ids else ""


def load_checks() -> tuple[Check, ...]:
    """Give the cross-checks of every module of ``analyzer.facts``, in order of module name."""
    found: list[Check] = []
    for module in sorted(pkgutil.iter_modules(facts_package.__path__), key=lambda item: item.name):
        found.extend(getattr(importlib.import_module(f"analyzer.facts.{module.name}"), "CHECKS", ()))
    return tuple(found)


def run_checks(checks: Iterable[Check], tables: Tables, intake: Intake) -> list[Fact]:
    """Run the cross-checks; one that fails is a warning of the report, not the end of it."""
    found: list[Fact] = []
    for check in checks:
        try:
            found.extend(check(tables))
        except Exception as error:
            intake.warn("", f"cross-check {getattr(check, '__name__', '?')} failed: {type(error).__name__}: {error}")
    return found


def annotate(tables: Tables, match: Match) -> None:
    """Find the message ids of the tables whose rows hold words; each distinct text is matched once."""
    ids: dict[str, tuple[str, ...]] = {"": ()}
    for table, columns in WORDS.items():
        found = []
        for row in tables.rows.of(table):
            parts = [str(getattr(row, column)) for column in columns]
            text = " ".join(part for part in parts if part)
            if table == "settings" and not _WORDY_SETTINGS.search(row.key):
                text = ""
            known = ids.get(text)
            if known is None:
                known = ids[text] = match(text)
            found.append(known)
        tables.message_ids[table] = found


def can_show(tables: Tables) -> Callable[[Signal], bool]:
    """Give a function that says whether the bundle holds the input that would show a signal."""
    rows = tables.rows
    logs = {row.container for row in rows.files if row.kind == "log" and row.lines}
    filled: Mapping[str, bool] = {
        "condition": bool(rows.node_conditions),
        "node": bool(rows.nodes),
        "pod": bool(rows.pods),
        "container": bool(rows.containers),
        "event": bool(rows.events),
        "daemonset": bool(rows.daemonsets),
        "readiness": bool(rows.readiness),
        "log": bool(logs),
        "message": "calico-node" in logs,
    }
    return lambda signal: filled.get(signal.selector, False)
