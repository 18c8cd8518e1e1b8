"""calico-node-oom-killed: calico-node hits its own memory limit."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident


def many_policies(now: datetime) -> Incident:
    story = incident(
        "limit-of-300-mi-after-policies-grew", "calico-node-oom-killed",
        "The container's last state is OOMKilled with exit code 137 on one worker, and the worker itself has memory.",
        "https://github.com/projectcalico/calico/issues/6007", now, difficulty="easy",
    )  # fmt: skip
    nodes = story.workers([f"10.250.3.{n}" for n in (11, 12, 13, 14)])
    bad = nodes[2]
    story.agents([n for n in nodes if n != bad])
    name = story.agents([bad], ready=False, restarts=27, waiting="CrashLoopBackOff", last=("OOMKilled", 137, 190),
                        spec={"resources": {"limits": {"memory": "300Mi"}}})[0]  # fmt: skip
    story.pod_event(name, "BackOff", "Back-off restarting failed container calico-node in pod", 15, 9000, 300)
    story.describe(bad)
    story.log(name, story.started(bad, 240, [n for n in nodes if n != bad])[:11])
    story.affected = [bad]
    story.cite(f"describe-pod-{name}.txt", "OOMKilled")
    return story


def kernel_log(now: datetime) -> Incident:
    story = incident(
        "memory-cgroup-line-among-liveness-noise", "calico-node-oom-killed",
        "The kernel's log kills calico-node in its own memory cgroup (limit 250Mi); the loud liveness and BGP events follow from the restarts.",
        "https://github.com/giantswarm/k8scloudconfig/pull/585", now, difficulty="hard", platform="other", namespace="kube-system", registry="quay.io/calico",
        calico="v3.13.4", kubernetes="v1.17.9",
    )  # fmt: skip
    hosts = {f"gs-{x}": f"10.1.4.{n}" for n, x in enumerate(("q3k", "w0p", "zz8", "c4d"), 37)}
    story.hosts(hosts)
    story.staff({k: v for k, v in hosts.items() if k != "gs-zz8"})
    name = story.staff(
        {"gs-zz8": hosts["gs-zz8"]},
        restarts=18,
        started=170,
        last=("Error", 137, 180),
        spec={"resources": {"limits": {"memory": "250Mi"}}},
    )[0]
    story.pod_event(
        name,
        "Unhealthy",
        "Liveness probe failed: calico/node is not ready: Felix is not live: Get http://localhost:9099/liveness: dial tcp 127.0.0.1:9099: connect: connection refused",
        175,
        40_000,
        70,
    )
    story.not_established(story.pods["gs-q3k"], [hosts["gs-zz8"]], 178, 39_000, 31, established=2)
    story.commands = {
        "pods.txt": "get pods -n kube-system -o wide",
        "describe-zz8.txt": f"describe pod -n kube-system {name}",
        "describe-q3k.txt": f"describe pod -n kube-system {story.pods['gs-q3k']}",
    }
    lines = []
    for n in range(5):
        at = f"{story.syslog(9000 - 2205 * n)} gs-zz8 kernel: "
        lines += [at + "calico-node invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=-997",
                  at + "memory: usage 256000kB, limit 256000kB, failcnt 22187",
                  at + f"Memory cgroup out of memory: Killed process {21877 + 310 * n} (calico-node) total-vm:1822116kB, anon-rss:231208kB, file-rss:35904kB, shmem-rss:0kB, UID:0",
                  f"{story.syslog(8995 - 2205 * n)} gs-zz8 systemd[1]: run-docker-runtime-runc-moby.mount: Succeeded."]  # fmt: skip
    story.log("kernel", lines, "journal-zz8.txt")
    story.affected = ["gs-zz8"]
    story.cite("journal-zz8.txt", "Memory cgroup out of memory")
    return story


def all_at_once(now: datetime) -> Incident:
    story = incident(
        "every-agent-dies-with-its-small-limit", "calico-node-oom-killed",
        "A limit of 128Mi was set on the daemonset; on four of five workers calico-node was OOMKilled many times while the workers have memory.",
        "https://github.com/giantswarm/k8scloudconfig/pull/584", now, difficulty="medium", platform="vpc", calico="v3.29.3", kubernetes="v1.32.2+IKS", acceptable=["invalid-calico-config"],
    )  # fmt: skip
    nodes = story.workers([f"10.242.5.{n}" for n in (4, 5, 8, 9, 12)])
    limit = {"resources": {"limits": {"memory": "128Mi"}}}
    story.agents(nodes[:1], spec=limit)
    for i, node in enumerate(nodes[1:]):
        name = story.agents(
            [node],
            ready=i % 2 == 0,
            restarts=30 + i,
            last=("OOMKilled", 137, 100 + i * 40),
            started=95 + i * 40,
            spec=limit,
        )[0]
        story.pod_event(
            name, "BackOff", "Back-off restarting failed container calico-node in pod", 105 + i * 40, 9000, 50
        )
        story.commands[f"{name}.txt"] = f"describe pod -n calico-system {name}"
    story.not_established(story.pods[nodes[0]], nodes[1:3], 60, 8000, 80, established=2)
    story.describe(nodes[0])
    story.log(name, story.boot(nodes[4], 215, nodes[:4], nodes[:2]) + story.quiet(150, 5))
    story.affected = nodes[1:]
    story.cite(f"{name}.txt", "OOMKilled")
    return story


def previous(now: datetime) -> Incident:
    story = incident(
        "stops-in-the-middle-of-a-resync", "calico-node-oom-killed",
        "The previous log just stops in a large resync; describe shows last state OOMKilled with a limit of 500M. Neighbours' readiness noise is old.",
        "https://github.com/projectcalico/calico/blob/master/felix/calc/calc_graph.go", now, difficulty="hard", platform="other", namespace="kube-system", registry="quay.io/calico", calico="v3.20.2", kubernetes="v1.22.3",
    )  # fmt: skip
    hosts = {f"ks-worker-{n}": f"172.18.30.{n}" for n in (11, 17, 20, 27, 32, 47)}
    story.hosts(hosts)
    story.staff({k: v for k, v in hosts.items() if k != "ks-worker-20"})
    name = story.staff(
        {"ks-worker-20": hosts["ks-worker-20"]},
        restarts=3,
        started=2000,
        last=("OOMKilled", 137, 2010),
        spec={"resources": {"limits": {"memory": "500M", "cpu": "300m"}}},
    )[0]
    old = story.pods["ks-worker-47"]
    story.pod_event(
        old,
        "Unhealthy",
        "Readiness probe failed: calico/node is not ready: BIRD is not ready: Failed to stat() nodename file: stat /var/lib/calico/nodename: no such file or directory",
        170_000,
        170_020,
        2,
    )
    lines = story.boot("ks-worker-20", 4000, [v for k, v in hosts.items() if k != "ks-worker-20"]) + story.quiet(
        3900, 2300
    )
    lines += [
        story.say(
            2200 - n * 8,
            "INFO",
            61,
            "felix",
            "endpoint_mgr.go 583:",
            f'Updating per-endpoint chains. id=proto.WorkloadEndpointID{{OrchestratorId:"k8s", WorkloadId:"load/load-{n:03d}", EndpointId:"eth0"}}',
        )
        for n in range(22)
    ]
    story.log(name, lines, f"{name}-previous.log")
    story.commands = {
        "pods.txt": "get pods -n kube-system -o wide",
        "describe-20.txt": f"describe pod -n kube-system {name}",
        "describe-47.txt": f"describe pod -n kube-system {old}",
        "nodes.txt": "get nodes",
    }
    story.affected = ["ks-worker-20"]
    story.cite("describe-20.txt", "OOMKilled")
    return story


STORIES = [many_policies, kernel_log, all_at_once, previous]
