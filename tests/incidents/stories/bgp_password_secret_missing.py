"""bgp-password-secret-missing: confd cannot read the secret that holds the BGP password."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, bird_start, incident, protocols

CAUSE = "bgp-password-secret-missing"


def reflector(
    story: Incident, ago: float, secret: str, space: str, pid: int = 69, tid: str = "reflector.go:533"
) -> list[str]:
    """client-go's two lines about a secret that it may not list."""
    day, clock = story.stamp(ago)[5:10].replace("-", ""), story.stamp(ago)[11:]
    said = (
        f'failed to list *v1.Secret: secrets "{secret}" is forbidden: User "system:serviceaccount:{space}:calico-node" cannot list '
        f'resource "secrets" in API group "" in the namespace "{space}"'
    )
    place = "pkg/mod/k8s.io/client-go@v0.27.8/tools/cache/reflector.go:231:"
    return [
        f"W{day} {clock}417 {pid:>7} {tid}] {place} {said}",
        f"E{day} {clock}463 {pid:>7} reflector.go:148] {place} Failed to watch *v1.Secret: {said}",
    ]


def migration_stops(now: datetime) -> Incident:
    story = incident(
        "first-migrated-worker-speaks-without-password",
        CAUSE,
        "The first worker moved to calico-system finds no secret there and speaks BGP without a password, the old ones ask for it.",
        "https://github.com/projectcalico/calico/blob/v3.27.2/confd/pkg/backends/calico/secret_watcher.go",
        now,
        difficulty="medium",
        platform="classic",
        calico="v3.27.2",
        kubernetes="v1.29.2+IKS",
    )
    nodes = [f"10.72.118.{n}" for n in (3, 9, 14, 21, 30, 47, 52)]
    moved, old = nodes[:1], nodes[1:]
    story.workers(moved, labels={"projectcalico.org/operator-node-migration": "migrated"})
    story.workers(old, labels={"projectcalico.org/operator-node-migration": "pre-operator"})
    story.agents(
        old, namespace="kube-system", image="icr.io/ext/calico/node:v3.26.4", cni_image="icr.io/ext/calico/cni:v3.26.4"
    )
    story.agents(moved[:1], ready=False, started=9400, age=9500)
    story.typha(moved[0])
    for node, began in zip(moved, (9400,), strict=True):
        story.not_established(story.pods[node], old, 14, began - 20, 300)
        story.describe(node)
    name = story.pods[moved[0]]
    log = story.boot(moved[0], 9400, old, ())
    at = next(i for i, line in enumerate(log) if "bird.cfg has been updated" in line)
    log[at:at] = [
        story.say(
            9398,
            "WARNING",
            60,
            "confd",
            "secret_watcher.go 129:",
            "Controller for secret 'calico-bgp-password' did not sync within 500ms",
        ),
        story.say(
            9398,
            "WARNING",
            60,
            "confd",
            "client.go 1135:",
            "Can't read password referenced by BGP Configuration default in secret "
            "calico-bgp-password:rawPassword error=no data available for secret calico-bgp-password",
        ),
    ]
    story.log(name, log + story.quiet(9300, 6000, 190))
    story.affected = moved
    story.cite(f"{name}.log", "no data available for secret calico-bgp-password")
    return story


