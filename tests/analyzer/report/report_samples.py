"""Report objects to render: realistic, healthy, without enough data, hostile."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import fields, replace

from analyzer.report import model

START = datetime(2026, 3, 16, 3, 40, tzinfo=UTC)
TOOL = model.Tool("calico-triage", "0.1.0")
ZONES = ("dal10", "dal12", "dal13")
NODES = tuple(f"10.{30 + zone}.7.{20 + number}" for zone in range(3) for number in range(4))
BAD = NODES[4:7]


def minutes(count: float) -> datetime:
    return START + timedelta(minutes=count)


def quoted(file: str, line: int, text: str, **more: Any) -> model.Evidence:
    """Evidence with invented neighbours."""
    around = [(line + step, f"    neighbour {step:+d} of the quoted line") for step in range(-5, 6) if line + step > 0]
    context = tuple((n, text if n == line else other) for n, other in around)
    return model.Evidence(file, line, text, context=context, **more)


def incident() -> model.Report:
    """Twelve workers in three zones; four in one zone cannot reach the others' BGP port."""
    log = "logs/calico-node-x7k2p.log"
    return model.Report(
        tool=TOOL,
        generated_at=minutes(200),
        bundle=_bundle(log),
        cluster=model.ClusterInfo(
            "iks-classic", "v1.29.4+IKS", "v3.27.2", "calico-system", 12, 0, 12, 3,
            name="c0a1b2c3d4", facts=(("Worker OS", "Ubuntu 20.04.6 LTS"), ("Container runtime", "containerd://1.7.13")),
        ),
        verdict="causes-found",
        verdict_reason="One cause explains all symptoms; the next one is 14 times less probable.",
        causes=(_port_blocked(log), _typha(), _mtu()),
        symptoms=(
            model.SymptomResult(
                "bgp-not-established", "BGP sessions are not established", BAD,
                (quoted("describe/calico-node-x7k2p.txt", 88, "  Warning  Unhealthy  2m (x201 over 73m)  kubelet  Readiness probe failed: calico/node is not ready: BIRD is not ready: BGP not established with 10.30.7.20,10.30.7.21", time=minutes(60), count=201, node=BAD[0]),),
                ("bgp-port-blocked",),
            ),
            model.SymptomResult("calico-node-not-ready", "calico-node pods are 0/1 Running", BAD, (), ("bgp-port-blocked",)),
        ),
        missing=(
            model.MissingItem("birdcl show protocols", "BIRD logs no failed connection: only its protocol list tells refused from silent peers", "kubectl exec -n calico-system calico-node-x7k2p -c calico-node -- birdcl -s /var/run/calico/bird.ctl show protocols all"),
            model.MissingItem("BGPConfiguration and BGPPeer objects", "a mesh that is off or a password is configured there", "kubectl get bgpconfigurations.crd.projectcalico.org,bgppeers.crd.projectcalico.org -o yaml"),
        ),
        unrecognized=(
            model.Unrecognized("Failed to frobnicate <*> after <N> tries", "ERROR", 3, log, 940, minutes(12), minutes(55)),
            model.Unrecognized("odd reply from <IP>", "WARNING", 41, log, 977, minutes(3), minutes(70)),
        ),
        timeline=_timeline(log),
        warnings=(model.Warning_("logs/calico-node-9q4fz.log.gz", "truncated: 81,920 of about 400,000 bytes could be read"),),
        next_action=model.NextAction("Test TCP port 179 from one affected worker to a worker of another zone.", f"kubectl debug node/{BAD[0]} -it --image=busybox -- nc -vz -w 3 10.30.7.20 179", "safe"),
        recent_changes=(
            model.RecentChange("GlobalNetworkPolicy deny-all-private was created", 5400.0, "", "objects/gnp.yaml", 7),
            model.RecentChange(f"{BAD[0]} is a new worker", 86400.0, BAD[0], "nodes.txt", 6),
        ),
        onset=model.Onset(minutes(4), "first BGP session lost", BAD[0], log, 911),
        peer_matrix=_peers(),
        node_matrix=model.NodeMatrix(
            NODES,
            (("bgp-not-established", "BGP not established"), ("calico-node-not-ready", "calico-node not ready"), ("node-not-ready", "worker NotReady")),
            tuple(
                model.NodeMatrixCell(node, symptom, "yes" if node in BAD and symptom != "node-not-ready" else "no")
                for node in NODES[:10]
                for symptom in ("bgp-not-established", "calico-node-not-ready", "node-not-ready")
            ),
        ),
        contrast=model.Contrast(BAD, NODES[:3], (model.ContrastRow("BGP sessions up", ("3 of 11", "3 of 11", ""), ("8 of 11", "8 of 11", "8 of 11"), True), model.ContrastRow("Zone", ("dal12",) * 3, ("dal10",) * 3), model.ContrastRow("Kernel", ("5.4.0-182-generic",) * 3, ("5.4.0-182-generic",) * 3)), 3, 9),
        escalation=model.Escalation("If port 179 is open in both directions and the sessions stay down for 30 minutes.", ("armada-network squad", "https://example.com/escalation"), ("this report", "birdcl show protocols all")),
        log_levels_over_time=model.LogLevels(600, tuple(model.LogLevelBucket(minutes(10 * n), (("ERROR", 3 * n % 11), ("WARNING", 5 * n % 7), ("INFO", 40 + n))) for n in range(12))),
        workers=tuple(
            model.WorkerState(node, "bad" if node in BAD else "healthy", (("calico-node", "not ready" if node in BAD else "ready"), ("BGP sessions up", "3 of 11" if node in BAD else "8 of 11"), ("Zone", ZONES[number // 4]), ("Kubelet", "v1.29.4+IKS")))
            for number, node in enumerate(NODES)
        ),
        pods=tuple(
            model.PodState("calico-system", f"calico-node-{number:05d}", "calico-node", node, node not in BAD, "Running", 7 if node == BAD[0] else 0)
            for number, node in enumerate(NODES)
        ),
        restarts=(
            model.ContainerRestarts(BAD[0], "calico-node-00004", "calico-node", 7, (model.RestartMoment(minutes(20), "started"), model.RestartMoment(minutes(48), "ended: Error, exit code 1", "error"), model.RestartMoment(minutes(49), "started again"))),
            model.ContainerRestarts("", "typha-6c9f", "calico-typha", 1, ()),
        ),
    )  # fmt: skip


def _bundle(log: str) -> model.BundleInfo:
    return model.BundleInfo(
        name="CS1234567-mustgather.tgz",
        sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        bytes=4_812_334,
        files=(
            model.FileInfo("nodes.txt", "get", bytes=2890, lines=13),
            model.FileInfo("describe/calico-node-x7k2p.txt", "describe", "calico-system", "calico-node-x7k2p", "", BAD[0], 9120, 141),
            model.FileInfo(log, "log", "calico-system", "calico-node-x7k2p", "calico-node", BAD[0], 812_000, 5480),
            model.FileInfo("logs/calico-node-9q4fz.log.gz", "log", "calico-system", "calico-node-9q4fz", "calico-node", BAD[1], 81_920, 610, ("truncated gzip",)),
        ),
        first_time=START,
        last_time=minutes(115),
        collected=minutes(118),
    )  # fmt: skip


def _port_blocked(log: str) -> model.CauseResult:
    return model.CauseResult(
        id="bgp-port-blocked", rank=1, title="TCP port 179 is blocked between workers", family="bgp",
        probability=0.934, confidence="likely", scope="cluster", affected=BAD,
        in_common=(model.InCommon("zone", "dal12", 3, 4, 0.0182),),
        evidence=(
            quoted(log, 911, "2026-03-16 03:44:02.118 [INFO][77] bird: Mesh_10_30_7_20: State changed to down", time=minutes(4), signal="sessions-lost", weight=4.25, count=9, says="Sessions to the workers of the other zones went down at once.", node=BAD[0], pod="calico-node-x7k2p"),
            quoted("describe/calico-node-x7k2p.txt", 88, "  Warning  Unhealthy  2m (x201 over 73m)  kubelet  Readiness probe failed: calico/node is not ready: BIRD is not ready: BGP not established with 10.30.7.20,10.30.7.21", time=minutes(60), signal="not-established", weight=2.48, count=201, says="BGP is missed only with workers of other zones.", node=BAD[0]),
            quoted("objects/gnp.yaml", 7, '  creationTimestamp: "2026-03-16T03:43:51Z"', signal="policy-before-onset", weight=6.8, says="A policy that drops private traffic was created seconds before the first session was lost."),
        ),
        against=(quoted(log, 12, "2026-03-16 02:01:11.000 [INFO][9] startup/startup.go 432: Early log level set to info", signal="mesh-fine-before", weight=-0.5, says="The sessions were up for two days before.", time=minutes(-99)),),
        explains=("bgp-not-established", "calico-node-not-ready", "bgp-peer-down", "worker-local-failure"),
        remediation=(
            model.RemediationStep("Test the port from one affected worker to a worker of another zone.", f"kubectl debug node/{BAD[0]} -it --image=busybox -- nc -vz -w 3 10.30.7.20 179"),
            model.RemediationStep("Take the policy out of force, or let TCP 179 between workers through it.", "kubectl get globalnetworkpolicies.crd.projectcalico.org deny-all-private -o yaml > deny-all-private.yaml\nkubectl delete globalnetworkpolicies.crd.projectcalico.org deny-all-private", "disruptive"),
            model.RemediationStep("Ask the customer what changed on the gateway device and its firewall since the onset."),
            model.RemediationStep("Reload the worker only if the sessions stay down with the port open.", f"ibmcloud ks worker reload --cluster c0a1b2c3d4 --worker kube-c0a1b2c3d4-{BAD[0]}", "destructive"),
        ),
        references=("runbook: calico-node Pod Not Running on One or a Few Customer Workers", "https://docs.tigera.io/calico/latest/getting-started/kubernetes/requirements"),
        summary="Workers of one zone cannot open BGP sessions to the others, so no pod routes are exchanged between them.",
        why_rank="It alone explains why every missed peer is in another zone, and it began with the policy.",
        confirm=(
            model.ConfirmStep("`Connect` or `Active` with a socket error in BIRD's protocol list confirms it.", "kubectl exec -n calico-system calico-node-x7k2p -c calico-node -- birdcl -s /var/run/calico/bird.ctl show protocols all"),
            model.ConfirmStep("A session that is established to another zone refutes it."),
        ),
        onset=minutes(4),
        folded=(
            model.FoldedCause("bgp-peer-down", "A BGP peer is down", 0.41, "its peers are all behind the blocked port", BAD),
            model.FoldedCause("worker-local-failure", "Something is wrong with the worker itself", 0.12),
        ),
    )  # fmt: skip


def _typha() -> model.CauseResult:
    return model.CauseResult(
        id="typha-unavailable", rank=2, title="calico-typha cannot be reached", family="typha",
        probability=0.11, confidence="possible", scope="cluster", affected=BAD[:1],
        evidence=(quoted("logs/calico-node-x7k2p.log", 1204, "2026-03-16 03:51:40.900 [WARNING][77] felix/sync_client.go 183: error connecting to Typha error=dial tcp 10.30.7.22:5473: i/o timeout", time=minutes(11), signal="typha-timeout", weight=2.4, count=4, says="Felix could not connect to typha.", node=BAD[0]),),
        remediation=(model.RemediationStep("Look at the typha pods first.", "kubectl get pods -n calico-system -l k8s-app=calico-typha -o wide"),),
        summary="Felix gets its policy and endpoints from typha and cannot reach it.",
        why_rank="Four timeouts on one worker, over after nine minutes.",
    )  # fmt: skip


def _mtu() -> model.CauseResult:
    return model.CauseResult(
        id="mtu-mismatch", rank=3, title="The MTU does not fit the network", family="dataplane",
        probability=0.031, confidence="unlikely", scope="node", affected=(NODES[0],),
        remediation=(model.RemediationStep("Compare the MTU of cali interfaces with the worker's."),),
    )  # fmt: skip


def _timeline(log: str) -> tuple[model.TimelineEntry, ...]:
    entries = [
        model.TimelineEntry(
            minutes(2), "", "", "GlobalNetworkPolicy deny-all-private created", "info", "objects/gnp.yaml", 7
        ),
        model.TimelineEntry(
            minutes(4),
            BAD[0],
            "calico-node-x7k2p",
            "bird: Mesh_10_30_7_20: State changed to down (x9)",
            "error",
            log,
            911,
        ),
        model.TimelineEntry(
            minutes(4.2),
            BAD[1],
            "calico-node-9q4fz",
            "bird: Mesh_10_30_7_20: State changed to down",
            "error",
            "logs/calico-node-9q4fz.log.gz",
            55,
        ),
        model.TimelineEntry(
            minutes(11), BAD[0], "calico-node-x7k2p", "felix: error connecting to Typha (x4)", "warning", log, 1204
        ),
        model.TimelineEntry(
            minutes(35),
            NODES[0],
            "calico-node-aaaaa",
            "calico-node started",
            "info",
            "describe/calico-node-aaaaa.txt",
            31,
        ),
    ]
    entries += [
        model.TimelineEntry(
            minutes(20 + 7 * n),
            BAD[n % 3],
            "",
            f"Unhealthy (x{n + 2}): Readiness probe failed: BIRD is not ready",
            "warning",
            "events.txt",
            40 + n,
        )
        for n in range(12)
    ]
    return tuple(entries)  # fmt: skip


def _peers() -> model.PeerMatrix:
    groups = tuple(model.PeerGroup(zone, NODES[4 * n : 4 * n + 4]) for n, zone in enumerate(ZONES))
    zone_of = {node: group.name for group in groups for node in group.nodes}
    cells = []
    for node in NODES[:10]:
        for peer in NODES:
            if node == peer:
                continue
            cut = zone_of[node] != zone_of[peer] and "dal12" in (zone_of[node], zone_of[peer])
            cells.append(model.PeerCell(node, peer, "not-established" if cut else "established"))
    return model.PeerMatrix(NODES, tuple(cells), groups)


def healthy() -> model.Report:
    """Nothing wrong; scary start-up lines are named as noise."""
    base = incident()
    return replace(
        base,
        verdict="no-problem-found", verdict_reason="All calico-node pods that were seen are ready and no worker is NotReady.",
        cluster=replace(base.cluster, calico_nodes_not_ready=0),
        causes=(), symptoms=(), missing=base.missing[:1], next_action=None, onset=None, contrast=None, escalation=None,
        peer_matrix=None, node_matrix=None, recent_changes=(), unrecognized=(),
        timeline=tuple(item for item in base.timeline if item.severity == "info"),
        checked=(
            model.CheckedItem("Workers Ready", "healthy", "12 of 12"),
            model.CheckedItem("calico-node pods ready", "healthy", "12 of 12"),
            model.CheckedItem("BGP sessions", "healthy", "132 of 132 established"),
            model.CheckedItem("CNI configuration", "unknown", "the bundle holds no install-cni log"),
        ),
        noise=(model.Noise("bird: Unable to open configuration file /etc/calico/confd/config/bird.cfg", "BIRD starts before confd has written its first configuration", 4, "logs/calico-node-x7k2p.log", 31),),
    )  # fmt: skip


def not_enough() -> model.Report:
    """One describe of one pod: nothing can be said."""
    return model.Report(
        tool=TOOL,
        generated_at=minutes(200),
        bundle=model.BundleInfo("pod.txt", "", 2100, (model.FileInfo("pod.txt", "describe", bytes=2100, lines=40),)),
        cluster=model.ClusterInfo(calico_nodes_seen=1, calico_nodes_not_ready=1),
        verdict="not-enough-data",
        verdict_reason="A calico-node pod is not ready, and the bundle holds no log that says why.",
        symptoms=(model.SymptomResult("calico-node-not-ready", "calico-node pods are 0/1 Running", ("10.1.2.3",), (quoted("pod.txt", 9, "    Ready:          False"),)),),
        missing=(
            model.MissingItem("calico-node log of the pod in trouble", "felix, confd, BIRD and the start-up name the reason there", "kubectl logs -n <kube-system|calico-system> <CALICO_NODE_POD> -c calico-node > calico-node.log"),
            model.MissingItem("describe node of the worker in trouble", "its conditions tell a worker that lost the master from one where only calico-node fails", "kubectl describe node <WORKER_NODE_NAME>"),
            model.MissingItem("list of all workers", "one worker alone cannot tell a broken worker from a broken cluster", ""),
        ),
    )  # fmt: skip


def with_text(value: Any, text: str, keep: frozenset[str] = frozenset()) -> Any:
    """The same model with ``text`` in every text field except enumerations and names in ``keep``."""
    closed = {
        "verdict",
        "confidence",
        "scope",
        "risk",
        "platform",
        "severity",
        "state",
        "schema_version",
        "level",
    } | keep
    if isinstance(value, msgspec.Struct):
        changed = {item.name: getattr(value, item.name) for item in fields(value)}
        return replace(
            value, **{name: item if name in closed else with_text(item, text, keep) for name, item in changed.items()}
        )
    if isinstance(value, tuple):
        return tuple(with_text(item, text, keep) for item in value)
    return text if isinstance(value, str) else value


ATTACK = (
    "<script>alert(1)</script><img src=x onerror=alert(2)>\"'`--><!--</style></title></pre></details>"
    "{{ 7*7 }}{% raw %}${{x}} @octocat #12 GH-3 org/repo#4 https://evil.example/x "
    "```\n# heading\n- [ ] item\n| a | b |\n\x1b[31mred\x1b]8;;http://evil.example\x07\x00\x9b2J\u202egnp\u2066 [bold]x[/bold] :link: ![i](http://evil.example/i.png)"
)


def hostile() -> model.Report:
    """The incident with an attack in every free text."""
    report: model.Report = with_text(incident(), ATTACK)
    return replace(report, checked=healthy().checked, noise=with_text(healthy().noise, ATTACK))


def long() -> model.Report:
    """Far too much of everything."""
    base = incident()
    line = "2026-03-16 03:44:02.118 [ERROR][77] felix/x.go 1: " + "long ``` @name #1 <b> " * 60
    evidence = tuple(
        quoted(f"logs/{n}.log", n + 10, line, says=f"Signal {n % 5}.", weight=1.0, count=2) for n in range(400)
    )
    causes = tuple(replace(base.causes[0], id=f"cause-{n}", rank=n + 1, evidence=evidence) for n in range(30))
    timeline = tuple(replace(base.timeline[n % 5], what=f"{n} " + line[:300]) for n in range(20_000))
    files = tuple(replace(base.bundle.files[1], path=f"namespaces/x/{n}.txt") for n in range(30_000))
    return replace(base, causes=causes, timeline=timeline, bundle=replace(base.bundle, files=files))


def golden(name: str, text: str) -> None:
    """Compare with the stored page; with GOLDEN=write in the environment store it instead, and fail."""
    path = Path(__file__).parent / "golden" / name
    if os.environ.get("GOLDEN") == "write":
        path.write_text(text, encoding="utf-8")
        raise AssertionError(f"{path} written: look at the difference, then run without GOLDEN")
    assert text == path.read_text(encoding="utf-8"), f"{name} differs; GOLDEN=write stores the new one"
