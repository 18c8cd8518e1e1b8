"""The extracted tables of all tickets as one partitioned Parquet dataset: ``<table>/ticket=<name>/part.parquet``."""

from __future__ import annotations

import io
import posixpath
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from analyzer.backlog.sources import open_system
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


def _to_file(path: Path, content: bytes) -> None:
    if content:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, content)
    else:
        path.unlink(missing_ok=True)
