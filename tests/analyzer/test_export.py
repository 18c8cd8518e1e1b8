"""The tables as files: promised columns, three formats with the same cells, no formulas."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from analyzer.export import write_tables
from analyzer.tables import build
from parsers.rows import EventRow, NodeRow

#: "The tables" of the interface: a promise
PROMISED = {
    "files": "path kind namespace pod container node bytes lines encoding problems",
    "nodes": "node ready roles zone region pool subnet private_vlan public_vlan worker_version kubelet_version os_image kernel "
    "runtime internal_ip cordoned created taints calico_ip labels",
    "node_conditions": "node type status last_heartbeat last_transition reason message",
    "pods": "namespace pod app node phase ready restarts controlled_by start_time ip reason",
    "pod_conditions": "namespace pod type status reason message",
    "containers": "namespace pod container init image version state state_reason last_state last_reason exit_code restarts ready "
    "started finished last_started last_finished",
    "events": "object_kind object namespace type reason age_s first_age_s count source message",
    "log_lines": "pod node container time level component pid source message message_id count",
    "readiness": "pod node time age_s count check state peer established_peers message",
    "bgp": "pod node time protocol peer state message",
    "daemonsets": "namespace daemonset desired current ready updated available",
}
ROWS = {
    "events": [EventRow("d.txt", 9, "Pod", "p", message='=HYPERLINK("http://x")', count=3)],
    "nodes": [NodeRow("n.txt", 1, "node-a", created=datetime(2026, 1, 2, tzinfo=UTC), labels={"zone": "dal10"}, taints=("a:b",))],
}  # fmt: skip


@pytest.mark.parametrize("form", ["csv", "parquet", "jsonl"])
def test_every_promised_table_has_its_columns(tmp_path: Path, form: str) -> None:
    written = write_tables(build(ROWS), tmp_path, form)
    assert {f"{name}.{form}" for name in PROMISED} <= set(written)
    for name, columns in PROMISED.items():
        path = tmp_path / f"{name}.{form}"
        if form == "csv":
            got = set(pd.read_csv(path, nrows=0).columns)
        elif form == "parquet":
            got = set(pd.read_parquet(path).columns)
        else:
            text = path.read_text(encoding="utf-8")
            got = set(json.loads(text.splitlines()[0])) if text.strip() else set(columns.split()) | {"file", "line"}
        missing = {*columns.split(), *({"file", "line"} if name != "files" else set())} - got
        assert not missing, f"{name}: {missing}"


def test_times_are_utc_and_lists_are_json(tmp_path: Path) -> None:
    write_tables(build(ROWS), tmp_path, "parquet")
    nodes = pd.read_parquet(tmp_path / "nodes.parquet")
    assert str(nodes["created"].dtype).endswith(", UTC]")
    assert json.loads(nodes["labels"][0]) == {"zone": "dal10"} and json.loads(nodes["taints"][0]) == ["a:b"]


def test_a_cell_is_no_formula(tmp_path: Path) -> None:
    write_tables(build(ROWS), tmp_path, "csv")
    cell = pd.read_csv(tmp_path / "events.csv")["message"][0]
    assert re.match(r"'=HYPERLINK", cell)


def test_a_carriage_return_begins_no_row(tmp_path: Path) -> None:
    """Spreadsheets end a row at one that is not in quotes, and csv writers put none around it."""
    message = "progress\r=HYPERLINK(1)\r\n-2+3"
    write_tables(build({"events": [EventRow("d.txt", 9, "Pod", "p", message=message)]}), tmp_path, "csv")
    text = (tmp_path / "events.csv").read_bytes().decode("utf-8")
    assert "\r" not in text
    assert '"progress\n=HYPERLINK(1)\n-2+3"' in text
