"""software-defect: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import FELIX_503, FELIX_REFUSED, Incident, incident, wrapped

CAUSE = "software-defect"


def vxlan_parent_nil_handle(now: datetime) -> Incident:
    story = incident(
        "nil-handle-in-the-vxlan-manager",
        CAUSE,
        "After the update to v3.21.3 felix panics on all hosts (nil netlink handle in vxlanManager.getParentInterface), with nothing changed but the version; the pods flap between 1/1 and 0/1.",
        "https://github.com/projectcalico/calico/issues/5410",
        now,
        platform="other",
        calico="v3.21.3",
        kubernetes="v1.22.5",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="medium",
    )
    hosts = {f"arm-{n}": f"10.25.100.{n}" for n in (11, 12, 13, 14)}
    story.hosts(hosts, kernel="5.11.0-1023-aws", os_image="Ubuntu 20.04.3 LTS")
    for n, (node, address) in enumerate(hosts.items()):
        name = story.staff({node: address}, ready=n % 2 == 0, restarts=0, started=4100 + n, age=4200)[0]
        story.probe(name, FELIX_REFUSED, 15 + 7 * n, 4000, 71)
    trace = [
        "panic: runtime error: invalid memory address or nil pointer dereference",
        "[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x1653dc8]",
        "",
        "goroutine 65 [running]:",
        "github.com/vishvananda/netlink.(*Handle).newNetlinkRequest(...)",
        "\t/go/pkg/mod/github.com/vishvananda/netlink@v1.1.1-0.20210703095558-21f2c55a7727/handle_linux.go:149",
        "github.com/vishvananda/netlink.(*Handle).LinkList(0x0, 0x0, 0x4000078c78, 0x5471e8, 0x48, 0x286c200)",
        "\t/go/pkg/mod/github.com/vishvananda/netlink@v1.1.1-0.20210703095558-21f2c55a7727/link_linux.go:2008 +0x28",
        "github.com/projectcalico/felix/dataplane/linux.(*vxlanManager).getParentInterface(0x400049a680, 0x40009160c0, 0x400049a680, 0x0, 0x400049a680, 0x2af21c8)",
        "\t/go/pkg/mod/github.com/projectcalico/felix@v0.0.0-20211203211657-ea53c8654697/dataplane/linux/vxlan_mgr.go:496 +0x6c",
        "github.com/projectcalico/felix/dataplane/linux.(*vxlanManager).configureVXLANDevice(0x400049a680, 0x5aa, 0x40009160c0, 0x1, 0x0, 0x0)",
        "\t/go/pkg/mod/github.com/projectcalico/felix@v0.0.0-20211203211657-ea53c8654697/dataplane/linux/vxlan_mgr.go:532 +0x40",
        "created by github.com/projectcalico/felix/dataplane/linux.newVXLANManager",
    ]
    for node in ("arm-11", "arm-13"):
        lines = story.boot(node, 4100, (), bird=False)[:-1]
        lines.insert(12, "CALICO_NETWORKING_BACKEND is vxlan - no need to run a BGP daemon")
        for n in range(6):
            ago, pid = 4090 - 640 * n, 71 + 408 * n
            lines += [
                story.say(
                    ago,
                    "INFO",
                    pid,
                    "felix",
                    "daemon.go 366:",
                    'Successfully loaded configuration. GOMAXPROCS=2 version="v3.21.3"',
                ),
                story.say(
                    ago - 2,
                    "INFO",
                    pid,
                    "felix",
                    "int_dataplane.go 1539:",
                    "Completed first update to dataplane. secsSinceStart=1.41",
                ),
                *trace,
            ]
        story.log(story.pods[node], wrapped(story, lines, "prefix", story.pods[node]))
    story.describe("arm-11")
    story.commands["describe-pod-arm-13.txt"] = f"describe pod -n kube-system {story.pods['arm-13']}"
    story.affected = list(hosts)
    story.cite(f"{story.pods['arm-11']}.log", "invalid memory address or nil pointer dereference")
    return story


def nil_address_of_a_host(now: datetime) -> Incident:
    story = incident(
        "felix-falls-over-each-node-without-address",
        CAUSE,
        "Whenever a node is removed felix of all workers panics in flushHostIPUpdates (nil address), a defect of this version; between the removals by the autoscaler all is well, and every worker has it alike.",
        "https://github.com/projectcalico/calico/pull/9489",
        now,
        platform="vpc",
        calico="v3.28.2",
        kubernetes="v1.31.2+IKS",
        difficulty="hard",
    )
    nodes = story.workers([f"10.242.0.{n}" for n in (5, 6, 9, 13, 17)])
    for n, node in enumerate(nodes):
        name = story.agents([node], ready=True, restarts=0, started=1_300_000)[0]
        story.probe(name, FELIX_REFUSED, 1900 + n, 84_000, 31)
    node = nodes[3]
    trace = [
        "panic: runtime error: invalid memory address or nil pointer dereference",
        "[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x2194c0e]",
        "",
        "goroutine 386 [running]:",
        "github.com/projectcalico/calico/felix/calc.(*EventSequencer).flushHostIPUpdates(0xc00061c3c0)",
        "\t/go/src/github.com/projectcalico/calico/felix/calc/event_sequencer.go:532 +0x20e",
        "github.com/projectcalico/calico/felix/calc.(*EventSequencer).Flush(0xc00061c3c0)",
        "\t/go/src/github.com/projectcalico/calico/felix/calc/event_sequencer.go:788 +0x65",
        "github.com/projectcalico/calico/felix/calc.(*AsyncCalcGraph).maybeFlush(0xc000a10000)",
        "\t/go/src/github.com/projectcalico/calico/felix/calc/async_calc_graph.go:237 +0x8b",
        "created by github.com/projectcalico/calico/felix/calc.(*AsyncCalcGraph).Start in goroutine 1",
    ]
    for host in (nodes[0], node):
        lines = []
        for n in range(5):
            ago, pid = 84_000 - 20_500 * n, 61 + 9000 * n
            gone = f"10.242.0.{40 + n}"
            lines += story.quiet(ago + 400, ago + 5, 130, pid)
            lines += [
                f"bird: Removing protocol Mesh_{gone.replace('.', '_')}",
                story.say(
                    ago,
                    "INFO",
                    pid,
                    "felix",
                    "vxlan_resolver.go 161:",
                    f'Withdrawing VTEP, node IP address deleted node="{gone}"',
                ),
                *trace,
                story.say(
                    ago - 1.2,
                    "INFO",
                    pid + 9000,
                    "felix",
                    "daemon.go 148:",
                    'Felix starting up GOMAXPROCS=4 builddate="2024-09-13T17:10:02+0000" gitcommit="9a96ee3" version="v3.28.2"',
                ),
                story.say(
                    ago - 3.9,
                    "INFO",
                    pid + 9000,
                    "felix",
                    "int_dataplane.go 1998:",
                    "Completed first update to dataplane. secsSinceStart=2.61",
                ),
            ]
        story.log(story.pods[host], lines)
    story.describe(node)
    story.commands[f"describe-pod-{story.pods[nodes[0]]}.txt"] = f"describe pod -n calico-system {story.pods[nodes[0]]}"
    story.affected = nodes
    story.cite(f"{story.pods[node]}.log", "flushHostIPUpdates")
    return story


def routes_without_destination(now: datetime) -> Incident:
    story = incident(
        "felix-panics-at-a-default-route-in-another-table",
        CAUSE,
        "v3.25.1: felix of every worker panics in handleNetlinkRouteUpdate (a route without destination in a policy table is a nil pointer to it) a few seconds after each start; the pods are 0/1 everywhere since the update, restarts do not help, the API and BIRD are fine.",
        "https://github.com/projectcalico/calico/issues/7645",
        now,
        platform="vpc",
        calico="v3.25.1",
        kubernetes="v1.27.2+IKS",
        namespace="kube-system",
        difficulty="easy",
    )
    nodes = story.workers([f"10.245.80.{n}" for n in (4, 5, 6, 7)])
    for n, node in enumerate(nodes):
        name = story.agents(
            [node], ready=False, restarts=14 + n, started=48 + 9 * n, age=6100, last=("Error", 137, 52 + 9 * n)
        )[0]
        story.probe(name, FELIX_REFUSED, 6 + n, 5900, 210)
        story.pod_event(
            name,
            "Killing",
            "Container calico-node failed liveness probe, will be restarted",
            60,
            5800,
            14 + n,
            type_="Normal",
        )
    story.typha(nodes[0], started=6200)
    story.objects["Pod"][-1]["metadata"]["creationTimestamp"] = story.ago(6210)
    trace = [
        "panic: runtime error: invalid memory address or nil pointer dereference",
        "[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x1943bfa]",
        "",
        "goroutine 256 [running]:",
        "github.com/projectcalico/calico/felix/ifacemonitor.(*InterfaceMonitor).handleNetlinkRouteUpdate(_, {0x18, {0x1, 0x0, 0x0, 0x0, {0x0, 0x0, 0x0}, {0x0, ...}, ...}})",
        "\t/go/src/github.com/projectcalico/calico/felix/ifacemonitor/iface_monitor.go:211 +0x7a",
        "github.com/projectcalico/calico/felix/ifacemonitor.(*InterfaceMonitor).MonitorInterfaces(0xc000406e70)",
        "\t/go/src/github.com/projectcalico/calico/felix/ifacemonitor/iface_monitor.go:164 +0x7e5",
        "created by github.com/projectcalico/calico/felix/dataplane/linux.(*InternalDataplane).Start",
        "\t/go/src/github.com/projectcalico/calico/felix/dataplane/linux/int_dataplane.go:1244 +0xf6",
    ]
    for node in (nodes[0], nodes[3]):
        lines = story.boot(node, 57 if node == nodes[0] else 80, [x for x in nodes if x != node])[:-1]
        for n in range(7):
            ago, pid = 50 - 6.5 * n, 62 + 70 * n
            lines += [
                story.say(ago + 1.5, "INFO", pid, "felix", "daemon.go 373:", 'Successfully loaded configuration. GOMAXPROCS=4 builddate="2023-03-30T20:41:24+0000" gitcommit="82dadbce1" version="v3.25.1"'),
                story.say(ago + 0.8, "INFO", pid, "felix", "iface_monitor.go 109:", "Interface monitoring thread started."),
                story.say(ago, "INFO", pid, "felix", "int_dataplane.go 1813:", "Completed first update to dataplane. secsSinceStart=1.23"),
                *trace,
            ]  # fmt: skip
        story.log(story.pods[node], lines)
    story.describe(nodes[0])
    story.commands[f"describe-pod-{story.pods[nodes[3]]}.txt"] = f"describe pod -n kube-system {story.pods[nodes[3]]}"
    story.affected = nodes
    story.cite(f"{story.pods[nodes[0]]}.log", "invalid memory address or nil pointer dereference")
    return story


def controllers_and_a_map(now: datetime) -> Incident:
    story = incident(
        "kube-controllers-ends-at-its-own-log-line",
        CAUSE,
        "ROKS with v3.26.1: whenever the customer rolls a deployment of hundreds of pods, calico-kube-controllers dies with 'fatal error: concurrent map iteration and map write' (it prints a map that another goroutine writes). calico-node is fine everywhere, memory is not at its limit, the pod comes back each time.",
        "https://github.com/projectcalico/calico/issues/7972",
        now,
        platform="roks",
        calico="v3.26.1",
        kubernetes="v1.27.16+03a907c",
        difficulty="medium",
    )
    nodes = story.workers(
        [f"10.208.14.{n}" for n in (70, 71, 73, 75, 80, 86)],
        os_image="Red Hat Enterprise Linux 8.10 (Ootpa)",
        kernel="4.18.0-553.16.1.el8_10.x86_64",
        runtime="cri-o://1.27.8",
    )
    story.agents(nodes, started=1_500_000)
    story.typha(nodes[1], started=1_500_000)
    story.typha(nodes[4], "5bq7v", started=1_500_000)
    ctl = story.other("calico-kube-controllers-6c9b4f7d5f-nx8tz", nodes[2], "172.30.131.66", "calico-system", "ReplicaSet/calico-kube-controllers-6c9b4f7d5f", app="calico-kube-controllers",
                      image="icr.io/ext/calico/kube-controllers:v3.26.1", restarts=47, started=1100, last=("Error", 2, 1104))  # fmt: skip
    story.pod_event(
        ctl,
        "Unhealthy",
        "Readiness probe failed: Failed to read status file /status/status.json: unexpected end of JSON input",
        1099,
        90_000,
        31,
    )
    story.pod_event(
        ctl,
        "BackOff",
        f"Back-off restarting failed container calico-kube-controllers in pod {ctl}_calico-system(8bd1)",
        1102,
        91_000,
        66,
    )
    begin = 1990
    lines = [
        story.line(begin, "INFO", 1, "main.go 107:", 'Loaded configuration from environment config=&config.Config{LogLevel:"info", WorkloadEndpointWorkers:1, ProfileWorkers:1, PolicyWorkers:1, NodeWorkers:1, Kubeconfig:"", DatastoreType:"kubernetes"}'),
        f"W{story.klog(begin)}       1 client_config.go:617] Neither --kubeconfig nor --master was specified.  Using the inClusterConfig.  This might not work.",
        story.line(begin - 0.1, "INFO", 1, "main.go 131:", "Ensuring Calico datastore is initialized"),
        story.line(begin - 0.2, "INFO", 1, "main.go 157:", "Calico datastore is initialized"),
        story.line(begin - 0.3, "INFO", 1, "main.go 194:", "Getting initial config snapshot from datastore"),
        story.line(begin - 0.4, "INFO", 1, "main.go 197:", "Got initial config snapshot"),
        story.line(begin - 0.5, "INFO", 1, "watchersyncer.go 89:", "Start called"),
        story.line(begin - 0.6, "INFO", 1, "main.go 211:", "Starting status report routine"),
        story.line(begin - 0.6, "INFO", 1, "main.go 220:", "Starting Prometheus metrics server on port 9094"),
        story.line(begin - 0.7, "INFO", 1, "main.go 503:", 'Starting controller ControllerType="Node"'),
        story.line(begin - 0.8, "INFO", 1, "controller.go 189:", "Starting Node controller"),
        story.line(begin - 1.9, "INFO", 1, "watchersyncer.go 149:", "All watchers have sync'd data - sending data and final sync"),
        story.line(begin - 2.1, "INFO", 1, "ipam.go 253:", "Will run periodic IPAM sync every 7m30s"),
        story.line(begin - 2.2, "INFO", 1, "ipam.go 331:", 'Syncer is InSync, kicking sync channel status=in-sync'),
        "fatal error: concurrent map iteration and map write",
        "",
        "goroutine 371 [running]:",
        "reflect.mapiternext(0x4cff2f?)",
        "\t/usr/local/go/src/runtime/map.go:1380 +0x19",
        "reflect.(*MapIter).Next(0xc001a708e8?)",
        "\t/usr/local/go/src/reflect/value.go:1924 +0x7e",
        "internal/fmtsort.Sort({0x1c44800?, 0xc01610cbe0?, 0xc0005a42e8?})",
        "\t/usr/local/go/src/internal/fmtsort/sort.go:62 +0x1f0",
        "fmt.(*pp).printValue(0xc0073bc340, {0x1c44800?, 0xc01610cbe0?, 0x0?}, 0x76, 0x1)",
        "\t/usr/local/go/src/fmt/print.go:816 +0x986",
        "fmt.Sprintf({0x1facf6b, 0x3d}, {0xc001a71108, 0x2, 0x2})",
        "\t/usr/local/go/src/fmt/print.go:239 +0x59",
        "github.com/sirupsen/logrus.(*Entry).Logf(0xc01660e000, 0x4, {0x1facf6b?, 0x1db3800?}, {0xc001a71108?, 0xc001a71188?, 0xc01610cbc0?})",
        "\t/go/pkg/mod/github.com/sirupsen/logrus@v1.9.0/entry.go:349 +0x49",
        "github.com/projectcalico/calico/kube-controllers/pkg/controllers/node.(*ipamController).checkAllocations(0xc00047e000)",
        "\t/go/src/github.com/projectcalico/calico/kube-controllers/pkg/controllers/node/ipam.go:694 +0x5c5",
        "created by github.com/projectcalico/calico/kube-controllers/pkg/controllers/node.(*ipamController).Start",
        "\t/go/src/github.com/projectcalico/calico/kube-controllers/pkg/controllers/node/ipam.go:190 +0x9a",
    ]  # fmt: skip
    story.log(ctl, lines, f"{ctl}-previous.log")
    story.log(story.pods[nodes[2]], story.quiet(2600, 8, 130))
    story.describe(nodes[2])
    story.commands["describe-kube-controllers.txt"] = f"describe pod -n calico-system {ctl}"
    story.affected = []
    story.cite(f"{ctl}-previous.log", "fatal error: concurrent map iteration and map write")
    return story


# told on 29 November 2026 without having seen the rules
def typha_iterates_over_a_map_in_use(now: datetime) -> Incident:
    story = incident(
        "typha-of-this-release-dies-of-its-own-log-context",
        CAUSE,
        "Both Typha pods of v3.21.4 die now and then of 'concurrent map iteration and map write' in their own logging context, whenever many agents connect at once; each time half of the agents lose their connection and say so loudly. No limit, no memory trouble, the API answers; the agents recover by themselves.",
        "https://github.com/projectcalico/calico/pull/7743",
        now,
        platform="other",
        calico="v3.21.4",
        kubernetes="v1.21.9",
        registry="quay.io/calico",
        difficulty="hard",
    )
    hosts = {f"zrh-{n:02}": f"10.99.16.{20 + n}" for n in range(1, 8)}
    story.hosts(
        hosts,
        os_image="Flatcar Container Linux by Kinvolk 3227.2.4 (Oklo)",
        kernel="5.15.77-flatcar",
        runtime="containerd://1.6.8",
    )
    story.staff(hosts, started=1_500_000)
    typhas = [
        story.typha("zrh-02", "8vq4k", restarts=14, started=2_690, last=("Error", 2, 2_693)),
        story.typha("zrh-05", "mw7zt", restarts=11, started=40_100, last=("Error", 2, 40_104)),
    ]
    for node in ("zrh-01", "zrh-06"):
        story.probe(story.pods[node], FELIX_503, 2_660, 86_000, 9)
    me = "zrh-06"
    log = story.quiet(9_000, 2_760, 480)
    log += [
        story.say(
            2_693,
            "ERROR",
            61,
            "felix",
            "sync_client.go 290:",
            'Failed to read from server error=EOF typhaID="10.99.16.22:5473"',
        ),
        story.say(
            2_692.9,
            "WARNING",
            61,
            "felix",
            "daemon.go 687:",
            'Felix is shutting down reason="Connection to Typha failed"',
        ),
        story.say(2_690.9, "FATAL", 61, "felix", "daemon.go 752:", 'Exiting. reason="Connection to Typha failed"'),
        story.say(
            2_688,
            "INFO",
            4_410,
            "felix",
            "daemon.go 148:",
            'Felix starting up GOMAXPROCS=8 builddate="2022-01-21T18:11:50+0000" gitcommit="2b5d1cb" version="v3.21.4"',
        ),
        story.say(
            2_687,
            "WARNING",
            4_410,
            "felix",
            "sync_client.go 169:",
            'error connecting to typha endpoint (1 of 2) 10.99.16.22:5473 connID=0x0 error=dial tcp 10.99.16.22:5473: connect: connection refused type=""',
        ),
        story.say(
            2_686,
            "INFO",
            4_410,
            "felix",
            "sync_client.go 178:",
            'successfully connected to typha at 10.99.16.25:5473 after 3.1ms connID=0x0 type=""',
        ),
        story.say(
            2_683,
            "INFO",
            4_410,
            "felix",
            "int_dataplane.go 1535:",
            "Completed first update to dataplane. secsSinceStart=4.1",
        ),
        *story.quiet(2_500, 15, 400, 4_410),
    ]
    story.log(story.pods[me], log)
    lines = [
        story.line(
            2_741 - 3 * i,
            "INFO",
            7,
            "sync_server.go 430:",
            f"New connection client=10.99.16.{21 + i}:{41_002 + 77 * i} connID=0x{0x2F1 + i:x}",
        )
        for i in range(7)
    ] + [
        story.line(
            2_694,
            "WARNING",
            7,
            "sync_server.go 742:",
            "Failed to read hello from client client=10.99.16.27:41464 connID=0x2f8",
        ),
        "fatal error: concurrent map iteration and map write",
        "",
        "goroutine 86642 [running]:",
        "runtime.throw({0x1baac46, 0x110})",
        "\t/usr/local/go-cgo/src/runtime/panic.go:1198 +0x71 fp=0xc01ba469d0 sp=0xc01ba469a0 pc=0x5a5dd1",
        "runtime.mapiternext(0x1960920)",
        "\t/usr/local/go-cgo/src/runtime/map.go:858 +0x4eb fp=0xc01ba46a40 sp=0xc01ba469d0 pc=0x580b8b",
        "github.com/sirupsen/logrus.(*Entry).WithFields(0xc011125c20, 0xc01ba46b78)",
        "\t/go/pkg/mod/github.com/projectcalico/logrus@v1.0.4-calico/entry.go:80 +0xb1 fp=0xc01ba46af8 sp=0xc01ba46a40 pc=0x68c3d1",
        "github.com/projectcalico/calico/typha/pkg/syncserver.(*connection).sendSnapshotAndUpdatesToClient(0xc00a0d4380, {0x1f0b1a8, 0xc000f2e0c0})",
        "\t/go/src/github.com/projectcalico/calico/typha/pkg/syncserver/sync_server.go:902 +0x3c5",
        "created by github.com/projectcalico/calico/typha/pkg/syncserver.(*connection).handle",
        "\t/go/src/github.com/projectcalico/calico/typha/pkg/syncserver/sync_server.go:601 +0x9a5",
    ]
    story.log(typhas[0], wrapped(story, lines, "cri"), "var-log-pods_calico-typha-8vq4k_13.log")
    story.describe("zrh-06")
    story.commands["describe-typha-8vq4k.txt"] = f"describe pod -n calico-system {typhas[0]}"
    story.commands["describe-typha-mw7zt.txt"] = f"describe pod -n calico-system {typhas[1]}"
    story.affected = []
    story.cite("var-log-pods_calico-typha-8vq4k_13.log", "fatal error: concurrent map iteration and map write")
    return story


def release_with_an_ip_command_too_old(now: datetime) -> Incident:
    story = incident(
        "each-agent-of-the-new-release-cannot-wipe-its-xdp-state",
        CAUSE,
        "Self-hosted cluster updated from v3.7.0 to v3.7.1: felix of every updated host panics after ten tries to wipe an XDP state that nobody made, because the image's `ip` does not know the option; the host whose pod is still v3.7.0 is fine. No host endpoint, no policy, nothing else changed.",
        "https://github.com/projectcalico/calico/issues/2596",
        now,
        platform="other",
        calico="v3.7.1",
        kubernetes="v1.14.1",
        namespace="kube-system",
        registry="quay.io/calico",
        difficulty="medium",
    )
    hosts = {f"ip-10-21-{n}-{7 * n}.compute.internal": f"10.21.{n}.{7 * n}" for n in (3, 9, 12, 26)}
    names = list(hosts)
    story.hosts(
        hosts,
        os_image="Container Linux by CoreOS 2079.3.0 (Rhyolite)",
        kernel="4.19.34-coreos",
        runtime="docker://18.6.3",
    )
    updated = {k: hosts[k] for k in names[:3]}
    pods = story.staff(updated, ready=False, started=820, age=860)
    story.staff(
        {names[3]: hosts[names[3]]},
        started=1_300_000,
        image="quay.io/calico/node:v3.7.0",
        cni_image="quay.io/calico/cni:v3.7.0",
    )
    for i, name in enumerate(pods):
        story.pod_event(
            name,
            "Unhealthy",
            "Readiness probe failed: calico/node is not ready: felix is not ready: readiness probe reporting 503\n",
            8 + i,
            790,
            79,
        )
    log = story.old_boot(names[1], 818, [v for k, v in hosts.items() if k != names[1]], prefix=20)[:-1]
    for turn in range(5):
        at, pid = 800 - 170 * turn, 71 + 950 * turn
        for i in range(10):
            log += [
                story.line(
                    at - 0.4 * i,
                    "WARNING",
                    pid,
                    "int_dataplane.go 727:",
                    "failed to wipe the XDP state error=failed to attach XDP program (/sys/fs/bpf/calico/xdp/prefilter_v1_calico_tmp_A) to calico_tmp_A: exit status 255",
                ),
                'Error: either "dev" is duplicate, or "xdpgeneric" is a garbage.',
                f" try={i}",
            ]
        log += [
            story.line(at - 4, "PANIC", pid, "int_dataplane.go 730:", "Failed to wipe the XDP state after 10 tries"),
            "panic: (*logrus.Entry) (0x19f3620,0xc0008dceb0)",
            "",
            "goroutine 83 [running]:",
            "github.com/projectcalico/node/vendor/github.com/sirupsen/logrus.Entry.log(0xc0000ca0a0, 0xc00089e0f0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, ...)",
            "\t/go/src/github.com/projectcalico/node/vendor/github.com/sirupsen/logrus/entry.go:128 +0x5a8",
            "github.com/projectcalico/node/vendor/github.com/projectcalico/felix/dataplane/linux.(*InternalDataplane).shutdownXDPCompletely(0xc000208000)",
            "\t/go/src/github.com/projectcalico/node/vendor/github.com/projectcalico/felix/dataplane/linux/int_dataplane.go:730 +0x2c1",
        ]
    story.log(pods[1], log)
    story.commands = {
        "pods.txt": "get pods -n kube-system -o wide",
        "nodes.txt": "get nodes -o wide",
        "describe-new.txt": f"describe pod -n kube-system {pods[1]}",
        "describe-old.txt": f"describe pod -n kube-system {story.pods[names[3]]}",
    }
    story.texts["rollout.txt"] = (
        '$ kubectl -n kube-system rollout status ds/calico-node --timeout=5s\nWaiting for daemon set "calico-node" rollout to finish: 3 out of 4 new pods have been updated...\nerror: timed out waiting for the condition\n$ calicoctl get hostendpoints,globalnetworkpolicies\nNAME   NODE\n\nNAME\n\n'
    )
    story.affected = list(updated)
    story.cite(f"{pods[1]}.log", "Failed to wipe the XDP state after 10 tries")
    return story


STORIES = [
    vxlan_parent_nil_handle,
    nil_address_of_a_host,
    routes_without_destination,
    controllers_and_a_map,
    typha_iterates_over_a_map_in_use,
    release_with_an_ip_command_too_old,
]
