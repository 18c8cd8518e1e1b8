"""kernel-module-missing: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import FELIX_503, Incident, incident

CAUSE = "kernel-module-missing"


def no_set_match_no_ipip(now: datetime) -> Incident:
    story = incident(
        "board-kernel-without-sets-and-tunnels",
        CAUSE,
        "The kernel of the three new boards has neither xt_set nor ipip: iptables-restore cannot load the match `set', the tunnel device cannot be added, felix stays at 503. The two older hosts of the same version are fine.",
        "https://github.com/projectcalico/calico/issues/7028",
        now,
        platform="other",
        calico="v3.24.5",
        kubernetes="v1.24.8",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="medium",
        acceptable=["iptables-incompatible"],
    )
    old = {"rack-x86-1": "10.12.0.11", "rack-x86-2": "10.12.0.12"}
    boards = {f"board-{n}": f"10.12.0.{30 + n}" for n in (1, 2, 3)}
    story.hosts(old, os_image="Ubuntu 22.04.1 LTS", kernel="5.15.0-53-generic")
    story.hosts(boards, os_image="Armbian 22.08 Jammy", kernel="4.9.241-meson64", age=70_000)
    story.staff(old)
    everyone = {**old, **boards}
    restore = 'errorOutput="iptables-restore v1.8.4 (legacy): Couldn\'t load match `set\':No such file or directory\\n\\nError occurred at line: 8\\nTry `iptables-restore -h\' or \'iptables-restore --help\' for more information.\\n" input="*nat\\n:cali-fip-dnat - -\\n:cali-nat-outgoing - -\\n-A cali-nat-outgoing -m comment --comment \\"cali:flqWnvo8yq4ULQLa\\" -m set --match-set cali40masq-ipam-pools src -m set ! --match-set cali40all-ipam-pools dst --jump MASQUERADE\\nCOMMIT\\n" ipVersion=0x4 output="" table="nat"'
    for node, address in boards.items():
        name = story.staff({node: address}, ready=False, restarts=0, started=3100, age=3150)[0]
        story.probe(name, FELIX_503, 7, 3060, 300)
        lines = story.boot(node, 3100, [a for n, a in everyone.items() if n != node], prefix=24)[:-1]
        for turn in range(12):
            ago, pid = 3080 - 240 * turn, 1065 + 700 * turn
            lines += [
                story.say(
                    ago,
                    "INFO",
                    pid,
                    "felix",
                    "ipip_mgr.go 106:",
                    "Failed to get IPIP tunnel device, assuming it isn't present error=Link not found",
                ),
                story.say(
                    ago,
                    "WARNING",
                    pid,
                    "felix",
                    "ipip_mgr.go 111:",
                    "Failed to add IPIP tunnel device error=exit status 1",
                ),
                story.say(
                    ago,
                    "WARNING",
                    pid,
                    "felix",
                    "ipip_mgr.go 88:",
                    "Failed configure IPIP tunnel device, retrying... error=exit status 1",
                ),
                story.say(
                    ago - 0.2,
                    "WARNING",
                    pid,
                    "felix",
                    "table.go 1321:",
                    f"Failed to execute ip(6)tables-restore command error=exit status 2 {restore}",
                ),
                story.say(
                    ago - 0.2,
                    "WARNING",
                    pid,
                    "felix",
                    "table.go 999:",
                    'Failed to program iptables, will retry error=exit status 2 ipVersion=0x4 table="nat"',
                ),
                story.say(
                    ago - 0.4,
                    "WARNING",
                    pid,
                    "felix",
                    "table.go 1002:",
                    'Retrying... error=exit status 2 ipVersion=0x4 table="nat"',
                ),
                story.say(
                    ago - 9,
                    "PANIC",
                    pid,
                    "felix",
                    "table.go 1012:",
                    'Failed to program iptables, giving up after retries error=exit status 2 ipVersion=0x4 table="nat"',
                ),
            ]
        story.log(name, lines)
    story.describe("board-2")
    story.texts["lsmod-board-2.txt"] = (
        "$ modprobe xt_set; modprobe ipip\nmodprobe: FATAL: Module xt_set not found in directory /lib/modules/4.9.241-meson64\n"
        "modprobe: FATAL: Module ipip not found in directory /lib/modules/4.9.241-meson64\n"
    )
    story.affected = list(boards)
    story.cite("lsmod-board-2.txt", "Module xt_set not found")
    story.cite(f"{story.pods['board-2']}.log", "Couldn't load match `set'")
    return story


def symbols_of_another_build(now: datetime) -> Incident:
    story = incident(
        "set-modules-disagree-with-the-kernel",
        CAUSE,
        "On one openSUSE host the ip_set modules are of another build than the running kernel: dmesg says 'disagrees about version of symbol', so the set types cannot be loaded and felix gives up: set type not supported.",
        "https://github.com/projectcalico/cni-plugin/issues/90",
        now,
        platform="other",
        calico="v3.11.3",
        kubernetes="v1.17.17",
        registry="quay.io/calico",
        namespace="kube-system",
        difficulty="medium",
        acceptable=["ipset-failure"],
    )
    hosts = {f"leap-{n}": f"192.168.124.{80 + n}" for n in (1, 2, 3)}
    bad = "leap-2"
    story.hosts(hosts, os_image="openSUSE Leap 15.2", kernel="5.3.18-lp152.57-default", runtime="docker://19.3.11")
    story.staff({k: v for k, v in hosts.items() if k != bad})
    name = story.staff(
        {bad: hosts[bad]}, ready=False, restarts=16, waiting="CrashLoopBackOff", last=("Error", 137, 100)
    )[0]
    story.probe(
        name,
        "felix is not ready: Get http://localhost:9099/readiness: dial tcp 127.0.0.1:9099: connect: connection refused",
        104,
        6400,
        350,
    )
    lines = story.old_boot(bad, 420, [a for n, a in hosts.items() if n != bad], prefix=24)[:-1]
    for turn in range(25):
        ago, pid = 416 - 12 * turn, 60 + 151 * turn
        lines += [
            story.line(
                ago,
                "WARNING",
                pid,
                "ipsets.go 638:",
                'Failed to complete ipset restore, IP sets may be out-of-sync. closeErr=<nil> commitErr=<nil> family="inet" flushErr=<nil> input="create cali40all-ipam-pools hash:net family inet maxelem 1048576\\ncreate cali4t0 hash:net family inet maxelem 1048576\\nadd cali4t0 10.244.0.0/16\\nswap cali40all-ipam-pools cali4t0\\ndestroy cali4t0\\nCOMMIT\\n" processErr=exit status 1 stderr="ipset v6.38: Error in line 1: Kernel error received: set type not supported\\n" stdout="" writeErr=<nil>',
            ),
            story.line(
                ago - 0.3, "INFO", pid, "ipsets.go 301:", 'Retrying after an ipsets update failure... family="inet"'
            ),
            story.line(
                ago - 5,
                "PANIC",
                pid,
                "ipsets.go 319:",
                'Failed to update IP sets after multiple retries. family="inet"',
            ),
        ]
    story.log(name, lines, f"{name}-previous.log")
    story.texts["dmesg-leap-2.txt"] = (
        "[29848.807223] ip_set_hash_ip: Unknown symbol ip_set_type_unregister (err -22)\n[29850.417971] ip_set_hash_net: disagrees about version of symbol ip_set_elem_len\n"
        "[29850.417974] ip_set_hash_net: Unknown symbol ip_set_elem_len (err -22)\n[29850.418011] ip_set_hash_net: disagrees about version of symbol ip_set_type_register\n"
    )
    story.describe(bad)
    story.affected = [bad]
    story.cite("dmesg-leap-2.txt", "disagrees about version of symbol")
    story.cite(f"{name}-previous.log", "set type not supported")
    return story


STORIES = [no_set_match_no_ipip, symbols_of_another_build]
