"""Random clusters as full API objects, with the awkward texts that real ones have.

Everything hangs on the seed and the given present. Times are RFC 3339 strings, as an API server sends them.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

Object = dict[str, Any]

SUFFIX = "bcdfghjklmnpqrstvwxz2456789"
FAKE_SECTIONS = (
    "Events:\n  Type  Reason  Age\nConditions:\n  Ready True",
    "Containers:\n  fake:\n    State:          Running\n    Ready:          True\n    Restart Count:  7",
    "Name:  not-a-pod\nNamespace:  nowhere\nStatus:  Running",
    "Volumes:  <none>\nQoS Class:  BestEffort",
)
FAKE_EVENTS = (
    "Events:\n  Type     Reason     Age   From     Message\n  ----     ------     ----  ----     -------\n"
    "  Warning  Unhealthy  5m    kubelet  not a real event"
)
FAKE_OBJECT = (
    "\n\n\nName:         fake\nNamespace:    fake\nPriority:     0\nNode:         n/1.2.3.4\n"
    "Status:       Running\nIP:           1.2.3.4\nContainers:\n  c:\n    Image:  x\nEvents:       <none>\n"
)
PLAIN = (
    "two  spaces   kept, a colon: and a 'quote'",
    'naïve café ☕ 日本語 <b>bold</b> & "quotes"',
    "a message\twith a tab",
    'OCI runtime create failed: exec: "/bin/x": permission denied: unknown',
)
BGP = (
    "Readiness probe failed: 2026-02-12 14:42:49.280 [INFO][5037] confd/health.go 180: Number of node(s) with BGP "
    "peering established = {n}\ncalico/node is not ready: BIRD is not ready: BGP not established with {peers}\n"
)
EVENTS = (
    ("Unhealthy", "Warning", "Readiness probe failed: calico/node is not ready: felix is not ready: readiness probe reporting 503\n"),
    ("Unhealthy", "Warning", 'Liveness probe failed: Get "http://localhost:9099/liveness": context deadline exceeded (Client.Timeout exceeded while awaiting headers)'),
    ("Unhealthy", "Warning", "Readiness probe failed: "),
    ("BackOff", "Warning", "Back-off restarting failed container calico-node in pod calico-node-x_calico-system(0d1)"),
    ("Pulled", "Normal", 'Successfully pulled image "icr.io/x:v1" in 1.5s (35.738s including waiting). Image size: 94536228 bytes.'),
    ("FailedCreatePodSandBox", "Warning", 'Failed to create pod sandbox: rpc error: code = Unknown desc = plugin type="calico" failed (add): error getting ClusterInformation: connection is unauthorized: Unauthorized'),
    ("Scheduled", "Normal", "Successfully assigned calico-system/calico-node-x to 10.0.0.1"),
    ("Killing", "Normal", "Container calico-node failed liveness probe, will be restarted"),
    ("FailedScheduling", "Warning", "0/3 nodes are available: 3 node(s) had taint {a: b}, that the pod didn't tolerate."),
    ("Empty", "Normal", ""),
    *(("Odd", "Warning", text) for text in (*PLAIN, *FAKE_SECTIONS, "head\n\n\ntail after blank lines\n\n")),
)  # fmt: skip
NODE_EVENTS = (
    ("NodeNotReady", "Normal"), ("NodeReady", "Normal"), ("NodeHasSufficientMemory", "Normal"), ("Starting", "Normal"),
    ("InvalidDiskCapacity", "Warning"), ("Rebooted", "Warning"), ("SystemOOM", "Warning"),
)  # fmt: skip


class Cluster:
    """A random cluster; ``objects`` by kind.

    ``minor`` is kubectl's: very old ones do not show all that newer API objects hold.
    """

    def __init__(self, seed: int, now: datetime, minor: int = 99) -> None:
        self.seed = seed
        self.minor = minor
        self.now = now.replace(microsecond=0)
        self.rng = random.Random(seed)
        self.objects: dict[str, list[Object]] = {}
        self._number = 0
        for _ in range(self.rng.randint(1, 4)):
            self._node()
        for _ in range(self.rng.randint(1, 5)):
            self._pod()
        for _ in range(self.rng.randint(0, 2)):
            self._daemonset()
        for _ in range(self.rng.randint(0, 2)):
            self._deployment()

    # -- bricks

    def ago(self, seconds: float) -> str:
        return (self.now - timedelta(seconds=seconds)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def span(self, bits: float = 22) -> int:
        return int(2 ** self.rng.uniform(0, bits)) + 1

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def pick(self, *choices: Any) -> Any:
        return self.rng.choice(choices)

    def word(self, length: int = 5) -> str:
        return "".join(self.rng.choice(SUFFIX) for _ in range(length))

    def uid(self) -> str:
        self._number += 1
        return f"{self.seed % 2**32:08x}-0000-4000-8000-{self._number:012d}"

    def address(self) -> str:
        return f"10.{self.rng.randint(0, 255)}.{self.rng.randint(0, 255)}.{self.rng.randint(1, 254)}"

    def free_text(self) -> str:
        """Text that a container may leave behind: anything, also what looks like kubectl's own output."""
        return self.pick(
            "panic: oh\n\ngoroutine 1 [running]:\nEvents:\n",
            "one line",
            "  blanks in front\n    and more",
            "ends with blank lines\n\n\n",
            FAKE_EVENTS,
            FAKE_OBJECT,
            "      Exit Code:    0\n  in the middle",
            "      Reason:       Fake\n    Ready:          True",
            *PLAIN,
            *FAKE_SECTIONS,
        )

    def add(self, kind: str, name: str, namespace: str = "", **more: Any) -> Object:
        meta: Object = {
            "name": name,
            "uid": self.uid(),
            "creationTimestamp": self.ago(self.span(25)),
            "resourceVersion": "1",
        }
        if namespace:
            meta["namespace"] = namespace
        item: Object = {"metadata": meta, **more}
        self.objects.setdefault(kind, []).append(item)
        return item

    def names(self, kind: str) -> list[str]:
        return [item["metadata"]["name"] for item in self.objects.get(kind, [])]

    def annotations(self) -> Object:
        found = {}
        if self.chance(0.5):
            found["projectcalico.org/IPv4Address"] = f"{self.address()}/26"
        if self.chance(0.3):
            found["note"] = "line one\nEvents:\n  Type Reason\n"
        if self.chance(0.3):
            found["long.example.com/value"] = "x" * self.rng.randint(100, 300)
        if self.chance(0.3):
            found["odd"] = self.pick(
                "Containers:\n  fake:\n    Ready: True", "", "a: b  c", "trailing newline\n", "ünïcode"
            )
        if self.chance(0.1):
            found["kubectl.kubernetes.io/last-applied-configuration"] = '{"a": 1}\n'
        return found

    def event(
        self, about: Object, kind: str, reason: str, level: str, message: str, component: str, host: str = ""
    ) -> None:
        meta = about["metadata"]
        last = self.span(16)
        count = self.pick(1, 1, self.rng.randint(2, 5000))
        first = last if count == 1 else last + self.span(17)
        uid = meta["name"] if kind == "Node" and (self.chance(0.5) or self.minor < 22) else meta["uid"]
        involved = {"kind": kind, "name": meta["name"], "uid": uid, "apiVersion": "v1"}
        if "namespace" in meta:
            involved["namespace"] = meta["namespace"]
        if kind == "Pod" and self.chance(0.4):
            involved["fieldPath"] = (
                f"spec.{self.pick('containers', 'initContainers')}{{{self.pick('calico-node', 'install-cni')}}}"
            )
        item = self.add(
            "Event",
            f"{meta['name']}.{self.word(16)}",
            meta.get("namespace", "default"),
            involvedObject=involved,
            reason=reason,
            message=message,
            type=level,
        )
        if self.chance(0.2) and self.minor >= 22:  # events.k8s.io/v1
            item |= {
                "eventTime": self.ago(first).replace("Z", ".123456Z"),
                "source": {},
                "firstTimestamp": None,
                "lastTimestamp": None,
            }
            item |= {"reportingComponent": component, "reportingInstance": host}
            if count > 1:
                item["series"] = {"count": count, "lastObservedTime": self.ago(last).replace("Z", ".000000Z")}
        else:
            item |= {
                "firstTimestamp": self.ago(first),
                "lastTimestamp": self.ago(last),
                "count": count,
                "eventTime": None,
            }
            item |= {
                "source": {"component": component, **({"host": host} if host else {})},
                "reportingComponent": "",
                "reportingInstance": "",
            }

    # -- nodes

    def _node(self) -> None:
        name = self.pick(
            self.address(),
            f"kube-c{self.rng.randrange(10**6):06d}-default-{self.rng.randrange(16**8):08x}",
            f"node-{self.word()}.example.internal",
        )
        labels = {
            "kubernetes.io/hostname": name,
            "kubernetes.io/arch": "amd64",
            "topology.kubernetes.io/zone": self.pick("dal10", "dal12", "us-south-1"),
            "topology.kubernetes.io/region": "us-south",
            "ibm-cloud.kubernetes.io/worker-pool-name": self.pick("default", "edge"),
            "ibm-cloud.kubernetes.io/worker-version": "1.29.1_1531",
            "empty": "",
        }
        if self.chance(0.3):
            labels |= {"node-role.kubernetes.io/worker": "", "node-role.kubernetes.io/master": ""}
        if self.chance(0.5):
            labels |= {"privateVLAN": "2218181", "publicVLAN": "2218179"}
        else:
            labels["ibm-cloud.kubernetes.io/subnet-id"] = f"0717-{self.word(8)}"
        node = self.add("Node", name, spec={}, status={})
        node["metadata"] |= {"labels": labels, "annotations": self.annotations()}
        if self.chance(0.7):
            node["spec"]["providerID"] = f"ibm://a///c/{name}"
        if self.chance(0.3):
            node["spec"]["unschedulable"] = True
        if self.chance(0.5):
            node["spec"] |= {"podCIDR": "172.30.0.0/24", "podCIDRs": ["172.30.0.0/24"]}
        node["spec"]["taints"] = self._taints()
        node["status"] = self._node_status(name)
        if self.chance(0.6):
            lease = self.add("Lease", name, "kube-node-lease")
            lease["spec"] = {"holderIdentity": name, "renewTime": self.ago(self.span(12)).replace("Z", ".654321Z")}
        for _ in range(self.rng.randint(0, 12)):
            reason, level = self.rng.choice(NODE_EVENTS)
            message = self.pick(
                f"Node {name} status is now: {reason}",
                "System OOM encountered, victim process: felix, pid: 1\n  more",
                *PLAIN,
            )
            self.event(
                node, "Node", reason, level, message, self.pick("kubelet", "node-controller"), self.pick("", name)
            )

    def _taints(self) -> list[Object]:
        kinds = [
            {"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"},
            {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"},
            {"key": "dedicated", "value": "edge", "effect": "NoSchedule"},
        ]
        return self.rng.sample(kinds, self.rng.randint(0, 3))

    def _node_status(self, name: str) -> Object:
        conditions = []
        kinds = [
            "NetworkUnavailable",
            "MemoryPressure",
            "DiskPressure",
            "PIDPressure",
            "Ready",
            "CorruptDockerOverlay2",
        ]
        for kind in kinds[self.rng.randint(0, 1) : self.rng.randint(5, 6)]:
            condition = {
                "type": kind,
                "status": self.pick("True", "False", "Unknown"),
                "lastHeartbeatTime": self.pick(None, self.ago(self.span(14))) if self.chance(0.1) else self.ago(self.span(14)),
                "lastTransitionTime": self.ago(self.span()),
                "reason": self.pick("KubeletReady", "NodeStatusUnknown", "CalicoIsDown", "KubeletHasSufficientMemory"),
                "message": self.pick("Kubelet stopped posting node status.", "Calico is running on this node", "two  spaces   kept",
                    "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized"),
            }  # fmt: skip
            if self.chance(0.06):
                condition["reason"] = ""
            if self.chance(0.06):
                condition["message"] = self.pick("", "first\nsecond line\n\nfourth", FAKE_EVENTS, *FAKE_SECTIONS[:3])
            conditions.append(condition)
        addresses = [{"type": "InternalIP", "address": self.address()}, {"type": "Hostname", "address": name}]
        if self.chance(0.3):
            addresses.insert(1, {"type": "ExternalIP", "address": "169.60.1.2"})
        if self.chance(0.2):
            addresses.insert(1, {"type": "InternalIP", "address": "fd00::1"})
        amounts = {"cpu": "4", "memory": "16265152Ki", "pods": "110", "ephemeral-storage": "101647Mi"}
        if self.chance(0.2):
            amounts |= {"hugepages-2Mi": "0", "nvidia.com/gpu": "1"}
        return {
            "conditions": conditions,
            "addresses": addresses,
            "capacity": amounts,
            "allocatable": {**amounts, "cpu": "3910m", "memory": "13484992Ki"},
            "nodeInfo": {
                "architecture": "amd64", "bootID": "b", "machineID": "m", "operatingSystem": "linux", "systemUUID": "s",
                "containerRuntimeVersion": self.pick("containerd://1.7.11", "cri-o://1.25.5-16.rhaos4.12.git9d0bfb2.el8"),
                "kernelVersion": self.pick("5.4.0-169-generic", "4.18.0-513.18.1.el8_9.x86_64"),
                "kubeProxyVersion": "v1.29.1+IKS",
                "kubeletVersion": self.pick("v1.29.1+IKS", "v1.25.14+20cda61"),
                "osImage": self.pick("Ubuntu 20.04.6 LTS", "Red Hat Enterprise Linux 8.9 (Ootpa)"),
            },
        }  # fmt: skip

    # -- pods

    def _pod(self) -> None:
        app, owner, name = self.pick(
            ("calico-node", ("DaemonSet", "calico-node"), f"calico-node-{self.word()}"),
            ("calico-typha", ("ReplicaSet", "calico-typha-5d8c6f7b9"), f"calico-typha-5d8c6f7b9-{self.word()}"),
            (
                "calico-kube-controllers",
                ("ReplicaSet", "calico-kube-controllers-76d5bcf98"),
                f"calico-kube-controllers-76d5bcf98-{self.word()}",
            ),
            ("web", ("StatefulSet", "web"), f"web-{self.rng.randrange(200)}"),
            ("konnectivity-agent", None, f"konnectivity-agent-{self.word()}"),
        )
        namespace = self.pick("kube-system", "calico-system")
        node = self.rng.choice(self.objects["Node"])
        pod = self.add("Pod", name, namespace, spec={}, status={})
        meta, spec = pod["metadata"], pod["spec"]
        label = self.pick("k8s-app", "app.kubernetes.io/name", "app")
        meta |= {
            "labels": {label: app, "pod-template-hash": self.word(8)} if owner is None or self.chance(0.8) else {},
            "annotations": self.annotations(),
        }
        if owner:
            meta["ownerReferences"] = [
                {"apiVersion": "apps/v1", "kind": owner[0], "name": owner[1], "uid": self.uid(), "controller": True}
            ]
        names = ["install-cni", "calico-extension", "flexvol-driver", "ebpf-bootstrap"]
        spec["initContainers"] = [self._container(item) for item in self.rng.sample(names, self.rng.randint(0, 3))]
        spec["containers"] = [self._container(app), *([self._container("sidecar")] if self.chance(0.3) else [])]
        spec["tolerations"] = self._tolerations()
        spec["volumes"] = self._volumes()
        if self.chance(0.5):
            spec |= {
                "priority": 2000001000,
                "priorityClassName": "system-node-critical",
                "serviceAccountName": "calico-node",
            }
        if self.chance(0.5):
            spec["nodeSelector"] = {"kubernetes.io/os": "linux"}
        if self.chance(0.1):
            spec["readinessGates"] = [{"conditionType": "example.com/gate"}]
        self._pod_status(pod, node)
        for _ in range(self.rng.randint(0, 9)):
            reason, level, message = self.rng.choice(EVENTS)
            if self.chance(0.3):
                peers = ",".join(self.address() for _ in range(self.rng.randint(1, 4)))
                reason, level, message = "Unhealthy", "Warning", BGP.format(n=self.rng.randint(0, 3), peers=peers)
            if self.chance(0.1):
                message = "(combined from similar events): " + message
            host = node["metadata"]["name"] if self.chance(0.5) else ""
            self.event(
                pod,
                "Pod",
                reason,
                level,
                message,
                self.pick("kubelet", "default-scheduler", "daemonset-controller", "kubelet", ""),
                host,
            )

    def _pod_status(self, pod: Object, node: Object) -> None:
        spec, status = pod["spec"], pod["status"]
        status["phase"] = self.pick("Running", "Running", "Pending", "Failed")
        kinds = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"]
        status["conditions"] = [
            {"type": kind, "status": self.pick("True", "False")} for kind in kinds[self.rng.randint(0, 2) :]
        ]
        if status["phase"] == "Pending" and self.chance(0.5):
            status["conditions"] = status["conditions"][-1:]
            return  # not scheduled: no node, no address, no container
        address = self.address()
        spec["nodeName"] = node["metadata"]["name"]
        status |= {
            "startTime": self.ago(self.span()),
            "hostIP": address,
            "podIP": address,
            "podIPs": [{"ip": address}, *([{"ip": "fd00::2"}] if self.chance(0.2) else [])],
        }
        status["initContainerStatuses"] = [self._status(item) for item in spec["initContainers"]]
        status["containerStatuses"] = [self._status(item) for item in spec["containers"]]
        if status["phase"] == "Failed":
            status |= {
                "reason": "Evicted",
                "message": self.pick(
                    "The node was low on resource: ephemeral-storage. ",
                    "first line\nsecond line\nEvents:  <none>",
                    "Container x exceeded its limit.  Twice.",
                ),
            }
        elif self.chance(0.1):
            pod["metadata"] |= {"deletionTimestamp": self.ago(self.span(10)), "deletionGracePeriodSeconds": 30}
        if self.chance(0.1):
            container = {"name": "debugger", "image": "busybox", "resources": {}}
            spec["ephemeralContainers"] = [container]
            status["ephemeralContainerStatuses"] = [self._status(container)]

    def _container(self, name: str) -> Object:
        item: Object = {
            "name": name,
            "image": self.pick(
                f"icr.io/ext/calico/{name}:v3.27.2",
                f"registry:5000/calico/{name}",
                f"icr.io/{name}:v3.30.7@sha256:{'ab' * 32}",
            ),
            "resources": {},
            "imagePullPolicy": "IfNotPresent",
        }
        if self.chance(0.5):
            item["resources"]["requests"] = {"cpu": "250m", "memory": "80Mi"}
        if self.chance(0.3):
            item["resources"]["limits"] = {"cpu": "1", "memory": "512Mi", "ephemeral-storage": "1Gi"}
        if self.chance(0.4):
            item["command"] = ["/bin/sh", "-c", "echo one\n    State:  Running\nEvents:\nexit 0"]
        if self.chance(0.3):
            item["args"] = ["--flag", "Ready:  True"]
        if self.chance(0.3):
            item["ports"] = [
                {"containerPort": 9099, "hostPort": 9099, "protocol": "TCP", "name": "health"},
                {"containerPort": 53, "protocol": "UDP"},
            ]
        if self.chance(0.5):
            item["livenessProbe"] = self._probe()
        if self.chance(0.5):
            item["readinessProbe"] = self._probe()
        if self.chance(0.2):
            item["startupProbe"] = self._probe()
        if self.chance(0.6):
            item["env"] = self._environment()
        if self.chance(0.2):
            item["envFrom"] = [
                {"configMapRef": {"name": "calico-config"}},
                {"secretRef": {"name": "s", "optional": True}, "prefix": "P_"},
            ]
        if self.chance(0.6):
            item["volumeMounts"] = [
                {"name": "v", "mountPath": "/var/run/calico"},
                {"name": "v", "mountPath": "/lib/modules", "readOnly": True, "subPath": "a b"},
            ]
        if self.chance(0.2):
            item["securityContext"] = {
                "seccompProfile": {"type": self.pick("RuntimeDefault", "Localhost"), "localhostProfile": "p.json"}
            }
        return item

    def _probe(self) -> Object:
        base = {
            "initialDelaySeconds": 0,
            "timeoutSeconds": 10,
            "periodSeconds": 30,
            "successThreshold": 1,
            "failureThreshold": 3,
        }
        how: Object = self.pick(
            {"exec": {"command": ["/bin/calico-node", "-bird-ready", "-felix-ready"]}},
            {"exec": {"command": ["sh", "-c", "set -e\nConditions:\ncurl localhost\n"]}},
            {"httpGet": {"host": "localhost", "port": 9099, "path": "/liveness", "scheme": "HTTP"}},
            {"httpGet": {"port": "http", "path": "/", "scheme": "HTTPS"}},
            {"tcpSocket": {"port": 179}},
        )
        return base | how

    def _environment(self) -> list[Object]:
        variables: list[Object] = [
            {"name": "IP", "value": "autodetect"},
            {"name": "TRICK", "value": "Ready: False\n    State:  Running\nEvents:\n"},
            {"name": "EMPTY", "value": ""},
            {"name": "SPACES", "value": "  a  b  "},
            {"name": "IP_AUTODETECTION_METHOD", "value": "interface=eth0,can-reach=10.0.0.1"},
            {"name": "NETWORK_CONFIG", "value": '{\n  "name": "k8s",\n\n  "plugins": []\n}'},
            {"name": "NODENAME", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "spec.nodeName"}}},
            {"name": "POD", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}},
            {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "bgp", "key": "password", "optional": True}}},
            {"name": "BACKEND", "valueFrom": {"configMapKeyRef": {"name": "calico-config", "key": "backend"}}},
            {"name": "UNICODE", "value": "ünï ☕"},
            {"name": "A_VERY_LONG_NAME_THAT_MOVES_THE_COLUMN_FAR_TO_THE_RIGHT", "value": "1"},
        ]
        return self.rng.sample(variables, self.rng.randint(1, len(variables)))

    def _tolerations(self) -> list[Object]:
        kinds = [
            {"operator": "Exists", "effect": "NoSchedule"},
            {"key": "CriticalAddonsOnly", "operator": "Exists"},
            {"key": "dedicated", "operator": "Equal", "value": "edge", "effect": "NoExecute"},
            {
                "key": "node.kubernetes.io/not-ready",
                "operator": "Exists",
                "effect": "NoExecute",
                "tolerationSeconds": 300,
            },
        ]
        return self.rng.sample(kinds, self.rng.randint(0, 4))

    def _volumes(self) -> list[Object]:
        kinds = [
            {"name": "lib-modules", "hostPath": {"path": "/lib/modules", "type": ""}},
            {"name": "Events", "emptyDir": {}},
            {"name": "conf", "configMap": {"name": "calico-config", "optional": False}},
            {
                "name": "token",
                "projected": {
                    "sources": [
                        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                        {"configMap": {"name": "ca"}},
                        {"downwardAPI": {}},
                    ]
                },
            },
            {"name": "certs", "secret": {"secretName": "node-certs"}},
        ]
        return self.rng.sample(kinds, self.rng.randint(0, 5))

    def _status(self, container: Object) -> Object:
        started = self.rng.randint(100, 90000)
        reason = self.pick("Completed", "Error", "OOMKilled", "ContainerCannotRun", "")
        terminated: Object = {
            "exitCode": 0 if reason == "Completed" else self.pick(1, 2, 137, 139, 143, -1),
            "startedAt": self.ago(started),
            "finishedAt": self.ago(self.rng.randint(1, 99)),
            "containerID": "containerd://1",
        }
        if reason:
            terminated["reason"] = reason
        if self.chance(0.5):
            terminated["message"] = self.free_text()
        if self.chance(0.1):
            terminated["signal"] = 9
        state = self.pick(
            {"running": {"startedAt": self.ago(started)}},
            {"terminated": terminated},
            {
                "waiting": {
                    "reason": self.pick("CrashLoopBackOff", "ImagePullBackOff", "PodInitializing", "ContainerCreating"),
                    "message": "back-off",
                }
            },
            {"waiting": {}},
            {},
        )
        return {
            "name": container["name"],
            "ready": self.chance(0.5),
            "restartCount": self.pick(0, 0, 1, 17, 2041),
            "image": container["image"],
            "imageID": f"x@sha256:{'0f' * 32}",
            "containerID": "containerd://1",
            "state": state,
            "lastState": self.pick({}, {"terminated": terminated}),
        }

    # -- workloads

    def _template(self, app: str) -> Object:
        return {
            "metadata": {"labels": {"k8s-app": app}, "annotations": self.annotations()},
            "spec": {
                "containers": [self._container(app)],
                "initContainers": [self._container("install-cni")] if self.chance(0.5) else [],
                "nodeSelector": {"kubernetes.io/os": "linux"} if self.chance(0.5) else {},
                "volumes": self._volumes(),
                "tolerations": self._tolerations(),
            },
        }

    def _daemonset(self) -> None:
        name = self.pick("calico-node", "ibm-keepalived-watcher", "csi-node-driver") + "-" + self.word()
        item = self.add("DaemonSet", name, self.pick("kube-system", "calico-system"))
        item["metadata"] |= {"labels": {"k8s-app": name}, "annotations": self.annotations()}
        item["spec"] = {"selector": {"matchLabels": {"k8s-app": name}}, "template": self._template(name)}
        counts = (
            "desiredNumberScheduled",
            "currentNumberScheduled",
            "updatedNumberScheduled",
            "numberAvailable",
            "numberMisscheduled",
            "numberReady",
        )
        item["status"] = {count: self.rng.randint(0, 30) for count in counts}
        for _ in range(self.rng.randint(0, 3)):
            message = self.pick(
                "Created pod: calico-node-abcde",
                'Error creating: Internal error occurred: failed calling webhook "x": Post "https://y:443/": no endpoints',
                *PLAIN,
            )
            self.event(
                item,
                "DaemonSet",
                self.pick("FailedCreate", "SuccessfulCreate"),
                "Warning",
                message,
                "daemonset-controller",
            )

    def _deployment(self) -> None:
        name = self.pick("calico-typha", "calico-kube-controllers", "tigera-operator") + "-" + self.word()
        item = self.add("Deployment", name, self.pick("kube-system", "tigera-operator"))
        item["metadata"] |= {"labels": {"k8s-app": name}, "annotations": self.annotations()}
        item["spec"] = {
            "replicas": self.rng.randint(0, 5),
            "selector": {"matchLabels": {"k8s-app": name}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": "25%"}},
            "template": self._template(name),
        }
        counts = ("updatedReplicas", "replicas", "availableReplicas", "unavailableReplicas", "readyReplicas")
        item["status"] = {count: self.rng.randint(0, 5) for count in counts}
        item["status"]["conditions"] = [
            {"type": kind, "status": self.pick("True", "False"), "reason": "Because"}
            for kind in ("Available", "Progressing")[: self.rng.randint(0, 2)]
        ]
        for _ in range(self.rng.randint(0, 2)):
            self.event(
                item,
                "Deployment",
                "ScalingReplicaSet",
                "Normal",
                f"Scaled up replica set {name}-5d8c to 3",
                "deployment-controller",
            )
