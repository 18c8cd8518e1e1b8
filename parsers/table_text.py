"""Tables as ``kubectl get`` prints them: headings, columns by position, the command in front.

kubectl pads cells to the widest of their column plus three blanks (``GetNewTabWriter``: width 6, padding
3), so a column begins where its heading does. Cells may hold single or double blanks themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct, field

from parsers.ages import AGE, EVENT_AGE
from parsers.lazy_pattern import lazy_pattern
from parsers.prompt import is_command
from parsers.resource_kinds import kind_of

_HEADING = r"[A-Z][A-Z0-9%/_.*-]*(?: [A-Z][A-Z0-9%/_.-]*)*(?:\([A-Za-z%]{1,12}\))?"
_HEADER = lazy_pattern(rf" *{_HEADING}(?: {{2,}}{_HEADING})* *")
_CELL_START = lazy_pattern(r"(?:^ ?|(?<=  ))(\S)")
_FIRST = frozenset({"NAMESPACE", "NAME", "LAST SEEN", "LASTSEEN", "POD"})
_EVENT_AGE = lazy_pattern(EVENT_AGE)
_WIDE_EVENT = lazy_pattern(rf" *(?:[a-z0-9.-]+ {{2,}})?{EVENT_AGE} ")
_WIDE_END = lazy_pattern(rf"(?<! ) {{2,}}{AGE} {{2,}}\d+ {{2,}}\S+ *$")
_NONE = lazy_pattern(r"No resources found(?: in (?P<namespace>\S+) namespace)?\.?")
_NOISE = lazy_pattern(
    r"(?:[WEI]\d{4} \d\d:|Warning: |warning: |Error from server|error: |The connection to the server|Unable to connect)"
)
_LONG = 4000  # no event has a line as long: kubelets cut messages at 1 kB
_FILTERS = frozenset({"grep", "egrep", "awk", "head", "tail", "sed", "fgrep", "zgrep"})
_FILTER_FLAGS = ("-l", "--selector", "--field-selector", "-f", "--filename")


class Command(Struct):
    """A ``kubectl get`` command line: what it asks for and whether it leaves something out."""

    kind: str = ""
    namespace: str = ""  # "*" with -A
    filtered: bool = False
    known: bool = False


class Table(Struct):
    """One table: headings, and rows of cells with their line numbers.

    Without a header there are no headings, and a row is one cell: the whole line.
    """

    columns: list[str]
    rows: list[tuple[int, list[str]]] = field(default_factory=list)
    line: int = 1
    command: Command = field(default_factory=Command)
    none_found: bool = False  # "No resources found"


def read_command(line: str) -> Command:
    """Read what a prompt line with a kubectl, oc or calicoctl command asks for."""
    pieces = line.split("|")
    words = re.split(r"[<>;&]|\d>", pieces[0])[0].split()
    command = Command(known=True)
    command.filtered = any(piece.split()[:1] and piece.split()[0] in _FILTERS for piece in pieces[1:])
    verb = next((index for index, word in enumerate(words) if word in ("get", "top", "events", "describe")), None)
    if verb is None:
        return command
    names = 0
    skip = False
    for index, word in enumerate(words):
        if skip:
            skip = False
            continue
        name, _, value = word.partition("=")
        if name in ("-n", "--namespace"):
            skip = not value
            command.namespace = value or (words[index + 1] if index + 1 < len(words) else "")
        elif re.fullmatch(r"-n[a-z].*", word):
            command.namespace = word[2:]
        elif word in ("-A", "--all-namespaces"):
            command.namespace = "*"
        elif name in _FILTER_FLAGS:
            command.filtered = True
            skip = not value
        elif name in ("-o", "--output", "--sort-by", "-L", "--label-columns", "--context", "--kubeconfig", "-c"):
            skip = not value
        elif index > verb and not word.startswith("-"):
            names += 1
            if names == 1:
                command.kind = kind_of(word.partition("/")[0].partition(",")[0])
    command.filtered = command.filtered or names > 1 or ("/" in " ".join(words[verb:]) and names == 1)
    if words[verb] == "events":
        command.kind, command.filtered = "Event", "--for" in pieces[0]
    return command


def read_tables(lines: Sequence[str], first_line: int, above: str = "") -> tuple[list[Table], list[str]]:
    """Find all tables of a text; also give the lines that belong to none and say something.

    ``above`` is the command line that printed the text, where it is known.
    """
    tables: list[Table] = []
    left: list[str] = []
    command = read_command(above) if above else Command()
    starts: list[int] = []
    current: Table | None = None
    for index, line in enumerate(lines):
        if not line.strip():
            current = _after_blank(current, lines, index)
        elif is_command(line):
            command, current = read_command(line), None
        elif none := _NONE.fullmatch(line.strip()):
            found = Command(command.kind, none["namespace"] or command.namespace, command.filtered, command.known)
            tables.append(Table([], [], first_line + index, found, none_found=True))
            current = None
        elif is_table_header(line):
            columns, starts = _columns(line)
            current = Table(columns, [], first_line + index, command)
            tables.append(current)
        elif _NOISE.match(line.strip()):
            left.append(line)
        elif current is not None and current.columns[-1:] == ["MESSAGE"] and "OBJECT" in current.columns:
            _add_event(current, first_line + index, line)
        elif current is not None and "LAST SEEN" in current.columns:
            _add_wide_event(current, first_line + index, line, starts)
        elif current is not None and current.columns:
            current.rows.append((first_line + index, _cells(line, starts)))
        else:
            if current is None:
                current = Table([], [], first_line + index, command)
                tables.append(current)
            current.rows.append((first_line + index, [line.rstrip()]))
    return tables, left


def _add_event(table: Table, number: int, line: str) -> None:
    """Add a row whose last cell is free text, or a further line of that text.

    ``kubectl events`` prints messages with their line breaks, and aligns anew behind them.
    """
    cells = split_cells(line, len(table.columns))
    position = table.columns.index("LAST SEEN") if "LAST SEEN" in table.columns else 0
    if len(cells) > position and _EVENT_AGE.fullmatch(cells[position]) and len(cells) >= len(table.columns) - 1:
        table.rows.append((number, cells))
    elif table.rows:
        _go_on(table, len(table.columns) - 1, "\n" + line)


def _add_wide_event(table: Table, number: int, line: str, starts: Sequence[int]) -> None:
    """Add a row with columns behind the message. Old kubectl prints the message's line breaks there too."""
    cells = _cells(line, starts)
    if _WIDE_EVENT.match(line) and _aligned_event(table, cells):
        table.rows.append((number, cells))
        return
    parts = split_cells(line, 99)
    lead = table.columns.index("LAST SEEN")
    message = table.columns.index("MESSAGE") if "MESSAGE" in table.columns else len(cells) - 1
    if len(parts) > lead + 3 and _EVENT_AGE.fullmatch(parts[lead]) and "/" in parts[lead + 3]:
        row = [*parts[: lead + 4], *[""] * len(table.columns)][: len(table.columns)]
        row[message] = "  ".join(parts[lead + 4 :])
        table.rows.append((number, row))
    elif table.rows:
        _go_on(table, message, "\n" + (_WIDE_END.sub("", line) if len(line) < _LONG else line))


