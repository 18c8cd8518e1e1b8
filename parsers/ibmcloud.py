"""Tables of the IBM Cloud CLI: workers, health issues, VLAN spanning, VRF."""

from __future__ import annotations

import re

from parsers.rows import NodeRow, SettingRow
from parsers.source import Parsed, Source

_WORKER_HEADER = re.compile(r"^ID\s{2,}.*\bState\b.*\bStatus\b", re.IGNORECASE)
_ISSUE = re.compile(r"^(NHC\d{3})\s{2,}(.*)$")
_PAIR = re.compile(r"^([A-Z][A-Za-z /]{2,40}):\s{2,}(.+?)\s*$")
_SPANNING = re.compile(r"VLAN spanning is (?:currently )?(\w+)", re.IGNORECASE)
_VRF = re.compile(r"VRF Enabled:?\s+(\w+)", re.IGNORECASE)


def parse_ibmcloud(text: str, source: Source) -> Parsed:
    """Read settings IBMWorker, IBMCluster, IBMHealthIssue, IBMAccount; workers also as nodes by private address."""
    parsed = Parsed()
    columns: list[tuple[int, str]] = []
    for number, line in enumerate(text.split("\n"), start=source.first_line):
        if _WORKER_HEADER.match(line):
            columns = [(found.start(), found.group().strip()) for found in re.finditer(r"\S+(?: \S+)*", line)]
        elif issue := _ISSUE.match(line):
            parsed.settings.append(_row(source, number, "IBMHealthIssue", issue.group(1), "issue", line.strip()))
        elif spanning := _SPANNING.search(line):
            parsed.settings.append(_row(source, number, "IBMAccount", "", "vlan-spanning", spanning.group(1).lower()))
        elif vrf := _VRF.search(line):
            parsed.settings.append(_row(source, number, "IBMAccount", "", "vrf", vrf.group(1).lower()))
        elif columns and line.startswith("kube-"):
            _worker(parsed, columns, line, source, number)
        elif pair := _PAIR.match(line):
            key = pair.group(1).strip().lower().replace(" ", "-")
            parsed.settings.append(_row(source, number, "IBMCluster", "", key, pair.group(2)))
    return parsed


def _worker(parsed: Parsed, columns: list[tuple[int, str]], line: str, source: Source, number: int) -> None:
    starts = [start for start, _ in columns] + [len(line)]
    cells = {name: line[starts[i] : starts[i + 1]].strip() for i, (_, name) in enumerate(columns)}
    name = cells.get("ID", "")
    for key, value in cells.items():
        if key != "ID" and value:
            parsed.settings.append(_row(source, number, "IBMWorker", name, key.lower().replace(" ", "-"), value))
    address = next((cells[key] for key in ("Private IP", "Primary IP") if cells.get(key)), "")
    if address and address != "-":
        node = NodeRow(source.path, number, address, internal_ip=address)
        status = cells.get("Status", "")
        node.ready = "True" if status == "Ready" else "False" if status in ("NotReady", "Critical") else ""
        node.zone = cells.get("Zone", "")
        node.worker_version = cells.get("Version", "").rstrip("*")
        parsed.nodes.append(node)


def _row(source: Source, number: int, kind: str, name: str, key: str, value: str) -> SettingRow:
    return SettingRow(source.path, number, kind, "", name, key, value[:1000])


def looks_like(sample: str) -> float:
    """How much the text looks like output of the IBM Cloud CLI, 0..1."""
    lines = sample.split("\n")[:60]
    return 0.9 if any(_WORKER_HEADER.match(line) or _ISSUE.match(line) for line in lines) else 0.0
