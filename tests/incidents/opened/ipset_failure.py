"""ipset-failure: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime

from cluster import container
from telling import FELIX_503, Incident, incident, wrapped

CAUSE = "ipset-failure"


def the_limit_was_lowered_and_the_cluster_grew(now: datetime) -> Incident:
    story = incident(
        "ipset-limit-of-the-pilot-days-is-reached",
        CAUSE,
        "FelixConfiguration still has maxIpsetSize 1024 from the pilot; since the number of pods that a default policy selects passed it, ipset answers 'Hash is full' on every node, felix panics and starts over. The pods' timeouts and the 503 of the probes follow from it.",
        "https://github.com/projectcalico/felix/issues/768",
        now,
        platform="other",
        calico="v3.27.0",
        kubernetes="v1.28.6",
        registry="quay.io/calico",
        difficulty="easy",
        acceptable=["invalid-calico-config"],
    )
    hosts = {f"edu-k8s-w{n:02}": f"172.20.14.{10 + n}" for n in range(1, 10)}
    story.hosts(
        hosts, age=24_000_000, os_image="Debian GNU/Linux 12 (bookworm)", kernel="6.1.0-17-amd64", runtime="containerd://1.7.11"
    )  # fmt: skip
    names = story.staff(hosts, ready=False, started=2_900_000, age=2_900_040)
    for n, name in enumerate(names):
        story.probe(name, FELIX_503, 4 + 3 * n, 9_300 - n, 300 + n)
    story.typha("edu-k8s-w02", started=2_800_000)
    me = "edu-k8s-w07"
    stderr = 'stderr="ipset v7.11: Error in line 1027: Hash is full, cannot add more elements\\n"'
    lines = []
    for turn in range(16):
        ago, pid = 590 - 36.4 * turn, 9_114 + 71 * turn
        for n in range(5):
            lines += [
                story.say(
                    ago - 1.7 * n, "WARNING", pid, "felix", "ipsets.go 717:",
                    f'Failed to complete ipset restore, IP sets may be out-of-sync. closeErr=<nil> family="inet" flushErr=<nil> input="create cali40s:dXkM3qT8yVnG2bE_ct5LwZJ hash:net family inet maxelem 1024\\nadd cali40s:dXkM3qT8yVnG2bE_ct5LwZJ 10.244.17.3/32\\nadd cali40s:dXkM3qT8yVnG2bE_ct5LwZJ 10.244.17.5/32\\nadd cali40s:dXkM3qT8yVnG2bE_ct5LwZJ 10.244.17.9/32\\n<truncated>" processErr=exit status 1 {stderr} stdout="" writeErr=<nil>',
                ),
                story.say(ago - 1.7 * n - 0.01, "INFO", pid, "felix", "ipsets.go 344:", 'Retrying after an ipsets update failure... family="inet"'),
            ]  # fmt: skip
        lines += [
            story.say(ago - 9.1, "PANIC", pid, "felix", "ipsets.go 379:", 'Failed to update IP sets after multiple retries. family="inet"'),
            "panic: (*logrus.Entry) 0xc00093a150", "", "goroutine 260 [running]:",
            "github.com/sirupsen/logrus.(*Entry).log(0xc0009be1c0, 0x0, {0xc00112c0c0, 0x2e})",
            "\t/go/pkg/mod/github.com/sirupsen/logrus@v1.9.3/entry.go:260 +0x47e",
            story.say(ago - 10.4, "INFO", pid + 71, "felix", "daemon.go 148:", f'Felix starting up GOMAXPROCS=8 builddate="2023-12-15T21:17:40+0000" gitcommit="711528e" version="{story.calico}"'),
        ]  # fmt: skip
    story.log(story.pods[me], wrapped(story, lines, "prefix", story.pods[me]))
    story.texts["felixconfiguration.yaml"] = (
        'apiVersion: crd.projectcalico.org/v1\nkind: FelixConfiguration\nmetadata:\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: |\n      {"apiVersion":"crd.projectcalico.org/v1","kind":"FelixConfiguration","metadata":{"annotations":{},"name":"default"},"spec":{"bpfLogLevel":"","logSeverityScreen":"Info","maxIpsetSize":1024,"reportingInterval":"0s"}}\n'
        f'  creationTimestamp: "{story.ago(23_900_000)}"\n  generation: 3\n  name: default\n  resourceVersion: "9118"\nspec:\n  bpfLogLevel: ""\n  floatingIPs: Disabled\n  healthPort: 9099\n  logSeverityScreen: Info\n  maxIpsetSize: 1024\n  reportingInterval: 0s\n'
    )
    quiz = story.other("quiz-api-6b8f9d77c5-h7wtx", me, "10.244.19.80", "courses", "ReplicaSet/quiz-api-6b8f9d77c5", "quiz-api",
                       ready=False, restarts=31, started=40, last=("Error", 1, 44), age=8_700)  # fmt: skip
    story.pod_event(quiz, "Unhealthy", "Readiness probe failed: dial tcp 10.244.19.80:8080: i/o timeout", 7, 8_600, 860, namespace="courses")  # fmt: skip
    story.describe(me)
    story.affected = list(hosts)
    story.cite(f"{story.pods[me]}.log", "Hash is full, cannot add more elements")
    return story


def the_tool_itself_dies(now: datetime) -> Incident:
    story = incident(
        "ipset-dies-of-a-segmentation-fault-on-one-host",
        CAUSE,
        "On one host the program ipset in the calico-node container dies of a segmentation fault at each restore: felix cannot write its sets and panics every half minute, so it is never ready and pods of this host cannot be reached. The kernel log shows the same program and library each time; the other seven hosts with the same kernel and image are fine.",
        "https://github.com/projectcalico/felix/issues/1181",
        now,
        platform="other",
        calico="v3.21.6",
        kubernetes="v1.22.17",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="medium",
    )
    hosts = {f"osl-host{n}": f"10.80.40.{100 + n}" for n in range(1, 9)}
    bad = "osl-host5"
    story.hosts(
        hosts, age=33_000_000, os_image="Ubuntu 20.04.6 LTS", kernel="5.4.0-169-generic", runtime="docker://20.10.25"
    )
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=5_000_000, age=5_000_020)
    name = story.staff(
        {bad: hosts[bad]},
        ready=False,
        started=7_400,
        age=7_420,
        init=[container(story, "install-cni", "docker.io/calico/cni:v3.21.6", done=True, started=7_410)],
    )[0]
    story.probe(name, FELIX_503, 13, 7_340, 246)
    lines: list[str] = []  # the newest file of the node only
    pid = 20_913
    for turn in range(24):
        ago = 744 - 31.0 * turn
        if turn:
            lines.append(story.say(ago + 1.1, "INFO", pid, "felix", "daemon.go 360:", f'Felix starting up GOMAXPROCS=32 builddate="2022-06-30T14:09:21+0000" gitcommit="b8ed8d8" version="{story.calico}"'))  # fmt: skip
        for n in range(10):
            lines += [
                story.say(
                    ago - 0.4 * n - 0.05 * n * n, "WARNING", pid, "felix", "ipsets.go 717:",
                    'Failed to complete ipset restore, IP sets may be out-of-sync. closeErr=<nil> commitErr=<nil> family="inet" flushErr=<nil> input="create cali40masq-ipam-pools hash:net family inet maxelem 1048576\\ncreate cali4t0 hash:net family inet maxelem 1048576\\nadd cali4t0 10.42.0.0/16\\nswap cali40masq-ipam-pools cali4t0\\ndestroy cali4t0\\nCOMMIT\\n" processErr=signal: segmentation fault stderr="" stdout="" writeErr=<nil>',
                ),
                story.say(ago - 0.4 * n - 0.05 * n * n - 0.01, "INFO", pid, "felix", "ipsets.go 329:", 'Retrying after an ipsets update failure... family="inet"'),
            ]  # fmt: skip
        lines.append(story.say(ago - 9.3, "PANIC", pid, "felix", "ipsets.go 364:", 'Failed to update IP sets after multiple retries. family="inet"'))  # fmt: skip
        lines.append("panic: (*logrus.Entry) 0xc0005ee0e0")
        pid += 88
    story.log(name, wrapped(story, lines, "docker"), f"{name}-json.log")
    story.texts["dmesg-osl-host5.txt"] = "".join(
        f"[{9_214_402.118 + 31 * n + k:.6f}] {text}\n"
        for n in range(6)
        for k, text in (
            (
                0.0,
                f"ipset[{211_908 + 88 * n}]: segfault at 18 ip 00007f2c1be0{(0xA3F1 + 7 * n) & 0xFFFF:04x} sp 00007ffd7a1c5a90 error 4 in libipset.so.13.4.0[7f2c1bdf8000+1f000]",
            ),
            (0.00012, "Code: 48 8b 47 18 48 85 c0 74 17 48 8b 40 10 c3 66 0f 1f 44 00 00 31 c0 c3 66 2e 0f 1f 84 00"),
        )
    )
    pod_ = story.other("tiles-5c6d7f9b8d-q2v9s", bad, "10.42.205.71", "maps", "ReplicaSet/tiles-5c6d7f9b8d", "tiles", ready=False,
                       restarts=0, started=7_000, age=7_020)  # fmt: skip
    story.pod_event(pod_, "Unhealthy", "Readiness probe failed: dial tcp 10.42.205.71:9000: i/o timeout", 8, 6_980, 690, namespace="maps")  # fmt: skip
    story.describe(bad, name)
    story.affected = [bad]
    story.cite(f"{name}-json.log", "processErr=signal: segmentation fault")
    story.cite("dmesg-osl-host5.txt", "segfault at 18")
    return story


def modules_of_an_appliance_speak_another_protocol(now: datetime) -> Incident:
    story = incident(
        "filter-appliance-brought-its-own-set-modules",
        CAUSE,
        "On the two edge hosts a DDoS filter's package built IP set modules of its own (DKMS, out of tree) for the running kernel; since the reboot the ipset in calico-node gets 'ipset protocol error' for every command there. felix dies after its retries, again and again; refused liveness probes, BGP that comes and goes and pods without policy follow. The three other hosts have the distribution's modules.",
        "https://git.netfilter.org/ipset/tree/lib/errcode.c (IPSET_ERR_PROTOCOL) with felix/ipsets/ipsets.go",
        now,
        platform="other",
        calico="v3.25.1",
        kubernetes="v1.26.5",
        registry="docker.io/calico",
        difficulty="medium",
        acceptable=["kernel-module-missing"],
    )
    hosts = {f"pop-core-{n}": f"10.9.80.{10 + n}" for n in (1, 2, 3)}
    edge = {f"pop-edge-{n}": f"10.9.80.{20 + n}" for n in (1, 2)}
    dress = {"os_image": "Ubuntu 22.04.2 LTS", "kernel": "5.15.0-72-generic", "runtime": "containerd://1.6.21"}
    story.hosts(hosts | edge, **dress)
    story.staff(hosts, started=1_600_000)
    story.staff(edge, ready=False, restarts=41, started=33, last=("Error", 137, 34))
    story.typha("pop-core-2", started=1_600_000)
    stderr = 'stderr="ipset v7.11: Kernel error received: ipset protocol error\\n"'
    for i, node in enumerate(edge):
        story.node_event(node, "Rebooted", f"Node {node} has been rebooted, boot id: 0c3d{i}7a1-7cc0-4a52-9b0e-6a1f0a8e2d1{i}", 6_900 - 700 * i)  # fmt: skip
        story.probe(story.pods[node], FELIX_503, 12 + i, 6_700, 220)
        story.pod_event(story.pods[node], "BackOff", "Back-off restarting failed container calico-node in pod " + story.pods[node], 300, 6_000, 88)  # fmt: skip
    story.not_established(story.pods["pop-core-1"], ["10.9.80.21"], 6_800, 6_830, 2, established=3)
    node = "pop-edge-1"
    others = [a for n, a in (hosts | edge).items() if n != node]
    lines = story.boot(node, 32, others, interface="bond0", prefix=24)[:-1]
    ago = 27.0
    for turn in range(9):
        lines += [
            story.say(ago, "INFO", 61, "felix", "ipsets.go 337:", 'Retrying after an ipsets update failure... family="inet"') if turn else story.say(ago, "INFO", 61, "felix", "ipsets.go 130:", 'Queueing IP set for creation family="inet" setID="this-host" setType="hash:ip"'),
            story.say(ago - 0.02, "ERROR", 61, "felix", "ipsets.go 601:", f"Bad return code from 'ipset list'. error=exit status 1 family=\"inet\" {stderr}"),
            story.say(ago - 0.03, "WARNING", 61, "felix", "ipsets.go 346:", 'Failed to resync with dataplane error=exit status 1 family="inet"'),
        ]  # fmt: skip
        ago -= 0.3 + 0.25 * turn
    lines += [
        story.say(ago, "ERROR", 61, "felix", "ipsets.go 893:", f'Failed to dump ipset diagnostics error=exit status 1 family="inet" {stderr}'),
        story.say(ago - 0.1, "PANIC", 61, "felix", "ipsets.go 379:", 'Failed to update IP sets after multiple retries. family="inet"'),
        "panic: (*logrus.Entry) 0xc0004d2a80", "", "goroutine 287 [running]:",
        "github.com/sirupsen/logrus.(*Entry).log(0xc0004d2a10, 0x0, {0xc000b1c0c0, 0x2e})",
        "\t/go/pkg/mod/github.com/projectcalico/logrus@v1.0.4-calico/entry.go:128 +0x4e5",
    ]  # fmt: skip
    lines += story.boot(node, ago - 0.4, interface="bond0", prefix=24, first=2_210)[15:18]
    story.log(story.pods[node], wrapped(story, lines, "stamps"), "calico-node-pop-edge-1.log")
    story.log(
        story.pods["pop-core-2"], wrapped(story, story.quiet(700, 20, 63), "stamps"), "calico-node-pop-core-2.log"
    )
    story.texts["hosts.txt"] = (
        "root@pop-edge-1:~# ipset version\nipset v7.15, protocol version: 7\nipset v7.15: Kernel error received: ipset protocol error\n"
        "root@pop-edge-1:~# modinfo -n ip_set ip_set_hash_net\n/lib/modules/5.15.0-72-generic/updates/dkms/ip_set.ko\n/lib/modules/5.15.0-72-generic/updates/dkms/ip_set_hash_net.ko\n"
        "root@pop-edge-1:~# dkms status\nscrubd-ipset/2.4.1, 5.15.0-72-generic, x86_64: installed\n\n"
        "root@pop-core-2:~# ipset version\nipset v7.15, protocol version: 7\nroot@pop-core-2:~# modinfo -n ip_set\n/lib/modules/5.15.0-72-generic/kernel/net/netfilter/ipset/ip_set.ko\n"
    )
    story.describe(node)
    story.affected = list(edge)
    story.cite("calico-node-pop-edge-1.log", "Kernel error received: ipset protocol error")
    return story


STORIES = [
    the_limit_was_lowered_and_the_cluster_grew,
    the_tool_itself_dies,
    modules_of_an_appliance_speak_another_protocol,
]
