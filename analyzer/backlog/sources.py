"""Where the tickets of a backlog are: folders, globs, lists, and URLs of anything that fsspec reads."""

from __future__ import annotations

import csv
import glob
import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from analyzer.bundle.fingerprint import fingerprint
from parsers.lazy_pattern import lazy_pattern

#: a URL of a scheme that fsspec may know; a Windows drive has one letter
_URL = lazy_pattern(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_SCHEMES = frozenset({"s3", "s3a", "http", "https", "file"})
_LISTS = (".txt", ".csv", ".tsv", ".list")
_ARCHIVE = lazy_pattern(
    r"(?:\.(?:tgz|tbz2?|txz|tzst|tar|zip|gz|bz2|xz|zst|zstd|7z|rar|txt|log|json|yaml|yml|md))+$", re.I
)
_UNSAFE = lazy_pattern(r"[^\w.-]+", re.ASCII)
_LONGEST_NAME = 100
_LARGEST_LIST = 64 * 1024 * 1024
_PIECE = 1024 * 1024
#: names of columns that a list may have
_TICKET_COLUMNS, _PLACE_COLUMNS = ("ticket", "ticket_id", "id"), ("path", "url", "source", "location", "file", "bundle")


class SourceError(Exception):
    """A source cannot be read; the text names it and says why."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """One ticket: its name, safe as a file's, and the path or URL of its archive or folder."""

    name: str
    place: str

    @property
    def is_url(self) -> bool:
        """Whether it must be fetched first."""
        return bool(_URL.match(self.place))


def find_tickets(
    sources: Iterable[str], options: Mapping[str, Any] | None = None, held: Mapping[str, str] | None = None
) -> list[Ticket]:
    """Give the tickets of all sources, sorted by name; the same ones for the same sources, whenever asked.

    Args:
        sources: each a folder (what is directly in it are the tickets), an archive, a glob, a list (``.txt`` with a
            path or URL a line, ``.csv`` with a ticket id and a path or URL a row), or a URL (of one archive, or of a
            folder or bucket prefix).
        options: for fsspec's S3 file system.
        held: place -> name that a ticket had in earlier runs; it keeps it, though now another wants the same.

    Raises:
        SourceError: a source is not there, cannot be listed, or holds nothing.
    """
    found: dict[str, str] = {}  # place -> wanted name
    for source in sources:
        before = len(found)
        for name, place in _in_source(source, options or {}):
            found.setdefault(place, name)
        if len(found) == before and not any(place == source for place in found):
            raise SourceError(f"{source}: no tickets in it")
    return _named(found, held or {})


def _in_source(source: str, options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Give (wanted name, place) of each ticket of a source."""
    if _URL.match(source):
        yield from _in_url(source, options)
        return
    path = Path(source)
    try:
        if path.is_dir():
            yield from _in_folder(path)
        elif path.is_file():
            yield from _in_list(path) if path.suffix.lower() in _LISTS else [(name_of(path.name), str(path))]
        else:
            matched = sorted(glob.glob(source, recursive=True))  # noqa: PTH207 - an absolute pattern is one too
            if not matched:
                raise SourceError(f"{source}: no such file or folder")
            for item in matched:
                yield name_of(Path(item).name), str(Path(item))
    except (OSError, ValueError) as error:
        raise SourceError(f"{source}: {getattr(error, 'strerror', None) or error}") from error


def _in_folder(folder: Path) -> Iterator[tuple[str, str]]:
    for item in sorted(folder.iterdir()):
        if not item.name.startswith(".") and (item.is_dir() or item.is_file()):
            yield name_of(item.name), str(item)


def _in_list(path: Path) -> Iterator[tuple[str, str]]:
    """A line each, or rows of a table with a ticket id; relative paths are from the list's folder."""
    if path.stat().st_size > _LARGEST_LIST:
        raise SourceError(f"{path}: larger than {_LARGEST_LIST // 1024**2} MiB, so it is no list of tickets")
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    if path.suffix.lower() in (".csv", ".tsv"):
        rows = _table(text, "\t" if path.suffix.lower() == ".tsv" else ",")
    else:
        lines = (line.strip() for line in text.splitlines())
        rows = (("", line) for line in lines if line and not line.startswith("#"))
    for number, (ticket, place) in enumerate(rows, start=1):
        if "\0" in place:
            raise SourceError(f"{path}: entry {number} is no path")
        if not _URL.match(place):
            place = str(path.parent / place)
        path_of = urlsplit(place).path if _URL.match(place) else place
        yield safe(ticket) or name_of(PurePosixPath(path_of.rstrip("/")).name), place


def _table(text: str, mark: str) -> Iterator[tuple[str, str]]:
    """Rows of (ticket, place): by the names of the columns where the first row has them, else the first two."""
    rows = [row for row in csv.reader(io.StringIO(text), delimiter=mark) if any(cell.strip() for cell in row)]
    heads = [cell.strip().lower() for cell in rows[0]] if rows else []
    place_at = next((heads.index(name) for name in _PLACE_COLUMNS if name in heads), None)
    ticket_at = next((heads.index(name) for name in _TICKET_COLUMNS if name in heads), None)
    if place_at is not None:
        rows = rows[1:]
    else:
        place_at, ticket_at = (0, None) if len(heads) == 1 else (1, 0)
    for row in rows:
        if len(row) > place_at and row[place_at].strip():
            ticket = row[ticket_at] if ticket_at is not None and len(row) > ticket_at else ""
            yield ticket.strip(), row[place_at].strip()


def _in_url(url: str, options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What lies directly below a URL, or the one file that it names."""
    try:
        system, path = open_system(url, options)
        scheme = url.partition("://")[0]
        if scheme in ("http", "https"):  # a page is no folder
            yield name_of(PurePosixPath(urlsplit(url).path).name), url
            return
        if system.isfile(path):
            yield name_of(PurePosixPath(path).name), url
            return
        for item in sorted(system.ls(path, detail=True), key=lambda item: str(item["name"])):
            name = str(item["name"]).rstrip("/")
            if item["type"] == "file" and name != path.rstrip("/"):
                yield name_of(PurePosixPath(name).name), f"{scheme}://{name.lstrip('/')}"
    except SourceError:
        raise
    except Exception as error:  # each file system has errors of its own
        raise SourceError(f"{url}: {_reason(error)}") from error


def open_system(url: str, options: Mapping[str, Any]) -> tuple[Any, str]:
    """Give fsspec's file system for a URL, and the path in it.

    Raises:
        SourceError: the scheme is not one of those that are read, or its package is not installed.
    """
    import fsspec

    scheme = url.partition("://")[0].lower()
    if scheme not in _SCHEMES:
        raise SourceError(f"{url}: URLs that are read begin with {', '.join(sorted(_SCHEMES))}")
    try:
        system, path = fsspec.core.url_to_fs(url, **(options if scheme.startswith("s3") else {}))
    except (ImportError, ValueError) as error:
        raise SourceError(f"{url}: {error}") from error
    return system, str(path)


def content_of(place: str, options: Mapping[str, Any]) -> str:
    """Give what tells one content from another: sha256 of the bytes, or of what a server says of them.

    "" where a server says nothing: the ticket has to be fetched to know.

    Raises:
        SourceError, OSError: it is not there, or cannot be read.
    """
    if not _URL.match(place):
        return fingerprint([Path(place)])[0]
    system, path = open_system(place, options)
    try:
        info = system.info(path)
    except Exception as error:
        raise SourceError(f"{place}: {_reason(error)}") from error
    tag = info.get("ETag") or info.get("etag")
    if not tag:
        return ""
    return hashlib.sha256(f"{place}\n{info.get('size')}\n{tag}".encode()).hexdigest()


def fetch(place: str, folder: Path, options: Mapping[str, Any], most: int) -> Path:
    """Fetch a URL's file into ``folder``, ``most`` bytes of it at the most.

    Raises:
        SourceError: it cannot be read, or is larger.
    """
    system, path = open_system(place, options)
    target = folder / (safe(PurePosixPath(urlsplit(place).path).name) or "bundle")
    try:
        with system.open(path, "rb") as source, target.open("wb") as file:
            done = 0
            while piece := source.read(_PIECE):
                done += len(piece)
                if done > most:
                    raise SourceError(f"{place}: larger than {most} bytes")
                file.write(piece)
    except SourceError:
        raise
    except Exception as error:
        raise SourceError(f"{place}: {_reason(error)}") from error
    return target


def name_of(file: str) -> str:
    """Give the ticket's name for a file's: without the suffixes of archives."""
    return safe(_ARCHIVE.sub("", file)) or safe(file) or "ticket"


def safe(name: str) -> str:
    """Give a name that is a file's on every system: letters, digits, ``._-``; a changed one carries a mark."""
    kept = _UNSAFE.sub("_", name).strip("._")[:_LONGEST_NAME]
    if kept == name:
        return kept
    mark = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:6]
    return f"{kept}-{mark}" if kept else ""


def _named(found: Mapping[str, str], held: Mapping[str, str]) -> list[Ticket]:
    """Give each place a name of its own.

    Those wanted twice (case apart) take their folder's name before theirs, and where that is not enough a mark.
    """
    taken: set[str] = set()
    names: dict[str, str] = {}
    for place, name in found.items():
        before = held.get(place, "")
        if before and before.lower() not in taken and (before == name or before in _longer(place, name)):
            names[place] = before
            taken.add(before.lower())
    left = {place: [name, *_longer(place, name)] for place, name in found.items() if place not in names}
    while left:
        wanted = Counter(choices[0].lower() for choices in left.values())
        again = {}
        for place, choices in left.items():
            first = choices[0].lower()
            if len(choices) > 1 and (wanted[first] > 1 or first in taken):
                again[place] = choices[1:]
            else:
                names[place] = choices[0]
        taken |= {name.lower() for name in names.values()}
        left = again
    return sorted((Ticket(name, place) for place, name in names.items()), key=lambda item: item.name)


def _longer(place: str, name: str) -> list[str]:
    """Names for one that is wanted twice, the last of them surely nobody else's."""
    mark = hashlib.sha256(place.encode("utf-8", "surrogatepass")).hexdigest()[:6]
    parent = safe(PurePosixPath(urlsplit(place).path if _URL.match(place) else Path(place).as_posix()).parent.name)
    return ([f"{parent}-{name}"] if parent else []) + [f"{name}-{mark}"]


def _reason(error: Exception) -> str:
    lines = str(getattr(error, "strerror", None) or error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
