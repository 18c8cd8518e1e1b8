"""The commands about one ticket, and about the catalogue; each is done in a module imported when it runs."""

from __future__ import annotations

from pathlib import Path

import click

from analyzer.bundle.limits import Limits
from analyzer.cli.command import Command
from analyzer.cli.limit_options import with_limits
from analyzer.cli.options import (
    PATH,
    causes_option,
    jobs_option,
    paths_argument,
    quiet_option,
    redact_hosts_option,
    redact_map_option,
    redact_option,
    verbose_option,
)
from analyzer.cli.refusals import fail


@click.command(cls=Command)
@paths_argument
@click.option(
    "-o", "--output", multiple=True, help="Report file: .html, .md, .json, .html.gz or .zip; may repeat; - = stdout."
)
@click.option("--format", help="Format of -o -: json or md.")
@causes_option
@click.option("--template", type=PATH, help="Folder of templates that override ours.")
@click.option("--fail-on", help="likely: exit 3 when a likely cause was found.")
@jobs_option
@redact_option
@redact_hosts_option
@redact_map_option
@quiet_option
@verbose_option
@with_limits
def analyze(
    paths: tuple[Path, ...],
    output: tuple[str, ...],
    format: str | None,
    causes: tuple[Path, ...],
    template: Path | None,
    fail_on: str | None,
    jobs: int,
    redact: bool,
    redact_hosts: bool,
    redact_map: Path | None,
    quiet: bool,
    verbose: bool,
    limits: Limits,
) -> None:
    """Analyze one ticket and write the ranked report."""
    from analyzer.cli.analyze import run
    from analyzer.cli.redact import redaction_of, write_map

    if fail_on not in (None, "likely"):
        fail(f"--fail-on takes 'likely', not {fail_on!r}")
    redaction = redaction_of(redact, redact_hosts, redact_map)
    try:
        likely = fail_on is not None
        run(paths, output, format, causes, template, likely, quiet, verbose, limits, redaction, jobs)
    finally:
        write_map(redaction, redact_map)


@click.command(cls=Command)
@click.argument("before", required=True, type=PATH, help="Bundle, or report in JSON, from before the repair.")
@click.argument("after", required=True, type=PATH, help="Bundle, or report in JSON, of the same cluster from after it.")
@click.option(
    "-o", "--output", multiple=True, help="File: .html, .md, .json, .html.gz or .zip; may repeat; - = stdout."
)
@click.option("--format", help="Format of -o -: json or md.")
@causes_option
@click.option("--template", type=PATH, help="Folder of templates that override ours.")
@click.option("--fail-on", help="likely: exit 3 when AFTER shows a likely cause.")
@redact_option
@redact_hosts_option
@redact_map_option
@quiet_option
@with_limits
def compare(
    before: Path,
    after: Path,
    output: tuple[str, ...],
    format: str | None,
    causes: tuple[Path, ...],
    template: Path | None,
    fail_on: str | None,
    redact: bool,
    redact_hosts: bool,
    redact_map: Path | None,
    quiet: bool,
    limits: Limits,
) -> None:
    """Compare two bundles of one cluster: better, worse, new, gone; did the repair work."""
    from analyzer.cli.compare import run
    from analyzer.cli.redact import redaction_of, write_map

    if fail_on not in (None, "likely"):
        fail(f"--fail-on takes 'likely', not {fail_on!r}")
    redaction = redaction_of(redact, redact_hosts, redact_map)
    try:
        run(before, after, output, format, causes, template, fail_on == "likely", quiet, limits, redaction)
    finally:
        write_map(redaction, redact_map)


@click.command(cls=Command)
@click.argument("report", required=True, type=PATH, help="Report in JSON, as analyze -o report.json writes it.")
@click.option("--repo", required=True, help="ORG/REPO.")
@click.option("--issue", type=int, required=True, help="Number of the issue.")
@click.option(
    "--api-url",
    default="https://api.github.com",
    envvar="GITHUB_API_URL",
    help="https://<server>/api/v3 of GitHub Enterprise.",
)
@click.option("--dry-run", is_flag=True, help="Print the comment and post nothing.")
@redact_option
@redact_hosts_option
@redact_map_option
def post(
    report: Path,
    repo: str,
    issue: int,
    api_url: str,
    dry_run: bool,
    redact: bool,
    redact_hosts: bool,
    redact_map: Path | None,
) -> None:
    """Create or update the one comment with the report on a GitHub issue; the token comes from GITHUB_TOKEN."""
    from analyzer.cli.post import run
    from analyzer.cli.redact import redaction_of, write_map

    redaction = redaction_of(redact, redact_hosts, redact_map)
    run(report, repo, issue, api_url, dry_run, redaction)
    write_map(redaction, redact_map)


