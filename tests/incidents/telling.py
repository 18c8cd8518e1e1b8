"""Short ways to tell an incident: a cluster of several workers, their calico pods, and lines as the components write them.

Built on ``sample_bundles/cluster.py``; every object is printed by a real kubectl when the incident is made.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cluster import Story, agent, container, event, join, pod, runbook_files, start_lines, worker


@dataclass
class Incident(Story):
    """A story with a cluster around it; ``platform``: classic, vpc, roks or other; ``calico`` is the version of the images."""

    platform: str = "vpc"
    calico: str = "v3.28.2"
    kubernetes: str = "v1.31.4+IKS"
    namespace: str = "calico-system"
    registry: str = "icr.io/ext/calico"
    pods: dict[str, str] = field(default_factory=dict)

    def workers(self, addresses: Iterable[str], **more: Any) -> list[str]:
        """Workers at these addresses; further arguments as of ``cluster.worker`` (``ready``, ``labels``, ``taints``, ``kernel`` ...)."""
        made = list(addresses)
        for address in made:
            node = worker(self, address, **{"platform": self.platform, "version": self.kubernetes, **more})
            node["metadata"]["uid"] = (
                f"uid-{address}"  # else `describe node` finds its events twice: by uid and by name
            )
        return made

    def agents(self, addresses: Iterable[str], **more: Any) -> list[str]:
        """A calico-node pod on each address; arguments as of ``cluster.agent`` (``ready``, ``restarts``, ``waiting``, ``last`` ...)."""
        made = []
        for address in addresses:
            suffix = more.get("suffix") or _suffix(address)
            images = {"image": f"{self.registry}/node:{self.calico}", "cni_image": f"{self.registry}/cni:{self.calico}"}
            rest = {key: value for key, value in more.items() if key != "suffix"}
            self.pods[address] = agent(self, address, suffix, **{"namespace": self.namespace, **images, **rest})
            made.append(self.pods[address])
        return made

    def typha(self, address: str, suffix: str = "h2x7p", ready: bool = True, **more: Any) -> str:
        """A calico-typha pod (``address`` empty: Pending, not scheduled); gives its name."""
        name = f"calico-typha-5c9d8f7b6-{suffix}"
        status = [container(self, "calico-typha", f"{self.registry}/typha:{self.calico}", ready=ready, **more)]
        made = pod(self, name, address, status, namespace=self.namespace, owner="ReplicaSet/calico-typha-5c9d8f7b6",
                   app="calico-typha", phase="Running" if address else "Pending")  # fmt: skip
        at = self.address(address)
        made["status"] |= {"podIP": at, "hostIP": at, "podIPs": [{"ip": at}]}
        if not address:
            made["status"] |= {"containerStatuses": [], "podIP": "", "podIPs": [], "hostIP": ""}
        return name

    def pod_event(
        self, name: str, reason: str, message: str, last: float, first: float | None = None, count: int = 1, **more: Any
    ) -> None:
        """An event about a pod of the calico namespace (``type_`` is Warning unless told), last seen ``last`` seconds ago."""
        event(self, "Pod", name, reason, message, last, first, count, **{"namespace": self.namespace, **more})

    def node_event(
        self, name: str, reason: str, message: str, last: float, first: float | None = None, count: int = 1, **more: Any
    ) -> None:
        """An event about a worker."""
        event(self, "Node", name, reason, message, last, first, count, **more)

    def line(self, ago: float, level: str, pid: int, place: str, message: str) -> str:
        """A line of a Calico component: ``2024-01-31 10:20:30.123 [LEVEL][pid] place message`` (place: ``felix/health.go 360:``)."""
        return f"{self.stamp(ago)} [{level}][{pid}] {place} {message}"

    def syslog(self, ago: float) -> str:
        """The time of a syslog or journal line: ``Nov 23 05:11:02``."""
        return (self.now - timedelta(seconds=ago)).strftime("%b %d %H:%M:%S")

    def klog(self, ago: float) -> str:
        """The time of a klog line, to stand behind its level: ``1123 05:11:02.114233``."""
        return (self.now - timedelta(seconds=ago)).strftime("%m%d %H:%M:%S.114233")

    def started(self, address: str, began: float, peers: Iterable[str] = ()) -> list[str]:
        """The log of a calico-node that starts well, ``began`` seconds ago; ``peers``: BGP sessions that come up."""
        return start_lines(self, address, began, self.calico, peers)

    def hosts(self, addresses: Mapping[str, str], **more: Any) -> list[str]:
        """Workers with names of their own (name -> address); arguments as of ``workers``. Gives the names."""
        for name, address in addresses.items():
            node = worker(
                self, address, **{"platform": self.platform, "version": self.kubernetes, **more, "name": name}
            )
            node["metadata"]["uid"] = f"uid-{name}"
        return list(addresses)

    def staff(self, hosts: Mapping[str, str], **more: Any) -> list[str]:
        """A calico-node pod on each of these named workers (name -> address); arguments as of ``agents``. Gives the pods."""
        return [self.agents([name], **{"address": address, **more})[0] for name, address in hosts.items()]

    def other(
        self, name: str, node: str, ip: str = "", namespace: str = "kube-system", owner: str = "", app: str = "",
        image: str = "registry.example.com/app:1.4", ready: bool = True, phase: str = "Running", age: float = 1_700_000, **more: Any,
    ) -> str:  # fmt: skip
        """A pod that is none of Calico's, on its own ``ip`` or (without one) the node's; further arguments as of ``container``."""
        app = app or name.rsplit("-", 2)[0]
        status = [container(self, app, image, ready=ready, **more)]
        made = pod(
            self,
            name,
            node,
            status,
            namespace=namespace,
            owner=owner or f"DaemonSet/{app}",
            app=app,
            phase=phase,
            age=age,
        )
        made["spec"]["hostNetwork"] = not ip
        made["status"] |= {"podIP": ip or self.address(node), "podIPs": [{"ip": ip or self.address(node)}]}
        return name

    def address(self, node: str) -> str:
        """The address of a worker by its name."""
        found = [item for item in self.objects.get("Node", []) if item["metadata"]["name"] == node]
        return str(found[0]["status"]["addresses"][0]["address"]) if found else node

    @property
    def release(self) -> tuple[int, int]:
        """Calico's release, to choose wordings by: (3, 28)."""
        major, minor = self.calico.lstrip("v").split(".")[:2]
        return int(major), int(minor)

    def say(self, ago: float, level: str, pid: int, process: str, place: str, message: str) -> str:
        """As ``line``, but the process is named only by releases that name it (v3.14 and later)."""
        return self.line(ago, level, pid, f"{process}/{place}" if self.release >= (3, 14) else place, message)

    def boot(
        self, node: str, began: float, peers: Sequence[str] = (), up: Sequence[str] | None = None, address: str = "",
        interface: str = "eth0", prefix: int = 26, first: int = 60, bird: bool = True,
    ) -> list[str]:  # fmt: skip
        """A fuller start than ``started``: start-up, confd, felix, and BIRD with its peers (``up``: those that come up)."""
        lines = [
            ("startup", 9, "startup.go 430:", "Early log level set to info"),
            ("startup", 9, "utils.go 126:", f"Using NODENAME environment for node name {node}"),
            ("startup", 9, "utils.go 138:", f"Determined node name: {node}"),
            ("startup", 9, "startup.go 94:", f"Starting node {node} with version {self.calico}"),
            ("startup", 9, "startup.go 435:", "Checking datastore connection"),
            ("startup", 9, "startup.go 459:", "Datastore connection verified"),
            ("startup", 9, "startup.go 104:", "Datastore is ready"),
            ("startup", 9, "startup.go 488:", "Initialize BGP data"),
            ("startup", 9, "autodetection_methods.go 103:", f"Using autodetected IPv4 address on interface {interface}: {address or self.address(node)}/{prefix}"),
            ("startup", 9, "startup.go 711:", "No AS number configured on node resource, using global value"),
            ("startup", 9, "startup.go 214:", f"Using node name: {node}"),
            ("startup", 9, "utils.go 190:", "Setting NetworkUnavailable to false"),
        ]  # fmt: skip
        log = [self.say(began - 0.03 * i, "INFO", *_order(*line)) for i, line in enumerate(lines)]
        log += ["Calico node started successfully", NO_CONFIG.format("bird.cfg"), NO_CONFIG.format("bird6.cfg")]
        lines = [
            ("felix", first + 1, "daemon.go 148:", f'Felix starting up GOMAXPROCS=4 builddate="2024-02-14T23:08:41+0000" gitcommit="c6adfef" version="{self.calico}"'),
            ("felix", first + 1, "daemon.go 172:", "Loading configuration..."),
            ("felix", first + 1, "daemon.go 230:", 'Connecting to datastore datastore="kubernetes"'),
            ("confd", first, "config.go 81:", "Skipping confd config file."),
            ("confd", first, "run.go 18:", "Starting calico-confd"),
            ("felix", first + 1, "int_dataplane.go 1289:", f'Linux interface state changed. ifIndex=2 ifaceName="{interface}" state="up"'),
        ]  # fmt: skip
        log += [self.say(began - 1.2 - 0.04 * i, "INFO", *_order(*line)) for i, line in enumerate(lines)]
        if bird:
            key = "Target config /etc/calico/confd/config/bird.cfg has been updated due to change in key: /calico/bgp/v1/host"
            log += [self.say(began - 2.1, "INFO", first, "confd", "resource.go 273:", key), *bird_start(peers, up)]
        state = "Completed first update to dataplane. secsSinceStart=1.9"
        return [*log, self.say(began - 3.4, "INFO", first + 1, "felix", "int_dataplane.go 1998:", state)]

    def old_boot(
        self, node: str, began: float, peers: Sequence[str] = (), up: Sequence[str] | None = None, **more: Any
    ) -> list[str]:
        """As ``boot``, with the start-up lines of v3.8 to v3.13 (no processes named, everything in startup.go)."""
        address, prefix = more.get("address") or self.address(node), more.get("prefix", 26)
        missing = "the server could not find the requested resource (get GlobalFelixConfigs.crd.projectcalico.org calicoversion)"
        lines = [
            ("startup.go 256:", "Early log level set to info"),
            ("startup.go 272:", "Using NODENAME environment for node name"),
            ("startup.go 284:", f"Determined node name: {node}"),
            ("k8s.go 228:", "Using Calico IPAM"),
            ("startup.go 316:", "Checking datastore connection"),
            ("startup.go 340:", "Datastore connection verified"),
            ("startup.go 95:", "Datastore is ready"),
            ("customresource.go 101:", f'Error getting resource Key=GlobalFelixConfig(name=CalicoVersion) Name="calicoversion" Resource="GlobalFelixConfigs" error={missing}'),
            ("startup.go 382:", "Initialize BGP data"),
            ("startup.go 584:", f"Using autodetected IPv4 address on interface {more.get('interface', 'eth0')}: {address}/{prefix}"),
            ("startup.go 647:", "No AS number configured on node resource, using global value"),
            ("startup.go 181:", f"Using node name: {node}"),
        ]  # fmt: skip
        log = [self.line(began - 0.03 * i, "INFO", 8, place, text) for i, (place, text) in enumerate(lines)]
        return log + self.boot(node, began, peers, up, **more)[12:]

    def quiet(self, began: float, ended: float, every: float = 62, pid: int = 61) -> list[str]:
        """Steady-state lines of felix from ``began`` to ``ended`` seconds ago."""
        lines, ago, turn = [], began, 0
        while ago > ended:
            sums = f"Summarising {8 + turn * 3 % 7} dataplane reconciliation loops over 1m{2 + turn % 3}.{turn % 9}s: "
            sums += f"avg={4 + turn % 6}ms longest={11 + turn * 5 % 40}ms ({('', 'resync-filter-v4', 'resync-nat-v4,resync-mangle-v4')[turn % 3]})"
            old = ("int_dataplane.go 690:", "Applying dataplane updates")
            place, text = ("summary.go 100:", sums) if self.release >= (3, 20) else old
            lines.append(self.say(ago + 0.137 * (turn % 7), "INFO", pid, "felix", place, text))
            if self.release < (3, 20):
                lines.append(
                    self.say(
                        ago - 0.01,
                        "INFO",
                        pid,
                        "felix",
                        "int_dataplane.go 705:",
                        f"Finished applying updates to dataplane. msecToApply={1 + turn % 5}.{turn}47",
                    )
                )
            ago, turn = ago - every, turn + 1
        return lines

    def not_established(
        self,
        name: str,
        peers: Sequence[str],
        last: float,
        first: float,
        count: int,
        established: int = 0,
        pid: int = 5037,
    ) -> None:
        """The event of a readiness probe that misses BGP peers, worded as by this release."""
        place = "node/health.go 202:" if self.release >= (3, 29) else "confd/health.go 180:"
        number = f"Number of node(s) with BGP peering established = {established}"
        missing = "calico/node is not ready: BIRD is not ready: BGP not established with " + ",".join(peers)
        text = f"{self.line(last, 'INFO', pid, place, number)}\n{missing}\n"
        if self.release < (3, 14):
            text = f"{missing}{self.line(last, 'INFO', pid, 'health.go 156:', number)}\n"
        combined = "(combined from similar events): " if count > 60 else ""
        self.pod_event(name, "Unhealthy", f"{combined}Readiness probe failed: {text}", last, first, count)

    def probe(self, name: str, text: str, last: float, first: float, count: int = 1, kind: str = "Readiness") -> None:
        """The event of a failed probe of calico-node: ``text`` follows "calico/node is not ready: "."""
        combined = "(combined from similar events): " if count > 60 else ""
        self.pod_event(
            name, "Unhealthy", f"{combined}{kind} probe failed: calico/node is not ready: {text}\n", last, first, count
        )

    def stuck(
        self, name: str, node: str, error: str, last: float = 25, first: float = 1800, count: int = 9, namespace: str = "default",
        form: str = "containerd", image: str = "registry.example.com/app:1.4",
    ) -> str:  # fmt: skip
        """A pod in ContainerCreating whose sandbox gets no network: ``error`` is what the CNI plugin answered.

        ``form`` is how the kubelet words it: ``containerd``, ``old`` (containerd before CNI 1.0), ``docker`` or ``crio``.
        """
        self.other(name, node, "none", namespace, f"ReplicaSet/{name.rsplit('-', 1)[0]}", image=image, ready=False,
                   phase="Pending", age=first + 20, waiting="ContainerCreating")  # fmt: skip
        status = self.objects["Pod"][-1]["status"]
        status |= {"podIPs": [], "hostIP": self.address(node)}
        del status["podIP"]  # an empty one would be printed as such
        seed = sum((i + 3) * ord(c) for i, c in enumerate(name + node))
        sandbox = f"{seed * 0x9E3779B97F4A7C15F39CC0605CEDC8341082276BF3A27251F86C6A11D0C18E95:064x}"[-64:]
        failed = "Failed to create pod sandbox: rpc error: code = Unknown desc = "
        text = {
            "containerd": f'failed to setup network for sandbox "{sandbox}": plugin type="calico" failed (add): {error}',
            "old": f'failed to setup network for sandbox "{sandbox}": {error}',
            "docker": f'failed to set up sandbox container "{sandbox}" network for pod "{name}": networkPlugin cni failed to set up pod "{name}_{namespace}" network: {error}',
            "crio": f'failed to create pod network sandbox k8s_{name}_{namespace}_0({sandbox}): error adding pod {namespace}_{name} to CNI network "k8s-pod-network": plugin type="calico" failed (add): {error}',
        }[form]  # fmt: skip
        combined = "(combined from similar events): " if count > 9 else ""
        event(self, "Pod", name, "Scheduled", f"Successfully assigned {namespace}/{name} to {node}", first + 15,
              type_="Normal", namespace=namespace, source="default-scheduler")  # fmt: skip
        event(
            self,
            "Pod",
            name,
            "FailedCreatePodSandBox",
            combined + failed + text,
            last,
            first,
            count,
            namespace=namespace,
        )
        return name

    def failing(self, node: str, began: float) -> list[str]:
        """The first lines of a start that gets no further than its datastore check."""
        return (self.boot if self.release >= (3, 14) else self.old_boot)(node, began)[:5]

    def recreated(self, name: str, peers: Sequence[str], ago: float, established: int) -> None:
        """The pod was deleted and made anew ``ago`` seconds ago and missed these peers at its start (later it asks for one peer only)."""
        made = next(item for item in self.objects["Pod"] if item["metadata"]["name"] == name)
        made["metadata"]["creationTimestamp"] = made["status"]["startTime"] = self.ago(ago + 40)
        for status in [*made["status"]["initContainerStatuses"], *made["status"]["containerStatuses"]]:
            for state in status["state"].values():
                if "startedAt" in state:
                    state["startedAt"] = self.ago(ago + 30)
                if "finishedAt" in state:
                    state["finishedAt"] = self.ago(ago + 28)
        self.not_established(name, peers, ago, ago + 15, 2, established=established)

    def log(self, name: str, lines: Iterable[str], file: str = "") -> str:
        """A log file (``<pod>.log`` unless named); gives its name."""
        self.texts[file or f"{name}.log"] = join(lines)
        return file or f"{name}.log"

    def events(self, file: str = "events.txt", words: str = "get events -A") -> None:
        """``get events`` of all that was told so far."""
        for item in self.objects.get("Event", []):
            item["metadata"].setdefault("creationTimestamp", item["firstTimestamp"])
        self.commands[file] = words

    def describe(self, address: str, name: str = "") -> None:
        """``describe pod`` and ``describe node`` of one worker and the lists, as the runbook asks for."""
        runbook_files(self, address, name or self.pods[address], self.namespace)


