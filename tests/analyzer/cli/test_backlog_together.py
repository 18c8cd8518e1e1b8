"""A backlog as it is used: batch, resolve, batch again, learn, batch with what was learned."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

SAMPLES = Path(__file__).parents[3] / "sample_bundles"
NOTE = "Moved the other program to another port."


def call(folder: Path, *words: str) -> str:
    program = Path(sys.executable).with_name("calico-triage")
    done = subprocess.run([str(program), *words], cwd=folder, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    return done.stdout


def rows(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "out" / "summary.csv").open(encoding="utf-8", newline="") as file:
        return {row["ticket"]: row for row in csv.DictReader(file)}


def test_what_is_resolved_is_shown_by_look_alikes_and_stays_so(tmp_path: Path) -> None:
    tickets = tmp_path / "tickets"
    for name, sample in (
        ("one", "one-worker-after-reload-comes-back-bad"),
        ("two", "one-worker-after-reload-comes-back-bad"),
        ("three", "no-typha-is-ready"),
    ):
        shutil.copytree(SAMPLES / sample / "bundle", tickets / name)
    for file in (tickets / "two").rglob("*"):
        if file.is_file():  # the same incident in another customer's cluster
            file.write_text(file.read_text(encoding="utf-8").replace("10.", "172."), encoding="utf-8")
    call(tmp_path, "batch", "tickets", "-o", "out", "-q")
    found = rows(tmp_path)
    assert found["one"]["first_cause"] == found["two"]["first_cause"] == "port-conflict"
    assert found["one"]["group"] == found["two"]["group"] != found["three"]["group"]

    call(tmp_path, "resolve", "one", "--cause", "port-conflict", "--note", NOTE, "--store", "out/triage.db")
    assert shown(tmp_path) == {"one": False, "two": True, "three": False}
    assert "3 unchanged" in call(tmp_path, "batch", "tickets", "-o", "out")
    assert shown(tmp_path) == {"one": False, "two": True, "three": False}

    call(tmp_path, "learn", "--store", "out/triage.db", "-o", "learned.yaml")
    assert "3 analysed" in call(tmp_path, "batch", "tickets", "-o", "out", "--causes", "learned.yaml")
    assert shown(tmp_path) == {"one": False, "two": True, "three": False}
    assert "port-conflict (1)" in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "top-1 1.000" in call(tmp_path, "evaluate", "--store", "out/triage.db")


def shown(folder: Path) -> dict[str, bool]:
    """Which reports tell of the resolved ticket, in both their forms."""
    found = {}
    for name in ("one", "two", "three"):
        page = (folder / "out" / "tickets" / f"{name}.html").read_text(encoding="utf-8")
        report = json.loads((folder / "out" / "tickets" / f"{name}.json").read_text(encoding="utf-8"))
        seen = [item["note"] for item in report.get("seen_before", [])]
        assert (NOTE in page) == (seen == [NOTE])
        found[name] = NOTE in page
    return found
