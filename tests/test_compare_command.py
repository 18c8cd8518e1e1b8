"""``calico-triage compare`` as its users call it: bundles, reports, exit codes, standard output."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parents[1] / "sample_bundles"
PORT = SAMPLES / "one-worker-after-reload-comes-back-bad" / "bundle"
HEALTHY = SAMPLES / "healthy-after-an-update" / "bundle"
PROGRAM = Path(sys.executable).with_name("calico-triage")


def run(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    words = [str(PROGRAM), *map(str, arguments)]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)


def compared(folder: Path, *arguments: object) -> dict[str, object]:
    done = run(folder, "compare", *arguments, "-o", "-", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    result: dict[str, object] = json.loads(done.stdout)
    return result


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """A folder with the trouble's report as ``bad.json`` and that of the same cluster without it as ``good.json``."""
    assert run(tmp_path, "analyze", PORT, "-q", "-o", "bad.json").returncode == 0
    data = json.loads((tmp_path / "bad.json").read_text(encoding="utf-8"))
    data.update(verdict="no-problem-found", causes=[], symptoms=[])
    for worker in data["workers"]:
        worker["state"] = "healthy"
    for pod in data["pods"]:
        pod["ready"] = True
    data["bundle"]["sha256"] = "cd" * 32
    (tmp_path / "good.json").write_text(json.dumps(data), encoding="utf-8")
    return tmp_path


def test_a_bundle_is_compared_with_a_report(reports: Path) -> None:
    result = compared(reports, PORT, "good.json")
    assert result["repaired"] == "yes"
    assert result["warnings"] == []
    changes = result["changes"]
    assert isinstance(changes, list)
    assert {"kind": "gone", "subject": "causes", "id": "port-conflict"}.items() <= changes[0].items()
    assert compared(reports, "good.json", PORT)["repaired"] == "worse"


def test_the_same_bundle_twice_is_unchanged_and_warned_of(tmp_path: Path) -> None:
    result = compared(tmp_path, PORT, PORT)
    assert result["changes"] == []
    assert result["warnings"] == ["Both are the same bundle."]


def test_another_cluster_is_no_success(reports: Path) -> None:
    other = json.loads((reports / "good.json").read_text(encoding="utf-8"))
    other["cluster"]["name"] = "another-cluster"
    (reports / "other.json").write_text(json.dumps(other), encoding="utf-8")
    result = compared(reports, PORT, "other.json")
    assert result["repaired"] == "unknown"
    assert "different clusters" in str(result["warnings"])


def test_bundles_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    result = compared(tmp_path, PORT, HEALTHY)
    before, after = result["before"], result["after"]
    assert isinstance(before, dict) and isinstance(after, dict)
    assert before["name"] == "one-worker-after-reload-comes-back-bad/bundle"
    assert after["name"] == "healthy-after-an-update/bundle"


def test_files_are_written_and_the_answer_is_printed(reports: Path) -> None:
    names = ["c.html", "c.md", "c.json", "c.html.gz", "c.zip"]
    done = run(reports, "compare", "bad.json", "good.json", *(word for name in names for word in ("-o", name)))
    assert done.returncode == 0, done.stderr
    assert "Did the repair work? Yes." in done.stdout
    assert all((reports / name).stat().st_size > 300 for name in names)
    quiet = run(reports, "compare", "bad.json", "good.json", "-q")
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")


def test_fail_on_likely_asks_after(reports: Path) -> None:
    assert run(reports, "compare", "bad.json", "good.json", "-q", "--fail-on", "likely").returncode == 0
    assert run(reports, "compare", "good.json", "bad.json", "-q", "--fail-on", "likely").returncode == 3
    assert run(reports, "compare", "good.json", "bad.json", "-q").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("bad.json", "gone.json"), "gone.json"),
        (("bad.json", "empty.txt"), "empty.txt"),
        (("cut.json", "good.json"), "cut.json"),
        (("newer.json", "good.json"), "newer.json"),
        (("bad.json", "good.json", "-o", "c.pdf"), "c.pdf"),
        (("bad.json", "good.json", "-o", "-"), "--format"),
        (("bad.json", "good.json", "--format", "json"), "--format"),
        (("bad.json", "good.json", "--fail-on", "possible"), "--fail-on"),
        (("bad.json", "good.json", "-o", "no/such/folder/c.md"), "no/such/folder/c.md"),
    ],
)
def test_what_is_unusable_is_refused_by_name(reports: Path, arguments: tuple[str, ...], word: str) -> None:
    (reports / "empty.txt").write_bytes(b"")
    (reports / "cut.json").write_text((reports / "bad.json").read_text(encoding="utf-8")[:900], encoding="utf-8")
    (reports / "newer.json").write_text('{"schema_version": "99"}', encoding="utf-8")
    done = run(reports, "compare", *arguments)
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("calico-triage: ")
    assert word in done.stderr


def test_what_must_not_leave_stays_out_of_a_comparison(reports: Path) -> None:
    plain = compared(reports, PORT, HEALTHY, "--no-redact")
    kept = compared(reports, PORT, HEALTHY)
    hosts = compared(reports, PORT, HEALTHY, "--redact=hosts")
    assert isinstance(plain["before"], dict)
    cluster = plain["before"]["cluster"]
    assert cluster and cluster in json.dumps(plain)
    assert cluster not in json.dumps(kept), "the id of the cluster is out of a provider id"
    assert "10.211.64.97" in json.dumps(kept)
    assert "10.211.64." not in json.dumps(hosts)
    assert kept["repaired"] == plain["repaired"] == hosts["repaired"]
    assert len(kept["changes"]) == len(hosts["changes"])  # type: ignore[arg-type]


def test_a_host_has_one_pseudonym_in_both(tmp_path: Path) -> None:
    assert compared(tmp_path, PORT, PORT, "--redact=hosts")["changes"] == []


def test_json_of_a_bundle_is_no_report(reports: Path) -> None:
    """A folder with kubectl's JSON in it, and such a file by itself, are bundles."""
    shutil.copytree(PORT, reports / "bundle")
    (reports / "nodes.json").write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "List",
                "items": [
                    {
                        "apiVersion": "v1",
                        "kind": "Node",
                        "metadata": {"name": "10.211.64.97", "labels": {}},
                        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
                    }
                ],
            },
            indent=2,
        ),
        encoding="utf-8",
    )
    assert compared(reports, "bundle", "nodes.json")["repaired"] == "unknown"
