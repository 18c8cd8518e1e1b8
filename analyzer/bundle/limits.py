"""The limits under which a stranger's bundle is read (docs/security.md)."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

GIB = 1024**3


@dataclass(frozen=True, slots=True)
class Limits:
    """What is read at the most; reaching one is a warning, and what was read until then counts."""

    bytes: int = 64 * GIB  # of all members together, unpacked
    ratio: int = 400  # unpacked bytes per packed byte of one archive, beyond the first 64 MiB
    members: int = 200_000
    depth: int = 4  # archives inside archives
    member_bytes: int = 2 * GIB  # of one member
    line: int = 64 * 1024  # characters of one line
    seconds: float = 3600.0


@dataclass(slots=True)
class Budget:
    """What is left of the limits while a bundle is read."""

    limits: Limits
    used_bytes: int = 0
    used_members: int = 0
    started: float = field(default_factory=time.monotonic)

    def exhausted(self) -> str:
        """Say which limit is reached, "" while none is."""
        if self.used_bytes > self.limits.bytes:
            return f"more than {self.limits.bytes} bytes unpacked (--limit-bytes)"
        if self.used_members > self.limits.members:
            return f"more than {self.limits.members} members (--limit-members)"
        if time.monotonic() - self.started > self.limits.seconds:
            return f"more than {self.limits.seconds:.0f} seconds (--limit-seconds)"
        return ""
