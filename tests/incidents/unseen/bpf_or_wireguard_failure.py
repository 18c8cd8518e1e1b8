"""bpf-or-wireguard-failure: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident, node_status, wrapped

CAUSE = "bpf-or-wireguard-failure"


def napi_threading_refused(now: datetime) -> Incident:
    story = incident(
        "wireguard-switched-on-felix-never-gets-ready",
        CAUSE,
        "WireGuard was switched on yesterday; felix cannot set NAPI threading for wireguard.cali on this kernel ('operation not supported'), tries again without end and stays not ready on all hosts.",
        "https://github.com/projectcalico/calico/issues/10339",
        now,
        platform="other",
        calico="v3.29.3",
        kubernetes="v1.32.3",
        registry="docker.io/calico",
        difficulty="easy",
        acceptable=["software-defect"],
    )
    hosts = {f"nuc{n}": f"192.168.88.{20 + n}" for n in (1, 2, 3)}
    story.hosts(
        hosts, os_image="Debian GNU/Linux 12 (bookworm)", kernel="6.1.0-32-amd64", runtime="containerd://1.7.27"
    )
    story.staff(hosts, ready=False, started=60_000, age=60_100)
    for name in story.pods.values():
        story.probe(name, "felix is not ready: readiness probe reporting 503", 6, 59_900, 5990)
    name = story.pods["nuc2"]
    log = story.boot("nuc2", 59_990, [v for k, v in hosts.items() if k != "nuc2"], interface="enp1s0", prefix=24)[:-1]
    for i in range(26):
        at = 40 - 1.4 * i
        log += [
            story.say(
                at,
                "INFO",
                454,
                "felix",
                "wireguard.go 1512:",
                "Set NAPI threading to 0 for wireguard interface wireguard.cali flags=up|pointtopoint ipVersion=0x4",
            ),
            story.say(
                at,
                "WARNING",
                454,
                "felix",
                "wireguard.go 1515:",
                "failed to set NAPI threading to 0 for wireguard for interface wireguard.cali error=write /sys/class/net/wireguard.cali/threaded: operation not supported ipVersion=0x4",
            ),
        ]
    story.log(name, wrapped(story, log, "stern", name))
    story.texts["felixconfiguration.yaml"] = (
        "apiVersion: crd.projectcalico.org/v1\nkind: FelixConfiguration\nmetadata:\n  name: default\nspec:\n  bpfConnectTimeLoadBalancing: TCP\n  healthPort: 9099\n  reportingInterval: 0s\n  vxlanVNI: 4096\n  wireguardEnabled: true\n"
    )
    story.describe("nuc2", name)
    story.affected = list(hosts)
    story.cite(f"{name}.log", "failed to set NAPI threading to 0 for wireguard")
    return story


def new_kernel_rejects_the_programs(now: datetime) -> Incident:
    story = incident(
        "verifier-says-no-after-the-kernel-update",
        CAUSE,
        "Two hosts booted a newer kernel; its verifier rejects felix' eBPF programs ('BPF program load failed'), so policy cannot be applied to any endpoint there, felix is never ready and new pods on them wait. The host with the former kernel works.",
        "https://github.com/tigera/docs/pull/2294",
        now,
        platform="other",
        calico="v3.30.3",
        kubernetes="v1.33.4",
        registry="quay.io/calico",
        difficulty="medium",
    )
    old, new = {"arch-1": "10.30.77.11"}, {"arch-2": "10.30.77.12", "arch-3": "10.30.77.13"}
    story.hosts(old, os_image="CachyOS Linux", kernel="6.16.9-1-cachyos")
    story.hosts(new, os_image="CachyOS Linux", kernel="6.17.5-1-cachyos")
    story.staff(old, started=300_000)
    names = story.staff(new, ready=False, restarts=3, started=2600, last=("Error", 137, 2650))
    for node, name in zip(new, names, strict=True):
        story.node_event(
            node,
            "Rebooted",
            f"Node {node} has been rebooted, boot id: 7e0f1f0a-3d2e-49d5-9a4e-0c{len(name)}b1a2c3d4",
            6000,
        )
        story.probe(name, "felix is not ready: readiness probe reporting 503", 9, 5900, 588)
    pod = story.stuck(
        "api-7c5d9b8f6-4tqx2",
        "arch-3",
        "error adding host side routes for interface: cali58c64a0e1d2, error: timed out waiting for the dataplane",
        20,
        2400,
        60,
    )
    log = story.boot("arch-3", 2595, ["10.30.77.11", "10.30.77.12"])[:-1]
    for i in range(8):
        at = 70 - 8 * i
        log += [
            "libbpf: prog 'calico_tc_main': BPF program load failed: Invalid argument",
            "libbpf: prog 'calico_tc_main': -- BEGIN PROG LOAD LOG --",
            "; if (ctx->state->ip_proto == IPPROTO_UDP) @ tc.c:611",
            "R1 invalid mem access 'scalar'",
            "processed 4127 insns (limit 1000000) max_states_per_insn 4 total_states 251 peak_states 251 mark_read 18",
            "-- END PROG LOAD LOG --",
            "libbpf: failed to load object '/usr/lib/calico/bpf/from_wep_debug_co-re.o'",
            story.say(
                at,
                "WARNING",
                2107,
                "felix",
                "bpf_ep_mgr.go 2107:",
                f'Failed to apply policy to endpoint, leaving it dirty error=attaching program to wep: loading generic v4 tc hook program: error loading program: invalid argument name="cali{0x58C64A0E1D2 + i:011x}"',
            ),
        ]
        if i % 3 == 2:
            log.append(
                story.say(
                    at - 1,
                    "WARNING",
                    2107,
                    "felix",
                    "health.go 194:",
                    'Reporter is not ready: reporting non-ready. name="int_dataplane"',
                )
            )
    story.log(names[1], log)
    story.commands["describe-api-pod.txt"] = f"describe pod {pod}"
    story.describe("arch-3", names[1])
    story.affected = list(new)
    story.cite(f"{names[1]}.log", "BPF program load failed: Invalid argument")
    return story


def module_without_a_signature(now: datetime) -> Incident:
    # told on 29 November 2026 without having seen the rules
    story = incident(
        "two-hosts-boot-securely-and-refuse-the-module",
        CAUSE,
        "Two hosts were moved to firmware with Secure Boot: their kernel refuses the unsigned wireguard module, so felix gets no wireguard.cali there ('operation not supported') and these two have no key; pods on them and on the other hosts do not reach each other while all BGP sessions are up.",
        "https://docs.tigera.io/calico/latest/network-policy/encrypt-cluster-pod-traffic and Linux kernel/module/signing.c (Loading of module with unavailable key is rejected)",
        now,
        platform="other",
        calico="v3.23.5",
        kubernetes="v1.24.17",
        namespace="kube-system",
        registry="quay.io/calico",
        difficulty="medium",
        acceptable=["kernel-module-missing"],
    )
    system = {
        "os_image": "Red Hat Enterprise Linux 8.6 (Ootpa)",
        "kernel": "4.18.0-372.32.1.el8_6.x86_64",
        "runtime": "cri-o://1.24.6",
    }
    hosts = {f"vault{n:02d}": f"10.12.40.{50 + n}" for n in range(1, 6)}
    bad = ["vault04", "vault05"]
    story.hosts(hosts, age=4_100_000, since=4_099_000, **system)
    for node in bad:
        item = next(o for o in story.objects["Node"] if o["metadata"]["name"] == node)
        item["status"]["conditions"][-1]["lastTransitionTime"] = story.ago(20_300)
    for node in hosts:
        if node not in bad:
            item = next(o for o in story.objects["Node"] if o["metadata"]["name"] == node)
            item["metadata"]["annotations"]["projectcalico.org/WireguardPublicKey"] = (
                f"{node[-1]}kq3v0Jt9yT2mZsXbR1wLdN8uHfPaEcGi5oYlC7VnS{node[-1]}="
            )
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=4_000_000, age=4_000_100)
    names = story.staff(
        {k: v for k, v in hosts.items() if k in bad}, started=20_250, restarts=1, last=("Unknown", 255, 20_400)
    )
    for node in bad:
        story.node_event(
            node,
            "Rebooted",
            f"Node {node} has been rebooted, boot id: 2c8d5e1a-11f0-4d4b-8f6c-9a{node[-1]}7c2d0b8e1",
            20_310,
        )
        story.node_event(node, "Starting", "Starting kubelet.", 20_320, type_="Normal")
    peers = [v for k, v in hosts.items() if k != "vault05"]
    log = story.boot("vault05", 20_250, peers, interface="ens192", prefix=24)
    ago = 20_246.0
    while ago > 30:
        log += [
            story.say(
                ago,
                "INFO",
                61,
                "felix",
                "wireguard.go 1383:",
                'Wireguard device needs to be created ifaceName="wireguard.cali"',
            ),
            story.say(
                ago - 0.02,
                "WARNING",
                61,
                "felix",
                "wireguard.go 599:",
                "Failed to synchronize wireguard, will retry... error=operation not supported",
            ),
        ]
        if int(ago) % 3 == 0:
            log += story.quiet(ago - 200, ago - 260, 62)
        ago -= 1800.5
    story.log(names[1], wrapped(story, log, "stamps"))
    story.texts["sosreport/dmesg-vault05.txt"] = (
        "[    0.000000] Linux version 4.18.0-372.32.1.el8_6.x86_64 (mockbuild@x86-vm-07) (gcc version 8.5.0 20210514 (Red Hat 8.5.0-10) (GCC)) #1 SMP\n[    0.000000] secureboot: Secure boot enabled\n[    0.000000] Kernel is locked down from EFI Secure Boot; see man kernel_lockdown.7\n[    0.681022] ACPI: bus type PCI registered\n"
        "[    2.417711] integrity: Loaded X.509 cert 'Red Hat Enterprise Linux kernel signing key: 0d3f7a61'\n[   11.902214] vmxnet3 0000:0b:00.0 ens192: intr type 3, mode 0, 9 vectors allocated\n[   64.113807] ipip: IPv4 and MPLS over IPv4 tunneling driver\n[   68.552091] Loading of module with unavailable key is rejected\n[ 1869.020334] Loading of module with unavailable key is rejected\n"
    )
    story.texts["sosreport/commands-vault05.txt"] = (
        "[root@vault05 ~]# modprobe wireguard\nmodprobe: ERROR: could not insert 'wireguard': Required key not available\n[root@vault05 ~]# mokutil --sb-state\nSecureBoot enabled\n[root@vault05 ~]# ssh vault02 'mokutil --sb-state; wg show wireguard.cali | head -4'\nSecureBoot disabled\ninterface: wireguard.cali\n  public key: 2kq3v0Jt9yT2mZsXbR1wLdN8uHfPaEcGi5oYlC7VnS2=\n  private key: (hidden)\n  listening port: 51820\n"
        "[root@vault05 ~]# calicoctl get felixconfiguration default -o yaml | grep -i wireguard\n  wireguardEnabled: true\n"
    )
    story.texts["node-status-vault05.txt"] = node_status(
        [(p, "up", story.stamp(20_240)[11:19], "Established") for p in peers]
    )
    pod = story.other(
        "ledger-2",
        "vault05",
        "10.233.77.14",
        "bank",
        "StatefulSet/ledger",
        app="ledger",
        ready=False,
        restarts=71,
        started=120,
        last=("Error", 1, 150),
        age=19_000,
    )
    story.pod_event(
        pod,
        "Unhealthy",
        "Readiness probe failed: raft: dial tcp 10.233.70.9:8300: i/o timeout",
        8,
        18_900,
        1800,
        namespace="bank",
    )
    story.describe("vault05", names[1])
    story.affected = bad
    story.cite("sosreport/commands-vault05.txt", "Required key not available")
    story.cite(f"{names[1]}.log", "Failed to synchronize wireguard, will retry")
    return story


def policy_does_not_fit_into_a_program(now: datetime) -> Incident:
    story = incident(
        "too-many-rules-for-one-program",
        CAUSE,
        "eBPF dataplane: since a block list of some thousand rules was applied, the kernel's verifier refuses the policy program of the pods it selects ('BPF program is too large'); felix leaves their interfaces dirty, on every host that runs such a pod, is not ready there and new pods of that namespace wait. Other pods and hosts are well.",
        "https://github.com/projectcalico/calico/pull/8230",
        now,
        platform="other",
        calico="v3.26.4",
        kubernetes="v1.27.11",
        registry="quay.io/calico",
        difficulty="hard",
        acceptable=["software-defect", "invalid-calico-config"],
    )
    hosts = {f"mx{n}": f"10.140.22.{n}" for n in (41, 42, 43, 44)}
    bad = ["mx42", "mx43"]
    story.hosts(
        hosts,
        age=2_500_000,
        since=2_499_000,
        os_image="Ubuntu 22.04.4 LTS",
        kernel="5.15.0-101-generic",
        runtime="containerd://1.6.28",
    )
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=2_400_000, age=2_400_050)
    names = story.staff({k: v for k, v in hosts.items() if k in bad}, started=2_400_000, age=2_400_050, ready=False)
    for name in names:
        story.probe(name, "felix is not ready: readiness probe reporting 503", 9, 5200, 515)
    for n, node in enumerate(bad):
        story.other(
            f"scrubber-{n}",
            node,
            f"10.60.{n}.31",
            "mail-in",
            "StatefulSet/scrubber",
            app="scrubber",
            ready=False,
            started=2_000_000,
        )
        story.stuck(
            f"milter-6f7c9d8b5-{'kw'[n]}2xq{'ft'[n]}",
            node,
            "netplugin failed with no error message: signal: killed",
            33,
            4100,
            17,
            namespace="mail-in",
        )
    log = story.quiet(6400, 5300, 190)
    log.append(
        story.say(
            5240,
            "INFO",
            63,
            "felix",
            "calc_graph.go 465:",
            "Local endpoint updated id=WorkloadEndpoint(node=mx43, orchestrator=k8s, workload=mail-in/scrubber-1, name=eth0)",
        )
    )
    for k in range(14):
        at = 5230 - 380 * k
        log += [
            story.say(
                at,
                "INFO",
                63,
                "felix",
                "bpf_ep_mgr.go 1490:",
                'Applying a policy program to endpoint ap=&tc.AttachPoint{Iface:"cali7d3e5a901cf", Type:"workload", ToOrFrom:0x1} ipVersion=4',
            ),
            story.say(
                at - 2.9,
                "ERROR",
                63,
                "felix",
                "bpf_syscall.go 113:",
                "BPF_PROG_LOAD failed, BPF Verifier output:    BPF program is too large. Processed 1000001 insn",
            ),
            story.say(
                at - 2.9,
                "ERROR",
                63,
                "felix",
                "bpf_syscall.go 113:",
                "BPF_PROG_LOAD failed, BPF Verifier output:    processed 1000001 insns (limit 1000000) max_states_per_insn 4 total_states 38112 peak_states 18842 mark_read 31",
            ),
            story.say(
                at - 3,
                "WARNING",
                63,
                "felix",
                "bpf_ep_mgr.go 896:",
                'Failed to apply policy to endpoint, leaving it dirty error=failed to load BPF policy program v4: argument list too long name="cali7d3e5a901cf"',
            ),
            story.say(
                at - 9, "WARNING", 63, "felix", "health.go 211:", 'Reporter is not ready. name="BPFEndpointManager"'
            ),
        ]
    story.log(names[1], wrapped(story, log, "stern", names[1]), "stern-mx43.log")
    story.texts["policies.txt"] = (
        "$ kubectl get globalnetworkpolicies.crd.projectcalico.org\nNAME                              AGE\ndefault.allow-cluster             211d\ndefault.reputation-blocklist      88m\ndefault.platform-baseline         211d\n$ kubectl get globalnetworkpolicies.crd.projectcalico.org default.reputation-blocklist -o json | jq '.spec.selector, (.spec.ingress|length)'\n\"projectcalico.org/namespace == 'mail-in'\"\n3914\n"
    )
    story.commands = {
        "get-nodes.txt": "get nodes -o wide",
        "get-pods.txt": "get pods -A -o wide",
        "describe-calico-node-mx43.txt": f"describe pod -n calico-system {names[1]}",
        "describe-node-mx43.txt": "describe node mx43",
    }
    story.events()
    story.affected = bad
    story.cite("stern-mx43.log", "BPF program is too large. Processed 1000001 insn")
    return story


STORIES = [
    napi_threading_refused,
    new_kernel_rejects_the_programs,
    module_without_a_signature,
    policy_does_not_fit_into_a_program,
]
