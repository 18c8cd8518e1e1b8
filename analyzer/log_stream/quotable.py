"""Lines of a large log that may be quoted, with those around them: made readable when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from parsers.decode import decode

_TOGETHER = 30  # lines before and after: a secret may go over several


@dataclass(frozen=True, slots=True)
class Quotable:
    """Lines by their 1-based numbers: ``texts`` as they were read, ``raw`` as they stand in the file, with secrets."""

    texts: Mapping[int, str] = field(default_factory=dict)
    raw: Mapping[int, bytes] = field(default_factory=dict, repr=False)

    def __contains__(self, number: int) -> bool:
        return number in self.raw

    @classmethod
    def of_all(cls, parts: Sequence[Quotable]) -> Quotable:
        """Give the lines of several parts of a file as one."""
        if len(parts) == 1:
            return parts[0]
        texts = {number: text for part in parts for number, text in part.texts.items()}
        return cls(texts, {number: raw for part in parts for number, raw in part.raw.items()})

    def readable(
        self, numbers: Iterable[int], most: int, clean: Callable[[bytes], bytes] | None = None
    ) -> dict[int, str]:
        """Give those of the wanted lines that are at hand, in order.

        Args:
            numbers: the lines wanted.
            most: characters of a line; longer ones are cut.
            clean: takes secrets out of a text.
        """
        wanted = {number for number in numbers if number in self.raw}
        near = (range(number - _TOGETHER, number + _TOGETHER + 1) for number in wanted)
        found = sorted({number for some in near for number in some if number in self.raw})
        texts = cleaned([self.texts.get(number) or line_text(self.raw[number], most) for number in found], clean)
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
