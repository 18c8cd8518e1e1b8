"""Large logs of a ticket read in pieces, each by the process that comes to it first."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from analyzer.bundle import Digests, Limits, Member
from analyzer.log_stream.kind import HEAD, NotOneLogError, Opening, begin_of, opening_of
from analyzer.log_stream.quotable import Quotable
from analyzer.log_stream.workers import Claims
from analyzer.ticket import LARGE, Intake, Raw, is_large_log
from analyzer.utf16 import RestInUtf8
from parsers.decode import decode
from parsers.log_facts import container_of
from parsers.log_sections import section_sources
from parsers.message_match import MessageMatcher
from parsers.place import Hint, place
from parsers.recognize import recognize
from parsers.session import asked_source, split_session
from parsers.source import Source

if TYPE_CHECKING:
    from analyzer.log_stream.content import Content
    from analyzer.log_stream.reader import ReadLog

#: bytes of a file that is read as a whole text where it is no single log; a larger one is read output by output
_AS_TEXT = 8 * 1024 * 1024
_MOST_SEARCHED = 16 * 1024 * 1024  # bytes of a file of no known form
_UNPACKED = 4 * 1024 * 1024  # bytes of lines that may be quoted, beyond which those of further logs are packed
_MOST_PARTS = 500  # outputs of one file that are read so


class ReadText(Struct):
    """An output that is no large log: the line that it begins with, and its bytes, without secrets."""

    first_line: int
    data: Raw

    @property
    def digest(self) -> str:
        """Equal for equal content."""
        return digest_of(self.data)


class ReadFile(Struct):
    """What was read of a large file: its outputs in order.

    ``content`` tells it from others where its bytes are looked at as a whole, and not output by output.
    """

    content: str = ""
    parts: list[ReadLog | ReadText] = field(default_factory=list)
    lines: int = 0
    bytes: int = 0
    problems: list[str] = field(default_factory=list)
    quotes: list[Quotable] = field(default_factory=list)

    def add(self, log: ReadLog) -> None:
        """Take a log that was read."""
        self.parts.append(log)
        self.lines += log.lines
        self.bytes += log.bytes
        self.problems += log.problems
        self.quotes.append(log.quotes)

    @property
    def logs(self) -> list[ReadLog]:
        """The logs among the outputs."""
        return [part for part in self.parts if not isinstance(part, ReadText)]

    @property
    def digest(self) -> str:
        """Equal for equal content."""
        return self.content + " ".join(part.digest for part in self.parts)


class Share(Struct):
    """What another process read: files whose digests are known now, and large ones by their paths.

    A member among these is one that must be read as a whole text.
    """

    digests: Digests
    files: dict[str, ReadFile | Member] = field(default_factory=dict)


class LargeLogs:
    """Reads the large logs of a ticket.

    Args:
        intake: the ticket.
        matcher: the message catalogue.
        claims: says which of several processes reads a log; None where there is one only.
    """

    def __init__(self, intake: Intake, matcher: MessageMatcher | None, claims: Claims | None = None) -> None:
        self._intake = intake
        self._matcher = matcher
        self._claims = claims
        self._seen = 0
        self._quotable = 0  # bytes of lines that may be quoted, of all logs

    def is_mine(self) -> bool:
        """Count a log; whether this process reads it."""
        self._seen += 1
        return self._claims is None or self._claims.take(self._seen - 1)

    def read_share(self, number: int) -> Share:
        """Read large logs that no process has come to before; this is what another process does."""
        found = Share(self._intake.digests)
        for member in self._intake.members(at_once=LARGE):
            if member.rest is not None and is_large_log(member) and self.is_mine():
                file = self.read(member)
                if file is not None:
                    found.files[member.path] = file
        return found

    def read(self, member: Member) -> ReadFile | Member | None:
        """Give what was read in pieces, or all of it where that must be read as a whole; None if it is not at hand."""
        # numpy and pyarrow, which small tickets never load, come with it
        from analyzer.log_stream.content import PlainContent, StreamContent

        assert member.rest is not None
        rest = member.rest
        content = PlainContent(rest.plain) if rest.plain else StreamContent(member.data, rest, _AS_TEXT)
        try:
            file = self._read(member, content)
        except NotOneLogError:
            file = None
        except Exception as error:  # it is read once more, as a whole
            what = f"could not be read in pieces ({type(error).__name__}): a defect of calico-triage"
            self._intake.warn(member.path, what)
            return None
        if file is not None:
            file.problems[:0] = rest.problems
            if rest.plain:
                file.content = rest.plain.digest or member.path
            if isinstance(rest, RestInUtf8):
                file.bytes = rest.file_bytes
                for log in file.logs:
                    log.encoding = rest.encoding
            return file
        data = content.all(_AS_TEXT) if not isinstance(rest, RestInUtf8) else None
        if data is None:
            if rest.plain:
                rest.plain.take_back()
            return None
        return Member(member.path, self._clean(data), rest.problems)

    def _read(self, member: Member, content: Content) -> ReadFile | None:
        """Read one output after another; None for a file that is no single log and not too large for a whole text."""
        from analyzer.log_stream.reader import read_log

        assert self._matcher is not None
        limits, file = self._intake.limits, ReadFile()
        opening = opening_of(member.data, member.path) or Opening()
        if (opening.journal or not opening.plain) and content.all(_AS_TEXT) is not None:
            return None
        found: Opening | None = opening
        while found is not None and len(file.parts) < _MOST_PARTS:
            head = content.head(HEAD)
            begin = self._take_others(file, head, found)
            content.skip(begin)
            source = self._source_of(member.path, found, file.lines + 1, head[begin:])
            cutter = content.cutter(limits.line)
            log = read_log(cutter, source, self._matcher, limits.line, self._intake.clean, found.journal)
            content.read(log)
            self._quotable += log.quotes.size
            if self._quotable > _UNPACKED:
                log.quotes = log.quotes.packed()
            file.add(log)
            if not log.ended:
                return file
            if len(file.parts) == 1 and content.all(_AS_TEXT) is not None:
                return None
            found = opening_of(content.head(HEAD), member.path)
        self._take_text(file, content)
        return file

    def _take_others(self, file: ReadFile, head: bytes, opening: Opening) -> int:
        """Take the outputs in front of a log; give where the log begins."""
        begin = begin_of(head, opening)
        lines = head[:begin].split(b"\n")[:-1]
        others = b"\n".join(lines[: opening.others])
        if others.strip():
            file.parts.append(ReadText(file.lines + 1, self._clean(others)))
        self._keep(file, lines)
        file.lines += len(lines)
        file.bytes += begin
        return begin

    def _take_text(self, file: ReadFile, content: Content) -> None:
        """Take what is left as a text."""
        most = self._intake.limits.member_bytes
        data = content.head(most + 1)
        if len(data) > most:
            file.problems.append(f"limit reached: more than {most} bytes in one file (--limit-member-bytes); cut")
            data = data[:most]
        if data.strip():
            file.parts.append(ReadText(file.lines + 1, self._clean(data)))
        if len(data) <= HEAD:
            self._keep(file, data.split(b"\n"))
        file.lines += data.count(b"\n") + (not data.endswith(b"\n") and bool(data))
        file.bytes += len(data)

    def _keep(self, file: ReadFile, lines: Sequence[Raw]) -> None:
        """Keep lines that come next in the file, to be quoted."""
        file.quotes.append(Quotable(raw=dict(enumerate(lines, file.lines + 1))))

    def _clean(self, data: Raw) -> Raw:
        return (self._intake.clean or bytes)(data)

    def _source_of(self, path: str, opening: Opening, first_line: int, head: Raw) -> Source:
        source = asked_source(opening.command, first_line, source_at(path, place(path)))
        if opening.section is not None:
            ((_, source),) = section_sources([opening.section._replace(first_line=first_line)], source)
        if not source.container and not opening.journal:
            source = replace(source, container=container_of(decode(head)[0]))
        return source


def source_at(path: str, hint: Hint) -> Source:
    """What a path says of the text in it."""
    return Source(path, 1, hint.namespace, hint.pod, hint.container, hint.node, hint.previous)


def digest_of(data: Raw) -> str:
    """Equal for equal content."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def whole(member: Member, limits: Limits) -> Member:
    """Give a member that came in pieces with all its bytes, as far as they are read.

    What is of no known form is searched for known messages; of a large one that is done with the beginning only.

    Args:
        member: one whose ``rest`` was not taken.
        limits: ``member_bytes`` of it are read at the most; where it is cut, that is a problem of it.
    """
    most, problem = limits.member_bytes, ""
    if member.rest is not None and _of_no_known_form(member):
        most = min(most, _MOST_SEARCHED)
        problem = f"of no known form: only its first {most >> 20} MiB were looked through"
    if most == limits.member_bytes:
        problem = f"limit reached: more than {most} bytes in one file (--limit-member-bytes); cut"
    pieces, problems = [member.data], member.problems
    if member.rest is not None:
        size = len(member.data)
        for piece in member.rest.pieces():
            pieces.append(piece[: most - size])
            size += len(piece)
            if size > most:
                problems = (*problems, problem)
                break
        problems = (*member.rest.problems, *problems)
    return Member(member.path, b"".join(pieces), problems)


def _of_no_known_form(member: Member) -> bool:
    text = decode(member.data[:HEAD])[0]
    return recognize(text, member.path).kind == "unknown" and len(split_session(text)) == 1
