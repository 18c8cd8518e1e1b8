"""Sessions of a terminal, taken apart into the outputs of their commands."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers import session
from parsers.session import split_session

TABLE = "NAME       READY   STATUS\npod-1      1/1     Running\n"


def test_commands_tell_the_outputs_apart() -> None:
    text = f"$ kubectl get pods\n{TABLE}$ kubectl get nodes\nNAME   STATUS\nw-1    Ready\n"
    assert [(part.first_line, part.command) for part in split_session(text)] == [
        (2, "kubectl get pods"),
        (5, "kubectl get nodes"),
    ]


def test_one_output_is_one_part() -> None:
    assert [(part.first_line, part.text, part.command) for part in split_session(TABLE, 7)] == [(7, TABLE, "")]


WORDS = st.sampled_from(
    ["kubectl ", "oc ", "proc ", "k ", "disk ", "birdcl6 ", "journalctl ", "_ip ", "ip ", "a", " ", "\n", "\u20ac"]
)


@given(st.lists(WORDS, max_size=60).map("".join), st.integers(1, 40))
def test_lines_with_the_name_of_a_tool_are_found(text: str, together: int) -> None:
    tools = "|".join(session._TOOLS)
    wanted = [line.start() for line in re.finditer(r"[^\n]+", text) if re.search(rf"(?<!\w)(?:{tools}) ", line[0])]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "_TOGETHER", session._LONGEST + together)
        assert session._lines_with_tools(text) == wanted
