"""operator-migration-incomplete: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI, event
from telling import Incident, incident

CAUSE = "operator-migration-incomplete"
LABEL = "projectcalico.org/operator-node-migration"


def operator_was_scaled_to_zero(now: datetime) -> Incident:
    story = incident(
        "operator-put-to-sleep-in-the-middle-of-the-move",
        CAUSE,
        "IKS 1.28 to 1.29: half of the workers carry 'migrated' and run Calico in calico-system, the rest 'pre-operator' in kube-system. Then somebody scaled tigera-operator to 0. The two workers that the autoscaler added since have neither label, so no daemonset selects them: NotReady, no CNI, no calico-node. All calico-node pods that exist are ready.",
        "https://github.com/tigera/operator/blob/master/pkg/controller/migration/namespace_migration.go (node labels and selectors)",
        now,
        platform="vpc",
        calico="v3.26.4",
        kubernetes="v1.28.15+IKS",
        namespace="kube-system",
        difficulty="hard",
    )
    moved = story.workers(
        [f"10.242.19.{n}" for n in (5, 8)], age=8_000_000, since=7_900_000, labels={LABEL: "migrated"}
    )
    rest = story.workers(
        [f"10.242.19.{n}" for n in (12, 13)], age=8_000_000, since=7_900_000, labels={LABEL: "pre-operator"}
    )
    new = story.workers(
        ["10.242.19.21", "10.242.19.24"],
        ready=NO_CNI,
        since=9_600,
        age=9_650,
        version="v1.29.13+IKS",
        taints=[("node.kubernetes.io/not-ready", "NoSchedule"), ("node.kubernetes.io/not-ready", "NoExecute")],
    )
    for item in story.objects["Node"][-2:]:
        del item["metadata"]["annotations"]
        item["status"]["conditions"] = item["status"]["conditions"][1:]
    story.agents(rest, started=4_000_000, age=4_000_100)
    story.typha(rest[0], "rw2px", started=4_000_000)
    story.objects["Pod"][-1]["metadata"]["creationTimestamp"] = story.ago(4_000_090)
    story.namespace, before = "calico-system", story.calico
    story.calico = "v3.27.5"
    for n, node in enumerate(moved):
        story.agents([node], started=13_500 - 240 * n, age=13_520 - 240 * n)
    for at, suffix in ((moved[0], "j5mkd"), (moved[1], "8tzql")):
        story.typha(at, suffix, started=13_700)
        made = story.objects["Pod"][-1]
        made["metadata"]["creationTimestamp"] = made["status"]["startTime"] = story.ago(13_720)
    story.calico = before
    for n, node in enumerate(new):
        story.node_event(node, "NodeNotReady", f"Node {node} status is now: NodeNotReady", 9_600, type_="Normal")
        pod = story.other(
            f"ibm-vpc-block-csi-node-{'mc'[n]}w{n}8{'tz'[n]}",
            node,
            "none",
            "kube-system",
            "DaemonSet/ibm-vpc-block-csi-node",
            app="ibm-vpc-block-csi-node",
            ready=False,
            phase="Pending",
            waiting="ContainerCreating",
            age=9_640,
        )
        story.objects["Pod"][-1]["status"] |= {"podIPs": [], "hostIP": node}
        del story.objects["Pod"][-1]["status"]["podIP"]
        story.pod_event(
            pod,
            "NetworkNotReady",
            "network is not ready: container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized",
            5 + n,
            9_590,
            4_790,
            namespace="kube-system",
        )
    story.texts["get-deploy-ds.txt"] = """$ kubectl get deploy,ds -A -o wide | cut -c1-160 | egrep 'NAME|calico|tigera'
NAMESPACE         NAME                                          READY   UP-TO-DATE   AVAILABLE   AGE     CONTAINERS
calico-system     deployment.apps/calico-typha                  2/2     2            2           3h50m   calico-typha
kube-system       deployment.apps/calico-typha                  1/1     1            1           2y31d   calico-typha
tigera-operator   deployment.apps/tigera-operator               0/0     0            0           4h2m    tigera-operator

