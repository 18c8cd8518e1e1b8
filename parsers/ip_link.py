"""``ip link`` and ``ip address``: the interfaces of a worker, their MTUs and whether they are up (``ip-link(8)``)."""

from __future__ import annotations

from parsers.lazy_pattern import lazy_pattern
from parsers.rows import SettingRow
from parsers.source import Parsed, Source

_LINK = lazy_pattern(
    r"\d{1,7}: (?P<name>[\w.:-]{1,32})(?:@[\w.-]{1,32})?: <(?P<flags>[A-Z0-9_,-]{0,200})> mtu (?P<mtu>\d{1,6})\b"
)
_INET = lazy_pattern(r"inet6? ((?!fe80)[\da-fA-F.:]{3,45}(?:/\d{1,3})?)\b")
_ADDRESSES = lazy_pattern(r"\bip (?:-\S{1,10} ){0,4}a(?:d|dr|ddr|ddress)?\b")
WITH_ADDRESS = ("wireguard.cali", "wg-v6.cali")
_VXLAN = lazy_pattern(r"vxlan id (\d{1,8})\b")
MOST_LINKS = 20_000


def parse_ip_link(text: str, source: Source) -> Parsed:
    """Give settings of kind Link: ``<interface>.mtu``, ``.up`` (true, false) and, with ``-d``, ``.vxlan-id``.

    Of WireGuard's device ``.address`` as well: its first address, "none" where it is up and addresses were asked
    for. The setting's name is the worker, "" where the source does not tell it. Other lines are left out.
    """
    parsed = Parsed()
    name, bare = "", None
    with_addresses = bool(_ADDRESSES.search(source.command)) or "    inet" in text
    for number, line in enumerate(text.split("\n"), start=source.first_line):
        line = line[:1000].strip()
        if found := _LINK.match(line):
            if len(parsed.settings) >= 2 * MOST_LINKS:
                parsed.problems.append(f"more than {MOST_LINKS} interfaces: the rest was not read")
                break
            if bare is not None:
                parsed.settings.append(bare)
            name, bare = found["name"], None
            up = "true" if "UP" in found["flags"].split(",") else "false"
            parsed.settings.append(_setting(source, number, f"{name}.mtu", found["mtu"]))
            parsed.settings.append(_setting(source, number, f"{name}.up", up))
            if name in WITH_ADDRESS and up == "true" and with_addresses:
                bare = _setting(source, number, f"{name}.address", "none")
        elif bare is not None and (found := _INET.match(line)):
            parsed.settings.append(_setting(source, number, f"{name}.address", found[1]))
            bare = None
        elif name and (found := _VXLAN.match(line)):
            parsed.settings.append(_setting(source, number, f"{name}.vxlan-id", found[1]))
    if bare is not None:
        parsed.settings.append(bare)
    return parsed


def _setting(source: Source, number: int, key: str, value: str) -> SettingRow:
    return SettingRow(source.path, number, "Link", "", source.node, key, value)


def looks_like(sample: str) -> float:
    """Share of an output of ``ip link`` among the first lines, 0..1: an interface has two lines or more."""
    lines = [line.strip() for line in sample.split("\n")[:100] if line.strip()]
    hits = sum(bool(_LINK.match(line)) for line in lines)
    return min(1.0, 3 * hits / len(lines)) if lines else 0.0
