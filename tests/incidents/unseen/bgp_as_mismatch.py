"""bgp-as-mismatch: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime, timedelta

from telling import Incident, bird_start, incident, node_status, wrapped

CAUSE = "bgp-as-mismatch"


def rack_moved_to_the_other_leaf(now: datetime) -> Incident:
    story = incident(
        "hosts-recabled-to-a-leaf-of-another-as",
        CAUSE,
        "AS per rack: three hosts were cabled to the leaf of rack 7, their BGPPeers still expect the AS of rack 5; BIRD itself refuses the leaf's OPEN.",
        "https://docs.tigera.io/calico/latest/reference/architecture/design/l3-interconnect-fabric",
        now,
        platform="other",
        calico="v3.24.5",
        kubernetes="v1.25.9",
        registry="quay.io/calico",
        difficulty="medium",
    )
    rack7 = {f"r7-h{n}": f"10.47.7.{10 + n}" for n in (1, 2, 3)}
    moved = {f"r5-h{n}": f"10.47.7.{20 + n}" for n in (4, 5, 6)}
    story.hosts(
        rack7, os_image="Debian GNU/Linux 11 (bullseye)", kernel="5.10.0-21-amd64", runtime="containerd://1.6.20"
    )
    story.hosts(
        moved, os_image="Debian GNU/Linux 11 (bullseye)", kernel="5.10.0-21-amd64", runtime="containerd://1.6.20"
    )
    story.staff(rack7)
    names = story.staff(moved, ready=False, restarts=1, started=12_600, last=("Completed", 0, 12_640))
    for name in names:
        story.not_established(name, ["10.47.7.1"], 15, 12_500, 417)
    log = story.boot("r5-h5", 12_590, bird=False, interface="bond0", prefix=24)
    log += [
        f"bird: {x}"
        for x in (
            "device1: Initializing",
            "direct1: Initializing",
            "Node_10_47_7_1: Initializing",
            "device1: Starting",
            "device1: Connected to table master",
            "device1: State changed to feed",
            "direct1: Starting",
            "direct1: Connected to table master",
            "direct1: State changed to feed",
            "Node_10_47_7_1: Starting",
            "Node_10_47_7_1: State changed to start",
            "Graceful restart started",
            "Started",
            "device1: State changed to up",
            "direct1: State changed to up",
        )
    ]
    for i in range(6):
        log += [
            f"bird: Node_10_47_7_1: {x}"
            for x in (
                "Error: Bad peer AS: 65207",
                "State changed to stop",
                "State changed to down",
                "Starting",
                "State changed to start",
            )
        ]
        log += story.quiet(1500 - 210 * i, 1400 - 210 * i)
    story.log(names[1], log)
    story.texts["get-bgppeer.txt"] = (
        "NAME          PEERIP       NODE                  ASN\nrack5-leaf    10.47.7.1    rack == 'r5'          65205\nrack7-leaf    10.47.7.1    rack == 'r7'          65207\n"
    )
    story.describe("r5-h5", names[1])
    story.affected = list(moved)
    story.cite(f"{names[1]}.log", "Bad peer AS: 65207")
    return story


def routers_expect_another_as(now: datetime) -> Incident:
    story = incident(
        "spines-were-told-65012-the-cluster-says-64512",
        CAUSE,
        "The routers' configuration names AS 65012 for the cluster, whose BGPConfiguration never got an AS number: each OPEN is answered with 'Bad peer AS'; the routers' own log says what they expected. The mesh itself is up, pods are unreachable from outside only.",
        "https://github.com/FRRouting/frr/blob/master/bgpd/bgp_packet.c",
        now,
        platform="roks",
        calico="v3.28.2",
        kubernetes="v1.30.8",
        difficulty="medium",
    )
    nodes = story.workers(
        [f"10.12.0.{n}" for n in (21, 22, 25)],
        os_image="Red Hat Enterprise Linux 9.4 (Plow)",
        kernel="5.14.0-427.47.1.el9_4.x86_64",
        runtime="cri-o://1.30.9",
    )
    story.agents(nodes, started=900_000)
    me, routers = nodes[0], ["10.12.0.1", "10.12.0.2"]
    name = story.pods[me]
    log = story.boot(me, 899_990, nodes[1:])[-8:] + story.quiet(5200, 4700, 150)
    log.append(
        story.say(
            4650,
            "INFO",
            62,
            "confd",
            "resource.go 289:",
            "Target config /etc/calico/confd/config/bird.cfg has been updated due to change in key: /calico/bgp/v1/global",
        )
    )
    for turn in range(4):
        for router in routers:
            session = f"bird: Global_{router.replace('.', '_')}"
            log += [
                f"{session}: {x}"
                for x in (
                    "Starting",
                    "State changed to start",
                    "Received: Bad peer AS: 64512",
                    "State changed to stop",
                    "State changed to down",
                )
            ]
        log += story.quiet(4500 - 1100 * turn, 3600 - 1100 * turn, 250)
    story.log(name, log)
    stamp = now.strftime("%Y/%m/%d")
    story.texts["spine1-bgpd.log"] = "".join(
        f"{stamp} {story.stamp(300 - 31 * i)[11:19]} BGP: [EC 33554454] {peer} [Error] bad OPEN, remote AS is 64512, expected 65012\n{stamp} {story.stamp(300 - 31 * i)[11:19]} BGP: %NOTIFICATION: sent to neighbor {peer} 2/2 (OPEN Message Error/Bad Peer AS) 4 bytes 00 00 fc 00\n"
        for i, peer in enumerate([*nodes, *nodes])
    )
    story.texts["node-status.txt"] = node_status([(n, "up", "2026-11-13", "Established") for n in nodes[1:]])
    story.describe(me)
    story.affected = nodes
    story.cite(f"{name}.log", "Received: Bad peer AS: 64512")
    return story


def global_number_changed_peers_not(now: datetime) -> Incident:
    story = incident(
        "cluster-got-a-number-of-its-own-the-peers-kept-64512",
        CAUSE,
        "The AS number of the BGPConfiguration was changed to 65080; the BGPPeers to the two route reflectors (by address, mesh off) still say 64512. Each client refuses the reflectors' OPEN since that minute; no worker has a session.",
        "https://docs.tigera.io/calico/latest/networking/configuring/bgp (change the global default AS number)",
        now,
        platform="other",
        calico="v3.15.5",
        kubernetes="v1.18.20",
        namespace="kube-system",
        registry="quay.io/calico",
        difficulty="easy",
    )
    reflectors = {"kbs-rr1": "172.29.4.2", "kbs-rr2": "172.29.4.3"}
    hosts = {f"kbs-node{n}": f"172.29.4.{20 + n}" for n in range(1, 5)}
    system = {"os_image": "CentOS Linux 7 (Core)", "kernel": "3.10.0-1160.el7.x86_64", "runtime": "docker://19.3.14"}
    story.hosts(reflectors, labels={"route-reflector": "true"}, **system)
    story.hosts(hosts, **system)
    story.staff(reflectors | hosts, ready=False, started=6_000_000, age=6_000_100)
    for node in hosts:
        story.not_established(story.pods[node], list(reflectors.values()), 16, 5300, 176)
    me = "kbs-node3"
    log = story.quiet(6500, 5450, 200)
    log += [
        story.say(5420, "INFO", 64, "confd", "client.go 827:", "Recompute BGP peerings: node_mesh/as_num updated"),
        story.say(
            5419.8,
            "INFO",
            64,
            "confd",
            "resource.go 265:",
            "Target config /etc/calico/confd/config/bird.cfg has been updated",
        ),
        "bird: Reconfiguration requested by SIGHUP",
        "bird: Reconfiguring",
        *[f"bird: Restarting protocol Node_{r.replace('.', '_')}" for r in reflectors.values()],
        "bird: Reconfigured",
    ]
    for turn in range(6):
        for r in reflectors.values():
            session = f"bird: Node_{r.replace('.', '_')}"
            steps = (
                "Error: Bad peer AS: 65080",
                "State changed to stop",
                "State changed to down",
                "Starting",
                "State changed to start",
            )
            log += [f"{session}: {x}" for x in steps]
        log += story.quiet(5300 - 860 * turn, 4600 - 860 * turn, 220)
    story.log(story.pods[me], wrapped(story, log, "docker"), f"{story.pods[me]}-json.log")
    story.texts["node-status-kbs-node3.txt"] = node_status(
        [(r, "start", story.stamp(5400)[11:19], "Idle BGP Error: Bad peer AS") for r in reflectors.values()],
        kind="node specific",
    )
    story.texts["bgp.yaml"] = (
        "apiVersion: projectcalico.org/v3\nitems:\n- apiVersion: projectcalico.org/v3\n  kind: BGPConfiguration\n  metadata:\n    name: default\n  spec:\n    asNumber: 65080\n    logSeverityScreen: Info\n    nodeToNodeMeshEnabled: false\n"
        + "".join(
            f"- apiVersion: projectcalico.org/v3\n  kind: BGPPeer\n  metadata:\n    name: to-rr{i}\n  spec:\n    asNumber: 64512\n    nodeSelector: '!has(route-reflector)'\n    peerIP: {ip}\n"
            for i, ip in enumerate(reflectors.values(), 1)
        )
        + "kind: List\nmetadata: {}\n"
    )
    story.describe(me)
    story.affected = list(hosts)
    story.cite(f"{story.pods[me]}-json.log", "Bad peer AS: 65080")
    return story


def digits_swapped_on_one_host(now: datetime) -> Incident:
    story = incident(
        "one-hosts-own-number-has-two-digits-swapped",
        CAUSE,
        "AS per host towards Cumulus leaves: on the host that was rebuilt someone typed 65134 for 65143 with `calicoctl patch node`. The leaf answers its OPEN with a notification; no log was collected, calicoctl and the switch show both numbers.",
        "https://github.com/projectcalico/calico/issues/2961",
        now,
        platform="other",
        calico="v3.29.2",
        kubernetes="v1.31.6",
        registry="quay.io/calico",
        difficulty="medium",
    )
    hosts = {f"lab-c{n}": f"10.201.3.{10 + n}" for n in (1, 2, 3, 4)}
    story.hosts(
        hosts, os_image="Debian GNU/Linux 12 (bookworm)", kernel="6.1.0-28-amd64", runtime="containerd://1.7.24"
    )
    bad = "lab-c3"
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=2_000_000)
    name = story.staff({bad: hosts[bad]}, ready=False, started=15_200, age=15_250)[0]
    story.not_established(name, ["10.201.3.1", "10.201.3.2"], 7, 15_150, 1512)
    right = {"lab-c1": 65141, "lab-c2": 65142, "lab-c3": 65134, "lab-c4": 65144}
    story.texts["calicoctl.txt"] = (
        "root@lab-c3:~# calicoctl get nodes -o wide\nNAME     ASN     IPV4             IPV6\n"
        + "".join(f"{n}   {asn}   {hosts[n]}/24\n" for n, asn in right.items())
        + "\nroot@lab-c3:~# calicoctl get bgppeers -o wide\nNAME     PEERIP       NODE    ASN     SELECTOR\nleaf-a   10.201.3.1   all()   65100\nleaf-b   10.201.3.2   all()   65100\n\nroot@lab-c3:~# calicoctl node status\n"
        + node_status(
            [
                (p, "start", story.stamp(15_100 + i)[11:19], "Idle Received: Bad peer AS")
                for i, p in enumerate(("10.201.3.1", "10.201.3.2"))
            ],
            kind="node specific",
        )
    )
    day = now.strftime("%Y/%m/%d")
    story.texts["leaf-a.txt"] = (
        "cumulus@leaf-a:mgmt:~$ sudo vtysh -c 'show ip bgp summary' | tail -8\n"
        "Neighbor        V         AS   MsgRcvd   MsgSent   TblVer  InQ OutQ  Up/Down State/PfxRcd   PfxSnt Desc\n"
        "lab-c1(10.201.3.11) 4      65141     38211     38207        0    0    0     3w2d            3       21 N/A\n"
        "lab-c2(10.201.3.12) 4      65142     38190     38201        0    0    0     3w2d            2       21 N/A\n"
        "lab-c3(10.201.3.13) 4      65143      1011      1014        0    0    0    never       Active        0 N/A\n"
        "lab-c4(10.201.3.14) 4      65144     38188     38203        0    0    0     3w2d            4       21 N/A\n\n"
        "cumulus@leaf-a:mgmt:~$ sudo tail -3 /var/log/frr/bgpd.log\n"
        + "".join(
            f"{day} {story.stamp(95 - 30 * i)[11:19]} BGP: [HZN6M-XRM1G] 10.201.3.13 [Error] bad OPEN, remote AS is 65134, expected 65143\n"
            for i in range(3)
        )
    )
    story.describe(bad, name)
    story.affected = [bad]
    story.cite("calicoctl.txt", "Idle Received: Bad peer AS")
    return story


# told on 29 November 2026 without having seen the rules
def switch_log_and_manifests_only(now: datetime) -> Incident:
    story = incident(
        "switch-answers-peer-in-wrong-as-nobody-sent-a-pod-log",
        CAUSE,
        "Rancher cluster behind a pair of Catalyst switches: the customer sent lists, two Calico objects and the switch's log. calico-node is ready everywhere (the mesh is up), service addresses are unreachable from outside; the switch tears each session down because the cluster announces 64512 where it was told 64530.",
        "https://www.cisco.com/c/en/us/support/docs/ip/border-gateway-protocol-bgp/218027-troubleshoot-border-gateway-protocol-bas.html",
        now,
        platform="other",
        calico="v3.26.3",
        kubernetes="v1.27.10+rke2r1",
        registry="docker.io/rancher/mirrored-calico",
        difficulty="hard",
    )
    hosts = {f"mtl-rke-{n}": f"10.90.4.{30 + n}" for n in (1, 2, 3, 4)}
    story.hosts(
        hosts,
        os_image="SUSE Linux Enterprise Server 15 SP5",
        kernel="5.14.21-150500.55.44-default",
        runtime="containerd://1.7.11-k3s2",
    )
    story.staff(hosts, started=1_200_000)
    story.typha("mtl-rke-2", started=1_200_000)
    ingress = story.other(
        "rke2-ingress-nginx-controller-7lq2v", "mtl-rke-3", "10.42.77.13", age=1_100_000, started=1_100_000
    )
    story.pod_event(
        ingress,
        "RELOAD",
        "NGINX reload triggered due to a change in configuration",
        5000,
        type_="Normal",
        namespace="kube-system",
        source="nginx-ingress-controller",
    )
    lines = []
    for turn in range(9):
        for i, peer in enumerate(hosts.values()):
            ago = 1400 - 150 * turn - 31 * i
            stamp = (now - timedelta(seconds=ago)).strftime("%b %d %H:%M:%S") + f".{211 + 7 * turn + i}"
            lines += [
                f"*{stamp}: %BGP-3-NOTIFICATION: sent to neighbor {peer} passive 2/2 (peer in wrong AS) 2 bytes FC00",
                f"*{stamp}: %BGP-4-MSGDUMP: unsupported or mal-formatted message received from {peer}: ",
                f"FFFF FFFF FFFF FFFF FFFF FFFF FFFF FFFF 0039 0104 FC00 00F0 0A5A 04{30 + i + 1:02X} 1C02 1A01",
                f"*{stamp}: %BGP_SESSION-5-ADJCHANGE: neighbor {peer} IPv4 Unicast topology base removed from session  BGP Notification sent",
            ]
        if turn % 3 == 1:
            stamp = (now - timedelta(seconds=1400 - 150 * turn - 110)).strftime("%b %d %H:%M:%S")
            lines.append(f"*{stamp}.007: %SYS-5-CONFIG_I: Configured from console by netops on vty0 (10.90.0.14)")
    story.texts["mtl-cat-a_log.txt"] = "mtl-cat-a#show logging | include BGP|SYS|FFFF\n" + "\n".join(lines) + "\n"
    story.texts["mtl-cat-a_bgp_summary.txt"] = (
        "mtl-cat-a#show ip bgp summary | begin Neighbor\n"
        "Neighbor        V           AS MsgRcvd MsgSent   TblVer  InQ OutQ Up/Down  State/PfxRcd\n"
        + "".join(f"{a:15} 4        64530       0       0        1    0    0 never    Idle\n" for a in hosts.values())
        + "10.90.4.2       4        65001  884121  884090      177    0    0 12w3d          41\n"
    )
    story.texts["calicoctl_get.yaml"] = (
        "apiVersion: projectcalico.org/v3\nitems:\n- apiVersion: projectcalico.org/v3\n  kind: BGPConfiguration\n  metadata:\n"
        f'    creationTimestamp: "{story.ago(20_000)}"\n    name: default\n  spec:\n    serviceLoadBalancerIPs:\n    - cidr: 10.90.200.0/24\n'
        "- apiVersion: projectcalico.org/v3\n  kind: BGPPeer\n  metadata:\n"
        f'    creationTimestamp: "{story.ago(19_900)}"\n    name: cat-a\n  spec:\n    asNumber: 65001\n    peerIP: 10.90.4.1\nkind: List\nmetadata: {{}}\n'
    )
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe-calico-node.txt": f"describe pod -n calico-system {story.pods['mtl-rke-3']}",
    }
    story.affected = list(hosts)
    story.cite("mtl-cat-a_log.txt", "(peer in wrong AS) 2 bytes FC00")
    return story


def only_the_ipv6_sessions(now: datetime) -> Incident:
    story = incident(
        "dual-stack-racks-where-only-the-v6-group-has-another-number",
        CAUSE,
        "Dual stack without a mesh: the leaf's IPv6 neighbour group expects AS 65210, its IPv4 group the right 65120. IPv4 sessions are up, bird6 has none, so each calico-node is 0/1 for BIRD6; nothing filters and the peers answer.",
        "https://docs.tigera.io/calico/latest/networking/ipam/ipv6 (dual stack, BGP peers of both families)",
        now,
        platform="other",
        calico="v3.27.3",
        kubernetes="v1.29.6",
        registry="quay.io/calico",
        difficulty="medium",
    )
    hosts = {f"osl-c{n}": f"10.77.0.{20 + n}" for n in (1, 2, 3)}
    story.hosts(hosts, os_image="Ubuntu 24.04.1 LTS", kernel="6.8.0-45-generic", runtime="containerd://1.7.22")
    leaves = ["fd3c:77::1", "fd3c:77::2"]
    story.staff(hosts, ready=False, started=9_100, age=9_160)
    for node in hosts:
        number = story.line(
            11, "INFO", 21_007, "confd/health.go 180:", "Number of node(s) with BGP peering established = 0"
        )
        story.pod_event(
            story.pods[node],
            "Unhealthy",
            f"(combined from similar events): Readiness probe failed: {number}\ncalico/node is not ready: BIRD6 is not ready: BGP not established with {','.join(leaves)}\n",
            11,
            9_000,
            301,
        )
    me = "osl-c2"
    log = story.boot(me, 9_090, ["10.77.0.1", "10.77.0.2"], interface="bond0", prefix=24, bird=False)
    log += bird_start(["10.77.0.1", "10.77.0.2"], kind="Node")
    six = ["Node_fd3c_77__1", "Node_fd3c_77__2"]
    log += [f"bird: {s}: {x}" for s in six for x in ("Initializing", "Starting", "State changed to start")]
    for turn in range(7):
        for s in six:
            log += [
                f"bird: {s}: {x}"
                for x in (
                    "Received: Bad peer AS: 65120",
                    "State changed to stop",
                    "State changed to down",
                    "Starting",
                    "State changed to start",
                )
            ]
        log += story.quiet(8_900 - 1250 * turn, 8_000 - 1250 * turn, 270)
    story.log(story.pods[me], wrapped(story, log, "stern", story.pods[me]), "stern-osl-c2.txt")
    story.texts["leaf1-running-config.txt"] = (
        "leaf1#show running-config section bgp\nrouter bgp 65100\n   router-id 10.77.0.1\n   maximum-paths 8\n"
        "   neighbor K8S-V4 peer group\n   neighbor K8S-V4 remote-as 65120\n   neighbor K8S-V4 maximum-routes 2000\n"
        "   neighbor K8S-V6 peer group\n   neighbor K8S-V6 remote-as 65210\n   neighbor K8S-V6 maximum-routes 2000\n"
        + "".join(
            f"   neighbor 10.77.0.{20 + n} peer group K8S-V4\n   neighbor fd3c:77::{20 + n} peer group K8S-V6\n"
            for n in (1, 2, 3)
        )
    )
    story.texts["bgp-objects.yaml"] = (
        "apiVersion: projectcalico.org/v3\nkind: BGPConfiguration\nmetadata:\n  name: default\nspec:\n  asNumber: 65120\n  nodeToNodeMeshEnabled: false\n"
        + "".join(
            f"---\napiVersion: projectcalico.org/v3\nkind: BGPPeer\nmetadata:\n  name: {n}\nspec:\n  asNumber: 65100\n  peerIP: {ip}\n"
            for n, ip in (
                ("leaf1-v4", "10.77.0.1"),
                ("leaf1-v6", leaves[0]),
                ("leaf2-v4", "10.77.0.2"),
                ("leaf2-v6", leaves[1]),
            )
        )
    )
    story.describe(me, story.pods[me])
    story.affected = list(hosts)
    story.cite("stern-osl-c2.txt", "Received: Bad peer AS: 65120")
    return story


STORIES = [
    rack_moved_to_the_other_leaf,
    routers_expect_another_as,
    global_number_changed_peers_not,
    digits_swapped_on_one_host,
    switch_log_and_manifests_only,
    only_the_ipv6_sessions,
]
