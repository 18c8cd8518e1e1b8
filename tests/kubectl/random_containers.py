"""Random containers: probes, variables, resources, volumes, states."""

from __future__ import annotations

from random_bricks import Bricks, Object


class Containers(Bricks):
    """What the pods and pod templates of a random cluster are made of."""

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
