"""resolve, learn and evaluate --store on a small store, as a user would run them."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from analyzer.backlog.kept import Kept, Version
from analyzer.backlog.learning import Fired
from analyzer.backlog.memory import conclude
from analyzer.backlog.store import Result, Store
from analyzer.backlog.summary import failed_row
from analyzer.catalogue import load
from analyzer.cli.app import app
from analyzer.report import write

sys.path.insert(0, str(Path(__file__).parents[1] / "backlog"))
sys.path.insert(0, str(Path(__file__).parents[1] / "report"))
import report_samples as samples
from backlog_rows import ticket

CATALOGUE = load()
#: either of two causes, by the catalogue's priors the first
EITHER = Fired(
    "roks",
    frozenset({"message"}),
    {
        name: {CATALOGUE.causes[name].signals[0].id: ["shared"]}
        for name in ("bgp-port-blocked", "cross-subnet-path-blocked")
    },
)


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A batch of ten tickets: eight look alike, one does not, one failed."""
    tmp_path = tmp_path_factory.mktemp("batch")
    rows = [ticket(f"T{n}") for n in range(8)] + [ticket("odd", "clock-skew"), failed_row("bad", "damaged \x1b[31mred")]
    (tmp_path / "tickets").mkdir()
    with Store(str(tmp_path / "triage.db")) as store:
        for row in rows:
            features = {f"cause:{row.first_cause}": 4.0} if row.first_cause else {}
            ranked = [(row.first_cause, row.probability or 0.0)] if row.first_cause else []
            kept = Kept(row, features, EITHER if row.report else None, ranked=ranked)
            store.save(Result(kept, f"/tickets/{row.ticket}", Version("0" * 64, "1")))
            for form in (".html", ".json") if row.report else ():
                write(samples.incident(), (tmp_path / row.report).with_suffix(form))
        conclude(store, tmp_path, CATALOGUE.causes)
    return tmp_path


@pytest.fixture
def folder(batch: Path, tmp_path: Path) -> Path:
    """A copy of the batch for one test."""
    shutil.copytree(batch, tmp_path / "out")
    return tmp_path / "out"


def call(*words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, list(words), catch_exceptions=False)
    return done.exit_code, done.stdout, done.stderr


def resolve(folder: Path, name: str, cause: str, note: str = "", *more: str) -> tuple[int, str, str]:
    return call("resolve", name, "--cause", cause, "--note", note, "--store", str(folder / "triage.db"), *more)


def test_reports_of_look_alikes_and_the_overview_show_it(folder: Path) -> None:
    code, out, _ = resolve(folder, "T0", "typha-unavailable", "Restarted Typha.")
    assert code == 0
    assert "7 report(s) of look-alikes now show it" in out
    assert "Restarted Typha." in (folder / "tickets/T5.html").read_text(encoding="utf-8")
    assert "Restarted Typha." not in (folder / "tickets/T0.html").read_text(encoding="utf-8")
    assert "Restarted Typha." not in (folder / "tickets/odd.html").read_text(encoding="utf-8")
    seen = json.loads((folder / "tickets/T5.json").read_text(encoding="utf-8"))["seen_before"]
    assert [(item["ticket"], item["cause"], item["report"]) for item in seen] == [
        ("T0", "typha-unavailable", "T0.html")
    ]
    assert "typha-unavailable (1)" in (folder / "index.html").read_text(encoding="utf-8")


def test_a_second_outcome_takes_the_place_of_the_first(folder: Path) -> None:
    resolve(folder, "T0", "typha-unavailable", "First thought.")
    resolve(folder, "T0", "dns-failure", "Second thought.")
    page = (folder / "tickets/T5.html").read_text(encoding="utf-8")
    assert "Second thought." in page
    assert "First thought." not in page


def test_secrets_of_a_note_are_kept_out_unless_wanted(folder: Path) -> None:
    secret = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJlLXRoYXQtaXMtbG9uZw"  # fmt: skip
    resolve(folder, "T0", "dns-failure", f"new token {secret}")
    assert secret not in (folder / "tickets/T5.html").read_text(encoding="utf-8")
    resolve(folder, "T0", "dns-failure", f"new token {secret}", "--no-redact")
    assert secret in (folder / "tickets/T5.html").read_text(encoding="utf-8")


