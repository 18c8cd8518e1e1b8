"""operator-migration-incomplete: told without having seen the rules."""

from __future__ import annotations

import json
from datetime import datetime

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
    story.staff(hosts, started=4_000_000)
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


STORIES = [unsupported_config]
