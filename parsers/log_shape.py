"""What lines that differ in their digits only have in common, told from one of them.

A log of a gigabyte holds a few thousand such shapes. All lines of a shape are alike for the parser, up to the
process that wrote them and the names and addresses in them; what may differ is told by :class:`LineShape`.
"""

from __future__ import annotations

from collections.abc import Hashable

from msgspec import Struct

from parsers import bird_log, plain_log
from parsers.calico_log import identity_of_calico
from parsers.command import command_line
from parsers.content_cut import may_begin_another
from parsers.go_trace import begins_trace
from parsers.lazy_pattern import lazy_pattern
from parsers.log_container import container_of_line, container_of_process
from parsers.log_dress import NOWHERE, Dress, Origin
from parsers.log_line import read_prefixed
from parsers.log_record import MAX_LINE, LogRecord
from parsers.log_rows import same_message, same_text
from parsers.process_starts import CONTAINER_WORDS, START_WORDS

_STAMP = lazy_pattern(rb"\d{4}-\d\d-\d\d[T _]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?")
_STAMPS_WITHIN = 120
_CALICO_PID = lazy_pattern(rb"\]\[(?=\d{1,10}\] )")
_KLOG_PID = lazy_pattern(rb"[IWEF]\d{4} \d\d:\d\d:\d\d\.\d{6}(?= +\d{1,10} )")
_PID_WITHIN = 200
_DIGIT = lazy_pattern(r"\d")
#: words that there are with a digit and without: bird6, ip6tables, tcp6
_WITH_AND_WITHOUT = ("bird", "iptables", "icmp", "ipset", "vxlan")
_TRANSPORTS = lazy_pattern(r"(?:tcp|udp)\b")
#: messages of which each one counts: starts, lines lost
_EACH_COUNTS = (*START_WORDS, "... dropped ", "device1: Initializing")
_OF_SCRIPTS = ("trace", "alone")  # commands that a script in a log prints, see parsers.session
_OF_OTHER_KINDS = ("==== START logs for container ", "==== END logs for container ", "```", "~~~")


class LineShape(Struct, frozen=True):
    """What holds for all lines of a shape.

    Attributes:
        level: of its records, "" for none.
        message: what the catalogue is asked with, of the line looked at.
        component: as the line prints it.
        loose: the line has no prefix of its own; it may belong to the record before it.
        partial: the runtime split a long line, and the rest of it follows in the next one.
        timed: the line has a time, its own or its dress's.
        named: names or addresses in it hold digits: its lines may tell of different things.
        counted: each line of it counts by itself (a start of a process, lines lost, a panic).
        restart: it is the first that a container logs when it starts.
        change: it tells a change of a BGP protocol's state, or an error of one.
        pid_at: where the process id begins, -1 where there is none or no fixed place.
        stamp: begin and end of the times at its head, (0, 0) where there are none.
        dated: the time that begins there has a year, a month and a day, in this order.
        container: the container that writes such lines, where only one does and no dress says it.
        foreign: the line may begin something else than a log: a command, another output, a fence.
    """

    level: str = ""
    message: str = ""
    component: str = ""
    loose: bool = False
    partial: bool = False
    timed: bool = False
    named: bool = False
    counted: bool = False
    restart: bool = False
    change: bool = False
    pid_at: int = -1
    stamp: tuple[int, int] = (0, 0)
    dated: bool = True
    container: str = ""
    foreign: bool = False


