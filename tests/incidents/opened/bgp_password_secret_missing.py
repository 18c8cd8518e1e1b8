"""bgp-password-secret-missing: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime

from telling import SOCKET, Incident, bird_start, incident, node_status, protocols

CAUSE = "bgp-password-secret-missing"


def role_lets_get_but_not_list(now: datetime) -> Incident:
    story = incident(
        "role-for-the-password-allows-get-only",
        CAUSE,
        "IKS 1.30 classic after its move to calico-system: the secret was copied there and the Role bgp-secret-access written by hand, but with the verb get only. confd lists and watches, so it is refused ('cannot list'), speaks without the password, and the first updated worker has no session; `auth can-i get` says yes and misleads.",
        "https://github.com/tigera/operator/pull/2107",
        now,
        platform="classic",
        calico="v3.27.4",
        kubernetes="v1.30.6+IKS",
        difficulty="medium",
        acceptable=["rbac-denied"],
    )
    nodes = [f"10.73.118.{n}" for n in (132, 135, 140, 146, 151)]
    story.workers(nodes[:1], labels={"projectcalico.org/operator-node-migration": "migrated"})
    story.workers(nodes[1:], labels={"projectcalico.org/operator-node-migration": "pre-operator"}, version="v1.28.15+IKS")  # fmt: skip
    new = story.agents(nodes[:1], ready=False, started=8_900, age=8_930)
    story.agents(nodes[1:], namespace="kube-system", started=4_000_000, age=4_000_040)
    story.pods[nodes[0]] = new[0]
    for i, name in enumerate(new):
        story.not_established(name, [n for n in nodes if n != nodes[i]], 9 + 4 * i, 8_860, 295)
        story.probe(name, SOCKET, 8_895, 8_895)
    typha = story.typha(nodes[0], "p4hxn", started=9_400)
    story.objects["Pod"][-1]["metadata"]["creationTimestamp"] = story.ago(9_430)
    bad, name = nodes[0], new[0]
    text = 'secrets "calico-bgp-password" is forbidden: User "system:serviceaccount:calico-system:calico-node" cannot list resource "secrets" in API group "" in the namespace "calico-system"'
    log = story.boot(bad, 8_905, bird=False)[:-1]
    log += [
        f"W{story.klog(8_902.7)}      62 reflector.go:539] k8s.io/client-go@v0.29.9/tools/cache/reflector.go:229: failed to list *v1.Secret: {text}",
        f"E{story.klog(8_902.7)}      62 reflector.go:147] k8s.io/client-go@v0.29.9/tools/cache/reflector.go:229: Failed to watch *v1.Secret: failed to list *v1.Secret: {text}",
        story.say(8_902.2, "WARNING", 62, "confd", "secret_watcher.go 129:", "Controller for secret 'calico-bgp-password' did not sync within 500ms"),
        story.say(8_902.2, "WARNING", 62, "confd", "client.go 1384:", "Can't read password referenced by BGP Configuration default in secret calico-bgp-password:rawPassword error=no data available for secret calico-bgp-password"),
        story.say(8_902.1, "INFO", 62, "confd", "resource.go 289:", "Target config /etc/calico/confd/config/bird.cfg has been updated due to change in key: /calico/bgp/v1/host"),
        *bird_start(nodes[1:], []),
        story.say(8_901.2, "INFO", 61, "felix", "int_dataplane.go 1998:", "Completed first update to dataplane. secsSinceStart=1.9"),
    ]  # fmt: skip
    for i in range(1, 6):
        log += [
            *story.quiet(8_901 - 1_480 * (i - 1) - 60, 8_901 - 1_480 * i, 360),
            f"W{story.klog(8_900 - 1_480 * i)}      62 reflector.go:539] k8s.io/client-go@v0.29.9/tools/cache/reflector.go:229: failed to list *v1.Secret: {text}",
            f"E{story.klog(8_900 - 1_480 * i)}      62 reflector.go:147] k8s.io/client-go@v0.29.9/tools/cache/reflector.go:229: Failed to watch *v1.Secret: failed to list *v1.Secret: {text}",
        ]
    story.log(name, [*log, *story.quiet(1_400, 12, 360)])
    story.texts["what-we-checked.txt"] = (
        "$ kubectl get secret -n calico-system calico-bgp-password\nNAME                  TYPE     DATA   AGE\ncalico-bgp-password   Opaque   1      118m\n\n"
        "$ kubectl auth can-i get secret/calico-bgp-password -n calico-system --as system:serviceaccount:calico-system:calico-node\nyes\n\n"
        "$ kubectl describe role bgp-secret-access -n calico-system\nName:         bgp-secret-access\nLabels:       <none>\nAnnotations:  <none>\nPolicyRule:\n  Resources  Non-Resource URLs  Resource Names         Verbs\n  ---------  -----------------  --------------         -----\n  secrets    []                 [calico-bgp-password]  [get]\n"
    )
    story.describe(bad, name)
    story.commands["describe-typha.txt"] = f"describe pod -n calico-system {typha}"
    story.affected = nodes[:1]
    story.cite(f"{name}.log", "Can't read password referenced by BGP Configuration default")
    story.cite(f"{name}.log", "cannot list resource")
    return story


def restored_without_its_secrets(now: datetime) -> Incident:
    story = incident(
        "restored-cluster-has-the-peers-but-not-their-password",
        CAUSE,
        "A cluster rebuilt from a backup: the BGPPeers of the two border routers came back with it, the namespace calico-system with the secret of their password did not. confd says once for each peer that there is no data for the secret; the routers want TCP MD5, so both sessions wait in Connect on every node. There is no mesh, so every calico-node is 0/1. The router's log looks like the routers' fault.",
        "https://docs.tigera.io/calico/latest/reference/resources/bgppeer (password.secretKeyRef: a secret in the namespace of calico-node)",
        now,
        platform="other",
        calico="v3.29.2",
        kubernetes="v1.31.5",
        registry="quay.io/calico",
        difficulty="hard",
        acceptable=["bgp-password-mismatch"],
    )
    system = {"os_image": "Ubuntu 24.04.1 LTS", "kernel": "6.8.0-51-generic", "runtime": "containerd://1.7.25"}
    hosts = {f"dr-k{n}": f"10.202.7.{40 + n}" for n in range(1, 5)}
    routers = ("10.202.7.2", "10.202.7.3")
    story.hosts(hosts, age=13_200, since=12_900, **system)
    names = story.staff(hosts, ready=False, started=12_400, age=12_430)
    for i, name in enumerate(names):
        story.not_established(name, routers, 6 + i, 12_360, 411)
        story.probe(name, SOCKET, 12_392, 12_395, 1)
    story.typha("dr-k1", "v9kzt", started=12_500)
    story.typha("dr-k3", "b2mfq", started=12_490)
    for made in story.objects["Pod"][-2:]:
        made["metadata"]["creationTimestamp"] = story.ago(12_520)
    me = "dr-k2"
    name = story.pods[me]
    log = story.boot(me, 12_402, bird=False, interface="ens192", prefix=24)[:-1]
    log += [
        *(story.say(12_399.2 - 0.5 * i, "WARNING", 62, "confd", "secret_watcher.go 129:", "Controller for secret 'border-routers-bgp' did not sync within 500ms") for i in range(1)),
        *(story.say(12_399.1 - 0.1 * i, "WARNING", 62, "confd", "client.go 483:", f"Can't read password for BGPPeer border-{x} error=no data available for secret border-routers-bgp") for i, x in enumerate("ab")),
        story.say(12_398.8, "INFO", 62, "confd", "resource.go 289:", "Target config /etc/calico/confd/config/bird.cfg has been updated due to change in key: /calico/bgp/v1/host"),
        *bird_start(routers, [], "Global"),
        story.say(12_398.1, "INFO", 61, "felix", "int_dataplane.go 2201:", "Completed first update to dataplane. secsSinceStart=1.6"),
        *story.quiet(12_300, 12_100, 62),
        "bird: Graceful restart timeout",
        *story.quiet(12_000, 15, 1_300),
    ]  # fmt: skip
    story.log(name, log)
    story.texts["status-dr-k2.txt"] = node_status([(x, "start", story.stamp(12_398)[11:19], "Connect") for x in routers], kind="global")  # fmt: skip
    story.texts["border-a.log"] = "".join(
        f"{story.syslog(ago)} border-a kernel: TCP: MD5 Hash NOT found for (10.202.7.{41 + i % 4}, {40211 + 331 * i})->(10.202.7.2, 179) L3 index 0\n"
        for i, ago in enumerate((900, 884, 861, 850, 640, 622, 611, 598))
    )
    story.texts["velero-restore.txt"] = (
        "Name:         dr-full-restore\nNamespace:    velero\nPhase:        PartiallyFailed (run 'velero restore logs dr-full-restore' for more information)\nTotal items to be restored:  2143\nItems restored:              2143\n\n"
        f"Started:    {story.stamp(13_050)[:19]} +0000 UTC\nCompleted:  {story.stamp(12_760)[:19]} +0000 UTC\n\nBackup:  nightly-prod\n\nNamespaces:\n  Included:  all namespaces found in the backup\n  Excluded:  kube-system, calico-system, calico-apiserver, tigera-operator, velero\n\nResources:\n  Included:        *\n  Excluded:        nodes, events, events.events.k8s.io, backups.velero.io\n  Cluster-scoped:  included\n\n"
        'Errors:\n  Velero:     <none>\n  Namespaces:\n    legacy-reports:  error restoring persistentvolumeclaims/legacy-reports/data: volumesnapshotcontents.snapshot.storage.k8s.io "snapcontent-1f" not found\n'
    )
    story.texts["bgp.yaml"] = (
        "apiVersion: projectcalico.org/v3\nkind: BGPConfiguration\nmetadata:\n  name: default\nspec:\n  asNumber: 65020\n  nodeToNodeMeshEnabled: false\n"
        + "".join(
            f"---\napiVersion: projectcalico.org/v3\nkind: BGPPeer\nmetadata:\n  labels:\n    velero.io/restore-name: dr-full-restore\n  name: border-{x}\nspec:\n  asNumber: 65020\n  password:\n    secretKeyRef:\n      key: password\n      name: border-routers-bgp\n  peerIP: {ip}\n"
            for x, ip in zip("ab", routers, strict=True)
        )
    )
    story.describe(me)
    story.affected = list(hosts)
    story.cite(f"{name}.log", "Can't read password for BGPPeer border-a")
    return story


def role_names_only_one_of_two_secrets(now: datetime) -> Incident:
    story = incident(
        "role-names-only-one-of-two-secrets",
        CAUSE,
        "Two routers, each with a password in a secret of its own. The Role that lets calico-node read them names only the first; the second was added last week with its BGPPeer and confd is refused (cannot list resource secrets). It speaks to router 2 without a password, which that router does not answer. Since the first router was taken down for maintenance this morning no node has any session. The outage is blamed on the maintenance; the refusal is older.",
        "https://docs.tigera.io/calico/latest/network-policy/comms/secure-bgp (Role with resourceNames)",
        now,
        platform="other",
        calico="v3.28.2",
        kubernetes="v1.30.6",
        namespace="calico-system",
        registry="quay.io/calico",
        difficulty="hard",
        acceptable=["rbac-denied"],
    )
    system = {"os_image": "Ubuntu 22.04.5 LTS", "kernel": "5.15.0-124-generic", "runtime": "containerd://1.7.22"}
    hosts = {f"lnz-{n}": f"10.28.70.{50 + n}" for n in range(1, 5)}
    one, two = "10.28.70.2", "10.28.70.3"
    since, down = 604_000, 5_600
    story.hosts(hosts, age=15_000_000, since=14_900_000, **system)
    story.staff(hosts, started=3_100_000, age=3_100_030, ready=False)
    story.typha("lnz-1", "f8k2w", started=3_100_000)
    for host in hosts:
        story.not_established(story.pods[host], [one, two], 14, down - 240, 532, pid=88_410)
    me = "lnz-3"
    names = {r: f"Global_{r.replace('.', '_')}" for r in (one, two)}
    text = 'secrets "rtr2-bgp" is forbidden: User "system:serviceaccount:calico-system:calico-node" cannot list resource "secrets" in API group "" in the namespace "calico-system"'

    def denied(ago: float) -> list[str]:
        return [
            f"W{story.klog(ago)[:-3]}      62 reflector.go:547] k8s.io/client-go/tools/cache/reflector.go:231: failed to list *v1.Secret: {text}",
            f"E{story.klog(ago)[:-3]}      62 reflector.go:150] k8s.io/client-go/tools/cache/reflector.go:231: Failed to watch *v1.Secret: failed to list *v1.Secret: {text}",
        ]

    log = story.quiet(since + 900, since + 20, 280)
    for ago in (since - 1, since - 2, since - 5, since - 11):
        log += denied(ago)
    log += [
        story.say(
            since - 30,
            "WARNING",
            62,
            "confd",
            "client.go 483:",
            "Can't read password for BGPPeer router-2 error=no data available for secret rtr2-bgp",
        ),
        "bird: Reconfiguration requested by SIGHUP",
        "bird: Reconfiguring",
        "bird: device1: Reconfigured",
        "bird: direct1: Reconfigured",
        f"bird: {names[one]}: Reconfigured",
        f"bird: Adding protocol {names[two]}",
        f"bird: {names[two]}: Initializing",
        f"bird: {names[two]}: Starting",
        f"bird: {names[two]}: State changed to start",
        "bird: Reconfigured",
    ]
    for ago in (402_300, 201_800, 9_950):
        log += [*denied(ago), *story.quiet(ago - 20, ago - 1_100, 500)]
    log += [
        f"bird: {names[one]}: Received: Administrative shutdown",
        f"bird: {names[one]}: State changed to stop",
        f"bird: {names[one]}: State changed to down",
        f"bird: {names[one]}: Starting",
        f"bird: {names[one]}: State changed to start",
        *story.quiet(down - 30, 2_100, 600),
        *denied(2_044),
        *story.quiet(1_990, 16, 430),
    ]
    story.log(story.pods[me], log)
    story.texts["birdcl.txt"] = protocols(
        [(one, "start", story.stamp(down)[11:19], "Connect"), (two, "start", story.stamp(since)[:10], "Connect")],
        "Global",
        story.stamp(3_099_990)[:10],
        "up",
    )
    story.texts["bgp-secret-access.yaml"] = f"""$ kubectl get role,rolebinding,secret -n calico-system | grep -i bgp
