"""The program's commands, in the order in which ``--help`` lists them."""

from __future__ import annotations

import click

from analyzer import __version__
from analyzer.cli.backlog_commands import batch, learn, resolve, serve, token_app
from analyzer.cli.command import Group
from analyzer.cli.ticket_commands import analyze, causes_command, compare, evaluate, extract, gather, post, redact


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.version_option(__version__, message="%(prog)s %(version)s", help="Print the version and exit.")
def app() -> None:
    """Finds the root cause of Calico trouble in a must-gather bundle, offline."""


for command in (
    analyze,
    compare,
    post,
    extract,
    redact,
    evaluate,
    batch,
    resolve,
    learn,
    serve,
    causes_command,
    gather,
    token_app,
):
    app.add_command(command)
