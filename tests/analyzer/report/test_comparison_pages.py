"""A comparison as pages: what stands first, what is cut, and that every text of a bundle stays text."""

from __future__ import annotations

import gzip
import io
import json
import re
import zipfile
from pathlib import Path

import jsonschema
import pytest
import report_samples as samples
from markdown_it import MarkdownIt
from msgspec.structs import replace
from report_samples import golden
from rich.console import Console

from analyzer.compare import compare
from analyzer.report import FormatError, TemplateError, comparison_pages, model
from analyzer.report.comparison import Change, Comparison
from analyzer.report.comparison_pages import make_page, print_summary, render_html, render_json, render_markdown, write
from analyzer.report.html import content_security_policy

BAD = samples.BAD


def repaired() -> Comparison:
    """Two of three workers are well again, one new pod restarts, Kubernetes was updated."""
    before = samples.incident()
    lead = replace(before.causes[0], affected=BAD[:1], reach="", probability=0.91)
    after = replace(
        before,
        bundle=replace(before.bundle, name="CS1234567-after.tgz", sha256="ab" * 32, collected=samples.minutes(400)),
        cluster=replace(before.cluster, kubernetes_version="v1.29.5+IKS", calico_nodes_not_ready=1),
        causes=(lead,),
        symptoms=(
            replace(before.symptoms[0], affected=BAD[:1]),
            model.SymptomResult("probes-time-out", "probes of calico-node time out", BAD[:1]),
        ),
        workers=tuple(
            replace(state, state="healthy", facts=(("calico-node", "ready"), *state.facts[1:]))
            if state.node in BAD[1:]
            else state
            for state in before.workers
        ),
        pods=tuple(
            replace(pod, pod="calico-node-fresh", restarts=3)
            if pod.node == BAD[0]
            else replace(pod, ready=True, restarts=0)
            for pod in before.pods
        ),
    )
    return replace(compare(before, after, generated_at=samples.minutes(420)), tool=samples.TOOL)


def hostile() -> Comparison:
    """The same with an attack in every free text."""
    keep = frozenset({"kind", "subject", "repaired", "next_risk", "same"})
    found: Comparison = samples.with_text(repaired(), samples.ATTACK, keep)
    return replace(found, warnings=(samples.ATTACK,))


def printed(comparison: Comparison) -> str:
    stream = io.StringIO()
    print_summary(comparison, Console(file=stream, width=200, force_terminal=False))
    return stream.getvalue()


def test_golden() -> None:
    golden("comparison.md", render_markdown(repaired()))


def test_golden_json() -> None:
    golden("comparison.json", render_json(repaired()))


def test_golden_terminal() -> None:
    golden("comparison.txt", printed(repaired()))


@pytest.mark.parametrize("comparison", [repaired(), hostile()], ids=["repaired", "hostile"])
def test_json_keeps_its_schema(comparison: Comparison) -> None:
    jsonschema.Draft202012Validator.check_schema(comparison_pages.schema())
    jsonschema.Draft202012Validator(comparison_pages.schema()).validate(json.loads(render_json(comparison)))


@pytest.mark.parametrize("lacking", ["repaired", "answer", "changes", "warnings", "before"])
def test_schema_refuses_what_lacks_a_promise(lacking: str) -> None:
    data = json.loads(render_json(repaired()))
    del data[lacking]
    assert not jsonschema.Draft202012Validator(comparison_pages.schema()).is_valid(data)


def test_the_answer_comes_first_everywhere() -> None:
    html = render_html(repaired())
    main = html[html.index("<main") :]
    assert (
        main.index("Did the repair work?")
        < main.index("Partly")
        < main.index('id="worse"' if 'id="worse"' in main else 'id="new"')
    )
    assert render_markdown(repaired()).startswith("## Did the repair work? Partly\n")
    assert printed(repaired()).splitlines()[2] == "Did the repair work? Partly."


def test_every_change_is_on_the_page() -> None:
    comparison = repaired()
    html = re.sub(r"<[^>]+>", "", render_html(comparison)).replace("&gt;", ">")
    assert len(comparison.changes) > 8
    for change in comparison.changes:
        for text in (change.title, change.before, change.after):
            assert text in html


