"""hostendpoint-setup-failed: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from cluster import container, event, pod
from telling import Incident, incident

CAUSE = "hostendpoint-setup-failed"


def label_is_too_long(now: datetime) -> Incident:
    story = incident(
        "host-endpoint-refused-for-its-label",
        CAUSE,
        "ROKS: calico-extension of ibm-keepalived-watcher cannot create the HostEndpoint of the workers of a new pool, a label made of the pool's name is longer than 63 characters. calico-node of these workers is 1/1 and quiet.",
        "https://github.com/kubernetes/apimachinery/blob/master/pkg/util/validation/validation.go (label values)",
        now,
        platform="roks",
        calico="v3.28.4",
        kubernetes="v1.30.7",
        difficulty="medium",
    )
    pool = "gpu-a100-batch-inference-production-eu-de-2-spot-replacement-pool-b2"
    nodes = story.workers(
        [f"10.177.140.{n}" for n in (35, 37, 44)],
        os_image="Red Hat Enterprise Linux 9.4 (Plow)",
        kernel="5.14.0-427.44.1.el9_4.x86_64",
        runtime="cri-o://1.30.8",
    )
    bad = story.workers(
        [f"10.177.140.{n}" for n in (58, 61)],
        age=9000,
        since=8600,
        os_image="Red Hat Enterprise Linux 9.4 (Plow)",
        kernel="5.14.0-427.44.1.el9_4.x86_64",
        runtime="cri-o://1.30.8",
        labels={"pool": "gpu-a100-b2"},
    )
    story.agents(nodes, started=1_300_000)
    story.agents(bad, started=8700, age=8800)
    watchers = {}
    for i, node in enumerate([*nodes, *bad]):
        failed = node in bad
        init = container(
            story,
            "calico-extension",
            "icr.io/armada-master/calico-extension:2011",
            **(
                {"ready": False, "restarts": 27, "waiting": "CrashLoopBackOff", "last": ("Error", 1, 150)}
                if failed
                else {"done": True}
            ),
        )
        main = container(
            story,
            "keepalived-watcher",
            "icr.io/armada-master/keepalived-watcher:1560",
            ready=not failed,
            **({"waiting": "PodInitializing"} if failed else {}),
        )
        watchers[node] = f"ibm-keepalived-watcher-{'cfhkm'[i]}4{'pqrst'[i]}9x"
        pod(
            story,
            watchers[node],
            node,
            [main],
            [init],
            "kube-system",
            "DaemonSet/ibm-keepalived-watcher",
            "ibm-keepalived-watcher",
            "Pending" if failed else "Running",
            age=8800 if failed else 1_700_000,
        )
    for node in bad:
        event(
            story,
            "Pod",
            watchers[node],
            "BackOff",
            f"Back-off restarting failed container calico-extension in pod {watchers[node]}_kube-system(c41d)",
            13,
            8500,
            600,
            namespace="kube-system",
        )
    lines = []
    for i in range(4):
        at = 190 - 12 * i
        lines += [
            f"{story.stamp(at)[:19]} calico-extension: setting up host endpoints of {bad[0]}",
            f"{story.stamp(at - 1)[:19]} calico-extension: applying HostEndpoint kube-csv0f1dl0e7k-roksprod-gpua100-0000013a-worker-private",
            f'Failed to apply \'HostEndpoint\' resource: [HostEndpoint.crd.projectcalico.org "kube-csv0f1dl0e7k-roksprod-gpua100-0000013a-worker-private" is invalid: metadata.labels: Invalid value: "{pool}": must be no more than 63 characters]',
            f"{story.stamp(at - 2)[:19]} calico-extension: HostEndpoint was not created, trying again",
        ]
    story.log(
        "x",
        [*lines, f"{story.stamp(150)[:19]} calico-extension: no more attempts, exiting with 1"],
        f"{watchers[bad[0]]}-calico-extension.log",
    )
    name = story.pods[bad[0]]
    story.log(
        name, [*story.boot(bad[0], 8690, [n for n in [*nodes, *bad] if n != bad[0]]), *story.quiet(3000, 20, 300)]
    )
    story.describe(bad[0])
    story.commands[f"describe-{watchers[bad[0]]}.txt"] = f"describe pod -n kube-system {watchers[bad[0]]}"
    story.affected = bad
    story.cite(f"{watchers[bad[0]]}-calico-extension.log", "Failed to apply 'HostEndpoint' resource")
    return story


def watcher_may_not_write_host_endpoints(now: datetime) -> Incident:
    story = incident(
        "extension-forbidden-to-create-host-endpoints",
        CAUSE,
        "IKS 1.30: a clean-up of cluster roles took the right to write HostEndpoints from ibm-keepalived-watcher: its init container calico-extension is refused on each worker that was rebooted since; calico-node itself is untouched and ready.",
        "https://github.com/projectcalico/calico/blob/v3.28.2/libcalico-go/lib/backend/k8s/resources/hostendpoint.go",
        now,
        platform="vpc",
        calico="v3.28.2",
        kubernetes="v1.30.8+IKS",
        difficulty="easy",
        acceptable=["rbac-denied"],
    )
    nodes = story.workers([f"10.242.33.{n}" for n in (6, 8, 12, 15)])
    bad = nodes[2:]
    story.agents(nodes[:2], started=1_200_000)
    story.agents(bad, restarts=1, started=7100, last=("Unknown", 255, 7160))
    watchers = {}
    for i, node in enumerate(nodes):
        failed = node in bad
        init = container(
            story,
            "calico-extension",
            "icr.io/armada-master/calico-extension:1988",
            **(
                {"ready": False, "restarts": 22, "waiting": "CrashLoopBackOff", "last": ("Error", 1, 240)}
                if failed
                else {"done": True}
            ),
        )
        main = container(
            story,
            "keepalived-watcher",
            "icr.io/armada-master/keepalived-watcher:1533",
            ready=not failed,
            **({"waiting": "PodInitializing"} if failed else {}),
        )
        watchers[node] = f"ibm-keepalived-watcher-{'gjmq'[i]}8x{'bdfh'[i]}4"
        pod(
            story,
            watchers[node],
            node,
            [main],
            [init],
            "kube-system",
            "DaemonSet/ibm-keepalived-watcher",
            "ibm-keepalived-watcher",
            "Pending" if failed else "Running",
        )
    for node in bad:
        story.node_event(
            node,
            "Rebooted",
            f"Node {node} has been rebooted, boot id: 44a1e9d7-0b7c-4d0e-8a55-9d21c7f0b{node[-2:].replace('.', '')}e1",
            7180,
        )
        event(
            story,
            "Pod",
            watchers[node],
            "BackOff",
            f"Back-off restarting failed container calico-extension in pod {watchers[node]}_kube-system(92ce)",
            6,
            7000,
            480,
            namespace="kube-system",
        )
    lines = []
    for i in range(5):
        at = 300 - 12 * i
        lines += [
            f"{story.stamp(at)[:19]} calico-extension: creating host endpoints for worker {bad[0]}",
            'Failed to apply \'HostEndpoint\' resource: [connection is unauthorized: hostendpoints.crd.projectcalico.org is forbidden: User "system:serviceaccount:kube-system:ibm-keepalived-watcher" cannot create resource "hostendpoints" in API group "crd.projectcalico.org" at the cluster scope]',
            f"{story.stamp(at - 1)[:19]} calico-extension: attempt {i + 1} of 5 failed",
        ]
    story.log(
        "x",
        [*lines, f"{story.stamp(240)[:19]} calico-extension: HostEndpoint could not be created"],
        f"{watchers[bad[0]]}-ext.log",
    )
    name = story.pods[bad[0]]
    story.log(name, [*story.boot(bad[0], 7095, [n for n in nodes if n != bad[0]]), *story.quiet(3000, 15, 300)])
    story.describe(bad[0])
    story.commands[f"describe-pod-{watchers[bad[0]]}.txt"] = f"describe pod -n kube-system {watchers[bad[0]]}"
    story.affected = bad
    story.cite(f"{watchers[bad[0]]}-ext.log", "cannot create resource")
    return story


STORIES = [label_is_too_long, watcher_may_not_write_host_endpoints]
