"""Finding what must never leave in text: one pass of literals, then the rules on the few lines that hold one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import ahocorasick_rs

from analyzer.redaction.blocks import base64_spans, block_spans, continued, key_spans, secret_objects
from analyzer.redaction.rules import Rule, load_rules
from parsers.lazy_pattern import lazy_pattern

#: parts of the keys of assignments; a line without any has none
_ASSIGNED = (
    b"passw", b"passphrase", b"passcode", b"pwd", b"pikey", b"pi_key", b"pi-key", b"ss_key", b"ss-key", b"sskey",
    b"t_key", b"t-key", b"tkey", b"e_key", b"e-key", b"ekey", b"n_key", b"n-key", b"nkey", b"g_key", b"g-key", b"gkey",
    b"secret", b"token", b"credential", b"psk", b"community", b"sessionid", b"session_id", b"session-id", b"private",
    b"salt", b"nonce",
)  # fmt: skip
_KEY_BEGIN = b"private key"
_SECRET_KIND = b"secret"
_LONG = 200  # bytes of a value from which on it is not searched for keys itself
_NEAR = 24  # bytes between a key's telling word and the sign of assignment, or a line's end
#: what an earlier pass left is no sign of a secret around it: "token:password=REDACTED-password"
_DONE = lazy_pattern(rb"REDACTED-[a-z0-9-]+")
_NAME_PART = lazy_pattern(rb"[g-z][a-z]{2,}|[a-z]{3,}(?<![a-f]{3})")


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A part of a text to replace: from ``start`` up to ``end``; ``kind`` is the id of the rule."""

    start: int
    end: int
    kind: str = field(compare=False)
    text: bytes = field(compare=False, default=b"")  # what takes its place


class Secrets:
    """Finds and replaces secrets; the same text always gives the same result, and a second pass changes nothing."""

    def __init__(self) -> None:
        known = load_rules()
        self._rules = known.rules
        words: dict[bytes, set[int]] = {}
        for number, rule in enumerate(known.rules):
            for word in rule.keywords:
                words.setdefault(word, set()).add(number)
        self._assigned, self._key, self._encoded, self._named, self._kind = range(
            len(known.rules), len(known.rules) + 5
        )
        for word in _ASSIGNED:
            words.setdefault(word, set()).add(self._assigned)
        words.setdefault(_KEY_BEGIN, set()).add(self._key)
        for word in known.cores:
            words.setdefault(word, set()).add(self._encoded)
        self._meaning = [words[word] for word in words]
        self._automaton = ahocorasick_rs.BytesAhoCorasick(list(words), implementation=ahocorasick_rs.Implementation.DFA)
        self._assignment = re.compile(_ASSIGNMENT.replace("STRONG", known.strong).replace("WEAK", known.weak).encode())
        self._sensitive = re.compile(
            rf"(?i)[\w.-]*(?:{known.strong}|{known.weak})(?:[_-]?\d+)?".encode()
        )  # a whole name
        self._unless = known.unless

    def redact(self, data: bytes) -> bytes:
        """Give the text with every secret replaced, and with as many lines."""
        return replaced(data, self.spans(data))

    def spans(self, data: bytes) -> list[Span]:
        """Give what is to be replaced, in order and without overlaps."""
        found: list[Span] = []
        for start, end, wanted in self._lines(data):
            line = data[start:end]
            for number in wanted:
                if number < self._assigned:
                    found.extend(_of_rule(self._rules[number], line, start))
            if self._assigned in wanted:
                found.extend(self._assignments(line, start))
            if self._named in wanted:
                for first, last, kind in block_spans(data, start, end, self._sensitive):
                    if not self._unless.fullmatch(data[first:last]):
                        found.append(Span(first, last, kind))
            if self._kind in wanted:
                found.extend(Span(*item) for item in secret_objects(data, start, end))
            if self._key in wanted:
                found.extend(Span(*item) for item in key_spans(data, start, end))
            if self._encoded in wanted:
                found.extend(Span(*item) for item in base64_spans(data, start, end, self._hides))
        more = [Span(first, last, span.kind) for span in found for first, last in continued(data, span.start, span.end)]
        return _merged([*found, *more], data)

    def _lines(self, data: bytes) -> Iterator[tuple[int, int, set[int]]]:
        """Give the lines that hold a literal: start, end, and what the literals may mean."""
        start = end = -1
        wanted: set[int] = set()
        low = data.lower()
        for word, at, stop in self._automaton.find_matches_as_indexes(low, overlapping=True):
            if at >= end:
                if wanted:
                    yield start, end, wanted
                start = data.rfind(b"\n", max(end, 0), at) + 1 or max(end + 1, 0)
                end = data.find(b"\n", at)
                end = len(data) if end < 0 else end
                wanted = set()
            meaning = self._meaning[word]
            if self._assigned in meaning:
                meaning = self._narrowed(meaning, low, at, stop, end)
            wanted |= meaning
        if wanted:
            yield start, end, wanted

    def _narrowed(self, meaning: set[int], low: bytes, at: int, stop: int, end: int) -> set[int]:
        """What a word such as "token" may mean where it stands; most often nothing."""
        made = meaning - {self._assigned}
        near = low[stop : min(stop + _NEAR, end)]
        if b":" in near or b"=" in near:
            made |= {self._assigned, self._named}
        elif end - stop < _NEAR:
            made |= {self._named}
        if low.startswith(_SECRET_KIND, at) and b"kind" in low[max(0, at - _NEAR) : at]:
            made |= {self._kind}
        return made

    def _hides(self, text: bytes) -> bool:
        """Whether decoded text holds a secret."""
        return any(True for _ in self.spans(text))

    def _assignments(self, line: bytes, offset: int) -> Iterator[Span]:
        """Values of ``password: x``, ``TOKEN=x``, ``"secret": "x"`` and their like."""
        position = 0
        while match := self._assignment.search(line, position):
            group = match.lastgroup or ""
            first, last = match.span(group)
            last = _bare_end(line, first, last, match["sep"]) if group == "bare" else last
            value = line[first:last]
            telling = match["strong"] or looks_random(_DONE.sub(b"", value))
            taken = value and not self._unless.fullmatch(value) and telling
            if taken:
                yield Span(offset + first, offset + last, "password" if match["strong"] else "secret")
            # a value that is none may hold a key: "token: token: x"
            position = last if taken or last - first > _LONG else max(first, match.end("sep"))


