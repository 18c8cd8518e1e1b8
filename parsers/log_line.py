"""Taking one undressed line apart, whatever its format."""

from __future__ import annotations

from parsers import bird_log, go_trace, plain_log
from parsers.calico_log import read_calico, read_logrus
from parsers.klog import read_klog
from parsers.log_record import LogRecord
from parsers.operator_log import read_go_log, read_json

_DIGITS = frozenset("0123456789")
_KLOG_LETTERS = frozenset("IWEF")


def read_prefixed(text: str) -> LogRecord | None:
    """Read a line that has a known prefix (any kind but BIRD, plain text and traces); None without one."""
    first = text[:1]
    if first in _DIGITS:
        if text[10:11] == " " and text[4:5] == "-":
            return read_calico(text) or plain_log.read_script(text)
        if text[4:5] == "/":
            return read_go_log(text)
        return plain_log.read_script(text) if text[10:11] == "T" else None
    if first in _KLOG_LETTERS and text[1:2] in _DIGITS:
        return read_klog(text)
    if first == "t" and text.startswith('time="'):
        return read_logrus(text)
    if first == "{":
        return read_json(text)
    if first == "[" and text[1:2] in _DIGITS:
        return plain_log.read_script(text)
    if text[4:5] == "[":
        return read_logrus(text)
    return None


def take_apart(text: str) -> LogRecord | None:
    """Read any line on its own, without the records around it; None for an empty one.

    ``kind`` is "plain" where nothing but the text is known; a mixed BIRD line gives its first message.
    """
    if not text.strip():
        return None
    record = read_prefixed(text)
    if record is not None:
        return record
    if bird_log.is_bird(text):
        message = next(iter(bird_log.messages(text)), "")
        return LogRecord(kind="bird", message=message, component=bird_log.daemon_of(message))
    kind = "trace" if go_trace.begins_trace(text) else "plain"
    return LogRecord(kind=kind, message=text.strip(), level=plain_log.level_of(text) if kind == "plain" else "PANIC")