def shape_of(raw: bytes, text: str, dress: Dress) -> LineShape:
    """Tell what holds for a line and all that differ from it in digits only.

    Args:
        raw: the line's bytes.
        text: the same, decoded.
        dress: knows the dress of the file's lines.
    """
    plain, origin, stamped, partial = _undressed(text, dress)
    records = _records(plain)
    first = records[0] if records else None
    loose = first is None or first.kind == "plain"
    stamp = _stamp(raw)
    return LineShape(
        level=first.level if first else "",
        message="\n".join(record.match_text or record.message for record in records),
        component=first.component if first else "",
        loose=loose,
        partial=partial,
        timed=stamped or any(record.own_time or record.yearless is not None for record in records),
        named=(origin is not NOWHERE and any(_DIGIT.search(word) for word in origin))
        or any(_names(record) for record in records),
        counted=any(_counts(record) for record in records),
        restart=any(record.message.startswith(CONTAINER_WORDS) for record in records),
        change=any(record.kind == "bird" and bird_log.bgp_change(record.message) for record in records),
        pid_at=_pid_at(raw) if first is not None and first.pid is not None else -1,
        stamp=stamp,
        container="" if origin.container else _container(plain, first),
        foreign=loose and bool(text.strip()) and begins_another(text),
    )


def identity(text: str, dress: Dress) -> Hashable:
    """Give what two lines share that are one row of the log's table, as far as a line by itself tells."""
    plain, origin, _, _ = _undressed(text, dress)
    calico = identity_of_calico(plain) if plain[10:11] == " " and "\n" not in plain else None
    if calico is not None:
        *who, message = calico
        return origin, (*who, same_text(message))
    return (
        origin,
        *(
            (record.component, record.pid, record.level, record.source, same_message(record))
            for record in _records(plain)
        ),
    )


def _undressed(text: str, dress: Dress) -> tuple[str, Origin, bool, bool]:
    peeled = dress.peel(text[:MAX_LINE])
    if peeled is None:
        return text[:MAX_LINE], NOWHERE, False, False
    return peeled.text, peeled.origin, peeled.stamp is not None, peeled.partial


def _records(plain: str) -> list[LogRecord]:
    """The records that begin on a line; a line that may go on with another record is one of kind plain."""
    if "\n" in plain:
        return [record for part in plain.split("\n") for record in _records(part)]
    record = read_prefixed(plain)
    if record is not None:
        return [record]
    if bird_log.is_bird(plain):
        return [
            LogRecord(kind="bird", message=message, component=bird_log.daemon_of(message))
            for message in bird_log.messages(plain)
        ]
    if not plain.strip():
        return []
    level = "PANIC" if begins_trace(plain) else plain_log.level_of(plain)
    return [LogRecord(kind="plain", message=plain.strip(), level=level)]


def _container(plain: str, first: LogRecord | None) -> str:
    """The container that writes such lines, "" where several do."""
    if first is None:
        return ""
    return container_of_process(first.component) or container_of_line(plain)


def _names(record: LogRecord) -> bool:
    """Whether something stays that has digits once numbers and times are left out."""
    words = (same_message(record), record.component, record.source)
    return any(_DIGIT.search(word) or _may_have_a_digit(word) for word in words if word)


def _may_have_a_digit(text: str) -> bool:
    small = text.lower()
    found = any(name in small for name in _WITH_AND_WITHOUT)
    return found or (("tcp" in small or "udp" in small) and _TRANSPORTS.search(small) is not None)


def _counts(record: LogRecord) -> bool:
    return record.level == "PANIC" or record.message.startswith(_EACH_COUNTS)


def _stamp(raw: bytes) -> tuple[int, int]:
    found = list(_STAMP.finditer(raw, 0, _STAMPS_WITHIN))
    return (found[0].start(), found[-1].end()) if found else (0, 0)


def _pid_at(raw: bytes) -> int:
    found = _CALICO_PID.search(raw, 0, _PID_WITHIN) or _KLOG_PID.search(raw, 0, _PID_WITHIN)
    return found.end() if found else -1


def begins_another(text: str) -> bool:
    """Whether a line without prefix may be a command, a fence, a quotation or the head of another output."""
    command = command_line(text)
    return (
        text.startswith(">")
        or any(mark in text for mark in _OF_OTHER_KINDS)
        or may_begin_another(text)
        or (command is not None and command.prompt not in _OF_SCRIPTS)
    )
