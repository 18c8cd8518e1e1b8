"""Undoing what runtimes, kubectl, runit and log collectors put around each line.

Sources: CRI logging (``<time> <stream> <tag> <line>``), docker's json-file driver, kubectl ``logs --timestamps`` and
``--prefix``, stern, kail, runit's ``svlogd -tt``/``-ttt``, RFC 3164 and 5424 as journald and rsyslog print them,
fluentd, Fluent Bit and IBM Log Analysis objects. Dresses may be nested in any order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import count
from typing import Any, NamedTuple

from msgspec import Struct, field

from parsers.lazy_pattern import lazy_pattern
from parsers.log_record import MAX_LINE, Yearless, epoch_time, utc_time, with_year
from parsers.operator_log import is_log_object, json_object

_LAYERS = 6  # more dresses than this one over the other are not seen in practice
_ANSI = lazy_pattern(r"\x1b(?:\[[0-9;?]{0,40}[A-Za-z]|\([AB0])?")
_STAMP = lazy_pattern(
    r"(\d{4}-\d\d-\d\d)[T_](\d\d:\d\d:\d\d(?:\.\d{1,9})?)(Z|[+-]\d\d:\d\d)?"
    r"(?: (stdout|stderr) ([FP])(?::\S{1,20})?)?(?: |$)"
)
_PREFIX = lazy_pattern(r"\[pod/([^/\]]{1,253})/([^\]]{1,253})\] ?")
_KAIL = lazy_pattern(r"([a-z0-9][a-z0-9-]{0,62})/([a-z0-9][a-z0-9.-]{0,252})\[([a-z0-9][a-z0-9-]{0,62})\]: ?")
_STERN = lazy_pattern(r"([a-z0-9][a-z0-9.-]{0,251}[a-z0-9]) ([a-z0-9][a-z0-9-]{0,62}) (.*)", re.DOTALL)
_SYSLOG = lazy_pattern(r"([A-Z][a-z]{2}) ([ \d]\d) (\d\d:\d\d:\d\d(?:\.\d{1,6})?) (\S{1,255}) ")
_TAG = lazy_pattern(r"(kernel|kubelet|containerd|systemd|dockerd|crio|[\w./-]{1,60}(?=\[\d))(?:\[\d{1,10}\])?: ?")
_HOST_TAG = lazy_pattern(
    r"(\S{1,255}) (?=(?:kernel|kubelet|containerd|systemd|dockerd|crio|[\w./-]{1,60}\[\d{1,10}\])[\[:])"
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
#: how an undressed line of a Calico container begins; used to be sure of stern's prefix, which has no mark of its own
_INNER = lazy_pattern(
    r"\d{4}-\d\d-\d\d[ T_]\d\d:\d\d:\d\d|bird: |time=\"|[IWEF]\d{4} \d\d:|\{\"|Calico node |panic: |goroutine \d"
    r"|\[pod/|[A-Z][a-z]{2} [ \d]\d \d\d:"
)
_UNDRESSED = r"(?:\d{4}-\d\d-\d\d \d\d:|bird: )"  # no name of a pod and a container
_UNDRESSED_LINE, _OTHER_LINE = lazy_pattern(_UNDRESSED), lazy_pattern(rf"\n(?!{_UNDRESSED}|\Z)")
_DOCKER_KEYS = frozenset({"log", "stream", "time", "attrs"})
_STERN_SAMPLE, _STERN_CHARACTERS = 400, 64 * 1024  # lines, and characters, that are looked at


class Origin(NamedTuple):
    """Whose line it is, as far as its dress says."""

    pod: str = ""
    container: str = ""
    namespace: str = ""
    node: str = ""
    program: str = ""


NOWHERE = Origin()


class PlainLine(NamedTuple):
    """A line without dress: its 1-based number, text, the time of the dress (UTC), whose it is."""

    number: int
    text: str
    time: datetime | None
    origin: Origin


class _Peeled(Struct):
    text: str
    stamp: datetime | None = None
    origin: Origin = NOWHERE
    stream: str = ""
    partial: bool = False


class Dress(Struct):
    """Takes the dress off a text's lines; keeps what is needed from line to line."""

    lines: list[str]
    near: datetime | None = None  # a time near which the log was written, for stamps without year
    cut_lines: int = 0
    stern: frozenset[tuple[str, str]] = frozenset()
    docker_newlines: bool = False
    numbers: Sequence[int] | None = None  # of the lines, where they are not all lines of the file
    _open: dict[tuple[Origin, str], list[Any]] = field(default_factory=dict)

    def undressed(self) -> Iterator[PlainLine]:
        """Give the plain lines in order; pieces of a line that the runtime split are one line again."""
        for number, line in zip(self.numbers or count(1), self.lines, strict=False):
            if len(line) > MAX_LINE:
                line = line[:MAX_LINE]
                self.cut_lines += 1
            peeled = self.peel(line)
            if peeled is None:
                yield PlainLine(number, line, None, NOWHERE)
                continue
            key = (peeled.origin, peeled.stream)
            if peeled.partial or key in self._open:
                joined = self._join(key, number, peeled)
                if joined is None:
                    continue
                yield joined
            elif "\n" in peeled.text:
                for part in peeled.text.split("\n"):
                    yield PlainLine(number, part.rstrip("\r"), peeled.stamp, peeled.origin)
            else:
                yield PlainLine(number, peeled.text, peeled.stamp, peeled.origin)
        for (origin, _), (number, stamp, pieces, _) in self._open.items():
            yield PlainLine(number, "".join(pieces), stamp, origin)
        self._open.clear()

    def _join(self, key: tuple[Origin, str], number: int, peeled: _Peeled) -> PlainLine | None:
        first, stamp, pieces, size = self._open.setdefault(key, [number, peeled.stamp, [], 0])
        if size < MAX_LINE:
            pieces.append(peeled.text[: MAX_LINE - size])
            self._open[key][3] = size + len(peeled.text)
            self.cut_lines += size + len(peeled.text) > MAX_LINE
        if peeled.partial:
            return None
        del self._open[key]
        return PlainLine(first, "".join(pieces), stamp, key[0])

    def peel(self, line: str) -> _Peeled | None:
        """Take off all layers; None where there is none (the usual case, kept cheap)."""
        peeled: _Peeled | None = None
        text = line
        for _ in range(_LAYERS):
            first = text[:1]
            layer: _Peeled | None = None
            if first.isdigit():
                if text[10:11] in ("T", "_"):
                    layer = _stamped(text)
            elif first == "[":
                layer = _prefixed(text)
            elif first == "{":
                layer = self._wrapped(text)
            elif first.isalpha():
                layer = self._named(text)
            if layer is None:
                break
            text = layer.text
            if peeled is None:
                peeled = layer
                continue
            peeled.text = text
            peeled.stamp = peeled.stamp or layer.stamp
            peeled.stream = peeled.stream or layer.stream
            peeled.partial = peeled.partial or layer.partial
            peeled.origin = _merged(peeled.origin, layer.origin)
        return peeled

    def _named(self, text: str) -> _Peeled | None:
        """Take off what begins with a name: syslog, kail, stern."""
        found = _SYSLOG.match(text) if text[3:4] == " " and text[:3] in _MONTHS else None
        if found:
            stamp: Yearless = (_MONTHS.index(found[1]) + 1, int(found[2]), found[3])
            tag = _TAG.match(text, found.end())
            return _Peeled(
                text[tag.end() if tag else found.end() :],
                with_year(stamp, self.near),
                Origin(node=found[4], program=tag[1] if tag else ""),
            )
        if self.stern:
            pair = _STERN.match(text)
            if pair and ((pair[1], pair[2]) in self.stern or _INNER.match(pair[3])):
                return _Peeled(pair[3], None, Origin(pair[1], pair[2]))
            kail = _KAIL.match(text)
            if kail:
                return _Peeled(text[kail.end() :], None, Origin(kail[2], kail[3], kail[1]))
        return None

    def _wrapped(self, text: str) -> _Peeled | None:
        """Take off docker's or a collector's JSON; None where the object is the program's own record."""
        content = json_object(text)
        if content is None:
            return None
        inner = next(
            (content[key] for key in ("log", "_line", "message", "MESSAGE") if isinstance(content.get(key), str)), None
        )
        if inner is None:
            inner = content.get("msg")
            if not isinstance(inner, str) or is_log_object(content):
                return None
        partial = str(content.get("logtag", "")) == "P"
        if self.docker_newlines and "stream" in content and _DOCKER_KEYS.issuperset(content):
            partial = not inner.endswith("\n")
        return _Peeled(
            without_controls(inner).rstrip("\r\n")[:MAX_LINE],
            _object_time(content),
            _object_origin(content),
            str(content.get("stream", ""))[:20],
            partial,
        )