role.rbac.authorization.k8s.io/bgp-secret-access                  {story.ago(14_000_000)}
rolebinding.rbac.authorization.k8s.io/bgp-secret-access           Role/bgp-secret-access              162d
secret/rtr1-bgp                    Opaque                         1      162d
secret/rtr2-bgp                    Opaque                         1      7d
$ kubectl get role -n calico-system bgp-secret-access -o yaml
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  creationTimestamp: "{story.ago(14_000_000)}"
  name: bgp-secret-access
  namespace: calico-system
rules:
- apiGroups:
  - ""
  resources:
  - secrets
  resourceNames:
  - rtr1-bgp
  verbs:
  - watch
  - list
  - get
"""
    story.texts["bgppeers.yaml"] = f"""apiVersion: projectcalico.org/v3
items:
- apiVersion: projectcalico.org/v3
  kind: BGPPeer
  metadata:
    creationTimestamp: "{story.ago(14_000_000)}"
    name: router-1
  spec:
    asNumber: 65010
    password:
      secretKeyRef:
        key: password
        name: rtr1-bgp
    peerIP: {one}
- apiVersion: projectcalico.org/v3
  kind: BGPPeer
  metadata:
    creationTimestamp: "{story.ago(since)}"
    name: router-2
  spec:
    asNumber: 65010
    password:
      secretKeyRef:
        key: password
        name: rtr2-bgp
    peerIP: {two}
kind: BGPPeerList
"""
    story.describe(me)
    story.affected = list(hosts)
    story.cite(f"{story.pods[me]}.log", 'secrets "rtr2-bgp" is forbidden')
    return story


STORIES = [role_lets_get_but_not_list, restored_without_its_secrets, role_names_only_one_of_two_secrets]
