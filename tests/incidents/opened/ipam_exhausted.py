"""ipam-exhausted: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime

from cluster import join
from telling import Incident, incident

CAUSE = "ipam-exhausted"


def reservations_of_dead_containers(now: datetime) -> Incident:
    story = incident(
        "host-local-range-of-one-host-is-used-up",
        CAUSE,
        "Canal with host-local IPAM: on one host every new sandbox fails, 'no IP addresses available in range set'. /var/lib/cni/networks holds 254 reservations for 21 running pods: docker crashed several times last month and none was given back. canal there is ready, flannel and felix are calm, the other hosts are fine.",
        "https://github.com/kubernetes/kubernetes/issues/57280",
        now,
        platform="other",
        calico="v3.13.4",
        kubernetes="v1.18.14",
        namespace="kube-system",
        registry="rancher/calico",
        difficulty="easy",
    )
    system = {"os_image": "Ubuntu 18.04.5 LTS", "kernel": "4.15.0-128-generic", "runtime": "docker://19.3.14"}
    hosts = {f"rke-node{n}": f"10.5.28.{40 + n}" for n in range(1, 5)}
    bad = "rke-node3"
    story.hosts(hosts, **system)
    for host, address in hosts.items():
        story.staff(
            {host: address},
            started=1_600_000,
            restarts=3 if host == bad else 0,
            last=("Error", 2, 1_600_060) if host == bad else None,
        )
    for item in story.objects["Pod"]:
        item["metadata"]["name"] = item["metadata"]["name"].replace("calico-node", "canal")
        item["metadata"]["labels"] = {"k8s-app": "canal"}
        item["metadata"]["ownerReferences"][0]["name"] = "canal"
        item["metadata"]["uid"] = item["metadata"]["name"]
    name = story.pods[bad].replace("calico-node", "canal")
    error = "failed to allocate for range 0: no IP addresses available in range set: 10.42.2.1-10.42.2.254"
    stuck = [
        story.stuck("scheduler-cron-1606682400-8zk4d", bad, error, 12, 6_300, 480, "jobs", form="docker"),
        story.stuck("frontend-5dc7b9f8d4-qx2lw", bad, error, 7, 4_100, 316, "shop", form="docker"),
        story.stuck("frontend-5dc7b9f8d4-v7mzt", bad, error, 21, 4_100, 314, "shop", form="docker"),
    ]
    for n, node in enumerate(("rke-node1", "rke-node2", "rke-node4")):
        story.other(
            f"frontend-5dc7b9f8d4-{'hrp'[n]}{n}8{'cdg'[n]}k",
            node,
            f"10.42.{(0, 1, 3)[n]}.{31 + n}",
            "shop",
            "ReplicaSet/frontend-5dc7b9f8d4",
            age=4_100,
            started=4_090,
        )
    log = [x for x in story.old_boot(bad, 1_600_000, bird=False, interface="ens160", prefix=24) if "bird" not in x]
    story.log(name, [*log, *story.quiet(6_000, 10, 500)])
    story.texts["node3.txt"] = (
        "root@rke-node3:~# ls /var/lib/cni/networks/k8s-pod-network | grep -c 10.42\n254\n"
        "root@rke-node3:~# docker ps -q --filter label=io.kubernetes.docker.type=podsandbox | wc -l\n36\n"
        "root@rke-node3:~# kubectl get pods -A -o wide --field-selector spec.nodeName=rke-node3 | grep -c ' 10.42.2.'\n21\n"
        "root@rke-node3:~# ls -lt --time-style=+%F /var/lib/cni/networks/k8s-pod-network | awk '{print $6}' | sort | uniq -c | sort -rn | head -4\n"
        + "".join(
            f"    {count:3d} {story.ago(ago)[:10]}\n"
            for count, ago in ((97, 1_940_000), (74, 2_370_000), (58, 1_600_300), (4, 520_000))
        )
        + 'root@rke-node3:~# cat /etc/cni/net.d/10-canal.conflist | grep -A3 ipam\n      "ipam": {\n          "type": "host-local",\n          "subnet": "usePodCidr"\n      },\n'
    )
    story.describe(bad, name)
    story.commands["describe-frontend.txt"] = f"describe pod -n shop {stuck[1]}"
    story.affected = [bad]
    story.cite("describe-frontend.txt", "no IP addresses available in range set: 10.42.2.1-10.42.2.254")
    return story


def pool_of_one_zone(now: datetime) -> Incident:
    story = incident(
        "pool-of-the-third-zone-is-full",
        CAUSE,
        "Each zone has an IP pool of its own by nodeSelector; that of zone c is a /25 of two blocks and both are taken: since the third host of this zone joined, its pods get no address, and the second's fail one by one. The other zones have plenty. Everybody looks for a zone outage because that zone's host was just replaced; calico-node is 1/1 everywhere.",
        "https://docs.tigera.io/calico/latest/networking/ipam/assign-ip-addresses-topology",
        now,
        platform="other",
        calico="v3.28.2",
        kubernetes="v1.30.6",
        registry="quay.io/calico",
        difficulty="hard",
        acceptable=["ippool-misconfigured"],
    )
    system = {"os_image": "Ubuntu 22.04.5 LTS", "kernel": "5.15.0-125-generic", "runtime": "containerd://1.7.22"}
    hosts: dict[str, str] = {}
    for z, zone in enumerate("abc"):
        here = {f"gz-{zone}{n}": f"10.118.{10 + z}.{20 + n}" for n in (1, 2, 3)}
        for host, address in here.items():
            fresh = host == "gz-c3"
            story.hosts(
                {host: address},
                age=12_700 if fresh else 18_000_000,
                since=12_600 if fresh else 17_000_000,
                labels={"topology.kubernetes.io/zone": f"zone-{zone}"},
                **system,
            )
            story.staff({host: address}, started=12_640 if fresh else 3_300_000, age=12_660 if fresh else 3_300_020)
        hosts |= here
    error = "failed to request IPv4 addresses: Assigned 0 out of 1 requested IPv4 addresses; No IPs available in pools: [10.201.12.0/25]"
    stuck = [
        story.stuck("ledger-api-6b7f9c5d84-4kxzp", "gz-c3", error, 11, 12_400, 890, "ledger"),
        story.stuck("promtail-lw8tq", "gz-c3", error, 5, 12_550, 901, "logging"),
        story.stuck("settle-batch-28871040-m2vdc", "gz-c2", error, 33, 3_500, 251, "ledger"),
        story.stuck("ledger-api-6b7f9c5d84-tt7gn", "gz-c1", error, 48, 1_300, 92, "ledger"),
    ]
    for n, (host, ip) in enumerate(
        (("gz-a1", "10.201.4.19"), ("gz-a3", "10.201.4.140"), ("gz-b2", "10.201.8.71"), ("gz-c2", "10.201.12.77"))
    ):
        story.other(
            f"ledger-api-6b7f9c5d84-{'wzcr'[n]}5{n}k{'bdfh'[n]}",
            host,
            ip,
            "ledger",
            "ReplicaSet/ledger-api-6b7f9c5d84",
            age=1_700_000,
        )
    gone = "10.118.12.29"
    me = "gz-c2"
    peers = [a for n, a in hosts.items() if n not in (me, "gz-c3")]
    lines = [*story.boot(me, 3_300_000, peers, interface="enp6s0", prefix=24), *story.quiet(16_000, 14_700, 400)]
    bird = f"bird: Mesh_{gone.replace('.', '_')}:"
    lines += [
        f"{bird} Error: Hold timer expired",
        f"{bird} State changed to stop",
        f"{bird} State changed to down",
        f"{bird} Starting",
        f"{bird} State changed to start",
    ]
    lines += story.quiet(14_300, 13_000, 400)
    lines += [
        "bird: Reconfiguration requested by SIGHUP",
        "bird: Reconfiguring",
        f"bird: Removing protocol {bird[6:-1]}",
        f"{bird} Shutting down",
        f"{bird} State changed to down",
        "bird: Reconfigured",
    ]
    bird = f"bird: Mesh_{hosts['gz-c3'].replace('.', '_')}:"
    lines += [
        "bird: Reconfiguration requested by SIGHUP",
        "bird: Reconfiguring",
        f"bird: Adding protocol {bird[6:-1]}",
        "bird: Reconfigured",
        f"{bird} State changed to start",
        f"{bird} State changed to feed",
        f"{bird} State changed to up",
    ]
    story.log(story.pods[me], [*lines, *story.quiet(12_500, 18, 600)])
    pools = [("a", "10.201.4.0/22", 1024, 148), ("b", "10.201.8.0/22", 1024, 131), ("c", "10.201.12.0/25", 128, 128)]
    grid = "+----------+----------------+-----------+------------+-----------+\n"
    story.texts["calicoctl ipam show.txt"] = (
        "$ calicoctl ipam show\n" + grid + "| GROUPING |      CIDR      | IPS TOTAL | IPS IN USE | IPS FREE  |\n" + grid
        + "".join(f"| IP Pool  | {cidr:14} | {total:9} | {f'{used} ({100 * used // total}%)':10} | {f'{total - used} ({100 - 100 * used // total}%)':9} |\n" for _, cidr, total, used in pools)
        + grid
    )  # fmt: skip
    story.texts["ippools.yaml"] = "---\n".join(
        f"""apiVersion: projectcalico.org/v3
