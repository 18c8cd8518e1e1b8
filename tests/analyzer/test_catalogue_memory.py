"""The catalogue comes out of the cache exactly as it was read, or is read anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer import catalogue, catalogue_memory
from analyzer.catalogue import CatalogueError, load

CAUSE = """\
id: my-cause
title: Mine
family: mine
scope: any
summary: It is.
signals: [{id: one, strength: strong, message: bgp-not-established, where: {count: {min: 2}}}]
remediation: []
"""


pytestmark = pytest.mark.usefixtures("own_cache")


def read_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*words: object, **more: object) -> None:
        raise AssertionError("entries were read again")

    monkeypatch.setattr(catalogue, "_read", fail)


def test_the_second_time_nothing_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    first = load()
    read_no_more(monkeypatch)
    again = load()
    assert again == first
    assert list(again.causes) == list(first.causes) and list(again.messages) == list(first.messages)


def test_an_edited_file_takes_effect_at_once(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    (message,) = list(load().messages)[:1]
    file.write_text(CAUSE.replace("bgp-not-established", message))
    assert load([file]).causes["my-cause"].title == "Mine"
    file.write_text(CAUSE.replace("bgp-not-established", message).replace("Mine", "Yours"))
    assert load([file]).causes["my-cause"].title == "Yours"
    file.write_text(CAUSE.replace("bgp-not-established", "no-such-message"))
    for _ in range(2):
        with pytest.raises(CatalogueError, match="no-such-message"):
            load([file])


@pytest.mark.parametrize("blob", [b"", b"\x80", b"\xc1", b"[1, 2]", b"\x91" * 100_000, b"\x81\xa6causes\x80"])
def test_a_strange_blob_is_as_good_as_none(blob: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load()
    monkeypatch.setattr(catalogue_memory.cache, "read", lambda name, key: blob if name == "knowledge" else None)
    assert load() == first


def test_what_does_not_come_back_the_same_is_not_kept(own_cache: Path) -> None:
    found = load()
    for blob in own_cache.glob("knowledge-*"):
        blob.unlink()
    name = next(iter(found.causes))
    odd = found.causes[name]
    signal = catalogue.msgspec.structs.replace(odd.signals[0], where={"count": (1, 2)})
    changed = catalogue.msgspec.structs.replace(odd, signals=(signal, *odd.signals[1:]))
    catalogue_memory.keep("k" * 40, catalogue.msgspec.structs.replace(found, causes={**found.causes, name: changed}))
    assert not list(own_cache.glob("knowledge-*"))
