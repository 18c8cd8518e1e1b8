"""The report as data: what the JSON holds and what every page is made of.

The classes mirror the promised JSON (schema version 1) field by field. Fields with a default after the
promised ones are extras: pages show them where they are filled, JSON carries them where they are filled.
Text of a bundle is kept as it is; each renderer makes it safe for its own kind of page. Times are aware UTC.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

Verdict = Literal["causes-found", "no-problem-found", "not-enough-data"]
Confidence = Literal["likely", "possible", "unlikely"]
Scope = Literal["node", "cluster"]
RiskWord = Literal["safe", "disruptive", "destructive"]
PlatformName = Literal["iks-classic", "iks-vpc", "iks-satellite", "roks", "other", "unknown"]

SCHEMA_VERSION = "1"


class Tool(msgspec.Struct, frozen=True):
    """The program that made the report."""

    name: str
    version: str


class FileInfo(msgspec.Struct, frozen=True):
    """One file of the bundle and what it was taken for."""

    path: str
    kind: str
    namespace: str = ""
    pod: str = ""
    container: str = ""
    node: str = ""
    bytes: int = 0
    lines: int = 0
    problems: tuple[str, ...] = ()


class BundleInfo(msgspec.Struct, frozen=True):
    """The bundle that was read; ``sha256`` is that of the file, of a folder one over all names, sizes and contents."""

    name: str
    sha256: str = ""
    bytes: int = 0
    files: tuple[FileInfo, ...] = ()
    first_time: datetime | None = None
    last_time: datetime | None = None
    collected: datetime | None = None  # best estimate of when the bundle was made


class ClusterInfo(msgspec.Struct, frozen=True):
    """The cluster the bundle is from; "" or "unknown" where the bundle does not say."""

    platform: str = "unknown"  # one of PlatformName
    kubernetes_version: str = ""
    calico_version: str = ""
    calico_namespace: str = ""
    nodes_seen: int = 0
    nodes_not_ready: int = 0
    calico_nodes_seen: int = 0
    calico_nodes_not_ready: int = 0
    name: str = ""
    facts: tuple[tuple[str, str], ...] = ()  # further (what, value) rows for the table of cluster facts


class InCommon(msgspec.Struct, frozen=True):
    """What the affected workers share: ``affected`` of the ``total`` workers with the value are affected."""

    attribute: str
    value: str
    affected: int
    total: int
    p_value: float


class Evidence(msgspec.Struct, frozen=True):
    """One quoted line. ``weight`` is its part in the cause's log-odds (natural log, > 0 speaks for it)."""

    file: str
    line: int
    text: str
    time: datetime | None = None
    signal: str = ""
    weight: float = 0.0
    count: int = 1
    says: str = ""  # one sentence: what the line shows
    node: str = ""
    pod: str = ""
    context: tuple[tuple[int, str], ...] = ()  # (line number, text), the quoted line among them


class RemediationStep(msgspec.Struct, frozen=True):
    """One repair step; ``command`` is "" where there is none."""

    text: str
    command: str = ""
    risk: str = "safe"  # one of RiskWord


class ConfirmStep(msgspec.Struct, frozen=True):
    """What would confirm or refute a cause."""

    text: str
    command: str = ""


class FoldedCause(msgspec.Struct, frozen=True):
    """A downstream cause that the cause above it explains."""

    id: str
    title: str
    probability: float = 0.0  # as if it stood alone
    why: str = ""
    affected: tuple[str, ...] = ()


