"""What an expression cannot match without: checked by hand, and against texts made to match."""

from __future__ import annotations

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from parsers.required_literals import needed_texts, required_literals


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        (r"etcdserver: \w+", {"etcdserver:"}),
        (r"Can't READ", {"can't read"}),
        (r"\bfull\b \[x\]", {"full [x]"}),
        (r"alpha|beta gamma", {"alpha", "beta gamma"}),
        (r"x(?:alpha|beta)?y", {"x"}),
        (r"(?:alpha|beta)+y", {"alpha", "beta"}),
        (r"(?P<name>alpha) \d", {"alpha"}),
        (r"(?:one(?:two|three)four|five)", {"four", "five"}),
        (r"abc{0,3}d", {"ab"}),
        (r"abc{2}d", {"abc"}),
        (r"abc+?defg", {"defg"}),
        (r"[a-z\]]foo[^]]bars", {"bars"}),
        (r"\x41bc\.d", {"bc.d"}),
        (r"(?i)never(?!mind) more", {"never more"}),
        (r"(?<=ab)cde", {"cde"}),
        (r"a  longer   blank", {"longer"}),
        (r"(?:a|)", set()),
        (r"\d{1,3}", set()),
        (r"(?x) a b", set()),
        (r"", set()),
    ],
)
def test_texts_told_by_hand(source: str, texts: set[str]) -> None:
    assert required_literals(source) == texts


WORDS = st.sampled_from(["route", "peer", "i/o timeout", "x", "(", "a.b", "[", "down: 3"])
PARTS = st.one_of(
    WORDS.map(lambda word: (regex.escape(word), word)),
    st.lists(WORDS, min_size=1, max_size=3).map(
        lambda words: ("(?:" + "|".join(regex.escape(word) for word in words) + ")", words[-1])
    ),
    WORDS.map(lambda word: (f"(?:{regex.escape(word)})?", "")),
    st.just((r"\S{1,9} ", "10.0.0.1 ")),
    st.just((r"[^\n]{0,40}", "")),
)


@given(st.lists(PARTS, max_size=6))
def test_every_match_holds_one_of_them(parts: list[tuple[str, str]]) -> None:
    source, text = "".join(part[0] for part in parts), "".join(part[1] for part in parts)
    assert regex.search(source, text)
    texts = required_literals(source)
    assert not texts or any(item in text.lower() for item in texts)
    either = f"{source}|nothing of this"
    assert all(any(item in text.lower() for item in some) for some in (*needed_texts(source), *needed_texts(either)))


@pytest.mark.parametrize(
    ("source", "sets"),
    [
        (
            r"failed to (?:add|set) address[^\n]{0,120}ifaceName=",
            [{"ifacename="}, {"failed to"}, {"address"}, {"add", "set"}],
        ),
        (r"alpha|beta \d", [{"alpha", "beta"}]),
        (r"(?i)alpha|be", []),
        (r"alpha|\d", []),
        (r"(?:alpha|beta)? gamma", [{"gamma"}]),
        (r"(?x) al pha", []),
        (r"a\d+bc", []),
        (r"ab  \w+  cde", [{"cde"}]),
    ],
)
def test_all_texts_that_a_match_needs(source: str, sets: list[set[str]]) -> None:
    assert sorted(map(sorted, needed_texts(source))) == sorted(map(sorted, sets))
