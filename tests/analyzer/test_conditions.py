"""The tests of cells, and the words that can be looked up in place of a test."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.conditions import cell_test, conditions_of, plain_words


@pytest.mark.parametrize(
    ("wanted", "cell", "passes"),
    [
        ("Ready", "Ready", True),
        ("Ready", "ready", False),
        ("Rea*", "ready", True),
        (["a", "b*"], ("x", "bc"), True),
        ("!True", "Unknown", True),
        (["!a", "!b"], "b", False),
        ("", None, False),
        (139, 139.0, True),
        ("139", 139, True),
        (True, "true", True),
        ({"min": 3}, "4", True),
        ({"min": 3, "max": 5}, None, False),
        ({"max": 5}, "1_0", False),
    ],
)
def test_a_cell_passes(wanted: Any, cell: Any, passes: bool) -> None:
    assert cell_test(json.dumps(wanted))(cell) is passes


@pytest.mark.parametrize("wanted", ["!a", "a*", "[ab]", ["a", "!b"], [], 1, True, None, {"min": 1}])
def test_what_is_no_plain_word_must_be_tested(wanted: Any) -> None:
    assert plain_words(json.dumps(wanted)) is None


WORDS = st.text("abA*?[]! 1", max_size=3)


@given(st.one_of(WORDS, st.lists(WORDS, max_size=4)), WORDS)
def test_plain_words_pass_as_their_test_does(wanted: str | list[str], cell: str) -> None:
    words = plain_words(json.dumps(wanted))
    assert words is None or (cell in words) is cell_test(json.dumps(wanted))(cell)


def test_the_conditions_of_a_fact_ask_for_its_id_first() -> None:
    selection = json.dumps(("fact", ["x"], (), {"node": "a", "fields.b": "c"}, 1, 1, "any"))
    assert conditions_of(selection) == (("id", "", '["x"]'), ("node", "", '"a"'), ("fields", "b", '"c"'))
