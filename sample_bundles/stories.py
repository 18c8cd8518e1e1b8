"""The stories: one for each section of the runbook, a healthy cluster, and loud symptoms that are not the cause.

All names and addresses are made up; each story is our own.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from cluster import (
    NO_CNI,
    NODE_IMAGE,
    UNKNOWN,
    Story,
    agent,
    container,
    event,
    join,
    pod,
    runbook_files,
    start_lines,
    worker,
)

NET = "10.211.64"
UNREACHABLE = [("node.kubernetes.io/unreachable", "NoExecute"), ("node.kubernetes.io/unreachable", "NoSchedule")]


def probe_failure(peers: str, pid: int = 5037, count: int = 0, stamp: str = "2024-02-12 14:42:49.280") -> str:
    """The words of a failed readiness probe, as the kubelet puts them into the event."""
    return (
        f"Readiness probe failed: {stamp} [INFO][{pid}] confd/health.go 180: Number of node(s) with BGP peering established = {count}\n"
        f"calico/node is not ready: BIRD is not ready: BGP not established with {peers}\n"
    )


def dead_worker(now: datetime) -> Story:
    story = Story(
        "dead-worker-blamed-on-bgp", "A dead worker makes all the others complain about BGP",
        "Runbook, *Reason 1: the kubelet has not contacted the master*. Twelve workers: one stopped posting its status 40 minutes "
        "ago. What is loud is BGP: the sessions with it timed out, and a worker that restarted since is not ready because "
        "it misses it. The thing to fix is the dead worker.",
        "kubelet-stopped-posting", now, difficulty="hard", archive="ticket-4711.tgz",
    )  # fmt: skip
    dead, restarted = f"{NET}.31", f"{NET}.14"
    names = {}
    for number in range(10, 22):
        address = f"{NET}.{number}" if number != 21 else dead
        gone = address == dead
        worker(story, address, UNKNOWN if gone else ("True", "KubeletReady", "kubelet is posting ready status"),
               since=2400 if gone else 1_500_000, taints=UNREACHABLE if gone else ())  # fmt: skip
        late = address == restarted
        names[address] = agent(story, address, f"sm{number}x", ready=not late and not gone, started=300 if late else 1_500_000,
                               age=300 if late else 1_700_000)  # fmt: skip
    event(story, "Node", dead, "NodeNotReady", f"Node {dead} status is now: NodeNotReady", 2400, source="node-controller", type_="Normal")
    event(story, "Pod", names[restarted], "Unhealthy", probe_failure(dead, count=10, stamp=story.stamp(20)), 15, 280, 9)
    runbook_files(story, dead, names[dead])
    runbook_files(story, restarted, names[restarted])
    peers = [f"{NET}.{n}" for n in range(10, 21) if n != 14]
    log = start_lines(story, restarted, 300, peers=peers)
    log.append(f"bird: Mesh_{dead.replace('.', '_')}: State changed to start")
    story.texts[f"{names[restarted]}.log"] = join(log)
    story.affected = [dead]
    story.cite(f"ticket-4711.tgz!ticket-4711/describe-node-{dead}.txt", "Kubelet stopped posting node status.")
    return story


def toggling(now: datetime) -> Story:
    story = Story(
        "worker-toggles", "A worker toggles between Ready and NotReady",
        "Runbook, *Reason 1*, the other form: the condition says Ready, the events at the end of `describe node` show four "
        "kubelet starts and NodeNotReady/NodeReady pairs within three quarters of an hour.",
        "worker-flapping", now,
    )  # fmt: skip
    bad = f"{NET}.137"
    for number in (135, 136, 137, 138):
        worker(story, f"{NET}.{number}", since=960 if number == 137 else 1_500_000)
        agent(story, f"{NET}.{number}", f"tg{number}")
    for reason, last, first, count, type_, message in (
        ("Starting", 2640, None, 1, "Normal", "Starting kubelet."),
        ("NodeReady", 2640, None, 1, "Normal", f"Node {bad} status is now: NodeReady"),
        ("NodeAllocatableEnforced", 2520, None, 1, "Normal", "Updated Node Allocatable limit across pods"),
        ("NodeHasSufficientPID", 2519, 2560, 7, "Normal", f"Node {bad} status is now: NodeHasSufficientPID"),
        ("Starting", 1860, None, 1, "Normal", "Starting kubelet."),
        ("InvalidDiskCapacity", 1860, None, 1, "Warning", "invalid capacity 0 on image filesystem"),
        ("NodeNotReady", 1860, None, 1, "Normal", f"Node {bad} status is now: NodeNotReady"),
        ("NodeReady", 1859, None, 1, "Normal", f"Node {bad} status is now: NodeReady"),
        ("Starting", 1620, None, 1, "Normal", "Starting kubelet."),
        ("InvalidDiskCapacity", 1620, None, 1, "Warning", "invalid capacity 0 on image filesystem"),
        ("NodeNotReady", 1620, None, 1, "Normal", f"Node {bad} status is now: NodeNotReady"),
        ("NodeHasSufficientPID", 1260, 1620, 2, "Normal", f"Node {bad} status is now: NodeHasSufficientPID"),
        ("NodeReady", 1260, 1620, 2, "Normal", f"Node {bad} status is now: NodeReady"),
        ("Starting", 1010, None, 1, "Normal", "Starting kubelet."),
        ("NodeNotReady", 1005, None, 1, "Normal", f"Node {bad} status is now: NodeNotReady"),
        ("NodeReady", 960, None, 1, "Normal", f"Node {bad} status is now: NodeReady"),
    ):
        event(story, "Node", bad, reason, message, last, first, count, type_)
    runbook_files(story, bad, "calico-node-tg137")
    story.affected = [bad]
    story.cite(f"describe-node-{bad}.txt", "NodeNotReady")
    return story


def cni_not_initialized(now: datetime) -> Story:
    story = Story(
        "calico-down-on-one-worker", "The kubelet is fine, calico-node is not: cni plugin not initialized",
        "Runbook, *Reason 2*: the worker is NotReady because no network plugin is there, and `CalicoIsDown` stands beside it. "
        "calico-node crashes on this one worker of five without saying why: repair the worker step by step.",
        "worker-local-failure", now, acceptable=[], difficulty="medium",
    )  # fmt: skip
    bad = f"{NET}.52"
    for number in (50, 51, 52, 53, 54):
        address = f"{NET}.{number}"
        worker(story, address, NO_CNI if address == bad else ("True", "KubeletReady", "kubelet is posting ready status"),
               since=5400 if address == bad else 1_500_000, calico_up=address != bad,
               taints=[("node.kubernetes.io/not-ready", "NoSchedule")] if address == bad else ())  # fmt: skip
        if address == bad:
            agent(story, address, "cd52x", ready=False, restarts=23, waiting="CrashLoopBackOff", last=("Error", 255, 180), age=5500)
        else:
            agent(story, address, f"cd{number}x")
    event(story, "Pod", "calico-node-cd52x", "BackOff",
          "Back-off restarting failed container calico-node in pod calico-node-cd52x_calico-system(0d1f)", 12, 5300, 410)  # fmt: skip
    runbook_files(story, bad, "calico-node-cd52x")
    story.texts["calico-node-cd52x.log"] = join(start_lines(story, bad, 190)[:11])  # it ends without a word
    story.affected = [bad]
    return story


def no_calico_node(now: datetime) -> Story:
    story = Story(
        "no-calico-node-anywhere", "calico-node runs on no worker: the daemonset is gone",
        "Runbook, *calico-node Not Running at all on any Workers*: the rest of the system pods is there, no calico-node is, and "
        "the list of all daemonsets does not have it.",
        "daemonset-missing", now, difficulty="medium",
    )  # fmt: skip
    for number in (70, 71, 72):
        address = f"{NET}.{number}"
        worker(story, address, NO_CNI if number == 72 else ("True", "KubeletReady", "kubelet is posting ready status"), age=90_000)
        pod(story, f"ibm-keepalived-watcher-k{number}v", address, [container(story, "keepalived-watcher", "icr.io/armada/watcher:1")],
            namespace="kube-system", owner="DaemonSet/ibm-keepalived-watcher", app="ibm-keepalived-watcher")  # fmt: skip
    for name, space in (("ibm-keepalived-watcher", "kube-system"), ("csi-node-driver", "calico-system")):
        story.add("DaemonSet", daemonset(story, name, space, 3, 3))
    story.commands = {"nodes.txt": "get nodes -o wide", "pods.txt": "get pods -A -o wide", "daemonsets.txt": "get ds -A",
                      f"describe-node-{NET}.72.txt": f"describe node {NET}.72"}  # fmt: skip
    story.affected = [f"{NET}.{n}" for n in (70, 71, 72)]
    story.cite("daemonsets.txt", "NAMESPACE")
    return story


def daemonset(story: Story, name: str, namespace: str, desired: int, ready: int) -> dict[str, object]:
    """A DaemonSet object with its counts."""
    return {
        "metadata": {"name": name, "namespace": namespace, "creationTimestamp": story.ago(20_000_000), "uid": name, "labels": {"k8s-app": name}},
        "spec": {"selector": {"matchLabels": {"k8s-app": name}}, "template": {"metadata": {"labels": {"k8s-app": name}},
                 "spec": {"containers": [{"name": name, "image": NODE_IMAGE}], "nodeSelector": {"kubernetes.io/os": "linux"}}}},
        "status": {"desiredNumberScheduled": desired, "currentNumberScheduled": ready, "numberReady": ready,
                   "updatedNumberScheduled": ready, "numberAvailable": ready, "numberMisscheduled": 0},
    }  # fmt: skip


def webhook(now: datetime) -> Story:
    story = Story(
        "webhook-keeps-pods-away", "An admission webhook keeps calico-node from being created",
        "Runbook, *calico-node Not Running at all on any Workers*, second reason: the daemonset is there and wants four pods; "
        "its events say that a webhook cannot be called.",
        "admission-webhook-blocking", now,
    )  # fmt: skip
    for number in (80, 81, 82, 83):
        worker(story, f"{NET}.{number}", NO_CNI, since=3000, calico_up=False, age=400_000)
    story.add("DaemonSet", daemonset(story, "calico-node", "calico-system", 4, 0))
    event(story, "DaemonSet", "calico-node", "FailedCreate",
          'Error creating: Internal error occurred: failed calling webhook "guard.policy.example.com": failed to call webhook: Post '
          '"https://policy-guard.policy.svc:443/mutate?timeout=10s": no endpoints available for service "policy-guard"',
          30, 2900, 57, source="daemonset-controller")  # fmt: skip
    story.commands = {"nodes.txt": "get nodes -o wide", "describe-ds.txt": "describe ds -n calico-system calico-node",
                      "daemonsets.txt": "get ds -A", f"describe-node-{NET}.81.txt": f"describe node {NET}.81"}  # fmt: skip
    story.affected = [f"{NET}.{n}" for n in (80, 81, 82, 83)]
    story.cite("describe-ds.txt", "failed calling webhook")
    return story


def one_worker(now: datetime) -> Story:
    story = Story(
        "one-worker-after-reload-comes-back-bad", "One worker of eight: a port that calico needs is taken",
        "Runbook, *calico-node Pod Not Running on One or a Few Customer Workers*: comes back bad every few minutes, even after a "
        "reload, because something new on this worker listens on felix' health port.",
        "port-conflict", now, acceptable=[], difficulty="medium",
    )  # fmt: skip
    bad = f"{NET}.97"
    for number in range(90, 98):
        address = f"{NET}.{number}"
        worker(story, address, version="v1.28.15+IKS")
        if address == bad:
            agent(story, address, "op97x", namespace="kube-system", ready=False, restarts=31, started=70, last=("Error", 137, 80))
        else:
            agent(story, address, f"op{number}x", namespace="kube-system")
    event(story, "Pod", "calico-node-op97x", "Unhealthy",
          'Liveness probe failed: Get "http://localhost:9099/liveness": net/http: HTTP/1.x transport connection broken: malformed HTTP response "SSH-2.0"',
          20, 7000, 190, namespace="kube-system")  # fmt: skip
    event(story, "Pod", "calico-node-op97x", "Killing", "Container calico-node failed liveness probe, will be restarted", 80, 7000, 31,
          "Normal", namespace="kube-system")  # fmt: skip
    runbook_files(story, bad, "calico-node-op97x", "kube-system")
    log = start_lines(story, bad, 70, peers=[f"{NET}.{n}" for n in range(90, 97)])
    log += [
        f"{story.stamp(66 - 5 * i)} [ERROR][61] felix/health.go 360: Health endpoint failed, trying to restart it... "
        "error=listen tcp 127.0.0.1:9099: bind: address already in use"
        for i in range(12)
    ]
    story.texts["calico-node-op97x.log"] = join(log)
    story.affected = [bad]
    story.cite("calico-node-op97x.log", "bind: address already in use")
    return story


def most_workers(now: datetime) -> Story:
    story = Story(
        "every-worker-after-a-changed-setting", "calico-node crashes on all workers after a setting was changed",
        "Runbook, *calico-node in CrashLoopBackOff or Restarting Often on Most or All Workers*: all six at once, right after "
        "FelixConfiguration was edited; felix names the value it refuses.",
        "invalid-calico-config", now,
    )  # fmt: skip
    for number in range(100, 106):
        address = f"{NET}.{number}"
        worker(story, address, version="v1.31.4+IKS", platform="vpc")
        agent(story, address, f"mw{number}", ready=False, restarts=14, started=40, last=("Error", 1, 45))
    first, name = f"{NET}.100", "calico-node-mw100"
    event(story, "Pod", name, "Unhealthy",
          'Readiness probe failed: calico/node is not ready: felix is not ready: Get "http://localhost:9099/readiness": dial tcp '
          "127.0.0.1:9099: connect: connection refused", 8, 3000, 210)  # fmt: skip
    runbook_files(story, first, name)
    log = start_lines(story, first, 40)
    log += [
        f"{story.stamp(37 - 4 * i)} [ERROR][{61 + i}] felix/config_params.go 700: Invalid (required) config value. "
        'error=Failed to parse config parameter ReportingInterval; value "fast": invalid float'
        for i in range(8)
    ]
    story.texts[f"{name}.log"] = join(log)
    story.affected = [f"{NET}.{n}" for n in range(100, 106)]
    story.cite(f"{name}.log", "Invalid (required) config value")
    return story


def new_pool(now: datetime) -> Story:
    story = Story(
        "new-pool-cannot-reach-the-master", "Four new workers of twelve cannot reach the API",
        "Runbook, *Most or All Workers*, a subset: what do they have in common? All four are of the new pool and zone. calico-node "
        "never gets past its datastore check there, while the kubelets are connected.",
        "apiserver-unreachable", now, acceptable=[], difficulty="medium",
    )  # fmt: skip
    new = [f"10.212.9.{n}" for n in (20, 21, 22, 23)]
    for number in range(8):
        worker(story, f"{NET}.{160 + number}", platform="vpc")
        agent(story, f"{NET}.{160 + number}", f"np{160 + number}")
    for address in new:
        labels = {"ibm-cloud.kubernetes.io/worker-pool-name": "batch", "topology.kubernetes.io/zone": "eu-de-3",
                  "ibm-cloud.kubernetes.io/subnet-id": "02d7-9bc1"}  # fmt: skip
        worker(story, address, NO_CNI, since=7000, age=7200, labels=labels, platform="vpc", calico_up=False)
        agent(story, address, f"nw{address[-2:]}x", ready=False, restarts=3, started=400, last=("Error", 1, 420), age=7100)
    name = "calico-node-nw20x"
    runbook_files(story, new[0], name)
    log = start_lines(story, new[0], 400)[:4]
    log += [
        f"{story.stamp(368 - 31 * i)} [INFO][9] startup/startup.go 461: Hit error connecting to datastore - retry error=Get "
        '"https://172.21.0.1:443/api/v1/nodes/foo": dial tcp 172.21.0.1:443: i/o timeout'
        for i in range(11)
    ]
    story.texts[f"{name}.log"] = join(log)
    story.texts[f"{name}-previous.log"] = join(
        start_lines(story, new[0], 1000)[:4] + [line.replace("[9]", "[8]") for line in log[4:9]]
    )
    story.affected = new
    story.cite(f"{name}.log", "dial tcp 172.21.0.1:443: i/o timeout")
    return story


def after_129(now: datetime) -> Story:
    story = Story(
        "after-the-upgrade-to-1-29", "Stuck after the upgrade to IKS 1.29: the BGP password stayed behind",
        "Runbook, *calico-node Pod Not Running after upgrading to IKS 1.29 (or newer)*: the first calico-node in calico-system is "
        "0/1 Running with zero sessions, the others still run in kube-system; confd cannot read the password's secret.",
        "bgp-password-secret-missing", now, difficulty="hard",
    )  # fmt: skip
    moved = f"{NET}.20"
    peers = [f"{NET}.28", f"{NET}.48"]
    labels = {"projectcalico.org/operator-node-migration": "pre-operator"}
    worker(story, moved, version="v1.29.13+IKS", labels={"projectcalico.org/operator-node-migration": "migrated"})
    for address in peers:
        worker(story, address, version="v1.29.13+IKS", labels=labels)
        agent(story, address, f"up{address[-2:]}k", namespace="kube-system")
    name = agent(story, moved, "up20s", ready=False, started=4400, age=4400)
    event(story, "Pod", name, "Unhealthy", "(combined from similar events): " + probe_failure(",".join(peers)), 112, 4380, 201)
    runbook_files(story, moved, name)
    log = start_lines(story, moved, 4400, "v3.27.2")
    log += [
        f"{story.stamp(4390)} [WARNING][62] confd/client.go 1135: Can't read password referenced by BGP Configuration default in secret "
        "calico-bgp-password:rawPassword error=no data available for secret calico-bgp-password",
        *(f"bird: Mesh_{peer.replace('.', '_')}: State changed to start" for peer in peers),
    ]
    story.texts[f"{name}.log"] = join(log)
    story.affected = [moved]
    story.cite(f"{name}.log", "Can't read password referenced by BGP Configuration")
    return story


def zones_apart(now: datetime) -> Story:
    story = Story(
        "two-vlans-apart", "Two VLANs that do not see each other",
        "Runbook, follow-up checks for classic clusters (*VLAN spanning or VRF, gateway*): since workers were added in a second "
        "data centre, exactly the sessions between the two groups are missing.",
        "cross-subnet-path-blocked", now, difficulty="medium", archive="bundle.tar.gz",
    )  # fmt: skip
    old = [f"{NET}.{n}" for n in (201, 202, 203)]
    new = [f"10.214.30.{n}" for n in (11, 12, 13)]
    for address in old:
        worker(story, address, version="v1.30.8+IKS")
    for address in new:
        labels = {"topology.kubernetes.io/zone": "fra04", "privateVLAN": "2899001", "publicVLAN": "2899003"}
        worker(story, address, version="v1.30.8+IKS", age=93_000, labels=labels)
    for group, other in ((old, new), (new, old)):
        for address in group:
            name = agent(story, address, f"zn{address.replace('.', '')[-5:]}", ready=False, started=700, age=93_000, restarts=1)
            event(story, "Pod", name, "Unhealthy", probe_failure(",".join(other), count=2, stamp=story.stamp(20)), 18, 690, 24)
    for address in (old[0], new[0]):
        runbook_files(story, address, f"calico-node-zn{address.replace('.', '')[-5:]}")
    story.affected = old + new
    for address, other in ((old[0], new), (new[0], old)):
        pod_name = f"calico-node-zn{address.replace('.', '')[-5:]}"
        story.cite(f"bundle.tar.gz!bundle/describe-pod-{pod_name}.txt", "BGP not established with " + ",".join(other))
    return story


def typha_down(now: datetime) -> Story:
    story = Story(
        "no-typha-is-ready", "BIRD has no configuration because no Typha runs",
        "Runbook, follow-up checks (*typha*): the event complains about BIRD's socket. felix and confd end after half a minute "
        "because no Typha is ready: its only pod waits for a worker without taint.",
        "typha-unavailable", now, acceptable=["pod-scheduling-blocked"], difficulty="hard",
    )  # fmt: skip
    for number in (220, 221):
        address = f"{NET}.{number}"
        worker(story, address, taints=[("dedicated", "NoSchedule")])
        agent(story, address, f"ty{number}", ready=False, restarts=9, started=300, last=("Error", 1, 310))
    pod(story, "calico-typha-6d5f9c7b8d-q2w4e", "", [container(story, "calico-typha", "icr.io/ext/calico/typha:v3.28.2", ready=False, waiting="")],
        owner="ReplicaSet/calico-typha-6d5f9c7b8d", app="calico-typha", phase="Pending", age=6000)  # fmt: skip
    story.objects["Pod"][-1]["status"] |= {"containerStatuses": [], "podIP": "", "podIPs": [], "hostIP": ""}
    name = "calico-node-ty220"
    event(story, "Pod", name, "Unhealthy",
          "Readiness probe failed: calico/node is not ready: BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: "
          "dial unix /var/run/calico/bird.ctl: connect: no such file or directory", 5, 5500, 480)  # fmt: skip
    runbook_files(story, f"{NET}.220", name)
    log = start_lines(story, f"{NET}.220", 300)
    for turn in range(8):
        log += [
            f"{story.stamp(295 - 35 * turn)} [ERROR][{61 + turn}] felix/discovery.go 180: Didn't find any ready Typha instances.",
            f"{story.stamp(265 - 35 * turn)} [FATAL][{61 + turn}] felix/daemon.go 345: Failed to connect to Typha, giving up after timeout "
            "error=failed to connect to Typha",
            "bird: Unable to open configuration file /etc/calico/confd/config/bird.cfg: No such file or directory",
        ]
    story.texts[f"{name}.log"] = join(log)
    story.affected = [f"{NET}.220", f"{NET}.221"]
    story.cite(f"{name}.log", "Didn't find any ready Typha instances.")
    return story


def healthy(now: datetime) -> Story:
    story = Story(
        "healthy-after-an-update", "Nothing is wrong: the scary lines belong to the start",
        "A cluster half an hour after its update. BIRD's missing configuration, three failed probes and an InvalidDiskCapacity "
        "belong to the first minute; everything has been ready since.",
        "no-problem-found", now, difficulty="medium",
    )  # fmt: skip
    names = []
    for number in (230, 231, 232, 233):
        worker(story, f"{NET}.{number}", since=1750, age=400_000)
        names.append(agent(story, f"{NET}.{number}", f"ok{number}", started=1800, age=1800))
    pod(story, "calico-typha-7c9d8f5b6d-m3n4p", f"{NET}.231", [container(story, "calico-typha", "icr.io/ext/calico/typha:v3.28.2")],
        owner="ReplicaSet/calico-typha-7c9d8f5b6d", app="calico-typha")  # fmt: skip
    event(story, "Pod", names[0], "Unhealthy",
          "Readiness probe failed: calico/node is not ready: BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: "
          "dial unix /var/run/calico/bird.ctl: connect: no such file or directory", 1790, 1798, 3)  # fmt: skip
    event(story, "Node", f"{NET}.230", "Starting", "Starting kubelet.", 1900, type_="Normal")
    event(story, "Node", f"{NET}.230", "InvalidDiskCapacity", "invalid capacity 0 on image filesystem", 1900)
    event(story, "Node", f"{NET}.230", "NodeReady", f"Node {NET}.230 status is now: NodeReady", 1750, type_="Normal")
    runbook_files(story, f"{NET}.230", names[0])
    log = start_lines(story, f"{NET}.230", 1800, peers=[f"{NET}.{n}" for n in (231, 232, 233)])
    log += [
        f"{story.stamp(1790)} [WARNING][61] felix/health.go 188: Reporter is not ready: reporting non-ready. name=\"int_dataplane\"",
        *(f"{story.stamp(1700 - 60 * i)} [INFO][61] felix/summary.go 100: Summarising 9 dataplane reconciliation loops over 1m2s: "
          "avg=6ms longest=19ms ()" for i in range(28)),
    ]  # fmt: skip
    story.texts[f"{names[0]}.log"] = join(log)
    return story


def roks_hostendpoint(now: datetime) -> Story:
    story = Story(
        "roks-hostendpoint-of-a-new-worker", "ROKS: the HostEndpoint of a new worker cannot be made",
        "Runbook, *Overview* and *Logs and Data to Gather*, item 6: on ROKS the calico-extension init container belongs to "
        "ibm-keepalived-watcher; calico-node itself is fine.",
        "hostendpoint-setup-failed", now, difficulty="medium",
    )  # fmt: skip
    bad = f"{NET}.245"
    for number in (243, 244, 245):
        worker(story, f"{NET}.{number}", version="v1.29.11+ef2a55c", platform="roks", age=6000 if number == 245 else 1_728_000)
        agent(story, f"{NET}.{number}", f"he{number}")
    name = "ibm-keepalived-watcher-he45w"
    init = container(story, "calico-extension", "icr.io/armada/calico-extension:1610", ready=False, restarts=12, waiting="CrashLoopBackOff",
                     last=("Error", 1, 60))  # fmt: skip
    pod(story, name, bad, [container(story, "keepalived-watcher", "icr.io/armada/watcher:1", ready=False, waiting="PodInitializing")],
        [init], "kube-system", "DaemonSet/ibm-keepalived-watcher", "ibm-keepalived-watcher", "Pending", 5900)  # fmt: skip
    event(story, "Pod", name, "BackOff", f"Back-off restarting failed container calico-extension in pod {name}_kube-system(0d2)", 20, 5500, 240,
          namespace="kube-system")  # fmt: skip
    runbook_files(story, bad, "calico-node-he245")
    story.commands[f"describe-pod-{name}.txt"] = f"describe pod -n kube-system {name}"
    story.texts[f"{name}-ext.log"] = join([
        f"{story.stamp(62)[:19]} calico-extension: configuring host endpoints for worker {bad}",
        f"{story.stamp(61)[:19]} calico-extension: cluster master API endpoint is reachable",
        "Failed to apply 'HostEndpoint' resource: [error with field InterfaceName = '' (no interface or expected IPs have been specified)]",
        f"{story.stamp(60)[:19]} calico-extension: giving up",
    ])  # fmt: skip
    story.texts["calico-node-he245.log"] = join(start_lines(story, bad, 5900, peers=[f"{NET}.243", f"{NET}.244"]))
    story.affected = [bad]
    story.cite(f"{name}-ext.log", "Failed to apply 'HostEndpoint' resource")
    return story


STORIES: tuple[Callable[[datetime], Story], ...] = (
    dead_worker,
    toggling,
    cni_not_initialized,
    no_calico_node,
    webhook,
    one_worker,
    most_workers,
    new_pool,
    after_129,
    zones_apart,
    typha_down,
    healthy,
    roks_hostendpoint,
)
