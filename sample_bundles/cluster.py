"""A small cluster to tell stories with: workers, calico pods, events and log lines in Calico's formats."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

Object = dict[str, Any]


@dataclass
class Story:
    """One sample: the objects kubectl prints, the commands, log texts, and what it really is."""

    name: str
    title: str
    about: str
    cause: str
    now: datetime
    objects: dict[str, list[Object]] = field(default_factory=dict)
    commands: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    acceptable: list[str] = field(default_factory=list)
    also: list[str] = field(default_factory=list)
    affected: list[str] = field(default_factory=list)
    must_cite: list[dict[str, str]] = field(default_factory=list)
    difficulty: str = "easy"
    archive: str = ""
    source: str = ""

    def ago(self, seconds: float) -> str:
        """RFC 3339 time that long before now."""
        return (self.now - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def stamp(self, seconds: float) -> str:
        """Calico's time stamp that long before now."""
        return (self.now - timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]

    def add(self, kind: str, item: Object) -> Object:
        """Put an object into the cluster."""
        self.objects.setdefault(kind, []).append(item)
        return item

    def cite(self, file: str, contains: str) -> None:
        """A line that the report must quote."""
        self.must_cite.append({"file": file, "contains": contains})


READY = ("True", "KubeletReady", "kubelet is posting ready status")
UNKNOWN = ("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.")
NO_CNI = (
    "False",
    "KubeletNotReady",
    "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns "
    "error: cni plugin not initialized",
)


def worker(
    story: Story,
    address: str,
    ready: tuple[str, str, str] = READY,
    since: float = 1_500_000,
    age: float = 1_728_000,
    version: str = "v1.31.4+IKS",
    labels: dict[str, str] | None = None,
    calico_up: bool = True,
    taints: Iterable[tuple[str, str]] = (),
    platform: str = "classic",
    name: str = "",
    os_image: str = "Ubuntu 22.04.5 LTS",
    kernel: str = "5.15.0-130-generic",
    runtime: str = "containerd://1.7.24",
    unschedulable: bool = False,
    conditions_changed: dict[str, tuple[str, str, str]] | None = None,
) -> Object:
    """A worker named by its address (or ``name``), labelled as IKS (classic, vpc), ROKS (roks) or nobody (other) does it.

    ``conditions_changed`` gives other conditions by type: (status, reason, message), since ``since``.
    """
    name = name or address
    octets = [int(part) for part in address.split(".")] if "." in address else [0, 0, 0, 0]
    network = sum(octets[:3]) % 997  # workers of one /24 share their subnet and VLANs
    unknown = ready[0] == "Unknown"
    beat = since + 60 if unknown else 20
    conditions = [
        {"type": "NetworkUnavailable", "status": "False" if calico_up else "True", "lastHeartbeatTime": story.ago(age - 300),
         "lastTransitionTime": story.ago(age - 300 if calico_up else since), "reason": "CalicoIsUp" if calico_up else "CalicoIsDown",
         "message": "Calico is running on this node" if calico_up else "Calico is shutting down on this node"}
    ]  # fmt: skip
    for kind, reason, message in (
        ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ):
        conditions.append(
            {"type": kind, "status": "Unknown" if unknown else "False", "lastHeartbeatTime": story.ago(beat),
             "lastTransitionTime": story.ago(since if unknown else age), "reason": UNKNOWN[1] if unknown else reason,
             "message": UNKNOWN[2] if unknown else message}
        )  # fmt: skip
    conditions.append(
        {"type": "Ready", "status": ready[0], "lastHeartbeatTime": story.ago(beat), "lastTransitionTime": story.ago(since),
         "reason": ready[1], "message": ready[2]}
    )  # fmt: skip
    for item in conditions:
        if item["type"] in (conditions_changed or {}):
            item["status"], item["reason"], item["message"] = (conditions_changed or {})[item["type"]]
            item["lastTransitionTime"] = story.ago(since)
    own = {
        "arch": "amd64", "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "topology.kubernetes.io/region": "eu-de",
        "topology.kubernetes.io/zone": "fra02" if platform == "classic" else "eu-de-1",
        "ibm-cloud.kubernetes.io/worker-pool-name": "default",
        "ibm-cloud.kubernetes.io/worker-version": "4.16.30_1544_openshift" if platform == "roks" else "1.31.4_1532",
        "ibm-cloud.kubernetes.io/worker-id": f"kube-cq0sample0f0d0000-demo-default-{int(address.split(chr(46))[-1]):08x}",
        "ibm-cloud.kubernetes.io/iaas-provider": "softlayer" if platform == "classic" else "g2",
    }  # fmt: skip
    if platform == "other":
        own = {"kubernetes.io/arch": "amd64", "kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}
    elif platform == "classic":
        own |= {"privateVLAN": str(2831501 + 10 * network), "publicVLAN": str(2831503 + 10 * network)}
    else:
        subnet = f"02b7-{0x5A1D + network:x}"
        own |= {"ibm-cloud.kubernetes.io/subnet-id": subnet, "ibm-cloud.kubernetes.io/instance-id": "02b7_77aa"}
    own |= labels or {}
    return story.add(
        "Node",
        {
            "metadata": {"name": name, "labels": own, "creationTimestamp": story.ago(age), "uid": f"uid-{name}",
                         "annotations": {"projectcalico.org/IPv4Address": f"{address}/26"}},
            "spec": {"taints": [{"key": key, "effect": effect} for key, effect in taints],
                     **({} if platform == "other" else {"providerID": "ibm://acc0sample///cq0sample0f0d0000/worker"}),
                     **({"unschedulable": True} if unschedulable else {})},
            "status": {
                "conditions": conditions,
                "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": name}],
                "capacity": {"cpu": "4", "memory": "16265152Ki", "pods": "110"},
                "allocatable": {"cpu": "3910m", "memory": "13484992Ki", "pods": "110"},
                "nodeInfo": {"architecture": "amd64", "bootID": "b", "machineID": "m", "systemUUID": "s", "operatingSystem": "linux",
                             "containerRuntimeVersion": runtime, "kernelVersion": kernel,
                             "kubeProxyVersion": "", "kubeletVersion": version, "osImage": os_image},
            },
        },
    )  # fmt: skip


