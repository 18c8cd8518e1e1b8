"""``calico-triage extract``: the tables as CSV, Parquet or JSON lines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.cli.refusals import fail, name_of_input, refuse_what_is_not_there, refuse_what_nobody_reads

if TYPE_CHECKING:
    from analyzer.bundle import Limits
    from analyzer.redaction import Redaction

FORMATS = ("csv", "parquet", "jsonl")


def run(
    paths: Sequence[Path],
    output: Path,
    form: str,
    extra: Sequence[Path],
    quiet: bool,
    limits: Limits,
    redaction: Redaction | None = None,
) -> None:
    """Read the bundle and write one file a table."""
    if form not in FORMATS:
        fail(f"--format {form!r} is not one of {', '.join(FORMATS)}")
    refuse_what_is_not_there(paths)
    from analyzer.bundle import BundleError
    from analyzer.catalogue import CatalogueError
    from analyzer.export import write_tables
    from analyzer.pipeline import read

    try:
        reading = read(paths, extra, limits, redaction=redaction)
        refuse_what_nobody_reads((file.kind for file in reading.tables.rows.files), paths)
        written = write_tables(reading.tables, output, form)
    except BundleError as error:
        fail(name_of_input(str(error), paths))
    except CatalogueError as error:
        fail(str(error))
    except OSError as error:
        fail(f"{output}: cannot be written: {error.strerror or error}")
    if not quiet:
        for name, rows in written.items():
            print(f"{output / name}: {rows} rows")
