"""``calicoctl ipam show`` and ``calicoctl ipam check`` (calicoctl ``commands/ipam``, v3.8 to the branch of 2026)."""

from __future__ import annotations

import re

from parsers.lazy_pattern import lazy_pattern
from parsers.rows import SettingRow
from parsers.source import Parsed, Source

_CELLS = lazy_pattern(r"[|\u2502](.+)[|\u2502]")
_AMOUNT = lazy_pattern(r"([\d.e+]{1,30}) \((\d{1,3})%\)")
#: headings of a utilisation table -> key; v3.33 adds what is reserved and what cools down
_AMOUNTS = {
    "IPS TOTAL": "total",
    "IPS IN USE": "used",
    "IPS FREE": "free",
    "IPS RESERVED": "reserved",
    "IPS COOLING": "cooling",
}
#: findings of a check -> key
_CHECKS = (
    (re.compile(r"Found (\d{1,12}) IPAM blocks?"), "blocks"),
    (re.compile(r"IPAM blocks record (\d{1,12}) allocations"), "allocated"),
    (re.compile(r"Found (\d{1,12}) active IP pools?"), "active-pools"),
    (re.compile(r"Found (\d{1,12}) node tunnel IPs?"), "node-tunnel-ips"),
    (re.compile(r"Workloads and nodes are using (\d{1,12}) IPs?"), "in-use"),
    (re.compile(r"Found (\d{1,12}) IPs that are allocated in IPAM but not actually in use"), "leaked"),
    (re.compile(r"Found (\d{1,12}) in-use IPs that are not in active IP pools"), "in-use-outside-pools"),
    (re.compile(r"Found (\d{1,12}) in-use IPs that are in active IP pools but have no"), "in-use-not-allocated"),
    (re.compile(r"Found (\d{1,12}) handles with no matching IPs"), "handles-without-ips"),
    (re.compile(r"Found (\d{1,12}) handles mentioned in blocks with no matching"), "handles-missing"),
    (re.compile(r"Check complete; found (\d{1,12}) problems?"), "problems"),
)
_BLOCK = lazy_pattern(r"IPAM block (\S{1,60}) affinity=(?:(?:host|virtual):)?(\S{0,253})")
_CROWDED = lazy_pattern(r"(\S{1,253}) has (\d{1,12}) allocations")
MOST_ROWS = 5000


def parse_ipam(text: str, source: Source) -> Parsed:
    """Read settings of kind IPAM.

    A pool or block is named by its network and has ``ip-pool.total``, ``.used``, ``.used-percent``, ``.free`` (blocks
    ``block.total`` ...). A check is named "check"; its keys are the names in this module, ``leaked`` and ``problems``
    above all. ``affinity`` is the worker that a block belongs to, "configuration" what ``--show-configuration``
    prints. Borrowed addresses are not read.
    """
    parsed = Parsed()
    columns: list[str] = []
    for number, line in enumerate(text.split("\n"), start=source.first_line):
        line = line[:2000].strip()
        if table := _CELLS.fullmatch(line):
            cells = [cell.strip() for cell in re.split(r"[|\u2502]", table[1])]
            if cells[0] in ("GROUPING", "PROPERTY", "IP"):
                columns = [cell.upper() for cell in cells]
                continue
            found = _row(dict(zip(columns, cells, strict=False)))
        else:
            found = _finding(line)
        for name, key, value in found:
            parsed.settings.append(SettingRow(source.path, number, "IPAM", "", name, key, value))
        if len(parsed.settings) >= MOST_ROWS:
            parsed.problems.append(f"more than {MOST_ROWS} values of IPAM: the rest was not read")
            break
    return parsed


def _row(cells: dict[str, str]) -> list[tuple[str, str, str]]:
    """(name, key, value) of a row of a table."""
    if "PROPERTY" in cells and cells.get("VALUE"):
        name = cells["PROPERTY"]
        return [("configuration", name[:1].lower() + name[1:], cells["VALUE"])]
    lead, network = cells.get("GROUPING", "").lower().replace(" ", "-"), cells.get("CIDR", "")
    found = []
    for heading, key in _AMOUNTS.items():
        amount = _AMOUNT.fullmatch(cells.get(heading, ""))
        if amount:
            found += [(network, f"{lead}.{key}", amount[1]), (network, f"{lead}.{key}-percent", amount[2])]
        elif cells.get(heading):
            found.append((network, f"{lead}.{key}", cells[heading]))
    return found if lead and network else []


def _finding(line: str) -> list[tuple[str, str, str]]:
    """(name, key, value) of a line of a check."""
    if block := _BLOCK.fullmatch(line):
        return [(block[1], "affinity", block[2].rstrip(":"))]
    if crowded := _CROWDED.fullmatch(line):
        return [(crowded[1], "allocations", crowded[2])]
    for pattern, key in _CHECKS:
        if found := pattern.match(line):
            return [("check", key, found[1])]
    return []


def looks_like(sample: str) -> float:
    """How much the text looks like output of calicoctl ipam, 0..1."""
    signs = (
        r"^[|\u2502] +GROUPING +[|\u2502]|^[|\u2502] +PROPERTY +[|\u2502] +VALUE +[|\u2502]"
        r"|^Checking IPAM for inconsistencies|^Loading all IPAM blocks"
    )
    return 0.95 if re.search(signs, sample, re.MULTILINE) else 0.0
