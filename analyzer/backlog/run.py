"""A whole batch: tickets are found, those that changed are analysed, results and reports kept, the overview written.

A ticket's report files are written before its row of the store, and each of both at once: whatever moment the program
is killed at, the next run finds the row whole or not at all, and does the ticket again where it is not there.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from analyzer import __version__
from analyzer.backlog.memory import conclude
from analyzer.backlog.sources import Ticket
from analyzer.backlog.store import Result, Store
from analyzer.backlog.summary import FAILED, TicketRow
from analyzer.backlog.tables_out import drop_partitions, with_partitions
from analyzer.backlog.work import Done, Job, Setup
from analyzer.catalogue import KNOWLEDGE, load
from analyzer.report.writing import replace_file

REPORTS = "tickets"
_ABANDONED_S = 3600


class Engine(Protocol):
    """What does the tickets: processes of this machine, or a Dask scheduler."""

    def run(self, jobs: Iterable[Job]) -> Iterator[Done]:
        """Give the results as they come."""
        ...

    def stop(self, at_once: bool = False) -> None:
        """End the workers."""
        ...


@dataclass(slots=True)
class Tally:
    """How far a batch is.

    Attributes:
        total: tickets in all.
        analysed: done in this run, failed ones among them.
        unchanged: whose last result still holds.
        failed: reasons by ticket, those of earlier runs that still hold among them.
    """

    total: int
    analysed: int = 0
    unchanged: int = 0
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def done(self) -> int:
        """Tickets that need no more work."""
        return self.analysed + self.unchanged


def catalogue_version(setup: Setup) -> str:
    """Give what tells results apart: the release, every file of the catalogue, redaction and templates."""
    own = [setup.template_dir] if setup.template_dir is not None else []
    parts: Mapping[str, Sequence[Path]] = {"shipped": [KNOWLEDGE], "causes": setup.causes, "templates": own}
    limits = replace(setup.limits, seconds=0)  # with more time only what took too long comes out otherwise
    digest = hashlib.sha256(f"{__version__}\n{setup.redact}\n{limits}\n".encode())
    for part, paths in parts.items():
        for file in (file for path in paths for file in _files(path)):
            content = file.read_bytes()
            digest.update(f"{part} {file.name} {len(content)}\n".encode())
            digest.update(content)
    return digest.hexdigest()


def _files(path: Path) -> list[Path]:
    return sorted(item for item in path.rglob("*") if item.is_file()) if path.is_dir() else [path]


def run_batch(
    tickets: Sequence[Ticket],
    folder: Path,
    store: Store,
    setup: Setup,
    engine: Engine,
    progress: Callable[[Tally, TicketRow | None], None],
    retry_failed: bool = False,
) -> Tally:
    """Do what is to do of the tickets; gives the tally. The store and the reports are complete at any moment.

    Args:
        tickets: all of the batch.
        folder: gets ``index.html``, ``summary.csv``, ``summary.parquet`` and ``tickets/``.
        store: what is known already, and gets the results.
        setup: the same for all tickets; ``catalogue`` is filled in.
        engine: does the tickets.
        progress: told after each ticket, with its row where it was analysed.
        retry_failed: whether tickets that failed are tried again though nothing changed.

    Raises:
        StoreError, OSError, SourceError, TemplateError: something cannot be written.
    """
    reports = folder / REPORTS
    reports.mkdir(parents=True, exist_ok=True)
    _clear(reports)
    tally = Tally(len(tickets))
    catalogue, errors = load(setup.causes).causes, store.errors()
    try:
        for done in engine.run(_jobs(tickets, store, reports, setup, retry_failed)):
            if done.kept is not None:
                _keep(done, reports, store, setup)
            _count(done, tally, errors)
            progress(tally, done.kept.row if done.kept is not None else None)
    except KeyboardInterrupt:
        conclude(store, folder, catalogue, setup.template_dir)
        raise
    conclude(store, folder, catalogue, setup.template_dir)
    return tally


def _count(done: Done, tally: Tally, errors: Mapping[str, str]) -> None:
    name = done.ticket.name
    if done.kept is None:
        tally.unchanged += 1
        reason = errors.get(name, "")
    else:
        tally.analysed += 1
        reason = done.kept.row.error
    if reason:
        tally.failed[name] = reason


def _jobs(tickets: Sequence[Ticket], store: Store, reports: Path, setup: Setup, retry_failed: bool) -> Iterator[Job]:
    known = store.versions()
    with_tables = with_partitions(setup.tables, setup.storage) if setup.tables else set()
    for ticket in tickets:
        version, status = known.get(ticket.name, (None, ""))
        whole = all((reports / f"{ticket.name}{suffix}").is_file() for suffix in (".html", ".json"))
        whole = whole and (not setup.tables or ticket.name in with_tables)
        if (status == FAILED and retry_failed) or (status != FAILED and not whole):
            version = None
        yield Job(ticket, version)


def _clear(reports: Path) -> None:
    """Take away what a killed run had half written; what is younger may be that of another run that goes on."""
    for path in reports.glob(".*"):
        with contextlib.suppress(OSError):
            if path.is_file() and time.time() - path.stat().st_mtime > _ABANDONED_S:
                path.unlink()


def _keep(done: Done, reports: Path, store: Store, setup: Setup) -> None:
    assert done.kept is not None
    name = done.ticket.name
    for suffix, content in ((".html", done.html), (".json", done.json)):
        if content:
            replace_file(reports / f"{name}{suffix}", content)
        else:  # a report of what the ticket was before would mislead
            (reports / f"{name}{suffix}").unlink(missing_ok=True)
    if setup.tables and not done.html:
        drop_partitions(setup.tables, name, setup.storage)
    store.save(Result(done.kept, done.ticket.place, done.version))


def storage_options(endpoint_url: str) -> Mapping[str, Any]:
    """Give the options of fsspec's S3 file system; credentials are found as boto finds them."""
    return {"endpoint_url": endpoint_url} if endpoint_url else {}


def with_catalogue(setup: Setup) -> Setup:
    """Give the setup with its catalogue's version."""
    return replace(setup, catalogue=catalogue_version(setup))
