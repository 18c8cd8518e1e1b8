"""The HTML page: self-contained, safe whatever a bundle holds, complete, within its size."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest
import report_samples as samples
from msgspec.structs import fields, replace

from analyzer.report import TemplateError, model, render_html

SAMPLES = ["incident", "healthy", "not_enough", "hostile"]
VOID = {"meta", "br", "input", "link", "img", "hr"}
ALLOWED = {
    "html", "head", "meta", "title", "style", "body", "a", "header", "p", "span", "code", "time", "div", "nav", "ul",
    "li", "ol", "main", "section", "h1", "h2", "h3", "h4", "dl", "dt", "dd", "svg", "rect", "line", "text", "path",
    "circle", "g", "details", "summary", "figure", "figcaption", "pre", "strong", "label", "input", "article", "table",
    "thead", "tbody", "tr", "th", "td", "br", "footer", "script",
}  # fmt: skip


class Page(HTMLParser):
    """Elements with their attributes, text by element; nesting is checked."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.stack: list[str] = []
        self.comments: list[str] = []
        self.text = ""
        self.style = self.script = ""
        self.feed(text)
        self.close()
        assert not self.stack, self.stack

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        assert len(attrs) == len(dict(attrs))
        if tag not in VOID and not self._selfclosed:
            self.stack.append(tag)

    _selfclosed = False

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._selfclosed = True
        self.handle_starttag(tag, attrs)
        self._selfclosed = False

    def handle_endtag(self, tag: str) -> None:
        assert self.stack and self.stack[-1] == tag, (tag, self.stack)
        self.stack.pop()

    def handle_data(self, data: str) -> None:
        if self.stack and self.stack[-1] == "style":
            self.style += data
        elif self.stack and self.stack[-1] == "script":
            self.script += data
        else:
            self.text += data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def ids(self) -> list[str]:
        return [str(attributes["id"]) for _, attributes in self.elements if "id" in attributes]


def page(name: str) -> Page:
    return Page(render_html(getattr(samples, name)()))


@pytest.mark.parametrize("name", SAMPLES)
def test_only_known_elements_and_attributes(name: str) -> None:
    shown = page(name)
    assert {tag for tag, _ in shown.elements} <= ALLOWED
    assert Counter(tag for tag, _ in shown.elements)["script"] == 1
    assert not shown.comments
    for tag, attributes in shown.elements:
        assert not [
            name for name in attributes if name.startswith("on") or name in ("style", "src", "srcset", "action")
        ], tag


@pytest.mark.parametrize("name", SAMPLES)
def test_the_only_way_out_are_references(name: str) -> None:
    for attributes in page(name).all("a"):
        href = str(attributes["href"])
        if not href.startswith("#"):
            assert href.startswith("https://docs.tigera.io/")
            assert "noreferrer" in str(attributes["rel"])


@pytest.mark.parametrize("name", SAMPLES)
def test_the_policy_allows_exactly_what_is_inline(name: str) -> None:
    shown = page(name)
    policy = next(item["content"] for item in shown.all("meta") if item.get("http-equiv") == "Content-Security-Policy")
    digests = [
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (shown.style, shown.script)
    ]
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digests[0]}'; script-src 'sha256-{digests[1]}'; "
        "base-uri 'none'; form-action 'none'"
    )
    assert not re.search(r"@import|url\(", shown.style)


@pytest.mark.parametrize("name", SAMPLES)
def test_anchors_are_unique_and_links_lead_somewhere(name: str) -> None:
    shown = page(name)
    ids = shown.ids()
    assert len(ids) == len(set(ids))
    for attributes in shown.all("a"):
        href = str(attributes["href"])
        if href.startswith("#"):
            assert href[1:] in ids
    for _, attributes in shown.elements:
        for name_of in ("aria-labelledby", "aria-describedby"):
            if name_of in attributes:
                assert attributes[name_of] in ids