kind: IPPool
metadata:
  name: zone-{zone}
spec:
  allowedUses:
  - Workload
  - Tunnel
  blockSize: 26
  cidr: {cidr}
  ipipMode: Never
  natOutgoing: true
  nodeSelector: topology.kubernetes.io/zone == "zone-{zone}"
  vxlanMode: CrossSubnet
"""
        for zone, cidr, _, _ in pools
    )
    stamps = [f"{story.stamp(ago)} [INFO][1] ipam/{place} {text}" for ago, place, text in (
        (13_800, "ipam.go 838:", 'Cleaning up IPAM affinities for deleted node node="gz-c9"'),
    )]  # fmt: skip
    story.log("calico-kube-controllers-57d8fb6c9c-xr2jm", stamps)
    story.other("calico-kube-controllers-57d8fb6c9c-xr2jm", "gz-a2", "10.201.4.77", "calico-system", "ReplicaSet/calico-kube-controllers-57d8fb6c9c",
                app="calico-kube-controllers", image="quay.io/calico/kube-controllers:v3.28.2", age=3_300_000, started=3_299_000)  # fmt: skip
    story.texts["mail.txt"] = join(
        [
            "Zone c has been unhealthy since its broken host gz-c9 was replaced by gz-c3 this morning. Pods of that zone stay in",
            "ContainerCreating, the other two zones work. Switches and routers of the zone were checked twice. Is it BGP?",
        ]
    )
    story.commands = {
        "nodes.txt": "get nodes -L topology.kubernetes.io/zone -o wide",
        "pods.txt": "get pods -A -o wide",
        f"describe-{stuck[0]}.txt": f"describe pod -n ledger {stuck[0]}",
        f"describe-pod-{story.pods[me]}.txt": f"describe pod -n calico-system {story.pods[me]}",
        "describe-node-gz-c3.txt": "describe node gz-c3",
    }
    story.affected = ["gz-c1", "gz-c2", "gz-c3"]
    story.cite(f"describe-{stuck[0]}.txt", "No IPs available in pools: [10.201.12.0/25]")
    return story


def subnet_of_the_clouds_own_addresses_is_empty(now: datetime) -> Incident:
    story = incident(
        "cloud-subnet-without-free-addresses-below-calico-policies",
        CAUSE,
        "EKS with the cloud's own CNI for addresses and Calico for policies only. Pods on the two nodes of one zone stay in ContainerCreating: 'failed to assign an IP address to container'. The node agent's log says why: the zone's subnet has no free address left since the batch scale-up, so no network card gets more. calico-node (without BIRD, as it should be) is 1/1 on all nodes; the other zone's subnet has plenty.",
        "https://github.com/aws/amazon-vpc-cni-k8s/issues/547 and https://docs.tigera.io/calico/latest/getting-started/kubernetes/managed-public-cloud/eks",
        now,
        platform="other",
        calico="v3.26.4",
        kubernetes="v1.28.9-eks-036c24b",
        registry="quay.io/calico",
        difficulty="medium",
    )
    system = {"os_image": "Amazon Linux 2", "kernel": "5.10.215-203.850.amzn2.x86_64", "runtime": "containerd://1.7.11"}
    zone = "topology.kubernetes.io/zone"
    bad = {
        "ip-10-66-12-41.eu-west-1.compute.internal": "10.66.12.41",
        "ip-10-66-12-90.eu-west-1.compute.internal": "10.66.12.90",
    }
    good = {
        "ip-10-66-34-15.eu-west-1.compute.internal": "10.66.34.15",
        "ip-10-66-34-72.eu-west-1.compute.internal": "10.66.34.72",
    }
    story.hosts(bad, age=5_000_000, since=4_900_000, labels={zone: "eu-west-1a"}, **system)
    story.hosts(good, age=5_000_000, since=4_900_000, labels={zone: "eu-west-1b"}, **system)
    hosts = bad | good
    story.staff(hosts, started=2_400_000, age=2_400_030)
    story.typha(next(iter(good)), "n6tkc", started=2_400_000)
    for n, host in enumerate(hosts):
        story.other(
            f"aws-node-{('4ghzt', 'x9m2k', 'kd7qp', 'w5vlb')[n]}",
            host,
            image="602401143452.dkr.ecr.eu-west-1.amazonaws.com/amazon-k8s-cni:v1.16.4",
            app="aws-node",
            started=4_899_000,
        )
    text = 'plugin type="aws-cni" name="aws-cni" failed (add): add cmd: failed to assign an IP address to container'
    names = list(bad)
    since = 5_300
    for n in range(5):
        story.stuck(
            f"render-7d4c9f5b66-{('2kxtw', '8wzqm', 'c4lvd', 'hz6pn', 't9gkb')[n]}",
            names[n % 2],
            text,
            9 + 6 * n,
            since - 240 * n,
            390 - 20 * n,
            namespace="batch",
            form="old",
        )
    story.other(
        "render-7d4c9f5b66-vd2sx",
        list(good)[1],
        "10.66.35.140",
        "batch",
        "ReplicaSet/render-7d4c9f5b66",
        age=since,
        started=since - 20,
    )
    me = names[0]
    log = [line for line in story.boot(me, 2_400_000, bird=False) if "bird" not in line]
    log += [
        story.say(2_399_996, "INFO", 61, "felix", "sync_client.go 185:", "Connected to Typha on attempt 1 attempt=1"),
        *story.quiet(6_500, 14, 330),
    ]
    story.log(story.pods[me], log)

    def ipamd(ago: float, level: str, caller: str, said: str) -> str:
        return f'{{"level":"{level}","ts":"{story.ago(ago)[:-1]}.412Z","caller":"{caller}","msg":"{said}"}}'

    lines = [
        ipamd(
            6_020, "debug", "ipamd/ipamd.go:650", "Reconciling ENI/IP pool info because time since last 1m0.003s > 1m0s"
        ),
        ipamd(
            6_018,
            "info",
            "datastore/data_store.go:713",
            "assignPodIPv4AddressUnsafe: Assign IP 10.66.13.202 to sandbox aws-cni/9d0f8e/eth0",
        ),
    ]
    for ago in (5_290, 4_680, 3_410, 1_930, 640, 70):
        lines += [
            ipamd(
                ago,
                "debug",
                "datastore/data_store.go:684",
                "AssignPodIPv4Address: IP address pool stats: total: 28, assigned 28",
            ),
            ipamd(ago - 0.2, "debug", "datastore/data_store.go:687", "DataStore has no available IP/Prefix addresses"),
            ipamd(
                ago - 1,
                "error",
                "awsutils/awsutils.go:1302",
                "Failed to create eni eni-0: InsufficientFreeAddressesInSubnet: The specified subnet does not have enough free addresses to satisfy the request.",
            ),
            ipamd(
                ago - 2,
                "warn",
                "ipamd/rpc_handler.go:231",
                "Send AddNetworkReply: unable to assign IPv4 address for pod, err: AssignPodIPv4Address: no available IP/Prefix addresses",
            ),
        ]
    story.texts["ipamd-10.66.12.41.log"] = "\n".join(lines) + "\n"
    story.texts[
        "subnets.txt"
    ] = """$ aws ec2 describe-subnets --filters Name=tag:Name,Values='prod-eks-*' --query 'Subnets[].[AvailabilityZone,CidrBlock,AvailableIpAddressCount]' --output text
eu-west-1a\t10.66.12.0/23\t3
eu-west-1b\t10.66.34.0/23\t371
"""
    story.describe(me)
    story.commands["describe-pod-render.txt"] = "describe pod -n batch render-7d4c9f5b66-2kxtw"
    story.events()
    story.affected = names
    story.cite("describe-pod-render.txt", "failed to assign an IP address to container")
    return story


STORIES = [reservations_of_dead_containers, pool_of_one_zone, subnet_of_the_clouds_own_addresses_is_empty]
