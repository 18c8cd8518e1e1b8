"""ippool-misconfigured: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI
from telling import SOCKET, Incident, incident

CAUSE = "ippool-misconfigured"


def default_overlaps(now: datetime) -> Incident:
    story = incident(
        "default-pool-overlaps-the-rack-pool",
        CAUSE,
        "The only enabled IPv4 pool was deleted and a /20 of it kept as a disabled IPv6-less leftover; on restart calico-node wants to create its default pool 10.42.0.0/16, which overlaps rack-pool 10.42.16.0/20: start-up ends on the hosts restarted since.",
        "https://github.com/projectcalico/libcalico-go/issues/862",
        now,
        platform="other",
        calico="v3.20.6",
        kubernetes="v1.21.14",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="medium",
        acceptable=["invalid-calico-config"],
    )
    hosts = {f"metal-{c}": f"10.7.44.{20 + n}" for n, c in enumerate("abcde")}
    bad = ["metal-b", "metal-d"]
    story.hosts({k: v for k, v in hosts.items() if k not in bad})
    story.hosts({k: hosts[k] for k in bad}, ready=NO_CNI, since=1500, calico_up=False)
    story.staff({k: v for k, v in hosts.items() if k not in bad})
    message = "Failed to create default IPv4 IP pool: error with field IPPool.Spec.CIDR = '10.42.0.0/16' (IPPool(default-ipv4-ippool) CIDR overlaps with IPPool(rack-pool) CIDR 10.42.16.0/20)"
    env = {
        "env": [
            {"name": "CALICO_IPV4POOL_CIDR", "value": "10.42.0.0/16"},
            {"name": "CALICO_IPV4POOL_IPIP", "value": "CrossSubnet"},
        ]
    }
    for n, node in enumerate(bad):
        name = story.staff(
            {node: hosts[node]},
            ready=False,
            restarts=8,
            waiting="CrashLoopBackOff",
            last=("Error", 1, 95 + n),
            age=1600,
            spec=env,
        )[0]
        story.probe(name, SOCKET, 96 + n, 1500, 12)
        story.pod_event(name, "BackOff", "Back-off restarting failed container", 4, 1500, 77)
        lines = story.boot(node, 97 + n, interface="bond0", prefix=24)[:10]
        lines += [
            story.say(95.6 + n, "ERROR", 9, "startup", "startup.go 850:", message),
            story.say(95.6 + n, "WARNING", 9, "startup", "utils.go 49:", "Terminating"),
            "Calico node failed to start",
        ]
        story.log(name, lines, f"{name}-previous.log")
        story.describe(node)
    ok = story.pods["metal-a"]
    story.recreated(ok, [hosts[n] for n in bad], 1400, 2)
    story.commands[f"describe-pod-{ok}.txt"] = f"describe pod -n kube-system {ok}"
    story.texts["calicoctl-get-ippool.txt"] = (
        "NAME        CIDR            NAT    IPIPMODE      VXLANMODE   DISABLED   DISABLEBGPEXPORT   SELECTOR\n"
        'rack-pool   10.42.16.0/20   true   CrossSubnet   Never       true       false              rack == "r7"\n'
    )
    story.affected = bad
    story.cite(f"{story.pods['metal-b']}-previous.log", "CIDR overlaps with IPPool(rack-pool)")
    return story


def pool_only_for_load_balancers(now: datetime) -> Incident:
    story = incident(
        "allowed-uses-without-workloads",
        CAUSE,
        "allowedUses of the only pool was edited to LoadBalancer: no pool is left for pods and tunnels. New pods get 'no configured Calico pools', and a calico-node that starts cannot get its tunnel's address and ends.",
        "https://docs.tigera.io/calico/latest/reference/resources/ippool",
        now,
        platform="other",
        calico="v3.30.2",
        kubernetes="v1.33.1",
        registry="quay.io/calico",
        difficulty="hard",
    )
    hosts = {f"lbx-{n}": f"172.30.200.{n}" for n in (11, 12, 13)}
    bad = "lbx-12"
    story.hosts(hosts)
    story.staff({k: v for k, v in hosts.items() if k != bad})
    name = story.staff(
        {bad: hosts[bad]}, ready=False, restarts=10, waiting="CrashLoopBackOff", last=("Error", 1, 240), age=2000
    )[0]
    story.probe(name, SOCKET, 241, 1950, 14)
    story.pod_event(
        name,
        "BackOff",
        f"Back-off restarting failed container calico-node in pod {name}_calico-system(42cf)",
        9,
        1940,
        133,
    )
    lines = story.boot(bad, 244)[:12]
    lines += [
        story.say(
            243,
            "INFO",
            26,
            "tunnel-ip-allocator",
            "allocateip.go 355:",
            'Assign a new tunnel address type="vxlanTunnelAddress"',
        ),
        story.say(
            243, "INFO", 26, "tunnel-ip-allocator", "ipam.go 134:", "Auto-assign 1 ipv4, 0 ipv6 addrs for host 'lbx-12'"
        ),
        story.say(
            242.8,
            "ERROR",
            26,
            "tunnel-ip-allocator",
            "ipam.go 176:",
            "Error assigning IPV4 addresses: no configured Calico pools for node lbx-12",
        ),
        story.say(
            242.8,
            "FATAL",
            26,
            "tunnel-ip-allocator",
            "allocateip.go 486:",
            'Unable to autoassign an address error=no configured Calico pools for node lbx-12 type="vxlanTunnelAddress"',
        ),
        "Calico node failed to start",
    ]
    story.log(name, lines, f"{name}-previous.log")
    story.stuck(
        "api-gw-7c5ddbdf54-2x8kq",
        "lbx-11",
        "no configured Calico pools for node lbx-11",
        15,
        1400,
        97,
        namespace="edge",
    )
    story.describe(bad)
    story.commands["describe-api-gw.txt"] = "describe pod -n edge api-gw-7c5ddbdf54-2x8kq"
    story.texts["ippool.yaml"] = (
        "apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata:\n  name: default-ipv4-ippool\nspec:\n  allowedUses:\n  - LoadBalancer\n  assignmentMode: Automatic\n  blockSize: 26\n"
        "  cidr: 10.244.0.0/16\n  ipipMode: Never\n  natOutgoing: true\n  nodeSelector: all()\n  vxlanMode: CrossSubnet\n"
    )
    story.affected = list(hosts)
    story.cite("ippool.yaml", "- LoadBalancer")
    story.cite("describe-api-gw.txt", "no configured Calico pools for node lbx-11")
    return story


STORIES = [default_overlaps, pool_only_for_load_balancers]
