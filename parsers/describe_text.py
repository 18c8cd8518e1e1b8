"""The shape that all ``kubectl describe`` texts share: objects, sections, aligned values.

kubectl separates objects by two blank lines and prints everything through Go's text/tabwriter, so the
values of neighbouring lines start in one column. Free text with line breaks goes on at column 0 and can
look like anything; it is only possible in the message of a terminated container, of a pod, of a node's
condition and of an event (kubectl ``pkg/describe/describe.go``, 1.21 to 1.37).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from parsers.event_block import is_event_header
from parsers.lazy_pattern import lazy_pattern
from parsers.prompt import is_command
from parsers.table_text import is_table_header

_NAME = lazy_pattern(r"( *)Name:( +)(\S.*)")
_KEY = lazy_pattern(r"([A-Z][A-Za-z .()/-]{0,60}):(?: +(\S.*)| *)")
_ANY_KEY = lazy_pattern(r"( *)([A-Z][A-Za-z .()/-]{0,60}):( *)(\S?)")
#: keys that follow "Name:" directly, in the describers of kubectl
_SECOND_KEYS = frozenset(
    {
        "Namespace", "Roles", "Role", "Labels", "Selector", "Annotations", "CreationTimestamp", "Provisioner",
        "IsDefaultClass", "Value", "Controller", "Priority", "Created on", "DriverName", "Status", "StorageClass",
        "Image pull secrets", "Reclaim Policy",
    }
)  # fmt: skip
_MESSAGE = lazy_pattern(r" {6}Message: +\S.*| {6}Message: *")
_BEFORE_MESSAGE = lazy_pattern(r" {6}Reason: .*| {4}(?:Last )?State: +Terminated *")
#: what kubectl prints below a pod's "IP:"; very old ones have no "IPs:"
_AFTER_IP = ("IPs:", "Controlled By:", "Created By:", "Containers:", "Init Containers:", "NominatedNodeName:")
#: how the free text of a container begins: its last words, or the command of a probe
_FREE_TEXT = ("      Message:", "    Liveness:", "    Readiness:", "    Startup:")
_EXIT_CODE = lazy_pattern(r" {6}Exit Code: +-?\d+ *")
_AFTER_EXIT_CODE = lazy_pattern(r" {6}(?:Signal|Started): .*")
# a probe's command is printed raw, with its line breaks; its numbers come last
_PROBE = lazy_pattern(r" {4}(?:Liveness|Readiness|Startup): +exec \[.*")
_PROBE_END = lazy_pattern(r".* (?:#failure|failureThreshold)=\d+ *")


class Described(Struct):
    """One described object: its lines, without indentation by a paste, and the number of the first."""

    lines: list[str]
    first_line: int
    #: index ranges (start, end) of free text of containers (last words, probe commands), without its first lines
    messages: list[tuple[int, int]] = field(default_factory=list)

    def in_message(self, index: int) -> bool:
        """Whether a line is free text of a container's message."""
        position = bisect_right(self.messages, (index, len(self.lines) + 1)) - 1
        return position >= 0 and index < self.messages[position][1]


class Section(Struct):
    """What stands under one heading: lines ``start`` (that of the heading) to ``end``, exclusive."""

    key: str
    value: str
    start: int
    end: int


def split_objects(text: str, first_line: int) -> tuple[list[Described], list[str]]:
    """Cut a text into described objects; also give the lines before the first one.

    Lines behind an object that begin with a shell prompt or the heading of a table belong to nobody.
    """
    lines = text.split("\n")
    free_text = any(mark in text for mark in _FREE_TEXT)
    starts = _starts(lines, free_text)
    if not starts:
        return [], lines
    objects = []
    for position, start in enumerate(starts):
        end = starts[position + 1] if position + 1 < len(starts) else len(lines)
        indent = len(lines[start]) - len(lines[start].lstrip(" "))
        body = [_dedented(line, indent) for line in lines[start:end]] if indent else lines[start:end]
        messages = _container_messages(body) if free_text else []
        inside = _Ranges(messages)
        for index in range(1, len(body)):
            if (is_table_header(body[index]) or is_command(body[index])) and index not in inside:
                del body[index:]
                break
        while body and not body[-1].strip():
            body.pop()
        objects.append(Described(body, first_line + start, [part for part in messages if part[1] <= len(body)]))
    return objects, lines[: starts[0]]