def wrapped(story: Story, lines: Iterable[str], form: str, name: str = "") -> list[str]:
    """Lines as other tools hand them on: ``stamps`` (kubectl logs --timestamps), ``cri`` (the node's file), ``docker`` (json-file),
    ``stern`` (pod and container before each line) or ``prefix`` (kubectl logs --prefix). Lines without a time follow the one before."""
    made, at = [], story.now - timedelta(days=1)
    for line in lines:
        if line[:4].isdigit() and line[4:5] == "-":
            at = datetime.fromisoformat(line[:23]).replace(tzinfo=story.now.tzinfo)
        at += timedelta(microseconds=137)
        stamp = at.strftime("%Y-%m-%dT%H:%M:%S.%f") + "412Z"
        docker = json.dumps({"log": line + "\n", "stream": "stdout", "time": stamp}, separators=(",", ":"))
        made.append({"stamps": f"{stamp} {line}", "cri": f"{stamp} stdout F {line}", "docker": docker, "stern": f"{name} calico-node {line}",
                     "prefix": f"[pod/{name}/calico-node] {line}"}[form])  # fmt: skip
    return made


SOCKET = "BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: no such file or directory"
FELIX_503 = "felix is not ready: readiness probe reporting 503"
FELIX_REFUSED = (
    'felix is not ready: Get "http://localhost:9099/readiness": dial tcp 127.0.0.1:9099: connect: connection refused'
)
NOT_LIVE = (
    'Felix is not live: Get "http://localhost:9099/liveness": dial tcp 127.0.0.1:9099: connect: connection refused'
)
NO_CONFIG = "bird: Unable to open configuration file /etc/calico/confd/config/{}: No such file or directory"


