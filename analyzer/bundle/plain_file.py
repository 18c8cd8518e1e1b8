"""A file of its own, no member of an archive: its bytes can be had from any place on."""

from __future__ import annotations

import os
from typing import IO

from analyzer.bundle.fingerprint import Noted
from analyzer.bundle.limits import Budget

#: whether the platform can do it
USABLE = hasattr(os, "pread")


class PlainFile:
    """Reads a file from any place on. Bytes count once, however often they are read.

    Args:
        stream: the file, whose own position stays where it is.
        size: how many bytes it has, as far as the folder says.
        budget: counts what is read.
        noted: looks at the bytes, in order.
        seen: how many bytes were counted already.
        problems: takes what is wrong.
    """

    def __init__(
        self, stream: IO[bytes], size: int, budget: Budget, noted: Noted | None, seen: int, problems: list[str]
    ) -> None:
        self._stream = stream
        self._size = size
        self._budget = budget
        self._noted = noted
        self._problems = problems
        self._ended = False
        self._begun = seen
        self.seen = seen

    @property
    def size(self) -> int:
        """How many bytes it has, as far as the folder says."""
        return self._size

    @property
    def digest(self) -> str:
        """Equal for equal content; "" as long as not all of it was read, or where nobody wants it."""
        return "" if self._noted is None else self._noted.digest

    def read_at(self, place: int, size: int) -> bytes:
        """Give bytes from a place on; fewer at the end, none behind a limit. An error while reading is the end."""
        if self._ended:
            return b""
        try:
            data = os.pread(self._stream.fileno(), size, place)
        except OSError:
            data = b""
        end = place + len(data)
        if self._noted is not None and place <= self._noted.there < end:
            self._noted.take(memoryview(data)[self._noted.there - place :])
        if end > self.seen:
            self._budget.used_bytes += end - self.seen
            self.seen = end
            if problem := self._budget.cut():
                self._problems.append(problem)
                self._ended = True
        if len(data) < size:
            self._finish(end)
        return data

    def take_back(self) -> None:
        """What was counted counts no more: it will be read again, in order."""
        self._budget.used_bytes -= self.seen - self._begun
        self.seen = self._begun

    def _finish(self, end: int) -> None:
        if self._noted is not None:
            self._noted.finish()
        if end < self._size and not self._problems:
            self._problems.append(f"truncated: {end} of {self._size} bytes are there")
