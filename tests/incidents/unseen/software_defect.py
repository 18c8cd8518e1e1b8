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


STORIES = [vxlan_parent_nil_handle, nil_address_of_a_host]
