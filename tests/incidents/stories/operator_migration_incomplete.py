"""operator-migration-incomplete: the move to the operator, or an upgrade, stands half-way."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from stories import daemonset
from telling import Incident, incident

LABEL = "projectcalico.org/operator-node-migration"


def said(
    story: Incident,
    ago: float,
    level: str,
    msg: str,
    reason: str = "",
    error: str = "",
    logger: str = "controller_installation",
) -> str:
    """A line of the operator."""
    more = (f',"reason":"{reason}"' if reason else "") + (f',"error":"{error}"' if error else "")
    return f'{{"level":"{level}","ts":"{story.ago(ago)}","logger":"{logger}","msg":"{msg}","Request.Namespace":"","Request.Name":"default"{more}}}'


def sets(story: Incident, namespace: str, desired: int, ready: int, selector: str = "") -> dict[str, Any]:
    """The daemonset calico-node of a namespace."""
    made: dict[str, Any] = daemonset(story, "calico-node", namespace, desired, ready)
    made["spec"]["template"]["spec"]["containers"][0]["image"] = f"{story.registry}/node:{story.calico}"
    if selector:
        made["spec"]["template"]["spec"]["nodeSelector"][LABEL] = selector
    return story.add("DaemonSet", made)


def waits_for_the_old_daemonset(now: datetime) -> Incident:
    story = incident(
        "two-of-three-old-pods-ready", "operator-migration-incomplete",
        "The operator has prepared the move and waits for ever for the old daemonset, whose pods are all ready again: no worker has been moved for six hours.",
        "https://github.com/tigera/operator/issues/1564", now, difficulty="easy", platform="other", calico="v3.20.2",
        kubernetes="v1.20.10", namespace="kube-system", registry="docker.io/calico",
    )  # fmt: skip
    hosts = {f"ip-10-9-{n}-20.compute": f"10.9.{n}.20" for n in (0, 1, 2)}
    story.hosts(hosts, kernel="5.4.0-1045-aws", os_image="Ubuntu 20.04.3 LTS", labels={LABEL: "pre-operator"})
    pods = story.staff(dict(list(hosts.items())[:2]), age=22_000, started=22_000)
    pods += story.staff(dict(list(hosts.items())[2:]), age=22_000, started=22_000)
    sets(story, "kube-system", 3, 3, "pre-operator")
    sets(story, "calico-system", 0, 0, "migrated")["metadata"]["creationTimestamp"] = story.ago(22_300)
    story.other(
        "tigera-operator-59f4845b57-c2x8k",
        "ip-10-9-1-20.compute",
        namespace="tigera-operator",
        owner="ReplicaSet/tigera-operator-59f4845b57",
        app="tigera-operator",
        age=22_500,
    )
    log = [f"{story.stamp(22_400)[:19].replace('-', '/')} [INFO] Version: v1.20.4"]
    for n in range(18):
        log.append(said(story, 22_000 - 1200 * n, "info", "checking status of nodes", logger="migration"))
        log.append(
            said(
                story,
                21_400 - 1200 * n,
                "error",
                "error migrating resources to calico-system",
                "",
                "the kube-system node DaemonSet is not ready with the updated nodeSelector: not all pods are ready yet: 2/3",
            )
        )
    story.texts["tigera-operator.log"] = "\n".join(log) + "\n"
    story.commands = {
        "daemonsets.txt": "get ds -A -o wide",
        "pods.txt": "get pods -A -o wide",
        "nodes.txt": "get nodes --show-labels",
        f"describe-{pods[2]}.txt": f"describe pod -n kube-system {pods[2]}",
    }
    story.affected = list(hosts)
    story.cite("tigera-operator.log", "error migrating resources to calico-system")
    return story


def stuck_after_a_bad_worker(now: datetime) -> Incident:
    story = incident(
        "moved-three-then-nothing", "operator-migration-incomplete",
        "Calico pods run in both namespaces with two versions since yesterday: three workers are labelled migrated, five not, and the "
        "operator repeats its migration error. BGP complaints are between old and new pods.",
        "https://github.com/projectcalico/calico/issues/6810", now, difficulty="hard", platform="classic", calico="v3.26.5",
        kubernetes="v1.29.13+IKS", namespace="kube-system",
    )  # fmt: skip
    old = story.workers(
        [f"10.170.40.{n}" for n in (67, 68, 74, 80, 91)], labels={LABEL: "pre-operator"}, version="v1.28.15+IKS"
    )
    new = story.workers(
        [f"10.170.40.{n}" for n in (100, 101, 109)],
        labels={LABEL: "migrated"},
        version="v1.29.13+IKS",
        age=95_000,
        since=94_000,
    )
    story.agents(old)
    sets(story, "kube-system", 5, 5, "pre-operator")
    story.namespace, story.calico = "calico-system", "v3.27.5"
    pods = story.agents(new, age=90_000, started=90_000)
    story.recreated(pods[0], [old[3]], 2000, 6)
    story.typha(new[0], "k7w2p")
    sets(story, "calico-system", 3, 3, "migrated")["metadata"]["creationTimestamp"] = story.ago(96_000)
    log = [said(story, 89_000 - 4200 * n, level, *text) for n in range(20) for level, text in (
        ("info", ("Reconciling Installation.operator.tigera.io",)),
        ("error", ("error migrating resources to calico-system", "ResourceMigrationError", "failed to wait for daemonset calico-node: timed out waiting for the condition")))]  # fmt: skip
    story.texts["operator.log"] = "\n".join(log) + "\n"
    story.log(pods[0], [*story.boot(new[0], 2030, [*old, *new[1:]]), *story.quiet(1000, 20)])
    story.describe(new[0])
    story.commands["daemonsets.txt"] = "get ds -A"
    story.affected = old
    story.cite("operator.log", "error migrating resources to calico-system")
    return story


def labels_without_a_daemonset(now: datetime) -> Incident:
    story = incident(
        "pre-operator-labels-but-old-daemonset-gone", "operator-migration-incomplete",
        "Somebody removed the old daemonset before the move: all workers carry 'pre-operator', the new daemonset wants 'migrated' and "
        "so runs on none of them.",
        "https://github.com/projectcalico/calico/issues/4525", now, difficulty="hard", platform="other", calico="v3.18.1",
        kubernetes="v1.19.9", registry="docker.io/calico", acceptable=["daemonset-missing"],
    )  # fmt: skip
    hosts = {f"pet-{n}": f"10.0.77.{n}" for n in (4, 5, 6, 7)}
    ready = (
        "False",
        "KubeletNotReady",
        "runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:docker: network plugin is not ready: cni config uninitialized",
    )
    story.hosts(
        dict(list(hosts.items())[:3]),
        kernel="5.4.0-70-generic",
        os_image="Ubuntu 20.04.2 LTS",
        runtime="docker://19.3.15",
        labels={LABEL: "pre-operator"},
        calico_up=False,
        since=5000,
    )
    story.hosts({"pet-7": "10.0.77.7"}, kernel="5.4.0-70-generic", os_image="Ubuntu 20.04.2 LTS", runtime="docker://19.3.15", labels={LABEL: "pre-operator"}, ready=ready, since=3000, age=3100,
                calico_up=False, taints=[("node.kubernetes.io/not-ready", "NoSchedule")])  # fmt: skip
    story.other(
        "tigera-operator-675ccbb69c-tv2pl",
        "pet-5",
        namespace="tigera-operator",
        owner="ReplicaSet/tigera-operator-675ccbb69c",
        app="tigera-operator",
        image="quay.io/tigera/operator:v1.15.1",
        age=6000,
    )
    for i, host in enumerate(hosts):
        story.other(f"kube-proxy-{'bcdf'[i]}9x2m", host, app="kube-proxy", image="k8s.gcr.io/kube-proxy:v1.19.9")
    story.typha("pet-4", "zp9x4")
    sets(story, "calico-system", 0, 0, "migrated")["metadata"]["creationTimestamp"] = story.ago(5_900)
    story.add("DaemonSet", daemonset(story, "kube-proxy", "kube-system", 4, 4))
    story.commands = {
        "daemonsets.txt": "get ds -A",
        "nodes.txt": "get nodes --show-labels",
        "pods.txt": "get pods -A -o wide",
        "describe-ds.txt": "describe ds -n calico-system calico-node",
        "describe-node-pet-7.txt": "describe node pet-7",
    }
    story.texts["tigera-operator.log"] = (
        "\n".join(
            said(
                story,
                5800 - 300 * n,
                "info",
                'Patch NodeSelector with: {\\"spec\\":{\\"template\\":{\\"spec\\":{\\"nodeSelector\\":{\\"projectcalico.org/operator-node-migration\\":\\"migrated\\"}}}}}'
                if n == 0
                else "waiting for observed generation (1) to match object generation (1)",
                logger="migration",
            )
            for n in range(12)
        )
        + "\n"
    )
    story.affected = list(hosts)
    story.cite("daemonsets.txt", "projectcalico.org/operator-node-migration=migrated")
    return story


def cannot_be_converted(now: datetime) -> Incident:
    story = incident(
        "operator-cannot-convert-the-manifest-install", "operator-migration-incomplete",
        "Operator installed over a manifest installation: it cannot convert one of its settings (MigrationError) and has not begun to "
        "move. Everything still runs in kube-system in the old version; the restarts there are two weeks old.",
        "https://github.com/tigera/operator/issues/1923", now, difficulty="medium", platform="other", calico="v3.21.4",
        kubernetes="v1.22.8", namespace="kube-system", registry="docker.io/calico", acceptable=["invalid-calico-config"],
    )  # fmt: skip
    hosts = {f"vmw-k8s-{n}": f"10.33.4.{60 + n}" for n in range(4)}
    story.hosts(
        hosts, kernel="3.10.0-1160.49.1.el7.x86_64", os_image="CentOS Linux 7 (Core)", labels={LABEL: "pre-operator"}
    )
    pods = story.staff(hosts, restarts=240, started=1_200_000, last=("Error", 1, 1_200_010))
    sets(story, "kube-system", 4, 4)
    operator = story.other(
        "tigera-operator-7d88459c9f-dtzbf",
        "vmw-k8s-0",
        namespace="tigera-operator",
        owner="ReplicaSet/tigera-operator-7d88459c9f",
        app="tigera-operator",
        image="quay.io/tigera/operator:v1.25.6",
        restarts=2,
        last=("Error", 1, 15_000),
        age=800_000,
    )
    log = []
    for n in range(25):
        log.append(
            said(
                story,
                20_000 - 800 * n,
                "info",
                "Status manager is not ready to report component statuses.",
                logger="status_manager.calico",
            )
        )
        log.append(
            said(
                story,
                19_999 - 800 * n,
                "error",
                "Error converting existing installation",
                "MigrationError",
                "detected manifest-based installation, but could not convert it: unexpected env var: FELIX_IPTABLESMANGLEALLOWACTION is not supported",
            )
        )
    story.log(operator, log)
    story.texts["tigerastatus-calico.txt"] = (
        f"Name:         calico\nKind:         TigeraStatus\nStatus:\n  Conditions:\n    Last Transition Time:  {story.ago(799_000)}\n    Message:               Error converting existing installation: FELIX_IPTABLESMANGLEALLOWACTION is not supported\n    Reason:                MigrationError\n    Status:                True\n    Type:                  Degraded\nEvents:                    <none>\n"
    )
    story.log(
        pods[1],
        [
            *story.boot("vmw-k8s-1", 1_200_000, [at for name, at in hosts.items() if name != "vmw-k8s-1"])[-15:],
            *story.quiet(1000, 30),
        ],
    )
    story.describe("vmw-k8s-1", pods[1])
    story.commands["daemonsets.txt"] = "get ds -A -o wide"
    story.affected = list(hosts)
    story.cite(f"{operator}.log", "Error converting existing installation")
    return story


def old_typha_scaled_but_stuck(now: datetime) -> Incident:
    story = incident(
        "first-worker-moved-then-error-for-two-days", "operator-migration-incomplete",
        "One worker carries 'migrated' and runs Calico in calico-system, the rest is 'pre-operator' and still in kube-system, for two "
        "days; TigeraStatus is degraded with a migration error.",
        "https://github.com/projectcalico/calico/issues/6407", now, difficulty="easy", platform="other", calico="v3.22.4",
        kubernetes="v1.23.8", namespace="kube-system", registry="quay.io/calico",
    )  # fmt: skip
    rest = {f"stg-{n}": f"172.22.60.{n}" for n in (12, 13, 14, 15)}
    story.hosts(rest, kernel="5.4.0-122-generic", os_image="Ubuntu 20.04.4 LTS", labels={LABEL: "pre-operator"})
    story.hosts(
        {"stg-11": "172.22.60.11"},
        kernel="5.4.0-122-generic",
        os_image="Ubuntu 20.04.4 LTS",
        labels={LABEL: "migrated"},
    )
    story.staff(rest, started=1_600_000)
    sets(story, "kube-system", 4, 4, "pre-operator")
    story.namespace, story.calico = "calico-system", "v3.23.3"
    pods = story.staff({"stg-11": "172.22.60.11"}, age=170_000, started=170_000)
    sets(story, "calico-system", 1, 1, "migrated")["metadata"]["creationTimestamp"] = story.ago(171_000)
    story.texts["tigerastatus.yaml"] = (
        f'apiVersion: operator.tigera.io/v1\nkind: TigeraStatus\nmetadata:\n  name: calico\nstatus:\n  conditions:\n  - lastTransitionTime: "{story.ago(169_000)}"\n    message: \'error migrating resources to calico-system: failed to wait for typha deployment in kube-system: timed out\'\n    reason: ResourceMigrationError\n    status: "True"\n    type: Degraded\n'
    )
    story.commands = {
        "nodes.txt": "get nodes --show-labels",
        "pods.txt": "get pods -A -o wide",
        "daemonsets.txt": "get ds -A",
        "describe.txt": f"describe pod -n calico-system {pods[0]}",
    }
    story.affected = list(rest)
    story.cite("tigerastatus.yaml", "error migrating resources to calico-system")
    return story


STORIES = [
    waits_for_the_old_daemonset,
    old_typha_scaled_but_stuck,
    labels_without_a_daemonset,
    cannot_be_converted,
    stuck_after_a_bad_worker,
]
