"""clock-skew: the first two told without having seen the rules, the others by the rules' author from public threads."""

from __future__ import annotations

from datetime import datetime, timedelta

from cluster import UNKNOWN, join
from telling import FELIX_503, Incident, incident

CAUSE = "clock-skew"


def etcd_certificates_newer_than_its_clock(now: datetime) -> Incident:
    story = incident(
        "a-quarter-of-an-hour-behind-new-etcd-certificates",
        CAUSE,
        "etcd's certificates were renewed and calico-node rolled; one host's clock is a quarter of an hour behind (not synchronized), so to it the new certificate is not yet valid and calico-node gets no datastore. Its log stamps are behind the events by as much; the other hosts are well.",
        "https://github.com/kubernetes-retired/cluster-api-bootstrap-provider-kubeadm/issues/158",
        now,
        platform="other",
        calico="v3.20.6",
        kubernetes="v1.22.17",
        registry="quay.io/calico",
        difficulty="medium",
        namespace="kube-system",
    )
    hosts = {f"kt-{x}.corp.example": f"10.6.0.{n}" for x, n in (("a1", 121), ("a2", 122), ("b1", 123), ("b2", 124))}
    bad, skew = "kt-b1.corp.example", 930
    story.hosts(
        hosts, os_image="Oracle Linux Server 8.7", kernel="5.15.0-6.80.3.1.el8uek.x86_64", runtime="containerd://1.6.15"
    )
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=700, age=720)
    name = story.staff(
        {bad: hosts[bad]}, ready=False, restarts=6, waiting="CrashLoopBackOff", last=("Error", 1, 48), age=560
    )[0]
    story.probe(
        name,
        "BIRD is not ready: Failed to stat() nodename file: stat /var/lib/calico/nodename: no such file or directory",
        60,
        520,
        9,
    )
    story.pod_event(name, "BackOff", "Back-off restarting failed container", 10, 420, 22)
    story.not_established(story.pods["kt-a1.corp.example"], [hosts[bad]], 660, 690, 3, established=2)
    log = story.boot(bad, 110 + skew)[:5]
    for i in range(6):
        at = 98 - 10 * i + skew
        log += [
            '{"level":"warn","ts":"'
            + story.stamp(at).replace(" ", "T")
            + 'Z","caller":"clientv3/retry_interceptor.go:62","msg":"retrying of unary invoker failed","target":"endpoint://client-7d1f7f0c/10.6.0.121:2379","attempt":0,"error":"rpc error: code = DeadlineExceeded desc = latest balancer error: all SubConns are in TransientFailure, latest connection error: connection error: desc = \\"transport: authentication handshake failed: x509: certificate has expired or is not yet valid: current time '
            + f"{story.ago(at)} is before {story.ago(840)}"
            + '\\""}',
            story.say(
                at,
                "INFO",
                9,
                "startup",
                "startup.go 444:",
                "Hit error connecting to datastore - retry error=context deadline exceeded",
            ),
        ]
    story.log(name, log)
    story.texts["timedatectl.txt"] = (
        f"$ ssh {bad} timedatectl\n               Local time: {story.ago(skew + 5)}\n           Universal time: {story.ago(skew + 5)}\n                Time zone: Etc/UTC (UTC, +0000)\nSystem clock synchronized: no\n              NTP service: active\n          RTC in local TZ: no\n"
    )
    story.describe(bad, name)
    story.affected = [bad]
    story.cite(f"{name}.log", "certificate has expired or is not yet valid: current time")
    return story