class CauseResult(msgspec.Struct, frozen=True):
    """One ranked cause."""

    id: str
    rank: int
    title: str
    family: str
    probability: float
    confidence: str  # one of Confidence
    scope: str  # one of Scope
    affected: tuple[str, ...] = ()
    in_common: tuple[InCommon, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    against: tuple[Evidence, ...] = ()
    explains: tuple[str, ...] = ()
    remediation: tuple[RemediationStep, ...] = ()
    references: tuple[str, ...] = ()
    summary: str = ""
    why_rank: str = ""  # one sentence: why it stands at this rank
    reach: str = ""  # "3 of 12 workers, all in zone dal12"; worked out from the rest where empty
    confirm: tuple[ConfirmStep, ...] = ()
    onset: datetime | None = None
    folded: tuple[FoldedCause, ...] = ()


class SymptomResult(msgspec.Struct, frozen=True):
    """Something that is seen but is no answer."""

    id: str
    title: str
    affected: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    explained_by: tuple[str, ...] = ()  # ids of causes


class MissingItem(msgspec.Struct, frozen=True):
    """What the runbook asks for and the bundle lacks; ``command`` gathers it."""

    item: str
    why: str
    command: str = ""


class Unrecognized(msgspec.Struct, frozen=True):
    """A group of alike error lines that no message of the catalogue covers."""

    template: str
    level: str
    count: int
    file: str
    line: int
    first_time: datetime | None = None
    last_time: datetime | None = None


class TimelineEntry(msgspec.Struct, frozen=True):
    """One thing that happened; ``severity`` is info, warning or error."""

    time: datetime | None
    node: str
    pod: str
    what: str
    severity: str
    file: str
    line: int


class Warning_(msgspec.Struct, frozen=True):  # noqa: N801 - a name of its own beside the built-in Warning
    """Input that was damaged, truncated, skipped or cut by a limit."""

    file: str
    what: str


class RecentChange(msgspec.Struct, frozen=True):
    """Something that is new in the cluster; ``age_s`` seconds before the collection, where known."""

    what: str
    age_s: float | None = None
    node: str = ""
    file: str = ""
    line: int = 0


class NextAction(msgspec.Struct, frozen=True):
    """The one thing to do first."""

    text: str
    command: str = ""
    risk: str = "safe"  # one of RiskWord


class PeerGroup(msgspec.Struct, frozen=True):
    """Workers that belong together in the peer matrix, e.g. those of one zone."""

    name: str
    nodes: tuple[str, ...]


class PeerCell(msgspec.Struct, frozen=True):
    """What ``node`` says of its BGP session with ``peer``."""

    node: str
    peer: str
    state: str  # established | not-established | unknown
    note: str = ""


class PeerMatrix(msgspec.Struct, frozen=True):
    """BGP sessions as seen from each worker; a pair without a cell is unknown.

    ``groups`` gives the order of rows and columns; nodes in no group come last. ``nodes`` may hold
    addresses that belong to no known worker.
    """

    nodes: tuple[str, ...]
    cells: tuple[PeerCell, ...] = ()
    groups: tuple[PeerGroup, ...] = ()


class NodeMatrixCell(msgspec.Struct, frozen=True):
    """Whether a worker shows a symptom; ``state`` is yes, no or unknown."""

    node: str
    symptom: str  # id of a column
    state: str
    note: str = ""


class NodeMatrix(msgspec.Struct, frozen=True):
    """Workers by symptoms; a pair without a cell is unknown."""

    nodes: tuple[str, ...]
    symptoms: tuple[tuple[str, str], ...]  # (id, title)
    cells: tuple[NodeMatrixCell, ...] = ()


class WorkerState(msgspec.Struct, frozen=True):
    """What the bundle says of one worker; ``state`` is bad, healthy or unknown."""

    node: str
    state: str
    facts: tuple[tuple[str, str], ...] = ()  # (what, value); what the bundle does not tell is not there


class PodState(msgspec.Struct, frozen=True):
    """One pod: all of Calico, and of the others those not ready. None where the bundle does not tell."""

    namespace: str
    pod: str
    app: str = ""
    node: str = ""
    ready: bool | None = None
    status: str = ""
    restarts: int | None = None


class RestartMoment(msgspec.Struct, frozen=True):
    """When a container ended or was started; ``severity`` is info, warning or error."""

    time: datetime
    what: str
    severity: str = "info"


class ContainerRestarts(msgspec.Struct, frozen=True):
    """A container that was restarted, and the moments that the bundle tells of it."""

    node: str
    pod: str
    container: str
    restarts: int
    moments: tuple[RestartMoment, ...] = ()


class ContrastRow(msgspec.Struct, frozen=True):
    """One fact of the workers in trouble and of the healthy ones, in the order of :class:`Contrast`; "" is unknown."""

    what: str
    affected: tuple[str, ...]
    healthy: tuple[str, ...]
    differs: bool = False  # no affected worker has the value of a healthy one


class Contrast(msgspec.Struct, frozen=True):
    """Workers in trouble beside healthy ones of the same cluster: the same facts of each."""

    affected: tuple[str, ...]  # the workers that are shown
    healthy: tuple[str, ...]
    rows: tuple[ContrastRow, ...] = ()
    affected_total: int = 0  # of how many
    healthy_total: int = 0


class Escalation(msgspec.Struct, frozen=True):
    """When to hand the ticket over, to whom, and what to attach."""

    when: str
    to: tuple[str, ...] = ()
    attach: tuple[str, ...] = ()


class Onset(msgspec.Struct, frozen=True):
    """When the trouble began, and what shows it."""

    time: datetime | None
    what: str = ""
    node: str = ""
    file: str = ""
    line: int = 0


class LogLevelBucket(msgspec.Struct, frozen=True):
    """How many log lines of which level a span of time holds."""

    start: datetime
    counts: tuple[tuple[str, int], ...]  # (level, lines)


class LogLevels(msgspec.Struct, frozen=True):
    """Log lines by level over time, in spans of ``seconds``."""

    seconds: int
    buckets: tuple[LogLevelBucket, ...] = ()


class CheckedItem(msgspec.Struct, frozen=True):
    """One thing that was looked at; ``state`` is healthy, bad or unknown (= the bundle does not show it)."""

    what: str
    state: str
    detail: str = ""


class Noise(msgspec.Struct, frozen=True):
    """Lines that look alarming and mean nothing here, and why."""

    what: str
    why: str = ""
    count: int = 1
    file: str = ""
    line: int = 0


class SeenBefore(msgspec.Struct, frozen=True):
    """A resolved ticket that this one looks like; ``likeness`` is 0..1, ``report`` is relative to this report."""

    ticket: str
    likeness: float
    cause: str  # id of what it really was
    title: str = ""
    note: str = ""  # what fixed it
    resolved: datetime | None = None
    report: str = ""


class Report(msgspec.Struct, frozen=True):
    """Everything a page shows."""

    tool: Tool
    generated_at: datetime
    bundle: BundleInfo
    cluster: ClusterInfo
    verdict: str  # one of Verdict
    causes: tuple[CauseResult, ...] = ()
    symptoms: tuple[SymptomResult, ...] = ()
    missing: tuple[MissingItem, ...] = ()
    unrecognized: tuple[Unrecognized, ...] = ()
    timeline: tuple[TimelineEntry, ...] = ()
    warnings: tuple[Warning_, ...] = ()
    schema_version: str = SCHEMA_VERSION
    verdict_reason: str = ""  # one sentence: why this verdict
    next_action: NextAction | None = None
    recent_changes: tuple[RecentChange, ...] = ()
    onset: Onset | None = None
    peer_matrix: PeerMatrix | None = None
    node_matrix: NodeMatrix | None = None
    contrast: Contrast | None = None
    escalation: Escalation | None = None
    log_levels_over_time: LogLevels | None = None
    checked: tuple[CheckedItem, ...] = ()  # what was looked at, above all where nothing is wrong
    noise: tuple[Noise, ...] = ()
    workers: tuple[WorkerState, ...] = ()
    pods: tuple[PodState, ...] = ()
    restarts: tuple[ContainerRestarts, ...] = ()
    seen_before: tuple[SeenBefore, ...] = ()  # the most alike first
