"""The short summary on the terminal: verdict, ranked causes, the next thing to do."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from analyzer.report import words
from analyzer.report.model import Report
from analyzer.report.page import make_page
from analyzer.report.safe_text import one_line, shorten, visible
from analyzer.report.view import Caps, CauseView, Page

MOST_CAUSES = 5
#: characters of one text, so that a summary stays one
MOST_TEXT = 300
_STYLES = {
    "causes-found": "bold red",
    "no-problem-found": "bold green",
    "not-enough-data": "bold yellow",
    "likely": "red",
    "possible": "yellow",
    "unlikely": "dim",
}


def print_summary(report: Report, console: Console) -> None:
    """Print the summary; without colours and without wrapping where the console is no terminal.

    Texts of the bundle are printed with their control characters made visible, and never as markup.
    """
    page = make_page(report, Caps(context=0, line=MOST_TEXT, evidence=4, causes=MOST_CAUSES, names=5))
    for line in _lines(page):
        console.print(line, soft_wrap=not console.is_terminal, highlight=False, markup=False, emoji=False)


def _lines(page: Page) -> list[Text]:
    report = page.report
    lines = [
        _line(_about(page), style="dim"),
        _line(
            f"{page.verdict}: {page.headline}" if page.lead else page.headline, style=_STYLES.get(report.verdict, "")
        ),
    ]
    if report.verdict_reason:
        lines.append(_line(report.verdict_reason))
    for cause in page.causes:
        lines += [Text(""), *_cause(cause)]
    hidden = len(report.causes) - len(page.causes)
    if hidden > 0:
        lines.append(_line(f"{words.plural(hidden, 'more cause')} in the report", style="dim"))
    if report.verdict == "not-enough-data":
        lines += [Text(""), _line("To send:")]
        for item in page.missing[:MOST_CAUSES]:
            lines += [_line(f"  - {item.item}: {item.why}"), *_command(item.command)]
    elif page.next_action:
        lines += [Text(""), _line(f"Next ({page.next_action.risk}): {page.next_action.text}", style="bold")]
        lines += _command(page.next_action.command)
    lines += _tail(page)
    return lines


def _about(page: Page) -> str:
    cluster = page.report.cluster
    parts = [
        page.report.bundle.name,
        words.plural(len(page.report.bundle.files), "file"),
        page.cluster_line if page.cluster_line != "unknown" else "",
        words.plural(cluster.nodes_seen, "worker") if cluster.nodes_seen else "",
    ]
    return ", ".join(_short(part) for part in parts if part)


def _cause(cause: CauseView) -> list[Text]:
    item = cause.item
    head = Text(f"{item.rank}. ")
    head.append(f"{cause.percent} {item.confidence}", style=_STYLES.get(item.confidence, ""))
    head.append(f"  {_short(item.title)} ", style="bold")
    head.append(f"[{_short(item.id)}]", style="dim")
    lines = [head, _line(f"   affects {cause.reach}")]
    for reason in cause.first[:2]:
        quote = reason.quotes[0]
        if reason.says:
            lines.append(_line(f"   why: {reason.says}"))
        lines.append(_line(f"   {quote.place}: {quote.text.strip()}", style="dim"))
    return lines


def _command(command: str) -> list[Text]:
    return [Text("  $ " + shorten(visible(line), 2000)) for line in command.split("\n") if line.strip()]


def _tail(page: Page) -> list[Text]:
    report = page.report
    notes = []
    if report.missing and report.verdict != "not-enough-data":
        notes.append(f"{words.plural(len(report.missing), 'missing item')}")
    if report.unrecognized:
        notes.append(f"{words.plural(len(report.unrecognized), 'unrecognized template')}")
    if report.warnings:
        notes.append(f"{words.plural(len(report.warnings), 'warning')}")
    lines = [Text(""), _line(f"In the report: {', '.join(notes)}", style="dim")] if notes else []
    return lines + [
        _line(f"Warning: {f'{item.file}: ' if item.file else ''}{item.what}", style="yellow")
        for item in page.warnings[:3]
    ]


def _short(text: str) -> str:
    return shorten(one_line(text), MOST_TEXT)


def _line(text: str, style: str = "") -> Text:
    """A line whose indentation stays and whose rest is one visible line."""
    bare = text.lstrip(" ")
    return Text(" " * (len(text) - len(bare)) + _short(bare), style=style)
