"""The shape of a cross-check's result and of the functions that compute them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct

from analyzer.tables import Tables


class Fact(Struct, frozen=True):
    """Something that follows from several rows together.

    Attributes:
        id: name that the catalogue's ``fact:`` selectors use, e.g. ``peer-worker-not-ready``.
        file: file of the row that shows it best, so that it can be quoted.
        line: 1-based line of that row.
        detail: one sentence with the values, e.g. "10.0.0.5 is NotReady and is missed by 4 peers".
        node: the worker it is about ("" = the whole cluster).
        pod: the pod it is about, where one is.
        also: further (file, line) places that show it.
        when: seconds before the collection at which it began, where that is known.
    """

    id: str
    file: str
    line: int
    detail: str
    node: str = ""
    pod: str = ""
    also: tuple[tuple[str, int], ...] = ()
    when: float | None = None


#: A cross-check: reads the tables, gives the facts it found. Registered in ``analyzer.facts.registry``.
Check = Callable[[Tables], Iterable[Fact]]
