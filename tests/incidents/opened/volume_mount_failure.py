"""volume-mount-failure: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime

from cluster import container, join
from telling import Incident, incident

CAUSE = "volume-mount-failure"


def templates_of_bird_were_pruned(now: datetime) -> Incident:
    story = incident(
        "config-map-of-the-bird-templates-was-pruned",
        CAUSE,
        "The customer mounts templates of his own for BIRD from the config map bird-templates. A change of the GitOps repository pruned it; nothing happened until calico-node of two hosts was made anew (a reboot, a deleted pod): both wait in Init with 'configmap \"bird-templates\" not found'. The neighbours and the top-of-rack switch miss these two.",
        "https://github.com/tigera/operator/blob/master/pkg/render/node.go (bird-templates); here with a manifest of the customer's own",
        now,
        platform="other",
        calico="v3.22.4",
        kubernetes="v1.23.16",
        namespace="kube-system",
        registry="quay.io/calico",
        difficulty="easy",
    )
    hosts = {f"cdn-r2-{n:02d}": f"10.204.12.{n}" for n in range(11, 17)}
    bad = ["cdn-r2-12", "cdn-r2-15"]
    story.hosts(hosts, age=28_000_000, since=6_000_000, os_image="Debian GNU/Linux 11 (bullseye)", kernel="5.10.0-28-amd64", runtime="containerd://1.6.20")  # fmt: skip
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=7_000_000, age=7_000_100)
    volumes = [
        {"name": "lib-modules", "hostPath": {"path": "/lib/modules", "type": ""}},
        {"name": "var-run-calico", "hostPath": {"path": "/var/run/calico", "type": ""}},
        {"name": "var-lib-calico", "hostPath": {"path": "/var/lib/calico", "type": ""}},
        {"name": "bird-templates", "configMap": {"name": "bird-templates", "defaultMode": 420}},
    ]
    names = []
    for i, node in enumerate(bad):
        init = [container(story, "install-cni", "quay.io/calico/cni:v3.22.4", ready=False, waiting="PodInitializing")]
        age = 8_900 - 3_100 * i
        names += story.staff({node: hosts[node]}, init=init, ready=False, waiting="PodInitializing", phase="Pending", age=age)  # fmt: skip
        story.pod_event(names[-1], "Scheduled", f"Successfully assigned kube-system/{names[-1]} to {node}", age, type_="Normal", source="default-scheduler")  # fmt: skip
        story.pod_event(names[-1], "FailedMount", 'MountVolume.SetUp failed for volume "bird-templates" : configmap "bird-templates" not found', 70 + 21 * i, age - 1, 78 - 25 * i)  # fmt: skip
        story.pod_event(names[-1], "FailedMount", "Unable to attach or mount volumes: unmounted volumes=[bird-templates], unattached volumes=[lib-modules var-run-calico var-lib-calico bird-templates kube-api-access-m2x4q]: timed out waiting for the condition", 190, age - 122, 54 - 18 * i)  # fmt: skip
    for made in story.objects["Pod"]:
        made["spec"]["volumes"] = volumes
    story.node_event("cdn-r2-12", "Rebooted", "Node cdn-r2-12 has been rebooted, boot id: 51e2ab0f-91c1-4d6f-8a4a-7d0c3f2be916", 8_990)  # fmt: skip
    cache = story.other("edge-cache-7b9d5c6f4-x8nqt", "cdn-r2-12", "10.233.94.21", "edge", "ReplicaSet/edge-cache-7b9d5c6f4", app="edge-cache", ready=False, restarts=1, started=8_950, age=900_000)  # fmt: skip
    story.pod_event(cache, "Unhealthy", "Readiness probe failed: origin check: dial tcp 10.233.88.40:8080: i/o timeout", 12, 8_900, 880, namespace="edge")  # fmt: skip
    me = story.pods["cdn-r2-11"]
    lines = story.quiet(20_000, 9_100, 1_900)
    for a in ("10_204_12_12", "10_204_12_15"):
        lines += [f"bird: Mesh_{a}: {x}" for x in ("Error: Hold timer expired" if a.endswith("_12") else "Received: Administrative shutdown", "State changed to stop", "State changed to down", "Starting", "State changed to start")]  # fmt: skip
        lines += story.quiet(8_700 if a.endswith("_12") else 5_500, 6_000 if a.endswith("_12") else 30, 1_100)
    story.log(me, lines)
    story.texts["flux-events.txt"] = (
        f"LAST SEEN              REASON                    OBJECT                  MESSAGE\n{story.ago(12_030)}   Progressing               kustomization/network   ConfigMap/kube-system/bird-templates deleted\n{story.ago(12_030)}   ReconciliationSucceeded   kustomization/network   Reconciliation finished in 1.84s, next run in 10m0s\n"
    )
    story.describe("cdn-r2-12", names[0])
    story.events()
    story.affected = bad
    story.cite(f"describe-pod-{names[0]}.txt", 'configmap "bird-templates" not found')
    return story


def nobody_publishes_the_root_authority(now: datetime) -> Incident:
    story = incident(
        "publisher-of-kube-root-ca-is-disabled",
        CAUSE,
        "A cluster made by hand was upgraded to 1.22: its controller-manager runs with a list of controllers that leaves out root-ca-cert-publisher, so no namespace has kube-root-ca.crt, which each token volume now needs. Pods that are made anew wait for kube-api-access: calico-node of the three nodes that were installed anew with 1.22, and kube-controllers. Loud are these nodes' 'cni plugin not initialized' and BGP; what was not touched runs on.",
        "https://github.com/kubernetes/kubernetes/issues/111938 and https://github.com/MoJo2600/pihole-kubernetes/issues/300",
        now,
        platform="other",
        calico="v3.21.6",
        kubernetes="v1.22.17",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="hard",
    )
    hosts = {f"hw-node{n}": f"10.60.0.{100 + n}" for n in range(1, 7)}
    bad = ["hw-node1", "hw-node2", "hw-node3"]
    system = {"os_image": "Ubuntu 18.04.6 LTS", "kernel": "4.15.0-200-generic", "runtime": "containerd://1.5.11"}
    no_cni = ("False", "KubeletNotReady", "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized")  # fmt: skip
    for i, node in enumerate(bad):
        story.hosts({node: hosts[node]}, age=4_240 - 900 * i, ready=no_cni, since=4_239 - 900 * i, calico_up=False, taints=[("node.kubernetes.io/not-ready", "NoSchedule")], **system)  # fmt: skip
    story.hosts({k: v for k, v in hosts.items() if k not in bad}, age=50_000_000, since=15_000_000, **{**system, "version": "v1.21.14"})  # fmt: skip
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=14_000_000, age=14_000_100)
    names = []
    for i, node in enumerate(bad):
        inits = [
            container(story, "upgrade-ipam", "docker.io/calico/cni:v3.21.6", ready=False, waiting="PodInitializing"),
            container(story, "install-cni", "docker.io/calico/cni:v3.21.6", ready=False, waiting="PodInitializing"),
        ]
        age = 4_200 - 900 * i
        names += story.staff({node: hosts[node]}, init=inits, ready=False, waiting="PodInitializing", phase="Pending", age=age)  # fmt: skip
        volume = f"kube-api-access-{'n7k4x'[i:] + 'q2zvd'[:i]}"
        story.pod_event(names[-1], "Scheduled", f"Successfully assigned kube-system/{names[-1]} to {node}", age, type_="Normal", source="default-scheduler")  # fmt: skip
        story.pod_event(names[-1], "FailedMount", f'MountVolume.SetUp failed for volume "{volume}" : configmap "kube-root-ca.crt" not found', 31 + 12 * i, age - 1, 41 - 8 * i)  # fmt: skip
        story.pod_event(names[-1], "FailedMount", f"Unable to attach or mount volumes: unmounted volumes=[{volume}], unattached volumes=[xtables-lock policysync {volume} cni-net-dir lib-modules]: timed out waiting for the condition", 100, age - 125, 28 - 6 * i)  # fmt: skip
        story.node_event(node, "Starting", "Starting kubelet.", 4_241 - 900 * i, type_="Normal")
        story.node_event(node, "RegisteredNode", f"Node {node} event: Registered Node {node} in Controller", 4_236 - 900 * i, type_="Normal", source="node-controller")  # fmt: skip
    ctl = story.other("calico-kube-controllers-85578c44bf-6tkwp", "hw-node5", "none", owner="ReplicaSet/calico-kube-controllers-85578c44bf", app="calico-kube-controllers", image="docker.io/calico/kube-controllers:v3.21.6", ready=False, phase="Pending", waiting="ContainerCreating", age=4_250)  # fmt: skip
    status = story.objects["Pod"][-1]["status"]
    status |= {"podIPs": []}
    del status["podIP"]
    story.pod_event(ctl, "FailedMount", 'MountVolume.SetUp failed for volume "kube-api-access-9wd5c" : configmap "kube-root-ca.crt" not found', 88, 4_245, 40)  # fmt: skip
    ok = story.pods["hw-node6"]
    story.not_established(ok, [hosts[k] for k in bad], 3_000_000, 3_000_030, 1, established=2)
    lines = story.quiet(9_000, 4_400, 900)
    for k, ago in zip(bad, (4_000, 3_100, 2_200), strict=True):
        a = hosts[k].replace(".", "_")
        lines += [f"bird: Mesh_{a}: {x}" for x in ("Error: Hold timer expired", "State changed to stop", "State changed to down", "Starting", "State changed to start")]  # fmt: skip
        lines += story.quiet(ago, ago - 800, 390)
    story.log(ok, lines)
    story.texts["kube-controller-manager-hw-master.log"] = join([
        f"I{story.klog(6_100)}       1 controllermanager.go:186] Version: v1.22.17",
        f"I{story.klog(6_099)}       1 secure_serving.go:200] Serving securely on 127.0.0.1:10257",
        f"I{story.klog(6_080)}       1 leaderelection.go:258] successfully acquired lease kube-system/kube-controller-manager",
        f'I{story.klog(6_079)}       1 controllermanager.go:577] Started "endpoint"',
        f'I{story.klog(6_079)}       1 controllermanager.go:577] Started "serviceaccount"',
        f'I{story.klog(6_078)}       1 controllermanager.go:577] Started "daemonset"',
        f'W{story.klog(6_078)}       1 controllermanager.go:550] "bootstrapsigner" is disabled',
        f'W{story.klog(6_078)}       1 controllermanager.go:550] "root-ca-cert-publisher" is disabled',
        f'I{story.klog(6_078)}       1 controllermanager.go:577] Started "nodeipam"',
        f"I{story.klog(4_290)}       1 node_lifecycle_controller.go:1164] Controller detected that zone  is now in state Normal.",
    ])  # fmt: skip
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -n kube-system -o wide",
        "describe-node-hw-node1.txt": "describe node hw-node1",
        "describe-calico-node-hw-node1.txt": f"describe pod -n kube-system {names[0]}",
        "describe-kube-controllers.txt": f"describe pod -n kube-system {ctl}",
    }
    story.affected = bad
    story.cite("describe-calico-node-hw-node1.txt", 'configmap "kube-root-ca.crt" not found')
    return story


def var_lib_calico_is_a_link_to_an_absent_disk(now: datetime) -> Incident:
    story = incident(
        "var-lib-calico-is-a-link-into-a-disk-that-is-not-mounted",
        CAUSE,
        "On one host an administrator had moved /var/lib/calico to a data disk and left a symbolic link. After a reboot that disk is not mounted: the kubelet's mount of var-lib-calico ends with 'mkdir /var/lib/calico: file exists' and calico-node of this host stays in Init. Neighbours miss it in BGP, sandboxes there fail for the nodename file; both are consequences.",
        "https://github.com/kubernetes/kubernetes/blob/master/pkg/volume/hostpath/host_path.go (DirectoryOrCreate) and https://github.com/kubernetes/kubernetes/issues/61456",
        now,
        platform="other",
        calico="v3.22.1",
        kubernetes="v1.22.17",
        registry="docker.io/calico",
        difficulty="easy",
    )
    hosts = {f"hq-node{n}": f"10.13.50.{10 + n}" for n in range(1, 6)}
    bad = "hq-node4"
    system = {"os_image": "Ubuntu 20.04.5 LTS", "kernel": "5.4.0-135-generic", "runtime": "docker://20.10.21"}
    story.hosts({k: v for k, v in hosts.items() if k != bad}, age=30_000_000, since=11_000_000, **system)
    story.hosts({bad: hosts[bad]}, age=30_000_000, since=4_690, **system)
    good = [k for k in hosts if k != bad]
    story.staff({k: hosts[k] for k in good}, started=10_900_000, age=10_900_050)
    init = [
        container(story, x, f"docker.io/calico/{i}:v3.22.1", ready=False, waiting="PodInitializing")
        for x, i in (("flexvol-driver", "pod2daemon-flexvol"), ("install-cni", "cni"))
    ]
    name = story.staff({bad: hosts[bad]}, init=init, ready=False, waiting="PodInitializing", phase="Pending", age=4_380)[0]  # fmt: skip
    story.pod_event(name, "Scheduled", f"Successfully assigned calico-system/{name} to {bad}", 4_380, type_="Normal", source="default-scheduler")  # fmt: skip
    story.pod_event(name, "FailedMount", 'MountVolume.SetUp failed for volume "var-lib-calico" : mkdir /var/lib/calico: file exists', 62, 4_378, 43)  # fmt: skip
    for n, left in enumerate(("[xtables-lock policysync typha-ca felix-certs var-lib-calico cni-net-dir lib-modules kube-api-access-6jzrt cni-bin-dir host-local-net-dir var-run-calico flexvol-driver-host]", "[felix-certs flexvol-driver-host kube-api-access-6jzrt var-run-calico lib-modules xtables-lock policysync typha-ca cni-bin-dir var-lib-calico cni-net-dir host-local-net-dir]")):  # fmt: skip
        story.pod_event(name, "FailedMount", f"Unable to attach or mount volumes: unmounted volumes=[var-lib-calico], unattached volumes={left}: timed out waiting for the condition", 170 + 530 * n, 4_250 - 260 * n, 11 - 3 * n)  # fmt: skip
    story.typha("hq-node2", "mr8xd", started=10_000_000)
    story.typha("hq-node5", "4vkhq", started=10_000_000)
    story.stuck("invoice-api-58d9c6f7b4-lk2vz", bad, "stat /var/lib/calico/nodename: no such file or directory: check that the calico/node container is running and has mounted /var/lib/calico/", 15, 4_100, 300, "billing", form="docker")  # fmt: skip
    story.texts[f"{name}.log"] = f'Error from server (BadRequest): container "calico-node" in pod "{name}" is waiting to start: PodInitializing\n'  # fmt: skip
    story.texts[f"{name}-install-cni.log"] = f'Error from server (BadRequest): container "install-cni" in pod "{name}" is waiting to start: PodInitializing\n'  # fmt: skip
    mesh = "Mesh_" + hosts[bad].replace(".", "_")
    story.log(story.pods["hq-node1"], [*story.quiet(9_000, 4_900, 900), f"bird: {mesh}: Error: Hold timer expired", f"bird: {mesh}: State changed to start", f"bird: {mesh}: Socket: Connection refused", f"bird: {mesh}: Socket: Connection refused", *story.quiet(4_200, 35, 800)])  # fmt: skip
    story.texts["hq-node4.txt"] = (
        "root@hq-node4:~# uptime -s\n" + story.stamp(4_720)[:19] + "\n"
        "root@hq-node4:~# df -h / | tail -1\n/dev/mapper/vg0-root   49G   18G   29G  39% /\n"
        "root@hq-node4:~# ls -ld /var/lib/calico\nlrwxrwxrwx 1 root root 22 Feb  3  2026 /var/lib/calico -> /data/var/lib/calico\n"
        "root@hq-node4:~# ls -la /data\ntotal 8\ndrwxr-xr-x  2 root root 4096 Feb  3  2026 .\ndrwxr-xr-x 21 root root 4096 Feb  3  2026 ..\n"
        "root@hq-node4:~# findmnt /data\nroot@hq-node4:~# \n"
    )
    story.describe(bad, name)
    story.affected = [bad]
    story.cite(f"describe-pod-{name}.txt", "mkdir /var/lib/calico: file exists")
    return story


STORIES = [
    templates_of_bird_were_pruned,
    nobody_publishes_the_root_authority,
    var_lib_calico_is_a_link_to_an_absent_disk,
]
