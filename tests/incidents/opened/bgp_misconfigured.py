"""bgp-misconfigured: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident, node_status, wrapped

CAUSE = "bgp-misconfigured"


def leafs_give_back_the_own_as(now: datetime) -> Incident:
    story = incident(
        "all-leaf-sessions-up-and-every-route-dropped-as-a-loop",
        CAUSE,
        "The mesh was turned off, each node speaks eBGP with the two leaf switches of its rack, and all nodes share AS 64512: what the leafs hand on has 64512 in its path already, so BIRD throws every prefix away (withdraws ignored, nothing imported). The BGPPeers lack numAllowedLocalASNumbers. Sessions are Established, every pod is 1/1, pods reach their own node only.",
        "https://github.com/projectcalico/node/issues/279",
        now,
        platform="other",
        calico="v3.26.4",
        kubernetes="v1.27.16",
        registry="quay.io/calico",
        difficulty="hard",
        acceptable=["bgp-as-mismatch"],
    )
    system = {
        "os_image": "Ubuntu 22.04.4 LTS",
        "kernel": "5.15.0-119-generic",
        "runtime": "containerd://1.7.20",
    }
    racks = {
        "r1": {f"node-r1-{n:02}": f"10.66.1.{10 + n}" for n in (1, 2, 3)},
        "r2": {f"node-r2-{n:02}": f"10.66.2.{10 + n}" for n in (1, 2, 3)},
    }
    for rack, hosts in racks.items():
        story.hosts(hosts, labels={"rack": rack}, age=3_200_000, since=3_100_000, **system)
        story.staff(hosts, started=5_600, age=5_640)
    everybody = [*racks["r1"], *racks["r2"]]
    typha = story.typha("node-r1-01", "d8w4z", started=5_900)
    story.typha("node-r2-03", "q6xkn", started=5_880)
    for i, node in enumerate(("node-r1-02", "node-r2-01", "node-r2-02")):
        story.other(
            f"inventory-6f7c9d5b88-{('4zqxp', 'hn2vw', 'r8tks')[i]}",
            node,
            f"10.250.{(41, 77, 92)[i]}.{(8, 70, 133)[i]}",
            "retail",
            "ReplicaSet/inventory-6f7c9d5b88",
            ready=i == 0,
            restarts=0 if i == 0 else 17,
            last=None if i == 0 else ("Error", 1, 130 + i * 40),
            started=5_000 if i == 0 else 110 + i * 40,
        )
    story.pod_event(
        "inventory-6f7c9d5b88-hn2vw",
        "Unhealthy",
        "Readiness probe failed: HTTP probe failed with statuscode: 503",
        8,
        5_300,
        520,
        namespace="retail",
    )
    me = "node-r2-01"
    name = story.pods[me]
    story.pod_event(
        name,
        "Unhealthy",
        "Readiness probe failed: calico/node is not ready: BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: no such file or directory",
        5_598,
        5_598,
    )
    log = story.boot(me, 5_605, interface="bond0", prefix=24, bird=False)[:-1]
    log.append(
        story.say(
            5_602.6,
            "INFO",
            60,
            "confd",
            "resource.go 289:",
            "Target config /etc/calico/confd/config/bird.cfg has been updated due to change in key: /calico/bgp/v1/host",
        )
    )
    leafs = ("10.66.2.2", "10.66.2.3")
    log += ["bird: device1: Initializing", "bird: direct1: Initializing"]
    log += [f"bird: Node_{x.replace('.', '_')}: Initializing" for x in leafs]
    log += ["bird: Started", "bird: device1: State changed to up", "bird: direct1: State changed to up"]
    for x in leafs:
        tag = f"bird: Node_{x.replace('.', '_')}: "
        log += [tag + "Connected to table master", tag + "State changed to feed", tag + "State changed to up"]
    log.append(
        story.say(
            5_601.4,
            "INFO",
            61,
            "felix",
            "int_dataplane.go 1998:",
            "Completed first update to dataplane. secsSinceStart=1.9",
        )
    )
    log += ["bird: Graceful restart done", *story.quiet(5_500, 12, 420)]
    story.log(name, log)
    peers = []
    for rack, pair in (("r1", ("10.66.1.2", "10.66.1.3")), ("r2", leafs)):
        for i, ip in enumerate(pair):
            peers.append(
                f"apiVersion: projectcalico.org/v3\nkind: BGPPeer\nmetadata:\n  creationTimestamp: \"{story.ago(6_300 - i)}\"\n  name: leaf-{rack}-{'ab'[i]}\nspec:\n  asNumber: 65{rack[1]}01\n  nodeSelector: rack == '{rack}'\n  peerIP: {ip}\n"
            )
    story.texts["calicoctl-bgp.yaml"] = (
        f'apiVersion: projectcalico.org/v3\nkind: BGPConfiguration\nmetadata:\n  creationTimestamp: "{story.ago(3_190_000)}"\n  name: default\nspec:\n  asNumber: 64512\n  logSeverityScreen: Info\n  nodeToNodeMeshEnabled: false\n---\n'
        + "---\n".join(peers)
    )
    since = story.stamp(5_601)[:19]

    def protocol(ip: str) -> str:
        return (
            f"Node_{ip.replace('.', '_')} BGP      master   up     {since}  Established   \n  Preference:     100\n  Input filter:   ACCEPT\n  Output filter:  calico_export_to_bgp_peers\n"
            "  Routes:         0 imported, 1 exported, 0 preferred\n  Route change stats:     received   rejected   filtered    ignored   accepted\n"
            "    Import updates:              0          0          0          0          0\n    Import withdraws:            5          0        ---          5          0\n"
            "    Export updates:              3          0          2        ---          1\n    Export withdraws:            0        ---        ---        ---          0\n"
            f"  BGP state:          Established\n    Neighbor address: {ip}\n    Neighbor AS:      65201\n    Neighbor ID:      {ip}\n    Neighbor caps:    refresh restart-aware AS4 add-path-rx add-path-tx\n    Session:          external AS4\n    Source address:   10.66.2.11\n    Hold timer:       141/180\n    Keepalive timer:  33/60\n"
        )

    story.texts["birdcl-node-r2-01.txt"] = (
        f"$ kubectl -n calico-system exec {name} -c calico-node -- birdcl show protocols all\nBIRD v0.3.3+birdv1.6.8 ready.\n"
        + "\n".join(protocol(ip) for ip in leafs)
        + "\n$ ip route | grep bird\nblackhole 10.250.77.64/26 proto bird \n"
    )
    story.texts["leaf-r2-a.txt"] = (
        "leaf-r2-a# show ip bgp neighbors 10.66.2.11 advertised-routes\nBGP table version is 2210, local router ID is 10.66.2.2\n"
        "   Network            Next Hop        Path\n"
        + "".join(
            f"*> {net}   {hop}       {path}\n"
            for net, hop, path in (
                ("10.250.41.0/26 ", "10.66.2.2", "65201 65100 65101 64512 i"),
                ("10.250.12.128/26", "10.66.2.2", "65201 65100 65101 64512 i"),
                ("10.250.60.64/26", "10.66.2.2", "65201 65100 65101 64512 i"),
                ("10.250.92.128/26", "10.66.2.2", "65201 64512 i"),
                ("10.250.30.0/26 ", "10.66.2.2", "65201 64512 i"),
            )
        )
        + "\nTotal number of prefixes 5\n"
    )
    story.commands["describe-typha.txt"] = f"describe pod -n calico-system {typha}"
    story.describe(me)
    story.affected = everybody
    story.cite("birdcl-node-r2-01.txt", "0 imported, 1 exported, 0 preferred")
    story.cite("calicoctl-bgp.yaml", "asNumber: 64512")
    return story


def pruned_with_the_old_application(now: datetime) -> Incident:
    story = incident(
        "the-reflector-peering-was-pruned-at-night",
        CAUSE,
        "The mesh has been off for a year, one BGPPeer leads all nodes to the three reflectors. At night the GitOps tool pruned that BGPPeer with a directory that was moved: every node removes its reflector sessions at the same second and has none since. Readiness has nothing to complain of without peers; loud are CoreDNS and the applications.",
        "https://argo-cd.readthedocs.io/en/stable/user-guide/auto_sync/#automatic-pruning",
        now,
        platform="other",
        calico="v3.28.1",
        kubernetes="v1.29.9+rke2r1",
        registry="registry.rancher.com/rancher",
        difficulty="medium",
    )
    system = {
        "os_image": "SUSE Linux Enterprise Server 15 SP5",
        "kernel": "5.14.21-150500.55.73-default",
        "runtime": "containerd://1.7.21-k3s2",
    }
    reflectors = {f"rke-cp{n}": f"10.91.8.{10 + n}" for n in (1, 2, 3)}
    hosts = {f"rke-w{n}": f"10.91.8.{20 + n}" for n in range(1, 6)}
    story.hosts(
        reflectors, labels={"route-reflector": "true", "node-role.kubernetes.io/control-plane": "true"}, **system
    )
    story.hosts(hosts, **system)
    rancher = "registry.rancher.com/rancher/mirrored-calico-"
    images = {"image": f"{rancher}node:v3.28.1", "cni_image": f"{rancher}cni:v3.28.1"}
    story.staff(reflectors | hosts, started=2_600_000, age=2_600_030, **images)
    story.typha("rke-cp2", "m5vzs", started=2_600_000)
    dns = [
        story.other(
            f"rke2-coredns-rke2-coredns-7c98d5f4b6-{s}",
            node,
            ip,
            owner="ReplicaSet/rke2-coredns-rke2-coredns-7c98d5f4b6",
            app="coredns",
            image="registry.rancher.com/rancher/hardened-coredns:v1.11.1-build20240910",
            ready=True,
        )
        for s, node, ip in (("2lmqz", "rke-cp1", "10.42.18.5"), ("xw9kd", "rke-w3", "10.42.77.131"))
    ]
    app = story.other(
        "orders-5c8f7b9d6-kt4mx",
        "rke-w1",
        "10.42.51.24",
        "shop",
        "ReplicaSet/orders-5c8f7b9d6",
        ready=False,
        restarts=112,
        waiting="CrashLoopBackOff",
        last=("Error", 1, 140),
    )
    story.pod_event(
        app,
        "BackOff",
        f"Back-off restarting failed container orders in pod {app}_shop(6f2d)",
        12,
        24_900,
        1_480,
        namespace="shop",
    )
    me = "rke-w1"
    name = story.pods[me]
    began = 25_610
    tags = [f"bird: Node_{ip.replace('.', '_')}" for ip in reflectors.values()]
    log = story.quiet(27_000, 25_700, 300)
    log += [
        story.say(
            began,
            "INFO",
            63,
            "confd",
            "client.go 1036:",
            "Recompute BGP peerings: BGPPeer(workers-to-reflectors) deleted",
        ),
        story.say(
            began - 0.2,
            "INFO",
            63,
            "confd",
            "resource.go 289:",
            "Target config /etc/calico/confd/config/bird.cfg has been updated due to change in key: /calico/bgp/v1/host",
        ),
        "bird: Reconfiguration requested by SIGHUP",
        "bird: Reconfiguring",
        *[x.replace("bird: ", "bird: Removing protocol ") for x in tags],
        *[f"{x}: Shutting down" for x in tags],
        *[f"{x}: State changed to stop" for x in tags],
        "bird: Reconfigured",
        *[f"{x}: State changed to down" for x in tags],
        *story.quiet(25_500, 20, 900),
    ]
    story.log(name, wrapped(story, log, "stamps"))
    stamp = (story.ago(25_612), story.ago(25_611), story.ago(25_609))
    story.texts["argocd-application-controller.log"] = (
        f'time="{stamp[0]}" level=info msg="Comparing app state (cluster: https://kubernetes.default.svc, namespace: calico-system)" application=argocd/network-base\n'
        f'time="{stamp[1]}" level=info msg="Tasks (dry-run)" application=argocd/network-base syncId=00214-kVwXe tasks="[Sync/0 resource projectcalico.org/BGPConfiguration:/default obj->obj (,,), Sync/0 resource projectcalico.org/BGPPeer:/workers-to-reflectors nil->obj (,,)]"\n'
        f"time=\"{stamp[2]}\" level=info msg=\"Adding resource result, status: 'Pruned', phase: 'Succeeded', message: 'pruned'\" application=argocd/network-base kind=BGPPeer name=workers-to-reflectors namespace= phase=Sync syncId=00214-kVwXe\n"
        f'time="{stamp[2]}" level=info msg="Partial sync operation to 5d0b1f3 succeeded" application=argocd/network-base reason=OperationCompleted type=Normal\n'
    )
    story.texts["coredns.log"] = "".join(
        f"[ERROR] plugin/errors: 2 {q} A: read udp 10.42.18.5:{41000 + 37 * i}->10.42.77.131:53: i/o timeout\n"
        for i, q in enumerate(
            ("db.shop.svc.cluster.local.", "queue.shop.svc.cluster.local.", "api.partner.example.com.")
        )
    )
    story.texts["kubectl-get.txt"] = (
        "$ kubectl get bgpconfigurations.crd.projectcalico.org default -o jsonpath='{.spec}'\n"
        '{"asNumber":64512,"logSeverityScreen":"Info","nodeToNodeMeshEnabled":false}\n'
        "$ kubectl get bgppeers.crd.projectcalico.org\nNo resources found\n"
        "$ kubectl get tigerastatus\nNAME     AVAILABLE   PROGRESSING   DEGRADED   SINCE\ncalico   True        False         False      30d\n"
    )
    story.events()
    story.describe(me)
    story.commands["describe-pod-coredns.txt"] = f"describe pod -n kube-system {dns[1]}"
    story.affected = [*reflectors, *hosts]
    story.cite(f"{name}.log", "Recompute BGP peerings: BGPPeer(workers-to-reflectors) deleted")
    return story


def ttl_security_for_routers_three_hops_away(now: datetime) -> Incident:
    story = incident(
        "ttl-security-for-routers-that-are-not-next-door",
        CAUSE,
        "There is no mesh; all nodes peer with two core routers in another building. After an audit ttlSecurity: 1 was written into both BGPPeers, but the routers are three hops away: the kernel drops whatever arrives with a smaller TTL, so no session comes up on any node since that edit. ping and nc to port 179 work; the objects and the path that was traced decide.",
        "https://docs.tigera.io/calico/latest/reference/resources/bgppeer (ttlSecurity)",
        now,
        platform="other",
        calico="v3.27.3",
        kubernetes="v1.29.7",
        namespace="kube-system",
        registry="quay.io/calico",
        difficulty="hard",
    )
    system = {
        "os_image": "AlmaLinux 9.4 (Seafoam Ocelot)",
        "kernel": "5.14.0-427.24.1.el9_4.x86_64",
        "runtime": "containerd://1.7.18",
    }
    hosts = {f"kw-b2-{n:02d}": f"10.91.16.{20 + n}" for n in range(1, 6)}
    story.hosts(hosts, age=21_000_000, since=18_000_000, **system)
    changed = 6_900
    story.staff(hosts, started=9_000_000, age=9_000_040, ready=False)
    routers = ["10.91.250.1", "10.91.250.2"]
    me = "kw-b2-03"
    for host in hosts:
        story.not_established(story.pods[host], routers, 12, changed - 40, 700, pid=8120)
    story.other(
        "coredns-6d8c4cb4d-7xzqk",
        "kw-b2-01",
        "10.244.17.9",
        owner="ReplicaSet/coredns-6d8c4cb4d",
        app="coredns",
        ready=False,
    )
    story.pod_event(
        "coredns-6d8c4cb4d-7xzqk",
        "Unhealthy",
        "Readiness probe failed: HTTP probe failed with statuscode: 503",
        20,
        6_700,
        671,
        namespace="kube-system",
    )
    names = {r: f"Global_{r.replace('.', '_')}" for r in routers}
    log = [
        *story.quiet(9_800, changed + 20, 310),
        story.say(
            changed,
            "INFO",
            62,
            "confd",
            "resource.go 278:",
            "Target config /etc/calico/confd/config/bird.cfg has been updated due to change in key: /calico/bgp/v1/global/peer_v4",
        ),
    ]
    log += [
        "bird: Reconfiguration requested by SIGHUP",
        "bird: Reconfiguring",
        "bird: device1: Reconfigured",
        "bird: direct1: Reconfigured",
    ]
    for router in routers:
        log += [
            f"bird: Restarting protocol {names[router]}",
            f"bird: {names[router]}: Shutting down",
            f"bird: {names[router]}: State changed to stop",
        ]
    log += ["bird: Reconfigured"]
    for router in routers:
        log += [
            f"bird: {names[router]}: State changed to down",
            f"bird: {names[router]}: Starting",
            f"bird: {names[router]}: State changed to start",
        ]
    story.log(story.pods[me], [*log, *story.quiet(changed - 30, 14, 480)])
    story.texts["node-status-kw-b2-03.txt"] = node_status(
        [(r, "start", story.stamp(changed)[11:19], "Connect") for r in routers], "global"
    )
    story.texts[
        "bgp-objects.yaml"
    ] = f"""# calicoctl get bgpconfig default -o yaml --export; calicoctl get bgppeer -o yaml --export
