"""Large logs of a ticket read in pieces, each by the process whose share it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from analyzer.bundle import Digests, Member
from analyzer.log_stream.kind import NotOneLogError
from analyzer.ticket import LARGE, Intake, Raw, is_large_log
from parsers.decode import decode
from parsers.log_facts import container_of
from parsers.message_match import MessageMatcher
from parsers.place import place
from parsers.source import Source

if TYPE_CHECKING:
    from analyzer.log_stream.reader import ReadLog

_REPLAYED = 32 * 1024 * 1024  # bytes held until it is certain that a log can be read in pieces


class Share(Struct):
    """What another process read: files whose digests are known now, and logs by their paths."""

    digests: Digests
    logs: dict[str, ReadLog] = field(default_factory=dict)


class LargeLogs:
    """Reads the large logs of a ticket.

    Args:
        intake: the ticket.
        matcher: the message catalogue.
        shares: processes that read a share of the logs each; this one reads the first until it is given another.
    """

    def __init__(self, intake: Intake, matcher: MessageMatcher | None, shares: int) -> None:
        self._intake = intake
        self._matcher = matcher
        self._shares, self._share = shares, 0
        self._seen = 0

    def is_mine(self) -> bool:
        """Count a log; whether this process reads it."""
        self._seen += 1
        return self._seen % self._shares == self._share

    def read_share(self, share: int) -> Share:
        """Read the large logs of one share; this is what another process does."""
        self._share = share
        found = Share(self._intake.digests)
        for member in self._intake.members(at_once=LARGE):
            if member.rest is not None and is_large_log(member) and self.is_mine():
                log = self.read(member)
                if log is not None and not isinstance(log, Member):
                    found.logs[member.path] = log
        return found

    def read(self, member: Member) -> ReadLog | Member | None:
        """Give what was read of a log in pieces; where it turns out to be something else all of it, or None."""
        from analyzer.log_stream.reader import read_log  # needs numpy and pyarrow, which small tickets never load

        assert member.rest is not None and self._matcher is not None
        rest, limits, plain = member.rest, self._intake.limits, member.rest.plain
        taken: list[Raw] = []

        def pieces() -> Iterator[Raw]:
            for piece in chain([member.data], rest.pieces()):
                if rest.size <= _REPLAYED:
                    taken.append(piece)
                elif taken:
                    taken.clear()
                yield piece

        try:
            source = pieces() if plain is None else plain.read_at
            log = read_log(source, self._source_of(member), self._matcher, limits.line, self._intake.clean)
        except NotOneLogError:
            again = bool(taken) if plain is None else plain.seen <= _REPLAYED
            if plain is not None:
                plain.take_back()
            text = whole(member, limits.member_bytes, taken) if again else None
            return replace(text, data=(self._intake.clean or bytes)(text.data)) if text else None
        except Exception as error:  # it is read once more, as a whole
            what = f"could not be read in pieces ({type(error).__name__}): a defect of calico-triage"
            self._intake.warn(member.path, what)
            return None
        log.problems[:0] = rest.problems
        return log

    def _source_of(self, member: Member) -> Source:
        hint = place(member.path)
        container = hint.container or container_of(decode(member.data)[0])
        return Source(member.path, 1, hint.namespace, hint.pod, container, hint.node, hint.previous)


def whole(member: Member, most: int, before: Sequence[bytes] = ()) -> Member:
    """Give a member that came in pieces with all its bytes.

    Args:
        member: one whose ``rest`` was not taken, or not to its end.
        most: bytes of it; a longer one is cut, which is a problem of it.
        before: the bytes that were already taken.
    """
    pieces = list(before) or [member.data]
    size = sum(map(len, pieces))
    problems: tuple[str, ...] = ()
    if member.rest is not None:
        for piece in member.rest.pieces():
            if size + len(piece) > most:
                problem = f"limit reached: more than {most} bytes in one file (--limit-member-bytes); cut"
                problems = (problem,)
                pieces.append(piece[: most - size])
                break
            pieces.append(piece)
            size += len(piece)
        problems = (*member.rest.problems, *problems)
    return Member(member.path, b"".join(pieces), problems)
