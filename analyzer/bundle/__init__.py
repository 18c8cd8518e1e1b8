"""Opening a customer's bundle: folders, archives and loose files, streamed and under limits."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from analyzer.bundle.fingerprint import Digests, Noted, fingerprint, fingerprint_aside
from analyzer.bundle.folder import files_below, open_plain
from analyzer.bundle.limits import Budget, Limits
from analyzer.bundle.member import BundleError, Member, Rest, Warn, inner_path, is_litter
from analyzer.bundle.signature import COMPRESSED, HEAD, foreign, kind_of
from analyzer.bundle.walk import Walker

__all__ = [
    "Budget",
    "BundleError",
    "Digests",
    "Limits",
    "Member",
    "Rest",
    "Warn",
    "comes_in_order",
    "fingerprint",
    "fingerprint_aside",
    "foreign",
    "open_bundle",
]

_SUFFIXES = {"gz": (".gz",), "bz2": (".bz2",), "xz": (".xz",), "zst": (".zst", ".zstd")}


def open_bundle(
    paths: Sequence[Path],
    limits: Limits,
    warn: Warn,
    only: Iterable[str] | None = None,
    at_once: int = 0,
    digests: Digests | None = None,
) -> Iterator[Member]:
    """Give all members of one ticket, one at a time, in a fixed order.

    A member's path is relative to its folder or archive; nested archives are joined with ``!``
    (``inner/a.tgz!b.log``), a compressed single file keeps its own name. Of several PATHs, loose files go by their
    names, and folders and archives stand in front of their members where there are several of them. Two members of
    one name are told apart by ``#2``.

    Args:
        paths: a folder, an archive, or several files, folders and archives of one ticket.
        limits: what is read at the most.
        warn: takes (path, what) of everything skipped, cut or damaged.
        only: the members that are wanted; others are not read.
        at_once: bytes of a member that are read at once; the others come in pieces (:attr:`Member.rest`), which must
            be taken, if at all, before the next member. 0 for whole members, up to the limit for them.
        digests: takes those of several files, or a folder's, that are read to their ends, for :func:`fingerprint`.

    Raises:
        BundleError: an input does not exist, cannot be read or is of a form that is not opened. Of several inputs
            only those that do not exist raise; the others are warned of.
    """
    budget = Budget(limits)
    wanted: set[str] | None = None if only is None else set(only)
    walker = Walker(budget, warn, lambda path: wanted is None or path in wanted, at_once)
    for path, label, prefix in _labels([_checked(path) for path in paths]):
        try:
            if path.is_dir():
                yield from _folder(path, prefix, walker, wanted, digests)
            else:
                yield from _file(path, label, prefix, walker, digests if len(paths) > 1 else None)
        except BundleError as error:
            if len(paths) == 1:
                raise
            warn(label, str(error).partition(": ")[2])


def _checked(path: Path) -> Path:
    """Give the path if it can be opened: a file or a folder, or a link to one."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        raise BundleError(f"{path}: {getattr(error, 'strerror', None) or 'cannot be read'}") from error
    if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
        raise BundleError(f"{path}: is neither a file nor a folder")
    if not os.access(path, os.R_OK):
        raise BundleError(f"{path}: Permission denied")
    return path


def _labels(paths: Sequence[Path]) -> Iterator[tuple[Path, str, str]]:
    """Give (path, its name inside the bundle, what stands in front of its members if it is a folder or archive)."""
    names = _distinct([path.resolve() for path in paths])
    holders = sum(path.is_dir() or bool(_kind_of(path)) for path in paths)
    for path, name in zip(paths, names, strict=True):
        yield path, name, name if holders > 1 else ""


def _distinct(paths: Sequence[Path]) -> list[str]:
    """The shortest ends of the paths that tell them apart; usually just their names."""
    for depth in range(1, 1 + max((len(path.parts) for path in paths), default=0)):
        names = [inner_path("/".join(path.parts[-depth:])) for path in paths]
        if len(set(names)) == len(names):
            return names
    return [f"{number}-{path.name}" for number, path in enumerate(paths, start=1)]


def _kind_of(path: Path) -> str:
    """What kind of archive a file is; "" for none, and for a folder."""
    try:
        with path.open("rb") as stream:
            return kind_of(stream.read(HEAD))
    except OSError:
        return ""


def comes_in_order(path: Path) -> bool:
    """Whether a file is compressed as a whole, so that what is in it can be had from its beginning on only."""
    return _kind_of(path) in COMPRESSED


def _file(path: Path, label: str, prefix: str, walker: Walker, digests: Digests | None) -> Iterator[Member]:
    """A file given by name: an archive, or a loose file."""
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD)
            kind = kind_of(head)
            if not kind and (name := foreign(head)):
                raise BundleError(f"{path}: is {name}; give the files themselves, a folder, a tar or a zip archive")
            stream.seek(0)
            if kind in COMPRESSED:
                own = PurePosixPath(label)
                label = str(own.with_suffix("")) if own.suffix.lower() in _SUFFIXES[kind] else label
            size = path.stat().st_size
            noted = None if digests is None else Noted(path.resolve(), size, digests)
            yield from walker.file(stream, size, label, prefix, noted)
    except OSError as error:
        raise BundleError(f"{path}: {error.strerror or error}") from error


def _folder(
    root: Path, prefix: str, walker: Walker, wanted: set[str] | None, digests: Digests | None
) -> Iterator[Member]:
    links = _Links()

    def named(path: str) -> str:
        return inner_path(f"{prefix}/{path}" if prefix else path)

    def complain(path: str, what: str) -> None:
        walker.warn(named(path), what)

    for below, path in files_below(root, complain):
        inner = named(below)
        if is_litter(inner):
            continue
        if wanted is not None and not any(item.startswith(inner) for item in wanted):
            walker.names.unique(inner)
            continue
        walker.budget.used_members += 1
        if reason := walker.budget.exhausted():
            walker.warn(inner, f"limit reached: {reason}; the rest was not read")
            return
        opened = open_plain(path)
        if isinstance(opened, str):
            links.add(opened, inner, walker.warn)
            continue
        stream, size = opened
        noted = None if digests is None else Noted(path, size, digests)
        with stream:
            yield from walker.file(stream, size, inner, inner, noted)
    links.tell(walker.warn)


class _Links:
    """Links in folders are usual and many: one warning for all of them."""

    def __init__(self) -> None:
        self._count = 0
        self._first = ""

    def add(self, reason: str, path: str, warn: Callable[[str, str], None]) -> None:
        """Count a link; warn of anything else at once."""
        if not reason.startswith("a link"):
            warn(path, reason)
            return
        self._count += 1
        self._first = self._first or path

    def tell(self, warn: Callable[[str, str], None]) -> None:
        """Warn of the links, if there were any."""
        if self._count:
            more = f", and {self._count - 1} more links" if self._count > 1 else ""
            warn(self._first, f"a link{more}: not followed")
