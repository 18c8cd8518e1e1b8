"""The real command line on every file of the corpus: it ends in time and memory, says what it did, and writes its report only."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import jsonschema
import pytest
from corpus import ARCHIVES, TEXTS, tgz_of

ROOT = Path(__file__).parents[3]
PROGRAM = Path(sys.executable).with_name("calico-triage")
SAMPLE = ROOT / "sample_bundles" / "every-worker-after-a-changed-setting" / "bundle"
CAUSE = "invalid-calico-config"
GOOD = {path.name: path.read_bytes() for path in sorted(SAMPLE.iterdir())}
SCHEMA = json.loads(next((ROOT / "analyzer" / "report").glob("*schema*.json")).read_text(encoding="utf-8"))
SECONDS = 25  # of processor time: the machine may be busy with other things
MEMORY = 700_000  # kB
PATIENCE = 240
#: the program's cache of its own catalogue and templates, kept so that not every run compiles them
CACHE = ROOT / "build" / "hostile-cache"
LIMITS = ("--limit-seconds", "30", "--limit-members", "20000")
#: what each of these must say that was not read, in its warnings or, where nothing was left, in its one line of error
SAID = {
    "tar_with_a_million_members": "--limit-", "many_members": "--limit-members", "bzip2_bomb": "--limit-ratio", "xz_bomb": "--limit-ratio",
    "zstd_bomb": "--limit-ratio", "gzip_bomb": "--limit-ratio", "zip_bomb_flat": "--limit-ratio", "zip_with_fifty_thousand_entries": "--limit-members",
    "zip_that_holds_itself_nearly": "--limit-depth", "quine_like": "--limit-depth", "nested_bomb": "--limit-",
    "line_of_a_hundred_megabytes": "--limit-line", "long_line": "--limit-line",
}  # fmt: skip
#: so much of these is trouble of its own that another cause than the sample's may come first
DROWNED = {
    "a_hundred_thousand_events", "fifty_thousand_conditions", "ten_thousand_pods_on_as_many_nodes",
    "two_thousand_small_files", "line_of_a_hundred_megabytes", "utf_16_and_32_and_halves",
}  # fmt: skip
ALIVE = ("<script>hostile", "<img src=x", "\x1b", "\x9b")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run of the program ended."""

    code: int
    output: str
    cpu: float
    memory: int
    wall: float


def run(folder: Path, *words: str) -> Ended:
    """Run the program in ``folder``, with a home of its own, and measure it with its children."""
    home = folder.parent / "home"
    home.mkdir(exist_ok=True)
    said = folder.parent / "said.txt"
    begun = time.monotonic()
    with said.open("wb") as out:
        process = subprocess.Popen(
            [str(PROGRAM), *words], cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            env={**os.environ, "HOME": str(home), "TMPDIR": str(home), "XDG_CACHE_HOME": str(CACHE)},
        )  # fmt: skip
        pid, status, peak = 0, 0, 0
        while not pid:
            peak = max(peak, peak_memory(process.pid))
            pid, status, used = os.wait4(process.pid, os.WNOHANG)
            if not pid and time.monotonic() - begun > PATIENCE:
                process.kill()
            time.sleep(0.02)
        process.returncode = os.waitstatus_to_exitcode(status)
    text = said.read_text(encoding="utf-8", errors="replace")
    wall = time.monotonic() - begun
    return Ended(process.returncode, text, used.ru_utime + used.ru_stime, peak, wall)


def peak_memory(pid: int) -> int:
    """KiB that a running process held at the most; what it was before exec (a copy of this test's) does not count."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    return int((status.partition("VmHWM:")[2].split() or ["0"])[0])


def everything(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def check(name: str, bundle: Path, tmp_path: Path) -> dict[str, object] | None:
    """Run on one file and check what holds for all; gives the report, None where the input was refused."""
    work = tmp_path / "a" / "b" / "inner"
    work.mkdir(parents=True)
    ended = run(work, "analyze", str(bundle), "-q", "-o", "r.json", "-o", "r.html", "-o", "r.md", *LIMITS)
    assert ended.code in (0, 2), ended.output
    assert "Traceback" not in ended.output
    assert ended.cpu < SECONDS
    assert ended.memory < MEMORY
    made = {"r.json", "r.html", "r.md"} if ended.code == 0 else set()
    beside = {"a", "a/b", "a/b/inner", "a/b/home", "a/b/said.txt", bundle.name}
    assert everything(tmp_path) == beside | {f"a/b/inner/{file}" for file in made}, "something else was written"
    assert not any(Path(place, "hostile-was-here").exists() for place in ("/", "/etc", "/tmp", str(ROOT)))
    if ended.code == 2:
        assert ended.output.count("\n") == 1 and ended.output.startswith("calico-triage: "), ended.output
        assert SAID.get(name, "") in ended.output
        return None
    assert ended.output == ""
    report = json.loads((work / "r.json").read_text(encoding="utf-8"))
    jsonschema.validate(report, SCHEMA)
    told = [warning["what"] for warning in report["warnings"]]
    assert not [what for what in told if "defect" in what or "cross-check" in what]
    assert any(SAID.get(name, "") in what for what in told) or name not in SAID, told
    for file in ("r.html", "r.md"):
        page = (work / file).read_text(encoding="utf-8")
        assert not [mark for mark in ALIVE if mark in page and file == "r.html"]
        assert "\x1b" not in page
        assert "root:x:0:0" not in page
    return report


def test_the_corpus_is_large_enough() -> None:
    assert len(ARCHIVES) + len(TEXTS) >= 60
    assert not set(ARCHIVES) & set(TEXTS)
    assert set(SAID) | DROWNED <= set(ARCHIVES) | set(TEXTS)


@pytest.mark.parametrize("name", ARCHIVES)
def test_archives(name: str, tmp_path: Path) -> None:
    bundle = tmp_path / name
    bundle.write_bytes(ARCHIVES[name]())
    check(name, bundle, tmp_path)


@pytest.mark.parametrize("name", TEXTS)
def test_texts_beside_a_real_ticket(name: str, tmp_path: Path) -> None:
    """What is good beside the harm is read: the ticket's cause is still the first."""
    bundle = tmp_path / f"{name}.tgz"
    bundle.write_bytes(tgz_of({**GOOD, **{f"harm/{file}": data for file, data in TEXTS[name]().items()}}))
    report = check(name, bundle, tmp_path)
    assert report is not None
    first = report["causes"][0]["id"] if report["causes"] else ""  # type: ignore[index]
    assert first == CAUSE or name in DROWNED


def test_a_folder_with_a_file_of_a_terabyte_of_nothing(tmp_path: Path) -> None:
    """A sparse file takes no room on disk; it is cut at the limit, and the ticket beside it is read."""
    bundle = tmp_path / "ticket"
    bundle.mkdir()
    for name, data in GOOD.items():
        (bundle / name).write_bytes(data)
    with (bundle / "zz-core.log").open("wb") as out:
        out.truncate(1 << 40)
    work = tmp_path / "work"
    work.mkdir()
    limits = ("--limit-member-bytes", "50000000", "--limit-bytes", "200000000")
    ended = run(work, "analyze", str(bundle), "-q", "-o", "r.json", *limits)
    assert ended.code == 0, ended.output
    report = json.loads((work / "r.json").read_text(encoding="utf-8"))
    assert report["causes"][0]["id"] == CAUSE
    assert any("--limit-" in warning["what"] for warning in report["warnings"])
    assert ended.cpu < SECONDS
    assert ended.memory < MEMORY