def rack_switch(now: datetime) -> Incident:
    story = incident(
        "operator-gives-no-right-on-secrets",
        CAUSE,
        "The BGPPeers of the rack switches name a secret for their password, calico-node has no right to list it: forbidden, again and again.",
        "https://github.com/tigera/operator/issues/2006",
        now,
        platform="other",
        calico="v3.26.1",
        kubernetes="v1.27.6",
        registry="docker.io/calico",
        acceptable=["rbac-denied"],
    )
    nodes = story.hosts({f"rack{r}-kube{n}": f"172.27.{r}.{10 + n}" for r in (1, 2) for n in (1, 2)})
    story.agents(nodes[1:], restarts=1, started=5000)
    story.agents(nodes[:1], address="172.27.1.11", restarts=1, started=4800)
    name = story.pods[nodes[0]]
    peers, switches = ["172.27.1.12", "172.27.2.11", "172.27.2.12"], ["172.27.1.1", "172.27.1.2"]
    log = story.boot(nodes[0], 4800, peers, address="172.27.1.11", interface="bond0", prefix=24)
    log += bird_start(switches, (), "Global")[2:-4]
    quiet = story.quiet(4780, 10, 190)
    for i in range(12):
        log += reflector(story, 4790 - 380 * i, "tor-bgp", "calico-system") + quiet[2 * i : 2 * i + 2]
    story.log(name, log)
    story.texts["birdcl.txt"] = protocols([(p, "up", "04:26:31", "Established") for p in peers], routes="up") + "".join(
        f"Global_{s.replace('.', '_')} BGP      master   start  04:26:29    Connect       \n" for s in switches
    )
    story.texts["bgppeer.yaml"] = (
        "apiVersion: projectcalico.org/v3\nitems:\n- apiVersion: projectcalico.org/v3\n  kind: BGPPeer\n  metadata:\n    name: tor-a\n  spec:\n"
        "    asNumber: 65010\n    nodeSelector: rack == 'r1'\n    password:\n      secretKeyRef:\n        key: password\n        name: tor-bgp\n"
        "    peerIP: 172.27.1.1\nkind: BGPPeerList\nmetadata: {}\n"
    )
    story.commands = {
        "pods.txt": "get pods -A -o wide",
        f"{name}.describe.txt": f"describe pod -n calico-system {name}",
    }
    story.affected = nodes
    story.cite(f"{name}.log", 'secrets "tor-bgp" is forbidden')
    return story


def pruned(now: datetime) -> Incident:
    story = incident(
        "rolebinding-pruned-by-the-gitops-tool",
        CAUSE,
        "The mesh has a password, but calico-node may no longer read the secret (can-i: no, no such RoleBinding); the one worker restarted since is alone.",
        "https://github.com/projectcalico/calico/issues/6893",
        now,
        difficulty="hard",
        platform="vpc",
        calico="v3.28.1",
        kubernetes="v1.30.6+IKS",
    )
    nodes = story.workers([f"10.241.80.{n}" for n in (4, 5, 6, 12, 13)])
    late = nodes[4:]
    story.agents(nodes[:4], started=3_000_000, age=3_000_000)
    story.agents(late, ready=False, started=3500, restarts=0, age=3500)
    story.typha(nodes[1])
    for node in late:
        story.not_established(story.pods[node], [n for n in nodes if n != node], 9, 3460, 118)
        story.pod_event(
            story.pods[node],
            "Unhealthy",
            "Readiness probe failed: calico/node is not ready: felix is not ready: Get "
            '"http://localhost:9099/readiness": dial tcp 127.0.0.1:9099: connect: connection refused',
            3495,
            3498,
            2,
        )
        story.describe(node)
    for space, names in (
        ("kube-system", ("calico-bgp-password", "ibm-cloud-credentials")),
        ("calico-system", ("calico-bgp-password", "node-certs", "typha-certs")),
    ):
        for name in names:
            story.add(
                "Secret",
                {
                    "metadata": {
                        "name": name,
                        "namespace": space,
                        "creationTimestamp": story.ago(20_000_000),
                        "uid": name + space,
                    },
                    "type": "Opaque",
                    "data": {"a": "eA=="},
                },
            )
    story.add(
        "BGPConfiguration",
        {
            "metadata": {"name": "default", "creationTimestamp": story.ago(40_000_000), "uid": "bgp", "generation": 4},
            "spec": {
                "asNumber": 64512,
                "nodeToNodeMeshEnabled": True,
                "logSeverityScreen": "Info",
                "nodeMeshPassword": {"secretKeyRef": {"name": "calico-bgp-password", "key": "rawPassword"}},
            },
        },
    )
    story.commands |= {
        "secrets-calico-system.txt": "get secrets -n calico-system",
        "secrets-kube-system.txt": "get secrets -n kube-system",
        "bgpconfig.yaml": "get bgpconfigurations default -o yaml",
    }
    story.texts["rbac.txt"] = (
        "$ kubectl get role,rolebinding -n calico-system\nNAME                                                            CREATED AT\n"
        f"role.rbac.authorization.k8s.io/tigera-operator-secrets          {story.ago(30_000_000)}\n\n"
        "NAME                                                                   ROLE                             AGE\n"
        "rolebinding.rbac.authorization.k8s.io/tigera-operator-secrets          Role/tigera-operator-secrets     347d\n"
        "$ kubectl auth can-i list secrets/calico-bgp-password -n calico-system --as system:serviceaccount:calico-system:calico-node\nno\n"
    )
    story.affected = late
    story.cite("bgpconfig.yaml", "name: calico-bgp-password")
    story.cite(f"describe-pod-{story.pods[late[0]]}.txt", "BGP not established with")
    return story


