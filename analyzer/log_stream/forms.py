"""What logs are made of: a container's log, or the journal of a worker's services and kernel."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Protocol

from parsers.container_log import Answers, KeptLine, parse_kept_lines
from parsers.journal_shape import journal_identity, journal_shape
from parsers.kubelet_journal import parse_kept_journal
from parsers.log_dress import bare_dress, without_controls
from parsers.log_shape import LineShape, identity, shape_of
from parsers.source import Match, Parsed, Source


class Form(Protocol):
    """How the lines of a log are read.

    Attributes:
        key: equal for logs whose lines have the same shapes; None where the names of this log tell them.
    """

    key: Hashable

    def shape(self, raw: bytes, text: str) -> LineShape:
        """Tell what holds for a line and all that differ from it in digits only."""

    def identity(self, text: str) -> Hashable:
        """Give what two lines share that are one row of the log's table."""

    def parse(self, head: str, lines: Sequence[KeptLine], source: Source, match: Match, answers: Answers) -> Parsed:
        """Read the lines that stand for all others."""


class ContainerLog:
    """See :mod:`parsers.container_log`. ``head`` is the beginning of the log."""

    def __init__(self, head: str) -> None:
        self._dress = bare_dress(without_controls(head))
        self.key: Hashable = None if self._dress.stern else ("log", self._dress.docker_newlines)

    def shape(self, raw: bytes, text: str) -> LineShape:
        """See :class:`Form`."""
        return shape_of(raw, text, self._dress)

    def identity(self, text: str) -> Hashable:
        """See :class:`Form`."""
        return identity(text, self._dress)

    def parse(self, head: str, lines: Sequence[KeptLine], source: Source, match: Match, answers: Answers) -> Parsed:
        """See :class:`Form`."""
        return parse_kept_lines(head, lines, source, match, answers)


class Journal:
    """See :mod:`parsers.kubelet_journal`."""

    def __init__(self, match: Match) -> None:
        self._match = match
        self.key: Hashable = "journal"

    def shape(self, raw: bytes, text: str) -> LineShape:
        """See :class:`Form`."""
        return journal_shape(raw, text, self._match)

    def identity(self, text: str) -> Hashable:
        """See :class:`Form`."""
        return journal_identity(text)

    def parse(self, head: str, lines: Sequence[KeptLine], source: Source, match: Match, answers: Answers) -> Parsed:
        """See :class:`Form`."""
        return parse_kept_journal(head, [(line.number, line.text, line.more) for line in lines], source, match)