NAMESPACE       NAME                         DESIRED   CURRENT   READY   UP-TO-DATE   AVAILABLE   NODE SELECTOR                                                                   AGE
calico-system   daemonset.apps/calico-node   2         2         2       2            2           kubernetes.io/os=linux,projectcalico.org/operator-node-migration=migrated       3h49m
kube-system     daemonset.apps/calico-node   2         2         2       2            2           kubernetes.io/os=linux,projectcalico.org/operator-node-migration=pre-operator   2y31d
"""
    story.texts["tigerastatus.txt"] = (
        "NAME     AVAILABLE   PROGRESSING   DEGRADED   SINCE\ncalico   False       True          False      3h44m\n"
    )
    story.describe(new[0], story.pods[rest[0]])
    story.commands = {
        "nodes.txt": "get nodes --show-labels",
        "pods.txt": "get pods -A -o wide",
        f"describe-node-{new[0]}.txt": f"describe node {new[0]}",
        f"describe-node-{rest[0]}.txt": f"describe node {rest[0]}",
        f"describe-pod-{story.pods[rest[0]]}.txt": f"describe pod -n kube-system {story.pods[rest[0]]}",
    }
    lines = story.boot(rest[0], 4_000_000, [rest[1], *moved])
    for node, ago in ((moved[0], 13_540), (moved[1], 13_300)):
        bird = f"bird: Mesh_{node.replace('.', '_')}:"
        lines += [
            *story.quiet(ago + 900, ago + 5, 300),
            f"{bird} State changed to start",
            f"{bird} State changed to feed",
            f"{bird} State changed to up",
        ]
    story.log(story.pods[rest[0]], [*lines, *story.quiet(13_100, 20, 900)])
    story.affected = new
    story.cite("get-deploy-ds.txt", "deployment.apps/tigera-operator               0/0")
    story.cite("get-deploy-ds.txt", "projectcalico.org/operator-node-migration=migrated")
    return story


def rollout_waits_for_deletions(now: datetime) -> Incident:
    story = incident(
        "upgrade-that-stopped-because-of-on-delete",
        CAUSE,
        "Calico was updated by manifest from 3.25 to 3.28 five days ago, but the daemonset's strategy is OnDelete: only the three hosts whose pod was deleted or rebooted run the new calico-node, five still run the old one beside new Typha, kube-controllers and CRDs. Every pod is ready; what fails is that policies with the new tier are enforced on three hosts only.",
        "https://kubernetes.io/docs/tasks/manage-daemon/update-daemon-set/ (OnDelete) and https://docs.tigera.io/calico/latest/operations/upgrading/kubernetes-upgrade",
        now,
        platform="other",
        calico="v3.25.1",
        kubernetes="v1.28.9",
        namespace="kube-system",
        registry="registry.corp.example/calico",
        difficulty="medium",
        acceptable=["crd-or-version-mismatch"],
    )
    system = {
        "os_image": "SUSE Linux Enterprise Server 15 SP5",
        "kernel": "5.14.21-150500.55.65-default",
        "runtime": "containerd://1.7.10",
    }
    hosts = {f"sap-k{n:02d}": f"10.33.140.{50 + n}" for n in range(1, 9)}
    names = list(hosts)
    new = [names[0], names[3], names[6]]
    story.hosts(hosts, age=30_000_000, since=29_000_000, **system)
    for host in names:
        story.calico = "v3.28.1" if host in new else "v3.25.1"
        ago = 430_000 - 60_000 * names.index(host) if host in new else 14_000_000
        story.staff({host: hosts[host]}, started=ago, age=ago + 25)
    story.calico = "v3.28.1"
    for at, suffix in ((names[1], "dk7vw"), (names[4], "mz2rp")):
        story.typha(at, suffix, started=431_000)
        made = story.objects["Pod"][-1]
        made["metadata"]["creationTimestamp"] = made["status"]["startTime"] = story.ago(431_020)
    story.other(
        "calico-kube-controllers-6f9c7d5b98-nq8xl",
        names[2],
        "10.233.71.20",
        owner="ReplicaSet/calico-kube-controllers-6f9c7d5b98",
        app="calico-kube-controllers",
        image="registry.corp.example/calico/kube-controllers:v3.28.1",
        started=431_000,
        age=431_030,
    )
    story.calico = "v3.25.1"
    old = names[1]
    log = story.boot(old, 14_000_000, [a for n, a in hosts.items() if n != old], interface="bond1", prefix=24)
    log += [
        *story.quiet(436_000, 431_100, 900),
        story.say(
            430_990, "INFO", 61, "felix", "sync_client.go 434:", "Typha connection is down, will try to reconnect."
        ),
        story.say(430_988, "INFO", 61, "felix", "sync_client.go 185:", "Connected to Typha on attempt 1 attempt=1"),
        *story.quiet(9_000, 15, 700),
    ]
    story.log(story.pods[old], log, "calico-node-old-host.log")
    story.calico = "v3.28.1"
    log = story.boot(names[0], 430_000, [a for n, a in hosts.items() if n != names[0]], interface="bond1", prefix=24)
    story.log(story.pods[names[0]], [*log, *story.quiet(9_000, 12, 700)], "calico-node-new-host.log")
    story.texts["what we see.txt"] = (
        f"""After "kubectl apply -f calico-v3.28.1.yaml" last week ({story.stamp(431_030)[:10]}).
