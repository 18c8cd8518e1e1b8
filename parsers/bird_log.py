"""BIRD's lines in a calico-node log: messages that got mixed, protocols, peers and their states.

BIRD (projectcalico/bird, 1.6) runs with ``-d`` and without a log statement: ``bird: <message>``, no time, no level,
the same prefix for bird6. It writes each line in three pieces, so lines of several writers get mixed in the
container's one stream. Protocol names are those that confd renders (``bird.cfg.template``).
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

from msgspec import Struct

from parsers.lazy_pattern import lazy_pattern

_PEERS, _OTHERS = ("Mesh", "Node", "Global", "Local_Workload"), ("device", "direct", "kernel", "static")
_PEER_NAME = rf"(?:{'|'.join(_PEERS)})_[0-9A-Za-z_]{{1,80}}"
_OTHER_NAME = rf"(?:{'|'.join(_OTHERS)})\d{{1,3}}"
#: where one message ends and the next begins on a mixed line
_SEAM = lazy_pattern(rf"(?:bird: ?)+|(?={_PEER_NAME}: |{_OTHER_NAME}: )")
_BEGINNINGS = ("bird:", *(f"{name}_" for name in _PEERS), *_OTHERS)
_BARE = lazy_pattern(
    rf"(?:(?:{_PEER_NAME}|{_OTHER_NAME})(?:: | [<>] )"
    r"|(?:Graceful restart (?:started|done)|Started|Reconfigured|Reconfiguring|Shutting down|Shutdown completed)"
    r"(?:$|bird: ?)"
    r"|(?:Reconfiguration requested by SIGHUP"
    r"|(?:Adding|Removing|Restarting|Enabling|Disabling) protocol (?:Mesh|Node|Global)_"
    r"|BGP: (?:Unexpected connect|Cannot open|Socket error)|Unable to open configuration file /etc/calico/confd/"
    r"|Kernel dropped some netlink))"
)
_PROTOCOL = lazy_pattern(rf"({_PEER_NAME}): (.*)", re.DOTALL)
_STATE = lazy_pattern(r"State changed to (start|up|down|stop|feed|wait|flush)")
_STRANGER = lazy_pattern(r"BGP: Unexpected connect from unknown address ([0-9A-Fa-f.:]{2,45}?)(?:%\S{1,20})?(?: |$)")
_REASONS = ("Error: ", "Received: ", "Socket error: ", "Connection lost", "Capability related error")
_TROUBLE = lazy_pattern(
    r"Error: |Received: |[Ss]ocket error|Connection lost|[Cc]annot |Can't |Unable to |syntax error|another BIRD"
    r"|Unexpected connect|Netlink: |Kernel dropped|hits route |[Ii]nvalid|Time jump|I/O loop cycle|strange next-hop"
    r"|Unterminated|[Uu]nknown|failed|is a local address|bogus|Capability related"
)
_NAME_START = lazy_pattern(rf"(?:{'|'.join(_PEERS)})_")
_PORT = lazy_pattern(r"_port_\d{1,5}$")


class BgpChange(Struct, frozen=True):
    """What one BIRD message says of a BGP protocol.

    ``state`` is the word after "State changed to", "unexpected-connect" for a peer that no protocol is
    configured for (then ``protocol`` is ""), and "" for an error.
    """

    protocol: str
    peer: str
    state: str


def is_bird(text: str) -> bool:
    """Tell whether a line is BIRD's, also where the mixing of writers took its ``bird: `` away."""
    return text.startswith("bird: ") or text == "bird:" or _BARE.match(text) is not None


def messages(text: str) -> list[str]:
    """Give the messages on one line: one normally, several (or none) where writers were mixed.

    >>> messages("bird: bird: direct1: Connected to table masterdevice1: Initializing")
    ['direct1: Connected to table master', 'device1: Initializing']
    """
    if text.startswith("bird: ") and not text.startswith("bird:", 6):
        behind = text[7:]  # where a message may begin is looked for behind the first letter
        if not any(begin in behind for begin in _BEGINNINGS):  # the usual case, told in a third of the time
            message = text[6:].strip()
            return [message] if message else []
    return [part.strip() for part in _SEAM.split(text) if part.strip()]


@lru_cache(maxsize=4096)  # the same few protocol names stand in thousands of lines
def peer_of(protocol: str) -> str:
    """Give the address in a protocol's name, "" where there is none.

    >>> peer_of("Mesh_10_94_227_12"), peer_of("Mesh_fd80_24e2__2"), peer_of("Node_192_0_2_1_port_1790")
    ('10.94.227.12', 'fd80:24e2::2', '192.0.2.1')
    """
    name = _PORT.sub("", _NAME_START.sub("", protocol, count=1))
    for candidate in (name.replace("_", "."), name.replace("_", ":"), ".".join(name.split("_")[:4])):
        try:
            return str(ipaddress.ip_address(candidate))
        except ValueError:
            continue
    return ""


def bgp_change(message: str) -> BgpChange | None:
    """Read a state change or error of a BGP protocol; None for every other message."""
    found = _PROTOCOL.match(message)
    if found is not None:
        protocol, rest = found.groups()
        state = _STATE.match(rest)
        if state is not None:
            return BgpChange(protocol, peer_of(protocol), state[1])
        return BgpChange(protocol, peer_of(protocol), "") if rest.startswith(_REASONS) else None
    stranger = _STRANGER.match(message)
    return BgpChange("", stranger[1], "unexpected-connect") if stranger else None


def is_trouble(message: str) -> bool:
    """Tell whether a BIRD message is an error or a warning (BIRD prints no level)."""
    return _TROUBLE.search(message) is not None


def daemon_of(message: str) -> str:
    """Give "bird6" where a protocol's name shows an IPv6 peer, else "bird"."""
    found = _PROTOCOL.match(message)
    return "bird6" if found and ":" in peer_of(found[1]) else "bird"
