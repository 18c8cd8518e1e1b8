"""worker-local-failure: calico-node is broken on one or a few workers and nothing more specific shows."""

from __future__ import annotations

from datetime import datetime

from cluster import container
from telling import Incident, incident

CAUSE = "worker-local-failure"


def segfault(now: datetime) -> Incident:
    story = incident(
        "exit-139-on-one-of-six", CAUSE, "One of six workers' calico-node ends with exit code 139 at once, without a word in its log; the same image runs elsewhere.",
        "https://github.com/projectcalico/calico/issues/11937", now, platform="vpc", calico="v3.28.2", difficulty="medium", acceptable=["software-defect"],
    )  # fmt: skip
    nodes = story.workers([f"10.247.12.{n}" for n in (4, 5, 6, 7, 10, 11)])
    bad = nodes[3]
    story.agents([n for n in nodes if n != bad])
    name = story.agents([bad], ready=False, restarts=55, waiting="CrashLoopBackOff", last=("Error", 139, 140))[0]
    story.pod_event(name, "BackOff", f"Back-off restarting failed container calico-node in pod {name}", 12, 15_000, 700)
    story.not_established(story.pods[nodes[0]], [bad], 14_000, 14_900, 9, established=4)
    story.describe(bad)
    story.commands["neighbour.txt"] = f"describe pod -n calico-system {story.pods[nodes[0]]}"
    story.affected = [bad]
    story.cite(f"describe-pod-{name}.txt", "139")
    return story


def completed(now: datetime) -> Incident:
    story = incident(
        "ends-completed-again-and-again", CAUSE, "On one host calico-node's last state is Completed with code 0 and it loops; its start-up is clean and no reason shows.",
        "https://github.com/projectcalico/calico/issues/5157", now, platform="other", namespace="kube-system", registry="quay.io/calico", calico="v3.21.0", kubernetes="v1.22.4", difficulty="hard", acceptable=["bird-not-running"],
    )  # fmt: skip
    hosts = {f"n{n}": f"10.11.12.{n}" for n in (51, 52, 53, 54)}
    story.hosts(hosts)
    story.staff({k: v for k, v in hosts.items() if k != "n53"})
    name = story.staff(
        {"n53": hosts["n53"]}, ready=False, restarts=40, waiting="CrashLoopBackOff", last=("Completed", 0, 210)
    )[0]
    story.pod_event(name, "BackOff", "Back-off restarting failed container", 30, 9000, 200)
    story.pod_event(
        name,
        "Unhealthy",
        "Readiness probe failed: calico/node is not ready: BIRD is not ready: Failed to stat() nodename file: stat /var/lib/calico/nodename: no such file or directory",
        8990,
        9000,
        2,
    )
    for node in ("n51", "n52"):
        story.not_established(story.pods[node], [hosts["n53"]], 15, 8000, 140, established=2)
        story.commands[f"describe-{node}.txt"] = f"describe pod -n kube-system {story.pods[node]}"
    story.log(name, story.boot("n53", 250, [v for k, v in hosts.items() if k != "n53"]))
    story.commands |= {"pods.txt": "get pods -A -o wide", "describe-n53.txt": f"describe pod -n kube-system {name}"}
    story.affected = ["n53"]
    story.cite("describe-n53.txt", "CrashLoopBackOff")
    return story


def two(now: datetime) -> Incident:
    story = incident(
        "two-of-eight-crash-files-of-others", CAUSE, "Two of eight workers' agents crash with exit code 1; only lists and the neighbours' describes were sent, so no reason is known.",
        "https://github.com/projectcalico/calico/issues/4466", now, platform="classic", calico="v3.27.4", kubernetes="v1.29.9+IKS", difficulty="medium", acceptable=["bgp-peer-down"],
    )  # fmt: skip
    nodes = story.workers([f"10.148.9.{n}" for n in (3, 4, 5, 6, 17, 18, 19, 20)])
    bad = [nodes[2], nodes[6]]
    story.agents([n for n in nodes if n not in bad])
    story.agents(bad, ready=False, restarts=93, waiting="CrashLoopBackOff", last=("Error", 1, 60))
    story.not_established(story.pods[nodes[0]], bad, 20, 9000, 77, established=5)
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -n calico-system -o wide",
        "describe-crashing.txt": f"describe pod -n calico-system {story.pods[bad[0]]}",
        "describe.txt": f"describe pod -n calico-system {story.pods[nodes[0]]}",
    }
    story.affected = bad
    story.cite("pods.txt", "CrashLoopBackOff")
    return story


