"""A file that holds several outputs, taken apart: a pasted terminal session, a ticket's text, concatenated files.

Prompts, Markdown fences, quotes and indents of chat tools are taken off; each part keeps the line numbers of the
file. Where no command says what follows, the text is cut where its kind plainly changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from ahocorasick_rs import AhoCorasick, MatchKind
from msgspec import Struct
from msgspec.structs import replace

from parsers.command import Asked, CommandLine, asked, command_line, prompt_line
from parsers.content_cut import cut_by_content
from parsers.lazy_pattern import lazy_pattern
from parsers.recognize import SAMPLE, recognize
from parsers.source import Source

__all__ = ["Asked", "Part", "asked", "asked_source", "split_session"]

_FENCE = lazy_pattern(r"\s{0,3}(?:```+|~~~+)[\w-]*\s*$")
_QUOTE = lazy_pattern(r"(?:> ?){1,4}")
_QUOTED_RUN = 3  # lines in a row that begin with ">" before that is taken for a quotation
#: programs whose names begin a cluster's command; asked for before any line is looked at closely
_TOOLS = ("kubectl", "oc", "k", "calicoctl", "birdcl", "birdcl6", "ibmcloud", "iptables", "nft", "stern", "crictl",
          "docker", "journalctl", "ip")  # fmt: skip
_LONGEST = max(map(len, _TOOLS))  # how much of one may stand at the end of what is looked at together
_TOGETHER = 256 * 1024  # characters; few enough that no list of places gets large
_LOOK_BEHIND = 200
_LOOK_AHEAD = 200


class Part(Struct, frozen=True):
    """One output; ``command`` is the command line that printed it, "" where none stands in front."""

    first_line: int
    text: str
    command: str = ""


def asked_source(command: str, first_line: int, base: Source) -> Source:
    """Give where a part is from, by the command that printed it and, where that does not tell, by its file.

    Args:
        command: the command line, "" for none.
        first_line: of the part, in the file.
        base: what is known of the file.
    """
    wish = asked(command)
    of_pod = wish.verb in ("logs", "exec", "rsh", "attach")
    return replace(
        base,
        first_line=first_line,
        namespace=wish.namespace or base.namespace,
        pod=(wish.name if of_pod else "") or base.pod,
        container=(wish.container if of_pod else "") or base.container,
        node=(wish.node if wish.verb != "describe" else "") or base.node,
        previous=wish.previous if wish.verb == "logs" else base.previous,
        command=command,
    )


def split_session(text: str, first_line: int = 1) -> list[Part]:
    """Give the parts of a text in order; one part with the whole text where it holds one output only.

    Args:
        text: the decoded content of a file.
        first_line: number of the text's first line.
    """
    quoted = text.startswith(">") or "\n>" in text
    lines = _unquoted(text.split("\n")) if quoted else []
    if quoted:
        text = "\n".join(lines)
    commands = _commands(text, lines)
    fenced = "```" in text or "~~~" in text
    if not commands and not fenced:
        parts = [Part(1, text)]
    else:
        parts = [part for part in _by_command(lines or text.split("\n"), commands) if part.text.strip()]
    found = [piece for part in parts for piece in _pieces(_dedented(part))]
    return [Part(part.first_line + first_line - 1, part.text, part.command) for part in found] or [Part(first_line, "")]


def _pieces(part: Part) -> Iterator[Part]:
    """Cut a part where its kind changes; only the first piece is what its command printed."""
    for position, (offset, text) in enumerate(cut_by_content(part.text)):
        yield Part(part.first_line + offset, text, part.command if position == 0 else "")


def _unquoted(lines: list[str]) -> list[str]:
    """Take off ``> `` of quotations, where several lines in a row have it."""
    result = list(lines)
    start = 0
    for index in range(len(lines) + 1):
        if index < len(lines) and lines[index].startswith(">"):
            continue
        if index - start >= _QUOTED_RUN:
            result[start:index] = [_QUOTE.sub("", line, count=1) for line in lines[start:index]]
        start = index + 1
    return result


def _commands(text: str, lines: Sequence[str]) -> dict[int, CommandLine]:
    """The commands by the index of their line, without those that an output only speaks of."""
    found: dict[int, CommandLine] = {}
    number = counted = 0
    for begin in _lines_with_tools(text):
        end = text.find("\n", begin)
        command = command_line(text[begin : end if end >= 0 else len(text)])
        number, counted = number + text.count("\n", counted, begin), begin
        if command is not None:
            found[number] = command
    if not found:
        return {}
    lines = lines or text.split("\n")
    found = {index: command for index, command in found.items() if not _inside_output(lines, index)}
    if all(command.prompt in ("trace", "alone") for command in found.values()) and _is_log(text):
        return {}  # a script's own trace in its log
    return found


def _lines_with_tools(text: str) -> list[int]:
    """Where the lines begin that hold the name of a tool as a word with a blank behind it, in order."""
    found: list[int] = []
    at, line_end = 0, -1
    while at < len(text):
        line_begin = text.rfind("\n", at, at + _TOGETHER) + 1
        stop = line_begin or at + _TOGETHER
        for _, begin, _ in _tool_words().find_matches_as_indexes(text[at:stop]):
            place = at + begin
            if place < line_end or (place and (text[place - 1].isalnum() or text[place - 1] == "_")):
                continue
            found.append(text.rfind("\n", 0, place) + 1)
            line_end = text.find("\n", place)  # the line is looked at as a whole
            if line_end < 0:
                return found
        at = max(line_begin or stop - _LONGEST, line_end)
    return found


@cache
def _tool_words() -> Any:
    return AhoCorasick([f"{tool} " for tool in _TOOLS], matchkind=MatchKind.LeftmostFirst)


def _is_log(text: str) -> bool:
    whole = recognize(text)
    return whole.kind == "log" and whole.score >= 0.6


def _inside_output(lines: Sequence[str], index: int) -> bool:
    """Whether a line stands in free text of ``kubectl describe``: a container's last words, or an event."""
    for line in lines[index + 1 : index + _LOOK_AHEAD]:
        if line.startswith("      Exit Code:"):
            return any(before.startswith("      Message:") for before in lines[max(0, index - _LOOK_BEHIND) : index])
        if _EVENT.match(line):
            return any(_EVENT.match(before) for before in lines[max(0, index - _LOOK_BEHIND) : index])
        if _OBJECT_KEY.match(line) or command_line(line) is not None:
            return False
    return False


