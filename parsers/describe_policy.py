"""``kubectl describe networkpolicy``: the rules in the same paths as the object has them.

Its describer prints prose ("Allowing egress traffic:", "<none> (Selected pods are isolated ...)"), see
``describeNetworkPolicySpec`` in kubectl's ``describe.go``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from parsers.lazy_pattern import lazy_pattern

_ALLOWING = lazy_pattern(r" {2}Allowing (ingress|egress) traffic:")
_PORT = lazy_pattern(r"To Port: (?:<any>|(?P<port>[\w.-]{1,63})(?:/(?P<protocol>\w{1,5}))?)")
_PEER = lazy_pattern(r"(?:From|To):(?: <any>.*)?")
_SELECTOR = lazy_pattern(r"(NamespaceSelector|PodSelector): ?(.{0,1000})")
_CIDR = lazy_pattern(r"CIDR: (\S{1,50})")


def policy_paths(lines: Sequence[str], first_line: int) -> Iterator[tuple[str, str, int]]:
    """Give path, value and line of what the lines of the description's "Spec:" say."""
    direction, rule, ports, peers = "", 0, 0, -1
    for number, line in enumerate(lines, start=first_line):
        text = line.strip()
        if allowing := _ALLOWING.match(line):
            direction, rule, ports, peers = allowing[1], 0, 0, -1
        elif text.startswith("PodSelector:") and line.startswith("  P"):
            value = text.partition(":")[2].strip()
            direction = ""
            yield "spec.podSelector", "" if value.startswith("<none>") else value, number
        elif text.startswith("Policy Types:"):
            direction = ""
            for place, name in enumerate(text.partition(":")[2].split(",")):
                yield f"spec.policyTypes.{place}", name.strip(), number
        elif not direction or not line.startswith("    "):
            direction = ""
        elif text.startswith("-----"):
            rule, ports, peers = rule + 1, 0, -1
        else:
            lead = f"spec.{direction}.{rule}"
            way = "to" if direction == "egress" else "from"
            if found := _PORT.match(text):
                if found["port"]:
                    yield f"{lead}.ports.{ports}.port", found["port"], number
                    ports += 1
                else:
                    yield f"{lead}.anyPort", "true", number
            elif _PEER.fullmatch(text):
                peers += 1
                if "<any>" in text:
                    yield f"{lead}.anyPeer", "true", number
            elif found := _SELECTOR.match(text):
                kind = found[1][0].lower() + found[1][1:]
                yield f"{lead}.{way}.{max(peers, 0)}.{kind}", found[2], number
            elif found := _CIDR.match(text):
                yield f"{lead}.{way}.{max(peers, 0)}.ipBlock.cidr", found[1], number
