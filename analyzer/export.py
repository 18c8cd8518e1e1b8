"""Writing tables to files: CSV (safe to open in a spreadsheet), Parquet, JSON lines."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from analyzer.tables import ROW_TYPES, Tables

#: a cell that begins so is a formula to a spreadsheet (OWASP, CSV injection)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_tables(tables: Tables, folder: Path, form: str) -> dict[str, int]:
    """Write every table to ``folder`` as ``<table>.<form>``.

    Returns:
        file name -> number of rows.

    Raises:
        OSError: the folder cannot be made or written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = {}
    for name in ROW_TYPES:
        frame = flat(getattr(tables, name))
        path = folder / f"{name}.{form}"
        if form == "csv":
            without_formulas(frame).to_csv(path, index=False)
        elif form == "parquet":
            frame.to_parquet(path, index=False)
        else:
            frame.to_json(path, orient="records", lines=True, date_format="iso", force_ascii=False)
        written[path.name] = len(frame)
    return written


def flat(frame: pd.DataFrame) -> pd.DataFrame:
    """Give the table with lists and mappings as JSON text, so that every format holds the same cells."""
    flat = frame.copy()
    for column in flat.columns:
        if flat[column].dtype == object and any(isinstance(value, dict | tuple | list) for value in flat[column]):
            flat[column] = flat[column].map(
                lambda value: json.dumps(value, ensure_ascii=False) if isinstance(value, dict | tuple | list) else ""
            )
        if flat[column].dtype == object:
            flat[column] = flat[column].astype("string")
    return flat


def without_formulas(frame: pd.DataFrame) -> pd.DataFrame:
    """Give the table with a quote before each text that a spreadsheet would take for a formula.

    A carriage return becomes a newline: csv writers leave the former without quotes, and it would begin a row.
    """
    safe = frame.copy()
    for column in safe.columns:
        if pd.api.types.is_string_dtype(safe[column].dtype):
            safe[column] = safe[column].map(lambda value: _inert(value) if isinstance(value, str) else value)
    return safe


def _inert(text: str) -> str:
    marked = f"'{text}" if text.startswith(_FORMULA) else text
    return marked.replace("\r\n", "\n").replace("\r", "\n") if "\r" in marked else marked