Security asked for a deny rule in a tier of its own. A test pod on {names[0]} is blocked as it should be,
the same pod on {names[1]}, {names[2]}, {names[4]}, {names[5]}, {names[7]} gets through.

# kubectl -n kube-system rollout status ds/calico-node
error: rollout status is only available for RollingUpdate strategy type

# kubectl -n kube-system get ds calico-node -o wide
NAME          DESIRED   CURRENT   READY   UP-TO-DATE   AVAILABLE   NODE SELECTOR            AGE      CONTAINERS    IMAGES                                          SELECTOR
calico-node   8         8         8       3            8           kubernetes.io/os=linux   2y218d   calico-node   registry.corp.example/calico/node:v3.28.1   k8s-app=calico-node

# kubectl -n kube-system get ds calico-node -o jsonpath='{{.spec.updateStrategy}}'
{{"type":"OnDelete"}}

# kubectl -n kube-system get pods -l k8s-app=calico-node -o custom-columns=NAME:.metadata.name,NODE:.spec.nodeName,IMAGE:.spec.containers[0].image
NAME                NODE      IMAGE
"""
        + "".join(
            f"{story.pods[n]}   {n}   registry.corp.example/calico/node:{'v3.28.1' if n in new else 'v3.25.1'}\n"
            for n in names
        )
        + """
# calicoctl get clusterinformation default -o yaml | grep calicoVersion
  calicoVersion: v3.28.1
"""
    )
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -n kube-system -o wide",
        "describe calico-node old.txt": f"describe pod -n kube-system {story.pods[old]}",
        "describe calico-node new.txt": f"describe pod -n kube-system {story.pods[names[0]]}",
    }
    story.affected = [n for n in names if n not in new]
    story.cite("what we see.txt", '{"type":"OnDelete"}')
    return story


def old_operator_was_left_running(now: datetime) -> Incident:
    story = incident(
        "the-old-operator-was-left-running-beside-the-new-one",
        CAUSE,
        "Calico was upgraded by helm into another namespace, but the operator of the first installation (v1.20) was never removed. Both reconcile the one Installation: the daemonset's template goes to and fro between v3.20.6 and v3.24.5, so calico-node is rolled without end, some hosts have the one release, some the other, and none gets old. Sessions and probes of the pods just replaced are loud; two operator deployments and the count of revisions decide.",
        "https://docs.tigera.io/calico/latest/operations/upgrading/kubernetes-upgrade (operator, helm) and https://github.com/projectcalico/calico/issues/6980",
        now,
        platform="other",
        calico="v3.24.5",
        kubernetes="v1.22.17",
        registry="quay.io/calico",
        difficulty="hard",
        acceptable=["crd-or-version-mismatch"],
    )
    system = {
        "os_image": "Oracle Linux Server 8.7",
        "kernel": "5.15.0-6.80.3.1.el8uek.x86_64",
        "runtime": "containerd://1.6.15",
    }
    hosts = {f"ol8-k{n}": f"10.120.5.{60 + n}" for n in range(1, 7)}
    names = list(hosts)
    story.hosts(hosts, age=31_000_000, since=30_000_000, **system)
    ages = {names[0]: 1_310, names[1]: 1_120, names[2]: 860, names[3]: 640, names[4]: 330, names[5]: 48}
    older = [names[0], names[1], names[4]]
    for host in names:
        story.calico = "v3.20.6" if host in older else "v3.24.5"
        story.staff({host: hosts[host]}, started=ages[host] - 14, age=ages[host], ready=host != names[5])
    story.calico = "v3.24.5"
    last = story.pods[names[5]]
    story.probe(last, "BIRD is not ready: BGP not established with " + ",".join(hosts[h] for h in names[:4]), 22, 28, 1)
    for host in names[:5]:
        story.not_established(
            story.pods[host], [hosts[names[5]], hosts[names[0]]], ages[host] - 22, ages[host] - 25, 1, established=3
        )
    for suffix, ago in (("x4dkw", 12_400), ("9gq6t", 4_350), ("zm7hr", 2_220), ("lb2fx", 60)):
        story.pod_event(f"calico-node-{suffix}", "Killing", "Stopping container calico-node", ago, type_="Normal")
    event(
        story,
        "DaemonSet",
        "calico-node",
        "SuccessfulDelete",
        "Deleted pod: calico-node-lb2fx",
        60,
        88_000,
        743,
        type_="Normal",
        source="daemonset-controller",
    )
    event(
        story,
        "DaemonSet",
        "calico-node",
        "SuccessfulCreate",
        f"Created pod: {last}",
        48,
        88_000,
        746,
        type_="Normal",
        source="daemonset-controller",
    )
    story.other(
        "tigera-operator-698876cbb5-h4c8d",
        names[1],
        namespace="tigera-operator",
        owner="ReplicaSet/tigera-operator-698876cbb5",
        app="tigera-operator",
        image="quay.io/tigera/operator:v1.20.10",
        age=8_000_000,
        started=7_900_000,
    )
    story.other(
        "tigera-operator-6bb888d6fc-wx9pl",
        names[3],
        namespace="calico-helm",
        owner="ReplicaSet/tigera-operator-6bb888d6fc",
        app="tigera-operator",
        image="quay.io/tigera/operator:v1.28.5",
        age=88_200,
        started=88_150,
    )
    story.typha(names[0], "p2v9s", started=400)
    typha = story.objects["Pod"][-1]
    typha["metadata"]["creationTimestamp"] = typha["status"]["startTime"] = story.ago(420)
    story.other(
        "calico-kube-controllers-78687bb75f-c6r2n",
        names[2],
        "10.244.60.12",
        "calico-system",
        "ReplicaSet/calico-kube-controllers-78687bb75f",
        app="calico-kube-controllers",
        image="quay.io/calico/kube-controllers:v3.24.5",
        age=380,
        started=360,
    )
    me = names[3]
    log = story.boot(
        me,
        ages[me] - 16,
        [a for h, a in hosts.items() if h != me],
        up=[hosts[h] for h in names[:3]],
        interface="ens3",
        prefix=24,
    )
    for host in names[4:]:
        mesh = f"bird: Mesh_{hosts[host].replace('.', '_')}:"
        ago = ages[host]
        log += [
            *story.quiet(ago + 200, ago + 30, 62),
            f"{mesh} State changed to start",
            *(
                [f"{mesh} State changed to feed", f"{mesh} State changed to up"]
                if host == names[4]
                else [f"{mesh} Socket: Connection refused"]
            ),
        ]
    log += story.quiet(40, 5, 30)
    story.log(story.pods[me], log)

    def said(ago: float, logger: str, text: str, level: str = "info") -> str:
        return f'{{"level":"{level}","ts":{now.timestamp() - ago:.7f},"logger":"{logger}","msg":"{text}","Request.Namespace":"","Request.Name":"default"}}'

    new = [
        f"{story.stamp(88_140)[:19].replace('-', '/')} [INFO] Version: v1.28.5",
        f"{story.stamp(88_140)[:19].replace('-', '/')} [INFO] Go Version: go1.18.8b7",
        f"{story.stamp(88_131)[:19].replace('-', '/')} [INFO] Active operator: proceeding",
    ]
    for ago in (1_180, 905, 612, 298, 66):
        new.append(said(ago, "controller_installation", "Reconciling Installation.operator.tigera.io"))
        new.append(said(ago - 2, "status_manager.calico", "Status manager is not ready to report component statuses."))
    story.texts["operator-calico-helm.log"] = "\n".join(new) + "\n"
    old = [
        said(ago, "controller_installation", "Reconciling Installation.operator.tigera.io")
        for ago in (1_330, 1_070, 700, 345, 90)
    ]
    story.texts["operator-tigera-operator.log"] = "\n".join(old) + "\n"
    story.texts["rollout.txt"] = """$ kubectl -n calico-system get ds calico-node -o wide
