"""Commands in pasted terminal output: how their lines look, and what they ask for."""

from __future__ import annotations

import re
import shlex

from msgspec import Struct

from parsers.lazy_pattern import lazy_pattern
from parsers.resource_kinds import kind_of

_LONGEST = 4000
#: programs whose output is read, or that run such a program
_TOOL = (
    r"(?:kubectl|oc|k|calicoctl|kubectl-calico|birdcl6?|ibmcloud|ic|bx|stern|crictl|docker|podman|journalctl|ip"
    r"|ip6?tables(?:-save|-legacy-save|-nft-save)?|nft|microk8s(?:\.kubectl)?|k3s|minikube)"
)
_CALL = lazy_pattern(rf"(?:^|[\s;|&(`=/]){_TOOL}\s+[\w-]")
_STARTS = lazy_pattern(rf"(?:sudo +|[A-Z_]+=\S+ +|watch +|time +)*{_TOOL}\s+[\w-]|(?:for|while)\s")
#: what stands in front of a command in a terminal; one group a kind of prompt
_PROMPT = lazy_pattern(
    r"\s{0,8}(?:\[?\d\d:\d\d(?::\d\d)?\]? |\([^()\n]{1,60}\) ?){0,2}(?:"
    r"(?P<shell>\[[^\]\n]{1,100}\] ?[$#%>❯]"  # [root@host ~]#
    r"|[\w.-]{1,64}@[\w.-]{1,100}(?:[: ][^\s$#%>][^\n$#%>]{0,100})? ?[$#%>❯]"  # user@host:~$
    r"|(?:PS )?[A-Za-z]:\\[^<>|\n]{0,200}>|PS /[^>\n]{0,200}>"  # PS C:\>
    r"|(?:ba|z|a|da)?sh-\d[\d.]{0,8}[$#]"  # sh-4.4#
    r"|[~/][\w./~-]{0,100} ?[$#%❯]"  # ~/dir $
    r"|[❯➜λ](?: +(?:[~/][\w./-]{0,60}|[\w.-]{1,60}(?= git:))(?: git:\([^)\n]{1,60}\))?(?: ✗)?)?)"
    r"|(?P<bare>[$#%>]))(?: +(?P<command>\S.*)?)?$"
)
#: a shell's trace (set -x), a heading around a command, or a command in a line of its own
_TRACE = lazy_pattern(rf"\++ (?P<command>(?:sudo )?{_TOOL} .*)$")
_HEADING = lazy_pattern(
    rf"\s{{0,3}}(?:[=*#~+-]{{2,80}}|#|\*\*|`|>|(?:command|cmd|output(?: of)?|running|executing|run)[:\s])\s*[\"'`]?"
    rf"(?P<command>(?:sudo )?{_TOOL}\s[^\n]{{0,2000}}?)[\"'`]?\s{{0,20}}[:=*#~+`-]{{0,80}}$",
    re.IGNORECASE,
)
_BARE = lazy_pattern(
    r"(?P<command>(?:sudo )?(?:(?:kubectl|oc) (?:-{1,2}\S+(?: [\w.-]+)? ){0,3}"
    r"(?:get|describe|logs?|top|exec|events|cluster-info|debug|adm|version)\b"
    r"|calicoctl (?:get|node|ipam|version)\b|birdcl6? (?:-s \S+ )?show\b|ibmcloud (?:ks|oc|is|sl|cs)\b)[^\n]*)$"
)
#: commands whose output is worth a part of its own even in a script's trace
_READS = lazy_pattern(
    r"\b(?:get|describe|logs?|top|exec|events|cluster-info|debug|version)\b|\bnode status\b|\bipam\b|\bshow\b|\broute\b"
    r"|-save\b|\blist\b|\bworkers?\b|\bjournalctl\b"
)


class CommandLine(Struct, frozen=True):
    """A line that is a command: the command, and the prompt's kind ("shell", "$", "trace", "heading", "alone")."""

    command: str
    prompt: str


def command_line(line: str) -> CommandLine | None:
    """Tell whether the line is a command of a program we know, behind whatever prompt."""
    if len(line) > _LONGEST:
        return None
    found = _PROMPT.match(line)
    if found and found["command"] and _calls(found["command"], found["bare"] or ""):
        return CommandLine(_clean(found["command"]), "shell" if found["shell"] else found["bare"])
    for prompt, pattern in (("trace", _TRACE), ("heading", _HEADING), ("alone", _BARE)):
        found = pattern.match(line)
        if found and (prompt != "trace" or _READS.search(found["command"])):
            return CommandLine(_clean(found["command"]), prompt)
    return None


def _calls(command: str, bare: str) -> bool:
    """Whether it runs a program we know; "# a comment" and "> a quotation" may just speak of one."""
    return bool((_CALL.search if bare not in ("#", ">") else _STARTS.match)(command))


