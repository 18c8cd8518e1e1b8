"""bird-not-running: BIRD is dead, or nobody can talk to it."""

from __future__ import annotations

from datetime import datetime

from telling import (
    SOCKET,
    Incident,
    bird_start,
    incident,
    node_status,
    wrapped,
)

CAUSE = "bird-not-running"
QUERY = "Readiness probe failed: calico/node is not ready: BIRD is not ready: "


def socket_denied(now: datetime) -> Incident:
    story = incident(
        "control-socket-may-not-be-made",
        CAUSE,
        "On one worker BIRD starts each second and ends: it may not create its control socket in /var/run/calico (a label left by hand).",
        "https://github.com/projectcalico/bird/blob/master/sysdep/unix/io.c",
        now,
        difficulty="medium",
        platform="roks",
        calico="v3.27.4",
        kubernetes="v1.29.8+632b078",
        registry="registry.example.com/ibm-ext/calico",
        acceptable=["worker-local-failure"],
    )
    more = {
        "os_image": "Red Hat Enterprise Linux 8.10 (Ootpa)",
        "kernel": "4.18.0-553.16.1.el8_10.x86_64",
        "runtime": "cri-o://1.29.6-5.rhaos4.16",
    }
    nodes = story.workers([f"10.180.66.{n}" for n in (12, 13, 17, 25)], **more)
    bad = nodes[3]
    story.agents(nodes[:3])
    story.agents([bad], ready=False, started=7300, restarts=1, last=("Error", 255, 7360))
    name = story.pods[bad]
    story.pod_event(
        name,
        "Unhealthy",
        QUERY
        + "Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: no such file or directory",
        9,
        7280,
        240,
    )
    story.node_event(
        bad, "Rebooted", f"Node {bad} has been rebooted, boot id: 0b7a4f6e-aad0-4f8c-9b7e-72a9f1c7f210", 7400
    )
    story.describe(bad)
    log = story.boot(bad, 7300, bird=False)
    log.insert(
        -1,
        story.say(
            7297.9,
            "INFO",
            60,
            "confd",
            "resource.go 273:",
            "Target config /etc/calico/confd/config/bird.cfg has been updated due to change in key: /calico/bgp/v1/host",
        ),
    )
    quiet = story.quiet(7200, 6500, 62)
    for i in range(11):
        log += ["bird: Cannot create control socket /var/run/calico/bird.ctl: Permission denied"] * (
            4 if i < 3 else 2
        ) + quiet[i : i + 1]
    story.log(name, log)
    story.affected = [bad]
    story.cite(f"{name}.log", "Cannot create control socket /var/run/calico/bird.ctl: Permission denied")
    return story


def hangs(now: datetime) -> Incident:
    story = incident(
        "bird-takes-calls-but-never-answers",
        CAUSE,
        "BIRD holds its socket but answers no command on one node: i/o timeout in each probe, no line of BIRD for hours; CPU and memory are fine.",
        "https://github.com/projectcalico/calico/issues/2992",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.10.1",
        kubernetes="v1.16.3",
        registry="docker.io/calico",
        namespace="kube-system",
    )
    ips = {f"gz-k8s-{n:03}": f"10.23.112.{n}" for n in (31, 32, 33, 34, 35, 36)}
    story.hosts(ips, runtime="docker://18.9.9", kernel="4.19.67-2.el7.x86_64", os_image="CentOS Linux 7 (Core)")
    bad = "gz-k8s-034"
    for node, address in ips.items():
        story.agents([node], address=address, **({"ready": False} if node == bad else {}))
    name = story.pods[bad]
    story.pod_event(
        name,
        "Unhealthy",
        QUERY + "Error executing command: read unix @->/var/run/calico/bird.ctl: i/o timeout",
        4,
        21_000,
        2081,
    )
    story.describe(bad, name)
    mesh = [
        f"bird: Mesh_10_23_112_{n}: {s}"
        for n in (31, 35)
        for s in (
            "State changed to stop",
            "State changed to down",
            "Starting",
            "State changed to start",
            "Connected to table master",
            "State changed to feed",
            "State changed to up",
        )
    ]
    story.log(name, story.quiet(40_000, 26_000, 1500) + mesh + story.quiet(25_000, 60, 1300))
    story.log(
        story.pods["gz-k8s-031"],
        [
            *story.quiet(24_000, 21_300, 700),
            *(
                f"bird: Mesh_10_23_112_34: {s}"
                for s in (
                    "Error: Hold timer expired",
                    "State changed to stop",
                    "State changed to down",
                    "Starting",
                    "State changed to start",
                )
            ),
            *story.quiet(20_000, 60, 1500),
        ],
    )
    story.texts["top.txt"] = "NAME         CPU(cores)   CPU%   MEMORY(bytes)   MEMORY%\n" + "".join(
        f"{n:13}{310 + 17 * i}m         {7 + i}%     {5210 + 90 * i}Mi          {31 + i}%\n" for i, n in enumerate(ips)
    )
    story.affected = [bad]
    story.cite(f"describe-pod-{name}.txt", "read unix @->/var/run/calico/bird.ctl: i/o timeout")
    return story