apiVersion: projectcalico.org/v3
kind: BGPConfiguration
metadata:
  name: default
spec:
  asNumber: 64610
  logSeverityScreen: Info
  nodeToNodeMeshEnabled: false
---
apiVersion: projectcalico.org/v3
items:
- apiVersion: projectcalico.org/v3
  kind: BGPPeer
  metadata:
    creationTimestamp: "{story.ago(20_900_000)}"
    name: core-a
  spec:
    asNumber: 64600
    peerIP: {routers[0]}
    ttlSecurity: 1
- apiVersion: projectcalico.org/v3
  kind: BGPPeer
  metadata:
    creationTimestamp: "{story.ago(20_899_998)}"
    name: core-b
  spec:
    asNumber: 64600
    peerIP: {routers[1]}
    ttlSecurity: 1
kind: BGPPeerList
metadata:
  resourceVersion: "48112907"
"""
    story.texts["checks.txt"] = f"""[root@kw-b2-03 ~]# ping -c2 {routers[0]}
PING {routers[0]} ({routers[0]}) 56(84) bytes of data.
64 bytes from {routers[0]}: icmp_seq=1 ttl=253 time=0.611 ms
64 bytes from {routers[0]}: icmp_seq=2 ttl=253 time=0.588 ms
[root@kw-b2-03 ~]# nc -vz {routers[0]} 179
Ncat: Version 7.92 ( https://nmap.org/ncat )
Ncat: Connected to {routers[0]}:179.
[root@kw-b2-03 ~]# traceroute -n {routers[0]}
traceroute to {routers[0]} ({routers[0]}), 30 hops max, 60 byte packets
 1  10.91.16.1  0.402 ms  0.377 ms  0.365 ms
 2  10.91.254.9  0.498 ms  0.481 ms  0.475 ms
 3  {routers[0]}  0.602 ms  0.590 ms  0.583 ms
[root@kw-b2-03 ~]# firewall-cmd --state
not running
"""
    story.describe(me)
    story.commands["get-nodes.txt"] = "get nodes -o wide"
    story.affected = list(hosts)
    story.cite("bgp-objects.yaml", "ttlSecurity: 1")
    return story


STORIES = [leafs_give_back_the_own_as, pruned_with_the_old_application, ttl_security_for_routers_three_hops_away]
