"""Ctrl-C that something swallows still ends the batch."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from analyzer.backlog.interruption import remembered


class _Loud:
    """Its destructor is where the signal arrives."""

    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(1000):  # the handler runs between two instructions
            pass


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_swallowed_interrupt_is_raised_at_the_next_look() -> None:
    with remembered() as check:
        check()
        _Loud()  # what is raised in a destructor is ignored by Python
        with pytest.raises(KeyboardInterrupt):
            check()


def test_it_is_raised_at_once_where_nothing_swallows_it() -> None:
    with remembered(), pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(1000):
            pass


def test_the_handler_of_before_is_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with remembered():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_outside_the_main_thread_it_does_nothing() -> None:
    seen = []

    def work() -> None:
        with remembered() as check:
            check()
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGINT)]
