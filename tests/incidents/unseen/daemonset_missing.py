"""daemonset-missing: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI, event
from telling import Incident, incident

CAUSE = "daemonset-missing"


def no_address(story: Incident) -> None:
    """The pod told last has no address yet."""
    status = story.objects["Pod"][-1]["status"]
    status |= {"podIPs": []}
    del status["podIP"]


def installation_was_deleted(now: datetime) -> Incident:
    story = incident(
        "installation-deleted-and-stuck-in-its-finalizer",
        CAUSE,
        "Somebody deleted the Installation 'default'; the operator removed the daemonset calico-node with all its pods and waits in a finalizer. No worker has a calico-node, nodes that were rebooted since have no network; typha and kube-controllers are gone too.",
        "https://github.com/projectcalico/calico/issues/9066",
        now,
        platform="other",
        calico="v3.27.0",
        kubernetes="v1.28.11",
        registry="docker.io/calico",
        difficulty="medium",
    )
    hosts = {f"ip-10-42-{a}-{b}.ec2.internal": f"10.42.{a}.{b}" for a, b in ((11, 27), (11, 93), (12, 140), (13, 8))}
    names = list(hosts)
    story.hosts(
        {k: hosts[k] for k in names[:3]},
        os_image="Amazon Linux 2",
        kernel="5.10.220-209.869.amzn2.x86_64",
        runtime="containerd://1.7.11",
    )
    story.hosts(
        {names[3]: hosts[names[3]]},
        ready=NO_CNI,
        since=1900,
        calico_up=False,
        taints=(("node.kubernetes.io/not-ready", "NoSchedule"),),
        os_image="Amazon Linux 2",
        kernel="5.10.220-209.869.amzn2.x86_64",
        runtime="containerd://1.7.11",
    )
    for i, node in enumerate(hosts):
        story.other(f"kube-proxy-{'bdfh'[i]}x2k9", node, restarts=i // 3)
        gone = f"calico-node-{'kmpr'[i]}7s2z"
        event(
            story,
            "DaemonSet",
            "calico-node",
            "SuccessfulDelete",
            f"Deleted pod: {gone}",
            3300,
            type_="Normal",
            source="daemonset-controller",
        )
        event(story, "Pod", gone, "Killing", "Stopping container calico-node", 3300, type_="Normal")
    story.node_event(
        names[3], "Rebooted", f"Node {names[3]} has been rebooted, boot id: 0c7be1b2-9a2f-4ea3-9f4e-6c1d9d8b2a10", 1950
    )
    story.other(
        "tigera-operator-55585899bf-9dlw4",
        names[0],
        namespace="tigera-operator",
        owner="ReplicaSet/tigera-operator-55585899bf",
        image="quay.io/tigera/operator:v1.32.3",
    )
    web = story.other(
        "web-5d8f7c9b6-hq2mz",
        names[3],
        "none",
        "default",
        "ReplicaSet/web-5d8f7c9b6",
        ready=False,
        phase="Pending",
        waiting="ContainerCreating",
        age=1800,
    )
    no_address(story)
    story.pod_event(
        web,
        "NetworkNotReady",
        "network is not ready: container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized",
        2,
        1790,
        890,
        namespace="default",
    )
    story.texts["get-ds.txt"] = (
        "NAMESPACE     NAME         DESIRED   CURRENT   READY   UP-TO-DATE   AVAILABLE   NODE SELECTOR   AGE\nkube-system   aws-node     0         0         0       0            0           none=none       20d\nkube-system   kube-proxy   4         4         4       4            4           <none>          20d\n"
    )
    story.texts["installation.yaml"] = (
        f'apiVersion: operator.tigera.io/v1\nkind: Installation\nmetadata:\n  creationTimestamp: "{story.ago(1_700_000)}"\n  deletionGracePeriodSeconds: 0\n  deletionTimestamp: "{story.ago(3310)}"\n  finalizers:\n  - tigera.io/operator-cleanup\n  generation: 4\n  name: default\nspec:\n  calicoNetwork:\n    bgp: Enabled\n  cni:\n    type: Calico\n  variant: Calico\nstatus:\n  variant: Calico\n'
    )
    op = '"logger":"controller_installation","Request.Namespace":"","Request.Name":"default"'
    story.texts["tigera-operator.log"] = "".join(
        f'{{"level":"{lv}","ts":"{story.ago(t)}",{op},"msg":"{m}"}}\n'
        for lv, t, m in (
            ("info", 3309, "Installation object is terminating"),
            ("info", 3308, "Reconciling Installation.operator.tigera.io"),
            ("info", 3240, "calico-system/calico-kube-controllers is terminated"),
            ("info", 1200, "Waiting for cleanup before removing finalizer"),
            ("info", 60, "Waiting for cleanup before removing finalizer"),
        )
    )
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe-node.txt": f"describe node {names[3]}",
    }
    story.events()
    story.affected = names
    story.cite("events.txt", "Deleted pod: calico-node-")
    return story


STORIES = [installation_was_deleted]
