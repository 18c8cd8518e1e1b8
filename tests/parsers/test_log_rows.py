from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from parsers.bird_log import BgpChange
from parsers.log_dress import Origin
from parsers.log_record import LogRecord
from parsers.log_rows import FIRST_CHANGES, FIRST_ROWS, LAST_CHANGES, LAST_ROWS, BgpStore, RowStore, same_message
from parsers.source import OneRow, Source

BEGIN = datetime(2026, 2, 12, 6, 20, tzinfo=UTC)
HERE = Origin("calico-node-7xk2m", "calico-node")


def record(line: int, message: str, pid: int | None = 61, kind: str = "calico") -> LogRecord:
    return LogRecord(kind, message, line, line, BEGIN + timedelta(seconds=line), True, "ERROR", "felix", pid, "a.go")


def test_same_problem_of_the_same_process_is_one_row() -> None:
    store = RowStore(Source("a.log"))
    first = store.add(record(1, "Failed 1 time error=x"), ("id",), HERE, "raw", 3.0)
    assert store.add(record(5, "Failed 9 time error=x"), ("id",), HERE, "raw 2", 7.0) is first
    assert (first.count, first.line, first.last_line, first.raw) == (2, 1, 5, "raw")
    assert (first.fields["since_start_s"], first.fields["last_since_start_s"]) == ("3.000", "7.000")


def test_another_process_pod_or_message_is_another_row() -> None:
    store = RowStore(Source("a.log"))
    store.add(record(1, "Failed"), (), HERE, "", None)
    store.add(record(2, "Failed", pid=62), (), HERE, "", None)
    store.add(record(3, "Failed"), (), Origin("other", "calico-node"), "", None)
    store.add(record(4, "Failed"), ("id",), HERE, "", None)
    store.add(record(5, "Failed otherwise"), (), HERE, "", None)
    assert [row.count for row in store.rows()] == [1] * 5
    assert "since_start_s" not in store.rows()[0].fields


def test_lines_whose_names_tell_nothing_are_one_row_of_a_process() -> None:
    store = RowStore(Source("a.log"))
    for line, pid in enumerate([61, 61, 61, 62], 1):
        store.add(record(line, f"Link of pod-{line} is up", pid), OneRow(("link",)), HERE, f"raw {line}", None)
    rows = store.rows()
    assert [(row.count, row.line, row.last_line, row.raw) for row in rows] == [(3, 1, 3, "raw 1"), (1, 4, 4, "raw 4")]
    assert rows[0].message_ids == ("link",) and type(rows[0].message_ids) is tuple


def test_autonomous_system_numbers_of_bird_are_told_apart() -> None:
    store = RowStore(Source("a.log"))
    for line, message in enumerate(["Mesh_1: Error: Bad peer AS: 64513", "Mesh_1: Error: Bad peer AS: 64514"], 1):
        store.add(record(line, message, None, "bird"), (), HERE, "", None)
    for line in (3, 4):
        store.add(record(line, f"I/O loop cycle took {line} ms for 3 events", None, "bird"), (), HERE, "", None)
    assert [row.count for row in store.rows()] == [1, 1, 2]


@given(st.lists(st.sampled_from(["port ", "179", "64512", "0123456789012", " ms", " s", " events", "msx", "a", " "])))
def test_which_numbers_of_bird_are_values(words: list[str]) -> None:
    message = "".join(words)
    values = re.sub(r"(?<=port )\d{1,5}|\d{1,12}(?= ms\b| s\b| events\b)", "N", message)
    assert same_message(LogRecord(kind="bird", message=message)) == values


def test_the_first_and_the_last_rows_of_a_message_are_kept() -> None:
    store = RowStore(Source("a.log"))
    for line in range(1, 1001):
        store.add(record(line, f"Failed for pod-{line}"), ("id",), HERE, "", None)
    store.add(record(1001, "Something else"), ("rare",), HERE, "", None)
    lines = [row.line for row in store.rows()]
    assert lines == [*range(1, FIRST_ROWS + 1), *range(1001 - LAST_ROWS, 1001), 1001]
    assert store.problems() == ["800 more distinct lines of id were counted, not listed"]


@given(st.lists(st.tuples(st.integers(0, 400), st.sampled_from(["up", "down"])), max_size=1500))
def test_bgp_rows_are_bounded_and_keep_the_last_of_each_peer(changes: list[tuple[int, str]]) -> None:
    store = BgpStore(Source("a.log"))
    for line, (peer, state) in enumerate(changes, 1):
        address = f"10.0.{peer // 256}.{peer % 256}"
        store.add(record(line, state), BgpChange(f"Mesh_{address}", address, state), HERE)
    rows = store.rows()
    assert len(rows) <= FIRST_CHANGES + LAST_CHANGES + len({peer for peer, _ in changes})
    last = {row.peer: (row.line, row.state) for row in rows}
    expected = {f"10.0.{peer // 256}.{peer % 256}": (line, state) for line, (peer, state) in enumerate(changes, 1)}
    assert last == expected
    assert len(rows) + sum(int(text.split()[0]) for text in store.problems()) == len(changes)
