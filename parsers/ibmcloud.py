"""Output of the IBM Cloud CLI (``ibmcloud ks``, the same plug-in as ``oc``): clusters, workers, health, account.

``worker ls``, ``cluster ls`` and ``cluster health issues`` print tables whose columns begin where their headings do;
``worker get``, ``cluster get`` and ``account show`` print ``Key:   value`` lines, ``cluster get`` and ``worker get``
with groups under a heading of their own. Source: IBM Cloud docs (CLI reference, worker states, NHC pages).
"""

from __future__ import annotations

import re

from msgspec import Struct, field

from parsers.lazy_pattern import lazy_pattern
from parsers.rows import NodeRow, SettingRow
from parsers.source import Parsed, Source

_HEADING = lazy_pattern(r"(?:ID|Name|Hostname) {2,}\S.*")
_CELL = lazy_pattern(r"\S+(?: \S+)*")
_PAIR = lazy_pattern(r"( *)([A-Z][\w /()-]{0,48}):(?: +(\S.*))?")
_ISSUE = lazy_pattern(r"NHC\d{3}")
_SWITCH = r"(enabled|disabled|on|off|true|false|active|inactive)\b"
_SPANNING = lazy_pattern(
    rf"VLAN[ -]?spanning\b(?:[\w ]{{0,20}}[:=] *{_SWITCH}|[\w -]{{0,40}}?\b(not )?(?:currently )?{_SWITCH})",
    re.IGNORECASE,
)
_NOTE = lazy_pattern(r"OK|\* .*|Warning.*|Tip.*|FAILED.*", re.IGNORECASE)
_BEGINS = lazy_pattern(r"Retrieving |Getting |Listing ")
_WORKER = lazy_pattern(r"kube-\S+|sat-\S+")
#: what the CLI calls a worker whose kubelet lost its master is "Critical"
_READY = (("critical", "False"), ("notready", "False"), ("not ready", "False"), ("ready", "True"), ("normal", "True"))
_ADDRESSES = ("private-ip", "primary-ip", "ip-address")


class _Output(Struct):
    """One command's output while it is read."""

    source: Source
    parsed: Parsed
    columns: list[tuple[int, str]] = field(default_factory=list)
    pairs: list[tuple[int, str, str]] = field(default_factory=list)
    group: str = ""

    def row(self, number: int, kind: str, name: str, key: str, value: str) -> None:
        setting = SettingRow(self.source.path, number, kind, "", name, key, value[:1000])
        self.parsed.settings.append(setting)

    def cells(self, number: int, line: str) -> bool:
        """Read a row of a table; False if the line is none."""
        starts = [start for start, _ in self.columns]
        if any(line[start - 1 : start].strip() for start in starts[1:]):
            parts = re.split(r" {2,}", line.strip())
            if len(parts) != len(starts):
                return False
        else:
            parts = [line[start:end].strip() for start, end in zip(starts, [*starts[1:], None], strict=True)]
        values = {name: value for (_, name), value in zip(self.columns, parts, strict=True) if value not in ("", "-")}
        name = values.pop("id", "") or values.get("name", "") or values.get("hostname", "")
        if not name or " " in name:
            return False
        kind = "IBMHealthIssue" if _ISSUE.fullmatch(name) else "IBMWorker" if self._of_workers(name) else "IBMCluster"
        if kind == "IBMHealthIssue":
            self.row(number, kind, name, "issue", line.strip())
        for key, value in values.items():
            self.row(number, kind, name, key, value)
        if kind == "IBMWorker":
            self.parsed.nodes.extend(_node(self.source, number, values))
        return True

    def _of_workers(self, name: str) -> bool:
        names = {column for _, column in self.columns}
        return bool(_WORKER.fullmatch(name)) or ("status" in names and bool(names & {*_ADDRESSES, "flavor"}))

    def close(self) -> None:
        """Make rows of the ``Key: value`` lines of one object."""
        values: dict[str, str] = {}
        for _, key, value in self.pairs:
            values.setdefault(key, value)
        kind, name = _owner(values)
        for number, key, value in self.pairs:
            self.row(number, kind, name, "vrf" if key == "vrf-enabled" else key, value)
        if kind == "IBMWorker":
            self.parsed.nodes.extend(_node(self.source, self.pairs[0][0], values))
        self.pairs, self.group = [], ""


