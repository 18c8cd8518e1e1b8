"""invalid-calico-config: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime

from telling import FELIX_REFUSED, NOT_LIVE, Incident, incident

CAUSE = "invalid-calico-config"


def health_port_moved_without_the_probes(now: datetime) -> Incident:
    story = incident(
        "health-port-moved-in-the-felix-configuration",
        CAUSE,
        "ROKS: to keep port 9099 free for an agent somebody set healthPort 9199 in the FelixConfiguration default. Felix answers on 9199 since, the probes still ask 9099 and are refused: the kubelet kills calico-node on all workers about each minute. Felix's own log is clean up to the end; one INFO line names the port, the object has it.",
        "https://github.com/projectcalico/calico/issues/7950",
        now,
        platform="roks",
        calico="v3.27.4",
        kubernetes="v1.28.13+2ca1a23",
        difficulty="hard",
    )
    red_hat = {"os_image": "Red Hat Enterprise Linux 8.10 (Ootpa)", "kernel": "4.18.0-553.16.1.el8_10.x86_64", "runtime": "cri-o://1.28.9-5.rhaos4.15.git674ed4c.el8"}  # fmt: skip
    nodes = story.workers([f"10.240.130.{n}" for n in (8, 9, 11, 14, 17)], age=9_000_000, **red_hat)
    names = []
    for i, node in enumerate(nodes):
        waits = i in (1, 3)
        names += story.agents(
            [node],
            ready=False,
            restarts=21 + i % 3,
            waiting="CrashLoopBackOff" if waits else "",
            started=34 + 11 * i,
            last=("Error", 137, 36 + 11 * i if not waits else 48),
            age=4_000_000,
        )
    for i, name in enumerate(names):
        ended = 48 if i in (1, 3) else 36 + 11 * i
        story.objects["Pod"][i]["status"]["containerStatuses"][0]["lastState"]["terminated"]["startedAt"] = story.ago(ended + 69)  # fmt: skip
        story.probe(name, FELIX_REFUSED, 6 + i if ended != 48 else 70, 5_900, 260)
        story.probe(name, NOT_LIVE, 3 + i if ended != 48 else 79, 5_890, 132, kind="Liveness")
        story.pod_event(name, "Killing", "Container calico-node failed liveness probe, will be restarted", ended + 8, 5_840, 22, type_="Normal")  # fmt: skip
    story.typha(nodes[0], started=3_000_000)
    story.typha(nodes[2], "x8dkt", started=3_000_000)
    me, name = nodes[2], names[2]
    peers = [n for n in nodes if n != me]
    log = story.boot(me, 55, peers, up=[peers[0], peers[2]])
    port = story.say(53.4, "INFO", 61, "felix", "health.go 379:", 'Health enabled.  Starting server. host="localhost" port=9199')  # fmt: skip
    at = next(i for i, line in enumerate(log) if "Linux interface state changed" in line)
    log.insert(at + 1, port)
    log += story.quiet(48, 10, 30)
    story.log(name, log)
    story.log(name, [*story.boot(me, 126, peers, up=peers[1:3]), *story.quiet(118, 62, 30)], f"{name}-previous.log")
    story.texts["felixconfiguration-default.yaml"] = (
        f'apiVersion: crd.projectcalico.org/v1\nkind: FelixConfiguration\nmetadata:\n  annotations:\n    operator.tigera.io/bpfEnabled: "false"\n  creationTimestamp: "{story.ago(8_999_000)}"\n  generation: 4\n  name: default\n  resourceVersion: "210884133"\n'
        "spec:\n  bpfConnectTimeLoadBalancing: TCP\n  bpfHostNetworkedNATWithoutCTLB: Enabled\n  floatingIPs: Disabled\n  healthPort: 9199\n  logSeverityScreen: Info\n  natPortRange: 32768:65535\n  reportingInterval: 0s\n  vxlanVNI: 4096\n"
    )
    story.describe(me, name)
    story.events()
    story.affected = nodes
    story.cite("felixconfiguration-default.yaml", "healthPort: 9199")
    return story


def pool_in_the_environment_is_no_network(now: datetime) -> Incident:
    story = incident(
        "pool-of-the-manifest-without-its-prefix-length",
        CAUSE,
        "A fresh kubeadm cluster from a manifest in which CALICO_IPV4POOL_CIDR was written as 10.50.0.0.16 (a dot for the slash): calico-node refuses it at start-up and ends on all three nodes, so no pool is made and coredns stays Pending. The forbidden and x509-like noise of the first minutes of the API server is old.",
        "https://github.com/projectcalico/calico/blob/v3.21.4/node/pkg/lifecycle/startup/startup.go",
        now,
        platform="other",
        calico="v3.21.4",
        kubernetes="v1.23.3",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="easy",
        acceptable=["ippool-misconfigured"],
    )
    system = {"os_image": "CentOS Linux 7 (Core)", "kernel": "3.10.0-1160.53.1.el7.x86_64", "runtime": "docker://20.10.12"}  # fmt: skip
    hosts = {"lab-master": "192.168.77.10", "lab-node1": "192.168.77.11", "lab-node2": "192.168.77.12"}
    story.hosts(hosts, age=3_900, since=2_300, **system)
    for item in story.objects["Node"]:
        item["metadata"]["annotations"] = {"kubeadm.alpha.kubernetes.io/cri-socket": "/var/run/dockershim.sock"}
    spec = {"env": [
        {"name": "DATASTORE_TYPE", "value": "kubernetes"},
        {"name": "WAIT_FOR_DATASTORE", "value": "true"},
        {"name": "CLUSTER_TYPE", "value": "k8s,bgp"},
        {"name": "IP", "value": "autodetect"},
        {"name": "CALICO_IPV4POOL_IPIP", "value": "Always"},
        {"name": "CALICO_IPV4POOL_CIDR", "value": "10.50.0.0.16"},
        {"name": "CALICO_DISABLE_FILE_LOGGING", "value": "true"},
    ]}  # fmt: skip
    names = []
    for i, (node, address) in enumerate(hosts.items()):
        names += story.staff({node: address}, ready=False, restarts=14, waiting="CrashLoopBackOff", last=("Error", 1, 77 + 33 * i), age=2_420, spec=spec)  # fmt: skip
    for name in names:
        story.pod_event(name, "BackOff", "Back-off restarting failed container", 6, 2_370, 209)
        story.probe(name, "BIRD is not ready: Failed to stat() nodename file: stat /var/lib/calico/nodename: no such file or directory", 2_360, 2_390, 3)  # fmt: skip
    for i, dns in enumerate(("coredns-64897985d-5mwqz", "coredns-64897985d-t9kvx")):
        story.stuck(
            dns,
            "lab-node1" if i else "lab-master",
            "stat /var/lib/calico/nodename: no such file or directory: check that the calico/node container is running and has mounted /var/lib/calico/",
            9 + i,
            2_250,
            148,
            namespace="kube-system",
            form="docker",
        )
    log = story.boot("lab-master", 78.4, interface="ens33", prefix=24)[:10]
    log += [
        story.say(77.6, "INFO", 9, "startup", "startup.go 167:", 'found v4= in the kubeadm config map'),
        story.say(77.5, "ERROR", 9, "startup", "startup.go 836:", "Invalid CIDR specified in CALICO_IPV4POOL_CIDR '10.50.0.0.16'"),
        story.say(77.5, "WARNING", 9, "startup", "utils.go 49:", "Terminating"),
        "Calico node failed to start",
    ]  # fmt: skip
    story.texts["terminal.txt"] = (
        "[root@lab-master ~]# kubectl get pods -A\n"
        "NAMESPACE     NAME                                 READY   STATUS              RESTARTS      AGE\n"
        + "".join(f"kube-system   {name}                    0/1     CrashLoopBackOff    14 ({77 + 33 * i}s ago)   40m\n" for i, name in enumerate(names))
        + "kube-system   coredns-64897985d-5mwqz              0/1     ContainerCreating   0             37m\nkube-system   coredns-64897985d-t9kvx              0/1     ContainerCreating   0             37m\n"
        "kube-system   etcd-lab-master                      1/1     Running             0             65m\nkube-system   kube-apiserver-lab-master            1/1     Running             0             65m\n"
        f"[root@lab-master ~]# kubectl logs -n kube-system {names[0]}\n" + "\n".join(log) + "\n"
        "[root@lab-master ~]# kubectl logs -n kube-system kube-apiserver-lab-master | grep -i err | tail -2\n"
        f"E{story.klog(3_820)}       1 controller.go:152] Unable to remove old endpoints from kubernetes service: StorageError: key not found, Code: 1, Key: /registry/masterleases/192.168.77.10, ResourceVersion: 0, AdditionalErrorMsg: \n"
        f"E{story.klog(3_815)}       1 authentication.go:63] \"Unable to authenticate the request\" err=\"[x509: certificate signed by unknown authority, verifying certificate SN=1, SKID=, AKID= failed: x509: certificate signed by unknown authority]\"\n"
    )  # fmt: skip
    story.commands["describe-calico-node.txt"] = f"describe pod -n kube-system {names[0]}"
    story.commands["describe-coredns.txt"] = "describe pod -n kube-system coredns-64897985d-5mwqz"
    story.affected = list(hosts)
    story.cite("terminal.txt", "Invalid CIDR specified in CALICO_IPV4POOL_CIDR")
    return story


def no_pools_but_a_pool_range(now: datetime) -> Incident:
    story = incident(
        "no-default-pools-together-with-a-range",
        CAUSE,
        "To make their own pools by hand somebody added NO_DEFAULT_POOLS=true to the manifest and left CALICO_IPV4POOL_CIDR in it. calico-node refuses that combination at start-up and ends, on each host the roll-out has reached; the others run with the old template and only miss their peers.",
        "https://github.com/projectcalico/calico/blob/v3.22.4/node/pkg/lifecycle/startup/startup.go and https://docs.tigera.io/calico/latest/reference/configure-calico-node",
        now,
        platform="other",
        calico="v3.22.4",
        kubernetes="v1.23.17",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="easy",
    )
    system = {
        "os_image": "openSUSE Leap 15.4",
        "kernel": "5.14.21-150400.24.81-default",
        "runtime": "containerd://1.6.19",
    }
    hosts = {f"leap{n}": f"172.25.3.{10 + n}" for n in range(1, 5)}
    story.hosts(hosts, age=9_000_000, since=8_900_000, **system)
    bad = ["leap2"]
    story.staff({h: hosts[h] for h in hosts if h not in bad}, started=5_000_000, age=5_000_020)
    env = [
        {"name": "DATASTORE_TYPE", "value": "kubernetes"},
        {"name": "CLUSTER_TYPE", "value": "k8s,bgp"},
        {"name": "IP", "value": "autodetect"},
        {"name": "CALICO_IPV4POOL_IPIP", "value": "Always"},
        {"name": "CALICO_IPV4POOL_CIDR", "value": "10.128.0.0/16"},
        {"name": "NO_DEFAULT_POOLS", "value": "true"},
        {"name": "FELIX_HEALTHENABLED", "value": "true"},
    ]
    story.staff(
        {"leap2": hosts["leap2"]},
        ready=False,
        waiting="CrashLoopBackOff",
        message="back-off 5m0s restarting failed container=calico-node pod=calico-node_kube-system(8d2c)",
        restarts=9,
        last=("Error", 1, 190),
        age=1_640,
        spec={"env": env},
    )
    name = story.pods["leap2"]
    story.pod_event(name, "BackOff", "Back-off restarting failed container", 20, 1_600, 117)
    story.pod_event(
        name,
        "Unhealthy",
        "Readiness probe failed: calico/node is not ready: BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: connection refused",
        1_590,
        1_592,
        2,
    )
    lines = [
        ("startup/startup.go 390:", "Early log level set to info"),
        ("startup/utils.go 127:", "Using NODENAME environment for node name leap2"),
        ("startup/utils.go 139:", "Determined node name: leap2"),
        ("startup/startup.go 94:", "Starting node leap2 with version v3.22.4"),
        ("startup/startup.go 395:", "Checking datastore connection"),
        ("startup/startup.go 419:", "Datastore connection verified"),
        ("startup/startup.go 104:", "Datastore is ready"),
        (
            "startup/autodetection_methods.go 103:",
            f"Using autodetected IPv4 address on interface eth0: {hosts['leap2']}/24",
        ),
        ("startup/startup.go 571:", "Node IPv4 changed, will check for conflicts"),
        ("startup/startup.go 662:", "No AS number configured on node resource, using global value"),
    ]
    log = [story.line(222 - 0.02 * n, "INFO", 9, place, text) for n, (place, text) in enumerate(lines)]
    log += [
        story.line(
            221.7,
            "ERROR",
            9,
            "startup/startup.go 702:",
            "Invalid configuration with NO_DEFAULT_POOLS defined and CALICO_IPV4POOL_CIDR or CALICO_IPV6POOL_CIDR defined.",
        ),
        story.line(221.69, "WARNING", 9, "startup/utils.go 49:", "Terminating"),
        "Calico node failed to start",
    ]
    story.log(name, log)
    me = "leap1"
    peer = f"bird: Mesh_{hosts['leap2'].replace('.', '_')}:"
    log = story.boot(me, 5_000_000, [a for h, a in hosts.items() if h != me], prefix=24)
    story.log(
        story.pods[me],
        [
            *log,
            *story.quiet(4_000, 1_680, 330),
            f"{peer} State changed to start",
            f"{peer} State changed to stop",
            f"{peer} State changed to down",
            f"{peer} Starting",
            f"{peer} State changed to start",
            *story.quiet(1_600, 14, 310),
        ],
    )
    story.describe("leap2")
    story.events()
    story.affected = bad
    story.cite(f"{name}.log", "Invalid configuration with NO_DEFAULT_POOLS defined and CALICO_IPV4POOL_CIDR")
    return story


STORIES = [health_port_moved_without_the_probes, pool_in_the_environment_is_no_network, no_pools_but_a_pool_range]
