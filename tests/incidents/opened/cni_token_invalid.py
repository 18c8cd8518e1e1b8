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


def plugin_account_was_made_anew(now: datetime) -> Incident:
    story = incident(
        "account-of-the-cni-plugin-was-deleted-and-made-anew",
        CAUSE,
        "A clean-up of RBAC objects deleted the service account calico-cni-plugin and the next sync made it again. The tokens in calico-kubeconfig were issued for the old account's uid, so since that minute the API refuses each sandbox on every node with Unauthorized; calico-node has an account of its own, is 1/1 and will not renew the plugin's token for hours. The API server's log gives the reason; a host whose calico-node was restarted by chance works.",
        "https://github.com/projectcalico/calico/issues/9271 and https://github.com/projectcalico/calico/pull/7106",
        now,
        platform="other",
        calico="v3.27.4",
        kubernetes="v1.29.8",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="hard",
    )
    system = {"os_image": "Ubuntu 22.04.4 LTS", "kernel": "6.5.0-1024-oem", "runtime": "containerd://1.7.19"}
    hosts = {f"ksp-{n}": f"10.47.12.{20 + n}" for n in range(1, 6)}
    since = 7_500
    lucky = "ksp-4"
    bad = [h for h in hosts if h != lucky]
    story.hosts(hosts, age=12_000_000, since=11_900_000, **system)
    story.staff({h: hosts[h] for h in bad}, started=5_400_000, age=5_400_030)
    story.staff({lucky: hosts[lucky]}, started=4_000, age=4_020)
    error = "error getting ClusterInformation: connection is unauthorized: Unauthorized"
    rows = (
        ("import-28c7b6dd5f-7gkqs", "ksp-1", 6_900),
        ("import-28c7b6dd5f-zt4mw", "ksp-2", 6_300),
        ("report-29213400-xk8hl", "ksp-5", 2_400),
    )
    for n, (name, node, first) in enumerate(rows):
        story.stuck(name, node, error, 13 + 5 * n, first, first // 13, namespace="batch")
    story.other(
        "import-28c7b6dd5f-ml2vb",
        lucky,
        "10.233.111.40",
        "batch",
        "ReplicaSet/import-28c7b6dd5f",
        age=2_900,
        started=2_890,
    )
    story.other(
        "metrics-server-6d94bc8694-4w7td",
        "ksp-2",
        "10.233.97.13",
        owner="ReplicaSet/metrics-server-6d94bc8694",
        app="metrics-server",
        age=1_500_000,
    )
    me = "ksp-2"
    log = story.boot(me, 5_400_000, [a for h, a in hosts.items() if h != me], interface="eno1", prefix=24)
    log += [
        *story.quiet(21_000, 19_800, 300),
        story.line(
            19_734,
            "INFO",
            58,
            "cni-config-monitor/token_watch.go 223:",
            "Update of CNI kubeconfig triggered based on elapsed time.",
        ),
        story.line(
            19_733.9,
            "INFO",
            58,
            "cni-config-monitor/token_watch.go 281:",
            'Wrote updated CNI kubeconfig file. path="/host/etc/cni/net.d/calico-kubeconfig"',
        ),
        *story.quiet(19_600, 8_200, 1_200),
    ]
    mesh = f"bird: Mesh_{hosts[lucky].replace('.', '_')}:"
    log += [
        *story.quiet(7_900, 4_050, 640),
        *(f"{mesh} State changed to {state}" for state in ("start", "feed", "up")),
        *story.quiet(3_900, 9, 560),
    ]
    story.log(story.pods[me], log)
    audit = "system:serviceaccount:kube-system:calico-cni-plugin"
    api = [
        f"I{story.klog(ago)[:-3]}       1 controller.go:615] quota admission added evaluator for: jobs.batch"
        for ago in (9_400, 8_800)
    ]
    for n in range(12):
        ago = 7_380 - 590 * n
        api.append(
            f'E{story.klog(ago)[:-3]}       1 authentication.go:73] "Unable to authenticate the request" err="[invalid bearer token, service account UID (0e7f1a64-9b27-4d58-9a5c-7a2f0c1be6d3) does not match claim (c41d9f02-66b0-4a7b-8d11-53fd20e9aa87)]"'
        )
        if n == 6:
            api.append(
                f"W{story.klog(ago - 20)[:-3]}       1 watcher.go:338] watch chan error: etcdserver: mvcc: required revision has been compacted"
            )
    story.texts["kube-apiserver-ksp-1.log"] = "\n".join(api) + "\n"
    story.texts["serviceaccounts.txt"] = f"""$ kubectl -n kube-system get sa | egrep 'NAME|calico'
NAME                                          SECRETS   AGE
calico-cni-plugin                             0         {since // 60}m
calico-kube-controllers                       0         138d
calico-node                                   0         138d
$ kubectl auth can-i get clusterinformations.crd.projectcalico.org --as {audit}
yes
"""
    story.describe(me)
    story.commands["describe-pod-import.txt"] = "describe pod -n batch import-28c7b6dd5f-zt4mw"
    story.affected = bad
    story.cite("describe-pod-import.txt", "error getting ClusterInformation: connection is unauthorized: Unauthorized")
    return story


STORIES = [pods_cannot_be_torn_down, laptop_was_asleep, plugin_account_was_made_anew]
