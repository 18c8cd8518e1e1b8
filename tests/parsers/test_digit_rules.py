from __future__ import annotations

import random
import re

import pytest
import regex

from parsers.digit_rules import ANY, Rule, digit_rules, rules_of_text


def bits(digits: str) -> int:
    return sum(1 << int(digit) for digit in set(digits))


def rule(digits: str, first: bool, last: bool) -> Rule:
    return Rule(tuple(ANY if digit == "d" else bits(digit) for digit in digits), first, last)


@pytest.mark.parametrize(
    ("source", "rules"),
    [
        (r"dial \S+:(?:2379|4001): x", [rule("2379", False, False), rule("4001", False, False)]),
        (r" 172\.20:", [rule("172", True, True), rule("20", True, True)]),
        (r" 20[45]: ", [Rule((bits("2"), bits("0"), bits("45")), True, True)]),
        (r"code 4\d\d,", [rule("4dd", True, True)]),
        (r"\b179\b", [rule("179", True, True)]),
        (r"longest=(?:\d{5,9}ms|\d{2,6}s)", []),
        (r"a?5b*", [rule("5", False, False)]),
        (r"x1+y", [rule("1", False, False)]),
        (r"[^5]", [Rule((bits("012346789"),), False, False)]),
    ],
)
def test_the_digits_that_decide(source: str, rules: list[Rule]) -> None:
    assert digit_rules(source) == frozenset(rules)


def test_those_of_a_literal_text() -> None:
    assert rules_of_text("port 179: (x)") == {rule("179", True, True)}


@pytest.mark.parametrize("source", [r"(a)\1", r"(?P<n>\d)(?P=n)", r"(?x) 1"])
def test_what_is_not_understood_is_told(source: str) -> None:
    with pytest.raises(ValueError):
        digit_rules(source)


def keeps(run: str, rules: frozenset[Rule]) -> bool:
    """Whether a run of digits counts for what it is."""
    for digits, first, last in rules:
        for at in range(len(run) - len(digits) + 1):
            fits = all(allowed >> int(run[at + i]) & 1 for i, allowed in enumerate(digits))
            if fits and not (first and at) and not (last and at + len(digits) < len(run)):
                return True
    return False


@pytest.mark.parametrize(
    "source",
    [
        r"dial tcp \S{1,9}:(?:12|31): refused",
        r"\b1[23]\b.{0,9}refused",
        r"tcp 1\.2(?:\.3)?:[12]\d",
        r"[^12]2:",
        r"p\d{2}:1?2",
        r"(?:(?<!1)2|3(?=:))",
    ],
)
def test_runs_that_are_not_kept_decide_nothing(source: str) -> None:
    rand = random.Random(source)
    rules, outcomes, matched = digit_rules(source), {}, 0
    for _ in range(6000):
        runs = ["".join(rand.choices("123", k=rand.randrange(1, 4))) for _ in range(3)]
        text = rand.choice(
            ["dial tcp {}.{}:{}: refused", "tcp {}.{}:{}", "p{}:{} {}", "{}.{}:{}:", "{} {}: {} refused"]
        )
        text = text.format(*runs)
        told = re.sub(r"\d+", lambda run: run[0] if keeps(run[0], rules) else "#" * len(run[0]), text)
        found = regex.search(source, text) is not None
        matched += found
        assert outcomes.setdefault(told, found) == found, text
    assert 0 < matched < 6000
