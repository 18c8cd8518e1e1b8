"""A member of a bundle, and the safe name it goes by."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

#: takes (path inside the bundle, what was skipped, cut or damaged)
Warn = Callable[[str, str], None]
LITTER = {".ds_store", "thumbs.db", "desktop.ini", "__macosx"}


class BundleError(Exception):
    """The input as a whole cannot be read; the text is one line that names it and says what to do."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of the bundle: its path inside (nested archives joined with ``!``) and its bytes."""

    path: str
    data: bytes


def inner_path(name: str) -> str:
    """Give a harmless relative path: forward slashes, no drive, no ``..``, no control characters."""
    cleaned = re.sub(r"[\x00-\x1f\x7f]", "?", name.replace("\\", "/"))
    cleaned = re.sub(r"^[A-Za-z]:", "", cleaned)
    parts = [part for part in cleaned.split("/") if part not in ("", ".", "..")]
    return "/".join(parts) or "unnamed"


def is_litter(path: str) -> bool:
    """Whether the path is what macOS and Windows leave in archives."""
    parts = path.replace("!", "/").lower().split("/")
    return any(part in LITTER for part in parts) or parts[-1].startswith("._")