def _order(process: str, pid: int, place: str, message: str) -> tuple[int, str, str, str]:
    return pid, process, place, message


def bird_start(peers: Sequence[str], up: Sequence[str] | None = None, kind: str = "Mesh") -> list[str]:
    """BIRD's lines of a start with these peers; those in ``up`` (all unless told) are established."""
    names = {peer: f"{kind}_{peer.replace('.', '_')}" for peer in peers}
    lines = ["device1: Initializing", "direct1: Initializing", *(f"{name}: Initializing" for name in names.values())]
    for own in ("device1", "direct1"):
        lines += [f"{own}: Starting", f"{own}: Connected to table master", f"{own}: State changed to feed"]
    for name in names.values():
        lines += [f"{name}: Starting", f"{name}: State changed to start"]
    lines += ["Graceful restart started", "Started", "device1: State changed to up", "direct1: State changed to up"]
    established = peers if up is None else up
    for peer in established:
        lines += [
            f"{names[peer]}: {text}"
            for text in ("Connected to table master", "State changed to feed", "State changed to up")
        ]
    return [
        f"bird: {line}" for line in [*lines, *(["Graceful restart done"] if len(established) == len(peers) else [])]
    ]


def node_status(rows: Iterable[tuple[str, ...]], kind: str = "node-to-node mesh") -> str:
    """``calicoctl node status``: rows of (peer, state, since, info); headings are centred, cells wrapped at 30 as by its tablewriter."""
    head = ("PEER ADDRESS", "PEER TYPE", "STATE", "SINCE", "INFO")
    body: list[tuple[str, ...]] = []
    for row in rows:
        info = textwrap.wrap(row[3], 30) or [""]
        body += [(row[0], kind, *row[1:3], info[0]), *(("", "", "", "", more) for more in info[1:])]
    wide = [max(len(row[i]) for row in (head, *body)) for i in range(5)]
    rule = "+" + "+".join("-" * (width + 2) for width in wide) + "+"
    top = "| " + " | ".join(cell.center(width) for cell, width in zip(head, wide, strict=True)) + " |"
    text = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, wide, strict=True)) + " |" for row in body]
    lines = ["Calico process is running.", "", "IPv4 BGP status", rule, top, rule, *text, rule, ""]
    return "\n".join([*lines, "IPv6 BGP status", "No IPv6 peers found.", ""])


