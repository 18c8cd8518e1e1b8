"""Catalogue files: what loads, and that a mistake names file, entry and field."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.catalogue import CatalogueError, Cause, Message, Signal, load

CAUSE = """
id: made-up
family: worker
scope: node
title: A made-up cause
summary: For this test.
signals:
  - {id: one, strength: strong, condition: {type: Ready, status: "False"}}
remediation:
  - {text: repair it, command: "kubectl cordon {node}", risk: safe}
"""


def write(folder: Path, content: str) -> Path:
    path = folder / "entry.yaml"
    path.write_text(content, encoding="utf-8")
    return path


def test_the_shipped_catalogue_is_valid_and_an_extra_folder_adds_to_it(tmp_path: Path) -> None:
    shipped = load()
    write(tmp_path, CAUSE)
    assert set(load([tmp_path]).causes) == {*shipped.causes, "made-up"}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("scope: node", "scope: galaxy", ["entry.yaml", "'made-up'", "scope"]),
        ("strength: strong", "strength: huge", ["'made-up'", "signals.0.strength"]),
        ("summary:", "sumary:", ["'made-up'", "summary"]),
        ("remediation:", "explains: [no-such-cause]\nremediation:", ["made-up", "explains", "no-such-cause"]),
        ('condition: {type: Ready, status: "False"}', "message: no-such-message", ["'one'", "no-such-message"]),
        ('condition: {type: Ready, status: "False"}', "says: nothing", ["'one'", "exactly one selector"]),
        ("risk: safe", "risk: none", ["remediation.0.risk"]),
        ("id: made-up", "{", ["entry.yaml"]),
    ],
)
def test_a_mistake_names_file_entry_and_field(tmp_path: Path, old: str, new: str, expected: list[str]) -> None:
    write(tmp_path, CAUSE.replace(old, new))
    with pytest.raises(CatalogueError) as raised:
        load([tmp_path])
    for part in expected:
        assert part in str(raised.value)


def test_a_catalogue_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="no such catalogue"):
        load([tmp_path / "absent"])


def test_a_message_needs_a_pattern() -> None:
    with pytest.raises(ValueError, match="pattern"):
        Message(id="x", role="cause")


def test_only_what_is_routine_may_be_one_row() -> None:
    assert Message(id="x", role="benign", pattern=("up",), one_row=True).one_row
    with pytest.raises(ValueError, match="one_row"):
        Message(id="x", role="state", pattern=("up",), one_row=True)


def test_no_signal_asks_for_what_is_one_row() -> None:
    """Its fields are those of the first line only."""
    catalogue = load(())
    signals = [*catalogue.causes.values(), *catalogue.symptoms.values()]
    asked = {
        name
        for entry in signals
        for signal in (*entry.signals, *getattr(entry, "against", ()))
        for name in signal.message
    }
    one_row = {message.id for message in catalogue.messages.values() if message.one_row}
    assert asked and one_row and not asked & one_row


def test_where_goes_with_a_message() -> None:
    with pytest.raises(ValueError, match="where"):
        Signal.read({"id": "a", "strength": "weak", "event": {"reason": "X"}, "where": {"count": 1}})


def test_the_models_numbers_and_the_normal_lines_come_from_the_files(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text('ranking: {temperature: 2.5}\nnormal: ["nothing to see <N>"]\n')
    catalogue = load([tmp_path])
    assert catalogue.ranking.temperature == 2.5
    assert "nothing to see <N>" in catalogue.normal


#: they are told by what is (not) in tables alone: no line by itself shows them
WITHOUT_EXAMPLES = {"no-problem-found", "not-a-calico-cluster"}


@pytest.mark.parametrize("cause", load(()).causes.values(), ids=lambda cause: cause.id)
def test_each_cause_is_complete(cause: Cause) -> None:
    assert len(cause.signals) >= (2 if cause.family == "none" else 3)
    assert cause.against
    assert cause.remediation and cause.references
    assert cause.confirm
    if cause.id not in WITHOUT_EXAMPLES:
        assert cause.examples and cause.counter_examples