def quiet_warning(now: datetime) -> Incident:
    story = incident(
        "password-line-once-among-noise",
        CAUSE,
        "After the update the log of the new calico-node says once that calico-bgp-password has no data; the loud lines are start-up noise.",
        "https://github.com/projectcalico/calico/pull/8638",
        now,
        difficulty="hard",
        platform="classic",
        calico="v3.27.0",
        kubernetes="v1.29.1+IKS",
    )
    nodes = story.workers([f"10.188.201.{n}" for n in (66, 71, 80, 93)])
    new, old = nodes[3], nodes[:3]
    story.agents(
        old, namespace="kube-system", image="icr.io/ext/calico/node:v3.26.4", restarts=2, last=("Error", 137, 400_000)
    )
    story.agents([new], ready=False, started=2600, restarts=1, last=("Error", 1, 2640), age=2900)
    name = story.pods[new]
    story.typha(nodes[0], restarts=3, last=("Error", 2, 300_000))
    log = story.boot(new, 2600, old, ())
    noise = story.say(
        2597,
        "WARNING",
        61,
        "felix",
        "health.go 188:",
        'Reporter is not ready: reporting non-ready. name="int_dataplane"',
    )
    once = story.say(
        2597.6,
        "WARNING",
        60,
        "confd",
        "client.go 1135:",
        "Can't read password referenced by BGP Configuration default in secret "
        "calico-bgp-password:rawPassword error=no data available for secret calico-bgp-password",
    )
    at = next(i for i, line in enumerate(log) if "bird.cfg has been updated" in line)
    log[at:at] = [noise, once]
    log += [
        line
        for i, quiet in enumerate(story.quiet(2500, 30, 120))
        for line in (
            [
                quiet,
                story.say(
                    2490 - 120 * i,
                    "INFO",
                    61,
                    "felix",
                    "usagerep.go 160:",
                    "Failed to report usage/get deprecation warnings. error=Get "
                    '"https://usage.projectcalico.org/UsageCheck/calicoVersionCheck": dial tcp: i/o timeout',
                ),
            ]
            if i % 6 == 5
            else [quiet]
        )
    ]
    story.log(name, log)
    first = [line.replace("[9]", "[8]") for line in story.boot(new, 2680, old, ())[:6]]
    refused = (
        'error=Get "https://172.21.0.1:443/api/v1/nodes/foo": dial tcp 172.21.0.1:443: connect: connection refused'
    )
    first += [
        story.say(
            2675 - i, "INFO", 8, "startup", "startup.go 466:", f"Hit error connecting to datastore - retry {refused}"
        )
        for i in range(9)
    ]
    story.log(name, first, f"{name}-previous.log")
    story.log(
        story.pods[old[0]], [*story.quiet(2400, 10, 180), f"bird: Mesh_{new.replace('.', '_')}: State changed to start"]
    )
    story.commands = {"nodes.txt": "get nodes -o wide --show-labels", "pods.txt": "get pods -A -o wide"}
    story.affected = [new]
    story.cite(f"{name}.log", "Can't read password referenced by BGP Configuration default")
    return story


