"""bgp-password-secret-missing: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import SOCKET, Incident, incident, protocols

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


STORIES = [
    first_workers_after_the_update,
    binding_names_the_wrong_account,
    only_descriptions_and_two_kubectl_answers,
    peers_secret_stayed_in_the_old_namespace,
]
