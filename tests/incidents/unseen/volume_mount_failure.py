"""volume-mount-failure: the first two told without having seen the rules, the others by the rules' author from public threads."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI, container
from telling import Incident, incident, wrapped

CAUSE = "volume-mount-failure"


def bind_source_missing(now: datetime) -> Incident:
    story = incident(
        "opt-cni-bin-was-never-made",
        CAUSE,
        "With docker as runtime the hosts have no directory /opt/cni/bin and the manifest does not have it made: the container install-cni cannot be created (bind source path does not exist), no host gets ready.",
        "https://github.com/jupyterhub/action-k3s-helm/pull/113",
        now,
        platform="other",
        calico="v3.27.3",
        kubernetes="v1.28.9+k3s1",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="medium",
        acceptable=["cni-install-failure"],
    )
    hosts = {"ci-agent-1": "10.1.0.14", "ci-agent-2": "10.1.0.15"}
    story.hosts(
        hosts, ready=NO_CNI, since=580, age=620, calico_up=False, runtime="docker://26.1.0", kernel="6.5.0-1018-azure"
    )
    text = 'Error response from daemon: invalid mount config for type "bind": bind source path does not exist: /opt/cni/bin'
    for node, address in hosts.items():
        inits = [
            container(
                story,
                "upgrade-ipam",
                "docker.io/calico/cni:v3.27.3",
                ready=False,
                waiting="CreateContainerError",
                message=text,
            ),
            container(story, "install-cni", "docker.io/calico/cni:v3.27.3", ready=False, waiting="PodInitializing"),
        ]
        name = story.staff(
            {node: address}, ready=False, phase="Pending", age=590, waiting="PodInitializing", init=inits
        )[0]
        story.pod_event(
            name,
            "Scheduled",
            f"Successfully assigned kube-system/{name} to {node}",
            590,
            type_="Normal",
            source="default-scheduler",
        )
        story.pod_event(
            name,
            "Pulled",
            'Container image "docker.io/calico/cni:v3.27.3" already present on machine',
            11,
            586,
            42,
            type_="Normal",
        )
        story.pod_event(name, "Failed", f"Error: {text}", 5, 586, 43)
    story.describe("ci-agent-1")
    story.texts["install-cni.log"] = (
        f'Error from server (BadRequest): container "install-cni" in pod "{story.pods["ci-agent-1"]}" is waiting to start: PodInitializing\n'
    )
    story.affected = list(hosts)
    story.cite(f"describe-pod-{story.pods['ci-agent-1']}.txt", "bind source path does not exist: /opt/cni/bin")
    return story


def sys_is_not_shared(now: datetime) -> Incident:
    story = incident(
        "sys-fs-is-not-a-shared-mount",
        CAUSE,
        "On the two workers that run in system containers /sys is no shared mount; the pod wants /sys/fs with Bidirectional propagation, so containerd cannot make the container calico-node. The installer went through, BGP peers wait.",
        "https://github.com/k0sproject/k0s/issues/252",
        now,
        platform="other",
        calico="v3.16.2",
        kubernetes="v1.19.4",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="easy",
    )
    hosts = {"metal-1": "10.100.20.11", "metal-2": "10.100.20.12", "lxd-1": "10.100.20.31", "lxd-2": "10.100.20.32"}
    bad = ["lxd-1", "lxd-2"]
    story.hosts({k: v for k, v in hosts.items() if k not in bad})
    story.hosts(
        {k: hosts[k] for k in bad},
        age=1900,
        calico_up=False,
        os_image="Ubuntu 20.04.1 LTS",
        runtime="containerd://1.4.1",
    )
    story.staff({k: v for k, v in hosts.items() if k not in bad})
    text = 'failed to generate container "7b1c1be5f3f8" spec: failed to generate spec: path "/sys/fs/" is mounted on "/sys" but it is not a shared mount'
    for node in bad:
        name = story.staff(
            {node: hosts[node]}, ready=False, phase="Pending", age=1800, waiting="CreateContainerError", message=text
        )[0]
        story.pod_event(
            name,
            "Pulled",
            'Container image "docker.io/calico/node:v3.16.2" already present on machine',
            10,
            1760,
            130,
            type_="Normal",
        )
        story.pod_event(name, "Failed", f"Error: {text}", 10, 1760, 130)
    ok = story.pods["metal-1"]
    story.recreated(ok, [hosts[n] for n in bad], 1500, 1)
    story.describe("lxd-2")
    story.commands[f"describe-pod-{ok}.txt"] = f"describe pod -n kube-system {ok}"
    story.affected = bad
    story.cite(f"describe-pod-{story.pods['lxd-2']}.txt", "is not a shared mount")
    return story


def secret_of_another_namespace(now: datetime) -> Incident:
    story = incident(
        "node-certs-secret-is-not-there",
        CAUSE,
        "The secret node-certs was deleted by a backup tool's restore; restarted calico-node pods stay in ContainerCreating: MountVolume.SetUp failed, secret not found. Those not restarted go on.",
        "https://github.com/tigera/operator/issues/1017",
        now,
        platform="vpc",
        calico="v3.28.2",
    )
    nodes = story.workers([f"10.248.0.{n}" for n in (4, 5, 6)])
    bad, ok = nodes[1], [nodes[0], nodes[2]]
    story.agents(ok, started=900_000)
    init = [container(story, "install-cni", "icr.io/ext/calico/cni:v3.28.2", ready=False, waiting="PodInitializing")]
    name = story.agents([bad], ready=False, waiting="PodInitializing", init=init, age=2600, phase="Pending")[0]
    story.pod_event(
        name,
        "FailedMount",
        'MountVolume.SetUp failed for volume "node-certs" : secret "node-certs" not found',
        40,
        2590,
        29,
    )
    story.pod_event(
        name,
        "FailedMount",
        "Unable to attach or mount volumes: unmounted volumes=[node-certs], unattached volumes=[lib-modules node-certs tigera-ca-bundle kube-api-access-8qk5t]: timed out waiting for the condition",
        200,
        2400,
        9,
    )
    story.not_established(story.pods[ok[0]], [bad], 2500, 2560, 2, established=1)
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"describe-pod-{name}.txt", 'secret "node-certs" not found')
    return story


def host_path_is_a_file(now: datetime) -> Incident:
    story = incident(
        "run-calico-is-a-file",
        CAUSE,
        "A customer's boot script made /var/run/calico a plain file on one worker: the kubelet refuses the hostPath of calico-node, is not a directory; the pod is ContainerCreating since the reboot.",
        "https://github.com/kubernetes/kubernetes/issues/46546",
        now,
        platform="other",
        calico="v3.23.5",
        kubernetes="v1.24.12",
        namespace="kube-system",
        registry="docker.io/calico",
    )
    hosts = {"alfa": "10.88.1.1", "bravo": "10.88.1.2", "carlo": "10.88.1.3"}
    bad = "carlo"
    story.hosts(hosts)
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=900_000)
    init = [container(story, "install-cni", "docker.io/calico/cni:v3.23.5", ready=False, waiting="PodInitializing")]
    name = story.staff({bad: hosts[bad]}, ready=False, waiting="PodInitializing", init=init, age=5000, phase="Pending")[
        0
    ]
    story.pod_event(
        name,
        "FailedMount",
        'MountVolume.SetUp failed for volume "var-run-calico" : hostPath type check failed: /var/run/calico is not a directory',
        50,
        4900,
        48,
    )
    story.log(
        story.pods["alfa"],
        story.boot("alfa", 900_000, [hosts["bravo"], hosts[bad]])[:14]
        + story.quiet(600, 5)
        + ["bird: Mesh_10_88_1_3: Error: Hold timer expired", "bird: Mesh_10_88_1_3: State changed to start"],
    )
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"describe-pod-{name}.txt", "hostPath type check failed")
    return story


# told on 29 November 2026 without having seen the rules
def lock_file_became_a_directory(now: datetime) -> Incident:
    story = incident(
        "xtables-lock-is-a-directory-since-the-boot",
        CAUSE,
        "On one host a container of a monitoring tool, started by docker before the kubelet with -v /run/xtables.lock, made a directory of that name. calico-node and kube-proxy there cannot be set up: hostPath type check failed, is not a file. Its neighbours miss it in BGP, its pods see no service.",
        "https://github.com/giantswarm/giantnetes-terraform/pull/164",
        now,
        platform="other",
        calico="v3.18.4",
        kubernetes="v1.20.11",
        namespace="kube-system",
        registry="quay.io/calico",
        difficulty="easy",
    )
    hosts = {f"porto-{n}": f"10.9.40.{n}" for n in (11, 12, 13, 14)}
    bad = "porto-13"
    story.hosts(
        hosts,
        os_image="Flatcar Container Linux by Kinvolk 2905.2.3 (Oklo)",
        kernel="5.10.61-flatcar",
        runtime="docker://19.3.15",
    )
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=1_000_000)
    init = [container(story, "install-cni", "quay.io/calico/cni:v3.18.4", ready=False, waiting="PodInitializing")]
    name = story.staff(
        {bad: hosts[bad]}, ready=False, waiting="PodInitializing", init=init, age=5_500, phase="Pending"
    )[0]
    proxy = story.other(
        "kube-proxy-x8d2m", bad, app="kube-proxy", ready=False, phase="Pending", waiting="ContainerCreating", age=5_490
    )
    text = 'MountVolume.SetUp failed for volume "xtables-lock" : hostPath type check failed: /run/xtables.lock is not a file'
    for made in (name, proxy):
        story.pod_event(made, "FailedMount", text, 71, 5_480, 52)
        story.pod_event(
            made,
            "FailedMount",
            "Unable to attach or mount volumes: unmounted volumes=[xtables-lock], unattached volumes=[var-run-calico xtables-lock lib-modules]: timed out waiting for the condition",
            240,
            5_300,
            22,
        )
    story.node_event(
        bad, "Rebooted", f"Node {bad} has been rebooted, boot id: 2f7ab6f4-52f7-4ab1-a7c8-f8b24e9d7e50", 5_560
    )
    log = story.quiet(9_000, 5_700, 500)
    log += [
        f"bird: Mesh_10_9_40_13: {x}"
        for x in (
            "Received: Administrative shutdown",
            "State changed to stop",
            "State changed to down",
            "Starting",
            "State changed to start",
        )
    ]
    story.log(story.pods["porto-11"], [*log, *story.quiet(5_300, 20, 400)])
    story.describe(bad, name)
    story.commands["describe-kube-proxy-x8d2m.txt"] = f"describe pod -n kube-system {proxy}"
    story.affected = [bad]
    story.cite(f"describe-pod-{name}.txt", "/run/xtables.lock is not a file")
    return story


def secret_lacks_a_key(now: datetime) -> Incident:
    story = incident(
        "etcd-secret-was-replaced-and-lost-one-key",
        CAUSE,
        "Calico with its own etcd: when the certificates were renewed, the secret calico-etcd-secrets was written with the key 'etcd-key.pem' in place of 'etcd-key'. Pods that run keep their old mount; since the rolling restart each new calico-node, and kube-controllers, waits for volume etcd-certs: non-existent secret key. The rollout stands after two pods.",
        "https://github.com/projectcalico/calico/blob/v3.10.4/_includes/charts/calico/templates/calico-etcd-secrets.yaml",
        now,
        platform="other",
        calico="v3.10.4",
        kubernetes="v1.16.15",
        namespace="kube-system",
        registry="calico",
        difficulty="medium",
    )
    hosts = {f"brx{n}": f"10.3.3.{60 + n}" for n in range(1, 6)}
    waiting = ["brx2", "brx5"]
    story.hosts(hosts, os_image="Debian GNU/Linux 9 (stretch)", kernel="4.9.0-14-amd64", runtime="docker://18.9.9")
    story.staff({k: v for k, v in hosts.items() if k not in waiting}, started=1_400_000)
    names = []
    for i, node in enumerate(waiting):
        init = [container(story, "install-cni", "calico/cni:v3.10.4", ready=False, waiting="PodInitializing")]
        names += story.staff(
            {node: hosts[node]}, ready=False, waiting="PodInitializing", init=init, age=2_700 - 20 * i, phase="Pending"
        )
        story.pod_event(
            names[-1],
            "FailedMount",
            'MountVolume.SetUp failed for volume "etcd-certs" : references non-existent secret key: etcd-key',
            44 + i,
            2_690 - 20 * i,
            29,
        )
        story.pod_event(
            names[-1],
            "FailedMount",
            "Unable to attach or mount volumes: unmounted volumes=[etcd-certs], unattached volumes=[lib-modules var-run-calico etcd-certs calico-node-token-7hxpz]: timed out waiting for the condition",
            160,
            2_500,
            18,
        )
    ctl = story.other(
        "calico-kube-controllers-66cb5d6d9c-n5lqz",
        "brx3",
        owner="ReplicaSet/calico-kube-controllers-66cb5d6d9c",
        app="calico-kube-controllers",
        image="calico/kube-controllers:v3.10.4",
        ready=False,
        phase="Pending",
        waiting="ContainerCreating",
        age=2_650,
    )
    story.pod_event(
        ctl,
        "FailedMount",
        'MountVolume.SetUp failed for volume "etcd-certs" : references non-existent secret key: etcd-key',
        61,
        2_640,
        28,
    )
    me = story.pods["brx1"]
    log = story.quiet(5_000, 2_800, 300)
    for a in ("10_3_3_62", "10_3_3_65"):
        log += [
            f"bird: Mesh_{a}: {x}"
            for x in ("State changed to stop", "State changed to down", "Starting", "State changed to start")
        ]
    story.log(me, wrapped(story, [*log, *story.quiet(2_600, 20, 300)], "docker"))
    story.add(
        "Secret",
        {
            "metadata": {
                "name": "calico-etcd-secrets",
                "namespace": "kube-system",
                "creationTimestamp": story.ago(30_000_000),
                "uid": "s1",
            },
            "type": "Opaque",
            "data": {"etcd-ca": "TFMw" * 466, "etcd-cert": "TFMw" * 487, "etcd-key.pem": "TFMw" * 558},
        },
    )
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -n kube-system -o wide",
        "describe-secret.txt": "describe secret -n kube-system calico-etcd-secrets",
        "describe-calico-node-brx2.txt": f"describe pod -n kube-system {names[0]}",
        "describe-kube-controllers.txt": f"describe pod -n kube-system {ctl}",
    }
    story.affected = waiting
    story.cite("describe-calico-node-brx2.txt", "references non-existent secret key: etcd-key")
    return story


STORIES = [
    bind_source_missing,
    sys_is_not_shared,
    secret_of_another_namespace,
    host_path_is_a_file,
    lock_file_became_a_directory,
    secret_lacks_a_key,
]
