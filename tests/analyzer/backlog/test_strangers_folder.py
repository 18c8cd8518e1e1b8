"""Workers started in a stranger's folder import nothing from it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SAMPLE = Path(__file__).parents[3] / "sample_bundles" / "two-vlans-apart" / "bundle"
SCRIPT = """
import sys
from analyzer.backlog.sources import Ticket
from analyzer.backlog.work import Job, Setup, Workers

if __name__ == "__main__":
    workers = Workers(Setup(), 1)
    for done in workers.run([Job(Ticket("x", sys.argv[1]))]):
        print(done.kept.row.first_cause or done.kept.row.error)
    workers.stop()
"""


def test_modules_of_the_current_folder_are_not_imported(tmp_path: Path) -> None:
    folder = tmp_path / "bundle of a stranger"
    (folder / "analyzer").mkdir(parents=True)
    for name in ("pandas.py", "jinja2.py", "pebble.py", "analyzer/__init__.py"):
        (folder / name).write_text("import pathlib\npathlib.Path(__file__).with_suffix('.ran').touch()\n", "utf-8")
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(tmp_path / "script.py"), str(SAMPLE)],
        cwd=folder, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.stdout.strip() == "cross-subnet-path-blocked", done.stderr
    assert list(folder.rglob("*.ran")) == []