def _bare_end(line: bytes, first: int, last: int, sign: bytes) -> int:
    """Where a value without quotes ends; ``first`` where it is prose: "invalid password: access denied"."""
    if not line[last:].strip():
        return first + len(line[first:last].rstrip(b"\"'`,;)}]\\"))
    cut = re.search(rb"[\"',;&}\]\\]", line[first:last])
    last = first + cut.start() if cut else last
    spaced = sign.endswith((b" ", b"\t")) and b"=" not in sign
    return first if spaced and not _ends(line, last) and not looks_random(line[first:last]) else last


_ASSIGNMENT = (
    r"(?i)(?<!REDACTED-)(?:(?P<strong>STRONG)|WEAK)(?:[_-]?\d{1,3})?\\*[\"']?"
    r"(?P<sep>[ \t]{0,80}(?:=>|:=|[:=])[ \t]*)(?:"
    r'"(?P<double>(?:[^"\\]|\\.)*)|'
    r'\\+"(?P<escaped>[^"\\]*(?:\\+[^"\\][^"\\]*)*)|'
    r"'(?P<single>[^']*)|"
    r"(?P<bare>[^\s\"'][^\s]*))"
)


def _ends(line: bytes, at: int) -> bool:
    return line[at : at + 1] in (b"", b",", b"}", b"]", b"\r", b"\\", b"&", b";")


def looks_random(value: bytes) -> bool:
    """Whether a value of a key such as ``token`` or ``secret`` is one, not a name, a word or a path.

    Names of Kubernetes objects are lower-case words joined by dashes or dots; a secret mixes classes of characters.
    """
    if len(value) < 8 or b" " in value.strip() or b"/" in value[:1] or b"://" in value:
        return False
    if re.fullmatch(rb"\d+(?:\.\d+)?[a-z%]*|[\d:.TZ+-]+|[a-z0-9./-]+\.go(?::\d+)?", value):
        return False
    if re.fullmatch(rb"[a-z0-9]+(?:[.:/-][a-z0-9]+)+[.:,]?", value):
        return not any(_NAME_PART.fullmatch(part) for part in re.split(rb"[.:/-]", value))
    classes = sum(bool(re.search(kind, value)) for kind in (rb"[a-z]", rb"[A-Z]", rb"[0-9]", rb"[^A-Za-z0-9]"))
    if re.fullmatch(rb"[A-Za-z]+", value) or re.fullmatch(rb"(?:[A-Z][a-z0-9]+)+", value):
        return len(value) >= 24 and classes > 1 and b"secret" not in value.lower()
    return bool(re.search(rb"[0-9]", value)) or classes > 2


def _of_rule(rule: Rule, line: bytes, offset: int) -> Iterator[Span]:
    for match in rule.pattern.finditer(line):
        group = match.lastgroup or 0
        first, last = match.span(group)
        value = line[first:last]
        if not value or (rule.unless and rule.unless.fullmatch(value)) or value.startswith(b"REDACTED"):
            continue
        yield Span(offset + first, offset + last, rule.id, same_shape(value) if rule.id_like else b"")


def same_shape(value: bytes) -> bytes:
    """Give an identifier of the same length and kind of characters: always the same one for the same value.

    A value that was made so is given back as it is: it begins with ``x`` where no hexadecimal number does.
    """
    if value.startswith(b"xx"):
        return value
    made = hashlib.sha256(b"calico-triage:" + value).hexdigest() * (1 + len(value) // 64)
    return (b"xx" + made.encode())[: len(value)]


def _merged(spans: Iterable[Span], data: bytes) -> list[Span]:
    """Spans in order; of those that overlap one over all of them, unless a line ends within it."""
    merged: list[Span] = []
    for span in sorted(spans):
        if span.start >= span.end or data.startswith(b"REDACTED-", span.start, span.end):
            continue
        if merged and span.start < merged[-1].end:
            last = merged[-1]
            if span.kind == "email":  # what stands before the @ is a password, and what follows its host
                continue
            if span.end > last.end:
                merged[-1] = Span(last.start, span.end, last.kind, b"" if last.text or span.text else last.text)
            continue
        merged.append(span)
    return merged


def replaced(data: bytes, spans: Iterable[Span]) -> bytes:
    """Give the text with the spans replaced; a span over several lines keeps its line ends."""
    parts: list[bytes] = []
    position = 0
    for span in spans:
        parts.append(data[position : span.start])
        value = data[span.start : span.end]
        name = b"REDACTED-" + span.kind.encode()
        lines = value.count(b"\n")
        parts.append(span.text or (name if not lines else b"\n".join([name] * (lines + 1))))
        position = span.end
    parts.append(data[position:])
    return b"".join(parts)