def container(
    story: Story, name: str, image: str, ready: bool = True, restarts: int = 0, started: float = 86_400,
    waiting: str = "", last: tuple[str, int, float] | None = None, done: bool = False, message: str = "", last_message: str = "",
    spec: Object | None = None,
) -> Object:  # fmt: skip
    """A container status: running since, waiting for a reason, or done; ``last`` = (reason, exit code, seconds ago).

    ``message`` goes with the waiting reason, ``last_message`` with the last termination; ``spec`` is merged into the
    container's spec (``{"resources": {"limits": {"memory": "300Mi"}}}``, ``{"env": [...]}``).
    """
    state: Object = {"running": {"startedAt": story.ago(started)}}
    if done:
        state = {"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": story.ago(started), "finishedAt": story.ago(started - 2)}}
    if waiting:
        state = {"waiting": {"reason": waiting, **({"message": message} if message else {})}}
    past: Object = {}
    if last:
        past = {"terminated": {"reason": last[0], "exitCode": last[1], "startedAt": story.ago(last[2] + 30), "finishedAt": story.ago(last[2])}}
        past["terminated"] |= {"message": last_message} if last_message else {}
    return {"name": name, "image": image, "imageID": f"{image}@sha256:0f", "containerID": "containerd://1", "ready": ready,
            "restartCount": restarts, "state": state, "lastState": past, "spec": spec or {}}  # fmt: skip


