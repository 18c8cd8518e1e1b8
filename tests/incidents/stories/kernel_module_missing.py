"""kernel-module-missing: the host's kernel lacks what calico needs."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident, protocols, wrapped

GENERATION = "RULE_APPEND failed (No such file or directory): rule in chain PREROUTING"


def set_type_not_supported(now: datetime) -> Incident:
    story = incident(
        "bare-metal-set-type-not-supported", "kernel-module-missing",
        "The kernel knows no set of type hash:net ('set type not supported'): ip_set_hash_net is not built for it.",
        "https://github.com/projectcalico/felix/issues/2083", now, difficulty="easy", platform="other", calico="v3.8.0",
        kubernetes="v1.15.0", namespace="kube-system", registry="calico", acceptable=["ipset-failure"],
    )  # fmt: skip
    hosts = {f"cn-bj-{n}": f"10.200.72.{n}" for n in (1, 6, 17)}
    story.hosts(hosts, kernel="3.10.107-tlinux2-0046", os_image="CentOS Linux 7 (Core)", runtime="docker://18.6.1")
    pods = story.staff(hosts, ready=False, restarts=11, started=80, last=("Error", 137, 83), age=3600)
    for name in pods:
        story.pod_event(
            name,
            "Unhealthy",
            "Liveness probe failed: Get http://localhost:9099/liveness: dial tcp 127.0.0.1:9099: connect: connection refused",
            17,
            3500,
            66,
        )
    log = story.old_boot("cn-bj-6", 80, ["10.200.72.1", "10.200.72.17"], up=[])
    data = "create cali40all-ipam-pools hash:net family inet maxelem 1048576\\ncreate cali4t32 hash:net family inet maxelem 1048576\\nadd cali4t32 172.31.0.0/16\\nswap cali40all-ipam-pools cali4t32\\nCOMMIT\\n"
    for n in range(8):
        pid = 61 + 70 * (n // 4)
        log.append(
            story.line(
                74 - 8 * n,
                "WARNING",
                pid,
                "ipsets.go 634:",
                f'Failed to complete ipset restore, IP sets may be out-of-sync. closeErr=<nil> commitErr=<nil> family="inet" flushErr=<nil> input="{data}" processErr=exit status 1 stderr="ipset v6.29: Error in line 1: Kernel error received: set type not supported\\n" stdout="" writeErr=<nil>',
            )
        )
        if n % 4 == 3:
            log.append(
                story.line(
                    73 - 8 * n,
                    "PANIC",
                    pid,
                    "ipsets.go 303:",
                    'Failed to update IP sets after multiple retries. family="inet"',
                )
            )
    story.log(pods[1], log, file="calico-node-cn-bj-6.txt")
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe.txt": f"describe pod -n kube-system {pods[1]}",
    }
    story.affected = list(hosts)
    story.cite("calico-node-cn-bj-6.txt", "set type not supported")
    return story


def cloud_kernel_without_ipip(now: datetime) -> Incident:
    story = incident(
        "proxmox-kvm-kernel-no-tunnel-device", "kernel-module-missing",
        "Two of five VMs boot the slim -kvm kernel, which has no ipip: felix cannot make tunl0. BGP is up everywhere, so the calico "
        "pods look ready while pods on these hosts reach nobody.",
        "https://github.com/kubernetes-sigs/kubespray/issues/10602", now, difficulty="hard", platform="other", calico="v3.26.3",
        kubernetes="v1.28.3", namespace="kube-system", registry="quay.io/calico",
    )  # fmt: skip
    plain = {f"pve-k8s-{n}": f"192.168.99.{10 + n}" for n in (1, 2, 3)}
    slim = {f"pve-k8s-{n}": f"192.168.99.{10 + n}" for n in (4, 5)}
    story.hosts(plain, kernel="5.15.0-88-generic", os_image="Ubuntu 22.04.3 LTS", age=1_100_000, since=1_000_000)
    story.hosts(slim, kernel="5.15.0-1045-kvm", os_image="Ubuntu 22.04.3 LTS", age=90_000, since=89_000)
    story.staff(plain, age=1_000_000, started=900_000)
    pods = story.staff(slim, age=89_900, started=89_900)
    web = story.other(
        "web-7d9f6c9b5-kq8zx",
        "pve-k8s-4",
        ip="10.233.70.9",
        namespace="shop",
        owner="ReplicaSet/web-7d9f6c9b5",
        ready=False,
        restarts=211,
        age=80_000,
    )
    story.pod_event(
        web,
        "Unhealthy",
        "Readiness probe failed: dial tcp 10.233.66.14:5432: i/o timeout",
        18,
        79_000,
        2600,
        namespace="shop",
    )
    log = story.boot("pve-k8s-4", 89_900, [*plain.values(), slim["pve-k8s-5"]])
    for n in range(25):
        ago = 1500 - 60 * n
        log.append(
            story.say(
                ago, "WARNING", 61, "felix", "ipip_mgr.go 113:", "Failed to add IPIP tunnel device error=exit status 1"
            )
        )
        log.append(
            story.say(
                ago,
                "WARNING",
                61,
                "felix",
                "ipip_mgr.go 90:",
                "Failed configure IPIP tunnel device, retrying... error=exit status 1",
            )
        )
        log += story.quiet(ago - 20, ago - 30)
    story.log(pods[0], log)
    story.texts["birdcl-protocols.txt"] = protocols(
        [(at, "up", "2026-11-22", "Established") for at in (*plain.values(), slim["pve-k8s-5"])]
    )
    story.texts["modules.txt"] = (
        "root@pve-k8s-4:~# modprobe ipip\nmodprobe: FATAL: Module ipip not found in directory /lib/modules/5.15.0-1045-kvm\n"
    )
    story.describe("pve-k8s-4", pods[0])
    story.commands["describe-web.txt"] = f"describe pod -n shop {web}"
    story.affected = list(slim)
    story.cite(f"{pods[0]}.log", "Failed to add IPIP tunnel device")
    story.cite("modules.txt", "Module ipip not found")
    return story


def raspberry_without_extra_modules(now: datetime) -> Incident:
    story = incident(
        "raspi-ubuntu-no-vxlan", "kernel-module-missing",
        "The Raspberry hosts' Ubuntu keeps vxlan in a package that is not installed: felix cannot create vxlan.calico there.",
        "https://github.com/k3s-io/k3s/issues/4234", now, difficulty="medium", platform="other", calico="v3.25.2",
        kubernetes="v1.26.10+k3s2", namespace="calico-system", registry="docker.io/calico",
    )  # fmt: skip
    hosts = {"rack-server": "192.168.31.5", **{f"raspi-{n}": f"192.168.31.{10 + n}" for n in (1, 2, 3)}}
    story.hosts({"rack-server": "192.168.31.5"}, kernel="5.15.0-87-generic")
    pis = {name: at for name, at in hosts.items() if name != "rack-server"}
    story.hosts(pis, kernel="5.15.0-1040-raspi")
    story.staff({"rack-server": "192.168.31.5"})
    pods = story.staff(pis, ready=False, age=4000, started=3900)
    for name in pods:
        story.pod_event(
            name,
            "Unhealthy",
            "Readiness probe failed: calico/node is not ready: felix is not ready: readiness probe reporting 503",
            22,
            3800,
            128,
        )
    coredns = story.other(
        "coredns-6799fbcd5-hj2xk",
        "raspi-2",
        owner="ReplicaSet/coredns-6799fbcd5",
        ip="192.168.214.3",
        ready=False,
        restarts=14,
    )
    log = [*story.boot("raspi-2", 3900, bird=False), "CALICO_NETWORKING_BACKEND is vxlan - no need to run a BGP daemon"]
    log.append(
        story.say(
            3895, "INFO", 61, "felix", "vxlan_mgr.go 553:", "VXLAN tunnel device thread started. ipVersion=0x4 mtu=1450"
        )
    )
    for n in range(22):
        log.append(
            story.say(
                3890 - 10 * n,
                "WARNING",
                61,
                "felix",
                "vxlan_mgr.go 587:",
                "Failed to configure VXLAN tunnel device, retrying... error=failed to create vxlan interface: operation not supported ipVersion=0x4",
            )
        )
        if n % 5 == 0:
            log.append(
                story.say(
                    3889 - 10 * n,
                    "WARNING",
                    61,
                    "felix",
                    "health.go 286:",
                    'Reporter is not ready. name="int_dataplane"',
                )
            )
    story.log(pods[1], wrapped(story, log, "stern", pods[1]))
    story.describe("raspi-2", pods[1])
    story.commands["describe-coredns.txt"] = f"describe pod -n kube-system {coredns}"
    story.affected = list(pis)
    story.cite(f"{pods[1]}.log", "failed to create vxlan interface: operation not supported")
    return story


def modules_of_the_running_kernel_gone(now: datetime) -> Incident:
    story = incident(
        "kernel-package-removed-before-reboot", "kernel-module-missing",
        "On two workers the modules of the running kernel were removed by an update that awaits its reboot, so rpfilter cannot be "
        "loaded and every nft transaction of felix fails; the neighbours' BGP complaints come later.",
        "felix/rules/static.go", now, difficulty="hard", platform="roks", calico="v3.27.3", kubernetes="v1.29.9+5865c5b",
        acceptable=["iptables-incompatible"],
    )  # fmt: skip
    nodes = story.workers([f"10.185.33.{n}" for n in range(70, 78)], os_image="Red Hat Enterprise Linux 9.4 (Plow)", kernel="5.14.0-427.13.1.el9_4.x86_64", runtime="cri-o://1.29.8")  # fmt: skip
    bad = [nodes[2], nodes[6]]
    fine = story.agents([n for n in nodes if n not in bad])
    pods = story.agents(bad, ready=False, restarts=52, started=75, last=("Error", 137, 80))
    for name in fine[:4]:
        story.recreated(name, bad, 90, 5)
    for name in pods:
        story.not_established(name, [n for n in nodes if n not in bad], 70, 6000, 30)
        story.pod_event(
            name,
            "Unhealthy",
            'Readiness probe failed: calico/node is not ready: felix is not ready: Get "http://localhost:9099/readiness": dial tcp 127.0.0.1:9099: connect: connection refused',
            15,
            6000,
            240,
        )
    log = story.boot(bad[0], 75, [n for n in nodes if n != bad[0]], interface="ens192")
    words = "iptables-nft-restore v1.8.8 (nf_tables): Couldn't load match `rpfilter':No such file or directory\\nWarning: Extension rpfilter revision 0 not supported, missing kernel module?\\n"
    for n in range(6):
        pid = 61 + 44 * (n // 3)
        log.append(
            story.say(
                70 - 10 * n,
                "WARNING",
                pid,
                "felix",
                "table.go 1409:",
                f'Failed to execute ip(6)tables-restore command error=exit status 4 errorOutput="{words}iptables-nft-restore: line 4: {GENERATION}\\n" input="*raw\\n-A cali-PREROUTING -m comment --comment \\"cali:H-dIfJ8cVbXzjSzk\\" -m rpfilter --invert --jump DROP\\nCOMMIT\\n" ipVersion=0x4 output="" table="raw"',
            )
        )
        if n % 3 == 2:
            log.append(
                story.say(
                    69 - 10 * n,
                    "PANIC",
                    pid,
                    "felix",
                    "table.go 1047:",
                    'Failed to program iptables, giving up after retries error=exit status 4 ipVersion=0x4 table="raw"',
                )
            )
    story.log(pods[0], log)
    story.texts["debug-node.txt"] = (
        "sh-5.1# uname -r\n5.14.0-427.13.1.el9_4.x86_64\nsh-5.1# ls /lib/modules\n5.14.0-427.40.1.el9_4.x86_64\nsh-5.1# modprobe xt_rpfilter\nmodprobe: FATAL: Module xt_rpfilter not found in directory /lib/modules/5.14.0-427.13.1.el9_4.x86_64\n"
    )
    story.describe(bad[0], pods[0])
    story.commands[f"describe-pod-{fine[0]}.txt"] = f"describe pod -n calico-system {fine[0]}"
    story.affected = bad
    story.cite("debug-node.txt", "xt_rpfilter not found")
    story.cite(f"{pods[0]}.log", "missing kernel module?")
    return story


def no_ipvs_match(now: datetime) -> Incident:
    story = incident(
        "kube-proxy-ipvs-without-xt-ipvs", "kernel-module-missing",
        "kube-proxy was switched to IPVS, so felix uses the ipvs match, whose kernel module this host image does not contain.",
        "https://github.com/kubernetes/minikube/pull/2490", now, difficulty="easy", platform="other", calico="v3.10.4",
        kubernetes="v1.16.9", namespace="kube-system", registry="calico", acceptable=["iptables-incompatible"],
    )  # fmt: skip
    hosts = {"mini-1": "192.168.99.100", "mini-2": "192.168.99.101"}
    story.hosts(hosts, kernel="4.16.14", os_image="Buildroot 2018.05", runtime="docker://18.6.3")
    pods = story.staff(hosts, ready=False, restarts=4, started=300, last=("Error", 137, 305), age=2000)
    for i, host in enumerate(hosts):
        story.other(
            f"kube-proxy-{'xy'[i]}5r2d", host, app="kube-proxy", image="k8s.gcr.io/kube-proxy:v1.16.9", age=2100
        )
        story.pod_event(
            pods[i],
            "Unhealthy",
            "Readiness probe failed: calico/node is not ready: felix is not ready: Get http://localhost:9099/readiness: dial tcp 127.0.0.1:9099: connect: connection refused",
            8,
            1900,
            101,
        )
    log = story.old_boot("mini-1", 300, ["192.168.99.101"])
    for n in range(9):
        rest, pid = 'error=exit status 2 ipVersion=0x4 table="filter"', 61 + 55 * (n // 3)
        log.append(
            story.line(
                290 - 30 * n,
                "WARNING",
                pid,
                "table.go 1007:",
                'Failed to execute ip(6)tables-restore command error=exit status 2 errorOutput="iptables-restore v1.6.2: Couldn\'t load match `ipvs\':No such file or directory\\n\\nError occurred at line: 21\\n" input="*filter\\n-A cali-forward-check -m ipvs --ipvs --jump RETURN\\nCOMMIT\\n" ipVersion=0x4 output="" table="filter"',
            )
        )
        log.append(
            story.line(289 - 30 * n, "WARNING", pid, "table.go 812:", f"Failed to program iptables, will retry {rest}")
        )
        if n % 3 == 2:
            log.append(
                story.line(
                    288 - 30 * n,
                    "PANIC",
                    pid,
                    "table.go 823:",
                    f"Failed to program iptables, giving up after retries {rest}",
                )
            )
    story.log(pods[0], log)
    story.texts["modprobe.txt"] = (
        "$ sudo modprobe xt_ipvs\nmodprobe: FATAL: Module xt_ipvs not found in directory /lib/modules/4.16.14\n"
    )
    story.describe("mini-1", pods[0])
    story.affected = list(hosts)
    story.cite(f"{pods[0]}.log", "Couldn't load match `ipvs'")
    return story


STORIES = [
    set_type_not_supported,
    cloud_kernel_without_ipip,
    raspberry_without_extra_modules,
    no_ipvs_match,
    modules_of_the_running_kernel_gone,
]