NAME          DESIRED   CURRENT   READY   UP-TO-DATE   AVAILABLE   NODE SELECTOR            AGE    CONTAINERS    IMAGES                        SELECTOR
calico-node   6         6         5       1            5           kubernetes.io/os=linux   358d   calico-node   quay.io/calico/node:v3.24.5   k8s-app=calico-node
$ sleep 120; kubectl -n calico-system get ds calico-node -o jsonpath='{.metadata.generation} {.spec.template.spec.containers[0].image}'
1527 quay.io/calico/node:v3.20.6
$ kubectl -n calico-system rollout history ds calico-node | tail -4
1520      <none>
1523      <none>
1524      <none>

$ kubectl get deploy -A | grep -i operator
calico-helm       tigera-operator           1/1     1            1           24h
tigera-operator   tigera-operator           1/1     1            1           358d
"""
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        f"describe-{last}.txt": f"describe pod -n calico-system {last}",
        f"describe-{story.pods[names[0]]}.txt": f"describe pod -n calico-system {story.pods[names[0]]}",
        "describe-operator-old.txt": "describe pod -n tigera-operator tigera-operator-698876cbb5-h4c8d",
        "describe-operator-new.txt": "describe pod -n calico-helm tigera-operator-6bb888d6fc-wx9pl",
    }
    story.events()
    story.affected = names
    story.cite("rollout.txt", "tigera-operator   tigera-operator           1/1     1            1           358d")
    return story


STORIES = [operator_was_scaled_to_zero, rollout_waits_for_deletions, old_operator_was_left_running]