def illegal(now: datetime) -> Incident:
    story = incident(
        "bird-dies-at-once-on-one-machine",
        CAUSE,
        "On the new physical machine every BIRD dies of an invalid opcode as soon as it starts; confd wrote a good config, felix works.",
        "https://github.com/projectcalico/calico/issues/9193",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.28.0",
        kubernetes="v1.29.5",
        registry="docker.io/calico",
        acceptable=["worker-local-failure", "software-defect"],
    )
    ips = {"vm-1": "192.168.30.11", "vm-2": "192.168.30.12", "vm-3": "192.168.30.13"}
    story.hosts(ips)
    story.hosts({"metal-1": "192.168.30.60"}, age=86_000, kernel="6.5.0-35-generic")
    for node, address in ips.items():
        story.agents([node], address=address)
    story.agents(
        ["metal-1"],
        address="192.168.30.60",
        ready=False,
        started=900,
        restarts=31,
        last=("Error", 137, 905),
        age=85_000,
    )
    name = story.pods["metal-1"]
    story.pod_event(
        name,
        "Unhealthy",
        QUERY
        + "Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: connection refused",
        6,
        84_000,
        5210,
    )
    story.pod_event(
        name,
        "Unhealthy",
        "Liveness probe failed: calico/node is not ready: bird/confd is not live: Service bird is not running. Output << down: /etc/service/enabled/bird: 1s, normally up, want up >>",
        911,
        80_000,
        310,
    )
    story.pod_event(
        name,
        "Killing",
        "Container calico-node failed liveness probe, will be restarted",
        908,
        80_000,
        31,
        type_="Normal",
    )
    story.pod_event(
        name,
        "DNSConfigForming",
        "Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: 192.168.30.1 192.168.30.2 192.168.30.1",
        30,
        80_000,
        900,
    )
    story.describe("metal-1", name)
    story.log(
        name,
        story.boot("metal-1", 900, [], address="192.168.30.60", interface="enp3s0f0", prefix=24, bird=False)
        + story.quiet(880, 5, 62),
    )
    story.log(
        "",
        [
            line
            for i in range(14)
            for line in (
                f"{story.syslog(860 - 60 * i)} metal-1 kernel: traps: bird[{20411 + 7 * i}] trap invalid opcode ip:55d0{i:02}41c0 sp:7ffd3a5b90{i:02} error:0 in bird[55d0{i:02}400000+58000]",
                *(
                    [
                        f"{story.syslog(850 - 60 * i)} metal-1 systemd[1]: run-containerd-runc-k8s.io-7f3e{i}.mount: Deactivated successfully."
                    ]
                    if i % 3 == 0
                    else []
                ),
            )
        ],
        "journalctl-k.txt",
    )
    story.affected = ["metal-1"]
    story.cite("journalctl-k.txt", "bird[20411] trap invalid opcode")
    return story


