"""The program's own folder of things worked out once: the compiled catalogue, pattern databases, templates.

Nothing in it is needed: whatever is missing, damaged, of another release or not surely ours is worked out
anew. No function here raises. What is kept is told apart by a key over all that it was made of, so a
changed catalogue or release never meets an old blob. Others may not write here: the folder is 0700 and
folder and files must belong to the user who runs the program (no link is followed for either), so that
a blob may be trusted as much as the program itself.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import stat
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from analyzer import __version__

#: set to "off" where nothing may be written outside the output
SWITCH = "CALICO_TRIAGE_CACHE"
LARGEST = 256 * 1024 * 1024
KEPT = 8  # blobs of one name: several catalogues in turn, old ones go

_MARK = b"calico-triage blob 1\n"
_DIGEST = hashlib.sha256().digest_size


def key_of(*parts: bytes | str) -> str:
    """Give the key of what is made of ``parts`` by this release of the program, run by this Python."""
    digest = hashlib.sha256()
    for part in (__version__, sys.implementation.cache_tag or "", sys.platform, *parts):
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()


def key_of_files(files: Iterable[Path], *parts: bytes | str) -> str | None:
    """Give the key of what is made of the content of ``files`` and of ``parts``; None where one cannot be read."""
    try:
        return key_of(*(item for file in files for item in (str(file), file.read_bytes())), *parts)
    except (OSError, ValueError):
        return None


def folder() -> Path | None:
    """Give the program's cache folder, made if absent; None where there is none that is surely ours.

    ``$XDG_CACHE_HOME/calico-triage`` or ``~/.cache/calico-triage`` (XDG Base Directory Specification: a
    relative value counts as unset), on Windows below ``%LOCALAPPDATA%``.
    """
    if os.environ.get(SWITCH, "").lower() in ("off", "0", "no"):
        return None
    try:
        parent = _parent()
        if parent is None:
            return None
        own = parent / "calico-triage"
        with contextlib.suppress(FileExistsError):
            own.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            own.mkdir(mode=0o700)
        return own if _ours(own.lstat(), stat.S_ISDIR) else None
    except (OSError, ValueError, RuntimeError):
        return None


def _parent() -> Path | None:
    chosen = os.environ.get("LOCALAPPDATA" if os.name == "nt" else "XDG_CACHE_HOME", "")
    if chosen and Path(chosen).is_absolute():
        return Path(chosen)
    home = Path.home()
    # a home that does not exist is one that should not: service accounts
    return home / ".cache" if home.is_absolute() and home.is_dir() else None


def _ours(status: os.stat_result, is_kind: Callable[[int], bool]) -> bool:
    """Whether this is a plain folder or file of the user who runs the program that nobody else may write."""
    if not is_kind(status.st_mode):
        return False
    if not hasattr(os, "geteuid"):  # Windows: folders below LOCALAPPDATA are the user's by inheritance
        return True
    return status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def read(name: str, key: str | None) -> bytes | None:
    """Give the blob kept under ``name`` and ``key``; None where there is none that is whole and ours."""
    own = folder() if key else None
    if own is None or key is None:
        return None
    try:
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
        with open(os.open(own / f"{name}-{key[:24]}", flags), "rb") as file:  # noqa: PTH123 - a descriptor
            status = os.fstat(file.fileno())
            if not _ours(status, stat.S_ISREG) or status.st_size > LARGEST:
                return None
            data = file.read(status.st_size)  # a buffer of that size, no larger one
    except (OSError, ValueError):
        return None
    head = len(_MARK) + _DIGEST
    content = data[head:]
    return content if data[:head] == _MARK + _seal(name, key, content) else None


def write(name: str, key: str | None, content: bytes, most: int = KEPT) -> None:
    """Keep ``content`` under ``name`` and ``key``: whole or not at all, also when two processes write at once.

    Of one name the newest ``most`` blobs stay.
    """
    own = folder() if key else None
    if own is None or key is None or len(content) + 1024 > LARGEST:
        return
    target = own / f"{name}-{key[:24]}"
    passing = own / f".{name}-{secrets.token_hex(8)}"
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        with open(os.open(passing, flags, 0o600), "wb") as file:  # noqa: PTH123 - a descriptor
            file.write(_MARK + _seal(name, key, content))
            file.write(content)
        passing.replace(target)
    except (OSError, ValueError):
        with contextlib.suppress(OSError):
            passing.unlink()
        return
    _forget_old(own, name, most)


def _seal(name: str, key: str, content: bytes) -> bytes:
    """A checksum over blob, name and whole key: a cut or misnamed file is no blob."""
    return hashlib.sha256(f"{name}\n{key}\n".encode() + hashlib.sha256(content).digest()).digest()


def _forget_old(own: Path, name: str, most: int) -> None:
    with contextlib.suppress(OSError):
        kept = [path for path in own.iterdir() if path.name.startswith((f"{name}-", f".{name}-"))]
        kept.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
        for path in kept[most:]:
            path.unlink(missing_ok=True)
