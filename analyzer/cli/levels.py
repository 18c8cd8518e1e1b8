"""The option ``--redact``: a flag that may have a level."""

from __future__ import annotations

from typing import Any

import typer.core


class LeveledCommand(typer.core.TyperCommand):
    """A command whose flag ``--redact`` may have a level: ``--redact=hosts`` is ``--redact --redact-hosts``.

    An option with an optional value would take the next argument, a path, for its value.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Spell levels out before the arguments are parsed."""
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
                raise typer.BadParameter(f"--redact={level}: the level is secrets or hosts", ctx=ctx)
        return super().parse_args(ctx, spelled)