def stopped(now: datetime) -> Incident:
    story = incident(
        "bird-stopped-and-left-down",
        CAUSE,
        "BIRD was shut down in an orderly way nine hours ago and runit was told to leave it down: 'normally up' without 'want up', no BIRD line since.",
        "https://github.com/projectcalico/calicoctl/issues/1535",
        now,
        difficulty="hard",
        platform="classic",
        calico="v3.26.4",
        kubernetes="v1.27.16+IKS",
        namespace="kube-system",
        acceptable=["worker-local-failure"],
    )
    nodes = story.workers([f"10.191.130.{n}" for n in (180, 184, 187, 190, 199)])
    bad = nodes[0]
    rest = nodes[1:]
    story.agents(rest)
    story.agents([bad], ready=False)
    name = story.pods[bad]
    story.pod_event(
        name,
        "Unhealthy",
        QUERY
        + "Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/bird/bird.ctl: connect: no such file or directory",
        22,
        32_000,
        3190,
    )
    log = story.quiet(36_000, 32_600, 500)
    log += [
        "bird: Shutdown requested",
        *(
            f"bird: Mesh_{n.replace('.', '_')}: {s}"
            for n in rest
            for s in ("Shutting down", "State changed to stop", "State changed to down")
        ),
        "bird: direct1: State changed to down",
        "bird: device1: State changed to down",
        "bird: Shutdown completed",
    ]
    story.log(name, log + story.quiet(32_300, 60, 1500))
    story.describe(bad)
    story.texts["status.txt"] = (
        "# calicoctl node status\nCalico process is running.\n\nINFO: BIRDv4 process: 'bird' is not running.\n\nIPv6 BGP status\nNo IPv6 peers found.\n\n"
        "# sv status bird confd felix\ndown: bird: 32511s, normally up\nrun: confd: (pid 62) 1500021s\nrun: felix: (pid 63) 1500021s\n"
    )
    story.texts["peer-status.txt"] = node_status(
        [
            (bad, "start", "01:40:55", "Connect Socket: Connection refused"),
            *((n, "up", story.ago(1555200)[:10], "Established") for n in rest[1:]),
        ]
    )
    story.affected = [bad]
    story.cite("status.txt", "BIRDv4 process: 'bird' is not running.")
    return story


def runit(now: datetime) -> Incident:
    story = incident(
        "runit-cannot-start-the-bird-service",
        CAUSE,
        "On one worker runit cannot execute bird's run script (read-only copy of the service directory): the plain line stands between felix' quiet ones.",
        "https://github.com/projectcalico/calico/blob/v3.28.2/node/filesystem/etc/rc.local",
        now,
        difficulty="hard",
        platform="vpc",
        calico="v3.28.2",
        kubernetes="v1.31.0+IKS",
        acceptable=["worker-local-failure"],
    )
    nodes = story.workers([f"10.240.77.{n}" for n in (132, 133, 137, 140)])
    bad = nodes[2]
    story.agents([n for n in nodes if n != bad])
    story.agents([bad], ready=False, started=1900, restarts=6, last=("Error", 137, 1960))
    name = story.pods[bad]
    story.pod_event(
        name,
        "Unhealthy",
        QUERY
        + "Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: connection refused",
        8,
        1850,
        62,
    )
    log = story.boot(bad, 1900, bird=False)
    log.append(
        story.say(
            1897,
            "INFO",
            60,
            "confd",
            "resource.go 286:",
            "Target config /etc/calico/confd/config/bird.cfg has been updated due to change in key: /calico/bgp/v1/host",
        )
    )
    for i, line in enumerate(story.quiet(1890, 20, 62)):
        log += [line, *(["runsv bird: fatal: unable to start ./run: access denied"] * (1 + i % 3))]
    story.log(name, log)
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"{name}.log", "runsv bird: fatal: unable to start ./run")
    return story


