"""``calico-triage gather``."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.cli.refusals import fail
from parsers.lazy_pattern import lazy_pattern

PLATFORMS = ("", "iks-classic", "iks-vpc", "iks-satellite", "roks", "other")
_NAME = lazy_pattern(r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}")


def run(pods: Sequence[str], nodes: Sequence[str], namespace: str, platform: str) -> None:
    """Print the script; names that Kubernetes would not take are refused."""
    from analyzer.gather import gather_script

    if platform not in PLATFORMS:
        fail(f"--platform {platform!r} is not one of {', '.join(PLATFORMS[1:])}")
    for name in (*pods, *nodes, *([namespace] if namespace else [])):
        if not _NAME.fullmatch(name):
            fail(f"{name!r} is not a name that Kubernetes would take")
    print(gather_script(pods, nodes, namespace, platform), end="")
