"""Text of a bundle in Markdown, on the terminal and on a page: visible, inert, bounded."""

from __future__ import annotations

import re

import pytest
import report_samples as samples
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from analyzer.report.safe_text import code_span, fence, one_line, prose, prose_in_html, shorten, shorten_middle, visible

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
#: what GitHub would link, ping or show as a picture in text outside of code
PINGS = re.compile(r"@\w|#\d|GH-\d|://|www\.|:[a-z][\w+-]*:|\b[0-9a-f]{7,40}\b")
HOSTILE = st.text(
    alphabet=st.characters(codec="utf-8") | st.sampled_from("`*_~[]()<>#@!|\\&$:-+=. \n\x1b\x00\u202e"), max_size=60
)


def flat(tokens: list[Token]) -> list[Token]:
    return [inner for token in tokens for inner in (token, *flat(token.children or []))]


def plain_text(markdown: str) -> str:
    """The text outside of code."""
    return "".join(token.content for token in flat(MARKDOWN.parse(markdown)) if token.type == "text")


def kinds(markdown: str) -> set[str]:
    return {token.type for token in flat(MARKDOWN.parse(markdown))}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\ttext\nstays", "plain\ttext\nstays"),
        ("\x1b[31m", "␛[31m"),
        ("\x00", "␀"),
        ("\x7f", "␡"),
        ("\x9b2J", "\\x9b2J"),
        ("a\u202eb", "a\\u202eb"),
        ("a\u200bb\ufeff", "a\\u200bb\\ufeff"),
        ("\udc80", "\\udc80"),
        ("\r", "␍"),
        ("Grüße 你好 🙂", "Grüße 你好 🙂"),
    ],
)
def test_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text(max_size=50))
def test_visible_leaves_no_control_character(text: str) -> None:
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", visible(text))
    assert visible(visible(text)) == visible(text)


def test_one_line() -> None:
    assert one_line("  a \n\t b\u2028c ") == "a b\\u2028c"
    assert one_line(" \n") == "–"


def test_shorten() -> None:
    assert shorten("abc", 3) == "abc"
    assert shorten("abcdef", 3) == "abc … (3 more characters)"


@given(st.text(max_size=40), st.integers(6, 30))
def test_shorten_middle(text: str, most: int) -> None:
    short = shorten_middle(text, most)
    assert len(short) <= most
    assert text.startswith(short.partition("…")[0]) and text.endswith(short.rpartition("…")[2])


@given(HOSTILE)
def test_a_code_span_is_one_span(text: str) -> None:
    tokens = flat(MARKDOWN.parse(f"before {code_span(text)} after"))
    spans = [token for token in tokens if token.type == "code_inline"]
    assert len(spans) == 1
    assert spans[0].content.strip() == one_line(text)
    assert [token.content for token in tokens if token.type == "text"] == ["before ", " after"]


@given(HOSTILE)
def test_a_fence_is_one_block_in_a_list(text: str) -> None:
    tokens = MARKDOWN.parse(f"- item\n\n{fence(text, 'text', '  ')}\n\nafter\n")
    assert [token.type for token in tokens if token.type in ("fence", "html_block", "heading_open")] == ["fence"]
    assert next(token.content for token in tokens if token.type == "fence") == visible(text) + "\n"


@given(HOSTILE)
def test_prose_is_text_and_code_only(text: str) -> None:
    shown = prose(text)
    assert kinds(shown) <= {"paragraph_open", "inline", "text", "code_inline", "paragraph_close"}
    assert not PINGS.search(plain_text(shown))


@given(HOSTILE)
def test_prose_keeps_every_word(text: str) -> None:
    inner = "".join(
        token.content for token in flat(MARKDOWN.parse(prose(text))) if token.type in ("text", "code_inline")
    )
    assert re.sub(r"[\s`]", "", inner) == re.sub(r"[\s`]", "", one_line(text))


def test_prose_of_an_attack() -> None:
    shown = prose(samples.ATTACK)
    assert not PINGS.search(plain_text(shown))
    assert kinds(shown) <= {"paragraph_open", "inline", "text", "code_inline", "paragraph_close"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("The worker is NotReady (12 of 13), since 03:44:02.", "The worker is NotReady (12 of 13), since 03:44:02."),
        ("run `ip route` on it.", "run `ip route` on it."),
        ("ask @somebody, please", "ask `@somebody`, please"),
        ("see #12.", "see `#12`."),
        ("commit deadbeef now", "commit `deadbeef` now"),
        ("1. no list", "`1`. no list"),
        ("try `ip -4 route show`, then wait", "try `ip -4 route show`, then wait"),
        ("p = 0.02", "p = 0.02"),
        ("- no list", "`-` no list"),
        ("calico_node is down", "`calico_node` is down"),
        ("a  b", "a b"),
        ("", "–"),
        ("`", "`` ` ``"),
        ("...", "..."),
    ],
)
def test_prose(text: str, shown: str) -> None:
    assert prose(text) == shown


@given(HOSTILE)
def test_prose_in_html_has_no_markup_of_its_own(text: str) -> None:
    shown = prose_in_html(text, 500)
    assert "\n" not in shown
    outside = re.sub(r"<code>[^<]*</code>", "", shown)
    assert not re.search(r"[<>&@`]", outside)
    assert not PINGS.search(outside)