def killed(now: datetime) -> Incident:
    story = incident(
        "bird-segfaults-after-every-route-update",
        CAUSE,
        "bird dies with a segmentation fault a few seconds after each start on one node (kernel log); its neighbours see the session end without a word.",
        "https://github.com/projectcalico/calico/issues/4693",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.17.3",
        kubernetes="v1.19.10",
        registry="docker.io/calico",
        namespace="kube-system",
        acceptable=["software-defect", "worker-local-failure"],
    )
    ips = {f"arm-rack-{n}": f"10.201.3.{n}" for n in (2, 3, 4, 5, 6)}
    story.hosts(ips, labels={"kubernetes.io/arch": "arm64"})
    bad = "arm-rack-5"
    story.staff({n: a for n, a in ips.items() if n != bad})
    story.staff({bad: ips[bad]}, ready=False)
    name = story.pods[bad]
    story.pod_event(
        name,
        "Unhealthy",
        QUERY
        + "Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: connection refused",
        4,
        9000,
        610,
    )
    log = story.quiet(9800, 9100, 240)
    quiet = story.quiet(9000, 100, 900)
    for i in range(4):
        log += bird_start([a for n, a in ips.items() if n != bad]) + quiet[2 * i : 2 * i + 2]
    story.log(name, log)
    near = "bird: Mesh_10_201_3_5: State changed to "
    story.log(
        story.pods["arm-rack-2"],
        [
            *story.quiet(9800, 9000, 300),
            *([near + "start", near + "feed", near + "up"] * 5),
            *story.quiet(1000, 20, 200),
        ],
    )
    story.log(
        "",
        [
            f"{story.syslog(880 - 70 * i)} arm-rack-5 kernel: bird[{7700 + 13 * i}]: unhandled level 2 translation fault (11) at 0x00000018, esr 0x92000006, in bird[400000+9a000]"
            for i in range(11)
        ],
        "kern.log",
    )
    story.commands = {
        "describe.txt": f"describe pod -n kube-system {name}",
        "pods.txt": "get pods -n kube-system -o wide",
    }
    story.texts["status.txt"] = node_status(
        [
            (p, "start", "09:10:10", "Active Socket: Connection reset by peer")
            if p == ips[bad]
            else (p, "up", story.ago(900_000)[:10], "Established")
            for p in ips.values()
            if p != "10.201.3.2"
        ]
    )
    story.affected = [bad]
    story.cite("kern.log", "in bird[400000+9a000]")
    return story


def _bird(now: datetime, name: str, why: str, place: str, ips: dict[str, str], bad: str, **more: object) -> Incident:
    story = incident(name, CAUSE, why, f"https://github.com/projectcalico/calico/blob/{place}", now, **more)
    story.hosts(ips)
    story.staff({n: a for n, a in ips.items() if n != bad})
    story.staff({bad: ips[bad]}, ready=False, started=50_000)
    story.commands |= {
        "pods.txt": "get pods -A -o wide",
        "describe.txt": f"describe pod -n {story.namespace} {story.pods[bad]}",
    }
    story.affected = [bad]
    return story


def library(now: datetime) -> Incident:
    story = _bird(now, "loader-cannot-load-bird", "The self-built image lacks a library on one node's architecture: bird ends with the loader's words.", "v3.28.2/node/Dockerfile.amd64",
        {f"px-{n}": f"10.17.2.{n}" for n in (1, 2, 3)}, "px-3", platform="other", calico="v3.28.2", kubernetes="v1.30.1", registry="registry.lab.example/calico", difficulty="easy")  # fmt: skip
    story.probe(story.pods["px-3"], SOCKET, 5, 49_900, 4900)
    log = story.boot("px-3", 50_000, prefix=24, bird=False)
    for line in story.quiet(49_000, 100, 4000):
        log += [
            "bird: error while loading shared libraries: libreadline.so.8: cannot open shared object file: No such file or directory",
            line,
        ]
    story.log("", log, "px-3.log")
    story.cite("px-3.log", "bird: error while loading shared libraries")
    return story