def hook(now: datetime) -> Incident:
    story = incident(
        "pre-stop-hook-fails-on-one", CAUSE, "One agent of many is killed by its liveness probe and its preStop hook ends in 137; its sessions and peers tell nothing more.",
        "https://github.com/projectcalico/calico/issues/3138", now, platform="other", calico="v3.20.0", kubernetes="v1.21.14-eks", registry="quay.io/calico", difficulty="hard", acceptable=["worker-starved"],
    )  # fmt: skip
    hosts = {
        f"ip-192-168-{a}-{b}.us-west-2.compute.internal": f"192.168.{a}.{b}"
        for a, b in ((82, 36), (83, 7), (90, 11), (97, 4), (98, 61))
    }
    bad = list(hosts)[2]
    story.hosts(hosts)
    story.staff({k: v for k, v in hosts.items() if k != bad})
    name = story.staff(
        {bad: hosts[bad]}, ready=False, restarts=12, waiting="CrashLoopBackOff", last=("Error", 137, 90)
    )[0]
    story.pod_event(
        name,
        "FailedPreStopHook",
        f'Exec lifecycle hook ([/bin/calico-node -shutdown]) for Container "calico-node" in Pod "{name}_calico-system(51c2)" failed - error: command \'/bin/calico-node -shutdown\' exited with 137: , message: ""',
        95,
        1500,
        12,
    )
    story.pod_event(
        name, "Killing", "Container calico-node failed liveness probe, will be restarted", 120, 1500, 12, type_="Normal"
    )
    story.commands = {
        "pods.txt": "get pods -n calico-system -o wide",
        "nodes.txt": "get nodes",
        "describe.txt": f"describe pod -n calico-system {name}",
    }
    story.affected = [bad]
    story.cite("describe.txt", "FailedPreStopHook")
    return story


def exec_format(now: datetime) -> Incident:
    story = incident(
        "exec-format-error-on-one-of-five",
        CAUSE,
        "One of five equal workers cannot execute calico-node's binary (exec format error) though all run the same image and architecture: its copy of the image is damaged.",
        "Linux fs/exec.c (ENOEXEC) as runc and the kubelet show it",
        now,
        difficulty="easy",
        calico="v3.29.3",
        kubernetes="v1.32.3+IKS",
        acceptable=["image-pull-failure"],
    )
    nodes = story.workers([f"10.243.66.{n}" for n in (4, 9, 11, 12, 17)])
    bad = nodes[1]
    story.agents([n for n in nodes if n != bad])
    name = story.agents(
        [bad], ready=False, restarts=31, waiting="CrashLoopBackOff", last=("Error", 255, 120), age=9200
    )[0]
    story.pod_event(
        name,
        "Pulled",
        'Container image "icr.io/ext/calico/node:v3.29.3" already present on machine',
        130,
        9100,
        31,
        type_="Normal",
    )
    story.pod_event(name, "BackOff", f"Back-off restarting failed container calico-node in pod {name}", 14, 9000, 410)
    story.log(name, ["exec /usr/sbin/start_runit: exec format error"])
    story.not_established(story.pods[nodes[0]], [bad], 9050, 9120, 7, established=3)
    story.describe(bad)
    story.commands[f"describe-pod-{story.pods[nodes[0]]}.txt"] = f"describe pod -n calico-system {story.pods[nodes[0]]}"
    story.affected = [bad]
    story.cite(f"{name}.log", "exec format error")
    return story


def bus_error(now: datetime) -> Incident:
    story = incident(
        "sigbus-in-a-page-of-its-own-binary",
        CAUSE,
        "Felix of one host dies with SIGBUS at ever other places while the same release runs on five others: a page of its binary cannot be read there. Its peers' complaints are effects.",
        "Go runtime/signal_unix.go (unexpected fault address, SIGBUS)",
        now,
        difficulty="hard",
        platform="other",
        namespace="kube-system",
        registry="quay.io/calico",
        calico="v3.22.5",
        kubernetes="v1.23.17",
        acceptable=["software-defect"],
    )
    hosts = {f"rack{n}": f"192.168.140.{10 + n}" for n in range(1, 7)}
    story.hosts(hosts)
    story.staff({k: v for k, v in hosts.items() if k != "rack4"})
    name = story.staff({"rack4": hosts["rack4"]}, ready=False, restarts=66, started=50, last=("Error", 2, 340))[0]
    story.pod_event(
        name,
        "Unhealthy",
        'Readiness probe failed: calico/node is not ready: felix is not ready: Get "http://localhost:9099/readiness": dial tcp 127.0.0.1:9099: connect: connection refused',
        8,
        20_000,
        700,
    )
    for node in ("rack1", "rack2"):
        story.recreated(story.pods[node], [hosts["rack4"]], 900, 4)
    log = story.boot("rack4", 50, [v for k, v in hosts.items() if k != "rack4"])[:-1]
    for n, at in enumerate(("0x7f1c2a3b1000", "0x7f1c29ff8000", "0x7f1c2a110000")):
        log += [
            f"unexpected fault address {at}",
            "fatal error: fault",
            f"[signal SIGBUS: bus error code=0x2 addr={at} pc=0x{4712001 + 9911 * n:x}]",
            "",
            f"goroutine {121 + 77 * n} [running]:",
            "runtime.throw({0x2b8f1d1, 0x5})",
            "\t/usr/local/go/src/runtime/panic.go:992 +0x71 fp=0xc0008d5c60 sp=0xc0008d5c30 pc=0x43a1b1",
            story.say(38 - 12 * n, "INFO", 140 + n, "felix", "logutils.go 85:", "Early screen log level set to info"),
        ]
    story.log(name, log)
    story.commands = {
        "pods.txt": "get pods -n kube-system -o wide",
        "nodes.txt": "get nodes -o wide",
        "describe-rack4.txt": f"describe pod -n kube-system {name}",
        "describe-rack1.txt": f"describe pod -n kube-system {story.pods['rack1']}",
    }
    story.affected = ["rack4"]
    story.cite(f"{name}.log", "SIGBUS: bus error")
    return story


