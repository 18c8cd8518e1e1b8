"""The commands about many tickets, and the upload page; each is done in a module imported when it runs."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from analyzer.bundle.limits import Limits
from analyzer.cli.command import Command, Group
from analyzer.cli.limit_options import with_limits
from analyzer.cli.options import (
    PATH,
    causes_option,
    data_option,
    quiet_option,
    redact_hosts_option,
    redact_option,
    store_option,
    web_store_option,
)
from analyzer.cli.refusals import fail


@click.command(cls=Command)
@click.argument(
    "sources",
    nargs=-1,
    required=True,
    help="Folders of tickets, archives, globs, lists (.txt, .csv), s3:// or https:// URLs.",
)
@click.option("-o", "--output", type=PATH, required=True, help="Folder of the overview, the reports and the store.")
@click.option("--store", default="", show_default=False, help="postgresql://... in place of OUTDIR/triage.db.")
@click.option("--jobs", type=click.IntRange(min=0), default=0, help="Tickets at a time; 0: one for each processor.")
@click.option("--limit-seconds", type=click.FloatRange(min=0.1), default=600.0, help="For one ticket.")
@click.option("--limit-memory", type=click.IntRange(min=128), default=2048, help="MiB that one ticket may take.")
@click.option(
    "--endpoint-url",
    default="",
    show_default=False,
    envvar="AWS_ENDPOINT_URL_S3",
    help="Of the object storage of s3:// URLs.",
)
@click.option("--scheduler", default="", show_default=False, help="Dask scheduler, such as tcp://host:8786.")
@click.option("--dask-local", type=click.IntRange(min=0), default=0, help="Start so many Dask workers here.")
@click.option("--tables", is_flag=True, help="Also write OUTDIR/tables: all tables as partitioned Parquet.")
@click.option(
    "--tables-at",
    default="",
    show_default=False,
    help="Folder or s3:// URL for those tables, such as one all workers reach.",
)
@click.option("--retry-failed", is_flag=True, help="Try failed tickets again though nothing changed.")
@causes_option
@click.option("--template", type=PATH, help="Folder of templates that override ours.")
@redact_option
@redact_hosts_option
@quiet_option
@partial(with_limits, leave_out=frozenset({"seconds"}))
def batch(
    sources: tuple[str, ...],
    output: Path,
    store: str,
    jobs: int,
    limit_seconds: float,
    limit_memory: int,
    endpoint_url: str,
    scheduler: str,
    dask_local: int,
    tables: bool,
    tables_at: str,
    retry_failed: bool,
    causes: tuple[Path, ...],
    template: Path | None,
    redact: bool,
    redact_hosts: bool,
    quiet: bool,
    limits: Limits,
) -> None:
    """Analyze many tickets and write an overview; a second run does only what is new or changed."""
    from analyzer.cli.batch import Options, run

    if scheduler and dask_local:
        fail("--scheduler and --dask-local exclude each other")
    if redact_hosts and not redact:
        fail("--no-redact does not go with --redact=hosts")
    level = "hosts" if redact_hosts else "secrets" if redact else ""
    where = (endpoint_url, scheduler, dask_local, tables, tables_at, retry_failed)
    reading = replace(limits, seconds=0.8 * limit_seconds)  # the rest is for the report of what was read until then
    given = (causes, template, level, quiet, reading)
    run(Options(sources, output, store, jobs, limit_seconds, limit_memory, *where, *given))


@click.command(cls=Command)
@click.argument("ticket", required=True, help="Name of the ticket, as in summary.csv.")
@click.option("--cause", required=True, help="What it really was: a slug of `causes`.")
@click.option("--note", default="", show_default=False, help="What fixed it; look-alikes show it.")
@store_option
@click.option(
    "-o", "--output", type=PATH, help="Folder of the batch, to bring up to date; that of a SQLite store if absent."
)
@causes_option
@click.option("--template", type=PATH, help="Folder of templates that override ours.")
@redact_option
@redact_hosts_option
@quiet_option
def resolve(
    ticket: str,
    cause: str,
    note: str,
    store: str,
    output: Path | None,
    causes: tuple[Path, ...],
    template: Path | None,
    redact: bool,
    redact_hosts: bool,
    quiet: bool,
) -> None:
    """Record what a ticket of a batch turned out to be; reports of tickets that look like it show it."""
    from analyzer.cli.redact import redaction_of
    from analyzer.cli.resolve import run

    redaction = redaction_of(redact, redact_hosts, None)
    run(ticket, cause, note, store, output, causes, template, redaction, quiet)


@click.command(cls=Command)
@store_option
@click.option("-o", "--output", type=PATH, help="Catalogue file to write the priors into; nothing if absent.")
@click.option(
    "--strength", type=click.FloatRange(min=1), help="As how many tickets the catalogue counts; found out if not given."
)
@causes_option
def learn(store: str, output: Path | None, strength: float | None, causes: tuple[Path, ...]) -> None:
    """Re-estimate how frequent causes are from what resolve recorded; show what that is worth."""
    from analyzer.cli.learn import run

    run(store, output, strength, causes)


@click.command(cls=Command)
@click.option("--host", default="127.0.0.1", help="Address; another than 127.0.0.1 needs tokens.")
@click.option("--port", type=click.IntRange(min=1, max=65535), default=8321)
@data_option
@web_store_option
@click.option("--files", default="", show_default=False, help="Folder or fsspec URL of the reports.")
@click.option("--public-url", default="", show_default=False, help="https://... under which users reach it.")
@click.option("--user-header", default="", show_default=False, help="Of a trusted proxy: who the user is.")
@click.option("--groups-header", default="", show_default=False, help="Of a trusted proxy: the user's groups.")
@click.option("--support-group", default="", show_default=False, help="Whose members see all uploads.")
@click.option("--proxy", multiple=True, help="Network of the trusted proxy.")
@click.option("--tls-cert", type=PATH, help="Certificate, in PEM.")
@click.option("--tls-key", type=PATH, help="Its key, in PEM.")
@click.option("--jobs", type=click.IntRange(min=1), default=2, help="Analyses at a time.")
@click.option("--queue", type=click.IntRange(min=1), default=100, help="Jobs that may wait; then 429.")
@click.option("--limit-upload", type=click.IntRange(min=1), default=2048, help="MiB of one upload.")
@click.option("--limit-uploads", type=click.IntRange(min=1), default=120, help="Uploads a minute of one user.")
@click.option("--limit-requests", type=click.IntRange(min=10), default=1200, help="Requests a minute of one.")
@click.option("--limit-seconds", type=click.FloatRange(min=1), default=600.0, help="Of one analysis.")
@click.option("--limit-cpu", type=click.IntRange(min=1), default=900, help="Processor seconds of one analysis.")
@click.option("--limit-memory", type=click.IntRange(min=128), default=2048, help="MiB of one analysis.")
@click.option("--retention", type=click.FloatRange(min=0.001), default=30.0, help="Days that reports are kept.")
@causes_option
@redact_option
@redact_hosts_option
@click.option("--check", is_flag=True, help="Only look whether it could start.")
@quiet_option
@partial(with_limits, leave_out=frozenset({"seconds"}))
def serve(
    host: str,
    port: int,
    data: Path | None,
    store: str,
    files: str,
    public_url: str,
    user_header: str,
    groups_header: str,
    support_group: str,
    proxy: tuple[str, ...],
    tls_cert: Path | None,
    tls_key: Path | None,
    jobs: int,
    queue: int,
    limit_upload: int,
    limit_uploads: int,
    limit_requests: int,
    limit_seconds: float,
    limit_cpu: int,
    limit_memory: int,
    retention: float,
    causes: tuple[Path, ...],
    redact: bool,
    redact_hosts: bool,
    check: bool,
    quiet: bool,
    limits: Limits,
) -> None:
    """Serve the upload page and its HTTP API."""
    from analyzer.cli.serve import data_folder, networks, run
    from analyzer.web.settings import MIB, Settings

    if redact_hosts and not redact:
        fail("--no-redact does not go with --redact=hosts")
    settings = Settings(
        data_folder(data), host, port, store, files, public_url.rstrip("/"), user_header, groups_header, support_group,
        networks(proxy), workers=jobs, queue=queue, upload_bytes=limit_upload * MIB, upload_rate=limit_uploads,
        request_rate=limit_requests, job_seconds=limit_seconds, cpu_seconds=limit_cpu, memory=limit_memory * MIB,
        retention_days=retention, limits=limits, redact="hosts" if redact_hosts else "secrets" if redact else "",
        causes=tuple(causes),
    )  # fmt: skip
    run(settings, check, tls_cert, tls_key, quiet)


@click.group("token", cls=Group)
def token_app() -> None:
    """Manage who may use the upload page."""


@token_app.command("add")
@click.argument("name", required=True, help="Whose it is.")
@click.option("--support", is_flag=True, help="Sees the uploads of all users.")
@data_option
@web_store_option
def token_add(name: str, support: bool, data: Path | None, store: str) -> None:
    """Make a token and print it, this once."""
    from analyzer.cli.token import add

    add(name, support, data, store)


@token_app.command("list")
@data_option
@web_store_option
def token_list(data: Path | None, store: str) -> None:
    """Print whose tokens there are."""
    from analyzer.cli.token import show

    show(data, store)


@token_app.command("revoke")
@click.argument("name", required=True, help="Whose it is.")
@data_option
@web_store_option
def token_revoke(name: str, data: Path | None, store: str) -> None:
    """Take a token away, and end its sessions."""
    from analyzer.cli.token import revoke

    revoke(name, data, store)
