"""mtu-mismatch: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident, node_status

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


# told on 29 November 2026 without having seen the rules
def tunnel_of_1440_in_a_tenant_network_of_1450(now: datetime) -> Incident:
    story = incident(
        "ipip-of-1440-inside-an-openstack-tenant-network",
        CAUSE,
        "Kubernetes on OpenStack VMs: the tenant network (itself VXLAN) carries 1450 bytes, but pods have 1500 and tunl0 1440, so IPIP packets of 1460 bytes are lost. Ping and DNS between hosts work, HTTP answers above 1,400 bytes hang; Calico's pods are all ready and silent.",
        "https://github.com/projectcalico/calicoctl/issues/2136",
        now,
        platform="other",
        calico="v3.14.2",
        kubernetes="v1.18.9",
        namespace="kube-system",
        registry="calico",
        difficulty="medium",
    )
    hosts = {f"os-vm-{n}": f"192.168.60.{n + 3}" for n in (1, 2, 3)}
    story.hosts(
        hosts, os_image="CentOS Linux 7 (Core)", kernel="3.10.0-1127.19.1.el7.x86_64", runtime="docker://19.3.13"
    )
    story.staff(hosts, started=1_500_000)
    story.texts["session.txt"] = (
        "[centos@os-vm-1 ~]$ ip -o link | awk '{print $2, $4, $5}' | grep -v cali\nlo: mtu 65536\neth0: mtu 1450\ndocker0: mtu 1500\ntunl0@NONE: mtu 1440\n"
        "[centos@os-vm-1 ~]$ ip -o link | grep -m1 cali\n14: cali7dd02f1b9c3@if4: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP mode DEFAULT group default \\    link/ether ee:ee:ee:ee:ee:ee brd ff:ff:ff:ff:ff:ff link-netnsid 0\n"
        "[centos@os-vm-1 ~]$ kubectl exec web-5d6c7b9f4-7xk2p -- ping -c2 -q 10.233.90.42\n2 packets transmitted, 2 packets received, 0% packet loss\nround-trip min/avg/max = 0.811/0.870/0.929 ms\n"
        "[centos@os-vm-1 ~]$ for s in 1372 1402 1412 1430; do kubectl exec web-5d6c7b9f4-7xk2p -- ping -c2 -q -M do -s $s 10.233.90.42 | grep transmitted; done\n"
        "2 packets transmitted, 2 received, 0% packet loss, time 1001ms\n2 packets transmitted, 2 received, 0% packet loss, time 1001ms\n2 packets transmitted, 0 received, 100% packet loss, time 1000ms\n2 packets transmitted, 0 received, 100% packet loss, time 1001ms\n"
        "[centos@os-vm-1 ~]$ kubectl exec web-5d6c7b9f4-7xk2p -- curl -s -m 10 -o /dev/null -w '%{http_code} %{size_download}\\n' http://10.233.90.42/health\n200 15\n"
        "[centos@os-vm-1 ~]$ kubectl exec web-5d6c7b9f4-7xk2p -- curl -s -m 10 -o /dev/null -w '%{http_code} %{size_download}\\n' http://10.233.90.42/index.html\n000 0\ncommand terminated with exit code 28\n"
        "[centos@os-vm-1 ~]$ sudo calicoctl node status\n"
        + node_status([(a, "up", "2026-11-12", "Established") for k, a in hosts.items() if k != "os-vm-1"])
    )
    story.commands["pods.txt"] = "get pods -n kube-system -o wide"
    story.affected = list(hosts)
    story.cite("session.txt", "tunl0@NONE: mtu 1440")
    story.cite("session.txt", "eth0: mtu 1450")
    return story


def jumbo_pods_and_a_transit_gateway(now: datetime) -> Incident:
    story = incident(
        "jumbo-frames-end-at-the-transit-gateway",
        CAUSE,
        "kops on AWS: hosts and pods use jumbo frames (Calico took 8981 from the hosts' 9001). A new worker group lies in another VPC behind a transit gateway of 8500 which drops larger packets and whose ICMP is filtered: pods across the two VPCs open connections, then stall (retransmits with mss 8929); BGP sessions over it die with the hold timer when many routes are sent.",
        "https://docs.tigera.io/calico/latest/networking/configuring/mtu; https://docs.aws.amazon.com/vpc/latest/tgw/transit-gateway-quotas.html",
        now,
        platform="other",
        calico="v3.23.5",
        kubernetes="v1.24.12",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="hard",
    )
    main = {f"i-0{x}": f"172.20.{n}" for x, n in (("a41c9e", "33.12"), ("b7720d", "41.208"), ("c3f91b", "62.77"))}
    far = {f"i-0{x}": f"172.31.{n}" for x, n in (("e18aa2", "4.19"), ("f60c35", "9.140"))}
    story.hosts({**main, **far}, os_image="Ubuntu 20.04.6 LTS", kernel="5.15.0-1033-aws", runtime="containerd://1.6.20")
    story.staff(main, started=1_600_000)
    story.staff(far, started=260_000, age=260_040)
    for k in far:
        story.objects["Node"][[x["metadata"]["name"] for x in story.objects["Node"]].index(k)]["metadata"][
            "creationTimestamp"
        ] = story.ago(260_300)
    me = "i-0e18aa2"
    peers = [a for k, a in {**main, **far}.items() if k != me]
    log = story.boot(me, 259_990, peers, interface="ens5", prefix=20)
    log += [story.say(259_986, "INFO", 61, "felix", "int_dataplane.go 1158:", "Determined pod MTU mtu=8981")]
    for i in range(6):
        log += story.quiet(30_000 - 4_800 * i, 25_600 - 4_800 * i, 2_100)
        a = list(main.values())[i % 3].replace(".", "_")
        log += [
            f"bird: Mesh_{a}: {x}"
            for x in (
                "Error: Hold timer expired",
                "State changed to stop",
                "State changed to down",
                "Starting",
                "State changed to start",
                "Connected to table master",
                "State changed to feed",
                "State changed to up",
            )
        ]
    story.log(story.pods[me], log, "calico-node-far-vpc.log")
    story.texts["far-vpc-checks.txt"] = (
        "$ tracepath -n -m 4 172.20.33.12\n 1?: [LOCALHOST]                      pmtu 9001\n 1:  no reply\n 2:  no reply\n 3:  no reply\n 4:  no reply\n     Too many hops: pmtu 9001\n     Resume: pmtu 9001\n"
        '$ for s in 1472 8400 8472 8500 8952; do echo -n "$s: "; ping -M do -c2 -q -s $s 172.20.33.12 | grep transmitted; done\n'
        "1472: 2 packets transmitted, 2 received, 0% packet loss, time 1001ms\n8400: 2 packets transmitted, 2 received, 0% packet loss, time 1001ms\n8472: 2 packets transmitted, 2 received, 0% packet loss, time 1002ms\n8500: 2 packets transmitted, 0 received, 100% packet loss, time 1020ms\n8952: 2 packets transmitted, 0 received, 100% packet loss, time 1024ms\n"
        "$ kubectl exec -n etl loader-0 -- ss -tino dst 100.96.3.14\nState  Recv-Q  Send-Q   Local Address:Port     Peer Address:Port\nESTAB  0       186437   100.104.7.22:51844     100.96.3.14:5432   timer:(on,26sec,9)\n"
        "\t cubic wscale:7,7 rto:53248 backoff:8 rtt:1.12/0.51 mss:8929 pmtu:8981 rcvmss:536 advmss:8941 cwnd:1 ssthresh:7 bytes_sent:357160 bytes_retrans:321444 bytes_acked:518 unacked:5 retrans:1/36 lost:5\n"
        "$ ip -o link show tunl0\n5: tunl0@NONE: <NOARP,UP,LOWER_UP> mtu 8981 qdisc noqueue state UNKNOWN mode DEFAULT group default qlen 1000\\    link/ipip 0.0.0.0 brd 0.0.0.0\n"
    )
    story.commands["pods.txt"] = "get pods -n kube-system -o wide"
    story.commands["nodes.txt"] = "get nodes -o wide"
    story.affected = list(far)
    story.cite("far-vpc-checks.txt", "8500: 2 packets transmitted, 0 received, 100% packet loss")
    story.cite("calico-node-far-vpc.log", "Determined pod MTU mtu=8981")
    return story


STORIES = [
    one_host_of_fifteen_hundred,
    pods_older_than_the_mtu_file,
    tunnel_of_1440_in_a_tenant_network_of_1450,
    jumbo_pods_and_a_transit_gateway,
]
