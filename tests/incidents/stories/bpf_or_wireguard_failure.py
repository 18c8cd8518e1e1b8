"""bpf-or-wireguard-failure: the eBPF dataplane or WireGuard cannot be set up."""

from __future__ import annotations

from datetime import datetime

from cluster import container
from telling import Incident, incident


def kernel_too_old_for_bpf(now: datetime) -> Incident:
    story = incident(
        "ebpf-turned-off-by-felix-kube-proxy-gone", "bpf-or-wireguard-failure",
        "felix disables the BPF mode that was asked for because the kernel is too old; with kube-proxy removed nobody serves "
        "service addresses, hence the time-outs everywhere.",
        "https://github.com/xunholy/k8s-gitops/pull/98", now, difficulty="hard", platform="other", calico="v3.18.4",
        kubernetes="v1.20.15", namespace="calico-system", registry="docker.io/calico",
    )  # fmt: skip
    hosts = {f"pi-k8s-{n}": f"192.168.7.{20 + n}" for n in (1, 2, 3, 4)}
    story.hosts(hosts, kernel="5.0.0-38-generic", os_image="Ubuntu 18.04.4 LTS")
    pods = story.staff(hosts, started=9000, age=9000)
    for i, host in enumerate(list(hosts)[:2]):
        name = story.other(
            f"coredns-74ff55c5b-{i}xq7d",
            host,
            ip=f"192.168.201.{7 + i}",
            owner="ReplicaSet/coredns-74ff55c5b",
            ready=False,
            restarts=20,
            waiting="CrashLoopBackOff",
            last=("Error", 1, 200),
        )
        story.pod_event(
            name,
            "Unhealthy",
            "Readiness probe failed: HTTP probe failed with statuscode: 503",
            15,
            8700,
            860,
            namespace="kube-system",
        )
    log = story.boot("pi-k8s-1", 9000, list(hosts.values())[1:])
    log.insert(
        19,
        story.say(
            8998.5,
            "ERROR",
            61,
            "felix",
            "daemon.go 337:",
            "BPF dataplane mode enabled but not supported by the kernel.  Disabling BPF mode. error=kernel is too old (have: 5.0.0 but want at least: 5.3.0)",
        ),
    )
    log.insert(
        20,
        story.say(
            8998.4,
            "INFO",
            61,
            "felix",
            "config_params.go 335:",
            "Merging in config from internal override: map[BPFEnabled:false]",
        ),
    )
    story.log(pods[0], [*log, *story.quiet(1500, 10)])
    lines = [
        '[ERROR] plugin/kubernetes: pkg/mod/k8s.io/client-go@v0.20.1/tools/cache/reflector.go:167: Failed to watch *v1.Service: failed to list *v1.Service: Get "https://10.96.0.1:443/api/v1/services?limit=500&resourceVersion=0": dial tcp 10.96.0.1:443: i/o timeout'
        for _ in range(14)
    ]
    story.texts["coredns.log"] = "\n".join(['[INFO] plugin/ready: Still waiting on: "kubernetes"', *lines]) + "\n"
    story.describe("pi-k8s-1", pods[0])
    story.affected = list(hosts)
    story.cite(f"{pods[0]}.log", "BPF dataplane mode enabled but not supported by the kernel")
    return story


