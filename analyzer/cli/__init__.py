"""The command line: ``calico-triage``. Commands import what they need when they run."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line; an unforeseen error is one line and exit code 1, never a traceback."""
    from analyzer.cli.app import app

    try:
        app(prog_name="calico-triage")
    except (KeyboardInterrupt, BrokenPipeError):
        sys.exit(130)
    except Exception as error:
        if os.environ.get("CALICO_TRIAGE_DEBUG"):
            raise
        shown = " ".join(str(error).split())[:300]
        print(f"calico-triage: internal error (a defect, please report it): {type(error).__name__}: {shown}",
              file=sys.stderr)  # fmt: skip
        sys.exit(1)
