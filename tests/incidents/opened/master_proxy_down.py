"""master-proxy-down: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime, timedelta

from cluster import UNKNOWN, event
from telling import Incident, incident, wrapped

CAUSE = "master-proxy-down"
UNREACHABLE = [("node.kubernetes.io/unreachable", "NoSchedule"), ("node.kubernetes.io/unreachable", "NoExecute")]


def _proxies(story: Incident, nodes: list[str], image: str) -> None:
    for node in nodes:
        story.other(f"ibm-master-proxy-static-{node}", node, owner=f"Node/{node}", app="ibm-master-proxy-static", image=image, age=5_100_000, started=5_099_960)  # fmt: skip


def loopback_lost_its_address(now: datetime) -> Incident:
    story = incident(
        "somebody-flushed-the-loopback-of-one-worker",
        CAUSE,
        "VPC: a hardening script flushed the loopback addresses of one worker, so 172.20.0.1 is gone and haproxy of the master proxy cannot bind it any more. Everything on this worker times out at 172.20.0.1:2040, the kubelet too: the master calls it Unknown and shows its proxy as it last was, Running. calico-node's own lines only speak of the service address.",
        "https://cloud.ibm.com/docs/containers?topic=containers-cs_versions (172.20.0.1:2040); https://docs.haproxy.org/2.8/configuration.html (bind)",
        now,
        platform="vpc",
        calico="v3.28.4",
        kubernetes="v1.30.12+IKS",
        difficulty="hard",
    )
    good = story.workers([f"10.240.66.{n}" for n in (5, 8, 11, 14)], age=5_200_000, since=5_199_000)
    bad = story.workers(["10.240.66.17"], age=5_200_000, ready=UNKNOWN, since=4_700, taints=UNREACHABLE)[0]
    story.agents(good, started=2_400_000, age=2_400_040)
    name = story.agents([bad], ready=False, started=2_400_000, age=2_400_040)[0]
    _proxies(story, [*good, bad], "icr.io/armada-master/haproxy:2.8-9f4e21c")
    story.typha(good[0], "p7x2k", started=2_400_000)
    story.typha(good[2], "zq5wm", started=2_400_000)
    story.node_event(bad, "NodeNotReady", f"Node {bad} status is now: NodeNotReady", 4_700, type_="Normal", source="node-controller")  # fmt: skip
    story.pod_event(name, "NodeNotReady", "Node is not ready", 4_695, source="node-controller")
    late = "dial tcp 172.20.0.1:2040: i/o timeout"
    journal = []
    for n in range(14):
        ago = 760 - 52 * n
        journal.append(f'{story.syslog(ago)} test-d1vq-default-00000611 kubelet[1987]: E{story.klog(ago)}    1987 controller.go:145] "Failed to ensure lease exists, will retry" err="Get \\"https://172.20.0.1:2040/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{bad}?timeout=10s\\": {late}" interval="7s"')  # fmt: skip
        if n % 2:
            journal.append(f'{story.syslog(ago - 8)} test-d1vq-default-00000611 kubelet[1987]: E{story.klog(ago - 8)}    1987 kubelet_node_status.go:549] "Error updating node status, will retry" err="error getting node \\"{bad}\\": Get \\"https://172.20.0.1:2040/api/v1/nodes/{bad}?timeout=10s\\": {late}"')  # fmt: skip
        if n % 4 == 2:
            journal.append(f'{story.syslog(ago - 19)} test-d1vq-default-00000611 kubelet[1987]: E{story.klog(ago - 19)}    1987 pod_workers.go:1300] "Error syncing pod, skipping" err="failed to \\"StartContainer\\" for \\"ibm-master-proxy-static\\" with CrashLoopBackOff: \\"back-off 5m0s restarting failed container=ibm-master-proxy-static pod=ibm-master-proxy-static-{bad}_kube-system(6a3e)\\"" pod="kube-system/ibm-master-proxy-static-{bad}" podUID="6a3e"')  # fmt: skip
    story.log("", journal, f"from-the-worker-{bad}/journal-kubelet.txt")
    story.log(
        "",
        [
            line
            for begun in (1_110, 790, 470, 160)
            for line in (
                f"{story.ago(begun)[:-1]}.201441870Z stderr F [NOTICE]   (1) : haproxy version is 2.8.10-f28885f",
                f"{story.ago(begun)[:-1]}.201502311Z stderr F [ALERT]    (1) : Binding [/usr/local/etc/haproxy/haproxy.cfg:31] for frontend apiserver: cannot bind socket (Cannot assign requested address) for [172.20.0.1:2040]",
                f"{story.ago(begun)[:-1]}.201513977Z stderr F [ALERT]    (1) : Binding [/usr/local/etc/haproxy/haproxy.cfg:44] for frontend etcd: cannot bind socket (Cannot assign requested address) for [172.20.0.1:2041]",
                f"{story.ago(begun)[:-1]}.201520040Z stderr F [ALERT]    (1) : [haproxy.main()] Some protocols failed to start their listeners! Exiting.",
            )
        ],
        f"from-the-worker-{bad}/var-log-containers-ibm-master-proxy-static.log",
    )
    lines = story.quiet(8_000, 4_900, 420)
    for n in range(9):
        ago = 4_600 - 490 * n
        lines += [
            story.say(ago, "INFO", 61, "felix", "watchercache.go 187:", f'Failed to perform list of current data during resync ListRoot="/calico/resources/v3/projectcalico.org/{("felixconfigurations", "ippools", "nodes")[n % 3]}" error=Get "https://172.21.0.1:443/apis/crd.projectcalico.org/v1/{("felixconfigurations", "ippools", "ipamconfigs")[n % 3]}?limit=500": dial tcp 172.21.0.1:443: i/o timeout') if n % 3 else story.say(ago, "ERROR", 64, "cni-config-monitor", "token_watch.go 107:", 'Failed to update CNI token, retrying... error=Post "https://172.21.0.1:443/api/v1/namespaces/calico-system/serviceaccounts/calico-cni-plugin/token": dial tcp 172.21.0.1:443: i/o timeout'),
            *story.quiet(ago - 30, ago - 420, 130),
        ]  # fmt: skip
    story.log("", wrapped(story, lines, "cri"), f"from-the-worker-{bad}/var-log-containers-calico-node.log")
    story.texts[f"from-the-worker-{bad}/shell.txt"] = (
        "root@test-d1vq-default-00000611:~# ip -br addr | egrep -v cali\n"
        f"lo               UNKNOWN        127.0.0.1/8 \nens3             UP             {bad}/24 fe80::ff:fe1c:7a02/64 \ntunl0@NONE       UNKNOWN        172.17.114.64/32 \n"
        "root@test-d1vq-default-00000611:~# nc -vzw3 166.9.250.205 30184    # the cluster's private endpoint\nConnection to 166.9.250.205 30184 port [tcp/*] succeeded!\n"
        "root@test-d1vq-default-00000611:~# systemctl is-active kubelet containerd\nactive\nactive\n"
        f"root@test-d1vq-default-00000611:~# last -n 3 --time-format iso | head -1 ; grep -c . /var/log/cis-baseline.log\nreboot   system boot  5.15.0-130-gener {(now - timedelta(seconds=5_200_300)).isoformat()}   still running\n212\n"
    )  # fmt: skip
    story.describe(bad)
    story.events("events-kube-system-and-calico.txt")
    story.affected = [bad]
    story.cite(f"from-the-worker-{bad}/var-log-containers-ibm-master-proxy-static.log", "cannot bind socket (Cannot assign requested address) for [172.20.0.1:2040]")  # fmt: skip
    story.cite(f"from-the-worker-{bad}/journal-kubelet.txt", late)
    return story


def its_image_was_pruned(now: datetime) -> Incident:
    story = incident(
        "nightly-prune-took-the-proxys-image",
        CAUSE,
        "Classic without a public network: a nightly job of the customer removes images while it restarts containerd; on one worker it took the master proxy's image, which cannot be pulled again. Its 2040 refuses since, kubelet, kube-proxy and calico-node of this one worker have no master. The worker is Unknown; pods on it and its BGP go on.",
        "https://kubernetes.io/docs/concepts/architecture/garbage-collection/#containers-images (external garbage collection is not recommended); https://cloud.ibm.com/docs/containers?topic=containers-service-arch",
        now,
        platform="classic",
        calico="v3.26.5",
        kubernetes="v1.28.15+IKS",
        namespace="kube-system",
        difficulty="hard",
    )
    good = story.workers([f"10.51.183.{n}" for n in (68, 71, 75, 79, 84)], age=11_000_000, since=10_900_000, runtime="containerd://1.7.22")  # fmt: skip
    bad = story.workers(["10.51.183.90"], age=11_000_000, ready=UNKNOWN, since=21_300, taints=UNREACHABLE, runtime="containerd://1.7.22")[0]  # fmt: skip
    story.agents(good, started=4_000_000, age=4_000_030)
    name = story.agents([bad], ready=False, started=4_000_000, age=4_000_030)[0]
    image = "icr.io/armada-master/haproxy:b1c0f8e"
    _proxies(story, [*good, bad], image)  # the worker's own is shown as it last was
    event(story, "Node", bad, "NodeNotReady", f"Node {bad} status is now: NodeNotReady", 21_300, type_="Normal", source="node-controller")  # fmt: skip
    refused = "dial tcp 172.20.0.1:2040: connect: connection refused"
    host = "kube-c7q2m1-batch-default-000004d7"
    journal = [
        f"{story.syslog(21_382)} {host} CRON[88120]: (root) CMD (/opt/batch/clean-images.sh >> /var/log/clean-images.log 2>&1)",
        f"{story.syslog(21_359)} {host} systemd[1]: Stopping containerd container runtime...",
        f"{story.syslog(21_357)} {host} systemd[1]: Started containerd container runtime.",
        f'{story.syslog(21_354)} {host} kubelet[1702]: I{story.klog(21_354)}    1702 kubelet.go:2429] "SyncLoop (PLEG): event for pod" pod="kube-system/ibm-master-proxy-static-{bad}" event={{"ID":"c1b7","Type":"ContainerDied","Data":"9d0c41"}}',
        f'{story.syslog(21_352)} {host} containerd[88177]: time="{story.ago(21_352)}" level=info msg="ImageDelete event name:\\"{image}\\""',
        f'{story.syslog(21_321)} {host} containerd[88177]: time="{story.ago(21_321)}" level=error msg="PullImage \\"{image}\\" failed" error="failed to pull and unpack image \\"{image}\\": failed to resolve reference \\"{image}\\": failed to do request: Head \\"https://icr.io/v2/armada-master/haproxy/manifests/b1c0f8e\\": dial tcp 104.94.220.124:443: i/o timeout"',
    ]
    for n in range(16):
        ago = 20_900 - 1_280 * n
        journal += [
            f'{story.syslog(ago)} {host} kubelet[1702]: E{story.klog(ago)}    1702 pod_workers.go:1300] "Error syncing pod, skipping" err="failed to \\"StartContainer\\" for \\"ibm-master-proxy-static\\" with ImagePullBackOff: \\"Back-off pulling image \\\\\\"{image}\\\\\\"\\"" pod="kube-system/ibm-master-proxy-static-{bad}" podUID="c1b7"',
            f'{story.syslog(ago - 7)} {host} kubelet[1702]: E{story.klog(ago - 7)}    1702 controller.go:146] "Failed to ensure lease exists, will retry" err="Get \\"https://172.20.0.1:2040/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{bad}?timeout=10s\\": {refused}" interval="7s"',
            f'{story.syslog(ago - 9)} {host} kubelet[1702]: W{story.klog(ago - 9)}    1702 reflector.go:535] vendor/k8s.io/client-go/informers/factory.go:150: failed to list *v1.Service: Get "https://172.20.0.1:2040/api/v1/services?limit=500&resourceVersion=0": {refused}',
        ]
    story.log("", journal, "kubelet-and-containerd-10.51.183.90.txt")
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "kube-system-pods.txt": "get pods -n kube-system -o wide",
        f"describe-node-{bad}.txt": f"describe node {bad}",
        f"describe-pod-{name}.txt": f"describe pod -n kube-system {name}",
    }
    lines = [
        *story.quiet(26_000, 21_700, 900),
        *story.quiet(21_200, 40, 2_300),
    ]
    story.log(story.pods[good[1]], lines)
    story.affected = [bad]
    story.cite("kubelet-and-containerd-10.51.183.90.txt", refused)
    story.cite("kubelet-and-containerd-10.51.183.90.txt", "with ImagePullBackOff")
    return story


def unlimited_files_are_too_many_for_haproxy(now: datetime) -> Incident:
    story = incident(
        "containerd-without-a-limit-and-the-proxy-wants-all-memory",
        CAUSE,
        "VPC: for a database the customer gave containerd of one worker LimitNOFILE=infinity. HAProxy of this worker's master proxy now wants a table for 1073741815 descriptors, does not get the memory and ends at each start, so 172.20.0.1:2040 refuses. calico-node there was restarted with everything else and never passes its datastore check; the worker is Unknown and its neighbours report BGP with it.",
        "https://github.com/docker-library/haproxy/issues/180 and https://github.com/haproxy/haproxy/issues/2043",
        now,
        platform="vpc",
        calico="v3.29.4",
        kubernetes="v1.32.6+IKS",
        difficulty="medium",
    )
    good = story.workers([f"10.243.72.{n}" for n in (6, 9, 10, 15)], age=4_000_000, since=3_990_000, kernel="6.8.0-60-generic", os_image="Ubuntu 24.04.2 LTS")  # fmt: skip
    bad = story.workers(["10.243.72.22"], age=4_000_000, ready=UNKNOWN, since=8_830, taints=UNREACHABLE, kernel="6.8.0-60-generic", os_image="Ubuntu 24.04.2 LTS")[0]  # fmt: skip
    story.agents(good, started=1_900_000, age=1_900_040)
    name = story.agents([bad], ready=False, started=1_900_000, age=1_900_040)[0]  # the master's view of before
    _proxies(story, [*good, bad], "icr.io/armada-master/haproxy:3.0-51d7c0e")
    story.typha(good[1], "5xhqd", started=1_900_000)
    story.typha(good[3], "tm8wz", started=1_900_000)
    story.node_event(bad, "NodeNotReady", f"Node {bad} status is now: NodeNotReady", 8_830, type_="Normal", source="node-controller")  # fmt: skip
    story.pod_event(name, "NodeNotReady", "Node is not ready", 8_825, source="node-controller")
    story.not_established(story.pods[good[0]], [bad], 8_400, 8_800, 13, established=3)
    story.texts["10.243.72.22/override.conf"] = "# /etc/systemd/system/containerd.service.d/90-db.conf  (DBA team, change 55120)\n[Service]\nLimitNOFILE=infinity\nLimitMEMLOCK=infinity\n"  # fmt: skip
    cri = []
    for begun in (1_260, 945, 630, 318):
        at = story.ago(begun)[:-1]
        cri += [
            f"{at}.418122034Z stderr F [NOTICE]   (1) : haproxy version is 3.0.8-6036c31",
            f"{at}.418161870Z stderr F [NOTICE]   (1) : path to executable is /usr/local/sbin/haproxy",
            f"{at}.903370512Z stderr F [ALERT]    (1) : Not enough memory to allocate 1073741815 entries for fdtab!",
            f"{at}.903381177Z stderr F [ALERT]    (1) : No polling mechanism available.",
        ]
    story.log("", cri, "10.243.72.22/ibm-master-proxy-static.log")
    refused = "dial tcp 172.20.0.1:2040: connect: connection refused"
    host = "kube-d2k8sv-prod-default-000002ef"
    journal = [
        f"{story.syslog(8_902)} {host} systemd[1]: Stopping containerd.service - containerd container runtime...",
        f"{story.syslog(8_895)} {host} systemd[1]: Started containerd.service - containerd container runtime.",
        f'{story.syslog(8_881)} {host} kubelet[1488]: I{story.klog(8_881)}    1488 kubelet.go:2453] "SyncLoop (PLEG): event for pod" pod="kube-system/ibm-master-proxy-static-{bad}" event={{"ID":"70aa","Type":"ContainerDied","Data":"b2c81f"}}',
    ]
    for n in range(12):
        ago = 880 - 64 * n
        journal.append(f'{story.syslog(ago)} {host} kubelet[1488]: E{story.klog(ago)}    1488 controller.go:145] "Failed to ensure lease exists, will retry" err="Get \\"https://172.20.0.1:2040/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{bad}?timeout=10s\\": {refused}" interval="7s"')  # fmt: skip
        if n % 3 == 1:
            journal.append(f'{story.syslog(ago - 20)} {host} kubelet[1488]: E{story.klog(ago - 20)}    1488 pod_workers.go:1301] "Error syncing pod, skipping" err="failed to \\"StartContainer\\" for \\"ibm-master-proxy-static\\" with CrashLoopBackOff: \\"back-off 5m0s restarting failed container=ibm-master-proxy-static pod=ibm-master-proxy-static-{bad}_kube-system(70aa)\\"" pod="kube-system/ibm-master-proxy-static-{bad}" podUID="70aa"')  # fmt: skip
    story.log("", journal, "10.243.72.22/journal.txt")
    lines = []
    for begun in (420, 96):
        lines += story.failing(bad, begun)
        lines += [
            story.say(begun - 0.3 - 4.1 * i, "INFO", 9, "startup", "startup.go 485:", 'Hit error connecting to datastore - retry error=Get "https://172.21.0.1:443/api/v1/nodes/foo": dial tcp 172.21.0.1:443: connect: connection refused')
            for i in range(14)
        ]  # fmt: skip
    story.log("", wrapped(story, lines, "cri"), "10.243.72.22/calico-node.log")
    story.describe(bad)
    story.events("events.txt")
    story.affected = [bad]
    story.cite(
        "10.243.72.22/ibm-master-proxy-static.log", "Not enough memory to allocate 1073741815 entries for fdtab!"
    )
    story.cite("10.243.72.22/journal.txt", refused)
    return story


STORIES = [loopback_lost_its_address, its_image_was_pruned, unlimited_files_are_too_many_for_haproxy]
