"""The command line: ``calico-triage``. Commands import what they need when they run."""

from __future__ import annotations

import gc
import os
import sys

from analyzer import LOOKS_FOR_CYCLES


def main() -> None:
    """Run the command line: one line for what goes wrong, never a traceback.

    Exit codes: 2 for arguments or input that cannot be used, 130 when interrupted, 1 for a defect of the program.
    """
    gc.set_threshold(*LOOKS_FOR_CYCLES)
    # numpy's library for matrices, of which there are none here, else starts threads that wait busily, beside our own
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    import click

    from analyzer.cli.app import app

    try:
        sys.exit(app(prog_name="calico-triage", standalone_mode=False) or 0)
    except (KeyboardInterrupt, BrokenPipeError, click.Abort):
        _close_output()
        sys.exit(130)
    except Exception as error:
        if os.environ.get("CALICO_TRIAGE_DEBUG"):
            raise
        if isinstance(error, click.UsageError):
            # only "no arguments at all" has a text of several lines: the help
            text = error.format_message()
            several = "\n" in text.strip()
            print(text if several else f"calico-triage: {text} (see: calico-triage --help)", file=sys.stderr)
            sys.exit(2)
        shown = " ".join(str(error).split())[:300]
        print(f"calico-triage: internal error (a defect, please report it): {type(error).__name__}: {shown}",
              file=sys.stderr)  # fmt: skip
        sys.exit(1)
    finally:
        gc.freeze()  # what there is ends with the process: Python need not look for cycles in it


def _close_output() -> None:
    """Keep Python from complaining, while it ends, that the reader of standard output has gone."""
    try:
        sys.stdout.close()
    except OSError:
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 - must stay open until the end
