"""The catalogue's files come out of the cache exactly as they came out of YAML, or are read anew."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
import yaml

from analyzer import cache, yaml_files
from analyzer.catalogue import KNOWLEDGE, CatalogueError, _files, load

pytestmark = pytest.mark.usefixtures("own_cache")


def no_yaml(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*words: object, **more: object) -> None:
        raise AssertionError("YAML was read again")

    monkeypatch.setattr(yaml, "load", fail)


def test_the_second_load_reads_no_yaml_and_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    first = load()
    no_yaml(monkeypatch)
    assert load() == first


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("a: 1")
    assert yaml_files.contents([file]) == [{"a": 1}]
    file.write_text("a: 2")
    assert yaml_files.contents([file]) == [{"a": 2}]


@pytest.mark.parametrize("text", ["since: 2024-02-01", "1: one", "a: .nan", "a: {true: x}"])
def test_what_json_does_not_say_is_not_kept(text: str, tmp_path: Path, own_cache: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(text)
    read = yaml_files.contents([file])
    assert not own_cache.exists() or list(own_cache.iterdir()) == []
    if "since" in text:
        assert read == yaml_files.contents([file]) == [{"since": date(2024, 2, 1)}]


@pytest.mark.parametrize("blob", [b"", b"[", b"{}", b"[1, 2]", b"[" * 100_000])
def test_a_strange_blob_is_as_good_as_none(blob: bytes, tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("a: 1")
    cache.write("catalogue", cache.key_of(b"a: 1"), blob)
    assert yaml_files.contents([file]) == [{"a": 1}]


def test_kept_content_is_validated_like_any(tmp_path: Path) -> None:
    files = _files(KNOWLEDGE)
    texts = [file.read_bytes() for file in files]
    cache.write("catalogue", cache.key_of(*texts), json.dumps([{"causes": [{"id": "x"}]}] * len(files)).encode())
    with pytest.raises(CatalogueError, match="'x'"):
        load()


def test_without_a_cache_it_is_read_all_the_same(monkeypatch: pytest.MonkeyPatch, own_cache: Path) -> None:
    monkeypatch.setenv(cache.SWITCH, "off")
    assert load().causes
    assert not own_cache.exists()
