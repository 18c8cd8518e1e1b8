"""The store gives back what was put in, in SQLite and in PostgreSQL; its tables are those of the schema."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from analyzer.backlog.kept import Kept, Version
from analyzer.backlog.learning import Fired
from analyzer.backlog.store import Outcome, Result, Store, StoreError
from analyzer.backlog.store.schema import metadata
from analyzer.backlog.summary import TicketRow, failed_row

FIRED = Fired("roks", frozenset({"event", "log"}), {"bgp-port-blocked": {"all-silent": ["a0", "a1"]}})
ROW = TicketRow(
    "CS1", "ok", "causes-found", "bgp-port-blocked", 0.875, ("bgp-port-blocked", "dns-failure"), "roks", "v1.29.1",
    "v3.27.0", 12, datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC), datetime(2026, 1, 3, tzinfo=UTC), 5_000_000_000, 0.25,
    "", "tickets/CS1.html",
)  # fmt: skip
KEPT = Kept(ROW, {"cause:bgp-port-blocked": 4.0, "template:é \u2028": 0.5}, FIRED, ranked=[("bgp-port-blocked", 0.875)])
WHAT = Version("c" * 64, "k" * 64)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "triage.db"))


def test_a_result_comes_back_as_it_was(store: Store, tmp_path: Path) -> None:
    store.save(Result(KEPT, "/in/CS1.tgz", WHAT))
    store.close()
    again = Store(f"sqlite:///{tmp_path}/triage.db", create=False)
    assert again.kept() == [KEPT]
    assert again.versions() == {"CS1": (WHAT, "ok")}


def test_a_later_result_takes_the_place_of_an_earlier_one(store: Store) -> None:
    store.save(Result(KEPT, "/in/CS1.tgz", WHAT))
    failed = Kept(failed_row("CS1", "gone\nwith\0the wind \ud800"))
    store.save(Result(failed, "/in/CS1.tgz", Version("", "k2")))
    (kept,) = store.kept()
    assert (kept.row.status, kept.row.error, kept.features, kept.fired) == ("failed", "gone with\ufffdthe wind \ufffd", {}, None)  # fmt: skip
    assert store.versions() == {"CS1": (Version("", "k2"), "failed")}


def test_outcomes_are_kept_through_a_new_analysis_and_the_latest_counts(store: Store) -> None:
    store.save(Result(KEPT, "/in/CS1.tgz", WHAT))
    zone = timezone(timedelta(hours=5))
    store.resolve(Outcome("CS1", "dns-failure", "first thought", "ann", datetime(2026, 1, 1, 12, tzinfo=zone)))
    store.resolve(Outcome("CS1", "bgp-port-blocked", "opened 179", "bob", datetime(2026, 1, 1, 8, tzinfo=UTC)))
    store.save(Result(KEPT, "/in/CS1.tgz", WHAT))
    (kept,) = store.kept()
    assert (kept.row.outcome, kept.note) == ("bgp-port-blocked", "opened 179")
    assert kept.resolved == datetime(2026, 1, 1, 8, tzinfo=UTC)
    with pytest.raises(StoreError, match="there is no ticket CS2"):
        store.resolve(Outcome("CS2", "dns-failure"))


def test_groups_are_written_and_taken_away(store: Store) -> None:
    store.save(Result(KEPT, "/in/CS1.tgz", WHAT))
    store.group({"CS1": "bgp-port-blocked-1234"})
    assert store.kept()[0].row.group == "bgp-port-blocked-1234"
    store.group({})
    assert store.kept()[0].row.group == ""


def test_the_migrations_make_the_tables_of_the_schema(store: Store) -> None:
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_a_store_of_a_newer_release_is_left_alone(store: Store) -> None:
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="newer release"):
        Store(str(store.url.database))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://x/y", "sqlite or postgresql"),
        ("://", "URL"),
        ("postgresql://user:hunter2@127.0.0.1:1/x", "refused"),
        ("sqlite:////nonexistent/folder/x.db", "unable to open"),
    ],
)
def test_what_cannot_be_opened_is_said_in_one_line_without_the_password(url: str, words: str) -> None:
    with pytest.raises(StoreError) as caught:
        Store(url)
    assert words in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"certainly not SQLite" * 1000)
    with pytest.raises(StoreError, match="not a database"):
        Store(str(tmp_path / "x.db"))
    with pytest.raises(StoreError, match="no such store"):
        Store(str(tmp_path / "y.db"), create=False)
    assert not (tmp_path / "y.db").exists()


WRITER = """
import sys
from analyzer.backlog.kept import Kept, Version
from analyzer.backlog.store import Result, Store
from analyzer.backlog.summary import TicketRow
store = Store(sys.argv[1])
for number in range(100000):
    store.save(Result(Kept(TicketRow(f"t{number % 50}", error=str(number))), "x", Version(str(number), "k")))
    print(number, flush=True)
"""


def test_what_was_committed_is_there_after_a_kill(tmp_path: Path) -> None:
    path = str(tmp_path / "triage.db")
    writer = subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    last = [int(writer.stdout.readline()) for _ in range(60)][-1]
    time.sleep(0.05)
    os.kill(writer.pid, signal.SIGKILL)
    said = writer.stdout.read().split()
    writer.wait()
    last = int(said[-1]) if said else last
    found = Store(path, create=False).versions()
    assert len(found) == 50
    newest = max(int(version.content) for version, _ in found.values())
    assert newest in (last, last + 1)
