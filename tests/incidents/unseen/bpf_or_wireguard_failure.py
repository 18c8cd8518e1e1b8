"""bpf-or-wireguard-failure: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident

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
    story.log(name, log)
    story.texts["felixconfiguration.yaml"] = (
        "apiVersion: crd.projectcalico.org/v1\nkind: FelixConfiguration\nmetadata:\n  name: default\nspec:\n  bpfConnectTimeLoadBalancing: TCP\n  healthPort: 9099\n  reportingInterval: 0s\n  vxlanVNI: 4096\n  wireguardEnabled: true\n"
    )
    story.describe("nuc2", name)
    story.affected = list(hosts)
    story.cite(f"{name}.log", "failed to set NAPI threading to 0 for wireguard")
    return story


STORIES = [napi_threading_refused]
