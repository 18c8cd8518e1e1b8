"""The rows that parsers give back: one dataclass per table of the promised interface.

Every row names the ``file`` (path inside the bundle, nested archives joined with ``!``) and the
1-based ``line`` it was read from, so that each claim of a report can be quoted. Unknown text is
``""``, an unknown number, time or truth value is ``None``; a parser never invents a default. Times
are timezone-aware UTC. Columns that the interface does not promise come last in each class.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct, field


class Row(Struct):
    """What all rows share: where the row was read."""

    file: str
    line: int


class NodeRow(Row):
    """One Node as one file shows it (several files may show the same node)."""

    node: str
    ready: str = ""  # "True" | "False" | "Unknown" | "" where the file does not say
    roles: str = ""
    zone: str = ""
    region: str = ""
    pool: str = ""
    subnet: str = ""
    private_vlan: str = ""
    public_vlan: str = ""
    worker_version: str = ""
    kubelet_version: str = ""
    os_image: str = ""
    kernel: str = ""
    runtime: str = ""
    internal_ip: str = ""
    cordoned: bool | None = None
    created: datetime | None = None
    taints: tuple[str, ...] = ()  # "key=value:Effect" or "key:Effect", as kubectl prints them
    calico_ip: str = ""  # annotation projectcalico.org/IPv4Address, with its prefix length
    calico_ip_line: int | None = None  # where that annotation stands, if it is shown as text
    labels: dict[str, str] = field(default_factory=dict)
    age_s: float | None = None  # of a `get nodes` list, relative to the collection
    annotations: dict[str, str] = field(default_factory=dict)
    provider_id: str = ""
    lease_renewed: datetime | None = None
    cpu_requested_pct: float | None = None  # "Allocated resources" of describe node
    cpu_limit_pct: float | None = None
    memory_requested_pct: float | None = None
    memory_limit_pct: float | None = None
    pods_on_node: tuple[str, ...] = ()  # "namespace/pod" of "Non-terminated Pods"
    lines: dict[str, int] = field(default_factory=dict)  # where "taints.<taint>", "annotations.<key>", "cordoned" stand


class NodeConditionRow(Row):
    """One condition of a node."""

    node: str
    type: str
    status: str
    last_heartbeat: datetime | None = None
    last_transition: datetime | None = None
    reason: str = ""
    message: str = ""


class PodRow(Row):
    """One Pod as one file shows it."""

    namespace: str
    pod: str
    app: str = ""  # label k8s-app, app.kubernetes.io/name or app, else derived from the owner
    node: str = ""
    phase: str = ""  # phase, or the STATUS column of `get pods`
    ready: str = ""  # "1/1" as `get pods` prints it
    restarts: int | None = None
    controlled_by: str = ""  # "DaemonSet/calico-node"
    start_time: datetime | None = None
    ip: str = ""
    reason: str = ""
    message: str = ""
    age_s: float | None = None
    last_restart_age_s: float | None = None  # "5 (3m ago)"
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    tolerations: tuple[str, ...] = ()
    deleted: bool | None = None  # Terminating


class PodConditionRow(Row):
    """One condition of a pod (reason and message only where the file has them)."""

    namespace: str
    pod: str
    type: str
    status: str
    reason: str = ""
    message: str = ""


class ContainerRow(Row):
    """One (init) container of a pod: its state, its last state, its limits and probes."""

    namespace: str
    pod: str
    container: str
    init: bool = False
    image: str = ""
    version: str = ""  # tag of the image
    state: str = ""  # Running | Waiting | Terminated
    state_reason: str = ""
    last_state: str = ""
    last_reason: str = ""
    exit_code: int | None = None  # of the state if terminated, else of the last state
    restarts: int | None = None
    ready: bool | None = None
    started: datetime | None = None
    finished: datetime | None = None
    last_started: datetime | None = None
    last_finished: datetime | None = None
    node: str = ""
    message: str = ""  # of the state
    last_message: str = ""
    state_exit_code: int | None = None
    last_exit_code: int | None = None
    limits: dict[str, str] = field(default_factory=dict)
    requests: dict[str, str] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    liveness: str = ""
    readiness: str = ""
    startup: str = ""
    state_line: int | None = None  # the lines to quote: "State:" / "Last State:" and their reasons
    last_state_line: int | None = None
    env_line: int | None = None  # of the head above the variables, where they stand below it one a line


class EventRow(Row):
    """One event of an object. ``age_s`` is relative to the collection of the file."""

    object_kind: str
    object: str
    namespace: str = ""
    type: str = ""  # Normal | Warning
    reason: str = ""
    age_s: float | None = None
    first_age_s: float | None = None
    count: int = 1
    source: str = ""
    message: str = ""
    node: str = ""
    time: datetime | None = None  # last seen, where the file has an absolute time
    first_time: datetime | None = None
    container: str = ""  # of involvedObject.fieldPath, where it names one


class LogLineRow(Row):
    """A log line somebody may ask about; identical problems of one process are one row."""

    pod: str
    node: str
    container: str
    time: datetime | None = None  # first occurrence
    level: str = ""  # PANIC FATAL ERROR WARNING INFO DEBUG TRACE, "" where the line has none
    component: str = ""  # felix, confd, bird, startup, cni-installer, typha ...
    pid: int | None = None
    source: str = ""  # "table.go", without its line number
    message: str = ""  # message and fields, without the prefix
    message_id: str = ""  # the most telling entry of the message catalogue
    count: int = 1
    message_ids: tuple[str, ...] = ()  # every entry that matches
    last_time: datetime | None = None
    last_line: int | None = None
    namespace: str = ""
    previous: bool = False  # from a terminated container's log
    fields: dict[str, str] = field(default_factory=dict)  # key=value fields, "error" above all
    raw: str = ""  # the whole line as it stands in the file (first of a multi-line record)


class ReadinessRow(Row):
    """One finding of a readiness or liveness probe, one row a peer where peers are named."""

    pod: str
    node: str
    time: datetime | None = None
    age_s: float | None = None
    count: int = 1
    check: str = ""  # bird | bird6 | felix | confd | probe (timed out, refused: no Calico text)
    #: not-established | graceful-restart | socket-error | not-live | not-ready | timeout | refused | established
    state: str = ""
    peer: str = ""
    established_peers: int | None = None
    message: str = ""
    probe: str = ""  # readiness | liveness | startup
    first_age_s: float | None = None
    namespace: str = ""


class BgpRow(Row):
    """A BGP protocol's state: a `State changed to` line, or a row of birdcl / node status."""

    pod: str
    node: str
    time: datetime | None = None
    protocol: str = ""  # Mesh_10_0_0_1
    peer: str = ""  # 10.0.0.1
    state: str = ""  # up | start | down | stop | feed ... | Established | Active | Connect ...
    message: str = ""  # info column, or the whole BIRD message
    origin: str = "log"  # log | birdcl | node-status | route
    not_after: datetime | None = None  # log lines without time were written between `time` and this


