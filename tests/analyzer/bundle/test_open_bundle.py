from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import socket
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.bundle import BundleError, Limits, open_bundle
from analyzer.bundle.member import inner_path, is_litter

FILES = {"pods.txt": b"NAME  READY\n", "logs/a.log": b"line 1\nline 2\n"}
Make = Callable[..., Any]


def put(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def test_a_folder(opened: Make, tmp_path: Path) -> None:
    assert opened(put(tmp_path, FILES)) == (FILES, [])


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
@pytest.mark.parametrize("name", ["bundle.tar", "bundle.tar.gz", "bundle.zip", "bundle"])
def test_tars_are_told_by_their_first_bytes(opened: Make, tar: Make, tmp_path: Path, mode: str, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(tar(FILES, mode))
    assert opened(path) == (FILES, [])


def test_a_tar_packed_with_zstandard(opened: Make, tar: Make, tmp_path: Path) -> None:
    path = tmp_path / "bundle.tar.zst"
    path.write_bytes(zstandard.compress(tar(FILES)))
    assert opened(path) == (FILES, [])


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_zips_of_all_methods(opened: Make, zipped: Make, tmp_path: Path, method: int) -> None:
    path = tmp_path / "bundle.tgz"
    path.write_bytes(zipped(FILES, method))
    assert opened(path) == (FILES, [])


@pytest.mark.parametrize(
    ("suffix", "pack"),
    [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress), (".zst", zstandard.compress)],
)
def test_a_single_compressed_file_goes_by_the_name_it_had(
    opened: Make, tmp_path: Path, suffix: str, pack: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / f"calico-node.log{suffix}"
    path.write_bytes(pack(b"text\n"))
    assert opened(path) == ({"calico-node.log": b"text\n"}, [])
    # in a folder the file keeps the name that the customer sees
    assert opened(tmp_path) == ({f"calico-node.log{suffix}": b"text\n"}, [])


def test_nested_archives_are_joined_with_an_exclamation_mark(
    opened: Make, tar: Make, zipped: Make, tmp_path: Path
) -> None:
    path = tmp_path / "ticket.zip"
    path.write_bytes(zipped({"inner/a.tgz": tar({"b.log": b"x\n", "c.log.gz": gzip.compress(b"y\n")}, "w:gz")}))
    assert opened(path) == ({"inner/a.tgz!b.log": b"x\n", "inner/a.tgz!c.log.gz": b"y\n"}, [])


def test_archives_in_a_folder_stand_under_their_names(opened: Make, tar: Make, tmp_path: Path) -> None:
    put(tmp_path, {"a.tgz": tar({"x.log": b"1\n"}, "w:gz"), "x.log": b"2\n"})
    assert opened(tmp_path)[0] == {"a.tgz!x.log": b"1\n", "x.log": b"2\n"}


def test_nesting_ends_at_the_limit(opened: Make, tar: Make, tmp_path: Path) -> None:
    data = tar({"log.txt": b"deep\n"})
    for level in range(4):
        data = tar({f"{level}.tar": data, f"{level}.txt": b"beside\n"})
    path = tmp_path / "top.tar"
    path.write_bytes(data)
    found, warnings = opened(path, limits=Limits(depth=2))
    assert sorted(found) == ["3.tar!2.tar!1.txt", "3.tar!2.txt", "3.txt"]
    assert warnings == [("3.tar!2.tar!1.tar", "an archive inside 3 others: not opened (--limit-depth)")]
    assert "3.tar!2.tar!1.tar!0.tar!log.txt" in opened(path)[0]


def test_several_loose_files_are_one_ticket(opened: Make, tmp_path: Path) -> None:
    put(tmp_path, {"one/a.log": b"1", "two/a.log": b"2", "b.txt": b"3"})
    assert opened(tmp_path / "one/a.log", tmp_path / "b.txt")[0] == {"a.log": b"1", "b.txt": b"3"}
    assert opened(tmp_path / "one/a.log", tmp_path / "two/a.log")[0] == {"one/a.log": b"1", "two/a.log": b"2"}


def test_one_folder_beside_loose_files_needs_no_prefix(opened: Make, tmp_path: Path) -> None:
    put(tmp_path, {"dir/a.log": b"1", "b.txt": b"2"})
    assert opened(tmp_path / "dir", tmp_path / "b.txt")[0] == {"a.log": b"1", "b.txt": b"2"}


def test_several_folders_and_archives_stand_in_front_of_their_members(opened: Make, tar: Make, tmp_path: Path) -> None:
    put(tmp_path, {"one/a.log": b"1", "two/a.log": b"2", "three.tar": tar({"a.log": b"3"})})
    found = opened(tmp_path / "one", tmp_path / "two", tmp_path / "three.tar")[0]
    assert found == {"one/a.log": b"1", "two/a.log": b"2", "three.tar!a.log": b"3"}


def test_members_of_one_name_are_told_apart(opened: Make, zipped: Make, tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.log", b"1")
        archive.writestr("a.log", b"2")
        archive.writestr("../a.log", b"3")
    assert opened(path)[0] == {"a.log": b"1", "a.log#2": b"2", "a.log#3": b"3"}


def test_litter_is_left_out_quietly(opened: Make, zipped: Make, tmp_path: Path) -> None:
    litter = {"__MACOSX/._a.log": b"1", "x/.DS_Store": b"2", "Thumbs.db": b"3", "desktop.ini": b"4", "._b": b"5"}
    path = tmp_path / "x.zip"
    path.write_bytes(zipped(FILES | litter))
    assert opened(path) == (FILES, [])
    assert opened(put(tmp_path / "folder", FILES | litter)) == (FILES, [])


def test_links_out_of_a_folder_are_not_followed(opened: Make, tmp_path: Path) -> None:
    secret = put(tmp_path / "outside", {"secret": b"secret\n"})
    folder = put(tmp_path / "bundle", FILES)
    (folder / "to-file").symlink_to(secret / "secret")
    (folder / "to-folder").symlink_to(secret)
    (folder / "loop").symlink_to(folder)
    (folder / "dangling").symlink_to(tmp_path / "nowhere")
    found, warnings = opened(folder)
    assert found == FILES
    assert warnings == [("dangling", "a link, and 3 more links: not followed")]


def test_an_input_that_is_a_link_is_followed(opened: Make, tmp_path: Path) -> None:
    put(tmp_path / "real", FILES)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert opened(tmp_path / "link") == (FILES, [])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_nothing_special_in_a_folder_holds_us_up(opened: Make, tmp_path: Path) -> None:
    folder = put(tmp_path / "b", FILES)
    os.mkfifo(folder / "fifo")
    server = socket.socket(socket.AF_UNIX)
    here = Path.cwd()
    try:
        os.chdir(folder)  # a socket's path must be short
        server.bind("socket")
        found, warnings = opened(folder)
    finally:
        os.chdir(here)
        server.close()
    assert found == FILES
    assert warnings == [("fifo", "no regular file: skipped"), ("socket", "no regular file: skipped")]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read everything")
def test_what_cannot_be_read_is_told(opened: Make, tmp_path: Path) -> None:
    folder = put(tmp_path, FILES | {"closed/x": b"1", "closed-file": b"2"})
    (folder / "closed").chmod(0)
    (folder / "closed-file").chmod(0)
    try:
        found, warnings = opened(folder)
    finally:
        (folder / "closed").chmod(0o700)
    assert found == FILES
    assert sorted(path for path, _ in warnings) == ["closed", "closed-file"]


def test_a_fifo_as_the_input_is_refused(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no FIFOs here")
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(BundleError, match="fifo: is neither a file nor a folder"):
        list(open_bundle([tmp_path / "fifo"], Limits(), lambda file, what: None))


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.7z", b"7z\xbc\xaf\x27\x1c" + b"\0" * 50, "is a 7-Zip archive"),
        ("a.rar", b"Rar!\x1a\x07\x00" + b"\0" * 50, "is a RAR archive"),
        ("a.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "is a picture"),
        ("a.pdf", b"%PDF-1.7\n" + b"\0" * 50, "is a PDF document"),
    ],
)
def test_forms_that_are_not_read_are_named(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(BundleError) as caught:
        list(open_bundle([tmp_path / name], Limits(), lambda file, what: None))
    assert words in str(caught.value) and name in str(caught.value) and "\n" not in str(caught.value)


def test_what_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"nothing-here: No such file or directory"):
        list(open_bundle([tmp_path / "nothing-here"], Limits(), lambda file, what: None))


def test_a_password_is_an_error_of_the_input_but_a_warning_inside_it(
    opened: Make, zipped: Make, tmp_path: Path
) -> None:
    locked = bytearray(zipped({"a.log": b"text\n"}, zipfile.ZIP_STORED))
    locked[6] |= 1  # the flag of the entry's own header, and that of the directory
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    path = tmp_path / "locked.zip"
    path.write_bytes(locked)
    with pytest.raises(BundleError, match=r"locked\.zip: is protected by a password"):
        opened(path)
    (tmp_path / "b.txt").write_bytes(b"b")
    found, warnings = opened(tmp_path)
    assert found == {"b.txt": b"b"}
    assert warnings == [("locked.zip", "not read: 1 of kind entry protected by a password (locked.zip!a.log)")]


def test_only_the_wanted_members_are_read(tar: Make, tmp_path: Path) -> None:
    put(tmp_path, {"a.log": b"1", "b.tgz": tar({"c.log": b"2", "d.log": b"3"}, "w:gz"), "e.log": b"4"})
    members = open_bundle([tmp_path], Limits(), lambda file, what: None, only=["b.tgz!d.log", "e.log"])
    assert {member.path: member.data for member in members} == {"b.tgz!d.log": b"3", "e.log": b"4"}


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(NAMES, st.binary(max_size=700), min_size=1, max_size=8))
def test_any_names_and_contents_come_out_of_a_tar(files: dict[str, bytes]) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in files.items():
            # "#" in front, so that the content is not taken for an archive of its own
            info = tarfile.TarInfo(name)
            info.size = len(data) + 1
            archive.addfile(info, io.BytesIO(b"#" + data))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.tar"
        path.write_bytes(out.getvalue())
        members = list(open_bundle([path], Limits(), lambda file, what: None))
    paths = [member.path for member in members]
    assert len(set(paths)) == len(paths)
    for inner in paths:
        assert not {"", ".", ".."} & set(inner.split("/")) and "\\" not in inner
    shown = [b"#" + data for name, data in files.items() if not name.endswith("/") and not is_litter(inner_path(name))]
    assert sorted(member.data for member in members) == sorted(shown)


@pytest.mark.parametrize("form", ["folder", "tgz", "zip"])
def test_large_members_may_come_in_pieces(form: str, tmp_path: Path) -> None:
    large = b"".join(b"line %d\n" % number for number in range(200_000))
    path = tmp_path / form
    if form == "folder":
        path.mkdir()
        (path / "a.log").write_bytes(large)
        (path / "b.log").write_bytes(b"small\n")
    elif form == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("a.log", large)
            packed.writestr("b.log", b"small\n")
    else:
        with tarfile.open(path, "w:gz") as archive:
            for name, data in (("a.log", large), ("b.log", b"small\n")):
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))
    found = {}
    for member in open_bundle([path], Limits(), lambda file, what: None, at_once=100_000):
        assert (member.rest is None) == (member.path == "b.log")
        rest = b"".join(member.rest.pieces()) if member.rest else b""
        assert not member.rest or (100_000 <= member.size < len(large) and member.rest.size == len(rest))
        found[member.path] = member.data + rest
    assert found == {"a.log": large, "b.log": b"small\n"}
    skipped = [member.path for member in open_bundle([path], Limits(), lambda file, what: None, at_once=100_000)]
    assert skipped == ["a.log", "b.log"]  # the rest need not be taken


def test_what_is_wrong_with_the_rest_is_known_at_its_end(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(b"x" * 3_000_000)
    warned: list[tuple[str, str]] = []
    limits = Limits(bytes=1_000_000)
    members = open_bundle([tmp_path], limits, lambda file, what: warned.append((file, what)), at_once=10_000)
    member = next(members)
    assert member.rest is not None and member.rest.problems == ()
    assert sum(map(len, member.rest.pieces())) < 2_000_000
    assert len(member.rest.problems) == 1 and "limit reached" in member.rest.problems[0]
    assert warned == [("a.log", member.rest.problems[0])]
