"""What a regular expression cannot match without: the plain texts of which every match holds at least one.

The matcher looks for these texts of all expressions in one pass, and tries an expression only where one of
its texts was found.
"""

from __future__ import annotations

from msgspec import Struct

from parsers.lazy_pattern import lazy_pattern

_ZERO_WIDTH = frozenset("bBAZzG")
_MOST_TEXTS = 60
_VERBOSE = lazy_pattern(r"\(\?[a-z]*x")  # blanks in it are none of the text
_LEAST = 3  # characters of a text that is worth looking for
_BLANKS = lazy_pattern(r"\s{2,}")
_PLAIN = lazy_pattern(r"[^\\\[\]().^$|?*+{}]{2,}")
_BOUNDS = lazy_pattern(r"\{(\d*)(,?)\d*\}")
_GROUP_HEAD = lazy_pattern(r"\?(?:P?<[A-Za-z_]\w*>|<?[=!]|[:>|]|[a-zA-Z-]+[:)])")


def required_literals(source: str) -> frozenset[str]:
    r"""Give lower-case texts of which every match of ``source`` contains one; empty where none is certain.

    Texts are as long as they can be told for sure; blanks at their ends are cut off and runs of blanks
    separate them, because the searched text has its blanks collapsed.

    >>> sorted(required_literals(r"etcdserver: \w+"))
    ['etcdserver:']
    >>> sorted(required_literals(r"dial \S+ (?:i/o timeout|no route(?: to host)?)"))
    ['i/o timeout', 'no route']
    >>> sorted(required_literals(r"a?b*|x"))
    []
    """
    if _VERBOSE.search(source):
        return frozenset()
    return _Reader(source).alternation() or frozenset()


def needed_texts(source: str) -> tuple[frozenset[str], ...]:
    r"""Give sets of lower-case texts, in the form of :func:`required_literals`: every match contains one of each set.

    Empty where nothing of some length is certain.

    >>> [sorted(texts) for texts in needed_texts(r"dial \S+ (?:i/o timeout|no route)")]
    [['i/o timeout', 'no route'], ['dial']]
    >>> [sorted(texts) for texts in needed_texts(r"webhook|probe failed: \d+")]
    [['probe failed:', 'webhook']]
    """
    if _VERBOSE.search(source):
        return ()
    reader = _Reader(source)
    found = reader.texts_of_branch()
    if reader.position < len(source):  # an alternation
        found = [texts] if (texts := _Reader(source).alternation()) else []
    worth = [texts for texts in found if min(map(len, texts)) >= _LEAST and len(texts) <= _MOST_TEXTS]
    return tuple(sorted(worth, key=lambda texts: min(map(len, texts)), reverse=True))


class _Reader(Struct):
    """Reads an expression from left to right; understands as much of its syntax as the answer needs."""

    source: str
    position: int = 0

    def alternation(self) -> frozenset[str] | None:
        """Texts of the alternatives up to the group's end; None if one of them may do without any."""
        branches = [self.branch()]
        while self._peek() == "|":
            self.position += 1
            branches.append(self.branch())
        texts: frozenset[str] = frozenset()
        for branch in branches:
            if branch is None:
                return None
            texts |= branch
        return texts if len(texts) <= _MOST_TEXTS else None

    def branch(self) -> frozenset[str] | None:
        """The best texts of one alternative: those whose shortest one is the longest."""
        candidates = self.texts_of_branch()
        best = max(candidates, key=lambda texts: (min(len(text) for text in texts), -len(texts)))
        return best if all(best) else None

    def texts_of_branch(self) -> list[frozenset[str]]:
        """Sets of texts, one of each stands in every match of the alternative at hand; some hold an empty text."""
        found: list[frozenset[str]] = []
        run = ""
        while self._peek() not in ("", "|", ")"):
            if text := _PLAIN.match(self.source, self.position):  # the last one may have a quantifier
                run += text[0][:-1].lower()
                self.position = text.end() - 1
            plain, texts, zero_width = self.item()
            least, repeats = self.quantifier()
            if zero_width:
                continue
            if plain and least:
                run += plain
            if plain and least and not repeats:
                continue
            found.append(frozenset([run]))
            run = ""
            if texts and least:
                found.append(texts)
        found.append(frozenset([run]))
        return [frozenset(_longest_part(text) for text in texts) for texts in found]

    def item(self) -> tuple[str, frozenset[str] | None, bool]:
        """Read a character, class or group: (plain character or "", texts of a group, takes no room)."""
        character = self._peek()
        self.position += 1
        if character == "\\":
            return self._escape()
        if character == "[":
            self._class()
            return "", None, False
        if character == "(":
            return self._group()
        if character in "^$":
            return "", None, True
        return ("", None, False) if character == "." else (character.lower(), None, False)

    def quantifier(self) -> tuple[int, bool]:
        """Read what says how often: (least number as 0 or 1, whether more than one may come)."""
        least, repeats = 1, False
        character = self._peek()
        if character and character in "?*+":
            self.position += 1
            least, repeats = int(character == "+"), character != "?"
        elif character == "{" and (bounds := _BOUNDS.match(self.source, self.position)):
            self.position = bounds.end()
            least, repeats = int(bounds[1] not in ("", "0")), True
        else:
            return least, repeats
        if self._peek() in ("?", "+"):  # lazy, possessive
            self.position += 1
        return least, repeats

    def _peek(self) -> str:
        return self.source[self.position : self.position + 1]

    def _escape(self) -> tuple[str, frozenset[str] | None, bool]:
        character = self._peek()
        self.position += 1
        if character in _ZERO_WIDTH:
            return "", None, True
        if not character.isalnum():
            return character, None, False
        width = {"x": 2, "u": 4, "U": 8}.get(character, 0)
        self.position += width
        if character in "pPN" and self._peek() == "{":
            self.position = self.source.find("}", self.position) + 1 or len(self.source)
        return "", None, False

    def _class(self) -> None:
        if self._peek() == "^":
            self.position += 1
        first = True
        while self.position < len(self.source) and (first or self._peek() != "]"):
            self.position += 2 if self._peek() == "\\" else 1
            first = False
        self.position += 1

    def _group(self) -> tuple[str, frozenset[str] | None, bool]:
        asserts = False
        if self._peek() == "?":
            head = _GROUP_HEAD.match(self.source, self.position)
            if head is None:
                self.position = len(self.source)
                return "", None, False
            self.position = head.end()
            if head[0].endswith(")"):
                return "", None, True
            asserts = head[0].endswith(("=", "!"))
        texts = self.alternation()
        self.position += 1
        return "", None if asserts else texts, asserts


def _longest_part(text: str) -> str:
    return max((part.strip() for part in _BLANKS.split(text)), key=len)
