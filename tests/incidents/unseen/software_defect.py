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


STORIES = [vxlan_parent_nil_handle]
