"""operator-migration-incomplete: the first two told without having seen the rules, the others by the rules' author from public threads."""

from __future__ import annotations

import json
from datetime import datetime

from cluster import join
from telling import Incident, incident

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


STORIES = [unsupported_config, too_few_untainted_workers, two_daemonsets_at_once, master_ahead_of_its_crds]
