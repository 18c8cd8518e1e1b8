"""What a host's packet filter does to packets that it forwards, those of pods, beside Calico's own chains.

Rules that Calico's acceptance comes before are no obstacle; a base chain of nftables that is not of iptables has the
last word whatever iptables accepts (nftables wiki, "Base chains").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from parsers.lazy_pattern import lazy_pattern

_SAVED = lazy_pattern(r"(?:\[\d{1,19}:\d{1,19}\] )?-A (?P<chain>FORWARD|filter_FORWARD) (?P<rule>.+)")
_CHAIN = lazy_pattern(r"Chain (?P<chain>\S+) \(")
_LISTED = lazy_pattern(
    r"(?:\d{1,6}\s+)?(?:\d+[KMGT]?\s+\d+[KMGT]?\s+)?(?P<verdict>ACCEPT|DROP|REJECT)\s+(?:all|0)\s+(?:--|-f)\s+(?:\*\s+\*\s+)?"
    r"(?:0\.0\.0\.0/0|anywhere)\s+(?:0\.0\.0\.0/0|anywhere)\s*(?P<rest>.*)"
)
_NFT_CHAIN = lazy_pattern(r"chain (?P<chain>[\w-]+) \{?$")
_NFT_TABLE = lazy_pattern(r"table (?P<family>\w+) (?P<name>\S+) \{?$")
_EVERYTHING = lazy_pattern(r"-j (?:DROP|REJECT)(?: --reject-with \S+)?$")
_CALICO_ACCEPTS = lazy_pattern(r"Policy explicitly accepted|cali:\S{16}[^\n]*(?:-j ACCEPT|^ACCEPT)")
_NFT_DROPS = lazy_pattern(r"(?:counter packets \d+ bytes \d+ )?(?:drop|reject(?: with [\w -]{1,60})?)$")
_NFT_PODS = lazy_pattern(r"(?:cali|ip saddr [\d.{]|ip daddr [\d.{])[^\n]*\baccept\b|^(?:counter [^\n]{0,60} )?accept$")
#: firewalld: Calico's interfaces are in a zone that lets everything pass
_TRUSTED = lazy_pattern(
    r'iifname "(?:cali|tunl0|vxlan\.calico|cni0|flannel)[^"\n]{0,20}" (?:goto|jump) \w{1,40}_trusted\b'
)


def forward_drops(lines: Sequence[str], first_line: int) -> Iterator[tuple[int, str]]:
    """Give number and text of each rule or policy that drops whatever is forwarded, before Calico has accepted it."""
    chain = family = table = ""
    accepted = False
    pending: tuple[int, str] | None = None
    trusted = any("_trusted" in line and _TRUSTED.search(line[:1000]) for line in lines)
    for number, line in enumerate(lines, start=first_line):
        rule = line[:1000].strip()
        if found := _CHAIN.match(rule):
            chain, accepted = found["chain"], False
        elif found := _NFT_TABLE.match(rule):
            family, table = found["family"], found["name"]
        elif found := _NFT_CHAIN.match(rule):
            chain, accepted, pending = found["chain"], False, None
        elif rule == "}":
            if pending is not None and not trusted:
                yield pending
            chain, pending = "", None
        elif found := _SAVED.match(rule):
            if _CALICO_ACCEPTS.search(rule):
                accepted = True
            elif not accepted and _EVERYTHING.fullmatch(found["rule"]):
                yield number, rule
        elif chain == "FORWARD" and (found := _LISTED.fullmatch(rule)):
            if "Policy explicitly accepted" in rule:
                accepted = True
            elif not accepted and found["verdict"] != "ACCEPT" and re.fullmatch(r"(?:reject-with \S+)?", found["rest"]):
                yield number, rule
        elif chain.lower() in ("forward", "filter_forward") and (
            family == "inet" or (family == "ip" and table != "filter")
        ):
            if "hook forward" in rule and "policy drop" in rule:
                pending = (number, rule)
            elif _NFT_PODS.search(rule):
                accepted, pending = True, None
            elif not accepted and _NFT_DROPS.fullmatch(rule):
                pending = pending or (number, rule)
