"""Lines of a file fetched by their numbers, in one pass and in little memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_MOST_CHARACTERS = 8000


def numbered_lines(pieces: Iterator[bytes], wanted: Iterable[int]) -> dict[int, bytes]:
    """Give the wanted lines (1-based) of a file that comes in pieces; long ones are cut."""
    left = sorted(set(wanted), reverse=True)
    found: dict[int, bytes] = {}
    number, begun = 1, b""  # the line that the next piece goes on with, and what is known of it
    for piece in pieces:
        if not left:
            break
        ends = piece.count(b"\n")
        if number + ends < left[-1]:
            number, begun = number + ends, piece[piece.rfind(b"\n") + 1 :] if ends else b""
            continue
        start = 0
        while left and number <= left[-1]:
            end = piece.find(b"\n", start)
            if end < 0:
                break
            if number == left[-1]:
                found[left.pop()] = (begun + piece[start:end])[:_MOST_CHARACTERS]
            number, begun, start = number + 1, b"", end + 1
        rest = piece.count(b"\n", start)
        number += rest
        begun = (b"" if rest else begun) + piece[piece.rfind(b"\n") + 1 if rest else start :][:_MOST_CHARACTERS]
    if left and number == left[-1] and begun:
        found[number] = begun[:_MOST_CHARACTERS]
    return found
