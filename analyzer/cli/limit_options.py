"""The options ``--limit-...``: one for every limit under which a bundle is read."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import fields
from typing import Annotated, Any

import typer

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
_TYPES: dict[str, type[int] | type[float]] = {"int": int, "float": float}


def with_limits(command: Callable[..., None], leave_out: frozenset[str] = frozenset()) -> Callable[..., None]:
    """Give the command an option for each limit, in place of its parameter ``limits``, which gets all of them.

    Args:
        command: a function with a parameter ``limits``.
        leave_out: fields of :class:`Limits` that the command has an option of its own for.
    """
    signature = inspect.signature(command, eval_str=True)
    options = [_option(field.name, str(field.type), field.default) for field in fields(Limits)]
    options = [option for option in options if option.name.removeprefix("limit_") not in leave_out]
    parameters = []
    for parameter in signature.parameters.values():
        parameters += options if parameter.name == "limits" else [parameter]

    @functools.wraps(command)
    def limited(**values: Any) -> None:
        given = {option.name.removeprefix("limit_"): values.pop(option.name) for option in options}
        command(**values, limits=Limits(**given))

    limited.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    # what was wrapped would be looked at instead
    del limited.__wrapped__
    limited.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return limited


def _option(name: str, type_name: str, default: object) -> inspect.Parameter:
    told, least = _TOLD[name]
    kind: Any = _TYPES[type_name]
    option = typer.Option(f"--limit-{name.replace('_', '-')}", min=kind(least), metavar="N", help=told)
    annotation = Annotated[kind, option]
    return inspect.Parameter(f"limit_{name}", inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
