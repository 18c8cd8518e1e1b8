"""BIRD's lines in a calico-node log: protocol names, peers and states.

BIRD writes neither time nor level; names of protocols are those that confd renders
(confd/etc/calico/confd/templates/bird.cfg.template): Mesh_, Node_, Global_ and the address with underscores.
"""

from __future__ import annotations

import ipaddress
import re

_PROTOCOL = re.compile(r"((?:Mesh|Node|Global|Local_Workload)_[0-9A-Za-z_]+): (.*)$", re.DOTALL)
_STATE = re.compile(r"State changed to (\w+)")
_UNKNOWN_PEER = re.compile(r"Unexpected connect from unknown address ([0-9A-Fa-f.:]+?)(?: \(port \d+\))?$")


def peer_of(protocol: str) -> str:
    """The peer's address that a protocol name stands for, "" where it stands for none."""
    body = re.sub(r"^(?:Mesh|Node|Global|Local_Workload)_", "", protocol)
    body = re.sub(r"_port_\d+$", "", body)
    for candidate in (body.replace("_", "."), body.replace("_", ":")):
        try:
            return str(ipaddress.ip_address(candidate))
        except ValueError:
            continue
    return ""


def bird_event(message: str) -> tuple[str, str, str] | None:
    """Give (protocol, peer, state) of a BGP line; state is "" for an error line. None for other lines.

    ``BGP: Unexpected connect from unknown address X`` gives ("BGP", X, "unexpected-connect").
    """
    match = _PROTOCOL.match(message)
    if match:
        protocol, rest = match.groups()
        state = _STATE.match(rest)
        return protocol, peer_of(protocol), state.group(1) if state else ""
    unknown = _UNKNOWN_PEER.search(message)
    if unknown:
        return "BGP", unknown.group(1), "unexpected-connect"
    return None
