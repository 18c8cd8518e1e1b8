"""iptables-incompatible: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import FELIX_REFUSED, NOT_LIVE, Incident, incident, wrapped

CAUSE = "iptables-incompatible"


def native_raw_rule(now: datetime) -> Incident:
    story = incident(
        "somebody-added-a-native-rule-to-raw",
        CAUSE,
        "A native nft rule in the table raw of one host cannot be shown by iptables-nft-save: felix panics after each three tries and calico-node there never gets ready.",
        "https://github.com/projectcalico/calico/issues/8403",
        now,
        platform="other",
        calico="v3.26.4",
        kubernetes="v1.27.9",
        registry="quay.io/calico",
        difficulty="medium",
        acceptable=["interfaces-conflict"],
    )
    hosts = {f"fra-k8s-{n:02}": f"10.101.16.{30 + n}" for n in range(1, 6)}
    bad = "fra-k8s-04"
    story.hosts(hosts, os_image="Debian GNU/Linux 12 (bookworm)", kernel="6.1.0-17-amd64")
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=1_600_000)
    name = story.staff({bad: hosts[bad]}, ready=False, restarts=2, started=600, last=("Error", 137, 610))[0]
    story.probe(name, FELIX_REFUSED, 12, 2900, 211)
    story.probe(name, NOT_LIVE, 22, 2880, 150, kind="Liveness")
    story.pod_event(
        name, "Killing", "Container calico-node failed liveness probe, will be restarted", 640, 2800, 3, type_="Normal"
    )
    lines = story.boot(bad, 600, [a for n, a in hosts.items() if n != bad], interface="bond0", prefix=24)[:-1]
    for turn in range(9):
        ago, pid = 580 - 62 * turn, 81 + 640 * turn
        for n in range(3):
            lines += [
                story.say(
                    ago - n,
                    "ERROR",
                    pid,
                    "felix",
                    "table.go 881:",
                    'iptables-save failed because there are incompatible nft rules in the table.  Remove the nft rules to continue. ipVersion=0x4 table="raw"',
                ),
                story.say(
                    ago - n,
                    "WARNING",
                    pid,
                    "felix",
                    "table.go 830:",
                    "Killing iptables-nft-save process after a failure error=iptables-save failed because there are incompatible nft rules in the table",
                ),
                story.say(
                    ago - n, "WARNING", pid, "felix", "table.go 840:", "iptables save failed error=signal: killed"
                ),
                story.say(
                    ago - n,
                    "WARNING",
                    pid,
                    "felix",
                    "table.go 778:",
                    'iptables-nft-save command failed error=iptables-save failed because there are incompatible nft rules in the table ipVersion=0x4 stderr="" table="raw"',
                ),
            ]
        lines += [
            story.say(
                ago - 3,
                "PANIC",
                pid,
                "felix",
                "table.go 784:",
                'iptables-nft-save command failed after retries ipVersion=0x4 table="raw"',
            ),
            "panic: (*logrus.Entry) 0xc000340620",
            "",
            "goroutine 405 [running]:",
        ]
    story.log(name, wrapped(story, lines, "stamps"))
    ok = story.pods["fra-k8s-01"]
    story.recreated(ok, [], 7000, 4)
    story.objects["Event"] = [e for e in story.objects["Event"] if e["involvedObject"]["name"] != ok]
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"{name}.log", "there are incompatible nft rules in the table")
    return story


def legacy_without_legacy_tables(now: datetime) -> Incident:
    story = incident(
        "backend-legacy-on-hosts-without-legacy-tables",
        CAUSE,
        "The backend is set to Legacy for the whole cluster, but the hosts of the new release have only nf_tables: iptables-legacy-save fails for each table, felix panics on these hosts. The older hosts go on.",
        "https://github.com/projectcalico/calico/issues/7057",
        now,
        platform="other",
        calico="v3.24.5",
        kubernetes="v1.25.4",
        registry="quay.io/calico",
        namespace="kube-system",
        difficulty="medium",
        acceptable=["kernel-module-missing", "invalid-calico-config"],
    )
    old = {f"el8-{n}": f"10.61.2.{10 + n}" for n in (1, 2, 3)}
    new = {f"el9-{n}": f"10.61.2.{20 + n}" for n in (1, 2)}
    env = {"env": [{"name": "FELIX_IPTABLESBACKEND", "value": "Legacy"}, {"name": "IP", "value": "autodetect"}]}
    story.hosts(old, os_image="Rocky Linux 8.7 (Green Obsidian)", kernel="4.18.0-425.3.1.el8.x86_64")
    story.hosts(new, os_image="Rocky Linux 9.1 (Blue Onyx)", kernel="5.14.0-162.6.1.el9_1.x86_64", age=8000)
    story.staff(old, spec=env)
    for node, address in new.items():
        name = story.staff(
            {node: address}, ready=False, restarts=6, started=250, age=7900, last=("Error", 137, 255), spec=env
        )[0]
        story.probe(name, FELIX_REFUSED, 8, 7800, 600)
        lines = story.boot(
            node,
            250,
            [a for n, a in {**old, **new}.items() if n != node],
            list(old.values()),
            interface="ens192",
            prefix=24,
        )[:-1]
        lines.append(
            story.say(
                247,
                "WARNING",
                61,
                "felix",
                "feature_detect.go 287:",
                'Iptables backend specified does not match the detected backend, using specified backend detectedBackend="nft" specifiedBackend="legacy"',
            )
        )
        for turn in range(40):
            ago, pid = 246 - 6 * turn, 2072 + 66 * turn
            for n in range(3):
                lines += [
                    story.say(
                        ago - 0.3 * n,
                        "WARNING",
                        pid,
                        "felix",
                        "table.go 816:",
                        "iptables save failed error=exit status 1",
                    ),
                    story.say(
                        ago - 0.3 * n,
                        "WARNING",
                        pid,
                        "felix",
                        "table.go 765:",
                        'iptables-legacy-save command failed error=exit status 1 ipVersion=0x4 stderr="" table="filter"',
                    ),
                ]
            lines += [
                story.say(
                    ago - 1,
                    "PANIC",
                    pid,
                    "felix",
                    "table.go 771:",
                    'iptables-legacy-save command failed after retries ipVersion=0x4 table="filter"',
                ),
                "panic: (*logrus.Entry) 0xc000340620",
            ]
        story.log(name, lines)
    story.texts["on-el9-1.txt"] = (
        "$ iptables --version\niptables v1.8.8 (nf_tables)\n$ lsmod | grep -c ^iptable_\n0\n$ lsmod | grep ^nf_tables\nnf_tables             278528  412 nft_compat,nft_chain_nat\n"
    )
    story.describe("el9-1")
    story.affected = list(new)
    story.cite(f"{story.pods['el9-1']}.log", "iptables-legacy-save command failed after retries")
    return story


STORIES = [native_raw_rule, legacy_without_legacy_tables]
