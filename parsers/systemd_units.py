"""State of services as ``systemctl status`` prints it (systemd, src/systemctl/systemctl-show.c)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_HEAD = re.compile(r"\s{0,4}(?:[●○×↻x*] )?\s{0,2}([\w@.\\:-]{1,100}\.service)(?: - .{0,300})?")
_ACTIVE = re.compile(r"\s{1,12}Active: (\S.{0,300})")
#: lines that may stand between the head of a unit and its state
_BETWEEN = re.compile(r"\s{1,12}(?:Loaded|Drop-In|Transient|Warning|Follow|TriggeredBy): |\s{8,30}\S{1,300}$")
_MOST_BETWEEN = 8


def unit_states(lines: Sequence[str], first_line: int) -> Iterator[tuple[int, str, str]]:
    """Give (line of the state, unit, state) for each unit; a state is like ``failed (Result: exit-code) since ...``."""
    unit, since = "", 0
    for number, line in enumerate(lines, start=first_line):
        if unit and (state := _ACTIVE.fullmatch(line.rstrip())):
            yield number, unit, state[1]
            unit = ""
        elif unit and number - since <= _MOST_BETWEEN and _BETWEEN.match(line):
            continue
        else:
            head = _HEAD.fullmatch(line.rstrip()) if ".service" in line else None
            unit, since = (head[1], number) if head else ("", 0)
