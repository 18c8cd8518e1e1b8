"""worker-lifecycle-in-progress: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI, UNKNOWN, container
from telling import Incident, incident, wrapped

CAUSE = "worker-lifecycle-in-progress"


def reboot_daemon_at_work(now: datetime) -> Incident:
    story = incident(
        "reboot-daemon-has-the-lock-for-one-host",
        CAUSE,
        "kured reboots the hosts one after another after a kernel update. Four are done and ready; the fifth has the lock, was drained and sent into its reboot two minutes ago: cordoned, Unknown for 40 seconds. The others miss its BGP session for this time only. Wait until it is back.",
        "https://kured.dev/docs/operation/",
        now,
        platform="other",
        calico="v3.27.3",
        kubernetes="v1.29.8",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="medium",
        acceptable=["no-problem-found"],
    )
    old, new = "5.15.0-118-generic", "5.15.0-121-generic"
    system = {"os_image": "Ubuntu 22.04.4 LTS", "runtime": "containerd://1.7.20"}
    hosts = {f"wrk-{n}": f"10.14.80.{30 + n}" for n in range(1, 7)}
    done, gone, last = list(hosts)[:4], "wrk-5", "wrk-6"
    story.hosts({k: hosts[k] for k in done}, kernel=new, **system)
    for n, host in enumerate(done):
        ago = 2_900 - 640 * n
        node = story.objects["Node"][n]
        node["status"]["conditions"][-1]["lastTransitionTime"] = story.ago(ago - 40)
        story.node_event(
            host, "NodeNotSchedulable", f"Node {host} status is now: NodeNotSchedulable", ago + 130, type_="Normal"
        )
        story.node_event(host, "Rebooted", f"Node {host} has been rebooted, boot id: 8c1f{n}b7e-51d4-4c0e", ago - 20)
        story.node_event(host, "NodeReady", f"Node {host} status is now: NodeReady", ago - 40, type_="Normal")
        story.node_event(
            host, "NodeSchedulable", f"Node {host} status is now: NodeSchedulable", ago - 75, type_="Normal"
        )
        story.staff({host: hosts[host]}, started=ago - 30, restarts=3, last=("Completed", 0, ago + 5))
    story.hosts(
        {gone: hosts[gone]},
        ready=UNKNOWN,
        since=40,
        unschedulable=True,
        taints=[
            ("node.kubernetes.io/unschedulable", "NoSchedule"),
            ("node.kubernetes.io/unreachable", "NoSchedule"),
            ("node.kubernetes.io/unreachable", "NoExecute"),
        ],
        kernel=old,
        **system,
    )
    story.objects["Node"][-1]["metadata"]["annotations"] |= {"weave.works/kured-reboot-in-progress": story.ago(190)}
    story.staff({gone: hosts[gone]}, started=1_400_000, restarts=2, last=("Completed", 0, 1_400_040))
    story.hosts({last: hosts[last]}, kernel=old, **system)
    story.staff({last: hosts[last]}, started=1_400_300, restarts=2, last=("Completed", 0, 1_400_340))
    story.node_event(gone, "NodeNotSchedulable", f"Node {gone} status is now: NodeNotSchedulable", 188, type_="Normal")
    story.node_event(
        gone, "NodeNotReady", f"Node {gone} status is now: NodeNotReady", 40, type_="Normal", source="node-controller"
    )
    story.pod_event(story.pods[gone], "NodeNotReady", "Node is not ready", 38, source="node-controller")
    kured = []
    for n, host in enumerate(hosts):
        state = "gone" if host == gone else "here"
        name = f"kured-{'bdfhkm'[n]}7x{n}q"
        back = 2_900 - 640 * n - 30 if host in done else 1_400_000
        story.other(
            name,
            host,
            app="kured",
            image="ghcr.io/kubereboot/kured:1.16.0",
            started=back,
            restarts=3 if host in done else 2,
        )
        kured.append((name, state))
    stamp = lambda ago: f'time="{story.ago(ago)}" level=info msg='  # noqa: E731
    story.log(
        "kured",
        [
            stamp(1_399_990) + '"Binding node-id command flag to environment variable: KURED_NODE_ID"',
            stamp(1_399_990) + '"Kubernetes Reboot Daemon: 1.16.0"',
            stamp(1_399_990) + '"Node ID: wrk-5"',
            stamp(1_399_990) + '"Lock Annotation: kube-system/kured:weave.works/kured-node-lock"',
            stamp(1_399_990) + '"Reboot schedule: SunMonTueWedThuFriSat between 00:00 and 23:59 UTC"',
            stamp(2_600) + '"Reboot required"',
            stamp(2_600) + '"Reboot blocked: lock is already held: wrk-1"',
            stamp(1_400) + '"Reboot required"',
            stamp(1_400) + '"Reboot blocked: lock is already held: wrk-3"',
            stamp(200) + '"Reboot required"',
            stamp(199) + '"Acquired reboot lock"',
            stamp(198) + '"Draining node wrk-5"',
            "evicting pod shop/cart-7d8f9c6b5-k2xwq",
            stamp(128)
            + '"Running command: [/usr/bin/nsenter -m/proc/1/ns/mnt -- /bin/systemctl reboot] for node: wrk-5"',
            stamp(127) + '"Waiting for reboot"',
        ],
        "kured-wrk-5.log",
    )
    me = "wrk-2"
    peers = [a for n, a in hosts.items() if n != me]
    lines = story.boot(me, 2_230, peers, interface="ens18", prefix=24)
    for ago, address in ((1_640, hosts["wrk-3"]), (1_000, hosts["wrk-4"])):
        p = f"bird: Mesh_{address.replace('.', '_')}:"
        lines += story.quiet(ago + 400, ago + 20, 190)
        lines += [
            f"{p} State changed to start",
            f"{p} Connected to table master",
            f"{p} State changed to feed",
            f"{p} State changed to up",
        ]
    lines += story.quiet(900, 140, 190)
    lines.append(f"bird: Mesh_{hosts[gone].replace('.', '_')}: State changed to start")
    lines += story.quiet(100, 10, 60)
    story.log(story.pods[me], lines)
    story.describe(gone)
    story.commands[f"describe-pod-{story.pods[me]}.txt"] = f"describe pod -n kube-system {story.pods[me]}"
    story.events()
    story.affected = [gone]
    story.cite("kured-wrk-5.log", "Acquired reboot lock")
    return story


def machine_config_rolls(now: datetime) -> Incident:
    story = incident(
        "machine-config-pool-is-updating",
        CAUSE,
        "OpenShift with Calico in the middle of an update of the worker pool: the machine config operator drained and rebooted the third of four workers; it came up half a minute ago, is cordoned and not ready while calico-node is being started. Two are done, one waits for its turn, the pool says UPDATING. Nothing has failed.",
        "https://docs.redhat.com/en/documentation/openshift_container_platform/4.14/html/machine_configuration/machine-config-index",
        now,
        platform="other",
        calico="v3.26.4",
        kubernetes="v1.27.16+03a907c",
        registry="quay.io/calico",
        difficulty="hard",
        acceptable=["no-problem-found"],
    )
    rhcos = {
        "os_image": "Red Hat Enterprise Linux CoreOS 414.92.202411130425-0 (Plow)",
        "kernel": "5.14.0-284.95.1.el9_2.x86_64",
        "runtime": "cri-o://1.27.8-7.rhaos4.14.gitcd9a5d0.el9",
    }
    before = {
        **rhcos,
        "os_image": "Red Hat Enterprise Linux CoreOS 414.92.202409181322-0 (Plow)",
        "kernel": "5.14.0-284.84.1.el9_2.x86_64",
    }
    masters = {f"ocp-master-{n}": f"10.60.32.{10 + n}" for n in range(3)}
    done = {f"ocp-worker-{n}": f"10.60.32.{20 + n}" for n in (0, 1)}
    busy, last = {"ocp-worker-2": "10.60.32.22"}, {"ocp-worker-3": "10.60.32.23"}
    story.hosts(masters, age=20_000_000, labels={"node-role.kubernetes.io/master": ""}, **rhcos)
    story.hosts(done, age=20_000_000, labels={"node-role.kubernetes.io/worker": ""}, **rhcos)
    story.hosts(
        busy,
        age=20_000_000,
        labels={"node-role.kubernetes.io/worker": ""},
        ready=NO_CNI,
        since=34,
        unschedulable=True,
        taints=[
            ("node.kubernetes.io/unschedulable", "NoSchedule"),
            ("node.kubernetes.io/not-ready", "NoSchedule"),
            ("node.kubernetes.io/not-ready", "NoExecute"),
        ],
        **rhcos,
    )
    story.hosts(last, age=20_000_000, labels={"node-role.kubernetes.io/worker": ""}, **before)
    new, old = "rendered-worker-5b1c0f3e9a7d", "rendered-worker-c87e41d20b66"
    for item in story.objects["Node"][3:]:
        name = item["metadata"]["name"]
        state = "Working" if name in busy else "Done"
        current = new if name in done else old
        item["metadata"]["annotations"] |= {
            "machineconfiguration.openshift.io/currentConfig": current,
            "machineconfiguration.openshift.io/desiredConfig": old if name in last else new,
            "machineconfiguration.openshift.io/state": state,
            "machineconfiguration.openshift.io/reason": "",
        }
    story.staff(masters, started=9_100, restarts=6, last=("Error", 1, 9_180))
    for n, host in enumerate(done):
        story.staff({host: done[host]}, started=1_500 - 700 * n, restarts=6, last=("Error", 1, 1_560 - 700 * n))
    install = container(story, "install-cni", f"quay.io/calico/cni:{story.calico}", ready=False, started=6)
    story.staff(busy, ready=False, restarts=5, waiting="PodInitializing", phase="Pending", init=[install])
    story.staff(last, started=1_900_000, restarts=5, last=("Error", 1, 1_900_070))
    me = "ocp-worker-2"
    name = story.pods[me]
    for reason, text, ago in (
        ("Drain", "Draining node to update config.", 330),
        ("Reboot", f"Node will reboot into config {new}", 205),
        ("NodeNotReady", f"Node {me} status is now: NodeNotReady", 150),
        ("Starting", "Starting kubelet.", 36),
        ("NodeHasSufficientMemory", f"Node {me} status is now: NodeHasSufficientMemory", 35),
    ):
        story.node_event(
            me,
            reason,
            text,
            ago,
            type_="Normal",
            source="machineconfigdaemon" if reason in ("Drain", "Reboot") else "kubelet",
        )
    story.node_event(me, "Rebooted", f"Node {me} has been rebooted, boot id: 0d8b7712-4f0e", 35)
    story.pod_event(
        name,
        "FailedMount",
        'MountVolume.SetUp failed for volume "tigera-ca-bundle" : object "calico-system"/"tigera-ca-bundle" not registered',
        30,
        33,
        2,
    )
    story.pod_event(
        name,
        "Pulled",
        f'Container image "quay.io/calico/cni:{story.calico}" already present on machine',
        8,
        type_="Normal",
    )
    story.pod_event(name, "Started", "Started container install-cni", 6, type_="Normal")
    other = story.pods["ocp-worker-0"]
    root = "must-gather.local.3391"
    hosts = {**masters, **done, **busy, **last}
    log = story.boot(
        "ocp-worker-0", 1_500, [a for n, a in hosts.items() if n != "ocp-worker-0"], interface="br-ex", prefix=24
    )
    for ago, address in ((860, done["ocp-worker-1"]), (195, busy[me])):
        log += [
            *story.quiet(ago + 500, ago + 8, 160),
            f"bird: Mesh_{address.replace('.', '_')}: State changed to start",
        ]
        if ago > 200:
            log += [f"bird: Mesh_{address.replace('.', '_')}: State changed to {s}" for s in ("feed", "up")]
    log += story.quiet(180, 5, 70)
    story.log(
        other,
        wrapped(story, log, "stamps"),
        f"{root}/namespaces/calico-system/pods/{other}/calico-node/calico-node/logs/current.log",
    )
    story.texts[f"{root}/oc-get-mcp.txt"] = (
        "NAME     CONFIG                         UPDATED   UPDATING   DEGRADED   MACHINECOUNT   READYMACHINECOUNT   UPDATEDMACHINECOUNT   DEGRADEDMACHINECOUNT   AGE\n"
        "master   rendered-master-4e0d7c1b52f8   True      False      False      3              3                   3                     0                      231d\n"
        f"worker   {old}   False     True       False      4              2                   2                     0                      231d\n"
    )
    story.texts[f"{root}/oc-get-clusterversion.txt"] = (
        "NAME      VERSION   AVAILABLE   PROGRESSING   SINCE   STATUS\nversion   4.14.42   True        False         61m     Cluster version is 4.14.42\n"
    )
    story.commands = {
        f"{root}/oc-get-nodes.txt": "get nodes",
        f"{root}/namespaces/calico-system/core/pods.yaml": "get pods -n calico-system -o yaml",
        f"{root}/namespaces/calico-system/core/events.yaml": "get events -n calico-system -o yaml",
        **{
            f"{root}/cluster-scoped-resources/core/nodes/{n}.yaml": f"get node {n} -o yaml"
            for n in (*done, *busy, *last)
        },
    }
    story.events(f"{root}/namespaces/default/core/events.txt", "get events -n default")
    story.affected = [me]
    story.cite(
        f"{root}/cluster-scoped-resources/core/nodes/{me}.yaml", "machineconfiguration.openshift.io/state: Working"
    )
    story.cite(f"{root}/oc-get-mcp.txt", "rendered-worker-c87e41d20b66   False     True")
    return story


def upgrade_controller_works_on_one_agent(now: datetime) -> Incident:
    story = incident(
        "upgrade-controller-is-at-its-fourth-host",
        CAUSE,
        "Rancher's system-upgrade-controller updates an RKE2 cluster host by host. Three have the new version; on the fourth the upgrade job ran two minutes ago, rke2-agent was restarted and the kubelet started thirty seconds ago: cordoned, NotReady until its runtime has loaded the CNI, calico-node in its first start. Two hosts wait for their turn. The peers miss it for this time only, nothing has failed.",
        "https://docs.rke2.io/upgrades/automated_upgrade",
        now,
        platform="other",
        calico="v3.28.1",
        kubernetes="v1.29.9+rke2r1",
        registry="docker.io/rancher/mirrored-calico",
        difficulty="medium",
        acceptable=["no-problem-found"],
    )
    system = {"os_image": "SUSE Linux Enterprise Server 15 SP6", "kernel": "6.4.0-150600.23.17-default"}
    hosts = {
        "retail-cp1": "10.58.4.5",
        "retail-w1": "10.58.4.11",
        "retail-w2": "10.58.4.12",
        "retail-w3": "10.58.4.13",
        "retail-w4": "10.58.4.14",
        "retail-w5": "10.58.4.15",
    }
    done, busy, wait = ["retail-cp1", "retail-w1", "retail-w2"], "retail-w3", ["retail-w4", "retail-w5"]
    story.kubernetes = "v1.30.5+rke2r1"
    story.hosts({h: hosts[h] for h in done}, age=29_000_000, since=1_200, runtime="containerd://1.7.21-k3s2", **system)
    starting = (
        "False",
        "KubeletNotReady",
        "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized",
    )
    story.hosts(
        {busy: hosts[busy]},
        ready=starting,
        age=29_000_000,
        since=31,
        unschedulable=True,
        taints=[("node.kubernetes.io/unschedulable", "NoSchedule"), ("node.kubernetes.io/not-ready", "NoExecute")],
        runtime="containerd://1.7.21-k3s2",
        **system,
    )
    story.kubernetes = "v1.29.9+rke2r1"
    story.hosts(
        {h: hosts[h] for h in wait}, age=29_000_000, since=8_000_000, runtime="containerd://1.7.21-k3s2", **system
    )
    for n, host in enumerate(done):
        story.staff(
            {host: hosts[host]},
            started=1_900 - 600 * n,
            restarts=2,
            last=("Unknown", 255, 1_930 - 600 * n),
            age=3_000_000,
        )
    story.staff({busy: hosts[busy]}, ready=False, started=14, restarts=2, last=("Unknown", 255, 28), age=3_000_000)
    story.staff({h: hosts[h] for h in wait}, started=2_999_900, restarts=1, last=("Error", 1, 2_999_950), age=3_000_000)
    story.typha("retail-w1", "m6t4b", started=1_310)
    for reason, text, ago in (
        ("NodeNotSchedulable", "NodeNotSchedulable", 118),
        ("Starting", "Starting kubelet.", 31),
        ("NodeAllocatableEnforced", "Updated Node Allocatable limit across pods", 31),
        ("NodeNotReady", "NodeNotReady", 31),
    ):
        story.node_event(
            busy,
            reason,
            f"Node {busy} status is now: {text}" if reason.startswith("NodeNot") else text,
            ago,
            type_="Normal",
        )
    story.probe(
        story.pods[busy],
        "BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: connection refused",
        9,
        12,
        2,
    )
    plan = story.other(
        "apply-rke2-agent-plan-on-retail-w3-with-5c1f0e7b92-lm4xs",
        busy,
        namespace="system-upgrade",
        owner="Job/apply-rke2-agent-plan-on-retail-w3-with-5c1f0e7b92",
        app="upgrade",
        image="rancher/rke2-upgrade:v1.30.5-rke2r1",
        age=150,
        started=96,
        ready=True,
    )
    me = "retail-w1"
    story.events()
    mesh = f"bird: Mesh_{hosts[busy].replace('.', '_')}:"
    log = story.boot(me, 1_300, [a for h, a in hosts.items() if h != me], interface="eth0", prefix=24)
    log += [
        *story.quiet(1_200, 140, 210),
        f"{mesh} State changed to start",
        f"{mesh} Socket: Connection refused",
        *story.quiet(52, 20, 30),
    ]
    story.log(story.pods[me], wrapped(story, log, "prefix", story.pods[me]))
    fresh = story.boot(
        busy, 14, [a for h, a in hosts.items() if h != busy], up=[hosts["retail-w1"]], interface="eth0", prefix=24
    )
    story.log(story.pods[busy], wrapped(story, fresh, "prefix", story.pods[busy]))
    story.texts["plans.txt"] = """$ kubectl -n system-upgrade get plans,jobs
