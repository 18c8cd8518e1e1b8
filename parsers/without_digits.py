r"""What is left of a regular expression when the digits are taken out of the texts that it is tried on.

``without_digits(r"dial \S+:(?:2379|4001): refused")`` matches each text whose digits were taken out and that the
expression matched before; it may match others as well. A text in which it does not match was not matched with its
digits either, whatever they were.
"""

from __future__ import annotations

import re

from parsers.lazy_pattern import lazy_pattern

TOKEN = lazy_pattern(
    r"""
    (?P<flags>\(\?[a-zA-Z]+\))
  | (?P<look>\(\?<?[=!])
  | (?P<group>\((?!\?)|\(\?(?:P?<[A-Za-z_]\w*>|[:>|]|[a-zA-Z-]+:))
  | (?P<other>\(\?)
  | (?P<class>\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\])
  | (?P<escape>\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[pPN]\{[^}]*\}|\d+|.))
  | (?P<plain>.)
    """,
    re.VERBOSE | re.DOTALL,
)
QUANTIFIER = lazy_pattern(r"(\*|\+|\?|\{(\d*)(,?)(\d*)\})([?+]?)")
_MAY_BE_DIGIT = lazy_pattern(r"\\[dwSDWXpPHN]|\d|\[:|[\x00-/]-|\\x|\\u|\\U")
_ANYTHING = "(?s:.*)"


def without_digits(source: str) -> str:
    """Give an expression that matches, once their digits are gone, all texts that ``source`` matches.

    Raises:
        ValueError: nothing can be said of this expression.
    """
    found: list[str] = []
    position = 0
    while position < len(source):
        token = TOKEN.match(source, position)
        if token is None or token["other"] is not None or (token["flags"] and "x" in token["flags"]):
            raise ValueError(source)
        position = token.end()
        text = token[0]
        if token["flags"]:
            found.append(text)
        elif token["look"]:
            found.append("(?:|")  # what stands there may be another thing once digits are gone
        elif token["group"]:
            found.append("(?:" if text.startswith(("(?P<", "(?<", "(?>", "(?|")) else text)
        elif text in (")", "|"):
            found.append(text)
            if text == ")":
                position = _repeat(source, position, found, optional=False)
        else:
            element, optional = _element(token)
            if element:
                found.append(element)
                position = _repeat(source, position, found, optional=optional)
            elif quantifier := QUANTIFIER.match(source, position):
                position = quantifier.end()
    return "".join(found)


def _element(token: re.Match[str]) -> tuple[str, bool]:
    """What stands for one character: (its expression, whether a digit may stand there); "" for what takes no room."""
    text = token[0]
    if token["class"]:
        # a negated class matches digits unless it names them; a range such as "!-~" holds them
        return text, text.startswith("[^") or _MAY_BE_DIGIT.search(text[1:-1]) is not None
    if token["escape"]:
        if text[1].isdigit():
            return _ANYTHING, False  # what a group matched before
        if text[1] in "bBAZzGKmM" or text == r"\d":
            return "", False
        return text, text[1] in "wSXpPNxuUR"
    if text.isdigit() or text in "^$":
        return "", False
    return text, text == "."


def _repeat(source: str, position: int, found: list[str], optional: bool) -> int:
    """Read how often the last element may come; one that may have been a digit may be gone."""
    quantifier = QUANTIFIER.match(source, position)
    if quantifier is None:
        if optional:
            found.append("?")
        return position
    kind, least, comma, most, _ = quantifier.groups()
    if not kind.startswith("{"):
        found.append({"+": "*"}.get(kind, kind) if optional else kind)
    elif not optional:
        found.append(kind)
    else:
        found.append("{0," + (most if comma else least) + "}")
    return quantifier.end()
