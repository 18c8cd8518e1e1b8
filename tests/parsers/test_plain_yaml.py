"""The fast reader of block YAML gives what a whole YAML reader gives, or says that it cannot."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.located import LocatedList, LocatedMap
from parsers.plain_yaml import UnfamiliarError, read_plain, whole_characters
from parsers.yaml_events import compose

WORDS = st.sampled_from(
    ["", "a", "yes", "null", "~", "1", "-3", "0644", "1.10", "1:30", "true", "a: b", "- a", "a #b", "#a", "a\nb", "a\n", "\n",
     " a", "a ", "'", '"', "***HIDDEN***", "{}", "[]", "|", ">", "*x", "&x", "!x", "%x", "@x", "2026-02-12T06:00:00Z",
     "it's", 'say "no"', "a  b", "a\n\n  b\nc", "\ta", "é", "\u2028", "\x85", "\x07", "x" * 200, "some words " * 30,
     "Readiness probe failed: calico/node is not ready: BIRD is not ready", "line one\n\nline three\n\n"]
)  # fmt: skip
SCALARS = st.one_of(
    WORDS, st.text(max_size=20), st.integers(-(10**20), 10**20), st.booleans(), st.none(), st.floats(allow_nan=False)
)
KEYS = st.one_of(
    st.sampled_from(["name", "kubernetes.io/os", "f:x", "a b", "1", "yes", "it's", "", "-x", "a:", "#", "?", "items"]),
    st.text(max_size=8),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=25,
)


def lines_of(value: Any) -> Any:
    """All lines of a located value, in its shape."""
    if isinstance(value, LocatedMap):
        return {key: (value.lines[key], lines_of(inner)) for key, inner in value.items()}
    if isinstance(value, LocatedList):
        return [(line, lines_of(inner)) for line, inner in zip(value.lines, value, strict=True)]
    return None


def both(text: str) -> tuple[Any, Any]:
    return read_plain(text.split("\n")[:-1], 1), compose(text, 1)


@settings(max_examples=400, deadline=None)
@given(
    st.dictionaries(KEYS, VALUES, max_size=5), st.sampled_from([None, "'", '"', "|"]), st.sampled_from([20, 80, 4000])
)
def test_agrees_with_a_whole_yaml_reader_on_values_and_lines(value: Any, style: str | None, width: int) -> None:
    text = yaml.safe_dump(value, default_style=style, width=width, allow_unicode=True)
    try:
        fast, whole = both(text)
    except UnfamiliarError:
        return
    assert fast == whole
    assert lines_of(fast) == lines_of(whole)


@pytest.mark.parametrize("value", ["\u2028", "a\u2028b", "a\x85b", "a\x07b", "a\ufffeb", "a\xa0b"])
@pytest.mark.parametrize("form", ["name: '{}  '\n", "name: {}.\n", "name: |\n  {}\n  x\n", "- {}.\n"])
def test_characters_that_yaml_does_not_allow_become_the_same(value: str, form: str) -> None:
    fast, whole = both(form.format(value))
    assert fast == whole


PRINTED = st.recursive(
    st.one_of(
        st.text(max_size=30), st.integers(), st.booleans(), st.none(), st.sampled_from(["some words " * 30, "a\nb\n"])
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.text("abcXYZ0._/-", min_size=1, max_size=9).filter(lambda k: k[0] != "-"), inner, max_size=4
        ),
    ),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(PRINTED)
def test_what_programs_print_is_not_refused(value: Any) -> None:
    text = yaml.safe_dump({"object": value}, width=80)
    assert read_plain(text.split("\n")[:-1], 1) == compose(text, 1)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="ab:- \n'\"|>#{}[],&*!?%\t0", max_size=60))
def test_arbitrary_text_gives_the_same_or_is_refused(text: str) -> None:
    try:
        fast = read_plain(text.split("\n"), 1)
    except UnfamiliarError:
        return
    try:
        whole = compose(text + "\n", 1)
    except yaml.YAMLError:
        # the fast reader may be more lenient, but only about what it takes for whole
        return
    assert fast == whole


OBJECT = """\
apiVersion: v1
kind: Pod
metadata:
  labels: {}
  managedFields:
  - apiVersion: v1
    fieldsV1:
      f:metadata:
        f:labels: {}
  name: calico-node-abcde
spec:
  containers:
  - args:
    - -c
    - |
      echo one
        echo two

    env:
    - name: IP
      value: ""
    image: icr.io/ext/calico/node:v3.27.2
    name: calico-node
    ports: []
  tolerations:
    - operator: Exists   # two further in, as people write it
status:
  message: 'it''s
    folded here'
  conditions:
  - type: Ready
    status: "False"
    message: >-
      one
      two
"""


def test_an_object_as_kubectl_prints_it() -> None:
    value = read_plain(OBJECT.split("\n")[:-1], 101)
    assert value == compose(OBJECT, 101)
    assert lines_of(value) == lines_of(compose(OBJECT, 101))
    container = value["spec"]["containers"][0]
    assert container["args"] == ["-c", "echo one\n  echo two\n"]
    assert container["env"] == [{"name": "IP", "value": ""}]
    assert value["status"]["message"] == "it's folded here"
    assert value["status"]["conditions"][0]["message"] == "one two"
    assert "managedFields" not in value["metadata"]
    place = value["status"]["conditions"].lines[0]
    assert OBJECT.split("\n")[place - 101] == "  - type: Ready"


@pytest.mark.parametrize(
    "text", ["a: &x 1\nb: *x", "? a\n: b", "a: b: c", "a: 1\n  b: 2", "a: !!str 1", "- a\nb: 1", "\ta: 1", "a"]
)
def test_what_it_does_not_know_is_left_to_others(text: str) -> None:
    with pytest.raises(UnfamiliarError):
        read_plain(text.split("\n"), 1)


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(UnfamiliarError):
        read_plain(["- " * 5000], 1)
    with pytest.raises(UnfamiliarError):
        read_plain([" " * depth + "a:" for depth in range(3000)], 1)


def test_a_hidden_value_is_no_alias() -> None:
    assert read_plain(["token: ***HIDDEN***"], 1) == {"token": "***HIDDEN***"}


def test_halves_of_characters_are_replaced() -> None:
    assert whole_characters("a\ud800b\U0001f600") == "a\ufffdb\U0001f600"
    assert read_plain([r'a: "\ud83d\ude00"', r'b: "\ud83d"'], 1) == {"a": "\U0001f600", "b": "\ufffd"}
