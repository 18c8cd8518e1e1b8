"""operator-migration-incomplete: the first two told without having seen the rules, the others by the rules' author from public threads."""

from __future__ import annotations

import json
from datetime import datetime

from cluster import container, join
from telling import FELIX_503, Incident, incident, wrapped

CAUSE = "operator-migration-incomplete"


def unsupported_config(now: datetime) -> Incident:
    story = incident(
        "operator-refuses-the-old-installation",
        CAUSE,
        "The operator cannot take the old installation over (CNI config wants IPv4, no valid IPv4 pool is found), so all calico-node pods stay in kube-system, the nodes have no migration label.",
        "https://github.com/projectcalico/calico/issues/6980",
        now,
        platform="other",
        calico="v3.21.4",
        kubernetes="v1.23.6",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="medium",
        acceptable=["ippool-misconfigured", "invalid-calico-config"],
    )
    hosts = {f"node{n}": f"10.3.60.{20 + n}" for n in range(1, 5)}
    story.hosts(hosts)
    story.staff(hosts, started=1_600_000)
    op = story.other(
        "tigera-operator-6f669b6c4f-b8qdn",
        "node2",
        namespace="tigera-operator",
        owner="ReplicaSet/tigera-operator-6f669b6c4f",
        app="tigera-operator",
        image="quay.io/tigera/operator:v1.28.5",
        restarts=2,
        started=90_000,
        last=("Error", 1, 90_010),
        age=260_000,
    )
    error = "CNI config indicates assign_ipv4=true but there were no valid IPv4 pools found. To fix it, create an IPv4 pool or set assign_ipv4=false on cni-config"
    lines = []
    for n in range(25):
        stamp = now.timestamp() - 900 + 30 * n
        lines.append(
            json.dumps(
                {
                    "level": "info",
                    "ts": stamp,
                    "logger": "controller_installation",
                    "msg": "Reconciling Installation.operator.tigera.io",
                    "Request.Namespace": "",
                    "Request.Name": "default",
                }
            )
        )
        lines.append(
            json.dumps(
                {
                    "level": "error",
                    "ts": stamp + 0.4,
                    "logger": "controller_installation",
                    "msg": "MigrationError",
                    "Request.Namespace": "",
                    "Request.Name": "default",
                    "MigrationError": "Existing Calico installation can not be managed by Tigera Operator as it is configured in a way that Operator does not currently support. Please update your existing Calico install config",
                    "error": error,
                    "stacktrace": "github.com/tigera/operator/pkg/controller/installation.(*ReconcileInstallation).Reconcile\n\t/go/src/github.com/tigera/operator/pkg/controller/installation/core_controller.go:819",
                }
            )
        )
    story.log(op, lines)
    story.texts["tigerastatus.txt"] = (
        "NAME     AVAILABLE   PROGRESSING   DEGRADED   SINCE\ncalico               False         True       2d23h\n"
    )
    story.texts["get-ds-A.txt"] = (
        "NAMESPACE       NAME          DESIRED   CURRENT   READY   UP-TO-DATE   AVAILABLE   NODE SELECTOR            AGE\n"
        "kube-system     calico-node   4         4         4       4            4           kubernetes.io/os=linux   2y80d\n"
        "kube-system     kube-proxy    4         4         4       4            4           kubernetes.io/os=linux   2y80d\n"
    )
    name = story.pods["node1"]
    story.log(name, story.quiet(2000, 10, 180))
    story.describe("node1")
    story.commands["nodes-labels.txt"] = "get nodes --show-labels"
    story.affected = []
    story.cite(f"{op}.log", "Existing Calico installation can not be managed by Tigera Operator")
    return story


