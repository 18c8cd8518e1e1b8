"""Reading and writing the store."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, delete, event, func, insert, select, text, update
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from analyzer.backlog import fingerprint, learning
from analyzer.backlog.kept import Kept, Version
from analyzer.backlog.store.schema import outcomes, tickets
from analyzer.backlog.summary import FAILED, TicketRow

_MIGRATIONS = Path(__file__).parent / "migrations"
_DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg", "sqlite": "sqlite"}
_BUSY_S = 60
#: PostgreSQL's text holds no NUL; both hold no half of a surrogate pair
_NOT_STORED = dict.fromkeys([0, *range(0xD800, 0xE000)], "\ufffd")


class StoreError(Exception):
    """The store cannot be opened, read or written; the text says which and why, in one line."""


@dataclass(frozen=True, slots=True)
class Result:
    """All that is kept of a ticket's analysis."""

    kept: Kept
    source: str
    version: Version
    finished: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a ticket really was, and what was done."""

    ticket: str
    cause: str
    note: str = ""
    who: str = ""
    recorded: datetime = field(default_factory=lambda: datetime.now(UTC))


class Store:
    """A store that is open; its tables are there, of this release's form.

    Args:
        url: ``sqlite:///path`` or ``postgresql://user:password@host/database``, or the path of a SQLite file.
        create: whether a SQLite file that is not there is made.

    Raises:
        StoreError: it cannot be opened, or a newer release has written it.
    """

    def __init__(self, url: str, create: bool = True) -> None:
        self.url = _url(url)
        self.name = self.url.render_as_string(hide_password=True)
        if self.url.get_backend_name() == "sqlite" and not create and not Path(self.url.database or "").is_file():
            raise StoreError(f"{self.url.database}: there is no such store")
        try:
            self.engine: Engine = create_engine(self.url)
            if self.url.get_backend_name() == "sqlite":
                event.listen(self.engine, "connect", _sqlite)
            with self.engine.begin() as connection:
                _upgrade(connection, self.name)
        except (SQLAlchemyError, ImportError) as error:
            raise StoreError(f"{self.name}: {_reason(error)}") from error

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    def versions(self) -> dict[str, tuple[Version, str]]:
        """Give what is there: ticket -> what it was made of, and its status."""
        wanted = select(tickets.c.ticket, tickets.c.content, tickets.c.catalogue, tickets.c.status)
        return {row.ticket: (Version(row.content, row.catalogue), row.status) for row in self._read(wanted)}

    def errors(self) -> dict[str, str]:
        """Give the reasons of the tickets that failed."""
        wanted = select(tickets.c.ticket, tickets.c.error).where(tickets.c.status == FAILED)
        return {row.ticket: row.error for row in self._read(wanted)}

    def places(self) -> dict[str, str]:
        """Give the names of tickets by the path or URL that they were read from."""
        return {row.source: row.ticket for row in self._read(select(tickets.c.source, tickets.c.ticket))}

    def save(self, result: Result) -> None:
        """Put a ticket's result in the place of an earlier one, in one transaction."""
        row = result.kept.row
        values = {item.name: getattr(row, item.name) for item in fields(row) if item.name in tickets.c}
        values |= {
            "causes": " ".join(row.causes),
            "look_alikes": row.group,
            "source": result.source,
            "content": result.version.content,
            "catalogue": result.version.catalogue,
            "fingerprint": fingerprint.as_text(result.kept.features),
            "fired": learning.as_text(result.kept.fired) if result.kept.fired is not None else "",
            "ranked": json.dumps([[name, odds] for name, odds in result.kept.ranked]),
            "finished": result.finished,
        }
        with self._writing() as connection:
            connection.execute(delete(tickets).where(tickets.c.ticket == row.ticket))
            connection.execute(insert(tickets).values(_storable(values)))

    def kept(self) -> list[Kept]:
        """Give all tickets by name, each with its latest outcome."""
        known = {item.ticket: item for item in self.outcomes()}
        names = [item.name for item in fields(TicketRow) if item.name in tickets.c]
        return [
            _kept(row, {name: getattr(row, name) for name in names}, known.get(row.ticket))
            for row in self._read(select(tickets).order_by(tickets.c.ticket))
        ]

    def group(self, names: Mapping[str, str]) -> None:
        """Write the groups of look-alikes: ticket -> name; tickets not named are in none."""
        held = select(tickets.c.ticket, tickets.c.look_alikes)
        changed = {
            row.ticket: names.get(row.ticket, "")
            for row in self._read(held)
            if row.look_alikes != names.get(row.ticket, "")
        }
        with self._writing() as connection:
            for ticket, name in changed.items():
                connection.execute(update(tickets).where(tickets.c.ticket == ticket).values(look_alikes=name))

    def resolve(self, outcome: Outcome) -> None:
        """Record what a ticket was; a later record of the same ticket counts instead of this one.

        Raises:
            StoreError: there is no such ticket.
        """
        with self._writing() as connection:
            if not connection.scalar(select(func.count()).where(tickets.c.ticket == outcome.ticket)):
                raise StoreError(f"{self.name}: there is no ticket {outcome.ticket}")
            values = {item.name: getattr(outcome, item.name) for item in fields(outcome)}
            connection.execute(insert(outcomes).values(_storable(values)))

    def outcomes(self) -> list[Outcome]:
        """Give the latest outcome of each ticket, by ticket."""
        latest = {row.ticket: row for row in self._read(select(outcomes).order_by(outcomes.c.recorded, outcomes.c.id))}
        return [
            Outcome(row.ticket, row.cause, row.note, row.who, row.recorded)
            for _, row in sorted(latest.items(), key=lambda pair: pair[0])
        ]

    def _read(self, wanted: Any) -> Iterator[Any]:
        try:
            with self.engine.connect() as connection:
                yield from connection.execute(wanted)
        except SQLAlchemyError as error:
            raise StoreError(f"{self.name}: cannot be read: {_reason(error)}") from error

    def _writing(self) -> _Writing:
        return _Writing(self.engine, self.name)


