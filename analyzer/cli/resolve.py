"""``calico-triage resolve``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.cli.refusals import fail

if TYPE_CHECKING:
    from analyzer.backlog.store import Store
    from analyzer.catalogue import Catalogue
    from analyzer.redaction import Redaction


def open_store(url: str) -> Store:
    """Give a store that is there already, or end with exit code 2."""
    from analyzer.backlog.store import Store, StoreError

    try:
        return Store(url, create=False)
    except StoreError as error:
        fail(str(error))


def catalogue_of(extra: Sequence[Path]) -> Catalogue:
    """Load the catalogue, or end with exit code 2."""
    from analyzer.catalogue import CatalogueError, load

    try:
        return load(extra)
    except CatalogueError as error:
        fail(str(error))


def run(
    ticket: str,
    cause: str,
    note: str,
    url: str,
    folder: Path | None,
    extra: Sequence[Path],
    template: Path | None,
    redaction: Redaction | None,
    quiet: bool,
) -> None:
    """Record what a ticket was, then bring the overview and the reports of its look-alikes up to date."""
    catalogue = catalogue_of(extra)
    if cause not in catalogue.causes:
        close = [name for name in catalogue.causes if cause and (cause in name or name in cause)]
        fail(
            f"no cause {cause!r}" + (f"; did you mean {', '.join(close)}?" if close else "; see: calico-triage causes")
        )
    from analyzer.backlog.memory import conclude
    from analyzer.backlog.store import Outcome, StoreError
    from analyzer.report import TemplateError

    with open_store(url) as store:
        place = folder or _folder_of(store)
        try:
            store.resolve(Outcome(ticket, cause, redaction.text(note) if redaction is not None else note))
            changed, unread = conclude(store, place, catalogue.causes, template) if place else ([], [])
        except (StoreError, TemplateError) as error:
            fail(str(error))
        except OSError as error:
            fail(f"{place}: cannot be written: {error.strerror or error}")
    if quiet:
        return
    print(f"{ticket}: {cause}")
    if place is None:
        print("the overview and reports are as they were: name their folder with -o")
    elif changed:
        print(f"{len(changed)} report(s) of look-alikes now show it; overview: {place / 'index.html'}")
    else:
        print(f"no report of another ticket looks like it; overview: {place / 'index.html'}")
    if unread:
        print(f"{len(unread)} report(s) are not there or cannot be read: {', '.join(unread[:3])}")


def _folder_of(store: Store) -> Path | None:
    """The folder of the batch: a SQLite store lies in it, beside the overview."""
    if store.url.get_backend_name() != "sqlite" or not store.url.database:
        return None
    folder = Path(store.url.database).resolve().parent
    return folder if (folder / "index.html").is_file() else None