def too_few_untainted_workers(now: datetime) -> Incident:
    story = incident(
        "move-to-calico-system-stops-after-two-workers",
        CAUSE,
        "After the update to 1.29 two of six workers have their calico-node in calico-system, four still in kube-system with the label pre-operator, since nine hours: four workers are tainted by the customer, so typha of the new namespace has no third worker beside the old one and stays Pending.",
        "https://cloud.ibm.com/docs/containers?topic=containers-cs_versions_129",
        now,
        platform="classic",
        calico="v3.26.4",
        kubernetes="v1.28.15+IKS",
        namespace="kube-system",
        difficulty="hard",
        acceptable=["pod-scheduling-blocked", "typha-unavailable"],
    )
    taint = [("dedicated", "NoSchedule")]
    label = "projectcalico.org/operator-node-migration"
    moved = story.workers(["10.138.22.4", "10.138.22.7"], labels={label: "migrated"})
    rest = story.workers([f"10.138.22.{n}" for n in (11, 12, 16, 20)], labels={label: "pre-operator"}, taints=taint)
    story.agents(rest, started=1_600_000)
    for node in moved:
        story.agents(
            [node], namespace="calico-system", image="icr.io/ext/calico/node:v3.27.2", started=32_000, age=32_100
        )
    story.namespace = "calico-system"
    story.typha(moved[0], "n7d2k")
    wait = story.typha("", "c9x4w", ready=False)
    story.namespace = "kube-system"
    story.typha(moved[1], "2rk8s")
    text = "0/6 nodes are available: 2 node(s) didn't have free ports for the requested pod ports, 4 node(s) had untolerated taint {dedicated: }. preemption: 0/6 nodes are available: 2 No preemption victims found for incoming pod, 4 Preemption is not helpful for scheduling."
    for made in story.objects["Pod"]:
        if "typha" in made["metadata"]["name"] and made["metadata"]["namespace"] == "calico-system":
            made["metadata"]["creationTimestamp"] = story.ago(32_050)
    story.pod_event(
        wait, "FailedScheduling", text, 120, 32_000, 107, source="default-scheduler", namespace="calico-system"
    )
    op = story.other(
        "tigera-operator-58f95869d6-l5xkz",
        moved[1],
        namespace="tigera-operator",
        owner="ReplicaSet/tigera-operator-58f95869d6",
        app="tigera-operator",
        image="icr.io/ext/tigera/operator:v1.32.5",
        age=33_000,
        started=32_900,
    )
    failure = {
        "level": "error",
        "logger": "controller_installation",
        "msg": "error migrating resources to calico-system",
        "Request.Namespace": "",
        "Request.Name": "default",
        "reason": "ResourceMigrationError",
        "error": "failed to wait for operator typha deployment to be ready: waiting for typha to have 3 replicas, currently at 1",
        "stacktrace": "github.com/tigera/operator/pkg/controller/status.(*statusManager).SetDegraded\n\t/go/src/github.com/tigera/operator/pkg/controller/status/status.go:356",
    }
    lines = [json.dumps({**failure, "ts": story.ago(1200 - 60 * n)}) for n in range(20)]
    story.log(op, lines)
    story.texts["tigerastatus.txt"] = (
        "NAME        AVAILABLE   PROGRESSING   DEGRADED   SINCE\napiserver   True        False         False      8h\ncalico      False       True          True       9h\nippools     True        False         False      9h\n"
    )
    story.commands = {
        "pods.txt": "get pods -A -o wide",
        "nodes.txt": "get nodes --show-labels",
        "describe-typha-pending.txt": f"describe pod -n calico-system {wait}",
        f"describe-node-{rest[0]}.txt": f"describe node {rest[0]}",
        "describe-calico-node-old.txt": f"describe pod -n kube-system {story.pods[rest[0]]}",
        "describe-calico-node-new.txt": f"describe pod -n calico-system {story.pods[moved[0]]}",
    }
    story.log(story.pods[rest[0]], story.quiet(2400, 10, 300))
    story.affected = rest
    story.cite(f"{op}.log", "error migrating resources to calico-system")
    return story


