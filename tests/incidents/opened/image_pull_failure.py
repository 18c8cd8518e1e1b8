"""image-pull-failure: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI, container, event
from telling import Incident, incident

CAUSE = "image-pull-failure"


def scanner_refuses_the_new_release(now: datetime) -> Incident:
    story = incident(
        "registry-of-the-company-answers-403-for-the-new-release",
        CAUSE,
        "Operator upgrade v3.27 to v3.28 with a company registry in the Installation: the registry's scanner refuses the new node image (403 Forbidden) because of a policy. The roll-out stands at its first two nodes (maxUnavailable); their peers complain of BGP and the operator of a Degraded calico. The install-cni image came through, so only calico-node waits.",
        "https://github.com/rancher/rke2/issues/10553",
        now,
        platform="other",
        calico="v3.27.4",
        kubernetes="v1.29.8",
        registry="artifactory.corp.example/docker-quay-remote/calico",
        difficulty="medium",
    )
    system = {
        "os_image": "Red Hat Enterprise Linux 9.4 (Plow)",
        "kernel": "5.14.0-427.31.1.el9_4.x86_64",
        "runtime": "containerd://1.6.33",
    }
    hosts = {f"pay-k8s-{n:02}": f"10.177.20.{30 + n}" for n in range(1, 11)}
    bad = ["pay-k8s-02", "pay-k8s-07"]
    story.hosts(hosts, age=9_000_000, since=8_900_000, **system)
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=5_000_000, age=5_000_040)
    new = "artifactory.corp.example/docker-quay-remote/calico/node:v3.28.2"
    refused = (
        f'Failed to pull image "{new}": failed to pull and unpack image "{new}": failed to resolve reference "{new}": '
        "unexpected status from HEAD request to https://artifactory.corp.example/v2/docker-quay-remote/calico/node/manifests/v3.28.2: 403 Forbidden"
    )
    for i, node in enumerate(bad):
        cni = "artifactory.corp.example/docker-quay-remote/calico/cni:v3.28.2"
        init = [
            container(
                story,
                "flexvol-driver",
                "artifactory.corp.example/docker-quay-remote/calico/pod2daemon-flexvol:v3.28.2",
                done=True,
                started=6_150,
            ),
            container(story, "install-cni", cni, done=True, started=6_120),
        ]
        name = story.staff(
            {node: hosts[node]},
            image=new,
            init=init,
            ready=False,
            phase="Pending",
            age=6_180 + 20 * i,
            waiting="ImagePullBackOff",
            message=f'Back-off pulling image "{new}"',
        )[0]
        story.pod_event(name, "Pulled", f'Successfully pulled image "{cni}" in 5.904s (5.904s including waiting). Image size: 94536116 bytes.', 6_122, type_="Normal")  # fmt: skip
        story.pod_event(name, "Pulling", f'Pulling image "{new}"', 180, 6_110, 23, type_="Normal")
        story.pod_event(name, "Failed", refused, 179, 6_109, 23)
        story.pod_event(name, "Failed", "Error: ErrImagePull", 179, 6_109, 23)
        story.pod_event(name, "BackOff", f'Back-off pulling image "{new}"', 14, 6_095, 262, type_="Normal")
    ok = "pay-k8s-05"
    gone = [hosts[x] for x in bad]
    story.not_established(story.pods[ok], gone, 6_160, 6_200, 2, established=7)
    log = story.quiet(7_500, 6_300, 300)
    for ip in gone:
        tag = f"bird: Mesh_{ip.replace('.', '_')}: "
        log += [tag + "Received: Administrative shutdown", tag + "State changed to stop", tag + "State changed to down", tag + "Starting", tag + "State changed to start"]  # fmt: skip
    story.log(story.pods[ok], [*log, *story.quiet(6_000, 20, 600)])
    story.typha("pay-k8s-01", "c7rzk", started=5_000_000)
    story.typha("pay-k8s-05", "ng4xd", started=5_000_000)
    story.texts["operator.log"] = "".join(
        f'{{"level":"{level}","ts":"{story.ago(ago)}","logger":"{logger}","msg":"{msg}"{more}}}\n'
        for ago, level, logger, msg, more in (
            (6_230, "info", "controller_installation", "adding active configmap", ""),
            (6_228, "info", "status_manager.calico", "Status manager is ready to report component statuses.", ""),
            (
                6_222,
                "info",
                "migration_convert",
                "did not detect kube-controllers or calico-node; skipping migration",
                "",
            ),
            (
                5_890,
                "error",
                "controller_installation",
                "Error creating / updating resource",
                ',"reason":"ResourceNotReady","Request.Namespace":"","Request.Name":"default","error":"Operation cannot be fulfilled on daemonsets.apps \\"calico-node\\": the object has been modified; please apply your changes to the latest version and try again"',
            ),
        )
    )
    story.texts["tigerastatus.txt"] = (
        "$ kubectl get tigerastatus\nNAME      AVAILABLE   PROGRESSING   DEGRADED   SINCE\ncalico    True        True          True       101m\nippools   True        False         False      57d\n\n"
        f"$ kubectl describe tigerastatus calico | grep -A4 Degraded\n  Type:    Degraded\n  Message: Pod calico-system/{story.pods[bad[0]]} failed to pull container image for: calico-node\nPod calico-system/{story.pods[bad[1]]} failed to pull container image for: calico-node\n  Reason:  PodFailure\n"
    )
    story.describe(bad[0])
    story.commands[f"describe-pod-{story.pods[ok]}.txt"] = f"describe pod -n calico-system {story.pods[ok]}"
    story.affected = bad
    story.cite(f"describe-pod-{story.pods[bad[0]]}.txt", "403 Forbidden")
    return story


def side_loaded_image_was_collected(now: datetime) -> Incident:
    story = incident(
        "garbage-collector-took-the-side-loaded-image",
        CAUSE,
        "Site without a registry: images are loaded from a tar ball and the manifests say imagePullPolicy Never. When the disk of one host was nearly full yesterday the kubelet's image collection removed the unused install-cni image; after today's reboot the init container finds no image (ErrImageNeverPull), so the host gets no network. The disk itself is fine again; the peers only miss a BGP session.",
        "https://docs.k3s.io/installation/airgap",
        now,
        platform="other",
        calico="v3.25.2",
        kubernetes="v1.26.15",
        namespace="kube-system",
        registry="plant.local/calico",
        difficulty="medium",
    )
    system = {
        "os_image": "Debian GNU/Linux 12 (bookworm)",
        "kernel": "6.1.0-23-amd64",
        "runtime": "containerd://1.6.20",
    }
    hosts = {f"line3-pc{n}": f"192.168.130.{n}" for n in (21, 22, 23, 24, 25)}
    bad = "line3-pc24"
    story.hosts({k: v for k, v in hosts.items() if k != bad}, age=20_000_000, since=19_000_000, **system)
    story.hosts({bad: hosts[bad]}, age=20_000_000, ready=NO_CNI, since=10_600, calico_up=False, taints=[("node.kubernetes.io/not-ready", "NoSchedule")], **system)  # fmt: skip
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=12_000_000, age=12_000_040)
    cni = "plant.local/calico/cni:v3.25.2"
    absent = f'Container image "{cni}" is not present with pull policy of Never'
    init = [
        container(story, "upgrade-ipam", cni, ready=False, waiting="ErrImageNeverPull", message=absent),
        container(story, "install-cni", cni, ready=False, waiting="PodInitializing"),
        container(story, "mount-bpffs", "plant.local/calico/node:v3.25.2", ready=False, waiting="PodInitializing"),
    ]
    name = story.staff(
        {bad: hosts[bad]}, init=init, ready=False, waiting="PodInitializing", phase="Pending", age=12_000_040
    )[0]
    story.pod_event(name, "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.", 10_570, type_="Normal")  # fmt: skip
    story.pod_event(name, "ErrImageNeverPull", absent, 11, 10_560, 824)
    story.pod_event(name, "Failed", "Error: ErrImageNeverPull", 11, 10_560, 824)
    for text, reason, ago, type_ in (
        ("Starting kubelet.", "Starting", 10_620, "Normal"),
        (
            f"Node {bad} has been rebooted, boot id: 41d3ac5e-77cf-4c10-90b7-b5bfe41e9d02",
            "Rebooted",
            10_619,
            "Warning",
        ),
        (f"Node {bad} status is now: NodeHasNoDiskPressure", "NodeHasNoDiskPressure", 10_619, "Normal"),
        (f"Node {bad} status is now: NodeNotReady", "NodeNotReady", 10_600, "Normal"),
    ):
        story.node_event(bad, reason, text, ago, type_=type_)
    story.texts["journal-kubelet-line3-pc24.txt"] = (
        f'{story.syslog(97_300)} {bad} kubelet[844]: I{story.klog(97_300)}     844 image_gc_manager.go:310] "Disk usage on image filesystem is over the high threshold, trying to free bytes down to the low threshold" usage=87 highThreshold=85 amountToFree=2214592512 lowThreshold=80\n'
        f'{story.syslog(97_299)} {bad} kubelet[844]: I{story.klog(97_299)}     844 image_gc_manager.go:396] "Removing image to free bytes" imageID="sha256:8d3f6c1b52e0a7b94d1c8f7e6a5b4c3d2e1f0a9b8c7d6e5f4a3b2c1d0e9f8a7b" size=91284560 runtimeHandler=""\n'
        f'{story.syslog(97_298)} {bad} kubelet[844]: I{story.klog(97_298)}     844 image_gc_manager.go:396] "Removing image to free bytes" imageID="sha256:27c1a0d9e8b7f6a5940312bd5ce4f78a61b0c2d3e4f5061728394a5b6c7d8e9f" size=402113770 runtimeHandler=""\n'
        f'{story.syslog(10_620)} {bad} kubelet[790]: I{story.klog(10_620)}     790 server.go:415] "Kubelet version" kubeletVersion="v1.26.15"\n'
        f'{story.syslog(10_590)} {bad} kubelet[790]: E{story.klog(10_590)}     790 kubelet.go:2475] "Container runtime network not ready" networkReady="NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized"\n'
        f'{story.syslog(10_560)} {bad} kubelet[790]: E{story.klog(10_560)}     790 pod_workers.go:965] "Error syncing pod, skipping" err="failed to \\"StartContainer\\" for \\"upgrade-ipam\\" with ErrImageNeverPull: \\"Container image \\\\\\"{cni}\\\\\\" is not present with pull policy of Never\\"" pod="kube-system/{name}" podUID=5f0c7f0e-4a55-4a92-b1a1-6d3f9c0b7a21\n'
    )
    story.texts["crictl.txt"] = (
        "root@line3-pc24:~# crictl images | grep -E 'calico|pause'\nplant.local/calico/node               v3.25.2             92b7f8f1d1b1b       87.4MB\nplant.local/pause                     3.9                 e6f1816883972       322kB\n"
        "root@line3-pc24:~# df -h /var/lib/containerd\nFilesystem      Size  Used Avail Use% Mounted on\n/dev/sda3        42G   29G   11G  73% /\n"
    )
    ok = "line3-pc22"
    story.not_established(story.pods[ok], [hosts[bad]], 10_640, 10_700, 3, established=3)
    tag = f"bird: Mesh_{hosts[bad].replace('.', '_')}: "
    story.log(story.pods[ok], [
        *story.quiet(12_000, 10_800, 300),
        tag + "Error: Hold timer expired", tag + "State changed to start",
        *story.quiet(10_500, 20, 900),
    ])  # fmt: skip
    app = "opcua-bridge-6d8b9f7c55-q7dkz"
    story.other(app, bad, "none", "line3", "ReplicaSet/opcua-bridge-6d8b9f7c55", ready=False, phase="Pending", age=10_900, waiting="ContainerCreating")  # fmt: skip
    story.objects["Pod"][-1]["status"] |= {"podIP": "", "podIPs": []}
    event(
        story,
        "Pod",
        app,
        "NetworkNotReady",
        "network is not ready: container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized",
        6,
        10_580,
        5_210,
        namespace="line3",
    )
    story.describe(bad, name)
    story.events()
    story.affected = [bad]
    story.cite(f"describe-pod-{name}.txt", "is not present with pull policy of Never")
    return story


def short_names_lead_nowhere(now: datetime) -> Incident:
    story = incident(
        "cri-o-does-not-know-where-to-look-for-calico-cni",
        CAUSE,
        "The manifest of v3.14 names its images without a registry (calico/cni:v3.14.2). Two hosts were installed again with a newer CRI-O whose registries.conf lists no registry to search, so the kubelet cannot even inspect the image: Init:ImageInspectError. They are NotReady without a CNI; the old hosts have the image and only miss two BGP peers.",
        "https://github.com/projectcalico/calico/issues/3726 and https://github.com/containers/image/pull/1090",
        now,
        platform="other",
        calico="v3.14.2",
        kubernetes="v1.20.15",
        namespace="kube-system",
        registry="calico",
        difficulty="medium",
    )
    hosts = {f"crio-n{n}": f"192.168.77.{10 + n}" for n in range(1, 7)}
    bad = ["crio-n4", "crio-n5"]
    good = {k: v for k, v in hosts.items() if k not in bad}
    system = {"os_image": "CentOS Stream 8", "kernel": "4.18.0-348.7.1.el8_5.x86_64"}
    no_cni = (
        "False",
        "KubeletNotReady",
        "runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: No CNI configuration file in /etc/cni/net.d/. Has your network provider started?",
    )
    story.hosts(good, age=40_000_000, since=22_000_000, runtime="cri-o://1.18.4", **system)
    story.staff(good, started=20_000_000, age=20_000_030)
    since = 10_300
    for n, host in enumerate(bad):
        story.hosts(
            {host: hosts[host]},
            ready=no_cni,
            age=since - 900 * n,
            since=since - 900 * n,
            calico_up=False,
            taints=[("node.kubernetes.io/not-ready", "NoSchedule"), ("node.kubernetes.io/not-ready", "NoExecute")],
            runtime="cri-o://1.20.6",
            **system,
        )
        story.objects["Node"][-1]["status"]["conditions"] = story.objects["Node"][-1]["status"]["conditions"][1:]
        text = 'Failed to inspect image "calico/cni:v3.14.2": rpc error: code = Unknown desc = short-name "calico/cni:v3.14.2" did not resolve to an alias and no unqualified-search registries are defined in "/etc/containers/registries.conf"'
        name = story.staff(
            {host: hosts[host]},
            age=since - 900 * n - 5,
            phase="Pending",
            ready=False,
            waiting="PodInitializing",
            init=[
                container(
                    story, "upgrade-ipam", "calico/cni:v3.14.2", ready=False, waiting="ImageInspectError", message=text
                ),
                container(story, "install-cni", "calico/cni:v3.14.2", ready=False, waiting="PodInitializing"),
                container(
                    story, "flexvol-driver", "calico/pod2daemon-flexvol:v3.14.2", ready=False, waiting="PodInitializing"
                ),
            ],
        )[0]
        story.pod_event(name, "InspectFailed", text, 9 + n, since - 900 * n - 12, 780 - 70 * n)
        story.pod_event(name, "Failed", "Error: ImageInspectError", 9 + n, since - 900 * n - 12, 780 - 70 * n)
        story.node_event(host, "Starting", "Starting kubelet.", since - 900 * n, type_="Normal")
    story.other(
        "kube-proxy-7tq2m",
        "crio-n4",
        image="k8s.gcr.io/kube-proxy:v1.20.15",
        app="kube-proxy",
        age=since - 5,
        started=since - 40,
    )
    me = "crio-n1"
    peers = [a for h, a in good.items() if h != me]
    log = story.boot(me, 20_000_000, peers, interface="ens192", prefix=24)
    for n, host in enumerate(bad):
        mesh = f"bird: Mesh_{hosts[host].replace('.', '_')}:"
        log += [
            *story.quiet(17_000 - 2_100 * n, 16_000 - 2_100 * n, 240),
            f"{mesh} Received: Peer de-configured",
            f"{mesh} State changed to stop",
            f"{mesh} State changed to down",
        ]
    story.log(story.pods[me], [*log, *story.quiet(9_000, 16, 700)])
    story.describe("crio-n4")
    story.commands["get nodes.txt"] = "get nodes -o wide"
    del story.commands["nodes.txt"]
    story.affected = bad
    story.cite(
        f"describe-pod-{story.pods['crio-n4']}.txt",
        "did not resolve to an alias and no unqualified-search registries are defined",
    )
    return story


STORIES = [scanner_refuses_the_new_release, side_loaded_image_was_collected, short_names_lead_nowhere]
