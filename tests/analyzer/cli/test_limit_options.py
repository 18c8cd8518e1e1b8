"""Each limit is an option of every command that reads a bundle, and reaching it is a warning that names it."""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner

from analyzer.bundle import Limits
from analyzer.cli.app import app

ROOT = Path(__file__).parents[3]
LINE = b"2026-02-12 06:20:11.402 [INFO][62] felix/int_dataplane.go 1082: Applying dataplane updates\n"


def tgz(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some logs, one of them in an archive inside, one that packs very well, one of a single line."""
    folder = tmp_path_factory.mktemp("limits")
    files = {f"{number}.log": LINE * (number + 1) for number in range(20)}
    inner = tgz({"inner.log": LINE * 30})
    path = folder / "bundle.tgz"
    path.write_bytes(tgz({**files, "in.tgz": inner, "long.log": LINE[:-1] * 30, "zz.log": bytes(70_000_000)}))
    return path


def names_of(command: str) -> set[str]:
    return {option.name for option in app.commands[command].params}


@pytest.mark.parametrize(
    ("option", "value"),
    [("bytes", "1000000"), ("ratio", "2"), ("members", "5"), ("depth", "0"), ("member-bytes", "300"), ("line", "200")],
)
def test_a_limit_that_is_reached_is_told_and_what_came_before_counts(
    option: str, value: str, bundle: Path, tmp_path: Path
) -> None:
    report = tmp_path / "r.json"
    done = CliRunner().invoke(app, ["analyze", str(bundle), "-q", "-o", str(report), f"--limit-{option}", value])
    assert done.exit_code == 0, done.output
    made = json.loads(report.read_text(encoding="utf-8"))
    assert any(f"(--limit-{option})" in warning["what"] for warning in made["warnings"])
    assert any(file["path"] == "0.log" and file["bytes"] == len(LINE) for file in made["bundle"]["files"])


def test_time_is_limited(bundle: Path, tmp_path: Path) -> None:
    words = ["analyze", str(bundle), "-q", "-o", str(tmp_path / "r.json"), "--limit-seconds", "0.01"]
    done = CliRunner().invoke(app, words)
    if done.exit_code == 0:  # a fast machine reads the beginning in that time
        assert "--limit-seconds" in (tmp_path / "r.json").read_text(encoding="utf-8")
    else:
        assert done.exit_code == 2


@pytest.mark.parametrize("command", ["analyze", "compare", "extract", "redact", "batch"])
def test_every_command_that_reads_a_bundle_has_all(command: str) -> None:
    assert {f"limit_{field.name}" for field in fields(Limits)} <= names_of(command)
    assert "limits" not in names_of(command)


def test_the_page_tells_each_with_its_default() -> None:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    for field in fields(Limits):
        assert f"| `--limit-{field.name.replace('_', '-')}` | {field.default:g}".replace("e+", "e") in page or (
            f"| `--limit-{field.name.replace('_', '-')}` | {field.default}" in page
        )


@pytest.mark.parametrize("value", ["0", "-1", "x", ""])
def test_a_limit_that_makes_no_sense_is_refused(value: str, bundle: Path) -> None:
    assert CliRunner().invoke(app, ["analyze", str(bundle), f"--limit-members={value}"]).exit_code == 2
