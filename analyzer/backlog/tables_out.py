"""The extracted tables of all tickets as one partitioned Parquet dataset: ``<table>/ticket=<name>/part.parquet``."""

from __future__ import annotations

import io
import posixpath
from collections.abc import Mapping
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
    system, base = open_system(target, options) if "://" in target else (None, target)
    for name in ROW_TYPES:
        frame = flat(getattr(tables, name))
        folder = posixpath.join(base, name, f"ticket={ticket}")
        path = posixpath.join(folder, "part.parquet")
        content = io.BytesIO()
        if len(frame):
            frame.to_parquet(content, index=False)
        if system is None:
            _to_file(Path(path), content.getvalue())
        elif len(frame):
            system.makedirs(folder, exist_ok=True)
            system.pipe_file(path, content.getvalue())
        elif system.exists(path):
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
    system, base = open_system(target, options) if "://" in target else (None, target)
    for name in ROW_TYPES:
        path = posixpath.join(base, name, f"ticket={ticket}", "part.parquet")
        if system is None:
            Path(path).unlink(missing_ok=True)
        elif system.exists(path):
            system.rm_file(path)


def _to_file(path: Path, content: bytes) -> None:
    if content:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, content)
    else:
        path.unlink(missing_ok=True)
