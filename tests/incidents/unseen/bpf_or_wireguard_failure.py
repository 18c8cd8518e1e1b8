"""bpf-or-wireguard-failure: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident, wrapped

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


STORIES = [napi_threading_refused, new_kernel_rejects_the_programs]
