"""container-runtime-down: the container runtime or PLEG of a worker is unhealthy."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident, node_status

CAUSE = "container-runtime-down"
TAINTS = (("node.kubernetes.io/not-ready", "NoExecute"), ("node.kubernetes.io/not-ready", "NoSchedule"))


def pleg(now: datetime) -> Incident:
    story = incident(
        "pleg-seen-forty-minutes-ago", CAUSE,
        "The worker's Ready condition is False because PLEG is not healthy; calico-node's probes on it end in DeadlineExceeded.",
        "https://github.com/kubernetes/kubernetes/issues/77728", now, platform="classic", calico="v3.27.4", kubernetes="v1.29.9+IKS",
    )  # fmt: skip
    nodes = story.workers([f"10.131.5.{n}" for n in (8, 9, 13, 16)])
    bad = story.workers(
        ["10.131.5.27"],
        since=2400,
        taints=TAINTS,
        ready=(
            "False",
            "KubeletNotReady",
            "PLEG is not healthy: pleg was last seen active 42m53.338575586s ago; threshold is 3m0s",
        ),
    )[0]
    story.agents(nodes)
    name = story.agents([bad], ready=False)[0]
    story.pod_event(
        name,
        "Unhealthy",
        "Readiness probe errored: rpc error: code = DeadlineExceeded desc = context deadline exceeded",
        20,
        2500,
        80,
    )
    story.not_established(story.pods[nodes[0]], [bad], 90_000, 90_300, 4, established=3)
    story.describe(bad)
    story.commands[f"describe-pod-{story.pods[nodes[0]]}.txt"] = f"describe pod -n calico-system {story.pods[nodes[0]]}"
    story.log(name, story.quiet(3900, 2600))
    story.affected = [bad]
    story.cite(f"describe-node-{bad}.txt", "PLEG is not healthy")
    return story


def sock(now: datetime) -> Incident:
    story = incident(
        "containerd-socket-is-gone", CAUSE,
        "The kubelet's journal cannot reach containerd.sock: connection refused; the agent's container shows an old crash and BIRD peers are lost.",
        "https://github.com/containerd/containerd/issues/10432", now, platform="other", calico="v3.23.3", kubernetes="v1.24.4+k3s1", registry="docker.io/calico", difficulty="hard",
    )  # fmt: skip
    hosts = {"edge-a": "10.12.1.4", "edge-b": "10.12.1.5", "edge-c": "10.12.1.6"}
    story.hosts({k: hosts[k] for k in ("edge-a", "edge-b")})
    story.hosts(
        {"edge-c": hosts["edge-c"]},
        since=3100,
        taints=TAINTS,
        ready=(
            "False",
            "KubeletNotReady",
            "[container runtime is down, PLEG is not healthy: pleg was last seen active 51m20.5s ago; threshold is 3m0s]",
        ),
    )
    story.staff({k: hosts[k] for k in ("edge-a", "edge-b")})
    story.staff({"edge-c": hosts["edge-c"]}, ready=False, restarts=4, started=80_000, last=("Error", 1, 80_030))
    bad = 'rpc error: code = Unavailable desc = connection error: desc = \\"transport: Error while dialing dial unix /run/k3s/containerd/containerd.sock: connect: connection refused\\"'
    lines = []
    for n in range(12):
        lines.append(
            f'{story.syslog(3000 - 240 * n)} edge-c k3s[990]: E1123 09:11:{n + 10}.330121     990 remote_runtime.go:356] "ListPodSandbox with filter from runtime service failed" err="{bad}" filter="nil"'
        )
        lines.append(
            f'{story.syslog(2999 - 240 * n)} edge-c k3s[990]: E1123 09:11:{n + 11}.330190     990 generic.go:205] "GenericPLEG: Unable to retrieve pods" err="{bad}"'
        )
        lines.append(
            f'{story.syslog(2995 - 240 * n)} edge-c k3s[990]: W1123 09:11:{n + 15}.001     990 reflector.go:442] object-"calico-system"/"cni-config": watch of *v1.ConfigMap ended with: very short watch: Unexpected watch close'
        )
    story.log("k3s", lines, "journalctl-k3s.txt")
    story.commands = {"pods.txt": "get pods -A -o wide", "nodes.txt": "get nodes -o wide"}
    story.texts["node-status.txt"] = node_status(
        [(hosts["edge-b"], "up", "2024-11-20", "Established"), (hosts["edge-c"], "up", "2024-11-20", "Established")]
    )
    story.affected = ["edge-c"]
    story.cite("journalctl-k3s.txt", "containerd.sock: connect: connection refused")
    return story


def crio(now: datetime) -> Incident:
    story = incident(
        "name-is-reserved-after-a-stuck-runtime", CAUSE,
        "CRI-O no longer finishes container requests (context deadline exceeded, name is reserved) on one worker; the container never starts.",
        "https://github.com/kubernetes/kubernetes/issues/61500", now, platform="roks", calico="v3.26.4", kubernetes="v1.27.16+03a907c", difficulty="hard",
    )  # fmt: skip
    nodes = story.workers([f"10.209.12.{n}" for n in (4, 5, 6)], runtime="cri-o://1.27.8")
    bad = story.workers(
        ["10.209.12.9"],
        since=1500,
        taints=TAINTS,
        runtime="cri-o://1.27.8",
        ready=(
            "False",
            "KubeletNotReady",
            "[container runtime is down, PLEG is not healthy: pleg has yet to be successful]",
        ),
    )[0]
    story.agents(nodes)
    name = story.agents(
        [bad],
        ready=False,
        restarts=1,
        waiting="CreateContainerError",
        message="context deadline exceeded",
        last=("Error", 143, 1600),
    )[0]
    story.pod_event(
        name,
        "Failed",
        "Error: kubelet may be retrying requests that are timing out in CRI-O due to system load: context deadline exceeded: error reserving ctr name k8s_calico-node_"
        + name
        + "_calico-system_a5e1_2 for id 77be0: name is reserved",
        15,
        1400,
        66,
    )
    story.pod_event(
        name,
        "Pulled",
        'Container image "icr.io/ext/calico/node:v3.26.4" already present on machine',
        15,
        1400,
        66,
        type_="Normal",
    )
    story.node_event(
        bad, "ContainerGCFailed", "rpc error: code = DeadlineExceeded desc = context deadline exceeded", 200, 1400, 20
    )
    story.not_established(story.pods[nodes[2]], [bad], 1300, 1380, 4, established=2)
    story.describe(bad)
    story.log(
        story.pods[nodes[2]],
        [
            *story.quiet(3000, 1600),
            f"bird: Mesh_{bad.replace('.', '_')}: Error: Hold timer expired",
            *story.quiet(1500, 10),
        ],
    )
    story.affected = [bad]
    story.cite(f"describe-node-{bad}.txt", "container runtime is down")
    return story


def shim(now: datetime) -> Incident:
    story = incident(
        "shims-do-not-start", CAUSE,
        "On one worker no sandbox is created because containerd's shim does not start (ttrpc: closed), for pods of every kind; calico and the others' network are fine.",
        "https://github.com/kubernetes/kubernetes/issues/121548", now, platform="vpc", calico="v3.29.3", kubernetes="v1.32.2+IKS", difficulty="hard",
    )  # fmt: skip
    nodes = story.workers([f"10.250.9.{n}" for n in (68, 69, 70, 71, 80)])
    bad = nodes[3]
    story.agents([n for n in nodes if n != bad])
    name = story.agents([bad], ready=False, age=1900, phase="Pending", waiting="PodInitializing")[0]
    made = story.objects["Pod"][-1]["status"]["initContainerStatuses"][0]
    made |= {"state": {"waiting": {"reason": "PodInitializing"}}, "ready": False}
    text = "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to start sandbox container task: failed to create shim task: ttrpc: closed: unknown"
    story.pod_event(name, "FailedCreatePodSandBox", text, 14, 1880, 140)
    web = story.other(
        "web-6f7c9d-q8d2z",
        bad,
        "172.17.40.9",
        namespace="shop",
        owner="ReplicaSet/web-6f7c9d",
        ready=False,
        waiting="ContainerCreating",
        phase="Pending",
        age=1700,
    )
    story.pod_event(web, "FailedCreatePodSandBox", text, 40, 1690, 122, namespace="shop")
    story.node_event(
        bad,
        "ContainerdUnhealthy",
        'Node condition ContainerRuntimeUnhealthy is now: True, reason: ContainerdUnhealthy, message: "Found unhealthy containerd"',
        900,
        source="containerd-health-monitor",
    )
    story.not_established(story.pods[nodes[0]], [bad], 1700, 1850, 6, established=3)
    story.describe(bad)
    story.commands["describe-web.txt"] = f"describe pod -n shop {web}"
    story.affected = [bad]
    story.cite(f"describe-pod-{name}.txt", "ttrpc: closed")
    return story


def docker_hangs(now: datetime) -> Incident:
    story = incident(
        "docker-does-not-answer",
        CAUSE,
        "The docker daemon of one host no longer answers (operation timeout, PLEG not healthy); calico-node's probes cannot be executed there.",
        "https://github.com/kubernetes/kubernetes/issues/45419",
        now,
        difficulty="easy",
        platform="other",
        namespace="kube-system",
        registry="calico",
        calico="v3.10.4",
        kubernetes="v1.16.15",
    )
    hosts = {f"k8s-node-{n}": f"10.17.2.{50 + n}" for n in (1, 2, 3, 4)}
    bad = "k8s-node-2"
    down = "PLEG is not healthy: pleg was last seen active 18m11.20432s ago; threshold is 3m0s"
    story.hosts(
        {k: v for k, v in hosts.items() if k != bad},
        runtime="docker://18.9.7",
        os_image="CentOS Linux 7 (Core)",
        kernel="3.10.0-1062.el7.x86_64",
    )
    story.hosts(
        {bad: hosts[bad]},
        since=950,
        taints=TAINTS,
        ready=("False", "KubeletNotReady", down),
        runtime="docker://18.9.7",
        os_image="CentOS Linux 7 (Core)",
        kernel="3.10.0-1062.el7.x86_64",
    )
    story.staff({k: v for k, v in hosts.items() if k != bad})
    name = story.staff({bad: hosts[bad]}, ready=False)[0]
    story.pod_event(
        name,
        "Unhealthy",
        "Readiness probe errored: rpc error: code = Unknown desc = operation timeout: context deadline exceeded",
        25,
        1100,
        31,
    )
    story.node_event(bad, "ContainerGCFailed", "operation timeout: context deadline exceeded", 60, 1100, 17)
    story.node_event(bad, "NodeNotReady", f"Node {bad} status is now: NodeNotReady", 950, type_="Normal")
    story.log(
        "docker",
        [
            f'{story.syslog(1300 - 110 * n)} {bad} dockerd[1109]: time="{story.ago(1300 - 110 * n)}" level=error msg="Handler for GET /v1.39/containers/77{n}af1/json returned error: context canceled"'
            for n in range(11)
        ],
        "docker-journal.txt",
    )
    story.describe(bad, name)
    story.affected = [bad]
    story.cite(f"describe-node-{bad}.txt", "PLEG is not healthy")
    return story


def cri_disabled(now: datetime) -> Incident:
    story = incident(
        "runtime-service-unknown-after-package-update",
        CAUSE,
        "containerd was updated on one host and its new config has CRI disabled (unknown service runtime.v1.RuntimeService): the kubelet exits, the host is Unknown, calico-node is lost with it.",
        "https://github.com/containerd/containerd/issues/4581",
        now,
        difficulty="medium",
        platform="other",
        calico="v3.26.1",
        kubernetes="v1.27.4",
        registry="docker.io/calico",
        acceptable=["kubelet-stopped-posting"],
    )
    hosts = {f"cloudvm{n}": f"172.28.90.{20 + n}" for n in range(1, 6)}
    bad = "cloudvm5"
    story.hosts({k: v for k, v in hosts.items() if k != bad}, runtime="containerd://1.6.21")
    unknown = ("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.")
    story.hosts(
        {bad: hosts[bad]},
        since=5200,
        ready=unknown,
        runtime="containerd://1.6.21",
        taints=(("node.kubernetes.io/unreachable", "NoExecute"), ("node.kubernetes.io/unreachable", "NoSchedule")),
    )
    story.staff({k: v for k, v in hosts.items() if k != bad})
    story.staff({bad: hosts[bad]}, ready=False)
    story.not_established(story.pods["cloudvm1"], [hosts[bad]], 5100, 5180, 7, established=3)
    lines = []
    for n in range(9):
        ago, pid = 5100 - 500 * n, 8123 + 61 * n
        clock = story.stamp(ago)[11:]
        lines += [
            f"{story.syslog(ago)} {bad} systemd[1]: Started kubelet: The Kubernetes Node Agent.",
            f"{story.syslog(ago - 1)} {bad} kubelet[{pid}]: Flag --pod-infra-container-image has been deprecated, will be removed in a future release.",
            f'{story.syslog(ago - 1)} {bad} kubelet[{pid}]: E{now:%m%d} {clock}744    {pid} run.go:74] "command failed" err="failed to run Kubelet: validate service connection: validate CRI v1 runtime API for endpoint \\"unix:///run/containerd/containerd.sock\\": rpc error: code = Unimplemented desc = unknown service runtime.v1.RuntimeService"',
            f"{story.syslog(ago - 2)} {bad} systemd[1]: kubelet.service: Failed with result 'exit-code'.",
        ]
    story.log("kubelet", lines, "kubelet-cloudvm5.txt")
    story.texts["config.toml"] = (
        'disabled_plugins = ["cri"]\n\n#root = "/var/lib/containerd"\n#state = "/run/containerd"\n#subreaper = true\n#oom_score = 0\n'
    )
    story.log(
        story.pods["cloudvm1"],
        [
            *story.quiet(7000, 5250),
            f"bird: Mesh_{hosts[bad].replace('.', '_')}: Error: Hold timer expired",
            *story.quiet(5000, 4000),
        ],
    )
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe-cloudvm1.txt": f"describe pod -n calico-system {story.pods['cloudvm1']}",
    }
    story.affected = [bad]
    story.cite("kubelet-cloudvm5.txt", "unknown service runtime.v1.RuntimeService")
    return story


def message_bus(now: datetime) -> Incident:
    story = incident(
        "runc-waits-for-systemd-scopes",
        CAUSE,
        "On one worker no container can be started because runc gets no scope from systemd (unable to apply cgroup configuration); calico-node is one of several victims, the CNI files are there.",
        "runc libcontainer/cgroups/systemd (unable to start unit, recipient disconnected)",
        now,
        difficulty="hard",
        calico="v3.28.4",
        kubernetes="v1.30.12+IKS",
    )
    nodes = story.workers([f"10.240.131.{n}" for n in (5, 6, 8, 10)])
    bad = nodes[2]
    why = 'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: unable to apply cgroup configuration: unable to start unit "cri-containerd-4b1f9a.scope": Message recipient disconnected from message bus without replying: unknown'
    story.agents([n for n in nodes if n != bad])
    name = story.agents([bad], ready=False, restarts=13, waiting="CrashLoopBackOff", last=("StartError", 128, 140))[0]
    story.pod_event(name, "Failed", f"Error: {why}", 140, 2600, 14)
    story.pod_event(name, "BackOff", f"Back-off restarting failed container calico-node in pod {name}", 20, 2500, 190)
    for i, (space, app) in enumerate(
        (("shop", "cart-6f8d7c9b5-mm2xk"), ("kube-system", "ibm-vpc-block-csi-node-w7j2n"))
    ):
        other = story.other(
            app,
            bad,
            f"172.17.81.{9 + i}",
            namespace=space,
            owner="ReplicaSet/" + app.rsplit("-", 1)[0],
            ready=False,
            restarts=11,
            waiting="RunContainerError",
            last=("StartError", 128, 200),
        )
        story.pod_event(other, "Failed", f"Error: {why}", 200, 2600, 12, namespace=space)
        story.commands[f"describe-{app}.txt"] = f"describe pod -n {space} {other}"
    story.not_established(story.pods[nodes[0]], [bad], 2500, 2570, 7, established=2)
    story.describe(bad)
    story.log(
        story.pods[nodes[0]],
        [
            *story.quiet(4000, 2600),
            f"bird: Mesh_{bad.replace('.', '_')}: Error: Hold timer expired",
            *story.quiet(2500, 20),
        ],
    )
    story.affected = [bad]
    story.cite(f"describe-pod-{name}.txt", "unable to apply cgroup configuration")
    return story


def missing_handler(now: datetime) -> Incident:
    story = incident(
        "default-runtime-binary-not-there",
        CAUSE,
        "After a GPU toolkit was removed containerd still has nvidia as default runtime: every new container on these two hosts fails, the restarted calico-node too; the others' CrashLoopBackOff is old.",
        "containerd runtime/v2/runc (OCI runtime create failed: nvidia-container-runtime not found)",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.24.5",
        kubernetes="v1.25.16",
        registry="quay.io/calico",
        acceptable=["worker-local-failure"],
    )
    hosts = {f"gpu-{n}": f"10.143.20.{n}" for n in (1, 2, 3, 4, 5, 6)}
    bad = ["gpu-2", "gpu-5"]
    story.hosts(hosts, kernel="5.15.0-105-generic", runtime="containerd://1.6.31")
    story.staff({k: v for k, v in hosts.items() if k not in bad})
    why = 'failed to create containerd task: failed to create shim task: OCI runtime create failed: unable to retrieve OCI runtime error (open /run/containerd/io.containerd.runtime.v2.task/k8s.io/9f2c/log.json: no such file or directory): exec: "nvidia-container-runtime": executable file not found in $PATH: unknown'
    for i, node in enumerate(bad):
        name = story.staff({node: hosts[node]}, ready=False, age=4000, phase="Pending", waiting="PodInitializing")[0]
        made = story.objects["Pod"][-1]["status"]["initContainerStatuses"][0]
        made |= {"state": {"waiting": {"reason": "PodInitializing"}}, "ready": False}
        story.pod_event(
            name,
            "FailedCreatePodSandBox",
            f"Failed to create pod sandbox: rpc error: code = Unknown desc = failed to start sandbox container task: {why}",
            12 + i,
            3980,
            290,
        )
        story.commands[f"describe-{node}-calico.txt"] = f"describe pod -n calico-system {name}"
    train = story.other(
        "train-0",
        "gpu-1",
        "10.233.61.7",
        namespace="ml",
        owner="StatefulSet/train",
        app="train",
        ready=False,
        restarts=140,
        waiting="CrashLoopBackOff",
        last=("Error", 1, 100),
    )
    story.pod_event(train, "BackOff", "Back-off restarting failed container train", 40, 90_000, 4000, namespace="ml")
    for node in ("gpu-1", "gpu-3"):
        story.not_established(story.pods[node], [hosts[b] for b in bad], 3700, 3900, 20, established=3)
    story.commands |= {
        "nodes.txt": "get nodes",
        "pods.txt": "get pods -A -o wide",
        "describe-gpu-1-calico.txt": f"describe pod -n calico-system {story.pods['gpu-1']}",
    }
    story.affected = bad
    story.cite("describe-gpu-2-calico.txt", "executable file not found in $PATH")
    return story


STORIES = [pleg, sock, crio, shim, cri_disabled, docker_hangs, message_bus, missing_handler]
