"""Secrets that go over several lines or are encoded: keys, block scalars, environment lists, Secret objects, base64."""

from __future__ import annotations

import base64
import binascii
import re
from bisect import bisect
from collections.abc import Callable, Iterator
from itertools import chain

from parsers.lazy_pattern import lazy_pattern

#: start, end, id of the kind
Found = tuple[int, int, str]

_BEGIN = lazy_pattern(rb"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----", re.IGNORECASE)
_END = lazy_pattern(rb"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----", re.IGNORECASE)
_KEY_LINES = 400  # lines of the longest key (RSA of 16384 bits has about 200)
_KEY_BYTES = 40_000
_BODY = lazy_pattern(rb"[A-Za-z0-9+/=]{16,}|[A-Za-z0-9+/=]+(?=[\"'\\,\s]*$)")
_HEADER = lazy_pattern(rb"[ \t]*[A-Za-z-]{2,30}: [^\r\n]*")
_BASE64 = lazy_pattern(rb"[A-Za-z0-9+/_-]{16,}={0,2}")
_ONLY_BASE64 = lazy_pattern(rb"[ \t]*[\"']?([A-Za-z0-9+/=_.-]+)[\"'\\,]*[ \t\r]*")
_LEAST_LINE = 40  # characters of a line of a text that was wrapped
_NESTED = 3
_BLOCK = lazy_pattern(rb"([ \t]*(?:- )?)[\"']?([\w./-]+)[\"']?:[ \t]*[|>][+-]?\d?[+-]?[ \t\r]*")
_OPEN_QUOTE = lazy_pattern(rb"[ \t]*(?:- )?[\"']?([\w./-]+)[\"']?:[ \t]*(?:\"(?:[^\"\\]|\\.)*|'[^']*)")
_NAMED = lazy_pattern(rb"[ \t{-]*[\"']?(?:name|key)[\"']?[ \t]*:[ \t]*[\"']?([\w./-]+)[\"']?,?[ \t\r]*", re.IGNORECASE)
_VALUE = lazy_pattern(
    rb"[ \t]*[\"']?value[\"']?[ \t]*:[ \t]*(?:\"((?:[^\"\\]|\\.)*)\"|'([^']*)'|([^\s{].*?))[ \t]*,?[ \t\r]*"
)
_INLINE = lazy_pattern(
    rb"name\\*[\"']?\s*:\s*\\*[\"']?([\w./-]+)\\*[\"']?\s*,\s*\\*[\"']?value\\*[\"']?\s*:\s*\\*[\"']?([^\"'\\,}\s]+)",
    re.IGNORECASE,
)
_FLAG = lazy_pattern(rb"[ \t]*(?:- )?[\"']?--?([a-z][\w-]*)[\"']?,?[ \t\r]*")
_ITEM = lazy_pattern(rb"[ \t]*(?:- )?[\"']?([^\s\"'-][^\s\"',]*)[\"']?,?[ \t\r]*")


def lines_after(data: bytes, end: int, most: int) -> Iterator[tuple[int, int]]:
    """Give (start, end) of the lines that follow the one that ends at ``end``."""
    for _ in range(most):
        start = end + 1
        if start > len(data) or end >= len(data):
            return
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        yield start, end


def key_spans(data: bytes, start: int, end: int) -> Iterator[Found]:
    """Private keys in PEM, in one line with ``\\n`` or over many, with or without a prefix on each line."""
    at = start
    while (begin := _BEGIN.search(data, at, end)) is not None:
        stop = _end_of_key(data, begin.end())
        if stop is not None and stop.start() <= end:
            yield begin.end(), stop.start(), "private-key"
            at = max(stop.start(), begin.end())
            continue
        if end > begin.end():
            yield begin.end(), end, "private-key"
        at = end
        # further ones in the line are hidden already; the last tells how far the key goes on, once and not for each
        *_, latest = chain([begin], _BEGIN.finditer(data, begin.end(), end))
        stop = _end_of_key(data, latest.end())
        last = stop.start() if stop is not None else len(data)
        for first, final in lines_after(data, end, _KEY_LINES):
            if first >= last:
                break
            line = data[first : min(final, last)]
            if b"REDACTED-" in line:
                continue
            bodies = list(_BODY.finditer(line.rstrip()))
            if not bodies and stop is None and line.strip() and not _HEADER.fullmatch(line):
                break  # a key that was cut off
            for body in bodies:
                yield first + body.start(), first + body.end(), "private-key"


def _end_of_key(data: bytes, begin: int) -> re.Match[bytes] | None:
    return _END.search(data, begin, min(len(data), begin + _KEY_BYTES))