def undress(lines: Iterable[str]) -> Iterator[PlainLine]:
    """Give the plain lines under the dress of ``lines`` (see :class:`Dress`)."""
    return dress_of("\n".join(lines)).undressed()


def parse_time(stamp: str) -> datetime | None:
    """Read an RFC 3339 time as UTC (see :func:`parsers.log_record.utc_time`)."""
    return utc_time(stamp)


def split_lines(text: str) -> list[str]:
    r"""Split as editors count lines: at ``\n`` without ``\r`` before it; at lone ``\r`` where nothing else is."""
    if "\n" not in text and "\r" in text:
        text = text.replace("\r", "\n")
    lines = text.split("\n")
    if "\r" in text:
        lines = [line.rstrip("\r") for line in lines]
    if lines and not lines[-1]:
        lines.pop()
    return lines


def without_controls(text: str) -> str:
    """Remove colour escapes, NUL characters and byte order marks."""
    if "\ufeff" in text:
        text = text.replace("\ufeff", "")
    if "\x1b" in text:
        text = _ANSI.sub("", text)
    return text.replace("\0", "") if "\0" in text else text


def each_line_begins(begin: re.Pattern[str], other: re.Pattern[str], text: str) -> bool:
    """Whether each line begins so; ``other`` finds the end of a line behind which one does not.

    To match all lines would take more time, and ten times the memory of the text.
    """
    return begin.match(text) is not None and other.search(text) is None


