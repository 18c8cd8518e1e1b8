"""Lines that say nothing new are told in C as they are told one by one."""

from __future__ import annotations

import itertools
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.log_stream.lines import PAD, Piece
from analyzer.log_stream.shapes import Shapes
from parsers.log_dress import bare_dress
from parsers.log_shape import shape_of
from parsers.message_match import MessageMatcher, Pattern

native_scan = pytest.importorskip("analyzer.log_stream.native_scan", reason="the C part was not compiled")
_scan = native_scan._scan

TEXTS = ["link", "link down", "k d", "refused", "he", "she", "hers", "a", "x=1 y"]
LINES = st.text(st.sampled_from('abdhiklnorswxXy=1 LK~-/.\t"\\\xe9'), min_size=1, max_size=40)


def texts_in(line: str) -> set[int]:
    matcher = MessageMatcher([Pattern(str(number), patterns=(text,)) for number, text in enumerate(TEXTS)])
    return {TEXTS.index(matcher.literal_texts[place]) for place in matcher.literals(line)}


@settings(max_examples=500)
@given(LINES)
def test_texts_are_found_in_c_as_by_the_matcher(line: str) -> None:
    found = _scan.Texts([text.encode() for text in TEXTS]).find(line.encode())
    plain = line.isascii() and line.isprintable() and line == line.strip() and "  " not in line and '\\"' not in line
    assert (found is not None) == plain
    if found is not None:
        bits = int.from_bytes(found, "little")
        assert {place for place in range(len(TEXTS)) if bits >> place & 1} == texts_in(line)
        assert bits >> len(TEXTS) == 0


@settings(max_examples=500)
@given(LINES, st.sets(st.integers(0, len(TEXTS) - 1)))
def test_a_line_says_nothing_new_where_all_its_texts_are_known(line: str, known: set[int]) -> None:
    raw = line.encode()
    likes = _scan.Likes(7, _scan.Texts([text.encode() for text in TEXTS]))
    likes.set(
        _scan.bare(raw), 5, bytes([sum(1 << n for n in known if n < 8), sum(1 << (n - 8) for n in known if n > 7)])
    )
    found = np.full(1, -1)
    data = b"#" + raw + b"\n"
    left = likes.find(data, np.array([1]), np.array([1 + len(raw)]), found, np.zeros(1, np.uint64))
    told = found[0] == 5
    assert (left, found[0]) in ((0, 5), (1, -1))
    if told:
        assert texts_in(line) <= known
    plain = line.isascii() and line.isprintable() and line == line.strip() and "  " not in line and '\\"' not in line
    if plain and texts_in(line) <= known:
        assert told


def test_a_text_that_is_not_looked_for_tells_nothing() -> None:
    likes = _scan.Likes(7, _scan.Texts([b"", b"down"]))
    likes.set(b"pod ~ is up", 3, b"\0")
    found = np.full(2, -1)
    data, starts, ends = b"pod a-b is up\npod down-x is up\n", np.array([0, 14]), np.array([13, 29])
    assert likes.find(data, starts, ends, found, np.zeros(2, np.uint64)) == 1 and found.tolist() == [3, -1]


def test_another_text_is_of_no_known_family() -> None:
    likes = _scan.Likes(7, _scan.Texts([b"down"]))
    likes.set(b"pod ~ is up", 3, b"\0")
    lines = [b"pod a-b is up", b"pod c-d/e is up", b"pod c is up", b"pod down-x is up", b"pod a-b is up "]
    data = b"\n".join([*lines, b""])
    ends = np.cumsum([len(line) + 1 for line in lines]) - 1
    starts = np.array([0, *(ends[:-1] + 1)])
    found, bare = np.full(len(lines), -1), np.zeros(len(lines), np.uint64)
    assert likes.find(data, starts, ends, found, bare) == 3
    assert found.tolist() == [3, 3, -1, -1, -1]
    likes.set(b"pod c is up", 4, b"\1")
    assert likes.find(data, starts, ends, found, bare) == 2  # by the numbers that were found before
    assert found.tolist() == [3, 3, 4, -1, -1]


def test_a_line_whose_shape_is_known_is_not_looked_at_again() -> None:
    likes = _scan.Likes(7, _scan.Texts([b"down"]))
    likes.set(b"pod ~ is up", 3, b"\0")
    data, starts, ends = b"pod a-b is up\npod c-d is up\n", np.array([0, 14]), np.array([13, 27])
    found, bare = np.array([9, -1]), np.zeros(2, np.uint64)
    assert likes.find(data, starts, ends, found, bare) == 0
    assert found.tolist() == [9, 3] and not bare[0]


@pytest.mark.parametrize("what", ["short", "short of numbers", "long", "outside"])
def test_what_does_not_fit_is_refused(what: str) -> None:
    likes = _scan.Likes(7, _scan.Texts([b"down"] * 1))
    found = np.full(1, -1)
    if what == "outside":
        assert likes.find(b"abc\n", np.array([2]), np.array([90]), found, np.zeros(1, np.uint64)) == 1
        return
    with pytest.raises(ValueError, match=r"too short|needed"):
        if what == "short":
            likes.find(b"abc\n", np.array([0, 1]), np.array([1]), found, np.zeros(2, np.uint64))
        elif what == "short of numbers":
            likes.find(b"abc\n", np.array([0]), np.array([1]), found, np.zeros(0, np.uint64))
        else:
            likes.set(b"x" * 5000, 1, b"\0")


@pytest.mark.parametrize("worth", [0, 20, 10_000])
def test_shapes_are_the_same_with_and_without(worth: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native_scan, "_WORTH", worth)
    monkeypatch.setattr(native_scan, "_LOOKED_AT", itertools.count())
    native_scan._texts.cache_clear()
    matcher = MessageMatcher([Pattern("down", patterns=("link down",)), Pattern("refused", patterns=("refused",))])
    rand, dress = random.Random(3), bare_dress("")

    def line(number: int) -> str:
        name = "".join(rand.choices("ghijklmnop", k=5))
        more = rand.choice(["", "", "", "", " link down", " refused-x", " REFUSED"]) if number > 400 else ""
        return f"2026-02-12 06:20:00.000 [ERROR][9] felix/a.go 1: Pod shop/{name}-{number} is{more} at {name}"

    data = "".join(f"{line(number)}\n" for number in range(1500)).encode()
    found: list[Any] = []
    for on in (True, False):
        shapes = Shapes(lambda raw: shape_of(raw, raw.decode(), dress), matcher)
        scan = native_scan.NativeScan(shapes)
        if not on:
            shapes.on_other = None
        numbers = []
        for begin in range(0, len(data), 20_000):
            part = data[begin : begin + 20_000]
            part = part[: part.rfind(b"\n") + 1] if begin == 0 else b"2026-02-12 x\n" + part[: part.rfind(b"\n") + 1]
            numbers += scan.shapes(scan.lines(Piece(part + PAD, len(part), last=False))).tolist()
        found.append((numbers, len(shapes.all), shapes.beyond, [family.texts for family in shapes.families]))
    assert found[0] == found[1]
    assert found[0][2] > 500