def wireguard_without_its_module(now: datetime) -> Incident:
    story = incident(
        "el7-workers-wireguard-dkms-not-built", "bpf-or-wireguard-failure",
        "WireGuard was switched on, but on the EL7 workers its module was not built, so felix cannot bring up wireguard.cali there "
        "and pod traffic between these and the other hosts stops.",
        "https://github.com/kubernetes-sigs/kubespray/issues/7747", now, difficulty="medium", platform="other", calico="v3.19.1",
        kubernetes="v1.20.7", namespace="kube-system", registry="quay.io/calico",
    )  # fmt: skip
    master = {"ks-master-1": "10.80.14.11"}
    work = {f"ks-worker-{n}": f"10.80.14.{20 + n}" for n in (1, 2, 3)}
    story.hosts(
        master, kernel="4.18.0-305.el8.x86_64", os_image="CentOS Linux 8", labels={"node-role.kubernetes.io/master": ""}
    )
    story.hosts(work, kernel="3.10.0-1160.31.1.el7.x86_64", os_image="Red Hat Enterprise Linux Server 7.9 (Maipo)")
    first = story.staff(master)
    pods = story.staff(work, ready=False, started=5000)
    for name in pods:
        story.pod_event(
            name,
            "Unhealthy",
            "Readiness probe failed: calico/node is not ready: felix is not ready: readiness probe reporting 503",
            9,
            4800,
            158,
        )
    log = [*story.boot("ks-worker-1", 5000, [*master.values(), *list(work.values())[1:]]), *story.quiet(4900, 4500)]
    for n in range(24):
        ago = 700 - 28 * n
        log.append(
            story.say(
                ago,
                "INFO",
                65,
                "felix",
                "wireguard.go 1446:",
                'Wireguard device needs to be created ifaceName="wireguard.cali"',
            )
        )
        log.append(
            story.say(
                ago,
                "ERROR",
                65,
                "felix",
                "wireguard.go 662:",
                'error querying wireguard device error=operation not supported ifaceName="wireguard.cali"',
            )
        )
        log.append(
            story.say(
                ago - 0.02,
                "WARNING",
                65,
                "felix",
                "int_dataplane.go 1553:",
                "Failed to synchronize wireguard, will retry... error=operation not supported",
            )
        )
        if n % 6 == 0:
            log.append(story.say(ago - 0.5, "INFO", 65, "felix", "route_table.go 417:", "Trying to connect to netlink"))
    story.log(pods[0], log)
    story.texts["felixconfiguration.yaml"] = (
        'apiVersion: crd.projectcalico.org/v1\nkind: FelixConfiguration\nmetadata:\n  name: default\nspec:\n  bpfLogLevel: ""\n  ipipEnabled: true\n  logSeverityScreen: Info\n  reportingInterval: 0s\n  wireguardEnabled: true\n'
    )
    story.describe("ks-worker-1", pods[0])
    story.commands[f"describe-pod-{first[0]}.txt"] = f"describe pod -n kube-system {first[0]}"
    story.affected = list(work)
    story.cite(f"{pods[0]}.log", "error querying wireguard device")
    return story


def pinned_map_of_other_size(now: datetime) -> Incident:
    story = incident(
        "bpf-conntrack-map-parameter-mismatch", "bpf-or-wireguard-failure",
        "After the size of the conntrack map was changed felix cannot load its programs on two workers, because the pinned map "
        "still has the old size; new pods there get no network.",
        "https://github.com/projectcalico/calico/issues/9651", now, difficulty="medium", platform="other", calico="v3.28.1",
        kubernetes="v1.29.4", registry="quay.io/calico", acceptable=["software-defect"],
    )  # fmt: skip
    hosts = {f"bm-{n:03}": f"10.160.90.{90 + n}" for n in range(1, 7)}
    story.hosts(hosts, kernel="5.15.0-101-generic")
    bad = {name: hosts[name] for name in ("bm-003", "bm-006")}
    story.staff({name: at for name, at in hosts.items() if name not in bad})
    pods = story.staff(bad, ready=False, started=2600)
    for name in pods:
        story.pod_event(
            name,
            "Unhealthy",
            "Readiness probe failed: calico/node is not ready: felix is not ready: readiness probe reporting 503",
            19,
            2500,
            84,
        )
    web = story.other(
        "front-86d5d9f6c-z8k4p",
        "bm-003",
        ip="",
        namespace="web",
        owner="ReplicaSet/front-86d5d9f6c",
        ready=False,
        waiting="ContainerCreating",
        phase="Pending",
        age=2000,
    )
    story.pod_event(
        web,
        "FailedCreatePodSandBox",
        "Failed to create pod sandbox: rpc error: code = DeadlineExceeded desc = context deadline exceeded",
        70,
        1900,
        9,
        namespace="web",
    )
    log = story.boot("bm-003", 2600, bird=False)
    point = 'attachPoint=&tc.AttachPoint{AttachPoint:bpf.AttachPoint{Hook:0, PolicyIdx:32, Iface:"cali52c6ce56514", LogLevel:"off"}, Type:"workload", ToOrFrom:"from", FIB:true, DSR:false, TunnelMTU:0x5aa}'
    for n in range(12):
        ago = 500 - 40 * n
        log += ["libbpf: couldn't reuse pinned map at '/sys/fs/bpf/tc/globals/cali_v4_ct3': parameter mismatch", "libbpf: map 'cali_v4_ct3': error reusing pinned map",
                "libbpf: map 'cali_v4_ct3': failed to create: Invalid argument(-22)", "libbpf: failed to load object '/usr/lib/calico/bpf/tc_preamble.o'"]  # fmt: skip
        log.append(story.say(ago, "WARNING", 103, "felix", "attach.go 164:", f"Failed to load program {point}"))
        log.append(
            story.say(
                ago - 0.1,
                "WARNING",
                103,
                "felix",
                "bpf_ep_mgr.go 1301:",
                'Failed to apply policy to endpoint, leaving it dirty error=loading preamble program failed: Invalid argument name="cali52c6ce56514"',
            )
        )
    story.log(pods[0], log)
    story.describe("bm-003", pods[0])
    story.commands["describe-front.txt"] = f"describe pod -n web {web}"
    story.affected = list(bad)
    story.cite(f"{pods[0]}.log", "parameter mismatch")
    return story


