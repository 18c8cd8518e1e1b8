"""crd-or-version-mismatch: told without having seen the rules, then opened."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from cluster import container, pod
from telling import Incident, incident

CAUSE = "crd-or-version-mismatch"


def _operator(story: Incident, ago: float, level: str, msg: str, **more: Any) -> str:
    """A line of the operator as before its v1.29: epoch seconds."""
    stamp = (story.now - timedelta(seconds=ago)).timestamp()
    return json.dumps({"level": level, "ts": round(stamp + 0.1180419, 7), "logger": "controller_installation", "msg": msg, "Request.Namespace": "", "Request.Name": "default", **more}, separators=(",", ":"))  # fmt: skip


def definition_does_not_know_the_provider(now: datetime) -> Incident:
    story = incident(
        "definition-of-the-former-chart-refuses-the-new-default",
        CAUSE,
        "The tigera-operator chart went from v3.21.3 to v3.24.1; helm leaves definitions alone, so the one of Installation does not know the provider RKE2 that the new operator writes as its default. The operator is stuck at its first write: all pods keep v3.21.3 although operator and values are new. A host rebooted for its kernel made the BGP events.",
        "https://github.com/projectcalico/calico/issues/6880",
        now,
        platform="other",
        calico="v3.21.3",
        kubernetes="v1.23.12+rke2r1",
        registry="docker.io/calico",
        difficulty="medium",
        acceptable=["operator-migration-incomplete"],
    )
    hosts = {f"rancher-{x}": f"10.77.16.{n}" for x, n in (("cp1", 10), ("wk1", 21), ("wk2", 22), ("wk3", 23))}
    dress = {"os_image": "Ubuntu 20.04.5 LTS", "kernel": "5.4.0-126-generic", "runtime": "containerd://1.5.13-k3s1"}
    story.hosts(hosts, **dress, age=21_000_000, since=20_000_000)
    again = {"rancher-wk2": hosts["rancher-wk2"]}
    story.staff({k: v for k, v in hosts.items() if k not in again}, started=9_000_000, age=9_000_050)
    name = story.staff(again, restarts=1, started=86_000, last=("Unknown", 255, 86_090), age=9_000_050)[0]
    story.typha("rancher-wk1", "q5n2m", started=9_000_000)
    story.typha("rancher-wk3", "t9vwc", started=9_000_000)
    status = [container(story, "calico-kube-controllers", "docker.io/calico/kube-controllers:v3.21.3", started=8_900_000)]  # fmt: skip
    made = pod(story, "calico-kube-controllers-77d9858799-x2r8p", "rancher-wk1", status, owner="ReplicaSet/calico-kube-controllers-77d9858799", app="calico-kube-controllers", age=9_000_000)  # fmt: skip
    made["status"] |= {"podIP": "10.42.81.5", "podIPs": [{"ip": "10.42.81.5"}]}
    operator = story.other("tigera-operator-6bb888d6fc-z8wq2", "rancher-wk3", namespace="tigera-operator", owner="ReplicaSet/tigera-operator-6bb888d6fc", app="tigera-operator", image="quay.io/tigera/operator:v1.28.1", age=5_470, started=5_460)  # fmt: skip
    refused = 'Installation.operator.tigera.io "default" is invalid: spec.kubernetesProvider: Unsupported value: "RKE2": supported values: "", "EKS", "GKE", "AKS", "OpenShift", "DockerEnterprise"'
    lines = [
        f"{story.stamp(5_459)[:19].replace('-', '/')} [INFO] Version: v1.28.1",
        f"{story.stamp(5_459)[:19].replace('-', '/')} [INFO] Go Version: go1.17.9b7",
        f"{story.stamp(5_459)[:19].replace('-', '/')} [INFO] Go OS/Arch: linux/amd64",
        f"{story.stamp(5_457)[:19].replace('-', '/')} [INFO] Active operator: proceeding",
        json.dumps({"level": "info", "ts": round((story.now - timedelta(seconds=5_456)).timestamp() + 0.4411, 4), "logger": "setup", "msg": "Checking type of cluster", "provider": "RKE2"}, separators=(",", ":")),
    ]  # fmt: skip
    for n in range(17):
        ago = 5_450 - 330 * n
        lines += [
            _operator(story, ago, "info", "Reconciling Installation.operator.tigera.io"),
            _operator(story, ago - 0.4, "error", "Failed to write defaults", reason="ResourceUpdateError", error=refused,
                      stacktrace="github.com/go-logr/zapr.(*zapLogger).Error\n\t/go/pkg/mod/github.com/go-logr/zapr@v0.4.0/zapr.go:132\ngithub.com/tigera/operator/pkg/controller/status.(*statusManager).SetDegraded"),
        ]  # fmt: skip
    story.log(operator, lines)
    story.texts["helm-and-status.txt"] = (
        "$ helm history calico -n tigera-operator\nREVISION\tUPDATED                 \tSTATUS    \tCHART                  \tAPP VERSION\tDESCRIPTION     \n"
        f"1       \t{(story.now - timedelta(seconds=9_000_100)).strftime('%a %b %d %H:%M:%S %Y')}\tsuperseded\ttigera-operator-v3.21.3\tv3.21.3    \tInstall complete\n"
        f"2       \t{(story.now - timedelta(seconds=5_480)).strftime('%a %b %d %H:%M:%S %Y')}\tdeployed  \ttigera-operator-v3.24.1\tv3.24.1    \tUpgrade complete\n"
        "$ kubectl get tigerastatus\nNAME     AVAILABLE   PROGRESSING   DEGRADED   SINCE\ncalico   True        False         True       90m\n"
        "$ kubectl get installation default -o jsonpath='{.status.variant} {.spec.kubernetesProvider}'\nCalico \n"
        "$ kubectl get ds -n calico-system calico-node -o jsonpath='{.spec.template.spec.containers[0].image}'\ndocker.io/calico/node:v3.21.3\n"
        "$ kubectl get crd installations.operator.tigera.io -o yaml | grep -A8 ' kubernetesProvider:' | head -12\n              kubernetesProvider:\n                description: KubernetesProvider specifies a particular provider of\n                  the Kubernetes platform and enables provider-specific configuration.\n                enum:\n                - \"\"\n                - EKS\n                - GKE\n                - AKS\n                - OpenShift\n"
    )
    peers = [a for n, a in hosts.items() if n not in again]
    log = story.boot("rancher-wk2", 85_990, peers, interface="ens192", prefix=24)
    story.log(name, [*log, *story.quiet(5_600, 12, 700)])
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        f"describe-pod-{name}.txt": f"describe pod -n calico-system {name}",
        "describe-operator.txt": f"describe pod -n tigera-operator {operator}",
    }
    story.affected = list(hosts)
    story.cite(f"{operator}.log", 'Unsupported value: \\"RKE2\\"')
    return story


def typha_of_the_new_release_lists_a_kind_nobody_made(now: datetime) -> Incident:
    story = incident(
        "new-typha-lists-admin-network-policies-that-nobody-defined",
        CAUSE,
        "Calico for policy on a cluster with the cloud's own CNI, updated by helm without its new definitions: the Typha of the new release lists AdminNetworkPolicies, whose CRD does not exist, so it never gets in sync and answers 503. Its rollout is stuck; the agents live on the one old Typha until that node was drained. The loud lines are agents that find no Typha.",
        "https://github.com/projectcalico/calico/issues/9395",
        now,
        platform="other",
        calico="v3.29.0",
        kubernetes="v1.30.4-eks-a737599",
        registry="quay.io/calico",
        difficulty="hard",
    )
    hosts = {f"ip-10-64-{s}-{n}.eu-north-1.compute.internal": f"10.64.{s}.{n}" for s, n in ((1, 37), (1, 142), (2, 80))}
    names = list(hosts)
    story.hosts(hosts, os_image="Amazon Linux 2023.6.20241010", kernel="6.1.112-122.189.amzn2023.x86_64", runtime="containerd://1.7.22")  # fmt: skip
    for node in names[:2]:
        story.staff({node: hosts[node]}, started=7_900, age=7_930, ready=False)
    story.staff({names[2]: hosts[names[2]]}, started=7_700, age=7_730, ready=False)
    for i, node in enumerate(names):
        story.other(f"aws-node-{'7bx'[i]}k4{'pqz'[i]}", node, app="aws-node", image="602401143452.dkr.ecr.eu-north-1.amazonaws.com/amazon-k8s-cni:v1.18.5-eksbuild.1", age=2_000_000)  # fmt: skip
        story.probe(story.pods[node], "felix is not ready: readiness probe reporting 503", 5 + i, 1_760, 175)
    typhas = []
    for i, (node, suffix) in enumerate(((names[0], "8mxq4"), (names[2], "lz6wd"))):
        typha = story.typha(node, suffix, ready=False, started=8_000 if i == 0 else 1_790)
        story.objects["Pod"][-1]["metadata"]["creationTimestamp"] = story.ago(8_010 if i == 0 else 1_800)
        story.objects["Pod"][-1]["status"]["startTime"] = story.ago(8_010 if i == 0 else 1_800)
        story.pod_event(typha, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", 4 + i, 7_990 if i == 0 else 1_780, 800 if i == 0 else 178)  # fmt: skip
        typhas.append(typha)
    absent = "resource does not exist: KubernetesAdminNetworkPolicy with error: the server could not find the requested resource (get adminnetworkpolicies.policy.networking.k8s.io)"
    lines = [
        story.line(7_999, "INFO", 1, "typha/daemon.go 112:", 'Typha starting up buildDate="2024-10-16T18:40:11+0000" gitCommit="0d2b1f7" version="v3.29.0"'),
        story.line(7_998.9, "INFO", 1, "typha/daemon.go 161:", "Loading configuration..."),
        story.line(7_998.4, "INFO", 1, "typha/daemon.go 187:", "Connecting to datastore"),
        story.line(7_998.1, "INFO", 1, "typha/daemon.go 202:", "Created datastore client"),
        story.line(7_997.9, "INFO", 1, "typha/sync_server.go 452:", 'Opened listen socket addr=":5473" port=0x1561'),
    ]  # fmt: skip
    for n in range(34):
        ago = 7_990 - 2.0 * n if n < 12 else 46 - 2.0 * (n - 12)
        lines += ["[... cut ...]"] if n == 12 else []
        lines += [
            story.line(ago, "INFO", 1, "typha/watchercache.go 181:", 'Full resync is required ListRoot="/calico/resources/v3/projectcalico.org/kubernetesadminnetworkpolicies"'),
            story.line(ago - 0.002, "INFO", 1, "typha/watchercache.go 194:", f'Failed to perform list of current data during resync ListRoot="/calico/resources/v3/projectcalico.org/kubernetesadminnetworkpolicies" error={absent}'),
        ]  # fmt: skip
    story.log(typhas[0], lines)
    me = names[1]
    log = [*story.quiet(2_600, 1_830, 130)]
    log += [
        story.say(1_804, "ERROR", 61, "felix", "sync_client.go 400:", 'Failed to read from server connection=&discovery.Typha{Addr:"10.64.2.80:5473", IP:"10.64.2.80", NodeName:(*string)(0xc0004d1140)} error=EOF myID=0x3 type=""'),
        story.say(1_803.9, "ERROR", 61, "felix", "daemon.go 1114:", "Connection to Typha failed"),
    ]  # fmt: skip
    for n in range(24):
        ago, pid = 1_800 - 74 * n, 300 + 44 * n
        log += [
            story.say(ago, "INFO", pid, "felix", "daemon.go 148:", 'Felix starting up GOMAXPROCS=2 builddate="2024-10-16T18:41:02+0000" gitcommit="0d2b1f7" version="v3.29.0"'),
            story.say(ago - 1.1, "INFO", pid, "felix", "discovery.go 172:", "Didn't find any ready Typha instances."),
            story.say(ago - 1.2, "ERROR", pid, "felix", "daemon.go 337:", "Typha discovery enabled but discovery failed. error=Kubernetes service missing IP or port"),
        ]  # fmt: skip
    story.log(story.pods[me], log)
    story.texts["terminal.txt"] = (
        "$ helm list -n tigera-operator\nNAME  \tNAMESPACE      \tREVISION\tUPDATED                                \tSTATUS  \tCHART                  \tAPP VERSION\n"
        f"calico\ttigera-operator\t4       \t{(story.now - timedelta(seconds=8_060)).strftime('%Y-%m-%d %H:%M:%S')}.311920178 +0000 UTC\tdeployed\ttigera-operator-v3.29.0\tv3.29.0    \n"
        "$ kubectl get rs -n calico-system -l k8s-app=calico-typha\nNAME                      DESIRED   CURRENT   READY   AGE\ncalico-typha-5c9d8f7b6    2         2         0       133m\ncalico-typha-7b4c66d98f   0         0         0       61d\n"
        "$ kubectl get crd -o name | grep -E 'projectcalico|policy' | sed 's,.*/,,' | tr '\\n' ' '\nbgpconfigurations.crd.projectcalico.org bgpfilters.crd.projectcalico.org bgppeers.crd.projectcalico.org blockaffinities.crd.projectcalico.org caliconodestatuses.crd.projectcalico.org clusterinformations.crd.projectcalico.org felixconfigurations.crd.projectcalico.org globalnetworkpolicies.crd.projectcalico.org globalnetworksets.crd.projectcalico.org hostendpoints.crd.projectcalico.org ipamblocks.crd.projectcalico.org ipamconfigs.crd.projectcalico.org ipamhandles.crd.projectcalico.org ippools.crd.projectcalico.org ipreservations.crd.projectcalico.org kubecontrollersconfigurations.crd.projectcalico.org networkpolicies.crd.projectcalico.org networksets.crd.projectcalico.org policyendpoints.networking.k8s.aws tiers.crd.projectcalico.org \n"
    )
    story.describe(names[0], typhas[0])
    story.affected = names
    story.cite(f"{typhas[0]}.log", "resource does not exist: KubernetesAdminNetworkPolicy")
    return story


def controllers_of_a_newer_release_lack_their_kind(now: datetime) -> Incident:
    story = incident(
        "controllers-look-for-a-kind-that-was-never-defined",
        CAUSE,
        "Somebody raised the three images of an old manifest from v3.10 to v3.15 and applied only the daemonset and the deployment: the kind KubeControllersConfiguration of the newer release has no definition, so calico-kube-controllers cannot read or make its configuration, never gets ready and starts over. calico-node is fine on all four; a probe it missed is of its roll-out.",
        "https://github.com/projectcalico/kube-controllers/blob/v3.15.1/pkg/config/runconfig.go",
        now,
        platform="other",
        calico="v3.15.1",
        kubernetes="v1.18.8",
        registry="calico",
        namespace="kube-system",
        difficulty="medium",
    )
    hosts = {f"srv-kub-{n}": f"192.168.99.{60 + n}" for n in (1, 2, 3, 4)}
    story.hosts(hosts, os_image="Ubuntu 18.04.5 LTS", kernel="4.15.0-112-generic", runtime="docker://19.3.6")
    story.staff(hosts, started=7_300, age=7_340)
    for node, first in (("srv-kub-1", 7_290), ("srv-kub-4", 7_120)):
        story.not_established(story.pods[node], ["192.168.99.62"], first - 10, first, 2, established=2)
    ctl = "calico-kube-controllers-578894d4cd-"
    status = [container(story, "calico-kube-controllers", "calico/kube-controllers:v3.15.1", ready=False, restarts=24, started=70, last=("Error", 2, 130), spec={"env": [{"name": "ENABLED_CONTROLLERS", "value": "node"}, {"name": "DATASTORE_TYPE", "value": "kubernetes"}]})]  # fmt: skip
    pod(story, ctl + "jq4xw", "srv-kub-2", status, owner="ReplicaSet/" + ctl.rstrip("-"), app="calico-kube-controllers", namespace="kube-system", age=7_330)  # fmt: skip
    story.pod_event(ctl + "jq4xw", "Unhealthy", "Readiness probe failed: Failed to read status file status.json: open status.json: no such file or directory", 9, 7_310, 701)  # fmt: skip
    story.pod_event(ctl + "jq4xw", "BackOff", "Back-off restarting failed container", 72, 6_900, 311)
    missing = "the server could not find the requested resource"
    kind = "kubecontrollersconfigurations.crd.projectcalico.org"

    def attempt(began: float) -> list[str]:
        made = [
            story.line(began, "INFO", 1, "main.go 88:", 'Loaded configuration from environment config=&config.Config{LogLevel:"info", WorkloadEndpointWorkers:1, ProfileWorkers:1, PolicyWorkers:1, NodeWorkers:1, Kubeconfig:"", DatastoreType:"kubernetes"}'),
            f"W{story.klog(began)}       1 client_config.go:543] Neither --kubeconfig nor --master was specified.  Using the inClusterConfig.  This might not work.",
            story.line(began - 0.02, "INFO", 1, "main.go 109:", "Ensuring Calico datastore is initialized"),
            story.line(began - 0.06, "INFO", 1, "main.go 149:", "Getting initial config snapshot from datastore"),
        ]  # fmt: skip
        for turn in range(5):
            ago = began - 0.08 - turn * 12.4
            made.append(story.line(ago, "INFO", 1, "customresource.go 101:", f'Error getting resource Key=KubeControllersConfiguration(default) Name="default" Resource="KubeControllersConfigurations" error={missing} (get {kind} default)'))  # fmt: skip
            made.append(story.line(ago - 0.01, "WARNING", 1, "runconfig.go 154:", f"unable to get KubeControllersConfiguration(default) error=resource does not exist: KubeControllersConfiguration(default) with error: {missing} (post {kind})"))  # fmt: skip
        return made

    story.log(ctl + "jq4xw", attempt(69))
    story.log(ctl + "jq4xw", attempt(190), "kube-controllers-previous.log")
    peers = [a for n, a in hosts.items() if n != "srv-kub-2"]
    story.log(story.pods["srv-kub-2"], [*story.boot("srv-kub-2", 7_300, peers, interface="ens160", prefix=24), *story.quiet(2_000, 15, 240)])  # fmt: skip
    names = "bgpconfigurations bgppeers blockaffinities clusterinformations felixconfigurations globalnetworkpolicies globalnetworksets hostendpoints ipamblocks ipamconfigs ipamhandles ippools networkpolicies networksets"
    story.texts["crds.txt"] = "NAME                                          CREATED AT\n" + "".join(
        f"{name + '.crd.projectcalico.org':46}2025-03-11T08:{20 + i // 5:02d}:{11 + i % 5:02d}Z\n" for i, name in enumerate(names.split())
    )  # fmt: skip
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe-kube-controllers.txt": f"describe pod -n kube-system {ctl}jq4xw",
        "describe-calico-node.txt": f"describe pod -n kube-system {story.pods['srv-kub-2']}",
    }
    story.events()
    story.affected = []
    story.cite(
        f"{ctl}jq4xw.log", "the server could not find the requested resource (post kubecontrollersconfigurations"
    )
    return story


STORIES = [
    definition_does_not_know_the_provider,
    typha_of_the_new_release_lists_a_kind_nobody_made,
    controllers_of_a_newer_release_lack_their_kind,
]
