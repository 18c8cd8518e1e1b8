"""What a log tells besides its problems: whose it is, when it began and ended, versions, starts."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from parsers.log_dress import Undressed
from parsers.log_line import LogLine, take_apart

#: components whose first line is a start of the container (node/filesystem/etc/rc.local)
_CONTAINER_START = re.compile(
    r"Early log level set to|Running as a Kubernetes pod|Felix starting up|Starting calico-confd"
)
_NODE = re.compile(
    r"(?:Determined node name: |Using NODENAME environment for node name |Using node name: |Starting node )"
    r"([A-Za-z0-9][\w.-]*)"
    r"|(?:host endpoints for worker |for worker )([A-Za-z0-9][\w.-]*)"
)
_VERSION = re.compile(
    r'(?:Starting node \S+ with version |CNI plugin version: |CalicoVersion=|(?<=\s)version=")(v\d+\.\d+\.\d+[\w.-]*)'
)
_AUTODETECTED = re.compile(r"Using autodetected IPv4 address on interface ([^:\s]+): ([0-9.]+/\d+)")
_SHUTDOWN = re.compile(r"Received SIGTERM|signal: terminated|Shutting down|Received signal.*terminated", re.IGNORECASE)
#: what only one container writes
_CONTAINERS = tuple(
    (name, re.compile("|".join(words)))
    for name, words in {
        "install-cni": (
            "cni-installer/",
            "Wrote Calico CNI binaries",
            "CNI plugin version",
            r"install\.go",
            "Created CNI config",
            "/host/opt/cni/bin",
        ),
        "calico-extension": ("calico-extension", "'HostEndpoint' resource"),
        "calico-kube-controllers": (
            "kube-controllers/",
            "NodeController",
            r"main\.go \d+: Loaded configuration from environment",
            "Starting (?:status report|Policy|Node) controller",
        ),
        "tigera-operator": (
            r'"logger":"(?:controller_|typha_autoscaler|setup|status_manager|KubeAPI)',
            r"\[INFO\] Version: v1\.",
        ),
        "calico-typha": (
            "typha/",
            r"sync_server\.go",
            "Typha starting up",
            r"typha_daemon|daemon\.go \d+: Typha",
            r"rebalance\.go",
        ),
        "calico-node": (
            "felix/",
            "confd/",
            "startup/",
            "^bird6?: ",
            "monitor-addresses/",
            "tunnel-ip-allocator/",
            "Calico node started",
            "cni-config-monitor/",
            "node-services/",
            "complete-startup/",
            "status-reporter/",
            r"startup\.go",
        ),
        "ebpf-bootstrap": (r"\binit/", "init-best-effort/"),
        "kube-proxy": (r"proxier\.go", r"server_others\.go", "kube-proxy"),
        "flexvol-driver": ("/host/driver", "flexvol"),
    }.items()
)


@dataclass(slots=True)
class LogFacts:
    """Gathered line by line; :meth:`as_text` gives them for ``Parsed.facts``."""

    first_time: datetime | None = None
    last_time: datetime | None = None
    levels: Counter[str] = field(default_factory=Counter)
    node: str = ""
    version: str = ""
    interface: str = ""
    address: str = ""
    pod: str = ""
    container: str = ""
    starts: Counter[str] = field(default_factory=Counter)
    ended_at: datetime | None = None
    ended: bool = False
    _pids: dict[str, int] = field(default_factory=dict)
    _started: dict[str, datetime] = field(default_factory=dict)
    _container_started: datetime | None = None
    _votes: Counter[str] = field(default_factory=Counter)
    _seen: int = 0

    def see(self, line: LogLine, dressed: Undressed) -> None:
        """Take note of one line."""
        self._seen += 1
        time = line.time
        if time is not None:
            self.first_time = time if self.first_time is None else min(self.first_time, time)
            self.last_time = time if self.last_time is None else max(self.last_time, time)
        if line.level:
            self.levels[line.level] += 1
        self.pod, self.container = self.pod or dressed.pod, self.container or dressed.container
        if self._seen <= 400:
            self._vote(dressed.text)
        self._start(line)
        message = line.message
        if "node" in message or "worker" in message:
            self._identity(message)
        if not self.version and "ersion" in message and (match := _VERSION.search(message)):
            self.version = match.group(1)
        if "utodetected IPv4" in message and (match := _AUTODETECTED.search(message)):
            self.interface, self.address = match.groups()
        self.ended = bool(_SHUTDOWN.search(message)) or (self.ended and line.kind in ("bird", "plain"))

    def _vote(self, text: str) -> None:
        for name, pattern in _CONTAINERS:
            if pattern.search(text[:400]):
                self._votes[name] += 1
                return

    def _identity(self, message: str) -> None:
        match = _NODE.search(message)
        if match and not self.node:
            self.node = match.group(1) or match.group(2)

    def _start(self, line: LogLine) -> None:
        if line.time is None:
            return
        if _CONTAINER_START.search(line.message):
            self.starts[line.component or "container"] += 1
            if "Early log level" in line.message or self._container_started is None:
                self._container_started = line.time
            self._started[line.component] = line.time
        if line.pid is not None and line.component:
            if line.component in self._pids and self._pids[line.component] != line.pid:
                self._started[line.component] = line.time
            self._pids[line.component] = line.pid

    def since_start(self, line: LogLine) -> float | None:
        """Seconds from the latest start of the line's container or process, None where no start was seen."""
        if line.time is None:
            return None
        starts = [self._started.get(line.component), self._container_started]
        known = [start for start in starts if start is not None and start <= line.time]
        return (line.time - max(known)).total_seconds() if known else None

    def guess(self) -> str:
        """The container that writes such lines, "" where nothing tells."""
        if self.container:
            return self.container
        return self._votes.most_common(1)[0][0] if self._votes else ""

    def as_text(self) -> dict[str, str]:
        """The facts that are known, as text."""
        facts = {
            "first_time": self.first_time.isoformat() if self.first_time else "",
            "last_time": self.last_time.isoformat() if self.last_time else "",
            "node": self.node,
            "calico_version": self.version,
            "autodetected_interface": self.interface,
            "autodetected_ip": self.address,
            "pod": self.pod,
            "container": self.guess(),
            "process_starts": str(sum(self.starts.values())) if self.starts else "",
            "ended_cleanly": "yes" if self.ended else "",
        }
        facts.update({f"level.{level}": str(count) for level, count in self.levels.items()})
        return {key: value for key, value in facts.items() if value}


def container_of(sample: str) -> str:
    """The container that writes lines like these, "" where nothing tells."""
    facts = LogFacts()
    for number, text in enumerate(sample.split("\n")[:400], start=1):
        parts = take_apart(text)
        if parts is not None:
            facts.see(parts, Undressed(number, text))
    return facts.guess()
