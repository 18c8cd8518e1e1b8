"""Makes the targets importable: tests are not a package."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "archives"), str(HERE.parent / "hostile")]
