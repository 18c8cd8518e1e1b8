"""Stable pseudonyms of addresses and host names: the same for the same, subnets stay subnets.

Addresses are mapped bit by bit, each bit flipped or not by a keyed hash of the bits before it, so that two addresses
share as many leading bits after as before (the scheme of Crypto-PAn: Xu, Fan, Ammar, Moon, ICNP 2002). What is the
same in every cluster stays (``knowledge/redaction/addresses.yaml``).
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import secrets
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from analyzer.yaml_files import contents
from parsers.lazy_pattern import lazy_pattern

ADDRESSES = Path(__file__).parents[1] / "knowledge" / "redaction" / "addresses.yaml"

_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
#: an IPv4 address with dots, or with dashes or underscores as names hold it; the same mark between all parts
_IPV4 = rf"(?<![\w.])(?<!v)(?:{_OCTET}\.){{3}}{_OCTET}(?![\w]|\.\d)(?:/\d{{1,2}}\b)?"
_IN_NAMES = rf"(?<![0-9.])(?<![0-9][-_])(?:{_OCTET}-){{3}}{_OCTET}(?:-\d{{2}}(?=\b|_))?(?![\d.]|-\d)"
_IN_PROTOCOLS = rf"(?<![0-9])(?<![0-9][-_])(?:{_OCTET}_){{3}}{_OCTET}(?![\d]|_\d)"
_GLUED = rf"(?<=[A-Za-z_=])(?<!v)(?:{_OCTET}\.){{3}}{_OCTET}(?![\w]|\.\d)(?:/\d{{1,2}}\b)?"
_IPV6 = r"(?<![\w:.])(?=[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]*:)[0-9A-Fa-f:]{2,39}(?:%\w{1,15})?(?![\w:])(?:/\d{1,3}\b)?"
_MESH6 = r"(?<=_)(?=[0-9a-f]{0,4}_[0-9a-f_]*_)(?=[0-9a-f_]*[a-f_]{2})[0-9a-f_]{6,39}(?![\w])"
_FQDN = (
    r"(?:(?<![\w./-])|(?<=//))(?=[A-Za-z0-9.-]{4,253})(?:[A-Za-z0-9][A-Za-z0-9-]{0,62}\.){1,8}"
    r"(?:com|net|org|internal|cloud|local|corp|lan|intra|intranet|io|de|eu|uk|fr|ch|jp|us|ca|au|br|nl|es|it)"
    r"(?![A-Za-z0-9-]|\.[A-Za-z0-9]|/v\d|/[a-z]+/v\d)"
)
#: domains that are no customer's: registries, projects, API groups
_PUBLIC = lazy_pattern(
    r"(?:.*\.)?(?:icr\.io|quay\.io|docker\.io|gcr\.io|k8s\.io|x-k8s\.io|kubernetes\.io|projectcalico\.org|openshift\.io|"
    r"tigera\.io|ibm\.com|redhat\.com|github\.com|githubusercontent\.com|cncf\.io|istio\.io|coreos\.com|containerd\.io|"
    r"cilium\.io|helm\.sh|golang\.org|google\.com|googleapis\.com|svc\.cluster\.local|cluster\.local|svc|"
    r"example\.(?:com|org|net)|cattle\.io|suse\.com|amazonaws\.com|ecr\.aws|mcr\.microsoft\.com|azure\.com|fluxcd\.io|"
    r"argoproj\.io|crossplane\.io|cert-manager\.io|knative\.dev|letsencrypt\.org|ubuntu\.com|debian\.org|w3\.org|"
    r"ibm-cloud\.kubernetes\.io|operatorframework\.io|metal3\.io|ceph\.io|rook\.io|prometheus\.io|grafana\.com|"
    r"elastic\.co|nvidia\.com|intel\.com|volcano\.sh|kubevirt\.io|monitoring\.coreos\.com|softlayer\.com|docker\.com)",
    re.IGNORECASE,
)
#: what an address or a name may be part of; nothing that the patterns look at goes beyond
_TOKEN = lazy_pattern(r"[A-Za-z0-9_.:/@%=-]{3,}")
_MOST_TOKENS = 300_000  # distinct ones that are remembered
_PARTS = lazy_pattern(r"[A-Za-z0-9]+")
_LETTERS, _HEX = "abcdefghjkmnpqrstuvwxyz", "0123456789abcdef"


class Hosts:
    """Replaces addresses and host names; one object, or one key, gives the same pseudonyms everywhere.

    Args:
        key: the secret that the pseudonyms follow from; a random one where none is given.
        names: host names that do not look like one (workers' names above all).
        known: original -> pseudonym of earlier work that goes on.
    """

    def __init__(
        self, key: bytes | None = None, names: Iterable[str] = (), known: Mapping[str, str] | None = None
    ) -> None:
        self.key = key or secrets.token_bytes(16)
        self.pseudonyms: dict[str, str] = {}
        self._parts: dict[str, str] = {}
        self._taken: set[str] = set()
        self._bits: dict[tuple[int, str], int] = {}
        self._names: set[str] = set()
        self._tokens: dict[str, str] = {}
        self._pattern = self._compiled()
        for name, pseudonym in (known or {}).items():
            self._known_before(name, pseudonym)
        self.learn(names)

    def learn(self, names: Iterable[str]) -> None:
        """Take in further host names; those that are addresses need not be."""
        more = {name for name in names if len(name) > 2 and not _address(name) and _PARTS.search(name)}
        more = {name for name in more if name.lower() not in _data()[2] and re.search(r"[A-Za-z]", name)}
        if more - self._names:
            self._names |= more
            self._tokens.clear()
            self._pattern = self._compiled()

    def _compiled(self) -> re.Pattern[str]:
        """The forms of addresses and names, in one pattern; names that are known are looked up after a loose match."""
        return re.compile(
            rf"(?P<name>{self._alternatives()})|(?P<dots>{_IPV4}|{_GLUED})|(?P<dashes>{_IN_NAMES})|(?P<scores>{_IN_PROTOCOLS})"
            rf"|(?P<six>{_IPV6})|(?P<mesh>{_MESH6})|(?P<fqdn>{_FQDN})"
        )

    def _alternatives(self) -> str:
        if not self._names:
            return r"(?!)"
        # longest first, so that "w1.example" is not taken for "w1"
        names = sorted(self._names, key=lambda name: (-len(name), name))
        return (
            rf"(?<![A-Za-z0-9])(?<![A-Za-z0-9]-)(?:{'|'.join(map(re.escape, names))})(?![A-Za-z0-9]|-[A-Za-z0-9]*[.])"
        )

    def replace(self, text: str) -> str:
        """Give the text with pseudonyms; columns of tables stay where they are as far as there is room."""
        parts: list[str] = []
        position = 0
        owed = 0  # columns by which what was replaced in this line is too long
        tokens = self._tokens
        for match in _TOKEN.finditer(text):
            old = match[0]
            new = tokens.get(old)
            if new is None:
                new = self._token(old)
            if new == old:
                continue
            between, owed = _spaced(text[position : match.start()], owed)
            parts += (between, new)
            position = match.end()
            owed += len(new) - len(old)
        between, _ = _spaced(text[position:], owed)
        parts.append(between)
        return "".join(parts)

    def _token(self, token: str) -> str:
        """Give a token, which holds no space, with pseudonyms in it; most are common and are remembered."""
        if len(self._tokens) > _MOST_TOKENS:
            self._tokens.clear()
        made = self._pattern.sub(self._of, token)
        self._tokens[token] = made
        return made

    def _of(self, match: re.Match[str]) -> str:
        old, kind = match[0], match.lastgroup
        if kind == "dots":
            return self._address(old)
        if kind == "dashes":
            parts = old.split("-")
            made = self._address(".".join(parts[:4]) + ("/" + parts[4] if len(parts) > 4 else ""))
            return made.replace(".", "-").replace("/", "-")
        if kind == "scores":
            return self._address(old.replace("_", ".")).replace(".", "_")
        if kind == "six":
            return self._address(old)
        if kind == "mesh":
            made = self._address(old.replace("_", ":"))
            return made.replace(":", "_")
        if kind == "fqdn" and (_PUBLIC.fullmatch(old) or old.lower() in _data()[2]):
            return old
        return self.name(old)

    def name(self, name: str) -> str:
        """Give the pseudonym of a host name: part by part, of the same length, words that say nothing kept."""
        if re.search(rf"(?<![0-9.])(?:{_OCTET}[-.]){{3}}{_OCTET}(?![0-9])", name):
            made = re.sub(
                rf"(?<![0-9.])({_OCTET})([-.])({_OCTET})\2({_OCTET})\2({_OCTET})(?![0-9])", self._in_name, name
            )
            head, dot, domain = made.partition(".") if "." in made else (made, "", "")
            made = (
                head + dot + (domain if _PUBLIC.fullmatch(domain) or not domain else self.name(domain))
                if not _address(domain)
                else made
            )
        else:
            made = _PARTS.sub(self._part, name)
        if made != name:
            self.pseudonyms[name] = made
        return made

    def _in_name(self, match: re.Match[str]) -> str:
        mark = match[2]
        return self._address(".".join(match.group(1, 3, 4, 5))).replace(".", mark)

    def _part(self, match: re.Match[str]) -> str:
        part = match[0]
        low = part.lower()
        if low in _data()[2] or re.fullmatch(r"\d{1,8}|[a-z]{1,2}\d{0,4}|(?:[a-z]+?)(?<=worker|master)\d{0,4}", low):
            return part
        word = re.fullmatch(r"([a-z]+)(\d{0,4})", low)
        if word and word[1] in _data()[2]:
            return part
        if low in self._parts:
            return self._parts[low]
        letters = _HEX if re.fullmatch(r"[0-9a-f]*", low) and re.search(r"\d", low) else _LETTERS
        for attempt in range(1000):
            made = "".join(
                (char if char.isdigit() and letters is _LETTERS else letters[byte % len(letters)])
                for char, byte in zip(low, self._stream(f"part:{low}:{attempt}", len(low)), strict=True)
            )
            if made != low and made not in self._taken:
                break
        self._taken.add(made)
        self._parts[low] = made
        return made

    def _stream(self, text: str, length: int) -> bytes:
        made = b""
        while len(made) < length:
            made += hashlib.blake2b(f"{text}:{len(made)}".encode(), key=self.key).digest()
        return made[:length]

    def _address(self, text: str) -> str:
        bare, slash, length = text.partition("/")
        bare, percent, zone = bare.partition("%")
        address = _address(bare)
        if address is None or (slash and int(length) > address.max_prefixlen):
            return text
        made = self._mapped(address)
        if slash:
            host = address.max_prefixlen - int(length)
            if int(address) & ((1 << host) - 1) == 0:  # a network: its addresses keep its prefix, its rest stays zero
                made = type(address)(int(made) >> host << host)
        if str(made) != str(address):
            self.pseudonyms.setdefault(bare + slash + (length if slash else ""), str(made) + slash + length)
            return str(made) + percent + zone + slash + length
        return text

    def _mapped(
        self, address: ipaddress.IPv4Address | ipaddress.IPv6Address
    ) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
        width = address.max_prefixlen
        bits = f"{int(address):0{width}b}"
        fixed, paths, _ = _data()
        if any(bits.startswith(prefix) for family, prefix in fixed if family == width):
            return address
        made = 0
        for position in range(width):
            made = made << 1 | int(bits[position]) ^ self._flip(width, bits[:position], paths)
        return type(address)(made)

    def _flip(self, width: int, prefix: str, paths: frozenset[tuple[int, str]]) -> int:
        """Whether the bit behind ``prefix`` is flipped; never on the way to a range that is kept."""
        known = self._bits.get((width, prefix))
        if known is None:
            if (width, prefix) in paths:
                known = 0
            else:
                known = hashlib.blake2b(f"{width}:{prefix}".encode(), key=self.key, digest_size=1).digest()[0] & 1
            self._bits[width, prefix] = known
        return known

    def _known_before(self, name: str, pseudonym: str) -> None:
        self.pseudonyms[name] = pseudonym
        if _address(name.partition("/")[0]) is None:
            for old, new in zip(_PARTS.findall(name), _PARTS.findall(pseudonym), strict=False):
                if old != new and not old.isdigit():
                    self._parts[old.lower()] = new
                    self._taken.add(new)
            self.learn([name])


def _spaced(between: str, owed: int) -> tuple[str, int]:
    """Take up in the next run of two or more spaces of the same line what a replacement is longer or shorter by."""
    if not owed or not between:
        return between, owed
    line, end, rest = between.partition("\n")
    match = re.search(r" {2,}", line)
    if match:
        room = len(match[0])
        width = max(2, room - owed)
        line = line[: match.start()] + " " * width + line[match.end() :]
        owed -= room - width
    return line + end + rest, 0 if end else owed


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


@cache
def _data() -> tuple[frozenset[tuple[int, str]], frozenset[tuple[int, str]], frozenset[str]]:
    """Prefixes (family's width, bits) of ranges that stay; all beginnings of those and of the other ranges; words."""
    data = contents([ADDRESSES])[0]
    kept = frozenset(map(_bits, data["kept"]))
    ranges = [_bits(item) for item in data["ranges"]]
    paths = frozenset((width, bits[:n]) for width, bits in (*kept, *ranges) for n in range(len(bits)))
    return kept, paths, frozenset(str(word) for word in data["words"])


def _bits(network: str) -> tuple[int, str]:
    item = ipaddress.ip_network(network)
    width = item.max_prefixlen
    return width, f"{int(item.network_address):0{width}b}"[: item.prefixlen]
