"""crd-or-version-mismatch: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime, timedelta

from cluster import NO_CNI
from telling import Incident, incident

CAUSE = "crd-or-version-mismatch"


def no_address(story: Incident) -> None:
    """The pod told last has no address yet."""
    status = story.objects["Pod"][-1]["status"]
    status |= {"podIPs": []}
    del status["podIP"]


def endpoint_slices_of_beta(now: datetime) -> Incident:
    story = incident(
        "kubernetes-125-dropped-what-this-felix-lists",
        CAUSE,
        "Kubernetes was updated to v1.25, which no longer has the API of EndpointSlices that this old Calico lists: 'the server could not find the requested resource' on every node, felix never gets in sync and all calico-node pods stay 0/1.",
        "https://github.com/kubernetes/kubernetes/issues/114091",
        now,
        platform="other",
        calico="v3.19.1",
        kubernetes="v1.25.4",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="easy",
    )
    hosts = {"mast": "10.195.40.9", "wrk-a": "10.195.40.20", "wrk-b": "10.195.40.21"}
    story.hosts(hosts, os_image="Ubuntu 20.04.5 LTS", kernel="5.4.0-132-generic", runtime="containerd://1.6.8")
    names = story.staff(hosts, ready=False, started=80_000, age=80_100)
    for name in names:
        story.probe(name, "felix is not ready: readiness probe reporting 503", 8, 79_900, 7980)
    log = story.boot("wrk-a", 79_990, [hosts["mast"], hosts["wrk-b"]])[:-1]
    root = 'ListRoot="/calico/resources/v3/projectcalico.org/kubernetesendpointslices"'
    for i in range(14):
        at = 30 - 2 * i
        log += [
            story.say(at + 0.8, "INFO", 80, "felix", "watchercache.go 175:", f"Full resync is required {root}"),
            story.say(
                at + 0.7,
                "INFO",
                80,
                "felix",
                "watchercache.go 188:",
                f"Failed to perform list of current data during resync {root} error=resource does not exist: KubernetesEndpointSlice with error: the server could not find the requested resource",
            ),
        ]
        if i % 4 == 1:
            log += [
                story.say(at + 0.4, "WARNING", 80, "felix", "health.go 188:", f'Reporter is not ready. name="{x}"')
                for x in ("int_dataplane", "async_calc_graph")
            ]
    story.log(names[1], log)
    kc = story.other(
        "calico-kube-controllers-77d5cbb58-fljln",
        "wrk-a",
        "none",
        owner="ReplicaSet/calico-kube-controllers-77d5cbb58",
        ready=False,
        phase="Pending",
        waiting="ContainerCreating",
        age=80_000,
    )
    no_address(story)
    story.pod_event(
        kc,
        "FailedMount",
        'MountVolume.SetUp failed for volume "kube-api-access-x2k4d" : failed to sync configmap cache: timed out waiting for the condition',
        79_980,
        79_990,
    )
    story.describe("wrk-a", names[1])
    story.affected = list(hosts)
    story.cite(f"{names[1]}.log", "resource does not exist: KubernetesEndpointSlice")
    return story


def definition_pruned(now: datetime) -> Incident:
    story = incident(
        "felixconfigurations-definition-was-pruned",
        CAUSE,
        "A clean-up removed the custom resource definition of FelixConfiguration: calico-node that starts anew cannot set its defaults ('resource does not exist: FelixConfiguration(default)') and ends; pods that run since before only log failing watches.",
        "https://github.com/projectcalico/calico/pull/1306",
        now,
        platform="other",
        calico="v3.17.3",
        kubernetes="v1.19.16",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="medium",
    )
    hosts = {f"lab-{x}": f"10.14.2.{n}" for x, n in (("alpha", 5), ("beta", 6), ("gamma", 7), ("delta", 8))}
    bad = ["lab-gamma", "lab-delta"]
    story.hosts(hosts, os_image="Ubuntu 18.04.6 LTS", kernel="4.15.0-161-generic", runtime="docker://20.10.7")
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=800_000)
    names = story.staff(
        {k: hosts[k] for k in bad},
        ready=False,
        restarts=17,
        waiting="CrashLoopBackOff",
        last=("Error", 1, 55),
        age=4000,
    )
    for name in names:
        story.probe(
            name,
            "BIRD is not ready: Failed to stat() nodename file: stat /var/lib/calico/nodename: no such file or directory",
            60,
            3900,
            40,
        )
        story.pod_event(name, "BackOff", "Back-off restarting failed container", 4, 3800, 210)
    log = story.boot("lab-gamma", 57)[:10]
    log += [
        story.say(
            56,
            "ERROR",
            9,
            "startup",
            "startup.go 160:",
            "Unable to set global default configuration error=resource does not exist: FelixConfiguration(default) with error: the server could not find the requested resource (post FelixConfigurations.crd.projectcalico.org)",
        ),
        story.say(55.9, "WARNING", 9, "startup", "startup.go 1057:", "Terminating"),
        "Calico node failed to start",
    ]
    story.log(names[0], log)
    root = 'ListRoot="/calico/resources/v3/projectcalico.org/felixconfigurations"'
    log = story.quiet(6000, 4700, 300)
    for i in range(10):
        log += [
            story.say(4600 - 450 * i, "INFO", 61, "felix", "watchercache.go 174:", f"Full resync is required {root}"),
            story.say(
                4599 - 450 * i,
                "INFO",
                61,
                "felix",
                "watchercache.go 186:",
                f"Failed to perform list of current data during resync {root} error=resource does not exist: FelixConfiguration with error: the server could not find the requested resource",
            ),
        ]
    story.log(story.pods["lab-alpha"], log)
    story.texts["get-crds.txt"] = "NAME                                               CREATED AT\n" + "".join(
        f"{x + '.crd.projectcalico.org':<50} 2026-03-02T10:11:54Z\n"
        for x in (
            "bgpconfigurations",
            "bgppeers",
            "blockaffinities",
            "clusterinformations",
            "globalnetworkpolicies",
            "globalnetworksets",
            "hostendpoints",
            "ipamblocks",
            "ipamconfigs",
            "ipamhandles",
            "ippools",
            "kubecontrollersconfigurations",
            "networkpolicies",
            "networksets",
        )
    )
    story.describe("lab-gamma", names[0])
    story.affected = bad
    story.cite(f"{names[0]}.log", "resource does not exist: FelixConfiguration(default)")
    return story


# told on 29 November 2026 without having seen the rules
def chart_without_its_new_definitions(now: datetime) -> Incident:
    story = incident(
        "aggregated-api-misses-the-tiers-of-its-release",
        CAUSE,
        "helm upgrade does not touch definitions that exist: the chart went to v3.29 and Tier has no CRD. The aggregated API server of Calico crashes ('Failed initializing client'), so every `kubectl get` complains about v3.projectcalico.org while calico-node of the former release goes on everywhere.",
        "https://github.com/projectcalico/calico/issues/9432",
        now,
        platform="other",
        calico="v3.28.2",
        kubernetes="v1.29.10",
        registry="docker.io/calico",
        difficulty="medium",
        acceptable=["operator-migration-incomplete"],
    )
    hosts = {f"alp-k{n}": f"10.25.66.{n}" for n in (3, 4, 5, 6)}
    story.hosts(hosts, os_image="Talos (v1.7.6)", kernel="6.6.43-talos", runtime="containerd://1.7.18", age=12_000_000)
    story.staff(hosts, started=3_900_000, age=3_900_030)
    story.typha("alp-k3", "6wz8d", started=3_900_000)
    story.typha("alp-k5", "jx2pn", started=3_900_000)
    text = 'Failed initializing client: "resource does not exist: Tier(default) with error: the server could not find the requested resource (post Tiers.crd.projectcalico.org)"'
    crashed = []
    for n, (node, ip) in enumerate((("alp-k4", "10.244.81.7"), ("alp-k6", "10.244.12.130"))):
        crashed.append(
            story.other(
                f"calico-apiserver-6d9c7f8b5d-{('qv7wl', 'b4kzs')[n]}", node, ip, "calico-apiserver", "ReplicaSet/calico-apiserver-6d9c7f8b5d",
                app="calico-apiserver", image="docker.io/calico/apiserver:v3.29.0", ready=False, restarts=13, waiting="CrashLoopBackOff",
                last=("Error", 1, 100 + 40 * n), age=2_500,
            )
        )  # fmt: skip
        story.pod_event(
            crashed[n],
            "BackOff",
            f"Back-off restarting failed container calico-apiserver in pod {crashed[n]}_calico-apiserver(f07a{n}1)",
            8 + n,
            2_400,
            170,
            namespace="calico-apiserver",
        )
    for n, name in enumerate(crashed):
        story.log(name, [
            "Version:      v3.29.0\nBuild date:   2024-10-30T22:31:14+0000\nGit tag ref:  v3.29.0",
            f"I{story.klog(102 + 40 * n)}       1 plugins.go:157] Loaded 2 mutating admission controller(s) successfully in the following order: NamespaceLifecycle,MutatingAdmissionWebhook.",
            f"I{story.klog(102 + 40 * n)}       1 plugins.go:160] Loaded 2 validating admission controller(s) successfully in the following order: ValidatingAdmissionPolicy,ValidatingAdmissionWebhook.",
            f"E{story.klog(101.9 + 40 * n)}       1 resource.go:106] {text}",
        ])  # fmt: skip
    story.texts["tigerastatus.txt"] = (
        "NAME        AVAILABLE   PROGRESSING   DEGRADED   SINCE\n"
        "apiserver   False       True          True       41m\n"
        "calico      True        False         False      45d\n"
        "ippools     True        False         False      45d\n"
    )
    story.texts["kubectl-noise.txt"] = (
        "$ kubectl get pods -n calico-system\n"
        + "".join(f'E{story.klog(300 - i)}   44102 memcache.go:287] couldn\'t get resource list for projectcalico.org/v3: the server is currently unable to handle the request\n' for i in range(3))
        + "$ kubectl get apiservice v3.projectcalico.org\nNAME                   SERVICE                       AVAILABLE                      AGE\nv3.projectcalico.org   calico-apiserver/calico-api   False (MissingEndpoints)       138d\n"
        "$ helm history calico -n tigera-operator\nREVISION  UPDATED                   STATUS      CHART                    APP VERSION  DESCRIPTION\n"
        f"6         {(story.now - timedelta(seconds=3_900_100)).strftime('%a %b %e %H:%M:%S %Y')}  superseded  tigera-operator-v3.28.2  v3.28.2      Upgrade complete\n"
        f"7         {(story.now - timedelta(seconds=2_560)).strftime('%a %b %e %H:%M:%S %Y')}  deployed    tigera-operator-v3.29.0  v3.29.0      Upgrade complete\n"
        "$ kubectl get crd | grep -c crd.projectcalico.org\n17\n$ kubectl get crd tiers.crd.projectcalico.org\nError from server (NotFound): customresourcedefinitions.apiextensions.k8s.io \"tiers.crd.projectcalico.org\" not found\n"
    )  # fmt: skip
    story.commands = {
        "pods.txt": "get pods -A -o wide",
        "describe-calico-apiserver.txt": f"describe pod -n calico-apiserver {crashed[0]}",
    }
    story.affected = list(hosts)
    story.cite(f"{crashed[0]}.log", "resource does not exist: Tier(default)")
    return story


def operator_without_its_own_kinds(now: datetime) -> Incident:
    story = incident(
        "operator-starts-before-anybody-made-its-kinds",
        CAUSE,
        "RKE2: the job that installs the chart of the CRDs fails, so the operator restarts again and again because its own kind Installation does not exist. No calico-node was ever made, all nodes say 'cni plugin not initialized'. Only the operator's log, the job's log and two lists were sent.",
        "https://github.com/projectcalico/calico/issues/7978",
        now,
        platform="other",
        calico="v3.26.1",
        kubernetes="v1.27.5+rke2r1",
        difficulty="easy",
        acceptable=["daemonset-missing"],
    )
    hosts = {f"edge-srv-{n}": f"192.168.210.{10 + n}" for n in (1, 2, 3)}
    story.hosts(
        hosts, ready=NO_CNI, since=2_300, age=2_350, calico_up=False, os_image="Ubuntu 22.04.3 LTS", kernel="5.15.0-83-generic", runtime="containerd://1.7.3-k3s1",
        taints=[("node.kubernetes.io/not-ready", "NoSchedule")],
    )  # fmt: skip
    for node in story.objects["Node"]:
        node["metadata"]["annotations"] = {"rke2.io/hostname": node["metadata"]["name"]}
        node["status"]["conditions"] = [c for c in node["status"]["conditions"] if c["type"] != "NetworkUnavailable"]
    operator = story.other(
        "tigera-operator-6bb888d6fc-9tpzl", "edge-srv-1", "", "tigera-operator", "ReplicaSet/tigera-operator-6bb888d6fc", app="tigera-operator",
        image="rancher/mirrored-calico-operator:v1.30.4", ready=False, restarts=9, waiting="CrashLoopBackOff", last=("Error", 1, 60), age=2_200,
    )  # fmt: skip
    job = story.other(
        "helm-install-rke2-calico-crd-4d7jt", "edge-srv-1", "", "kube-system", "Job/helm-install-rke2-calico-crd", app="helm", image="rancher/klipper-helm:v0.8.2-build20230815",
        ready=False, restarts=10, waiting="CrashLoopBackOff", last=("Error", 1, 130), age=2_280,
    )  # fmt: skip
    for base in (
        "etcd",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "cloud-controller-manager",
        "kube-proxy",
    ):
        for node in hosts:
            story.other(
                f"{base}-{node}",
                node,
                owner=f"Node/{node}",
                app=base,
                image="index.docker.io/rancher/hardened-kubernetes:v1.27.5-rke2r1-build20230824",
                age=2_320,
                started=2_310,
            )
    lines = []
    for turn in range(7):
        ago = 150 - 12 * turn
        if turn == 0:
            lines.append(f"{story.stamp(152)[:19].replace('-', '/')} [INFO] Version: v1.30.4")
            lines.append(f"{story.stamp(152)[:19].replace('-', '/')} [INFO] Go Version: go1.20.4")
        lines += [
            f'{{"level":"error","ts":"{story.ago(ago)}","logger":"controller-runtime.source","msg":"if kind is a CRD, it should be installed before calling Start","kind":"{kind}.operator.tigera.io","error":"no matches for kind \\"{kind}\\" in version \\"operator.tigera.io/v1\\"","stacktrace":"sigs.k8s.io/controller-runtime/pkg/source.(*Kind).Start.func1.1\\n\\t/go/pkg/mod/sigs.k8s.io/controller-runtime@v0.14.6/pkg/source/source.go:143"}}'
            for kind in ("Installation", "ImageSet", "TigeraStatus")[: 1 + turn % 3]
        ]
    lines.append(
        f'{{"level":"error","ts":"{story.ago(61)}","msg":"Could not wait for Cache to sync","controller":"tigera-installation-controller","error":"failed to wait for tigera-installation-controller caches to sync: timed out waiting for cache to be synced"}}'
    )
    lines.append(
        f'{{"level":"error","ts":"{story.ago(60)}","logger":"setup","msg":"problem running manager","error":"failed to wait for tigera-installation-controller caches to sync: timed out waiting for cache to be synced"}}'
    )
    story.log(operator, lines)
    story.log(job, [
        "+ helm_v3 ls --all -f '^rke2-calico-crd$' --namespace kube-system --output json", "+ LINE=rke2-calico-crd,failed", "++ helm_v3 upgrade rke2-calico-crd /tmp/rke2-calico-crd.tgz",
        "Error: UPGRADE FAILED: Unable to continue with update: CustomResourceDefinition \"bgpconfigurations.crd.projectcalico.org\" in namespace \"\" exists and cannot be imported into the current release: invalid ownership metadata; label validation error: missing key \"app.kubernetes.io/managed-by\": must be set to \"Helm\"",
        "+ exit",
    ])  # fmt: skip
    story.commands = {
        "pods.txt": "get pods -A -o wide",
        "nodes.txt": "get nodes -o wide",
        "describe-node-edge-srv-2.txt": "describe node edge-srv-2",
    }
    story.affected = list(hosts)
    story.cite(f"{operator}.log", 'no matches for kind \\"Installation\\" in version')
    return story


STORIES = [
    endpoint_slices_of_beta,
    definition_pruned,
    chart_without_its_new_definitions,
    operator_without_its_own_kinds,
]
