"""One log of any size read as its stretches come: the lines kept go to the parser, the others are counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from analyzer.log_stream.context import Context
from analyzer.log_stream.kind import NotOneLogError
from analyzer.log_stream.lines import Cutter
from analyzer.log_stream.shapes import Shapes
from analyzer.log_stream.sieve import Sieve
from parsers.container_log import KeptLine, parse_kept_lines
from parsers.decode import decode
from parsers.log_dress import dress_of, without_controls
from parsers.log_shape import LineShape, identity, shape_of
from parsers.log_volume import volume_rows
from parsers.message_match import MessageMatcher
from parsers.source import Parsed, Source

try:
    from isal.isal_zlib import crc32
except ImportError:
    from zlib import crc32

#: bytes of a file's beginning that tell the dress of its lines
_HEAD = 256 * 1024
_UTF8, _LATIN1 = "utf-8", "latin-1"


@dataclass(slots=True)
class ReadLog:
    """What was read of a log; ``lines`` and ``bytes`` are those of the whole file."""

    parsed: Parsed
    source: Source
    lines: int
    bytes: int
    encoding: str
    digest: str  # equal for equal content
    quotes: dict[int, str] = field(default_factory=dict)  # lines that may be quoted, with those around them
    problems: list[str] = field(default_factory=list)


def read_log(
    pieces: Iterator[bytes],
    source: Source,
    matcher: MessageMatcher,
    most: int,
    clean: Callable[[bytes], bytes] | None = None,
) -> ReadLog:
    """Read a log from its bytes, in pieces.

    Args:
        pieces: the file's bytes; :func:`analyzer.log_stream.kind.is_plain_log` holds for their beginning.
        source: where it is from.
        matcher: the message catalogue.
        most: characters of a line; longer ones are cut.
        clean: takes secrets out of a text; what is not kept needs no cleaning.

    Raises:
        NotOneLogError: something else turned up in it.
    """
    return _LogReader(source, matcher, most, clean).read(pieces)


class _LogReader:
    def __init__(
        self, source: Source, matcher: MessageMatcher, most: int, clean: Callable[[bytes], bytes] | None = None
    ) -> None:
        self.source = source
        self.clean = clean
        self.match = matcher.match
        self.most = most
        self.shapes = Shapes(self._look, matcher)
        self.context = Context()
        self.sieve = Sieve(self.shapes, self._identify, self.context)
        self.digest = 0
        self.encoding = _UTF8
        self.broken = self.right = 0
        self.long_lines = 0
        self.nul = False
        self.dress = dress_of("")

    def read(self, pieces: Iterator[bytes]) -> ReadLog:
        cutter = Cutter(pieces, self.most)
        head = ""
        while stretch := cutter.next():
            data, end = stretch
            if not head:
                head = self._begin(data[:end])
            taken = self.sieve.feed(data, end, cutter.last)
            if not self.sieve.plain:
                self._check(data[:taken])
            self.digest = crc32(memoryview(data)[:taken], self.digest)
            if self.sieve.several_logs:
                raise NotOneLogError
            cutter.give_back(data[taken:end])
        return self._finish(head, cutter)

    def _begin(self, data: bytes) -> str:
        head = decode(data[:_HEAD])[0]
        self.dress = dress_of(without_controls(head), None)
        return head

    def _check(self, data: bytes) -> None:
        """Note what is wrong with the bytes of a stretch."""
        self.nul = self.nul or b"\0" in data
        try:
            data.decode(_UTF8)
        except UnicodeDecodeError:
            text = data.decode(_UTF8, "replace")
            broken = text.count("\ufffd")
            self.broken += broken
            self.right += len(text) - broken - len(text.encode("ascii", "ignore"))

    def _text(self, raw: bytes) -> str:
        raw = raw[: 4 * self.most].rstrip(b"\r")
        if raw.isascii() and (text := raw.decode("ascii")).isprintable():
            return text[: self.most]
        return decode(raw.replace(b"\r", b" "))[0][: self.most]

    def _look(self, raw: bytes) -> LineShape:
        shape = shape_of(raw, self._text(raw), self.dress)
        if shape.foreign:
            raise NotOneLogError
        return shape

    def _identify(self, raw: bytes, shape: int) -> object:
        text = self._text(raw)
        return identity(text, self.dress), self.shapes.outcome(shape, text)

    def _finish(self, head: str, cutter: Cutter) -> ReadLog:
        kept, more, clocks = self.sieve.finish()
        clock_numbers = {line.number for line in clocks}
        raw = sorted({**{line.number: line.raw for line in kept}, **{line.number: line.raw for line in clocks}}.items())
        texts = dict(
            zip([number for number, _ in raw], self._cleaned([self._text(line) for _, line in raw]), strict=True)
        )
        lines = [KeptLine(number, text, more.get(number, 0), number in clock_numbers) for number, text in texts.items()]
        parsed = parse_kept_lines(self._cleaned([head])[0], lines, self.source, self.match)
        parsed.log_volume = volume_rows(self.source.path, self.sieve.volume.counts(self.shapes.levels))
        quotable = {row.line for row in parsed.log_lines} | {row.line for row in parsed.bgp}
        quotable |= {row.last_line for row in parsed.log_lines if row.last_line is not None}
        around = list(self.context.around(quotable))
        quoted = self._cleaned([texts.get(number) or self._text(line) for number, line in around])
        quotes = dict(zip([number for number, _ in around], quoted, strict=True))
        last = lines[-1].text if lines else ""
        digest = f"{self.digest:08x} {cutter.bytes} {self.sieve.lines} {last}"
        return ReadLog(
            parsed,
            self.source,
            self.sieve.lines,
            cutter.bytes,
            self._encoding(),
            digest,
            quotes,
            self._problems(cutter),
        )

    def _cleaned(self, texts: list[str]) -> list[str]:
        """The texts without secrets; they are looked at together, because one may go over several lines."""
        if self.clean is None:
            return texts
        whole = "\n".join(texts)
        clean = self.clean(whole.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")
        if clean == whole:
            return texts
        if clean.count("\n") == whole.count("\n"):
            lines = iter(clean.split("\n"))
            return ["\n".join(next(lines) for _ in range(text.count("\n") + 1)) for text in texts]
        return [self.clean(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass") for text in texts]

    def _encoding(self) -> str:
        return _LATIN1 if self.broken > 1 and self.right <= self.broken else _UTF8

    def _problems(self, cutter: Cutter) -> list[str]:
        problems = []
        if self.broken:
            latin = self._encoding() == _LATIN1
            problems.append("not UTF-8: read as Latin-1" if latin else "some bytes are not UTF-8")
        if self.nul:
            problems.append("NUL characters were taken out")
        if cutter.dropped_lines:
            what = f"{cutter.dropped_lines} lines of more than {self.most} characters were cut (--limit-line)"
            problems.append(f"limit reached: {what}")
        if self.shapes.beyond:
            problems.append(f"{self.shapes.beyond} lines that differ in names only were counted, not looked at")
        return problems