_EVENT = lazy_pattern(r"\s+(?:Normal|Warning) +[A-Z]\w+ +(?:\d+[smhd]|<unknown>|<invalid>)")
_OBJECT_KEY = lazy_pattern(r"(?:Name|Namespace|apiVersion|NAME|NAMESPACE)\b")


def _by_command(lines: Sequence[str], commands: dict[int, CommandLine]) -> Iterator[Part]:
    """Cut at commands, at other lines with the same prompt, and at fences."""
    bare = frozenset(command.prompt for command in commands.values() if len(command.prompt) == 1)
    bare -= {">"}
    shell = any(command.prompt == "shell" for command in commands.values())
    body: list[str] = []
    command, start = "", 0
    index = 0
    while index < len(lines):
        line = lines[index]
        found: str | None = None
        if index in commands:
            found = commands[index].command
        elif (shell or bare) and len(line) < 400:
            found = prompt_line(line, bare)
            if found is not None and _inside_output(lines, index):
                found = None
        if found is not None:
            yield Part(start + 1, "\n".join(body), command)
            while found.endswith("\\") and index + 1 < len(lines):
                index += 1
                found = f"{found[:-1].rstrip()} {lines[index].strip()}"
            command, start, body = found, index + 1, []
        elif _FENCE.match(line):
            # a fence stands in a line of its own and belongs to no output
            filled = any(item.strip() for item in body)
            if filled:
                yield Part(start + 1, "\n".join(body), command)
                command = ""
            start, body = index + 1, []
        else:
            body.append(line)
        index += 1
    yield Part(start + 1, "\n".join(body), command)


def _depth(lines: Sequence[str]) -> int:
    """How far in all of the lines stand."""
    if any(not line.startswith(" ") for line in lines):
        return 0
    return min(len(line) - len(line.lstrip(" ")) for line in lines)


def _dedented(part: Part) -> Part:
    """Take off an indentation that a paste has put in front of all lines (or of all but the first)."""
    head = part.text[:SAMPLE]
    lines = [line for line in head.split("\n") if line.strip()]
    if not lines:
        return part
    depth = _depth(lines)
    if depth:
        text = re.sub(rf"^ {{1,{depth}}}", "", part.text, flags=re.MULTILINE)
        return Part(part.first_line, text, part.command)
    if len(lines) < 3:
        return part
    depth = _depth(lines[1:])
    if depth < 2:
        return part
    text = re.sub(rf"^ {{{depth}}}", "", part.text, flags=re.MULTILINE)
    if recognize(text).score > recognize(part.text).score + 0.15:
        return Part(part.first_line, text, part.command)
    return part