def bpf_filesystem_refused(now: datetime) -> Incident:
    story = incident(
        "bpffs-mount-not-permitted-new-hosts", "bpf-or-wireguard-failure",
        "On the three new hardened hosts the init container may not mount the BPF file system and felix then cannot create its "
        "maps; BGP complaints come from the neighbours only.",
        "node/cmd/calico-node/bpf (mount-bpffs), felix/dataplane/linux/int_dataplane.go", now, difficulty="hard", platform="other",
        calico="v3.25.1", kubernetes="v1.26.9", registry="quay.io/calico",
    )  # fmt: skip
    old = {f"flat-{n}": f"172.25.100.{n}" for n in (11, 12, 13)}
    new = {f"flat-{n}": f"172.25.100.{n}" for n in (21, 22, 23)}
    story.hosts(old, kernel="5.15.119-flatcar", os_image="Flatcar Container Linux by Kinvolk 3510.2.6 (Oklo)")
    story.hosts(
        new,
        kernel="6.1.55-flatcar",
        os_image="Flatcar Container Linux by Kinvolk 3602.2.0 (Oklo)",
        age=3000,
        since=2900,
    )
    first = story.staff(old)
    pods = []
    for name, at in new.items():
        init = [
            container(story, "install-cni", "quay.io/calico/cni:v3.25.1", done=True, started=2900),
            container(story, "mount-bpffs", "quay.io/calico/node:v3.25.1", done=True, started=2890),
        ]
        pods += story.staff(
            {name: at}, ready=False, restarts=8, started=100, last=("Error", 137, 104), age=2950, init=init
        )
    for name in first:
        story.recreated(name, list(new.values()), 300, 2)
    for name in pods:
        story.pod_event(
            name,
            "Unhealthy",
            'Readiness probe failed: calico/node is not ready: felix is not ready: Get "http://localhost:9099/readiness": dial tcp 127.0.0.1:9099: connect: connection refused',
            5,
            2800,
            150,
        )
    story.texts[f"{pods[0]}-mount-bpffs.log"] = "\n".join([
        story.line(2889, "INFO", 1, "init-best-effort/calico-init_linux.go 50:", "Checking if BPF filesystem is mounted."),
        story.line(2889, "INFO", 1, "init-best-effort/calico-init_linux.go 55:", "BPF filesystem is not mounted.  Will try to mount it now..."),
        story.line(2888, "ERROR", 1, "init-best-effort/calico-init_linux.go 40:", "Failed to mount BPF filesystem. error=failed to mount BPF filesystem: operation not permitted")]) + "\n"  # fmt: skip
    log = story.boot("flat-21", 100, [*old.values(), *list(new.values())[1:]], interface="eno1", prefix=24)
    for n in range(5):
        log.append(
            story.say(
                95 - 18 * n,
                "INFO",
                61 + 40 * n,
                "felix",
                "int_dataplane.go 735:",
                "BPF enabled, starting BPF endpoint manager and map manager.",
            )
        )
        log.append(
            story.say(
                94 - 18 * n,
                "PANIC",
                61 + 40 * n,
                "felix",
                "int_dataplane.go 798:",
                "error creating bpf maps error=failed to mount bpffs: operation not permitted",
            )
        )
        log += [
            "panic: (*logrus.Entry) 0xc000a3c070",
            "",
            "goroutine 1 [running]:",
            "github.com/sirupsen/logrus.(*Entry).log(0xc000000850, 0x0, {0xc0009f2150, 0x17})",
        ]
    story.log(pods[0], log)
    story.describe("flat-21", pods[0])
    story.commands[f"describe-pod-{first[0]}.txt"] = f"describe pod -n calico-system {first[0]}"
    story.affected = list(new)
    story.cite(f"{pods[0]}.log", "error creating bpf maps")
    story.cite(f"{pods[0]}-mount-bpffs.log", "Failed to mount BPF filesystem")
    return story