def _dedented(line: str, indent: int) -> str:
    return line[indent:] if indent and line.startswith(" " * indent) else line


class _Ranges:
    """Whether an index lies in one of many ranges."""

    def __init__(self, ranges: Sequence[tuple[int, int]]) -> None:
        self._starts = [start for start, _ in ranges]
        self._ends = [end for _, end in ranges]

    def __contains__(self, index: int) -> bool:
        position = bisect_right(self._starts, index) - 1
        return position >= 0 and index < self._ends[position]


def _starts(lines: Sequence[str], free_text: bool) -> list[int]:
    """Indices of the ``Name:`` lines that begin an object; all are indented like the first.

    ``free_text`` says whether some line may begin free text of a container.
    """
    candidates = []
    for index, line in enumerate(lines):
        match = _NAME.fullmatch(line) if "Name:" in line else None
        if match:
            candidates.append((index, len(match[1]), match.start(3)))
    good = [item for item in candidates if _aligned_keys(lines, *item) >= _needed(lines, item[0])]
    if not good:
        return [candidates[0][0]] if candidates else []
    indent = good[0][1]
    inside = _Ranges(_container_messages([_dedented(line, indent) for line in lines]) if free_text else [])
    return [index for index, depth, _ in good if depth == indent and index not in inside]


def _needed(lines: Sequence[str], index: int) -> int:
    """How many lines must confirm a start: one behind two blank lines, as kubectl prints, else two."""
    return 1 if index < 2 or not (lines[index - 1].strip() or lines[index - 2].strip()) else 2


def _aligned_keys(lines: Sequence[str], index: int, indent: int, column: int) -> int:
    """How many of the two lines below look like the second and third line of a described object.

    A text that ends right behind its ``Name:`` counts as good.
    """
    below = list(lines[index + 1 : index + 3])
    if not any(line.strip() for line in below):
        return 2
    count = 0
    for position, line in enumerate(below):
        match = _ANY_KEY.match(line)
        if not match or len(match[1]) != indent or (match[4] and match.start(4) != column):
            break
        if position == 0 and match[2] not in _SECOND_KEYS:
            break
        count += 1
    return count


def _container_messages(lines: Sequence[str]) -> list[tuple[int, int]]:
    """Ranges of lines that continue the last words of a terminated container or the command of a probe.

    A message ends where "Exit Code:" follows with "Signal:" or "Started:" below it, a command with the
    probe's numbers. Without such an end there is no range.
    """
    if not any(line.startswith(_FREE_TEXT) for line in lines):
        return []
    codes, numbers = [], []
    for index, line in enumerate(lines):
        if line.startswith("      Exit Code:") and _EXIT_CODE.fullmatch(line):
            if index + 1 == len(lines) or _AFTER_EXIT_CODE.fullmatch(lines[index + 1]):
                codes.append(index)
        elif ("#failure=" in line or "failureThreshold=" in line) and _PROBE_END.fullmatch(line):
            numbers.append(index + 1)
    ranges: list[tuple[int, int]] = []
    for index, line in enumerate(lines):
        if ranges and index < ranges[-1][1]:
            continue
        if line.startswith("      Message:"):
            ends = codes if index and _MESSAGE.fullmatch(line) and _BEFORE_MESSAGE.fullmatch(lines[index - 1]) else []
        else:
            ends = numbers if line.startswith("    ") and _PROBE.fullmatch(line) else []
        position = bisect_right(ends, index)
        if position < len(ends) and ends[position] > index + 1:
            ranges.append((index + 1, ends[position]))
    return ranges


