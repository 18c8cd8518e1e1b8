"""Opening a customer's bundle: folders, archives and loose files, streamed and under limits."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from analyzer.bundle.archive import DAMAGED, descend, kind_of, members
from analyzer.bundle.limits import Budget, Limits
from analyzer.bundle.member import BundleError, Member, Warn, inner_path, is_litter

__all__ = ["Budget", "BundleError", "Limits", "Member", "Warn", "fingerprint", "open_bundle"]


def open_bundle(
    paths: Sequence[Path], limits: Limits, warn: Warn, only: Iterable[str] | None = None
) -> Iterator[Member]:
    """Give all members of one ticket.

    Args:
        paths: a folder, an archive, or several files and archives of one ticket.
        limits: what is read at the most.
        warn: takes (path, what) of everything skipped, cut or damaged.
        only: paths inside the bundle that are wanted (of files in folders, others are not even opened).

    Raises:
        BundleError: nothing of the input can be read at all.
    """
    budget = Budget(limits)
    wanted = None if only is None else set(only)
    prefixes = _prefixes(paths)
    for path, prefix in zip(paths, prefixes, strict=True):
        for member in _path_members(path, prefix, budget, warn, wanted):
            if not is_litter(member.path):
                yield member


def _prefixes(paths: Sequence[Path]) -> list[str]:
    """A single folder or archive needs no prefix; several are told apart by their names."""
    if len(paths) == 1:
        return [""]
    names = [path.name or "input" for path in paths]
    return [name if names.count(name) == 1 else f"{number}-{name}" for number, name in enumerate(names, start=1)]


def _path_members(path: Path, prefix: str, budget: Budget, warn: Warn, wanted: set[str] | None) -> Iterator[Member]:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise BundleError(f"{path}: {error.strerror or 'cannot be read'}") from error
    if stat.S_ISDIR(mode):
        yield from _folder(path, prefix, budget, warn, wanted)
    elif stat.S_ISREG(mode):
        yield from _file(path, prefix, budget, warn, alone=not prefix)
    else:
        raise BundleError(f"{path}: is neither a file nor a folder")


def _file(path: Path, prefix: str, budget: Budget, warn: Warn, alone: bool) -> Iterator[Member]:
    """A file given by name: an archive, whose members need no prefix when it is the only input, or a loose file."""
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            kind = kind_of(stream.peek(512)[:512])
            if not kind:
                data = stream.read(budget.limits.member_bytes)
                budget.used_bytes += len(data)
                yield Member(inner_path(prefix or path.name), data)
                return
            plain = kind in ("gz", "bz2", "xz", "zst")
            for member in members(stream, "" if alone else prefix, size, budget, warn):
                name = inner_path(path.stem if plain and member.path == "content" else member.path)
                yield Member(name, member.data)
    except OSError as error:
        raise BundleError(f"{path}: {error.strerror or error}") from error
    except DAMAGED as error:
        warn(prefix or path.name, f"damaged: {' '.join(str(error).split())[:200]}")


def _folder(root: Path, prefix: str, budget: Budget, warn: Warn, wanted: set[str] | None) -> Iterator[Member]:
    def complain(error: OSError) -> None:
        warn(inner_path(os.path.relpath(str(error.filename), root)), f"cannot be read: {error.strerror}")

    for folder, folders, names in os.walk(root, onerror=complain, followlinks=False):
        folders.sort()
        for name in sorted(names):
            path = Path(folder) / name
            inner = inner_path(path.relative_to(root).as_posix())
            inner = f"{prefix}/{inner}" if prefix else inner
            if wanted is not None and not any(item == inner or item.startswith(f"{inner}!") for item in wanted):
                continue
            if is_litter(inner):
                continue
            budget.used_members += 1
            if (reason := budget.exhausted()) != "":
                warn(inner, f"limit reached: {reason}; the rest was not read")
                return
            yield from _folder_file(path, inner, budget, warn)


def _folder_file(path: Path, inner: str, budget: Budget, warn: Warn) -> Iterator[Member]:
    try:
        # O_NONBLOCK: a FIFO in the folder must not hang us; links are not followed
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(handle, "rb") as stream:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                warn(inner, "is no regular file: skipped")
                return
            data = stream.read(budget.limits.member_bytes + 1)
    except OSError as error:
        link = path.is_symlink()
        warn(inner, "is a link: not followed" if link else f"cannot be read: {error.strerror}")
        return
    if len(data) > budget.limits.member_bytes:
        warn(inner, f"limit reached: a file of more than {budget.limits.member_bytes} bytes; cut")
        data = data[: budget.limits.member_bytes]
    budget.used_bytes += len(data)
    yield from descend(data, inner, budget, warn, depth=0)


def fingerprint(paths: Sequence[Path]) -> tuple[str, int]:
    """Give the SHA-256 of the input as lower-case hex, and its size in bytes.

    Of a single file it is the file's own; of a folder or several files, of all names and contents in order.
    """
    files = [path for path in paths if path.is_file()]
    if len(paths) == 1 and files:
        digest, size = hashlib.sha256(), 0
        with files[0].open("rb") as stream:
            while piece := stream.read(1 << 20):
                digest.update(piece)
                size += len(piece)
        return digest.hexdigest(), size
    digest, size = hashlib.sha256(), 0
    for path in paths:
        inside = [path] if path.is_file() else sorted(item for item in path.rglob("*") if not item.is_symlink())
        for item in inside:
            if not item.is_file():
                continue
            name = item.name if item == path else item.relative_to(path).as_posix()
            digest.update(name.encode("utf-8", "surrogateescape") + b"\0")
            try:
                with item.open("rb") as stream:
                    while piece := stream.read(1 << 20):
                        digest.update(piece)
                        size += len(piece)
            except OSError:
                digest.update(b"\0unreadable")
    return digest.hexdigest(), size
