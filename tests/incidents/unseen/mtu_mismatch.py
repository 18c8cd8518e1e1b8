"""mtu-mismatch: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident

CAUSE = "mtu-mismatch"


def one_host_of_fifteen_hundred(now: datetime) -> Incident:
    story = incident(
        "one-host-with-1500-among-jumbo-frames",
        CAUSE,
        "All hosts have jumbo frames and Calico's MTU is 8960, but one new host is connected with 1500: felix says that the configured MTU is larger than that of its interface, and everything larger than a header hangs from and to it.",
        "https://github.com/projectcalico/calico/issues/2026",
        now,
        platform="other",
        calico="v3.22.5",
        kubernetes="v1.23.15",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="medium",
    )
    hosts = {f"dtn{n}.site.example": f"192.168.139.{n}" for n in (3, 4, 5, 6)}
    bad = "dtn9.site.example"
    story.hosts(hosts)
    story.hosts({bad: "192.168.139.9"}, age=9000)
    env = {
        "env": [
            {"name": "FELIX_IPINIPMTU", "value": "8960"},
            {"name": "FELIX_VXLANMTU", "value": "0"},
            {"name": "IP", "value": "autodetect"},
        ]
    }
    story.staff(hosts, spec=env)
    name = story.staff({bad: "192.168.139.9"}, spec=env, age=8900, started=8850)[0]
    peers = list(hosts.values())
    lines = story.boot(bad, 8850, peers, interface="eno1", prefix=24)
    lines.insert(
        -1,
        story.say(
            8847,
            "WARNING",
            61,
            "felix",
            "int_dataplane.go 991:",
            "Configured MTU is larger than detected host interface MTU hostMTU=1500 mtu=8960",
        ),
    )
    story.log(name, lines + story.quiet(8700, 15, 600))
    story.other("node-exporter-v8s2w", bad, namespace="monitoring", restarts=0)
    story.other(
        "grafana-agent-k7x5d",
        bad,
        "10.244.23.31",
        namespace="monitoring",
        ready=False,
        restarts=44,
        started=120,
        last=("Error", 1, 125),
    )
    story.describe(bad)
    story.texts["curl-from-dtn9.txt"] = (
        "$ curl -sI -m 5 http://10.244.72.18:8080/ | head -1\nHTTP/1.1 200 OK\n"
        "$ curl -s -m 20 http://10.244.72.18:8080/index.html -o /dev/null; echo $?\n28\n"
        "$ ping -c1 -M do -s 8000 192.168.139.4\nPING 192.168.139.4 (192.168.139.4) 8000(8028) bytes of data.\nping: local error: message too long, mtu=1500\n"
        "$ ip -o link | awk '{print $2,$4,$5}'\nlo: mtu 65536\neno1: mtu 1500\ntunl0@NONE: mtu 8960\ncali3c2be4a0179@if4: mtu 8960\n"
        "$ ssh dtn4 ip -o link show eno1\n2: eno1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 9000 qdisc mq state UP mode DEFAULT group default qlen 1000\n"
    )
    story.affected = [bad]
    story.cite(f"{name}.log", "Configured MTU is larger than detected host interface MTU hostMTU=1500 mtu=8960")
    return story


def pods_older_than_the_mtu_file(now: datetime) -> Incident:
    story = incident(
        "pods-made-before-calico-knew-the-mtu",
        CAUSE,
        "On one worker the pods were made before felix wrote its MTU: their interfaces have 1500, vxlan.calico has 1450. Small requests between workers work, uploads and TLS handshakes of these pods hang.",
        "https://github.com/projectcalico/calico/issues/9718",
        now,
        platform="other",
        calico="v3.29.1",
        kubernetes="v1.30.4",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="hard",
    )
    hosts = {f"nks-worker-{n}": f"192.168.10.{70 + n}" for n in (1, 2, 3)}
    bad = "nks-worker-2"
    story.hosts(hosts, age=90_000)
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=89_000, age=89_100)
    name = story.staff({bad: hosts[bad]}, started=89_000, age=89_100)[0]
    lines = story.boot(bad, 89_000, (), bird=False, prefix=24)
    lines.insert(12, "CALICO_NETWORKING_BACKEND is vxlan - no need to run a BGP daemon")
    lines += [
        story.say(88_996, "INFO", 61, "felix", "int_dataplane.go 1179:", "Determined pod MTU mtu=1450"),
        story.say(
            88_995,
            "INFO",
            61,
            "felix",
            "vxlan_mgr.go 694:",
            'VXLAN device MTU needs to be updated device="vxlan.calico" ipVersion=0x4 new=1450 old=1500',
        ),
    ]
    story.log(name, lines + story.quiet(3000, 20, 240))
    for n, app in enumerate(("uploader", "billing")):
        pod = story.other(
            f"{app}-6f7c8b9d5-{'tw'[n]}4n8x",
            bad,
            f"10.244.98.{4 + n}",
            namespace="prod",
            owner=f"ReplicaSet/{app}-6f7c8b9d5",
            app=app,
            ready=n == 0,
            age=89_600,
            restarts=0,
            started=89_590,
        )
    story.pod_event(
        pod,
        "Unhealthy",
        'Readiness probe failed: Get "https://10.244.98.5:8443/ready": net/http: TLS handshake timeout',
        8,
        80_000,
        2600,
        namespace="prod",
    )
    story.texts["ip-link-nks-worker-2.txt"] = (
        "2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc mq state UP mode DEFAULT group default qlen 1000\n"
        "5: cali34f6879ed23@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP mode DEFAULT group default qlen 1000\n"
        "6: calid41b5570a08@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP mode DEFAULT group default qlen 1000\n"
        "9: vxlan.calico: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 qdisc noqueue state UNKNOWN mode DEFAULT group default\n"
        "12: cali0b77c1a2f6e@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 qdisc noqueue state UP mode DEFAULT group default qlen 1000\n"
        "# cat /var/lib/calico/mtu\n1450\n"
    )
    story.texts["tests.txt"] = (
        "from uploader (10.244.98.4): ping -M do -s 1400 10.244.31.9 -> 0% loss\nfrom uploader (10.244.98.4): ping -M do -s 1450 10.244.31.9 -> 100% loss\n"
        "from a pod made today on the same host (10.244.98.20): ping -M do -s 1450 -> local error: message too long, mtu=1450\n"
    )
    story.describe(bad)
    story.commands["describe-billing.txt"] = f"describe pod -n prod {pod}"
    story.affected = [bad]
    story.cite("ip-link-nks-worker-2.txt", "cali34f6879ed23@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500")
    return story


STORIES = [one_host_of_fifteen_hundred, pods_older_than_the_mtu_file]