def two_daemonsets_at_once(now: datetime) -> Incident:
    story = incident(
        "kube-system-and-calico-system-side-by-side",
        CAUSE,
        "The move to the operator stopped half-way: calico-node of kube-system still runs on two workers (label not moved), calico-system's on one; the operator says it waits for the migration, the new pod finds its ports taken on a worker that has both.",
        "https://github.com/tigera/operator/issues/1455",
        now,
        platform="classic",
        calico="v3.27.4",
        kubernetes="v1.29.12+IKS",
        difficulty="hard",
    )
    nodes = story.workers([f"10.151.6.{n}" for n in (2, 3, 4)])
    story.namespace = "kube-system"
    story.agents(nodes[:2], started=5_000_000, age=5_000_000)
    story.namespace = "calico-system"
    name = story.agents([nodes[2]], started=4000, age=4000, suffix="mg7tk")[0]
    story.other(
        "tigera-operator-59b9d6f8c9-t2w4c",
        nodes[0],
        namespace="tigera-operator",
        owner="ReplicaSet/tigera-operator-59b9d6f8c9",
        app="tigera-operator",
        image="icr.io/ext/tigera/operator:v1.32.10",
    )
    story.log("tigera-operator-59b9d6f8c9-t2w4c", [
        json.dumps({"level": "info", "ts": story.ago(4300), "logger": "migration_convert", "msg": "checking that kube-system calico-node is ready to be migrated"}),
        json.dumps({"level": "info", "ts": story.ago(4100), "logger": "setup", "msg": "Migrating node", "node": nodes[2]}),
        *(json.dumps({"level": "error", "ts": story.ago(3900 - 300 * n), "logger": "controller_installation", "msg": "error: Existing Calico installation can not be managed by Tigera Operator as it is configured in a way that Operator does not currently support. Please update your existing Calico install config", "reason": "MigrationError", "error": "failed to migrate nodes: there is not enough available calico-node pods in kube-system to continue"}) for n in range(9)),
    ])  # fmt: skip
    story.texts["tigerastatus.txt"] = join([
        "NAME        AVAILABLE   PROGRESSING   DEGRADED   SINCE",
        "apiserver   True        False         False      98m",
        "calico      False       True          True       65m",
    ])  # fmt: skip
    story.describe(nodes[2], name)
    story.affected = nodes
    story.cite("tigera-operator-59b9d6f8c9-t2w4c.log", "failed to migrate nodes")
    return story


def master_ahead_of_its_crds(now: datetime) -> Incident:
    story = incident(
        "operator-newer-than-its-own-definitions",
        CAUSE,
        "A master update was interrupted: the operator was replaced by a release that wants a new Installation field and the tier kind, the definitions were not; it restarts with no matches for kind, calico-node keeps running in the old version on all workers except two that were replaced and have none yet.",
        "https://github.com/tigera/operator/issues/3222",
        now,
        platform="vpc",
        calico="v3.28.2",
        acceptable=["crd-or-version-mismatch"],
        difficulty="hard",
    )
    nodes = story.workers([f"10.247.0.{n}" for n in (4, 5)])
    bad = story.workers(
        ["10.247.0.9"],
        age=3000,
        since=2900,
        ready=(
            "False",
            "KubeletNotReady",
            "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized",
        ),
    )
    story.agents(nodes, started=5_000_000)
    story.other(
        "tigera-operator-7c6f8d9b5-9xzlp",
        nodes[0],
        namespace="tigera-operator",
        owner="ReplicaSet/tigera-operator-7c6f8d9b5",
        app="tigera-operator",
        image="icr.io/ext/tigera/operator:v1.36.5",
        ready=False,
        restarts=18,
        waiting="CrashLoopBackOff",
        last=("Error", 1, 120),
    )
    story.log("tigera-operator-7c6f8d9b5-9xzlp", [
        json.dumps({"level": "info", "ts": story.ago(125), "logger": "setup", "msg": "Version: v1.36.5"}),
        json.dumps({"level": "info", "ts": story.ago(124), "logger": "setup", "msg": "Active operator: proceeding"}),
        json.dumps({"level": "error", "ts": story.ago(121), "logger": "controller-runtime.source.EventHandler", "msg": "if kind is a CRD, it should be installed before calling Start", "kind": "Tier.crd.projectcalico.org", "error": 'no matches for kind "Tier" in version "crd.projectcalico.org/v1"'}),
        json.dumps({"level": "error", "ts": story.ago(120), "logger": "setup", "msg": "problem running manager", "error": "failed to wait for tigera-installation-controller caches to sync: timed out waiting for cache to be synced for Kind *v3.Tier"}),
    ])  # fmt: skip
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        f"describe-node-{bad[0]}.txt": f"describe node {bad[0]}",
    }
    story.affected = bad
    story.cite("tigera-operator-7c6f8d9b5-9xzlp.log", "no matches for kind")
    return story


