"""``calico-triage redact``, and the options of redaction that other commands share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.cli.refusals import fail, name_of_input, refuse_what_is_not_there

if TYPE_CHECKING:
    from analyzer.bundle import Limits
    from analyzer.redaction import Redaction


def redaction_of(redact: bool, hosts: bool, map_file: Path | None) -> Redaction | None:
    """Give what the options ask for; a mapping file that is there goes on, so that names stay the same."""
    if not redact:
        if hosts or map_file:
            fail("--no-redact goes with neither --redact=hosts nor --redact-map")
        return None
    from analyzer.redaction import Redaction
    from analyzer.redaction.redaction import read_map

    if map_file is not None and not hosts:
        fail("--redact-map goes with --redact=hosts: only pseudonyms can be turned back")
    known = None
    if map_file is not None and map_file.exists():
        try:
            known = read_map(map_file)
        except (OSError, ValueError) as error:
            fail(str(error))
    return Redaction("hosts" if hosts else "secrets", known)


def write_map(redaction: Redaction | None, map_file: Path | None) -> None:
    """Write the mapping file, for its owner's eyes only."""
    if redaction is None or map_file is None:
        return
    try:
        map_file.touch(mode=0o600)
        map_file.chmod(0o600)
        map_file.write_text(redaction.mapping(), encoding="utf-8")
    except OSError as error:
        fail(f"{map_file}: cannot be written: {error.strerror or error}")


def run(
    paths: Sequence[Path],
    output: Path,
    hosts: bool,
    map_file: Path | None,
    extra: Sequence[Path],
    quiet: bool,
    limits: Limits,
) -> None:
    """Write the redacted bundle."""
    if not output.name.endswith((".tgz", ".tar.gz")):
        fail(f"-o {output}: the suffix must be .tgz or .tar.gz")
    refuse_what_is_not_there(paths)
    if any(output.resolve() == path.resolve() for path in paths):
        fail(f"{output}: is the input itself")
    from analyzer.bundle import BundleError
    from analyzer.catalogue import CatalogueError
    from analyzer.pipeline import Analyzer
    from analyzer.redaction.archive import write_redacted

    redaction = redaction_of(True, hosts, map_file)
    assert redaction is not None
    try:
        if hosts:  # which words are workers' names is known when everything was read
            redaction.learn(Analyzer(extra, limits).read(paths).tables.rows)
        written = write_redacted(paths, output, redaction, limits)
    except BundleError as error:
        fail(name_of_input(str(error), paths))
    except CatalogueError as error:
        fail(str(error))
    except OSError as error:
        fail(f"{output}: cannot be written: {error.strerror or error}")
    write_map(redaction, map_file)
    if not quiet:
        print(f"{output}: {written.members} files, {written.bytes} bytes of text")
        for file, what in written.problems[:50]:
            print(f"warning: {file}: {what}")
