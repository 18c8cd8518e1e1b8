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


STORIES = [no_set_match_no_ipip]