# told on 29 November 2026 without having seen the rules
def one_worker_loses_typha_before_its_move(now: datetime) -> Incident:
    story = incident(
        "single-worker-is-left-between-two-namespaces",
        CAUSE,
        "IKS with one worker: to make room the operator scaled the old typha to 0 before it moved calico-node. The old calico-node lost its typha, went into CrashLoopBackOff, and the operator, which waits for it to be ready, moves nothing: the node stays pre-operator. Loud is the missing typha; the move that stopped half-way is the cause.",
        "https://github.com/tigera/operator/pull/3188",
        now,
        platform="classic",
        calico="v3.26.4",
        kubernetes="v1.28.7+IKS",
        namespace="kube-system",
        difficulty="hard",
        acceptable=["typha-unavailable"],
    )
    label = "projectcalico.org/operator-node-migration"
    node = story.workers(["10.127.40.18"], labels={label: "pre-operator"})[0]
    name = story.agents(
        [node],
        ready=False,
        restarts=14,
        waiting="CrashLoopBackOff",
        last=("Error", 1, 70),
        age=3_462,
        init=[container(story, "install-cni", "icr.io/ext/calico/cni:v3.26.4", done=True, started=3_459)],
    )[0]
    story.probe(name, FELIX_503, 75, 3_300, 66)
    story.pod_event(
        name,
        "BackOff",
        f"Back-off restarting failed container calico-node in pod {name}_kube-system(2d11)",
        8,
        3_000,
        188,
    )
    story.namespace, story.calico = "calico-system", "v3.27.2"
    story.typha(node, "krwq5", started=3_420)
    story.objects["Pod"][-1]["metadata"]["creationTimestamp"] = story.ago(3_450)
    story.other(
        "calico-kube-controllers-6f7d9b8c54-q2lvm", node, "172.30.91.6", "calico-system", "ReplicaSet/calico-kube-controllers-6f7d9b8c54", "calico-kube-controllers",
        "icr.io/ext/calico/kube-controllers:v3.27.2", age=3_440, started=3_400,
    )  # fmt: skip
    op = story.other(
        "tigera-operator-6d9f5c6b7d-8jv2s", node, namespace="tigera-operator", owner="ReplicaSet/tigera-operator-6d9f5c6b7d", app="tigera-operator",
        image="icr.io/ext/tigera/operator:v1.32.5", age=3_620, started=3_580,
    )  # fmt: skip
    story.namespace, story.calico = "kube-system", "v3.26.4"
    request = {"logger": "controller_installation", "Request.Namespace": "", "Request.Name": "default"}
    lines = [
        json.dumps(
            {"level": "info", "ts": story.ago(3_575), "logger": "setup", "msg": "Version: v1.32.5"},
            separators=(",", ":"),
        ),
        json.dumps(
            {
                "level": "info",
                "ts": story.ago(3_470),
                "logger": "controller_installation",
                "msg": "Labeling all nodes with pre-operator label",
            },
            separators=(",", ":"),
        ),
        json.dumps(
            {
                "level": "info",
                "ts": story.ago(3_455),
                **request,
                "msg": "Scaling kube-system/calico-typha deployment to 0 replicas to make room for migration",
            },
            separators=(",", ":"),
        ),
    ]
    failure = {
        "msg": "error migrating resources to calico-system", "reason": "ResourceMigrationError",
        "error": "failed to migrate all nodes: nodes did not become ready for migration: context deadline exceeded",
        "stacktrace": "github.com/tigera/operator/pkg/controller/status.(*statusManager).SetDegraded\n\t/go/src/github.com/tigera/operator/pkg/controller/status/status.go:356",
    }  # fmt: skip
    lines += [
        json.dumps({"level": "error", "ts": story.ago(3_190 - 190 * n), **request, **failure}, separators=(",", ":"))
        for n in range(16)
    ]
    story.log(op, lines)
    log = story.failing(node, 96) + [
        x for x in story.boot(node, 95.9, bird=False)[5:] if "Completed" not in x and "ifaceName" not in x
    ]
    for i in range(11):
        log.append(
            story.say(93 - 2 * i, "ERROR", 61, "felix", "discovery.go 228:", "Didn't find any ready Typha instances.")
        )
        log.append(
            story.say(
                93 - 2 * i,
                "ERROR",
                61,
                "felix",
                "daemon.go 337:",
                "Typha discovery enabled but discovery failed. error=no Typha endpoints available",
            )
        )
    story.log(name, log)
    story.describe(node, name)
    story.affected = [node]
    story.cite(f"{op}.log", "Scaling kube-system/calico-typha deployment to 0 replicas to make room for migration")
    story.cite(f"{op}.log", "error migrating resources to calico-system")
    return story


