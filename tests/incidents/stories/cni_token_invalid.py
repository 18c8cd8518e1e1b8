"""cni-token-invalid: the CNI plugin's own credential is stale while calico-node itself is accepted."""

from __future__ import annotations

from datetime import datetime

from telling import FELIX_503, SOCKET, Incident, incident

CAUSE = "cni-token-invalid"
UNAUTHORIZED = "error getting ClusterInformation: connection is unauthorized: Unauthorized"
WROTE = 'Wrote updated CNI kubeconfig file. path="/host/etc/cni/net.d/calico-kubeconfig"'


def no_renewal_since_a_day(now: datetime) -> Incident:
    story = incident(
        "sandboxes-refused-on-one-of-four-nodes",
        CAUSE,
        "New pods on one node get Unauthorized from the CNI plugin; calico-node there is ready and its token renewal lines stop more than a day ago.",
        "https://github.com/projectcalico/calico/issues/9215",
        now,
        platform="other",
        calico="v3.26.1",
        kubernetes="v1.31.0",
        registry="docker.io/calico",
        difficulty="medium",
    )
    hosts = {f"noble-{x}": f"172.29.14.{n}" for n, x in enumerate(("cp1", "w1", "w2", "w3"), 60)}
    story.hosts(hosts, os_image="Ubuntu 24.04.1 LTS", kernel="6.8.0-44-generic")
    story.staff(hosts, started=800_000)
    bad, name = "noble-w2", story.pods["noble-w2"]
    pods = [
        story.stuck(f"shop-cart-7d9c5b6f4-{s}", bad, UNAUTHORIZED, 20 + 7 * i, 5000, 380)
        for i, s in enumerate(("k7xqz", "m2vbd"))
    ]
    for i, node in enumerate(n for n in hosts if n != bad):
        story.other(
            f"shop-cart-7d9c5b6f4-ok{i}zz", node, f"10.244.{20 + i}.7", "default", "ReplicaSet/shop-cart-7d9c5b6f4"
        )
    story.recreated(story.pods["noble-w1"], [hosts["noble-w3"]], 3100, 2)
    story.describe(bad)
    story.commands[f"describe-{pods[0]}.txt"] = f"describe pod {pods[0]}"
    log = [
        story.line(
            190_000 - 21_600 * i,
            "INFO",
            66,
            "cni-config-monitor/token_watch.go 225:",
            "Update of CNI kubeconfig triggered based on elapsed time.",
        )
        for i in range(5)
    ]
    log = [
        x
        for line in log
        for x in (
            line,
            line.replace(
                "token_watch.go 225: Update of CNI kubeconfig triggered based on elapsed time.",
                f"token_watch.go 280: {WROTE}",
            ),
        )
    ]
    story.log(name, log + story.quiet(100_000, 30, 4100))
    story.affected = [bad]
    story.cite(f"describe-{pods[0]}.txt", "connection is unauthorized: Unauthorized")
    return story


def journal_only(now: datetime) -> Incident:
    story = incident(
        "kubelet-journal-and-a-quiet-calico-node",
        CAUSE,
        "The journal of one host refuses every ADD and DEL with Unauthorized; the calico-node log of the same host goes on reconciling, so only the plugin's kubeconfig is stale.",
        "https://github.com/projectcalico/calico/issues/8379",
        now,
        platform="other",
        calico="v3.26.4",
        kubernetes="v1.28.2",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="hard",
    )
    hosts = {"chef-m1": "10.12.3.4", "chef-w16": "10.12.3.16", "chef-w17": "10.12.3.17"}
    story.hosts(hosts)
    story.staff(hosts, started=1_100_000)
    bad, name = "chef-w16", story.pods["chef-w16"]
    story.stuck("mysql-74799d694c-j4mcr", bad, UNAUTHORIZED, 5, 900, 70)
    lines = []
    for i in range(9):
        sandbox, at = f"{0xD9F4C91394D5 + i * 77777777:012x}48cca1b1", f"{story.syslog(880 - 95 * i)} {bad} "
        lines += [
            at
            + f'containerd[1190]: time="{story.ago(880 - 95 * i)}" level=error msg="RunPodSandbox for &PodSandboxMetadata{{Name:mysql-74799d694c-j4mcr,Namespace:default,Attempt:0,}} failed, error" error="failed to setup network for sandbox \\"{sandbox}\\": plugin type=\\"calico\\" failed (add): {UNAUTHORIZED}"',
            at
            + f'kubelet[1544]: E{story.klog(880 - 95 * i)}    1544 remote_runtime.go:193] "RunPodSandbox from runtime service failed" err="rpc error: code = Unknown desc = failed to setup network for sandbox \\"{sandbox}\\": plugin type=\\"calico\\" failed (add): {UNAUTHORIZED}"',
            at
            + f'kubelet[1544]: I{story.klog(880 - 95 * i)}    1544 scope.go:117] "RemoveContainer" containerID="8d1c0f2ab7e{i}"',
            at
            + f'kubelet[1544]: E{story.klog(880 - 95 * i)}    1544 kuberuntime_gc.go:180] "Failed to stop sandbox before removing" err="rpc error: code = Unknown desc = failed to destroy network for sandbox \\"{sandbox[::-1]}\\": plugin type=\\"calico\\" failed (delete): {UNAUTHORIZED}"',
        ]
    lines.insert(
        6,
        f'{story.syslog(800)} {bad} kubelet[1544]: E{story.klog(800)}    1544 prober.go:104] "Probe errored" err="rpc error: code = NotFound desc = failed to exec in container" probeType="Readiness" pod="default/legacy-0"',
    )
    story.log("journal", lines, "journal-chef-w16.txt")
    story.log(name, story.quiet(2600, 10))
    story.commands = {"nodes.txt": "get nodes -o wide", "pods.txt": "get pods -A -o wide"}
    story.affected = [bad]
    story.cite("journal-chef-w16.txt", "connection is unauthorized: Unauthorized")
    return story