def load_balancer_cannot_attach(now: datetime) -> Incident:
    story = incident(
        "connect-time-balancer-bails-out", "bpf-or-wireguard-failure",
        "felix cannot attach the connect-time load balancer of the eBPF dataplane (the host has no usable cgroup v2) and bails out at "
        "each start, on every host.",
        "felix/dataplane/linux/int_dataplane.go (BPFConnTimeLBEnabled)", now, difficulty="easy", platform="other", calico="v3.23.3",
        kubernetes="v1.24.6", registry="quay.io/calico",
    )  # fmt: skip
    hosts = {f"ol8-{n}": f"192.168.55.{n}" for n in (61, 62, 63)}
    story.hosts(hosts, kernel="5.4.17-2136.312.3.4.el8uek.x86_64", os_image="Oracle Linux Server 8.6")
    pods = story.staff(hosts, ready=False, restarts=18, started=80, last=("Error", 137, 83), age=5000)
    for name in pods:
        story.pod_event(
            name,
            "Unhealthy",
            'Liveness probe failed: Get "http://localhost:9099/liveness": dial tcp 127.0.0.1:9099: connect: connection refused',
            25,
            4800,
            107,
        )
    log = story.boot("ol8-61", 80, ["192.168.55.62", "192.168.55.63"])
    for n in range(6):
        pid = 61 + 37 * n
        log.append(
            story.say(
                75 - 12 * n,
                "INFO",
                pid,
                "felix",
                "int_dataplane.go 596:",
                "BPF enabled, starting BPF endpoint manager and map manager.",
            )
        )
        log.append(
            story.say(
                74 - 12 * n,
                "PANIC",
                pid,
                "felix",
                "int_dataplane.go 641:",
                "BPFConnTimeLBEnabled but failed to attach connect-time load balancer, bailing out. error=failed to attach program calico_connect_v4: invalid argument",
            )
        )
        log += [
            "panic: (*logrus.Entry) 0xc0005a4000",
            "",
            "goroutine 1 [running]:",
            "github.com/sirupsen/logrus.(*Entry).log(0xc0001b2000, 0x0, {0xc0003aa000, 0x4f})",
        ]
    story.log(pods[0], log)
    story.describe("ol8-61", pods[0])
    story.affected = list(hosts)
    story.cite(f"{pods[0]}.log", "failed to attach connect-time load balancer")
    return story


