"""The options ``--limit-...``: one for every limit under which a bundle is read."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import Field, fields
from typing import Any

import click

from analyzer.bundle.limits import Limits

#: what the help says of each field of :class:`Limits`, and the least that makes sense
_TOLD: dict[str, tuple[str, float]] = {
    "bytes": ("All members together, unpacked.", 1),
    "ratio": ("Unpacked bytes for each packed one; 64 MiB are always allowed.", 1),
    "members": ("Files, links and folders of the input.", 1),
    "depth": ("Archives inside archives; 0: the outermost only.", 0),
    "member_bytes": ("One file, unpacked.", 1),
    "line": ("Characters of one line.", 80),
    "seconds": ("Seconds of reading.", 0.01),
}


def with_limits(command: Callable[..., None], leave_out: frozenset[str] = frozenset()) -> Callable[..., None]:
    """Give the command an option for each limit; its parameter ``limits`` gets all of them.

    Args:
        command: a function with a parameter ``limits``.
        leave_out: fields of :class:`Limits` that the command has an option of its own for.
    """
    wanted = [field for field in fields(Limits) if field.name not in leave_out]

    @functools.wraps(command)
    def limited(**values: Any) -> None:
        given = {field.name: values.pop(f"limit_{field.name}") for field in wanted}
        command(**values, limits=Limits(**given))

    made: Callable[..., None] = limited
    for field in reversed(wanted):  # click lists the option first that is put on last
        made = _option(field)(made)
    return made


def _option(field: Field[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    told, least = _TOLD[field.name]
    kind = click.IntRange(min=int(least)) if field.type in (int, "int") else click.FloatRange(min=least)
    name = field.name.replace("_", "-")
    return click.option(f"--limit-{name}", type=kind, default=field.default, metavar="N", help=told)