def test_the_folder_may_be_named_and_without_one_only_the_store_changes(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (folder / "triage.db").rename(elsewhere / "triage.db")
    code, out, _ = resolve(elsewhere, "T0", "dns-failure", "Here.")
    assert code == 0
    assert "name their folder with -o" in out
    assert not (elsewhere / "index.html").exists()
    assert resolve(elsewhere, "T0", "dns-failure", "There.", "-o", str(folder), "-q")[:2] == (0, "")
    assert "There." in (folder / "tickets/T5.html").read_text(encoding="utf-8")


def test_a_report_that_is_gone_is_named(folder: Path) -> None:
    (folder / "tickets/T3.json").unlink()
    assert "1 report(s) are not there or cannot be read: tickets/T3.html" in resolve(folder, "T0", "dns-failure")[1]


@pytest.mark.parametrize(
    "words, what",
    [
        (["T0", "--cause", "port-blocked"], "did you mean bgp-port-blocked?"),
        (["T0", "--cause", "nonsense"], "no cause 'nonsense'"),
        (["nobody", "--cause", "dns-failure"], "there is no ticket nobody"),
    ],
)
def test_what_cannot_be_resolved(folder: Path, words: list[str], what: str) -> None:
    code, out, error = call("resolve", *words, "--store", str(folder / "triage.db"))
    assert (code, out) == (2, "")
    assert what in error
    assert len(error.splitlines()) == 1


@pytest.mark.parametrize("words", [["resolve", "T0", "--cause", "dns-failure"], ["learn"], ["evaluate"]])
def test_a_store_that_is_not_there(tmp_path: Path, words: list[str]) -> None:
    code, _, error = call(*words, "--store", str(tmp_path / "none.db"))
    assert code == 2
    assert "none.db: there is no such store" in error
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize("words", [["learn"], ["evaluate"]])
def test_nothing_is_resolved(folder: Path, words: list[str]) -> None:
    code, _, error = call(*words, "--store", str(folder / "triage.db"))
    assert code == 2
    assert "no ticket in it is resolved" in error


def test_past_rankings_are_scored(folder: Path) -> None:
    resolve(folder, "T0", "bgp-port-blocked")
    resolve(folder, "T1", "typha-unavailable")
    code, out, _ = call("evaluate", "--store", str(folder / "triage.db"), "--json", str(folder / "score.json"))
    assert code == 0
    assert "incidents 2  top-1 0.500" in out
    assert "taken for another: typha-unavailable -> bgp-port-blocked (1): T1" in out
    resolve(folder, "bad", "dns-failure")
    failed = call("evaluate", "--store", str(folder / "triage.db"))[1]
    assert "ERROR damaged ␛[31mred" in failed
    assert "\x1b" not in failed
    scores = json.loads((folder / "score.json").read_text(encoding="utf-8"))["scores"]
    assert (scores["incidents"], scores["top1"]) == (2, 0.5)


def test_evaluate_takes_a_folder_or_a_store(folder: Path) -> None:
    assert call("evaluate")[0] == 2
    assert call("evaluate", str(folder), "--store", "x")[0] == 2
    assert call("evaluate", "--store", str(folder / "triage.db"), "--robust")[0] == 2


def regroup(folder: Path) -> None:
    """Make each of the eight an incident of its own."""
    with Store(str(folder / "triage.db")) as store:
        for number, kept in enumerate(store.kept()):
            if kept.row.report:
                own = {f"cause:{kept.row.first_cause}": 4.0, f"message:m{number}": 9.0}
                store.save(Result(replace(kept, features=own), "/x", Version("0" * 64, "1")))


def test_learning_shows_what_it_is_worth_and_writes_only_where_it_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    regroup(folder)
    for number in range(8):
        resolve(folder, f"T{number}", "cross-subnet-path-blocked")
    monkeypatch.chdir(folder)
    before = sorted(folder.iterdir())
    code, out, _ = call("learn")
    assert code == 0
    assert out.startswith("8 resolved tickets; the catalogue counts as ")
    assert "after:  top-1" in out
    assert "nothing is written" in out
    assert sorted(folder.iterdir()) == before
    code, out, _ = call("learn", "-o", "learned.yaml", "--strength", "10")
    assert code == 0
    assert "cross-subnet-path-blocked" in out
    learned = load([folder / "learned.yaml"]).causes["cross-subnet-path-blocked"].prior
    assert isinstance(learned, dict)
    assert learned["default"] > 0.1
    assert call("causes", "--check", "learned.yaml")[0] == 0


def test_learning_says_when_it_cannot_be_validated_or_is_no_better(folder: Path) -> None:
    resolve(folder, "T0", "bgp-port-blocked")
    assert "after:  cannot be told" in call("learn", "--store", str(folder / "triage.db"))[1]
    regroup(folder)
    for number in range(8):
        resolve(folder, f"T{number}", "typha-unavailable")  # nothing of it was seen in any of them
    assert "no better" in call("learn", "--store", str(folder / "triage.db"))[1]


def test_a_file_that_cannot_be_written(folder: Path) -> None:
    resolve(folder, "T0", "bgp-port-blocked")
    code, _, error = call("learn", "--store", str(folder / "triage.db"), "-o", str(folder / "none" / "learned.yaml"))
    assert code == 2
    assert "learned.yaml: cannot be written" in error
