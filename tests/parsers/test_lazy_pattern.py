from __future__ import annotations

import importlib
import pkgutil
import re

import pytest

import analyzer
import parsers
from parsers.lazy_pattern import lazy_pattern


def test_it_is_compiled_when_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    real = re.compile
    monkeypatch.setattr(re, "compile", lambda source, flags=0: compiled.append(source) or real(source, flags))
    pattern = lazy_pattern(r"(a+)b", re.IGNORECASE)
    assert compiled == []
    assert pattern.search("xAAB")[1] == "AA"  # type: ignore[index]
    assert pattern.sub("-", "ab aab") == "- -"
    assert (pattern.pattern, pattern.groups) == ("(a+)b", 1)
    assert compiled.count("(a+)b") == 3  # the methods are there from the first use on; what else is asked for is rare


def test_bytes_and_faulty_ones() -> None:
    assert lazy_pattern(rb"\d+").findall(b"1 22") == [b"1", b"22"]
    faulty = lazy_pattern("(oops")
    with pytest.raises(re.error):
        faulty.match("x")


def test_all_of_the_program_are_expressions() -> None:
    found = 0
    for package in (parsers, analyzer):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "migrations" in module.name:  # alembic runs these
                continue
            for value in vars(importlib.import_module(module.name)).values():
                if type(value).__name__ == "_Lazy":
                    assert value.pattern
                    found += 1
    assert found > 300
