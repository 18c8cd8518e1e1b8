"""wrong-node-ip: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime

from cluster import container
from telling import Incident, incident, node_status, protocols

CAUSE = "wrong-node-ip"


def the_bridge_of_the_container_hypervisor(now: datetime) -> Incident:
    story = incident(
        "microk8s-node-answers-from-lxdbr0",
        CAUSE,
        "MicroK8s with VXLAN: on one of three nodes `lxd init` made a bridge; since that node's reboot first-found takes lxdbr0 (10.207.61.1) for the node's address. Everything is 1/1 and Ready; only pods of that node reach neither DNS nor pods elsewhere, because the others send its VXLAN packets to 10.207.61.1.",
        "https://github.com/canonical/microk8s/issues/1511",
        now,
        platform="other",
        calico="v3.25.1",
        kubernetes="v1.28.7",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="medium",
    )
    hosts = {"nuc-a": "192.168.30.41", "nuc-b": "192.168.30.42", "nuc-c": "192.168.30.43"}
    bad = "nuc-b"
    system = {"os_image": "Ubuntu 22.04.4 LTS", "kernel": "5.15.0-97-generic", "runtime": "containerd://1.6.28", "age": 6_700_000}  # fmt: skip
    story.hosts({k: v for k, v in hosts.items() if k != bad}, **system)
    story.hosts({bad: hosts[bad]}, since=29_700, **system)
    tunnels = {"nuc-a": "10.1.77.0", "nuc-b": "10.1.116.64", "nuc-c": "10.1.203.128"}
    for item in story.objects["Node"]:
        node = item["metadata"]["name"]
        item["metadata"]["annotations"] = {
            "projectcalico.org/IPv4Address": "10.207.61.1/24" if node == bad else f"{hosts[node]}/24",
            "projectcalico.org/IPv4VXLANTunnelAddr": tunnels[node],
        }
    env = {"env": [{"name": "DATASTORE_TYPE", "value": "kubernetes"}, {"name": "CLUSTER_TYPE", "value": "k8s,bgp"},
                   {"name": "IP", "value": "autodetect"}, {"name": "IP_AUTODETECTION_METHOD", "value": "first-found"},
                   {"name": "CALICO_NETWORKING_BACKEND", "value": "vxlan"}, {"name": "CALICO_IPV4POOL_CIDR", "value": "10.1.0.0/16"}],
           "readinessProbe": {"exec": {"command": ["/bin/calico-node", "-felix-ready"]}, "periodSeconds": 10, "timeoutSeconds": 5,
                              "successThreshold": 1, "failureThreshold": 3}}  # fmt: skip
    story.staff({k: v for k, v in hosts.items() if k != bad}, spec=env, started=3_300_000, age=3_300_030)
    name = story.staff(
        {bad: hosts[bad]},
        spec=env,
        restarts=1,
        started=29_650,
        age=3_300_030,
        last=("Unknown", 255, 29_800),
        init=[container(story, "install-cni", "docker.io/calico/cni:v3.25.1", done=True, started=29_660)],
    )[0]
    story.node_event(
        bad, "Rebooted", f"Node {bad} has been rebooted, boot id: e2c01d44-5b7e-4f5a-8a07-3c6de1b7f029", 29_690
    )

    def no_bird(lines: list[str]) -> list[str]:
        kept = [x for x in lines if not x.startswith("bird:") and " confd/" not in x]
        kept.insert(13, "CALICO_NETWORKING_BACKEND is vxlan - no need to run a BGP daemon")
        return kept

    log = no_bird(story.boot(bad, 29_650, (), interface="lxdbr0", address="10.207.61.1", prefix=24, bird=False))
    log.insert(
        9, story.say(29_649.75, "INFO", 9, "startup", "startup.go 579:", "Node IPv4 changed, will check for conflicts")
    )
    log += [
        story.say(29_646.2, "INFO", 61, "felix", "vxlan_mgr.go 553:", "VXLAN tunnel device thread started. ipVersion=0x4 mtu=1450"),
        story.say(29_645.9, "INFO", 61, "felix", "vxlan_mgr.go 478:", "VXLAN tunnel device configured ipVersion=0x4"),
    ]  # fmt: skip
    for n in range(8):
        ago = 3_900 - 480 * n
        log.append(story.say(ago, "INFO", 63, "monitor-addresses", "autodetection_methods.go 103:", "Using autodetected IPv4 address on interface lxdbr0: 10.207.61.1/24"))  # fmt: skip
        log += story.quiet(ago - 9, ago - 420, 140)
    story.log(name, log)
    me = "nuc-a"
    story.log(story.pods[me], story.quiet(3_900, 20, 190))
    story.other("coredns-864597b5fd-9q6kt", "nuc-a", "10.1.77.14", "kube-system", "ReplicaSet/coredns-864597b5fd", "coredns",
                      image="coredns/coredns:1.10.1", age=3_200_000, started=3_200_000)  # fmt: skip
    app = story.other("grafana-5d4f9dbb7c-zkl4w", bad, "10.1.116.90", "observability", "ReplicaSet/grafana-5d4f9dbb7c", "grafana",
                      ready=False, restarts=64, started=100, last=("Error", 1, 130), age=28_000)  # fmt: skip
    story.pod_event(app, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", 21, 27_900, 2100, namespace="observability")  # fmt: skip
    story.log(app, [
        f'logger=sqlstore t={story.ago(96)} level=error msg="Failed to connect to database" error="dial tcp: lookup pg-main.observability.svc.cluster.local on 10.152.183.10:53: read udp 10.1.116.90:43180->10.152.183.10:53: i/o timeout"',
        f'logger=sqlstore t={story.ago(86)} level=error msg="Failed to connect to database" error="dial tcp: lookup pg-main.observability.svc.cluster.local on 10.152.183.10:53: read udp 10.1.116.90:57721->10.152.183.10:53: i/o timeout"',
    ])  # fmt: skip
    story.describe(bad, name)
    story.affected = [bad]
    story.cite(f"{name}.log", "Using autodetected IPv4 address on interface lxdbr0: 10.207.61.1/24")
    return story


def kept_the_address_of_the_unplugged_card(now: datetime) -> Incident:
    story = incident(
        "ten-gigabit-card-has-another-name",
        CAUSE,
        "One host was moved from its 1 Gbit to a 10 Gbit card (other name, other subnet); kubelet registers 10.4.2.17, but the method interface=eno.* finds no interface any more and calico-node keeps the old address 10.4.1.17, which is on no card. BIRD cannot bind to it, the peers wait for 10.4.1.17: one line with 'keeping existing value' says it.",
        "https://github.com/canonical/microk8s.io/issues/558",
        now,
        platform="other",
        calico="v3.26.4",
        kubernetes="v1.27.10",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="medium",
    )
    hosts = {f"gfx{n}": f"10.4.1.{10 + n}" for n in (1, 2, 3, 5)}
    bad = "gfx7"
    system = {"os_image": "Ubuntu 22.04.3 LTS", "kernel": "5.15.0-92-generic", "runtime": "containerd://1.7.2", "age": 9_000_000}  # fmt: skip
    story.hosts(hosts, **system)
    story.hosts({bad: "10.4.2.17"}, since=8_050, **system)
    story.objects["Node"][-1]["metadata"]["annotations"]["projectcalico.org/IPv4Address"] = "10.4.1.17/24"
    env = {
        "env": [{"name": "IP", "value": "autodetect"}, {"name": "IP_AUTODETECTION_METHOD", "value": "interface=eno.*"}]
    }
    story.staff(hosts, spec=env, started=2_200_000, age=2_200_030)
    name = story.staff(
        {bad: "10.4.2.17"},
        spec=env,
        ready=False,
        restarts=1,
        started=8_000,
        age=2_200_030,
        last=("Unknown", 255, 8_900),
        init=[container(story, "install-cni", "docker.io/calico/cni:v3.26.4", done=True, started=8_010)],
    )[0]
    peers = list(hosts.values())
    story.not_established(name, peers, 17, 7_940, 265)
    story.node_event(bad, "Starting", "Starting kubelet.", 8_060, type_="Normal")
    story.node_event(
        bad, "Rebooted", f"Node {bad} has been rebooted, boot id: 0c8d7b1b-4c33-4f61-9b7e-6ae1b7d2f4c8", 8_055
    )
    log = story.boot(bad, 8_000, peers, (), interface="enp129s0f1", address="10.4.1.17", prefix=24)
    log[8:9] = [
        story.say(7_999.76, "WARNING", 9, "startup", "autodetection_methods.go 114:", "Unable to auto-detect an IPv4 address using interface regexes [eno.*]: no valid host interfaces found"),
        story.say(7_999.75, "WARNING", 9, "startup", "startup.go 525:", "Autodetection of IPv4 address failed, keeping existing value: 10.4.1.17/24"),
        story.say(7_999.74, "WARNING", 9, "startup", "startup.go 635:", "Unable to confirm IPv4 address 10.4.1.17 is assigned to this host"),
    ]  # fmt: skip
    log = [x for x in log if x != "bird: Graceful restart done"]
    last = log.pop()
    log += [f"bird: Mesh_{p.replace('.', '_')}: Socket error: bind: Cannot assign requested address" for p in peers]
    log.append(last)
    story.log(name, log + story.quiet(7_900, 25, 610))
    me = "gfx2"
    tag = "bird: Mesh_10_4_1_17: "
    story.log(
        story.pods[me],
        story.quiet(12_000, 9_100, 700)
        + [tag + x for x in ("Error: Hold timer expired", "State changed to stop", "State changed to down", "Starting", "State changed to start")]
        + story.quiet(8_600, 30, 900),
    )  # fmt: skip
    story.texts["node-status-gfx2.txt"] = node_status(
        [(a, "up", story.stamp(2_199_000)[:10], "Established") for k, a in hosts.items() if k != me]
        + [("10.4.1.17", "start", story.stamp(8_790)[11:19], "Connect Socket: No route to host")]
    )
    story.describe(bad, name)
    story.affected = [bad]
    story.cite(f"{name}.log", "keeping existing value: 10.4.1.17/24")
    return story


def method_was_lost_with_the_new_manifest(now: datetime) -> Incident:
    story = incident(
        "public-card-is-found-first-after-an-apply",
        CAUSE,
        "Rented machines with a public eth0 and a private ens10, over which the cluster lives. The manifest was applied again without IP_AUTODETECTION_METHOD=interface=ens10: the first pod that was rolled took its public address with first-found. It misses everybody (the private addresses do not know its source), the others lost it, and the roll-out waits for it. The quiet line is the changed address at its start.",
        "https://stackoverflow.com/questions/54465963/calico-node-is-not-ready-bird-is-not-ready-bgp-not-established",
        now,
        platform="other",
        calico="v3.26.4",
        kubernetes="v1.28.4",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="hard",
    )
    hosts = {f"fsn-{n}": f"10.0.8.{n}" for n in (2, 3, 4, 5)}
    bad = "fsn-4"
    story.hosts(hosts, os_image="Ubuntu 22.04.3 LTS", kernel="5.15.0-89-generic", runtime="containerd://1.6.24")
    public = "198.51.100.73"
    for item in story.objects["Node"]:
        name = item["metadata"]["name"]
        item["metadata"]["annotations"]["projectcalico.org/IPv4Address"] = (
            f"{public}/32" if name == bad else f"{hosts[name]}/32"
        )
    good = {n: a for n, a in hosts.items() if n != bad}
    env = [{"name": "IP", "value": "autodetect"}, {"name": "IP_AUTODETECTION_METHOD", "value": "interface=ens10"}, {"name": "CLUSTER_TYPE", "value": "k8s,bgp"}]  # fmt: skip
    story.staff(good, started=1_600_000, spec={"env": list(env)})
    init = [container(story, "install-cni", "docker.io/calico/cni:v3.26.4", done=True, started=4_090)]
    me = story.staff({bad: hosts[bad]}, ready=False, started=4_080, age=4_110, init=init, spec={"env": [env[0], env[2]]})[0]  # fmt: skip
    peers = list(good.values())
    story.not_established(me, peers, 11, 4_070, 135)
    for node in good:
        tag = "bird: Mesh_10_0_8_4: "
        lines = story.quiet(9_000, 4_150, 1_300)
        lines += [tag + x for x in ("Received: Peer de-configured" if node == "fsn-2" else "Error: Hold timer expired", "State changed to stop", "State changed to down", "Starting", "State changed to start")]  # fmt: skip
        lines += ["bird: Reconfiguration requested by SIGHUP", "bird: Reconfiguring", "bird: Removing protocol Mesh_10_0_8_4", "bird: Mesh_198_51_100_73: Initializing", "bird: Mesh_198_51_100_73: Starting", "bird: Mesh_198_51_100_73: State changed to start", "bird: Reconfigured"]  # fmt: skip
        lines += story.quiet(4_000, 30, 900)
        if node == "fsn-3":
            story.log(story.pods[node], lines)
    boot = story.boot(bad, 4_078, peers, up=[], address=public, interface="eth0", prefix=32)
    seen = story.say(4_077.6, "INFO", 9, "startup", "startup.go 590:", "Node IPv4 changed, will check for conflicts")
    boot.insert(9, seen)
    story.log(me, [*boot, "bird: Graceful restart done", *story.quiet(2_400, 14, 210)])
    for i, (name, node) in enumerate((("mail-relay-6f7b8d9c5-hk2vn", bad), ("mail-relay-6f7b8d9c5-x8p4t", "fsn-5"))):
        story.other(
            name, node, f"192.168.{31 + 90 * i}.17", "mail", "ReplicaSet/mail-relay-6f7b8d9c5", app="mail-relay"
        )
    story.texts["terminal.txt"] = (
        '$ kubectl rollout status ds/calico-node -n kube-system --timeout=5s\nWaiting for daemon set "calico-node" rollout to finish: 1 out of 4 new pods have been updated...\nerror: timed out waiting for the condition\n'
        "$ kubectl exec -n mail mail-relay-6f7b8d9c5-x8p4t -- ping -c2 -W2 192.168.31.17\nPING 192.168.31.17 (192.168.31.17): 56 data bytes\n\n--- 192.168.31.17 ping statistics ---\n2 packets transmitted, 0 packets received, 100% packet loss\n"
    )
    story.texts["birdcl-fsn-2.txt"] = protocols(
        [("10.0.8.3", "up", story.stamp(1_600_000)[:10], "Established"), ("10.0.8.5", "up", story.stamp(1_600_000)[:10], "Established"), ("198.51.100.73", "start", story.stamp(4_074)[11:19], "Connect")],
        since=story.stamp(1_600_000)[:10], routes="up",
    )  # fmt: skip
    story.describe(bad, me)
    story.commands |= {f"describe-pod-{story.pods['fsn-3']}.txt": f"describe pod -n kube-system {story.pods['fsn-3']}"}
    story.affected = [bad]
    story.cite(f"{me}.log", "Using autodetected IPv4 address on interface eth0: 198.51.100.73/32")
    return story


STORIES = [
    the_bridge_of_the_container_hypervisor,
    kept_the_address_of_the_unplugged_card,
    method_was_lost_with_the_new_manifest,
]
