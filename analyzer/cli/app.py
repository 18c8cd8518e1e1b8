"""The commands and their options; each does its work in a module that is imported when it runs."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from analyzer import __version__
from analyzer.bundle.limits import Limits
from analyzer.cli.levels import LeveledCommand
from analyzer.cli.limit_options import with_limits

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help: rich costs more start-up time than all the rest
    pretty_exceptions_enable=False,
    help="Finds the root cause of Calico trouble in a must-gather bundle, offline.",
    context_settings={"help_option_names": ["-h", "--help"]},
)

Paths = Annotated[
    list[Path], typer.Argument(help="A folder, an archive, or loose files of one ticket.", show_default=False)
]
CausesOption = Annotated[
    list[Path] | None, typer.Option("--causes", help="Catalogue folder or file that adds or overrides entries.")
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Print nothing but errors.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Print warnings and where time went.")]
Redact = Annotated[
    bool, typer.Option("--redact/--no-redact", help="Keep secrets out; --redact=hosts: addresses and host names too.")
]
Jobs = Annotated[
    int, typer.Option("--jobs", min=0, metavar="N", help="Processes that read large logs; 0: one for each processor.")
]
RedactHosts = Annotated[
    bool, typer.Option("--redact-hosts", help="The same as --redact=hosts: stable pseudonyms for hosts.")
]
StoreOption = Annotated[
    str, typer.Option("--store", envvar="CALICO_TRIAGE_STORE", help="triage.db of a batch, or postgresql://...")
]
DataOption = Annotated[
    Path | None, typer.Option("--data", envvar="CALICO_TRIAGE_DATA", help="Folder of uploads, reports and the store.")
]
WebStore = Annotated[
    str, typer.Option("--store", envvar="CALICO_TRIAGE_STORE", help="postgresql://... in place of DATA/triage.db.")
]
RedactMap = Annotated[
    Path | None,
    typer.Option("--redact-map", help="Write what the pseudonyms stand for; a file that is there goes on."),
]


def _version(value: bool) -> None:
    if value:
        print(f"calico-triage {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Finds the root cause of Calico trouble in a must-gather bundle, offline."""


def fail(message: str) -> NoReturn:
    """End with exit code 2 and one line on standard error."""
    print(f"calico-triage: {' '.join(message.split())}", file=sys.stderr)
    raise typer.Exit(2)


def name_of_input(message: str, paths: Sequence[Path]) -> str:
    """Give the message with the input's name in front, where it does not name it yet."""
    return message if any(path.name in message for path in paths if path.name) else f"{paths[0]}: {message}"


def refuse_what_is_not_there(paths: Sequence[Path]) -> None:
    """End with exit code 2 at once where there is no such file: nothing need be loaded to say so."""
    for path in paths:
        try:
            path.stat()
        except (OSError, ValueError) as error:
            fail(f"{path}: {getattr(error, 'strerror', None) or error}")


def refuse_what_nobody_reads(kinds: Iterable[str], paths: Sequence[Path]) -> None:
    """End with exit code 2 where no file of the input is of a kind that is read: it is no bundle."""
    from analyzer.ticket import nothing_read

    if wrong := nothing_read(kinds):
        fail(f"{', '.join(str(path) for path in paths[:3])}: {wrong}")


