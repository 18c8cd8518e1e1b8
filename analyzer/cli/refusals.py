"""How a command ends when it cannot do what is asked: exit code 2 and one line that says why."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NoReturn


def fail(message: str) -> NoReturn:
    """End with exit code 2 and one line on standard error."""
    print(f"calico-triage: {' '.join(message.split())}", file=sys.stderr)
    raise SystemExit(2)


def name_of_input(message: str, paths: Sequence[Path]) -> str:
    """Give the message with the input's name in front, where it does not name it yet."""
    return message if any(path.name in message for path in paths if path.name) else f"{paths[0]}: {message}"


def refuse_what_is_not_there(paths: Sequence[Path]) -> None:
    """End with exit code 2 at once where there is no such file: nothing need be loaded to say so."""
    for path in paths:
        try:
            path.stat()
        except (OSError, ValueError) as error:
            fail(f"{path}: {getattr(error, 'strerror', None) or error}")


def refuse_what_nobody_reads(kinds: Iterable[str], paths: Sequence[Path]) -> None:
    """End with exit code 2 where no file of the input is of a kind that is read: it is no bundle."""
    from analyzer.ticket import nothing_read

    if wrong := nothing_read(kinds):
        fail(f"{', '.join(str(path) for path in paths[:3])}: {wrong}")
