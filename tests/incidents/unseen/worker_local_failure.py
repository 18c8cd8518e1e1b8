"""worker-local-failure: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from cluster import container, join
from telling import NOT_LIVE, SOCKET, Incident, incident

CAUSE = "worker-local-failure"


def completed_without_a_reason(now: datetime) -> Incident:
    story = incident(
        "ready-for-four-minutes-then-completed",
        CAUSE,
        "One of nine ROKS workers: calico-node is ready for some minutes, then its container ends with Completed, exit code 0, over and over; its log holds ordinary lines to the end and names no reason, the other eight run the same image for weeks.",
        "https://github.com/projectcalico/calico/issues/2822",
        now,
        platform="roks",
        calico="v3.26.3",
        kubernetes="v1.29.10+67d3387",
        difficulty="hard",
        acceptable=["bird-not-running", "software-defect"],
    )
    nodes = story.workers(
        [f"10.188.30.{n}" for n in range(40, 49)],
        os_image="Red Hat Enterprise Linux 8.10 (Ootpa)",
        kernel="4.18.0-553.22.1.el8_10.x86_64",
        runtime="cri-o://1.29.9-5.rhaos4.16.gitf75ad5f.el8",
    )
    bad = nodes[5]
    story.agents([n for n in nodes if n != bad], started=1_600_000)
    name = story.agents([bad], ready=True, restarts=133, started=150, age=900_000, last=("Completed", 0, 400))[0]
    story.pod_event(
        name,
        "BackOff",
        f"Back-off restarting failed container calico-node in pod {name}_calico-system(71d0)",
        170,
        88_000,
        2011,
    )
    story.pod_event(
        name,
        "Pulled",
        f'Container image "{story.registry}/node:{story.calico}" already present on machine',
        150,
        88_300,
        134,
        type_="Normal",
    )
    peers = [n for n in nodes if n != bad]
    story.log(name, story.boot(bad, 645, peers) + story.quiet(640, 402, 63), f"{name}-previous.log")
    story.log(name, story.boot(bad, 149, peers) + story.quiet(143, 4, 63))
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"describe-pod-{name}.txt", "Completed")
    return story


def random_numbers_of_its_processor(now: datetime) -> Incident:
    story = incident(
        "one-machine-says-crngt-failed",
        CAUSE,
        "One of seven like machines: calico-node ends in its first second with 'CRNGT failed.' (the self-test of the random numbers in its crypto library), nothing else in the log; the same image runs on the six others. A fault of this machine.",
        "https://github.com/projectcalico/calico/issues/7001",
        now,
        platform="other",
        calico="v3.22.4",
        kubernetes="v1.22.15",
        registry="quay.io/calico",
        namespace="kube-system",
        difficulty="medium",
        acceptable=["software-defect"],
    )
    hosts = {f"farm{n}": f"10.15.0.{100 + n}" for n in range(1, 8)}
    bad = "farm5"
    story.hosts(hosts, os_image="Red Hat Enterprise Linux 8.6 (Ootpa)", kernel="4.18.0-372.32.1.el8_6.x86_64")
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=1_600_000)
    name = story.staff(
        {bad: hosts[bad]}, ready=False, restarts=208, waiting="CrashLoopBackOff", last=("Error", 2, 180), age=70_000
    )[0]
    story.probe(name, SOCKET, 181, 64_000, 400)
    story.pod_event(name, "BackOff", "Back-off restarting failed container", 13, 69_000, 4400)
    story.log(name, ["CRNGT failed."], f"{name}-previous.log")
    story.log(name, ["CRNGT failed."])
    ok = story.pods["farm2"]
    story.recreated(ok, [hosts[bad]], 61_000, 5)
    story.describe(bad)
    story.commands[f"describe-pod-{ok}.txt"] = f"describe pod -n kube-system {ok}"
    story.affected = [bad]
    story.cite(f"{name}.log", "CRNGT failed.")
    return story


def exec_format_on_one(now: datetime) -> Incident:
    story = incident(
        "exec-format-error-on-one-of-ten-equal-machines",
        CAUSE,
        "One of ten equal amd64 workers: calico-node (same image, same digest as elsewhere) ends at once with 'exec format error', for hours after the worker lost power; the unpacked files of its image on this disk are damaged. The other nine run.",
        "https://github.com/containerd/containerd/issues/5854",
        now,
        platform="vpc",
        calico="v3.29.1",
        kubernetes="v1.31.3+IKS",
        difficulty="medium",
        acceptable=["container-runtime-down", "image-pull-failure"],
    )
    nodes = story.workers([f"10.241.3.{n}" for n in (4, 5, 6, 7, 9, 10, 12, 13, 15, 16)])
    bad = nodes[6]
    story.agents([n for n in nodes if n != bad], started=1_400_000)
    story.typha(nodes[0], started=1_400_000)
    story.typha(nodes[3], "wc9tx", started=1_400_000)
    name = story.agents(
        [bad], ready=False, restarts=74, waiting="CrashLoopBackOff", last=("Error", 1, 205), age=1_400_100
    )[0]
    story.node_event(
        bad, "Rebooted", f"Node {bad} has been rebooted, boot id: 9d4ce1c7-1f60-4f59-8d8b-b8a7b1a9c7e3", 22_000
    )
    story.pod_event(
        name,
        "Pulled",
        f'Container image "{story.registry}/node:{story.calico}" already present on machine',
        205,
        21_900,
        75,
        type_="Normal",
    )
    story.pod_event(
        name,
        "BackOff",
        f"Back-off restarting failed container calico-node in pod {name}_calico-system(e3a8)",
        6,
        21_800,
        1570,
    )
    story.log(name, ["exec /usr/sbin/start_runit: exec format error"])
    ok = story.pods[nodes[1]]
    tag = f"bird: Mesh_{bad.replace('.', '_')}: "
    story.log(ok, [
        *story.quiet(23_000, 22_100, 300),
        *(tag + x for x in ("Error: Hold timer expired", "State changed to stop", "State changed to down", "Starting", "State changed to start")),
        *story.quiet(3000, 10, 200),
    ])  # fmt: skip
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"{name}.log", "exec format error")
    return story


def nodename_file_cannot_be_read(now: datetime) -> Incident:
    story = incident(
        "input-output-error-at-the-nodename-file",
        CAUSE,
        "One of four classic workers: calico-node ends at start because /var/lib/calico/nodename gives 'input/output error' (bad blocks on this worker's disk; the kernel says so). The rest of the cluster is fine; the worker is to be reloaded or replaced.",
        "https://github.com/projectcalico/calico/blob/v3.26.5/node/pkg/lifecycle/utils/utils.go",
        now,
        platform="classic",
        calico="v3.26.5",
        kubernetes="v1.28.15+IKS",
        difficulty="easy",
    )
    nodes = story.workers([f"10.93.122.{n}" for n in (66, 71, 78, 83)])
    bad = nodes[3]
    story.agents([n for n in nodes if n != bad], started=1_100_000)
    story.typha(nodes[1], started=1_100_000)
    name = story.agents([bad], ready=False, restarts=22, waiting="CrashLoopBackOff", last=("Error", 1, 140))[0]
    story.probe(name, SOCKET, 143, 6600, 22)
    story.pod_event(
        name,
        "BackOff",
        f"Back-off restarting failed container calico-node in pod {name}_calico-system(b11f)",
        3,
        6500,
        480,
    )
    lines = [
        *story.boot(bad, 141)[:3],
        story.say(140.9, "ERROR", 9, "startup", "utils.go 85:", "Failed to read /var/lib/calico/nodename error=read /var/lib/calico/nodename: input/output error"),
        story.say(140.9, "WARNING", 9, "startup", "utils.go 49:", "Terminating"),
        "Calico node failed to start",
    ]  # fmt: skip
    story.log(name, lines, f"{name}-previous.log")
    story.log(name, lines)
    host = "kube-cq0sample0f0d0000-demo-default-00000053"
    story.texts["syslog-excerpt.txt"] = "".join(
        f"{story.syslog(ago)} {host} kernel: [81{4200 - ago}.11{ago:03}7] {text}\n"
        for ago, text in (
            (690, "sd 0:0:1:0: [sdb] tag#17 FAILED Result: hostbyte=DID_OK driverbyte=DRIVER_OK cmd_age=2s"),
            (690, "sd 0:0:1:0: [sdb] tag#17 Sense Key : Medium Error [current]"),
            (
                690,
                "blk_update_request: critical medium error, dev sdb, sector 91830272 op 0x0:(READ) flags 0x80700 phys_seg 1 prio class 0",
            ),
            (
                420,
                "EXT4-fs error (device sdb1): ext4_find_entry:1683: inode #262147: comm calico-node: reading directory lblock 0",
            ),
            (
                141,
                "blk_update_request: critical medium error, dev sdb, sector 91830272 op 0x0:(READ) flags 0x0 phys_seg 1 prio class 0",
            ),
        )
    )
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"{name}.log", "input/output error")
    return story


# told on 29 November 2026 without having seen the rules
def run_scripts_cannot_be_started_on_one(now: datetime) -> Incident:
    story = incident(
        "runsv-finds-no-run-files-on-one-of-seven",
        CAUSE,
        "One of seven equal workers: inside its calico-node container runsv cannot start any service ('unable to start ./run: file does not exist'), start-up itself is clean; the same image, by the same digest, runs on the six others. After its restart by the liveness probe it is the same, neighbours miss BGP with it.",
        "https://github.com/projectcalico/calico/issues/5661",
        now,
        platform="other",
        calico="v3.21.4",
        kubernetes="v1.22.6",
        registry="docker.io/calico",
        difficulty="medium",
    )
    hosts = {f"tx-{n:02}": f"10.19.88.{n}" for n in (21, 22, 23, 24, 25, 26, 27)}
    story.hosts(hosts, os_image="Ubuntu 20.04.3 LTS", kernel="5.11.0-46-generic", runtime="containerd://1.5.9")
    bad = "tx-24"
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=1_500_000)
    name = story.staff({bad: hosts[bad]}, ready=False, restarts=33, started=66, last=("Error", 137, 68))[0]
    story.probe(name, SOCKET, 7, 9_400, 312)
    story.probe(name, NOT_LIVE, 70, 9_380, 201, kind="Liveness")
    story.pod_event(
        name, "Killing", "Container calico-node failed liveness probe, will be restarted", 98, 9_300, 33, type_="Normal"
    )
    story.not_established(story.pods["tx-21"], [hosts[bad]], 9_350, 9_400, 2, established=5)
    log = story.boot(bad, 64, bird=False, interface="eno1", prefix=24)[:13]
    services = (
        "felix",
        "confd",
        "bird",
        "bird6",
        "node-status-reporter",
        "allocate-tunnel-addrs",
        "monitor-addresses",
        "cni",
    )
    log += [f"runsv {s}: fatal: unable to start ./run: file does not exist" for _ in range(40) for s in services]
    story.log(name, log)
    story.commands["describe-pod.txt"] = f"describe pod -n calico-system {name}"
    story.commands["pods-wide.txt"] = "get pods -n calico-system -o wide"
    story.texts["image-digests.txt"] = join(f"{k}: docker.io/calico/node@sha256:d52a8b1f00c3e9" for k in hosts)
    story.affected = [bad]
    story.cite(f"{name}.log", "runsv felix: fatal: unable to start ./run: file does not exist")
    return story


def virtual_machine_with_the_compatible_processor(now: datetime) -> Incident:
    story = incident(
        "one-virtual-machine-shows-an-ancient-processor",
        CAUSE,
        "After a failover one of five VMs runs with the hypervisor's processor-compatibility mode: its CPU lacks x86-64-v2, so every program of the Calico images ends at once there ('Fatal glibc error', 'This program can only be run on AMD64 processors with v2 ...'). Loud are the missing typha and BGP with that node; the other four are fine with the same images.",
        "https://github.com/projectcalico/calico/issues/11352",
        now,
        platform="other",
        calico="v3.30.4",
        kubernetes="v1.33.5",
        registry="quay.io/calico",
        difficulty="hard",
        acceptable=["software-defect"],
    )
    hosts = {f"hv-k8s-{n}": f"192.168.211.{n + 30}" for n in range(1, 6)}
    bad = "hv-k8s-4"
    story.hosts(hosts, os_image="Ubuntu 24.04.3 LTS", kernel="6.8.0-86-generic", runtime="containerd://2.1.4")
    story.node_event(
        bad, "Rebooted", f"Node {bad} has been rebooted, boot id: 90a1b7c2-1e34-46a8-8a66-0d41c0a9e6f7", 3_000
    )
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=1_600_000)
    init = [
        container(story, "flexvol-driver", "quay.io/calico/pod2daemon-flexvol:v3.30.4", ready=False, restarts=14, waiting="CrashLoopBackOff", last=("Error", 127, 55)),
        container(story, "install-cni", "quay.io/calico/cni:v3.30.4", ready=False, waiting="PodInitializing"),
    ]  # fmt: skip
    name = story.staff({bad: hosts[bad]}, ready=False, waiting="PodInitializing", phase="Pending", init=init)[0]
    story.typha("hv-k8s-1", "4jzpw", started=1_590_000)
    typha = story.typha(bad, "m8t6c", ready=False, restarts=14, waiting="CrashLoopBackOff", last=("Error", 1, 130))
    story.pod_event(
        name,
        "BackOff",
        f"Back-off restarting failed container flexvol-driver in pod {name}_calico-system(77ad)",
        9,
        2_900,
        231,
    )
    story.pod_event(
        typha,
        "BackOff",
        f"Back-off restarting failed container calico-typha in pod {typha}_calico-system(0b92)",
        14,
        2_900,
        226,
    )
    for k in ("hv-k8s-2", "hv-k8s-5"):
        story.not_established(story.pods[k], [hosts[bad]], 2_950, 2_990, 3, established=3)
    story.events()
    story.commands["describe-calico-node.txt"] = f"describe pod -n calico-system {name}"
    story.commands["pods.txt"] = "get pods -n calico-system -o wide"
    story.commands["nodes.txt"] = "get nodes -o wide"
    story.texts["logs.txt"] = (
        f"$ kubectl logs -n calico-system {name} -c flexvol-driver\nFatal glibc error: CPU does not support x86-64-v2\n"
        f"$ kubectl logs -n calico-system {typha}\nThis program can only be run on AMD64 processors with v2 microarchitecture support.\n"
        "$ for n in 1 2 3 4 5; do echo -n \"hv-k8s-$n \"; ssh hv-k8s-$n \"grep -m1 flags /proc/cpuinfo | tr ' ' '\\n' | grep -c -e sse4_2 -e popcnt -e ssse3\"; done\nhv-k8s-1 3\nhv-k8s-2 3\nhv-k8s-3 3\nhv-k8s-4 0\nhv-k8s-5 3\n"
    )
    story.affected = [bad]
    story.cite("logs.txt", "Fatal glibc error: CPU does not support x86-64-v2")
    return story


STORIES = [
    completed_without_a_reason,
    random_numbers_of_its_processor,
    exec_format_on_one,
    nodename_file_cannot_be_read,
    run_scripts_cannot_be_started_on_one,
    virtual_machine_with_the_compatible_processor,
]
