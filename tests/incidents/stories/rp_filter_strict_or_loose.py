"""rp-filter-strict-or-loose: an old felix refuses net.ipv4.conf.all.rp_filter = 2."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident

LOOSE = (
    "Kernel's RPF check is set to 'loose'.  This would allow endpoints to spoof their IP address.  Calico requires "
    "net.ipv4.conf.all.rp_filter to be set to 0 or 1. If you require loose RPF and you are not concerned about spoofing, this "
    "check can be disabled by setting the IgnoreLooseRPF configuration parameter to 'true'."
)


def tries(
    story: Incident, first: float, pid: int, count: int, every: float = 9, place: str = "int_dataplane.go 824:"
) -> list[str]:
    """felix starts, looks at the kernel's setting and ends, again and again."""
    log = []
    for n in range(count):
        ago, own = first - every * n, pid + 58 * n
        version = f'Felix starting up GOMAXPROCS=8 buildDate="2019-06-17T23:12:37+0000" gitCommit="b6b4a6e" version="{story.calico}"'
        log += [
            story.line(ago, "INFO", own, "logutils.go 82:", "Early screen log level set to info"),
            story.line(ago - 0.01, "INFO", own, "daemon.go 140:", version),
            story.line(ago - 0.03, "INFO", own, "daemon.go 158:", "Loading configuration..."),
            story.line(ago - 0.3, "INFO", own, "ipsets.go 119:", 'Queueing IP set for creation family="inet" setID="all-ipam-pools" setType="hash:net"'),
            story.line(ago - 0.4, "FATAL", own, place, LOOSE),
        ]  # fmt: skip
    return log


def dcos_agents(now: datetime) -> Incident:
    story = incident(
        "agents-with-a-hardening-role", "rp-filter-strict-or-loose",
        "Felix ends at every start on the three hosts that a hardening role set to loose reverse-path filtering.",
        "https://github.com/projectcalico/calicoctl/issues/1082", now, difficulty="easy", platform="other", calico="v3.8.4",
        kubernetes="v1.14.9", namespace="kube-system", registry="calico",
    )  # fmt: skip
    hosts = {f"agent{n}.lab": f"172.16.210.{20 + n}" for n in range(1, 6)}
    story.hosts(hosts, kernel="4.15.0-72-generic", os_image="Ubuntu 18.04.3 LTS", runtime="docker://18.9.7")
    bad = {name: at for name, at in hosts.items() if name[5] in "345"}
    story.staff({name: at for name, at in hosts.items() if name not in bad})
    pods = story.staff(bad, ready=False, restarts=8, started=60, last=("Error", 137, 66))
    for name in pods:
        story.not_established(name, [at for host, at in hosts.items() if host not in bad], 55, 900, 6)
        story.pod_event(
            name,
            "Unhealthy",
            "Liveness probe failed: Get http://localhost:9099/liveness: dial tcp 127.0.0.1:9099: connect: connection refused",
            12,
            900,
            40,
        )
    story.log(
        pods[0],
        [
            *story.old_boot("agent3.lab", 60, [at for host, at in hosts.items() if host != "agent3.lab"]),
            *tries(story, 57, 61, 6),
        ],
    )
    story.describe("agent3.lab", pods[0])
    story.affected = list(bad)
    story.cite(f"{pods[0]}.log", "RPF check is set to 'loose'")
    return story


