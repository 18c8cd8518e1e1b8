"""Workers side by side: what the bundle says of each, and what tells those in trouble from the healthy ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from analyzer.inventory import Inventory, PodState, Worker, text
from analyzer.report import model
from analyzer.tables import Tables
from parsers.lazy_pattern import lazy_pattern

#: workers of each kind that are shown; whether a fact differs is told of all of them
MOST_SHOWN = 3
#: facts of the workers table: (name in the report, column)
_COLUMNS = (
    ("Zone", "zone"),
    ("Worker pool", "pool"),
    ("Subnet", "subnet"),
    ("Private VLAN", "private_vlan"),
    ("Public VLAN", "public_vlan"),
    ("Worker version", "worker_version"),
    ("Kubelet", "kubelet_version"),
    ("Operating system", "os_image"),
    ("Kernel", "kernel"),
    ("Container runtime", "runtime"),
)
_AGES = ((3600.0, "less than an hour"), (86400.0, "less than a day"), (7 * 86400.0, "less than a week"))
_TAG = lazy_pattern(r":([^:/@]+)(@|$)")
STATES = {True: "bad", False: "healthy", None: "unknown"}


def worker_states(
    tables: Tables, inventory: Inventory, peers: model.PeerMatrix | None = None
) -> tuple[model.WorkerState, ...]:
    """Give every worker with whether it is in trouble and its facts, in one order of facts for all.

    A fact that the bundle does not tell of a worker is not there: a guess would look like a difference.
    """
    sessions = _sessions(peers)
    images = _images(tables)
    pressed = _conditions(tables)
    taints: dict[str, tuple[str, ...]] = {row.node: row.taints for row in tables.rows.nodes if row.taints}
    found = []
    for name in sorted({*inventory.workers, *inventory.agents}):
        worker, agent = inventory.workers.get(name), inventory.agents.get(name)
        rows = [
            *_of_agent(agent, sessions.get(name, "")),
            *(_of_worker(worker, pressed.get(name, ()), taints.get(name, ())) if worker else ()),
            ("calico-node image", images.get((agent.namespace, agent.name), "") if agent else ""),
        ]
        facts = tuple((what, value) for what, value in rows if value)
        found.append(model.WorkerState(name, STATES[inventory.is_bad(name)], facts))
    return tuple(found)


def pod_states(inventory: Inventory) -> tuple[model.PodState, ...]:
    """Give the state of every Calico pod and of every other pod that is not ready, by namespace and name."""
    return tuple(
        model.PodState(pod.namespace, pod.name, pod.app, pod.node, pod.healthy, pod.status, pod.restarts)
        for _, pod in sorted(inventory.pods.items())
        if pod.app.startswith(("calico", "canal", "tigera")) or pod.is_node_agent or pod.healthy is False
    )


def contrast(states: Sequence[model.WorkerState], affected: Iterable[str]) -> model.Contrast | None:
    """Put workers in trouble beside healthy ones, the healthy ones that are most like them first.

    Args:
        states: what is known of each worker.
        affected: workers that the first cause affects; where it names none, those in trouble are taken.

    Returns:
        Same facts for all; ``differs`` marks a fact whose values among the affected and among the healthy
        have nothing in common. None where there are not both kinds of worker, or nothing to compare.
    """
    named = set(affected)
    ill = [state for state in states if state.node in named] or [state for state in states if state.state == "bad"]
    ill_names = {state.node for state in ill}
    well = [state for state in states if state.state == "healthy" and state.node not in ill_names]
    if not ill or not well:
        return None
    facts = {state.node: dict(state.facts) for state in (*ill, *well)}
    first = facts[ill[0].node]
    well.sort(key=lambda state: -len(first.items() & facts[state.node].items()))
    shown_ill, shown_well = ill[:MOST_SHOWN], well[:MOST_SHOWN]
    rows = []
    for what in dict.fromkeys(what for state in (*ill, *well) for what, _ in state.facts):
        here = [facts[state.node].get(what, "") for state in ill]
        there = [facts[state.node].get(what, "") for state in well]
        row = model.ContrastRow(what, tuple(here[:MOST_SHOWN]), tuple(there[:MOST_SHOWN]), _differs(here, there))
        if any(row.affected) and any(row.healthy):
            rows.append(row)
    if not rows:
        return None
    return model.Contrast(
        tuple(state.node for state in shown_ill), tuple(state.node for state in shown_well), tuple(rows),
        len(ill), len(well),
    )  # fmt: skip


def _differs(here: Sequence[str], there: Sequence[str]) -> bool:
    """Whether no affected worker has the value of a healthy one; numbers must not even overlap."""
    known, others = {value for value in here if value}, {value for value in there if value}
    if not known or not others:
        return False
    if all(value.isdecimal() for value in known | others):
        return min(map(int, known)) > max(map(int, others)) or max(map(int, known)) < min(map(int, others))
    return not known & others


def _of_agent(agent: PodState | None, sessions: str) -> list[tuple[str, str]]:
    if agent is None:
        return [("calico-node", ""), ("BGP sessions up", sessions)]
    ready = {True: "ready", False: "not ready", None: ""}[agent.ready]
    status = agent.status if agent.status not in ("", "Running") else ""
    return [
        ("calico-node", ", ".join(part for part in (ready, status) if part)),
        ("calico-node restarts", "" if agent.restarts is None else str(agent.restarts)),
        ("BGP sessions up", sessions),
    ]


def _of_worker(worker: Worker, pressed: Sequence[str], taints: Sequence[str]) -> list[tuple[str, str]]:
    ready = {"True": "yes", "False": "no", "Unknown": "unknown"}.get(worker.ready, worker.ready)
    return [
        ("Worker Ready", ready),
        ("Other conditions", ", ".join(pressed)),
        ("Cordoned", "" if worker.cordoned is None else "yes" if worker.cordoned else "no"),
        ("Taints", ", ".join(sorted(taints))),
        ("Age", _age(worker.age_s)),
        *((what, worker.facts.get(column, "")) for what, column in _COLUMNS),
    ]


def _age(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return next((words for most, words in _AGES if seconds < most), "a week or more")


def _sessions(peers: model.PeerMatrix | None) -> dict[str, str]:
    """Worker -> ``3 of 11``, over the sessions whose state the bundle shows."""
    known: dict[str, list[bool]] = {}
    for cell in peers.cells if peers else ():
        if cell.state in ("established", "not-established"):
            known.setdefault(cell.node, []).append(cell.state == "established")
    return {
        node: "all" if all(states) else f"{sum(states)} of {len(states)}" for node, states in known.items()
    }  # fmt: skip


def _images(tables: Tables) -> dict[tuple[str, str], str]:
    found = {}
    for row in tables.rows.containers:
        if row.container == "calico-node" and row.image:
            tag = _TAG.search(row.image)
            found[(row.namespace, row.pod)] = tag[1] if tag else row.image
    return found


def _conditions(tables: Tables) -> Mapping[str, tuple[str, ...]]:
    """Worker -> conditions other than Ready that are in a bad state; "none" where they all are well."""
    seen: dict[str, dict[str, None]] = {}
    for row in tables.rows.node_conditions:
        if row.type == "Ready":
            continue
        mine = seen.setdefault(row.node, {})
        if text(row.status) not in ("False", ""):
            mine[f"{row.type} {row.status}"] = None
    return {node: tuple(bad) or ("none",) for node, bad in seen.items()}


def with_contrast(report: model.Report) -> model.Report:
    """Give the report with its contrast: of the first cause's workers or, where none is named, of those in trouble."""
    lead = report.causes[0] if report.causes and report.verdict == "causes-found" else None
    return replace(report, contrast=contrast(report.workers, lead.affected if lead else ()))
