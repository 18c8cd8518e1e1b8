"""``calico-triage token add|list|revoke``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.cli.refusals import fail
from analyzer.cli.serve import data_folder
from parsers.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from analyzer.web.records import Records

_NAME = lazy_pattern(r"[\w.@+-]{1,100}")


def add(name: str, support: bool, data: Path | None, store: str) -> None:
    """Make a token and print it: it can be read this once only."""
    if not _NAME.fullmatch(name) or name == "local":
        fail(f"{name!r}: a name has letters, digits and . @ + - _ only, 100 at the most, and is not 'local'")
    records = _records(data, store)
    secret = records.add_token(name, support)
    records.close()
    if secret is None:
        fail(f"{name}: there is a token of this name; revoke it first")
    print(secret)


def show(data: Path | None, store: str) -> None:
    """Print the names of tokens, never the tokens."""
    records = _records(data, store)
    for token in records.tokens():
        used = f"used {token.last_used:%Y-%m-%d}" if token.last_used else "never used"
        print(f"{token.name}\t{'support' if token.support else 'user'}\tmade {token.created:%Y-%m-%d}\t{used}")
    records.close()


def revoke(name: str, data: Path | None, store: str) -> None:
    """Take a token away; sessions that it began end at once."""
    records = _records(data, store)
    found = records.revoke(name)
    records.close()
    if not found:
        fail(f"{name}: there is no token of this name")
    print(f"{name}: revoked")


def _records(data: Path | None, store: str) -> Records:
    from analyzer.backlog.store import StoreError
    from analyzer.web.records import Records

    folder = data_folder(data)
    try:
        if not store:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return Records(store or str(folder / "triage.db"))
    except (StoreError, OSError) as error:
        fail(str(error))
