"""The extracted tables of all tickets as one partitioned Parquet dataset: ``<table>/ticket=<name>/part.parquet``."""

from __future__ import annotations

import io
import posixpath
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from analyzer.backlog.sources import SourceError, open_system
from analyzer.export import flat
from analyzer.report.writing import replace_file
from analyzer.tables import ROW_TYPES, Tables


def write_partitions(tables: Tables, target: str, ticket: str, options: Mapping[str, Any]) -> None:
    """Write each table that has rows; those of an earlier analysis of the ticket are replaced or taken away.

    Args:
        tables: the ticket's.
        target: folder or URL of the dataset.
        ticket: its name, which becomes the partition.
        options: for fsspec's S3 file system.

    Raises:
        OSError, SourceError: something cannot be written.
    """
    if "://" in target:
        _write_to_url(tables, target, ticket, options)
        return
    for name, content in _contents(tables).items():
        _to_file(Path(target, name, f"ticket={ticket}", "part.parquet"), content)


def _contents(tables: Tables) -> dict[str, bytes]:
    """Give each table as Parquet; nothing for one without rows."""
    made = {}
    for name in ROW_TYPES:
        frame = flat(getattr(tables, name))
        stream = io.BytesIO()
        if len(frame):
            frame.to_parquet(stream, index=False)
        made[name] = stream.getvalue()
    return made


def _write_to_url(tables: Tables, target: str, ticket: str, options: Mapping[str, Any]) -> None:
    system, base = open_system(target, options)
    made = {posixpath.join(base, name, f"ticket={ticket}", "part.parquet"): content
            for name, content in _contents(tables).items()}  # fmt: skip
    try:
        for path, content in made.items():
            if content:
                if not _is_s3(target):  # object storage has no folders to make
                    system.makedirs(posixpath.dirname(path), exist_ok=True)
                system.pipe_file(path, content)
        _remove(system, target, [path for path, content in made.items() if not content])
    except Exception as error:  # each file system has errors of its own
        raise SourceError(f"{target}: cannot be written: {error}") from error


def _is_s3(target: str) -> bool:
    return target.lower().startswith(("s3://", "s3a://"))


def _remove(system: Any, target: str, paths: Sequence[str]) -> None:
    """Remove what is there of these; object storage does so in one request and is not asked first."""
    if _is_s3(target):
        system.rm(list(paths))
        return
    for path in paths:
        if system.exists(path):
            system.rm_file(path)


def with_partitions(target: str, options: Mapping[str, Any]) -> set[str]:
    """Give the tickets that have tables in the dataset.

    Raises:
        SourceError: it cannot be listed.
    """
    if "://" not in target:
        return {item.parent.name.partition("=")[2] for item in Path(target, "files").glob("ticket=*/part.parquet")}
    system, base = open_system(target, options)
    try:
        found = system.glob(posixpath.join(base, "files", "ticket=*", "part.parquet"))
    except FileNotFoundError:
        return set()
    except Exception as error:  # each file system has errors of its own
        raise SourceError(f"{target}: cannot be listed: {error}") from error
    return {posixpath.basename(posixpath.dirname(name)).partition("=")[2] for name in found}


def drop_partitions(target: str, ticket: str, options: Mapping[str, Any]) -> None:
    """Take a ticket's tables away: those of what it was before would mislead.

    Raises:
        OSError, SourceError: they cannot be removed.
    """
    inside = [posixpath.join(name, f"ticket={ticket}", "part.parquet") for name in ROW_TYPES]
    if "://" not in target:
        for path in inside:
            Path(target, path).unlink(missing_ok=True)
        return
    system, base = open_system(target, options)
    try:
        _remove(system, target, [posixpath.join(base, path) for path in inside])
    except Exception as error:
        raise SourceError(f"{target}: cannot be written: {error}") from error


def _to_file(path: Path, content: bytes) -> None:
    if content:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, content)
    else:
        path.unlink(missing_ok=True)
