"""bgp-password-secret-missing: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident, protocols

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


STORIES = [first_workers_after_the_update, binding_names_the_wrong_account]
