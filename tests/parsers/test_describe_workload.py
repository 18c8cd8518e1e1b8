from parsers.describe_workload import parse_describe_workload, workload_kind
from parsers.source import Parsed, Source

DAEMONSET = """\
Name:           calico-node
Namespace:      calico-system
Selector:       k8s-app=calico-node
Node-Selector:  kubernetes.io/os=linux
Labels:         k8s-app=calico-node
Annotations:    deprecated.daemonset.template.generation: 3
Desired Number of Nodes Scheduled: 4
Current Number of Nodes Scheduled: 3
Number of Nodes Scheduled with Up-to-date Pods: 2
Number of Nodes Scheduled with Available Pods: 1
Number of Nodes Misscheduled: 0
Pods Status:  3 Running / 0 Waiting / 0 Succeeded / 0 Failed
Pod Template:
  Labels:  k8s-app=calico-node
  Init Containers:
   install-cni:
    Image:        icr.io/ext/calico/cni:v3.27.2
    Environment:  <none>
  Containers:
   calico-node:
    Image:      icr.io/ext/calico/node:v3.27.2
    Limits:
      memory:  256Mi
    Environment:
      IP_AUTODETECTION_METHOD:  interface=eth1
      CALICO_NETWORKING_BACKEND:  <set to the key 'calico_backend' of config map 'calico-config'>  Optional: false
    Mounts:  <none>
  Volumes:        <none>
  Node-Selectors:  kubernetes.io/os=linux
                   worker=yes
Events:
  Type     Reason        Age                  From                  Message
  ----     ------        ----                 ----                  -------
  Warning  FailedCreate  2m (x95 over 5h17m)  daemonset-controller  Error creating: pods "calico-node-" is forbidden
"""
DEPLOYMENT = """\
Name:                   calico-typha
Namespace:              calico-system
CreationTimestamp:      Mon, 02 Nov 2026 23:10:45 -0600
Labels:                 k8s-app=calico-typha
Annotations:            <none>
Selector:               k8s-app=calico-typha
Replicas:               3 desired | 2 updated | 3 total | 1 available | 2 unavailable
StrategyType:           RollingUpdate
MinReadySeconds:        0
RollingUpdateStrategy:  1 max unavailable, 25% max surge
Pod Template:
  Labels:  k8s-app=calico-typha
  Containers:
   calico-typha:
    Image:        icr.io/ext/calico/typha:v3.27.2
Conditions:
  Type           Status  Reason
  ----           ------  ------
  Available      False   MinimumReplicasUnavailable
  Progressing    True    ReplicaSetUpdated
OldReplicaSets:  <none>
NewReplicaSet:   calico-typha-5d8c6f7b9 (3/3 replicas created)
Events:          <none>
"""


def values(parsed: Parsed) -> dict[str, str]:
    return {row.key: row.value for row in parsed.settings}


def test_daemonset_counts() -> None:
    parsed = parse_describe_workload(DAEMONSET, Source("ds.txt", first_line=2))
    (row,) = parsed.daemonsets
    assert (row.namespace, row.daemonset, row.desired, row.current) == ("calico-system", "calico-node", 4, 3)
    assert (row.updated, row.available, row.ready, row.line) == (2, 1, None, 8)
    assert values(parsed)["pods.running"] == "3"
    assert parsed.problems == []


def test_daemonset_events_are_those_of_the_daemonset() -> None:
    (event,) = parse_describe_workload(DAEMONSET, Source("ds.txt")).events
    assert (event.object_kind, event.object, event.namespace) == ("DaemonSet", "calico-node", "calico-system")
    assert (event.reason, event.count, event.age_s) == ("FailedCreate", 95, 120)
    assert event.message.startswith("Error creating: pods")


def test_pod_template() -> None:
    found = values(parse_describe_workload(DAEMONSET, Source("ds.txt")))
    path = "spec.template.spec.containers.0"
    assert found[f"{path}.image"] == "icr.io/ext/calico/node:v3.27.2"
    assert found[f"{path}.env.0.name"] == "IP_AUTODETECTION_METHOD"
    assert found[f"{path}.env.0.value"] == "interface=eth1"
    assert found[f"{path}.env.1.value"] == "<set to the key 'calico_backend' of config map 'calico-config'>"
    assert found[f"{path}.resources.limits.memory"] == "256Mi"
    assert found["spec.template.spec.initContainers.0.name"] == "install-cni"
    assert found["spec.template.spec.nodeSelector.kubernetes.io/os"] == "linux"
    assert found["spec.template.spec.nodeSelector.worker"] == "yes"


def test_old_kubectl_names_neither_the_namespace_nor_the_template_selector() -> None:
    old = DAEMONSET.replace("Namespace:      calico-system\n", "").replace(
        "  Node-Selectors:  kubernetes.io/os=linux\n", ""
    )
    parsed = parse_describe_workload(
        old.replace("                   worker=yes\n", ""), Source("ds.txt", namespace="kube-system")
    )
    assert parsed.daemonsets[0].namespace == "kube-system"
    assert values(parsed)["spec.template.spec.nodeSelector.kubernetes.io/os"] == "linux"


def test_deployment() -> None:
    parsed = parse_describe_workload(DEPLOYMENT, Source("typha.txt"))
    found = values(parsed)
    assert {row.kind for row in parsed.settings} == {"Deployment"}
    assert (found["spec.replicas"], found["status.updatedReplicas"], found["status.replicas"]) == ("3", "2", "3")
    assert (found["status.availableReplicas"], found["status.unavailableReplicas"]) == ("1", "2")
    assert found["status.conditions.0.type"] == "Available"
    assert found["status.conditions.0.status"] == "False"
    assert found["status.conditions.1.reason"] == "ReplicaSetUpdated"
    assert found["metadata.creationTimestamp"] == "2026-11-03T05:10:45Z"
    line = next(row.line for row in parsed.settings if row.key == "spec.replicas")
    assert DEPLOYMENT.split("\n")[line - 1].startswith("Replicas:")


def test_replica_set() -> None:
    text = "Name:           a-5d8c\nNamespace:      n\nSelector:       x=y\nControlled By:  Deployment/a\nReplicas:       2 current / 3 desired\nPods Status:    1 Running / 1 Waiting / 0 Succeeded / 0 Failed\nPod Template:\n  Labels:  x=y\nEvents:  <none>\n"
    parsed = parse_describe_workload(text, Source("rs"))
    assert workload_kind(text.split("\n")) == "ReplicaSet"
    assert (values(parsed)["status.replicas"], values(parsed)["spec.replicas"]) == ("2", "3")
    assert values(parsed)["pods.waiting"] == "1"


def test_kinds() -> None:
    assert workload_kind(DAEMONSET.split("\n")) == "DaemonSet"
    assert workload_kind(DEPLOYMENT.split("\n")) == "Deployment"
    assert workload_kind(["Name: x", "Update Strategy:  OnDelete"]) == "StatefulSet"
    assert workload_kind(["Name: x"]) == ""
