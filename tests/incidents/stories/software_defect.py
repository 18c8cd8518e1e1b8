"""software-defect: a known defect of that Calico version."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident, wrapped


def confd_races_with_itself(now: datetime) -> Incident:
    story = incident(
        "confd-concurrent-map-after-upgrade", "software-defect",
        "confd of this version dies of a concurrent map access right after its start on every worker that advertises services, and "
        "leaves BIRD without sessions for a while each time.",
        "https://github.com/projectcalico/calico/issues/4427", now, difficulty="easy", platform="other", calico="v3.18.0",
        kubernetes="v1.18.15", namespace="kube-system", registry="docker.io/calico",
    )  # fmt: skip
    hosts = {f"cy-node-{n}": f"10.4.12.{80 + n}" for n in range(5)}
    story.hosts(hosts, kernel="4.19.0-14-amd64", os_image="Debian GNU/Linux 10 (buster)")
    pods = story.staff(hosts, started=4000, age=4000)
    for i, name in enumerate(pods):
        peers = [at for n, at in enumerate(hosts.values()) if n != i]
        story.not_established(name, peers, 300 + i, 3900, 30)
    log = story.boot("cy-node-0", 4000, list(hosts.values())[1:])
    for turn in range(5):
        ago, pid = 3900 - 700 * turn, 51 + 333 * turn
        log.append(story.say(ago, "INFO", pid, "confd", "client.go 242:", "Recompute v1 BGP peerings"))
        log.append(story.say(ago - 0.1, "INFO", pid, "confd", "client.go 914:", "Recompute BGP peerings: "))
        log += ["fatal error: concurrent map read and map write", "", f"goroutine {40 + turn} [running]:", "runtime.throw(0x2643a45, 0x21)",
                "\t/usr/local/go-cgo/src/runtime/panic.go:1116 +0x72 fp=0xc000e67b10 sp=0xc000e67ae0 pc=0x43a332",
                "runtime.mapaccess2_faststr(0x2239440, 0xc00052b740, 0xc0000521a9, 0x15, 0xc00113a1c0, 0xc000f954f0)",
                "github.com/kelseyhightower/confd/pkg/backends/calico.(*client).ExcludeServiceAdvertisement(...)",
                "\t/go/pkg/mod/github.com/projectcalico/confd@v1.0.1-0.20210216231608-027b5bb0f796/pkg/backends/calico/client.go:360"]  # fmt: skip
        log.append(story.say(ago - 1.2, "INFO", pid + 333, "confd", "config.go 82:", "Skipping confd config file."))
        log += story.quiet(ago - 60, ago - 400)
    story.log(pods[0], log)
    story.describe("cy-node-0", pods[0])
    story.affected = list(hosts)
    story.cite(f"{pods[0]}.log", "fatal error: concurrent map read and map write")
    return story


def interface_monitor_nil(now: datetime) -> Incident:
    story = incident(
        "route-update-without-destination-kills-felix", "software-defect",
        "Felix 3.25.1 dies of a nil pointer when the kernel reports a route without destination; it happens on all workers whenever "
        "the VPN changes its table, hours apart. The rest of the log is unsuspicious.",
        "https://github.com/projectcalico/calico/issues/7645", now, difficulty="hard", platform="vpc", calico="v3.25.1",
        kubernetes="v1.26.15+IKS", namespace="kube-system",
    )  # fmt: skip
    nodes = story.workers([f"10.241.130.{n}" for n in (4, 5, 6, 8)])
    pods = story.agents(nodes, restarts=0, started=600_000)
    for name in pods:
        story.pod_event(
            name,
            "Unhealthy",
            'Readiness probe failed: calico/node is not ready: felix is not ready: Get "http://localhost:9099/readiness": dial tcp 127.0.0.1:9099: connect: connection refused',
            1200,
            3400,
            5,
        )
    log = story.quiet(3550, 3300)
    for turn in range(2):
        ago, pid = 3290 - 2100 * turn, 61 + 407 * turn
        log.append(
            story.say(
                ago,
                "INFO",
                pid,
                "felix",
                "int_dataplane.go 1387:",
                'Linux interface state changed. ifIndex=31 ifaceName="tun-corp" state="up"',
            )
        )
        log += ["panic: runtime error: invalid memory address or nil pointer dereference", "[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x1943bfa]", "",
                "goroutine 256 [running]:", "github.com/projectcalico/calico/felix/ifacemonitor.(*InterfaceMonitor).handleNetlinkRouteUpdate(_, {0x18, {0x1, 0x0, 0x0, 0x0, {0x0, 0x0, 0x0}, {0x0, ...}, ...}})",
                "\t/go/src/github.com/projectcalico/calico/felix/ifacemonitor/iface_monitor.go:211 +0x7a",
                "github.com/projectcalico/calico/felix/ifacemonitor.(*InterfaceMonitor).MonitorInterfaces(0xc000406e70)",
                "\t/go/src/github.com/projectcalico/calico/felix/ifacemonitor/iface_monitor.go:164 +0x7e5",
                "created by github.com/projectcalico/calico/felix/dataplane/linux.(*InternalDataplane).Start"]  # fmt: skip
        log.append(
            story.say(
                ago - 1.1,
                "INFO",
                pid + 407,
                "felix",
                "daemon.go 148:",
                f'Felix starting up GOMAXPROCS=4 builddate="2023-03-30T23:53:13+0000" gitcommit="82dadbce1" version="{story.calico}"',
            )
        )
        log += story.quiet(ago - 60, max(ago - 1900, 15), pid=pid + 407)
    story.log(pods[2], wrapped(story, log, "stamps", pods[2]))
    story.describe(nodes[2])
    story.affected = nodes
    story.cite(f"{pods[2]}.log", "invalid memory address or nil pointer dereference")
    return story


def l3_route_resolver(now: datetime) -> Incident:
    story = incident(
        "node-object-without-spec-panics-felix", "software-defect",
        "While the autoscaler deletes hosts, felix of this release dereferences a nil in its route resolver on all remaining ones: "
        "short outages of pod traffic, seen as 504s by the customer.",
        "https://github.com/projectcalico/felix/issues/2407", now, difficulty="medium", platform="other", calico="v3.14.1",
        kubernetes="v1.16.12", namespace="kube-system", registry="calico",
    )  # fmt: skip
    hosts = {f"ip-10-3-20-{n}.eu-central-1.compute.internal": f"10.3.20.{n}" for n in (17, 61, 98, 140, 171)}
    story.hosts(hosts, kernel="5.3.0-1023-aws", os_image="Ubuntu 18.04.4 LTS", runtime="docker://19.3.11")
    pods = story.staff(hosts, started=300_000)
    host = next(iter(hosts))
    for name in pods:
        story.pod_event(
            name,
            "Unhealthy",
            "Readiness probe failed: calico/node is not ready: felix is not ready: Get http://localhost:9099/readiness: dial tcp 127.0.0.1:9099: connect: connection refused",
            500,
            60_000,
            13,
        )
    log = story.boot(host, 300_000, bird=False)[-4:]
    for turn in range(3):
        ago, pid = 2800 - 1100 * turn, 2448 + 51 * turn
        log += story.quiet(ago + 150, ago + 10, pid=pid)
        gone = f"ip-10-3-20-{201 + turn}.eu-central-1.compute.internal"
        log.append(
            story.say(
                ago + 8,
                "INFO",
                pid,
                "felix",
                "vxlan_resolver.go 161:",
                f'Withdrawing VTEP, node IP address deleted node="{gone}"',
            )
        )
        log.append(
            story.say(
                ago,
                "INFO",
                pid,
                "felix",
                "vxlan_resolver.go 196:",
                f'Withdrawing VTEP, node tunnel address deleted node="{gone}" value=<nil>',
            )
        )
        log += ["panic: runtime error: invalid memory address or nil pointer dereference", "[signal SIGSEGV: segmentation violation code=0x1 addr=0x118 pc=0x1656ea6]", "",
                "goroutine 166 [running]:", "github.com/projectcalico/felix/calc.(*L3RouteResolver).OnResourceUpdate(0xc000614000, 0x21a66a0, 0xc0009a69f0, 0x1da1760, 0x0, 0xc001180910, 0x9, 0x0, 0x0, 0x2, ...)",
                "\t/go/pkg/mod/github.com/projectcalico/felix@v0.0.0-20200526093300-ab68f2a4f8f4/calc/l3_route_resolver.go:352 +0x4f6",
                "github.com/projectcalico/felix/dispatcher.(*Dispatcher).OnUpdate(0xc0000b6480, 0x21a66a0, 0xc0009a69f0, 0x1da1760, 0x0, 0xc001180910, 0x9, 0x0, 0x0, 0x2, ...)"]  # fmt: skip
        log.append(
            story.say(ago - 1.3, "INFO", pid + 51, "felix", "logutils.go 86:", "Early screen log level set to info")
        )
    story.log(pods[0], log)
    story.commands = {
        "pods.txt": "get pods -n kube-system -o wide",
        "nodes.txt": "get nodes",
        "describe-calico-node.txt": f"describe pod -n kube-system {pods[0]}",
    }
    story.affected = list(hosts)
    story.cite(f"{pods[0]}.log", "(*L3RouteResolver).OnResourceUpdate")
    return story


def kube_controllers_trace(now: datetime) -> Incident:
    story = incident(
        "kube-controllers-restarts-map-race", "software-defect",
        "Only calico-kube-controllers restarts, with a concurrent map access of its own code; the scary calico-node lines belong to a "
        "reboot that went well.",
        "https://github.com/projectcalico/calico/issues/6972", now, difficulty="medium", platform="other", calico="v3.21.2",
        kubernetes="v1.22.4", namespace="kube-system", registry="docker.io/calico",
    )  # fmt: skip
    hosts = {f"nvl-{n}": f"192.168.220.{n}" for n in (31, 32, 33)}
    story.hosts(hosts, kernel="4.18.0-305.25.1.el8_4.x86_64", os_image="Red Hat Enterprise Linux 8.4 (Ootpa)")
    pods = story.staff(hosts, restarts=1, started=40_000, last=("Completed", 0, 40_100))
    name = story.other(
        "calico-kube-controllers-5c64b68895-d7x9m",
        "nvl-32",
        ip="172.16.66.4",
        owner="ReplicaSet/calico-kube-controllers-5c64b68895",
        app="calico-kube-controllers",
        image="docker.io/calico/kube-controllers:v3.21.2",
        restarts=23,
        ready=False,
        waiting="CrashLoopBackOff",
        last=("Error", 2, 70),
    )
    story.pod_event(name, "BackOff", "Back-off restarting failed container", 11, 30_000, 512)
    log = [story.line(80, "INFO", 1, "main.go 94:", 'Loaded configuration from environment config=&config.Config{LogLevel:"info", WorkloadEndpointWorkers:1, ProfileWorkers:1, PolicyWorkers:1, NodeWorkers:1, Kubeconfig:"", DatastoreType:"kubernetes"}'),
           story.line(79.8, "INFO", 1, "main.go 115:", "Ensuring Calico datastore is initialized"), story.line(79.5, "INFO", 1, "main.go 159:", "Getting initial config snapshot from datastore"),
           story.line(79, "INFO", 1, "watchersyncer.go 89:", "Start called"), story.line(78.9, "INFO", 1, "main.go 182:", "Starting status report routine"),
           "fatal error: concurrent map read and map write", "", "goroutine 244 [running]:", "runtime.throw({0x1c4dcd4, 0x5cfa19})",
           "\t/usr/local/go-cgo/src/runtime/panic.go:1198 +0x71 fp=0xc001155128 sp=0xc0011550f8 pc=0x5a59d1", "reflect.mapaccess(0x18fb8e0, 0xc0018a9360, 0xc001f8c3c8)",
           "\t/usr/local/go-cgo/src/runtime/map.go:1318 +0x19 fp=0xc001155190 sp=0xc001155168 pc=0x5cf799", "reflect.deepValueEqual({0x19ab880, 0xc001961be0, 0x2f40}, {0x19ab880, 0xc001d24060, 0x57e334}, 0x7f59cf4ea400)"]  # fmt: skip
    story.log(name, log, file=f"{name}-previous.log")
    story.log(pods[0], [*story.boot("nvl-31", 40_000, [hosts["nvl-32"], hosts["nvl-33"]]), *story.quiet(900, 40)])
    story.commands = {
        "pods.txt": "get pods -n kube-system -o wide",
        f"describe-{name}.txt": f"describe pod -n kube-system {name}",
        f"describe-{pods[0]}.txt": f"describe pod -n kube-system {pods[0]}",
    }
    story.cite(f"{name}-previous.log", "fatal error: concurrent map read and map write")
    return story


def node_deleted_panics_controllers(now: datetime) -> Incident:
    story = incident(
        "deleting-a-node-panics-kube-controllers", "software-defect",
        "calico-kube-controllers of this release panics on each deleted node (interface conversion: nil); the autoscaler deletes one "
        "every few minutes.",
        "https://github.com/projectcalico/kube-controllers/issues/341", now, difficulty="easy", platform="other", calico="v3.8.0",
        kubernetes="v1.14.3", namespace="kube-system", registry="quay.io/calico",
    )  # fmt: skip
    hosts = {f"ip-10-83-{n}-7.ec2.internal": f"10.83.{n}.7" for n in (16, 32, 48)}
    story.hosts(hosts, kernel="4.14.121-109.96.amzn2.x86_64", os_image="Amazon Linux 2", runtime="docker://18.6.1")
    pods = story.staff(hosts)
    name = story.other(
        "calico-kube-controllers-59f54d6bbc-9t5vz",
        "ip-10-83-32-7.ec2.internal",
        ip="100.96.4.2",
        owner="ReplicaSet/calico-kube-controllers-59f54d6bbc",
        app="calico-kube-controllers",
        image="quay.io/calico/kube-controllers:v3.8.0",
        ready=False,
        restarts=57,
        waiting="CrashLoopBackOff",
        last=("Error", 2, 130),
    )
    story.pod_event(name, "BackOff", "Back-off restarting failed container", 9, 3500, 240, namespace="kube-system")
    log = [story.line(400, "INFO", 1, "main.go 92:", "Ensuring Calico datastore is initialized"), story.line(399, "INFO", 1, "node_controller.go 146:", "Starting Node controller"), story.line(398, "INFO", 1, "node_controller.go 161:", "Node controller is now running"),
           "panic: interface conversion: interface {} is nil, not *v3.Node", "", "goroutine 107 [running]:",
           "github.com/projectcalico/kube-controllers/pkg/controllers/node.(*NodeController).OnUpdates(0xc000362280, 0xc000379000, 0x1, 0x1)",
           "\t/go/src/github.com/projectcalico/kube-controllers/pkg/controllers/node/node_syncer.go:70 +0x6e0",
           "github.com/projectcalico/kube-controllers/vendor/github.com/projectcalico/libcalico-go/lib/backend/watchersyncer.(*watcherSyncer).sendUpdates(0xc000388720, 0xc000379000, 0x1, 0x1239a20)"]  # fmt: skip
    story.log(name, log, file="kube-controllers-previous.log")
    story.log(pods[0], story.quiet(1500, 20))
    story.commands = {
        "pods.txt": "get pods -n kube-system -o wide",
        "describe-kube-controllers.txt": f"describe pod -n kube-system {name}",
    }
    story.cite("kube-controllers-previous.log", "panic: interface conversion")
    return story


STORIES = [
    confd_races_with_itself,
    node_deleted_panics_controllers,
    l3_route_resolver,
    kube_controllers_trace,
    interface_monitor_nil,
]
