"""Shell prompts with a cluster command, as they stand in pasted terminal output."""

from __future__ import annotations

from parsers.lazy_pattern import lazy_pattern

_PROMPT = lazy_pattern(
    r"(?:\[[^\]\n]{0,200}\] ?|[\w.~/@:-]{0,200})[$#>%] *(?:sudo +)?(?:microk8s\.? ?|k3s +)?"
    r"(?:kubectl|oc|calicoctl|ibmcloud|ic|crictl|k) +\w.*"
)


def is_command(line: str) -> bool:
    """Whether the line is a shell prompt with a cluster command."""
    # how the names of the tools end, with the blank behind them: asked of every line, so without a loop
    if not ("ctl " in line or "oc " in line or "k " in line or "ic " in line or "ud " in line):
        return False
    if len(line) > 4000 or not any(sign in line for sign in "$#>%"):
        return False
    return bool(_PROMPT.fullmatch(line.strip()))