def two_years_ahead(now: datetime) -> Incident:
    story = incident(
        "expired-only-for-a-clock-that-is-years-ahead",
        CAUSE,
        "calico-node of one host calls the API's certificate expired, but its own log and 'current time' are in 2028 while everything else of the bundle is of today: the host's clock jumped ahead after a board was changed. The kubelet is cut off for the same reason; the other hosts have no trouble with that certificate.",
        "https://github.com/xcp-ng/xcp-ng-org/pull/514",
        now,
        platform="other",
        calico="v3.24.1",
        kubernetes="v1.25.6",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="hard",
    )
    hosts = {f"plantb-{n}": f"10.88.14.{60 + n}" for n in range(1, 5)}
    bad = "plantb-3"
    story.hosts({k: v for k, v in hosts.items() if k != bad})
    story.hosts(
        {bad: hosts[bad]},
        ready=UNKNOWN,
        since=5600,
        taints=(("node.kubernetes.io/unreachable", "NoSchedule"), ("node.kubernetes.io/unreachable", "NoExecute")),
    )
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=1_000_000)
    name = story.staff({bad: hosts[bad]}, restarts=1, started=1_000_000)[0]
    story.pod_event(name, "NodeNotReady", "Node is not ready", 5560, source="node-controller")
    ahead = -63_300_000  # two years and two days
    url = "https://10.96.0.1:443"
    lines = []
    for i in range(12):
        at = ahead + 500 - 30 * i
        text = f"x509: certificate has expired or is not yet valid: current time {story.ago(at)} is after {story.ago(-20_000_000)}"
        lines += [
            story.say(
                at,
                "INFO",
                9,
                "startup",
                "startup.go 444:",
                f'Hit error connecting to datastore - retry error=Get "{url}/api/v1/nodes/foo": {text}',
            )
        ]
    lines = [*story.boot(bad, ahead + 510)[:5], *lines]
    story.log(
        name,
        [f"{line[:10]}T{line[11:23]}000000Z stdout F {line}" for line in lines],
        f"var_log_containers_{name}_calico-node.log",
    )
    story.texts["dmesg-plantb-3.txt"] = (
        "[    0.612339] rtc_cmos 00:02: RTC can wake from S4\n[    0.612861] rtc_cmos 00:02: setting system clock to "
        + story.ago(ahead + 900).replace("Z", " UTC")
        + "\n[   11.940118] systemd[1]: Started chronyd.service - NTP client/server.\n[   14.002291] chronyd[812]: No suitable source for initial synchronisation\n"
    )
    story.log(
        "x",
        [
            *story.quiet(6000, 5700, 100),
            "bird: Mesh_10_88_14_63: Error: Hold timer expired",
            "bird: Mesh_10_88_14_63: State changed to stop",
            "bird: Mesh_10_88_14_63: State changed to down",
            "bird: Mesh_10_88_14_63: Starting",
            "bird: Mesh_10_88_14_63: State changed to start",
            *story.quiet(5500, 20, 500),
        ],
        f"{story.pods['plantb-1']}.log",
    )
    story.describe(bad, name)
    story.affected = [bad]
    story.cite(
        f"var_log_containers_{name}_calico-node.log", "certificate has expired or is not yet valid: current time"
    )
    return story


def certificate_of_tomorrow(now: datetime) -> Incident:
    story = incident(
        "worker-lives-in-last-year",
        CAUSE,
        "A bare-metal worker came back from repair with an empty CMOS battery: its clock is far behind, every certificate is not yet valid for it, calico-node cannot start; the same line on no other worker.",
        "https://github.com/projectcalico/calico/issues/5011",
        now,
        platform="other",
        calico="v3.25.2",
        kubernetes="v1.27.8",
        namespace="kube-system",
        registry="docker.io/calico",
    )
    hosts = {"rack1-n1": "10.14.2.1", "rack1-n2": "10.14.2.2", "rack1-n3": "10.14.2.3"}
    bad = "rack1-n3"
    story.hosts(hosts)
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=600_000)
    name = story.staff(
        {bad: hosts[bad]}, ready=False, restarts=22, waiting="CrashLoopBackOff", last=("Error", 1, 100), age=6000
    )[0]
    old = datetime(2024, 1, 2, 3, 4, 5, tzinfo=now.tzinfo)
    at = "2024-01-02 03:04:05"
    lines = [f"{at}.1{n:02} [INFO][9] startup/startup.go 459: Checking datastore connection" for n in range(2)]
    lines += [
        f'{at[:-1]}{n + 1}.3{n:02} [INFO][9] startup/startup.go 467: Hit error connecting to datastore - retry error=Get "https://10.96.0.1:443/api/v1/nodes/foo": tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time {old.strftime("%Y-%m-%dT%H:%M:%SZ")} is before {story.ago(40_000_000)}'
        for n in range(8)
    ]
    story.log(name, lines)
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"{name}.log", "not yet valid")
    return story


def chrony_lost_all_sources(now: datetime) -> Incident:
    story = incident(
        "no-time-source-since-the-firewall-change",
        CAUSE,
        "Since outgoing NTP was blocked, one worker drifts: chronyc says not synchronised, system time 9 minutes fast, tokens issued by the API are used before their time: Unauthorized in calico-node's log there only.",
        "https://github.com/kubernetes/kubernetes/issues/102772",
        now,
        platform="classic",
        calico="v3.28.2",
        difficulty="hard",
    )
    nodes = story.workers(["10.191.88.3", "10.191.88.4", "10.191.88.12"])
    bad, rest = nodes[2], nodes[:2]
    story.agents(rest, started=2_000_000)
    name = story.agents([bad], ready=False, started=5200, restarts=1, last=("Error", 1, 5230), age=2_000_000)[0]
    story.probe(name, FELIX_503, 30, 5000, 160)
    story.texts[f"chronyc-{bad}.txt"] = join([
        "# chronyc tracking", "Reference ID    : 00000000 ()", "Stratum         : 0", "Ref time (UTC)  : Thu Jan 01 00:00:00 1970",
        "System time     : 548.120377541 seconds fast of NTP time", "Last offset     : +0.000000000 seconds", "RMS offset      : 0.000000000 seconds",
        "Frequency       : 92.511 ppm fast", "Residual freq   : +0.000 ppm", "Skew            : 0.000 ppm", "Root delay      : 1.000000000 seconds",
        "Root dispersion : 1.000000000 seconds", "Update interval : 0.0 seconds", "Leap status     : Not synchronised",
    ])  # fmt: skip
    log = story.boot(bad, 5200 - 548, rest)[:12]
    log += [
        story.say(
            5000 - 548 - 60 * n,
            "ERROR",
            61,
            "felix",
            "watchercache.go 185:",
            'Failed to perform list of current data during resync ListRoot="/calico/resources/v3/projectcalico.org/networkpolicies" error=connection is unauthorized: Unauthorized',
        )
        for n in range(12)
    ]
    story.log(name, log)
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"chronyc-{bad}.txt", "Not synchronised")
    return story


