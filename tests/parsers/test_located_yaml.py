"""Objects of YAML texts: documents, items of lists, damage."""

from __future__ import annotations

import time
from typing import Any

import pytest
import yaml

from parsers.located import Document, ObjectList, Problems
from parsers.located_yaml import read_yaml


def read(text: str, first_line: int = 1) -> tuple[list[Document], list[ObjectList], list[str]]:
    problems: list[str] = []
    noted = Problems(problems)
    found = list(read_yaml(text, first_line, noted))
    noted.close()
    return [x for x in found if isinstance(x, Document)], [x for x in found if isinstance(x, ObjectList)], problems


def names(documents: list[Document]) -> list[Any]:
    return [document.value["metadata"]["name"] for document in documents]


ITEM = "- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: pod-{}\n  spec:\n    nodeName: n\n"
LIST = (
    "apiVersion: v1\nitems:\n"
    + "".join(ITEM.format(i) for i in range(3))
    + "kind: List\nmetadata:\n  resourceVersion: ''\n"
)


def test_items_come_one_by_one_and_the_list_behind_them() -> None:
    documents, lists, problems = read(LIST, 11)
    assert names(documents) == ["pod-0", "pod-1", "pod-2"] and problems == []
    assert lists == [ObjectList("List", "v1", 11, 3, True)]
    assert all(document.parent is lists[0] for document in documents)
    assert [document.line for document in documents] == [13, 19, 25]
    assert documents[1].at("spec", "nodeName") == 24 and documents[1].at("spec", "nothing", 3) == 23


def test_indented_items_bare_arrays_and_documents() -> None:
    indented = "kind: List\nitems:\n" + "".join("  " + line + "\n" for line in ITEM.format(7).splitlines())
    text = f"---\n{indented}---\n# a comment\n{ITEM.format(8)}---\nkind: Pod\nmetadata: {{name: pod-9}}\n...\n"
    documents, lists, problems = read(text)
    assert names(documents) == ["pod-7", "pod-8", "pod-9"] and problems == []
    assert [(x.kind, x.count) for x in lists] == [("List", 1), ("", 1)]
    assert [document.line for document in documents] == [4, 12, 19]


def test_objects_appended_without_marks() -> None:
    one = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {}\n"
    other = "kind: Pod\nmetadata:\n  name: {}\n"
    documents, lists, _ = read(
        one.format("a") + one.format("b") + LIST + one.format("c") + other.format("d") + other.format("e")
    )
    assert names(documents) == ["a", "b", "pod-0", "pod-1", "pod-2", "c", "d", "e"]
    assert lists[0].kind == "List" and lists[0].whole and documents[5].line == 32


def test_an_empty_list_is_a_document_of_its_own() -> None:
    documents, lists, _ = read("apiVersion: v1\nitems: []\nkind: PodList\n")
    assert documents[0].value["kind"] == "PodList" and lists == []


def test_a_page_of_a_list_is_not_whole() -> None:
    _, lists, _ = read(LIST.replace("resourceVersion: ''", "continue: abc"))
    assert not lists[0].whole


def test_a_list_that_breaks_off_is_read_up_to_the_break() -> None:
    cut = LIST[: LIST.index("pod-2") + 3]
    documents, lists, problems = read(cut)
    assert names(documents) == ["pod-0", "pod-1", "pod"]
    assert not lists[0].whole and any("without its kind" in problem for problem in problems)


def test_a_damaged_item_costs_only_its_damaged_lines() -> None:
    text = LIST.replace("    name: pod-1\n", "    name: pod-1\n    [what is this\n")
    documents, lists, problems = read(text)
    assert names(documents) == ["pod-0", "pod-1", "pod-2"]
    assert documents[1].value["spec"] == {"nodeName": "n"} and not lists[0].whole
    assert len(problems) == 1 and "(13)" in problems[0]


def test_a_quote_that_never_ends() -> None:
    text = 'kind: Pod\nmetadata:\n  name: a\nstatus:\n  message: "never ends\n  phase: Running\n'
    documents, _, problems = read(text)
    assert documents[0].value["metadata"] == {"name": "a"} and "5" in problems[0]
    assert documents[0].value["status"]["phase"] == "Running"


def test_tabs_in_front_of_keys() -> None:
    documents, _, _ = read("kind: Pod\nmetadata:\n\tname: a\n")
    assert names(documents) == ["a"]


def test_anchors_that_python_programs_write() -> None:
    shared = {"k8s-app": "calico-node"}
    items = [{"kind": "Pod", "metadata": {"name": f"p{i}", "labels": shared}} for i in range(3)]
    text = yaml.safe_dump({"kind": "List", "items": items})
    assert "&id001" in text
    documents, _, problems = read(text)
    assert problems == [] and documents[0].value["items"][2]["metadata"]["labels"] == shared


def test_what_is_hopeless_is_named() -> None:
    documents, _, problems = read("%%%\n@@@\n")
    assert documents == [] and problems


def test_the_trouble_of_thousands_is_counted() -> None:
    text = "items:\n" + "- kind: Pod\n  @\n" * 500 + "kind: List\n"
    documents, _, problems = read(text)
    assert len(documents) == 500 and len(problems) < 40 and "more problems" in problems[-1]


@pytest.mark.parametrize("items", [2000])
def test_time_grows_with_the_length(items: int) -> None:
    def seconds(count: int) -> float:
        text = "items:\n" + ITEM.format(1) * count + "kind: List\n"
        began = time.perf_counter()
        assert len(read(text)[0]) == count
        return time.perf_counter() - began

    seconds(100)
    assert seconds(items * 4) < 12 * max(seconds(items), 0.05)


@pytest.mark.parametrize(
    "text", ["- " * 200_000, "a: " + "[" * 200_000, "kind: Pod\n" + "".join(" " * i + "a:\n" for i in range(2000))]
)
def test_deep_nesting_neither_crashes_nor_hangs(text: str) -> None:
    began = time.perf_counter()
    _, _, problems = read(text)
    assert problems and time.perf_counter() - began < 10


@pytest.mark.parametrize(
    "text",
    [
        "items:\n" + ("- kind: Pod\n" + "  @\n" * 30) * 3000,
        "kind: Pod\n" + "".join(f"k{i}: [\n" for i in range(50)) + "x: y\n" * 30_000,
        "kind: Pod\n" + "@\n" * 100_000,
        "kind: Pod\nmetadata:\n" + "  a: 'x\n" * 50_001,
        "---\n" * 100_000,
        "kind: Pod\na: " + "x " * 2_000_000,
        "kind: Pod\na: |\n" + "  x\n" * 500_000 + " y\n",
        "apiVersion: v1\n" * 50_000,
    ],
)
def test_damage_without_end_is_left_behind(text: str) -> None:
    began = time.perf_counter()
    read(text)
    assert time.perf_counter() - began < 30
