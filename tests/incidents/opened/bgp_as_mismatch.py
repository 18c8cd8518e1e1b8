"""bgp-as-mismatch: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident, protocols

CAUSE = "bgp-as-mismatch"


def dotted_number_read_as_a_plain_one(now: datetime) -> Incident:
    story = incident(
        "the-network-team-wrote-64086-dot-59905",
        CAUSE,
        "The network team gave the fabric's number in dotted form, 64086.59905 (= 4200000001); the customer entered 64086 in the BGPPeer of both spines. BIRD refuses the OPEN of each spine (it says 4200000001), the mesh is up, so calico-node is ready; services are unreachable from outside and MetalLB, which is no longer in use, is suspected.",
        "https://www.rfc-editor.org/rfc/rfc5396 and https://github.com/projectcalico/calico/issues/8565 (numbers of 4200000000 and above)",
        now,
        platform="other",
        calico="v3.26.4",
        kubernetes="v1.28.9",
        registry="quay.io/calico",
        difficulty="medium",
    )
    hosts = {f"k8s-{x}": f"10.40.128.{n}" for n, x in enumerate(("m1", "m2", "m3", "w1", "w2", "w3"), 11)}
    story.hosts(hosts, age=7_000_000, since=6_900_000, os_image="AlmaLinux 9.3 (Shamrock Pampas Cat)", kernel="5.14.0-362.24.1.el9_3.x86_64", runtime="containerd://1.7.13")  # fmt: skip
    story.staff(hosts, started=400_000, age=400_100)
    me = "k8s-w2"
    peers = [a for k, a in hosts.items() if k != me]
    spines = ["10.40.128.2", "10.40.128.3"]
    lines = story.boot(me, 399_990, peers, interface="bond0", prefix=25)
    lines += ["bird: Reconfiguration requested by SIGHUP", "bird: Reconfiguring"]
    lines += [f"bird: Adding protocol Global_{s.replace('.', '_')}" for s in spines]
    lines += [f"bird: Global_{s.replace('.', '_')}: {x}" for s in spines for x in ("Initializing", "Starting", "State changed to start")]  # fmt: skip
    lines.append("bird: Reconfigured")
    for i in range(9):
        for s in spines:
            lines += [f"bird: Global_{s.replace('.', '_')}: {x}" for x in ("Error: Bad peer AS: 4200000001", "State changed to stop", "State changed to down", "Starting", "State changed to start")]  # fmt: skip
        lines += story.quiet(81_000 - 9_000 * i, 76_000 - 9_000 * i, 2_400)
    story.log(story.pods[me], lines)
    story.texts["protocols-w2.txt"] = protocols(
        [(p, "up", "2026-11-25", "Established") for p in peers], since="2026-11-25", routes="up"
    ) + "".join(
        f"Global_{s.replace('.', '_')} BGP      master   start  {story.stamp(9_100 + 2 * i)[11:19]}    Idle          BGP Error: Bad peer AS\n"
        for i, s in enumerate(spines)
    )
    story.texts["bgp-objects.yaml"] = (
        "apiVersion: projectcalico.org/v3\nkind: BGPConfiguration\nmetadata:\n  name: default\nspec:\n  asNumber: 64601\n  logSeverityScreen: Info\n  nodeToNodeMeshEnabled: true\n  serviceLoadBalancerIPs:\n  - cidr: 10.40.200.0/24\n"
        + "".join(
            f"---\napiVersion: projectcalico.org/v3\nkind: BGPPeer\nmetadata:\n  name: spine-{n}\nspec:\n  asNumber: 64086\n  peerIP: {s}\n"
            for n, s in enumerate(spines, 1)
        )
    )
    story.texts["mail-of-the-network-team.txt"] = (
        "Hi,\nyour neighbours are configured on both spines (VRF k8s-prod):\n  our ASN 64086.59905\n  your ASN 64601\n  10.40.128.11-16, no password, timers default\nPlease set up your side. On ours they are all in Idle/Active since yesterday.\n"
    )
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -n calico-system -o wide",
        "describe-calico-node-w2.txt": f"describe pod -n calico-system {story.pods[me]}",
    }
    story.affected = list(hosts)
    story.cite(f"{story.pods[me]}.log", "Error: Bad peer AS: 4200000001")
    story.cite("bgp-objects.yaml", "asNumber: 64086")
    return story


def local_as_line_went_with_the_new_border(now: datetime) -> Incident:
    story = incident(
        "new-border-router-speaks-with-its-real-number",
        CAUSE,
        "The border routers were replaced at night. The old ones presented themselves to the cluster with 'local-as 64999', the new ones do it with their real number 65020, while each BGPPeer still says 64999. The mesh is off, the workers peer with the border alone, so every calico-node is not ready: 'BGP not established'. Port 179 answers; the firewall team was asked first.",
        "https://docs.frrouting.org/en/latest/bgp.html (neighbor local-as), https://docs.tigera.io/calico/latest/networking/configuring/bgp",
        now,
        platform="other",
        calico="v3.20.6",
        kubernetes="v1.21.14",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="medium",
    )
    hosts = {f"dn{n}.osl": f"10.13.40.{70 + n}" for n in range(1, 6)}
    border = ["10.13.40.65", "10.13.40.66"]
    story.hosts(hosts, age=30_000_000, since=11_000_000, os_image="CentOS Linux 8", kernel="4.18.0-348.7.1.el8_5.x86_64", runtime="cri-o://1.21.7")  # fmt: skip
    names = story.staff(hosts, ready=False, started=8_000_000, age=8_000_100)
    for i, name in enumerate(names):
        story.not_established(name, border, 9 + 4 * i, 22_300, 742)
    me = "dn3.osl"
    lines = story.quiet(40_000, 22_700, 2_900)
    sessions = [f"Global_{b.replace('.', '_')}" for b in border]
    lines += [f"bird: {s}: {x}" for s in sessions for x in ("Error: Hold timer expired", "State changed to stop", "State changed to down", "Starting", "State changed to start")]  # fmt: skip
    lines += story.quiet(22_500, 22_350, 60)
    for i in range(8):
        lines += [f"bird: {s}: {x}" for s in sessions for x in ("Error: Bad peer AS: 65020", "State changed to stop", "State changed to down", "Starting", "State changed to start")]  # fmt: skip
        lines += story.quiet(19_800 - 2_600 * i, 18_600 - 2_600 * i, 590)
    story.log(story.pods[me], lines)
    story.texts["calicoctl-get.txt"] = (
        "$ calicoctl get bgpconfig -o wide\nNAME      LOGSEVERITY   MESHENABLED   ASNUMBER   \ndefault   Info          false         64700      \n\n"
        "$ calicoctl get bgppeer -o wide\nNAME       PEERIP        NODE       ASN     \nborder-1   10.13.40.65   (global)   64999   \nborder-2   10.13.40.66   (global)   64999   \n\n"
        "$ nc -vz 10.13.40.65 179\nNcat: Connected to 10.13.40.65:179.\n"
    )
    story.texts["show-bgp-summary-border-1.txt"] = (
        f"osl-border-1# show bgp ipv4 unicast summary\nBGP router identifier 10.13.40.65, local AS number 65020 vrf-id 0\nPeers {len(hosts)}, using 102 KiB of memory\n\nNeighbor        V         AS   MsgRcvd   MsgSent   TblVer  InQ OutQ  Up/Down State/PfxRcd   PfxSnt\n"
        + "".join(
            f"{a:15} 4      64700       742      1484        0    0    0    never         Idle        0\n"
            for a in hosts.values()
        )
        + f"\nosl-border-1# show logging | include NOTIFICATION\n{story.ago(31)[:19].replace('-', '/').replace('T', ' ')} BGP: %NOTIFICATION: received from neighbor {hosts[me]} 2/2 (OPEN Message Error/Bad Peer AS) 4 bytes 00 00 fd fc\n"
    )
    story.describe(me)
    story.affected = list(hosts)
    story.cite(f"{story.pods[me]}.log", "Error: Bad peer AS: 65020")
    return story


def second_leaf_of_the_pair_has_its_own_number(now: datetime) -> Incident:
    story = incident(
        "each-leaf-of-the-pair-has-a-number-and-the-second-peer-was-copied",
        CAUSE,
        "Each host peers with both leaves of its rack; the leaves have a number each, 65111 and 65112, but the BGPPeer of the second was made by copying the first and says 65111. BIRD refuses leaf B's OPEN ('Bad peer AS: 65112') on all six hosts, leaf A's session is up. Nobody noticed until leaf A was reloaded for an update: then all external service addresses were gone for minutes. calico-node is 0/1.",
        "https://docs.tigera.io/calico/latest/networking/configuring/bgp (peers per rack) and https://docs.tigera.io/calico/latest/reference/architecture/design/l3-interconnect-fabric (AS per ToR)",
        now,
        platform="other",
        calico="v3.24.6",
        kubernetes="v1.26.15",
        registry="docker.io/calico",
        difficulty="easy",
    )
    hosts = {f"r11-h{n}": f"10.111.0.{20 + n}" for n in range(1, 7)}
    leaf_a, leaf_b = "10.111.0.2", "10.111.0.3"
    system = {"os_image": "Debian GNU/Linux 11 (bullseye)", "kernel": "5.10.0-28-amd64", "runtime": "containerd://1.6.28"}  # fmt: skip
    story.hosts(hosts, age=20_000_000, since=6_000_000, labels={"rack": "11"}, **system)
    for item in story.objects["Node"]:
        item["metadata"]["annotations"]["projectcalico.org/ASNumber"] = "65211"
    names = story.staff(hosts, ready=False, started=5_990_000, age=5_990_040)
    for n, name in enumerate(names):
        story.not_established(name, [leaf_b], 9 + 4 * n, 5_989_000, 199_000, established=1)
    me = "r11-h4"
    lines = [story.say(2_600, "INFO", 63, "felix", "summary.go 100:", "Summarising 9 dataplane reconciliation loops over 1m3.4s: avg=6ms longest=21ms ()")]  # fmt: skip
    for turn in range(9):
        lines += [
            "bird: Node_10_111_0_3: Error: Bad peer AS: 65112",
            "bird: Node_10_111_0_3: State changed to start" if turn % 3 == 0 else "bird: Node_10_111_0_3: Connected to table master",
        ][: 1 + (turn % 3 == 0)]  # fmt: skip
        if turn == 3:
            lines += [f"bird: Node_10_111_0_2: {x}" for x in ("Received: Administrative reset", "State changed to stop", "State changed to down", "Starting", "State changed to start")]  # fmt: skip
        if turn == 5:
            lines += [f"bird: Node_10_111_0_2: {x}" for x in ("Connected to table master", "State changed to feed", "State changed to up")]  # fmt: skip
        lines += story.quiet(2_400 - 250 * turn, 2_300 - 250 * turn, 70)
    story.log(story.pods[me], lines)
    story.texts["birdcl-r11-h4.txt"] = protocols([("10.111.0.2", "up", "20:41:07", "Established"), ("10.111.0.3", "start", "18:02:55", "Idle          BGP Error: Bad peer AS")], kind="Node", routes="up")  # fmt: skip
    peers = []
    for leaf, address in (("a", leaf_a), ("b", leaf_b)):
        peers.append(f'- apiVersion: projectcalico.org/v3\n  kind: BGPPeer\n  metadata:\n    creationTimestamp: "{story.ago(19_900_000 - 300 * (leaf == "b"))}"\n    name: rack11-leaf-{leaf}\n    resourceVersion: "40{leaf == "b":d}71"\n  spec:\n    asNumber: 65111\n    nodeSelector: rack == "11"\n    peerIP: {address}\n')  # fmt: skip
    story.texts["calicoctl-get-bgppeers.yaml"] = "apiVersion: projectcalico.org/v3\nitems:\n" + "".join(peers) + "kind: BGPPeerList\nmetadata:\n  resourceVersion: \"8812204\"\n"  # fmt: skip
    story.texts["leaf-b-show-bgp-summary.txt"] = (
        "leaf11b# show bgp ipv4 unicast summary\nBGP summary information for VRF default, address family IPv4 Unicast\nBGP router identifier 10.111.255.12, local AS number 65112\n\n"
        "Neighbor        V    AS    MsgRcvd    MsgSent   TblVer  InQ OutQ Up/Down  State/PfxRcd\n"
        + "".join(f"{address:15} 4 65211       {311 + n}        {640 + n}        0    0    0    10w1d Idle\n" for n, address in enumerate(hosts.values()))
        + "10.111.255.1    4 65000    1820412    1799310    40121    0    0    33w2d 812\n"
    )  # fmt: skip
    story.describe(me)
    story.affected = list(hosts)
    story.cite(f"{story.pods[me]}.log", "Bad peer AS: 65112")
    story.cite("calicoctl-get-bgppeers.yaml", "asNumber: 65111")
    return story


STORIES = [
    dotted_number_read_as_a_plain_one,
    local_as_line_went_with_the_new_border,
    second_leaf_of_the_pair_has_its_own_number,
]
