"""clock-skew: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime, timedelta

from cluster import UNKNOWN
from telling import Incident, incident, wrapped

CAUSE = "clock-skew"


def set_back_by_the_hypervisor(now: datetime) -> Incident:
    story = incident(
        "agent-was-set-back-by-its-hypervisor",
        CAUSE,
        "The hypervisor set the clock of one RKE2 agent back by hours. The server's certificate was made anew at today's upgrade, so to this agent it is not yet valid: the restarted rke2-agent waits, felix cannot load its configuration. The journal and the log of this host carry times that are hours before everything else of the bundle.",
        "https://github.com/harvester/harvester/issues/2860",
        now,
        platform="other",
        calico="v3.24.5",
        kubernetes="v1.25.6+rke2r1",
        registry="docker.io/rancher/mirrored-calico",
        difficulty="easy",
    )
    hosts = {"hv-srv1": "10.29.3.11", "hv-ag1": "10.29.3.21", "hv-ag2": "10.29.3.22"}
    system = {"os_image": "SUSE Linux Enterprise Server 15 SP4", "kernel": "5.14.21-150400.24.38-default", "runtime": "containerd://1.6.15-k3s1", "age": 17_000_000}  # fmt: skip
    story.hosts(hosts, since=16_000, **system)
    bad = story.hosts({"hv-ag3": "10.29.3.23"}, ready=UNKNOWN, since=9_700, taints=[("node.kubernetes.io/unreachable", "NoSchedule"), ("node.kubernetes.io/unreachable", "NoExecute")], **system)[0]  # fmt: skip
    story.staff(hosts, started=15_900, age=15_950)
    name = story.staff({bad: "10.29.3.23"}, ready=False, started=15_700, age=15_950)[0]
    story.node_event(bad, "NodeNotReady", f"Node {bad} status is now: NodeNotReady", 9_700, type_="Normal", source="node-controller")  # fmt: skip
    behind = 23_460  # its clock, in seconds
    fresh = (now - timedelta(seconds=16_420)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def here(ago: float) -> tuple[str, str, str]:
        return story.syslog(ago + behind), story.ago(ago + behind), story.stamp(ago + behind)

    jump = story.syslog(9_790 + behind)
    journal = [
        f'{story.syslog(9_795)} hv-ag3 rke2[1311]: I{story.klog(9_795)}    1402 kubelet.go:2119] "SyncLoop UPDATE" source="api" pods=[calico-system/{name}]',
        f"{jump} hv-ag3 systemd-journald[611]: Time jumped backwards, rotating.",
        f"{jump} hv-ag3 systemd[1]: Stopping Rancher Kubernetes Engine v2 (agent)...",
        f"{jump} hv-ag3 systemd[1]: Starting Rancher Kubernetes Engine v2 (agent)...",
    ]
    for n in range(24):
        day, stamp, _ = here(3_100 - 118 * n)
        journal.append(f'{day} hv-ag3 rke2[1804]: time="{stamp}" level=error msg="failed to get CA certs: Get \\"https://127.0.0.1:6444/cacerts\\": x509: certificate has expired or is not yet valid: current time {stamp} is before {fresh}"')  # fmt: skip
        if n % 4 == 0:
            journal.append(f'{day} hv-ag3 rke2[1804]: time="{stamp}" level=info msg="Waiting to retrieve agent configuration; server is not ready: failed to get CA certs: x509: certificate has expired or is not yet valid: current time {stamp} is before {fresh}"')  # fmt: skip
    story.log("", journal, "hv-ag3/journal-rke2-agent.txt")
    unable = f'Get "https://10.43.0.1:443/apis/crd.projectcalico.org/v1/clusterinformations/default": x509: certificate has expired or is not yet valid: current time {{}} is before {fresh}'
    lines = []
    for n in range(20):
        _, stamp, own = here(3_400 - 61 * n)
        lines += [
            f"{own} [ERROR][{4_400 + 17 * n}] felix/daemon.go 233: Failed to get config from datastore error={unable.format(stamp)}",
            f"{own} [INFO][{4_400 + 17 * n}] felix/config_params.go 435: Merging in config from environment variable: map[datastoretype:kubernetes felixhostname:hv-ag3 healthenabled:true ipv6support:false typhak8snamespace:calico-system]",
        ]  # fmt: skip
    story.log("", lines, "hv-ag3/var-log-pods-calico-node.txt")
    day = (now - timedelta(seconds=140 + behind)).strftime("%a %Y-%m-%d %H:%M:%S UTC")
    story.texts["hv-ag3/timedatectl.txt"] = (
        f"               Local time: {day}\n           Universal time: {day}\n                 RTC time: {day[:-4]}\n                Time zone: UTC (UTC, +0000)\n"
        "System clock synchronized: no\n              NTP service: active\n          RTC in local TZ: no\n"
    )
    story.log(story.pods["hv-ag1"], [*story.boot("hv-ag1", 15_890, [a for n, a in hosts.items() if n != "hv-ag1"], prefix=24), *story.quiet(15_000, 40, 1_100)])  # fmt: skip
    story.describe(bad, name)
    story.affected = [bad]
    story.cite("hv-ag3/var-log-pods-calico-node.txt", "certificate has expired or is not yet valid: current time")
    story.cite("hv-ag3/timedatectl.txt", "System clock synchronized: no")
    return story


def certificate_of_tomorrow(now: datetime) -> Incident:
    story = incident(
        "controller-made-its-certificates-before-it-asked-for-the-time",
        CAUSE,
        "The k0s controller was rebooted with its hardware clock in local time, made new certificates and only then got the time from the network: the API's certificate begins some hours from now. All workers and calico on them say 'not yet valid', the workers' clocks agree with each other; the controller's journal shows the step back. It looks like a TLS fault of everybody.",
        "https://github.com/k0sproject/k0s/issues/3732",
        now,
        platform="other",
        calico="v3.26.1",
        kubernetes="v1.28.3+k0s",
        registry="quay.io/k0sproject",
        namespace="kube-system",
        difficulty="hard",
        acceptable=["apiserver-tls-failure"],
    )
    begins = (now + timedelta(seconds=15_716)).strftime("%Y-%m-%dT%H:%M:%SZ")
    hosts = {"acre-a": "192.168.14.31", "acre-b": "192.168.14.32", "acre-c": "192.168.14.33"}
    late = "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time {} is before " + begins  # fmt: skip
    for n, host in enumerate(hosts):
        lines = story.quiet(9_900, 5_800, 900)
        for i in range(14):
            ago = 5_560 - 380 * i - 13 * n
            root = ("felixconfigurations", "ippools", "bgppeers", "nodes")[i % 4]
            lines += [
                story.say(ago, "INFO", 64, "felix", "watchercache.go 194:", f'Failed to perform list of current data during resync ListRoot="/calico/resources/v3/projectcalico.org/{root}" error=Get "https://10.96.0.1:443/apis/crd.projectcalico.org/v1/{root}?limit=500": {late.format(story.ago(ago))}'),
                story.say(ago - 11, "ERROR", 62, "cni-config-monitor", "token_watch.go 107:", f'Failed to update CNI token, retrying... error=Post "https://10.96.0.1:443/api/v1/namespaces/kube-system/serviceaccounts/calico-cni-plugin/token": {late.format(story.ago(ago - 11))}'),
                *story.quiet(ago - 40, ago - 240, 190),
            ]  # fmt: skip
        story.log("", lines, f"{host}/calico-node.log")
        journal = []
        for i in range(9):
            ago = 4_200 - 470 * i - 7 * n
            journal.append(f'{story.syslog(ago)} {host} k0s[991]: time="{story.stamp(ago)[:19]}" level=info msg="E{story.klog(ago)}    1033 kubelet_node_status.go:540] \\"Error updating node status, will retry\\" err=\\"error getting node \\\\\\"{host}\\\\\\": Get \\\\\\"https://192.168.14.20:6443/api/v1/nodes/{host}?timeout=10s\\\\\\": {late.format(story.ago(ago))}\\"" component=kubelet stream=stderr')  # fmt: skip
        story.log("", journal, f"{host}/journal-k0sworker.txt")
    ahead = 25_200
    boot = 5_900  # certificates made then begin an hour earlier
    journal = [
        f"{story.syslog(boot - ahead)} acre-ctl kernel: rtc_cmos 00:04: setting system clock to {(now - timedelta(seconds=boot - ahead)).strftime('%Y-%m-%dT%H:%M:%S')} UTC",
        f"{story.syslog(boot - 14 - ahead)} acre-ctl systemd[1]: Started k0s - Zero Friction Kubernetes.",
        f'{story.syslog(boot - 16 - ahead)} acre-ctl k0s[702]: time="{story.stamp(boot - 16 - ahead)[:19]}" level=info msg="Generating certificates for k0s..."',
        f'{story.syslog(boot - 18 - ahead)} acre-ctl k0s[702]: time="{story.stamp(boot - 18 - ahead)[:19]}" level=info msg="Starting kube-apiserver" component=kube-apiserver',
        f"{story.syslog(boot - 41 - ahead)} acre-ctl chronyd[688]: Selected source 192.168.14.1",
        f"{story.syslog(boot - 41 - ahead)} acre-ctl chronyd[688]: System clock wrong by -{ahead - 1}.884131 seconds",
        f"{story.syslog(boot - 42)} acre-ctl chronyd[688]: System clock was stepped by -{ahead - 1}.884131 seconds",
        f'{story.syslog(boot - 60)} acre-ctl k0s[702]: time="{story.stamp(boot - 60)[:19]}" level=info msg="E{story.klog(boot - 60)}     744 authentication.go:73] \\"Unable to authenticate the request\\" err=\\"[x509: certificate has expired or is not yet valid: current time {story.ago(boot - 60)} is before {begins}]\\"" component=kube-apiserver stream=stderr',
    ]
    story.log("", journal, "acre-ctl/journal-since-boot.txt")

    def written(when: datetime) -> str:
        return when.strftime("%b %e %H:%M:%S %Y GMT")

    story.texts["acre-ctl/certs.txt"] = (
        "root@acre-ctl:/var/lib/k0s/pki# for c in ca server apiserver-kubelet-client; do echo $c; openssl x509 -in $c.crt -noout -dates; done\n"
        f"ca\nnotBefore={written(now - timedelta(days=211))}\nnotAfter={written(now + timedelta(days=3439))}\n"
        f"server\nnotBefore={written(now + timedelta(seconds=15_716))}\nnotAfter={written(now + timedelta(days=365, seconds=15_716))}\n"
        f"apiserver-kubelet-client\nnotBefore={written(now - timedelta(days=211))}\nnotAfter={written(now + timedelta(days=154))}\n"
        "root@acre-ctl:/var/lib/k0s/pki# k0s kubectl get nodes\nUnable to connect to the server: tls: failed to verify certificate: x509: certificate has expired or is not yet valid\n"
    )
    story.texts["dates.txt"] = "".join(
        f"{host}: {(now - timedelta(seconds=300 - n)).strftime('%a %b %e %H:%M:%S UTC %Y')}\n"
        for n, host in enumerate(["acre-ctl", *hosts])
    )
    story.affected = []
    story.cite("acre-a/calico-node.log", "is not yet valid: current time")
    story.cite("acre-ctl/journal-since-boot.txt", "System clock was stepped by")
    return story


def board_without_a_clock_after_the_outage(now: datetime) -> Incident:
    story = incident(
        "small-board-woke-up-nine-days-ago",
        CAUSE,
        "k3s on single-board computers, none has a clock of its own. After a power cut one came up with the time of its last shutdown note, nine days back, and cannot reach its time server. The server's certificate was renewed three days ago, so to this board it is not yet valid: its k3s agent waits and calico-node there, started from the disk, cannot load anything. The node is NotReady; only its own logs are of another week.",
        "https://github.com/k3s-io/k3s/issues/2403 and https://manpages.debian.org/bookworm/fake-hwclock/fake-hwclock.8.en.html",
        now,
        platform="other",
        calico="v3.28.0",
        kubernetes="v1.30.2+k3s1",
        registry="docker.io/calico",
        difficulty="easy",
    )
    hosts = {"pi-server": "192.168.77.10", "pi-a": "192.168.77.11", "pi-b": "192.168.77.12", "pi-c": "192.168.77.13"}
    bad = "pi-b"
    system = {"os_image": "Debian GNU/Linux 12 (bookworm)", "kernel": "6.6.31+rpt-rpi-v8", "runtime": "containerd://1.7.17-k3s1"}  # fmt: skip
    lost = [("node.kubernetes.io/unreachable", "NoExecute"), ("node.kubernetes.io/unreachable", "NoSchedule")]
    story.hosts({k: v for k, v in hosts.items() if k != bad}, age=7_000_000, since=6_900, **system)
    story.hosts({bad: hosts[bad]}, age=7_000_000, ready=UNKNOWN, since=7_600, taints=lost, **system)
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=6_800, age=6_900_000, restarts=4, last=("Unknown", 255, 6_950))  # fmt: skip
    name = story.staff({bad: hosts[bad]}, ready=False, started=1_400_000, age=6_900_000, restarts=3, last=("Unknown", 255, 1_400_100))[0]  # fmt: skip
    story.node_event(bad, "NodeNotReady", f"Node {bad} status is now: NodeNotReady", 7_600, type_="Normal", source="node-controller")  # fmt: skip
    story.pod_event(name, "NodeNotReady", "Node is not ready", 7_595, source="node-controller")
    behind = 9 * 86_400 + 4_211
    begins = (now - timedelta(days=3, seconds=512)).strftime("%Y-%m-%dT%H:%M:%SZ")
    late = "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time {} is before " + begins  # fmt: skip
    journal = [
        f"{story.syslog(6_930 + behind)} {bad} fake-hwclock[212]: Current system time: {(now - timedelta(seconds=6_930 + behind)).strftime('%a %b %e %H:%M:%S UTC %Y')}",
        f"{story.syslog(6_918 + behind)} {bad} systemd-timesyncd[301]: Timed out waiting for reply from 192.168.77.1:123 (192.168.77.1).",
        f"{story.syslog(6_905 + behind)} {bad} systemd[1]: Starting k3s-agent.service - Lightweight Kubernetes...",
    ]
    for n in range(14):
        ago = 6_890 - 470 * n + behind
        if n % 3 == 2:
            journal.append(f"{story.syslog(ago + 90)} {bad} systemd-timesyncd[301]: Timed out waiting for reply from 192.168.77.1:123 (192.168.77.1).")  # fmt: skip
        journal.append(f'{story.syslog(ago)} {bad} k3s[611]: time="{story.ago(ago)}" level=error msg="failed to get CA certs: Get \\"https://127.0.0.1:6444/cacerts\\": {late.format(story.ago(ago))}"' if n % 2 else f'{story.syslog(ago)} {bad} k3s[611]: time="{story.ago(ago)}" level=info msg="Waiting to retrieve agent configuration; server is not ready: {late.format(story.ago(ago))}"')  # fmt: skip
    story.log("", journal, "pi-b/journalctl-b.txt")
    lines = []
    for n in range(12):
        ago = 6_700 - 540 * n + behind
        root = ("felixconfigurations", "ippools", "nodes", "hostendpoints")[n % 4]
        lines += [
            story.say(ago, "INFO", 58, "felix", "watchercache.go 187:", f'Failed to perform list of current data during resync ListRoot="/calico/resources/v3/projectcalico.org/{root}" error=Get "https://10.43.0.1:443/apis/crd.projectcalico.org/v1/{root}?limit=500": {late.format(story.ago(ago))}'),
            story.say(ago - 21, "WARNING", 58, "felix", "health.go 211:", 'Reporter is not ready. name="async_calc_graph"'),
        ]  # fmt: skip
    story.log("", wrapped(story, lines, "cri"), "pi-b/var-log-pods-calico-node.txt")
    story.texts["pi-b/timedatectl.txt"] = (
        f"               Local time: {(now - timedelta(seconds=200 + behind)).strftime('%a %Y-%m-%d %H:%M:%S UTC')}\n           Universal time: {(now - timedelta(seconds=200 + behind)).strftime('%a %Y-%m-%d %H:%M:%S UTC')}\n                 RTC time: n/a\n                Time zone: Etc/UTC (UTC, +0000)\n"
        "System clock synchronized: no\n              NTP service: active\n          RTC in local TZ: no\n"
    )
    ok = [*story.boot("pi-a", 6_790, [v for k, v in hosts.items() if k != "pi-a"], up=["192.168.77.10", "192.168.77.13"], prefix=24), "bird: Mesh_192_168_77_12: Socket: Connection refused", *story.quiet(6_000, 30, 720)]  # fmt: skip
    story.log(story.pods["pi-a"], ok)
    story.not_established(story.pods["pi-a"], [hosts[bad]], 6_700, 6_760, 3, established=2)
    story.describe(bad, name)
    story.events()
    story.affected = [bad]
    story.cite("pi-b/var-log-pods-calico-node.txt", "certificate has expired or is not yet valid: current time")
    story.cite("pi-b/timedatectl.txt", "System clock synchronized: no")
    return story


STORIES = [set_back_by_the_hypervisor, certificate_of_tomorrow, board_without_a_clock_after_the_outage]