def kind_cluster(now: datetime) -> Incident:
    story = incident(
        "kind-nodes-inherit-the-laptop-setting", "rp-filter-strict-or-loose",
        "All nodes are containers on one host whose rp_filter is 2; the only line that says so is in the previous log, the loud "
        "ones are probes and BGP.",
        "https://github.com/kubernetes-sigs/kind/issues/891", now, difficulty="medium", platform="other", calico="v3.9.1",
        kubernetes="v1.16.1", namespace="kube-system", registry="calico",
    )  # fmt: skip
    hosts = {"kind-control-plane": "172.17.0.5", "kind-worker": "172.17.0.3", "kind-worker2": "172.17.0.4"}
    story.hosts(
        hosts,
        kernel="5.3.1-arch1-1-ARCH",
        os_image="Ubuntu Disco Dingo (development branch)",
        runtime="containerd://1.3.0",
        age=2000,
        since=1900,
    )
    pods = story.staff(hosts, ready=False, restarts=6, waiting="CrashLoopBackOff", last=("Error", 137, 44), age=1800)
    for name in pods:
        story.not_established(name, [at for at in hosts.values() if at != "172.17.0.3"], 50, 1700, 18)
        story.pod_event(name, "BackOff", "Back-off restarting failed container", 20, 1500, 51)
    log = [*story.old_boot("kind-worker", 110, ["172.17.0.5", "172.17.0.4"]), *tries(story, 107, 61, 1)]
    log += [f"bird: Mesh_172_17_0_{n}: State changed to {state}" for state in ("start", "feed", "up") for n in (4, 5)]
    story.log(pods[1], log, file=f"{pods[1]}-previous.log")
    story.texts[f"{pods[1]}.log"] = (
        f'Error from server (BadRequest): container "calico-node" in pod "{pods[1]}" is waiting to start: CrashLoopBackOff\n'
    )
    story.commands = {
        "pods.txt": "get pods -n kube-system -o wide",
        "describe.txt": f"describe pod -n kube-system {pods[1]}",
        "nodes.txt": "get nodes -o wide",
    }
    story.affected = list(hosts)
    story.cite(f"{pods[1]}-previous.log", "RPF check is set to 'loose'")
    return story


def mesos_style_pool(now: datetime) -> Incident:
    story = incident(
        "second-pool-image-sets-rp-filter-2", "rp-filter-strict-or-loose",
        "Exactly the pool built from the newer image crashes: its sysctl file sets rp_filter to 2, which this old felix refuses.",
        "https://github.com/projectcalico/calico/issues/282", now, difficulty="medium", platform="classic", calico="v3.9.5",
        kubernetes="v1.16.15+IKS", namespace="kube-system",
    )  # fmt: skip
    old = story.workers(
        [f"10.144.21.{n}" for n in (33, 34, 41, 42)], kernel="4.15.0-117-generic", os_image="Ubuntu 16.04.7 LTS"
    )
    new = story.workers([f"10.144.21.{n}" for n in (50, 51)], kernel="5.4.0-48-generic", os_image="Ubuntu 20.04.1 LTS", age=7000, since=6800,
                        labels={"ibm-cloud.kubernetes.io/worker-pool-name": "focal"})  # fmt: skip
    first = story.agents(old)
    pods = story.agents(new, ready=False, restarts=16, started=130, last=("Error", 137, 133), age=6900)
    for name in first[:2]:
        story.recreated(name, new, 3000, 3)
    for name in pods:
        story.pod_event(
            name,
            "Unhealthy",
            "Readiness probe failed: calico/node is not ready: felix is not ready: Get http://localhost:9099/readiness: dial tcp 127.0.0.1:9099: connect: connection refused",
            4,
            6700,
            301,
        )
    story.log(pods[0], [*story.old_boot(new[0], 130, [*old, new[1]]), *tries(story, 127, 61, 7, every=17)])
    story.texts["sysctl.txt"] = (
        "net.ipv4.conf.all.rp_filter = 2\nnet.ipv4.conf.default.rp_filter = 2\nnet.ipv4.conf.eth0.rp_filter = 2\nnet.ipv4.conf.eth1.rp_filter = 2\n"
    )
    story.describe(new[0])
    story.affected = new
    story.cite(f"{pods[0]}.log", "RPF check is set to 'loose'")
    return story


