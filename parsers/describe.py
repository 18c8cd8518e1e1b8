"""``kubectl describe`` text of any kind, one or many objects after another."""

from __future__ import annotations

from parsers.describe_node import read_node
from parsers.describe_other import read_other
from parsers.describe_pod import read_pod
from parsers.describe_text import Described, split_objects
from parsers.describe_workload import read_workload, workload_kind
from parsers.lazy_pattern import lazy_pattern
from parsers.prompt import is_command
from parsers.source import Parsed, Source

_KEY = lazy_pattern(r"([A-Z][A-Za-z .-]{0,60}):")
_WARNING = lazy_pattern(r"(?:W\d{4} |Warning: |I\d{4} ).*")


def parse_describe(text: str, source: Source) -> Parsed:
    """Read every object of the text with the reader of its kind.

    Lines before the first object that are neither blank, a command nor a warning of kubectl's, and text
    without any object are named in ``problems``.
    """
    parsed = Parsed()
    objects, before = split_objects(text, source.first_line)
    skipped = [line for line in before if line.strip() and not is_command(line) and not _WARNING.match(line)]
    if skipped:
        where = "before the first described object" if objects else "; no described object found"
        parsed.problems.append(f"{len(skipped)} lines {where}: {skipped[0].strip()[:80]!r}")
    for item in objects:
        kind = described_kind(item)
        if kind == "Pod":
            parsed.extend(read_pod(item, source))
        elif kind == "Node":
            parsed.extend(read_node(item, source))
        elif kind == "workload":
            parsed.extend(read_workload(item, source))
        else:
            parsed.extend(read_other(item, source))
    return parsed


def described_kind(item: Described) -> str:
    """Tell "Pod", "Node", "workload" or "other" from the top-level keys."""
    keys = []
    for index, line in enumerate(item.lines):
        match = _KEY.match(line) if line[:1].isalpha() else None
        if match and not item.in_message(index):
            keys.append(match[1])
    names = set(keys)
    if "API Version" in names:
        return "other"
    if keys[1:2] == ["Roles"] or ("Taints" in names and "Unschedulable" in names):
        return "Node"
    if (
        "Conditions" in names
        and "Namespace" not in names
        and names & {"Addresses", "Allocatable", "System Info", "Lease"}
    ):
        return "Node"  # pasted without some of its lines
    if "Conditions" in names and any("LastHeartbeatTime" in line for line in item.lines):
        return "Node"  # pasted without most of them
    if workload_kind(item.lines):
        return "workload"
    if names & {"Containers", "Init Containers"} or ("Node" in names and "Status" in names and "IP" in names):
        return "Pod"
    if "Namespace" in names and "Node" in names and ("Priority" in names or "Start Time" in names):
        return "Pod"  # cut off in its labels or annotations
    return "other"