def _go_on(table: Table, column: int, text: str) -> None:
    """Add to a cell of the last row, which may not have that many."""
    cells = table.rows[-1][1]
    cells.extend([""] * (column + 1 - len(cells)))
    cells[column] += text


def _aligned_event(table: Table, cells: Sequence[str]) -> bool:
    row = dict(zip(table.columns, cells, strict=False))
    return bool(_EVENT_AGE.fullmatch(row.get("LAST SEEN", "")) and re.fullmatch(r"[\w.]+/\S+", row.get("OBJECT", "")))


def split_cells(line: str, count: int) -> list[str]:
    """Cut a line at tabs and at gaps of two and more blanks into at most ``count`` cells; the last keeps its gaps."""
    return re.split(r" *\t *| {2,}", line.strip(), maxsplit=max(count - 1, 0))


def _after_blank(current: Table | None, lines: Sequence[str], index: int) -> Table | None:
    """A blank line ends a table, except within the text of an event."""
    if current is None or "OBJECT" not in current.columns:
        return None
    following = next((line for line in lines[index + 1 : index + 50] if line.strip()), "")
    if not following or is_table_header(following) or is_command(following):
        return None
    if current.rows and "MESSAGE" in current.columns:
        _go_on(current, current.columns.index("MESSAGE"), "\n")
    return current


def is_table_header(line: str) -> bool:
    """Whether the line is the heading of a table."""
    if not line.lstrip().startswith(("NAME", "LAST", "POD")):  # cheap to ask; each of _FIRST begins so
        return False
    if not _HEADER.fullmatch(line.replace("\t", "  ")):
        return False
    columns = _columns(line)[0]
    return columns[0] in _FIRST and (len(columns) > 1 or columns[0] == "NAME")


def _columns(line: str) -> tuple[list[str], list[int]]:
    """Give the headings and where they start; nowhere in particular if a paste has tabs between them."""
    line = line.rstrip()
    if "\t" in line:
        return [heading.strip() for heading in re.split(r"\t+", line.strip())], []
    starts = [match.start(1) for match in _CELL_START.finditer(line)]
    ends = [*starts[1:], len(line)]
    return [line[start:end].strip() for start, end in zip(starts, ends, strict=True)], starts


def _cells(line: str, starts: Sequence[int]) -> list[str]:
    """Cut a row at the columns; by gaps where it is plainly not aligned with the header."""
    if not starts:
        return [cell.strip() for cell in line.strip().split("\t")]
    whole = all(line[start - 1] == " " or line[:start].endswith("<none>") for start in starts[1:] if start <= len(line))
    if not whole:
        parts = re.split(r" {2,}", line.strip())
        if len(parts) == len(starts):
            return parts
    ends = [*starts[1:], len(line)]
    cells = [line[start:end].strip() for start, end in zip(starts, ends, strict=True)]
    if not whole and len(line.split()) == len(starts):
        return line.split()
    if starts[0] and line[: starts[0]].strip():
        cells[0] = (line[: starts[0]].strip() + " " + cells[0]).strip()
    return cells


def each_row(table: Table) -> Iterator[tuple[int, dict[str, str]]]:
    """Give (line, heading -> cell) of each row; ``<none>`` is ""."""
    for line, cells in table.rows:
        yield (
            line,
            {
                column.upper(): "" if cell == "<none>" else cell
                for column, cell in zip(table.columns, cells, strict=False)
            },
        )
