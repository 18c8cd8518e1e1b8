"""Objects of JSON texts: lists item by item, several values, layouts, damage."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.located import Document, LocatedList, LocatedMap, ObjectList, Problems
from parsers.located_json import read_json


def read(text: str, first_line: int = 1) -> tuple[list[Document], list[ObjectList], list[str]]:
    problems: list[str] = []
    noted = Problems(problems)
    found = list(read_json(text, first_line, noted))
    noted.close()
    return [x for x in found if isinstance(x, Document)], [x for x in found if isinstance(x, ObjectList)], problems


def pod(number: int) -> dict[str, Any]:
    return {
        "kind": "Pod",
        "metadata": {"name": f"pod-{number}"},
        "status": {"containerStatuses": [{"name": "c", "ready": False}]},
    }


LIST = {"apiVersion": "v1", "items": [pod(i) for i in range(3)], "kind": "List", "metadata": {"resourceVersion": ""}}


@pytest.mark.parametrize("indent", [None, 2, 4])
def test_the_items_of_a_list(indent: int | None) -> None:
    documents, lists, problems = read(json.dumps(LIST, indent=indent), 11)
    assert [document.value for document in documents] == LIST["items"] and problems == []
    assert lists == [ObjectList("List", "v1", 11, 3, True)]


def test_each_value_has_its_line() -> None:
    text = json.dumps(LIST, indent=4)
    document = read(text)[0][1]
    line = document.at("status", "containerStatuses", 0, "ready")
    assert text.split("\n")[line - 1].strip() == '"ready": false' and line > text[: text.index("pod-1")].count("\n")


def test_unusual_layouts_have_right_lines_too() -> None:
    text = '{"kind":\n"Pod", "metadata":{\n"name": "a", "uid": "u"},\n\n"status":{"phase":"Running"}}'
    document = read(text)[0][0]
    assert document.value == {"kind": "Pod", "metadata": {"name": "a", "uid": "u"}, "status": {"phase": "Running"}}
    assert (document.at("kind"), document.at("metadata", "name"), document.at("status", "phase")) == (1, 3, 5)


def test_several_values_behind_each_other() -> None:
    text = json.dumps(pod(1), indent=4) + "\n" + json.dumps(LIST, indent=4) + json.dumps([pod(5)])
    documents, lists, _ = read(text)
    assert [d.value["metadata"]["name"] for d in documents] == ["pod-1", "pod-0", "pod-1", "pod-2", "pod-5"]
    assert [x.count for x in lists] == [3, 1]
    assert documents[1].line == text[: text.index("pod-0")].count("\n") - 2


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2000), st.sampled_from([None, 4]))
def test_what_is_cut_off_is_read_up_to_the_cut(end: int, indent: int | None) -> None:
    text = json.dumps(LIST, indent=indent)
    documents, lists, problems = read(text[:end])
    for document, item in zip(documents, LIST["items"], strict=False):
        if document is not documents[-1]:
            assert document.value == item
    if 0 < end < len(text):
        assert problems and all(not found.whole for found in lists)


def test_a_damaged_item_does_not_take_the_others_with_it() -> None:
    text = json.dumps(LIST, indent=4).replace('"name": "pod-1"', '"name": "pod-1" oops', 1)
    documents, lists, problems = read(text)
    assert [d.value["metadata"]["name"] for d in documents] == ["pod-0", "pod-1", "pod-2"]
    assert len(problems) == 1 and "damaged" in problems[0] and not lists[0].whole


def test_what_follows_is_named() -> None:
    _, _, problems = read(json.dumps(pod(1)) + "\n==== START logs\n")
    assert problems == ["line 2: not JSON from here on: 16 characters dropped"]


def test_numbers_and_characters() -> None:
    value = read(
        r'{"a": 1.10, "b": 12345678901234567890123, "c": "\ud800", "d": "\ud83d\ude00", "e": NaN, "f": "x'
        + "\t"
        + 'y"}'
    )[0][0].value
    assert value == {
        "a": "1.10",
        "b": "12345678901234567890123",
        "c": "\ufffd",
        "d": "\U0001f600",
        "e": "NaN",
        "f": "x\ty",
    }


def test_managed_fields_are_left_out() -> None:
    item = {"kind": "Pod", "metadata": {"managedFields": [{"x": [1, 2]}], "name": "a"}}
    text = json.dumps(item, indent=2)
    document = read(text)[0][0]
    assert document.value["metadata"] == {"name": "a"}
    assert text.split("\n")[document.at("metadata", "name") - 1].strip() == '"name": "a"'


@pytest.mark.parametrize("piece", ["[", '{"a":', '{"items":[', '[{"items":'])
def test_deep_nesting_neither_crashes_nor_hangs(piece: str) -> None:
    began = time.perf_counter()
    _, _, problems = read(piece * 100_000)
    assert problems and time.perf_counter() - began < 10


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(10**17), 10**17), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=5), inner, max_size=4)),
    max_leaves=20,
)


def lines_of(value: Any) -> Any:
    if isinstance(value, LocatedMap):
        return {key: (value.lines[key], lines_of(inner)) for key, inner in value.items()}
    if isinstance(value, LocatedList):
        return [(line, lines_of(inner)) for line, inner in zip(value.lines, value, strict=True)]
    return None


@settings(max_examples=150, deadline=None)
@given(JSON)
def test_counting_lines_and_reading_token_by_token_agree(value: Any) -> None:
    text = json.dumps({"kind": "X", "object": value}, indent=1)
    counted = read(text)[0][0]
    # a blank line in front of the last bracket makes the layout unusual without moving anything
    read_again = read(text[:-1] + "\n}")[0][0]
    assert counted.value == read_again.value == {"kind": "X", "object": value}
    assert lines_of(counted.value) == lines_of(read_again.value)
