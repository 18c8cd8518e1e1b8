"""Lines of a large log that may be quoted, with those around them: made readable when they are asked for."""

from __future__ import annotations

import zlib
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from parsers.decode import decode

_TOGETHER = 30  # lines before and after: a secret may go over several


class Packed(Mapping[int, bytes]):
    """Lines by their numbers, in a tenth of the room: where there are many logs, few of them are quoted.

    Each look at a line unpacks them all; :meth:`unpacked` gives them together.
    """

    def __init__(self, lines: Mapping[int, bytes]) -> None:
        self._numbers = array("q", sorted(lines))
        self._packed = zlib.compress(b"\n".join([lines[number] for number in self._numbers]), 1)

    def unpacked(self) -> dict[int, bytes]:
        """All lines."""
        return dict(zip(self._numbers, zlib.decompress(self._packed).split(b"\n"), strict=False))

    def __contains__(self, number: object) -> bool:
        if not isinstance(number, int):
            return False
        at = bisect_left(self._numbers, number)
        return at < len(self._numbers) and self._numbers[at] == number

    def __getitem__(self, number: int) -> bytes:
        return self.unpacked()[number]

    def __iter__(self) -> Iterator[int]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)


@dataclass(frozen=True, slots=True)
class Quotable:
    """Lines by their 1-based numbers, with secrets: as they stand in the file.

    ``texts`` are those that were read otherwise, because a secret was taken out or bytes are no text.
    """

    texts: Mapping[int, str] = field(default_factory=dict)
    raw: Mapping[int, bytes] = field(default_factory=dict, repr=False)

    def __contains__(self, number: int) -> bool:
        return number in self.raw

    @classmethod
    def of_all(cls, parts: Sequence[Quotable]) -> Quotable:
        """Give the lines of several parts of a file as one."""
        parts = [part for part in parts if part.raw]
        if len(parts) == 1:
            return parts[0]
        texts = {number: text for part in parts for number, text in part.texts.items()}
        whole = cls(texts, {number: raw for part in parts for number, raw in part.lines().items()})
        return whole.packed() if any(isinstance(part.raw, Packed) for part in parts) else whole

    def lines(self) -> Mapping[int, bytes]:
        """The lines as they stand in the file, at hand."""
        return self.raw.unpacked() if isinstance(self.raw, Packed) else self.raw

    @property
    def size(self) -> int:
        """Bytes of the lines."""
        return sum(map(len, self.lines().values()))

    def packed(self) -> Quotable:
        """The same in less room."""
        return Quotable(self.texts, Packed(self.raw))

    def readable(
        self, numbers: Iterable[int], most: int, clean: Callable[[bytes], bytes] | None = None
    ) -> dict[int, str]:
        """Give those of the wanted lines that are at hand, in order.

        Args:
            numbers: the lines wanted.
            most: characters of a line; longer ones are cut.
            clean: takes secrets out of a text.
        """
        lines = self.lines()
        wanted = {number for number in numbers if number in lines}
        near = (range(number - _TOGETHER, number + _TOGETHER + 1) for number in wanted)
        found = sorted({number for some in near for number in some if number in lines})
        texts = cleaned([self.texts.get(number) or line_text(lines[number], most) for number in found], clean)
        return {number: text for number, text in zip(found, texts, strict=True) if number in wanted}


def line_text(raw: bytes, most: int) -> str:
    """The text of a line, at most ``most`` characters of it."""
    raw = raw[: 4 * most].rstrip(b"\r")
    if raw.isascii() and (text := raw.decode("ascii")).isprintable():
        return text[:most]
    return decode(raw.replace(b"\r", b" "))[0][:most]


def cleaned(texts: list[str], clean: Callable[[bytes], bytes] | None) -> list[str]:
    """The texts without secrets; they are looked at together, because one may go over several lines."""
    if clean is None:
        return texts
    whole = "\n".join(texts)
    clean_whole = _clean_text(whole, clean)
    if clean_whole == whole:
        return texts
    if clean_whole.count("\n") == whole.count("\n"):
        lines = iter(clean_whole.split("\n"))
        return ["\n".join(next(lines) for _ in range(text.count("\n") + 1)) for text in texts]
    return [_clean_text(text, clean) for text in texts]


def _clean_text(text: str, clean: Callable[[bytes], bytes]) -> str:
    return clean(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")
