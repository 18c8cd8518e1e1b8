"""The limits under which a stranger's bundle is read."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

MIB = 1024**2
GIB = 1024**3
#: what any input may unpack to, however small it is: text packs well
FREE = 64 * MIB


@dataclass(frozen=True, slots=True)
class Limits:
    """What is read at the most; reaching one is a warning, and what was read until then counts.

    Attributes:
        bytes: of all members together, unpacked.
        ratio: unpacked bytes per packed byte, of one archive and of the whole input (64 MiB are always allowed).
        members: files, links and folders in archives, and files in folders.
        depth: archives inside archives; 0 opens the outermost one only.
        member_bytes: of one member; a larger one is read up to here. A text takes about four times as much memory.
        line: characters of one line; the rest of a longer line is dropped.
        seconds: of reading and parsing.
    """

    bytes: int = 64 * GIB
    ratio: int = 400
    members: int = 200_000
    depth: int = 4
    member_bytes: int = 512 * MIB
    line: int = 64 * 1024
    seconds: float = 3600.0


@dataclass(slots=True)
class Budget:
    """What is used of the limits while a bundle is read."""

    limits: Limits
    packed_bytes: int = 0  # size of the input files opened so far
    unpacked_bytes: int = 0  # what came out of compression, at every level of nesting
    used_bytes: int = 0  # of members handed out
    used_members: int = 0
    started: float = field(default_factory=time.monotonic)

    def cut(self) -> str:
        """Say what is wrong with a member that ends here because a limit is reached, "" while none is."""
        reason = self.exhausted()
        return f"limit reached: {reason}; cut" if reason else ""

    def exhausted(self) -> str:
        """Say which limit is reached, "" while none is."""
        limits = self.limits
        if max(self.used_bytes, self.unpacked_bytes) > limits.bytes:
            return f"more than {limits.bytes} bytes unpacked (--limit-bytes)"
        if self.unpacked_bytes > allowed(self.packed_bytes, limits.ratio):
            return f"unpacks to more than {limits.ratio} times its size (--limit-ratio)"
        if self.used_members > limits.members:
            return f"more than {limits.members} members (--limit-members)"
        if time.monotonic() - self.started > limits.seconds:
            return f"more than {limits.seconds:g} seconds (--limit-seconds)"
        return ""


def allowed(packed: int, ratio: int) -> int:
    """Bytes that ``packed`` bytes may unpack to."""
    return max(FREE, packed * ratio)
