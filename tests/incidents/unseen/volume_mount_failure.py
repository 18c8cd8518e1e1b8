"""volume-mount-failure: the first two told without having seen the rules, the others by the rules' author from public threads."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI, container
from telling import Incident, incident

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


STORIES = [bind_source_missing, sys_is_not_shared, secret_of_another_namespace, host_path_is_a_file]
