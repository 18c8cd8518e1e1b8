from __future__ import annotations

import csv
import io
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.backlog.summary import COLUMNS, failed_row, frame, row_of, write_csv, write_parquet
from analyzer.report import model

sys.path.insert(0, str(Path(__file__).parent))
from backlog_rows import FORMULA, backlog, hostile, ticket

PROMISED = [
    "ticket",
    "status",
    "verdict",
    "first_cause",
    "probability",
    "causes",
    "platform",
    "kubernetes_version",
    "calico_version",
    "nodes_seen",
    "first_time",
    "last_time",
    "bytes",
    "seconds",
    "group",
    "report",
    "error",
]


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_promised_columns_in_their_order(tmp_path: Path) -> None:
    assert list(COLUMNS) == PROMISED
    write_csv(frame([ticket("a")]), tmp_path / "s.csv")
    write_parquet(frame([ticket("a")]), tmp_path / "s.parquet")
    assert (tmp_path / "s.csv").read_text(encoding="utf-8").splitlines()[0] == ",".join(PROMISED)
    assert list(pd.read_parquet(tmp_path / "s.parquet").columns) == PROMISED


def test_a_row_of_the_csv(tmp_path: Path) -> None:
    write_csv(frame([ticket("b"), failed_row("a", "took longer\n than 120 s", 77)]), tmp_path / "s.csv")
    failed, good = read(tmp_path / "s.csv")
    assert good == {
        "ticket": "b", "status": "ok", "verdict": "causes-found", "first_cause": "bgp-port-blocked", "probability": "0.93",
        "causes": "bgp-port-blocked node-ip-not-found", "platform": "iks-vpc", "kubernetes_version": "1.29.3",
        "calico_version": "v3.27.2", "nodes_seen": "12", "first_time": "2026-02-28T21:00:00Z",
        "last_time": "2026-03-01T00:00:00Z", "bytes": "120000", "seconds": "0.21", "group": "bgp-port-blocked-1a2b3c4d",
        "report": "tickets/b.html", "error": "",
    }  # fmt: skip
    assert {name: text for name, text in failed.items() if text} == {
        "ticket": "a", "status": "failed", "bytes": "77", "error": "took longer than 120 s",
    }  # fmt: skip


def test_types_of_the_parquet(tmp_path: Path) -> None:
    write_parquet(frame([ticket("b"), failed_row("a", "x")]), tmp_path / "s.parquet")
    table = pd.read_parquet(tmp_path / "s.parquet")
    assert table["last_time"].dtype.tz is not None
    assert table["last_time"].iloc[1] == pd.Timestamp("2026-03-01", tz="UTC")
    assert table["nodes_seen"].iloc[1] == 12
    assert table.loc[0, ["probability", "nodes_seen", "last_time"]].isna().all()
    assert table["causes"].tolist() == ["", "bgp-port-blocked node-ip-not-found"]


def test_formulas_are_text_in_the_csv_and_untouched_in_the_parquet(tmp_path: Path) -> None:
    rows = hostile()
    write_csv(frame(rows), tmp_path / "s.csv")
    write_parquet(frame(rows), tmp_path / "s.parquet")
    cells = [text for row in read(tmp_path / "s.csv") for text in row.values()]
    assert f"'{FORMULA}2" in cells
    assert not [text for text in cells if text[:1] in ("=", "+", "-", "@", "\t", "\r")]
    assert f"{FORMULA}2" in pd.read_parquet(tmp_path / "s.parquet")["ticket"].tolist()


@given(st.lists(st.tuples(st.text(), st.text(), st.text()), max_size=8))
@settings(max_examples=60, deadline=None)
def test_whatever_the_texts_are_each_ticket_is_one_row_without_formulas(texts: list[tuple[str, str, str]]) -> None:
    made = [ticket(f"{n}{name}", calico_version=version, group=group) for n, (name, version, group) in enumerate(texts)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.csv"
        write_csv(frame(made), path)
        text = path.read_bytes().decode("utf-8")
    found = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(found) == len(made)
    assert all(len(row) == len(PROMISED) and None not in row.values() for row in found)
    assert not [cell for row in found for cell in row.values() if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]
    assert "\r" not in text


@pytest.mark.parametrize("count", [0, 300])
def test_sorted_by_ticket_and_one_row_each(tmp_path: Path, count: int) -> None:
    rows = backlog(count)[::-1]
    write_csv(frame(rows), tmp_path / "s.csv")
    write_parquet(frame(rows), tmp_path / "s.parquet")
    names = [row["ticket"] for row in read(tmp_path / "s.csv")]
    assert names == sorted(row.ticket for row in rows)
    assert pd.read_parquet(tmp_path / "s.parquet")["ticket"].tolist() == names


def test_a_report_as_a_row() -> None:
    when = datetime(2026, 3, 16, tzinfo=UTC)
    causes = tuple(
        model.CauseResult(name, rank, name, "bgp", 1 / rank / 2, "likely", "node")
        for name, rank in (("b", 2), ("a", 1))
    )
    report = model.Report(
        model.Tool("calico-triage", "1"), when, model.BundleInfo("x", bytes=9, first_time=when, last_time=when),
        model.ClusterInfo("roks", "1.2", "v3", nodes_seen=4), "causes-found", causes,
    )  # fmt: skip
    row = row_of("x", report, 0.5, "tickets/x.html", "g")
    assert (row.status, row.first_cause, row.probability, row.causes) == ("ok", "a", 0.5, ("a", "b"))
    assert (row.platform, row.nodes_seen, row.bytes, row.last_time, row.group) == ("roks", 4, 9, when, "g")
    assert (
        row_of("x", model.Report(report.tool, when, report.bundle, report.cluster, "not-enough-data")).probability
        is None
    )


def test_a_failure_without_a_reason_says_so() -> None:
    assert failed_row("x", " \n").error == "no reason known"
