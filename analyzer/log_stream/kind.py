"""How a file begins that may be read line by line, and whether a log in it goes on; told from a few lines."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import islice

from msgspec import Struct

from parsers.decode import decode, is_binary
from parsers.kubelet_journal import journal_line
from parsers.log_container import is_plain_log
from parsers.log_sections import Section, split_sections
from parsers.recognize import recognize
from parsers.session import Part, split_session

#: bytes of the beginning that are looked at
HEAD = 64 * 1024
#: lines in front of one that may begin another output, and tell whether it does
BEFORE = 60
_LEAST_LINES = 5  # of a log behind other outputs
_MARKS = ("==== START logs for container ", "==== END logs for container ")


class NotOneLogError(Exception):
    """The file holds the logs of several containers in turn; it must be read as a whole."""


class Opening(Struct, frozen=True):
    """How a file begins, or the rest of one: perhaps with other outputs, then with a log that may go on for long.

    Attributes:
        first_line: of the log, from 1 on; 1 where nothing is in front of it.
        others: so many lines at the beginning are other outputs; those behind them, up to the log, are none.
        command: the command line that printed the log, where one stands in front of it.
        section: the container that the log is of, in a file of several.
        journal: whether it is the journal of a worker's services, or its kernel's, not a container's log.
    """

    first_line: int = 1
    others: int = 0
    command: str = ""
    section: Section | None = None
    journal: bool = False

    @property
    def plain(self) -> bool:
        """Whether all is the log of one container."""
        return self.first_line == 1 and not self.command and self.section is None


def opening_of(head: bytes, path: str) -> Opening | None:
    """Tell from its first bytes how a file begins; None where it must be read as a whole."""
    if b"\r" in head and b"\n" not in head:
        return None
    return _opening(head[:HEAD], path)


def begin_of(head: bytes, opening: Opening) -> int:
    """Where the log begins in a file's first bytes."""
    lines = head[:HEAD].split(b"\n", opening.first_line - 1)[: opening.first_line - 1]
    return sum(map(len, lines)) + len(lines)


def begins_log(head: bytes, path: str) -> bool:
    """Whether what begins so is a log, perhaps behind other outputs, that may be read in pieces."""
    return not is_binary(head) and opening_of(head, path) is not None


@lru_cache(maxsize=2)  # of one file it is asked when it is found, and when it is read
def _opening(head: bytes, path: str) -> Opening | None:
    text, encoding, _ = decode(head)
    if encoding not in ("utf-8", "latin-1") or "\n" not in text:
        return None
    if all(line.startswith(" ") for line in islice(filter(str.strip, text.split("\n")), 1, None)):
        return None
    if is_plain_log(text):
        return _of_kind("log", Part(1, text), 0)
    kind = recognize(text, path).kind
    parts = split_session(text)
    last = parts[-1]
    if last.first_line == 1 and not last.command:
        return _of_kind(kind, last, 0) if len(last.text) == len(text) else None
    begin = len(text) - len(last.text)
    if not text.endswith(last.text) or text.count("\n", 0, begin) != last.first_line - 1:
        return None  # quotation marks or an indentation were taken off
    if last.text.count("\n") < _LEAST_LINES:
        return None
    return _of_kind(recognize(last.text, path).kind, last, _lines_until(parts[:-1]))


def _of_kind(kind: str, last: Part, others: int) -> Opening | None:
    """The opening of a file whose last part is of a kind; None where that is no log."""
    if kind == "kubelet-journal":
        hosts = {line.parts.get("host") for text in last.text.split("\n") if (line := journal_line(text)) is not None}
        if len(hosts - {None}) > 1:
            return None  # lines of several workers are not told apart by their heads
        return Opening(last.first_line, others, last.command, journal=True)
    return _in_sections(last, others) if kind == "log" else None


def _lines_until(parts: Sequence[Part]) -> int:
    """The number of the last line of the parts."""
    return parts[-1].first_line + parts[-1].text.removesuffix("\n").count("\n") if parts else 0


def _in_sections(last: Part, others: int) -> Opening | None:
    """The opening of a file whose last part is a log, perhaps of several containers."""
    sections = split_sections(last.text)
    if not sections:
        return Opening(last.first_line, others, last.command)
    section = sections[-1]
    if not last.text.endswith(section.text) or section.text.count("\n") < _LEAST_LINES:
        return None
    before = section.first_line - 1 - bool(section.pod)  # a mark stands in front of it
    if last.text.split("\n", before)[:before] != [""] * before:
        others = last.first_line - 1 + before
    first_line = last.first_line + section.first_line - 1
    return Opening(first_line, others, last.command, section._replace(text=""))


def goes_on(before: str, line: str, behind: str) -> bool:
    """Whether a log goes on with a line that may begin another output.

    Args:
        before: whole lines of the log in front of it.
        line: the line.
        behind: the lines behind it.
    """
    if any(mark in line for mark in _MARKS):
        return False
    number = before.count("\n") + 1
    parts = split_session(f"{before}{line}\n{behind}")
    # an output begins on the line, or behind it where it is a command or a fence
    return not any(part.first_line in (number, number + 1) for part in parts if part.first_line > 1)