def base64_spans(data: bytes, start: int, end: int, hides: Callable[[bytes], bool]) -> Iterator[Found]:
    """Base64 text that hides a secret; text that was wrapped is put together first."""
    line_end = start + len(data[start:end].rstrip(b"\r \t"))
    for match in _BASE64.finditer(data, start, end):
        pieces = [(match.start(), match.end())]
        if match.end() >= line_end and match.end() - match.start() >= _LEAST_LINE:
            pieces += list(continued(data, match.start(), match.end()))
        text = b"".join(data[first:last] for first, last in pieces)
        if _decoded_hides(text, hides, _NESTED):
            yield from ((first, last, "base64") for first, last in pieces)


def _decoded_hides(text: bytes, hides: Callable[[bytes], bool], depth: int) -> bool:
    plain = text.rstrip(b"=").replace(b"-", b"+").replace(b"_", b"/")
    for offset in range(4) if len(plain) < 4096 else (0,):  # text before it may run into it
        part = plain[offset:]
        part = part[: len(part) - (len(part) % 4 == 1)]
        try:
            raw = base64.b64decode(part + b"=" * (-len(part) % 4))
        except (binascii.Error, ValueError):
            continue
        if b"\0" in raw.rstrip(b"\0")[:-1] and raw[1::2].count(0) > len(raw) // 3:
            raw = raw[::2]
        if hides(raw):
            return True
    return False


