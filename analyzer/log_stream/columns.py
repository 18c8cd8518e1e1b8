"""Columns that grow: what is known of shapes and of groups of lines, one number each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from analyzer.log_stream.lines import Numbers


class Column:
    """Numbers by the number of a shape or group; those not set yet have the first value."""

    def __init__(self, dtype: Any, first: int = 0) -> None:
        self._first = first
        self._values: Numbers = np.full(1024, first, dtype)

    def upto(self, size: int) -> Numbers:
        """Give the first ``size`` values, to be read and changed."""
        if size > len(self._values):
            grown = np.full(max(size, 2 * len(self._values)), self._first, self._values.dtype)
            grown[: len(self._values)] = self._values
            self._values = grown
        return self._values[:size]

    def set(self, first: int, values: Sequence[int]) -> None:
        """Set the values of numbers in a row."""
        self.upto(first + len(values))[first:] = values

    def __setitem__(self, number: int, value: Any) -> None:
        self.upto(number + 1)[number] = value

    def __getitem__(self, number: int) -> Any:
        return self.upto(number + 1)[number]


class Rows:
    """Several columns of one kind that are set together: a row for each number."""

    def __init__(self, dtype: Any, columns: int) -> None:
        self._values: Numbers = np.zeros((columns, 1024), dtype)

    def set(self, first: int, rows: Sequence[Sequence[int]]) -> None:
        """Set all values of numbers in a row, of one at least."""
        self.upto(first + len(rows))[:, first:] = np.array(rows).T

    def upto(self, size: int) -> Numbers:
        """Give the first ``size`` values of all columns."""
        columns, room = self._values.shape
        if size > room:
            grown = np.zeros((columns, max(size, 2 * room)), self._values.dtype)
            grown[:, :room] = self._values
            self._values = grown
        return self._values[:, :size]

    def columns(self) -> list[RowsColumn]:
        """Give the columns one by one."""
        return [RowsColumn(self, place) for place in range(len(self._values))]


class RowsColumn:
    """One of the columns of :class:`Rows`."""

    def __init__(self, rows: Rows, place: int) -> None:
        self._rows = rows
        self._place = place

    def upto(self, size: int) -> Numbers:
        """Give the first ``size`` values, to be read and changed."""
        found: Numbers = self._rows.upto(size)[self._place]
        return found
