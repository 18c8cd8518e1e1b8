"""clock-skew: a clock is wrong: certificates are not yet valid, tokens are refused."""

from __future__ import annotations

from datetime import datetime, timedelta

from cluster import NO_CNI, UNKNOWN, container
from telling import FELIX_REFUSED, Incident, incident

CAUSE = "clock-skew"


def behind_since_power_loss(now: datetime) -> Incident:
    story = incident(
        "one-host-lives-three-days-ago",
        CAUSE,
        "One worker is Unknown; the logs taken on the host itself are three days behind, and to them the API's certificate (renewed yesterday) is not yet valid: its clock was lost with the power.",
        "https://github.com/openshift/origin/issues/22842",
        now,
        platform="other",
        calico="v3.25.1",
        kubernetes="v1.26.5",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="medium",
    )
    hosts = {f"plant-{n}": f"10.9.80.{n}" for n in (1, 2, 3, 5)}
    story.hosts(hosts)
    bad, late = "plant-4", 3 * 86_400 + 1234
    taints = [("node.kubernetes.io/unreachable", "NoExecute"), ("node.kubernetes.io/unreachable", "NoSchedule")]
    story.hosts({bad: "10.9.80.4"}, ready=UNKNOWN, since=5200, taints=taints)
    story.staff(hosts)
    name = story.staff({bad: "10.9.80.4"}, ready=False)[0]
    story.recreated(story.pods["plant-2"], ["10.9.80.4"], 2400, 3)
    lines, journal = story.failing(bad, late + 50), []
    for n in range(40):
        ago = late + 49 - 1.05 * n
        early = f"x509: certificate has expired or is not yet valid: current time {story.ago(ago)} is before {story.ago(86_000)}"
        retry = (
            f'Hit error connecting to datastore - retry error=Get "https://10.233.0.1:443/api/v1/nodes/foo": {early}'
        )
        lines.append(story.say(ago, "INFO", 9, "startup", "startup.go 456:", retry))
        if n % 4 == 0:
            journal.append(
                f"{story.syslog(ago)} plant-4 kubelet[911]: E{story.klog(ago)}     911 kubelet_node_status.go:540] "
                f'"Error updating node status, will retry" err="error getting node \\"plant-4\\": Get \\"https://localhost:6443/api/v1/nodes/plant-4?timeout=10s\\": {early}"'
            )
    story.log(name, lines)
    story.log("journal", journal, "kubelet-plant-4.txt")
    story.log(story.pods["plant-1"], story.quiet(4000, 20, 200))
    story.describe(bad)
    story.describe("plant-2")
    story.affected = [bad]
    story.cite(f"{name}.log", "certificate has expired or is not yet valid: current time")
    return story


def tokens_of_the_future(now: datetime) -> Incident:
    story = incident(
        "tokens-issued-while-the-master-was-in-tomorrow",
        CAUSE,
        "A master's clock ran two days ahead and was put right; pods that got their token meanwhile are refused with 401 until that time comes: the API's log says 'token is not valid yet'.",
        "https://github.com/kubernetes/kubernetes/issues/124022",
        now,
        platform="other",
        calico="v3.27.0",
        kubernetes="v1.29.2",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="hard",
        acceptable=["calico-credentials-rejected"],
    )
    hosts = {f"reficul-{x}": f"172.19.0.{n}" for n, x in enumerate(("cp", "w1", "w2", "w3", "w4"), 2)}
    story.hosts(hosts)
    bad = ["reficul-w1", "reficul-w4"]
    story.staff({k: v for k, v in hosts.items() if k not in bad})
    for i, node in enumerate(bad):
        name = story.staff(
            {node: hosts[node]},
            ready=False,
            restarts=44 + i,
            waiting="CrashLoopBackOff",
            last=("Error", 1, 110 + i),
            age=30_000,
        )[0]
        story.pod_event(
            name,
            "BackOff",
            f"Back-off restarting failed container calico-node in pod {name}_kube-system(52b7)",
            8 + i,
            20_000,
            900,
        )
        lines = story.failing(node, 111 + i)
        lines += [
            story.say(
                110.8 + i,
                "WARNING",
                9,
                "startup",
                "startup.go 456:",
                "Connection to the datastore is unauthorized error=connection is unauthorized: Unauthorized",
            ),
            story.say(110.8 + i, "WARNING", 9, "startup", "utils.go 49:", "Terminating"),
            "Calico node failed to start",
        ]
        story.log(name, lines)
    lines = [
        f'E{story.klog(700 - 19 * n)}       1 authentication.go:73] "Unable to authenticate the request" err="[invalid bearer token, Token is not valid yet (nbf)]"'
        if n % 5
        else f'I{story.klog(700 - 19 * n)}       1 alloc.go:330] "allocated clusterIPs" service="demo/s{n}" clusterIPs={{"IPv4":"10.96.41.{n}"}}'
        for n in range(36)
    ]
    story.log("api", lines, "kube-apiserver-reficul-cp.log")
    story.describe("reficul-w4")
    story.affected = bad
    story.cite("kube-apiserver-reficul-cp.log", "Token is not valid yet")
    return story