def parse_ibmcloud(text: str, source: Source) -> Parsed:
    """Read settings IBMWorker, IBMCluster, IBMHealthIssue and IBMAccount (``vlan-spanning``, ``vrf``).

    Keys are the headings in lower case with dashes, those of a group with its name in front (``master.status``). A
    worker with a private address is a row of nodes too, named by that address as the cluster names it.
    """
    output = _Output(source, Parsed())
    for number, line in enumerate(text.split("\n"), start=source.first_line):
        line = line[:4000].rstrip()
        if spanning := _SPANNING.search(line):
            switch = "disabled" if spanning[2] else (spanning[1] or spanning[3]).lower()
            output.row(number, "IBMAccount", "", "vlan-spanning", switch)
        elif _HEADING.fullmatch(line) and ":" not in line.partition("  ")[0]:
            output.close()
            output.columns = [(cell.start(), _key(cell[0])) for cell in _CELL.finditer(line)]
        elif output.columns and line and output.cells(number, line):
            continue
        else:
            _pair(output, number, line)
    output.close()
    return output.parsed


def _pair(output: _Output, number: int, line: str) -> None:
    """A ``Key:  value`` line, the heading of a group, or the end of an object."""
    pair = _PAIR.fullmatch(line)
    if pair is None:
        if _BEGINS.match(line):
            output.close()
        elif line and not _NOTE.fullmatch(line):
            output.columns = []
            # "Master", "Health", "Lifecycle" stand alone above their values
            output.group = _key(line) if re.fullmatch(r"[A-Z][A-Za-z ]{2,30}", line) and output.pairs else ""
        return
    output.columns = []
    key, value = _key(pair[2]), (pair[3] or "").strip()
    if not pair[1] and key in ("name", "id", "account-id") and any(known == key for _, known, _ in output.pairs):
        output.close()
    if output.group:
        key = f"{output.group}.{key}"
    if value and value != "-":
        output.pairs.append((number, key, value))


def _owner(values: dict[str, str]) -> tuple[str, str]:
    if "account-id" in values or "vrf-enabled" in values:
        return "IBMAccount", ""
    name = values.get("id", "")
    if _ISSUE.fullmatch(name):
        return "IBMHealthIssue", name
    if _WORKER.fullmatch(name) or {"worker-pool-id", "worker-pool-name"} & set(values):
        return "IBMWorker", name
    return "IBMCluster", values.get("name", "")


def _node(source: Source, number: int, values: dict[str, str]) -> list[NodeRow]:
    address = next((values[key] for key in _ADDRESSES if re.match(r"\d+\.\d+\.\d+\.\d+$", values.get(key, ""))), "")
    if not address or values.get("state", "").lower() in ("deleted", "deleting"):
        return []
    status = values.get("status", values.get("health.message", "")).lower()
    return [
        NodeRow(
            source.path,
            number,
            address,
            ready=next((ready for word, ready in _READY if word in status), ""),
            zone=values.get("zone", ""),
            pool=values.get("worker-pool-name", ""),
            private_vlan=values.get("private-vlan", ""),
            public_vlan=values.get("public-vlan", ""),
            worker_version=values.get("version", "").partition(" ")[0].rstrip("*"),
            internal_ip=address,
        )
    ]


def _key(heading: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-")


def looks_like(sample: str) -> float:
    """How much the text looks like output of the IBM Cloud CLI, 0..1."""
    signs = (
        r"^ID {2,}(?:.* )?State +Status\b",
        r"^NHC\d{3} ",
        r"^(?:VRF Enabled|Worker Pool ID|Master (?:Status|URL|State)|Ingress Subdomain):",
        r"^VLAN spanning\b",
        r"^Retrieving (?:cluster|worker|account)",
    )
    return 0.9 if any(re.search(sign, sample, re.MULTILINE | re.IGNORECASE) for sign in signs) else 0.0
