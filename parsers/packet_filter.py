"""``iptables-save``, ``iptables -L`` and ``nft list ruleset``: only the rules that signals need.

Settings of kind PacketFilter, the value being the rule:

``drop.<port>``     a rule of the host that drops or rejects a port that Calico or the cluster needs
``drop.ipip``       one that drops IP in IP (protocol 4)
``drop.rest``       the input chain drops or rejects whatever no rule before has let in
``drop.forward``    whatever is forwarded, packets of pods too, is dropped before Calico has accepted it
``accept.<port>``   a rule that lets such a port, or that of ssh, in
``accept.source``   one that lets all in that comes from a network or through an interface
``policy.<port>``   a Calico policy (a chain ``cali-pi-``, ``cali-po-``) that drops it
``manager.<name>``  chains of another program that manages the packet filter
``chains.calico.<tool>``, ``chains.kube-proxy.<tool>``  whose chains a tool shows: legacy, nft, or iptables, where
                    neither the command nor the file's name tells which one that is
``mixed-tools``     iptables says that rules of the other kind (legacy and nft) are there too

Ports: Calico's and IBM's lists of what must be open between workers. Chains of kube-proxy are left out: it rejects
services without endpoints, whatever their port.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from parsers.forward_filter import forward_drops
from parsers.lazy_pattern import lazy_pattern
from parsers.required_literals import required_literals
from parsers.rows import SettingRow
from parsers.source import Parsed, Source

#: BGP, API, master proxy, VXLAN, Typha, API, kubelet, WireGuard
SSH = 22  # whether a host lets it in tells that its filter is shown; nobody asks whether it is dropped
PORTS = (SSH, 179, 443, 2040, 2041, 4789, 5473, 6443, 10250, 51820)
MOST_ROWS = 300

_MANAGERS = {
    "firewalld": lazy_pattern(r"firewalld|\b(?:INPUT_ZONES|FORWARD_direct|filter_INPUT_ZONES|IN_public)\b"),
    "ufw": lazy_pattern(r"\bufw6?-(?:before|after|user|reject|track)"),
    "kube-router": lazy_pattern(r"\bKUBE-(?:ROUTER|POD-FW|NWPLCY)"),
    "cilium": lazy_pattern(r"\bCILIUM_"),
    "flannel": lazy_pattern(r"\bFLANNEL-(?:POSTRTG|FWD)"),
    "weave": lazy_pattern(r"\bWEAVE-(?:NPC|CANARY|IPSEC)"),
    "docker": lazy_pattern(r"\bDOCKER-(?:USER|ISOLATION)"),
    "fail2ban": lazy_pattern(r"\bf2b-\w"),
    "csf": lazy_pattern(r"\b(?:LOCALINPUT|INVDROP|LOGDROPIN)\b"),
    "podman": lazy_pattern(r"\bNETAVARK[-_]|\bCNI-FORWARD\b"),
}
_SAVED = lazy_pattern(r"\s*(?:\[\d{1,19}:\d{1,19}\] )?-[AI] (\S+) (.+)")
_POLICY = lazy_pattern(r":(INPUT) (DROP)\b|-P (INPUT) (DROP)\b|Chain (INPUT) \(policy (DROP)\b")
_NFT_CHAIN = lazy_pattern(r"\s*chain (\S+) \{?")
_NFT_POLICY = lazy_pattern(r"hook input\b.{0,80}\bpolicy drop\b")
_LISTED_CHAIN = lazy_pattern(r"Chain (\S+) \(")
_LISTED = lazy_pattern(
    r"\s*(?:\d{1,6}\s+)?(?:\d+[KMGT]?\s+\d+[KMGT]?\s+)?(ACCEPT|DROP|REJECT)\s+(\S+)\s+(?:--|-f|!f)\s+(\S.*)"
)
_VERDICT = lazy_pattern(r"-j (ACCEPT|DROP|REJECT)\b|\b(accept|drop|reject)\b(?: with [\w -]{1,60})?\s*(?:comment .*)?$")
_PORT_LIST = lazy_pattern(
    r"(! ?)?(?:--dports?|--destination-ports?|\bdport|\bdpts?:|multiport dports)"
    r"[ :]?[ \t]{0,8}(!= |! )?(?:\{[ \t]{0,8})?([\d:][\d,:\- ]{0,299})"
)
_IPIP = lazy_pattern(r"-p (?:4|ipencap|ipip|ip4)\b|(?:ip protocol|l4proto) (?:ipip|ipencap|4)\b")
_ANYTHING = lazy_pattern(
    r"-j (?:DROP|REJECT)(?: --reject-with \S+)?|(?:counter packets \d+ bytes \d+ )?(?:drop|reject.*)"
)
#: lets in whatever comes from a network or through an interface
_FROM = lazy_pattern(
    r"-s (?!127\.)\d|\bip6? saddr (?!127\.)[@{\d]|-i (?!lo\b)\w|\biif(?:name)? \"?(?!lo\b)\w|--match-set \S+ src"
)
_LISTED_FROM = lazy_pattern(r"(?!0\.0\.0\.0/0|anywhere|127\.)[\w./-]+\s+\S+\s*(?:/\*.*)?")
_ANYWHERE = lazy_pattern(r"(?:0\.0\.0\.0/0|anywhere)\s+(?:0\.0\.0\.0/0|anywhere)\s*(?:reject-with \S+)?\s*")
_OWNERS = {
    "calico": lazy_pattern(
        r"^(?::|[ \t]*chain |Chain |-N )(?:filter-|nat-)?cali-(?:INPUT|FORWARD|PREROUTING)\b", re.MULTILINE
    ),
    "kube-proxy": lazy_pattern(
        r"^(?::|[ \t]*chain |Chain |-N )KUBE-(?:SERVICES|FORWARD|NODEPORTS|POSTROUTING)\b", re.MULTILINE
    ),
}
_INPUT = frozenset({"INPUT", "filter_INPUT", "input"})


def parse_packet_filter(text: str, source: Source) -> Parsed:
    """Read the telling rules; see the module for the keys."""
    parsed = Parsed()
    tool = _tool(f"{source.command} {source.path}", text)
    shown = _first_lines(_MANAGERS, "manager.{}", text, source.first_line)
    shown += _first_lines(_OWNERS, f"chains.{{}}.{tool}", text, source.first_line)
    chain = ""
    marked = {number for number, _ in shown}
    lines = text.split("\n")
    for number, rule in forward_drops(lines, source.first_line):
        if len(parsed.settings) < MOST_ROWS:
            row = SettingRow(source.path, number, "PacketFilter", "", source.node, "drop.forward", rule[:500])
            parsed.settings.append(row)
    for number, line in enumerate(lines, start=source.first_line):
        line = line[:4000]
        if named := (_NFT_CHAIN.match(line) or _LISTED_CHAIN.match(line)):
            chain = named[1]
        keys = [key for at, key in shown if at == number] if number in marked else []
        keys += _keys(line, chain)
        if "tables present, use" in line or "use 'nft' tool" in line:
            keys.append("mixed-tools")
        for key in keys:
            if len(parsed.settings) >= MOST_ROWS:
                parsed.problems.append(
                    f"more than {MOST_ROWS} telling rules of the packet filter: the rest is left out"
                )
                return parsed
            row = SettingRow(source.path, number, "PacketFilter", "", source.node, key, line.strip()[:500])
            parsed.settings.append(row)
    return parsed


def _first_lines(signs: dict[str, re.Pattern[str]], key: str, text: str, first_line: int) -> list[tuple[int, str]]:
    """The number of the first line that each sign is in, and the key with its name; all lines are searched at once."""
    found: list[tuple[int, str]] = []
    plain = text.lower()
    for name, sign in signs.items():
        # most signs are nowhere, and to look for their words takes a tenth of the time of a search
        if any(word in plain for word in required_literals(sign.pattern)) and (match := sign.search(text)):
            found.append((first_line + text.count("\n", 0, match.start()), key.format(name)))
    return found


def _tool(said: str, text: str) -> str:
    """Which of the two kinds of tables is shown, as far as command, file name or notation tell."""
    made = re.search(r"^# Generated by ([^\n]{1,60}?) on ", text, re.MULTILINE)
    said = f"{said} {made[1]}" if made else said
    if re.search(r"ip6?tables-legacy|xtables-legacy|\(legacy\)", said):
        return "legacy"
    if re.search(r"ip6?tables-nft|xtables-save|\(nf_tables\)|\bnft\b", said) or re.search(
        r"^table (?:ip6?|inet) \S+ \{", text, re.MULTILINE
    ):
        return "nft"
    return "iptables"


def _keys(line: str, chain: str) -> Iterator[str]:
    """What one line of any of the three notations says."""
    if _POLICY.search(line) or _NFT_POLICY.search(line):
        yield "drop.rest"
        return
    rule, listed = line, None
    if saved := _SAVED.fullmatch(line):
        chain, rule = saved[1], saved[2]
        verdict = _VERDICT.search(rule)
        word = verdict[1] or "" if verdict else ""
    elif listed := _LISTED.fullmatch(line):
        word, rule = listed[1], listed[3]
        if word != "ACCEPT" and chain in _INPUT and listed[2] in ("all", "0") and _ANYWHERE.fullmatch(rule):
            yield "drop.rest"
    else:
        verdict = _VERDICT.search(rule)
        word = (verdict[2] or "").upper() if verdict else ""
    if not word or chain.startswith("KUBE-"):
        return
    calico = chain.startswith(("cali-", "califw", "calitw"))
    if calico and not chain.startswith(("cali-pi-", "cali-po-")):
        return
    lead = "policy" if calico else "accept" if word == "ACCEPT" else "drop"
    if calico and word == "ACCEPT":
        return
    if chain in _INPUT and word != "ACCEPT" and _ANYTHING.fullmatch(rule.strip()):
        yield "drop.rest"
    named = _ports(rule)
    of_network = (_FROM.search(rule) and "icmp" not in rule) or (listed and _LISTED_FROM.fullmatch(rule))
    if lead == "accept" and chain in _INPUT and of_network and not _PORT_LIST.search(rule):
        yield "accept.source"
    if _IPIP.search(rule):
        yield f"{lead}.ipip"
    for port in named:
        if lead == "accept" or port != SSH:
            yield f"{lead}.{port}"


def _ports(rule: str) -> list[int]:
    """The ports of interest that a rule is for; a rule for all but some ports is for the others."""
    found = _PORT_LIST.search(rule)
    if found is None:
        return []
    named: set[int] = set()
    for part in re.split(r"[, ]+", found[3].strip(" ,")):
        low, _, high = part.replace("-", ":").partition(":")
        first = int(low) if low.isdecimal() and len(low) < 6 else 0
        last = int(high) if high.isdecimal() and len(high) < 6 else (65535 if ":" in part else first)
        named.update(port for port in PORTS if first <= port <= last)
    all_but = bool(found[1] or found[2])
    return [port for port in PORTS if (port in named) != all_but]


def looks_like(sample: str) -> float:
    """How much the text looks like a packet filter's rules, 0..1."""
    return (
        0.9
        if re.search(r"^(?:\*filter$|\*nat$|table (?:ip6?|inet) \S+ \{|Chain \S+ \(policy )", sample, re.MULTILINE)
        else 0.0
    )
