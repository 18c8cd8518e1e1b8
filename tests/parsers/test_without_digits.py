from __future__ import annotations

import re

import pytest
import regex

from analyzer.catalogue import load
from analyzer.message_index import build_matcher
from parsers.message_pattern import Expression, text_of
from parsers.without_digits import without_digits


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        (r"code 4\d\d, (?:retrying|giving up)", ["code 404, retrying", "code 499, giving up"]),
        (r"^\s*(?:\d{1,12}\s{1,12}){3}(?:[3-9]\d|100)$", ["1 2 3 100", "  11  22 33 45"]),
        (r"\b179\b.{0,9}refused", ["port 179 is refused", "179 refused"]),
        (r"x(?=\d)\w+(?<!7)$", ["x15", "x5a3"]),
        (r"[^a-z]{2,4}end", ["12end", "  end", "1 2end"]),
        (r"([a-z]\d+)-\1!", ["a12-a12!"]),
        (r"\S{1,9}:(?P<port>\d+)?[!-~]{2,}#", ["h:12ab34#", "h:99#"]),
        (r"(?i)Took (?>\d++)ms", ["took 12ms"]),
        (r"a{2}1{3}b", ["aa111b"]),
    ],
)
def test_what_matches_with_digits_matches_without(source: str, texts: list[str]) -> None:
    relaxed = regex.compile(without_digits(source), regex.DOTALL)
    for text in texts:
        assert regex.search(source, text), "the example must match"
        assert relaxed.search(re.sub(r"\d", "", text)), text


@pytest.mark.parametrize(
    ("source", "digitless"),
    [
        (r"^\s*(?:\d{1,12}\s{1,12}){16}(?:[3-9]\d|100)$", "-- ::. [INFO][] felix/int_dataplane.go : Applied"),
        (r"conntrack\w* (?:is|at) (?:full|9\d|100)", "conntrack flows"),
        (r"dial tcp \S+:2379: refused", "dial tcp ...:: no route"),
    ],
)
def test_what_no_digit_can_make_match(source: str, digitless: str) -> None:
    assert not regex.search(without_digits(source), digitless)


@pytest.mark.parametrize("source", [r"(?x) a 1", r"(a)?(?(1)b|c)", r"(?P<n>a)(?P=n)", "[a"])
def test_what_is_not_understood_is_told(source: str) -> None:
    with pytest.raises((ValueError, regex.error)):
        regex.compile(without_digits(source))
    assert Expression(source).may_match_with_digits(text_of("whatever"))


def test_it_holds_for_each_example_of_the_catalogue() -> None:
    catalogue = load(())
    matcher = build_matcher(catalogue)
    tried = 0
    for message in catalogue.messages.values():
        expressions = [Expression(source) for source in message.regex]
        for example in message.examples:
            given, bare = text_of(example), text_of(re.sub(r"[0-9]", "", example))
            for expression in expressions:
                if expression.find(given):
                    tried += 1
                    assert expression.may_match_with_digits(bare), (message.id, expression.source, example)
    assert tried > 400
    assert not matcher.told_by_numbers("-- ::. [INFO][] felix/int_dataplane.go : Applied updates")
