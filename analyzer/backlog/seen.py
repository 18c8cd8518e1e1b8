"""Seen before: what a ticket's report says of resolved tickets that it looks like, kept true as more are resolved."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec.structs import replace

from analyzer.backlog.fingerprint import Fingerprint
from analyzer.backlog.lookalikes import MOST_SEEN, Memory, Resolved
from analyzer.catalogue import Cause
from analyzer.report import ReportError, from_json, write
from analyzer.report.model import SeenBefore
from parsers.lazy_pattern import lazy_pattern

#: a key of the report itself in its JSON; ``seen_before`` is the last of them where it is there
_KEY = lazy_pattern(rb'^  "(\w+)":', re.MULTILINE)
_PIECE = 32 * 1024
FORMS = (".html", ".json")
#: resolved tickets that are looked at: a wave of them has the same note
_MOST_ASKED = 300


def precedents(
    memory: Memory, features: Fingerprint, ticket: str, report: str, causes: Mapping[str, Cause]
) -> tuple[SeenBefore, ...]:
    """Give the resolved tickets that a ticket is most like, and what fixed them, each answer once.

    Args:
        memory: the resolved tickets.
        features: the ticket's fingerprint.
        ticket: its name.
        report: path of its report; links to the others are made relative to it.
        causes: the catalogue's, for titles.
    """
    here = posixpath.dirname(report)
    told: dict[tuple[str, str], tuple[Resolved, float]] = {}
    for item, like in memory.nearest(features, ticket, _MOST_ASKED):
        told.setdefault((item.cause, item.note), (item, like))
    return tuple(
        SeenBefore(
            ticket=item.ticket,
            likeness=round(like, 3),
            cause=item.cause,
            title=causes[item.cause].title if item.cause in causes else "",
            note=item.note,
            resolved=item.resolved,
            report=posixpath.relpath(item.report, here or ".") if item.report else "",
        )
        for item, like in list(told.values())[:MOST_SEEN]
    )


def refresh(
    folder: Path, seen: Iterable[tuple[str, tuple[SeenBefore, ...]]], template_dir: Path | None = None
) -> tuple[list[str], list[str]]:
    """Bring the reports of a folder up to date: those that say something else are written anew.

    Args:
        folder: that the paths are relative to.
        seen: path of each report (``tickets/x.html``, with ``tickets/x.json`` beside it) and what it shall say.
        template_dir: folder whose templates replace shipped ones.

    Returns:
        the reports that were written, and those that could not be (no JSON beside them, or none of this program).

    Raises:
        TemplateError: a template of ``template_dir`` is wrong.
        OSError: a report cannot be written.
    """
    changed, unread = [], []
    for path, wanted in seen:
        source = (folder / path).with_suffix(".json")
        try:
            if not wanted and _last_key(source) != b"seen_before":
                continue
            report = from_json(source.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, ReportError):
            unread.append(path)
            continue
        if report.seen_before == wanted:
            continue
        for form in FORMS:
            write(replace(report, seen_before=wanted), (folder / path).with_suffix(form), template_dir)
        changed.append(path)
    return changed, unread


def _last_key(path: Path) -> bytes:
    """The last key of a report in JSON, read from its end: most reports need not be read for what they do not say."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        piece = _PIECE
        while True:
            file.seek(max(0, size - piece))
            keys = _KEY.findall(file.read(piece))
            if keys or piece >= size:
                return keys[-1] if keys else b""
            piece *= 4
