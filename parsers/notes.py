"""Text of no known form (a chat, a mail, the output of another tool): only lines with known messages count."""

from __future__ import annotations

from parsers.describe_part import parts_of_describe
from parsers.ip_rule import rules
from parsers.lazy_pattern import lazy_pattern
from parsers.link_mtus import mtus
from parsers.metrics import metric_settings
from parsers.ping_sizes import is_result, tried_sizes
from parsers.rows import LogLineRow, SettingRow
from parsers.source import Match, Parsed, Source
from parsers.systemd_units import unit_states

#: the same as a file of the kernel, printed by ``grep . /proc/sys/...`` or asked for with ``cat``
_PROC = lazy_pattern(r"/proc/sys/((?:net|fs|kernel|vm)/[\w./-]{1,120})(?::| ?= ?)(-?\d{1,20})")
_CAT = lazy_pattern(r"/proc/sys/((?:net|fs|kernel|vm)/[\w./-]{1,120})|\bconntrack (-C|--count)\b")
_COUNTED = "net.netfilter.nf_conntrack_count"
MOST_LINES = 200_000
_MOST_CHARACTERS = 4000
#: tools that try a port: they name it in the command only, and what became of it in one of the lines behind
_TRIED = lazy_pattern(r"(?:^|[\s;&|])((?:nc|ncat|netcat|telnet|nping|socat)\s[^\n;|]{3,120})")
_ANSWER_WITHIN = 5
#: a kernel setting as ``sysctl`` prints it
_SYSCTL = lazy_pattern(r"((?:net|fs|kernel|vm)\.[\w./-]{1,120}) ?= ?(-?\d{1,20})")


def parse_notes(text: str, source: Source, match: Match) -> Parsed:
    """Give a log line for each line in which the message catalogue knows something; equal lines are one row.

    Such a line has no time, level or component: nothing but its words is known. Pasted pieces of kubectl describe are
    events and node conditions. The message of what ``nc`` or
    ``telnet`` answer begins with their command line, where the port stands. Kernel settings (``sysctl``) are settings
    of kind Sysctl, the key being the name; files of ``/proc/sys`` are the same. States of services are settings of
    kind Unit, MTUs those of kind Link, rules of ``ip rule`` those of kind RoutingRule, metrics those of kind Metric.
    """
    rows: dict[str, LogLineRow] = {}
    lines = text.split("\n")
    parsed, taken = parts_of_describe(lines[:MOST_LINES], source)
    asked = _asked(source.command)
    tries = _TRIED.search(source.command)
    tried, tried_at = tries[1] if tries else "", source.first_line - 1
    sizes = tried_sizes(source.command) if "ping" in source.command else []
    for number, line in enumerate(lines[:MOST_LINES], start=source.first_line):
        if number in taken:
            continue
        message = line[:_MOST_CHARACTERS].strip()
        if "ping" in message and (asked_sizes := tried_sizes(message)):
            sizes = asked_sizes
        elif sizes and is_result(message):
            message = f"ping -M do -s {sizes.pop(0)}: {message}"
        known = rows.get(message)
        if known is not None:
            known.count += 1
            known.last_line = number
            continue
        tries = _TRIED.search(message)
        if tries:
            tried, tried_at = tries[1], number
        ids = match(message) if message else ()
        if (
            message
            and tried
            and not ids
            and number - tried_at <= _ANSWER_WITHIN
            and (ids := match(f"{tried} {message}"))
        ):
            message = f"{tried} {message}"
        if ids:
            rows[message] = LogLineRow(
                file=source.path,
                line=number,
                pod=source.pod,
                node=source.node,
                container=source.container,
                namespace=source.namespace,
                message=message,
                message_id=ids[0],
                message_ids=ids,
                last_line=number,
                previous=source.previous,
                raw=line,
            )
        if found := _SYSCTL.fullmatch(message):
            parsed.settings.append(SettingRow(source.path, number, "Sysctl", "", source.node, found[1], found[2]))
        elif found := _PROC.fullmatch(message):
            key = found[1].replace("/", ".")
            parsed.settings.append(SettingRow(source.path, number, "Sysctl", "", source.node, key, found[2]))
        elif "cat /proc/sys/" in message or "conntrack -C" in message:
            asked = _asked(message)
        elif asked and message.lstrip("-").isdigit() and len(message) <= 20:
            parsed.settings.append(SettingRow(source.path, number, "Sysctl", "", source.node, asked.pop(0), message))
    for number, unit, state in unit_states(lines[:MOST_LINES], source.first_line, source.command):
        parsed.settings.append(SettingRow(source.path, number, "Unit", "", unit, "active", state))
    for number, link, mtu, up in mtus(lines[:MOST_LINES], source.first_line, source.command):
        parsed.settings.append(SettingRow(source.path, number, "Link", "", source.node, f"{link}.mtu", mtu))
        if up:
            parsed.settings.append(SettingRow(source.path, number, "Link", "", source.node, f"{link}.up", up))
    for number, preference, rule in rules(lines[:MOST_LINES], source.first_line):
        parsed.settings.append(SettingRow(source.path, number, "RoutingRule", "", source.node, preference, rule))
    parsed.settings.extend(metric_settings(lines[:MOST_LINES], source))
    parsed.log_lines.extend(rows.values())
    if len(lines) > MOST_LINES:
        parsed.problems.append(f"of no known form: only its first {MOST_LINES} lines were looked through")
    return parsed


def _asked(command: str) -> list[str]:
    """The kernel settings and counters of which a command prints the values only, in order."""
    if "cat " not in command and "conntrack " not in command:
        return []
    return [path.replace("/", ".") if path else _COUNTED for path, _ in _CAT.findall(command)]