class _Writing:
    """A transaction whose failure is a StoreError."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._begun, self._name = engine.begin(), name

    def __enter__(self) -> Connection:
        try:
            return self._begun.__enter__()
        except SQLAlchemyError as error:
            raise StoreError(f"{self._name}: cannot be written: {_reason(error)}") from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._begun.__exit__(kind, error, trace)
        except SQLAlchemyError as failed:
            raise StoreError(f"{self._name}: cannot be written: {_reason(failed)}") from failed
        if isinstance(error, SQLAlchemyError):
            raise StoreError(f"{self._name}: cannot be written: {_reason(error)}") from error


def _url(text_of: str) -> URL:
    try:
        url = make_url(text_of) if "://" in text_of else URL.create("sqlite", database=text_of)
        driver = _DRIVERS.get(url.get_backend_name() if "+" not in url.drivername else "", url.drivername)
        if url.drivername.partition("+")[0] not in _DRIVERS:
            raise StoreError(f"a store is sqlite or postgresql, not {url.drivername}")
        return url.set(drivername=driver)
    except (ArgumentError, NoSuchModuleError) as error:
        raise StoreError("a store's URL is like postgresql://user:password@host/database") from error


def _sqlite(connection: Any, _record: Any) -> None:
    """Readers and one writer at a time; what was committed is there after a kill at any moment."""
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_S * 1000}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.close()


def _upgrade(connection: Connection, name: str) -> None:
    """Bring the tables to this release's form; one program at a time."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(4259043201)"))  # any number, the same in all programs
    script = ScriptDirectory.from_config(config)
    current = MigrationContext.configure(connection).get_current_revision()
    if current == script.get_current_head():
        return
    if current is not None and current not in {item.revision for item in script.walk_revisions()}:
        raise StoreError(f"{name}: a newer release of calico-triage has written it (form {current}): use that one")
    command.upgrade(config, "head")


def _kept(row: Any, cells: dict[str, Any], outcome: Outcome | None) -> Kept:
    cells |= {
        "causes": tuple(row.causes.split()),
        "group": row.look_alikes,
        "outcome": outcome.cause if outcome else "",
    }
    return Kept(
        row=TicketRow(**cells),
        features=fingerprint.from_text(row.fingerprint),
        fired=learning.from_text(row.fired) if row.fired else None,
        note=outcome.note if outcome else "",
        resolved=outcome.recorded if outcome else None,
        ranked=[(str(name), float(odds)) for name, odds in json.loads(row.ranked)],
    )


def _storable(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value.translate(_NOT_STORED) if isinstance(value, str) else value for name, value in values.items()}


def _reason(error: Exception) -> str:
    lines = str(getattr(error, "orig", None) or error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
