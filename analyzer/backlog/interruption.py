"""Ctrl-C during a batch is never lost, wherever it is caught."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def remembered() -> Iterator[Callable[[], None]]:
    """While it lasts, Ctrl-C is also remembered; gives a function that raises ``KeyboardInterrupt`` once there was one.

    The exception alone is not enough: raised inside a destructor or a callback of a library in C it is printed, or
    not even that, and the program goes on. Outside the main thread, where Python sets no handler, nothing changes.
    """
    seen = threading.Event()

    def note(number: int, frame: FrameType | None) -> None:
        seen.set()
        signal.default_int_handler(number, frame)

    def check() -> None:
        if seen.is_set():
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield check
        return
    before = signal.signal(signal.SIGINT, note)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, before)
