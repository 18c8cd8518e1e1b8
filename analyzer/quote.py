"""The very lines behind the findings, fetched in a second look at the files that hold them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from parsers.lazy_pattern import lazy_pattern

_REASON = lazy_pattern(r"\s+Reason:\s")
_MESSAGE = lazy_pattern(r"\s+Message:\s+\S")
#: the first frame of a Go trace in code of the project itself
_OWN_FRAME = lazy_pattern(r"(?:github\.com/(?:projectcalico|tigera)/\S+|main\.\S+)\(")
CONTEXT = 5
MAX_LINE = 2000


def quote(
    texts: Iterable[tuple[str, str]], wanted: Mapping[str, Iterable[int]], context: int = CONTEXT
) -> dict[str, dict[int, str]]:
    """Give the wanted lines and ``context`` lines around each, by file and 1-based line.

    Args:
        texts: (path inside the bundle, decoded text) of the files; others than the wanted are not read.
        wanted: lines by path.
        context: lines before and after each wanted one.
    """
    found: dict[str, dict[int, str]] = {}
    for path, content in texts:
        numbers = set(wanted.get(path, ()))
        if not numbers:
            continue
        lines = content.split("\n")
        near = {n for number in numbers for n in range(number - context, number + context + 1)}
        found.setdefault(path, {}).update(
            {n: lines[n - 1][:MAX_LINE].rstrip("\r") for n in sorted(near) if 0 < n <= len(lines)}
        )
    return found


def telling_line(lines: Mapping[int, str], line: int) -> int:
    """The line that gives the reason: of an event, of a container's state, of a panic's trace.

    The kubelet joins a probe's whole output into the event's message: its first line may be only the count of
    sessions, and the reason follows at column 0 of the next line (node/pkg/health/health.go).
    """
    if (
        "probe failed:" in lines.get(line, "")
        and " is not " not in lines[line]
        and " is not " in lines.get(line + 1, "")
    ):
        return line + 1
    if _REASON.match(lines.get(line, "")) and _MESSAGE.match(lines.get(line + 1, "")):
        return line + 1  # describe pod: the message of a state stands below its reason
    if lines.get(line, "").startswith("panic: "):
        return next((n for n in range(line + 1, line + 1 + CONTEXT) if _OWN_FRAME.match(lines.get(n, ""))), line)
    return line


def around(lines: Mapping[int, str], line: int, context: int = CONTEXT) -> Sequence[tuple[int, str]]:
    """The quoted line with its neighbours as (number, text), in order."""
    return tuple((n, lines[n]) for n in range(line - context, line + context + 1) if n in lines)
