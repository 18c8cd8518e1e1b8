"""State of services as ``systemctl status`` prints it (systemd, src/systemctl/systemctl-show.c)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from parsers.lazy_pattern import lazy_pattern

_HEAD = lazy_pattern(r"\s{0,4}(?:[●○×↻x*] )?\s{0,2}([\w@.\\:-]{1,100}\.service)(?: - .{0,300})?")
_ACTIVE = lazy_pattern(r"\s{1,12}Active: (\S.{0,300})")
#: lines that may stand between the head of a unit and its state
_BETWEEN = lazy_pattern(r"\s{1,12}(?:Loaded|Drop-In|Transient|Warning|Follow|TriggeredBy): |\s{8,30}\S{1,300}$")
_MOST_BETWEEN = 8
#: ``systemctl is-active`` names the units in the command only, ``list-units`` has a line for each
_ASKED = lazy_pattern(r"\bsystemctl (?:-\S{1,40} )*(is-active|is-enabled|is-failed) ([\w@.: -]{1,300})")
_ANSWER = lazy_pattern(r"(?:active|inactive|failed|activating|deactivating|reloading|unknown|maintenance)")
_OTHER = lazy_pattern(
    r"(?:enabled|disabled|static|masked|alias|linked|generated|indirect)(?:-runtime)?|Failed to get unit .{0,200}"
)
_LISTED = lazy_pattern(
    r"\W{0,3}\s{0,3}([\w@.\\:-]{1,100}\.service) +loaded +(active|inactive|failed|activating) +(\S{1,30}).*"
)


def unit_states(lines: Sequence[str], first_line: int, command: str = "") -> Iterator[tuple[int, str, str]]:
    """Give (line of the state, unit, state) for each unit; a state is like ``failed (Result: exit-code) since ...``.

    ``command`` is what printed the text: ``systemctl is-active`` answers with states only.
    """
    unit, since = "", 0
    asked = _asked(command)
    for number, line in enumerate(lines, start=first_line):
        if "systemctl is-" in line:
            asked = _asked(line)
        elif asked and (_ANSWER.fullmatch(line.strip()) or _OTHER.fullmatch(line.strip())):
            verb, name = asked.pop(0)
            if verb != "is-enabled" and _ANSWER.fullmatch(line.strip()):
                yield number, name, line.strip()
        elif " loaded " in line and (listed := _LISTED.fullmatch(line[:400].rstrip())):
            yield number, listed[1], f"{listed[2]} ({listed[3]})"
        if unit and (state := _ACTIVE.fullmatch(line.rstrip())):
            yield number, unit, state[1]
            unit = ""
        elif unit and number - since <= _MOST_BETWEEN and _BETWEEN.match(line):
            continue
        else:
            head = _HEAD.fullmatch(line.rstrip()) if ".service" in line else None
            unit, since = (head[1], number) if head else ("", 0)


def _asked(command: str) -> list[tuple[str, str]]:
    """The units that a command line asks for, in order, each with how."""
    return [
        (verb, name if "." in name else f"{name}.service")
        for verb, names in _ASKED.findall(command)
        for name in names.split()
        if not name.startswith("-")
    ]
