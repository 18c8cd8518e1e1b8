"""Jobs, tokens and sessions in the store."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import delete, event, func, insert, select, update

from analyzer.backlog.kept import Kept, Version
from analyzer.backlog.store import Result, Store
from analyzer.backlog.store.schema import tickets
from analyzer.web.schema import jobs, sessions, tokens

_MIGRATIONS = Path(__file__).parent / "migrations"
_HEAD = "web0001"
#: a job whose analysis was begun so often, and never ended, has failed
MOST_ATTEMPTS = 4


@dataclass(frozen=True, slots=True)
class Job:
    """One upload; its report has the same id."""

    id: str
    owner: str
    ticket: str
    name: str
    stored_as: str
    bytes: int
    state: str
    error: str
    verdict: str
    first_cause: str
    attempts: int
    created: datetime
    started: datetime | None = None
    finished: datetime | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """Who may come in; the secret itself is not kept."""

    name: str
    support: bool
    created: datetime
    last_used: datetime | None = None


def new_id() -> str:
    """An id that cannot be guessed: 128 random bits in 22 characters."""
    return secrets.token_urlsafe(16)


def digest(secret: str) -> str:
    """What is kept of a token or session: it is random and long, so one round of sha256 is enough."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


class Records:
    """The server's part of a store; methods may be called from any thread.

    Args:
        url: of the store, or the path of a SQLite file; made if absent.

    Raises:
        StoreError: it cannot be opened.
    """

    def __init__(self, url: str) -> None:
        self.store = Store(url)
        self.engine = self.store.engine
        if self.engine.dialect.name == "sqlite":
            event.listen(self.engine, "connect", _careful)
            self.engine.dispose()  # connections that are open already know nothing of it
        with self.engine.begin() as connection:
            config = Config()
            config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
            config.attributes["connection"] = connection
            options = {"version_table": "web_alembic_version"}
            if MigrationContext.configure(connection, opts=options).get_current_revision() != _HEAD:
                command.upgrade(config, "head")

    def close(self) -> None:
        """Give the connections back."""
        self.store.close()

    # jobs

    def add(self, job: Job) -> None:
        """Accept a job: once this returns it is not lost."""
        values = {name: getattr(job, name) for name in Job.__slots__}
        with self.engine.begin() as connection:
            connection.execute(insert(jobs).values(values))

    def job(self, name: str) -> Job | None:
        """The job of this id."""
        found = self._jobs(select(jobs).where(jobs.c.id == name))
        return found[0] if found else None

    def recent(self, owner: str | None, most: int = 50) -> list[Job]:
        """The newest jobs, of one user or of all."""
        wanted = select(jobs).order_by(jobs.c.created.desc()).limit(most)
        return self._jobs(wanted if owner is None else wanted.where(jobs.c.owner == owner))

    def older_than(self, moment: datetime) -> list[Job]:
        """Jobs that were accepted before ``moment``."""
        return self._jobs(select(jobs).where(jobs.c.created < moment))

    def ids(self) -> set[str]:
        """Of all jobs."""
        with self.engine.connect() as connection:
            return set(connection.scalars(select(jobs.c.id)))

    def ahead_of(self, job: Job) -> int:
        """How many jobs wait that were accepted before this one."""
        wanted = select(func.count()).select_from(jobs).where(jobs.c.state == "queued", jobs.c.created < job.created)
        with self.engine.connect() as connection:
            return int(connection.scalar(wanted) or 0)

    def counts(self) -> dict[str, int]:
        """Jobs by state."""
        wanted = select(jobs.c.state, func.count()).group_by(jobs.c.state)
        with self.engine.connect() as connection:
            return {state: int(count) for state, count in connection.execute(wanted)}

    def take(self) -> Job | None:
        """The job that has waited longest, now running."""
        found = self._jobs(select(jobs).where(jobs.c.state == "queued").order_by(jobs.c.created).limit(1))
        if not found:
            return None
        changed = {"state": "running", "attempts": found[0].attempts + 1, "started": datetime.now(UTC)}
        with self.engine.begin() as connection:
            mine = update(jobs).where(jobs.c.id == found[0].id, jobs.c.state == "queued")
            if not connection.execute(mine.values(changed)).rowcount:
                return None
        return self.job(found[0].id)

    def again(self, job: Job) -> bool:
        """Put a job whose analysis was cut off back into the queue; False where that was tried often enough."""
        if job.attempts >= MOST_ATTEMPTS:
            return False
        with self.engine.begin() as connection:
            connection.execute(update(jobs).where(jobs.c.id == job.id).values(state="queued"))
        return True

    def put_back(self, job: Job) -> None:
        """Put a job that was taken, and not begun, back into the queue; that counts as no attempt."""
        with self.engine.begin() as connection:
            values = {"state": "queued", "attempts": job.attempts - 1}
            connection.execute(update(jobs).where(jobs.c.id == job.id).values(values))

    def interrupted(self) -> list[Job]:
        """Jobs that were running when the server ended."""
        return self._jobs(select(jobs).where(jobs.c.state == "running"))

    def finish(self, job: Job, error: str, kept: Kept | None = None, version: Version | None = None) -> bool:
        """Note how a job ended; False where it was deleted in the meantime."""
        state = "failed" if error or kept is None else "done"
        row = kept.row if kept else None
        values: dict[str, Any] = {
            "state": state,
            "error": error[:2000].encode("utf-8", "replace").decode(),
            "finished": datetime.now(UTC),
            "verdict": (row.verdict if row else "") or "",
            "first_cause": (row.first_cause if row else "") or "",
            "seconds": row.seconds if row else None,
        }
        if kept and version and state == "done":
            self.store.save(Result(kept, f"upload:{job.id}", version))
        with self.engine.begin() as connection:
            there = connection.execute(update(jobs).where(jobs.c.id == job.id).values(values)).rowcount > 0
            if not there:
                connection.execute(delete(tickets).where(tickets.c.ticket == job.stored_as))
        return there

    def delete(self, job: Job) -> None:
        """Forget a job and its result."""
        with self.engine.begin() as connection:
            connection.execute(delete(jobs).where(jobs.c.id == job.id))
            connection.execute(delete(tickets).where(tickets.c.ticket == job.stored_as))

    # who may come in

    def add_token(self, name: str, support: bool) -> str | None:
        """Make a token and give it, this once; None where the name is taken."""
        secret = f"ct_{secrets.token_urlsafe(32)}"
        values = {"name": name, "digest": digest(secret), "support": support, "created": datetime.now(UTC)}
        with self.engine.begin() as connection:
            if connection.scalar(select(func.count()).select_from(tokens).where(tokens.c.name == name)):
                return None
            connection.execute(insert(tokens).values(values))
        return secret

    def tokens(self) -> list[Token]:
        """All tokens by name."""
        wanted = select(tokens.c.name, tokens.c.support, tokens.c.created, tokens.c.last_used).order_by(tokens.c.name)
        with self.engine.connect() as connection:
            return [Token(*row) for row in connection.execute(wanted)]

    def any_token(self) -> bool:
        """Whether there is one."""
        with self.engine.connect() as connection:
            return connection.scalar(select(tokens.c.name).limit(1)) is not None

    def revoke(self, name: str) -> bool:
        """Take a token away, with the sessions that were begun with it; False where there is none of this name."""
        with self.engine.begin() as connection:
            connection.execute(delete(sessions).where(sessions.c.token == name))
            return connection.execute(delete(tokens).where(tokens.c.name == name)).rowcount > 0

    def token_of(self, secret: str) -> Token | None:
        """The token whose secret this is."""
        wanted = select(tokens.c.name, tokens.c.support, tokens.c.created, tokens.c.last_used)
        with self.engine.connect() as connection:
            row = connection.execute(wanted.where(tokens.c.digest == digest(secret))).first()
        if row is None:
            return None
        now = datetime.now(UTC)
        if row.last_used is None or now - row.last_used > timedelta(minutes=10):
            with self.engine.begin() as connection:
                connection.execute(update(tokens).where(tokens.c.name == row.name).values(last_used=now))
        return Token(*row)

    def begin_session(self, token: Token, hours: float) -> str:
        """Give the secret of a new session."""
        secret, expires = secrets.token_urlsafe(32), datetime.now(UTC) + timedelta(hours=hours)
        with self.engine.begin() as connection:
            connection.execute(insert(sessions).values(digest=digest(secret), token=token.name, expires=expires))
        return secret

    def session(self, secret: str) -> Token | None:
        """The token of a session that has not ended."""
        wanted = (
            select(tokens.c.name, tokens.c.support, tokens.c.created, tokens.c.last_used)
            .join(sessions, sessions.c.token == tokens.c.name)
            .where(sessions.c.digest == digest(secret), sessions.c.expires > datetime.now(UTC))
        )
        with self.engine.connect() as connection:
            row = connection.execute(wanted).first()
        return Token(*row) if row else None

    def end_session(self, secret: str) -> None:
        """Sign out."""
        with self.engine.begin() as connection:
            connection.execute(delete(sessions).where(sessions.c.digest == digest(secret)))

    def end_old_sessions(self) -> None:
        """Forget sessions that are over."""
        with self.engine.begin() as connection:
            connection.execute(delete(sessions).where(sessions.c.expires < datetime.now(UTC)))

    def _jobs(self, wanted: Any) -> list[Job]:
        with self.engine.connect() as connection:
            rows: Iterable[Any] = connection.execute(wanted)
            return [Job(**row._asdict()) for row in rows]


def _careful(connection: Any, _record: Any) -> None:
    """What was accepted survives a power cut; what was deleted is overwritten, not only unlinked."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA secure_delete = ON")
    cursor.close()
