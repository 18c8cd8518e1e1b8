"""worker-local-failure: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime

from telling import NOT_LIVE, Incident, incident

CAUSE = "worker-local-failure"


def loopback_of_one_host_is_down(now: datetime) -> Incident:
    story = incident(
        "loopback-is-down-on-one-of-six",
        CAUSE,
        "On one of six hosts the loopback interface itself is down (nobody knows since when; it comes back with `ip link set lo up`): felix listens on localhost, but the probes never reach it and time out, so calico-node there is killed again and again while its log is clean. The five others run the same image with the same settings. Peers only miss the one host.",
        "https://github.com/projectcalico/calico/issues/4257",
        now,
        platform="other",
        calico="v3.17.1",
        kubernetes="v1.19.8",
        namespace="kube-system",
        registry="calico",
        difficulty="hard",
        acceptable=["interfaces-conflict", "worker-starved"],
    )
    system = {"os_image": "Ubuntu 18.04.5 LTS", "kernel": "4.15.0-135-generic", "runtime": "docker://19.3.14"}
    hosts = {f"jhub{n}": f"10.6.13.{70 + n}" for n in range(1, 7)}
    bad = "jhub4"
    story.hosts(hosts, age=30_000_000, since=20_000_000, **system)
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=9_000_000, age=9_000_050)
    name = story.staff({bad: hosts[bad]}, ready=False, restarts=34, started=58, last=("Error", 137, 60), age=9_000_050)[0]  # fmt: skip
    late = "net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)"
    story.probe(name, f'felix is not ready: Get "http://localhost:9099/readiness": {late}', 12, 9_700, 330)
    story.probe(name, NOT_LIVE.split('"http')[0] + f'"http://localhost:9099/liveness": {late}', 9, 9_690, 204, kind="Liveness")  # fmt: skip
    story.pod_event(name, "Killing", "Container calico-node failed liveness probe, will be restarted", 92, 9_640, 34, type_="Normal")  # fmt: skip
    story.pod_event(name, "FailedPreStopHook", f'Exec lifecycle hook ([/bin/calico-node -shutdown]) for Container "calico-node" in Pod "{name}_kube-system(0b9d)" failed - error: command \'/bin/calico-node -shutdown\' exited with 137: , message: ""', 61, 9_610, 33)  # fmt: skip
    peers = [ip for node, ip in hosts.items() if node != bad]
    log = story.boot(bad, 57, peers, up=peers[:3], interface="eno1", prefix=24)
    story.log(name, [*log, *story.quiet(48, 6, 20)])
    story.log(name, [*story.boot(bad, 352, peers, interface="eno1", prefix=24), *story.quiet(330, 95, 80)], f"{name}-previous.log")  # fmt: skip
    story.objects["Pod"][-1]["status"]["containerStatuses"][0]["lastState"]["terminated"]["startedAt"] = story.ago(353)
    ok = story.pods["jhub2"]
    tag = f"bird: Mesh_{hosts[bad].replace('.', '_')}: "
    rounds: list[str] = story.quiet(11_000, 9_650, 300)
    for ago in (9_600, 9_280, 8_970):
        rounds += [tag + "Received: Administrative shutdown", tag + "State changed to stop", tag + "State changed to down", tag + "Starting", tag + "State changed to start", *story.quiet(ago, ago - 40, 62), tag + "Connected to table master", tag + "State changed to feed", tag + "State changed to up"]  # fmt: skip
    story.log(ok, [*rounds, *story.quiet(8_800, 20, 620)])
    story.texts["jhub4-shell.txt"] = (
        "jhub4:~$ ping -c3 127.0.0.1\nPING 127.0.0.1 (127.0.0.1) 56(84) bytes of data.\n\n--- 127.0.0.1 ping statistics ---\n3 packets transmitted, 0 received, 100% packet loss, time 2037ms\n\n"
        "jhub4:~$ ip address show lo\n1: lo: <LOOPBACK> mtu 65536 qdisc noqueue state DOWN group default qlen 1000\n    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n    inet 127.0.0.1/8 scope host lo\n       valid_lft forever preferred_lft forever\n"
        f"jhub4:~$ uptime\n {story.stamp(30)[11:19]} up 231 days,  3:10,  1 user,  load average: 2.11, 1.94, 1.87\njhub4:~$ kubectl get pods -A -o wide --field-selector spec.nodeName=jhub4 | wc -l\n98\n"
    )
    story.describe(bad)
    story.commands[f"describe-pod-{ok}.txt"] = f"describe pod -n kube-system {ok}"
    story.affected = [bad]
    story.cite("jhub4-shell.txt", "state DOWN")
    return story


def memory_of_one_server_is_bad(now: datetime) -> Incident:
    story = incident(
        "one-server-whose-programs-die-at-random-places",
        CAUSE,
        "One of eight bare-metal workers: calico-node's processes die with another Go runtime error each time (bad pointer, bad span, SIGSEGV in the collector), and so do node-exporter and the customer's own programs there. The kernel of that server reports memory errors. It looks like a defect of Calico, but the same image runs without a restart on the seven others: take the server out.",
        "https://www.kernel.org/doc/html/latest/admin-guide/ras.html",
        now,
        platform="vpc",
        calico="v3.28.3",
        kubernetes="v1.30.9+IKS",
        difficulty="hard",
    )
    nodes = story.workers([f"10.242.0.{n}" for n in (36, 37, 38, 40, 41, 43, 44, 47)], labels={"ibm-cloud.kubernetes.io/worker-pool-name": "metal", "node.kubernetes.io/instance-type": "bx2d-metal-96x384"}, age=11_000_000)  # fmt: skip
    bad = nodes[4]
    story.agents([n for n in nodes if n != bad], started=3_000_000, age=3_000_030)
    name = story.agents([bad], ready=True, restarts=3, started=5_200, last=("Error", 139, 5_240), age=3_000_030)[0]
    story.objects["Pod"][-1]["status"]["containerStatuses"][0]["lastState"]["terminated"]["startedAt"] = story.ago(
        38_600
    )
    for i, node in enumerate(nodes):
        worse = node == bad
        story.other(
            f"node-exporter-{('4xk2p', '7hqzd', 'b9wmn', 'd2tvs', 'g6rkx', 'k8nlq', 'm3pfz', 'z5cjw')[i]}",
            node,
            namespace="monitoring",
            app="node-exporter",
            image="quay.io/prometheus/node-exporter:v1.8.2",
            restarts=9 if worse else 0,
            last=("Error", 2, 2_300) if worse else None,
            started=2_270 if worse else 4_000_000,
        )
    app = story.other("matching-engine-5", bad, "172.17.51.20", "trading", "StatefulSet/matching-engine", app="matching-engine", ready=False, restarts=14, waiting="CrashLoopBackOff", last=("Error", 139, 410))  # fmt: skip
    story.pod_event(app, "BackOff", f"Back-off restarting failed container matching-engine in pod {app}_trading(7b55)", 20, 40_000, 801, namespace="trading")  # fmt: skip
    story.probe(name, "felix is not ready: readiness probe reporting 503", 1_110, 38_000, 9)
    story.probe(name, 'bird/confd is not live: exit status 1: Service "confd" is not running. Output << down: confd: 0s, normally up >>'.replace("bird/", ""), 3_902, 3_905, 1, kind="Liveness")  # fmt: skip
    peers = [n for n in nodes if n != bad]
    log = story.boot(bad, 5_198, peers)
    log += story.quiet(5_100, 3_910, 300)
    log += [
        "runtime: pointer 0xc00a1f4c40 to unallocated span span.base()=0xc00a1f4000 span.limit=0xc00a1f6000 span.state=0",
        "fatal error: found bad pointer in Go heap (incorrect use of unsafe or cgo?)",
        "",
        "goroutine 27 gp=0xc000504380 m=11 mp=0xc000600808 [running]:",
        "runtime.throw({0x2e1c9a8?, 0x5?})",
        "\t/usr/local/go/src/runtime/panic.go:1023 +0x5c fp=0x7f21d8ff8c38 sp=0x7f21d8ff8c08 pc=0x47f3dc",
        "runtime.badPointer(0x7f2211c04a10, 0xc00a1f4c40, 0x0, 0x0)",
        "\t/usr/local/go/src/runtime/mbitmap.go:1386 +0x14a fp=0x7f21d8ff8c88 sp=0x7f21d8ff8c38 pc=0x45c6aa",
        "",
        story.line(3_899, "INFO", 18_022, "confd/config.go 81:", "Skipping confd config file."),
        story.line(3_898.8, "INFO", 18_022, "confd/run.go 18:", "Starting calico-confd"),
    ]
    log += story.quiet(3_800, 1_140, 380)
    log += [
        "fatal error: s.allocCount != s.nelems && freeIndex == s.nelems",
        "",
        "goroutine 512 gp=0xc001182a80 m=6 mp=0xc000480008 [running]:",
        "runtime.throw({0x2e3b6d1?, 0x1a?})",
        "\t/usr/local/go/src/runtime/panic.go:1023 +0x5c fp=0xc0012d1b40 sp=0xc0012d1b10 pc=0x47f3dc",
        "runtime.(*mcache).nextFree(0x7f2258a1f5b8, 0x1a)",
        "\t/usr/local/go/src/runtime/malloc.go:931 +0x1d3 fp=0xc0012d1b88 sp=0xc0012d1b40 pc=0x456953",
        "",
        story.line(1_118, "INFO", 22_907, "felix/daemon.go 148:", 'Felix starting up GOMAXPROCS=96 builddate="2024-11-26T20:11:33+0000" gitcommit="8b3b17c" version="v3.28.3"'),
        story.line(1_116, "INFO", 22_907, "felix/int_dataplane.go 1998:", "Completed first update to dataplane. secsSinceStart=2.4"),
        *story.quiet(1_050, 10, 210, pid=22_907),
    ]  # fmt: skip
    story.log(name, log)
    previous = story.quiet(7_000, 5_300, 400)
    previous += [
        "SIGSEGV: segmentation violation",
        "PC=0x45d1e4 m=9 sigcode=1 addr=0x10000c0038",
        "",
        "goroutine 0 gp=0xc000582700 m=9 mp=0xc000584008 [idle]:",
        "runtime.greyobject(0xc005100000?, 0xc00510b800?, 0x1c2b8?, 0x7f9c1aaf8d00?, 0xc00007b240?, 0x2?)",
        "\t/usr/local/go/src/runtime/mgcmark.go:1479 +0x64 fp=0x7f9b8a7fbcc8 sp=0x7f9b8a7fbc88 pc=0x45d1e4",
    ]
    previous += [
        "",
        story.line(5_298, "INFO", 19_443, "felix/daemon.go 148:", 'Felix starting up GOMAXPROCS=96 builddate="2024-11-26T20:11:33+0000" gitcommit="8b3b17c" version="v3.28.3"'),
        story.line(5_296, "INFO", 19_443, "felix/int_dataplane.go 1998:", "Completed first update to dataplane. secsSinceStart=2.2"),
    ]  # fmt: skip
    story.log(name, previous, f"{name}-previous.log")
    story.texts["node-exporter-g6rkx-previous.log"] = (
        f'time={story.ago(2_600)} level=INFO source=node_exporter.go:193 msg="Starting node_exporter" version="(version=1.8.2, branch=HEAD)"\n'
        "runtime: marked free object in span 0x7f0c4418a0c8, elemsize=96 freeindex=0 (bad use of unsafe.Pointer or having race conditions? try -d=checkptr or -race)\nfatal error: found pointer to free object\n"
    )
    story.texts[f"kern-{bad}.log"] = "".join(
        f"{story.syslog(ago)} kube-cq0sample0f0d0000-demo-metal-00000029 kernel: [{1_204_411 + 40_000 - ago}.{118_230 + ago % 771}] {text}\n"
        for ago, text in (
            (39_400, "mce: [Hardware Error]: Machine check events logged"),
            (39_400, "EDAC MC2: 1 CE memory read error on CPU_SrcID#0_MC#2_Chan#0_DIMM#0 (channel:0 slot:0 page:0x4a1f4c offset:0xc40 grain:32 syndrome:0x0 -  err_code:0x0101:0x0090  SystemAddress:0x4a1f4cc40)"),
            (12_050, "EDAC MC2: 32767 CE memory read error on CPU_SrcID#0_MC#2_Chan#0_DIMM#0 (channel:0 slot:0 page:0x4a1f4c offset:0xc40 grain:32 syndrome:0x0 -  OVERFLOW err_code:0x0101:0x0090)"),
            (5_242, "runsvdir[700412]: segfault at 8 ip 000000000040b7d1 sp 00007ffc99b1e2a8 error 4 in runsvdir[400000+d000]"),
            (5_238, "IPv6: ADDRCONF(NETDEV_CHANGE): cali0f2a7b9c4d1: link becomes ready"),
            (410, "matching-engine[871203]: segfault at 10000c0038 ip 000000000061b2f4 sp 00007ffd4c3d9a10 error 4 in matching-engine[400000+5a1000]"),
        )
    )  # fmt: skip
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"kern-{bad}.log", "EDAC MC2")
    story.cite(f"{name}.log", "found bad pointer in Go heap")
    return story


def layer_is_gone_from_the_content_store(now: datetime) -> Incident:
    story = incident(
        "one-worker-has-lost-a-layer-of-the-image",
        CAUSE,
        "After a power failure one of seven equal workers cannot create the calico-node container: its local store says that the image is there, but one of its layers is gone ('content digest ... not found'), so nothing is pulled and nothing starts. The same image runs on the six others, the runtime creates other containers there. Neighbours miss BGP with it; the worker is to be reloaded, or its image removed by hand.",
        "https://github.com/containerd/containerd/issues/3401",
        now,
        platform="classic",
        calico="v3.28.2",
        kubernetes="v1.30.11+IKS",
        difficulty="medium",
        acceptable=["container-runtime-down"],
    )
    nodes = story.workers([f"10.177.90.{n}" for n in (133, 139, 141, 150, 158, 166, 171)], age=16_000_000, since=9_000)
    bad = nodes[4]
    good = [n for n in nodes if n != bad]
    for item in story.objects["Node"]:
        if item["metadata"]["name"] != bad:
            for condition in item["status"]["conditions"][1:]:
                condition["lastTransitionTime"] = story.ago(15_990_000)
    story.agents(good, started=4_500_000, age=4_500_040)
    digest = "sha256:7f1c0a2be96b4d5538f6c04a2c0fd2b9e5ad7b3bd8c0e1f4a6925c7713d0be48"
    text = f"failed to create containerd container: error unpacking image: failed to resolve rootfs: content digest {digest}: not found"
    story.agents(
        [bad],
        ready=False,
        waiting="CreateContainerError",
        message=text,
        restarts=0,
        last=("Unknown", 255, 9_060),
        age=4_500_040,
    )
    name = story.pods[bad]
    story.pod_event(name, "Failed", f"Error: {text}", 6, 8_960, 688)
    story.pod_event(
        name,
        "Pulled",
        f'Container image "icr.io/ext/calico/node:{story.calico}" already present on machine',
        6,
        8_960,
        689,
        type_="Normal",
    )
    story.pod_event(
        name, "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.", 8_990, type_="Normal"
    )
    story.node_event(
        bad, "Rebooted", f"Node {bad} has been rebooted, boot id: 1d7c93be-6a41-4c0f-9a30-eb5517c24d02", 9_000
    )
    story.node_event(bad, "Starting", "Starting kubelet.", 9_004, type_="Normal")
    for at, suffix in ((good[0], "kk5zt"), (good[3], "7dwq9"), (good[5], "vn3xm")):
        story.typha(at, suffix, started=4_500_000)
    for n, app in enumerate(("ibm-keepalived-watcher", "ibm-kube-fluentd", "ibm-storage-watcher")):
        story.other(
            f"{app}-{('q7txb', 'm2kdz', 'w9fhl')[n]}",
            bad,
            restarts=1,
            last=("Unknown", 255, 9_060),
            started=8_950,
            app=app,
            image=f"icr.io/ext/{app}:latest",
        )
    me = good[1]
    mesh = f"bird: Mesh_{bad.replace('.', '_')}:"
    log = story.boot(me, 4_500_000, [n for n in nodes if n != me])
    log += [
        *story.quiet(11_000, 9_300, 300),
        f"{mesh} Error: Hold timer expired",
        f"{mesh} State changed to start",
        f"{mesh} Socket: Connection refused",
        *story.quiet(8_700, 17, 800),
    ]
    story.log(story.pods[me], log)
    story.texts[f"{name}.log"] = (
        f'Error from server (BadRequest): container "calico-node" in pod "{name}" is waiting to start: CreateContainerError\n'
    )
    story.describe(bad)
    story.events()
    story.affected = [bad]
    story.cite(f"describe-pod-{name}.txt", "failed to resolve rootfs: content digest")
    return story


STORIES = [loopback_of_one_host_is_down, memory_of_one_server_is_bad, layer_is_gone_from_the_content_store]
