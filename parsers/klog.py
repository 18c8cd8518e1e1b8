"""klog lines (client-go in every Calico component, kube-proxy, kubelet); glog's are identical.

Source: k8s.io/klog/v2 ``formatHeader``; the number after the time is the process id.
"""

from __future__ import annotations

import re

from parsers.lazy_pattern import lazy_pattern
from parsers.log_record import LogRecord

_KLOG = lazy_pattern(
    r"([IWEF])(\d\d)(\d\d) (\d\d:\d\d:\d\d\.\d{6}) +(\d{1,10}) ([^:\]\s]{1,200}):\d{1,9}\][ ]?(.*)", re.DOTALL
)
_LEVELS = {"I": "INFO", "W": "WARNING", "E": "ERROR", "F": "FATAL"}


def read_klog(text: str) -> LogRecord | None:
    """Read a klog line; its time has no year and is left in ``yearless`` for the reader to complete."""
    found = _KLOG.match(text)
    if found is None:
        return None
    level, month, day, clock, pid, source, message = found.groups()
    return LogRecord(
        kind="klog",
        message=message.strip(),
        level=_LEVELS[level],
        pid=int(pid),
        source=source,
        yearless=(int(month), int(day), clock),
    )
