"""What a bundle holds is text in every output: log lines, file names, names of workers and pods.

One ticket with attacks in all these places goes the whole way: every report, the tables, the comparison.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from msgspec.structs import replace
from rich.console import Console

from analyzer.compare import compare
from analyzer.export import write_tables
from analyzer.pipeline import Analyzer
from analyzer.report import comparison_pages, model, print_summary, render_html, render_json, render_markdown
from analyzer.tables import Tables

SAMPLE = Path(__file__).parents[1] / "sample_bundles" / "one-worker-after-reload-comes-back-bad" / "bundle"
#: what each place gets; one marker word each, so that it is known to have arrived
HTML = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'</pre></title></style><!--"
MARKDOWN = (
    "@octocat #12 GH-3 org/repo#4 ![i](http://evil.example/i.png) [l](javascript:x) ``` ~~~ **b** </details> | a |"
)
TERMINAL = "\x1b[31mred\x1b]8;;http://evil.example\x07link\x1b]8;;\x07 \x9b2J \u202egnp [bold]x[/bold]"
JINJA = "{{ 7*7 }} {% raw %} {{ ''.__class__ }} {# x #} ${7*7}"
FORMULA = '=HYPERLINK("http://evil.example","x")'
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
#: file names as a hostile archive may have them; a slash would be a folder
NAMES = {
    "htmlname": "<img src=x onerror=alert(3)> htmlname.log",
    "mdname": "@octocat #12 `mdname` ![i](x).log",
    "termname": "\x1b[31mtermname\u202e.log",
    "jinjaname": "{{ 7*7 }}{% raw %}jinjaname.log",
    "formulaname": "=cmd|' formulaname'!A1.log",
}
PLACES = {"html": HTML, "md": MARKDOWN, "term": TERMINAL, "jinja": JINJA, "formula": FORMULA}


def bundle(folder: Path) -> Path:
    """A ticket of a real story with attacks in its log lines, its file names and the names of a worker and a pod."""
    folder.mkdir()
    lines = []
    for number, (place, attack) in enumerate(PLACES.items()):
        stamp = f"2026-11-23 08:18:{10 + number:02d}.000 [ERROR][61]"
        lines.append(
            f"{stamp} felix/health.go 360: {place}line {attack} failed error=listen tcp 127.0.0.1:9099: bind: address already in use"
        )
        lines.append(f"{stamp} felix/odd.go 7: {attack} {place}odd frobnicated")  # fmt: skip
    for source in SAMPLE.iterdir():
        text = source.read_text(encoding="utf-8")
        if source.suffix == ".log":
            text += "\n".join(lines) + "\n"
        text = text.replace("10.211.64.96", "=1+<b>@octocat</b>{{7*7}}").replace("10.211.64.95", "-\x1b[31mnode95")
        (folder / source.name).write_text(text, encoding="utf-8")
    for name in NAMES.values():
        (folder / name).write_text(f"[[{name}]]\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def ticket(tmp_path_factory: pytest.TempPathFactory) -> tuple[model.Report, Tables]:
    analyzer = Analyzer()
    reading = analyzer.read([bundle(tmp_path_factory.mktemp("injection") / "b")])
    from analyzer.assemble import assemble

    return assemble(analyzer, analyzer.diagnose(reading)), reading.tables


class Tags(HTMLParser):
    """All elements of a page, and its text outside of style sheet and script."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text, self.comments, self.inside = "", 0, ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = tag

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside not in ("script", "style"):
            self.text += data

    def handle_comment(self, data: str) -> None:
        self.comments += 1


def harmless(page: str) -> Tags:
    found = Tags(page)
    assert [tag for tag, _ in found.tags].count("script") == 1
    assert not [tag for tag, _ in found.tags if tag in ("img", "iframe", "link", "object", "form", "base", "a-b")]
    assert not [
        name for _, attributes in found.tags for name in attributes if name.startswith("on") or name in ("src", "style")
    ]
    assert not [
        a["href"] for tag, a in found.tags if tag == "a" and not re.match(r"#|https://[\w.-]+/", str(a["href"]))
    ]
    assert not [a["href"] for tag, a in found.tags if tag == "a" and "evil.example" in str(a["href"])]
    assert found.comments == 0
    assert not UNSEEN.search(page)
    return found


def inert(text: str) -> list[str]:
    """No link, image, mention or number outside of code; gives the summaries."""
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(text)
    inline = [child for token in tokens for child in token.children or ()]
    links = [str(child.attrs.get("href")) for child in inline if child.type == "link_open"]
    assert not [link for link in links if "evil" in link or link.startswith("javascript")]
    assert not [child for child in inline if child.type == "image"]
    assert not [child.content for child in inline if child.type == "html_inline"]
    words = " ".join(child.content for child in inline if child.type == "text")
    assert not re.search(r"@octocat|#12\b|GH-3\b|org/repo#4|evil\.example", words)
    blocks = [token.content for token in tokens if token.type == "html_block"]
    for block in blocks:
        bare = re.sub(r"<code>[^<>]*</code>", "", block)
        assert re.fullmatch(r"(\s|</?details( open)?>|</?summary>|</?b>|[^<>])*", bare), block
        assert not re.search(r"@octocat|#12\b", bare), block
    assert not UNSEEN.search(text)
    return blocks


