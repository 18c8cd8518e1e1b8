"""Every pattern that reads a stranger's text takes time in proportion to it."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import signal
import time
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from stretched import stretched

import analyzer
import parsers

LENGTH = 8000
MOST = 400  # texts a pattern is tried with
SECONDS = 0.15  # a pattern that is linear needs a hundredth of it; one that looks at every pair of characters, more
#: they read the catalogue's own patterns or names given on the command line, or texts that are cut short before
TRUSTED = {
    "parsers.message_match", "parsers.message_pattern", "parsers.required_literals",
    "parsers.digit_rules", "parsers.without_digits",
    "analyzer.backlog.sources._ARCHIVE", "analyzer.backlog.fingerprint._VARIES",
    "parsers.place._LAYOUTS",  # of paths, of 4096 characters at the most
}  # fmt: skip
ANYWHERE = r"\.(?:search|finditer|findall|sub|subn|split)\("


def modules() -> Iterator[ModuleType]:
    for package in (parsers, analyzer):
        for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if not found.name.endswith("__main__") and ".migrations" not in found.name:
                yield importlib.import_module(found.name)


def patterns_in(value: Any, name: str) -> Iterator[tuple[str, re.Pattern[Any]]]:
    if isinstance(value, re.Pattern):
        yield name, value
    elif isinstance(value, tuple | list | set | frozenset):
        for number, item in enumerate(value):
            yield from patterns_in(item, f"{name}[{number}]")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from patterns_in(item, f"{name}[{key!r}]")


def slow(pattern: re.Pattern[Any], anywhere: bool) -> str:
    """Give a text that the pattern is slow with, or nothing."""
    look = pattern.search if anywhere else pattern.match
    for _, text in zip(range(MOST), stretched(pattern, LENGTH), strict=False):
        given = text.encode("latin-1", "replace") if isinstance(pattern.pattern, bytes) else text
        taken = []
        for _ in range(4):  # what is slow once is the machine's doing
            start = time.process_time()
            look(given)
            taken.append(time.process_time() - start)
            if taken[-1] < SECONDS:
                break
        if min(taken) >= SECONDS:
            return f"{text[:60]!r}... {min(taken):.2f} s"
    return ""


@pytest.mark.parametrize("module", list(modules()), ids=lambda module: module.__name__)
def test_patterns_of_the_module_are_linear(module: ModuleType) -> None:
    if module.__name__ in TRUSTED:
        pytest.skip("reads no stranger's text")
    source = inspect.getsource(module) if str(module.__file__).endswith(".py") else ""  # a compiled one has no patterns
    found = {}
    for base, value in vars(module).items():
        if f"{module.__name__}.{base}" in TRUSTED:
            continue
        anywhere = re.search(rf"\b{re.escape(base)}\b(?:\[[^\]]*\])?{ANYWHERE}", source) is not None
        for name, pattern in patterns_in(value, base):
            if text := slow(pattern, anywhere):
                found[name] = text
    assert not found


@pytest.mark.parametrize("pattern", [r"(a+)+b", r"\s*x?\s*y", r"[0-9a-f:]+::?\S* (?:.* )?dev", r"(?:\\\\|\\|x)*z"])
def test_a_slow_pattern_is_found(pattern: str) -> None:
    def gives_up(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, gives_up)
    signal.setitimer(signal.ITIMER_REAL, 3)
    try:
        assert slow(re.compile(pattern), anywhere=True)
    except TimeoutError:
        pass  # slower than anybody would wait for
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
