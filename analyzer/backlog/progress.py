"""How far a batch is: a live display on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol

from analyzer.backlog.run import Tally
from analyzer.backlog.summary import FAILED, TicketRow

#: seconds between plain lines
EVERY_S = 5.0


class Progress(Protocol):
    """Shows a tally as it grows."""

    def __enter__(self) -> Progress:
        """Begin."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""
        ...

    def __call__(self, tally: Tally, row: TicketRow | None) -> None:
        """Show how far it is; ``row`` is what was just done."""
        ...


def progress_for(total: int, quiet: bool) -> Progress:
    """Give what fits standard error."""
    if quiet:
        return Silent()
    return Live(total) if sys.stderr.isatty() else Lines(total)


class Silent:
    """Shows nothing."""

    def __enter__(self) -> Silent:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def __call__(self, tally: Tally, row: TicketRow | None) -> None:
        """Take note of nothing."""


class Lines(Silent):
    """A line each few seconds, and one for each ticket that fails."""

    def __init__(self, total: int, write: Callable[[str], None] | None = None) -> None:
        self.write = write or (lambda line: print(line, file=sys.stderr, flush=True))
        self.started = self.last = time.monotonic()

    def __call__(self, tally: Tally, row: TicketRow | None) -> None:
        """Write a line where it is time for one."""
        if row is not None and row.status == FAILED:
            self.write(f"failed: {row.ticket}: {row.error}")
        now = time.monotonic()
        if now - self.last >= EVERY_S and tally.done < tally.total:
            self.last = now
            self.write(_line(tally, now - self.started))


def _line(tally: Tally, seconds: float) -> str:
    rate = tally.done / seconds if seconds else 0.0
    left = f", {_duration((tally.total - tally.done) / rate)} left" if rate else ""
    return f"{tally.done} of {tally.total} tickets, {len(tally.failed)} failed, {rate:.1f}/s{left}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


class Live(Silent):
    """A bar with rate, time left and failures."""

    def __init__(self, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        columns: list[Any] = [BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[note]}")]
        columns += [TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn()]
        self.bar = Bar(*columns, console=Console(stderr=True))
        self.task = self.bar.add_task("tickets", total=total, note="")
        self.started = time.monotonic()

    def __enter__(self) -> Live:
        self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.stop()

    def __call__(self, tally: Tally, row: TicketRow | None) -> None:
        """Move the bar."""
        from rich.markup import escape

        rate = tally.done / max(time.monotonic() - self.started, 1e-6)
        self.bar.update(self.task, completed=tally.done, note=f"{rate:.1f}/s, {len(tally.failed)} failed")
        if row is not None and row.status == FAILED:
            self.bar.console.print(escape(f"failed: {row.ticket}: {row.error}"), highlight=False, soft_wrap=True)