def protocols(
    rows: Iterable[tuple[str, ...]], kind: str = "Mesh", since: str = "04:26:28", routes: str = "wait"
) -> str:
    """``birdcl show protocols``: rows of (peer, state, since, info)."""
    lines = ["BIRD v0.3.3+birdv1.6.8 ready.", "name     proto    table    state  since       info"]
    lines += [
        f"{n:8} {p:8} master   {s:6} {since}    "
        for n, p, s in (
            ("static1", "Static", "up"),
            ("kernel1", "Kernel", routes),
            ("device1", "Device", "up"),
            ("direct1", "Direct", "up"),
        )
    ]
    for peer, state, began, info in rows:
        lines.append(f"{kind + '_' + peer.replace('.', '_'):8} BGP      master   {state:6} {began}    {info:14}")
    return "\n".join(lines) + "\n"


def _suffix(address: str) -> str:
    """Five letters for a pod's name, the same for the same address."""
    letters, number = "bcdfghjklmnpqrstvwxz2456789", sum((i + 7) * ord(c) ** 2 for i, c in enumerate(address)) + 27**5
    return "".join(letters[number // 27**power % 27] for power in range(5))


def not_ready(peers: Sequence[str], stamp: str, pid: int = 4211, established: int = 0) -> str:
    """The readiness probe's words when BIRD misses peers (one line on the count, one that says with whom)."""
    return (
        f"Readiness probe failed: {stamp} [INFO][{pid}] confd/health.go 180: Number of node(s) with BGP peering established = {established}\n"
        f"calico/node is not ready: BIRD is not ready: BGP not established with {','.join(peers)}\n"
    )


def incident(name: str, cause: str, why: str, source: str, now: datetime, **more: Any) -> Incident:
    """Begin an incident: ``why`` is the expert's sentence, ``source`` the public thread or the source file it is made after."""
    return Incident(
        name=name, title=why, about=why, cause=cause, now=now, source=source, **{"difficulty": "medium", **more}
    )