def restored_snapshot(now: datetime) -> Incident:
    story = incident(
        "two-machines-rolled-back-to-a-snapshot",
        CAUSE,
        "Two machines were rolled back to an older snapshot; the CNI kubeconfig there holds an expired token, calico-node got new ones and is ready.",
        "https://github.com/projectcalico/calico/issues/6546",
        now,
        platform="other",
        calico="v3.24.0",
        kubernetes="v1.24.4",
        registry="docker.io/calico",
        difficulty="hard",
    )
    hosts = {f"kvm{n}": f"192.168.122.{n}" for n in (31, 32, 33, 34, 35)}
    story.hosts(
        hosts, runtime="containerd://1.6.8", os_image="Debian GNU/Linux 11 (bullseye)", kernel="5.10.0-17-amd64"
    )
    back = ["kvm33", "kvm35"]
    story.staff({k: v for k, v in hosts.items() if k not in back})
    story.staff({k: hosts[k] for k in back}, restarts=1, started=1500, last=("Unknown", 255, 1560))
    for i, node in enumerate(back):
        story.node_event(
            node, "Rebooted", f"Node {node} has been rebooted, boot id: 0f3e7c41-5b6a-4d1f-9c{i}e-8f0a12b34c5d", 1540
        )
        story.node_event(node, "Starting", "Starting kubelet.", 1545, type_="Normal")
        story.probe(story.pods[node], SOCKET, 1480, 1495, 2)
        story.probe(story.pods[node], FELIX_503, 1470, 1470)
        story.stuck(f"worker-queue-{i}", node, UNAUTHORIZED, 9 + i, 1400, 95, namespace="batch")
        story.commands[f"describe-{story.pods[node]}.txt"] = f"describe pod -n calico-system {story.pods[node]}"
    story.commands |= {"describe-nodes.txt": "describe nodes", "pods.txt": "get pods -A -o wide"}
    story.events()
    for node in back:
        peers = [a for n, a in hosts.items() if n != node]
        story.log(
            story.pods[node], story.boot(node, 1500, peers, interface="enp1s0", prefix=24) + story.quiet(1400, 20)
        )
    story.affected = back
    story.cite("events.txt", "connection is unauthorized: Unauthorized")
    return story


def roks_signing_key(now: datetime) -> Incident:
    story = incident(
        "roks-tokens-signed-with-the-old-key",
        CAUSE,
        "After the signing keys changed, calico-node (restarted) works everywhere, but on two of six workers the plugin still sends the old token: new pods get Unauthorized.",
        "https://github.com/projectcalico/calico/blob/release-v3.27/node/pkg/cni/token_watch.go",
        now,
        platform="roks",
        calico="v3.27.4",
        kubernetes="v1.29.11+ef2a55c",
        difficulty="hard",
    )
    nodes = story.workers(
        [f"10.94.33.{n}" for n in (6, 9, 14, 21, 22, 40)],
        os_image="Red Hat Enterprise Linux 8.10 (Ootpa)",
        kernel="4.18.0-553.27.1.el8_10.x86_64",
        runtime="cri-o://1.29.10",
    )
    bad = [nodes[1], nodes[4]]
    story.agents([n for n in nodes if n not in bad], started=7000, age=7100)
    story.agents(bad, started=1_200_000)
    for i, node in enumerate(bad):
        story.stuck(
            f"console-5f7bb84c9d-x{i}rw8",
            node,
            UNAUTHORIZED,
            30 + i,
            6600,
            410,
            namespace="openshift-console",
            form="crio",
        )
        story.stuck(
            f"image-pruner-2899{i}40-b7lq2",
            node,
            UNAUTHORIZED,
            100 + i,
            3300,
            201,
            namespace="openshift-image-registry",
            form="crio",
        )
    story.recreated(story.pods[nodes[0]], nodes[1:3], 2900, 3)
    name = story.pods[bad[0]]
    story.describe(bad[0])
    story.commands["describe-console-pod.txt"] = "describe pod -n openshift-console console-5f7bb84c9d-x0rw8"
    log = [story.line(8200, "INFO", 61, "cni-config-monitor/token_watch.go 280:", WROTE), *story.quiet(7900, 1500, 400)]
    log += [
        story.line(
            1400,
            "WARNING",
            62,
            "confd/sync_client.go 172:",
            "read tcp 10.94.33.9:48112->10.94.33.6:5473: read: connection reset by peer",
        ),
        story.line(
            1399,
            "INFO",
            62,
            "confd/sync_client.go 208:",
            'Successfully connected to Typha at 10.94.33.21:5473 after 5.102ms. myID=0x2 type="bgp"',
        ),
        *story.quiet(1300, 15, 100),
    ]
    story.log(name, log)
    story.typha(nodes[3])
    story.affected = bad
    story.cite("describe-console-pod.txt", "connection is unauthorized: Unauthorized")
    return story


STORIES = [no_renewal_since_a_day, journal_only, restored_snapshot, roks_signing_key]