def address_family(now: datetime) -> Incident:
    story = _bird(now, "kernel-refuses-netlink-to-bird", "A seccomp profile of the host forbids netlink sockets to bird: it dies at start, felix (already running) goes on.", "v3.21.4/node/filesystem/etc/service/available/bird/run",
        {f"sec-{n}": f"192.168.71.{n}" for n in (11, 12, 13, 14)}, "sec-12", platform="other", calico="v3.21.4", kubernetes="v1.22.17", registry="quay.io/calico", namespace="kube-system", difficulty="hard", acceptable=["worker-local-failure"])  # fmt: skip
    story.probe(story.pods["sec-12"], SOCKET, 5, 49_900, 4900)
    story.pod_event(
        story.pods["sec-12"],
        "Unhealthy",
        'Liveness probe failed: Get "http://localhost:9099/liveness": context deadline exceeded',
        30_000,
        30_010,
        2,
    )
    log = story.quiet(9000, 4000, 400)
    for line in story.quiet(3900, 100, 300):
        log += ["bird: Cannot open rtnetlink socket: Permission denied", line]
    story.log("", wrapped(story, log, "cri"), "0.log")
    story.cite("0.log", "bird: Cannot open rtnetlink socket: Permission denied")
    return story


def sv_down(now: datetime) -> Incident:
    story = _bird(now, "liveness-says-want-down", "Only a describe and lists: the liveness probe reports the service down and 'Service bird is not running'.", "v3.18.4/node/pkg/health/health.go",
        {f"az-{n}": f"10.88.0.{n}" for n in (4, 5, 6, 7)}, "az-5", platform="other", calico="v3.18.4", kubernetes="v1.19.16", registry="docker.io/calico", difficulty="medium")  # fmt: skip
    story.probe(
        story.pods["az-5"],
        "bird/confd is not live: Service bird is not running. Output << down: /etc/service/enabled/bird: 29433s, normally up >>",
        9,
        29_400,
        2900,
        "Liveness",
    )
    story.probe(story.pods["az-5"], SOCKET, 11, 29_400, 2900)
    for node in ("az-4", "az-6"):
        story.not_established(story.pods[node], ["10.88.0.5"], 300_000, 300_010, 1, established=2)
    story.cite("describe.txt", "Service bird is not running")
    return story


def killed_by_kernel(now: datetime) -> Incident:
    story = _bird(now, "bird-aborts-with-out-of-files", "bird ends with 'socket: Too many open files' again and again on one node; status says the process is not running.", "v3.25.1/node/filesystem/etc/service/available/bird/run",
        {f"hv-{n}": f"172.28.9.{n}" for n in (21, 22, 23)}, "hv-21", platform="other", calico="v3.25.1", kubernetes="v1.26.5", registry="docker.io/calico", difficulty="medium", acceptable=["worker-resource-pressure"])  # fmt: skip
    story.probe(story.pods["hv-21"], SOCKET.replace("no such file or directory", "connection refused"), 5, 9000, 900)
    log = story.quiet(12_000, 9100, 500)
    for line in story.quiet(9000, 100, 900):
        log += ["bird: Unable to create socket: Too many open files", line]
    story.log("", wrapped(story, log, "docker"), "container-json.log")
    story.texts["status.txt"] = (
        "Calico process is running.\n\nINFO: BIRDv4 process: 'bird' is not running.\n\nINFO: BIRDv6 process: 'bird6' is not running.\n"
    )
    story.cite("status.txt", "BIRDv4 process: 'bird' is not running.")
    return story


STORIES = [socket_denied, hangs, illegal, stopped, runit, killed, library, address_family, sv_down, killed_by_kernel]
