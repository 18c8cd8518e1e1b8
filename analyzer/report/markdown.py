"""The report as Markdown that fits in one comment on GitHub."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment
from msgspec import Struct, field
from msgspec.structs import replace

from analyzer.report import environment, matrices, model
from analyzer.report.page import make_page, place
from analyzer.report.view import Caps, Moment, Page

#: GitHub takes 65,536 characters in a comment; some room is left for what a poster adds
MOST_CHARACTERS = 64_000
_FULL = Caps(context=0, line=600, evidence=12, causes=12, symptoms=12, timeline=40, unrecognized=15, files=0,
             warnings=15, names=20, lists=20)  # fmt: skip
_SHORT = replace(_FULL, line=240, evidence=3, names=5, lists=8)
#: sections that go before any cause does, the least needed first
_SECTIONS = ("unrecognized", "timeline", "changes", "workers", "peers", "warnings", "symptoms", "missing")


class LeftOut(Struct):
    """What a shortened page does not hold; templates ask it."""

    causes: int = 0
    sections: list[str] = field(default_factory=list)
    unrecognized: bool = False
    timeline: bool = False
    changes: bool = False
    workers: bool = False
    peers: bool = False
    warnings: bool = False
    symptoms: bool = False
    missing: bool = False


def render_markdown(
    report: model.Report, template_dir: Path | None = None, most_characters: int = MOST_CHARACTERS
) -> str:
    """Give the page; where it would be too long, sections and then whole causes are left out, with a note.

    Args:
        report: what to show.
        template_dir: folder whose templates replace shipped ones.
        most_characters: the length not to exceed.

    Raises:
        TemplateError: a template of ``template_dir`` is wrong.
    """
    env = environment.markdown_environment(template_dir)
    text = ""
    for caps, left_out, causes in _shorter(len(report.causes)):
        page = make_page(report, caps)
        left_out.causes = len(report.causes) - min(causes, len(page.causes))
        text = _render(env, replace(page, causes=page.causes[:causes]), left_out)
        if len(text) <= most_characters:
            return text
    return cut_at_block(text, most_characters)


def _shorter(causes: int) -> Iterator[tuple[Caps, LeftOut, int]]:
    """What to try, from the whole page to the first cause alone with few lines."""
    yield _FULL, LeftOut(), causes
    for count in range(1, len(_SECTIONS) + 1):
        yield _FULL, _without(_SECTIONS[:count]), causes
    for kept in range(min(causes, _FULL.causes) - 1, 0, -1):
        yield _FULL, _without(_SECTIONS), kept
    yield _SHORT, _without(_SECTIONS), 1
    yield _SHORT, _without(_SECTIONS), 0


def _without(sections: tuple[str, ...]) -> LeftOut:
    left_out = LeftOut(sections=[section.replace("_", " ") for section in reversed(sections)])
    for section in sections:
        setattr(left_out, section, True)
    return left_out


def cut_at_block(text: str, most: int) -> str:
    """Give the text cut outside of any block: the last resort, for texts no bundle should hold."""
    note = "\n\n_Cut here: too long for a comment._\n"
    kept: list[str] = []
    room = most - len(note)
    for block in text.split("\n\n"):
        if len(block) + 2 > room or block.lstrip().startswith(("```", "<details")):
            break
        kept.append(block)
        room -= len(block) + 2
    return "\n\n".join(kept) + note


def _render(env: Environment, page: Page, left_out: LeftOut) -> str:
    report = page.report
    text = environment.render(
        env,
        "report.md.j2",
        page=page,
        left_out=left_out,
        peers=matrices.peer_grid(report.peer_matrix, page.caps.peers) if report.peer_matrix else None,
        contrast_text=_contrast_text(page),
        timeline_text="\n".join(_timeline_line(moment) for moment in page.timeline),
        unrecognized_text="\n".join(
            f"{item.count} x {item.level} {_flat(item.template)} ({place(item.file, item.line)})"
            for item in page.unrecognized
        ),
    )
    return without_gaps(text)


def _contrast_text(page: Page) -> str:
    """The facts of workers side by side, a worker a line below each fact; ``!=`` marks those that differ."""
    contrast = page.report.contrast
    if contrast is None:
        return ""
    lines = []
    for row in page.contrast:
        lines.append(f"{'!=' if row.differs else '  '} {_flat(row.what)}")
        for kind, names, values in (
            ("in trouble", contrast.affected, row.affected),
            ("healthy", contrast.healthy, row.healthy),
        ):
            grouped: dict[str, list[str]] = {}
            for name, value in zip(names, values, strict=False):
                grouped.setdefault(_flat(value) or "not in the bundle", []).append(_flat(name))
            lines += [f"     {kind}: {value} ({', '.join(of)})" for value, of in grouped.items()]
    return "\n".join(lines)


def _timeline_line(moment: Moment) -> str:
    item = moment.item
    parts = (moment.when or "unknown time", item.severity, item.node, item.what)
    return " ".join(_flat(part) for part in parts if part)


def _flat(text: str) -> str:
    return " ".join(text.split())


def without_gaps(text: str) -> str:
    """Give the text with one blank line where a template left several; what is inside a fence stays as it is."""
    lines: list[str] = []
    closing = ""
    for line in text.split("\n"):
        bare = line.strip()
        if closing:
            closing = "" if bare == closing else closing
        elif bare.startswith("```"):
            closing = "`" * (len(bare) - len(bare.lstrip("`")))
        elif not bare and (not lines or not lines[-1].strip()):
            continue
        lines.append(line.rstrip() if not closing else line)
    return "\n".join(lines).strip("\n") + "\n"
