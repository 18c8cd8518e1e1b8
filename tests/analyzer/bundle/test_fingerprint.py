from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from analyzer.bundle import fingerprint, fingerprint_aside


def put(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def test_of_a_file_it_is_that_of_sha256sum(tmp_path: Path) -> None:
    path = tmp_path / "a.tgz"
    path.write_bytes(b"content")
    assert fingerprint([path]) == (hashlib.sha256(b"content").hexdigest(), 7)


def test_copies_of_a_folder_have_the_same(tmp_path: Path) -> None:
    files = {"b/x": b"1", "a": b"22", "b/y": b""}
    one, two = put(tmp_path / "one", files), put(tmp_path / "two", dict(reversed(files.items())))
    assert fingerprint([one]) == fingerprint([two])
    assert fingerprint([one])[1] == 3


@pytest.mark.parametrize("change", [{"a": b"12"}, {"c": b""}, {"b/x": b"2"}, {"a": b"221"}])
def test_any_change_changes_it(tmp_path: Path, change: dict[str, bytes]) -> None:
    files = {"b/x": b"1", "a": b"22"}
    one, two = put(tmp_path / "one", files), put(tmp_path / "two", files | change)
    assert fingerprint([one])[0] != fingerprint([two])[0]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_special_files_and_links_count_by_name(tmp_path: Path) -> None:
    folder = put(tmp_path, {"a": b"1"})
    plain = fingerprint([folder])
    os.mkfifo(folder / "fifo")
    (folder / "link").symlink_to(folder)
    with_special = fingerprint([folder])
    assert with_special[0] != plain[0] and with_special[1] == 1


def test_a_file_that_claims_a_terabyte_is_not_read_to_its_end(tmp_path: Path) -> None:
    for path in (tmp_path / "folder" / "a.log", tmp_path / "b.log"):
        path.parent.mkdir(exist_ok=True)
        with path.open("wb") as out:
            out.write(b"x")
            out.truncate(1 << 40)
    assert fingerprint([tmp_path / "folder"], 1000)[1] == 1 << 40
    assert fingerprint([tmp_path / "b.log"], 1000)[1] == 1 << 40


def test_aside_it_is_the_same(tmp_path: Path) -> None:
    folder = put(tmp_path, {"a": b"1", "b/c": b"22"})
    result = fingerprint_aside([folder], 1000)
    assert result() == fingerprint([folder], 1000) == result()