def satellite_host(now: datetime) -> Incident:
    story = incident(
        "attached-host-starts-eight-hours-early",
        CAUSE,
        "A newly attached host has its hardware clock in local time: install-cni finds the API's certificate for the service address, made this morning, not yet valid (the kubelet's is older). The kubelet's first minutes and the missing network are what the customer reports.",
        "https://github.com/ironicbadger/ocp4/issues/23",
        now,
        platform="roks",
        calico="v3.27.5",
        kubernetes="v1.29.14+7cf4c05",
        difficulty="medium",
    )
    nodes = story.workers(
        [f"10.130.44.{n}" for n in (5, 6, 7)],
        os_image="Red Hat Enterprise Linux 8.10 (Ootpa)",
        runtime="cri-o://1.29.12",
    )
    story.agents(nodes)
    bad = story.workers(
        ["10.130.44.8"],
        ready=NO_CNI,
        since=3000,
        age=3050,
        os_image="Red Hat Enterprise Linux 8.10 (Ootpa)",
        runtime="cri-o://1.29.12",
        taints=[("node.kubernetes.io/not-ready", "NoSchedule")],
    )[0]
    init = [
        container(
            story,
            "install-cni",
            "icr.io/ext/calico/cni:v3.27.5",
            ready=False,
            restarts=13,
            waiting="CrashLoopBackOff",
            last=("Error", 1, 130),
        )
    ]
    name = story.agents([bad], init=init, phase="Pending", ready=False, waiting="PodInitializing", age=3000)[0]
    story.pod_event(
        name,
        "BackOff",
        f"Back-off restarting failed container install-cni in pod {name}_calico-system(91ce)",
        13,
        2900,
        200,
    )
    story.node_event(bad, "InvalidDiskCapacity", "invalid capacity 0 on image filesystem", 3045)
    early = 8 * 3600
    error = f'Unable to create token for CNI kubeconfig error=Post "https://172.21.0.1:443/api/v1/namespaces/calico-system/serviceaccounts/calico-cni-plugin/token": tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time {story.ago(131 + early)} is before {story.ago(18_100)}'
    story.log(
        name,
        [
            story.line(135 + early, "INFO", 1, "cni-installer/<nil> <nil>:", "Running as a Kubernetes pod"),
            story.line(
                134 + early,
                "INFO",
                1,
                "cni-installer/<nil> <nil>:",
                "/host/secondary-bin-dir is not writeable, skipping",
            ),
            story.line(
                133 + early, "INFO", 1, "cni-installer/<nil> <nil>:", "Wrote Calico CNI binaries to /host/opt/cni/bin"
            ),
            story.line(132 + early, "INFO", 1, "cni-installer/<nil> <nil>:", "CNI plugin version: v3.27.5"),
            story.line(131 + early, "ERROR", 1, "cni-installer/<nil> <nil>:", error),
            story.line(131 + early, "FATAL", 1, "cni-installer/<nil> <nil>:", error),
        ],
        f"{name}-cni.log",
    )
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"{name}-cni.log", "is not yet valid: current time")
    return story


def stepped_back(now: datetime) -> Incident:
    story = incident(
        "clock-stepped-back-under-running-pods",
        CAUSE,
        "BIRD notes a time jump of minus 26 hours once; since then this node's token comes from the future for the API, and Felix, confd and the plugin get Unauthorized. Its log stamps go back a day.",
        "https://github.com/kubernetes/kubernetes/issues/132993",
        now,
        platform="other",
        calico="v3.29.4",
        kubernetes="v1.32.6",
        registry="quay.io/calico",
        difficulty="hard",
        acceptable=["calico-credentials-rejected"],
    )
    hosts = {f"isolated{n}": f"192.168.200.{n}" for n in (51, 52, 53, 54)}
    story.hosts(hosts)
    story.staff(hosts)
    bad, name, back = "isolated53", story.pods["isolated53"], 26 * 3600
    story.stuck(
        "batch-report-29011-xk2fj",
        bad,
        "error getting ClusterInformation: connection is unauthorized: Unauthorized",
        15,
        3000,
        210,
    )
    story.probe(name, FELIX_REFUSED, 3500, 3502, 1)
    lines = story.quiet(6000, 3300, 160)
    lines += [f"bird: Time jump, delta -{back} s"]
    for i in range(12):
        at = back + 3250 - 260 * i
        lines += [
            f'E{story.klog(at)}      63 reflector.go:166] "Unhandled Error" err="k8s.io/client-go@v0.31.7/tools/cache/reflector.go:243: Failed to watch *v1.Service: failed to list *v1.Service: Unauthorized" logger="UnhandledError"',
            *story.quiet(at - 20, at - 200, 150),
        ]
        if i % 4 == 2:
            lines.append(
                story.line(
                    at - 210,
                    "ERROR",
                    58,
                    "cni-config-monitor/token_watch.go 107:",
                    "Unable to create token for CNI kubeconfig error=Unauthorized",
                )
            )
    story.log(name, lines)
    for item in story.objects["Event"]:
        if item["source"]["component"] == "kubelet":  # it stamps by its own clock, as it does its heartbeats
            item["lastTimestamp"], item["firstTimestamp"] = story.ago(back + 15), story.ago(back + 3000)
    own = next(item for item in story.objects["Node"] if item["metadata"]["name"] == bad)
    for condition in own["status"]["conditions"]:
        if condition["type"] != "NetworkUnavailable":  # that one is Calico's and never refreshed
            condition["lastHeartbeatTime"] = max(story.ago(back + 40), condition["lastTransitionTime"])
    story.texts["timedatectl-isolated53.txt"] = (
        f"               Local time: {(now - timedelta(seconds=back)).strftime('%a')} {story.ago(back)[:10]} {story.ago(back)[11:19]} UTC\n           Universal time: {story.ago(back)[:10]} {story.ago(back)[11:19]} UTC\n                 RTC time: n/a\n                Time zone: UTC (UTC, +0000)\nSystem clock synchronized: yes\n              NTP service: active\n          RTC in local TZ: no\n"
    )
    story.describe(bad)
    story.commands["describe-batch.txt"] = "describe pod batch-report-29011-xk2fj"
    story.affected = [bad]
    story.cite(f"{name}.log", "Time jump, delta -")
    return story


STORIES = [behind_since_power_loss, tokens_of_the_future, satellite_host, stepped_back]