NAME                                         IMAGE                 CHANNEL   VERSION
plan.upgrade.cattle.io/rke2-agent-plan       rancher/rke2-upgrade             v1.30.5+rke2r1
plan.upgrade.cattle.io/rke2-server-plan      rancher/rke2-upgrade             v1.30.5+rke2r1

NAME                                                                  STATUS     COMPLETIONS   DURATION   AGE
job.batch/apply-rke2-agent-plan-on-retail-w1-with-5c1f0e7b92          Complete   1/1           2m51s      24m
job.batch/apply-rke2-agent-plan-on-retail-w2-with-5c1f0e7b92          Complete   1/1           2m44s      13m
job.batch/apply-rke2-agent-plan-on-retail-w3-with-5c1f0e7b92          Running    0/1           2m30s      2m30s
job.batch/apply-rke2-server-plan-on-retail-cp1-with-8d22b7f0a1        Complete   1/1           3m2s       35m
"""
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        f"describe-node-{busy}.txt": f"describe node {busy}",
        f"describe-{story.pods[busy]}.txt": f"describe pod -n calico-system {story.pods[busy]}",
        f"describe-{plan[:24]}.txt": f"describe pod -n system-upgrade {plan}",
        "events.txt": "get events -A",
    }
    story.affected = [busy]
    story.cite("plans.txt", "job.batch/apply-rke2-agent-plan-on-retail-w3-with-5c1f0e7b92          Running")
    return story


STORIES = [reboot_daemon_at_work, machine_config_rolls, upgrade_controller_works_on_one_agent]
