"""The report as JSON (schema version 1) and back: promised fields always, extras where they are filled."""

from __future__ import annotations

import json
import math
import types
import typing
from datetime import UTC, datetime
from importlib import resources
from typing import Any, TypeVar

import msgspec
from msgspec.structs import fields

from analyzer.report import model

#: what the report itself promises
_PROMISED = frozenset(
    {"schema_version", "tool", "generated_at", "bundle", "cluster", "verdict", "causes", "symptoms", "missing"}
    | {"unrecognized", "timeline", "warnings"}
)
#: extras: left out of the JSON where they are empty
EXTRAS: dict[type, frozenset[str]] = {
    model.Report: frozenset(model.Report.__struct_fields__) - _PROMISED,
    model.BundleInfo: frozenset({"collected"}),
    model.ClusterInfo: frozenset({"name", "facts"}),
    model.Evidence: frozenset({"says", "node", "pod", "context"}),
    model.CauseResult: frozenset(["summary", "why_rank", "reach", "confirm", "onset", "folded"]),
    model.SymptomResult: frozenset({"explained_by"}),
}
#: the order of the promised keys, where it is not that of the class
_FIRST = {model.Report: "schema_version"}
#: digits kept of a number
_DIGITS = {"probability": 4, "weight": 3}

Built = TypeVar("Built", bound=msgspec.Struct)


class ReportError(ValueError):
    """A text is not a report of this program."""


def to_json(report: model.Report) -> str:
    """Give the report as JSON text with a newline at its end; the same report gives the same text."""
    return as_text(to_data(report))


def to_data(report: model.Report) -> dict[str, Any]:
    """Give the report as plain dicts, lists, numbers and text, in the order of the promised fields."""
    return plain_data(report)


def plain_data(item: object) -> dict[str, Any]:
    """Give a structure of this package, such as a comparison, as plain dicts, lists, numbers and text."""
    data = _plain(item)
    assert isinstance(data, dict)
    return data


def as_text(data: dict[str, Any]) -> str:
    """Give plain data as JSON text with a newline at its end."""
    return json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def from_json(text: str) -> model.Report:
    """Read a report back; keys this version does not know are left out.

    Raises:
        ReportError: the text is not JSON, of another schema version, or lacks a promised field.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ReportError(f"not a report: {error}") from error
    if not isinstance(data, dict) or data.get("schema_version") != model.SCHEMA_VERSION:
        raise ReportError(f"not a report of schema version {model.SCHEMA_VERSION}")
    return _build(model.Report, data, "report")


def schema() -> dict[str, Any]:
    """Give the JSON Schema (draft 2020-12) of the report."""
    text = resources.files("analyzer.report").joinpath("report.schema.json").read_text(encoding="utf-8")
    content: dict[str, Any] = json.loads(text)
    return content


def iso(time: datetime | None) -> str | None:
    """Give a time as ``2026-03-16T04:11:52Z``; a missing one (pandas' NaT too) is None."""
    if time is None or time != time:
        return None
    return time.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def _plain(value: Any, name: str = "") -> Any:
    if isinstance(value, msgspec.Struct):
        return _plain_fields(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):  # a lone surrogate, kept by lenient decoding, is no Unicode text
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return _number(value, name)
    if hasattr(value, "item"):  # a number of numpy
        return _plain(value.item(), name)
    raise TypeError(f"a report holds no {type(value).__name__}")


def _number(value: float, name: str) -> float:
    if not math.isfinite(value):
        return 0.0
    return round(float(value), _DIGITS[name]) if name in _DIGITS else float(f"{value:.4g}")


def _plain_fields(value: msgspec.Struct) -> dict[str, Any]:
    kind = type(value)
    extras = EXTRAS.get(kind, frozenset())
    names = value.__struct_fields__
    if kind in _FIRST:
        names = (_FIRST[kind], *(name for name in names if name != _FIRST[kind]))
    ordered = [name for name in names if name not in extras] + [name for name in names if name in extras]
    plain = {name: _plain(getattr(value, name), name) for name in ordered}
    return {name: item for name, item in plain.items() if name not in extras or item not in (None, "", [])}


def _build(kind: type[Built], data: Any, where: str) -> Built:
    """Build a structure from its plain form, by the types of its fields."""
    if not isinstance(data, dict):
        raise ReportError(f"{where}: expected an object")
    values: dict[str, Any] = {}
    for item in fields(kind):
        if item.name in data:
            values[item.name] = _value(item.type, data[item.name], f"{where}.{item.name}")
        elif item.required:
            raise ReportError(f"{where}: lacks {item.name!r}")
    return kind(**values)


def _value(hint: Any, data: Any, where: str) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        if data is None:
            return None
        return _value(next(item for item in arguments if item is not type(None)), data, where)
    if origin is tuple:
        if not isinstance(data, list):
            raise ReportError(f"{where}: expected a list")
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return tuple(_value(arguments[0], item, f"{where}[{n}]") for n, item in enumerate(data))
        if len(data) != len(arguments):
            raise ReportError(f"{where}: expected {len(arguments)} values")
        return tuple(_value(part, item, where) for part, item in zip(arguments, data, strict=True))
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return _build(hint, data, where)
    if hint is datetime:
        return _time(data, where)
    if hint is float and isinstance(data, int) and not isinstance(data, bool):
        return float(data)
    if not isinstance(data, hint) or (hint is int and isinstance(data, bool)):
        raise ReportError(f"{where}: expected {hint.__name__}")
    return data


def _time(data: Any, where: str) -> datetime:
    try:
        time = datetime.fromisoformat(data)
    except (TypeError, ValueError) as error:
        raise ReportError(f"{where}: not a time") from error
    return time if time.tzinfo else time.replace(tzinfo=UTC)
