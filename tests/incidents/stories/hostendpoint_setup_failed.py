"""hostendpoint-setup-failed: calico-extension cannot create the worker's HostEndpoint."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from cluster import NO_CNI, container, pod
from telling import Incident, incident, wrapped

CAUSE = "hostendpoint-setup-failed"


def attempts(story: Incident, worker: str, began: float, said: Sequence[str], times: int = 5) -> list[str]:
    """calico-extension's log: its own lines around calicoctl's."""
    lines = []
    for i in range(times):
        ago = began - 33 * i
        lines += [
            f"{story.stamp(ago)[:19]} calico-extension: configuring host endpoints for worker {worker}",
            f"{story.stamp(ago - 1)[:19]} calico-extension: waiting for the cluster master API endpoint",
            f"{story.stamp(ago - 2)[:19]} calico-extension: cluster master API endpoint is reachable",
            *said,
            f"{story.stamp(ago - 3)[:19]} calico-extension: could not create the private HostEndpoint, retrying in 30s",
        ]
    return [*lines, f"{story.stamp(began - 33 * times)[:19]} calico-extension: giving up after {times} attempts"]


def watchers(story: Incident, nodes: Sequence[str], bad: Sequence[str], **init: Any) -> dict[str, str]:
    """ibm-keepalived-watcher on each worker; on the bad ones its init container fails."""
    names = {}
    for i, node in enumerate(nodes):
        names[node] = f"ibm-keepalived-watcher-{'bcdfghjkl'[i]}7w{'mnpqrstvw'[i]}2"
        failed = node in bad
        first = container(
            story,
            "calico-extension",
            "icr.io/armada-master/calico-extension:1834",
            **(
                {"ready": False, "restarts": 21, "waiting": "CrashLoopBackOff", "last": ("Error", 1, 130), **init}
                if failed
                else {"done": True}
            ),
        )
        second = container(
            story,
            "keepalived-watcher",
            "icr.io/armada-master/keepalived-watcher:1402",
            ready=not failed,
            **({"waiting": "PodInitializing"} if failed else {}),
        )
        pod(
            story,
            names[node],
            node,
            [second],
            [first],
            "kube-system",
            "DaemonSet/ibm-keepalived-watcher",
            "ibm-keepalived-watcher",
            "Pending" if failed else "Running",
        )
    return names


def conflict(now: datetime) -> Incident:
    story = incident(
        "hostendpoint-of-the-former-worker",
        CAUSE,
        "After the reload the worker's HostEndpoint of before is still there and cannot be overwritten: calico-node waits in Init:CrashLoopBackOff for it.",
        "https://github.com/projectcalico/calico/blob/v3.26.4/calicoctl/calicoctl/commands/apply.go",
        now,
        difficulty="medium",
        platform="classic",
        calico="v3.26.4",
        kubernetes="v1.27.13+IKS",
        namespace="kube-system",
    )
    nodes = [f"10.74.190.{n}" for n in (131, 134, 138, 152)]
    bad = nodes[1]
    story.workers([n for n in nodes if n != bad])
    story.workers(
        [bad],
        ready=NO_CNI,
        since=2600,
        age=2700,
        calico_up=False,
        taints=[("node.kubernetes.io/not-ready", "NoSchedule")],
    )
    for node in nodes:
        done = (
            {"done": True}
            if node != bad
            else {"ready": False, "restarts": 8, "waiting": "CrashLoopBackOff", "last": ("Error", 1, 100)}
        )
        init = [
            container(story, "install-cni", "icr.io/ext/calico/cni:v3.26.4", done=True),
            container(story, "calico-extension", "icr.io/armada-master/calico-extension:1392", **done),
        ]
        more = {"ready": False, "waiting": "PodInitializing", "phase": "Pending", "age": 2600} if node == bad else {}
        story.agents([node], init=init, **more)
    name = story.pods[bad]
    story.pod_event(
        name,
        "BackOff",
        f"Back-off restarting failed container calico-extension in pod {name}_kube-system(1f0c)",
        9,
        2300,
        96,
    )
    story.describe(bad)
    story.log(
        name,
        attempts(
            story,
            bad,
            270,
            [
                "Failed to apply 'HostEndpoint' resource: [update conflict: HostEndpoint(kube-chq1b2vw0m3s4t5u6-prodfra-default-000002f1-worker-private)]"
            ],
        ),
        f"{name}-ext.log",
    )
    story.texts[f"{name}.log"] = (
        f'Error from server (BadRequest): container "calico-node" in pod "{name}" is waiting to start: PodInitializing\n'
    )
    story.affected = [bad]
    story.cite(f"{name}-ext.log", "Failed to apply 'HostEndpoint' resource")
    return story


def versions(now: datetime) -> Incident:
    story = incident(
        "extension-older-than-the-cluster",
        CAUSE,
        "ROKS: on two workers not updated yet the calico-extension of ibm-keepalived-watcher refuses: its calicoctl is of another version than the cluster.",
        "https://github.com/projectcalico/calico/blob/v3.29.5/calicoctl/calicoctl/commands/common/version_mismatch.go",
        now,
        difficulty="hard",
        platform="roks",
        calico="v3.29.5",
        kubernetes="v1.30.11+ed43cf4",
        registry="registry.example.com/ibm-ext/calico",
    )
    nodes = story.workers(
        [f"10.242.96.{n}" for n in (5, 6, 7, 8, 9)],
        os_image="Red Hat Enterprise Linux CoreOS 417.94",
        runtime="cri-o://1.30.11",
        kernel="5.14.0-427.el9.x86_64",
    )
    bad = nodes[3:]
    story.agents(nodes, restarts=1, last=("Completed", 0, 60_000))
    for node in bad:
        story.pod_event(
            story.pods[node],
            "Unhealthy",
            "Readiness probe failed: calico/node is not ready: BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: no such file or directory",
            3400,
            3420,
            3,
        )
    names = watchers(story, nodes, bad)
    said = [
        "Version mismatch.",
        "Client Version:   v3.27.5",
        "Cluster Version:  v3.29.5",
        "Use --allow-version-mismatch to override.",
        "",
    ]
    story.log("", attempts(story, bad[0], 300, said), f"{names[bad[0]]}-ext.log")
    story.log(
        story.pods[bad[0]], story.boot(bad[0], 3420, [n for n in nodes if n != bad[0]]) + story.quiet(3300, 30, 240)
    )
    story.describe(bad[0])
    story.affected = bad
    story.cite(f"{names[bad[0]]}-ext.log", "Use --allow-version-mismatch to override.")
    return story


def no_interface(now: datetime) -> Incident:
    story = incident(
        "no-interface-for-the-public-endpoint",
        CAUSE,
        "No extension log was sent, but the init container's last message in describe says it: the HostEndpoint has no interface. calico-node itself is ready.",
        "https://github.com/projectcalico/calico/blob/v3.28.4/libcalico-go/lib/validator/v3/validator.go",
        now,
        difficulty="hard",
        platform="roks",
        calico="v3.28.4",
        kubernetes="v1.29.14+7cf4c05",
        registry="registry.example.com/ibm-ext/calico",
    )
    nodes = story.workers(
        [f"10.63.22.{n}" for n in (194, 197, 201)],
        labels={"privateVLAN": "2290117", "ibm-cloud.kubernetes.io/iaas-provider": "softlayer"},
        os_image="Red Hat Enterprise Linux 8.10 (Ootpa)",
        runtime="cri-o://1.29.11",
        kernel="4.18.0-553.34.1.el8_10.x86_64",
    )
    bad = nodes[2]
    story.agents(nodes)
    said = "Failed to apply 'HostEndpoint' resource: [error with field InterfaceName = '' (no interface or expected IPs have been specified)]\n"
    names = watchers(story, nodes, [bad], last_message=said)
    story.pod_event(
        names[bad],
        "BackOff",
        f"Back-off restarting failed container calico-extension in pod {names[bad]}_kube-system(77ab)",
        33,
        5400,
        251,
        namespace="kube-system",
    )
    story.not_established(story.pods[nodes[0]], [bad], 90_000, 90_010, 1, established=1)
    story.commands = {
        "describe-watcher.txt": f"describe pod -n kube-system {names[bad]}",
        "oc-get-pods.txt": "get pods -A -o wide",
        "oc-get-nodes.txt": "get nodes -o wide",
        f"describe-{story.pods[bad]}.txt": f"describe pod -n calico-system {story.pods[bad]}",
    }
    story.log(story.pods[bad], story.boot(bad, 80_000, nodes[:2]) + story.quiet(5000, 30, 300))
    story.affected = [bad]
    story.cite("describe-watcher.txt", "no interface or expected IPs have been specified")
    return story


def bad_name(now: datetime) -> Incident:
    story = incident(
        "worker-id-is-no-valid-name",
        CAUSE,
        "IKS 1.28: the API refuses the HostEndpoint's name, made of a worker id with an underscore; calico-node of the three new workers stays in Init.",
        "https://github.com/projectcalico/calico/issues/4721",
        now,
        difficulty="medium",
        platform="vpc",
        calico="v3.26.4",
        kubernetes="v1.28.9+IKS",
        namespace="kube-system",
    )
    old = story.workers([f"10.245.160.{n}" for n in (4, 5, 6)])
    new = story.workers(
        [f"10.245.161.{n}" for n in (4, 5, 6)],
        ready=NO_CNI,
        since=6900,
        age=7000,
        calico_up=False,
        labels={"ibm-cloud.kubernetes.io/worker-pool-name": "batch_new"},
    )
    for node in old + new:
        failed = node in new
        state = (
            {"ready": False, "restarts": 12, "waiting": "CrashLoopBackOff", "last": ("Error", 1, 210)}
            if failed
            else {"done": True}
        )
        init = [
            container(story, "install-cni", "icr.io/ext/calico/cni:v3.26.4", done=True),
            container(story, "calico-extension", "icr.io/armada-master/calico-extension:1487", **state),
        ]
        story.agents(
            [node],
            init=init,
            **({"ready": False, "waiting": "PodInitializing", "phase": "Pending", "age": 6900} if failed else {}),
        )
    name = story.pods[new[0]]
    full = "kube-cn2s3b0f0tk5u6-apps-batch_new-00000b07-worker-private"
    said = (
        f'Failed to apply \'HostEndpoint\' resource: [HostEndpoint.crd.projectcalico.org "{full}" is invalid: metadata.name: Invalid value: "{full}": a lowercase RFC 1123 subdomain must consist of '
        "lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character]"
    )
    story.log("", attempts(story, new[0], 380, [said]), f"{name}-ext.log")
    story.log(
        "",
        [
            story.line(7000 - i, "INFO", 1, "cni-installer/<nil> <nil>:", text)
            for i, text in enumerate(
                (
                    "Running as a Kubernetes pod",
                    'File is already up to date, skipping file="/host/opt/cni/bin/bandwidth"',
                    "Wrote Calico CNI binaries to /host/opt/cni/bin",
                    "CNI plugin version: v3.26.4",
                    "Created /host/etc/cni/net.d/10-calico.conflist",
                    "Done configuring CNI.  Sleep= false",
                )
            )
        ],
        f"{name}-cni.log",
    )
    story.log(
        story.pods[old[0]],
        [
            *story.quiet(7000, 60, 500),
            *(f"bird: BGP: Unexpected connect from unknown address 10.245.160.{n} (port {50000 + n})" for n in ()),
        ],
    )
    story.commands = {
        "pods.txt": "get pods -A -o wide",
        "nodes.txt": "get nodes -o wide",
        f"describe-{new[0]}.txt": f"describe node {new[0]}",
    }
    story.affected = new
    story.cite(f"{name}-ext.log", "is invalid: metadata.name")
    return story


def client(now: datetime) -> Incident:
    story = incident(
        "extension-without-its-kubeconfig",
        CAUSE,
        "ROKS: after an aborted worker update calico-extension finds no kubeconfig on one worker; calico-node is 1/1 and its log is quiet.",
        "https://github.com/projectcalico/calico/blob/v3.27.4/calicoctl/calicoctl/commands/clientmgr/client.go",
        now,
        difficulty="medium",
        platform="roks",
        calico="v3.27.4",
        kubernetes="v1.28.13+2ca1a23",
        registry="registry.example.com/ibm-ext/calico",
    )
    nodes = story.workers(
        [f"10.188.77.{n}" for n in (201, 203, 210, 214)],
        os_image="Red Hat Enterprise Linux 8.10 (Ootpa)",
        runtime="cri-o://1.28.9",
        kernel="4.18.0-553.16.1.el8_10.x86_64",
    )
    bad = nodes[1]
    story.agents(nodes)
    names = watchers(story, nodes, [bad])
    story.pod_event(
        names[bad],
        "BackOff",
        f"Back-off restarting failed container calico-extension in pod {names[bad]}_kube-system(08dd)",
        17,
        7300,
        340,
        namespace="kube-system",
    )
    said = ["Failed to create Calico API client: stat /etc/kubernetes/kubeconfig: no such file or directory"]
    story.log("", attempts(story, bad, 400, said, 6), f"{names[bad]}-ext.log")
    story.log(story.pods[bad], wrapped(story, story.quiet(8000, 20, 320), "stamps"))
    story.describe(bad)
    story.commands[f"describe-pod-{names[bad]}.txt"] = f"describe pod -n kube-system {names[bad]}"
    story.affected = [bad]
    story.cite(f"{names[bad]}-ext.log", "Failed to create Calico API client")
    return story


def refused_by_schema(now: datetime) -> Incident:
    story = incident(
        "public-interface-that-the-worker-lacks",
        CAUSE,
        "IKS 1.28 classic: on the private-only workers of a new pool the public HostEndpoint fails each time (no address), the private one was applied; Init repeats.",
        "https://github.com/projectcalico/calico/blob/v3.26.4/libcalico-go/lib/validator/v3/validator.go",
        now,
        difficulty="hard",
        platform="classic",
        calico="v3.26.4",
        kubernetes="v1.28.10+IKS",
        namespace="kube-system",
    )
    old = story.workers([f"10.142.8.{n}" for n in (3, 5, 9)])
    new = story.workers(
        [f"10.142.8.{n}" for n in (40, 41)],
        ready=NO_CNI,
        since=1900,
        age=2000,
        calico_up=False,
        taints=[("node.kubernetes.io/not-ready", "NoSchedule")],
    )
    for node in old + new:
        failed = node in new
        state = (
            {"ready": False, "restarts": 6, "waiting": "CrashLoopBackOff", "last": ("Error", 1, 75)}
            if failed
            else {"done": True}
        )
        init = [
            container(story, "install-cni", "icr.io/ext/calico/cni:v3.26.4", done=True),
            container(story, "calico-extension", "icr.io/armada-master/calico-extension:1487", **state),
        ]
        story.agents(
            [node],
            init=init,
            **({"ready": False, "waiting": "PodInitializing", "phase": "Pending", "age": 1900} if failed else {}),
        )
    for node in new:
        name = story.pods[node]
        story.pod_event(
            name,
            "BackOff",
            f"Back-off restarting failed container calico-extension in pod {name}_kube-system(51aa)",
            8,
            1700,
            80,
        )
        said = [
            "Successfully applied 1 'HostEndpoint' resource(s)",
            "Failed to apply 'HostEndpoint' resource: [error with field ExpectedIPs[0] = '' (Reason: failed to validate Field: ExpectedIPs[0] because of Tag: ip )]",
        ]
        story.log("", attempts(story, node, 240, said, 4), f"{name}-ext.log")
        story.texts[f"{name}.log"] = (
            f'Error from server (BadRequest): container "calico-node" in pod "{name}" is waiting to start: PodInitializing\n'
        )
    story.describe(new[0])
    story.node_event(new[0], "NodeNotReady", f"Node {new[0]} status is now: NodeNotReady", 1900, type_="Normal")
    story.affected = new
    story.cite(f"{story.pods[new[0]]}-ext.log", "Failed to apply 'HostEndpoint' resource")
    return story


STORIES = [conflict, versions, no_interface, bad_name, client, refused_by_schema]
