"""What a log tells besides its problems: times, levels, release, node, address, how it ended."""

from __future__ import annotations

import re
from collections import Counter, deque
from datetime import datetime

from msgspec import Struct, field

from parsers.lazy_pattern import lazy_pattern
from parsers.log_container import container_of
from parsers.log_record import LogRecord

__all__ = ["LogFacts", "container_of"]

#: beginnings of the messages that hold a fact (startup.go, utils.go, autodetection_methods.go, daemon.go, install.go)
TELLING = (
    "Starting node ",
    "Determined node name: ",
    "Using node name: ",
    "Using NODENAME environment for node name ",
    "Using autodetected IP",
    "Felix starting up",
    "Successfully loaded configuration",
    "Typha starting up",
    "CNI plugin version: ",
    "Merging in config from environment variable: ",
    "configuring host endpoints for worker ",
    "Version: ",
    "Defaulted container ",
)
_NODE = lazy_pattern(
    r"(?:Determined node name: |Using node name: |Using NODENAME environment for node name |Starting node "
    r"|for worker |[\[ ]felixhostname:)([A-Za-z0-9][A-Za-z0-9.:-]{0,252})"
)
_STARTING_NODE = lazy_pattern(r"Starting node (\S{1,253}) with version (v?\d[\w.+-]{0,60})")
_VERSION_FIELD = lazy_pattern(r'version="(v?\d[\w.+-]{0,60})"', re.IGNORECASE)
_CNI_VERSION = lazy_pattern(r"CNI plugin version: (v?\d[\w.+-]{0,60})")
_OPERATOR_VERSION = lazy_pattern(r"Version: (v\d[\w.+-]{0,60})")
_ADDRESS = lazy_pattern(r"Using autodetected IPv([46]) address on interface ([^:\s]{1,64}): (\S{1,60})")
_DEFAULTED = lazy_pattern(r'Defaulted container "([^"]{1,63})"')
#: how processes say that they were asked to stop (daemon.go of felix and typha, confd run.go, BIRD, install-cni)
_STOPPED = lazy_pattern(
    r"received os signal terminated|captured terminated|received sigterm|shutdown completed|^shutting down$"
    r"|term received|signal: terminated|server has shut down|shutting down node|received shutdown signal"
)
_LAST_RECORDS = 25
_STOP_SPAN_S = 90.0  # the preStop hook, the grace period of the pod and the processes' own shutdown


class LogFacts(Struct):
    """Collects the facts of one container's records, given in order."""

    first_time: datetime | None = None
    last_time: datetime | None = None
    levels: Counter[str] = field(default_factory=Counter)
    found: dict[str, str] = field(default_factory=dict)
    records: int = 0
    _last: deque[LogRecord] = field(default_factory=lambda: deque(maxlen=_LAST_RECORDS))

    def see(self, record: LogRecord, more: int = 0) -> None:
        """Take note of a record; ``more`` like it were left out before it."""
        self.records += 1 + more
        time = record.time
        if record.own_time and time is not None:
            if self.first_time is None or time < self.first_time:
                self.first_time = time
            if self.last_time is None or time > self.last_time:
                self.last_time = time
        if record.level:
            self.levels[record.level] += 1 + more
        self._last.append(record)
        if record.message.startswith(TELLING):
            self._tell(record.message[:16_384])

    @property
    def node(self) -> str:
        """Name of the node that the log is from, "" if it does not say."""
        return self.found.get("node", "")

    def as_text(self) -> dict[str, str]:
        """Give all facts that are known; times as ISO 8601 in UTC, counts as ``level.ERROR``."""
        facts = dict(self.found)
        if self.first_time is not None and self.last_time is not None:
            facts["first_time"] = self.first_time.isoformat()
            facts["last_time"] = self.last_time.isoformat()
        facts.update({f"level.{level}": str(count) for level, count in sorted(self.levels.items())})
        if self._ended_cleanly():
            facts["ended_cleanly"] = "true"
        for key in ("version.felix", "version.cni"):
            version = facts.pop(key, "")
            if version:
                facts.setdefault("calico_version", version)
        return facts

    def _tell(self, message: str) -> None:
        node = _NODE.search(message)
        if node:
            self.found["node"] = node[1].rstrip(".:")
        if found := _STARTING_NODE.match(message):
            self.found["calico_version"] = found[2]
        elif found := _ADDRESS.match(message):
            suffix = "" if found[1] == "4" else "6"
            self.found[f"autodetected_interface{suffix}"] = found[2]
            self.found[f"autodetected_ip{suffix}"] = found[3]
        elif found := _CNI_VERSION.match(message):
            self.found["version.cni"] = found[1]
        elif found := _OPERATOR_VERSION.match(message):
            self.found["operator_version"] = found[1]
        elif found := _DEFAULTED.match(message):
            self.found["container"] = found[1]
        elif found := _VERSION_FIELD.search(message):
            self.found["version.felix"] = found[1]

    def _ended_cleanly(self) -> bool:
        """Whether the end of the log is that of a process that was asked to stop."""
        for record in self._last:
            said = record.message[:300].lower()
            if ("term" not in said and "shut" not in said) or not _STOPPED.search(said):
                continue
            time = record.time
            if time is None or self.last_time is None or (self.last_time - time).total_seconds() <= _STOP_SPAN_S:
                return True
        return False