def continued(data: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Give the parts of a wrapped text on the lines that follow: nothing but base64, as long as the line before.

    The last line of a wrapped text may be shorter. A text that does not reach its line's end is not continued.
    """
    if end - start < _LEAST_LINE or b"\n" in data[start:end]:
        return
    stop = data.find(b"\n", end)
    if stop < 0 or data[end:stop].strip(b" \t\r\"'\\,"):
        return
    length = end - start
    for first, last in lines_after(data, stop, _KEY_LINES):
        match = _ONLY_BASE64.fullmatch(data, first, last)
        if match is None or (size := match.end(1) - match.start(1)) > length + 8:
            return
        value = match[1]
        if (
            size < length
            and (re.fullmatch(rb"[A-Za-z]*|[a-z0-9.-]+", value) and not value.endswith(b"="))
            and size < 16
        ):
            return
        yield match.start(1), match.end(1)
        if size < min(length, _LEAST_LINE):
            return


def block_spans(data: bytes, start: int, end: int, sensitive: re.Pattern[bytes]) -> Iterator[Found]:
    """Values that stand below their name: block scalars, open quotes, ``name``/``value`` pairs, options in lists."""
    if match := _BLOCK.fullmatch(data, start, end):
        if sensitive.fullmatch(match[2]):
            yield from _indented(data, end, len(match[1]))
    elif (match := _OPEN_QUOTE.fullmatch(data, start, end)) and sensitive.fullmatch(match[1]):
        yield from _quoted(data, end, data[start:end])
    elif (match := _NAMED.fullmatch(data, start, end)) and sensitive.fullmatch(match[1]):
        for first, last in lines_after(data, end, 1):
            if value := _VALUE.fullmatch(data, first, last):
                if block := re.fullmatch(rb"([ \t]*)[\"']?value[\"']?:[ \t]*[|>][+-]?\d?[ \t\r]*", data[first:last]):
                    yield from _indented(data, last, len(block[1]))
                else:
                    yield *value.span(value.lastindex or 0), "password"
    elif (match := _FLAG.fullmatch(data, start, end)) and sensitive.fullmatch(match[1]):
        for first, last in lines_after(data, end, 1):
            if item := _ITEM.fullmatch(data, first, last):
                yield *item.span(1), "password"
    for pair in _INLINE.finditer(data, start, end):
        if sensitive.fullmatch(pair[1]):
            yield *pair.span(2), "password"


def _indented(data: bytes, end: int, indent: int) -> Iterator[Found]:
    """The lines of a block scalar: those that stand further in."""
    for first, last in lines_after(data, end, 2000):
        line = data[first:last]
        bare = line.strip()
        if not bare:
            continue
        own = len(line) - len(line.lstrip(b" \t"))
        if own <= indent:
            return
        yield first + own, first + own + len(bare), "password"


def _quoted(data: bytes, end: int, opening: bytes) -> Iterator[Found]:
    """The lines of a quoted scalar up to the one that closes it."""
    mark = b'"' if b'"' in opening.partition(b":")[2] else b"'"
    for first, last in lines_after(data, end, 50):
        line = data[first:last]
        own = len(line) - len(line.lstrip(b" \t"))
        close = line.find(mark)
        stop = close if close >= 0 else len(line.rstrip())
        if stop > own:
            yield first + own, first + stop, "password"
        if close >= 0:
            return


_KIND = lazy_pattern(rb"([ \t]*)(- )?[\"']?kind[\"']?:[ \t]*[\"']?Secret[\"']?,?[ \t\r]*")
_COMPACT_KIND = lazy_pattern(rb"\\*\"kind\\*\"\s*:\s*\\*\"Secret\\*\"")
_COMPACT_DATA = lazy_pattern(rb"\"(?:data|stringData)\\*\"\s*:\s*\{([^{}]*)\}")
_BRACE = lazy_pattern(rb"[{}]")
_DATA = lazy_pattern(rb"([ \t]*)(- )?[\"']?(?:data|stringData)[\"']?:[ \t]*\{?[ \t\r]*")
_ENTRY = lazy_pattern(rb"([ \t]*)[\"']?([\w.-]+)[\"']?:[ \t]*[\"']?([^\s\"'|>{][^\s\"']*)?[|>]?[+-]?[\"']?,?[ \t\r]*")
_REACH_IN_LINE = 20_000  # bytes between the two in JSON that stands in one line
_REACH = 200_000  # bytes before a kind in which the data of the same object is looked for


def secret_objects(data: bytes, start: int, end: int) -> Iterator[Found]:
    """All values of a Secret's ``data`` and ``stringData``, in YAML, JSON, or JSON in one line, whatever their keys.

    The API server gives the keys of an object in order of their names: ``data`` stands before ``kind``.
    """
    if match := _KIND.fullmatch(data, start, end):
        indent = len(match[1]) + len(match[2] or b"")
        lines = [*_before(data, start, indent), *_after(data, end, indent)]
        for first, last in lines:
            found = _DATA.fullmatch(data, first, last)
            if found and len(found[1]) + len(found[2] or b"") == indent:
                yield from _entries(data, last, indent)
        return
    if (kinds := list(_COMPACT_KIND.finditer(data, start, end))) and (
        all_data := list(_COMPACT_DATA.finditer(data, start, end))
    ):
        starts = [found.start() for found in all_data]
        for kind in kinds:
            place = bisect(starts, kind.start())
            for found in all_data[max(0, place - 1) : place + 1]:
                between = sorted((found.span(), kind.span()))
                low, high = between[0][1], between[1][0]
                if high - low <= _REACH_IN_LINE and _same_object(data, low, high):
                    yield from _members(data, *found.span(1))


def _same_object(data: bytes, start: int, end: int) -> bool:
    """Whether what stands at both ends is of one JSON object: no brace closes it between."""
    depth = 0
    for brace in _BRACE.finditer(data, start, end):
        depth += 1 if brace[0] == b"{" else -1
        if depth < 0:
            return False
    return depth == 0


def _members(data: bytes, start: int, end: int) -> Iterator[Found]:
    for match in re.compile(rb":\s*\\*\"([^\"\\]+)").finditer(data, start, end):
        yield *match.span(1), "data"


def _before(data: bytes, start: int, indent: int) -> Iterator[tuple[int, int]]:
    """Lines of the same object above ``start``."""
    low = max(0, start - _REACH)
    last = start - 1
    while last > low:
        first = data.rfind(b"\n", low, last) + 1
        line = data[first:last]
        bare = line.strip()
        own = len(line) - len(line.lstrip(b" \t"))
        item = bare.startswith(b"- ")
        if bare and (bare == b"---" or own + 2 * item < indent or _KIND.fullmatch(line)):
            return
        yield first, last
        if item and own + 2 == indent:
            return
        last = first - 1


def _after(data: bytes, end: int, indent: int) -> Iterator[tuple[int, int]]:
    for first, last in lines_after(data, end, 4000):
        line = data[first:last]
        bare = line.strip()
        own = len(line) - len(line.lstrip(b" \t"))
        if bare and (bare.startswith(b"---") or own < indent or _KIND.fullmatch(line)):
            return
        yield first, last


def _entries(data: bytes, end: int, indent: int) -> Iterator[Found]:
    for first, last in lines_after(data, end, 4000):
        line = data[first:last]
        bare = line.strip()
        if not bare:
            continue
        own = len(line) - len(line.lstrip(b" \t"))
        if own <= indent:
            return
        if match := _ENTRY.fullmatch(line):
            if match[3]:
                yield first + match.start(3), first + match.end(3), "data"
        else:
            yield first + own, first + own + len(bare), "data"