def test_every_cause_and_quoted_line_has_an_anchor() -> None:
    ids = page("incident").ids()
    assert {"cause-bgp-port-blocked", "cause-typha-unavailable", "cause-mtu-mismatch"} <= set(ids)
    assert [item for item in ids if item.startswith("e-")] == [f"e-{n}" for n in range(1, 7)]


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all text fields of the incident that a bundle may fill."""
    closed = {"verdict", "confidence", "scope", "risk", "platform", "severity", "state", "schema_version"}
    if isinstance(value, msgspec.Struct):
        return [
            leaf for item in fields(value) if item.name not in closed
            for leaf in leaves(getattr(value, item.name), (*path, item.name))
        ]  # fmt: skip
    if isinstance(value, tuple):
        return [leaf for n, item in enumerate(value[:2]) for leaf in leaves(item, (*path, n))]
    return [path] if isinstance(value, str) else []


def put(value: Any, path: tuple[Any, ...], text: str) -> Any:
    if not path:
        return text
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        return tuple(put(item, rest, text) if n == step else item for n, item in enumerate(value))
    return replace(value, **{step: put(getattr(value, step), rest, text)})


FULL = replace(samples.incident(), checked=samples.healthy().checked, noise=samples.healthy().noise)


#: text fields that the page works with but does not show
HIDDEN = re.compile(  # workers and pods are there for what is made of reports: the contrast, a comparison
    r"^(workers|pods)\.|signal$|explains|explained_by|(symptoms|node_matrix)\.\d\.id|symptom$|symptoms\.\d\.0$|folded\.\d\.(id|affected)|context|peer|pod$|reach$|recent_changes.*node$|_matrix\.cells|log_levels"
)
MARKUP = "</code></pre></title></style><script>alert(1)</script>\"'><img src=x onerror=a()> {{7*7}} {%x%} &lt;"


def filled(end: str) -> tuple[model.Report, dict[str, str]]:
    """The full report with a word of its own in every text field, and the words by field."""
    report, words = FULL, {}
    for number, path in enumerate(leaves(FULL)):
        words[".".join(map(str, path))] = f"word{number}q"
        report = put(report, path, f"word{number}q{end}")
    return report, words


def test_an_attack_in_every_field_changes_no_markup() -> None:
    harmless, attacked = (Page(render_html(filled(end)[0])) for end in ("", MARKUP))
    assert [tag for tag, _ in attacked.elements] == [tag for tag, _ in harmless.elements]
    assert [sorted(item) for _, item in attacked.elements] == [sorted(item) for _, item in harmless.elements]
    assert MARKUP in attacked.text


def test_every_text_field_is_shown() -> None:
    report, words = filled("")
    text = render_html(report)
    unseen = [path for path, word in words.items() if not re.search(rf"{word}\b", text)]
    assert not [path for path in unseen if not HIDDEN.search(path)]


def test_control_characters_are_shown_as_symbols() -> None:
    text = render_html(samples.hostile())
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert "␛[31mred" in text and "\\u202egnp" in text


def test_first_screen_of_causes_found() -> None:
    text = render_html(samples.incident())
    first = Page(text[text.index('<section id="verdict"') : text.index("</section>") + 10]).text
    for part in ("Causes found", "Most likely cause", "TCP port 179 is blocked between workers", "93 %",
                 "3 of 12 workers, all in zone dal12", "2026-03-16 03:44:00 UTC", "A policy that drops private traffic",
                 "Do this next", "safe", "nc -vz -w 3 10.30.7.20 179"):  # fmt: skip
        assert part in first


def test_first_screen_of_no_problem_found() -> None:
    text = render_html(samples.healthy())
    first = Page(text[text.index('<section id="verdict"') : text.index("</section>") + 10]).text
    for part in ("No problem found in this bundle", "12 of 12", "132 of 132 established", "not shown by this bundle",
                 "Looks alarming, means nothing here", "Unable to open configuration file", "Nothing to repair"):  # fmt: skip
        assert part in first
    assert "Most likely" not in text


def test_first_screen_of_not_enough_data() -> None:
    text = render_html(samples.not_enough())
    first = Page(text[text.index('<section id="verdict"') : text.index("</section>") + 10]).text
    for part in ("Not enough data to name a cause", "holds no log that says why", "What to send",
                 "kubectl describe node <WORKER_NODE_NAME>", "list of all workers"):  # fmt: skip
        assert part in first


def test_three_causes_are_open_and_the_rest_folded() -> None:
    base = samples.incident()
    causes = tuple(replace(base.causes[0], id=f"cause-{n}", rank=n + 1) for n in range(5))
    cards = [
        item
        for item in Page(render_html(replace(base, causes=causes))).all("details")
        if "cause" in str(item.get("class")).split()
    ]
    assert ["open" in item for item in cards] == [True, True, True, False, False]


def test_everything_of_a_cause_is_there() -> None:
    shown = page("incident")
    for part in ("objects/gnp.yaml:7", 'creationTimestamp: "2026-03-16T03:43:51Z"', "neighbour -5 of the quoted line",
                 "What speaks against it", "The sessions were up for two days before.", "zone = dal12",
                 "3 of the 3 affected have it", "destructive, data or configuration is lost", "seen 201 times",
                 "What would confirm or refute it", "A BGP peer is down", "its peers are all behind the blocked port",
                 "runbook: calico-node Pod Not Running", "bgp-port-blocked"):  # fmt: skip
        assert part in shown.text
    assert {"type": "checkbox"} in shown.all("input")


def test_every_section_is_there() -> None:
    ids = set(page("incident").ids())
    assert {"verdict", "causes", "symptoms", "timeline", "peers", "workers", "changes", "missing", "escalation",
            "unrecognized", "cluster", "files", "warnings"} <= ids  # fmt: skip


def test_sections_without_content_are_not_there() -> None:
    ids = set(page("not_enough").ids())
    assert not ids & {"causes", "timeline", "peers", "workers", "changes", "unrecognized", "warnings", "noise"}


def test_a_healthy_page_does_not_ask_to_escalate() -> None:
    report = replace(samples.healthy(), escalation=samples.incident().escalation)
    assert "When to escalate" not in render_html(report)


def test_matrix_says_in_words_what_the_signs_mean() -> None:
    text = page("incident").text
    assert "not established" in text and "0 of 16 established" in text and "12 of 12 established" in text


def test_size_of_a_typical_page() -> None:
    assert len(render_html(samples.incident()).encode()) < 300_000


@pytest.mark.parametrize("most", [100_000, 200_000, 1_000_000])
def test_a_large_report_is_cut_and_says_so(most: int) -> None:
    text = render_html(samples.long(), most_bytes=most)
    assert len(text.encode()) <= most
    shown = Page(text)
    assert "Left out of this page" in shown.text
    assert re.search(r"Shown: \d+ of 20,000 timeline entries", shown.text)
    assert re.search(r"Shown: \d+ of 30,000 files read", shown.text)
    assert "#e-1" in text or most == 100_000


def test_huge_texts_cannot_blow_it_up() -> None:
    report = samples.with_text(samples.incident(), "x<" * 200_000)
    assert len(render_html(report).encode()) < 5_000_000


def test_nothing_left_out_is_not_mentioned() -> None:
    assert "Left out of this page" not in render_html(samples.incident())


def test_a_block_can_be_overridden(tmp_path: Path) -> None:
    (tmp_path / "report.html.j2").write_text(
        '{% extends "shipped/report.html.j2" %}{% block footer %}<p>{{ page.report.bundle.name }} {{ super() }}</p>{% endblock %}'
    )
    report = replace(samples.healthy(), bundle=replace(samples.healthy().bundle, name="<i>"))
    text = render_html(report, tmp_path)
    assert "<p>&lt;i&gt; " in text and "Made offline by" in text


def test_a_part_can_be_overridden(tmp_path: Path) -> None:
    (tmp_path / "cause.html.j2").write_text('<h3 id="{{ cause.anchor }}">{{ cause.item.title }}</h3>')
    for cause in samples.incident().causes:
        assert f">{cause.title}</h3>" in render_html(samples.incident(), tmp_path)


def test_own_style_is_in_the_policy(tmp_path: Path) -> None:
    (tmp_path / "extra.css").write_bytes(b"h1 { color: teal; }\r\n/* </style> */")
    shown = Page(render_html(samples.healthy(), tmp_path))
    assert "h1 { color: teal; }" in shown.style
    digest = base64.b64encode(hashlib.sha256(shown.style.encode()).digest()).decode()
    assert any(f"style-src 'sha256-{digest}'" in str(item.get("content")) for item in shown.all("meta"))


@pytest.mark.parametrize(
    ("template", "says"),
    [("{% block x %}", "report.html.j2"), ("{{ page.nothing }}", "nothing"), ('{% include "none.j2" %}', "none.j2")],
)
def test_a_wrong_template_is_named(tmp_path: Path, template: str, says: str) -> None:
    (tmp_path / "report.html.j2").write_text(template)
    with pytest.raises(TemplateError, match=says):
        render_html(samples.healthy(), tmp_path)


def test_a_missing_template_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="no such template folder"):
        render_html(samples.healthy(), tmp_path / "none")


def test_same_report_same_page() -> None:
    assert render_html(samples.incident()) == render_html(samples.incident())


def test_empty_report() -> None:
    report = model.Report(samples.TOOL, samples.START, model.BundleInfo(""), model.ClusterInfo(), "causes-found")
    assert "No cause is named" in Page(render_html(report)).text


def luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("ink", ["ink", "muted", "accent", "error", "warning", "good"])
@pytest.mark.parametrize("ground", ["page", "card", "sunk", "mark"])
def test_contrast_is_enough_for_small_text(scheme: str, ink: str, ground: str) -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1."""
    style = page("healthy").style
    block = style[style.index("color-scheme: dark") :] if scheme == "dark" else style
    colours = dict(
        re.findall(
            r"--([a-z-]+): (#[0-9a-f]{6})", block[block.index("--page") : block.index("}", block.index("--page"))]
        )
    )
    high, low = sorted((luminance(colours[ink]), luminance(colours[ground])), reverse=True)
    assert (high + 0.05) / (low + 0.05) >= 4.5
