from __future__ import annotations

import hashlib
import os
from importlib import import_module
from pathlib import Path

import pytest
from xxhash import xxh3_128

from analyzer.bundle import Digests, Limits, fingerprint, fingerprint_aside, open_bundle


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


def test_what_a_folders_files_count_by(tmp_path: Path) -> None:
    folder = put(tmp_path, {"a": b"1", "b/c": b"22"})
    parts = (name + b"\0" + size + b"\0" + xxh3_128(data).digest() for name, size, data in
             ((b"a", b"1", b"1"), (b"b/c", b"2", b"22")))  # fmt: skip
    assert fingerprint([folder])[0] == hashlib.sha256(b"".join(parts)).hexdigest()


def test_files_that_were_read_are_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = put(tmp_path, {"a.log": b"1\n" * 300_000, "b/c.log": b"", "d.log": b"3\n"})
    expected = fingerprint([folder])
    digests: Digests = {}
    for member in open_bundle([folder], Limits(), lambda path, what: None, at_once=1000, digests=digests):
        for _ in member.rest.pieces() if member.rest else ():
            pass
    assert {path.name for path in digests} == {"a.log", "c.log", "d.log"}
    module = import_module("analyzer.bundle.fingerprint")  # the package's name for it is the function's
    monkeypatch.setattr(module, "open_plain", lambda path: pytest.fail(f"{path} is read again"))
    assert fingerprint([folder], known=digests) == expected


def test_a_file_that_was_not_read_to_its_end_is_read_again(tmp_path: Path) -> None:
    folder = put(tmp_path, {"a.log": b"1\n" * 300_000, "b.log": b"2\n"})
    digests: Digests = {}
    members = list(open_bundle([folder], Limits(), lambda path, what: None, at_once=1000, digests=digests))
    assert [member.path for member in members] == ["a.log", "b.log"] and {path.name for path in digests} == {"b.log"}
    assert fingerprint([folder], known=digests) == fingerprint([folder])
