"""When the container and each process in it began, as far as its log shows it.

In calico-node runit restarts a process without a restart of the container, and it then logs under another
pid (projectcalico/calico ``node/filesystem/etc/service``). A log may begin in the middle: what runs
already when it begins has no known start.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from msgspec import Struct, field

from parsers.log_record import LogRecord

#: beginning of a message -> process that logs it first (startup.go, daemon.go, run.go, main.go, install.go)
START_WORDS = {
    "Early log level set to": "startup",
    "Felix starting up": "felix",
    "Starting calico-confd": "confd",
    "Typha starting up": "typha",
    "Loaded configuration from environment": "kube-controllers",
    "Running as a Kubernetes pod": "cni-installer",
}
_WORDS = tuple(START_WORDS)
#: processes whose start is the start of the container
_CONTAINER = frozenset({"startup", "typha", "kube-controllers", "cni-installer"})
#: beginning of a message that only the first process of a container logs
CONTAINER_WORDS = tuple(words for words, process in START_WORDS.items() if process in _CONTAINER)
#: one process a call: a new pid says nothing
_SHORT_LIVED = frozenset({"cni-plugin", "ipam", "shutdown", ""})
#: container -> process of its lines where the release prints no component
_ONLY_PROCESS = {
    "calico-typha": "typha",
    "calico-kube-controllers": "kube-controllers",
    "install-cni": "cni-installer",
    "tigera-operator": "operator",
    "kube-proxy": "kube-proxy",
    "kube-apiserver": "kube-apiserver",
    "kubelet": "kubelet",
    "calico-apiserver": "apiserver",
}


class ProcessStarts(Struct):
    """Follows one container's records; ``counts`` holds the starts seen of each process."""

    container: str = ""
    counts: Counter[str] = field(default_factory=Counter)
    container_started: datetime | None = None
    _started: dict[str, datetime] = field(default_factory=dict)
    _pid_started: dict[int, datetime] = field(default_factory=dict)
    _owner: dict[int, str] = field(default_factory=dict)
    _runs: dict[tuple[str, int], bool] = field(default_factory=dict)  # whether its start words were seen

    def see(self, record: LogRecord) -> None:
        """Take note of a record; gives it its component where its format has none but its pid tells."""
        if record.kind == "bird":
            if record.message == "device1: Initializing" and record.time is not None:
                self._started[record.component] = record.time
            return
        if record.kind in ("plain", "trace", "script"):
            return
        word = self._start_word(record)
        self._name(record, word)
        if record.pid is None:
            if word:
                self._start(word, record)
            return
        key = (record.component, record.pid)
        known = self._runs.get(key)
        if word and (known is None or known or record.component not in self._started):
            self._start(word, record)
        elif known is None and record.time is not None:
            self._new_pid(record)
        self._runs[key] = bool(word) or bool(known)

    def since(self, record: LogRecord) -> float | None:
        """Give the seconds from the latest start of the container or of the record's process; None if unknown."""
        time = record.time
        if time is None:
            return None
        starts = [self.container_started, self._started.get(record.component)]
        if not record.component and record.pid is not None:
            starts.append(self._pid_started.get(record.pid))
        known = [start for start in starts if start is not None and start <= time]
        return (time - max(known)).total_seconds() if known else None

    def owner_of(self, pid: int | None) -> str:
        """Give the process that a pid was seen to belong to, "" if no line told."""
        return self._owner.get(pid, "") if pid is not None else ""

    def _start_word(self, record: LogRecord) -> str:
        if record.level != "INFO" or not record.message.startswith(_WORDS):
            return ""
        process = next(name for words, name in START_WORDS.items() if record.message.startswith(words))
        if process == "startup" and record.component not in ("", "startup"):
            return ""  # other processes log these words about their own log level
        return process

    def _name(self, record: LogRecord, word: str) -> None:
        if not record.component:
            known = self._owner.get(record.pid, "") if record.pid is not None else ""
            record.component = word or known or _ONLY_PROCESS.get(self.container, "")
        if record.pid is not None and record.component and record.kind != "klog":
            self._owner[record.pid] = record.component

    def _start(self, process: str, record: LogRecord) -> None:
        self.counts[process] += 1
        if process in _CONTAINER:
            self.container_started = record.time or self.container_started
            self._runs.clear()
            self._started.clear()
        if record.time is not None:
            self._started[process] = record.time

    def _new_pid(self, record: LogRecord) -> None:
        """Take a pid not seen before as a start, unless it may have run before the log began."""
        assert record.time is not None and record.pid is not None
        others = any(name == record.component for name, _ in self._runs)
        if self.container_started is None and not others:
            return
        self._pid_started[record.pid] = record.time
        if record.component not in _SHORT_LIVED:
            self._started[record.component] = record.time
            self.counts[record.component] += 1
