"""A pasted terminal session, split into the outputs of its commands.

Prompts, Markdown fences, quotes and indents of chat tools are taken off; each part keeps the line numbers of the
file, and the command says what it is, of which pod, container, node and namespace.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

_TOOLS = (
    r"(?:sudo +)?(?:microk8s[. ]|k3s +)?(?:kubectl|oc|calicoctl|birdcl|ip|iptables-save|nft|ibmcloud|journalctl|crictl"
    r"|firewall-cmd|for|ssh|cat|lsmod|sysctl|uname|date|nc|ping)"
)
_PROMPT = re.compile(
    r"\s{0,8}(?:\[[^\]\n]{1,80}\][#$] ?|[\w.-]+@[\w.-]+(?::[^\s#$]*)?[#$] |(?:PS )?[A-Z]:\\[^>\n]{0,100}> ?"
    r"|[~/][\w./-]{0,60} ?[#$] |[$#>%] |\+ |={2,} *|-{3,} *|❯ |➜ +\S+ +)"
    rf"(?P<command>{_TOOLS}\b[^\n]*)$"
)
_BARE = re.compile(
    r"(?P<command>(?:kubectl|oc|calicoctl|birdcl) (?:-n \S+ )?"
    r"(?:get|describe|logs|log|node|ipam|show|exec|adm|-s)\b[^\n]*)$"
)
_FENCE = re.compile(r"\s{0,3}(?:```+|~~~+)[\w-]*\s*$")


@dataclass(frozen=True, slots=True)
class Part:
    """One command's output; ``command`` is "" for text that stands under no command."""

    first_line: int
    text: str
    command: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a command asks for; "" where it does not say."""

    verb: str = ""
    kind: str = ""
    name: str = ""
    namespace: str = ""
    container: str = ""
    previous: bool = False
    all_namespaces: bool = False
    filtered: bool = False


def split_session(text: str, first_line: int = 1) -> list[Part]:
    """Give the parts of a pasted session in order; one part with the whole text where there are no commands."""
    lines = _unquoted(text.split("\n"))
    parts: list[Part] = []
    body: list[str] = []
    command, start = "", first_line
    seen = fenced = False
    for number, line in enumerate(lines, start=first_line):
        if _FENCE.match(line):
            # a fence stands in a line of its own and belongs to no output
            fenced = True
            parts.append(Part(start, "\n".join(body), command))
            command, start, body = command if not any(item.strip() for item in body) else "", number + 1, []
            continue
        match = _PROMPT.match(line) or _BARE.match(line)
        if match and not line.startswith("    "):
            seen = True
            parts.append(Part(start, "\n".join(body), command))
            command, start, body = match.group("command").rstrip(" =-"), number + 1, []
            continue
        body.append(line)
    parts.append(Part(start, "\n".join(body), command))
    if not seen and not fenced:
        return [Part(first_line, "\n".join(lines))]
    return [part for part in parts if part.text.strip()]


def _unquoted(lines: list[str]) -> list[str]:
    """Take off ``> `` quotes where nearly every line has one."""
    filled = [line for line in lines if line.strip()]
    quoted = sum(line.startswith(">") for line in filled)
    if len(filled) >= 3 and quoted >= 0.9 * len(filled):
        return [re.sub(r"^> ?", "", line) for line in lines]
    return lines


_SHORT = {"po": "pod", "pods": "pod", "no": "node", "nodes": "node", "ds": "daemonset", "daemonsets": "daemonset",
          "deploy": "deployment", "deployments": "deployment", "ev": "event", "events": "event"}  # fmt: skip


def asked(command: str) -> Asked:
    """Take a kubectl or oc command apart; an empty result for other commands."""
    if not command:
        return Asked()
    filtered = "|" in command or " -l" in command or "--selector" in command or "--field-selector" in command
    plain = re.split(r"[|<>;&]", command)[0]
    try:
        words = shlex.split(plain)
    except ValueError:
        words = plain.split()
    options: dict[str, str] = {}
    names: list[str] = []
    flags = {"-A", "--all-namespaces", "-p", "--previous", "--timestamps", "--no-headers", "--show-labels", "-f", "-w"}
    position = 0
    while position < len(words):
        word = words[position]
        if word.startswith("-") and "=" in word:
            key, _, value = word.partition("=")
            options[key] = value
        elif word in flags:
            options[word] = "true"
        elif word.startswith("-n") and len(word) > 2 and not word.startswith("--"):
            options["-n"] = word[2:]
        elif word.startswith("-") and position + 1 < len(words):
            options[word] = words[position + 1]
            position += 1
        else:
            names.append(word)
        position += 1
    names = [name for name in names if name not in ("sudo", "kubectl", "oc", "microk8s", "k3s", "microk8s.kubectl")]
    if not names:
        return Asked()
    verb, rest = names[0], names[1:]
    kind = name = ""
    if verb in ("logs", "log"):
        name = rest[0].rpartition("/")[2] if rest else ""
    elif rest:
        kind, _, name = rest[0].partition("/")
        name = name or (rest[1] if len(rest) > 1 else "")
    return Asked(
        verb=verb,
        kind=_SHORT.get(kind, kind),
        name=name,
        namespace=options.get("-n") or options.get("--namespace") or "",
        container=options.get("-c")
        or options.get("--container")
        or (rest[1] if verb == "logs" and len(rest) > 1 else ""),
        previous="-p" in options or "--previous" in options,
        all_namespaces="-A" in options or "--all-namespaces" in options,
        filtered=filtered or bool(name),
    )
