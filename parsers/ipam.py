"""``calicoctl ipam show [--show-blocks]`` and ``calicoctl ipam check``."""

from __future__ import annotations

import re

from parsers.rows import SettingRow
from parsers.source import Parsed, Source

_ROW = re.compile(
    r"^\|\s*(IP Pool|Block)\s*\|\s*(\S+)\s*\|\s*([\d.e+]+)\s*\|\s*([\d.e+]+) \((\d+)%\)\s*\|\s*([\d.e+]+) \((\d+)%\)"
)
_CHECK = re.compile(r"(?:Found|found) (\d+) (.+?)[.:]?$")


def parse_ipam(text: str, source: Source) -> Parsed:
    """Read pools and blocks (total, in use, free) and what a check found, as settings of kind IPAM."""
    parsed = Parsed()
    for number, line in enumerate(text.split("\n"), start=source.first_line):
        if row := _ROW.match(line):
            kind, cidr, total, used, used_share, free, _ = row.groups()
            for key, value in (("total", total), ("used", used), ("used-percent", used_share), ("free", free)):
                name = f"{kind.lower().replace(' ', '-')}.{key}"
                parsed.settings.append(SettingRow(source.path, number, "IPAM", "", cidr, name, value))
        elif check := _CHECK.search(line):
            parsed.settings.append(SettingRow(source.path, number, "IPAM", "", "check", check.group(2), check.group(1)))
    return parsed


def looks_like(sample: str) -> float:
    """How much the text looks like output of calicoctl ipam, 0..1."""
    return 0.9 if re.search(r"^\| +GROUPING +\||Checking IPAM", sample, re.MULTILINE) else 0.0
