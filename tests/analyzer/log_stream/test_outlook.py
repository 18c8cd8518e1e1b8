"""What is told of a line holds for all that differ in numbers and random names, whichever of them came first."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.catalogue import load
from analyzer.log_stream.outlook import Outlooks, alike_key, line_of_ones
from parsers.log_dress import bare_dress
from parsers.log_shape import LineShape, shape_of
from parsers.message_match import MessageMatcher, Pattern

HEAD = "2026-02-12 06:20:00.000 [INFO][9] felix/a.go 1: "
DRESS = bare_dress("")


def look(raw: bytes) -> LineShape:
    return shape_of(raw, raw.decode("utf-8", "replace"), DRESS)


class Asked(MessageMatcher):
    """Notes what it is asked with."""

    def __init__(self, *patterns: Pattern) -> None:
        super().__init__(patterns)
        self.asked: list[str] = []

    def match(self, text: str) -> tuple[str, ...]:
        self.asked.append(text)
        return super().match(text)


def outlooks(matcher: MessageMatcher, form: str | None = "log") -> Outlooks:
    def texts(line: bytes) -> int:
        return sum(1 << place for place in matcher.literals(line.decode()))

    return Outlooks(look, matcher, texts, form)


def told(of: Outlooks, text: str) -> tuple[LineShape, tuple[str, ...]]:
    line = (HEAD + text).encode()
    found, ids = of.of(line, of._texts(line))
    return found.shape, ids


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("took 5ms", "took 7ms"),
        ("10.0.0.12:179", "10.1.2.34:443"),
        ('ifaceName="cali0123456789a"', 'ifaceName="calibbadcabface"'),
        ("s:7b28nmkvtxz2v42srh644g", "s:466445rddzsc9xdpg6qrnk"),
        ("shop/web-qtjpmpfjr-hqk85", "shop/web-7xddwbcx9-5prz9"),
    ],
)
def test_numbers_and_what_is_drawn_tell_no_lines_apart(first: str, second: str) -> None:
    assert alike_key(first.encode()) == alike_key(second.encode())


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("took 5ms", "took 15ms"),
        ("ipv4", "ipv6"),
        ("ipVersion=0x4", "ipVersion=0x6"),
        ("calico/node", "calico/kube"),
        ("port-https-proxy", "port-nginx-proxy"),
        ("shop/web-qtjpmpfjr-hqk85", "shop/www-qtjpmpfjr-hqk85"),
    ],
)
def test_all_else_does(first: str, second: str) -> None:
    assert alike_key(first.encode()) != alike_key(second.encode())


#: what is told of names and words, as one would write it down first
DRAWN = re.compile(
    rb"\b(cali)([0-9a-f]{11}\b)|\b([ns]:)([\w-]{22})|(-)([bcdfghjklmnp-tvwxz\d]{6,10}-[bcdfghjklmnp-tvwxz\d]{5}\b)"
)
IN_WORDS = re.compile(rb"\b\dx[0-9a-f]+|[A-Za-z]\d+")
PIECES = [
    "cali", "n:", "s:", "-", "bcdfgh", "abcdef", "01234567890", "0x", "1", "a", "_", " ", "x", "4f", "bcdfg", ".",
    "0123456789012345678901", "\u00e9", "http://a-b",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_names_and_words_are_found_wherever_they_stand(text: str) -> None:
    def of_ones(name: re.Match[bytes]) -> bytes:
        begin, drawn = filter(None, name.groups())
        return begin + re.sub(rb"\w", b"1", drawn)

    line = DRAWN.sub(of_ones, text.encode())
    ones = re.sub(rb"\d", b"1", line)
    assert alike_key(line) == alike_key(text.encode())
    assert alike_key(line).split(b"\0")[0] == ones
    assert line_of_ones(alike_key(line)) == IN_WORDS.sub(lambda word: line[word.start() : word.end()], ones)


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60),
    st.lists(st.sampled_from(["12", "0x4", "-"])),
)
def test_the_line_of_ones_is_one_of_those_alike(text: str, more: list[str]) -> None:
    line = (text + " ".join(more)).encode()
    ones = line_of_ones(alike_key(line))
    assert len(ones) == len(line)
    assert alike_key(ones) == alike_key(line)


def test_what_is_told_does_not_hang_on_which_came_first() -> None:
    catalogue = load(())
    texts = [text for message in catalogue.messages.values() for text in message.examples if "\n" not in text]
    draw = random.Random(1)
    for text in draw.sample(texts, 400):
        line = (HEAD + text).encode()
        own, other = look(line), look(line_of_ones(alike_key(line)))
        assert {**_fields(own), "message": ""} == {**_fields(other), "message": ""}, text


def _fields(shape: LineShape) -> dict[str, object]:
    return {name: getattr(shape, name) for name in shape.__struct_fields__}


def test_the_catalogue_is_asked_once_of_lines_alike() -> None:
    matcher = Asked(Pattern("gone", patterns=("peer {name} is gone",)))
    first, second = outlooks(matcher), outlooks(matcher)  # those of two logs
    assert told(first, "peer cali0123456789a is gone, 12 left")[1] == ("gone",)
    assert told(second, "peer calibbadcabface is gone, 34 left")[1] == ("gone",)
    assert matcher.asked == ["peer cali11111111111 is gone, 12 left"]


def test_numbers_that_decide_are_told() -> None:
    matcher = Asked(Pattern("slow", regexes=(r"took \d{4}ms",)), Pattern("other", patterns=("link down",)))
    of = outlooks(matcher)
    for number, ids in ((5123, ("slow",)), (4000, ("slow",)), (1, ()), (7, ()), (12, ())):
        assert told(of, f"took {number}ms")[1] == ids
    assert [re.sub(r"\d", "9", text) for text in matcher.asked] == ["took 9999ms", "took 9ms", "took 99ms"]


def test_a_name_in_which_the_catalogue_finds_something_is_asked_for_by_itself() -> None:
    matcher = Asked(Pattern("tv", patterns=("tvtvtv",)), Pattern("gone", patterns=("is gone",)))
    of = outlooks(matcher)
    for name in ("tvtvtv", "xxxxxx", "tvtvtv", "zzzzzz"):
        ids = told(of, f"pod web-{name}-zzzzz is gone")[1]
        assert set(ids) == ({"gone", "tv"} if name == "tvtvtv" else {"gone"})


def test_nothing_is_remembered_of_long_lines_or_without_a_form() -> None:
    matcher = Asked(Pattern("gone", patterns=("is gone",)))
    for of, more in ((outlooks(matcher), "x" * 2000), (outlooks(matcher, None), "")):
        matcher.asked.clear()
        for number in range(3):
            assert told(of, f"peer {number} is gone {more}")[1] == ("gone",)
        assert len(matcher.asked) == 3


def test_memory_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analyzer.log_stream.outlook._REMEMBERED", 3)
    of = outlooks(Asked(Pattern("gone", patterns=("is gone",))), "another form")
    for word in "abcdefgh":
        assert told(of, f"{word} is gone")[1] == ("gone",)
    assert of._known is not None
    assert len(of._known) <= 3
