"""container-runtime-down: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime

from cluster import container
from telling import Incident, incident, node_status

CAUSE = "container-runtime-down"


def every_exec_ends_with_eof(now: datetime) -> Incident:
    story = incident(
        "pods-with-exec-probes-stay-unready-after-patch-night",
        CAUSE,
        "After a patch night CRI-O of two nodes can run no command inside a container any more (command error: EOF): every pod there whose probe is an exec stays 0/1, calico-node among them, those with HTTP probes are 1/1. calico-node itself works: its log is quiet and the neighbours' sessions with both nodes are up.",
        "https://github.com/cri-o/cri-o/issues/9074",
        now,
        platform="other",
        calico="v3.29.2",
        kubernetes="v1.32.2",
        namespace="kube-system",
        registry="quay.io/calico",
        difficulty="medium",
    )
    hosts = {f"almak{n}": f"10.61.20.{30 + n}" for n in range(1, 6)}
    bad = ["almak3", "almak4"]
    plain = {"os_image": "AlmaLinux 9.5 (Teal Serval)", "age": 9_900_000}
    story.hosts(
        {k: v for k, v in hosts.items() if k not in bad},
        kernel="5.14.0-503.22.1.el9_5.x86_64",
        runtime="cri-o://1.32.1",
        **plain,
    )
    story.hosts(
        {k: v for k, v in hosts.items() if k in bad},
        kernel="5.14.0-503.31.1.el9_5.x86_64",
        runtime="cri-o://1.32.2",
        since=17_400,
        **plain,
    )
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=4_200_000, age=4_200_030)
    names = story.staff(
        {k: v for k, v in hosts.items() if k in bad},
        ready=False,
        restarts=2,
        started=17_400,
        last=("Unknown", 255, 17_520),
        age=4_200_030,
        init=[container(story, "install-cni", "quay.io/calico/cni:v3.29.2", done=True, started=17_405)],
    )
    eof = "rpc error: code = Unknown desc = command error: EOF, stdout: , stderr: , exit code -1"
    for node, name in zip(bad, names, strict=True):
        boot = "7d1a20f5-6f0e-4a63-9d1c-52b3c1f0a7" + ("1e" if node == "almak3" else "4b")
        story.node_event(node, "Rebooted", f"Node {node} has been rebooted, boot id: {boot}", 17_430)
        story.pod_event(name, "Unhealthy", f"Readiness probe errored: {eof}", 9, 17_370, 1731)
    # exec probes on bad nodes: 0/1; http probes there: 1/1; the same apps elsewhere: 1/1
    for k, node in enumerate(hosts):
        broken = node in bad
        since = 17_380 if broken else 4_100_000
        more = {"restarts": 2 if broken else 0, "started": since, "age": 4_150_000}
        if broken:
            more["last"] = ("Unknown", 255, 17_520)
        redis = story.other(
            f"redis-cache-{k}",
            node,
            f"10.244.{k * 3 + 8}.14",
            "shop",
            "StatefulSet/redis-cache",
            "redis-cache",
            ready=not broken,
            spec={
                "readinessProbe": {
                    "exec": {"command": ["redis-cli", "ping"]},
                    "timeoutSeconds": 1,
                    "periodSeconds": 5,
                    "successThreshold": 1,
                    "failureThreshold": 3,
                }
            },
            **more,
        )
        story.other(
            f"node-exporter-{'b7xk2q9zt4'[2 * k : 2 * k + 2]}mvc",
            node,
            "",
            "monitoring",
            "DaemonSet/node-exporter",
            "node-exporter",
            **more,
        )
        if broken:
            story.pod_event(redis, "Unhealthy", f"Readiness probe errored: {eof}", 4, 17_360, 3466, namespace="shop")
    me = "almak4"
    peers = [a for n, a in hosts.items() if n != me]
    story.log(story.pods[me], story.boot(me, 17_400, peers, interface="enp1s0", prefix=24) + story.quiet(1900, 25, 128))
    story.texts["calicoctl-node-status-almak1.txt"] = node_status(
        [
            (a, "up", story.stamp(17_390)[11:19] if n in bad else story.stamp(4_190_000)[:10], "Established")
            for n, a in hosts.items()
            if n != "almak1"
        ]
    )
    story.describe(me)
    story.commands["describe-redis-cache-3.txt"] = "describe pod -n shop redis-cache-3"
    story.affected = bad
    story.cite(f"describe-pod-{story.pods[me]}.txt", "desc = command error: EOF")
    story.cite("describe-redis-cache-3.txt", "desc = command error: EOF")
    return story


def layers_lost_with_the_power(now: datetime) -> Incident:
    story = incident(
        "worker-comes-back-from-hard-power-off-without-sandboxes",
        CAUSE,
        "ROKS: a worker was powered off hard; since then CRI-O cannot mount any new sandbox (a layer of its storage has no link file). No pod starts there, calico-node neither, so no CNI file is written and the kubelet says NetworkPluginNotReady, which is only the echo: multus and the rest of the host-network pods fail in the same way.",
        "https://docs.openshift.com/container-platform/4.14/support/troubleshooting/troubleshooting-crio-issues.html",
        now,
        platform="roks",
        calico="v3.26.4",
        kubernetes="v1.27.16+03a907c",
        difficulty="hard",
    )
    system = {
        "os_image": "Red Hat Enterprise Linux 8.10 (Ootpa)",
        "kernel": "4.18.0-553.22.1.el8_10.x86_64",
        "runtime": "cri-o://1.27.8-12.rhaos4.14.git8e3ac4a.el8",
        "age": 7_700_000,
        "labels": {"ibm-cloud.kubernetes.io/worker-version": "4.14.38_1578_openshift"},
    }
    good = story.workers([f"10.171.86.{n}" for n in (5, 17, 21, 40)], **system)
    bad = "10.171.86.33"
    no_network = "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: No CNI configuration file in /etc/cni/net.d/. Has your network provider started?"
    story.workers(
        [bad],
        ready=("False", "KubeletNotReady", no_network),
        since=7_140,
        taints=[("node.kubernetes.io/not-ready", "NoSchedule"), ("node.kubernetes.io/not-ready", "NoExecute")],
        **system,
    )
    story.agents(good, started=3_100_000, age=3_100_040)
    story.typha(good[0], started=3_000_000)
    story.typha(good[3], "t9dkv", started=3_000_000)
    init = [
        container(
            story, "install-cni", "icr.io/ext/calico/cni:v3.26.4", ready=False, restarts=0, waiting="PodInitializing"
        )
    ]
    name = story.agents(
        [bad],
        ready=False,
        restarts=1,
        waiting="PodInitializing",
        last=("Error", 255, 7_900),
        phase="Pending",
        age=3_100_040,
        init=init,
    )[0]
    layer = "5c1e8f60b7d24a90c3f7710e2b964da85f1c02e7739be6ad40c815f2de97a36b"

    def failed(pod: str, namespace: str, sandbox: str, last: float, count: int) -> None:
        text = f'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to mount container k8s_POD_{pod}_{namespace}_{sandbox} in pod sandbox k8s_{pod}_{namespace}_{sandbox}: error recreating the missing symlinks: error reading name of symlink for "{layer}": open /var/lib/containers/storage/overlay/{layer}/link: no such file or directory'
        story.pod_event(pod, "FailedCreatePodSandBox", text, last, 7_120, count, namespace=namespace)

    story.node_event(bad, "Starting", "Starting kubelet.", 7_145, type_="Normal")
    story.node_event(
        bad, "Rebooted", f"Node {bad} has been rebooted, boot id: 61b0a1e7-90d6-4a0c-8a11-0cbb4f2d9a83", 7_143
    )
    story.node_event(bad, "NodeNotReady", f"Node {bad} status is now: NodeNotReady", 7_142, type_="Normal")
    failed(name, "calico-system", "b0f2d1c4-55a8-47d3-9c1e-6f3f8e2a7d10_1", 11, 512)
    for pod, namespace, sandbox in (
        ("multus-8vq2w", "openshift-multus", "0d7c9e12-71ab-4e0d-b3ff-9c25e0a4d6f8_2"),
        ("ibm-keepalived-watcher-zx5ct", "kube-system", "9a6e3b70-0f4d-4c88-8a50-1d2b7cf3e945_1"),
    ):
        story.other(
            pod,
            bad,
            "",
            namespace,
            f"DaemonSet/{pod.rsplit('-', 1)[0]}",
            pod.rsplit("-", 1)[0],
            ready=False,
            restarts=1,
            phase="Pending",
            waiting="ContainerCreating",
            last=("Error", 255, 7_900),
        )
        failed(pod, namespace, sandbox, 6, 509)
    for n, node in enumerate(good):
        story.other(
            f"multus-{'4kd7szh9qp'[2 * n : 2 * n + 2]}tlm", node, "", "openshift-multus", "DaemonSet/multus", "multus"
        )
    # the neighbour noticed the loss of the power, and asks in vain since
    tag = "bird: Mesh_10_171_86_33: "
    lines = story.quiet(9_600, 7_860, 240)
    lines += [tag + x for x in ("Error: Hold timer expired", "State changed to stop", "State changed to down", "Starting", "State changed to start")]  # fmt: skip
    lines += story.quiet(7_700, 20, 480)
    top = "must-gather.local.7710934"
    story.log(
        story.pods[good[1]],
        lines,
        f"{top}/namespaces/calico-system/pods/{story.pods[good[1]]}/calico-node/logs/current.log",
    )
    story.commands = {
        f"{top}/cluster-scoped-resources/core/nodes.yaml": "get nodes -o yaml",
        f"{top}/namespaces/calico-system/pods/{name}/{name}.yaml": f"get pod -n calico-system {name} -o yaml",
        f"{top}/namespaces/calico-system/core/pods.txt": "get pods -n calico-system -o wide",
        f"{top}/namespaces/openshift-multus/core/pods.txt": "get pods -n openshift-multus -o wide",
    }
    story.events(f"{top}/event-filter.txt", "get events -A")
    story.affected = [bad]
    story.cite(f"{top}/event-filter.txt", "error recreating the missing symlinks")
    return story


def kubelet_and_runtime_do_not_speak_the_same_api(now: datetime) -> Incident:
    story = incident(
        "kubelet-was-raised-past-what-its-containerd-serves",
        CAUSE,
        "kubeadm 1.25 to 1.26: on the first worker the new kubelet ends at each start because the host's containerd 1.5 serves no CRI v1. The node is Unknown; its old calico-node container runs on unsupervised (its sessions are still up), later pods wait. The control plane was raised before, it has containerd 1.6; the other worker still has kubelet 1.25.",
        "https://kubernetes.io/blog/2022/11/18/upcoming-changes-in-kubernetes-1-26/#cri-api-removal",
        now,
        platform="other",
        calico="v3.24.5",
        kubernetes="v1.25.9",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="medium",
        acceptable=["kubelet-stopped-posting"],
    )
    dress = {
        "os_image": "Ubuntu 20.04.6 LTS",
        "kernel": "5.4.0-148-generic",
        "runtime": "containerd://1.5.9",
        "age": 5_300_000,
    }
    good = {"cp-1": "192.168.140.10", "wk-2": "192.168.140.22"}
    bad = "wk-1"
    story.hosts(good, **dress)
    story.hosts(
        {bad: "192.168.140.21"},
        **dress,
        ready=("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."),
        since=4_700,
        taints=[("node.kubernetes.io/unreachable", "NoSchedule"), ("node.kubernetes.io/unreachable", "NoExecute")],
    )
    first = story.objects["Node"][0]["status"]["nodeInfo"]
    first |= {"kubeletVersion": "v1.26.4", "containerRuntimeVersion": "containerd://1.6.20"}
    story.staff(good, started=5_200_000, age=5_200_040)
    name = story.staff({bad: "192.168.140.21"}, ready=False, started=5_200_000, age=5_200_040)[0]
    story.node_event(bad, "NodeNotReady", f"Node {bad} status is now: NodeNotReady", 4_700, type_="Normal", source="node-controller")  # fmt: skip
    story.pod_event(name, "NodeNotReady", "Node is not ready", 4_695, source="node-controller")
    story.other("kube-proxy-7sxnd", bad, app="kube-proxy", image="registry.k8s.io/kube-proxy:v1.26.4", ready=False)
    story.other("intranet-7d9fbc8f5b-kvl2c", bad, "10.244.61.14", "web", "ReplicaSet/intranet-7d9fbc8f5b", ready=False, age=900_000)  # fmt: skip
    story.other("intranet-7d9fbc8f5b-xq7mz", "wk-2", "10.244.88.31", "web", "ReplicaSet/intranet-7d9fbc8f5b", age=4_350, started=4_340)  # fmt: skip
    journal = []

    def say(ago: float, who: str, text: str) -> None:
        journal.append(f"{story.syslog(ago)} {bad} {who}: {text}")

    say(4_760, "systemd[1]", "Stopping kubelet: The Kubernetes Node Agent...")
    say(4_759, "systemd[1]", "Stopped kubelet: The Kubernetes Node Agent.")
    for turn in range(6):
        ago, pid = 4_740 - 11 * turn, 1_906_211 + 38 * turn
        who = f"kubelet[{pid}]"
        say(ago, "systemd[1]", "Started kubelet: The Kubernetes Node Agent.")
        say(
            ago,
            who,
            "Flag --container-runtime has been deprecated, will be removed in 1.27 as the only valid value is 'remote'",
        )
        say(
            ago,
            who,
            f'I{story.klog(ago)} {pid} server.go:198] "--pod-infra-container-image will not be pruned by the image garbage collector in kubelet and should also be set in the remote runtime"',
        )
        say(ago, who, f'I{story.klog(ago)} {pid} server.go:412] "Kubelet version" kubeletVersion="v1.26.4"')
        say(
            ago,
            who,
            f'I{story.klog(ago)} {pid} dynamic_cafile_content.go:157] "Starting controller" name="client-ca-bundle::/etc/kubernetes/pki/ca.crt"',
        )
        say(
            ago,
            who,
            f'E{story.klog(ago)} {pid} run.go:74] "command failed" err="failed to run Kubelet: validate service connection: CRI v1 runtime API is not implemented for endpoint \\"unix:///run/containerd/containerd.sock\\": rpc error: code = Unimplemented desc = unknown service runtime.v1.RuntimeService"',
        )
        say(ago - 1, "systemd[1]", "kubelet.service: Main process exited, code=exited, status=1/FAILURE")
        say(ago - 1, "systemd[1]", "kubelet.service: Failed with result 'exit-code'.")
    say(4_660, "systemd[1]", "kubelet.service: Scheduled restart job, restart counter is at 7.")
    story.texts["journalctl-kubelet-wk-1.txt"] = "\n".join(journal) + "\n"
    story.texts["calicoctl-cp-1.txt"] = node_status(
        [(a, "up", story.stamp(5_200_000)[:10], "Established") for a in ("192.168.140.21", "192.168.140.22")]
    )
    story.log(story.pods["cp-1"], [*story.quiet(9_000, 20, 540)])
    story.describe(bad, name)
    story.events()
    story.affected = [bad]
    story.cite("journalctl-kubelet-wk-1.txt", "CRI v1 runtime API is not implemented for endpoint")
    return story


STORIES = [every_exec_ends_with_eof, layers_lost_with_the_power, kubelet_and_runtime_do_not_speak_the_same_api]
