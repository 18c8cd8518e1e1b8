"""The cache folder: what is kept comes back whole or not at all, and nothing that others could have written."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer import cache

KEY = cache.key_of("a", b"b")
POSIX = pytest.mark.skipif(os.name != "posix", reason="modes and owners of POSIX")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME" if os.name == "posix" else "LOCALAPPDATA", str(tmp_path / "caches"))
    monkeypatch.delenv(cache.SWITCH, raising=False)
    return tmp_path


def blob(home: Path) -> Path:
    (only,) = (home / "caches" / "calico-triage").iterdir()
    return only


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(st.binary(max_size=3000))
def test_what_was_kept_comes_back(content: bytes) -> None:
    cache.write("thing", KEY, content)
    assert cache.read("thing", KEY) == content


def test_another_key_or_name_is_another_blob() -> None:
    cache.write("thing", KEY, b"x")
    assert cache.read("thing", cache.key_of("a", b"c")) is None
    assert cache.read("other", KEY) is None
    assert cache.read("thing", KEY[:30] + "0" * (len(KEY) - 30)) is None, "only the start of the key is in the name"
    assert cache.read("thing", None) is None


def test_keys_keep_parts_apart() -> None:
    assert cache.key_of("ab", "c") != cache.key_of("a", "bc")
    assert cache.key_of("ab") == cache.key_of(b"ab")


def test_the_key_of_files_follows_content_and_path(tmp_path: Path) -> None:
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    one.write_text("a: 1")
    two.write_text("a: 1")
    first = cache.key_of_files([one])
    assert first == cache.key_of_files([one])
    assert first != cache.key_of_files([two])
    one.write_text("a: 2")
    assert first != cache.key_of_files([one])
    assert cache.key_of_files([tmp_path / "gone.yaml"]) is None


@pytest.mark.parametrize("cut", [0, 1, 20, 40, 60])
def test_a_cut_blob_is_none(cut: int, home: Path) -> None:
    cache.write("thing", KEY, b"y" * 20)
    blob(home).write_bytes(blob(home).read_bytes()[:cut])
    assert cache.read("thing", KEY) is None


def test_a_changed_blob_is_none(home: Path) -> None:
    cache.write("thing", KEY, b"y" * 20)
    data = bytearray(blob(home).read_bytes())
    data[-1] ^= 1
    blob(home).write_bytes(data)
    assert cache.read("thing", KEY) is None


@POSIX
def test_folder_and_blob_are_the_users_alone(home: Path) -> None:
    cache.write("thing", KEY, b"x")
    assert stat.S_IMODE((home / "caches" / "calico-triage").stat().st_mode) == 0o700
    assert stat.S_IMODE(blob(home).stat().st_mode) == 0o600


@POSIX
@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777])
def test_a_folder_that_others_may_write_is_not_used(mode: int, home: Path) -> None:
    cache.write("thing", KEY, b"x")
    (home / "caches" / "calico-triage").chmod(mode)
    assert cache.read("thing", KEY) is None
    cache.write("thing", KEY, b"z")
    (home / "caches" / "calico-triage").chmod(0o700)
    assert cache.read("thing", KEY) == b"x"


@POSIX
def test_a_blob_that_others_may_write_is_not_used(home: Path) -> None:
    cache.write("thing", KEY, b"x")
    blob(home).chmod(0o666)
    assert cache.read("thing", KEY) is None


@POSIX
def test_the_folder_of_another_user_is_not_used(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.write("thing", KEY, b"x")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert cache.folder() is None
    assert cache.read("thing", KEY) is None


@POSIX
def test_links_are_not_followed(home: Path) -> None:
    cache.write("thing", KEY, b"x")
    real = blob(home)
    real.rename(home / "moved")
    real.symlink_to(home / "moved")
    assert cache.read("thing", KEY) is None
    own = home / "caches" / "calico-triage"
    own.rename(home / "elsewhere")
    own.symlink_to(home / "elsewhere")
    assert cache.folder() is None


@POSIX
def test_a_pipe_in_the_place_of_a_blob_does_not_hang(home: Path) -> None:
    cache.write("thing", KEY, b"x")
    path = blob(home)
    path.unlink()
    os.mkfifo(path, 0o600)
    assert cache.read("thing", KEY) is None


def test_where_it_cannot_be_written_nothing_happens(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "caches").write_text("a file where the folder should be")
    cache.write("thing", KEY, b"x")
    assert cache.read("thing", KEY) is None
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null/never")
    assert cache.folder() is None


@POSIX
def test_a_home_that_does_not_exist_is_not_made(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(home / "nobody"))
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/counts/as/unset")
    assert cache.folder() is None
    assert list(home.iterdir()) == []
    (home / "nobody").mkdir()
    assert cache.folder() == home / "nobody" / ".cache" / "calico-triage"


def test_it_can_be_switched_off(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.SWITCH, "off")
    cache.write("thing", KEY, b"x")
    assert list(home.iterdir()) == []


def test_only_the_newest_blobs_of_a_name_stay(home: Path) -> None:
    cache.write("other", KEY, b"stays")
    for number in range(cache.KEPT + 5):
        cache.write("thing", cache.key_of(str(number)), b"x")
    names = [path.name for path in (home / "caches" / "calico-triage").iterdir()]
    assert sum(name.startswith("thing-") for name in names) == cache.KEPT
    assert cache.read("thing", cache.key_of(str(cache.KEPT + 4))) == b"x"
    assert cache.read("other", KEY) == b"stays"


def test_two_processes_may_write_at_once() -> None:
    code = (
        "from analyzer import cache\n"
        "key = cache.key_of('shared')\n"
        "for _ in range(200):\n"
        "    cache.write('thing', key, b'z' * 50_000)\n"
        "    assert cache.read('thing', key) == b'z' * 50_000\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    assert [process.wait(timeout=60) for process in running] == [0, 0]
