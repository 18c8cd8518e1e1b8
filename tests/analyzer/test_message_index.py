"""The compiled message catalogue, with and without what was kept of an earlier run."""

from __future__ import annotations

import msgspec
import pytest

from analyzer import message_index
from analyzer.catalogue import load
from analyzer.message_index import build_matcher

LINES = (
    "Failed to connect to the datastore: dial tcp 10.0.0.1:2379: connect: connection refused",
    "BGP not established with 10.1.2.3",
    "Readiness probe failed: calico/node is not ready: felix is not ready: readiness probe reporting 503",
    "a line of nobody",
)
ODD = msgspec.msgpack.encode({"numbered": None, "literals": {"(oops": ["x"]}})


def answers() -> list[object]:
    matcher = build_matcher(load())
    return [
        [matcher.match(line) for line in LINES],
        [[item.literals for item in matcher.told_by_numbers(line)] for line in LINES],
        matcher.texts(),
    ]


@pytest.mark.usefixtures("own_cache")
def test_what_was_kept_gives_the_same_matcher(monkeypatch: pytest.MonkeyPatch) -> None:
    first = answers()
    asked: list[str] = []
    worked_out = message_index.required_literals.required_literals
    monkeypatch.setattr(
        message_index.required_literals, "required_literals", lambda source: asked.append(source) or worked_out(source)
    )
    assert answers() == first
    assert asked == []


@pytest.mark.usefixtures("own_cache")
@pytest.mark.parametrize(
    "blob",
    [b"", b"[]", b"\x81", msgspec.msgpack.encode({"a": 1}), b"\x91" * 100_000, ODD, b"\xff"],
)
def test_a_damaged_blob_is_worked_out_anew(monkeypatch: pytest.MonkeyPatch, blob: bytes) -> None:
    first = answers()
    monkeypatch.setattr(message_index.cache, "read", lambda name, key: blob if name == "literals" else None)
    assert answers() == first
