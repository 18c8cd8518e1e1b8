"""Tickets of folders, globs, lists and URLs: names that are safe and each other's equal only by mistake."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.backlog.sources import SourceError, Ticket, content_of, fetch, find_tickets, name_of, safe


def write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"content of {name}")


def names(tickets: list[Ticket]) -> list[str]:
    return [item.name for item in tickets]


def test_a_folder_gives_what_is_directly_in_it(tmp_path: Path) -> None:
    write(tmp_path, "b.tgz", "CS1.tar.gz", "tree/pods.txt", ".hidden", "tree/deep/x.tgz")
    found = find_tickets([str(tmp_path)])
    assert names(found) == ["CS1", "b", "tree"]
    assert found[2].place == str(tmp_path / "tree")


def test_a_glob_and_an_archive_and_the_same_one_twice(tmp_path: Path) -> None:
    write(tmp_path, "a/x.tgz", "b/y.zip", "b/z.log")
    assert names(find_tickets([f"{tmp_path}/*/*.[tz]*", str(tmp_path / "a/x.tgz")])) == ["x", "y"]
    assert names(find_tickets([f"{tmp_path}/**/*.log"])) == ["z"]


def test_equal_names_are_told_apart_the_same_way_each_time(tmp_path: Path) -> None:
    write(tmp_path, "a/x.tgz", "b/X.zip", "c/y.tgz", "d/b/X.zip", "a/x.zip")
    found = names(find_tickets([f"{tmp_path}/**/*.*"]))
    assert len({name.lower() for name in found}) == 5
    assert "y" in found
    assert found == names(find_tickets([f"{tmp_path}/{way}" for way in ("d/*/*", "c/*", "b/*", "a/*")]))
    assert names(find_tickets([f"{tmp_path}/[ab]/*.tgz", f"{tmp_path}/b/*.zip"])) == ["a-x", "b-X"]


def test_a_name_of_an_earlier_run_is_kept(tmp_path: Path) -> None:
    write(tmp_path, "a/x.tgz", "b/x.tgz", "l.csv")
    place = str(tmp_path / "a/x.tgz")
    found = find_tickets([f"{tmp_path}/*/*"], held={place: "x"})
    assert {item.place: item.name for item in found} == {place: "x", str(tmp_path / "b/x.tgz"): "b-x"}
    assert names(find_tickets([f"{tmp_path}/*/*"], held={item.place: item.name for item in found})) == ["b-x", "x"]
    (tmp_path / "l.csv").write_text("CS7,a/x.tgz\n")
    assert names(find_tickets([str(tmp_path / "l.csv")], held={place: "x"})) == ["CS7"]


def test_lists(tmp_path: Path) -> None:
    write(tmp_path, "x.tgz", "sub/y.tgz")
    (tmp_path / "l.txt").write_text("# tickets\n\nx.tgz\r\nsub/y.tgz\nhttps://host/z.tgz?key=1\n")
    assert [(t.name, t.place) for t in find_tickets([str(tmp_path / "l.txt")])] == [
        ("x", str(tmp_path / "x.tgz")),
        ("y", str(tmp_path / "sub/y.tgz")),
        ("z", "https://host/z.tgz?key=1"),
    ]
    (tmp_path / "l.csv").write_text('\ufeffURL,Ticket\nx.tgz,CS0001\n"sub/y.tgz",CS/2\n', encoding="utf-8")
    assert [t.name[:6] for t in find_tickets([str(tmp_path / "l.csv")])] == ["CS0001", "CS_2-" + safe("CS/2")[5:6]]
    (tmp_path / "m.csv").write_text("CS1,x.tgz\nCS2,sub/y.tgz\n")
    assert names(find_tickets([str(tmp_path / "m.csv")])) == ["CS1", "CS2"]


@pytest.mark.parametrize(
    "source", ["nothing/here", "nothing/*.tgz", "ftp://host/x", "gs://bucket/x", "empty", "x.txt", "\0"]
)
def test_what_gives_no_ticket_is_an_error_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "x.txt").write_text("# nothing\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError, match=re.escape(source)):
        find_tickets([source])


@given(st.text(max_size=150))
def test_names_are_safe_files_and_stay_apart(name: str) -> None:
    made = name_of(name)
    assert re.fullmatch(r"[A-Za-z0-9_.-]{1,110}", made)
    assert not made.startswith(".") and made != ".."
    assert safe(name) in ("", name) or safe(name) != safe(name + "!")


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "www").mkdir()
    write(tmp_path / "www", "x.tgz")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "www")))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_url_is_fetched_up_to_a_limit(web: str, tmp_path: Path) -> None:
    (found,) = find_tickets([f"{web}/x.tgz"])
    assert (found.name, found.is_url) == ("x", True)
    assert fetch(found.place, tmp_path, {}, 1000).read_text() == "content of x.tgz"
    with pytest.raises(SourceError, match="larger than 5 bytes"):
        fetch(found.place, tmp_path, {}, 5)
    with pytest.raises(SourceError, match=r"gone\.tgz"):
        fetch(f"{web}/gone.tgz", tmp_path, {}, 5)


def test_content_tells_what_changed(tmp_path: Path) -> None:
    write(tmp_path, "a/x", "b/x")
    (tmp_path / "b" / "x").write_text("content of a/x")
    before = content_of(str(tmp_path / "a"), {})
    assert before == content_of(str(tmp_path / "b"), {})
    (tmp_path / "a" / "x").write_text("other")
    assert content_of(str(tmp_path / "a"), {}) != before