def xdp_state(now: datetime) -> Incident:
    story = incident(
        "xdp-state-cannot-be-wiped-locked-down",
        "bpf-or-wireguard-failure",
        "On two hosts the kernel's lockdown forbids BPF (Permission denied(13)): felix cannot wipe its XDP state, panics after ten tries and the neighbours miss the two as BGP peers.",
        "https://github.com/projectcalico/calico/issues/4984",
        now,
        difficulty="medium",
        platform="other",
        calico="v3.20.1",
        kubernetes="v1.21.5",
        namespace="kube-system",
        registry="docker.io/calico",
    )
    hosts = {f"kyl-{n}": f"10.36.2.{100 + n}" for n in range(1, 6)}
    bad = ["kyl-4", "kyl-5"]
    story.hosts(
        {k: v for k, v in hosts.items() if k not in bad},
        kernel="4.19.90-23.8.v2101.ky10.x86_64",
        os_image="Kylin Linux Advanced Server V10 (Tercel)",
    )
    story.hosts({k: hosts[k] for k in bad}, kernel="5.10.0-60.18.0.50.secure.x86_64", os_image="openEuler 22.03 LTS")
    story.staff({k: v for k, v in hosts.items() if k not in bad})
    pods = story.staff({k: hosts[k] for k in bad}, ready=False, restarts=33, started=90, last=("Error", 137, 95))
    story.not_established(story.pods["kyl-1"], [hosts[b] for b in bad], 22, 7000, 140, established=2)
    for name in pods:
        story.pod_event(
            name,
            "Unhealthy",
            'Readiness probe failed: calico/node is not ready: felix is not ready: Get "http://localhost:9099/readiness": dial tcp 127.0.0.1:9099: connect: connection refused',
            6,
            6900,
            400,
        )
    log = story.boot("kyl-4", 90, [v for k, v in hosts.items() if k != "kyl-4"])
    for n in range(10):
        log += [
            story.say(
                84 - 7 * n,
                "WARNING",
                61,
                "felix",
                "int_dataplane.go 1431:",
                "failed to wipe the XDP state error=failed to load BPF program (/usr/lib/calico/bpf/filter.o): stat /sys/fs/bpf/calico/xdp/prefilter_v1_calico_tmp_A: no such file or directory",
            ),
            "libbpf: Error in bpf_object__probe_name():Permission denied(13). Couldn't load basic 'r0 = 0' BPF program.",
            "libbpf: failed to create map (name: 'calico_prefilter_v4'): Permission denied(-13)",
            "libbpf: failed to load object '/usr/lib/calico/bpf/filter.o'",
            "Error: failed to load object file",
            f" try={n}",
        ]
    log += [
        story.say(12, "PANIC", 61, "felix", "int_dataplane.go 1437:", "Failed to wipe the XDP state after 10 tries"),
        "panic: (*logrus.Entry) 0xc0004dc230",
        "",
        "goroutine 1 [running]:",
    ]
    story.log(pods[0], log)
    story.describe("kyl-4", pods[0])
    story.commands["describe-kyl-1.txt"] = f"describe pod -n kube-system {story.pods['kyl-1']}"
    story.affected = bad
    story.cite(f"{pods[0]}.log", "Failed to wipe the XDP state after 10 tries")
    return story


def memlock(now: datetime) -> Incident:
    story = incident(
        "map-create-not-permitted-memlock",
        "bpf-or-wireguard-failure",
        "The eBPF dataplane was switched on, but felix may not raise RLIMIT_MEMLOCK in these hosts' container runtime, so its maps cannot be created and it panics on every host.",
        "felix/bpf/bpfutils/bpf_utils.go (RLIMIT_MEMLOCK)",
        now,
        difficulty="easy",
        platform="other",
        calico="v3.26.1",
        kubernetes="v1.27.6",
        registry="quay.io/calico",
    )
    hosts = {f"lxd-{n}": f"10.77.77.{n}" for n in (21, 22, 23)}
    story.hosts(hosts, kernel="5.4.0-163-generic", os_image="Ubuntu 20.04.6 LTS")
    pods = story.staff(hosts, ready=False, restarts=26, started=40, last=("Error", 137, 45), age=6000)
    for name in pods:
        story.pod_event(
            name, "BackOff", f"Back-off restarting failed container calico-node in pod {name}", 200, 5800, 150
        )
        story.pod_event(
            name,
            "Unhealthy",
            'Liveness probe failed: Get "http://localhost:9099/liveness": dial tcp 127.0.0.1:9099: connect: connection refused',
            15,
            5800,
            90,
        )
    log = story.boot("lxd-21", 40, ["10.77.77.22", "10.77.77.23"])
    for n in range(5):
        log += [
            story.say(
                36 - 7 * n,
                "ERROR",
                61 + 44 * n,
                "felix",
                "bpf_utils.go 46:",
                "Failed to increase RLIMIT_MEMLOCK, loading BPF programs may fail error=operation not permitted",
            ),
            story.say(
                36 - 7 * n,
                "INFO",
                61 + 44 * n,
                "felix",
                "int_dataplane.go 735:",
                "BPF enabled, starting BPF endpoint manager and map manager.",
            ),
            "libbpf: Error in bpf_create_map_xattr(cali_v4_ip_sets):Operation not permitted(-1). Retrying without BTF.",
            story.say(
                35 - 7 * n,
                "PANIC",
                61 + 44 * n,
                "felix",
                "int_dataplane.go 798:",
                "error creating bpf maps error=failed to create cali_v4_ip_sets map, err=operation not permitted",
            ),
            "panic: (*logrus.Entry) 0xc000b1c0e0",
            "",
            "goroutine 1 [running]:",
        ]
    story.log(pods[0], log)
    story.describe("lxd-21", pods[0])
    story.affected = list(hosts)
    story.cite(f"{pods[0]}.log", "error creating bpf maps")
    return story


