"""worker-local-failure: calico-node is broken on one or a few workers and nothing more specific shows."""

from __future__ import annotations

from datetime import datetime

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


STORIES = [segfault, completed, two, hook]
