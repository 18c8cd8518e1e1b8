"""What is kept of compiled expressions: it is used, and nothing in it may do harm."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest
import regex

from analyzer import cache, expression_memory
from analyzer.expression_memory import ExpressionMemory
from analyzer.pipeline import Analyzer

SOURCE = r"dial tcp \S{1,80}:2379: (?:i/o timeout|no route)"
TEXT = "dial tcp 10.0.0.1:2379: I/O timeout"


pytestmark = pytest.mark.usefixtures("own_cache")


def kept_by(memory: ExpressionMemory) -> ExpressionMemory:
    memory.keep()
    return ExpressionMemory()


def test_what_was_compiled_once_is_not_compiled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    first = ExpressionMemory()
    assert first(SOURCE).pattern.search(TEXT)
    asked: list[str] = []
    compiled = expression_memory.compiled
    monkeypatch.setattr(expression_memory, "compiled", lambda source: asked.append(source) or compiled(source))
    second = kept_by(first)
    assert second(SOURCE).pattern.search(TEXT, timeout=1)
    assert second(SOURCE).needed == compiled(SOURCE).needed != ()
    assert asked == []
    assert kept_by(second)("another").pattern.search("ANOTHER")
    assert asked == ["another"]


def test_an_expression_that_is_none_raises() -> None:
    with pytest.raises(regex.error):
        ExpressionMemory()("(oops")


OTHERS = [
    pickle.dumps(item)
    for item in (
        1,
        (regex.compile("another"), ()),
        (regex.compile(SOURCE), [1]),
        (regex.compile(SOURCE), (frozenset([1]),)),
    )
]


class Harm:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        b"\x80",
        b"nonsense",
        pickle.dumps([1]),
        pickle.dumps({SOURCE: 5}),
        *(pickle.dumps({SOURCE: item}) for item in OTHERS),
    ],
)
def test_what_is_damaged_is_compiled_anew(monkeypatch: pytest.MonkeyPatch, blob: bytes) -> None:
    monkeypatch.setattr(cache, "read", lambda name, key: blob)
    assert ExpressionMemory()(SOURCE).pattern.search(TEXT)


def test_nothing_else_is_called(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    harm = tmp_path / "harm"
    other = pickle.dumps((regex.compile("another"), ()))
    for blob in (
        pickle.dumps(Harm(harm)),
        pickle.dumps({SOURCE: pickle.dumps(Harm(harm))}),
        pickle.dumps({SOURCE: other}),
    ):
        monkeypatch.setattr(cache, "read", lambda name, key, blob=blob: blob)
        assert ExpressionMemory()(SOURCE).pattern.search(TEXT)
    assert not harm.exists()


def test_a_diagnosis_keeps_what_was_compiled_for_it(tmp_path: Path) -> None:
    """Whoever asks for it: one ticket's report, a backlog, a scoreboard."""
    (tmp_path / "calico-node.log").write_text(f"2026-02-12 06:20:10.000 [ERROR][9] felix/a.go 1: {TEXT}\n" * 20)
    analyzer = Analyzer()
    analyzer.diagnose(analyzer.read([tmp_path / "calico-node.log"]))
    assert ExpressionMemory()._kept