def bpf_devices(now: datetime) -> Incident:
    story = incident(
        "bpfin-cali-missing-after-add",
        "bpf-or-wireguard-failure",
        "On one of five hosts felix cannot set up its eBPF devices (missing bpfin.cali after add) and starts over; the Typha that was restarted and the pods without network there are loud.",
        "felix/dataplane/linux/bpf_ep_mgr.go (ensureBPFDevices)",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.29.1",
        kubernetes="v1.31.3",
        registry="quay.io/calico",
        acceptable=["interfaces-conflict"],
    )
    hosts = {f"nodex{n}": f"192.168.19.{60 + n}" for n in range(1, 6)}
    bad = "nodex2"
    story.hosts(hosts, kernel="6.8.0-49-generic", os_image="Ubuntu 24.04.1 LTS")
    story.staff({k: v for k, v in hosts.items() if k != bad})
    name = story.staff({bad: hosts[bad]}, ready=False, restarts=15, started=100, last=("Error", 137, 103))[0]
    typha = story.typha("nodex1", "9d4kp", restarts=1, started=8000, last=("Error", 2, 8010))
    story.pod_event(
        typha,
        "Unhealthy",
        'Readiness probe failed: Get "http://localhost:9098/readiness": dial tcp 127.0.0.1:9098: connect: connection refused',
        7990,
        8005,
        2,
    )
    web = story.other(
        "web-5d9f7c8b6-4ks9z",
        bad,
        namespace="web",
        owner="ReplicaSet/web-5d9f7c8b6",
        ready=False,
        phase="Pending",
        waiting="ContainerCreating",
        age=2000,
    )
    story.pod_event(
        web,
        "FailedCreatePodSandBox",
        "Failed to create pod sandbox: rpc error: code = DeadlineExceeded desc = context deadline exceeded",
        30,
        1900,
        8,
        namespace="web",
    )
    log = story.boot(bad, 100, [v for k, v in hosts.items() if k != bad])
    for n in range(5):
        pid = 61 + 50 * n
        log += [
            story.say(
                94 - 18 * n,
                "INFO",
                pid,
                "felix",
                "int_dataplane.go 805:",
                "BPF enabled, starting BPF endpoint manager and map manager.",
            ),
            story.say(
                93 - 18 * n,
                "INFO",
                pid,
                "felix",
                "int_dataplane.go 1431:",
                'Linux interface state changed. ifIndex=91 ifaceName="bpfout.cali" state="down"',
            ),
            story.say(
                92 - 18 * n,
                "PANIC",
                pid,
                "felix",
                "int_dataplane.go 846:",
                "Failed to create BPF endpoint manager. error=ensure BPF devices: missing bpfin.cali after add: Link not found",
            ),
            "panic: (*logrus.Entry) 0xc000cc2070",
            "",
            "goroutine 1 [running]:",
        ]
    story.log(name, log)
    story.describe(bad, name)
    story.commands |= {
        "describe-typha.txt": f"describe pod -n calico-system {typha}",
        "describe-web.txt": f"describe pod -n web {web}",
    }
    story.affected = [bad]
    story.cite(f"{name}.log", "missing bpfin.cali after add")
    return story


