"""software-defect: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import FELIX_REFUSED, Incident, incident, wrapped

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


STORIES = [vxlan_parent_nil_handle, nil_address_of_a_host, routes_without_destination, controllers_and_a_map]
