"""What docs/report.md says is so: its examples run, its tables name the fields there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import report_samples as samples
from msgspec.structs import fields

from analyzer.report import comparison, comparison_pages, environment, render_html, render_markdown, view, words, write

TEXT = (Path(__file__).parents[3] / "docs" / "report.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"```jinja\n\{# DIR/(\S+) #\}\n(.*?)```", TEXT, re.S))


def test_examples_of_templates(tmp_path: Path) -> None:
    assert set(EXAMPLES) == {"report.html.j2", "cause.md.j2"}
    for name, example in EXAMPLES.items():
        (tmp_path / name).write_text(example, encoding="utf-8")
    assert "Ticket team of CS1234567-mustgather.tgz. TCP port 179" in render_html(samples.incident(), tmp_path)
    assert "<details><summary>TCP port 179 is blocked between workers 93 %</summary>" in render_markdown(
        samples.incident(), tmp_path
    )


def test_example_for_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(samples.incident(), Path("ticket.json"))
    code = re.search(r"```python\n(.*?)```", TEXT, re.S)
    assert code is not None
    names: dict[str, object] = {}
    exec(code[1], names)
    assert names["comment"] == render_markdown(samples.incident())
    assert Path("ticket.html").read_text(encoding="utf-8") == render_html(samples.incident())


@pytest.mark.parametrize(
    "name",
    [
        "Page",
        "CauseView",
        "Reason",
        "Quote",
        "SymptomView",
        "Names",
        "Moment",
        "PlaceLink",
        "Reference",
        "ComparisonPage",
        "Kind",
        "Listed",
        "SideView",
    ],
)
def test_view_model(name: str) -> None:
    table = re.search(rf"^`{name}`\n\n\| field \| holds \|\n\|---\|---\|\n((?:\|.*\n)+)", TEXT, re.M)
    assert table is not None
    named = {field for row in table[1].splitlines() for field in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert named == {item.name for item in fields(getattr(view, name, None) or getattr(comparison_pages, name))}


@pytest.mark.parametrize("template", ["report.html.j2", "report.md.j2", "compare.html.j2", "compare.md.j2"])
def test_blocks(template: str) -> None:
    listed = re.search(rf"Blocks of `{template}`: (.*?)\.\n", TEXT, re.S)
    assert listed is not None
    source = (environment.SHIPPED / template).read_text(encoding="utf-8")
    assert re.findall(r"`(\w+)`", listed[1]) == re.findall(r"\{% block (\w+)", source)


def test_filters() -> None:
    html, markdown = environment.html_environment(), environment.markdown_environment()
    assert "marked" in html.filters
    assert {"code", "codes", "fence", "in_html"} <= set(markdown.filters)
    assert {"percent", "when", "size", "age", "shorten"} <= set(html.filters) & set(markdown.filters)


def test_risks_in_words() -> None:
    rows = dict(re.findall(r"^\| (safe|disruptive|destructive) \| (.*) \|$", TEXT, re.M))
    assert list(rows) == list(words.RISKS)
    assert all(f"{name}, {said}" == words.RISKS[name] for name, said in rows.items() if name != "safe")


def test_answers_and_subjects_of_a_comparison() -> None:
    part = TEXT.split("## Two bundles compared\n")[1].split("\n## ")[0]
    first = re.findall(r"^\| (`?)([\w-]+)`? \|", part, re.M)
    assert [name for tick, name in first if tick and name != "repaired"] == list(comparison.ANSWERS)
    assert [name for tick, name in first if not tick and name != "subject"] == list(comparison.SUBJECTS)


@pytest.mark.parametrize("name", ["report.png", "report-phone.png", "peers.png"])
def test_images_are_small_and_shown(name: str) -> None:
    root = Path(__file__).parents[3]
    content = (root / "docs" / "images" / name).read_bytes()
    assert content.startswith(b"\x89PNG") and len(content) < 150_000
    assert f"(docs/images/{name})" in (root / "README.md").read_text(encoding="utf-8")