# told on 29 November 2026 without having seen the rules
def virtual_machine_came_back_from_a_snapshot(now: datetime) -> Incident:
    story = incident(
        "resumed-machine-is-a-day-behind-the-new-typha-certificate",
        CAUSE,
        "A worker's virtual machine was reverted and resumed with the clock of its snapshot, 27 hours behind. The kubelet goes on (the API's certificate is old enough) and the node is Ready, but Typha's certificate was renewed since, so to this felix it is not yet valid. Looks like Typha TLS; only this worker's log stamps, heartbeats and container times are a day old.",
        "https://github.com/projectcalico/calico/issues/6687",
        now,
        platform="other",
        calico="v3.27.4",
        kubernetes="v1.29.8",
        registry="quay.io/calico",
        difficulty="hard",
    )
    hosts = {f"esx-w{n}": f"10.5.60.{20 + n}" for n in (1, 2, 3, 4)}
    bad, skew, renewed = "esx-w3", 98_400, 40_000
    story.hosts(hosts, os_image="Ubuntu 22.04.4 LTS", kernel="5.15.0-117-generic", runtime="containerd://1.7.19")
    for item in story.objects["Node"]:
        if item["metadata"]["name"] == bad:
            for condition in item["status"]["conditions"][1:]:
                condition["lastHeartbeatTime"] = story.ago(skew + 100)
    good = {k: v for k, v in hosts.items() if k != bad}
    story.staff(good, started=39_000, age=39_060)
    name = story.staff(
        {bad: hosts[bad]}, ready=False, restarts=7, started=skew + 95, last=("Error", 1, skew + 101), age=2_900
    )[0]
    story.typha("esx-w1", started=39_500)
    story.typha("esx-w2", "t8kqw", started=39_500)
    story.probe(name, FELIX_503, skew + 12, skew + 2_800, 151)
    log = story.boot(bad, skew + 95, bird=False, interface="ens192", prefix=24)[:-1]
    place = "sync_client.go 205:"
    for i in range(9):
        at = skew + 90 - 9 * i
        for typha in ("10.5.60.21", "10.5.60.22"):
            text = f"tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time {story.ago(at)} is before {story.ago(renewed)}"
            log.append(
                story.say(
                    at,
                    "WARNING",
                    61,
                    "felix",
                    place,
                    f'Failed to connect to typha endpoint {typha}:5473.  Will try another if available... error={text} myID=0x1 type=""',
                )
            )
        log.append(
            story.say(
                at - 0.1,
                "ERROR",
                61,
                "felix",
                "daemon.go 529:",
                "Failed to connect to Typha. error=failed to load next Typha address to try: tried all available discovered addresses",
            )
        )
    story.log(name, log)
    story.log(
        "ok",
        [
            *story.boot(
                "esx-w1", 39_000, [v for k, v in hosts.items() if k != "esx-w1"], interface="ens192", prefix=24
            ),
            *story.quiet(4_000, 15, 260),
        ],
        f"{story.pods['esx-w1']}.log",
    )
    at = skew + 3_050
    story.texts["esx-w3-journal.txt"] = "".join(
        f"{story.syslog(at - t)} esx-w3 {text}\n"
        for t, text in (
            (0, "vmtoolsd[871]: [ warning] [guestinfo] RecordRoutingInfo: VM resumed, running resume scripts"),
            (
                1,
                "kernel: clocksource: timekeeping watchdog on CPU2: Marking clocksource 'tsc' as unstable because the skew is too large:",
            ),
            (14, "systemd-timesyncd[664]: Timed out waiting for reply from 10.5.0.9:123 (ntp1.corp.example)."),
            (24, "systemd-timesyncd[664]: Timed out waiting for reply from 10.5.0.10:123 (ntp2.corp.example)."),
            (60, "systemd[1]: Started Session 41 of User ops."),
            (2_090, "systemd-timesyncd[664]: Timed out waiting for reply from 10.5.0.9:123 (ntp1.corp.example)."),
        )
    )
    story.describe(bad, name)
    story.affected = [bad]
    story.cite(f"{name}.log", "certificate has expired or is not yet valid: current time")
    return story


