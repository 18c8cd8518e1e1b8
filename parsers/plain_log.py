"""Lines without a log prefix: start scripts, install-cni's shell, calico-extension, calicoctl, kubectl's own words.

Sources: projectcalico/calico ``node/filesystem/etc/rc.local`` and service run files, ``cni-plugin`` install-cni.sh
(before v3.16), ``pod2daemon/flexvol`` script, ``calicoctl`` messages, Kubernetes' kubectl.
"""

from __future__ import annotations

import re

from parsers.lazy_pattern import lazy_pattern
from parsers.log_record import LogRecord, utc_time

#: lines that stand on their own, whatever was before them
_OWN_LINE = (
    "Calico node ",
    "CALICO_NETWORKING_BACKEND ",
    "/var/lib/calico/",
    "ERROR:",
    "WARNING:",
    "ERROR ",
    "runsv ",
    "runsvdir ",
    "runsvchdir",
    "sv: ",
    "mkdir:",
    "cp:",
    "mv:",
    "rm:",
    "cat:",
    "chmod:",
    "touch:",
    "ln:",
    "sed:",
    "ls:",
    "sh:",
    "/bin/sh:",
    "bash:",
    "exec ",
    "exec:",
    "standard_init_linux.go",
    "libbpf:",
    "iptables",
    "ip6tables",
    "modprobe:",
    "sysctl:",
    "... dropped ",
    "Successfully ",
    "Failed to ",
    "Version mismatch.",
    "Skipping datastore",
    "Installing any TLS assets",
    "Wrote Calico CNI",
    "Using CNI config template",
    "CNI plugin version",
    "CNI config:",
    "Created CNI config",
    "Done configuring CNI",
    "/host/secondary-bin-dir",
    "/install-cni.sh:",
    "KUBERNETES_SERVICE_",
    "TERM received",
    "File exists ",
    "Destination directory ",
    "Defaulted container ",
    "Error from server",
    "error: ",
    "Error: ",
    "unable to retrieve container logs",
    "failed to create fsnotify",
    "failed to ",
    "Unable to connect to the server",
    "Create log request error:",
    "Request log error:",
    "Usage:",
    "INFO: ",
    "Calico process is",
)
_SCRIPT_STAMP = lazy_pattern(
    r"\[?(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)\]? +"
    r"(?:\[?(INFO|WARN|WARNING|ERROR|FATAL|DEBUG)\]?:? +)?(?:([A-Za-z][\w.-]{1,40})(?:\[(\d{1,10})\])?: )?(.*)",
    re.DOTALL,
)
_LEVEL = lazy_pattern(r"(?:\[(?=[A-Z]{4,7}\]))?(ERROR|FATAL|WARNING|WARN|INFO|DEBUG)(?:\]:?(?: |$)|:)")
_TROUBLE = lazy_pattern(
    r"\b(?:errors?|fail(?:ed|s|ure|ing)?|fatal|panic|cannot|can't|could not|couldn't|unable|denied|refused|rejected"
    r"|no such|not found|not permitted|not supported|not allowed|does not exist|doesn't exist|timed out|timeout"
    r"|unauthorized|forbidden|invalid|expired|exceeded|killed|aborted|unreachable|unavailable|giving up|not ready"
    r"|read-only file system|no space left|parameter not set|not set|mismatch|missing|warning|dropped)\b",
    re.IGNORECASE,
)
_NO_TROUBLE = lazy_pattern(
    r"\b(?:0 errors?|no errors?|without errors?|errors?=0|failed=0|error=<nil>|error: <nil>)\b|-- (?:BEGIN|END) ",
    re.IGNORECASE,
)
_CONTINUES = lazy_pattern(r"[\s+|}\])>•*\-]")
_MORE_OF_PLAIN = ("Client Version:", "Cluster Version:", "Use --allow-version-mismatch")


def stands_alone(text: str) -> bool:
    """Tell whether a line without prefix is a message of its own for certain, not the rest of one before it."""
    return text.startswith(_OWN_LINE)


def continues(text: str) -> bool:
    """Tell whether a line without prefix looks like the rest of a record: indented, a table row, a list item."""
    return _CONTINUES.match(text) is not None or text.startswith(_MORE_OF_PLAIN)


def is_trouble(text: str) -> bool:
    """Tell whether a line without a level reads like an error or a warning."""
    text = text[:4096]
    return _TROUBLE.search(text) is not None and _NO_TROUBLE.search(text) is None


def read_script(text: str) -> LogRecord | None:
    """Read a script's line with a time: ``2026-11-22 02:11:05 calico-extension: configuring ...``."""
    found = _SCRIPT_STAMP.match(text)
    if found is None:
        return None
    stamp, level, name, pid, message = found.groups()
    time = utc_time(stamp.replace(",", "."))
    if time is None:
        return None
    return LogRecord(
        kind="script",
        message=message.strip(),
        time=time,
        own_time=True,
        level=_level(level) or level_of(message),
        component=name or "",
        pid=int(pid) if pid else None,
    )


def level_of(text: str) -> str:
    """Give the level that a plain line begins with (``ERROR: ...``), "" where it has none."""
    found = _LEVEL.match(text)
    return _level(found[1]) if found else ""


def _level(word: str | None) -> str:
    return "WARNING" if word == "WARN" else (word or "")
