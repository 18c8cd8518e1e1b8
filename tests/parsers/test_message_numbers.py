"""Numbers that decide what a text says, and what is remembered of texts that differ in others only."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.message_match import MessageMatcher, Pattern
from parsers.message_numbers import Deciders, all_zero, numbers_zero, text_without_digits
from parsers.message_pattern import Expression, templates_of

PATTERNS = [
    Pattern("any", "symptom", regexes=(r"retry in \d{1,3}s",)),
    Pattern("none", "cause", ("Assigned 0 out of {n}",)),
    Pattern("gateway", "cause", regexes=(r"\b502 Bad Gateway\b",)),
    Pattern("slow", "symptom", regexes=(r"longest=(?:\d{5,9}ms|\d{2,6}s)",), unless=r"longest=\d{2}s warmup"),
    Pattern("v4", "benign", ("IPv4 is on",)),
    Pattern("v6", "cause", ("IPv6 is on",)),
    Pattern("one", "benign", ("link {name} is up",), one_row=True),
    Pattern("again", "cause", regexes=(r"(?P<pid>\d+) of (?P=pid) died",)),
]
#: texts of which parts vary in their digits
TEXTS = st.lists(
    st.one_of(
        st.sampled_from([
            "retry in", "s", "Assigned", "out of", "Bad Gateway", "longest=", "ms", "warmup", "IPv", "is on", "link",
            "eth", "is up", "of", "died", "x", "\u0665", "\u00e9", " ", ":", "0x",
        ]),
        st.integers(0, 999_999).map(str),
        st.sampled_from(["0", "502", "404", "4", "6"]),
    ),
    max_size=8,
).map("".join) | st.builds(
    "retry in {}s, Assigned {} out of {}: longest={}ms, IPv{} is on".format, *[st.integers(0, 10**6)] * 5
)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(TEXTS, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_what_is_remembered_of_a_text_holds_for_others(texts: list[str], rand: object) -> None:
    matcher = MessageMatcher(PATTERNS)
    for text in texts * 3:
        varied = re.sub("[0-9]", lambda _: rand.choice("0123456789"), text)  # type: ignore[attr-defined]
        ids = matcher.match(varied)
        fresh = MessageMatcher(PATTERNS).match(varied)
        assert (ids, type(ids)) == (fresh, type(fresh))


def test_of_texts_alike_two_are_matched(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    matcher, match = MessageMatcher(PATTERNS), MessageMatcher._match
    monkeypatch.setattr(MessageMatcher, "_match", lambda self, text: asked.append(text) or match(self, text))
    assert {matcher.match(f"link eth is up after {second} s") for second in range(10, 60)} == {("one",)}
    assert asked == ["link eth is up after 10 s", "link eth is up after 11 s"]
    asked.clear()
    assert [matcher.match(f"Assigned {n} out of 3") for n in (1, 2, 0, 5)] == [(), (), ("none",), ()]
    assert len(asked) == 4  # there a digit decides
    asked.clear()
    assert [matcher.match(f"IPv{n} is on") for n in (4, 6, 5, 4)] == [("v4",), ("v6",), (), ("v4",)]
    assert len(asked) == 3
    asked.clear()
    assert [matcher.match(f"12 of {n} died") for n in (13, 14, 12, 15)] == [(), (), ("again",), ()]
    assert len(asked) == 4


@settings(max_examples=200)
@given(TEXTS, TEXTS)
def test_outcomes_are_those_of_the_alternatives(one: str, other: str) -> None:
    matcher = MessageMatcher(PATTERNS)
    deciders = matcher.told_by_numbers(text_without_digits(one))
    for text in (one, re.sub("[1-8]", "9", one), other, one):
        assert matcher.outcome(deciders, text) == deciders.match(text)


def test_which_digits_decide() -> None:
    def deciders(*sources: str) -> Deciders:
        return Deciders(map(Expression, sources))

    assert Deciders().by_length and deciders(r"longest=\d{5,9}ms", r"over \d\d?s").by_length
    assert not deciders(r"\b502 Bad").by_length and not deciders(r"longest=\d{2,6}s", "IPv4 x").by_length
    assert deciders(r"(?P<n>\d+) of (?P=n)").rules is None and not deciders(r"(?P<n>\d+) of (?P=n)").by_length
    assert not Deciders(templates_of("Assigned 0 out of {n}", False)).by_length


def test_texts_that_differ_in_numbers_only() -> None:
    assert text_without_digits("IPv4: 12 of 3\u0665 \ud800") == "IPv:  of \u0665 \ud800"
    assert all_zero("x12 of 9") == all_zero("x34 of 1") != all_zero("x1 of 9")
    assert numbers_zero("12 of 9") == numbers_zero("34 of 1")
    assert numbers_zero("IPv46 on 1") != numbers_zero("IPv47 on 1") and numbers_zero("_4") == numbers_zero("_5")
    assert numbers_zero("IPv4 on 1") == numbers_zero("IPv4 on 2") != numbers_zero("IPv6 on 2")
    assert numbers_zero("x0\0x0") != numbers_zero("x0\0x1") and numbers_zero("x0") != numbers_zero("x0\0x0")
