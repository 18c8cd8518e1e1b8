"""Which parser reads a text of which kind."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable

from msgspec.structs import replace

from parsers.container_log import parse_container_log
from parsers.last_words import add_last_words
from parsers.lazy_pattern import lazy_pattern
from parsers.log_facts import container_of
from parsers.notes import parse_notes
from parsers.recognize import SAMPLE
from parsers.source import Match, Parsed, Source

Parser = Callable[[str, Source], Parsed]

#: a line of `ip monitor route`: what changes, not the routes that there are
_ROUTE_GONE = lazy_pattern(r"^(?:\[[^\]\n]{1,60}\] ?)?Deleted (?:default|[0-9a-f])", re.MULTILINE)
_OF_OBJECTS = ("nodes", "pods", "events", "daemonsets", "listings", "log_lines")
#: kind -> module and function that reads it; imported when the first such text turns up
PARSERS = {
    "describe": "parsers.describe:parse_describe",
    "get-table": "parsers.get_table:parse_get_table",
    "objects": "parsers.objects:parse_objects",
    "birdcl": "parsers.birdcl:parse_birdcl",
    "node-status": "parsers.node_status:parse_node_status",
    "ip-route": "parsers.ip_route:parse_ip_route",
    "ip-link": "parsers.ip_link:parse_ip_link",
    "packet-filter": "parsers.packet_filter:parse_packet_filter",
    "ibmcloud": "parsers.ibmcloud:parse_ibmcloud",
    "ipam": "parsers.ipam:parse_ipam",
    "metrics": "parsers.metrics:parse_metrics",
}


def read_text(kind: str, text: str, source: Source, match: Match) -> Parsed:
    """Read a text with the parser of its kind; kinds that nothing reads give no rows."""
    if "jsonpath" in source.command and len(text) < SAMPLE:
        part: Parsed = importlib.import_module("parsers.json_part").parse_json_part(text, source)
        if part.settings:
            return part
    if kind == "log":
        if not source.container:
            source = replace(source, container=container_of(text[:SAMPLE]))
        return parse_container_log(text, source, match)
    if kind == "kubelet-journal":
        journal = importlib.import_module("parsers.kubelet_journal")
        found: Parsed = journal.parse_kubelet_journal(text, source, match)
        return found
    if kind == "unknown" or (kind == "ip-route" and _ROUTE_GONE.search(text)):
        return parse_notes(text, source, match)
    if kind not in PARSERS:
        return Parsed()
    module, _, function = PARSERS[kind].partition(":")
    parser: Parser = getattr(importlib.import_module(module), function)
    parsed = add_last_words(parser(text, source), text, source, match)
    if kind == "objects" and not parsed.settings and not any(getattr(parsed, name) for name in _OF_OBJECTS):
        parsed.extend(parse_notes(text, source, match))  # a program's configuration, which is no object of the API
    return parsed
