"""Finding out what a text of objects is, and where it begins."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.located import Document
from parsers.object_reader import read_objects


def kinds(text: str) -> tuple[list[str], list[int], list[str]]:
    problems: list[str] = []
    found = [item for item in read_objects(text, 1, problems) if isinstance(item, Document)]
    return [item.value["kind"] for item in found], [item.line for item in found], problems


def test_json_and_yaml_are_told_by_their_first_character() -> None:
    assert kinds('\n  {"kind": "Pod"}')[:2] == (["Pod"], [2])
    assert kinds("\n---\nkind: Pod\n")[:2] == (["Pod"], [3])
    assert kinds('[{"kind": "Pod"}]')[0] == ["Pod"]


def test_warnings_of_kubectl_in_front_are_left_out() -> None:
    warning = "Warning: v1 ComponentStatus is deprecated in v1.19+\n"
    assert kinds(warning + '{"kind": "Pod"}') == (
        ["Pod"],
        [2],
        ["line 1: 1 lines in front of the first object were not read"],
    )
    assert kinds(warning + "apiVersion: v1\nkind: Pod\n")[:2] == (["Pod"], [2])


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet='{}[]":,abk \n-|>&*!\t#', max_size=80))
def test_never_raises(text: str) -> None:
    list(read_objects(text, 1, []))
