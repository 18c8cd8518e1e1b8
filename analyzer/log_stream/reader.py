"""One log of any size read as its stretches come: the lines kept go to the parser, the others are counted."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator

from msgspec import Struct, field

from analyzer.log_stream.context import Context
from analyzer.log_stream.file_cutter import FileCutter, ReadAt
from analyzer.log_stream.groups import Kept
from analyzer.log_stream.kind import NotOneLogError
from analyzer.log_stream.lines import Cutter
from analyzer.log_stream.quotable import Quotable, cleaned, line_text
from analyzer.log_stream.scan import new_scan
from analyzer.log_stream.shapes import Outcome, Shapes
from analyzer.log_stream.sieve import Sieve
from parsers.container_log import KeptLine, parse_kept_lines
from parsers.decode import decode
from parsers.log_dress import bare_dress, without_controls
from parsers.log_shape import LineShape, identity, shape_of
from parsers.log_volume import volume_rows
from parsers.message_match import MessageMatcher
from parsers.source import Parsed, Source

#: bytes of a file's beginning that tell the dress of its lines
_HEAD = 256 * 1024
#: bytes of a line that the catalogue surely looks at all of
_SURELY_WHOLE = 4096
_UTF8, _LATIN1 = "utf-8", "latin-1"


class ReadLog(Struct):
    """What was read of a log; ``lines`` and ``bytes`` are those of the whole file."""

    parsed: Parsed
    source: Source
    lines: int
    bytes: int
    encoding: str
    digest: str  # equal for equal content
    quotes: Quotable = field(default_factory=Quotable)
    problems: list[str] = field(default_factory=list)


def read_log(
    pieces: Iterator[bytes] | ReadAt,
    source: Source,
    matcher: MessageMatcher,
    most: int,
    clean: Callable[[bytes], bytes] | None = None,
) -> ReadLog:
    """Read a log from its bytes.

    Args:
        pieces: the file's bytes in pieces, or what gives them from any place on;
            :func:`analyzer.log_stream.kind.is_plain_log` holds for their beginning.
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
        self.scan = new_scan(self.shapes)
        self.sieve = Sieve(self.shapes, self.scan, self._identify, self.context)
        self.encoding = _UTF8
        self.broken = self.right = 0
        self.nul = False
        self.dress = bare_dress("")

    def read(self, pieces: Iterator[bytes] | ReadAt) -> ReadLog:
        cutter = FileCutter(pieces, self.most) if callable(pieces) else Cutter(pieces, self.most)
        head: str | None = None
        while piece := cutter.next():
            if head is None:
                head = self._begin(piece.data[: piece.end])
            lines = self.scan.lines(piece)
            taken = self.sieve.feed(lines, piece.last)
            end = int(lines.ends[taken - 1]) + 1
            if not lines.plain:
                self._check(lines.data[:end])
            if self.sieve.several_logs:
                raise NotOneLogError
            cutter.take(piece, end)
        return self._finish(head or "", cutter)

    def _begin(self, data: bytes) -> str:
        head = decode(data[:_HEAD])[0]
        self.dress = bare_dress(without_controls(head))
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

    def _look(self, raw: bytes) -> LineShape:
        shape = shape_of(raw, line_text(raw, self.most), self.dress)
        if shape.foreign:
            raise NotOneLogError
        return shape

    def _identify(self, raw: bytes, shape: int) -> tuple[Hashable, Outcome]:
        text = line_text(raw, self.most)
        return identity(text, self.dress), self.shapes.outcome(shape, text)

    def _finish(self, head: str, cutter: Cutter) -> ReadLog:
        kept, more, clocks = self.sieve.finish()
        clock_numbers = {line.number for line in clocks}
        whole = sorted({line.number: line for line in (*kept, *clocks)}.values())
        plain = cleaned([line_text(line.raw, self.most) for line in whole], self.clean)
        texts = dict(zip([line.number for line in whole], plain, strict=True))
        lines = [
            KeptLine(line.number, text, more.get(line.number, 0), line.number in clock_numbers, self._alike(line))
            for line, text in zip(whole, plain, strict=True)
        ]
        parsed = parse_kept_lines(cleaned([head], self.clean)[0], lines, self.source, self.match)
        parsed.log_volume = volume_rows(self.source.path, self.sieve.volume.counts(self.shapes.levels))
        quotable = {row.line for row in parsed.log_lines} | {row.line for row in parsed.bgp}
        quotable |= {row.last_line for row in parsed.log_lines if row.last_line is not None}
        around = dict(self.context.around(quotable))
        quotes = Quotable({number: text for number, text in texts.items() if number in around}, around)
        last = lines[-1].text if lines else ""
        digest = f"{cutter.checksum:08x} {cutter.bytes} {self.sieve.lines} {last}"
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

    def _alike(self, line: Kept) -> int:
        return self.sieve.answer_of(line) if len(line.raw) <= _SURELY_WHOLE else -1

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
