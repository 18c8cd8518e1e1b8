"""The report as one HTML page: no request, no script needed, everything of the bundle escaped."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup
from msgspec.structs import replace

from analyzer.report import charts, environment, matrices, model
from analyzer.report.page import make_page
from analyzer.report.view import Caps, Page

#: a page is never larger (bytes); what it holds is cut until it fits
MOST_BYTES = 5_000_000
_LEAST = Caps(context=0, line=200, evidence=2, causes=3, symptoms=3, timeline=20, unrecognized=5, files=20,
              warnings=20, names=10, nodes=10, peers=8, lists=10)  # fmt: skip


def render_html(report: model.Report, template_dir: Path | None = None, most_bytes: int = MOST_BYTES) -> str:
    """Give the page, cut with a note of what was left out where it would exceed ``most_bytes``.

    Args:
        report: what to show.
        template_dir: folder whose templates, ``report.css``, ``extra.css`` or ``report.js`` replace shipped ones.
        most_bytes: the size not to exceed.

    Raises:
        TemplateError: a template of ``template_dir`` is wrong.
    """
    env = environment.html_environment(template_dir)
    caps = Caps()
    while True:
        page = make_page(report, caps)
        text = _render(env, page)
        if len(text.encode("utf-8", "replace")) <= most_bytes or caps == _LEAST:
            return text
        caps = _smaller(page)


def content_security_policy(style: str, script: str) -> str:
    """Give the policy that allows exactly this style sheet and this script, and nothing from anywhere."""
    return (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def page_values(
    env: Environment, styles: Sequence[str] = ("report.css", "extra.css"), script_name: str = "report.js"
) -> dict[str, Any]:
    """Give what every page needs in its head: the style sheet, the script and the policy that allows just them."""
    style = "".join(_source(env, name) for name in styles)
    script = _source(env, script_name)
    return {
        "style": Markup(style),  # noqa: S704 - files of the program or of its user, not of a bundle
        "script": Markup(script),  # noqa: S704
        "content_security_policy": content_security_policy(style, script),
    }


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _render(env: Environment, page: Page) -> str:
    report = page.report
    drawing, drawn = charts.timeline_svg([moment.item for moment in page.timeline], report.onset)
    return environment.render(
        env,
        "report.html.j2",
        page=page,
        **page_values(env),
        timeline_chart=drawing,
        timeline_left_out=len(page.timeline) - drawn,
        levels_chart=charts.levels_svg(report.log_levels_over_time) if report.log_levels_over_time else "",
        restarts_chart=charts.restarts_svg(page.restarts, report.onset),
        peers=matrices.peer_grid(report.peer_matrix, page.caps.peers) if report.peer_matrix else None,
        nodes=matrices.node_grid(report.node_matrix, page.caps.nodes) if report.node_matrix else None,
    )


def _source(env: Environment, name: str) -> str:
    """A style sheet or script as it will stand in the page: newlines as the browser counts them for the hash."""
    assert env.loader is not None
    text = env.loader.get_source(env, name)[0]
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("</", "<\\/")


def _smaller(page: Page) -> Caps:
    """Cut the largest part of the page to a quarter; what is small already stays."""
    caps = page.caps
    weights = _weights(page)
    for name in sorted(weights, key=lambda part: -weights[part]):
        now, least = getattr(caps, name), getattr(_LEAST, name)
        if now > least:
            return replace(caps, **{name: max(least, now // 4)})
    return _LEAST


def _weights(page: Page) -> dict[str, int]:
    """Rough sizes, in characters, of the parts that have a cap."""
    quotes = [
        quote
        for cause in page.causes
        for reasons in (cause.first, cause.more, cause.against)
        for reason in reasons
        for quote in reason.quotes
    ]
    quotes += [quote for symptom in page.symptoms for quote in symptom.quotes]
    lines = sum(len(quote.text) + 400 for quote in quotes)
    steps = sum(len(step.text) + len(step.command) + 300 for cause in page.causes for step in cause.item.remediation)
    affected = [cause.affected for cause in page.causes] + [symptom.affected for symptom in page.symptoms]
    return {
        "context": sum(len(text) + 90 for quote in quotes for _, text, _ in quote.lines),
        "evidence": lines,
        "line": sum(len(quote.text) for quote in quotes),
        "causes": (lines + steps) // 2,
        "symptoms": sum(len(quote.text) + 400 for symptom in page.symptoms for quote in symptom.quotes) // 2,
        "timeline": sum(min(len(moment.item.what), 300) + len(moment.place.text) + 250 for moment in page.timeline),
        "unrecognized": sum(min(len(item.template), 400) + len(item.file) + 250 for item in page.unrecognized),
        "files": sum(len(file.path) + sum(map(len, file.problems)) + 300 for file in page.files),
        "warnings": sum(len(item.what) + len(item.file) + 40 for item in page.warnings),
        "names": sum(len(name) + 40 for names in affected for name in names.shown),
        "nodes": page.caps.nodes * 400,
        "peers": page.caps.peers**2 * 110,
        "lists": sum(
            len(str(item)) + 100
            for items in (
                page.missing,
                page.noise,
                page.changes,
                page.checked,
                page.contrast,
                page.facts,
                page.restarts,
            )
            for item in items
        ),
    }
