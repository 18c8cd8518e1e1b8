"""Text of a bundle made safe to show: control characters visible, Markdown inert, lengths bounded.

HTML escaping itself is Jinja2's; what is here comes before it, or is for Markdown and the terminal.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable

from parsers.lazy_pattern import lazy_pattern

#: shown instead of an empty name
NOTHING = "–"
#: C0 and C1 controls but for tab and newline, direction overrides, invisible and lone surrogates
_UNSEEN = lazy_pattern(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028\u2029\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
#: a word of prose that Markdown or GitHub leave alone: no mention, number, link, commit or emoji
_PLAIN_WORD = lazy_pattern(r"[\w.,;:()'\"%/+=?…–—·°≥≤×-]+", re.ASCII)
_RISKY_WORD = lazy_pattern(r"_|://|www\.|\bGH-\d|[0-9a-f]{7}|:[a-z+-][\w+-]*:|:100:|:1234:")
#: what would begin a list, a heading or a rule if a line began with it
_RISKY_START = lazy_pattern(r"\(?\d+[.)]|[-+=]+")
#: a word, or several that are marked as code with backticks
_WORD = lazy_pattern(r"`[^`]{1,200}`[.,;:)]*(?![^ ])|[^ ]+")
_MARKED = lazy_pattern(r"`([^`]+)`([.,;:)]*)")
_FENCE = lazy_pattern("`+")


def visible(text: str) -> str:
    """Give ``text`` with control, invisible and direction-changing characters shown as symbols or escapes."""
    return _UNSEEN.sub(lambda match: _shown(match.group()), text)


def _shown(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def one_line(text: str) -> str:
    """Give ``text`` visible and on one line; what is empty is a dash."""
    return " ".join(visible(text).split()) or NOTHING


def shorten(text: str, most: int) -> str:
    """Cut ``text`` after ``most`` characters and say how many are missing."""
    if len(text) <= most:
        return text
    return f"{text[:most]} … ({len(text) - most:,} more characters)"


def shorten_middle(text: str, most: int) -> str:
    """Cut the middle out of a name: names that differ at their end stay different."""
    if len(text) <= most:
        return text
    return f"{text[: most // 2 - 1]}…{text[-(most - most // 2) :]}"


def code_span(text: str, most: int = 300) -> str:
    """Give a Markdown code span that shows ``text`` and cannot be left by it."""
    shown = shorten(one_line(text), most)
    ticks = "`" * (_longest_run(shown) + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{ticks}{pad}{shown}{pad}{ticks}"


def prose(text: str, most: int = 1200) -> str:
    """Give a sentence for Markdown: words that could link, ping or format anything become code spans."""
    return _with_spans(text, most, code_span)


def prose_in_html(text: str, most: int = 300) -> str:
    """Give a sentence for a line of HTML inside Markdown, where GitHub still looks for mentions and links."""
    return _with_spans(text, most, in_html)


def _with_spans(text: str, most: int, span: Callable[[str, int], str]) -> str:
    shown: list[str] = []
    risky: list[str] = []
    for word in [*_WORD.findall(shorten(one_line(text), most)), ""]:
        safe = _PLAIN_WORD.fullmatch(word) and not _RISKY_WORD.search(word)
        if word and not (safe and (shown or risky or not _RISKY_START.fullmatch(word))):
            risky.append(word)
            continue
        if risky:
            shown.append(_spanned(" ".join(risky), span))
            risky = []
        if word:
            shown.append(word)
    return " ".join(shown)


def _spanned(text: str, span: Callable[[str, int], str]) -> str:
    """A code span with closing punctuation kept outside; text marked with backticks loses them."""
    marked = _MARKED.fullmatch(text)
    inner, rest = marked.groups() if marked else (text.rstrip(".,;:"), text[len(text.rstrip(".,;:")) :])
    return span(inner, len(inner)) + rest if inner else span(text, len(text))


def fence(text: str, language: str = "text", indent: str = "", most: int = 4000) -> str:
    """Give a fenced block that ``text`` cannot leave, each line after ``indent``."""
    lines = [shorten(line, most) for line in visible(text).split("\n")]
    ticks = "`" * max(3, _longest_run("\n".join(lines)) + 1)
    return "\n".join(indent + line for line in (f"{ticks}{language}", *lines, ticks))


def in_html(text: str, most: int = 300) -> str:
    """Give ``text`` for a line of HTML inside Markdown, within ``<code>``: GitHub links nothing there."""
    return f"<code>{html.escape(shorten(one_line(text), most))}</code>"


def _longest_run(text: str) -> int:
    return max((len(run) for run in _FENCE.findall(text)), default=0)
