"""rp-filter-strict-or-loose: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime

from cluster import container
from telling import FELIX_REFUSED, Incident, incident, wrapped

CAUSE = "rp-filter-strict-or-loose"
FATAL = "Kernel's RPF check is set to 'loose'.  This would allow endpoints to spoof their IP address.  Calico requires net.ipv4.conf.all.rp_filter to be set to 0 or 1. If you require loose RPF and you are not concerned about spoofing, this check can be disabled by setting the IgnoreLooseRPF configuration parameter to 'true'."
IGNORED = "Kernel's RPF check is set to 'loose' and IgnoreLooseRPF set to true.  Calico will not be able to prevent workloads from spoofing their source IP.  Please ensure that some other anti-spoofing mechanism is in place (such as running only non-privileged containers)."


def the_machine_of_minikube(now: datetime) -> Incident:
    story = incident(
        "minikube-machine-boots-with-loose-filter",
        CAUSE,
        "The virtual machine of minikube boots with rp_filter 2: felix of v3.9 ends with its fatal line every few seconds and the only calico-node stays 0/1; the pods that were made wait for nothing else.",
        "https://github.com/kubernetes/minikube/issues/6673",
        now,
        platform="other",
        calico="v3.9.5",
        kubernetes="v1.17.2",
        namespace="kube-system",
        registry="calico",
        difficulty="easy",
    )
    story.hosts({"m01": "192.168.39.94"}, os_image="Buildroot 2019.02.9", kernel="4.19.94", runtime="docker://19.3.5", age=2_100, since=2_050)  # fmt: skip
    init = [container(story, "install-cni", "calico/cni:v3.9.5", done=True, started=1_395)]
    name = story.staff({"m01": "192.168.39.94"}, ready=False, restarts=4, started=140, age=1_440, last=("Error", 137, 142), init=init)[0]  # fmt: skip
    story.probe(name, FELIX_REFUSED.replace('"', ""), 8, 1_370, 129)
    story.pod_event(
        name,
        "Unhealthy",
        "Liveness probe failed: Get http://localhost:9099/liveness: dial tcp 127.0.0.1:9099: connect: connection refused",
        11,
        1_365,
        121,
    )
    log = [x for x in story.old_boot("m01", 139, (), prefix=24) if "Completed first" not in x]
    for n in range(38):
        at, pid = 136.4 - 3.5 * n, 70 + 41 * n
        log += [
            story.line(at, "INFO", pid, "logutils.go 82:", "Early screen log level set to info"),
            story.line(at - 0.4, "INFO", pid, "driver.go 45:", "Using internal (linux) dataplane driver."),
            story.line(at - 0.7, "FATAL", pid, "int_dataplane.go 1037:", FATAL),
        ]
    story.log(name, log)
    story.other("kube-proxy-hx62k", "m01", image="k8s.gcr.io/kube-proxy:v1.17.2", age=2_040, started=2_030)
    story.describe("m01", name)
    story.commands["nodes.txt"] = "get nodes -o wide"
    story.affected = ["m01"]
    story.cite(f"{name}.log", "Kernel's RPF check is set to 'loose'")
    return story


def the_exemption_was_lost_with_an_apply(now: datetime) -> Incident:
    story = incident(
        "manifest-applied-again-without-the-exemption",
        CAUSE,
        "All hosts have rp_filter 2 and ran for months because somebody had set FELIX_IGNORELOOSERPF on the daemonset. Yesterday the upstream manifest was applied again to change a resource request: the first calico-node that was replaced lacks the variable, felix refuses the kernel's setting, the rollout stops at it. The pods of before still carry the warning of the exemption.",
        "https://github.com/kubernetes-retired/kubeadm-dind-cluster/issues/311",
        now,
        platform="other",
        calico="v3.10.4",
        kubernetes="v1.16.15",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="medium",
    )
    hosts = {f"fed31-{x}": f"10.70.3.{n}" for x, n in (("a", 11), ("b", 12), ("c", 13), ("d", 14), ("e", 15))}
    bad = "fed31-d"
    story.hosts(
        hosts, age=34_000_000, os_image="Fedora 31 (Server Edition)", kernel="5.5.10-200.fc31.x86_64", runtime="docker://18.9.8"
    )  # fmt: skip
    before = {"env": [{"name": "DATASTORE_TYPE", "value": "kubernetes"}, {"name": "IP", "value": "autodetect"},
                      {"name": "FELIX_HEALTHENABLED", "value": "true"}, {"name": "FELIX_IGNORELOOSERPF", "value": "true"}],
              "resources": {"requests": {"cpu": "250m"}}}  # fmt: skip
    after = {"env": before["env"][:3], "resources": {"requests": {"cpu": "400m"}}}
    story.staff({k: v for k, v in hosts.items() if k != bad}, spec=before, started=9_000_000, age=9_000_030)
    init = [container(story, "install-cni", "docker.io/calico/cni:v3.10.4", done=True, started=66_500)]
    name = story.staff({bad: hosts[bad]}, spec=after, ready=False, restarts=171, started=35, age=66_550, last=("Error", 137, 340), init=init)[0]  # fmt: skip
    story.probe(name, FELIX_REFUSED.replace('"', ""), 6, 66_470, 1_240)
    story.pod_event(
        name,
        "Unhealthy",
        "Liveness probe failed: Get http://localhost:9099/liveness: dial tcp 127.0.0.1:9099: connect: connection refused",
        12,
        66_460,
        1_029,
    )
    story.pod_event(name, "BackOff", "Back-off restarting failed container", 41, 65_000, 5_480)
    peers = [a for k, a in hosts.items() if k != bad]
    log = [x for x in story.old_boot(bad, 34, peers, prefix=24, interface="em1") if "Completed first" not in x]
    for n in range(8):
        at, pid = 31.5 - 3.6 * n, 69 + 47 * n
        log += [
            story.line(at, "INFO", pid, "logutils.go 82:", "Early screen log level set to info"),
            story.line(at - 0.2, "INFO", pid, "config_params.go 281:", "Merging in config from environment variable: map[datastoretype:kubernetes healthenabled:true ipv6support:false logseverityscreen:info]"),
            story.line(at - 0.7, "FATAL", pid, "int_dataplane.go 1018:", FATAL),
        ]  # fmt: skip
    story.log(name, wrapped(story, log, "stern", name), "stern.log")
    good = story.pods["fed31-b"]
    began = 9_000_000
    first = story.old_boot(
        "fed31-b", began, [a for k, a in hosts.items() if k != "fed31-b"], prefix=24, interface="em1"
    )
    warned = story.line(began - 1.9, "WARNING", 52, "int_dataplane.go 1014:", IGNORED)
    story.log(good, [*first[:-1], warned, first[-1]], f"{good}-head.log")
    story.texts["rollout.txt"] = (
        '$ kubectl -n kube-system rollout status ds/calico-node --timeout=20s\nWaiting for daemon set "calico-node" rollout to finish: 1 out of 5 new pods have been updated...\nerror: timed out waiting for the condition\n'
        "$ kubectl -n kube-system rollout history ds/calico-node\ndaemonset.apps/calico-node\nREVISION  CHANGE-CAUSE\n2         kubectl set env daemonset/calico-node FELIX_IGNORELOOSERPF=true --namespace=kube-system --record=true\n3         kubectl apply --filename=calico-3.10.yaml --record=true\n"
    )
    story.describe(bad, name)
    story.commands[f"describe-pod-{good}.txt"] = f"describe pod -n kube-system {good}"
    story.affected = [bad]
    story.cite("stern.log", "Kernel's RPF check is set to 'loose'.")
    return story


def rebooted_by_the_update_operator(now: datetime) -> Incident:
    story = incident(
        "hosts-that-updated-themselves-overnight-filter-loosely",
        CAUSE,
        "Flatcar hosts update and reboot themselves one by one; the image of this week brings a systemd whose default for rp_filter is 2. felix of v3.9 ends at each start on the two hosts that have it already, the three not yet rebooted run on. The loudest files are of a third host: a full disk an hour ago that was cleaned up, and its complaints about the two neighbours while they rebooted.",
        "https://github.com/systemd/systemd/pull/10971 (sysctl.d: switch net.ipv4.conf.all.rp_filter from 1 to 2)",
        now,
        platform="other",
        calico="v3.9.6",
        kubernetes="v1.16.13",
        namespace="kube-system",
        registry="calico",
        difficulty="hard",
    )
    hosts = {f"ams-fl{n:02d}": f"172.20.44.{100 + n}" for n in (1, 2, 3, 4, 5)}
    bad = {"ams-fl02": 21_400, "ams-fl04": 7_900}  # rebooted that long ago
    names = "Flatcar Container Linux by Kinvolk {} (Oklo)"
    for node, address in hosts.items():
        new = node in bad
        story.hosts({node: address}, os_image=names.format("2512.2.1" if new else "2345.3.1"), kernel="4.19.128-flatcar" if new else "4.19.107-flatcar", runtime="docker://18.6.3", age=20_000_000, since=bad.get(node, 19_000_000) - 70)  # fmt: skip
        story.staff({node: address}, **({"ready": False, "restarts": 61 if node == "ams-fl02" else 25, "started": 47, "last": ("Error", 137, 52)} if new else {"started": 8_000_000}), age=8_000_040)  # fmt: skip
    for node, ago in bad.items():
        story.node_event(node, "Rebooted", f"Node {node} has been rebooted, boot id: 4d1e{ago % 10_000:04d}-6a0b-4e7f-9f41-22c8be0a7d55", ago - 60)  # fmt: skip
        story.probe(story.pods[node], FELIX_REFUSED.replace('"', ""), 8, ago - 120, ago // 11)
        story.pod_event(story.pods[node], "Unhealthy", "Liveness probe failed: calico/node is not ready: Felix is not live: Get http://localhost:9099/liveness: dial tcp 127.0.0.1:9099: connect: connection refused\n", 55, ago - 130, ago // 20)  # fmt: skip
    third = "ams-fl05"
    story.node_event(third, "NodeHasDiskPressure", f"Node {third} status is now: NodeHasDiskPressure", 4_300, type_="Normal")  # fmt: skip
    story.node_event(third, "EvictionThresholdMet", "Attempting to reclaim ephemeral-storage", 4_290)
    story.node_event(third, "NodeHasNoDiskPressure", f"Node {third} status is now: NodeHasNoDiskPressure", 3_600, type_="Normal")  # fmt: skip
    lines = []
    for node, ago in (("ams-fl02", 21_460), ("ams-fl04", 7_960)):
        tag = "bird: Mesh_" + hosts[node].replace(".", "_") + ": "
        lines += story.quiet(ago + 900, ago + 20, 500, 51)
        lines += [tag + x for x in ("Received: Administrative shutdown", "State changed to stop", "State changed to down", "Starting", "State changed to start")]  # fmt: skip
        lines += [tag + x for x in ("Connected to table master", "State changed to feed", "State changed to up")]
    lines += story.quiet(4_000, 12, 400, 51)
    story.log(story.pods[third], lines)
    me = "ams-fl04"
    peers = [a for n, a in hosts.items() if n != me]
    log = [x for x in story.old_boot(me, 46, peers, prefix=24, interface="eth0") if "Completed first" not in x]
    for n in range(9):
        at, pid = 43.2 - 4.1 * n, 72 + 53 * n
        log += [
            story.line(at, "INFO", pid, "logutils.go 82:", "Early screen log level set to info"),
            story.line(at - 0.1, "INFO", pid, "daemon.go 140:", 'Felix starting up GOMAXPROCS=8 builddate="2020-06-30T20:44:18+0000" gitcommit="a1cd94c" version="v3.9.6"'),
            story.line(at - 0.6, "INFO", pid, "int_dataplane.go 273:", "Creating internal dataplane driver. config=intdataplane.Config{...}"),
            story.line(at - 0.8, "FATAL", pid, "int_dataplane.go 924:", FATAL),
        ]  # fmt: skip
    story.log(story.pods[me], wrapped(story, log, "docker"), f"{me}-calico-node-json.log")
    story.describe(third)
    story.commands |= {f"describe-pod-{story.pods[me]}.txt": f"describe pod -n kube-system {story.pods[me]}"}
    story.events()
    story.affected = list(bad)
    story.cite(f"{me}-calico-node-json.log", "Kernel's RPF check is set to 'loose'")
    return story


STORIES = [the_machine_of_minikube, the_exemption_was_lost_with_an_apply, rebooted_by_the_update_operator]