def wireguard_leftover(now: datetime) -> Incident:
    story = incident(
        "wireguard-keys-of-old-snapshots-hide-typha",
        "bpf-or-wireguard-failure",
        "WireGuard encrypts the hosts' own traffic; two workers were set back to old snapshots and know other keys of the Typha nodes: felix' bootstrap says that none of the typhas will be accessible. The typha time-outs are the loud effect.",
        "felix/wireguard/bootstrap.go",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.24.5",
        kubernetes="v1.25.14",
        registry="docker.io/calico",
        acceptable=["typha-unavailable"],
    )
    hosts = {f"wgn-{n}": f"10.88.1.{20 + n}" for n in range(1, 7)}
    bad = ["wgn-5", "wgn-6"]
    story.hosts(hosts, kernel="5.15.0-89-generic")
    story.staff({k: v for k, v in hosts.items() if k not in bad})
    for node, suffix in (("wgn-1", "k7m2x"), ("wgn-2", "z9q4p")):
        story.typha(node, suffix)
    pods = story.staff(
        {k: hosts[k] for k in bad}, ready=False, restarts=21, started=130, last=("Error", 1, 134), age=1_600_000
    )
    for name in pods:
        story.pod_event(
            name,
            "Unhealthy",
            "Readiness probe failed: calico/node is not ready: felix is not ready: readiness probe reporting 503",
            10,
            5000,
            166,
        )
    log = story.boot("wgn-5", 130, bird=False)[:-1]
    log.append(
        story.say(
            127,
            "INFO",
            61,
            "felix",
            "bootstrap.go 245:",
            'Wireguard public key matches kernel iface="wireguard.cali" ipVersion=0x4 nodeName="wgn-5"',
        )
    )
    for at, node in ((hosts["wgn-1"], "wgn-1"), (hosts["wgn-2"], "wgn-2")):
        text = "Typha node has wireguard key that is not in the local wireguard routing table - exclude typha endpoint"
        fields = f'typhaAddr="{at}:5473" typhaNodeKey="u8Hq0c{node[-1]}b1T5fWzY7mLrP2sKxQvN4dGaJe6iCoB9ElUw=" typhaNodeName="{node}"'
        log.append(story.say(126.9, "WARNING", 61, "felix", "bootstrap.go 368:", f"{text} {fields}"))
    log.append(
        story.say(
            126.8,
            "WARNING",
            61,
            "felix",
            "bootstrap.go 257:",
            'None of the typhas will be accessible due to wireguard routing asymmetry - remove wireguard iface="wireguard.cali" ipVersion=0x4 nodeName="wgn-5"',
        )
    )
    for n in range(5):
        for at in (hosts["wgn-1"], hosts["wgn-2"]):
            log.append(
                story.say(
                    120 - 22 * n,
                    "WARNING",
                    61,
                    "felix",
                    "sync_client.go 275:",
                    f"Failed to connect to typha endpoint {at}:5473.  Will try another if available... error=dial tcp {at}:5473: i/o timeout",
                )
            )
    log.append(
        story.say(
            9,
            "FATAL",
            61,
            "felix",
            "daemon.go 345:",
            "Failed to connect to Typha, giving up after timeout error=dial tcp: i/o timeout",
        )
    )
    story.log(pods[0], log)
    story.texts["felixconfiguration.yaml"] = (
        "apiVersion: projectcalico.org/v3\nkind: FelixConfiguration\nmetadata:\n  name: default\nspec:\n  logSeverityScreen: Info\n  reportingInterval: 0s\n  wireguardEnabled: true\n  wireguardHostEncryptionEnabled: true\n"
    )
    story.describe("wgn-5", pods[0])
    story.affected = bad
    story.cite(f"{pods[0]}.log", "None of the typhas will be accessible due to wireguard routing asymmetry")
    return story


STORIES = [
    kernel_too_old_for_bpf,
    wireguard_without_its_module,
    pinned_map_of_other_size,
    load_balancer_cannot_attach,
    bpf_filesystem_refused,
    xdp_state,
    memlock,
    bpf_devices,
    wireguard_leftover,
]
