"""cni-token-invalid: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime, timedelta

from cluster import join
from telling import FELIX_503, Incident, incident, wrapped

CAUSE = "cni-token-invalid"


def multus_says_it(now: datetime) -> Incident:
    story = incident(
        "sandboxes-refused-behind-multus-after-a-certificate-rotation",
        CAUSE,
        "ROKS: since the API's certificates were rotated, pods on two workers get 'error adding container to network \"k8s-pod-network\": Unauthorized' from Multus; calico-node there is ready and its felix and confd speak with Typha: only the plugin's kubeconfig is stale.",
        "https://github.com/projectcalico/calico/issues/7171",
        now,
        platform="roks",
        calico="v3.24.5",
        kubernetes="v1.25.14+52e57d0",
        difficulty="medium",
    )
    nodes = story.workers(
        [f"10.185.21.{n}" for n in (68, 74, 80, 81, 97)],
        os_image="Red Hat Enterprise Linux 8.8 (Ootpa)",
        kernel="4.18.0-477.36.1.el8_8.x86_64",
        runtime="cri-o://1.25.4",
    )
    bad = [nodes[1], nodes[4]]
    story.agents(nodes, started=1_100_000)
    story.typha(nodes[0])
    story.typha(nodes[3], "w9c4t")
    stuck = []
    for i, (node, namespace, base) in enumerate(
        (
            (bad[0], "openshift-monitoring", "metrics-server-7968cd6ff4"),
            (bad[1], "openshift-ingress", "router-default-5b9d6c8f7c"),
        )
    ):
        stuck.append(
            story.stuck(
                f"{base}-{'tk'[i]}6sh{'72'[i]}",
                node,
                f'[{namespace}/{base}:k8s-pod-network]: error adding container to network "k8s-pod-network": Unauthorized',
                12 + i,
                5200,
                389,
                namespace=namespace,
                form="old",
            )
        )
        text = story.objects["Event"][-1]
        text["message"] = (
            text["message"]
            .replace('plugin type="calico"', 'plugin type="multus"')
            .replace('": [', '": plugin type="multus" name="multus-cni-network" failed (add): [')
        )
    name = story.pods[bad[0]]
    log = [
        story.line(
            30_000,
            "INFO",
            77,
            "cni-config-monitor/token_watch.go 225:",
            "Update of CNI kubeconfig triggered based on elapsed time.",
        ),
        story.line(
            30_000,
            "INFO",
            77,
            "cni-config-monitor/token_watch.go 280:",
            'Wrote updated CNI kubeconfig file. path="/host/etc/cni/net.d/calico-kubeconfig"',
        ),
    ]
    story.log(name, [*log, *story.quiet(9000, 15, 600)])
    story.describe(bad[0])
    story.commands["describe-stuck-pod.txt"] = f"describe pod -n openshift-monitoring {stuck[0]}"
    story.commands["describe-stuck-pod-2.txt"] = f"describe pod -n openshift-ingress {stuck[1]}"
    story.affected = bad
    story.cite("describe-stuck-pod.txt", 'error adding container to network "k8s-pod-network": Unauthorized')
    return story


def renewal_missed_by_a_restart(now: datetime) -> Incident:
    story = incident(
        "plugin-log-unauthorized-after-a-typha-outage",
        CAUSE,
        "After an outage of Typha calico-node of one worker had restarted and missed a renewal: the plugin's own log says Unauthorized for each ADD and DEL, while calico-node there is ready again, in sync with Typha and quiet.",
        "https://github.com/projectcalico/calico/issues/7208",
        now,
        platform="classic",
        calico="v3.24.5",
        kubernetes="v1.26.11+IKS",
        namespace="kube-system",
        difficulty="medium",
    )
    nodes = story.workers([f"10.215.17.{n}" for n in (130, 139, 141, 150)])
    bad = nodes[2]
    story.agents([n for n in nodes if n != bad], started=900_000)
    name = story.agents([bad], restarts=7, started=2500, last=("Error", 1, 2510))[0]
    story.typha(nodes[0], started=2600, restarts=1, last=("Error", 2, 2620))
    story.probe(name, FELIX_503, 2480, 6000, 40)
    pods = [
        story.stuck(
            f"invoice-6f7b8c9d5-{s}",
            bad,
            "error getting ClusterInformation: connection is unauthorized: Unauthorized",
            15 + i,
            2300,
            170,
            namespace="fin",
        )
        for i, s in enumerate(("8kz2m", "v4xtq"))
    ]
    log = [
        story.say(
            2620,
            "ERROR",
            61,
            "felix",
            "sync_client.go 248:",
            "Failed to connect to typha endpoint 10.215.17.130:5473.  Will try other endpoints if available. error=dial tcp 10.215.17.130:5473: connect: connection refused",
        ),
        *story.boot(bad, 2500, [n for n in nodes if n != bad]),
        story.say(
            2490,
            "INFO",
            61,
            "felix",
            "sync_client.go 208:",
            'Successfully connected to Typha at 10.215.17.130:5473 after 3.9ms. myID=0x1 type="felix"',
        ),
        *story.quiet(2300, 12, 200),
    ]
    story.log(name, log)
    cni = []
    for i in range(9):
        at = 800 - 85 * i
        cni += [
            story.line(
                at,
                "ERROR",
                48795 + 61 * i,
                "plugin.go 121:",
                "Final result of CNI ADD was an error. error=error getting ClusterInformation: connection is unauthorized: Unauthorized",
            ),
            story.line(
                at - 0.11,
                "ERROR",
                48826 + 61 * i,
                "plugin.go 518:",
                "Final result of CNI DEL was an error. error=error getting ClusterInformation: connection is unauthorized: Unauthorized",
            ),
        ]
    story.log("x", cni, "var-log-calico-cni-cni.log")
    story.describe(bad, name)
    story.commands["describe-invoice.txt"] = f"describe pod -n fin {pods[0]}"
    story.affected = [bad]
    story.cite("var-log-calico-cni-cni.log", "connection is unauthorized: Unauthorized")
    return story


# told on 29 November 2026 without having seen the rules
def decoded_token_of_the_plugin_has_ended(now: datetime) -> Incident:
    story = incident(
        "decoded-plugin-token-ended-two-days-ago",
        CAUSE,
        "On one of hundreds of workers the token watcher of calico-node fell silent; the decoded token of /etc/cni/net.d/calico-kubeconfig has ended two days ago and containerd's journal refuses every ADD and DEL there. calico-node itself is 1/1 with all its sessions.",
        "https://github.com/projectcalico/calico/issues/8777",
        now,
        platform="other",
        calico="v3.25.1",
        kubernetes="v1.26.9",
        registry="quay.io/calico",
        difficulty="medium",
    )
    hosts = {f"dc1-wk{n:03}": f"10.12.{n // 100}.{n % 100 + 10}" for n in (117, 118, 119, 120, 121)}
    story.hosts(
        hosts,
        os_image="Ubuntu 22.04.3 LTS",
        kernel="5.15.0-86-generic",
        runtime="containerd://1.7.6",
        age=12_000_000,
        since=11_900_000,
    )
    story.staff(hosts, started=11_000_000, age=11_000_040)
    bad = "dc1-wk119"
    name = story.pods[bad]
    log = []
    for i in range(3):
        at = 3.92 * 86_400 - 17_300 * i
        log.append(
            story.say(
                at,
                "INFO",
                71,
                "cni-config-monitor",
                "token_watch.go 225:",
                "Update of CNI kubeconfig triggered based on elapsed time.",
            )
        )
        log.append(
            story.say(
                at - 0.1,
                "INFO",
                71,
                "cni-config-monitor",
                "token_watch.go 280:",
                'Wrote updated CNI kubeconfig file. path="/host/etc/cni/net.d/calico-kubeconfig"',
            )
        )
        log += story.quiet(at - 600, at - 16_900, 5_400)
    log += story.quiet(3.3 * 86_400, 60, 21_000)
    story.log(name, wrapped(story, log, "cri"), "calico-node_0.log")
    past = 3.92 * 86_400 - 34_600 - 86_400
    end = int(now.timestamp() - past)
    story.texts["dc1-wk119-shell.txt"] = (
        "root@dc1-wk119:~# ls -l --time-style=long-iso /etc/cni/net.d/\ntotal 8\n"
        f"-rw-r--r-- 1 root root  720 {story.ago(11_000_010)[:10]} {story.ago(11_000_010)[11:16]} 10-calico.conflist\n"
        f"-rw------- 1 root root 2824 {story.ago(3.92 * 86_400 - 34_600)[:10]} {story.ago(3.92 * 86_400 - 34_600)[11:16]} calico-kubeconfig\n"
        "root@dc1-wk119:~# grep token: /etc/cni/net.d/calico-kubeconfig | cut -d. -f2 | base64 -d 2>/dev/null | jq -c '{sub,exp}'\n"
        f'{{"sub":"system:serviceaccount:calico-system:calico-node","exp":{end}}}\n'
        f"root@dc1-wk119:~# date -d @{end} ; date\n{(now - timedelta(seconds=past)).strftime('%a %b %d %H:%M:%S UTC %Y')}\n{now.strftime('%a %b %d %H:%M:%S UTC %Y')}\n"
        "root@dc1-wk119:~# chronyc tracking | grep -e 'System time' -e Leap\nSystem time     : 0.000011214 seconds slow of NTP time\nLeap status     : Normal\n"
    )
    journal = []
    for i, (pod, ns) in enumerate(
        (("orders-6bd4c9f7c8-2pjrk", "shop"), ("mail-out-28911060-x5h9s", "batch"), ("orders-6bd4c9f7c8-2pjrk", "shop"))
    ):
        at, box = 170 - 58 * i, f"{0xB81D77 + 61 * i:x}0c4e{i}f2a9d"
        journal.append(
            f'{story.syslog(at)} dc1-wk119 containerd[1290]: time="{story.ago(at)}" level=error msg="RunPodSandbox for &PodSandboxMetadata{{Name:{pod},Uid:64fd{i},Namespace:{ns},Attempt:0,}} failed, error" error="failed to setup network for sandbox \\"{box}\\": plugin type=\\"calico\\" failed (add): error getting ClusterInformation: connection is unauthorized: Unauthorized"'
        )
        journal.append(
            f'{story.syslog(at - 9)} dc1-wk119 containerd[1290]: time="{story.ago(at - 9)}" level=error msg="StopPodSandbox for \\"{box[::-1]}\\" failed" error="failed to destroy network for sandbox \\"{box[::-1]}\\": plugin type=\\"calico\\" failed (delete): error getting ClusterInformation: connection is unauthorized: Unauthorized"'
        )
    story.texts["dc1-wk119-containerd.txt"] = join(journal)
    story.commands["calico-pods.txt"] = "get pods -n calico-system -o wide"
    story.affected = [bad]
    story.cite("dc1-wk119-containerd.txt", "connection is unauthorized: Unauthorized")
    return story


def token_was_bound_to_a_pod_that_is_gone(now: datetime) -> Incident:
    story = incident(
        "plugin-uses-the-token-of-an-evicted-agent-pod",
        CAUSE,
        "v3.19 on Kubernetes 1.21: the plugin's kubeconfig carries the token of the calico-node pod that wrote it. On two nodes that pod was evicted and nothing has written the file anew; the API server now answers that the token has been invalidated and new pods stay in ContainerCreating there. calico-node is fine on all nodes.",
        "https://github.com/projectcalico/calico/issues/4857",
        now,
        platform="other",
        calico="v3.19.1",
        kubernetes="v1.21.2",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="hard",
    )
    hosts = {f"shoot-z1-{x}": f"10.250.0.{n}" for x, n in (("4fbdm", 5), ("9t7xk", 12), ("h2vwc", 19), ("r6qpz", 33))}
    story.hosts(hosts, os_image="Garden Linux 318.8", kernel="5.4.93-garden-cloud-amd64", runtime="containerd://1.4.4")
    bad = ["shoot-z1-9t7xk", "shoot-z1-r6qpz"]
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=1_500_000)
    story.staff({k: hosts[k] for k in bad}, started=3_200, age=3_240)
    for i, k in enumerate(bad):
        gone = f"calico-node-{('wq2nz', 'k4v8r')[i]}"
        story.pod_event(
            gone,
            "Evicted",
            "The node was low on resource: ephemeral-storage. Container calico-node was using 91204Ki, which exceeds its request of 0. ",
            3_290,
        )
        story.not_established(story.pods[k], [v for x, v in hosts.items() if x != k], 3_180, 3_190, 1, established=1)
    refused = "error getting ClusterInformation: connection is unauthorized: Unauthorized"
    for i, (pod, k) in enumerate(
        (("ui-7d9c4b5f66-q8n2v", bad[0]), ("ui-7d9c4b5f66-zb4kt", bad[1]), ("report-cron-27811245-wl6dj", bad[1]))
    ):
        story.stuck(pod, k, refused, 7 + 5 * i, 2_900 - 400 * i, 212 - 30 * i, form="old")
    story.events("ev.txt")
    story.commands["pods.txt"] = "get pods -A -o wide"
    story.texts["kube-apiserver-grep.txt"] = join(
        [
            f'E{story.klog(900 - 31 * i)}       1 authentication.go:63] "Unable to authenticate the request" err="[invalid bearer token, service account token has been invalidated]"'
            for i in range(28)
        ]
    )
    story.affected = bad
    story.cite("ev.txt", "connection is unauthorized: Unauthorized")
    return story


STORIES = [
    multus_says_it,
    renewal_missed_by_a_restart,
    decoded_token_of_the_plugin_has_ended,
    token_was_bound_to_a_pod_that_is_gone,
]
