"""calico-credentials-rejected: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime

from cluster import event
from telling import FELIX_503, Incident, incident, wrapped

CAUSE = "calico-credentials-rejected"
DENIED = "connection is unauthorized: Unauthorized"


def third_master_has_its_own_key(now: datetime) -> Incident:
    story = incident(
        "every-third-request-is-unauthorized",
        CAUSE,
        "One of three masters was rebuilt with keys of its own: its API server refuses each service-account token, the other two take them. So felix, confd, kube-controllers and sandboxes of all nodes are Unauthorized about every third time, and calico-node that restarts ends at its check and gets through at the next. Only that master's log has the invalid bearer tokens.",
        "https://github.com/kubernetes/kubernetes/issues/110035",
        now,
        platform="other",
        calico="v3.22.2",
        kubernetes="v1.23.6",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="hard",
    )
    masters = {"dc-m1": "10.81.0.11", "dc-m2": "10.81.0.12", "dc-m3": "10.81.0.13"}
    workers = {"dc-w1": "10.81.0.21", "dc-w2": "10.81.0.22", "dc-w3": "10.81.0.23", "dc-w4": "10.81.0.24"}
    system = {"os_image": "CentOS Linux 7 (Core)", "kernel": "3.10.0-1160.62.1.el7.x86_64", "runtime": "docker://20.10.14"}  # fmt: skip
    role = {"node-role.kubernetes.io/control-plane": "", "node-role.kubernetes.io/master": ""}
    for node, address in masters.items():
        story.hosts({node: address}, labels=role, age=91_000 if node == "dc-m3" else 14_000_000, since=90_000 if node == "dc-m3" else 13_900_000, **system)  # fmt: skip
        story.other(f"kube-apiserver-{node}", node, owner=f"Node/{node}", app="kube-apiserver", image="k8s.gcr.io/kube-apiserver:v1.23.6", started=90_500 if node == "dc-m3" else 2_000_000)  # fmt: skip
    story.hosts(workers, age=14_000_000, since=13_900_000, **system)
    steady = {n: a for n, a in (masters | workers).items() if n not in ("dc-w2", "dc-m3")}
    story.staff(steady, started=1_900_000, age=13_000_000, restarts=2, last=("Error", 255, 1_900_050))
    story.staff({"dc-m3": masters["dc-m3"]}, started=90_000, age=90_060)
    name = story.staff({"dc-w2": workers["dc-w2"]}, started=1_140, age=1_400, restarts=3, last=("Error", 1, 1_190))[0]
    story.pod_event(name, "BackOff", "Back-off restarting failed container", 1_180, 1_370, 7)
    for node in ("dc-w1", "dc-w4"):
        story.probe(story.pods[node], FELIX_503, 2_100, 84_000, 12)
    controllers = story.other("calico-kube-controllers-7c845d499-4rwqz", "dc-w3", "10.244.193.7", owner="ReplicaSet/calico-kube-controllers-7c845d499", app="calico-kube-controllers", image="docker.io/calico/kube-controllers:v3.22.2", restarts=118, started=130, last=("Error", 2, 160))  # fmt: skip
    story.pod_event(controllers, "Unhealthy", f"Readiness probe failed: Error verifying datastore: {DENIED}; Error reaching apiserver: Unauthorized with http status code: 401", 96, 86_000, 960)  # fmt: skip
    story.stuck("etl-27801420-x8qwz", "dc-w4", f"error getting ClusterInformation: {DENIED}", 1_500, 1_560, 4, form="docker", namespace="etl")  # fmt: skip
    event(
        story, "Pod", "etl-27801360-7k2mv", "Started", "Started container etl", 5_100, type_="Normal", namespace="etl"
    )
    block = story.failing("dc-w2", 1_193)
    block += [
        story.say(1_192.8, "WARNING", 9, "startup", "startup.go 442:", f"Connection to the datastore is unauthorized error={DENIED}"),
        story.say(1_192.8, "WARNING", 9, "startup", "utils.go 49:", "Terminating"),
        "Calico node failed to start",
    ]  # fmt: skip
    story.log(f"{name}-previous", block)
    log = story.boot("dc-w2", 1_138, [a for n, a in (masters | workers).items() if n != "dc-w2"])
    roots = ("felixconfigurations", "ippools", "globalnetworkpolicies", "hostendpoints", "networksets")
    for n in range(13):
        ago = 1_060 - 78 * n
        log += [
            story.say(ago, "INFO", 61, "felix", "watchercache.go 174:", f'Full resync is required ListRoot="/calico/resources/v3/projectcalico.org/{roots[n % 5]}"'),
            story.say(ago, "INFO", 61, "felix", "watchercache.go 187:", f'Failed to perform list of current data during resync ListRoot="/calico/resources/v3/projectcalico.org/{roots[n % 5]}" error={DENIED}'),
            *([story.say(ago - 9, "INFO", 60, "confd", "watchercache.go 187:", f'Failed to perform list of current data during resync ListRoot="/calico/resources/v3/projectcalico.org/bgppeers" error={DENIED}')] if n % 3 == 1 else []),
            *story.quiet(ago - 14, ago - 70, 61),
        ]  # fmt: skip
    story.log(name, log)
    api = [
        f'E{story.klog(900 - 7 * n)}       1 authentication.go:63] "Unable to authenticate the request" err="[invalid bearer token, square/go-jose: error in cryptographic primitive]"'
        for n in range(90)
    ]
    story.log("kube-apiserver-dc-m3", api)
    for master, seed in (("dc-m1", 60), ("dc-m2", 410)):
        quiet = [f"I{story.klog(9_000 - 600 * n - seed)}       1 trace.go:205] Trace[{19_283_746 + 7 * n + seed}]: \"List\" url:/api/v1/pods,user-agent:Prometheus/2.34.0,audit-id:a{n}c1,client:10.244.193.21,accept:application/json,protocol:HTTP/2.0 ({511 + n}ms):" for n in range(9)]  # fmt: skip
        story.log(f"kube-apiserver-{master}", quiet)
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe-calico-node-dc-w2.txt": f"describe pod -n kube-system {name}",
        "describe-kube-controllers.txt": f"describe pod -n kube-system {controllers}",
        "describe-node-dc-w2.txt": "describe node dc-w2",
    }
    story.events()
    story.affected = [*masters, *workers]
    story.cite("kube-apiserver-dc-m3.log", "invalid bearer token")
    story.cite(f"{name}.log", DENIED)
    return story


def reads_the_file_that_it_renews(now: datetime) -> Incident:
    story = incident(
        "a-day-after-each-restart-everything-is-unauthorized",
        CAUSE,
        "calico-node is told by KUBECONFIG to use the plugin's kubeconfig, whose token lasts 24 hours and which only calico-node itself renews: a day after each start felix, confd and the token's renewal are Unauthorized. The sandboxes' Unauthorized is loudest but a consequence; pods made within a day are well.",
        "https://github.com/projectcalico/calico/issues/7220",
        now,
        platform="other",
        calico="v3.25.0",
        kubernetes="v1.24.9",
        registry="quay.io/calico",
        namespace="kube-system",
        difficulty="hard",
        acceptable=["cni-token-invalid"],
    )
    hosts = {f"hk-{n}": f"172.21.90.{30 + n}" for n in (1, 2, 3, 4)}
    story.hosts(hosts, os_image="Flatcar Container Linux by Kinvolk 3374.2.3 (Oklo)", kernel="5.15.86-flatcar", runtime="containerd://1.6.8", age=7_700_000, since=7_600_000)  # fmt: skip
    spec = {"env": [{"name": "DATASTORE_TYPE", "value": "kubernetes"}, {"name": "KUBECONFIG", "value": "/host/etc/cni/net.d/calico-kubeconfig"}, {"name": "WAIT_FOR_DATASTORE", "value": "true"}, {"name": "CALICO_NETWORKING_BACKEND", "value": "vxlan"}]}  # fmt: skip
    began = {"hk-1": 98_400, "hk-2": 98_100, "hk-3": 31_000, "hk-4": 97_700}
    for node, address in hosts.items():
        story.staff({node: address}, ready=node == "hk-3", started=began[node], age=began[node] + 40, spec=dict(spec))
        if node != "hk-3":
            story.probe(story.pods[node], FELIX_503, 12, began[node] - 86_500, (began[node] - 86_500) // 10)
    for pod, node, first, count in (("billing-api-6cd5b7f9f4-vq2zn", "hk-1", 10_900, 812), ("queue-0", "hk-4", 8_200, 611), ("ci-runner-x7k2w-9dplm", "hk-2", 4_400, 330)):  # fmt: skip
        story.stuck(pod, node, f"error getting ClusterInformation: {DENIED}", 4, first, count, namespace="apps")
        event(story, "Pod", pod, "FailedKillPod", f'error killing pod: failed to "KillPodSandbox" for "0bc1{count}e2-5d0e-4f63-9b1a-7be0c11d" with KillPodSandboxError: "rpc error: code = Unknown desc = failed to destroy network for sandbox \\"4e9{count}c\\": plugin type=\\"calico\\" failed (delete): error getting ClusterInformation: {DENIED}"', 40, first, count // 3, namespace="apps")  # fmt: skip
    node = "hk-1"
    name = story.pods[node]
    lines = story.boot(node, began[node], bird=False, interface="eno1", prefix=24)
    wrote = 'Wrote updated CNI kubeconfig file. path="/host/etc/cni/net.d/calico-kubeconfig"'
    lines.insert(-1, story.say(began[node] - 3.1, "INFO", 63, "cni-config-monitor", "token_watch.go 280:", wrote))
    lines += story.quiet(98_000, 70_000, 4_000)
    lines.append(story.say(69_300, "INFO", 63, "cni-config-monitor", "token_watch.go 225:", "Update of CNI kubeconfig triggered based on elapsed time."))  # fmt: skip
    lines.append(story.say(69_299.8, "INFO", 63, "cni-config-monitor", "token_watch.go 280:", wrote))
    lines += story.quiet(66_000, 12_500, 7_100)
    started = began[node] - 86_400
    for n in range(16):
        ago = started - 700 * n
        lines.append(story.say(ago, "ERROR", 63, "cni-config-monitor", "token_watch.go 107:", "Failed to update CNI token, retrying... error=Unauthorized"))  # fmt: skip
        lines.append(story.say(ago - 8, "INFO", 61, "felix", "watchercache.go 194:", f'Failed to perform list of current data during resync ListRoot="/calico/resources/v3/projectcalico.org/{("profiles", "ippools", "nodes", "networkpolicies")[n % 4]}" error={DENIED}'))  # fmt: skip
        lines.append(story.say(ago - 20, "INFO", 65, "tunnel-ip-allocator", "watchercache.go 194:", f'Failed to perform list of current data during resync ListRoot="/calico/resources/v3/projectcalico.org/ippools" error={DENIED}'))  # fmt: skip
    story.log("", wrapped(story, lines, "prefix", name), f"{name}.log")
    story.log(story.pods["hk-3"], story.quiet(9_000, 20, 450))
    story.describe(node)
    story.commands["describe-billing-api.txt"] = "describe pod -n apps billing-api-6cd5b7f9f4-vq2zn"
    story.texts["what-helps.txt"] = (
        "kubectl -n kube-system rollout restart ds/calico-node helps each time, until the same hour of the next day.\n"
        "hk-3 was rebooted this morning for a firmware update, it has no trouble (yet).\n"
    )
    story.affected = ["hk-1", "hk-2", "hk-4"]
    story.cite(f"{name}.log", "Failed to update CNI token, retrying... error=Unauthorized")
    story.cite(f"describe-pod-{name}.txt", "KUBECONFIG:")
    return story


def etcd_does_not_know_this_password(now: datetime) -> Incident:
    story = incident(
        "etcd-password-was-rotated-in-the-vault-only-halfway",
        CAUSE,
        "Calico with its own etcd and etcd's user authentication: the password of the user calico was changed in etcd, the secret that gives ETCD_PASSWORD to calico-node was not. Pods that run keep going till their token ends; each one that is restarted is refused ('authentication failed, invalid user ID or password'), and the plugin's new sandboxes too. Kubernetes' API and etcd are healthy.",
        "https://docs.tigera.io/calico/latest/reference/etcd-rbac/ and https://github.com/projectcalico/calico/blob/v3.23.5/libcalico-go/lib/backend/etcdv3/etcdv3.go",
        now,
        platform="other",
        calico="v3.23.5",
        kubernetes="v1.24.17",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="medium",
    )
    hosts = {f"lx-k8s-{n:02d}": f"10.107.20.{n}" for n in range(11, 17)}
    bad = ["lx-k8s-12", "lx-k8s-16"]
    system = {"os_image": "SUSE Linux Enterprise Server 15 SP4", "kernel": "5.14.21-150400.24.100-default", "runtime": "containerd://1.6.24"}  # fmt: skip
    story.hosts(hosts, age=25_000_000, since=8_000_000, **system)
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=7_900_000, age=7_900_090)
    words = "etcdserver: authentication failed, invalid user ID or password"
    spec = {"env": [{"name": "ETCD_ENDPOINTS", "value": "https://10.107.20.5:2379,https://10.107.20.6:2379,https://10.107.20.7:2379"}, {"name": "ETCD_USERNAME", "value": "calico"}, {"name": "ETCD_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "calico-etcd-login", "key": "password"}}}]}  # fmt: skip
    names = []
    for n, node in enumerate(bad):
        names += story.staff({node: hosts[node]}, ready=False, restarts=9 + 13 * n, waiting="CrashLoopBackOff", last=("Error", 1, 96 + 70 * n), age=2_900 + 1_900 * n, spec=dict(spec))  # fmt: skip
        story.pod_event(names[-1], "BackOff", f"Back-off restarting failed container calico-node in pod {names[-1]}_kube-system(c0a9)", 9 + 3 * n, 2_700 + 1_900 * n, 150 + 90 * n)  # fmt: skip
        story.probe(names[-1], "BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: no such file or directory", 110 + 70 * n, 2_850, 60)  # fmt: skip
    story.stuck("etl-worker-5f6c8d7b9-q2mzt", "lx-k8s-12", f"error getting ClusterInformation: {words}", 33, 2_500, 180, "etl", form="containerd")  # fmt: skip
    story.other("calico-kube-controllers-7b8458594b-6kdhw", "lx-k8s-14", owner="ReplicaSet/calico-kube-controllers-7b8458594b", app="calico-kube-controllers", image="docker.io/calico/kube-controllers:v3.23.5", started=7_900_000, age=7_900_000)  # fmt: skip
    ended = story.failing("lx-k8s-12", 128)
    ended += [
        story.say(127.9, "WARNING", 9, "startup", "startup.go 486:", f"Hit error connecting to datastore - retry error={words}") if i == 0
        else story.say(127.9 - 1.05 * i, "INFO", 9, "startup", "startup.go 486:", f"Hit error connecting to datastore - retry error={words}")
        for i in range(28)
    ]  # fmt: skip
    story.log(names[0], ended, f"{names[0]}-p.log")
    old = story.pods["lx-k8s-13"]
    story.log(old, [*story.quiet(9_000, 40, 950), "bird: Mesh_10_107_20_12: Socket: Connection refused", "bird: Mesh_10_107_20_16: Socket: Connection refused"])  # fmt: skip
    story.not_established(old, [hosts[k] for k in bad], 2_700, 2_880, 7, established=3)
    etcd = []
    for n in range(9):
        ts = story.ago(126 - 11 * n)[:-1] + f".{304 + 61 * n}Z"
        etcd.append(f'{{"level":"warn","ts":"{ts}","caller":"v3rpc/interceptor.go:197","msg":"request stats","start time":"{ts}","time spent":"78.{n}12ms","remote":"10.107.20.12:{40_112 + 2 * n}","response type":"/etcdserverpb.Auth/Authenticate","request count":-1,"request size":-1,"response count":-1,"response size":-1,"request content":""}}' if n % 3 == 2 else f'{{"level":"warn","ts":"{ts}","caller":"auth/store.go:356","msg":"invalid password for user","user-name":"calico"}}')  # fmt: skip
    story.log("", etcd, "etcd-10.107.20.5.log")
    story.texts["etcd-health.txt"] = (
        "# etcdctl endpoint status -w table\n"
        + "".join(f"| https://10.107.20.{n}:2379 | {i} | 3.5.9 | 61 MB | {str(n == 6).lower():5} |\n" for n, i in ((5, "2c81e7af90b1d344"), (6, "77a0c15be2f3d690"), (7, "b5f2901d6ce84a17")))
        + "# etcdctl user list\ncalico\nroot\nkube-apiserver\n"
    )  # fmt: skip
    story.describe("lx-k8s-12", names[0])
    story.affected = bad
    story.cite(f"{names[0]}-p.log", words)
    return story


STORIES = [third_master_has_its_own_key, reads_the_file_that_it_renews, etcd_does_not_know_this_password]
