"""Whether a file may be read as the plain log of one container, told by its beginning."""

from __future__ import annotations

from parsers.decode import decode
from parsers.recognize import recognize
from parsers.session import split_session

#: bytes of the beginning that are looked at
HEAD = 64 * 1024


class NotOneLogError(Exception):
    """The file holds something else than the log of one container in plain lines; it must be read as a whole."""


def is_plain_log(head: bytes, path: str) -> bool:
    """Whether a file that begins like this may be read line by line: one container's log, nothing pasted around it."""
    text, encoding, _ = decode(head[:HEAD])
    if encoding not in ("utf-8", "latin-1") or "\n" not in text or recognize(text, path).kind != "log":
        return False
    if b"\r" in head and b"\n" not in head:
        return False
    lines = [line for line in text.split("\n") if line.strip()]
    if all(line.startswith(" ") for line in lines[1:]):
        return False
    parts = split_session(text)
    return len(parts) == 1 and not parts[0].command and parts[0].first_line == 1 and len(parts[0].text) == len(text)
