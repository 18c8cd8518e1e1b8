"""The looks at each byte of a large log: where its lines are, what shape each has, and which group it belongs to.

They are made by :class:`~analyzer.log_stream.native_scan.NativeScan`, in C; where that could not be compiled, by
:class:`~analyzer.log_stream.arrow_scan.ArrowScan` with numpy and pyarrow. Both number shapes and groups in the order
of their first lines, so what comes out of a log is the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np

from analyzer.log_stream.lines import Numbers, Piece
from analyzer.log_stream.shapes import Shapes
from analyzer.log_stream.stretch import Stretch
from analyzer.log_stream.volume import Volume

#: factors that make one number of several (odd, of many bits)
K1, K2, K3 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(0x165667B19E3779F9)


class Lines(NamedTuple):
    """The lines of a piece of a log."""

    data: bytes
    end: int
    starts: Numbers
    ends: Numbers
    numbers: Numbers  # equal for lines that differ in digits only; none where lines are told apart otherwise
    plain: bool  # whether all bytes are ASCII and none is zero


class Unknown(NamedTuple):
    """The first line of a stretch that is of no known group."""

    place: int
    shape: int
    word: int  # where its process id stands
    follow: int  # tells the other lines of its record, 0 where there are none
    special: bool  # what it says counts, not only its shape
    key: int  # by which its group is remembered


class Usual(NamedTuple):
    """By shape: the group of most of its lines (-1 for none), and the word that they have where the process id is."""

    group: Numbers
    word: Numbers


class Scan(Protocol):
    """One log's shapes and groups; what is known of them is kept from stretch to stretch."""

    def lines(self, piece: Piece) -> Lines:
        """Find the lines of a piece."""

    def shapes(self, lines: Lines) -> Numbers:
        """Give the number of the shape of each line; new shapes are looked at."""

    def groups(self, part: Stretch, usual: Usual, new: Callable[[Unknown], int], volume: Volume) -> Numbers:
        """Give the group of each line; ``new`` gives that of the first of lines whose group is not known.

        All lines are counted in ``volume``, by time and level: their bytes are at hand here.
        """

    def remember(self, key: int, group: int) -> None:
        """From here on lines with this key belong to a group."""

    @property
    def remembered(self) -> int:
        """How many keys have a group."""

    def forget(self) -> None:
        """No key has a group any more."""


def new_scan(shapes: Shapes) -> Scan:
    """Give the faster way that there is on this machine."""
    try:
        from analyzer.log_stream.native_scan import NativeScan
    except ImportError:
        from analyzer.log_stream.arrow_scan import ArrowScan

        return ArrowScan(shapes)
    return NativeScan(shapes)
