"""Large logs read by several processes at once.

Each process goes through the whole bundle (what is packed together can be unpacked only from its beginning) and reads
the logs that it comes to first; the others are skipped over. Only on Linux, where a process can be split in two with
all it knows; elsewhere starting one would cost more than it saves.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from analyzer.bundle.folder import files_below

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkProcess

#: bytes of logs below which a second process does not pay, and how much more text a packed file may hold
_WORTH, _PACKED = 48 * 1024 * 1024, 8
_PACKED_ENDS = (".gz", ".tgz", ".zip", ".xz", ".zst", ".bz2")
Result = TypeVar("Result")


def useful_jobs(paths: Sequence[Path], jobs: int) -> int:
    """Give how many processes to use, of at most ``jobs``; 0 stands for as many as there are processors."""
    if jobs == 1 or not hasattr(os, "memfd_create"):  # on Linux only
        return 1
    processors = len(os.sched_getaffinity(0))
    return min(jobs or processors, 8) if sum(_sizes(paths)) >= _WORTH else 1


def _sizes(paths: Iterable[Path]) -> Iterator[int]:
    for path in paths:
        inside = (item for _, item in files_below(path, lambda file, what: None)) if path.is_dir() else [path]
        for file in inside:
            try:
                size = file.lstat().st_size
            except OSError:
                continue
            yield size * (_PACKED if file.suffix.lower() in _PACKED_ENDS else 1)


class Claims:
    """Says of each of the things that several processes come to, in the same order, which of them takes it.

    Processes that this one is split into share it. It is the first one to come; one that ends in between keeps
    nobody waiting, because its lock goes with it.
    """

    def __init__(self) -> None:
        self._next = os.memfd_create("claims")  # eight bytes: the number of the next thing that nobody took

    def take(self, number: int) -> bool:
        """Whether this process takes a thing, by its place in the order, from 0 on."""
        import fcntl  # there is none on Windows

        fcntl.lockf(self._next, fcntl.LOCK_EX)
        try:
            if number < int.from_bytes(os.pread(self._next, 8, 0), "little"):
                return False
            os.pwrite(self._next, (number + 1).to_bytes(8, "little"), 0)
            return True
        finally:
            fcntl.lockf(self._next, fcntl.LOCK_UN)

    def close(self) -> None:
        """Nobody asks any more."""
        os.close(self._next)


def claims_of(processes: int) -> Claims | None:
    """Give what several processes share; None for one, and where the system refuses it: then one must do."""
    try:
        return Claims() if processes > 1 else None
    except OSError:
        return None


class Workers(Generic[Result]):
    """The other processes; :meth:`results` waits for them.

    Args:
        work: gives the result of a process (1, 2, ...).
        count: how many processes.
    """

    def __init__(self, work: Callable[[int], Result], count: int) -> None:
        self._started: list[tuple[ForkProcess, Connection]] = []
        if not count:
            return
        from multiprocessing import get_context  # most tickets are small and need none

        fork = get_context("fork")
        for share in range(1, count + 1):
            here, there = fork.Pipe(duplex=False)
            process = fork.Process(target=_run, args=(work, share, there), daemon=True)
            process.start()
            there.close()
            self._started.append((process, here))

    def results(self, meanwhile: Callable[[], object] | None = None) -> list[Result]:
        """What the shares gave, in order; that of a process that broke off is missing.

        ``meanwhile`` does what need not wait for them.
        """
        found: list[Result] = []
        if self._started and meanwhile is not None:
            meanwhile()
        for process, connection in self._started:
            try:
                found.append(connection.recv())
            except (EOFError, OSError):
                pass
            finally:
                connection.close()
                process.join()
        return found


def _run(work: Callable[[int], object], share: int, connection: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started it lets it end
    with connection:
        connection.send(work(share))
