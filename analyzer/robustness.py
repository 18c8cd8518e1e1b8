"""How the ranking holds up when the customer sends less: files left out, logs cut short, describe text or logs alone.

Each labelled incident is analysed again in these forms and judged by the same label. A form passes where an accepted
cause is still among the first three, or where the verdict is ``not-enough-data`` and the report asks for something that
it did not ask for when everything was there.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from analyzer.bundle import Limits, open_bundle
from analyzer.evaluate import HEALTHY, OUT_OF_SCOPE, judge
from analyzer.report.model import Report

LAST_LINES = 200
#: kinds of files that hold what kubectl prints of objects
OBJECT_KINDS = ("describe", "get-table", "objects")


@dataclass(frozen=True, slots=True)
class Form:
    """One poorer form of an incident's bundle: what was done to it, and the files that are left."""

    way: str
    what: str
    files: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Trial:
    """How one form came out; ``asked`` are the missing items that only this form's report names."""

    incident: str
    way: str
    what: str
    rank: int
    verdict: str
    first: str
    asked: tuple[str, ...] = ()

    @property
    def in_top3(self) -> bool:
        """An accepted cause is among the first three."""
        return 1 <= self.rank <= 3

    @property
    def honest(self) -> bool:
        """The report says that the data does not suffice, and asks for what was taken away."""
        return self.verdict == "not-enough-data" and bool(self.asked)


def trials(directory: Path, analyze: Callable[[Path], Report]) -> Iterator[Trial]:
    """Analyse every incident below ``directory`` in every poorer form; incidents without a fault are left out."""
    for label in sorted(directory.glob("*/truth.yaml")):
        truth = yaml.safe_load(label.read_text(encoding="utf-8"))
        if truth["primary"] in (*HEALTHY, *OUT_OF_SCOPE):
            continue
        with tempfile.TemporaryDirectory() as folder:
            whole = analyze(label.parent / "bundle")
            kinds = {file.path: file.kind for file in whole.bundle.files}
            known = {item.item for item in whole.missing}
            for number, form in enumerate(forms(members(label.parent / "bundle"), kinds)):
                place = Path(folder) / str(number) / "bundle"
                _write(form.files, place)
                report = analyze(place)
                outcome = judge(truth, report, 0.0)
                asked = tuple(item.item for item in report.missing if item.item not in known)
                yield Trial(str(truth["id"]), form.way, form.what, outcome.rank, report.verdict, outcome.first, asked)


def members(bundle: Path) -> dict[str, bytes]:
    """Give all files of a bundle by path, those of archives unpacked (in memory: incidents are small)."""
    return {member.path: member.data for member in open_bundle([bundle], Limits(), lambda path, what: None)}


def forms(files: dict[str, bytes], kinds: dict[str, str]) -> Iterator[Form]:
    """Give the poorer forms of a bundle: each file removed in turn, logs cut, describe text only, logs only.

    Args:
        files: content by path.
        kinds: kind by path, as the report's list of files says it.
    """
    if len(files) > 1:
        for path in sorted(files):
            yield Form("one file removed", path, {name: data for name, data in files.items() if name != path})
    logs = {path for path in files if kinds.get(path, "").startswith("log")}
    cut = {path: _tail(data) if path in logs else data for path, data in files.items()}
    if cut != files:
        yield Form("logs cut to their last 200 lines", "", cut)
    told = {path for path in files if kinds.get(path, "").startswith(OBJECT_KINDS)}
    if told and logs:
        yield Form("describe text only", "", {path: data for path, data in files.items() if path in told})
        yield Form("logs only", "", {path: data for path, data in files.items() if path in logs})


def _tail(data: bytes) -> bytes:
    return b"".join(data.splitlines(keepends=True)[-LAST_LINES:])


def _write(files: dict[str, bytes], place: Path) -> None:
    for path, data in files.items():
        target = place / path.replace("!", "/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


@dataclass(frozen=True, slots=True)
class Robustness:
    """Figures of one way: trials, the share with an accepted cause first, in the first three, and passed."""

    trials: int
    top1: float
    top3: float
    passed: float


def by_way(results: Sequence[Trial]) -> dict[str, Robustness]:
    """Sum the trials up for each way a bundle was made poorer."""
    groups: dict[str, list[Trial]] = defaultdict(list)
    for trial in results:
        groups[trial.way].append(trial)
    return {
        way: Robustness(
            len(items),
            sum(item.rank == 1 for item in items) / len(items),
            sum(item.in_top3 for item in items) / len(items),
            sum(item.in_top3 or item.honest for item in items) / len(items),
        )
        for way, items in groups.items()
    }
