"""YAML from events: bounded in depth and aliases, no tag is acted upon."""

from __future__ import annotations

import time

import pytest
import yaml

from parsers.located import TooMuchError
from parsers.yaml_events import compose


def test_scalars_keep_what_the_file_says() -> None:
    text = "a: 1\nb: 1.10\nc: 0644\nd: yes\ne: ~\nf: 2026-02-12T06:00:00Z\ng: !!str 1\nh: '1'\ni: 1:30\nj: null\n1: x\n"
    assert compose(text, 1) == {
        "a": 1, "b": "1.10", "c": "0644", "d": True, "e": None, "f": "2026-02-12T06:00:00Z", "g": "1", "h": "1",
        "i": "1:30", "j": None, "1": "x",
    }  # fmt: skip


def test_tags_are_not_executed() -> None:
    assert compose("a: !!python/object/apply:os.system [id]\n", 1) == {"a": ["id"]}


def test_lines_are_those_of_the_file() -> None:
    value = compose("a:\n  - x\n  -\n    b: 1\n", 11)
    assert value.lines == {"a": 11}
    assert value["a"].lines == [12, 14]
    assert value["a"][1].lines == {"b": 14}


def test_other_line_ends_do_not_shift_the_lines() -> None:
    value = compose("a: one\u2028two\x85three\x07\nb: 1\n", 1)
    assert value.lines == {"a": 1, "b": 2}


def test_few_aliases_are_followed() -> None:
    assert compose("a: &x [1, 2]\nb: *x\n", 1) == {"a": [1, 2], "b": [1, 2]}


def test_many_are_refused() -> None:
    bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12)
    )
    with pytest.raises(TooMuchError, match="alias"):
        compose(bomb, 1)


@pytest.mark.parametrize("text", ["a: &x [*x]\n", "a: *unknown\n"])
def test_an_alias_of_nothing_whole_is_an_error(text: str) -> None:
    with pytest.raises(yaml.YAMLError, match="undefined alias"):
        compose(text, 1)


@pytest.mark.parametrize("piece", ["[", "{a: ", "- ", "? ", "[{a: "])
def test_deep_nesting_is_refused_at_once(piece: str) -> None:
    began = time.perf_counter()
    with pytest.raises(TooMuchError, match="deep"):
        compose(piece * 200_000, 1)
    assert time.perf_counter() - began < 5


def test_a_collection_as_a_key_is_named_by_its_line() -> None:
    assert compose("a: 1\n? [x, y]\n: 2\n", 1) == {"a": 1, "line 2": 2}


def test_an_empty_text_has_no_value() -> None:
    assert compose("# nothing\n", 1) is None