def printed(show: object, item: object) -> str:
    stream = io.StringIO()
    show(item, Console(file=stream, width=160, force_terminal=False))  # type: ignore[operator]
    return stream.getvalue()


def test_the_attacks_arrived(ticket: tuple[model.Report, Tables]) -> None:
    report, tables = ticket
    assert report.causes[0].id == "port-conflict"
    raw = render_json(report) + " ".join(row.message for row in tables.rows.log_lines)
    for place in PLACES:
        assert f"{place}line" in raw
        assert f"{place}odd" in raw
    paths = " ".join(row.path for row in tables.rows.files)
    for marker in NAMES:
        assert marker in paths
    assert "=1+<b>@octocat</b>{{7*7}}" in {state.node for state in report.workers}


def test_html(ticket: tuple[model.Report, Tables]) -> None:
    text = harmless(render_html(ticket[0])).text
    for marker in NAMES:
        assert marker in text
    assert "=1+<b>@octocat</b>{{7*7}}" in text
    assert "{{ 7*7 }}{% raw %}jinjaname.log" in text


def test_markdown(ticket: tuple[model.Report, Tables]) -> None:
    text = render_markdown(ticket[0])
    assert len(text) <= 64_000
    inert(text)
    assert "port that calico needs" in text


def test_markdown_of_everything_hostile(ticket: tuple[model.Report, Tables]) -> None:
    """The words of causes are ours; here they are not, as with a catalogue of somebody else's."""
    report = ticket[0]
    causes = tuple(replace(cause, title=MARKDOWN + HTML, summary=MARKDOWN, reach=HTML, why_rank=TERMINAL) for cause in report.causes)  # fmt: skip
    inert(render_markdown(replace(report, causes=causes)))


def test_json_is_json_and_keeps_the_text(ticket: tuple[model.Report, Tables]) -> None:
    data = json.loads(render_json(ticket[0]))
    assert {NAMES["htmlname"], NAMES["formulaname"]} <= {file["path"] for file in data["bundle"]["files"]}


def test_terminal(ticket: tuple[model.Report, Tables]) -> None:
    report = ticket[0]
    said = printed(print_summary, report)
    assert "port that calico needs" in said
    assert not UNSEEN.search(said)
    hostile = replace(
        report,
        bundle=replace(report.bundle, name=TERMINAL),
        causes=(replace(report.causes[0], title=TERMINAL, reach=TERMINAL),),
        next_action=model.NextAction(TERMINAL, TERMINAL),
        warnings=(model.Warning_(TERMINAL, TERMINAL),),
    )
    said = printed(print_summary, hostile)
    assert not UNSEEN.search(said)
    assert said.count("[bold]x[/bold]") >= 5


def cells(folder: Path) -> Iterator[tuple[str, str]]:
    for path in folder.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.reader(file):
                for cell in row:
                    yield path.name, cell


def test_csv_holds_no_formula(ticket: tuple[model.Report, Tables], tmp_path: Path) -> None:
    write_tables(ticket[1], tmp_path, "csv")
    found = list(cells(tmp_path))
    numbers = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?", re.IGNORECASE)
    assert not [
        (name, cell)
        for name, cell in found
        if cell.startswith(("=", "+", "-", "@", "\t", "\r")) and not numbers.fullmatch(cell)
    ]
    texts = {cell for _, cell in found}
    assert "'=1+<b>@octocat</b>{{7*7}}" in texts, "the name of a worker that is a formula"
    assert "'" + NAMES["formulaname"] in texts, "the name of a file that is a formula"
    assert any(cell.startswith("'=HYPERLINK") for cell in texts), "a log message that is a formula"


def test_comparison(ticket: tuple[model.Report, Tables]) -> None:
    after = ticket[0]
    before = replace(
        after,
        bundle=replace(after.bundle, name=MARKDOWN + HTML + TERMINAL, sha256=""),
        workers=tuple(replace(state, state="healthy") for state in after.workers[:-3]),
        cluster=replace(after.cluster, kubernetes_version=HTML + MARKDOWN),
        causes=(),
        verdict="no-problem-found",
    )
    comparison = compare(before, after)
    names = {change.title for change in comparison.changes}
    assert comparison.repaired == "worse" and len(names) > 3
    harmless(comparison_pages.render_html(comparison))
    inert(comparison_pages.render_markdown(comparison))
    said = printed(comparison_pages.print_summary, comparison)
    assert not UNSEEN.search(said)
    assert "[bold]x[/bold]" in said
