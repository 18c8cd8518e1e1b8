"""``calico-triage causes``: the catalogue on the terminal, and its validation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from analyzer.catalogue import Catalogue, CatalogueError, Cause, load
from analyzer.cli.refusals import fail


def run(slug: str | None, check: Sequence[Path], extra: Sequence[Path]) -> None:
    """List all causes, show one in full, or validate catalogue files."""
    try:
        catalogue = load([*extra, *check])
    except CatalogueError as error:
        fail(str(error))
    if check:
        print(f"{len(check)} file(s) valid; {len(catalogue.causes)} causes, {len(catalogue.messages)} messages in all")
    elif slug is None:
        _list(catalogue)
    elif slug in catalogue.causes:
        _show(catalogue.causes[slug])
    else:
        close = [name for name in catalogue.causes if slug in name or name in slug]
        fail(f"no cause {slug!r}" + (f"; did you mean {', '.join(close)}?" if close else "; see: calico-triage causes"))


def _list(catalogue: Catalogue) -> None:
    families: dict[str, list[Cause]] = {}
    for cause in catalogue.causes.values():
        families.setdefault(cause.family, []).append(cause)
    width = max(len(name) for name in catalogue.causes)
    for family, causes in sorted(families.items()):
        print(family)
        for cause in sorted(causes, key=lambda item: item.id):
            print(f"  {cause.id:<{width}}  {cause.title}")


def _show(cause: Cause) -> None:
    print(f"{cause.id}: {cause.title}\nfamily {cause.family}, scope {cause.scope}\n\n{cause.summary.strip()}\n")
    for title, signals in (("Signals", cause.signals), ("Against", cause.against)):
        if signals:
            print(f"{title}:")
        for signal in signals:
            print(f"  [{signal.strength}] {signal.id}: {signal.says or signal.selector}")
    print("Repair:")
    for number, step in enumerate(cause.remediation, start=1):
        print(f"  {number}. {step.text or 'steps of ' + step.use} ({step.risk})")
        if step.command:
            print("       " + step.command.strip().replace("\n", "\n       "))
    if cause.references:
        print("References:", *cause.references, sep="\n  ")