def one_multihomed_host(now: datetime) -> Incident:
    story = incident(
        "policy-routing-host-among-eleven", "rp-filter-strict-or-loose",
        "One multi-homed host runs policy routing with loose filtering: its felix ends after one quiet FATAL line a start, while "
        "neighbours that were restarted complain loudly about BGP with it.",
        "https://github.com/projectcalico/felix/pull/1322", now, difficulty="hard", platform="other", calico="v3.11.2",
        kubernetes="v1.17.17", namespace="kube-system", registry="quay.io/calico",
    )  # fmt: skip
    hosts = {f"stor-{n:02}": f"10.7.130.{n}" for n in range(21, 32)}
    story.hosts(hosts, kernel="4.19.0-14-amd64", os_image="Debian GNU/Linux 10 (buster)", runtime="docker://19.3.15")
    bad = "stor-28"
    others = story.staff({name: at for name, at in hosts.items() if name != bad})
    name = story.staff({bad: hosts[bad]}, restarts=22, ready=False, started=45, last=("Error", 137, 47))[0]
    for other in others[4:8]:
        story.recreated(other, [hosts[bad]], 400, 9)
    peers = [at for host, at in hosts.items() if host != bad]
    log = [
        *story.old_boot(bad, 45, peers, up=peers[:4]),
        *[
            f"bird: Mesh_{at.replace('.', '_')}: State changed to {s}"
            for at in peers[4:]
            for s in ("start", "feed", "up")
        ],
    ]
    log += tries(story, 41, 61, 2, every=20, place="int_dataplane.go 1042:")
    log += [
        story.line(
            3, "INFO", 60, "resource.go 264:", "Target config /etc/calico/confd/config/bird_ipam.cfg has been updated"
        ),
        "bird: Reconfiguration requested by SIGHUP",
        "bird: Reconfiguring",
        "bird: Reconfigured",
    ]
    story.log(name, log)
    story.log(
        others[2],
        [
            *story.old_boot("stor-23", 2_000_000, [at for host, at in hosts.items() if host != "stor-23"])[-40:],
            *story.quiet(900, 60),
        ],
    )
    story.describe(bad, name)
    story.commands[f"describe-pod-{others[4]}.txt"] = f"describe pod -n kube-system {others[4]}"
    story.affected = [bad]
    story.cite(f"{name}.log", "RPF check is set to 'loose'")
    return story


def focal_hosts(now: datetime) -> Incident:
    story = incident(
        "ubuntu-focal-default-is-two", "rp-filter-strict-or-loose",
        "After all hosts moved to Ubuntu 20.04, whose default for rp_filter is 2, felix of this old release refuses to run on each of "
        "them.",
        "https://github.com/labring/sealos/issues/559", now, difficulty="easy", platform="other", calico="v3.12.3",
        kubernetes="v1.17.14", namespace="kube-system", registry="calico",
    )  # fmt: skip
    hosts = {f"master0{n}" if n < 2 else f"node0{n}": f"192.168.160.{240 + n}" for n in (1, 2, 3, 4)}
    story.hosts(
        hosts,
        kernel="5.4.0-58-generic",
        os_image="Ubuntu 20.04.1 LTS",
        runtime="docker://19.3.12",
        age=4000,
        since=3900,
    )
    pods = story.staff(hosts, ready=False, restarts=15, waiting="CrashLoopBackOff", last=("Error", 137, 60), age=3900)
    for name in pods:
        story.pod_event(name, "BackOff", "Back-off restarting failed container", 8, 3700, 160)
    story.log(
        pods[1],
        [
            *story.old_boot("node02", 130, [at for name, at in hosts.items() if name != "node02"]),
            *tries(story, 127, 61, 5, every=12, place="int_dataplane.go 1018:"),
        ],
        file="node02-calico.log",
    )
    story.commands = {
        "pods.txt": "get pods -A -o wide",
        "describe-node02-calico.txt": f"describe pod -n kube-system {pods[1]}",
    }
    story.affected = list(hosts)
    story.cite("node02-calico.log", "RPF check is set to 'loose'")
    return story


STORIES = [dcos_agents, kind_cluster, mesos_style_pool, focal_hosts, one_multihomed_host]
