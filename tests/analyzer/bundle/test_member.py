from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.bundle.member import Names, inner_path, is_litter


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a/b.log", "a/b.log"),
        ("./a/./b.log", "a/b.log"),
        ("../../etc/passwd", "etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("C:\\Users\\me\\pods.txt", "Users/me/pods.txt"),
        ("\\\\server\\share\\pods.txt", "server/share/pods.txt"),
        ("logs\\calico-node.log", "logs/calico-node.log"),
        ("a\nb\x1b[31m.log", "a?b?[31m.log"),
        ("a\u202egol.b", "a?gol.b"),
        ("get pods.txt", "get pods.txt"),
        ("..", "unnamed"),
        ("", "unnamed"),
    ],
)
def test_inner_paths_are_harmless(name: str, path: str) -> None:
    assert inner_path(name) == path


@given(st.text())
def test_inner_paths_never_leave_the_bundle(name: str) -> None:
    path = inner_path(name)
    assert path and not path.startswith("/")
    assert not {"..", ".", ""} & set(path.split("/"))
    assert "\\" not in path and "\n" not in path and "\0" not in path
    assert inner_path(path) == path or ":" in path


@pytest.mark.parametrize(
    ("path", "litter"),
    [
        ("__MACOSX/a.log", True),
        ("a.zip!__MACOSX/._a", True),
        ("x/._a.log", True),
        ("x/.DS_Store", True),
        ("Thumbs.db", True),
        ("a/desktop.ini", True),
        ("a._log", False),
        (".hidden.log", False),
    ],
)
def test_litter(path: str, litter: bool) -> None:
    assert is_litter(path) is litter


@given(st.lists(st.sampled_from(["a", "a#2", "a#3", "b"])))
def test_names_are_unique(wanted: list[str]) -> None:
    names = Names()
    given_names = [names.unique(name) for name in wanted]
    assert len(set(given_names)) == len(given_names)
    assert all(given_name.startswith(name) for name, given_name in zip(wanted, given_names, strict=True))


def test_every_variation_of_a_name_may_be_there_already() -> None:
    names = Names()
    chain = ["a" + "#2" * number for number in range(2000)]
    given_names = [names.unique(name) for name in [*chain, "a", "a"]]
    assert len(set(given_names)) == len(given_names)
