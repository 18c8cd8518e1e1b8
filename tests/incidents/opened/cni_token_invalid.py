"""cni-token-invalid: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

from telling import Incident, incident, node_status

CAUSE = "cni-token-invalid"


def pods_cannot_be_torn_down(now: datetime) -> Incident:
    story = incident(
        "terminating-pods-pile-up-on-two-hosts",
        CAUSE,
        "Pods that were deleted on two of five hosts hang in Terminating: the plugin's DEL is answered 'Unauthorized' (KillPodSandbox). Nobody schedules new pods there, so no ADD fails. calico-node on both is 1/1 with all sessions; only the plugin's kubeconfig is stale, written last three days ago.",
        "https://github.com/projectcalico/calico/issues/7220",
        now,
        platform="other",
        calico="v3.24.5",
        kubernetes="v1.25.6",
        registry="quay.io/calico",
        difficulty="medium",
    )
    system = {
        "os_image": "Rocky Linux 8.7 (Green Obsidian)",
        "kernel": "4.18.0-425.10.1.el8_7.x86_64",
        "runtime": "containerd://1.6.15",
    }
    hosts = {f"lab-n{n}": f"10.92.3.{20 + n}" for n in range(1, 6)}
    bad = ["lab-n2", "lab-n4"]
    story.hosts({k: v for k, v in hosts.items() if k not in bad}, **system)
    story.hosts(
        {k: hosts[k] for k in bad},
        unschedulable=True,
        taints=[("node.kubernetes.io/unschedulable", "NoSchedule")],
        **system,
    )
    story.staff(hosts, started=690_000, age=690_020)
    me = bad[0]
    name = story.pods[me]
    victims = []
    for n, (what, node, ago) in enumerate(
        (
            ("ci-runner-57d9c6f7b4-2xkq8", bad[0], 41_000),
            ("ci-runner-57d9c6f7b4-nl4wd", bad[1], 40_700),
            ("artifact-cache-0", bad[0], 39_000),
            ("sonar-7f5d8f9bc8-ztp6h", bad[1], 2_700),
        )
    ):
        owner = "StatefulSet/artifact-cache" if what.endswith("-0") else f"ReplicaSet/{what.rsplit('-', 1)[0]}"
        story.other(
            what,
            node,
            f"192.168.{70 + n}.{9 + n}",
            "ci",
            owner,
            app=what.split("-")[0],
            ready=False,
            age=600_000,
            done=True,
            started=ago + 30,
        )
        story.objects["Pod"][-1]["metadata"] |= {"deletionTimestamp": story.ago(ago), "deletionGracePeriodSeconds": 30}
        sandbox = sha256(what.encode()).hexdigest()
        story.pod_event(
            what,
            "FailedKillPod",
            f'error killing pod: failed to "KillPodSandbox" for "6e0c{n}f41-93a7-4d2e-8c5b-1f0d7a{n}b2c93" with KillPodSandboxError: "rpc error: code = Unknown desc = failed to destroy network for sandbox \\"{sandbox}\\": plugin type=\\"calico\\" failed (delete): error getting ClusterInformation: connection is unauthorized: Unauthorized"',
            6 + 3 * n,
            ago - 2,
            int(ago / 13.7),
            namespace="ci",
        )
        victims.append(what)
    peers = [a for n, a in hosts.items() if n != me]
    lines = story.boot(me, 690_000, peers, interface="bond0", prefix=24)
    for n in range(19):
        ago = 687_000 - 22_000 * n
        lines += [
            story.say(
                ago,
                "INFO",
                66,
                "cni-config-monitor",
                "token_watch.go 225:",
                "Update of CNI kubeconfig triggered based on elapsed time.",
            ),
            story.say(
                ago - 0.01,
                "INFO",
                66,
                "cni-config-monitor",
                "token_watch.go 279:",
                'Wrote updated CNI kubeconfig file. path="/host/etc/cni/net.d/calico-kubeconfig"',
            ),
        ]
    story.log(name, [*lines, *story.quiet(9_000, 11, 500)])
    day = story.syslog(291_000)[:12]
    story.texts["lab-n2.txt"] = (
        f"[root@lab-n2 ~]# ls -l /etc/cni/net.d\ntotal 8\n-rw-r--r-- 1 root root  805 {story.syslog(690_005)[:12]} 10-calico.conflist\n-rw------- 1 root root 2711 {day} calico-kubeconfig\n[root@lab-n2 ~]# date\n{now.strftime('%a %b %d %H:%M:%S UTC %Y')}\n[root@lab-n2 ~]# chronyc tracking | grep 'System time'\nSystem time     : 0.000021337 seconds slow of NTP time\n[root@lab-n2 ~]# ls -l --time-style=+%F /etc/cni/net.d/calico-kubeconfig # lab-n3, which works\n-rw------- 1 root root 2711 {story.ago(20_000)[:10]} /etc/cni/net.d/calico-kubeconfig\n"
    )
    story.texts["node-status-lab-n2.txt"] = node_status(
        [(p, "up", story.stamp(689_990)[:10], "Established") for p in peers]
    )
    story.describe(me)
    story.commands[f"describe-{victims[0]}.txt"] = f"describe pod -n ci {victims[0]}"
    story.events()
    story.affected = bad
    story.cite(f"describe-{victims[0]}.txt", "connection is unauthorized: Unauthorized")
    return story


def laptop_was_asleep(now: datetime) -> Incident:
    story = incident(
        "virtual-machine-slept-over-the-weekend",
        CAUSE,
        "Three virtual machines were suspended for two and a half days and resumed an hour ago. The timer that renews the plugin's token did not run meanwhile and is not due for hours, so the token in calico-kubeconfig ended during the sleep: every new sandbox is refused with Unauthorized on all hosts. calico-node got a new token of its own and is 1/1; clocks are right.",
        "https://github.com/golang/go/issues/24595 (timers stand still while the machine sleeps) and node/pkg/cni/token_watch.go",
        now,
        platform="other",
        calico="v3.29.2",
        kubernetes="v1.32.1",
        namespace="calico-system",
        registry="docker.io/calico",
        difficulty="hard",
    )
    system = {"os_image": "Ubuntu 24.04.1 LTS", "kernel": "6.8.0-52-generic", "runtime": "containerd://1.7.25"}
    hosts = {"vm-cp": "192.168.122.10", "vm-w1": "192.168.122.11", "vm-w2": "192.168.122.12"}
    slept, woke = 226_800.0, 3_700.0  # seconds ago
    story.hosts(hosts, since=woke - 20, **system)
    story.staff(hosts, started=312_000, age=312_030)
    story.typha("vm-w1", "zq4kt", started=312_000)
    made = story.objects["Pod"][-1]
    made["metadata"]["creationTimestamp"] = made["status"]["startTime"] = story.ago(312_040)
    error = "error getting ClusterInformation: connection is unauthorized: Unauthorized"
    stuck = [
        story.stuck("grafana-6c7b8d5f96-x4kvp", "vm-w1", error, 9, 3_300, 237, "monitoring"),
        story.stuck("hello-7d6b5c9f88-zz2mt", "vm-w2", error, 17, 2_950, 215),
        story.stuck("coredns-668d6bf9bc-pl9xq", "vm-cp", error, 4, 3_250, 240, "kube-system"),
    ]
    for n, node in enumerate(("vm-w1", "vm-w2")):
        story.other(
            f"hello-7d6b5c9f88-{'tk'[n]}{n}r5{'bn'[n]}",
            node,
            f"10.244.{105 + 40 * n}.{132 + n}",
            "default",
            "ReplicaSet/hello-7d6b5c9f88",
            age=300_000,
            started=299_990,
        )
    for host in hosts:
        story.node_event(
            host,
            "NodeNotReady",
            f"Node {host} status is now: NodeNotReady",
            woke - 5,
            type_="Normal",
            source="node-controller",
        )
        story.node_event(host, "NodeReady", f"Node {host} status is now: NodeReady", woke - 20, type_="Normal")
    me = "vm-w1"
    name = story.pods[me]
    peers = [a for n, a in hosts.items() if n != me]
    lines = story.boot(me, 312_000, peers, interface="enp1s0", prefix=24)
    for n in range(2):
        ago = 255_000 - 22_000 * n
        lines += story.quiet(ago + 900, ago + 20, 420)
        lines += [
            story.say(
                ago,
                "INFO",
                67,
                "cni-config-monitor",
                "token_watch.go 226:",
                "Update of CNI kubeconfig triggered based on elapsed time.",
            ),
            story.say(
                ago - 0.01,
                "INFO",
                67,
                "cni-config-monitor",
                "token_watch.go 281:",
                'Wrote updated CNI kubeconfig file. path="/host/etc/cni/net.d/calico-kubeconfig"',
            ),
        ]
    lines += story.quiet(slept + 1_500, slept + 10, 400)
    lines += [
        story.say(
            woke - 1, "INFO", 61, "felix", "sync_client.go 434:", "Typha connection is down, will try to reconnect."
        ),
        story.say(
            woke - 2,
            "WARNING",
            61,
            "felix",
            "daemon.go 731:",
            "Typha client signalled a failure: need to restart error=read from Typha failed",
        ),
        story.say(woke - 5, "INFO", 61, "felix", "sync_client.go 185:", "Connected to Typha on attempt 2 attempt=2"),
    ]
    for p in peers:
        bird = f"bird: Mesh_{p.replace('.', '_')}:"
        lines += [
            f"{bird} Error: Hold timer expired",
            *(f"{bird} State changed to {s}" for s in ("stop", "down", "start", "feed", "up")),
        ]
    lines += story.quiet(woke - 60, 14, 420)
    story.log(name, lines)
    story.texts["journal-vm-w1.txt"] = "\n".join(
        [
            f"{story.syslog(slept)} vm-w1 systemd-logind[702]: The system will suspend now!",
            f"{story.syslog(slept - 1)} vm-w1 kernel: PM: suspend entry (s2idle)",
            f"{story.syslog(woke)} vm-w1 kernel: PM: suspend exit",
            f"{story.syslog(woke - 1)} vm-w1 systemd-resolved[611]: Clock change detected. Flushing caches.",
            f"{story.syslog(woke - 9)} vm-w1 chronyd[718]: Selected source 192.168.122.1",
            f"{story.syslog(woke - 9)} vm-w1 chronyd[718]: System clock was stepped by 0.000412 seconds",
            *(
                f'{story.syslog(ago)} vm-w1 containerd[819]: time="{story.ago(ago)}" level=error msg="RunPodSandbox for &PodSandboxMetadata{{Name:grafana-6c7b8d5f96-x4kvp,Uid:2f6d7a90-1b0c,Namespace:monitoring,Attempt:0,}} failed, error" error="failed to setup network for sandbox \\"77b0c4{int(ago) * 7919:x}e1\\": plugin type=\\"calico\\" failed (add): {error}"'
                for ago in (3_290, 3_276, 3_261, 1_204, 1_190, 23, 9)
            ),
            "",
        ]
    )
    story.describe(me)
    story.commands["describe-grafana.txt"] = f"describe pod -n monitoring {stuck[0]}"
    story.affected = list(hosts)
    story.cite("describe-grafana.txt", error)
    return story


STORIES = [pods_cannot_be_torn_down, laptop_was_asleep]
