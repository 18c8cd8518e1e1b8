"""``calico-triage batch``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.cli.refusals import fail

if TYPE_CHECKING:
    from analyzer.backlog.run import Engine
    from analyzer.backlog.sources import Ticket
    from analyzer.backlog.store import Store
    from analyzer.backlog.summary import TicketRow
    from analyzer.backlog.work import Setup
    from analyzer.bundle import Limits

INTERRUPTED = 130  # as a shell says of a program that Ctrl-C ended
SOME_FAILED = 4


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says, checked."""

    sources: Sequence[str]
    output: Path
    store: str
    jobs: int
    seconds: float
    memory_mib: int
    endpoint_url: str
    scheduler: str
    dask_local: int
    tables: bool
    tables_at: str
    retry_failed: bool
    causes: Sequence[Path]
    template: Path | None
    redact: str
    quiet: bool
    limits: Limits


def run(options: Options) -> None:
    """Analyse what is new or changed, print what was found, end with 4 where a ticket failed."""
    if not options.scheduler and not options.dask_local:
        from analyzer.backlog.work import server_of_workers

        server_of_workers()  # it loads while this process does
    from analyzer.backlog.run import storage_options, with_catalogue
    from analyzer.backlog.sources import SourceError, find_tickets
    from analyzer.backlog.store import Store, StoreError
    from analyzer.backlog.work import MIB, Setup
    from analyzer.catalogue import CatalogueError, load

    storage = storage_options(options.endpoint_url)
    try:
        load(options.causes)  # a mistake in a catalogue is no ticket's failure
        find_tickets(options.sources, storage)  # before anything is written
        options.output.mkdir(parents=True, exist_ok=True)
        setup = with_catalogue(
            Setup(
                causes=tuple(path.resolve() for path in options.causes),
                redact=options.redact,
                template_dir=options.template.resolve() if options.template else None,
                seconds=options.seconds,
                limits=options.limits,
                memory=options.memory_mib * MIB,
                storage=dict(storage),
                tables=options.tables_at or (str((options.output / "tables").resolve()) if options.tables else ""),
            )
        )
        store = Store(options.store or str(options.output / "triage.db"))
        tickets = [
            item
            for item in find_tickets(options.sources, storage, store.places())
            if item.is_url or Path(item.place).resolve() != options.output.resolve()
        ]
    except (SourceError, StoreError, CatalogueError) as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename or options.output}: {error.strerror or error}")
    with store:
        _run(options, setup, store, tickets)


def _run(options: Options, setup: Setup, store: Store, tickets: Sequence[Ticket]) -> None:
    from analyzer.backlog.interruption import remembered
    from analyzer.backlog.progress import progress_for
    from analyzer.backlog.run import Tally, run_batch
    from analyzer.backlog.sources import SourceError
    from analyzer.backlog.store import StoreError
    from analyzer.report import TemplateError

    engine = _engine(options, setup)
    at_once = True
    try:
        with progress_for(len(tickets), options.quiet) as progress, remembered() as stop_if_interrupted:

            def told(tally: Tally, row: TicketRow | None) -> None:
                progress(tally, row)
                stop_if_interrupted()

            tally = run_batch(tickets, options.output, store, setup, engine, told, options.retry_failed)
        at_once = False
    except KeyboardInterrupt:
        print("calico-triage: stopped; what was done is kept, the same command goes on from there", file=sys.stderr)
        raise SystemExit(INTERRUPTED) from None
    except (SourceError, StoreError, TemplateError) as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename or options.output}: cannot be written: {error.strerror or error}")
    finally:
        engine.stop(at_once)
    if not options.quiet:
        parts = [f"{tally.total} tickets", f"{tally.analysed} analysed", f"{tally.unchanged} unchanged"]
        print(f"{', '.join(parts)}, {len(tally.failed)} failed")
        print(f"overview: {options.output / 'index.html'}")
    if tally.failed:
        raise SystemExit(SOME_FAILED)


def _engine(options: Options, setup: Setup) -> Engine:
    if options.scheduler or options.dask_local:
        from analyzer.backlog.dask_engine import DaskEngine, SchedulerError

        try:
            return DaskEngine(setup, options.scheduler, options.dask_local)
        except SchedulerError as error:
            fail(str(error))
    from analyzer.backlog.work import Workers

    return Workers(setup, options.jobs or os.cpu_count() or 1)
