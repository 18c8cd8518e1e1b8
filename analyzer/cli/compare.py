"""``calico-triage compare``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from analyzer.cli.refusals import fail, name_of_input, refuse_what_is_not_there, refuse_what_nobody_reads
from analyzer.report.formats import SUFFIXES

if TYPE_CHECKING:
    from analyzer.bundle import Limits
    from analyzer.pipeline import Analyzer
    from analyzer.redaction import Redaction
    from analyzer.report.model import Report

#: a report in JSON is not larger (bytes); what is, is read as a bundle
MOST_OF_REPORT = 200_000_000


def run(
    before: Path,
    after: Path,
    outputs: Sequence[str],
    form: str | None,
    extra: Sequence[Path],
    template: Path | None,
    fail_on_likely: bool,
    quiet: bool,
    limits: Limits,
    redaction: Redaction | None = None,
) -> None:
    """Compare two bundles or reports, write the pages, print what changed."""
    _check(outputs, form)
    refuse_what_is_not_there([before, after])
    first, second = _reports(before, after, extra, limits, redaction)
    from analyzer.compare import compare
    from analyzer.report import TemplateError
    from analyzer.report import comparison_pages as pages

    comparison = compare(first, second)
    try:
        for target in dict.fromkeys(outputs):
            if target == "-":
                text = pages.render_json(comparison) if form == "json" else pages.render_markdown(comparison, template)
                sys.stdout.write(text)
                continue
            try:
                pages.write(comparison, Path(target), template)
            except OSError as error:
                fail(f"{target}: cannot be written: {error.strerror or error}")
    except TemplateError as error:
        fail(str(error))
    if "-" not in outputs and not quiet:
        from rich.console import Console

        console = Console(highlight=False)
        pages.print_summary(comparison, console)
        for target in dict.fromkeys(outputs):
            console.print(f"comparison: {target}", markup=False)
    if fail_on_likely and any(cause.confidence == "likely" for cause in second.causes):
        raise SystemExit(3)


def _reports(
    before: Path, after: Path, extra: Sequence[Path], limits: Limits, redaction: Redaction | None
) -> tuple[Report, Report]:
    """Read what is a report, analyze what is a bundle; the catalogue is loaded only where there is one.

    Both are redacted, a report too (it may be one made without), and by the same object: a host has one
    pseudonym in both.
    """
    from analyzer.catalogue import CatalogueError

    analyzer: Analyzer | None = None
    found = []
    for path in (before, after):
        report = _report_of(path)
        if report is None:
            from analyzer.bundle import BundleError
            from analyzer.pipeline import Analyzer

            try:
                analyzer = analyzer or Analyzer(extra, limits, redaction=redaction)
                report = analyzer.analyze([path])
            except BundleError as error:
                fail(name_of_input(str(error), [path]))
            except CatalogueError as error:
                fail(str(error))
            refuse_what_nobody_reads((file.kind for file in report.bundle.files), [path])
        elif redaction is not None:
            report = redaction.report(report)
        found.append(report)
    first, second = found
    if first.bundle.name == second.bundle.name:  # "bundle" and "bundle": the folders above tell them apart
        first, second = _renamed(first, before), _renamed(second, after)
    return first, second


def _renamed(report: Report, path: Path) -> Report:
    name = "/".join(path.resolve().parts[-2:])
    return replace(report, bundle=replace(report.bundle, name=name))


def _report_of(path: Path) -> Report | None:
    """The report that a ``.json`` file holds; None where the file is no report but may be part of a bundle."""
    if path.suffix.lower() != ".json" or not path.is_file() or path.stat().st_size > MOST_OF_REPORT:
        return None
    from analyzer.report import ReportError, from_json

    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None
    except OSError as error:
        fail(f"{path}: {error.strerror or error}")
    if '"schema_version"' not in text:
        return None
    try:
        return from_json(text)
    except ReportError as error:
        fail(f"{path}: {error}")


def _check(outputs: Sequence[str], form: str | None) -> None:
    """Refuse wrong -o options before any work is done."""
    if form is not None and "-" not in outputs:
        fail("--format goes with -o -")
    for target in outputs:
        if target == "-":
            if form not in ("json", "md"):
                fail("-o - needs --format json or --format md")
        elif not target.lower().endswith(SUFFIXES):
            fail(f"-o {target}: the suffix must be one of {', '.join(SUFFIXES)}")
