"""The poorer forms of a bundle, and what counts as having held up."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import yaml

from analyzer.report import model
from analyzer.robustness import by_way, forms, trials

FILES = {"a.log": b"".join(b"%d\n" % n for n in range(300)), "describe.txt": b"Name: x\n", "note": b"hello"}
KINDS = {"a.log": "log", "describe.txt": "describe", "note": "unknown"}


def test_each_file_is_left_out_once_and_the_cut_keeps_the_last_lines() -> None:
    made = {(form.way, form.what): form.files for form in forms(FILES, KINDS)}
    assert [set(made["one file removed", path]) for path in sorted(FILES)] == [
        set(FILES) - {path} for path in sorted(FILES)
    ]
    cut = made["logs cut to their last 200 lines", ""]
    assert cut["a.log"].splitlines()[0] == b"100" and cut["describe.txt"] == FILES["describe.txt"]
    assert set(made["describe text only", ""]) == {"describe.txt"}
    assert set(made["logs only", ""]) == {"a.log"}


def test_a_form_that_changes_nothing_is_not_tried() -> None:
    assert [form.way for form in forms({"a.log": b"one\n"}, {"a.log": "log"})] == []


def answer(verdict: str, *causes: str, missing: tuple[str, ...] = ()) -> model.Report:
    ranked = tuple(
        model.CauseResult(name, place, name, "t", 0.9, "likely", "node") for place, name in enumerate(causes, start=1)
    )
    return model.Report(
        model.Tool("calico-triage", "0"), datetime.now(UTC), model.BundleInfo("b"), model.ClusterInfo(), verdict, ranked,
        missing=tuple(model.MissingItem(item, "because") for item in missing),
    )  # fmt: skip


def test_a_silent_wrong_answer_fails_and_an_honest_question_passes(tmp_path: Path) -> None:
    bundle = tmp_path / "one" / "bundle"
    bundle.mkdir(parents=True)
    for name in ("p.log", "q.log"):
        (bundle / name).write_text(name)
    (tmp_path / "one" / "truth.yaml").write_text(yaml.safe_dump({"id": "one", "primary": "right"}))

    def analyze(path: Path) -> model.Report:
        seen = sorted(item.name for item in path.iterdir())
        if seen == ["p.log"]:
            return answer("causes-found", "wrong", missing=("always asked",))
        if seen == ["q.log"]:
            return answer("not-enough-data", missing=("always asked", "log of p"))
        return answer("causes-found", "right", missing=("always asked",))

    results = list(trials(tmp_path, analyze))
    assert [(trial.what, trial.in_top3, trial.honest) for trial in results] == [
        ("p.log", False, True),
        ("q.log", False, False),
    ]
    assert results[0].asked == ("log of p",)
    assert by_way(results)["one file removed"].passed == 0.5


def test_healthy_incidents_are_not_tried(tmp_path: Path) -> None:
    (tmp_path / "fine" / "bundle").mkdir(parents=True)
    (tmp_path / "fine" / "truth.yaml").write_text(yaml.safe_dump({"id": "fine", "primary": "no-problem-found"}))
    assert list(trials(tmp_path, lambda path: answer("no-problem-found"))) == []
