"""kernel-module-missing: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime

from cluster import container, event
from telling import FELIX_503, Incident, incident, wrapped

CAUSE = "kernel-module-missing"


def desktop_kernel_without_rpfilter(now: datetime) -> Incident:
    story = incident(
        "kind-on-a-desktop-kernel-without-rpfilter",
        CAUSE,
        "A kind cluster on a desktop's LinuxKit kernel, which has no xt_rpfilter: iptables-restore cannot load the match for the raw table, felix gives up and starts over on all three nodes. Everything that is loud (503, CoreDNS that is not ready) follows from it.",
        "https://github.com/kubernetes-sigs/kind/issues/2170",
        now,
        platform="other",
        calico="v3.18.1",
        kubernetes="v1.20.2",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="easy",
        acceptable=["iptables-incompatible"],
    )
    hosts = {"netlab-control-plane": "172.19.0.4", "netlab-worker": "172.19.0.2", "netlab-worker2": "172.19.0.3"}
    story.hosts(hosts, age=1_500, since=1_450, os_image="Ubuntu 20.10", kernel="4.19.121-linuxkit", runtime="containerd://1.4.0-106-gce4439a8")  # fmt: skip
    init = [container(story, "install-cni", "docker.io/calico/cni:v3.18.1", done=True, started=1_210)]
    names = story.staff(hosts, ready=False, started=1_190, age=1_260, init=init)
    for n, name in enumerate(names):
        story.probe(name, FELIX_503, 5 + 2 * n, 1_150, 112)
    dns = story.other("coredns-74ff55c5b-7xq4d", "netlab-worker", "10.244.64.2", "kube-system", "ReplicaSet/coredns-74ff55c5b", "coredns",
                      image="k8s.gcr.io/coredns:1.7.0", ready=False, restarts=6, started=80, last=("Error", 2, 100), age=1_440)  # fmt: skip
    story.pod_event(dns, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", 6, 1_100, 104)
    me = "netlab-worker"
    error = 'error=exit status 2 errorOutput="iptables-restore v1.8.4 (legacy): Couldn\'t load match `rpfilter\':No such file or directory\\n\\nError occurred at line: 11\\nTry `iptables-restore -h\' or \'iptables-restore --help\' for more information.\\n" input="*raw\\n:cali-from-host-endpoint - -\\n:cali-to-host-endpoint - -\\n:cali-PREROUTING - -\\n:cali-OUTPUT - -\\n-A cali-PREROUTING -m comment --comment \\"cali:XFX5xbM8B9qR10JG\\" --jump MARK --set-mark 0/0xf0000\\n-A cali-PREROUTING -m comment --comment \\"cali:V6ooGP15glg7wm91\\" -m mark --mark 0x40000/0x40000 -m rpfilter --invert --jump DROP\\nCOMMIT\\n" ipVersion=0x4 output="" table="raw"'
    log = story.boot(me, 1_190, [a for k, a in hosts.items() if k != me], prefix=16)[:-1]
    pid = 61
    for turn in range(30):
        ago = 1_186 - 39 * turn
        if turn:
            pid += 540
            log.append(story.say(ago + 1.2, "INFO", pid, "felix", "daemon.go 360:", f'Felix starting up GOMAXPROCS=6 builddate="2021-03-15T16:51:41+0000" gitcommit="2ec1e3e" version="{story.calico}"'))  # fmt: skip
        wait = 0.0
        for n in range(5):
            log += [
                story.say(ago - wait, "WARNING", pid, "felix", "table.go 1324:", f"Failed to execute ip(6)tables-restore command {error}"),
                story.say(ago - wait - 0.01, "WARNING", pid, "felix", "table.go 1000:", 'Failed to program iptables, will retry error=exit status 2 ipVersion=0x4 table="raw"'),
                story.say(ago - wait - 0.6, "WARNING", pid, "felix", "table.go 1003:", 'Retrying... error=exit status 2 ipVersion=0x4 table="raw"'),
            ]  # fmt: skip
            wait += 1.1 + 1.4 * n
        log += [
            story.say(ago - 21, "ERROR", pid, "felix", "table.go 1007:", 'Failed to program iptables, loading diags before panic. error=exit status 2 ipVersion=0x4 table="raw"'),
            story.say(ago - 21.1, "PANIC", pid, "felix", "table.go 1015:", 'Failed to program iptables, giving up after retries error=exit status 2 ipVersion=0x4 table="raw"'),
            "panic: (*logrus.Entry) 0xc0003f62a0",
        ]  # fmt: skip
    top = "kind-logs-netlab"
    path = f"{top}/{me}/pods/kube-system_{story.pods[me]}_1b7e6c55-8f30-4f0e-a2a5-0c6f7d0be2e9/calico-node/0.log"
    story.log("", wrapped(story, log, "cri"), path)
    story.texts[f"{top}/docker-info.txt"] = (
        " Server Version: 20.10.5\n Storage Driver: overlay2\n Cgroup Driver: cgroupfs\n Kernel Version: 4.19.121-linuxkit\n Operating System: Docker Desktop\n OSType: linux\n Architecture: x86_64\n CPUs: 6\n Total Memory: 7.778GiB\n Name: docker-desktop\n"
    )
    story.commands = {
        f"{top}/nodes.txt": "get nodes -o wide",
        f"{top}/pods.txt": "get pods -A -o wide",
        f"{top}/describe-{story.pods[me]}.txt": f"describe pod -n kube-system {story.pods[me]}",
    }
    story.affected = list(hosts)
    story.cite(path, "Couldn't load match `rpfilter'")
    return story


def modules_were_locked_at_boot(now: datetime) -> Incident:
    story = incident(
        "hardened-hosts-load-no-module-after-boot",
        CAUSE,
        "A hardening role sets kernel.modules_disabled=1 at the end of the boot. On the two hosts that were rebooted since, vxlan had not been loaded by then and cannot be any more: felix fails to create vxlan.calico again and again ('operation not supported'), everything is 1/1 and Ready. Pods there reach no pod on another host; the four hosts not yet rebooted still have the module.",
        "https://docs.tigera.io/calico/latest/getting-started/kubernetes/requirements#kernel-dependencies",
        now,
        platform="other",
        calico="v3.25.0",
        kubernetes="v1.26.9",
        registry="quay.io/calico",
        difficulty="hard",
    )
    hosts = {f"sec-n{n}": f"10.33.0.{50 + n}" for n in range(1, 7)}
    bad = ["sec-n2", "sec-n5"]
    system = {"os_image": "Debian GNU/Linux 11 (bullseye)", "kernel": "5.10.0-26-amd64", "runtime": "containerd://1.6.24", "age": 15_000_000}  # fmt: skip
    story.hosts({k: v for k, v in hosts.items() if k not in bad}, **system)
    story.hosts({k: v for k, v in hosts.items() if k in bad}, since=50_300, **system)
    env = {"readinessProbe": {"exec": {"command": ["/bin/calico-node", "-felix-ready"]}, "periodSeconds": 30, "timeoutSeconds": 5,
                              "successThreshold": 1, "failureThreshold": 3},
           "env": [{"name": "CALICO_NETWORKING_BACKEND", "value": "vxlan"}, {"name": "CLUSTER_TYPE", "value": "k8s,operator"}]}  # fmt: skip
    story.staff({k: v for k, v in hosts.items() if k not in bad}, spec=env, started=3_900_000, age=3_900_040)
    init = [container(story, "install-cni", "quay.io/calico/cni:v3.25.0", done=True, started=50_260)]
    names = story.staff({k: v for k, v in hosts.items() if k in bad}, spec=env, restarts=1, started=50_240, age=3_900_040,
                        last=("Unknown", 255, 50_420), init=init)  # fmt: skip
    story.typha("sec-n1", started=3_800_000)
    story.typha("sec-n4", "b8c2w", started=3_800_000)
    for node in bad:
        story.node_event(node, "Rebooted", f"Node {node} has been rebooted, boot id: 4b1f6d20-7c9e-4b56-91c8-6f0d2ee8a1{hosts[node][-2:]}", 50_310)  # fmt: skip
    me = bad[1]
    log = [x for x in story.boot(me, 50_240, (), interface="eno1", prefix=24, bird=False) if not x.startswith("bird:") and " confd/" not in x]  # fmt: skip
    log.insert(13, "CALICO_NETWORKING_BACKEND is vxlan - no need to run a BGP daemon")
    failed = "Failed to configure VXLAN tunnel device, retrying... error=failed to create vxlan interface: operation not supported ipVersion=0x4"
    log += [
        story.say(50_236.5, "INFO", 61, "felix", "vxlan_mgr.go 484:", "VXLAN tunnel device thread started. ipVersion=0x4 mtu=1450"),
        story.say(50_236.2, "WARNING", 61, "felix", "vxlan_mgr.go 517:", failed),
    ]  # fmt: skip
    for n in range(60):
        ago = 600 - 10 * n
        log.append(story.say(ago - 0.2, "WARNING", 61, "felix", "vxlan_mgr.go 517:", failed))
        if n % 6 == 4:
            log += story.quiet(ago - 4, ago - 5)
    story.log(names[1], log)
    for n, (node, ip) in enumerate((("sec-n1", "10.245.11.8"), ("sec-n2", "10.245.20.31"), ("sec-n3", "10.245.3.77"), ("sec-n5", "10.245.48.12"))):  # fmt: skip
        ok = node not in bad
        app = story.other(f"ledger-7fc58d6b94-{('2kxvq', '9d7hn', 'pw4lz', 'tb6mr')[n]}", node, ip, "bank", "ReplicaSet/ledger-7fc58d6b94", "ledger",
                          ready=ok, restarts=0 if ok else 151 + n, started=1_900_000 if ok else 90, age=1_900_100 if ok else 50_100,
                          last=None if ok else ("Error", 1, 120))  # fmt: skip
        if not ok:
            story.pod_event(app, "Unhealthy", f"Readiness probe failed: dial tcp {ip}:8443: connect: connection refused", 9, 50_000, 4_400, namespace="bank")  # fmt: skip
    story.texts["hosts.txt"] = (
        "$ ansible k8s -m shell -a 'uptime -s; sysctl -n kernel.modules_disabled; lsmod | grep -c ^vxlan; modprobe vxlan 2>&1'\n"
        + "".join(
            f"{node} | {'FAILED' if node in bad else 'CHANGED'} | rc={1 if node in bad else 0} >>\n"
            + (
                f"{story.stamp(50_330)[:19]}\n1\n0\nmodprobe: ERROR: could not insert 'vxlan': Operation not permitted\n"
                if node in bad
                else f"{story.stamp(7_700_000 + 900 * n)[:19]}\n0\n1\n"
            )
            for n, node in enumerate(hosts)
        )
    )
    story.describe(me)
    story.affected = bad
    story.cite(f"{names[1]}.log", "failed to create vxlan interface: operation not supported")
    story.cite("hosts.txt", "could not insert 'vxlan': Operation not permitted")
    return story


def minimal_kernel_has_no_log_target(now: datetime) -> Incident:
    story = incident(
        "log-action-on-a-minimal-cloud-kernel",
        CAUSE,
        "A security engineer added a GlobalNetworkPolicy whose first rule has the action Log. On the two hosts with the minimal kvm kernel there is no xt_LOG, so the whole filter transaction is refused there ('Extension LOG revision 0 not supported, missing kernel module?'): felix gives up and starts over. The three hosts with the generic kernel took the same policy; kube-proxy on the two is fine.",
        "https://docs.tigera.io/calico/latest/network-policy/policy-rules/log-rules and https://docs.tigera.io/calico/latest/getting-started/kubernetes/requirements#kernel-dependencies",
        now,
        platform="other",
        calico="v3.29.1",
        kubernetes="v1.31.3",
        registry="docker.io/calico",
        difficulty="medium",
    )
    hosts = {f"md-{n}": f"10.52.0.{60 + n}" for n in (1, 2, 3)}
    small = {f"md-k{n}": f"10.52.0.{70 + n}" for n in (1, 2)}
    story.hosts(hosts, os_image="Ubuntu 22.04.5 LTS", kernel="5.15.0-126-generic", runtime="containerd://1.7.23")
    story.hosts(small, os_image="Ubuntu 22.04.5 LTS", kernel="5.15.0-1069-kvm", runtime="containerd://1.7.23")
    story.staff(hosts, started=1_500_000)
    story.staff(small, ready=False, restarts=12, started=64, last=("Error", 137, 66))
    story.typha("md-1", started=1_500_000)
    me = "md-k1"
    for i, node in enumerate(small):
        story.probe(story.pods[node], FELIX_503, 11 + i, 5_300, 170)
        story.pod_event(story.pods[node], "Killing", "Container calico-node failed liveness probe, will be restarted", 70, 4_900, 12, type_="Normal")  # fmt: skip
    story.not_established(story.pods["md-2"], [small[me]], 900_000, 900_030, 2, established=3)
    app = story.other("billing-84f7d58c6c-rw5hn", me, "10.244.19.33", "pay", "ReplicaSet/billing-84f7d58c6c", app="billing", ready=False, age=4_000, started=3_990)  # fmt: skip
    event(story, "Pod", app, "Unhealthy", 'Readiness probe failed: Get "http://10.244.19.33:8080/ready": context deadline exceeded (Client.Timeout exceeded while awaiting headers)', 9, 3_970, 395, namespace="pay")  # fmt: skip
    peers = [a for n, a in (hosts | small).items() if n != me]
    log = story.boot(me, 62, peers, interface="ens3", prefix=24)[:-1]
    stderr = "Warning: Extension LOG revision 0 not supported, missing kernel module?\\niptables-nft-restore: line 74: RULE_APPEND failed (No such file or directory): rule in chain cali-pi-_8mQv1pXkL0fZ3tR2dWn\\n"
    rule = '-A cali-pi-_8mQv1pXkL0fZ3tR2dWn -m comment --comment \\"cali:QkT5Z0c1wYyq4s3B\\" -m comment --comment \\"Policy default.log-and-deny ingress\\" --jump LOG --log-prefix \\"calico-packet: \\" --log-level 5'
    ago = 57.0
    for turn in range(8):
        log += [
            story.say(ago, "WARNING", 61, "felix", "table.go 1500:", f'Failed to execute ip(6)tables-restore command error=exit status 4 errorOutput="{stderr}" input="*filter\\n:cali-pi-_8mQv1pXkL0fZ3tR2dWn - -\\n{rule}\\nCOMMIT\\n" ipVersion=0x4 output="" table="filter"'),
            story.say(ago - 0.01, "WARNING", 61, "felix", "table.go 1100:", 'Failed to program iptables, will retry error=exit status 4 ipVersion=0x4 table="filter"'),
        ]  # fmt: skip
        ago -= 0.2 + 0.15 * 2**turn
    log += [
        story.say(ago, "PANIC", 61, "felix", "table.go 1114:", 'Failed to program iptables, giving up after retries error=exit status 4 ipVersion=0x4 table="filter"'),
        "panic: (*logrus.Entry) 0xc0006f21c0", "", "goroutine 331 [running]:",
        "github.com/sirupsen/logrus.(*Entry).log(0xc0006f2150, 0x0, {0xc000f3a000, 0x36})",
        "\t/go/pkg/mod/github.com/sirupsen/logrus@v1.9.3/entry.go:260 +0x491",
    ]  # fmt: skip
    story.log(story.pods[me], log)
    story.log(story.pods["md-2"], [*story.quiet(6_400, 5_460, 300), story.say(5_330, "INFO", 61, "felix", "table.go 615:", 'Chain became referenced, marking it for programming chainName="cali-pi-_8mQv1pXkL0fZ3tR2dWn" ipVersion=0x4 table="filter"'), *story.quiet(5_300, 20, 480)])  # fmt: skip
    story.texts["md-k1-shell.txt"] = (
        "root@md-k1:~# uname -r\n5.15.0-1069-kvm\nroot@md-k1:~# modprobe xt_LOG\nmodprobe: FATAL: Module xt_LOG not found in directory /lib/modules/5.15.0-1069-kvm\n"
        "root@md-k1:~# grep -E 'NETFILTER_XT_TARGET_(LOG|NFLOG|MARK)|NF_LOG_(IPV4|SYSLOG)' /boot/config-$(uname -r)\n# CONFIG_NF_LOG_IPV4 is not set\n# CONFIG_NETFILTER_XT_TARGET_LOG is not set\nCONFIG_NETFILTER_XT_TARGET_MARK=m\n"
    )
    story.describe(me)
    story.commands |= {"describe-billing.txt": f"describe pod -n pay {app}"}
    story.affected = list(small)
    story.cite(f"{story.pods[me]}.log", "Extension LOG revision 0 not supported, missing kernel module?")
    story.cite("md-k1-shell.txt", "Module xt_LOG not found")
    return story


STORIES = [desktop_kernel_without_rpfilter, modules_were_locked_at_boot, minimal_kernel_has_no_log_target]
