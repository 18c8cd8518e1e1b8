"""``redact`` and the options of redaction, as they are called."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

LOG = "2026-03-16 04:11:52.123 [ERROR][65] felix/x.go 1: login failed password=hunter2hunter2 by jane@acme-corp.de at 10.9.8.7\n"


def triage(*arguments: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    made = subprocess.run([sys.executable, "-m", "analyzer.cli", *map(str, arguments)], capture_output=True, text=True)
    if "No module named" in made.stderr:
        program = "import sys; sys.argv[0] = 'calico-triage'; from analyzer.cli import main; main()"
        made = subprocess.run([sys.executable, "-c", program, *map(str, arguments)], capture_output=True, text=True)
    assert made.returncode == code, made.stderr
    return made


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "ticket"
    folder.mkdir()
    (folder / "calico-node-x7k2p.log").write_text(LOG, encoding="utf-8")
    return folder


def tables(folder: Path) -> str:
    return "".join(path.read_text(encoding="utf-8") for path in sorted(folder.iterdir()))


def test_redacted_unless_told_otherwise(bundle: Path, tmp_path: Path) -> None:
    for number, (option, secret, host) in enumerate(
        [((), False, True), (("--redact",), False, True), (("--redact=secrets",), False, True),
         (("--redact=hosts",), False, False), (("--redact-hosts",), False, False), (("--no-redact",), True, True)]
    ):  # fmt: skip
        triage("extract", *option, bundle, "-o", tmp_path / str(number), "--format", "jsonl", "-q")
        text = tables(tmp_path / str(number))
        assert ("hunter2hunter2" in text, "jane@acme-corp.de" in text, "10.9.8.7" in text) == (secret, secret, host)


def test_analyze(bundle: Path, tmp_path: Path) -> None:
    for option, secret, host in (
        ((), False, True),
        (("--redact=hosts",), False, False),
        (("--no-redact",), True, True),
    ):
        triage("analyze", bundle, *option, "-o", tmp_path / "r.json", "-q")
        text = (tmp_path / "r.json").read_text(encoding="utf-8")
        assert ("hunter2hunter2" in text, "10.9.8.7" in text) == (secret, host)


def test_redact(bundle: Path, tmp_path: Path) -> None:
    triage("redact", bundle, "-o", tmp_path / "a.tgz", "--redact=hosts", "--redact-map", tmp_path / "map.json")
    triage("redact", bundle, "-o", tmp_path / "b.tgz", "--redact=hosts", "--redact-map", tmp_path / "map.json")
    texts = []
    for name in ("a.tgz", "b.tgz"):
        with tarfile.open(tmp_path / name) as tar:
            stream = tar.extractfile("calico-node-x7k2p.log")
            assert stream is not None
            texts.append(stream.read().decode())
    assert texts[0] == texts[1]
    known = json.loads((tmp_path / "map.json").read_text(encoding="utf-8"))["pseudonyms"]
    assert known["10.9.8.7"] in texts[0] and "10.9.8.7" not in texts[0] and "hunter2" not in texts[0]
    assert (tmp_path / "map.json").stat().st_mode & 0o077 == 0
    assert not list(tmp_path.glob("*.partial"))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(("analyze", "T", "--redact=all"), "secrets or hosts"), (("redact", "T", "-o", "x.zip"), "suffix"),
     (("redact", "absent", "-o", "x.tgz"), "absent"), (("analyze", "T", "--no-redact", "--redact-map", "m"), "--no-redact")],
)  # fmt: skip
def test_what_cannot_be_done(bundle: Path, arguments: tuple[str, ...], says: str) -> None:
    made = triage(*(str(bundle) if item == "T" else item for item in arguments), code=2)
    assert says in made.stderr and len(made.stderr.strip().splitlines()) == 1
