"""bgp-password-secret-missing: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from cluster import container
from telling import SOCKET, Incident, incident, protocols, wrapped

CAUSE = "bgp-password-secret-missing"


def first_workers_after_the_update(now: datetime) -> Incident:
    story = incident(
        "update-to-129-stops-at-the-first-workers",
        CAUSE,
        "IKS 1.29: the workers that were moved to calico-system cannot read calico-bgp-password there and speak BGP without a password; they are 0/1, the migration does not go on.",
        "https://cloud.ibm.com/docs/containers?topic=containers-cs_versions_129",
        now,
        platform="classic",
        calico="v3.26.4",
        kubernetes="v1.29.6+IKS",
        difficulty="easy",
    )
    nodes = [f"10.171.60.{n}" for n in (66, 70, 71, 83, 90, 94)]
    story.workers(nodes[:2], labels={"projectcalico.org/operator-node-migration": "migrated"})
    story.workers(nodes[2:], labels={"projectcalico.org/operator-node-migration": "pre-operator"})
    new = story.agents(nodes[:2], ready=False, started=5500, age=5520)
    story.agents(nodes[2:], namespace="kube-system", started=1_600_000)
    for i, name in enumerate(new):
        story.not_established(name, [n for n in nodes if n != nodes[i]], 9, 5480, 182)
    story.pod_event(
        new[0],
        "Unhealthy",
        "Readiness probe failed: calico/node is not ready: BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: no such file or directory",
        5490,
        5490,
    )
    peers = nodes[1:]
    log = story.boot(nodes[0], 5490, peers, up=[])
    log += [
        story.say(
            5487,
            "WARNING",
            62,
            "confd",
            "secret_watcher.go 129:",
            "Controller for secret 'calico-bgp-password' did not sync within 500ms",
        ),
        story.say(
            5486,
            "WARNING",
            62,
            "confd",
            "client.go 1384:",
            "Can't read password referenced by BGP Configuration default in secret calico-bgp-password:rawPassword error=no data available for secret calico-bgp-password",
        ),
    ]
    log += story.quiet(5400, 10, 240)
    story.log(new[0], log)
    story.typha(nodes[1])
    story.texts["birdcl-show-protocols.txt"] = protocols([(p, "start", "09:12:44", "Connect") for p in peers])
    story.describe(nodes[0])
    story.affected = nodes[:2]
    story.cite(f"{new[0]}.log", "Can't read password referenced by BGP Configuration default")
    return story


def binding_names_the_wrong_account(now: datetime) -> Incident:
    story = incident(
        "role-bound-to-the-account-of-the-old-namespace",
        CAUSE,
        "The secret was copied to calico-system, but the RoleBinding still names the service account of kube-system: calico-node may not list the secret (forbidden, every half minute) and has sessions without a password that the others refuse.",
        "https://github.com/tigera/docs/pull/1837",
        now,
        platform="classic",
        calico="v3.27.3",
        kubernetes="v1.29.8+IKS",
        difficulty="medium",
        acceptable=["rbac-denied"],
    )
    nodes = [f"10.144.201.{n}" for n in (7, 12, 13, 20)]
    story.workers(nodes[:1], labels={"projectcalico.org/operator-node-migration": "migrated"})
    story.workers(nodes[1:], labels={"projectcalico.org/operator-node-migration": "pre-operator"})
    name = story.agents(nodes[:1], ready=False, started=4100, age=4120)[0]
    story.agents(nodes[1:], namespace="kube-system", started=1_500_000)
    story.not_established(name, nodes[1:], 14, 4080, 135)
    log = story.boot(nodes[0], 4095, nodes[1:], up=[])
    for i in range(8):
        log += [
            "W"
            + story.klog(4000 - 480 * i)
            + '      62 reflector.go:539] k8s.io/client-go@v0.29.4/tools/cache/reflector.go:229: failed to list *v1.Secret: secrets "calico-bgp-password" is forbidden: User "system:serviceaccount:calico-system:calico-node" cannot list resource "secrets" in API group "" in the namespace "calico-system"',
            "E"
            + story.klog(4000 - 480 * i)
            + '      62 reflector.go:147] k8s.io/client-go@v0.29.4/tools/cache/reflector.go:229: Failed to watch *v1.Secret: failed to list *v1.Secret: secrets "calico-bgp-password" is forbidden: User "system:serviceaccount:calico-system:calico-node" cannot list resource "secrets" in API group "" in the namespace "calico-system"',
            *story.quiet(3900 - 480 * i, 3600 - 480 * i, 200),
        ]
    story.log(name, log)
    story.texts["rolebinding.yaml"] = (
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata:\n  name: bgp-secret-access\n  namespace: calico-system\nroleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: Role\n  name: bgp-secret-access\nsubjects:\n- kind: ServiceAccount\n  name: calico-node\n  namespace: kube-system\n"
    )
    story.describe(nodes[0])
    story.affected = [nodes[0]]
    story.cite(f"{name}.log", 'secrets "calico-bgp-password" is forbidden')
    return story


def only_descriptions_and_two_kubectl_answers(now: datetime) -> Incident:
    story = incident(
        "migration-stands-still-and-the-secret-is-not-found",
        CAUSE,
        "IKS VPC, master updated to 1.29: three migrated workers have no BGP session at all and stay 0/1, the others wait. No log was sent; kubectl does not find calico-bgp-password in calico-system, the BGPConfiguration refers to it and has lost IBM's created-by annotation.",
        "https://cloud.ibm.com/docs/containers?topic=containers-cs_versions_129",
        now,
        platform="vpc",
        calico="v3.26.4",
        kubernetes="v1.29.2+IKS",
        difficulty="easy",
    )
    nodes = [f"10.244.66.{n}" for n in (9, 12, 14, 20, 21, 27, 33)]
    story.workers(nodes[:3], labels={"projectcalico.org/operator-node-migration": "migrated"}, version="v1.29.2+IKS")
    story.workers(
        nodes[3:], labels={"projectcalico.org/operator-node-migration": "pre-operator"}, version="v1.28.7+IKS"
    )
    new = story.agents(nodes[:3], ready=False, started=19_000, age=19_030)
    story.agents(nodes[3:], namespace="kube-system", started=5_000_000, age=5_000_030)
    for i, name in enumerate(new):
        story.not_established(name, [n for n in nodes if n != nodes[i]], 12 + i, 18_960, 631)
        story.probe(name, SOCKET, 18_985, 18_985)
        story.pod_event(name, "Started", "Started container calico-node", 19_000, type_="Normal")
    story.typha(nodes[0])
    story.texts["secret.txt"] = (
        '$ kubectl get secret calico-bgp-password -n calico-system\nError from server (NotFound): secrets "calico-bgp-password" not found\n'
        "$ kubectl get secret calico-bgp-password -n kube-system\nNAME                  TYPE     DATA   AGE\ncalico-bgp-password   Opaque   1      2y41d\n"
        "$ calicoctl get bgpconfiguration default -o yaml\napiVersion: projectcalico.org/v3\nkind: BGPConfiguration\nmetadata:\n  annotations:\n    ops.example.com/last-review: q3\n  name: default\nspec:\n  logSeverityScreen: Info\n  nodeMeshPassword:\n    secretKeyRef:\n      key: rawPassword\n      name: calico-bgp-password\n  nodeToNodeMeshEnabled: true\n"
    )
    story.describe(nodes[1], new[1])
    story.affected = nodes[:3]
    story.cite("secret.txt", 'secrets "calico-bgp-password" not found')
    return story


def peers_secret_stayed_in_the_old_namespace(now: datetime) -> Incident:
    story = incident(
        "router-password-was-left-behind-by-the-move-to-the-operator",
        CAUSE,
        "Calico was moved from the manifest to the operator, calico-node now looks for the BGPPeers' secret in calico-system, where nobody made it. The routers demand a password; no session with them comes up (no mesh), every moved node is 0/1.",
        "https://github.com/projectcalico/calico/issues/6893",
        now,
        platform="other",
        calico="v3.25.1",
        kubernetes="v1.25.11",
        registry="quay.io/calico",
        difficulty="medium",
    )
    hosts = {f"dc2-kw{n}": f"10.115.30.{20 + n}" for n in range(1, 5)}
    story.hosts(hosts, os_image="Ubuntu 22.04.2 LTS", kernel="5.15.0-76-generic", runtime="containerd://1.6.20")
    names = story.staff(hosts, ready=False, age=2600, started=2580)
    tors = ["10.115.30.2", "10.115.30.3"]
    for i, name in enumerate(names):
        story.not_established(name, tors, 9 + i, 2540, 85)
    me = "dc2-kw4"
    log = story.boot(me, 2575, bird=False, interface="ens224", prefix=24)
    pid = 60
    for i, x in enumerate(("a", "b")):
        log += [
            story.say(
                2572.4 - i,
                "WARNING",
                pid,
                "confd",
                "secret_watcher.go 129:",
                "Controller for secret 'bgp-secrets' did not sync within 500ms",
            ),
            story.say(
                2572.3 - i,
                "WARNING",
                pid,
                "confd",
                "client.go 477:",
                f"Can't read password for BGPPeer dc2-tor-{x} error=no data available for secret bgp-secrets",
            ),
        ]
    log.append(
        story.say(
            2570,
            "INFO",
            pid,
            "confd",
            "resource.go 289:",
            "Target config /etc/calico/confd/config/bird.cfg has been updated due to change in key: /calico/bgp/v1/host",
        )
    )
    log += [f"bird: {x}" for x in ("device1: Initializing", "direct1: Initializing")]
    sessions = [f"bird: Global_{t.replace('.', '_')}" for t in tors]
    log += [f"{s}: Initializing" for s in sessions]
    log += [
        f"bird: {d}: {x}"
        for d in ("device1", "direct1")
        for x in ("Starting", "Connected to table master", "State changed to feed")
    ]
    log += [f"{s}: {x}" for s in sessions for x in ("Starting", "State changed to start")]
    log += [
        "bird: Graceful restart started",
        "bird: Started",
        "bird: device1: State changed to up",
        "bird: direct1: State changed to up",
    ]
    for turn in range(5):
        log += story.quiet(2480 - 480 * turn, 2200 - 480 * turn, 140)
        log += [
            story.say(
                2100 - 480 * turn,
                "WARNING",
                pid,
                "confd",
                "client.go 477:",
                f"Can't read password for BGPPeer dc2-tor-{x} error=no data available for secret bgp-secrets",
            )
            for x in "ab"
        ]
    story.log(story.pods[me], log)
    story.texts["get-secrets.txt"] = (
        "NAMESPACE     NAME          TYPE     DATA   AGE\nkube-system   bgp-secrets   Opaque   1      392d\n"
    )
    story.describe(me)
    story.affected = list(hosts)
    story.cite(
        f"{story.pods[me]}.log",
        "Can't read password for BGPPeer dc2-tor-a error=no data available for secret bgp-secrets",
    )
    return story


# told on 29 November 2026 without having seen the rules
def fabric_secret_lies_where_calico_may_not_read(now: datetime) -> Incident:
    story = incident(
        "leaf-switch-password-is-not-readable-on-the-fabric",
        CAUSE,
        "Calico on a data-centre fabric: the BGPPeers of the leaf switches name the secret leaf-bgp-auth, but the account of calico-node has no right to list it in calico-system (the role was made for kube-system). Said by the newer client library on each host, the leaf sessions never come up.",
        "https://github.com/noironetworks/acc-provision/pull/724",
        now,
        platform="other",
        calico="v3.30.2",
        kubernetes="v1.33.3",
        registry="quay.io/calico",
        difficulty="easy",
        acceptable=["rbac-denied"],
    )
    hosts = {f"fab-a{n}": f"10.131.7.{10 + n}" for n in range(1, 5)}
    story.hosts(
        hosts,
        os_image="Ubuntu 24.04.2 LTS",
        kernel="6.8.0-60-generic",
        runtime="containerd://2.0.5",
        age=5_600,
        since=5_500,
    )
    leaves = ["10.131.7.1", "10.131.7.2"]
    init = [container(story, "install-cni", "quay.io/calico/cni:v3.30.2", done=True, started=5_310)]
    story.staff(hosts, ready=False, started=5_300, age=5_340, init=init)
    for pod in story.pods.values():
        story.not_established(pod, leaves, 9, 5_270, 173)
    me = "fab-a3"
    name = story.pods[me]
    log = story.boot(me, 5_298, bird=False, interface="bond0", prefix=25)
    bad = 'secrets \\"leaf-bgp-auth\\" is forbidden: User \\"system:serviceaccount:calico-system:calico-node\\" cannot list resource \\"secrets\\" in API group \\"\\" in the namespace \\"calico-system\\"'
    for i in range(22):
        log.append(
            f'E{story.klog(5_293 - 240 * i)}      60 reflector.go:200] "Failed to watch" err="failed to list *v1.Secret: {bad}" logger="UnhandledError" reflector="k8s.io/client-go@v0.33.1/tools/cache/reflector.go:285" type="*v1.Secret"'
        )
        if i == 0:
            log.append(
                story.say(
                    5_292,
                    "WARNING",
                    60,
                    "confd",
                    "secret_watcher.go 129:",
                    "Controller for secret 'leaf-bgp-auth' did not sync within 500ms",
                )
            )
            log += [
                f"bird: Node_{x.replace('.', '_')}: {t}"
                for x in leaves
                for t in ("Initializing", "Starting", "State changed to start")
            ]
        log += story.quiet(5_230 - 240 * i, 5_120 - 240 * i, 80)
    story.log(name, wrapped(story, log, "prefix", name), "calico-node.log")
    story.texts["birdcl.txt"] = protocols(
        [(x, "start", story.stamp(5_292)[11:19], "Active        Socket: Connection reset by peer") for x in leaves],
        kind="Node",
        since=story.stamp(5_292)[11:19],
        routes="up",
    )
    story.describe(me, name)
    story.affected = list(hosts)
    story.cite("calico-node.log", 'secrets \\"leaf-bgp-auth\\" is forbidden')
    return story


def secret_operator_did_not_fill_the_new_namespace(now: datetime) -> Incident:
    story = incident(
        "external-secret-never-made-the-password",
        CAUSE,
        "IKS VPC: the mesh password comes from a secret manager. After the move to calico-system the ExternalSecret there cannot be synchronised, so the secret calico-bgp-password does not exist in that namespace; the first migrated worker speaks unsigned, the old ones say 'MD5 Hash not found' in their kernel's log and have no session with it.",
        "https://cloud.ibm.com/docs/containers?topic=containers-cs_versions_129",
        now,
        platform="vpc",
        calico="v3.27.4",
        kubernetes="v1.29.9+IKS",
        difficulty="hard",
        acceptable=["bgp-password-mismatch"],
    )
    old = [f"10.240.64.{n}" for n in (6, 11, 14, 19)]
    new = ["10.240.64.23"]
    story.workers(old, labels={"projectcalico.org/operator-node-migration": "pre-operator"}, version="v1.28.14+IKS")
    story.workers(new, labels={"projectcalico.org/operator-node-migration": "migrated"})
    story.namespace = "kube-system"
    story.agents(
        old, started=1_300_000, image="icr.io/ext/calico/node:v3.26.4", cni_image="icr.io/ext/calico/cni:v3.26.4"
    )
    story.namespace = "calico-system"
    story.agents(
        new,
        ready=False,
        started=7_150,
        age=7_200,
        init=[container(story, "install-cni", "icr.io/ext/calico/cni:v3.27.4", done=True, started=7_180)],
    )
    for node in new:
        story.not_established(story.pods[node], old, 15, 7_100, 231)
    story.typha(new[0], "9zwkc", started=7_100)
    story.objects["Pod"][-1]["metadata"]["creationTimestamp"] = story.ago(7_120)
    story.events()
    story.commands["get-pods.txt"] = "get pods -A -o wide"
    story.commands["get-nodes.txt"] = "get nodes -o wide -L projectcalico.org/operator-node-migration"
    story.texts["externalsecret.txt"] = (
        "$ kubectl get externalsecret -A\n"
        "NAMESPACE       NAME                  STORETYPE            STORE        REFRESH INTERVAL   STATUS              READY\n"
        "calico-system   calico-bgp-password   ClusterSecretStore   sm-prod-eu   1h                 SecretSyncedError   False\n"
        "kube-system     calico-bgp-password   ClusterSecretStore   sm-prod-eu   1h                 SecretSynced        True\n"
        "$ kubectl get secret -A --field-selector metadata.name=calico-bgp-password\n"
        "NAMESPACE     NAME                  TYPE     DATA   AGE\n"
        "kube-system   calico-bgp-password   Opaque   1      411d\n"
    )
    story.texts["10.240.64.14-kern.log"] = "".join(
        f"{story.syslog(7_090 - 211 * i)} kube-cq0sample-default-0000024e kernel: [{1_290_000 + 211 * i}.{(417 * i) % 1000:03}] TCP: MD5 Hash not found for ({new[0]}, {40_011 + 613 * i})->(10.240.64.14, 179)\n"
        for i in range(33)
    )
    log = story.quiet(7_300, 7_160, 62)
    log += [
        f"bird: Mesh_10_240_64_{x}: {t}"
        for x in (23,)
        for t in (
            "Received: Administrative shutdown",
            "State changed to stop",
            "State changed to down",
            "Starting",
            "State changed to start",
        )
    ]
    story.log(story.pods[old[2]], [*log, *story.quiet(7_050, 30, 410)], "calico-node-of-10.240.64.14.log")
    story.affected = new
    story.cite("externalsecret.txt", "SecretSyncedError")
    story.cite("10.240.64.14-kern.log", "TCP: MD5 Hash not found for (10.240.64.23")
    return story


STORIES = [
    first_workers_after_the_update,
    binding_names_the_wrong_account,
    only_descriptions_and_two_kubectl_answers,
    peers_secret_stayed_in_the_old_namespace,
    fabric_secret_lies_where_calico_may_not_read,
    secret_operator_did_not_fill_the_new_namespace,
]