def test_policy_allows_the_page_itself_and_nothing_else() -> None:
    html = render_html(repaired())
    style, script = (html.split(f"<{tag}>")[1].split(f"</{tag}>")[0] for tag in ("style", "script"))
    policy = content_security_policy(style, script)
    assert policy.replace("'", "&#39;") in html
    assert "default-src 'none'" in policy
    assert not re.search(
        r"<(img|link|iframe|object|form)\b|\s(src|style|on\w+)=", html.replace(style, "").replace(script, "")
    )


def test_html_of_hostile_texts_holds_no_element_of_theirs() -> None:
    html = render_html(hostile())
    assert html.count("<script>") == 1
    assert "alert(1)" in html
    assert not re.search(r"<img|<!--", html)
    assert "{{ 7*7 }}" in html and "49" not in html.split("<main")[1].split("{{ 7*7 }}")[0]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", html)


def test_markdown_of_hostile_texts_pings_links_and_formats_nothing() -> None:
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(render_markdown(hostile()))
    inline = [child for token in tokens for child in token.children or ()]
    assert not [child for child in inline if child.type in ("link_open", "image", "html_inline")]
    assert {token.content.strip() for token in tokens if token.type == "html_block"} <= {
        *(f"<details{'' if kind else ' open'}><summary><b>{title}</b> ({count})</summary>" for kind in (0, 1) for title in ("Worse", "New", "Better", "Gone", "Changed") for count in range(20)),
        "<details><summary>The two bundles</summary>",
        "</details>",
    }  # fmt: skip
    words = " ".join(child.content for child in inline if child.type == "text")
    assert not re.search(r"@octocat|#12\b|GH-3|org/repo#4|https://", words)


def test_terminal_of_hostile_texts_has_no_escape() -> None:
    text = printed(hostile())
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert "[bold]x[/bold]" in text
    assert "␛[31mred" in text


def test_many_changes_are_cut_with_their_number() -> None:
    many = tuple(Change("gone", "pods", f"pod-{n}", f"pod-{n} " + "x" * 400, "not ready", "") for n in range(2000))
    comparison = replace(repaired(), changes=many)
    assert make_page(comparison).kinds[0].lists[0].left_out == 1800
    assert "1800 more are in the JSON" in render_html(comparison)
    assert len(render_markdown(comparison)) <= 64_000
    assert "and 1992 more pods" in printed(comparison)


@pytest.mark.parametrize("suffix", [".html", ".md", ".json", ".html.gz", ".zip"])
def test_written_as_the_suffix_says(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"comparison{suffix}"
    write(repaired(), path)
    content = path.read_bytes()
    expected = {".html": render_html, ".md": render_markdown, ".json": render_json}
    if suffix == ".zip":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert archive.namelist() == ["report.html", "report.md", "report.json"]
            assert archive.read("report.md").decode() == render_markdown(repaired())
    else:
        text = gzip.decompress(content) if suffix == ".html.gz" else content
        assert text.decode() == expected[suffix.removesuffix(".gz")](repaired())
    with pytest.raises(FormatError):
        write(repaired(), tmp_path / "comparison.pdf")


def test_templates_may_be_overridden(tmp_path: Path) -> None:
    (tmp_path / "compare.md.j2").write_text(
        '{% extends "shipped/compare.md.j2" %}{% block sides %}Ours: {{ page.answer_in_short }}\n{% endblock %}'
    )
    text = render_markdown(repaired(), tmp_path)
    assert "Ours: Partly" in text
    assert "The two bundles" not in text
    (tmp_path / "compare.html.j2").write_text("{{ page.nothing_of_the_kind }}")
    with pytest.raises(TemplateError, match="nothing_of_the_kind"):
        render_html(repaired(), tmp_path)


def test_no_page_is_too_large() -> None:
    monster = "x" * 20_000
    huge = tuple(
        Change(kind, subject, f"{n}", monster, monster, monster)
        for kind in ("worse", "new", "better", "gone", "changed")
        for subject in ("causes", "workers", "pods", "restarts", "symptoms", "versions")
        for n in range(60)
    )
    comparison = replace(repaired(), changes=huge, next_command="\n".join([monster] * 90))
    assert len(render_html(comparison).encode()) < 5_000_000
    text = render_markdown(comparison)
    assert len(text) <= 64_000
    assert text.startswith("## Did the repair work?")
