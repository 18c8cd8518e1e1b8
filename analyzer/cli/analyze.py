"""``calico-triage analyze``."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.cli.refusals import fail, name_of_input, refuse_what_is_not_there, refuse_what_nobody_reads
from analyzer.report.formats import SUFFIXES

if TYPE_CHECKING:
    from analyzer.bundle import Limits
    from analyzer.redaction import Redaction


def run(
    paths: Sequence[Path],
    outputs: Sequence[str],
    form: str | None,
    extra: Sequence[Path],
    template: Path | None,
    fail_on_likely: bool,
    quiet: bool,
    verbose: bool,
    limits: Limits,
    redaction: Redaction | None = None,
    jobs: int = 0,
) -> None:
    """Analyze one ticket, write its reports, print the summary."""
    started = time.perf_counter()
    targets = _targets(paths, outputs, form)
    refuse_what_is_not_there(paths)
    from analyzer.bundle import BundleError
    from analyzer.catalogue import CatalogueError
    from analyzer.pipeline import Analyzer

    try:
        analyzer = Analyzer(extra, limits, redaction=redaction, jobs=jobs, meanwhile=lambda: _load_writers(targets))
        gc.freeze()  # modules and catalogue stay: no search for cycles need go over them again
        report = analyzer.analyze(paths)
    except BundleError as error:
        fail(name_of_input(str(error), paths))
    except CatalogueError as error:
        fail(str(error))
    refuse_what_nobody_reads((file.kind for file in report.bundle.files), paths)
    from analyzer.report import TemplateError, render_json, render_markdown, write

    try:
        for target in targets:
            if target == "-":
                sys.stdout.write(render_json(report) if form == "json" else render_markdown(report, template))
                continue
            try:
                write(report, Path(target), template)
            except OSError as error:
                fail(f"{target}: cannot be written: {error.strerror or error}")
    except TemplateError as error:
        fail(str(error))
    if "-" not in targets and not quiet:
        from rich.console import Console

        from analyzer.report import print_summary

        console = Console(highlight=False)
        print_summary(report, console)
        for target in targets:
            console.print(f"report: {target}", markup=False)
        if verbose:
            for warning in report.warnings:
                console.print(f"warning: {warning.file}: {warning.what}", markup=False)
            console.print(f"{time.perf_counter() - started:.2f} s", markup=False)
    if fail_on_likely and any(cause.confidence == "likely" for cause in report.causes):
        raise SystemExit(3)


def _load_writers(targets: Sequence[str]) -> None:
    """Import what writes the reports; templates take longest."""
    if any(not target.endswith((".json", "-")) for target in targets):
        import analyzer.report.html
        import analyzer.report.markdown  # noqa: F401


def _targets(paths: Sequence[Path], outputs: Sequence[str], form: str | None) -> list[str]:
    """Check the -o options before any work is done."""
    if not outputs:
        if form is not None:
            fail("--format goes with -o -")
        name = paths[0].resolve().name or "bundle"
        return [f"{name}.report.html"]
    for target in outputs:
        if target == "-":
            if form not in ("json", "md"):
                fail("-o - needs --format json or --format md")
        elif not target.endswith(SUFFIXES):
            fail(f"-o {target}: the suffix must be one of {', '.join(SUFFIXES)}")
    return list(dict.fromkeys(outputs))
