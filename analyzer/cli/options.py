"""The options and arguments that several commands have."""

from __future__ import annotations

from pathlib import Path

import click

PATH = click.Path(path_type=Path)
paths_argument = click.argument(
    "paths", nargs=-1, required=True, type=PATH, help="A folder, an archive, or loose files of one ticket."
)
causes_option = click.option(
    "--causes", multiple=True, type=PATH, help="Catalogue folder or file that adds or overrides entries."
)
quiet_option = click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
verbose_option = click.option("-v", "--verbose", is_flag=True, help="Print warnings and where time went.")
redact_option = click.option(
    "--redact/--no-redact", default=True, help="Keep secrets out; --redact=hosts: addresses and host names too."
)
jobs_option = click.option(
    "--jobs",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Processes that read large logs; 0: one for each processor.",
)
redact_hosts_option = click.option(
    "--redact-hosts", is_flag=True, help="The same as --redact=hosts: stable pseudonyms for hosts."
)
store_option = click.option(
    "--store", default="triage.db", envvar="CALICO_TRIAGE_STORE", help="triage.db of a batch, or postgresql://..."
)
data_option = click.option(
    "--data", type=PATH, envvar="CALICO_TRIAGE_DATA", help="Folder of uploads, reports and the store."
)
web_store_option = click.option(
    "--store",
    default="",
    show_default=False,
    envvar="CALICO_TRIAGE_STORE",
    help="postgresql://... in place of DATA/triage.db.",
)
redact_map_option = click.option(
    "--redact-map", type=PATH, help="Write what the pseudonyms stand for; a file that is there goes on."
)
