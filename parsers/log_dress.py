"""Undoing what runtimes, kubectl and collectors put around each log line.

Forms and their order are those of the runtimes' and kubectl's sources: CRI files, docker's json-file,
``kubectl logs --timestamps`` and ``--prefix``, stern and kail, runit's svlogd, collectors' JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)"
_CRI = re.compile(rf"({_STAMP}) (?:stdout|stderr) ([FP])(?::\S+)? ?(.*)$", re.DOTALL)
_TIMESTAMPS = re.compile(rf"({_STAMP})(?: (.*))?$", re.DOTALL)
_SVLOGD = re.compile(r"(\d{4}-\d\d-\d\d[T_]\d\d:\d\d:\d\d\.\d{5}) (.*)$", re.DOTALL)
_PREFIX = re.compile(r"\[pod/([^/\]]+)/([^\]]+)\] ?(.*)$", re.DOTALL)
_STERN = re.compile(r"([a-z0-9](?:[a-z0-9-]*[a-z0-9])?-[a-z0-9]{5}) ([a-z][a-z0-9-]+) (?=\S)(.*)$", re.DOTALL)
_KNOWN_CONTAINERS = {
    "calico-node", "install-cni", "calico-extension", "flexvol-driver", "calico-typha", "calico-kube-controllers",
    "tigera-operator", "upgrade-ipam", "ebpf-bootstrap", "mount-bpffs", "kube-flannel", "kube-proxy",
}  # fmt: skip
MAX_LINE = 64 * 1024


@dataclass(slots=True)
class Undressed:
    """One line of the program itself, with what its dress told."""

    number: int
    text: str
    time: datetime | None = None
    pod: str = ""
    container: str = ""


def undress(lines: Iterable[str], first_line: int = 1) -> Iterator[Undressed]:
    """Give the programs' own lines; pieces of a line that the runtime split are joined."""
    partial: Undressed | None = None
    for number, raw in enumerate(lines, start=first_line):
        line, unfinished = _peel(number, raw)
        if partial is not None:
            partial.text = (partial.text + line.text)[:MAX_LINE]
            line = partial
        if unfinished:
            partial = line
            continue
        partial = None
        yield line
    if partial is not None:
        yield partial


def _peel(number: int, raw: str) -> tuple[Undressed, bool]:
    """Take off all layers of one physical line; True where the runtime says that it goes on."""
    text = raw[:MAX_LINE]
    if "\x1b" in text:
        text = ANSI.sub("", text)
    line = Undressed(number, text)
    unfinished = False
    for _ in range(4):  # layers; more is not dress any more
        first = line.text[:1]
        if first == "{" and '"' in line.text:
            inner = _json(line)
            if inner is None:
                break
            unfinished = unfinished or inner
        elif first == "[" and (match := _PREFIX.match(line.text)):
            line.pod, line.container, line.text = match.groups()
        elif first.isdigit():
            if match := _CRI.match(line.text):
                line.time = line.time or parse_time(match.group(1))
                unfinished = unfinished or match.group(2) == "P"
                line.text = match.group(3)
            elif match := _TIMESTAMPS.match(line.text):
                line.time = line.time or parse_time(match.group(1))
                line.text = match.group(2) or ""
            elif match := _SVLOGD.match(line.text):
                line.time = line.time or parse_time(match.group(1).replace("_", "T") + "Z")
                line.text = match.group(2)
            else:
                break
        elif first.isalpha() and (match := _STERN.match(line.text)) and match.group(2) in _KNOWN_CONTAINERS:
            line.pod, line.container, line.text = match.groups()
        else:
            break
    return line, unfinished


def _json(line: Undressed) -> bool | None:
    """Docker's json-file and collectors' objects; None where the object is the program's own (zap)."""
    try:
        item = json.loads(line.text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(item, dict):
        return None
    for key in ("log", "message", "MESSAGE"):
        if isinstance(item.get(key), str) and "level" not in item and "logger" not in item:
            text = item[key]
            break
    else:
        return None
    for key in ("time", "@timestamp", "_ts", "timestamp"):
        if isinstance(item.get(key), str):
            line.time = line.time or parse_time(item[key])
            break
    place = item.get("kubernetes")
    if isinstance(place, dict):
        line.pod = str(place.get("pod_name") or place.get("pod") or line.pod)
        line.container = str(place.get("container_name") or place.get("container") or line.container)
    line.text = text.rstrip("\n")
    return "stream" in item and "log" in item and not text.endswith("\n") and len(text) >= 8192


def parse_time(stamp: str) -> datetime | None:
    """An RFC 3339 time (any number of decimals) as UTC, None where it is none."""
    match = re.match(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:?\d\d)?$", stamp)
    if not match:
        return None
    date, clock, fraction, zone = match.groups()
    micros = ((fraction or ".0")[1:] + "000000")[:6]
    zone = "+00:00" if zone in (None, "Z") else zone
    try:
        return datetime.fromisoformat(f"{date}T{clock}.{micros}{zone}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None
