"""Make a big `kubectl describe nodes` or an OpenShift must-gather of many YAML objects. The seed decides every byte.

    python benchmarks/make_objects.py /tmp/nodes.txt --nodes 5000
    python benchmarks/make_objects.py /tmp/must-gather --objects 20000

Most is well; one worker is Unknown and its calico-node cannot be reached.
"""

# ruff: noqa: E501 - lines of outputs are as long as they are
from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LETTERS = "bcdfghjklmnpqrstvwxz2456789"


def suffix(chance: random.Random, length: int = 5) -> str:
    """Give the random end of a name."""
    return "".join(chance.choice(LETTERS) for _ in range(length))


def address(number: int) -> str:
    """Give the address of a worker."""
    return f"10.{96 + number // 60000}.{number // 240 % 250}.{number % 240 + 10}"


def stamp(moment: datetime) -> str:
    """Give a time as describe prints it."""
    return moment.strftime("%a, %d %b %Y %H:%M:%S +0000")


def describe_nodes(count: int, pods: int = 60, seed: int = 1) -> Iterator[str]:
    """Give the description of each node; about 12 KB each with 60 pods."""
    for number in range(count):
        chance = random.Random(f"{seed}-{number}")
        yield ("" if number == 0 else "\n\n") + describe_node(number, pods, chance, lost=number == count // 2)


def describe_node(number: int, pods: int, chance: random.Random, lost: bool) -> str:
    """Give one description."""
    name = address(number)
    beat = NOW - (timedelta(hours=2) if lost else timedelta(seconds=chance.randrange(240)))
    created = NOW - timedelta(days=20, seconds=number)
    labels = {
        "arch": "amd64", "beta.kubernetes.io/arch": "amd64", "beta.kubernetes.io/os": "linux",
        "ibm-cloud.kubernetes.io/iaas-provider": "g2", "ibm-cloud.kubernetes.io/internal-ip": name,
        "ibm-cloud.kubernetes.io/region": "us-south", "ibm-cloud.kubernetes.io/subnet-id": f"0717-subnet-{number % 3}",
        "ibm-cloud.kubernetes.io/worker-id": f"kube-cq0bench0f0d0000-demo-default-{number:08x}",
        "ibm-cloud.kubernetes.io/worker-pool-name": "default",
        "ibm-cloud.kubernetes.io/worker-version": "1.31.4_1532", "ibm-cloud.kubernetes.io/zone": f"us-south-{number % 3 + 1}",
        "kubernetes.io/hostname": name, "topology.kubernetes.io/zone": f"us-south-{number % 3 + 1}",
    }  # fmt: skip
    lines = [f"Name:               {name}", "Roles:              <none>"]
    for place, (key, value) in enumerate(labels.items()):
        lines.append(f"{'Labels:' if place == 0 else '':20}{key}={value}")
    lines += [
        f"Annotations:        projectcalico.org/IPv4Address: {name}/18",
        f"                    projectcalico.org/IPv4IPIPTunnelAddr: 172.{17 + number // 65536}.{number // 256 % 256}.{number % 256}",
        f"CreationTimestamp:  {stamp(created)}",
        "Taints:             " + ("node.kubernetes.io/unreachable:NoExecute" if lost else "<none>"),
        "Unschedulable:      false", "Lease:", f"  HolderIdentity:  {name}", "  AcquireTime:     <unset>",
        f"  RenewTime:       {stamp(beat)}", "Conditions:",
        "  Type                 Status  LastHeartbeatTime                 LastTransitionTime                Reason                       Message",
        "  ----                 ------  -----------------                 ------------------                ------                       -------",
        f"  NetworkUnavailable   False   {stamp(created)}   {stamp(created)}   CalicoIsUp                   Calico is running on this node",
    ]  # fmt: skip
    for type_, reason in (("MemoryPressure", "KubeletHasSufficientMemory"), ("DiskPressure", "KubeletHasNoDiskPressure"),
                          ("PIDPressure", "KubeletHasSufficientPID"), ("Ready", "KubeletReady")):  # fmt: skip
        status = "Unknown" if lost else "True" if type_ == "Ready" else "False"
        words = "Kubelet stopped posting node status." if lost else f"kubelet says {reason}"
        reason = "NodeStatusUnknown" if lost else reason
        lines.append(f"  {type_:20} {status:7} {stamp(beat)}   {stamp(created)}   {reason:28} {words}")
    lines += ["Addresses:", f"  InternalIP:  {name}", f"  Hostname:    {name}", "Capacity:", "  cpu:                16",
              "  memory:             65265152Ki", "  pods:               110", "Allocatable:", "  cpu:                15910m",
              "  memory:             59484992Ki", "  pods:               110", "System Info:",
              f"  Machine ID:                 {chance.randbytes(16).hex()}", "  Kernel Version:             5.15.0-130-generic",
              "  OS Image:                   Ubuntu 22.04.5 LTS", "  Operating System:           linux",
              "  Architecture:               amd64", "  Container Runtime Version:  containerd://1.7.24",
              "  Kubelet Version:            v1.31.4+IKS", "  Kube-Proxy Version:         v1.31.4+IKS",
              f"ProviderID:                   ibm://bench///cq0bench/kube-cq0bench0f0d0000-demo-default-{number:08x}",
              f"Non-terminated Pods:          ({pods} in total)",
              "  Namespace                   Name                                        CPU Requests  CPU Limits  Memory Requests  Memory Limits  Age",
              "  ---------                   ----                                        ------------  ----------  ---------------  -------------  ---"]  # fmt: skip
    for place in range(pods):
        pod = (
            f"calico-node-{suffix(chance)}" if place == 0 else f"shop-{place % 12}-{suffix(chance, 9)}-{suffix(chance)}"
        )
        space = "calico-system" if place == 0 else f"team-{place % 7}"
        lines.append(f"  {space:27} {pod:43} 250m (1%)     500m (3%)   80Mi (0%)        160Mi (0%)     20d")
    lines += ["Allocated resources:", "  (Total limits may be over 100 percent, i.e., overcommitted.)",
              "  Resource           Requests      Limits", "  --------           --------      ------",
              f"  cpu                {pods * 250}m (94%)  {pods * 500}m (188%)", f"  memory             {pods * 80}Mi (8%)  {pods * 160}Mi (16%)",
              "Events:"]  # fmt: skip
    if number % 5 == 0:
        lines += ["  Type    Reason                   Age                From     Message", "  ----    ------                   ----               ----     -------"]  # fmt: skip
        for reason in ("NodeHasSufficientMemory", "NodeHasNoDiskPressure", "NodeHasSufficientPID"):
            lines.append(f"  Normal  {reason:24} 6m (x48 over 118m)  kubelet  Node {name} status is now: {reason}")
    else:
        lines[-1] = "Events:              <none>"
    return "\n".join(lines) + "\n"


def pod_yaml(
    name: str, namespace: str, node: str, calico: bool, chance: random.Random, ready: bool = True
) -> list[str]:
    """Give the lines of a Pod as ``oc get -o yaml`` prints it, bookkeeping of the API server included."""
    container = "calico-node" if calico else "app"
    image = "icr.io/ext/calico/node:v3.28.2" if calico else f"icr.io/shop/app:{chance.randrange(90)}"
    started = NOW - timedelta(days=chance.randrange(1, 20))
    when = started.strftime("%Y-%m-%dT%H:%M:%SZ")
    lines = ["apiVersion: v1", "kind: Pod", "metadata:", "  annotations:", "    k8s.v1.cni.cncf.io/network-status: |-",
             "      [{", '          "name": "k8s-pod-network",', '          "ips": [', f'              "{address(chance.randrange(9999))}"',
             "          ],", '          "default": true,', '          "dns": {}', "      }]",
             "    openshift.io/scc: privileged", f'  creationTimestamp: "{when}"', f"  generateName: {name[:-5]}",
             "  labels:", f"    k8s-app: {container}", f"    pod-template-hash: {suffix(chance, 10)}",
             "  managedFields:", "  - apiVersion: v1", "    fieldsType: FieldsV1", "    fieldsV1:"]  # fmt: skip
    for part in ("metadata", "spec", "status"):
        lines.append(f"      f:{part}:")
        for number in range(14):
            lines += [f"        f:field{number}:", '          ".": {}', "          f:name: {}", f'          k:{{"name":"v{number}"}}:', "            f:mountPath: {}"]  # fmt: skip
    lines += ["    manager: kube-controller-manager", "    operation: Update", f'    time: "{when}"',
              f"  name: {name}", f"  namespace: {namespace}", "  ownerReferences:",
              f"  - apiVersion: apps/v1\n    blockOwnerDeletion: true\n    controller: true\n    kind: {'DaemonSet' if calico else 'ReplicaSet'}",
              f"    name: {'calico-node' if calico else name[:-6]}", f"    uid: {chance.randbytes(16).hex()}",
              f'  resourceVersion: "{chance.randrange(10**8)}"', f"  uid: {chance.randbytes(16).hex()}", "spec:", "  containers:",
              "  - command:", "    - /bin/run", "    - --config=/etc/app/config.yaml", "    env:"]  # fmt: skip
    for number in range(12):
        lines += [f"    - name: SETTING_{number}", f'      value: "{chance.randrange(10**6)}"']
    lines += ["    - name: NODENAME", "      valueFrom:", "        fieldRef:", "          apiVersion: v1", "          fieldPath: spec.nodeName",
              f"    image: {image}", "    imagePullPolicy: IfNotPresent", f"    name: {container}", "    readinessProbe:", "      exec:",
              "        command:", "        - /bin/ready", "      failureThreshold: 3", "      periodSeconds: 30", "      successThreshold: 1",
              "      timeoutSeconds: 10", "    resources:", "      requests:", "        cpu: 250m", "        memory: 80Mi",
              "    securityContext:", "      privileged: true", "    terminationMessagePath: /dev/termination-log",
              "    terminationMessagePolicy: File", "    volumeMounts:"]  # fmt: skip
    for number in range(8):
        lines += [f"    - mountPath: /var/lib/part{number}", f"      name: part{number}", "      readOnly: true"]
    lines += ["  dnsPolicy: ClusterFirst", "  hostNetwork: true", f"  nodeName: {node}", "  priority: 2000001000", "  restartPolicy: Always",
              "  serviceAccountName: default", "  tolerations:", "  - operator: Exists", "  volumes:"]  # fmt: skip
    for number in range(8):
        lines += [
            f"  - hostPath:\n      path: /var/lib/part{number}\n      type: DirectoryOrCreate\n    name: part{number}"
        ]
    lines += ["status:", "  conditions:"]
    for type_ in ("Initialized", "Ready", "ContainersReady", "PodScheduled"):
        status = "True" if ready or "Ready" not in type_ else "False"
        lines += [
            "  - lastProbeTime: null",
            f'    lastTransitionTime: "{when}"',
            f'    status: "{status}"',
            f"    type: {type_}",
        ]
    lines += ["  containerStatuses:", f"  - containerID: cri-o://{chance.randbytes(32).hex()}", f"    image: {image}",
              f"    imageID: icr.io/ext@sha256:{chance.randbytes(32).hex()}", "    lastState: {}", f"    name: {container}",
              f"    ready: {'true' if ready else 'false'}", "    restartCount: 0", "    started: true", "    state:", "      running:", f'        startedAt: "{when}"',
              f"  hostIP: {node}", "  phase: Running", f"  podIP: {node}", "  podIPs:", f"  - ip: {node}", "  qosClass: Burstable",
              f'  startTime: "{when}"']  # fmt: skip
    return "\n".join(lines).split("\n")


def event_yaml(name: str, namespace: str, node: str, chance: random.Random) -> list[str]:
    """Give the lines of an Event."""
    when = (NOW - timedelta(minutes=chance.randrange(180))).strftime("%Y-%m-%dT%H:%M:%SZ")
    return [
        "apiVersion: v1", f"count: {chance.randrange(1, 40)}", "eventTime: null", f'firstTimestamp: "{when}"', "involvedObject:",
        "  apiVersion: v1", "  fieldPath: spec.containers{app}", "  kind: Pod", f"  name: {name}", f"  namespace: {namespace}",
        f'  resourceVersion: "{chance.randrange(10**8)}"', "kind: Event", f'lastTimestamp: "{when}"',
        f'message: \'Readiness probe failed: Get "http://{node}:8080/health": context deadline exceeded', "  (Client.Timeout exceeded while awaiting headers)'",
        "metadata:", f'  creationTimestamp: "{when}"', f"  name: {name}.{chance.randbytes(8).hex()}", f"  namespace: {namespace}",
        f"  uid: {chance.randbytes(16).hex()}", "reason: Unhealthy", 'reportingComponent: ""', 'reportingInstance: ""', "source:",
        "  component: kubelet", f"  host: {node}", "type: Warning",
    ]  # fmt: skip


def configmap_yaml(name: str, namespace: str, chance: random.Random) -> list[str]:
    """Give the lines of a ConfigMap with a file in it."""
    body = [f"    key{number}: {chance.randbytes(9).hex()}" for number in range(40)]
    return ["apiVersion: v1", "data:", "  config.yaml: |", *body, "kind: ConfigMap", "metadata:",
            '  creationTimestamp: "2026-01-02T03:04:05Z"', f"  name: {name}", f"  namespace: {namespace}", f"  uid: {chance.randbytes(16).hex()}"]  # fmt: skip


def as_list(kind: str, items: list[list[str]]) -> str:
    """Give a list of objects as ``oc adm inspect`` writes it."""
    lines = ["---", "apiVersion: v1", "items:"]
    for item in items:
        lines += ["- " + item[0], *("  " + line for line in item[1:])]
    return "\n".join([*lines, f"kind: {kind}List", "metadata:", '  resourceVersion: "1"', ""])


def must_gather(folder: Path, objects: int, seed: int = 1) -> int:
    """Write the tree of a must-gather; gives the number of objects: pods twice (alone and in a list), events, ConfigMaps."""
    chance = random.Random(seed)
    root = folder / "must-gather.local.1" / "quay-io-openshift"
    written, space = 0, 0
    while written < objects:
        namespace = "calico-system" if space == 0 else f"team-{space}"
        home = root / "namespaces" / namespace
        (home / "core").mkdir(parents=True, exist_ok=True)
        pods = []
        for number in range(60):
            calico = space == 0
            name = f"{'calico-node' if calico else f'shop-{number}-{suffix(chance, 9)}'}-{suffix(chance)}"
            lines = pod_yaml(name, namespace, address(number % 30), calico, chance, ready=not (calico and number == 7))
            pods.append(lines)
            (home / "pods" / name).mkdir(parents=True, exist_ok=True)
            (home / "pods" / name / f"{name}.yaml").write_text("\n".join(["---", *lines, ""]))
        events = [event_yaml(f"shop-{n}", namespace, address(n % 30), chance) for n in range(200)]
        maps = [configmap_yaml(f"settings-{n}", namespace, chance) for n in range(80)]
        for kind, items in (("Pod", pods), ("Event", events), ("ConfigMap", maps)):
            (home / "core" / f"{kind.lower()}s.yaml").write_text(as_list(kind, items))
        written += 2 * len(pods) + len(events) + len(maps)
        space += 1
    return written


def main() -> None:
    """Write what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("path", type=Path)
    parser.add_argument("--nodes", type=int, default=0)
    parser.add_argument("--objects", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    if given.nodes:
        with given.path.open("w", encoding="utf-8") as file:
            file.writelines(describe_nodes(given.nodes, seed=given.seed))
    if given.objects:
        print(must_gather(given.path, given.objects, given.seed), "objects")


if __name__ == "__main__":
    main()
