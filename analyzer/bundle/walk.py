"""From one input file to its members: archives inside archives, streamed, nothing ever written to disk."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import partial
from typing import IO

from analyzer.bundle.feed import Feed, pieces_of
from analyzer.bundle.fingerprint import Noted
from analyzer.bundle.limits import Budget
from analyzer.bundle.member import BundleError, Member, Names, Rest, Warn, inner_path, is_litter
from analyzer.bundle.plain_file import USABLE, PlainFile
from analyzer.bundle.signature import HEAD, kind_of
from analyzer.bundle.tar_stream import NO_END, TarEntry, tar_entries
from analyzer.bundle.unpack import unpacked
from analyzer.bundle.zip_stream import ZipEntry, zip_entries

#: makes a file of its own readable from any place on: bytes counted already, and what takes problems
_Plain = Callable[[int, list[str]], PlainFile]
_NAMED = 3  # members that a warning of many names


class Walker:
    """Gives the members of input files, under one budget and with unique paths.

    Args:
        budget: what may still be read.
        warn: takes (path, what) of everything skipped, cut or damaged.
        wanted: says whether a member is wanted; others keep their names and are not read.
        at_once: bytes of a member that are read at once, the others come in pieces; 0 for all.
    """

    def __init__(self, budget: Budget, warn: Warn, wanted: Callable[[str], bool], at_once: int = 0) -> None:
        self.budget = budget
        self.at_once = at_once
        self.warn = warn
        self.wanted = wanted
        self.names = Names()

    def file(
        self, stream: IO[bytes], size: int, path: str, prefix: str, noted: Noted | None = None
    ) -> Iterator[Member]:
        """Give what one input file holds.

        Args:
            stream: the file, at its start, seekable.
            size: its size in bytes.
            path: its own path inside the bundle, which a file that is no archive goes by.
            prefix: what stands before ``!`` in the paths of an archive's members, "" for none.
            noted: looks at the bytes of ``stream`` as they are read.

        Raises:
            BundleError: an archive that is protected by a password, or of a form that is not read, as the whole input.
        """
        self.budget.packed_bytes += size
        pieces = pieces_of(stream)
        feed = Feed(noted.pieces(pieces) if noted else pieces)
        plain = partial(PlainFile, stream, size, self.budget, noted) if USABLE else None
        yield from self._any(feed, path, prefix, 0, stream, size, plain)

    def _any(
        self,
        feed: Feed,
        path: str,
        prefix: str,
        depth: int,
        stream: IO[bytes] | None = None,
        size: int | None = None,
        plain: _Plain | None = None,
    ) -> Iterator[Member]:
        """Give a file itself, or the members of the archive that it is."""
        head = feed.peek(HEAD)
        kind = kind_of(head)
        if not kind:
            yield from self._leaf(feed, path, size, plain=plain)
        elif depth > self.budget.limits.depth:
            self.warn(path, f"an archive inside {depth} others: not opened (--limit-depth)")
        elif kind == "tar":
            yield from self._tar(feed, path, prefix, depth)
        elif kind == "zip":
            yield from self._zip(feed, path, prefix, depth, stream, size)
        else:
            yield from self._compressed(feed, kind, path, prefix, depth)

    def _compressed(self, feed: Feed, kind: str, path: str, prefix: str, depth: int) -> Iterator[Member]:
        """A compressed tar counts as one archive; any other compressed file goes by the path it has."""
        notes: list[str] = []
        content = Feed(unpacked(feed, kind, self.budget, notes.append))
        inner = kind_of(content.peek(HEAD))
        if inner == "tar":
            yield from self._tar(content, path, prefix, depth, notes)
        elif not inner:
            yield from self._leaf(content, path, None, notes)
        else:
            yield from self._any(content, path, prefix, depth + 1)
        for note in dict.fromkeys(notes):
            self.warn(path, note)

    def _leaf(
        self,
        feed: Feed,
        path: str,
        size: int | None,
        notes: list[str] | None = None,
        plain: _Plain | None = None,
    ) -> Iterator[Member]:
        """Read one file, up to the limit of a member."""
        path = self.names.unique(path)
        if is_litter(path) or not self.wanted(path):
            return
        problems: list[str] = []
        in_pieces = 0 < self.at_once < self.budget.limits.member_bytes
        content = self._content(feed, path, size, notes, problems, in_pieces)
        pieces: list[bytes] = []
        total = 0
        for piece in content:
            pieces.append(piece)
            total += len(piece)
            if in_pieces and total >= self.at_once:
                whole = plain(total, problems) if plain else None
                yield Member(path, b"".join(pieces), rest=Rest(content, problems, whole))
                return
        yield Member(path, b"".join(pieces), tuple(problems))

    def _content(
        self, feed: Feed, path: str, size: int | None, notes: list[str] | None, problems: list[str], unlimited: bool
    ) -> Iterator[bytes]:
        """The bytes of one file; at the end ``problems`` says what is wrong with them."""
        limits = self.budget.limits
        most = limits.bytes if unlimited else limits.member_bytes
        total = 0
        while total < most and (piece := feed.some(min(most - total, 1 << 20))):
            total += len(piece)
            self.budget.used_bytes += len(piece)
            yield piece
            if problem := self.budget.cut():
                problems.append(problem)
                break
        else:
            if total >= most and feed.peek(1):
                problems.append(f"limit reached: more than {most} bytes in one file (--limit-member-bytes); cut")
        if notes:
            problems += dict.fromkeys(notes)
            notes.clear()
        if size is not None and total < size and not problems:
            problems.append(f"truncated: {total} of {size} bytes are there")
        for problem in problems:
            self.warn(path, problem)

    def _counted(self, path: str) -> bool:
        """Count a member; False, with a warning, where a limit is reached."""
        self.budget.used_members += 1
        if reason := self.budget.exhausted():
            self.warn(path, f"limit reached: {reason}; the rest was not read")
            return False
        return True

    def _tar(self, feed: Feed, path: str, prefix: str, depth: int, outer: list[str] | None = None) -> Iterator[Member]:
        notes: list[str] = []
        skipped = _Skipped()
        for entry in tar_entries(feed, notes.append):
            if not self._counted(path):
                break
            if entry.kind == "file":
                yield from self._tar_file(entry, _join(prefix, inner_path(entry.name)), depth)
            elif entry.kind != "folder":
                skipped.add(entry.kind, inner_path(entry.name))
        self._tell(path, skipped)
        for note in notes:
            if note != NO_END or not outer:  # the damage of the compression says it already
                self.warn(path, note)

    def _tar_file(self, entry: TarEntry, inner: str, depth: int) -> Iterator[Member]:
        feed = Feed(entry.pieces())
        if kind_of(feed.peek(HEAD)):
            yield from self._any(feed, inner, inner, depth + 1)
        else:
            yield from self._leaf(feed, inner, entry.size)

    def _zip(
        self, feed: Feed, path: str, prefix: str, depth: int, stream: IO[bytes] | None, size: int | None
    ) -> Iterator[Member]:
        if stream is None or size is None:
            most = self.budget.limits.member_bytes
            data = feed.read(most)
            if feed.peek(1):
                self.warn(path, f"limit reached: more than {most} bytes in one file (--limit-member-bytes); cut")
            stream, size = io.BytesIO(data), len(data)
        notes: list[str] = []
        skipped = _Skipped()
        read = locked = 0
        for entry in zip_entries(stream, size, self.budget, notes.append):
            if not self._counted(path):
                break
            inner = _join(prefix, inner_path(entry.name))
            if entry.kind == "file" and entry.encrypted:
                locked += 1
                skipped.add("entry protected by a password", inner)
            elif entry.kind == "file":
                read += 1
                yield from self._zip_file(entry, inner, depth)
            elif entry.kind != "folder":
                skipped.add(entry.kind, inner)
        if locked and not read and not depth and not prefix:
            raise BundleError(f"{path}: is protected by a password; unpack it first")
        self._tell(path, skipped)
        for note in notes:
            self.warn(path, note)

    def _zip_file(self, entry: ZipEntry, inner: str, depth: int) -> Iterator[Member]:
        notes: list[str] = []
        feed = Feed(entry.pieces(notes.append))
        if kind_of(feed.peek(HEAD)):
            yield from self._any(feed, inner, inner, depth + 1)
            for note in dict.fromkeys(notes):
                self.warn(inner, note)
        else:
            yield from self._leaf(feed, inner, None, notes)

    def _tell(self, path: str, skipped: _Skipped) -> None:
        for text in skipped.texts():
            self.warn(path, text)


class _Skipped:
    """Counts members that are left out, by kind, with the first few names."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[int, list[str]]] = {}

    def add(self, kind: str, name: str) -> None:
        count, names = self._found.get(kind, (0, []))
        if len(names) < _NAMED:
            names.append(name)
        self._found[kind] = (count + 1, names)

    def texts(self) -> Iterator[str]:
        for kind, (count, names) in self._found.items():
            shown = ", ".join(names) + (" ..." if count > len(names) else "")
            yield f"not read: {count} of kind {kind} ({shown})"


def _join(prefix: str, name: str) -> str:
    return f"{prefix}!{name}" if prefix else name
