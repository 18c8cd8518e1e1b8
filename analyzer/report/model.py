"""The report as typed data: exactly "The report as JSON" of the interface, and what pages show besides.

Fields that the interface does not promise come last in each class and have defaults. Templates get a
:class:`Report` and nothing else (docs/report.md).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Tool:
    """The program that made the report."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class FileInfo:
    """One file of the bundle and what it was taken for."""

    path: str
    kind: str
    namespace: str
    pod: str
    container: str
    node: str
    bytes: int
    lines: int
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BundleInfo:
    """What was given."""

    name: str
    sha256: str
    bytes: int
    files: tuple[FileInfo, ...]
    first_time: datetime | None
    last_time: datetime | None


@dataclass(frozen=True, slots=True)
class ClusterInfo:
    """What cluster it is from."""

    platform: str
    kubernetes_version: str
    calico_version: str
    calico_namespace: str
    nodes_seen: int
    nodes_not_ready: int
    calico_nodes_seen: int
    calico_nodes_not_ready: int


@dataclass(frozen=True, slots=True)
class InCommon:
    """An attribute that affected workers share and others lack."""

    attribute: str
    value: str
    affected: int
    total: int
    p_value: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """A quoted line; ``context`` holds the lines around it as (number, text)."""

    file: str
    line: int
    text: str
    time: datetime | None
    signal: str
    weight: float
    count: int
    says: str = ""
    node: str = ""
    pod: str = ""
    context: tuple[tuple[int, str], ...] = ()
    strength: str = ""


@dataclass(frozen=True, slots=True)
class RemediationStep:
    """One repair step."""

    text: str
    command: str
    risk: str  # safe | disruptive | destructive


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What would confirm or refute a cause, and the command that shows it."""

    text: str
    command: str = ""


@dataclass(frozen=True, slots=True)
class CauseResult:
    """A ranked cause."""

    id: str
    rank: int
    title: str
    family: str
    probability: float
    confidence: str  # likely | possible | unlikely
    scope: str  # node | cluster
    affected: tuple[str, ...]
    in_common: tuple[InCommon, ...]
    evidence: tuple[Evidence, ...]
    against: tuple[Evidence, ...]
    explains: tuple[str, ...]
    remediation: tuple[RemediationStep, ...]
    references: tuple[str, ...]
    summary: str = ""
    why_rank: str = ""
    reach: str = ""  # "3 of 12 workers, all in zone dal12"
    confirm: tuple[Confirmation, ...] = ()
    onset: datetime | None = None
    explained_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SymptomResult:
    """Something that is seen but is no answer."""

    id: str
    title: str
    affected: tuple[str, ...]
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class MissingItem:
    """What the runbook asks for and the bundle lacks."""

    item: str
    why: str
    command: str


@dataclass(frozen=True, slots=True)
class Unrecognized:
    """A template of error lines that no message entry covers."""

    template: str
    level: str
    count: int
    file: str
    line: int
    first_time: datetime | None
    last_time: datetime | None


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One thing that happened; ``severity`` is info, warning or error."""

    time: datetime
    node: str
    pod: str
    what: str
    severity: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Warning_:  # noqa: N801 - Warning is Python's own
    """Input that was damaged, truncated, skipped or limited."""

    file: str
    what: str


@dataclass(frozen=True, slots=True)
class RecentChange:
    """Something that is new in the cluster; ``age_s`` before the collection where known."""

    what: str
    age_s: float | None
    node: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class PeerMatrix:
    """BGP sessions between workers.

    ``cells[i][j]`` is what worker i says of peer j: established, not or unknown ("" on the diagonal);
    ``groups[i]`` is the subnet or zone of worker i.
    """

    nodes: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    cells: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class NodeRow:
    """A worker's line in the table of workers: its state and which symptoms (ids) it shows."""

    node: str
    ready: str
    agent: str
    restarts: int | None
    zone: str
    pool: str
    symptoms: tuple[str, ...] = ()
    affected: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a report says."""

    schema_version: str
    tool: Tool
    generated_at: datetime
    bundle: BundleInfo
    cluster: ClusterInfo
    verdict: str  # causes-found | no-problem-found | not-enough-data
    causes: tuple[CauseResult, ...]
    symptoms: tuple[SymptomResult, ...]
    missing: tuple[MissingItem, ...]
    unrecognized: tuple[Unrecognized, ...]
    timeline: tuple[TimelineEntry, ...]
    warnings: tuple[Warning_, ...]
    next_action: str = ""
    onset: datetime | None = None
    recent_changes: tuple[RecentChange, ...] = ()
    workers: tuple[NodeRow, ...] = ()
    peer_matrix: PeerMatrix = field(default_factory=PeerMatrix)
    noise: tuple[str, ...] = ()  # routine lines that look like trouble, named
    escalation: tuple[str, ...] = ()
