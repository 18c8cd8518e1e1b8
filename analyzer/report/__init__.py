"""The report: a typed model of what was found, and the pages made of it.

write(report, Path("ticket.report.html"))    # the suffix picks the format
print_summary(report, rich.console.Console())

What is named here is imported when it is first used: a report in JSON needs no templates, none needs rich.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analyzer.report.as_json import ReportError, from_json, schema, to_data, to_json
    from analyzer.report.as_json import to_json as render_json
    from analyzer.report.environment import TemplateError
    from analyzer.report.formats import SUFFIXES, FormatError, suffix_of
    from analyzer.report.html import render_html
    from analyzer.report.markdown import render_markdown
    from analyzer.report.terminal import print_summary
    from analyzer.report.writing import encode, write

__all__ = [
    "SUFFIXES",
    "FormatError",
    "ReportError",
    "TemplateError",
    "encode",
    "from_json",
    "print_summary",
    "render_html",
    "render_json",
    "render_markdown",
    "schema",
    "suffix_of",
    "to_data",
    "to_json",
    "write",
]

#: name -> module that has it
_HOMES = {
    **dict.fromkeys(("ReportError", "from_json", "schema", "to_data", "to_json"), "as_json"),
    **dict.fromkeys(("SUFFIXES", "FormatError", "suffix_of"), "formats"),
    "TemplateError": "environment",
    "print_summary": "terminal",
    "render_html": "html",
    "render_markdown": "markdown",
    **dict.fromkeys(("encode", "write"), "writing"),
}


def __getattr__(name: str) -> Any:
    if name == "render_json":
        return __getattr__("to_json")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
