"""Lines are put into families in time that grows with their length, whatever they hold."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.log_stream.shapes import Shapes, _bare, _bare_in_python
from parsers.log_dress import bare_dress
from parsers.log_shape import LineShape, shape_of
from parsers.message_match import MessageMatcher, Pattern

WAYS = (_bare, _bare_in_python)


@pytest.mark.parametrize(
    "piece", [b"a", b"a.", b"-", b"a-", b"ab", b"cali", b":", b"_", b". ", b"a:", b"s:", b"s:abcdefgh", b"1", b".go"]
)
def test_names_are_found_in_linear_time(piece: bytes) -> None:
    text = piece * (200_000 // len(piece)) + b"!"
    for way in WAYS:
        started = time.process_time()
        way(text)
        assert time.process_time() - started < 2


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("line", "bare"),
    [
        (b"pod kube-system/calico-node-x is up", b"pod ~ is up"),
        (b"link calif deadbeef eth", b"link ~ ~ eth"),
        (b"x:abc-d.e/f:@g h", b"x:~ h"),
        (b".a -b /c", b"~ ~ ~"),
        (b"plain words, none", b"plain words, none"),
        (b'setID="s:xhhjlgrzwxhwjsw" calis:ab_cd-efgh n:abcdefgh', b'setID="~" ~ ~'),
        (b"s:short is:abcdefghij s: abcdefghij", b"s:short is:abcdefghij s: abcdefghij"),
        (b"2026-02-12 [INFO][9] felix/int-x.go 12: a-b.go: c", b"-- [INFO][] felix/int-x.go : ~ c"),
        (b"a-b.g1o2:c-d", b"a-b.go:~"),
        (b"12", b""),
    ],
)
def test_what_may_be_a_name(way: Callable[[bytes], bytes], line: bytes, bare: bytes) -> None:
    assert way(line) == bare


@settings(max_examples=1000)
@given(
    st.lists(
        st.sampled_from(["cali", "cal", "deadbeef", "s:", "n:", "ghghgh", ".go", *'abfgZ_.-/:@=" 17\xc3']), max_size=30
    ).map("".join)
)
def test_the_compiled_way_finds_the_same_names(text: str) -> None:
    raw = text.encode("latin-1")
    assert _bare(raw) == _bare_in_python(raw)
    assert _bare(raw * 60) == _bare_in_python(raw * 60)


def test_lines_share_an_answer_where_the_catalogue_says_the_same_of_them() -> None:
    dress = bare_dress("")
    slow, other = Pattern("slow", regexes=(r"took \d{4}ms",)), Pattern("other", patterns=("link down",))
    shapes = Shapes(lambda raw: shape_of(raw, raw.decode(), dress), MessageMatcher([slow, other]))
    texts = [
        f"2026-02-12 06:20:00.000 [INFO][9] felix/a.go 1: {what}" for what in ("took 5ms", "took 5000ms", "link down")
    ]
    took, down, loose = shapes.new([texts[0].encode(), texts[2].encode(), b"took part"])
    quick, late = (shapes.outcome(took, text) for text in texts[:2])
    answers = [shapes.answer_of(took, quick), shapes.answer_of(took, late), shapes.answer_of(down, None)]
    assert len(set(answers)) == 3
    assert min(answers) >= 0
    assert shapes.answer_of(took, late) == answers[1]
    assert shapes.answer_of(down, shapes.outcome(down, texts[2])) == answers[2]
    assert shapes.answer_of(took, None) == -1  # numbers decide, and nobody looked at them
    assert shapes.answer_of(loose, None) == -1  # it may belong to the record before it


def test_lines_whose_names_tell_nothing_share_an_answer() -> None:
    dress = bare_dress("")
    patterns = [
        Pattern("up", "benign", ("link {name} is up",), one_row=True),
        Pattern("gone", patterns=("peer {name} is gone",)),
    ]
    shapes = Shapes(lambda raw: shape_of(raw, raw.decode(), dress), MessageMatcher(patterns))

    def numbers(what: str) -> list[int]:
        names = (f"g{letter}-{letter}h" for letter in "ijklmnop")
        return shapes.new(
            [f"2026-02-12 06:20:00.000 [INFO][9] felix/a.go 1: {what.format(name)}".encode() for name in names]
        )

    assert len({shapes.answer_of(number, None) for number in numbers("link {} is up")}) == 1
    assert len({shapes.answer_of(number, None) for number in numbers("peer {} is gone")}) == 8
    (loose,) = shapes.new([b"link a-b is up"])
    assert shapes.answer_of(loose, None) == -1


@pytest.mark.parametrize(
    "head", ["", "2026-02-12T06:20:00.000000000Z stdout F ", "2026-02-12 06:20:00.000 [INFO][9] ", "{} level={} "]
)
def test_lines_of_nothing_but_new_words_are_few_families(head: str) -> None:
    dress, rand = bare_dress(""), random.Random(1)
    looked: list[bytes] = []

    def look(raw: bytes) -> LineShape:
        looked.append(raw)
        return shape_of(raw, raw.decode(), dress)

    shapes = Shapes(look, MessageMatcher([Pattern("down", patterns=("link down",))]))
    words = ["".join(rand.choices("ghijklmnop", k=6)) for _ in range(100_000)]
    lines = [head.format(*rand.choices(words, k=2)) + " ".join(rand.choices(words, k=9)) for _ in range(6000)]
    lines[5990] += " link down"
    numbers = shapes.new([line.encode() for line in lines])
    assert len(shapes.families) == len(looked) <= 4100
    assert len(shapes.all) < 4500
    assert numbers.count(numbers[5990]) == 1  # what the catalogue knows is told apart all the same


def test_lines_whose_names_tell_nothing_are_of_one_shape() -> None:
    dress = bare_dress("")
    patterns = [
        Pattern("link", patterns=("Link {name} up",), one_row=True),
        Pattern("route", patterns=("Route to {name} gone",)),
        Pattern("oom", patterns=("oom-killer",)),
        Pattern("busy", regexes=(r"^(?:sd|vd)[a-z] +(?:9\d|100)$",)),
    ]
    shapes = Shapes(lambda raw: shape_of(raw, raw.decode(), dress), MessageMatcher(patterns))
    head = "2026-02-12 06:20:00.000 [INFO][9] felix/a.go 1: "
    names = ("shop/web-bcd", "shop/web-fgh", "shop/web-sdx", "shop/oom-killer")
    links = shapes.new([f"{head}Link {name} up".encode() for name in names])
    assert links[0] == links[1] == links[2] != links[3]  # in the last one the catalogue may find something else
    assert shapes.beyond == 0
    routes = shapes.new([f"{head}Route to {name} gone".encode() for name in names])
    assert len(set(routes)) == 4