def first_lines(text: str, count: int) -> str:
    """Give the beginning of a text, up to so many line ends."""
    parts = text.split("\n", count)
    return text if len(parts) <= count else text[: len(text) - len(parts[-1])]


def dress_of(text: str, near: datetime | None = None) -> Dress:
    """Prepare a text (without controls) for undressing.

    Args:
        text: the log, dressed in any way.
        near: a time near which it was written; completes stamps that have no year.
    """
    dress = bare_dress(text, near)
    dress.lines = split_lines(text)
    return dress


def bare_dress(text: str, near: datetime | None = None) -> Dress:
    """The same as :func:`dress_of`, with none of the text's lines."""
    return Dress(
        lines=[],
        near=near,
        stern=_stern_pairs(first_lines(text[:_STERN_CHARACTERS], _STERN_SAMPLE)),
        docker_newlines="\\" in text and ('\\n"' in text[:1_000_000] or '\\n"' in text[-100_000:]),
    )


@lru_cache(maxsize=4)  # of one log it is asked several times: to recognize it, to read it
def _stern_pairs(beginning: str) -> frozenset[tuple[str, str]]:
    """Find the (pod, container) pairs in front of the first lines; empty where this is no stern or kail output."""
    if "\r" not in beginning and each_line_begins(_UNDRESSED_LINE, _OTHER_LINE, beginning):
        return frozenset()
    pairs: set[tuple[str, str]] = set()
    known = seen = 0
    other_dress = Dress([])
    for line in split_lines(beginning)[:_STERN_SAMPLE]:
        if not line.strip():
            continue
        seen += 1
        if _UNDRESSED_LINE.match(line):
            continue
        text = line[:1000]
        peeled = other_dress.peel(text)
        text = peeled.text if peeled else text
        pair = _STERN.match(text)
        kail = _KAIL.match(text)
        if kail and _INNER.match(text, kail.end()):
            pairs.add((kail[2], kail[3]))
            known += 1
        elif pair and _INNER.match(pair[3]):
            pairs.add((pair[1], pair[2]))
            known += 1
    return frozenset(pairs) if known * 5 >= seen > 0 else frozenset()


def _stamped(text: str) -> _Peeled | None:
    found = _STAMP.match(text)
    if found is None:
        return None
    date, clock, zone, stream, tag = found.groups()
    if zone is None and "." not in clock:
        return None  # svlogd writes a fraction; anything else is a script's own time
    stamp = utc_time(f"{date}T{clock}{zone or ''}")
    rest = text[found.end() :]
    node = program = ""
    if zone is not None and stream is None:
        host = _HOST_TAG.match(rest)
        tag_found = _TAG.match(rest, host.end()) if host else None
        if host and tag_found:
            node, program, rest = host[1], tag_found[1], rest[tag_found.end() :]
    origin = Origin(node=node, program=program) if node else NOWHERE
    return _Peeled(rest, stamp, origin, stream or "", tag == "P")


def _prefixed(text: str) -> _Peeled | None:
    found = _PREFIX.match(text)
    return _Peeled(text[found.end() :], None, Origin(found[1], found[2])) if found else None


def _merged(outer: Origin, inner: Origin) -> Origin:
    if inner is NOWHERE:
        return outer
    return Origin(*(mine or theirs for mine, theirs in zip(outer, inner, strict=True)))


def _object_time(content: dict[str, Any]) -> datetime | None:
    for key in ("time", "@timestamp", "_ts", "timestamp", "ts", "date"):
        value = content.get(key)
        if isinstance(value, str):
            time = utc_time(value)
            if time is not None:
                return time
        elif isinstance(value, int | float) and not isinstance(value, bool):
            return epoch_time(float(value)) if abs(value) < 1e11 else epoch_time(value / 1000)
    return None


def _object_origin(content: dict[str, Any]) -> Origin:
    inner = content.get("kubernetes")
    holder: dict[str, Any] = inner if isinstance(inner, dict) else content

    def named(*keys: str) -> str:
        for key in keys:
            value = holder.get(key)
            if isinstance(value, dict):
                value = value.get("name")
            if isinstance(value, str):
                return value[:253]
        return ""

    origin = Origin(
        pod=named("pod_name", "pod", "podName"),
        container=named("container_name", "container", "containerName", "_app"),
        namespace=named("namespace_name", "namespace", "namespaceName"),
        node=named("host", "node", "node_name", "nodeName"),
    )
    return origin if any(origin) else NOWHERE