def pod(
    story: Story, name: str, node: str, statuses: list[Object], inits: list[Object] | None = None, namespace: str = "calico-system",
    owner: str = "DaemonSet/calico-node", app: str = "calico-node", phase: str = "Running", age: float = 1_700_000,
) -> Object:  # fmt: skip
    """A pod on a worker; host network, as all of Calico."""
    kind, _, owner_name = owner.partition("/")
    probes = {
        "livenessProbe": {"httpGet": {"path": "/liveness", "port": 9099, "host": "localhost", "scheme": "HTTP"}, "timeoutSeconds": 10,
                          "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 6},
        "readinessProbe": {"exec": {"command": ["/bin/calico-node", "-bird-ready", "-felix-ready"]}, "timeoutSeconds": 10,
                           "periodSeconds": 30, "successThreshold": 1, "failureThreshold": 3},
    }  # fmt: skip
    specs = [
        {"name": item["name"], "image": item["image"], **(probes if item["name"] == "calico-node" else {}), **item.pop("spec", {})}
        for item in statuses
    ]
    init_specs = [{"name": item["name"], "image": item["image"], **item.pop("spec", {})} for item in inits or []]
    ready = all(item["ready"] for item in statuses)
    return story.add(
        "Pod",
        {
            "metadata": {"name": name, "namespace": namespace, "labels": {"k8s-app": app}, "creationTimestamp": story.ago(age), "uid": name,
                         "ownerReferences": [{"apiVersion": "apps/v1", "kind": kind, "name": owner_name, "uid": "u", "controller": True}]},
            "spec": {"nodeName": node, "hostNetwork": True, "priority": 2000001000, "serviceAccountName": app,
                     "initContainers": init_specs, "containers": specs},
            "status": {"phase": phase, "startTime": story.ago(age), "podIP": node, "hostIP": node, "podIPs": [{"ip": node}],
                       "conditions": [{"type": kind, "status": "True" if ready or kind in ("Initialized", "PodScheduled") else "False"}
                                      for kind in ("Initialized", "Ready", "ContainersReady", "PodScheduled")],
                       "initContainerStatuses": inits or [], "containerStatuses": statuses},
        },
    )  # fmt: skip


NODE_IMAGE = "icr.io/ext/calico/node:v3.28.2"
CNI_IMAGE = "icr.io/ext/calico/cni:v3.28.2"


def agent(story: Story, node: str, suffix: str, **more: Any) -> str:
    """A calico-node pod on a worker; gives its name."""
    namespace = more.pop("namespace", "calico-system")
    name = f"calico-node-{suffix}"
    image, cni_image = more.pop("image", NODE_IMAGE), more.pop("cni_image", CNI_IMAGE)
    init = more.pop("init", None) or [container(story, "install-cni", cni_image, done=True)]
    age, phase, address = more.pop("age", 1_700_000), more.pop("phase", "Running"), more.pop("address", node)
    made = pod(story, name, node, [container(story, "calico-node", image, **more)], init, namespace, phase=phase, age=age)
    made["status"] |= {"podIP": address, "hostIP": address, "podIPs": [{"ip": address}]}
    return name


def event(
    story: Story, kind: str, name: str, reason: str, message: str, last: float, first: float | None = None, count: int = 1,
    type_: str = "Warning", namespace: str = "calico-system", source: str = "kubelet",
) -> None:  # fmt: skip
    """An event about an object, last seen ``last`` seconds ago."""
    namespace = "default" if kind == "Node" else namespace
    story.add(
        "Event",
        {
            "metadata": {"name": f"{name}.{len(story.objects.get('Event', [])):016x}", "namespace": namespace, "uid": "e"},
            "involvedObject": {"kind": kind, "name": name, "namespace": "" if kind == "Node" else namespace, "uid": name},
            "type": type_, "reason": reason, "message": message, "count": count, "firstTimestamp": story.ago(first or last),
            "lastTimestamp": story.ago(last), "source": {"component": source}, "reportingComponent": source, "reportingInstance": "",
        },
    )  # fmt: skip


def start_lines(story: Story, node: str, began: float, version: str = "v3.28.2", peers: Iterable[str] = ()) -> list[str]:
    """The log of a calico-node that starts well, ``began`` seconds ago."""

    def at(offset: float) -> str:
        return story.stamp(began - offset)

    lines = [
        f"{at(0)} [INFO][9] startup/startup.go 445: Early log level set to info",
        f"{at(0.05)} [INFO][9] startup/utils.go 138: Determined node name: {node}",
        f"{at(0.06)} [INFO][9] startup/startup.go 95: Starting node {node} with version {version}",
        f"{at(0.1)} [INFO][9] startup/startup.go 450: Checking datastore connection",
        f"{at(0.12)} [INFO][9] startup/startup.go 474: Datastore connection verified",
        f"{at(0.15)} [INFO][9] startup/startup.go 105: Datastore is ready",
        f"{at(0.25)} [INFO][9] startup/autodetection_methods.go 103: Using autodetected IPv4 address on interface eth0: {node}/26",
        f"{at(0.3)} [INFO][9] startup/startup.go 222: Using node name: {node}",
        "Calico node started successfully",
        "bird: Unable to open configuration file /etc/calico/confd/config/bird.cfg: No such file or directory",
        f'{at(1.7)} [INFO][61] felix/daemon.go 150: Felix starting up GOMAXPROCS=4 version="{version}"',
        f"{at(1.9)} [INFO][62] confd/config.go 83: Skipping confd config file.",
        f"{at(2.4)} [INFO][61] felix/int_dataplane.go 424: Creating internal dataplane driver. config=intdataplane.Config{{}}",
    ]
    for peer in peers:
        lines += [f"bird: Mesh_{peer.replace('.', '_')}: State changed to {state}" for state in ("start", "feed", "up")]
    return lines


def join(lines: Iterable[str]) -> str:
    """Lines as a log file."""
    return "\n".join(lines) + "\n"


def runbook_files(story: Story, node: str, name: str, namespace: str = "calico-system") -> None:
    """The describe files that the runbook asks for."""
    story.commands[f"describe-pod-{name}.txt"] = f"describe pod -n {namespace} {name}"
    story.commands[f"describe-node-{node}.txt"] = f"describe node {node}"
    story.commands.setdefault("nodes.txt", "get nodes -o wide --show-labels")
    story.commands.setdefault("pods.txt", "get pods -A -o wide")