def sections(item: Described, order: Mapping[str, int]) -> list[Section]:
    """Cut an object at its top-level keys; ``order`` ranks the keys as kubectl prints them.

    A key comes once and never after one of a higher rank, so look-alikes in free text are not taken for headings.
    """
    found: list[Section] = []
    keys: set[str] = set()
    last = -1
    for index in [index for index, line in enumerate(item.lines) if line[:1].isalpha()]:
        match = _KEY.fullmatch(item.lines[index])
        if not match or match[1] in keys or order.get(match[1], -1) < last or match[1] not in order:
            continue
        if item.in_message(index):
            continue
        value = (match[2] or "").rstrip()
        if not _is_heading(item.lines, index, match[1], value) or _in_pod_message(found, item.lines, index, match[1]):
            continue
        if found:
            found[-1].end = index
        found.append(Section(match[1], value, index, len(item.lines)))
        last = order[match[1]]
        keys.add(match[1])
    return found


def _is_heading(lines: Sequence[str], index: int, key: str, value: str) -> bool:
    """Whether what follows is what kubectl prints under this key, as far as the text goes."""
    last = index + 1 >= len(lines)
    below = "" if last else lines[index + 1]
    if key == "Events":
        return value == "<none>" or (not value and (last or is_event_header(below)))
    if key in ("Conditions", "Readiness Gates"):
        return not value and (last or below.split()[:2] == ["Type", "Status"])
    if key in ("Containers", "Init Containers", "Ephemeral Containers", "Addresses", "System Info"):
        return value in ("", "<none>") and (not below or below.startswith("  ") or below[:1].isalpha())
    return True


def _in_pod_message(found: Sequence[Section], lines: Sequence[str], index: int, key: str) -> bool:
    """Free text of a pod's "Message:" goes on until the addresses that kubectl prints behind it."""
    if not found or found[-1].key != "Message":
        return False
    if key == "IP":
        return index + 1 < len(lines) and not lines[index + 1].startswith(_AFTER_IP)
    return key not in ("SeccompProfile", "IPs")


def order_of(*keys: str) -> dict[str, int]:
    """Rank keys by their position."""
    return {key: position for position, key in enumerate(keys)}


def pairs(lines: Sequence[str], section: Section) -> list[str]:
    """Give the values of a key that are printed one a line (labels, taints, tolerations)."""
    values = [section.value, *(line.strip() for line in lines[section.start + 1 : section.end])]
    return [value for value in values if value and value != "<none>"]


def labels_of(lines: Sequence[str], section: Section) -> dict[str, str]:
    """Read ``key=value`` lines."""
    return {key: value for key, _, value in (pair.partition("=") for pair in pairs(lines, section))}


_ANNOTATION = lazy_pattern(r"([^\s:]+):(?: (.*))?")


def annotations_of(lines: Sequence[str], section: Section) -> dict[str, str]:
    """Read annotations: ``key: value``, or a key with its value's lines below it, two blanks further in.

    Long lines stay as kubectl shortened them.
    """
    if section.value in ("", "<none>"):
        return {}
    column = len(lines[section.start]) - len(lines[section.start].split(":", 1)[1].lstrip())
    result: dict[str, str] = {}
    long_key = ""
    parts: list[str] = []
    texts = [lines[section.start][column:], *(line[column:] for line in lines[section.start + 1 : section.end])]
    for text in texts:
        if long_key and (text.startswith("  ") or not text.strip()):
            parts.append(text[2:])
            result[long_key] = "\n".join(parts)
            continue
        match = _ANNOTATION.fullmatch(text.rstrip(" ") if text.endswith(":") else text)
        if not match:
            continue
        long_key, parts = (match[1], []) if match[2] is None else ("", [])
        result[match[1]] = match[2] or ""
    return {key: value.rstrip() for key, value in result.items()}
