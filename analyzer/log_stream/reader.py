"""One log of any size read as its stretches come: the lines kept go to the parser, the others are counted."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from msgspec import Struct, field

from analyzer.log_stream.context import Context
from analyzer.log_stream.forms import ContainerLog, Form, Journal
from analyzer.log_stream.groups import Kept
from analyzer.log_stream.kind import BEFORE, HEAD, NotOneLogError, goes_on
from analyzer.log_stream.lines import Cutter
from analyzer.log_stream.outlook import Outlooks
from analyzer.log_stream.quotable import Quotable, cleaned, line_text
from analyzer.log_stream.scan import Lines, new_scan
from analyzer.log_stream.shapes import Shapes
from analyzer.log_stream.sieve import Sieve
from parsers.container_log import KeptLine
from parsers.decode import decode
from parsers.log_shape import LineShape
from parsers.log_volume import volume_rows
from parsers.message_match import MessageMatcher
from parsers.message_numbers import Outcome
from parsers.source import Parsed, Source

#: bytes of a file's beginning that tell the dress of its lines
_HEAD = 256 * 1024
#: bytes of a line that the catalogue surely looks at all of
_SURELY_WHOLE = 4096
_BEFORE_BYTES = 16 * 1024  # of the lines in front of one that may begin another output
Raw = bytes  # a field of ReadLog has that name
_UTF8, _LATIN1 = "utf-8", "latin-1"


class ReadLog(Struct):
    """What was read of a log; ``lines`` and ``bytes`` are all that it has.

    Where another output begins behind it, ``ended`` holds, and ``left`` is what was taken of the pieces besides.
    """

    parsed: Parsed
    source: Source
    lines: int
    bytes: int
    encoding: str
    digest: str  # equal for equal files; perhaps some bytes behind the log count as well
    quotes: Quotable = field(default_factory=Quotable)
    problems: list[str] = field(default_factory=list)
    ended: bool = False
    left: Raw = b""
    kind: str = "log"


def read_log(
    cutter: Cutter,
    source: Source,
    matcher: MessageMatcher,
    most: int,
    clean: Callable[[bytes], bytes] | None = None,
    journal: bool = False,
) -> ReadLog:
    """Read a log from its bytes.

    Args:
        cutter: gives the log; :func:`analyzer.log_stream.kind.opening_of` says that it begins there.
        source: where it is from; ``first_line`` is added to line numbers.
        matcher: the message catalogue.
        most: characters of a line; longer ones are cut.
        clean: takes secrets out of a text; what is not kept needs no cleaning.
        journal: whether it is a journal, not a container's log.

    Raises:
        NotOneLogError: logs of several containers are in it.
    """
    return _LogReader(source, matcher, most, clean, journal).read(cutter)


class _LogReader:
    def __init__(
        self,
        source: Source,
        matcher: MessageMatcher,
        most: int,
        clean: Callable[[bytes], bytes] | None,
        journal: bool,
    ) -> None:
        self.source = source
        self.clean = clean
        self.matcher = matcher
        self.match = matcher.match
        self.most = most
        self.shapes = Shapes(self._look, matcher)
        self.context = Context()
        self.scan = new_scan(self.shapes)
        self.sieve = Sieve(self.shapes, self.scan, self._identify, self._goes_on, self.context)
        self.encoding = _UTF8
        self.broken = self.right = 0
        self.nul = False
        self.journal = journal
        self.form: Form = ContainerLog("")
        self._last_lines = b""  # of what was taken

    def read(self, cutter: Cutter) -> ReadLog:
        try:
            return self._read(cutter)
        finally:  # they refer to each other: all of it would stay until Python looks for cycles
            self.shapes.on_other = self.shapes.texts_in = None
            del self.shapes.outlooks, self.sieve, self.scan, self.shapes

    def _read(self, cutter: Cutter) -> ReadLog:
        head: str | None = None
        while piece := cutter.next():
            if head is None:
                head = self._begin(piece.data[: piece.end])
            lines = self.scan.lines(piece)
            taken = self.sieve.feed(lines, piece.last)
            end = int(lines.ends[taken - 1]) + 1 if taken else 0
            if not lines.plain:
                self._check(lines.data[:end])
            if self.sieve.several_logs:
                raise NotOneLogError
            self._last_lines = lines.data[lines.starts[max(taken - BEFORE, 0)] : end]
            cutter.take(piece, end)
            if self.sieve.ended:
                break
        return self._finish(head or "", cutter)

    def _begin(self, data: bytes) -> str:
        head = decode(data[:_HEAD])[0]
        self.form = Journal(self.match) if self.journal else ContainerLog(head)
        if self.form.key is not None:
            self.shapes.outlooks = Outlooks(self._look, self.matcher, self.shapes.words_of, (self.form.key, self.most))
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
        return self.form.shape(raw, line_text(raw, self.most))

    def _goes_on(self, lines: Lines, place: int) -> bool:
        """Whether the log goes on with a line that may begin another output."""
        first = max(place - BEFORE, 0)
        begin, at, end = lines.starts[first], lines.starts[place], lines.ends[place]
        before = lines.data[begin:at] if first else self._last_lines + lines.data[:at]
        if len(before) > _BEFORE_BYTES:
            before = before[before.find(b"\n", len(before) - _BEFORE_BYTES) + 1 :]
        behind = lines.data[end + 1 : min(lines.end, at + HEAD)]
        return goes_on(decode(before)[0], line_text(lines.data[at:end], self.most), decode(behind)[0])

    def _identify(self, raw: bytes, shape: int) -> tuple[Hashable, Outcome]:
        text = line_text(raw, self.most)
        return self.form.identity(text), self.shapes.outcome(shape, text)

    def _finish(self, head: str, cutter: Cutter) -> ReadLog:
        kept, more, clocks = self.sieve.finish()
        clock_numbers = {line.number for line in clocks}
        whole = sorted({line.number: line for line in (*kept, *clocks)}.values())
        plain = cleaned([line_text(line.raw, self.most) for line in whole], self.clean)
        texts = dict(zip([line.number for line in whole], plain, strict=True))
        lines = [
            KeptLine(line.number, text, clock=True)
            if line.number in clock_numbers
            else KeptLine(line.number, text, more.get(line.number, 0), False, self._alike(line))
            for line, text in zip(whole, plain, strict=True)
        ]
        parsed = self.form.parse(cleaned([head], self.clean)[0], lines, self.source, self.match, self.shapes.ids)
        parsed.log_volume = volume_rows(self.source.path, self.sieve.volume.counts(self.shapes.levels))
        quotes = self._quotes(parsed, texts)
        last = lines[-1].text if lines else ""
        left = cutter.left()
        size = cutter.bytes - len(left)
        digest = f"{cutter.digest} {size} {self.sieve.lines} {last}"
        return ReadLog(
            parsed,
            self.source,
            self.sieve.lines,
            size,
            self._encoding(),
            digest,
            quotes,
            self._problems(cutter),
            self.sieve.ended,
            left,
            "kubelet-journal" if self.journal else "log",
        )

    def _quotes(self, parsed: Parsed, texts: dict[int, str]) -> Quotable:
        """What may be quoted, by the numbers of lines in the file; ``texts`` are by those in the log."""
        before = self.source.first_line - 1
        quotable = {row.line for row in parsed.log_lines} | {row.line for row in parsed.bgp}
        quotable |= {row.last_line for row in parsed.log_lines if row.last_line is not None}
        around = {number + before: raw for number, raw in self.context.around(line - before for line in quotable)}
        read = {number + before: text for number, text in texts.items() if number + before in around}
        # most lines are read as they stand there: they need not be kept twice
        others = {n: text for n, text in read.items() if text.encode("utf-8", "surrogatepass") != around[n]}
        return Quotable(others, around)

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