class DaemonSetRow(Row):
    """A DaemonSet's counts."""

    namespace: str
    daemonset: str
    desired: int | None = None
    current: int | None = None
    ready: int | None = None
    updated: int | None = None
    available: int | None = None
    age_s: float | None = None
    node_selector: str = ""  # as get and describe print it: key=value, with commas


class SettingRow(Row):
    """One value of a Calico, operator, policy or other object: what is configured, not what happened.

    ``key`` is the dotted path inside the object (``spec.mtu``, ``spec.ingress.0.action``). Objects
    that are only listed (``get secrets``) give one row with an empty key. Deployments give their
    replica counts, ``get`` tables of other kinds one row a cell (key = lower-case column name).
    """

    kind: str
    namespace: str
    name: str
    key: str = ""
    value: str = ""


class ListingRow(Row):
    """That a list of a kind was seen, so that absence from it means something.

    ``complete`` is True for a listing of all objects of the kind in ``namespace`` ("" = of the
    cluster, "*" = of all namespaces), as far as the text tells.
    """

    kind: str  # Node | Pod | DaemonSet | Event | Secret ...
    namespace: str = ""
    count: int = 0
    complete: bool = True


class RouteRow(Row):
    """A route of `ip route`: only what signals need."""

    node: str
    destination: str
    via: str = ""
    device: str = ""
    proto: str = ""
    unreachable: bool = False
    table: str = ""  # the routing table, where the line or the command names one
    asked: bool = False  # the answer of `ip route get`: what the kernel does, not what is configured


class LogVolumeRow(Row):
    """How many lines of a level a log has in a span of time that begins at ``bucket``."""

    pod: str = ""
    node: str = ""
    container: str = ""
    bucket: datetime | None = None
    level: str = ""
    lines: int = 0


class FileRow(Struct):
    """One file (or part of a pasted one) of the bundle and what it was taken for."""

    path: str
    kind: str
    namespace: str = ""
    pod: str = ""
    container: str = ""
    node: str = ""
    bytes: int = 0
    lines: int = 0
    encoding: str = ""
    problems: tuple[str, ...] = ()
