"""Seen before: what a ticket's report says of resolved tickets that it looks like, kept true as more are resolved."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from analyzer.backlog.fingerprint import Fingerprint
from analyzer.backlog.lookalikes import MOST_SEEN, Memory, Resolved
from analyzer.catalogue import Cause
from analyzer.report import ReportError, from_json, write
from analyzer.report.model import SeenBefore

#: what a report without any begins its last key with, and one with them: told without reading all of it
_KEY = '"seen_before":'
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
            text = source.read_text(encoding="utf-8")
            if not wanted and _KEY not in text:
                continue
            report = from_json(text)
        except (OSError, UnicodeDecodeError, ReportError):
            unread.append(path)
            continue
        if report.seen_before == wanted:
            continue
        for form in FORMS:
            write(replace(report, seen_before=wanted), (folder / path).with_suffix(form), template_dir)
        changed.append(path)
    return changed, unread