@app.command(cls=LeveledCommand)
@with_limits
def analyze(
    paths: Paths,
    output: Annotated[
        list[str] | None,
        typer.Option(
            "-o", "--output", help="Report file: .html, .md, .json, .html.gz or .zip; may repeat; - = stdout."
        ),
    ] = None,
    format: Annotated[str | None, typer.Option("--format", help="Format of -o -: json or md.")] = None,
    causes: CausesOption = None,
    template: Annotated[Path | None, typer.Option("--template", help="Folder of templates that override ours.")] = None,
    fail_on: Annotated[
        str | None, typer.Option("--fail-on", help="likely: exit 3 when a likely cause was found.")
    ] = None,
    jobs: Jobs = 0,
    redact: Redact = True,
    redact_hosts: RedactHosts = False,
    redact_map: RedactMap = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    *,
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
        run(paths, output or [], format, causes or [], template, likely, quiet, verbose, limits, redaction, jobs)
    finally:
        write_map(redaction, redact_map)


@app.command(cls=LeveledCommand)
@with_limits
def compare(
    before: Annotated[Path, typer.Argument(help="Bundle, or report in JSON, from before the repair.")],
    after: Annotated[Path, typer.Argument(help="Bundle, or report in JSON, of the same cluster from after it.")],
    output: Annotated[
        list[str] | None,
        typer.Option("-o", "--output", help="File: .html, .md, .json, .html.gz or .zip; may repeat; - = stdout."),
    ] = None,
    format: Annotated[str | None, typer.Option("--format", help="Format of -o -: json or md.")] = None,
    causes: CausesOption = None,
    template: Annotated[Path | None, typer.Option("--template", help="Folder of templates that override ours.")] = None,
    fail_on: Annotated[
        str | None, typer.Option("--fail-on", help="likely: exit 3 when AFTER shows a likely cause.")
    ] = None,
    redact: Redact = True,
    redact_hosts: RedactHosts = False,
    redact_map: RedactMap = None,
    quiet: Quiet = False,
    *,
    limits: Limits,
) -> None:
    """Compare two bundles of one cluster: better, worse, new, gone; did the repair work."""
    from analyzer.cli.compare import run
    from analyzer.cli.redact import redaction_of, write_map

    if fail_on not in (None, "likely"):
        fail(f"--fail-on takes 'likely', not {fail_on!r}")
    redaction = redaction_of(redact, redact_hosts, redact_map)
    try:
        run(before, after, output or [], format, causes or [], template, fail_on == "likely", quiet, limits, redaction)
    finally:
        write_map(redaction, redact_map)


@app.command(cls=LeveledCommand)
def post(
    report: Annotated[Path, typer.Argument(help="Report in JSON, as analyze -o report.json writes it.")],
    repo: Annotated[str, typer.Option("--repo", help="ORG/REPO.")],
    issue: Annotated[int, typer.Option("--issue", help="Number of the issue.")],
    api_url: Annotated[
        str, typer.Option("--api-url", envvar="GITHUB_API_URL", help="https://<server>/api/v3 of GitHub Enterprise.")
    ] = "https://api.github.com",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the comment and post nothing.")] = False,
    redact: Redact = True,
    redact_hosts: RedactHosts = False,
    redact_map: RedactMap = None,
) -> None:
    """Create or update the one comment with the report on a GitHub issue; the token comes from GITHUB_TOKEN."""
    from analyzer.cli.post import run
    from analyzer.cli.redact import redaction_of, write_map

    redaction = redaction_of(redact, redact_hosts, redact_map)
    run(report, repo, issue, api_url, dry_run, redaction)
    write_map(redaction, redact_map)


@app.command(cls=LeveledCommand)
@with_limits
def extract(
    paths: Paths,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the tables; made if absent.")],
    format: Annotated[str, typer.Option("--format", help="csv, parquet or jsonl.")] = "csv",
    causes: CausesOption = None,
    redact: Redact = True,
    redact_hosts: RedactHosts = False,
    redact_map: RedactMap = None,
    quiet: Quiet = False,
    *,
    limits: Limits,
) -> None:
    """Write the tables behind the report, one file a table."""
    from analyzer.cli.extract import run
    from analyzer.cli.redact import redaction_of, write_map

    redaction = redaction_of(redact, redact_hosts, redact_map)
    run(paths, output, format, causes or [], quiet, limits, redaction)
    write_map(redaction, redact_map)


@app.command(cls=LeveledCommand)
@with_limits
def redact(
    paths: Paths,
    output: Annotated[Path, typer.Option("-o", "--output", help="The redacted bundle: .tgz or .tar.gz.")],
    redact: Annotated[bool, typer.Option("--redact", help="--redact=hosts: addresses and host names too.")] = True,
    redact_hosts: RedactHosts = False,
    redact_map: RedactMap = None,
    causes: CausesOption = None,
    quiet: Quiet = False,
    *,
    limits: Limits,
) -> None:
    """Write the bundle itself without secrets; the same causes come out of it."""
    from analyzer.cli.redact import run

    run(paths, output, redact_hosts, redact_map, causes or [], quiet, limits)


@app.command()
def evaluate(
    directory: Annotated[
        Path | None,
        typer.Argument(help="Folder of labelled incidents: */truth.yaml beside */bundle/.", show_default=False),
    ] = None,
    store: Annotated[
        str | None, typer.Option("--store", help="Instead: past rankings of this store against what resolve recorded.")
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write the result as JSON.")] = None,
    robust: Annotated[
        bool, typer.Option("--robust", help="Also with each file left out, logs cut, describe text or logs alone.")
    ] = False,
    causes: CausesOption = None,
) -> None:
    """Score the ranking on labelled incidents, or past rankings against outcomes."""
    from analyzer.cli.evaluate import run, run_store

    if (directory is None) == (store is None):
        fail("evaluate needs a folder of labelled incidents, or --store, and not both")
    if directory is not None:
        run(directory, json_file, causes or [], robust)
    elif store is not None:
        if robust:
            fail("--robust goes with a folder of labelled incidents")
        run_store(store, json_file, causes or [])


@app.command(cls=LeveledCommand)
@partial(with_limits, leave_out=frozenset({"seconds"}))
def batch(
    sources: Annotated[
        list[str],
        typer.Argument(
            help="Folders of tickets, archives, globs, lists (.txt, .csv), s3:// or https:// URLs.", show_default=False
        ),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the overview, the reports and the store.")],
    store: Annotated[str, typer.Option("--store", help="postgresql://... in place of OUTDIR/triage.db.")] = "",
    jobs: Annotated[int, typer.Option("--jobs", min=0, help="Tickets at a time; 0: one for each processor.")] = 0,
    limit_seconds: Annotated[float, typer.Option("--limit-seconds", min=0.1, help="For one ticket.")] = 600.0,
    limit_memory: Annotated[int, typer.Option("--limit-memory", min=128, help="MiB that one ticket may take.")] = 2048,
    endpoint_url: Annotated[
        str, typer.Option("--endpoint-url", envvar="AWS_ENDPOINT_URL_S3", help="Of the object storage of s3:// URLs.")
    ] = "",
    scheduler: Annotated[str, typer.Option("--scheduler", help="Dask scheduler, such as tcp://host:8786.")] = "",
    dask_local: Annotated[int, typer.Option("--dask-local", min=0, help="Start so many Dask workers here.")] = 0,
    tables: Annotated[
        bool, typer.Option("--tables", help="Also write OUTDIR/tables: all tables as partitioned Parquet.")
    ] = False,
    tables_at: Annotated[
        str, typer.Option("--tables-at", help="Folder or s3:// URL for those tables, such as one all workers reach.")
    ] = "",
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try failed tickets again though nothing changed.")
    ] = False,
    causes: CausesOption = None,
    template: Annotated[Path | None, typer.Option("--template", help="Folder of templates that override ours.")] = None,
    redact: Redact = True,
    redact_hosts: RedactHosts = False,
    quiet: Quiet = False,
    *,
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
    given = (causes or [], template, level, quiet, reading)
    run(Options(sources, output, store, jobs, limit_seconds, limit_memory, *where, *given))


@app.command(cls=LeveledCommand)
def resolve(
    ticket: Annotated[str, typer.Argument(help="Name of the ticket, as in summary.csv.")],
    cause: Annotated[str, typer.Option("--cause", help="What it really was: a slug of `causes`.")],
    note: Annotated[str, typer.Option("--note", help="What fixed it; look-alikes show it.")] = "",
    store: StoreOption = "triage.db",
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", help="Folder of the batch, to bring up to date; that of a SQLite store if absent."
        ),
    ] = None,
    causes: CausesOption = None,
    template: Annotated[Path | None, typer.Option("--template", help="Folder of templates that override ours.")] = None,
    redact: Redact = True,
    redact_hosts: RedactHosts = False,
    quiet: Quiet = False,
) -> None:
    """Record what a ticket of a batch turned out to be; reports of tickets that look like it show it."""
    from analyzer.cli.redact import redaction_of
    from analyzer.cli.resolve import run

    redaction = redaction_of(redact, redact_hosts, None)
    run(ticket, cause, note, store, output, causes or [], template, redaction, quiet)


@app.command()
def learn(
    store: StoreOption = "triage.db",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Catalogue file to write the priors into; nothing if absent.")
    ] = None,
    strength: Annotated[
        float | None,
        typer.Option("--strength", min=1, help="As how many tickets the catalogue counts; found out if not given."),
    ] = None,
    causes: CausesOption = None,
) -> None:
    """Re-estimate how frequent causes are from what resolve recorded; show what that is worth."""
    from analyzer.cli.learn import run

    run(store, output, strength, causes or [])