def init_dies(now: datetime) -> Incident:
    story = incident(
        "init-container-killed-by-a-signal-on-one",
        CAUSE,
        "install-cni ends with exit code 139 on one of seven workers and writes nothing; the same image installs on all others. The pods that wait for a network there are victims.",
        "https://github.com/projectcalico/calico/issues/5501",
        now,
        difficulty="hard",
        platform="classic",
        calico="v3.26.5",
        kubernetes="v1.28.15+IKS",
        acceptable=["cni-install-failure", "cni-config-missing"],
    )
    nodes = story.workers([f"10.77.190.{n}" for n in (194, 199, 203, 204, 210, 221)])
    no_cni = (
        "False",
        "KubeletNotReady",
        "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized",
    )
    bad = story.workers(
        ["10.77.190.230"],
        ready=no_cni,
        since=6100,
        calico_up=False,
        taints=(("node.kubernetes.io/not-ready", "NoSchedule"),),
    )[0]
    story.agents(nodes)
    init = [
        container(
            story,
            "install-cni",
            "icr.io/ext/calico/cni:v3.26.5",
            ready=False,
            restarts=22,
            waiting="CrashLoopBackOff",
            last=("Error", 139, 100),
        )
    ]
    name = story.agents([bad], ready=False, phase="Pending", waiting="PodInitializing", age=6200, init=init)[0]
    story.pod_event(name, "BackOff", f"Back-off restarting failed container install-cni in pod {name}", 9, 6000, 460)
    app = story.other(
        "orders-7c9f8d6b5-9sxzt",
        bad,
        "172.30.12.9",
        namespace="shop",
        owner="ReplicaSet/orders-7c9f8d6b5",
        ready=False,
        phase="Pending",
        waiting="ContainerCreating",
        age=5000,
    )
    story.pod_event(
        app,
        "NetworkNotReady",
        "network is not ready: container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized",
        12,
        4990,
        2400,
        namespace="shop",
    )
    story.not_established(story.pods[nodes[3]], [bad], 5900, 6080, 18, established=5)
    story.describe(bad)
    story.commands |= {
        "describe-orders.txt": f"describe pod -n shop {app}",
        "neighbour.txt": f"describe pod -n calico-system {story.pods[nodes[3]]}",
    }
    story.affected = [bad]
    story.cite(f"describe-pod-{name}.txt", "139")
    return story


def silent_not_ready(now: datetime) -> Incident:
    story = incident(
        "felix-not-ready-on-one-without-a-word",
        CAUSE,
        "One of nine agents stays 0/1: felix answers 503 for an hour, its log just goes on and names no reason; restarting the pod did not help. The runbook's worker-specific case.",
        "felix/health.go (readiness 503 without a reason)",
        now,
        difficulty="medium",
        platform="roks",
        calico="v3.27.4",
        kubernetes="v1.29.11+ef2a55c",
        acceptable=["software-defect"],
    )
    nodes = story.workers(
        [f"10.191.3.{n}" for n in range(40, 49)],
        os_image="Red Hat Enterprise Linux 8.10 (Ootpa)",
        runtime="cri-o://1.29.11",
    )
    bad = nodes[6]
    story.agents([n for n in nodes if n != bad])
    name = story.agents([bad], ready=False, age=3800, started=3790)[0]
    story.pod_event(
        name,
        "Unhealthy",
        "Readiness probe failed: calico/node is not ready: felix is not ready: readiness probe reporting 503",
        11,
        3750,
        122,
    )
    log = story.boot(bad, 3790, [n for n in nodes if n != bad])[:-1]
    story.log(
        name,
        [
            *log,
            story.say(
                3700, "INFO", 61, "felix", "health.go 336:", "Overall health status changed: live=true ready=false"
            ),
            *story.quiet(3600, 15),
        ],
    )
    story.texts["oc-adm-top.txt"] = "NAME          CPU(cores)   CPU%   MEMORY(bytes)   MEMORY%\n" + "".join(
        f"{n:13} {410 + 7 * i}m         10%    4{i}12Mi          3{i}%\n" for i, n in enumerate(nodes)
    )
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"describe-pod-{name}.txt", "readiness probe reporting 503")
    return story


STORIES = [segfault, completed, two, hook, exec_format, bus_error, init_dies, silent_not_ready]