def tokens_outlive_what_it_thinks(now: datetime) -> Incident:
    story = incident(
        "kubelet-three-hours-behind-renews-tokens-too-late",
        CAUSE,
        "After each deletion calico-node of one worker works for an hour, then everything it asks is Unauthorized: the worker's clock is three hours behind, so its kubelet believes the pod's one-hour token to be fresh long after the API calls it expired. The loop of `date` over the hosts shows it, nothing in Calico is wrong.",
        "https://github.com/kubernetes/kubernetes/pull/133029",
        now,
        platform="other",
        calico="v3.25.1",
        kubernetes="v1.26.8",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="hard",
    )
    hosts = {f"gent-{n}": f"172.22.8.{10 + n}" for n in (1, 2, 3)}
    bad, skew, began = "gent-2", 11_310, 7_900
    story.hosts(
        hosts,
        os_image="Rocky Linux 9.2 (Blue Onyx)",
        kernel="5.14.0-284.30.1.el9_2.x86_64",
        runtime="containerd://1.6.21",
    )
    for condition in story.objects["Node"][1]["status"]["conditions"][1:]:
        condition["lastHeartbeatTime"] = story.ago(skew + 25)
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=1_600_000)
    name = story.staff({bad: hosts[bad]}, ready=False, started=skew + began, age=began + 20)[0]
    story.probe(name, FELIX_503, skew + 9, skew + began - 3_700, 139)
    log = story.boot(bad, skew + began, [v for k, v in hosts.items() if k != bad], interface="eno1", prefix=24)
    log += story.quiet(skew + began - 200, skew + began - 3_650, 330)
    lists = (
        "projectcalico.org/networkpolicies",
        "projectcalico.org/globalnetworkpolicies",
        "kubernetes.org/networkpolicies",
        "projectcalico.org/nodes",
    )
    for i in range(16):
        text = f'Failed to perform list of current data during resync ListRoot="/calico/resources/v3/{lists[i % 4]}" error=connection is unauthorized: Unauthorized'
        log.append(story.say(skew + began - 3_660 - 252 * i, "INFO", 61, "felix", "watchercache.go 181:", text))
        if i % 4 == 2:
            log.append(
                f"E{story.klog(skew + began - 3_663 - 252 * i)}      60 reflector.go:140] pkg/mod/k8s.io/client-go@v0.25.7/tools/cache/reflector.go:169: Failed to watch *v1.Service: Unauthorized"
            )
    story.log(name, log)
    story.texts["kube-apiserver-gent-1.log"] = "".join(
        f'{story.ago(150 - 27 * i)[:-1]}.{118 + i}402Z stderr F E{story.klog(150 - 27 * i)}       1 authentication.go:63] "Unable to authenticate the request" err="[invalid bearer token, service account token has expired]"\n'
        for i in range(5)
    )
    story.texts["kube-apiserver-flags.txt"] = (
        "$ grep -E 'service-account|authorization' /etc/kubernetes/manifests/kube-apiserver.yaml\n    - --authorization-mode=Node,RBAC\n    - --service-account-extend-token-expiration=false\n    - --service-account-issuer=https://kubernetes.default.svc.cluster.local\n    - --service-account-key-file=/etc/kubernetes/pki/sa.pub\n"
    )
    clock = "%a %b %e %H:%M:%S UTC %Y"
    story.texts["hosts.txt"] = (
        "$ for h in gent-1 gent-2 gent-3; do echo \"$h: $(ssh $h 'date -u; uptime')\"; done\n"
        + "".join(
            f"{h}: {(now - timedelta(seconds=ago)).strftime(clock)}\n {(now - timedelta(seconds=ago)).strftime('%H:%M:%S')} up {up},  0 users,  load average: {load}\n"
            for h, ago, up, load in (
                ("gent-1", 63, "41 days,  2:11", "1.02, 0.97, 0.91"),
                ("gent-2", skew + 62, "41 days,  1:58", "0.44, 0.51, 0.48"),
                ("gent-3", 61, "41 days,  2:04", "0.38, 0.40, 0.42"),
            )
        )
    )
    story.describe(bad, name)
    story.affected = [bad]
    story.cite("hosts.txt", (now - timedelta(seconds=skew + 62)).strftime(clock))
    return story


STORIES = [
    etcd_certificates_newer_than_its_clock,
    two_years_ahead,
    certificate_of_tomorrow,
    chrony_lost_all_sources,
    virtual_machine_came_back_from_a_snapshot,
    tokens_outlive_what_it_thinks,
]
