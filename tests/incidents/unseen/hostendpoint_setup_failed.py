"""hostendpoint-setup-failed: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cluster import NO_CNI, container, event, pod
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


# told on 29 November 2026 without having seen the rules
def image_of_another_architecture(now: datetime) -> Incident:
    story = incident(
        "extension-image-cannot-run-on-the-s390x-pool",
        CAUSE,
        "ROKS on VPC: a worker pool of s390x machines was added; there calico-extension, pulled through the customer's mirror, is built for amd64 and ends with 'exec format error', so these workers get no HostEndpoint and ibm-keepalived-watcher stays in Init. calico-node runs well on them.",
        "https://cloud.ibm.com/docs/openshift?topic=openshift-vpc-network-policy (host endpoints are made by ibm-keepalived-watcher)",
        now,
        platform="roks",
        calico="v3.29.5",
        kubernetes="v1.31.8",
        difficulty="hard",
        acceptable=["image-pull-failure"],
    )
    red_hat = {
        "os_image": "Red Hat Enterprise Linux CoreOS 418.94.202505062142-0",
        "runtime": "cri-o://1.31.8-2.rhaos4.18",
    }
    old = story.workers([f"10.249.12.{n}" for n in (5, 6, 9)], kernel="5.14.0-427.68.1.el9_4.x86_64", **red_hat)
    bad = story.workers(
        [f"10.249.12.{n}" for n in (21, 23)],
        kernel="5.14.0-427.68.1.el9_4.s390x",
        age=12_000,
        since=11_600,
        labels={"arch": "s390x", "kubernetes.io/arch": "s390x", "ibm-cloud.kubernetes.io/worker-pool-name": "zpool"},
        **red_hat,
    )
    for item in story.objects["Node"][3:]:
        item["status"]["nodeInfo"]["architecture"] = "s390x"
    story.agents(old, started=1_200_000)
    story.agents(bad, started=11_650, age=11_800)
    story.typha(old[0])
    story.typha(old[1], "7xv4d")
    watchers = {}
    for i, node in enumerate([*old, *bad]):
        failed = node in bad
        state: dict[str, Any] = (
            {"ready": False, "restarts": 36, "waiting": "CrashLoopBackOff", "last": ("Error", 1, 204)}
            if failed
            else {"done": True}
        )
        init = container(story, "calico-extension", "mirror.corp.example/armada-master/calico-extension:2117", **state)
        main = container(
            story,
            "keepalived-watcher",
            "mirror.corp.example/armada-master/keepalived-watcher:1688",
            ready=not failed,
            **({"waiting": "PodInitializing"} if failed else {}),
        )
        watchers[node] = f"ibm-keepalived-watcher-{'bdgmr'[i]}6{'fhkqx'[i]}8c"
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
            age=11_800 if failed else 1_700_000,
        )
    for node in bad:
        event(
            story,
            "Pod",
            watchers[node],
            "Pulled",
            'Container image "mirror.corp.example/armada-master/calico-extension:2117" already present on machine',
            205,
            11_500,
            37,
            type_="Normal",
            namespace="kube-system",
        )
        event(
            story,
            "Pod",
            watchers[node],
            "BackOff",
            f"Back-off restarting failed container calico-extension in pod {watchers[node]}_kube-system(0e77)",
            17,
            11_400,
            820,
            namespace="kube-system",
        )
    ext = f"{watchers[bad[0]]}-ext.log"
    story.texts[ext] = "exec /usr/local/bin/calico-extension.sh: exec format error\n"
    name = story.pods[bad[0]]
    story.log(
        name, [*story.boot(bad[0], 11_645, [n for n in [*old, *bad] if n != bad[0]]), *story.quiet(4_000, 20, 330)]
    )
    story.describe(bad[0])
    story.commands[f"describe-{watchers[bad[0]]}.txt"] = f"describe pod -n kube-system {watchers[bad[0]]}"
    story.affected = bad
    story.cite(ext, "exec format error")
    return story


def address_with_its_prefix(now: datetime) -> Incident:
    story = incident(
        "address-with-a-prefix-is-no-valid-expected-address",
        CAUSE,
        "IKS 1.28 classic: on workers with a bond the extension writes the address with its prefix length into the HostEndpoint and the validator refuses it each time; calico-node never leaves Init there. The neighbours' BGP complaints and 'cni plugin not initialized' follow from it.",
        "https://github.com/projectcalico/calico/blob/v3.26.4/libcalico-go/lib/apis/v3/hostendpoint.go",
        now,
        platform="classic",
        calico="v3.26.4",
        kubernetes="v1.28.15+IKS",
        namespace="kube-system",
        difficulty="medium",
    )
    nodes = story.workers([f"10.171.3.{n}" for n in (4, 7, 8)])
    bad = story.workers(
        ["10.171.3.9"],
        ready=NO_CNI,
        since=3_100,
        age=3_200,
        calico_up=False,
        taints=[("node.kubernetes.io/not-ready", "NoSchedule")],
    )[0]
    story.agents(nodes, started=800_000)
    init = [
        container(story, "install-cni", "icr.io/ext/calico/cni:v3.26.4", done=True, started=3_020),
        container(
            story,
            "calico-extension",
            "icr.io/armada-master/calico-extension:1480",
            ready=False,
            restarts=13,
            waiting="CrashLoopBackOff",
            last=("Error", 1, 151),
        ),
    ]
    name = story.agents([bad], init=init, ready=False, waiting="PodInitializing", phase="Pending", age=3_060)[0]
    story.pod_event(
        name,
        "BackOff",
        f"Back-off restarting failed container calico-extension in pod {name}_kube-system(77aa)",
        8,
        2_950,
        210,
    )
    lines = []
    for i in range(5):
        at = 215 - 13 * i
        lines += [
            f"{story.ago(at)} worker kube-ck8clas0f-prod-bond-00000c4e: private 10.171.3.9/26 on bond0",
            "Failed to apply 'HostEndpoint' resource: [error with field ExpectedIPs[0] = '10.171.3.9/26' (Reason: failed to validate Field: ExpectedIPs[0] because of Tag: ip )]",
            f"{story.ago(at - 1)} calicoctl apply returned 1, next try in 12s",
        ]
    story.texts[f"{name}-ext.log"] = "\n".join([*lines, f"{story.ago(152)} giving up", ""])
    story.texts[f"{name}.log"] = (
        f'Error from server (BadRequest): container "calico-node" in pod "{name}" is waiting to start: PodInitializing\n'
    )
    other = story.pods[nodes[0]]
    story.log(
        other,
        [
            *story.quiet(4_000, 2_500, 250),
            *[f"bird: Mesh_10_171_3_9: {x}" for x in ("Starting", "State changed to start")],
            *story.quiet(2_400, 15, 300),
        ],
    )
    story.describe(bad, name)
    story.affected = [bad]
    story.cite(f"{name}-ext.log", "Failed to apply 'HostEndpoint' resource")
    return story


STORIES = [
    label_is_too_long,
    watcher_may_not_write_host_endpoints,
    image_of_another_architecture,
    address_with_its_prefix,
]
