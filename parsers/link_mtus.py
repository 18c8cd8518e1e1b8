"""MTUs of interfaces in other forms than those of ``ip link``: ifconfig, sysfs, nmcli, netstat, other cuts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from parsers.lazy_pattern import lazy_pattern

_NAME = r"(?P<name>[\w.-]{1,32})(?:@[\w.-]{1,32})?"
_MTU = r"(?P<mtu>\d{3,5})\b"
_FORMS = (
    lazy_pattern(rf"(?:\d{{1,7}}: )?{_NAME}: (?:<(?P<flags>[A-Z0-9_,-]{{0,200}})> )?mtu {_MTU}"),
    lazy_pattern(rf"{_NAME}: flags=\d{{1,9}}<(?P<flags>[A-Z,]{{0,200}})> {{1,4}}mtu {_MTU}"),
    lazy_pattern(rf"(?:/sys/(?:class|devices/[\w/:.-]{{1,100}})/net/)?{_NAME}/mtu(?::| ?= ?| ){_MTU}$"),
    lazy_pattern(
        rf"(?:Iface )?{_NAME} {{1,20}}{_MTU}(?: {{1,12}}\d{{1,20}}){{6,10}} {{1,6}}(?P<flags>[BLMRUOAPD]{{1,8}})$"
    ),
    lazy_pattern(rf'.{{0,40}}"ifname": ?"{_NAME}",[^\n]{{0,300}}"mtu": ?{_MTU}'),
)
#: the name stands in a line of its own, the MTU in one of the next
_NAMED = lazy_pattern(rf"(?:GENERAL\.DEVICE: +|DEVICE=)?{_NAME}(?: +Link encap:.*)?$")
_HEADS = ("GENERAL.DEVICE:", "DEVICE=", " Link encap:")
_LATER = lazy_pattern(rf"(?P<flags>(?:[A-Z]{{2,12}} ){{0,8}}) *(?:MTU:|GENERAL\.MTU: +|MTU=){_MTU}")
_WITHIN = 12
_ASKED = lazy_pattern(rf"/sys/class/net/{_NAME}/mtu")
_MOST = 2000


def mtus(lines: Sequence[str], first_line: int, command: str = "") -> Iterator[tuple[int, str, str, str]]:
    """Give line, interface, MTU and whether it is up ("true", "false", "" where that is not told).

    Args:
        lines: the text.
        first_line: number of its first line.
        command: what printed it: ``cat /sys/class/net/eth0/mtu`` prints a number only.
    """
    asked = _ASKED.findall(command)
    name, named_at, given = "", 0, 0
    for number, line in enumerate(lines, start=first_line):
        line = line[:1000].strip()
        if "mtu" not in line.lower() and not line[-1:].isupper() and not any(head in line for head in _HEADS):
            if asked and line.isdigit() and 3 <= len(line) <= 5:
                yield number, asked.pop(0), line, ""
            continue
        if "/mtu" in line and "cat " in line:
            asked = _ASKED.findall(line)
            continue
        found = next((match for form in _FORMS if (match := form.match(line))), None)
        if found is None and any(head in line for head in _HEADS) and (head := _NAMED.match(line)):
            name, named_at = head["name"], number
        elif found is None and name and number - named_at <= _WITHIN and (later := _LATER.match(line)):
            yield number, name, later["mtu"], "true" if "UP" in later["flags"].split() else ""
            name, given = "", given + 1
        if found is not None:
            yield number, found["name"], found["mtu"], _up(found.groupdict().get("flags"))
            given += 1
        if given >= _MOST:
            return


def _up(flags: str | None) -> str:
    if not flags:
        return ""
    return "true" if "UP" in flags.split(",") or ("," not in flags and "U" in flags) else "false"
