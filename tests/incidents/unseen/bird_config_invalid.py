"""bird-config-invalid: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from cluster import container
from telling import SOCKET, Incident, incident, node_status, wrapped

CAUSE = "bird-config-invalid"


def own_template_of_another_release(now: datetime) -> Incident:
    story = incident(
        "check-fails-in-line-5-on-the-node-without-an-address",
        CAUSE,
        "On one node confd renders a bird.cfg whose router id is empty (the environment sets CALICO_ROUTER_ID to nothing there): bird -p refuses line 5, the file is never put in place and BIRD goes on looking for it.",
        "https://github.com/projectcalico/calicoctl/issues/1208",
        now,
        platform="other",
        calico="v3.16.5",
        kubernetes="v1.18.15",
        namespace="kube-system",
        registry="calico",
        difficulty="medium",
    )
    hosts = {f"sjc-k{n}": f"10.60.25.{10 + n}" for n in range(1, 6)}
    story.hosts(hosts, os_image="Debian GNU/Linux 10 (buster)", kernel="4.19.0-14-amd64", runtime="docker://19.3.15")
    bad = "sjc-k4"
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=1_300_000)
    name = story.staff(
        {bad: hosts[bad]},
        ready=False,
        restarts=3,
        started=700,
        last=("Error", 137, 720),
        age=4000,
        spec={
            "env": [
                {"name": "CALICO_ROUTER_ID", "value": " "},
                {"name": "IP", "value": "autodetect"},
                {"name": "CLUSTER_TYPE", "value": "k8s,bgp"},
            ]
        },
    )[0]
    story.probe(
        name,
        "BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/bird/bird.ctl: connect: no such file or directory",
        9,
        3900,
        388,
    )
    story.pod_event(
        name,
        "Unhealthy",
        "Liveness probe failed: calico/node is not ready: bird/confd is not live: exit status 1",
        720,
        3700,
        18,
    )
    log = story.boot(bad, 690, bird=False)
    for i in range(5):
        at, file = 686 - 2 * i, f".bird.cfg{856459999 + 114370 * i}"
        log += [
            story.say(
                at,
                "ERROR",
                60,
                "confd",
                "resource.go 288:",
                f'Error from checkcmd "bird -p -c /etc/calico/confd/config/{file}": "bird: /etc/calico/confd/config/{file}, line 5: syntax error\\n"',
            ),
            "bird: Unable to open configuration file /etc/calico/confd/config/bird.cfg: No such file or directory",
            story.say(at - 0.6, "ERROR", 60, "confd", "run.go 52:", "Config check failed: exit status 1"),
        ]
    log += story.quiet(660, 12, 120)
    story.log(name, log)
    story.describe(bad, name)
    story.affected = [bad]
    story.cite(f"{name}.log", "line 5: syntax error")
    return story


def included_file_is_missing_for_v6(now: datetime) -> Incident:
    story = incident(
        "dual-stack-node-without-its-aggregation-file",
        CAUSE,
        "On a dual-stack node confd cannot put the IPv6 configuration in place: bird6 -p does not find the included bird6_aggr.cfg, so BIRD6 has no configuration; IPv4 sessions are all up, the pod is 0/1.",
        "https://github.com/projectcalico/calicoctl/issues/1328",
        now,
        platform="other",
        calico="v3.22.3",
        kubernetes="v1.23.8",
        registry="quay.io/calico",
        difficulty="medium",
    )
    hosts = {f"ds-{n}": f"10.4.120.{30 + n}" for n in range(1, 4)}
    story.hosts(hosts, os_image="Ubuntu 20.04.4 LTS", kernel="5.4.0-121-generic")
    bad = "ds-2"
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=900_000)
    name = story.staff(
        {bad: hosts[bad]},
        ready=False,
        restarts=1,
        started=8000,
        last=("Unknown", 255, 8060),
        spec={
            "env": [
                {"name": "IP", "value": "autodetect"},
                {"name": "IP6", "value": "autodetect"},
                {"name": "FELIX_IPV6SUPPORT", "value": "true"},
            ]
        },
    )[0]
    story.probe(
        name,
        "BIRD6 is not ready: Error querying BIRD: unable to connect to BIRDv6 socket: dial unix /var/run/calico/bird6.ctl: connect: no such file or directory",
        6,
        7900,
        790,
    )
    log = story.boot(bad, 7990, [v for k, v in hosts.items() if k != bad])
    for i in range(12):
        at, file = 7980 - 640 * i, f".bird6.cfg{161392533 + 977 * i}"
        log += [
            story.say(
                at,
                "ERROR",
                62,
                "confd",
                "resource.go 306:",
                f'Error from checkcmd "bird6 -p -c /etc/calico/confd/config/{file}": "bird: /etc/calico/confd/config/{file}, line 2: Unable to open included file /etc/calico/confd/config/bird6_aggr.cfg: No such file or directory\\n"',
            ),
            story.say(
                at - 0.2,
                "INFO",
                62,
                "confd",
                "resource.go 238:",
                "Target config /etc/calico/confd/config/bird6.cfg out of sync",
            ),
            "bird: Unable to open configuration file /etc/calico/confd/config/bird6.cfg: No such file or directory",
            *story.quiet(at - 30, at - 500, 230),
        ]
    story.log(name, log)
    story.describe(bad, name)
    story.affected = [bad]
    story.cite(f"{name}.log", "Unable to open included file /etc/calico/confd/config/bird6_aggr.cfg")
    return story


def quotation_mark_in_the_password(now: datetime) -> Incident:
    story = incident(
        "new-mesh-password-holds-a-quotation-mark",
        CAUSE,
        "IKS VPC: the customer put a generated password with a double quote into calico-bgp-password. BIRD refuses every bird.cfg rendered with it; running agents keep the former file, the worker that was replaced has none that parses, so its BIRD ends each second.",
        "https://docs.tigera.io/calico/latest/network-policy/comms/secure-bgp",
        now,
        platform="vpc",
        calico="v3.29.3",
        kubernetes="v1.32.3+IKS",
        difficulty="medium",
    )
    nodes = story.workers([f"10.242.128.{n}" for n in (4, 6, 9, 13)])
    bad = story.workers(["10.242.128.22"], age=5400, since=5200)[0]
    story.agents(nodes, started=2_000_000)
    name = story.agents([bad], ready=False, started=5240, age=5300)[0]
    story.probe(
        name,
        "BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: no such file or directory",
        18, 5230, 174,
    )  # fmt: skip
    story.typha(nodes[1])
    log = story.boot(bad, 5238, bird=False)
    for i in range(7):
        at, file = 5235 - 740 * i, f".bird.cfg{1203847123 + 88213 * i}"
        log += [
            story.say(
                at,
                "ERROR",
                60,
                "confd",
                "resource.go 317:",
                f'Error from checkcmd "bird -p -c /etc/calico/confd/config/{file}": "bird: /etc/calico/confd/config/{file}:168:23 syntax error\\n"',
            ),
            *(
                [
                    story.say(
                        at,
                        "INFO",
                        60,
                        "confd",
                        "resource.go 251:",
                        "Check failed, but file does not yet exist - create anyway",
                    )
                ]
                if i == 0
                else [story.say(at, "ERROR", 60, "confd", "run.go 66:", "Config check failed: exit status 1")]
            ),
            *["bird: /etc/calico/confd/config/bird.cfg:168:23 syntax error"] * 5,
            *story.quiet(at - 60, at - 500, 260),
        ]
    story.log(name, log)
    story.texts["bird.cfg-lines-160-171.txt"] = (
        "# For peer /host/10.242.128.4/ip_addr_v4\nprotocol bgp Mesh_10_242_128_4 from bgp_template {\n  multihop;\n  ttl security off;\n  neighbor 10.242.128.4 as 64512;\n  source address 10.242.128.22;  # The local address we use for the TCP connection\n  # (password line removed before sending; it is q7...\"...Lk, made by the vault's generator)\n}\n"
    )
    story.describe(bad, name)
    story.affected = [bad]
    story.cite(f"{name}.log", "bird.cfg:168:23 syntax error")
    return story


def customers_template_of_a_newer_release(now: datetime) -> Incident:
    story = incident(
        "templates-in-a-config-map-use-a-function-confd-lacks",
        CAUSE,
        "Own BIRD templates are mounted from a config map; they were copied from a newer release and call a function this confd does not know. bird.cfg is not rendered on any node that restarts; those that were not restarted go on with their old file.",
        "https://github.com/projectcalico/calico/blob/master/confd/pkg/resource/template/resource.go",
        now,
        platform="other",
        calico="v3.23.3",
        kubernetes="v1.24.9",
        namespace="kube-system",
        registry="quay.io/calico",
        difficulty="medium",
        acceptable=["invalid-calico-config", "crd-or-version-mismatch"],
    )
    hosts = {f"hpc-{n:03}": f"172.27.200.{n}" for n in (101, 102, 103, 104, 105)}
    story.hosts(
        hosts,
        os_image="AlmaLinux 8.7 (Stone Smilodon)",
        kernel="4.18.0-425.10.1.el8_7.x86_64",
        runtime="containerd://1.6.14",
    )
    bad = ["hpc-101", "hpc-102"]
    names = story.staff(
        {k: hosts[k] for k in bad}, ready=False, restarts=5, started=130, last=("Error", 137, 160), age=1_900
    )
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=4_000_000, age=4_000_100)
    for name in names:
        story.probe(
            name,
            "BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: no such file or directory",
            14,
            1880,
            62,
        )
        story.probe(
            name,
            "bird/confd is not live: Service bird is not running. Output << down: /etc/service/enabled/bird: 0s, normally up, want up >>",
            170,
            1800,
            30,
            kind="Liveness",
        )
        story.pod_event(
            name,
            "Killing",
            "Container calico-node failed liveness probe, will be restarted",
            190,
            1790,
            5,
            type_="Normal",
        )
    me = bad[1]
    log = story.boot(me, 128, bird=False, interface="ib0", prefix=22)
    error = 'Unable to process template /etc/calico/confd/templates/bird.cfg.template, template: bird.cfg.template:9: function "bgpFilterBIRDFuncs" not defined'
    log += [
        story.say(
            125.9,
            "INFO",
            60,
            "confd",
            "resource.go 277:",
            "Target config /etc/calico/confd/config/bird_aggr.cfg has been updated due to change in key: /calico/v1/ipam/v4/pool",
        ),
        story.say(
            125.8,
            "INFO",
            60,
            "confd",
            "resource.go 277:",
            "Target config /etc/calico/confd/config/bird6_aggr.cfg has been updated due to change in key: /calico/v1/ipam/v6/pool",
        ),
        story.say(125.7, "ERROR", 60, "confd", "run.go 52:", error),
    ]
    for i in range(22):
        log.append(
            "bird: Unable to open configuration file /etc/calico/confd/config/bird.cfg: No such file or directory"
        )
        if i % 5 == 4:
            log.append(story.say(110 - 4 * i, "ERROR", 60, "confd", "run.go 52:", error))
    story.log(names[1], [*log, *story.quiet(64, 4, 61)])
    story.texts["config-map.txt"] = (
        "Name:         bird-templates\nNamespace:    kube-system\nLabels:       <none>\nAnnotations:  <none>\n\nData\n====\nbird.cfg.template:\n----\nfunction apply_communities ()\n{\n{{- $prefix_cidrs := getvs ... }}\n(... 231 lines)\n\nBinaryData\n====\n\nEvents:  <none>\n"
    )
    story.describe(me, names[1])
    story.affected = bad
    story.cite(f"{names[1]}.log", 'function "bgpFilterBIRDFuncs" not defined')
    return story


# told on 29 November 2026 without having seen the rules
def bird_rejects_the_interface_pattern(now: datetime) -> Incident:
    story = incident(
        "direct-section-refused-when-a-node-joins",
        CAUSE,
        "confd's check of each new bird.cfg fails in the line of the interfaces; running BIRDs keep the old file, so nothing shows but this line until a node joins: its mesh peers never learn of it, and its own BIRD has no configuration that parses. The new node's readiness is the complaint.",
        "https://github.com/projectcalico/calico/blob/v3.27.0/confd/etc/calico/confd/templates/bird.cfg.template",
        now,
        platform="other",
        calico="v3.27.0",
        kubernetes="v1.28.5",
        registry="docker.io/calico",
        difficulty="hard",
        acceptable=["invalid-calico-config"],
    )
    hosts = {f"prod-node-{x}": f"10.56.20.{n}" for x, n in (("a", 11), ("b", 12), ("c", 13), ("d", 14))}
    story.hosts(
        hosts,
        os_image="Rocky Linux 9.3 (Blue Onyx)",
        kernel="5.14.0-362.13.1.el9_3.x86_64",
        runtime="containerd://1.7.11",
    )
    bad = "prod-node-e"
    story.hosts({bad: "10.56.20.15"}, os_image="Rocky Linux 9.3 (Blue Onyx)", kernel="5.14.0-362.13.1.el9_3.x86_64", runtime="containerd://1.7.11", age=2_700, since=2_600)  # fmt: skip
    story.staff(hosts, started=1_650_000, age=1_650_040)
    init = [container(story, "install-cni", "docker.io/calico/cni:v3.27.0", done=True, started=2_660)]
    name = story.staff({bad: "10.56.20.15"}, ready=False, started=2_640, age=2_690, init=init)[0]
    story.probe(name, SOCKET, 12, 2_610, 88)
    log = story.boot(bad, 2_638, bird=False, interface="eno1", prefix=24)
    for i in range(14):
        at, file = 2_635 - 180 * i, f".bird.cfg{2_204_117_350 + 771_301 * i}"
        log.append(
            story.say(
                at, "ERROR", 60, "confd", "resource.go 318:",
                f'Error from checkcmd "bird -p -c /etc/calico/confd/config/{file}": "bird: /etc/calico/confd/config/{file}:47:62 syntax error\\n"',
            )
        )  # fmt: skip
        create = story.say(
            at, "INFO", 60, "confd", "resource.go 251:", "Check failed, but file does not yet exist - create anyway"
        )
        log.append(
            story.say(at, "ERROR", 60, "confd", "run.go 66:", "Config check failed: exit status 1") if i else create
        )
        log += ["bird: /etc/calico/confd/config/bird.cfg:47:62 syntax error"] * 4
        log += story.quiet(at - 30, at - 170, 66)
    old = story.pods["prod-node-b"]
    calm = story.quiet(11_000, 2_700, 590)
    for i in range(3):
        at, file = 2_633 - 0.9 * i, f".bird.cfg{3_950_228_101 + 1_201 * i}"
        calm.append(
            story.say(
                at, "ERROR", 63, "confd", "resource.go 318:",
                f'Error from checkcmd "bird -p -c /etc/calico/confd/config/{file}": "bird: /etc/calico/confd/config/{file}:47:62 syntax error\\n"',
            )
        )  # fmt: skip
        calm.append(story.say(at, "ERROR", 63, "confd", "run.go 66:", "Config check failed: exit status 1"))
    story.log(
        "",
        [*wrapped(story, calm + story.quiet(2_500, 40, 560), "stern", old), *wrapped(story, log, "stern", name)],
        "stern-calico-node.txt",
    )
    story.texts["node-status-b.txt"] = node_status(
        [(a, "up", "2026-11-10", "Established") for k, a in hosts.items() if k != "prod-node-b"]
    )
    story.describe(bad, name)
    story.affected = [bad]
    story.cite("stern-calico-node.txt", ":47:62 syntax error")
    return story


def an_empty_volume_over_the_templates(now: datetime) -> Incident:
    story = incident(
        "confd-finds-no-templates-under-its-mount",
        CAUSE,
        "In an air-gapped cluster an empty host directory is mounted over /etc/calico/confd on the rolled hosts: confd finds no templates ('Found no templates'), renders nothing, and BIRD has no configuration file. Loud are the restarts by the liveness probe.",
        "https://github.com/projectcalico/calico/blob/v3.20.0/confd/pkg/resource/template/processor.go",
        now,
        platform="other",
        calico="v3.20.6",
        kubernetes="v1.21.12",
        namespace="kube-system",
        registry="harbor.lan/calico",
        difficulty="medium",
        acceptable=["invalid-calico-config"],
    )
    hosts = {f"airgap{n}": f"192.168.140.{100 + n}" for n in range(1, 6)}
    story.hosts(hosts, os_image="Ubuntu 20.04.4 LTS", kernel="5.4.0-109-generic", runtime="docker://20.10.14")
    bad = ["airgap1", "airgap4"]
    mounts = {
        "volumeMounts": [
            {"name": "lib-modules", "mountPath": "/lib/modules", "readOnly": True},
            {"name": "var-lib-calico", "mountPath": "/var/lib/calico"},
            {"name": "var-run-calico", "mountPath": "/var/run/calico"},
            {"name": "confd", "mountPath": "/etc/calico/confd"},
            {"name": "xtables-lock", "mountPath": "/run/xtables.lock"},
        ]
    }
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=1_500_000)
    init = [container(story, "install-cni", "harbor.lan/calico/cni:v3.20.6", done=True, started=4_260)]
    names = story.staff(
        {k: hosts[k] for k in bad},
        ready=False,
        restarts=19,
        started=64,
        last=("Error", 137, 66),
        age=4_290,
        spec=mounts,
        init=init,
    )
    for name in names:
        story.probe(name, SOCKET, 6, 4_200, 139)
        story.probe(
            name,
            "bird/confd is not live: Service bird is not running. Output << down: /etc/service/enabled/bird: 0s, normally up, want up; >>",
            70,
            4_150,
            114,
            kind="Liveness",
        )
        story.pod_event(
            name,
            "Killing",
            "Container calico-node failed liveness probe, will be restarted",
            97,
            4_100,
            19,
            type_="Normal",
        )
    for k in ("airgap2", "airgap3"):
        story.not_established(story.pods[k], [hosts[x] for x in bad], 4_220, 4_250, 2, established=2)
    me = bad[1]
    log = story.boot(me, 63, bird=False, interface="ens160", prefix=24)
    at = next(i for i, x in enumerate(log) if "Starting calico-confd" in x)
    log[at + 1 : at + 1] = [story.say(61.6, "WARNING", 60, "confd", "processor.go 152:", "Found no templates")]
    log += [
        "bird: Unable to open configuration file /etc/calico/confd/config/bird.cfg: No such file or directory",
        "bird: Unable to open configuration file /etc/calico/confd/config/bird6.cfg: No such file or directory",
    ] * 26
    story.log(names[1], wrapped(story, log, "stamps"))
    story.describe(me, names[1])
    story.affected = bad
    story.cite(f"{names[1]}.log", "Found no templates")
    return story


STORIES = [
    own_template_of_another_release,
    included_file_is_missing_for_v6,
    quotation_mark_in_the_password,
    customers_template_of_a_newer_release,
    bird_rejects_the_interface_pattern,
    an_empty_volume_over_the_templates,
]
