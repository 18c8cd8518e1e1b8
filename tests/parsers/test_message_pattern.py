"""Templates and expressions: pieces in order, choices, whole messages, blanks and quotes, faulty expressions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.message_pattern import Expression, Span, Template, compiled, templates_of, text_of


def found(pattern: str, text: str, whole: bool = False) -> bool:
    return any(template.find(text_of(text)) for template in templates_of(pattern, whole))


@pytest.mark.parametrize(
    ("pattern", "text", "yes"),
    [
        ("Failed to read {file}: {error}", "Failed to read /etc/x: EOF", True),
        ("Failed to read {file}: {error}", "failed to READ :", True),
        ("Failed to read {file}: {error}", ": failed to read", False),
        ("BIRDv{4|6} socket", "no BIRDv6 socket", True),
        ("BIRDv{4|6} socket", "no BIRDv5 socket", False),
        ('state="{up|down|}"', 'state=""', True),
        ("one  two\nthree", "one two three", True),
        ("one two three", "one\n  two\tthree", True),
        ("File 'x' exists", "file \u2018x\u2019 exists", True),
        ('name="a"', 'err="name=\\"a\\""', True),
        ("Parsed {name}: {value} (from {source})", "Parsed X:  (from file)", True),
        ("a literal { too", "a literal { too", True),
    ],
)
def test_where_a_template_is_found(pattern: str, text: str, yes: bool) -> None:
    assert found(pattern, text) == yes


@pytest.mark.parametrize(
    ("pattern", "text", "yes"),
    [
        ("Started", " Started\n", True),
        ("Started", "Started the thing", False),
        ("Started", "not Started", False),
        ("{peer}: Started", "Mesh_1: Started", True),
        ("{peer}: Started", "Mesh_1: Started over", False),
        ("Removing {peer}", "Removing Mesh_1", True),
        ("Removing {peer}", "No: Removing Mesh_1", False),
        ("ab{x}b", "ab", False),
        ("ab{x}b", "abb", True),
        ("a{x}bc{y}c", "abc", False),
        ("Socket {bind|connect}", "Socket bind", True),
    ],
)
def test_a_whole_message_has_nothing_around_it(pattern: str, text: str, yes: bool) -> None:
    assert found(pattern, text, whole=True) == yes


def test_a_hole_at_the_end_reaches_to_the_end_of_the_text() -> None:
    (template,) = templates_of("Failed error={error}", False)
    assert template.find(text_of("Oh: Failed error=no route")) == Span(4, 25)
    (template,) = templates_of("{peer}: down", False)
    assert template.find(text_of("Mesh_1: down at last")) == Span(0, 12)


def test_too_many_choices_stand_for_anything() -> None:
    (template,) = templates_of(" ".join(["{a|b}"] * 9) + " end", False)
    assert template == Template(("end",), opens=True)


@given(st.lists(st.text("abc:", min_size=1, max_size=6), min_size=1, max_size=4), st.text(max_size=20), st.booleans())
def test_any_value_fills_a_hole(pieces: list[str], value: str, whole: bool) -> None:
    assert found("{x}".join(pieces), value.join(pieces), whole)


def test_an_expression_that_is_none_matches_nothing_and_says_so() -> None:
    faulty = Expression("(oops")
    assert faulty.find(text_of("(oops")) is None
    assert "(oops" in faulty.faulty


def test_a_whole_expression_takes_the_whole_text() -> None:
    assert Expression("a+", whole=True).find(text_of(" aaa "))
    assert not Expression("a+", whole=True).find(text_of("aaab"))


@pytest.mark.parametrize(
    ("source", "begins"),
    [
        (r"^\s*(?:\d{1,12}\s{1,12}){16}(?:[3-9]\d|100)$", True),
        (r"^ *\d+ x", True),
        (r"^\d{0,3}x", False),
        (r"^\d*x", False),
        (r"^\d|x", False),
        (r"\d", False),
        (r"^(?:\d|x)", False),
        (r"^(?:\d+ )+x", True),
        (r"^(?:\d+ )?x", False),
        (r"^(?:\d+ ){0,3}x", False),
    ],
)
def test_expressions_of_texts_that_begin_with_a_digit(source: str, begins: bool) -> None:
    assert Expression(source).begins_with_digit is begins


@pytest.mark.parametrize(
    ("source", "digitless", "may"),
    [
        (r"^\S+ {1,8}\d+ {1,8}\d+ {1,8}end", "a   end", True),
        (r"^\S+ {1,8}\d+ {1,8}\d+ {1,8}end", "a  end", False),
        (r"\d+ ?\d* *end", "end", True),
        (r"\d (?:   )?x|y", "y", True),
        (r"[ ]\d +x", "  x", True),
    ],
)
def test_blanks_that_stay_when_digits_are_gone_are_asked_for_first(source: str, digitless: str, may: bool) -> None:
    assert Expression(source).may_match_with_digits(text_of(digitless)) is may


@pytest.mark.parametrize(
    ("source", "begins"),
    [
        (r"^\s*Name=(?:\*|!lo)$", "name="),
        (r"^ *Mem:\s+\d+", "mem:"),
        (r"^bird6?: x", ""),
        (r"^ab*c", ""),
        (r"^one|two", ""),
        (r"Name=", ""),
        (r"^(?:one|two)", ""),
    ],
)
def test_what_each_match_begins_with(source: str, begins: str) -> None:
    assert compiled(source).begins == begins


@pytest.mark.parametrize(
    ("source", "text", "yes"),
    [
        (r"^\s*Name=\*", "  NAME=*", True),
        (r"^\s*Name=\*", "ifaceName=*", False),
        (r"^[*+]?\S{2,9} {1,9}\S{1,9} +\d", "*ab  c 1", True),
        (r"^[*+]?\S{2,9} {1,9}\S{1,9} +\d", "*abc1", False),
        (r"\S+ {2}\S+ x?\d", "a  b 1", True),
        (r"(?x) \d \d  \d", "123", True),
        (r"^\d+ +\d|^x+", "xx", True),
        (r"(?m)^\d+ +\d+$", "x\n1 2", True),
        (r"^\d+ +\d+$", "x\n1 2", False),
    ],
)
def test_a_text_is_turned_away_only_where_nothing_can_match(source: str, text: str, yes: bool) -> None:
    assert (Expression(source).find(text_of(text)) is not None) == yes


@pytest.mark.parametrize(
    ("source", "numbered"),
    [
        (r"\b5 of", True),
        (r"x509", False),
        (r"IPv4 is", False),
        (r"took \d{1,4}s", False),
        (r"\d\d:\d\d", True),
        (r"(?P<n>\d+) of (?P=n)", True),
    ],
)
def test_whether_numbers_are_part_of_it(source: str, numbered: bool) -> None:
    assert Expression(source).numbered is numbered
