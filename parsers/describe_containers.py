"""The container blocks of ``kubectl describe pod`` and of the pod templates of workloads.

Under "Containers:" a container's name stands two blanks in (three in a template), its fields four, what
belongs to a field six. Only the message of a terminated container may hold line breaks that are printed
at column 0; the caller says where such messages are (kubectl ``describeContainers``, ``describeStatus``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from parsers.ages import go_time
from parsers.describe_text import Described
from parsers.lazy_pattern import lazy_pattern
from parsers.rows import ContainerRow

_CONTAINER = lazy_pattern(r" {2,3}(\S+): *")
_FIELD = lazy_pattern(r" {4}(\S[^:]{0,60}):(?: +(.*))?")
_PART = lazy_pattern(r" {6}(\S[^:]{0,60}):(?: +(.*))?")
_VARIABLE = lazy_pattern(r" {6}(\S+?):(?: |$)")
_REFERENCE = lazy_pattern(r" \([\w.]+(?::[^()]+)?\)")
_NUMBER = lazy_pattern(r"-?\d{1,9}")


def parse_containers(
    item: Described, start: int, end: int, init: bool, empty: Callable[[int, str], ContainerRow]
) -> list[ContainerRow]:
    """Read the containers of the lines ``start`` to ``end`` of an object.

    ``empty`` makes the row of a container from its line number and name; the rest is filled in here.
    """
    rows: list[ContainerRow] = []
    heads = [
        index for index in range(start, end) if _CONTAINER.fullmatch(item.lines[index]) and not item.in_message(index)
    ]
    for position, head in enumerate(heads):
        stop = heads[position + 1] if position + 1 < len(heads) else end
        match = _CONTAINER.fullmatch(item.lines[head])
        row = empty(item.first_line + head, match[1] if match else "")
        row.init = init
        _fill(row, item, head + 1, stop)
        rows.append(row)
    return rows


def image_version(image: str) -> str:
    """Give the tag of an image reference, "" if it has none."""
    name = image.partition("@")[0]
    tag = name.rpartition(":")[2] if ":" in name else ""
    return "" if "/" in tag else tag


def _fill(row: ContainerRow, item: Described, start: int, end: int) -> None:
    messages = {first: last for first, last in item.messages if start <= first <= end}
    index = start
    while index < end:
        match = _FIELD.fullmatch(item.lines[index])
        if not match:
            index += 1
            continue
        stop = index + 1
        while stop < end:
            if stop in messages:
                stop = messages[stop]
            elif item.lines[stop].startswith("      ") or not item.lines[stop].strip():
                stop += 1
            else:
                break
        _field(row, item, match[1], (match[2] or "").strip(), index, min(stop, end))
        index = stop


def _field(row: ContainerRow, item: Described, key: str, value: str, start: int, end: int) -> None:
    if key == "Image":
        row.image, row.version = value, image_version(value)
    elif key in ("State", "Last State"):
        _state(row, item, key == "Last State", value, start, end)
    elif key == "Ready":
        row.ready = {"True": True, "False": False}.get(value)
    elif key == "Restart Count":
        row.restarts = _number(value)
    elif key in ("Limits", "Requests"):
        target = row.limits if key == "Limits" else row.requests
        target.update(_parts(item.lines[start + 1 : end]))
    elif key in ("Liveness", "Readiness", "Startup"):
        setattr(row, key.lower(), "\n".join([value, *item.lines[start + 1 : end]]).rstrip())
    elif key == "Environment" and value != "<none>":
        row.env.update(_environment(item.lines[start + 1 : end], item.lines[end] if end < len(item.lines) else ""))
        row.env_line = item.first_line + start


def _parts(lines: Sequence[str]) -> dict[str, str]:
    found = {}
    for line in lines:
        match = _PART.fullmatch(line)
        if match:
            found[match[1]] = (match[2] or "").strip()
    return found


def _state(row: ContainerRow, item: Described, last: bool, value: str, start: int, end: int) -> None:
    # all values of a state stand in one column, so blanks in front of a message are its own
    column = len(item.lines[start].rstrip()) - len(value)
    parts: dict[str, str] = {}
    line = item.first_line + start
    for index in range(start + 1, end):
        if item.in_message(index):
            continue
        match = _PART.fullmatch(item.lines[index])
        if not match or match[1] in parts:
            continue
        parts[match[1]] = (match[2] or "").strip()
        if match[1] == "Reason":
            line = item.first_line + index
        elif match[1] == "Message":
            more = next((item.lines[first:stop] for first, stop in item.messages if first == index + 1), [])
            parts["Message"] = "\n".join([item.lines[index][column:], *more]).rstrip("\n")
    code = _number(parts.get("Exit Code", ""))
    started, finished = go_time(parts.get("Started", "")), go_time(parts.get("Finished", ""))
    reason, message = parts.get("Reason", ""), parts.get("Message", "")
    if last:
        row.last_state, row.last_reason, row.last_message, row.last_exit_code = value, reason, message, code
        row.last_started, row.last_finished, row.last_state_line = started, finished, line
        row.exit_code = code if row.exit_code is None else row.exit_code
    else:
        row.state, row.state_reason, row.message, row.state_exit_code = value, reason, message, code
        row.started, row.finished, row.state_line = started, finished, line
        row.exit_code = code


def _number(text: str) -> int | None:
    return int(text) if _NUMBER.fullmatch(text) else None


def _environment(lines: Sequence[str], below: str) -> dict[str, str]:
    """Read variables; further lines of a value are aligned with its first.

    Values stand two blanks behind the longest name, unless ``below`` ("Mounts:  <none>") is aligned with
    them too and with more lines behind it.
    """
    heads = [match for line in lines if (match := _VARIABLE.match(line))]
    if not heads:
        return {}
    column = max(match.end(1) + 1 for match in heads) + 2
    if below.rstrip().endswith("  <none>"):
        column = max(column, below.index("<none>"))
    found: dict[str, str] = {}
    name = ""
    for line in lines:
        match = _VARIABLE.match(line)
        if match:
            name = match[1]
            gap = match.end(1) + 1
            found[name] = line[column:] if not line[gap:column].strip() else line[gap:].lstrip()
        elif name:
            found[name] += "\n" + (line[column:] if not line[:column].strip() else line.lstrip())
    return {name: _variable(value) for name, value in found.items()}


def _variable(value: str) -> str:
    """Drop what kubectl puts around a reference: the blank of a value it does not know, "Optional: false"."""
    if _REFERENCE.fullmatch(value):
        return value.strip()
    for end in ("  Optional: false", "  Optional: true"):
        if value.startswith("<set to the key '") and value.endswith(end):
            return value[: -len(end)].rstrip()
    return value.rstrip("\n")
