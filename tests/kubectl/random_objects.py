"""Random clusters as full API objects, with the awkward texts that real ones have. All hangs on seed and present."""

from __future__ import annotations

from datetime import datetime

from awkward_texts import BGP, EVENTS, FAKE_EVENTS, FAKE_SECTIONS, NODE_EVENTS, PLAIN
from random_bricks import Object
from random_containers import Containers


class Cluster(Containers):
    """A random cluster with nodes, pods, workloads and their events."""

    def __init__(self, seed: int, now: datetime, minor: int = 99) -> None:
        super().__init__(seed, now, minor)
        for _ in range(self.rng.randint(1, 4)):
            self._node()
        for _ in range(self.rng.randint(1, 5)):
            self._pod()
        for _ in range(self.rng.randint(0, 2)):
            self._daemonset()
        for _ in range(self.rng.randint(0, 2)):
            self._deployment()

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