def prompt_line(line: str, bare: frozenset[str]) -> str | None:
    """Give the command of a line with a shell prompt, whatever it runs ("" for none); None for other lines.

    ``bare`` are the prompts of a single character that the text is known to use.
    """
    found = _PROMPT.match(line[:_LONGEST])
    if found is None:
        return None
    command = found["command"] or ""
    if found["shell"]:
        return command
    # "# a comment" and "> a quotation" look like commands of a plain prompt
    if found["bare"] in bare and (not command or re.match(r"[a-z./~]", command)):
        return command
    return None


def _clean(command: str) -> str:
    return command.strip().strip("`'\"").rstrip(" =*`").strip()


class Asked(Struct, frozen=True):
    """What a command asks for; "" where it does not say."""

    verb: str = ""  # get, describe, logs, exec ...
    kind: str = ""  # of the resource, as Kubernetes names it: Pod, Node ...
    name: str = ""
    namespace: str = ""
    container: str = ""
    node: str = ""  # that the command itself runs on, or describes
    previous: bool = False
    all_namespaces: bool = False
    filtered: bool = False


_WRAPPERS = frozenset({"sudo", "time", "watch", "env", "nohup", "microk8s", "k3s", "minikube", "--"})
_CLIENTS = frozenset({"kubectl", "oc", "k", "microk8s.kubectl", "kubectl-calico"})
_FLAGS = frozenset(
    {"-A", "--all-namespaces", "-p", "--previous", "--timestamps", "--no-headers", "--show-labels", "-f", "--follow",
     "-w", "--watch", "-i", "-t", "-it", "-ti", "--stdin", "--tty", "--all-containers", "--prefix", "--wide"}
)  # fmt: skip
_NAME = lazy_pattern(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")


def asked(command: str) -> Asked:
    """Take a kubectl or oc command apart; an empty result for other commands."""
    words = _words(command)
    while words and (words[0] in _WRAPPERS or "=" in words[0]):
        words.pop(0)
    if not words or words[0].rpartition("/")[2] not in _CLIENTS:
        host = _host(words)
        return Asked(node=host) if host else Asked()
    names, options = _arguments(words[1:])
    if not names:
        return Asked()
    verb = {"log": "logs"}.get(names[0], names[0])
    kind, name, container = _object_of(verb, names[1:])
    container = options.get("-c") or options.get("--container") or container
    return Asked(
        verb=verb,
        kind=kind,
        name=name,
        namespace=_named(options.get("-n") or options.get("--namespace") or ""),
        container=_named(container),
        node=name if kind == "Node" else "",
        previous="-p" in options or "--previous" in options,
        all_namespaces="-A" in options or "--all-namespaces" in options,
        filtered=bool(name) or "|" in command or bool({"-l", "--selector", "--field-selector"} & set(options)),
    )


def _words(command: str) -> list[str]:
    """The words of a command line's first command; what is piped into or redirected is left out."""
    plain = re.split(r"\s(?:\||>|2>|<|&&|;|\|\|)\s?|;", command[:_LONGEST], maxsplit=1)[0]
    try:
        return shlex.split(plain)
    except ValueError:
        return plain.split()


def _arguments(words: list[str]) -> tuple[list[str], dict[str, str]]:
    """Positional words in front of ``--``, and options with their values."""
    names: list[str] = []
    options: dict[str, str] = {}
    position = 0
    while position < len(words) and words[position] != "--":
        word = words[position]
        if word.startswith("-"):
            key, assigned, value = word.partition("=")
            if key in _FLAGS:
                options[key] = value or "true"
            elif assigned:
                options[key] = value
            elif re.fullmatch(r"-n[a-z0-9].*", word):
                options["-n"] = word[2:]
            elif position + 1 < len(words):
                options[key] = words[position + 1]
                position += 1
        else:
            names.append(word)
        position += 1
    options = {key: value for key, value in options.items() if value != "false"}
    return names, options


def _object_of(verb: str, rest: list[str]) -> tuple[str, str, str]:
    """The kind and name that a command is about, and the container of ``logs POD CONTAINER``."""
    if not rest:
        return "", "", ""
    kind, slash, name = rest[0].partition("/")
    if verb in ("logs", "exec", "rsh", "attach"):
        if slash and kind_of(kind) != "Pod":
            return kind_of(kind), "", ""  # of a daemonset: kubectl picks one of its pods
        container = rest[1] if verb == "logs" and len(rest) > 1 else ""
        return "Pod", _named(name or kind), container
    if not slash:
        name = rest[1] if len(rest) > 1 else ""
    return kind_of(kind.partition(",")[0]), _named(name), ""


def _named(name: str) -> str:
    """A real name; variables, placeholders and words of prose are none."""
    return name if _NAME.fullmatch(name) and re.search(r"[-.\d]", name) else ""


def _host(words: list[str]) -> str:
    """The host that ``ssh HOST command`` runs on."""
    if len(words) > 2 and words[0] == "ssh":
        plain = [word for word in words[1:] if not word.startswith("-")]
        return _named(plain[0].rpartition("@")[2]) if len(plain) > 1 else ""
    return ""
