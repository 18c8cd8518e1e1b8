"""A comparison as HTML, Markdown and JSON, and on the terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.text import Text

from analyzer.report import environment, words
from analyzer.report.as_json import as_text, plain_data
from analyzer.report.comparison import ANSWERS, KINDS, SUBJECTS, Change, Comparison, Side
from analyzer.report.formats import suffix_of
from analyzer.report.html import MOST_BYTES, page_values
from analyzer.report.markdown import MOST_CHARACTERS, cut_at_block, without_gaps
from analyzer.report.safe_text import one_line, shorten, visible
from analyzer.report.writing import packed, replace_file

#: changes of one kind and subject that a page lists, and that the terminal does
MOST_LISTED = 200
MOST_IN_COMMENT = 25
MOST_PRINTED = 8
MOST_TEXT = 300
#: what each kind is called as a heading, and the sign it has on the terminal
TITLES = {"worse": "Worse", "new": "New", "better": "Better", "gone": "Gone", "changed": "Changed"}
SIGNS = {"worse": "-", "new": "*", "better": "+", "gone": "x", "changed": "~"}
NOUNS = {
    "causes": ("cause", "causes"),
    "workers": ("worker", "workers"),
    "pods": ("pod", "pods"),
    "restarts": ("count of restarts", "counts of restarts"),
    "symptoms": ("symptom", "symptoms"),
    "versions": ("version", "versions"),
}
_STYLES = {"yes": "bold green", "nothing-to-repair": "bold green", "partly": "bold yellow", "unknown": "bold yellow"}


class Listed(msgspec.Struct, frozen=True):
    """The changes of one kind in one subject, cut where they are many."""

    subject: str
    title: str
    changes: tuple[Change, ...]
    left_out: int


class Kind(msgspec.Struct, frozen=True):
    """All changes of one kind."""

    kind: str
    title: str
    count: int
    lists: tuple[Listed, ...]


class SideView(msgspec.Struct, frozen=True):
    """One of the two bundles in words."""

    label: str
    item: Side
    verdict: str
    collected: str
    workers: str
    calico_nodes: str


class ComparisonPage(msgspec.Struct, frozen=True):
    """Everything a page of a comparison shows, in its order."""

    comparison: Comparison
    title: str
    answer_in_short: str
    sides: tuple[SideView, SideView]
    kinds: tuple[Kind, ...]
    same: str  # "5 workers, 2 symptoms", "" where nothing is the same


def make_page(comparison: Comparison, most: int = MOST_LISTED) -> ComparisonPage:
    """Work out what a page shows; of each kind and subject at most ``most`` changes."""
    kinds = []
    for kind in KINDS:
        lists = []
        for subject, title in SUBJECTS.items():
            found = [item for item in comparison.changes if item.kind == kind and item.subject == subject]
            if found:
                lists.append(Listed(subject, title, tuple(found[:most]), max(0, len(found) - most)))
        if lists:
            count = sum(len(item.changes) + item.left_out for item in lists)
            kinds.append(Kind(kind, TITLES[kind], count, tuple(lists)))
    return ComparisonPage(
        comparison,
        f"{comparison.before.name} and {comparison.after.name} compared",
        ANSWERS.get(comparison.repaired, comparison.repaired),
        (_side("Before", comparison.before), _side("After", comparison.after)),
        tuple(kinds),
        ", ".join(words.plural(count, *NOUNS.get(subject, (subject, subject))) for subject, count in comparison.same),
    )


def _side(label: str, side: Side) -> SideView:
    return SideView(
        label,
        side,
        words.VERDICTS.get(side.verdict, side.verdict),
        words.when(side.collected) or "not in the bundle",
        words.with_bad(side.workers, side.workers_bad) or "none seen",
        words.with_bad(side.calico_nodes, side.calico_nodes_bad) or "none seen",
    )


def schema() -> dict[str, Any]:
    """Give the JSON Schema (draft 2020-12) of a comparison."""
    text = resources.files("analyzer.report").joinpath("comparison.schema.json").read_text(encoding="utf-8")
    content: dict[str, Any] = json.loads(text)
    return content


def render_json(comparison: Comparison) -> str:
    """Give the comparison as JSON text."""
    return as_text(plain_data(comparison))


def render_html(comparison: Comparison, template_dir: Path | None = None, most_bytes: int = MOST_BYTES) -> str:
    """Give the page, with shorter lists where it would exceed ``most_bytes``.

    Raises:
        TemplateError: a template of ``template_dir`` is wrong.
    """
    env = environment.html_environment(template_dir)
    text = ""
    for most in (MOST_LISTED, 40, 8):
        page = make_page(comparison, most)
        text = environment.render(env, "compare.html.j2", page=page, answers=ANSWERS, signs=SIGNS, **page_values(env))
        if len(text.encode("utf-8", "replace")) <= most_bytes:
            break
    return text


def render_markdown(
    comparison: Comparison, template_dir: Path | None = None, most_characters: int = MOST_CHARACTERS
) -> str:
    """Give the comment for a GitHub issue; with shorter lists, and at last cut, where it would be too long for one."""
    env = environment.markdown_environment(template_dir)
    text = ""
    for most in (MOST_IN_COMMENT, 8, 3, 1):
        text = without_gaps(environment.render(env, "compare.md.j2", page=make_page(comparison, most)))
        if len(text) <= most_characters:
            return text
    return cut_at_block(text, most_characters)


def write(comparison: Comparison, path: Path, template_dir: Path | None = None) -> None:
    """Write the comparison to ``path``: ``.html``, ``.md``, ``.json``, ``.html.gz`` or ``.zip``.

    Raises:
        FormatError: the suffix is none of these.
        TemplateError: a template of ``template_dir`` is wrong.
        OSError: the file cannot be written.
    """
    renders = {
        ".html": lambda: render_html(comparison, template_dir),
        ".md": lambda: render_markdown(comparison, template_dir),
        ".json": lambda: render_json(comparison),
    }
    content = packed(
        suffix_of(path), lambda form: renders[form]().encode("utf-8", "replace"), comparison.generated_at
    )  # fmt: skip
    replace_file(path, content)


def print_summary(comparison: Comparison, console: Console) -> None:
    """Print the answer and what changed; control characters are made visible, nothing is read as markup."""
    for line in _lines(make_page(comparison, MOST_PRINTED)):
        console.print(line, soft_wrap=not console.is_terminal, highlight=False, markup=False, emoji=False)


def _lines(page: ComparisonPage) -> Iterator[Text]:
    item = page.comparison
    for side in page.sides:
        about = f"{side.label}: {side.item.name}, {side.verdict.lower()}, collected {side.collected}"
        yield Text(_short(about), style="dim")
    yield Text(f"Did the repair work? {page.answer_in_short}.", style=_STYLES.get(item.repaired, "bold red"))
    yield Text(_short(item.answer))
    for warning in item.warnings:
        yield Text(f"Warning: {_short(warning)}", style="yellow")
    for kind in page.kinds:
        yield Text("")
        yield Text(f"{kind.title} ({kind.count})", style="bold")
        for listed in kind.lists:
            for change in listed.changes:
                yield Text(f"  {SIGNS[kind.kind]} {listed.title.lower()}: {_short(_told(change))}")
            if listed.left_out:
                yield Text(f"    and {listed.left_out} more {listed.title.lower()}", style="dim")
    if page.same:
        yield Text("")
        yield Text(f"Unchanged: {page.same}", style="dim")
    if item.next_action:
        yield Text("")
        yield Text(f"Next ({item.next_risk}): {_short(item.next_action)}", style="bold")
        for line in item.next_command.split("\n"):
            if line.strip():
                yield Text("  $ " + shorten(visible(line), 2000))


def _told(change: Change) -> str:
    states = " -> ".join(state for state in (change.before, change.after) if state)
    return f"{change.title}: {states}" if states else change.title


def _short(text: str) -> str:
    return shorten(one_line(text), MOST_TEXT)
