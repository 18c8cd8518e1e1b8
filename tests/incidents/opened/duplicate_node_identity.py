"""duplicate-node-identity: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime

from cluster import UNKNOWN, event
from telling import Incident, incident

CAUSE = "duplicate-node-identity"


def host_got_a_new_name(now: datetime) -> Incident:
    story = incident(
        "appliance-was-renamed-and-finds-its-old-self",
        CAUSE,
        "A single-node MicroK8s appliance was renamed; after its next reboot it joined under the new name while the old name still is a node with the same address. calico-node of the new name is told that the old one already uses the address and ends, the old one's pods are Unknown or Terminating.",
        "https://github.com/canonical/microk8s/issues/4283",
        now,
        platform="other",
        calico="v3.19.1",
        kubernetes="v1.24.17",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="easy",
    )
    address = "192.168.178.44"
    system = {"os_image": "Ubuntu 20.04.6 LTS", "kernel": "5.4.0-165-generic", "runtime": "containerd://1.5.13"}
    story.hosts({"gate-iot": address}, age=31_000_000, ready=UNKNOWN, since=322_000, taints=[("node.kubernetes.io/unreachable", "NoExecute"), ("node.kubernetes.io/unreachable", "NoSchedule")], **system)  # fmt: skip
    story.hosts({"gate-local": address}, age=321_900, since=321_800, **system)
    new = next(o for o in story.objects["Node"] if o["metadata"]["name"] == "gate-local")
    new["status"]["conditions"], new["metadata"]["annotations"] = new["status"]["conditions"][1:], {}
    story.staff({"gate-iot": address}, ready=False, started=900_000, age=30_900_000, restarts=27)
    name = story.staff({"gate-local": address}, ready=False, restarts=1_033, waiting="CrashLoopBackOff", message="back-off 5m0s restarting failed container=calico-node", last=("Error", 1, 97), age=321_850)[0]  # fmt: skip
    story.pod_event(name, "BackOff", "Back-off restarting failed container", 14, 320_000, 24_100)
    story.probe(name, 'felix is not ready: Get "http://localhost:9099/readiness": dial tcp 127.0.0.1:9099: connect: connection refused', 99, 320_500, 2_080)  # fmt: skip
    for pod, namespace in (("gateway-7f89c4d5bb-jz2kq", "gate"), ("influxdb-0", "gate"), ("coredns-66bcf65bb8-vq5mx", "kube-system")):  # fmt: skip
        story.stuck(pod, "gate-local", "stat /var/lib/calico/nodename: no such file or directory: check that the calico/node container is running and has mounted /var/lib/calico/", 7, 321_000, 1_480, namespace=namespace, form="old")  # fmt: skip
    log = story.boot("gate-local", 98, interface="eth0", prefix=24)[:9]
    log += [
        story.say(97.7, "WARNING", 9, "startup", "startup.go 1192:", f"Calico node 'gate-iot' is already using the IPv4 address {address}."),
        story.say(97.6, "WARNING", 9, "startup", "utils.go 49:", "Terminating"),
        "Calico node failed to start",
    ]  # fmt: skip
    story.log(name, log)
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe-calico-node.txt": f"describe pod -n kube-system {name}",
        "describe-gateway.txt": "describe pod -n gate gateway-7f89c4d5bb-jz2kq",
    }
    story.affected = ["gate-local"]
    story.cite(f"{name}.log", f"Calico node 'gate-iot' is already using the IPv4 address {address}")
    return story


def two_machines_one_line_in_the_list(now: datetime) -> Incident:
    story = incident(
        "third-machine-joined-but-the-list-has-two",
        CAUSE,
        "Two machines of three call themselves localhost.localdomain, so they are one node to Kubernetes and Calico: the node's address and boot id change from one to the other every few minutes, each start of calico-node notes a changed address, and what runs there is killed and made anew. The customer reports restarts and BGP that comes and goes.",
        "https://github.com/projectcalico/calico/issues/1139",
        now,
        platform="other",
        calico="v3.17.1",
        kubernetes="v1.19.7",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="medium",
    )
    system = {"os_image": "CentOS Linux 7 (Core)", "kernel": "3.10.0-1160.11.1.el7.x86_64", "runtime": "docker://20.10.2", "labels": {}}  # fmt: skip
    story.hosts({"master1.corp.lan": "10.110.17.50"}, age=260_000, since=259_900, **system)
    both, first, second = "localhost.localdomain", "10.110.17.61", "10.110.17.62"
    story.hosts({both: second}, age=96_000, since=95_000, **system)
    peer = story.staff({"master1.corp.lan": "10.110.17.50"}, started=250_000, age=250_040)[0]
    name = story.staff({both: second}, restarts=63, started=205, last=("Error", 137, 230), age=95_900)[0]
    boots = {first: "8c61d0b2-7d11-4a34-91c9-0e61a7c1f0aa", second: "f1a9e36e-03f5-4b0c-8b5e-62d0a4e9b1c7"}
    for address, boot in boots.items():
        ago = 640 if address == first else 231
        story.node_event(both, "Rebooted", f"Node {both} has been rebooted, boot id: {boot}", ago, 21_000, 34)
        story.node_event(both, "Starting", "Starting kubelet.", 24_000 if address == first else 21_500, type_="Normal")
    story.pod_event(name, "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.", 232, 21_000, 66, type_="Normal")  # fmt: skip
    story.pod_event(name, "Killing", "Stopping container calico-node", 640, 20_900, 31, type_="Normal")
    story.not_established(peer, [second], 180, 20_500, 57)
    story.probe(name, "BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/bird/bird.ctl: connect: no such file or directory", 200, 20_000, 58)  # fmt: skip
    event(story, "Pod", "web-6b7c5f8d9c-2xk4q", "FailedMount", 'MountVolume.SetUp failed for volume "default-token-m2q7x" : object "shop"/"default-token-m2q7x" not registered', 633, 19_000, 12, namespace="shop")  # fmt: skip
    story.other("web-6b7c5f8d9c-2xk4q", both, "192.168.102.21", "shop", "ReplicaSet/web-6b7c5f8d9c", image="registry.corp.lan/shop/web:2.1", restarts=58, started=190, last=("Error", 137, 229), age=90_000)  # fmt: skip
    log = story.boot(both, 204, ["10.110.17.50"], address=second, interface="ens192", prefix=24)
    log.insert(9, story.say(203.755, "WARNING", 9, "startup", "startup.go 772:", f'IPv4 address has changed. This could happen if there are multiple nodes with the same name. node="{both}" original="{first}/24" updated="{second}/24"'))  # fmt: skip
    story.log(name, [*log, *story.quiet(190, 15, 61)])
    previous = story.boot(both, 638, ["10.110.17.50"], address=first, interface="ens192", prefix=24)
    previous.insert(9, story.say(637.755, "WARNING", 9, "startup", "startup.go 772:", f'IPv4 address has changed. This could happen if there are multiple nodes with the same name. node="{both}" original="{second}/24" updated="{first}/24"'))  # fmt: skip
    story.log(f"{name}-from-10.110.17.61", [*previous, *story.quiet(600, 260, 61)])
    log = story.quiet(23_000, 21_200, 600)
    for n in range(8):
        for address, ago in ((first, 20_900 - 2_560 * n), (second, 19_700 - 2_560 * n)):
            if ago < 200:
                continue
            gone = second if address == first else first
            log += [
                f"bird: Mesh_{gone.replace('.', '_')}: State changed to stop",
                f"bird: Mesh_{gone.replace('.', '_')}: State changed to down",
                f"bird: Mesh_{address.replace('.', '_')}: Initializing",
                f"bird: Mesh_{address.replace('.', '_')}: Starting",
                f"bird: Mesh_{address.replace('.', '_')}: State changed to start",
                *(f"bird: Mesh_{address.replace('.', '_')}: {text}" for text in ("Connected to table master", "State changed to feed", "State changed to up")),
                story.say(ago - 40, "INFO", 61, "felix", "int_dataplane.go 705:", f"Finished applying updates to dataplane. msecToApply=4.{n}81"),
            ]  # fmt: skip
    story.log(peer, log)
    story.commands |= {
        "get-nodes.txt": "get nodes -o wide",
        "get-pods.txt": "get pods -A -o wide",
        "describe-node-localhost.txt": f"describe node {both}",
        "describe-calico-node.txt": f"describe pod -n kube-system {name}",
    }
    story.texts["join-output.txt"] = (
        "[root@localhost ~]# ip -4 -o addr show ens192 | awk '{print $4}'\n10.110.17.62/24\n"
        "[root@localhost ~]# kubeadm join 10.110.17.50:6443 --token xxxxxx.xxxxxxxxxxxxxxxx --discovery-token-ca-cert-hash sha256:xxxx\n"
        '[preflight] Running pre-flight checks\n\t[WARNING IsDockerSystemdCheck]: detected "cgroupfs" as the Docker cgroup driver. The recommended driver is "systemd".\n'
        '[preflight] Reading configuration from the cluster...\n[kubelet-start] Writing kubelet configuration to file "/var/lib/kubelet/config.yaml"\n'
        "[kubelet-start] Starting the kubelet\n[kubelet-start] Waiting for the kubelet to perform the TLS Bootstrap...\n\nThis node has joined the cluster:\n"
        "* Certificate signing request was sent to apiserver and a response was received.\n* The Kubelet was informed of the new secure connection details.\n"
    )
    story.affected = [both]
    story.cite(f"{name}.log", "multiple nodes with the same name")
    story.cite("describe-node-localhost.txt", "has been rebooted, boot id")
    return story


def second_host_with_this_v6_address(now: datetime) -> Incident:
    story = incident(
        "template-gave-two-hosts-one-v6-address",
        CAUSE,
        "Dual stack: the IPv6 address of a new host was copied with the template of its neighbour (IPv4 is right). calico-node of the new host finds that the other node has this IPv6 address already and ends at each start; the older host flaps in neighbours' bird6 since. Pods that wait there are what the customer sees.",
        "https://github.com/projectcalico/calico/blob/v3.26.1/node/pkg/lifecycle/startup/startup.go (already using the IPv6 address) and https://docs.tigera.io/calico/latest/networking/ipam/ipv6",
        now,
        platform="other",
        calico="v3.26.1",
        kubernetes="v1.27.6",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="easy",
    )
    hosts = {f"vie-k8s{n}": f"10.21.40.{10 + n}" for n in range(1, 6)}
    new = "vie-k8s6"
    system = {"os_image": "AlmaLinux 9.2 (Turquoise Kodkod)", "kernel": "5.14.0-284.30.1.el9_2.x86_64", "runtime": "containerd://1.6.22"}  # fmt: skip
    story.hosts(hosts, age=12_000_000, since=7_000_000, **system)
    story.hosts({new: "10.21.40.16"}, age=3_300, ready=("True", "KubeletReady", "kubelet is posting ready status"), since=3_180, **system)  # fmt: skip
    for n, item in enumerate(story.objects["Node"], 1):
        name = item["metadata"]["name"]
        item["metadata"]["annotations"] |= {"projectcalico.org/IPv6Address": f"fd20:a4:40::{10 + n:x}/64"}
        if name == new:
            item["metadata"]["annotations"] = {"node.alpha.kubernetes.io/ttl": "0"}
            item["status"]["conditions"] = item["status"]["conditions"][1:]
        item["status"]["addresses"].insert(1, {"type": "InternalIP", "address": f"fd20:a4:40::{10 + min(n, 5):x}"})
    story.staff(hosts, started=6_900_000, age=6_900_040)
    name = story.staff({new: "10.21.40.16"}, ready=False, restarts=15, waiting="CrashLoopBackOff", last=("Error", 1, 171), age=3_280)[0]  # fmt: skip
    story.pod_event(name, "BackOff", f"Back-off restarting failed container calico-node in pod {name}_kube-system(2d0c)", 24, 3_150, 187)  # fmt: skip
    story.pod_event(name, "Unhealthy", "Readiness probe failed: calico/node is not ready: BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/bird/bird.ctl: connect: no such file or directory\n", 176, 3_180, 17)  # fmt: skip
    story.stuck("reports-0", new, 'stat /var/lib/calico/nodename: no such file or directory: check that the calico/node container is running and has mounted /var/lib/calico/', 19, 2_900, 205, "bi")  # fmt: skip
    where = "autodetection_methods.go 103:"
    lines = story.failing(new, 176)
    lines += [
        story.say(175.86, "INFO", 9, "startup", "startup.go 459:", "Datastore connection verified"),
        story.say(175.86, "INFO", 9, "startup", "startup.go 104:", "Datastore is ready"),
        story.say(175.8, "INFO", 9, "startup", "startup.go 488:", "Initialize BGP data"),
        story.say(175.7, "INFO", 9, "startup", where, "Using autodetected IPv4 address on interface ens192: 10.21.40.16/24"),
        story.say(175.7, "INFO", 9, "startup", where, "Using autodetected IPv6 address on interface ens192: fd20:a4:40::f/64"),
        story.say(175.5, "WARNING", 9, "startup", "startup.go 988:", "Calico node 'vie-k8s5' is already using the IPv6 address fd20:a4:40::f."),
        story.say(175.5, "WARNING", 9, "startup", "utils.go 49:", "Terminating"),
        "Calico node failed to start",
    ]  # fmt: skip
    story.log(name, lines)
    neighbour = [*story.quiet(9_000, 3_500, 1_100)]
    for _ in range(3):
        neighbour += ["bird6: Mesh_fd20_a4_40__f: Received: Hold timer expired", "bird6: Mesh_fd20_a4_40__f: State changed to start", "bird6: Mesh_fd20_a4_40__f: Socket: Connection reset by peer"]  # fmt: skip
    story.log(story.pods["vie-k8s2"], [*neighbour, *story.quiet(3_000, 40, 700)])
    story.describe(new, name)
    story.affected = [new, "vie-k8s5"]
    story.cite(f"{name}.log", "is already using the IPv6 address fd20:a4:40::f")
    return story


STORIES = [host_got_a_new_name, two_machines_one_line_in_the_list, second_host_with_this_v6_address]