def autoscaler_counts_no_node_while_all_are_labelled(now: datetime) -> Incident:
    story = incident(
        "typha-autoscaler-sees-none-of-the-labelled-nodes",
        CAUSE,
        "A first attempt of the move failed after all nodes had got the label pre-operator; since then the operator's typha autoscaler counts no node ('require 1 and have 0') and degrades before it tries again. All calico-node pods run on in kube-system in the old version and are healthy; only status and labels show the standstill.",
        "https://github.com/tigera/operator/pull/3156",
        now,
        platform="other",
        calico="v3.25.2",
        kubernetes="v1.27.10",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="medium",
    )
    hosts = {f"stage-{n}": f"10.33.17.{n + 40}" for n in (1, 2)}
    story.hosts(
        hosts,
        labels={"projectcalico.org/operator-node-migration": "pre-operator"},
        os_image="Ubuntu 22.04.3 LTS",
        kernel="5.15.0-94-generic",
        runtime="containerd://1.7.13",
    )
    story.staff(hosts, started=190_000, age=190_040)
    story.namespace, story.calico = "calico-system", "v3.27.0"
    story.typha("stage-2", "sd8fz", started=188_000)
    story.objects["Pod"][-1]["metadata"]["creationTimestamp"] = story.ago(188_030)
    story.other(
        "tigera-operator-55585899bf-k7n9w", "stage-1", namespace="tigera-operator", owner="ReplicaSet/tigera-operator-55585899bf", app="tigera-operator",
        image="quay.io/tigera/operator:v1.32.3", age=191_000, started=185_000, restarts=1, last=("Error", 1, 185_020),
    )  # fmt: skip
    story.namespace = "kube-system"
    story.texts["tigerastatus.yaml"] = join(
        [
            "apiVersion: operator.tigera.io/v1", "kind: TigeraStatus", "metadata:", f'  creationTimestamp: "{story.ago(190_900)}"', "  generation: 1", "  name: calico", '  resourceVersion: "61188204"', "spec: {}", "status:", "  conditions:",
            f'  - lastTransitionTime: "{story.ago(185_000)}"', "    observedGeneration: 3", "    reason: Unknown", '    status: "False"', "    type: Available",
            f'  - lastTransitionTime: "{story.ago(184_960)}"', "    message: 'Failed to autoscale typha - not enough linux nodes to schedule typha", "      pods on, require 1 and have 0: '", "    observedGeneration: 3", "    reason: ResourceScalingError", '    status: "True"', "    type: Degraded",
        ]
    )  # fmt: skip
    old, moved = (
        f"kubernetes.io/os=linux,projectcalico.org/operator-node-migration={x}" for x in ("pre-operator", "migrated")
    )
    rows = [
        ("NAMESPACE", "NAME", "DESIRED", "CURRENT", "READY", "UP-TO-DATE", "AVAILABLE", "NODE SELECTOR", "AGE"),
        ("calico-system", "calico-node", "0", "0", "0", "0", "0", moved, "2d4h"),
        ("kube-system", "calico-node", "2", "2", "2", "2", "2", old, "1y203d"),
        ("kube-system", "kube-proxy", "2", "2", "2", "2", "2", "kubernetes.io/os=linux", "1y203d"),
    ]
    wide = [max(len(x) for x in column) for column in zip(*rows, strict=True)]
    story.texts["ds.txt"] = join(
        "   ".join(x.ljust(w) for x, w in zip(row, wide, strict=True)).rstrip() for row in rows
    )
    story.commands["pods-A.txt"] = "get pods -A -o wide"
    story.commands["nodes.txt"] = "get nodes --show-labels"
    story.log(story.pods["stage-1"], wrapped(story, story.quiet(6_000, 10, 450), "stamps"))
    story.affected = list(hosts)
    story.cite("tigerastatus.yaml", "Failed to autoscale typha - not enough linux nodes to schedule typha")
    return story


STORIES = [
    unsupported_config,
    too_few_untainted_workers,
    two_daemonsets_at_once,
    master_ahead_of_its_crds,
    one_worker_loses_typha_before_its_move,
    autoscaler_counts_no_node_while_all_are_labelled,
]
