"""What our commands have beyond click's: ``--redact`` may have a level, commands are listed in the source's order."""

from __future__ import annotations

import click


class Command(click.Command):
    """A command whose flag ``--redact`` may have a level: ``--redact=hosts`` is ``--redact --redact-hosts``.

    An option with an optional value would take the next argument, a path, for its value.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Spell levels out before the arguments are parsed."""
        if all(parameter.name != "redact" for parameter in self.params):
            return super().parse_args(ctx, args)
        spelled: list[str] = []
        for number, item in enumerate(args):
            if item == "--":
                spelled += args[number:]
                break
            level = item.removeprefix("--redact=")
            if level == item:
                spelled.append(item)
            elif level in ("hosts", "secrets"):
                spelled += ["--redact", "--redact-hosts"] if level == "hosts" else ["--redact"]
            else:
                raise click.BadParameter(f"--redact={level}: the level is secrets or hosts", ctx=ctx)
        return super().parse_args(ctx, spelled)


class Group(click.Group):
    """A group of such commands, listed as they are declared: what is used most comes first."""

    command_class = Command

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the names in the order of the source."""
        return list(self.commands)
