"""A short run of every fuzz target, the same each time; ``make fuzz`` is the long one."""

from __future__ import annotations

import pytest
from targets import TARGETS, fuzz


@pytest.mark.parametrize("target", TARGETS)
def test_target(target: str) -> None:
    fuzz(target, 12 if target == "whole_way" else 40, derandomize=True)
