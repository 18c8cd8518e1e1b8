"""The Markdown page: what GitHub makes of it, its length, what an attack in a bundle can do to it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import report_samples as samples
from markdown_it import MarkdownIt
from markdown_it.token import Token
from msgspec.structs import replace

from analyzer.report import TemplateError, model, render_markdown
from analyzer.report.markdown import MOST_CHARACTERS

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
SAMPLES = ["incident", "healthy", "not_enough", "hostile"]
HTML = re.compile(r"</?details( open)?>|</?summary>|</?b>|</?code>")
PINGS = re.compile(r"@\w|#\d|GH-\d|://|www\.|:[a-z][\w+-]*:")


def flat(tokens: list[Token]) -> list[Token]:
    return [inner for token in tokens for inner in (token, *flat(token.children or []))]


@pytest.mark.parametrize("name", ["incident", "healthy", "not_enough"])
def test_golden(name: str) -> None:
    samples.golden(f"{name}.md", render_markdown(getattr(samples, name)()))


@pytest.mark.parametrize("name", SAMPLES)
def test_only_the_page_makes_html(name: str) -> None:
    for token in flat(MARKDOWN.parse(render_markdown(getattr(samples, name)()))):
        if token.type in ("html_block", "html_inline"):
            for tag in re.findall(r"<[^>]*>?", token.content):
                assert HTML.fullmatch(tag), token.content


@pytest.mark.parametrize("name", SAMPLES)
def test_nothing_pings_or_links(name: str) -> None:
    tokens = flat(MARKDOWN.parse(render_markdown(getattr(samples, name)())))
    linked = False
    for token in tokens:
        if token.type == "link_open":
            linked = True
            assert str(token.attrs["href"]).startswith("https://docs.tigera.io/")
        elif token.type == "link_close":
            linked = False
        elif token.type == "text" and not linked:
            assert not PINGS.search(token.content), token.content
        elif token.type == "html_block":
            assert not PINGS.search(re.sub(r"<code>[^<]*</code>", "", token.content)), token.content
    assert not {token.type for token in tokens} & {"image", "table_open", "hr", "code_block", "s_open"}


@pytest.mark.parametrize("name", SAMPLES)
def test_headings_are_the_pages_own(name: str) -> None:
    headings = re.findall(
        r"^#+ .*", re.sub(r"(?ms)^ *(`{3,}).*?^ *\1$", "", render_markdown(getattr(samples, name)())), re.M
    )
    assert len(headings) == (2 if getattr(samples, name)().causes else 1)


@pytest.mark.parametrize("name", SAMPLES)
def test_every_folded_part_is_closed_and_has_its_blank_line(name: str) -> None:
    text = render_markdown(getattr(samples, name)())
    outside = re.sub(r"(?ms)^ *(`{3,}).*?^ *\1$", "", text)
    assert len(re.findall(r"^<details", outside, re.M)) == len(re.findall(r"^</details>$", outside, re.M))
    assert not re.search(r"</summary>\n(?!\n)", outside)
    assert not re.search(r"[^\n]\n</details>", outside)


def test_quoted_lines_are_whole_and_in_fences() -> None:
    report = samples.hostile()
    fences = "\n".join(
        token.content for token in flat(MARKDOWN.parse(render_markdown(report))) if token.type == "fence"
    )
    assert "<script>alert(1)</script>" in fences
    assert "␛[31mred" in fences
    assert "{{ 7*7 }}{% raw %}${{x}}" in fences


def test_states_are_words() -> None:
    text = render_markdown(samples.incident())
    assert "93 %" in text and "likely" in text
    assert "(risk: disruptive, running pods or connections are interrupted)" in text
    assert "3 of 12 workers, all in zone dal12" in text


def test_healthy_names_what_was_checked_and_the_noise() -> None:
    text = render_markdown(samples.healthy())
    assert text.startswith("## No problem found: ")
    assert "- BGP sessions: healthy (132 of 132 established)" in text
    assert "- CNI configuration: not shown by this bundle (the bundle holds no install-cni log)" in text
    assert "BIRD starts before confd has written its first configuration" in text


def test_not_enough_says_what_to_send() -> None:
    text = render_markdown(samples.not_enough())
    assert "<details open><summary>What to send (3)</summary>" in text
    assert "  kubectl describe node <WORKER_NODE_NAME>" in text


def test_a_long_report_is_cut_at_a_whole_cause() -> None:
    report = samples.long()
    text = render_markdown(report)
    assert len(text) <= MOST_CHARACTERS
    shown = text.count("<details><summary><b>") + text.count("<details open><summary><b>")
    assert 1 <= shown < len(report.causes)
    assert f"{len(report.causes) - shown} further causes left out here" in text
    last = text.index("</details>", text.rindex("<summary><b>"))
    assert "Reload the worker only if" in text[text.rindex("<summary><b>") : last]


@pytest.mark.parametrize("most", [500, 1500, 3000, 5000, 7000, 9000])
def test_no_length_is_exceeded(most: int) -> None:
    text = render_markdown(samples.incident(), most_characters=most)
    assert len(text) <= most
    outside = re.sub(r"(?ms)^ *(`{3,}).*?^ *\1$", "", text)
    assert len(re.findall(r"^<details", outside, re.M)) == len(re.findall(r"^</details>$", outside, re.M))
    assert "to stay within the length of a comment" in text or "too long for a comment" in text


@pytest.mark.parametrize("most", [12_000, 40_000, MOST_CHARACTERS])
def test_no_length_is_exceeded_by_an_attack(most: int) -> None:
    report = samples.with_text(samples.incident(), "`@x <b> " * 5000)
    assert len(render_markdown(report, most_characters=most)) <= most


def test_evidence_beyond_what_is_shown_is_counted() -> None:
    cause = samples.incident().causes[0]
    many = tuple(replace(cause.evidence[0], line=100 + n) for n in range(9))
    text = render_markdown(replace(samples.incident(), causes=(replace(cause, evidence=many),)))
    assert "7 more lines in the HTML report." in text


def test_a_template_of_the_user_wins(tmp_path: Path) -> None:
    (tmp_path / "report.md.j2").write_text(
        '{% extends "shipped/report.md.j2" %}\n{% block footer %}{{ super() }}Ticket of {{ page.report.bundle.name }}.{% endblock %}'
    )
    report = replace(samples.healthy(), bundle=replace(samples.healthy().bundle, name="@all <b>"))
    text = render_markdown(report, tmp_path)
    assert "Ticket of `@all <b>`." in text
    assert "_Made offline by calico-triage `0.1.0` on" in text


def test_a_wrong_template_is_named(tmp_path: Path) -> None:
    (tmp_path / "cause.md.j2").write_text("{{ cause.no_such_field }}")
    with pytest.raises(TemplateError, match=r"cause.md.j2.*no_such_field|no_such_field"):
        render_markdown(samples.incident(), tmp_path)


def test_causes_of_a_healthy_cluster_are_not_called_found() -> None:
    report = replace(samples.healthy(), causes=(samples.incident().causes[2],))
    text = render_markdown(report)
    assert "### Causes that were considered" in text
    assert "Most likely" not in text


def test_empty_report() -> None:
    report = model.Report(samples.TOOL, samples.START, model.BundleInfo(""), model.ClusterInfo(), "causes-found")
    assert render_markdown(report).startswith("## Causes found: No cause is named")
