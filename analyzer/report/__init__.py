"""The report: a typed model of what was found, and the pages made of it.

write(report, Path("ticket.report.html"))    # the suffix picks the format
print_summary(report, rich.console.Console())
"""

from analyzer.report.as_json import ReportError, from_json, schema, to_data, to_json
from analyzer.report.as_json import to_json as render_json
from analyzer.report.environment import TemplateError
from analyzer.report.html import render_html
from analyzer.report.markdown import render_markdown
from analyzer.report.terminal import print_summary
from analyzer.report.write import SUFFIXES, FormatError, encode, suffix_of, write

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