@app.command(cls=LeveledCommand)
@partial(with_limits, leave_out=frozenset({"seconds"}))
def serve(
    host: Annotated[str, typer.Option("--host", help="Address; another than 127.0.0.1 needs tokens.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535)] = 8321,
    data: DataOption = None,
    store: WebStore = "",
    files: Annotated[str, typer.Option("--files", help="Folder or fsspec URL of the reports.")] = "",
    public_url: Annotated[str, typer.Option("--public-url", help="https://... under which users reach it.")] = "",
    user_header: Annotated[str, typer.Option("--user-header", help="Of a trusted proxy: who the user is.")] = "",
    groups_header: Annotated[str, typer.Option("--groups-header", help="Of a trusted proxy: the user's groups.")] = "",
    support_group: Annotated[str, typer.Option("--support-group", help="Whose members see all uploads.")] = "",
    proxy: Annotated[list[str] | None, typer.Option("--proxy", help="Network of the trusted proxy.")] = None,
    tls_cert: Annotated[Path | None, typer.Option("--tls-cert", help="Certificate, in PEM.")] = None,
    tls_key: Annotated[Path | None, typer.Option("--tls-key", help="Its key, in PEM.")] = None,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Analyses at a time.")] = 2,
    queue: Annotated[int, typer.Option("--queue", min=1, help="Jobs that may wait; then 429.")] = 100,
    limit_upload: Annotated[int, typer.Option("--limit-upload", min=1, help="MiB of one upload.")] = 2048,
    limit_uploads: Annotated[int, typer.Option("--limit-uploads", min=1, help="Uploads a minute of one user.")] = 120,
    limit_requests: Annotated[int, typer.Option("--limit-requests", min=10, help="Requests a minute of one.")] = 1200,
    limit_seconds: Annotated[float, typer.Option("--limit-seconds", min=1, help="Of one analysis.")] = 600.0,
    limit_cpu: Annotated[int, typer.Option("--limit-cpu", min=1, help="Processor seconds of one analysis.")] = 900,
    limit_memory: Annotated[int, typer.Option("--limit-memory", min=128, help="MiB of one analysis.")] = 2048,
    retention: Annotated[float, typer.Option("--retention", min=0.001, help="Days that reports are kept.")] = 30.0,
    causes: CausesOption = None,
    redact: Redact = True,
    redact_hosts: RedactHosts = False,
    check: Annotated[bool, typer.Option("--check", help="Only look whether it could start.")] = False,
    quiet: Quiet = False,
    *,
    limits: Limits,
) -> None:
    """Serve the upload page and its HTTP API."""
    from analyzer.cli.serve import data_folder, networks, run
    from analyzer.web.settings import MIB, Settings

    if redact_hosts and not redact:
        fail("--no-redact does not go with --redact=hosts")
    settings = Settings(
        data_folder(data), host, port, store, files, public_url.rstrip("/"), user_header, groups_header, support_group,
        networks(proxy or []), workers=jobs, queue=queue, upload_bytes=limit_upload * MIB, upload_rate=limit_uploads,
        request_rate=limit_requests, job_seconds=limit_seconds, cpu_seconds=limit_cpu, memory=limit_memory * MIB,
        retention_days=retention, limits=limits, redact="hosts" if redact_hosts else "secrets" if redact else "",
        causes=tuple(causes or ()),
    )  # fmt: skip
    run(settings, check, tls_cert, tls_key, quiet)


token_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Manage who may use the upload page.")
app.add_typer(token_app, name="token")


@token_app.command("add")
def token_add(
    name: Annotated[str, typer.Argument(help="Whose it is.")],
    support: Annotated[bool, typer.Option("--support", help="Sees the uploads of all users.")] = False,
    data: DataOption = None,
    store: WebStore = "",
) -> None:
    """Make a token and print it, this once."""
    from analyzer.cli.token import add

    add(name, support, data, store)


@token_app.command("list")
def token_list(data: DataOption = None, store: WebStore = "") -> None:
    """Print whose tokens there are."""
    from analyzer.cli.token import show

    show(data, store)


@token_app.command("revoke")
def token_revoke(
    name: Annotated[str, typer.Argument(help="Whose it is.")], data: DataOption = None, store: WebStore = ""
) -> None:
    """Take a token away, and end its sessions."""
    from analyzer.cli.token import revoke

    revoke(name, data, store)


@app.command(name="causes")
def causes_command(
    slug: Annotated[str | None, typer.Argument(help="One cause, in full.")] = None,
    check: Annotated[list[Path] | None, typer.Option("--check", help="Validate catalogue files.")] = None,
    causes: CausesOption = None,
) -> None:
    """Print the catalogue of causes, or one of them; --check validates catalogue files."""
    from analyzer.cli.causes import run

    run(slug, check or [], causes or [])


@app.command()
def gather(
    pod: Annotated[list[str] | None, typer.Option("--pod", help="A calico-node pod in trouble; may repeat.")] = None,
    node: Annotated[list[str] | None, typer.Option("--node", help="A worker in trouble; may repeat.")] = None,
    namespace: Annotated[str, typer.Option("--namespace", help="calico's namespace; found out if not given.")] = "",
    platform: Annotated[
        str, typer.Option("--platform", help="iks-classic, iks-vpc, iks-satellite, roks or other.")
    ] = "",
) -> None:
    """Print a shell script that collects what is needed into one tarball."""
    from analyzer.cli.gather import run

    run(pod or [], node or [], namespace, platform)
