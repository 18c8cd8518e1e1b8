"""invalid-calico-config: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from cluster import container
from telling import FELIX_REFUSED, NOT_LIVE, SOCKET, Incident, incident, wrapped

CAUSE = "invalid-calico-config"


def method_is_a_bare_name(now: datetime) -> Incident:
    story = incident(
        "autodetection-method-is-only-eth1",
        CAUSE,
        "The daemonset was edited to IP_AUTODETECTION_METHOD=eth1 (without 'interface='): start-up refuses the value on each host that was rolled so far.",
        "https://github.com/projectcalico/calico/issues/2965",
        now,
        platform="other",
        calico="v3.8.4",
        kubernetes="v1.16.2",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="easy",
    )
    hosts = {f"breeze{n}": f"192.168.122.{40 + n}" for n in (1, 2, 3, 4)}
    bad = ["breeze1", "breeze2"]
    story.hosts(hosts, os_image="CentOS Linux 7 (Core)", kernel="3.10.0-1062.el7.x86_64", runtime="docker://18.9.9")
    env = {
        "env": [
            {"name": "DATASTORE_TYPE", "value": "kubernetes"},
            {"name": "IP", "value": "autodetect"},
            {"name": "IP_AUTODETECTION_METHOD", "value": "eth1"},
        ]
    }
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=800_000)
    for n, node in enumerate(bad):
        name = story.staff(
            {node: hosts[node]},
            ready=False,
            restarts=11,
            waiting="CrashLoopBackOff",
            last=("Error", 1, 200 + 9 * n),
            age=2300,
            spec=env,
        )[0]
        story.probe(name, SOCKET.replace("/var/run/calico/", "/var/run/bird/"), 202, 2290, 15)
        story.pod_event(name, "BackOff", "Back-off restarting failed container", 8, 2280, 140)
        lines = story.old_boot(node, 201 + 9 * n)[:9]
        lines += [
            story.line(200.4 + 9 * n, "ERROR", 8, "startup.go 567:", "Invalid IP autodetection method: eth1"),
            story.line(200.4 + 9 * n, "WARNING", 8, "startup.go 1058:", "Terminating"),
            "Calico node failed to start",
        ]
        story.log(name, lines)
        story.describe(node)
    other = story.pods["breeze3"]
    story.not_established(other, [hosts[n] for n in bad], 2200, 2260, 3, established=1)
    story.commands[f"describe-pod-{other}.txt"] = f"describe pod -n kube-system {other}"
    story.affected = bad
    story.cite(f"{story.pods['breeze2']}.log", "Invalid IP autodetection method: eth1")
    return story


def prefix_with_a_star(now: datetime) -> Incident:
    story = incident(
        "interface-prefix-with-a-star-on-roks",
        CAUSE,
        "Somebody set interfacePrefix to 'cali,eth*' in the FelixConfiguration default: felix refuses it on all six workers and starts over every few seconds; BIRD goes on, the pods are 0/1 since the edit.",
        "https://github.com/projectcalico/calico/blob/v3.27.5/felix/config/config_params.go",
        now,
        platform="roks",
        calico="v3.27.5",
        kubernetes="v1.30.7+6bce1d4",
        difficulty="medium",
    )
    nodes = story.workers([f"10.180.11.{n}" for n in (5, 6, 8, 14, 15, 19)])
    for n, node in enumerate(nodes):
        name = story.agents(
            [node], ready=False, restarts=2 + n % 2, started=500 + n, age=1_600_000, last=("Error", 137, 505 + n)
        )[0]
        story.probe(name, FELIX_REFUSED, 5 + n, 1750, 122)
        story.probe(name, NOT_LIVE, 540 + n, 1740, 60, kind="Liveness")
    node = nodes[2]
    error = 'error=Failed to parse config parameter InterfacePrefix; value "cali,eth*": must be a comma-separated list of Linux interface names/prefixes'
    lines = story.boot(node, 500, [n for n in nodes if n != node])[:-2]
    for turn in range(60):
        ago, pid = 498 - 8.1 * turn, 62 + 97 * turn
        lines += [
            story.say(
                ago,
                "INFO",
                pid,
                "felix",
                "daemon.go 148:",
                'Felix starting up GOMAXPROCS=4 builddate="2024-06-12T20:09:41+0000" gitcommit="5eb8b3a" version="v3.27.5"',
            ),
            story.say(
                ago - 0.3, "ERROR", pid, "felix", "config_params.go 719:", f"Invalid (required) config value. {error}"
            ),
            story.say(
                ago - 0.3,
                "ERROR",
                pid,
                "felix",
                "daemon.go 239:",
                f"Failed update global config from datastore {error}",
            ),
        ]
    story.log(story.pods[node], lines)
    story.texts["felixconfiguration.yaml"] = (
        'apiVersion: crd.projectcalico.org/v1\nkind: FelixConfiguration\nmetadata:\n  annotations:\n    projectcalico.org/metadata: \'{"uid":"9c0c","creationTimestamp":"2025-04-10T07:11:20Z"}\'\n'
        '  generation: 7\n  name: default\nspec:\n  bpfLogLevel: ""\n  floatingIPs: Disabled\n  interfacePrefix: cali,eth*\n  logSeverityScreen: Info\n  natPortRange: 32768:65535\n  reportingInterval: 0s\n'
    )
    story.describe(node)
    story.affected = nodes
    story.cite("felixconfiguration.yaml", "interfacePrefix: cali,eth*")
    story.cite(f"{story.pods[node]}.log", "Failed to parse config parameter InterfacePrefix")
    return story


# told on 29 November 2026 without having seen the rules
def mark_mask_with_one_digit_too_many(now: datetime) -> Incident:
    story = incident(
        "mark-mask-is-longer-than-thirty-two-bits",
        CAUSE,
        "To keep clear of a service mesh's marks FELIX_IPTABLESMARKMASK was set on the daemonset as 0x0ffff00000, which is no 32-bit number: felix refuses it and starts over each second or two on every rolled host; the rollout stops after its first one in ten. BIRD goes on, so no neighbour complains.",
        "https://github.com/projectcalico/calico/blob/v3.22.1/felix/config/param_types.go",
        now,
        platform="other",
        calico="v3.22.1",
        kubernetes="v1.22.8",
        namespace="kube-system",
        registry="quay.io/calico",
        difficulty="easy",
    )
    hosts = {f"ip-10-92-{n // 3}-{n * 13}": f"10.92.{n // 3}.{n * 13}" for n in range(3, 13)}
    story.hosts(
        hosts,
        os_image="Flatcar Container Linux by Kinvolk 3139.2.0 (Oklo)",
        kernel="5.15.32-flatcar",
        runtime="containerd://1.5.11",
    )
    bad = next(iter(hosts))
    env = {
        "env": [
            {"name": "DATASTORE_TYPE", "value": "kubernetes"},
            {"name": "CALICO_NETWORKING_BACKEND", "value": "bird"},
            {"name": "FELIX_HEALTHENABLED", "value": "true"},
            {"name": "FELIX_IPTABLESMARKMASK", "value": "0x0ffff00000"},
        ]
    }
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=1_200_000)
    init = [container(story, "install-cni", "quay.io/calico/cni:v3.22.1", done=True, started=2_060)]
    name = story.staff(
        {bad: hosts[bad]}, ready=False, restarts=9, started=48, last=("Error", 137, 50), age=2_090, spec=env, init=init
    )[0]
    story.probe(name, FELIX_REFUSED, 4, 2_040, 72)
    story.probe(name, NOT_LIVE, 52, 2_000, 61, kind="Liveness")
    story.pod_event(
        name, "Killing", "Container calico-node failed liveness probe, will be restarted", 80, 1_960, 9, type_="Normal"
    )
    log = [
        x
        for x in story.boot(bad, 46, [v for k, v in hosts.items() if k != bad][:6], interface="eth0", prefix=24)
        if "Completed first" not in x and "state changed" not in x
    ]
    for i in range(16):
        at, pid = 43.7 - 2.6 * i, 66 + 41 * i
        log += [
            story.say(at, "INFO", pid, "felix", "env_var_loader.go 40:", 'Found felix environment variable: "iptablesmarkmask"="0x0ffff00000"'),
            story.say(at, "INFO", pid, "felix", "config_params.go 424:", "Parsing value for IptablesMarkMask: 0x0ffff00000 (from environment variable)"),
            story.say(at - 0.01, "WARNING", pid, "felix", "param_types.go 389:", 'Failed to parse "0x0ffff00000" as an int: strconv.ParseUint: parsing "0x0ffff00000": value out of range'),
            story.say(at - 0.01, "ERROR", pid, "felix", "config_params.go 719:", 'Invalid (required) config value. error=Failed to parse config parameter IptablesMarkMask; value "0x0ffff00000": invalid mark: should be 32-bit int'),
        ]  # fmt: skip
    story.log(name, log)
    story.describe(bad, name)
    story.affected = [bad]
    story.cite(
        f"{name}.log", "Invalid (required) config value. error=Failed to parse config parameter IptablesMarkMask"
    )
    return story


def only_the_ca_of_typha_was_set(now: datetime) -> Incident:
    story = incident(
        "half-of-the-typha-tls-settings",
        CAUSE,
        "Somebody began to secure Typha by hand and set only the CA file: felix cannot validate its configuration ('they _all_ must be'), on each node that was restarted for it. The 0/1 pods complain of felix' readiness; Typha is well and serves those not restarted.",
        "https://docs.tigera.io/calico/latest/network-policy/comms/crypto-auth",
        now,
        platform="other",
        calico="v3.24.3",
        kubernetes="v1.25.3",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="medium",
        acceptable=["typha-tls-failure"],
    )
    hosts = {f"gpu{n:02}": f"10.165.9.{n + 100}" for n in range(1, 7)}
    story.hosts(hosts, os_image="Ubuntu 20.04.5 LTS", kernel="5.15.0-52-generic", runtime="containerd://1.6.9")
    bad = ["gpu03", "gpu06"]
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=1_500_000)
    names = story.staff(
        {k: hosts[k] for k in bad},
        ready=False,
        restarts=6,
        started=70,
        last=("Error", 137, 72),
        age=1_530,
        init=[container(story, "install-cni", "docker.io/calico/cni:v3.24.3", done=True, started=1_510)],
    )
    for name in names:
        story.probe(name, FELIX_REFUSED, 6, 1_490, 49)
    story.typha("gpu01", started=1_490_000)
    me = bad[1]
    log = story.boot(me, 68, [v for k, v in hosts.items() if k != me], interface="enp65s0f0", prefix=23)[:-1]
    text = "if any Felix-Typha TLS config parameters are specified, they _all_ must be - except that either TyphaCN or TyphaURISAN may be left unset"
    for i in range(13):
        at, pid = 65 - 4.7 * i, 71 + 55 * i
        log.append(
            story.say(at, "INFO", pid, "felix", "daemon.go 230:", 'Connecting to datastore datastore="kubernetes"')
        )
        log.append(
            story.say(
                at - 0.2,
                "ERROR",
                pid,
                "felix",
                "daemon.go 253:",
                f"Failed to parse/validate configuration from datastore. error={text}",
            )
        )
    story.log("", wrapped(story, log, "docker"), "gpu06-0.log")
    story.commands["pods.txt"] = "get pods -n kube-system -o wide"
    story.commands["describe-gpu06-pod.txt"] = f"describe pod -n kube-system {names[1]}"
    story.affected = bad
    story.cite(
        "gpu06-0.log",
        "Failed to parse/validate configuration from datastore. error=if any Felix-Typha TLS config parameters",
    )
    return story


STORIES = [method_is_a_bare_name, prefix_with_a_star, mark_mask_with_one_digit_too_many, only_the_ca_of_typha_was_set]
