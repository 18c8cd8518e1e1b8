"""The files of a folder, in a fixed order; links are never followed, and no special file can hold us up."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

#: takes (path below the folder, what was skipped)
Complain = Callable[[str, str], None]


def files_below(root: Path, complain: Complain) -> Iterator[tuple[str, Path]]:
    """Give (path below ``root`` with forward slashes, path) of everything that is no folder, sorted by folder.

    Links to folders are given too, for :func:`open_plain` to refuse. Folders that cannot be read are complained of.
    """

    def unreadable(error: OSError) -> None:
        complain(_below(root, Path(str(error.filename))), f"cannot be read: {error.strerror}")

    for folder, folders, names in os.walk(root, onerror=unreadable, followlinks=False):
        folders.sort()
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        for name in sorted([*names, *links]):
            path = Path(folder) / name
            yield _below(root, path), path


def open_plain(path: Path) -> tuple[IO[bytes], int] | str:
    """Open a regular file and give it with its size, or say why not.

    Links are refused. O_NONBLOCK: opening a FIFO that nobody writes to would wait for ever.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            return "a link: not followed"
        if not stat.S_ISREG(mode):
            return "no regular file: skipped"
        handle = os.open(path, flags)
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    stream = os.fdopen(handle, "rb")
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        stream.close()
        return "no regular file: skipped"
    return stream, status.st_size


def _below(root: Path, path: Path) -> str:
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return path.name
