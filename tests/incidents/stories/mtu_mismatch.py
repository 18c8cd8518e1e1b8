"""mtu-mismatch: calico's MTU does not fit the path, large packets are lost."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident, node_status, protocols, wrapped


def vxlan_device_refuses(now: datetime) -> Incident:
    story = incident(
        "installer-wrote-1500-over-vxlan", "mtu-mismatch",
        "The installer's template sets an MTU of 1500 although pods go through VXLAN: felix cannot set it on the tunnel, pods send "
        "packets that are 50 bytes too long.",
        "https://github.com/kubesphere/kubekey/issues/1572", now, difficulty="easy", platform="other", calico="v3.23.2",
        kubernetes="v1.23.10", namespace="kube-system", registry="registry.cn-beijing.example.com/calico",
        acceptable=["invalid-calico-config"],
    )  # fmt: skip
    hosts = {name: f"192.168.0.{n}" for n, name in enumerate(("master01", "master02", "master03", "node01"), 31)}
    story.hosts(hosts, kernel="3.10.0-1160.el7.x86_64", os_image="CentOS Linux 7 (Core)", runtime="docker://20.10.8")
    pods = story.staff(hosts, started=80_000)
    log = [
        *story.boot("master01", 80_000, bird=False),
        "CALICO_NETWORKING_BACKEND is vxlan - no need to run a BGP daemon",
    ]
    for n in range(30):
        ago = 300 - 10 * n
        log.append(
            story.say(
                ago,
                "INFO",
                57,
                "felix",
                "vxlan_mgr.go 679:",
                'VXLAN device MTU needs to be updated device="vxlan.calico" ipVersion=0x4 new=1500 old=1450',
            )
        )
        log.append(
            story.say(
                ago,
                "WARNING",
                57,
                "felix",
                "vxlan_mgr.go 681:",
                "Failed to set vxlan tunnel device MTU error=invalid argument ipVersion=0x4",
            )
        )
        if n % 4 == 0:
            log.append(
                story.say(
                    ago - 1.2,
                    "INFO",
                    57,
                    "felix",
                    "vxlan_resolver.go 328:",
                    'VTEP information has not changed, skipping duplicate update node="master03"',
                )
            )
    story.log(pods[0], log)
    ks = story.other(
        "ks-apiserver-75df4f6f5b-9bxzl",
        "node01",
        ip="10.233.71.8",
        namespace="kubesphere-system",
        owner="ReplicaSet/ks-apiserver-75df4f6f5b",
        ready=False,
        restarts=40,
        waiting="CrashLoopBackOff",
        last=("Error", 1, 120),
    )
    story.pod_event(
        ks, "BackOff", "Back-off restarting failed container", 12, 70_000, 1700, namespace="kubesphere-system"
    )
    story.describe("master01", pods[0])
    story.affected = list(hosts)
    story.cite(f"{pods[0]}.log", "Failed to set vxlan tunnel device MTU")
    return story


def half_of_them_jumbo(now: datetime) -> Incident:
    story = incident(
        "new-workers-with-jumbo-frames", "mtu-mismatch",
        "Old workers give their pods 1480, the four new ones 8980, while the switch between carries 1500: TLS between old and new "
        "hangs, everything on the workers looks ready.",
        "https://github.com/projectcalico/calico/issues/4057", now, difficulty="hard", platform="other", calico="v3.24.3",
        kubernetes="v1.25.9", registry="quay.io/calico",
    )  # fmt: skip
    old = {f"os-compute-{n}": f"10.61.7.{10 + n}" for n in range(1, 5)}
    new = {f"os-compute-{n}": f"10.61.7.{10 + n}" for n in range(5, 9)}
    story.hosts(old, kernel="5.4.0-125-generic", os_image="Ubuntu 20.04.5 LTS")
    story.hosts(new, kernel="5.4.0-125-generic", os_image="Ubuntu 20.04.5 LTS", age=170_000, since=169_000)
    first, second = story.staff(old, started=1_500_000), story.staff(new, age=169_900, started=169_900)
    everybody = [*old.values(), *new.values()]
    for pod, host, mtu in ((first[1], "os-compute-2", 1480), (second[0], "os-compute-5", 8980)):
        began = 169_900 if mtu > 2000 else 1_500_000
        log = story.boot(
            host, began, [at for at in everybody if at != {**old, **new}[host]], interface="ens3", prefix=24
        )
        log.insert(
            -1, story.say(began - 2.8, "INFO", 61, "felix", "int_dataplane.go 1203:", f"Determined pod MTU mtu={mtu}")
        )
        story.log(pod, [*log, *story.quiet(1500, 30)])
    api = story.other(
        "payment-api-67c9f7d4c-l2mzt",
        "os-compute-6",
        ip="10.233.106.33",
        namespace="prod",
        owner="ReplicaSet/payment-api-67c9f7d4c",
        ready=False,
        restarts=55,
        last=("Error", 137, 300),
    )
    story.pod_event(
        api,
        "Unhealthy",
        'Readiness probe failed: Get "https://10.233.106.33:8443/healthz": net/http: TLS handshake timeout',
        21,
        160_000,
        4003,
        namespace="prod",
    )
    story.texts["payment-api.log"] = (
        "\n".join(
            f"{story.stamp(900 - 60 * n)} ERROR upstream https://vault.prod.svc:8200/v1/sys/health: net/http: TLS handshake timeout"
            for n in range(12)
        )
        + "\n"
    )
    story.texts["node-status-os-compute-5.txt"] = node_status(
        [(at, "up", "2026-11-21", "Established") for at in everybody if at != "10.61.7.15"]
    )
    story.describe("os-compute-5", second[0])
    story.commands["describe-payment-api.txt"] = f"describe pod -n prod {api}"
    story.affected = list(new)
    story.cite(f"{second[0]}.log", "Determined pod MTU mtu=8980")
    story.cite(f"{first[1]}.log", "Determined pod MTU mtu=1480")
    return story


def set_for_a_faster_net(now: datetime) -> Incident:
    story = incident(
        "mtu-8980-kept-after-move-to-other-zone", "mtu-mismatch",
        "Since the third zone was added the configured 8980 is larger than that zone's host MTU (felix warns at its start); image "
        "pulls inside pods and TLS time out there.",
        "felix/dataplane/linux/int_dataplane.go", now, difficulty="medium", platform="vpc", calico="v3.26.4",
        kubernetes="v1.28.15+IKS", namespace="kube-system", acceptable=["invalid-calico-config"],
    )  # fmt: skip
    nodes = story.workers([f"10.243.{z}.{n}" for z in (0, 64) for n in (5, 6)])
    third = story.workers(
        ["10.243.128.5", "10.243.128.7"], age=50_000, since=49_000, labels={"topology.kubernetes.io/zone": "eu-de-3"}
    )
    story.agents(nodes)
    pods = story.agents(third, age=49_900, started=49_900)
    log = story.boot(third[0], 49_900, [*nodes, third[1]], interface="ens3", prefix=18)
    log.insert(
        -1,
        story.say(
            49_897.2,
            "WARNING",
            61,
            "felix",
            "int_dataplane.go 1093:",
            "Configured MTU is larger than detected host interface MTU hostMTU=1500 mtu=8980",
        ),
    )
    log.insert(-1, story.say(49_897.1, "INFO", 61, "felix", "int_dataplane.go 1095:", "Determined pod MTU mtu=8980"))
    story.log(pods[0], [*log, *story.quiet(1800, 40)])
    job = story.other(
        "mirror-job-tq5zs",
        third[0],
        ip="172.17.68.9",
        namespace="ci",
        owner="Job/mirror-job",
        ready=False,
        restarts=9,
        last=("Error", 1, 90),
    )
    story.pod_event(
        job,
        "BackOff",
        "Back-off restarting failed container sync in pod mirror-job-tq5zs_ci",
        30,
        4000,
        80,
        namespace="ci",
    )
    story.describe(third[0])
    story.affected = third
    story.cite(f"{pods[0]}.log", "Configured MTU is larger than detected host interface MTU")
    return story


def through_a_vpn(now: datetime) -> Incident:
    story = incident(
        "mesh-over-wg-1420-sessions-drop-on-updates", "mtu-mismatch",
        "The nodes talk over a VPN interface of MTU 1420 while calico's tunnel has 1440: sessions come up and die with the first "
        "large update (hold timer), and the customer's ping shows that 1412 bytes pass and 1452 do not.",
        "https://github.com/projectcalico/calico/issues/2072", now, difficulty="hard", platform="other", calico="v3.15.5",
        kubernetes="v1.18.20", namespace="kube-system", registry="calico",
    )  # fmt: skip
    hosts = {"sky-1": "10.99.0.1", "sky-2": "10.99.0.2", "home-1": "10.99.0.11", "home-2": "10.99.0.12"}
    story.hosts(hosts, kernel="5.4.0-66-generic", os_image="Ubuntu 18.04.5 LTS", runtime="docker://19.3.6")
    pods = story.staff(hosts, started=90_000)
    peers = [hosts["sky-1"], hosts["sky-2"], hosts["home-2"]]
    story.recreated(pods[3], peers[:2], 880, 1)
    log = story.boot("home-1", 90_000, peers, interface="wg0", prefix=24)
    for _ in range(4):
        for at in peers[:2]:
            session = f"bird: Mesh_{at.replace('.', '_')}"
            log += [f"{session}: Error: Hold timer expired", f"{session}: State changed to stop", f"{session}: State changed to down", f"{session}: Starting",
                    f"{session}: State changed to start", f"{session}: Connected to table master", f"{session}: State changed to feed", f"{session}: State changed to up"]  # fmt: skip
    story.log(pods[2], [*log, *story.quiet(900, 60)])
    story.texts["ip-link.txt"] = "\n".join([
        "2: enp3s0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc fq_codel state UP mode DEFAULT group default qlen 1000",
        "3: wg0: <POINTOPOINT,NOARP,UP,LOWER_UP> mtu 1420 qdisc noqueue state UNKNOWN mode DEFAULT group default qlen 1",
        "7: tunl0@NONE: <NOARP,UP,LOWER_UP> mtu 1440 qdisc noqueue state UNKNOWN mode DEFAULT group default qlen 1",
        "9: cali893367b5351@if4: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1440 qdisc noqueue state UP mode DEFAULT group default"]) + "\n"  # fmt: skip
    story.texts["ping.txt"] = "\n".join([
        "$ ping -M do -s 1372 -c 2 10.99.0.1", "1380 bytes from 10.99.0.1: icmp_seq=1 ttl=64 time=21.4 ms", "2 packets transmitted, 2 received, 0% packet loss, time 1001ms",
        "$ ping -M do -s 1412 -c 2 10.99.0.1", "ping: local error: Message too long, mtu=1420", "2 packets transmitted, 0 received, +2 errors, 100% packet loss, time 1017ms"]) + "\n"  # fmt: skip
    story.texts["birdcl.txt"] = protocols(
        [
            (peers[0], "up", "09:12:40", "Established"),
            (peers[1], "start", "09:14:02", "Connect"),
            (peers[2], "up", "2026-11-22", "Established"),
        ]
    )
    story.describe("home-1", pods[2])
    story.affected = list(hosts)
    story.cite("ping.txt", "Message too long")
    story.cite("ip-link.txt", "mtu 1420")
    return story


def hard_coded_1500(now: datetime) -> Incident:
    story = incident(
        "conflist-1500-behind-a-1450-tunnel", "mtu-mismatch",
        "The template's CNI configuration fixes 1500 for pods while packets to other hosts go through a VXLAN device of 1450: large "
        "answers never arrive, small ones do.",
        "https://github.com/easzlab/kubeasz/issues/1444", now, difficulty="medium", platform="other", calico="v3.26.4",
        kubernetes="v1.30.1", namespace="kube-system", registry="easzlab.io.local:5000/calico", acceptable=["invalid-calico-config"],
    )  # fmt: skip
    hosts = {f"ez-{n}": f"192.168.132.{100 + n}" for n in (1, 2, 3)}
    story.hosts(hosts, kernel="5.15.0-119-generic")
    pods = story.staff(hosts, started=260_000, age=260_000)
    shop = story.other(
        "catalog-6c9f7b8d5f-wq7zn",
        "ez-3",
        ip="172.20.131.9",
        namespace="shop",
        owner="ReplicaSet/catalog-6c9f7b8d5f",
        ready=False,
        restarts=17,
        last=("Error", 1, 700),
    )
    story.pod_event(
        shop,
        "Unhealthy",
        'Readiness probe failed: Get "http://172.20.131.9:8080/deep": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
        22,
        3400,
        91,
        namespace="shop",
    )
    log = [*story.boot("ez-3", 260_000, bird=False), "CALICO_NETWORKING_BACKEND is vxlan - no need to run a BGP daemon"]
    log.append(story.say(259_996, "INFO", 61, "felix", "int_dataplane.go 1095:", "Determined pod MTU mtu=1500"))
    story.log(pods[2], [*log, *story.quiet(1500, 20)])
    story.texts["10-calico.conflist"] = (
        '{\n  "name": "k8s-pod-network",\n  "cniVersion": "0.3.1",\n  "plugins": [\n    {\n      "type": "calico",\n      "mtu": 1500,\n      "ipam": {"type": "calico-ipam"}\n    }\n  ]\n}\n'
    )
    story.texts["ip-a.txt"] = (
        "2: ens160: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc mq state UP group default qlen 1000\n8: vxlan.calico: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 qdisc noqueue state UNKNOWN group default\n11: cali7f0a1c9e2d3@if4: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default\n"
    )
    story.describe("ez-3", pods[2])
    story.commands["describe-catalog.txt"] = f"describe pod -n shop {shop}"
    story.affected = list(hosts)
    story.cite("10-calico.conflist", '"mtu": 1500')
    story.cite("ip-a.txt", "vxlan.calico: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450")
    return story


def wireguard_too_large(now: datetime) -> Incident:
    story = incident(
        "wireguard-device-as-large-as-its-underlay",
        "mtu-mismatch",
        "WireGuard was switched on with its default of 1440 on a network of 1460 with another 20 bytes of the provider: the ping tests pass up to 1400 and fail above, TLS between hosts hangs; calico itself is ready.",
        "https://docs.tigera.io/calico/latest/networking/configuring/mtu (WireGuard: 60 bytes)",
        now,
        difficulty="medium",
        platform="other",
        calico="v3.24.5",
        kubernetes="v1.25.12",
        registry="quay.io/calico",
    )
    hosts = {f"gce-n{n}": f"10.132.0.{10 + n}" for n in range(1, 5)}
    story.hosts(hosts, kernel="5.15.0-1042-gcp")
    pods = story.staff(hosts, started=80_000)
    argo = story.other(
        "argocd-server-6d7c9b8f5-x9m2k",
        "gce-n3",
        "10.48.91.7",
        namespace="argocd",
        owner="ReplicaSet/argocd-server-6d7c9b8f5",
        ready=False,
        restarts=12,
        last=("Error", 1, 500),
    )
    story.pod_event(
        argo,
        "Unhealthy",
        'Readiness probe failed: Get "http://10.48.91.7:8080/healthz?full=true": context deadline exceeded',
        20,
        70_000,
        900,
        namespace="argocd",
    )
    log = [
        *story.boot("gce-n3", 80_000, [v for k, v in hosts.items() if k != "gce-n3"], interface="ens4"),
        story.say(
            79_996,
            "INFO",
            61,
            "felix",
            "wireguard.go 1446:",
            'Wireguard device needs to be created ifaceName="wireguard.cali" ipVersion=0x4',
        ),
        *story.quiet(1500, 10),
    ]
    story.log(pods[2], log)
    story.texts["ip-link-gce-n3.txt"] = (
        "2: ens4: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1460 qdisc mq state UP mode DEFAULT group default qlen 1000\n31: wireguard.cali: <POINTOPOINT,NOARP,UP,LOWER_UP> mtu 1440 qdisc noqueue state UNKNOWN mode DEFAULT group default qlen 1000\n44: cali1f0a77be210@if3: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1440 qdisc noqueue state UP mode DEFAULT group default\n"
    )
    story.texts["ping-between-pods.txt"] = (
        "/ # ping -M do -s 1352 -c 3 10.48.77.4\n3 packets transmitted, 3 packets received, 0% packet loss\n/ # ping -M do -s 1412 -c 3 10.48.77.4\n3 packets transmitted, 0 packets received, 100% packet loss\n/ # curl -m 10 https://10.48.77.4:8443/\ncurl: (28) SSL connection timeout\n"
    )
    story.describe("gce-n3", pods[2])
    story.commands["describe-argocd.txt"] = f"describe pod -n argocd {argo}"
    story.affected = list(hosts)
    story.cite("ip-link-gce-n3.txt", "wireguard.cali: <POINTOPOINT,NOARP,UP,LOWER_UP> mtu 1440")
    return story


def pattern_matches_nothing(now: datetime) -> Incident:
    story = incident(
        "mtu-pattern-matches-no-interface",
        "mtu-mismatch",
        "The hosts' interfaces have names that no pattern of felix matches: it warns that it cannot detect the MTU and takes 1460, while the hosts' network carries 1400; large packets are lost.",
        "https://github.com/projectcalico/calico/issues/8953",
        now,
        difficulty="easy",
        platform="other",
        calico="v3.27.2",
        kubernetes="v1.28.10",
        registry="quay.io/calico",
        acceptable=["invalid-calico-config"],
    )
    hosts = {f"ost-{n}": f"172.24.80.{n}" for n in (14, 15, 16)}
    story.hosts(hosts, kernel="5.14.0-362.24.1.el9_3.x86_64", os_image="Rocky Linux 9.3 (Blue Onyx)")
    pods = story.staff(hosts, started=9000)
    mon = story.other(
        "prometheus-k8s-0",
        "ost-15",
        "10.244.8.19",
        namespace="monitoring",
        owner="StatefulSet/prometheus-k8s",
        app="prometheus",
        ready=False,
        restarts=3,
    )
    story.pod_event(
        mon,
        "Unhealthy",
        "Readiness probe failed: HTTP probe failed with statuscode: 503",
        15,
        8000,
        300,
        namespace="monitoring",
    )
    for i, node in enumerate(hosts):
        log = story.boot(node, 9000, [v for k, v in hosts.items() if k != node], interface="ifcfg-team0")
        log += [
            story.say(
                8995,
                "WARNING",
                61,
                "felix",
                "int_dataplane.go 1150:",
                "Failed to auto-detect host MTU - no interfaces matched the MTU interface pattern. To use auto-MTU, set mtuIfacePattern to match your host's interfaces",
            ),
            story.say(8995, "INFO", 61, "felix", "int_dataplane.go 1203:", "Determined pod MTU mtu=1440"),
            *story.quiet(1500 + i, 10),
        ]
        story.log(pods[i], log)
    story.texts["ip-a-ost-15.txt"] = (
        "5: ifcfg-team0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1400 qdisc noqueue state UP group default qlen 1000\n9: tunl0@NONE: <NOARP,UP,LOWER_UP> mtu 1440 qdisc noqueue state UNKNOWN group default qlen 1000\n"
    )
    story.describe("ost-15", pods[1])
    story.commands["describe-prometheus.txt"] = f"describe pod -n monitoring {mon}"
    story.affected = list(hosts)
    story.cite(f"{pods[1]}.log", "Failed to auto-detect host MTU")
    return story


def changed_while_running(now: datetime) -> Incident:
    story = incident(
        "host-mtu-changed-on-two-of-six",
        "mtu-mismatch",
        "An automation raised the host MTU to 9000 on two of six hosts; felix there restarted itself ('Host MTU changed') and gives pods 8980 since, the others 1480. Sessions drop as the updates grow; the exits look like crashes.",
        "felix/dataplane/linux/int_dataplane.go (Host MTU changed)",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.26.3",
        kubernetes="v1.27.11",
        namespace="kube-system",
        registry="docker.io/calico",
    )
    hosts = {f"kvm-{n}": f"10.140.2.{30 + n}" for n in range(1, 7)}
    big = ["kvm-2", "kvm-5"]
    story.hosts(hosts)
    story.staff({k: v for k, v in hosts.items() if k not in big})
    pods = story.staff({k: hosts[k] for k in big}, restarts=1, started=7000, last=("Error", 129, 7005))
    story.not_established(pods[0], [hosts["kvm-1"], hosts["kvm-3"]], 300, 6900, 18, established=3)
    for node, name in zip(big, pods, strict=True):
        others = [v for k, v in hosts.items() if k != node]
        old = [
            *story.quiet(9000, 7020),
            story.say(7012, "INFO", 61, "felix", "int_dataplane.go 1511:", "Host MTU changed new=9000 old=1500"),
            story.say(7010, "WARNING", 61, "felix", "daemon.go 734:", 'Felix is shutting down reason="config changed"'),
        ]
        story.log(name, old, file=f"{name}.previous.log")
        log = [
            *story.boot(node, 7000, others),
            story.say(6996, "INFO", 61, "felix", "int_dataplane.go 1203:", "Determined pod MTU mtu=8980"),
        ]
        for at in others[:2]:
            log += [
                f"bird: Mesh_{at.replace('.', '_')}: {t}"
                for t in (
                    "Error: Hold timer expired",
                    "State changed to stop",
                    "State changed to down",
                    "Starting",
                    "State changed to start",
                    "State changed to feed",
                    "State changed to up",
                )
            ]
        story.log(name, [*log, *story.quiet(1500, 20)])
    calm = story.pods["kvm-1"]
    story.log(
        calm,
        [
            *story.boot("kvm-1", 1_500_000, [v for k, v in hosts.items() if k != "kvm-1"]),
            story.say(1_499_996, "INFO", 61, "felix", "int_dataplane.go 1203:", "Determined pod MTU mtu=1480"),
            *story.quiet(1500, 20),
        ],
    )
    story.describe("kvm-2", pods[0])
    story.affected = big
    story.cite(f"{pods[0]}.previous.log", "Host MTU changed new=9000 old=1500")
    story.cite(f"{pods[0]}.log", "Determined pod MTU mtu=8980")
    return story


def need_to_frag(now: datetime) -> Incident:
    story = incident(
        "capture-full-of-need-to-frag",
        "mtu-mismatch",
        "The hosts of one site sit behind a virtual switch of 1400; the capture shows 'need to frag (mtu 1400)' for calico's VXLAN packets. The loud pod that fails is the registry's client.",
        "https://github.com/projectcalico/calico/issues/7651",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.28.1",
        kubernetes="v1.29.7+k3s1",
        registry="docker.io/calico",
    )
    hosts = {"hz-a1": "10.0.30.2", "hz-a2": "10.0.30.3", "hz-d1": "10.0.40.2", "hz-d2": "10.0.40.3"}
    story.hosts(hosts)
    pods = story.staff(hosts)
    build = story.other(
        "buildkit-0",
        "hz-d1",
        "10.42.200.8",
        namespace="ci",
        owner="StatefulSet/buildkit",
        app="buildkit",
        ready=False,
        restarts=20,
        waiting="CrashLoopBackOff",
        last=("Error", 1, 90),
    )
    story.pod_event(
        build, "BackOff", "Back-off restarting failed container buildkit in pod", 20, 40_000, 2000, namespace="ci"
    )
    story.pod_event(
        pods[2],
        "Unhealthy",
        "Readiness probe failed: calico/node is not ready: felix is not ready: readiness probe reporting 503",
        1_699_900,
        1_699_950,
        2,
    )
    lines = ["tcpdump: listening on enp7s0, link-type EN10MB (Ethernet), snapshot length 262144 bytes"]
    for n in range(9):
        at = story.stamp(600 - 17 * n)[11:] + "118"
        lines += [
            f"{at} IP 10.0.40.2.51{n}12 > 10.0.30.2.4789: VXLAN, flags [I] (0x08), vni 4096",
            f"    IP 10.42.200.8.4{n}118 > 10.42.16.5.5000: Flags [.], seq 1:1399, ack 518, win 501, length 1398",
            f"{at} IP 10.0.40.1 > 10.0.40.2: ICMP 10.0.30.2 unreachable - need to frag (mtu 1400), length 556",
            f"{at} IP 10.0.30.2.38{n}01 > 10.0.40.2.4789: VXLAN, flags [I] (0x08), vni 4096",
            f"    IP 10.42.16.5.5000 > 10.42.200.8.4{n}118: Flags [.], ack 1, win 509, length 0",
        ]
    story.log("tcpdump", lines, "tcpdump-hz-d1.txt")
    story.log(
        pods[2],
        wrapped(
            story,
            [
                *story.boot("hz-d1", 1_700_000, bird=False),
                story.say(1_699_996, "INFO", 61, "felix", "int_dataplane.go 1203:", "Determined pod MTU mtu=1450"),
                *story.quiet(1500, 20),
            ],
            "stern",
            pods[2],
        ),
    )
    story.describe("hz-d1", pods[2])
    story.commands["describe-buildkit.txt"] = f"describe pod -n ci {build}"
    story.affected = ["hz-d1", "hz-d2"]
    story.cite("tcpdump-hz-d1.txt", "need to frag (mtu 1400)")
    return story


STORIES = [
    vxlan_device_refuses,
    hard_coded_1500,
    set_for_a_faster_net,
    through_a_vpn,
    half_of_them_jumbo,
    pattern_matches_nothing,
    wireguard_too_large,
    changed_while_running,
    need_to_frag,
]