@click.command(cls=Command)
@paths_argument
@click.option("-o", "--output", type=PATH, required=True, help="Folder for the tables; made if absent.")
@click.option("--format", default="csv", help="csv, parquet or jsonl.")
@causes_option
@redact_option
@redact_hosts_option
@redact_map_option
@quiet_option
@with_limits
def extract(
    paths: tuple[Path, ...],
    output: Path,
    format: str,
    causes: tuple[Path, ...],
    redact: bool,
    redact_hosts: bool,
    redact_map: Path | None,
    quiet: bool,
    limits: Limits,
) -> None:
    """Write the tables behind the report, one file a table."""
    from analyzer.cli.extract import run
    from analyzer.cli.redact import redaction_of, write_map

    redaction = redaction_of(redact, redact_hosts, redact_map)
    run(paths, output, format, causes, quiet, limits, redaction)
    write_map(redaction, redact_map)


@click.command(cls=Command)
@paths_argument
@click.option("-o", "--output", type=PATH, required=True, help="The redacted bundle: .tgz or .tar.gz.")
@click.option("--redact", is_flag=True, default=True, help="--redact=hosts: addresses and host names too.")
@redact_hosts_option
@redact_map_option
@causes_option
@quiet_option
@with_limits
def redact(
    paths: tuple[Path, ...],
    output: Path,
    redact: bool,
    redact_hosts: bool,
    redact_map: Path | None,
    causes: tuple[Path, ...],
    quiet: bool,
    limits: Limits,
) -> None:
    """Write the bundle itself without secrets; the same causes come out of it."""
    from analyzer.cli.redact import run

    run(paths, output, redact_hosts, redact_map, causes, quiet, limits)


@click.command(cls=Command)
@click.argument(
    "directory", required=False, type=PATH, help="Folder of labelled incidents: */truth.yaml beside */bundle/."
)
@click.option("--store", help="Instead: past rankings of this store against what resolve recorded.")
@click.option("--json", "json_file", type=PATH, help="Also write the result as JSON.")
@click.option("--robust", is_flag=True, help="Also with each file left out, logs cut, describe text or logs alone.")
@causes_option
def evaluate(
    directory: Path | None, store: str | None, json_file: Path | None, robust: bool, causes: tuple[Path, ...]
) -> None:
    """Score the ranking on labelled incidents, or past rankings against outcomes."""
    from analyzer.cli.evaluate import run, run_store

    if (directory is None) == (store is None):
        fail("evaluate needs a folder of labelled incidents, or --store, and not both")
    if directory is not None:
        run(directory, json_file, causes, robust)
    elif store is not None:
        if robust:
            fail("--robust goes with a folder of labelled incidents")
        run_store(store, json_file, causes)


@click.command("causes", cls=Command)
@click.argument("slug", required=False, help="One cause, in full.")
@click.option("--check", multiple=True, type=PATH, help="Validate catalogue files.")
@causes_option
def causes_command(slug: str | None, check: tuple[Path, ...], causes: tuple[Path, ...]) -> None:
    """Print the catalogue of causes, or one of them; --check validates catalogue files."""
    from analyzer.cli.causes import run

    run(slug, check, causes)


@click.command(cls=Command)
@click.option("--pod", multiple=True, help="A calico-node pod in trouble; may repeat.")
@click.option("--node", multiple=True, help="A worker in trouble; may repeat.")
@click.option("--namespace", default="", show_default=False, help="calico's namespace; found out if not given.")
@click.option("--platform", default="", show_default=False, help="iks-classic, iks-vpc, iks-satellite, roks or other.")
def gather(pod: tuple[str, ...], node: tuple[str, ...], namespace: str, platform: str) -> None:
    """Print a shell script that collects what is needed into one tarball."""
    from analyzer.cli.gather import run

    run(pod, node, namespace, platform)
