"""A member of a bundle, and the safe and unique name it goes by."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct

from analyzer.bundle.plain_file import PlainFile
from parsers.lazy_pattern import lazy_pattern

#: takes (path inside the bundle, what was skipped, cut or damaged)
Warn = Callable[[str, str], None]

_LITTER = {".ds_store", "thumbs.db", "desktop.ini", "__macosx"}
_CONTROLS = lazy_pattern(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]")
_DRIVE = lazy_pattern(r"(?://\?/)?[A-Za-z]:(?=/)")
_LONGEST_NAME = 4096


class BundleError(Exception):
    """The input as a whole cannot be read; the text is one line that names it and says what to do."""


class Rest:
    """The bytes of a large member behind those at hand; they can be taken once, before the next member is.

    Where the member is a file of its own, ``plain`` gives all its bytes from any place on, in place of them.
    """

    def __init__(self, pieces: Iterator[bytes], problems: list[str], plain: PlainFile | None = None) -> None:
        self._pieces = pieces
        self._problems = problems
        self.plain = plain
        self.size = 0

    def pieces(self) -> Iterator[bytes]:
        """Give the bytes in pieces."""
        for piece in self._pieces:
            self.size += len(piece)
            yield piece

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with the bytes; known once they were all taken."""
        return tuple(self._problems)


class Member(Struct, frozen=True):
    """One file of the bundle: its path inside (nested archives joined with ``!``) and its bytes.

    ``problems`` says what is wrong with the bytes: cut at a limit, damaged, truncated. Of a large member that is given
    in pieces, ``data`` is the beginning and ``rest`` the other bytes; ``plain_log`` is what a reader of it found out.
    """

    path: str
    data: bytes
    problems: tuple[str, ...] = ()
    rest: Rest | None = None
    plain_log: bool | None = None  # None: nobody looked yet

    @property
    def size(self) -> int:
        """Number of bytes that were read."""
        return len(self.data)


def inner_path(name: str) -> str:
    """Give a harmless relative path: forward slashes, no drive, no ``..``, no control or direction characters."""
    cleaned = _CONTROLS.sub("?", name[:_LONGEST_NAME].replace("\\", "/"))
    cleaned = _DRIVE.sub("", cleaned, count=1)
    cleaned = cleaned.encode("utf-8", "replace").decode("utf-8")
    parts = [part for part in cleaned.split("/") if part not in ("", ".", "..")]
    return "/".join(parts) or "unnamed"


def is_litter(path: str) -> bool:
    """Whether the path is what macOS and Windows leave in archives."""
    parts = path.replace("!", "/").lower().split("/")
    return any(part in _LITTER for part in parts) or parts[-1].startswith("._")


class Names:
    """Makes the paths of members unique: the second ``a.log`` is ``a.log#2``."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def unique(self, path: str) -> str:
        """Give ``path``, or the next free variation of it."""
        while (count := self._seen.get(path, 0) + 1) > 1:  # no recursion: an archive may hold any of the variations
            self._seen[path] = count
            path = f"{path}#{count}"
        self._seen[path] = count
        return path