def all_restarted(now: datetime) -> Incident:
    story = incident(
        "half-of-a-roks-cluster-after-its-update",
        CAUSE,
        "ROKS with a mesh password of the customer: the secret was made in kube-system only; workers updated since then cannot read it and speak unsigned.",
        "https://github.com/tigera/operator/pull/432",
        now,
        difficulty="hard",
        platform="roks",
        calico="v3.27.2",
        kubernetes="v1.28.14+ce82e99",
        registry="registry.example.com/ibm-ext/calico",
        archive="calico-node-case.tgz",
    )
    nodes = story.workers(
        [f"10.241.33.{n}" for n in (4, 5, 6, 7, 8, 9)],
        os_image="Red Hat Enterprise Linux 8.9 (Ootpa)",
        runtime="cri-o://1.28.10",
        kernel="4.18.0-513.24.1.el8_9.x86_64",
    )
    fresh = nodes[:1]
    story.agents(nodes[1:], started=8_000_000, age=8_000_000)
    story.agents(fresh, ready=False, started=5000, age=5100, restarts=1, last=("Completed", 0, 5020))
    story.typha(nodes[2])
    story.typha(nodes[4], "vx4m9")
    name = story.pods[fresh[0]]
    story.not_established(name, nodes[1:], 24, 4950, 163)
    story.node_event(fresh[0], "Starting", "Starting kubelet.", 5060, type_="Normal")
    story.node_event(fresh[0], "InvalidDiskCapacity", "invalid capacity 0 on image filesystem", 5060)
    story.describe(fresh[0])
    log = story.boot(fresh[0], 5000, nodes[1:], ())
    at = next(i for i, line in enumerate(log) if "bird.cfg has been updated" in line)
    log[at:at] = [
        *reflector(story, 4998, "bgp-mesh-secret", "calico-system", 60),
        story.say(
            4998,
            "WARNING",
            60,
            "confd",
            "client.go 1135:",
            "Can't read password referenced by BGP Configuration default in secret bgp-mesh-secret:password error=no data available for secret bgp-mesh-secret",
        ),
    ]
    for i, line in enumerate(story.quiet(4900, 30, 200)):
        log += [line, *(reflector(story, 4890 - 200 * i, "bgp-mesh-secret", "calico-system", 60) if i % 5 == 2 else [])]
    story.log(name, log)
    story.affected = fresh
    story.cite(f"calico-node-case.tgz!calico-node-case/{name}.log", 'secrets "bgp-mesh-secret" is forbidden')
    return story


def key_renamed(now: datetime) -> Incident:
    story = incident(
        "secret-is-there-its-key-is-not",
        CAUSE,
        "The secret was made by hand with another key: 'does not have key rawPassword', said once by the only worker that has restarted since.",
        "https://github.com/projectcalico/calico/blob/v3.29.1/confd/pkg/backends/calico/secret_watcher.go",
        now,
        difficulty="hard",
        platform="classic",
        calico="v3.29.1",
        kubernetes="v1.32.0+IKS",
        acceptable=["bgp-misconfigured"],
    )
    nodes = story.workers([f"10.165.71.{n}" for n in (130, 136, 141, 155)])
    bad = nodes[2]
    story.agents([n for n in nodes if n != bad], restarts=1, last=("Completed", 0, 4_000_000))
    story.agents([bad], ready=False, started=3300, restarts=2, last=("Error", 137, 3340))
    name, rest = story.pods[bad], [n for n in nodes if n != bad]
    story.not_established(name, rest, 3, 3250, 325, pid=9944)
    story.pod_event(
        name, "Killing", "Container calico-node failed liveness probe, will be restarted", 3345, type_="Normal"
    )
    log = story.boot(bad, 3300, rest, ())
    at = next(i for i, line in enumerate(log) if "bird.cfg has been updated" in line)
    text = "Can't read password referenced by BGP Configuration default in secret calico-bgp-password:rawPassword error=secret calico-bgp-password does not have key rawPassword"
    log.insert(at, story.say(3298.1, "WARNING", 60, "confd", "client.go 1384:", text))
    story.log(name, log + story.quiet(3200, 20, 150))
    story.log(story.pods[rest[0]], story.quiet(4000, 20, 240))
    story.add(
        "Secret",
        {
            "metadata": {
                "name": "calico-bgp-password",
                "namespace": "calico-system",
                "creationTimestamp": story.ago(8000),
                "uid": "s",
            },
            "type": "Opaque",
            "data": {"password": "eA=="},
        },
    )
    story.commands = {
        "secret.txt": "get secrets -n calico-system",
        "pods.txt": "get pods -A -o wide",
        f"{name}-describe.txt": f"describe pod -n calico-system {name}",
    }
    story.affected = [bad]
    story.cite(f"{name}.log", "does not have key rawPassword")
    return story


STORIES = [migration_stops, rack_switch, pruned, quiet_warning, all_restarted, key_renamed]
