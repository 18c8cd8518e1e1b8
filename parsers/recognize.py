"""What a text is, told by its content; its name is only a hint when content says nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass

from parsers.container_log import looks_like_log
from parsers.log_dress import undress
from parsers.log_line import take_apart

SAMPLE = 64 * 1024

_DESCRIBE = re.compile(r"^ ?Name: +\S", re.MULTILINE)
_DESCRIBE_MORE = re.compile(
    r"^(?:Namespace|Roles|Labels|Annotations|CreationTimestamp|Conditions|Containers|Init Containers|Events|Status"
    r"|Selector|Node-Selectors|Priority|Start Time|Replicas|Desired Number of Nodes Scheduled|API Version|Kind):",
    re.MULTILINE,
)
_GET_HEADER = re.compile(r"^(?:NAMESPACE +)?(?:NAME|LAST SEEN|OBJECT|FIRST SEEN)(?: {2,}|\t)[A-Z]", re.MULTILINE)
_GET_ROW = re.compile(
    r"^(?:\S+ +)?\S+ +(?:(?:Not)?Ready(?:,SchedulingDisabled)?|\d+/\d+ +\S+ +\d+) .*\b\d+[smhdy]\b", re.MULTILINE
)
_NO_RESOURCES = re.compile(r"^No resources found(?: in \S+ namespace)?\.?$", re.MULTILINE)
_KUBECTL_ERROR = re.compile(
    r"^(?:Error from server|error: |The connection to the server|Unable to connect to the server"
    r"|unable to retrieve container logs|previous terminated container|failed to (?:get|open) log"
    r"|Error: (?:Get|unable)|FAILED$)",
    re.IGNORECASE | re.MULTILINE,
)
_YAML = re.compile(r"^(?:- )?(?:apiVersion|kind|items|metadata): ?", re.MULTILINE)
_IBM = re.compile(
    r"^(?:ID +(?:Public IP|Primary IP|Private IP)|NHC\d{3}\s|VLAN spanning|Retrieving (?:cluster|worker))", re.MULTILINE
)
_BIRDCL = re.compile(r"^(?:\d{4}-)?name +proto +table +state +since", re.IGNORECASE | re.MULTILINE)
_NODE_STATUS = re.compile(r"Calico process is running|PEER ADDRESS +\| +PEER TYPE", re.IGNORECASE)
_ROUTE = re.compile(
    r"^(?:default via|(?:blackhole |unreachable )?\d+\.\d+\.\d+\.\d+(?:/\d+)?(?: via \S+)?(?: dev \S+)) ?", re.MULTILINE
)
_FILTER = re.compile(
    r"^(?:\*(?:filter|nat|raw|mangle)$|:[\w-]+ (?:ACCEPT|DROP|-) \[|table (?:ip6?|inet) \S+ \{|-A \S+ -)", re.MULTILINE
)
_JOURNAL = re.compile(
    r"^(?:[A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT[\d:.+-]+) \S+ "
    r"(?:kubelet|containerd|crio|kernel|systemd|NetworkManager)[^:]*:",
    re.MULTILINE,
)
_IPAM = re.compile(r"^\| +GROUPING +\|| IPAM is using |Checking IPAM for inconsistencies|IPAM check", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Recognition:
    """A kind of input, how sure that is (0..1), and what told it."""

    kind: str
    score: float
    why: str


def recognize(sample: str, path: str = "") -> Recognition:
    """Give the kind of a text.

    Kinds: describe, get-table, log, objects, birdcl, node-status, ip-route, packet-filter, kubelet-journal,
    ibmcloud, ipam, kubectl-error, empty, unknown.
    """
    sample = sample[:SAMPLE]
    stripped = sample.strip()
    if not stripped:
        return Recognition("empty", 1.0, "nothing but blanks")
    candidates = [*_tables(sample, stripped), *_objects(sample, stripped), _log(sample), _describe(sample)]
    best = max(candidates, key=lambda item: item.score)
    if best.score >= 0.3:
        return best
    return Recognition("unknown", 0.0, "no known form")


def _describe(sample: str) -> Recognition:
    if not _DESCRIBE.search(sample):
        return Recognition("describe", 0.0, "")
    keys = len(set(_DESCRIBE_MORE.findall(sample)))
    return Recognition("describe", min(1.0, 0.2 + 0.2 * keys), f"Name: and {keys} sections of kubectl describe")


def _tables(sample: str, stripped: str) -> list[Recognition]:
    found = []
    if _GET_HEADER.search(sample):
        found.append(Recognition("get-table", 0.75, "header of a kubectl get table"))
    elif _NO_RESOURCES.search(sample) and stripped.count("\n") < 5:
        found.append(Recognition("get-table", 0.75, "kubectl found no resources"))
    elif _GET_ROW.search(sample):
        found.append(Recognition("get-table", 0.5, "rows like those of kubectl get"))
    for kind, pattern, score in (
        ("birdcl", _BIRDCL, 0.9),
        ("node-status", _NODE_STATUS, 0.95),
        ("ipam", _IPAM, 0.9),
        ("ibmcloud", _IBM, 0.9),
        ("packet-filter", _FILTER, 0.8),
        ("kubelet-journal", _JOURNAL, 0.8),
        ("ip-route", _ROUTE, 0.6),
    ):
        if pattern.search(sample):
            found.append(Recognition(kind, score, f"lines of {kind}"))
    if _KUBECTL_ERROR.match(stripped) and stripped.count("\n") < 8:
        found.append(Recognition("kubectl-error", 0.97, "only an error of kubectl"))
    return found


def _objects(sample: str, stripped: str) -> list[Recognition]:
    if stripped[0] in "{[" and ('"kind"' in sample or '"apiVersion"' in sample or '"metadata"' in sample):
        log = stripped[0] == "{" and ('"msg":' in sample[:2000] or sample[:2000].count('"log":') > 0)
        return [Recognition("objects", 0.3 if log else 0.95, "JSON objects of Kubernetes")]
    keys = set(_YAML.findall(sample))
    if len(keys) >= 2:
        return [Recognition("objects", 0.9 if len(keys) >= 3 else 0.8, "YAML objects of Kubernetes")]
    return []


def _log(sample: str) -> Recognition:
    """The share of lines that are of a log's kinds; plain lines count little, so that prose is no log."""
    total = score = 0.0
    for line in undress(sample.split("\n")[:300]):
        parts = take_apart(line.text)
        if parts is None:
            continue
        total += 1
        if parts.kind != "plain" or line.time is not None:
            score += 1
        elif parts.time is not None or (parts.component and parts.level):
            score += 0.9
    share = score / total if total else 0.0
    if share < 0.5:  # scripts write plain lines
        share = max(share, looks_like_log(sample))
    return Recognition("log", 0.98 * share if score >= 2 or share >= 0.8 else 0.2 * share, f"{share:.0%} log lines")
