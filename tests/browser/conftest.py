"""A browser for the tests that need one, and the sample reports."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "analyzer" / "report"))
