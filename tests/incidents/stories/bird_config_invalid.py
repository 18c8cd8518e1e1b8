"""bird-config-invalid: confd cannot render BIRD's configuration, or BIRD refuses it."""

from __future__ import annotations

from datetime import datetime

from telling import (
    NO_CONFIG,
    NOT_LIVE,
    Incident,
    incident,
    node_status,
    wrapped,
)

CAUSE = "bird-config-invalid"
NO_SOCKET = (
    "Readiness probe failed: calico/node is not ready: BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: "
    "dial unix /var/run/calico/bird.ctl: connect: no such file or directory"
)


def check(story: Incident, ago: float, words: str, turn: int, pid: int = 60) -> list[str]:
    """confd's lines about a configuration that ``bird -p`` refuses."""
    file = f"/etc/calico/confd/config/.bird.cfg{1204830071 + 7919 * turn}"
    return [
        story.say(
            ago,
            "ERROR",
            pid,
            "confd",
            "resource.go 307:",
            f'Error from checkcmd "bird -p -c {file}": "bird: {file}:{words}\\n"',
        ),
        story.say(ago, "ERROR", pid, "confd", "run.go 64:", "Config check failed: exit status 1"),
    ]


def rr_client(now: datetime) -> Incident:
    story = incident(
        "reflector-client-of-another-as",
        CAUSE,
        "A reflector was given peers of another AS: bird -p refuses 'Only internal neighbor can be RR client', the old file stays and new workers get no session.",
        "https://github.com/projectcalico/bird/issues/28",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.27.0",
        kubernetes="v1.28.7",
        registry="docker.io/calico",
        acceptable=["bgp-misconfigured"],
    )
    ips = {"rr-1": "10.240.200.50", "wk-1": "10.240.200.61", "wk-2": "10.240.200.62", "wk-3": "10.240.200.63"}
    story.hosts(ips, labels={"kubernetes.io/os": "linux"})
    for node, address in ips.items():
        story.agents(
            [node], address=address, **({"ready": False, "started": 5000, "age": 5100} if node == "wk-3" else {})
        )
    story.not_established(story.pods["wk-3"], [ips["rr-1"]], 15, 4960, 496)
    story.describe("wk-3", story.pods["wk-3"])
    log = story.quiet(9000, 5100, 300)
    quiet = story.quiet(4900, 20, 400)
    for i in range(12):
        log += check(story, 4990 - 400 * i, "55:24 Only internal neighbor can be RR client", i) + quiet[i : i + 1]
    story.log(story.pods["rr-1"], log)
    story.texts["rr-1-status.txt"] = node_status(
        [
            (ips["wk-1"], "up", story.ago(1382400)[:10], "Established"),
            (ips["wk-2"], "up", story.ago(1382400)[:10], "Established"),
        ],
        "node specific",
    )
    story.affected = ["rr-1"]
    story.cite(f"{story.pods['rr-1']}.log", "Only internal neighbor can be RR client")
    return story


def key_missing(now: datetime) -> Incident:
    story = incident(
        "template-without-the-node-address",
        CAUSE,
        "confd cannot process bird.cfg.template, a key it reads does not exist; BIRD waits for a file that never comes.",
        "https://github.com/projectcalico/felix/issues/2079",
        now,
        difficulty="medium",
        platform="other",
        calico="v3.8.4",
        kubernetes="v1.14.9",
        registry="quay.io/calico",
        namespace="kube-system",
    )
    ips = {f"prd-net-{n:02}": f"10.77.3.{n}" for n in (1, 2, 3, 4, 5)}
    story.hosts(ips, runtime="docker://18.6.3", kernel="4.17.11-1.el7.elrepo.x86_64", os_image="CentOS Linux 7 (Core)")
    bad = "prd-net-05"
    for node, address in ips.items():
        story.agents(
            [node],
            address=address,
            **({"ready": False, "restarts": 5, "started": 1500, "last": ("Error", 137, 1520)} if node == bad else {}),
        )
    name = story.pods[bad]
    story.pod_event(name, "Unhealthy", NO_SOCKET.replace("/var/run/calico/", "/var/run/bird/"), 7, 1470, 148)
    story.pod_event(name, "Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 503", 1530, 9000, 12)
    story.commands = {
        "describe_pod.txt": f"describe pod -n kube-system {name}",
        "get_pods.txt": "get pods -n kube-system -o wide",
    }
    log = story.old_boot(bad, 1500, address=ips[bad], prefix=24, bird=False)
    text = 'template: bird.cfg.template:36:18: executing "bird.cfg.template" at <getv $node_ip_key>: error calling getv: key does not exist: /bgp/v1/host/prd-net-05/ip_addr_v4'
    for i in range(16):
        log += [NO_CONFIG.format("bird.cfg")] * (2 + i % 3)
        if i % 4 == 1:
            log.append(
                story.say(
                    1490 - 90 * i,
                    "ERROR",
                    60,
                    "confd",
                    "run.go 66:",
                    f"Unable to process template /etc/calico/confd/templates/bird.cfg.template, {text}",
                )
            )
        log += story.quiet(1480 - 90 * i, 1480 - 90 * i - 1)
    story.log(name, log, "calico_node_log.txt")
    story.affected = [bad]
    story.cite("calico_node_log.txt", "Unable to process template")
    return story


def quote(now: datetime) -> Incident:
    story = incident(
        "mesh-password-with-a-quote",
        CAUSE,
        "The new mesh password holds a quotation mark: BIRD refuses the file ('Unterminated string'). Running BIRDs keep the old one; restarted workers have none.",
        "https://github.com/projectcalico/calico/blob/v3.27.3/confd/etc/calico/confd/templates/bird.cfg.template",
        now,
        difficulty="hard",
        platform="classic",
        calico="v3.27.3",
        kubernetes="v1.29.9+IKS",
    )
    nodes = story.workers([f"10.166.20.{n}" for n in (73, 77, 79, 85, 91, 92, 101)])
    late = nodes[4:6]
    story.agents([n for n in nodes if n not in late])
    story.agents(late, ready=False, started=2600, age=2700)
    for node in late:
        story.pod_event(story.pods[node], "Unhealthy", NO_SOCKET, 5, 2580, 258)
        story.describe(node)
    name = story.pods[late[0]]
    words = "/etc/calico/confd/config/bird.cfg:74:14 Unterminated string"
    log = story.boot(late[0], 2600, bird=False) + check(story, 2597, "74:14 Unterminated string", 1)
    log.append(
        story.say(
            2597, "INFO", 60, "confd", "resource.go 241:", "Check failed, but file does not yet exist - create anyway"
        )
    )
    for ago in range(2590, 1900, -62):
        log += [f"bird: {words}"] * 2 + story.quiet(ago, ago - 1)
    story.log(name, log)
    old = story.pods[nodes[0]]
    story.log(
        old,
        [
            *story.quiet(6000, 3600, 400),
            *check(story, 3500, "74:14 Unterminated string", 3),
            *story.quiet(3400, 30, 400),
        ],
    )
    story.affected = late
    story.cite(f"{name}.log", "bird.cfg:74:14 Unterminated string")
    return story


def bgp_filter(now: datetime) -> Incident:
    story = incident(
        "filter-that-bird-cannot-read",
        CAUSE,
        "Since a BGPFilter was added confd's check of the new bird.cfg fails with a syntax error on every worker; once in each log between quiet lines.",
        "https://github.com/projectcalico/calico/blob/v3.30.1/confd/pkg/resource/template/resource.go",
        now,
        difficulty="hard",
        platform="vpc",
        calico="v3.30.1",
        kubernetes="v1.33.1+IKS",
        acceptable=["bgp-misconfigured"],
    )
    nodes = story.workers([f"10.246.3.{n}" for n in (4, 5, 6)])
    fresh = story.workers(["10.246.3.19"], age=4000)[0]
    story.agents(nodes)
    story.agents([fresh], started=3800, age=3900, ready=False)
    story.not_established(story.pods[fresh], nodes, 13, 3760, 376, pid=8112)
    story.describe(fresh)
    for i, node in enumerate(nodes):
        log = story.quiet(8000 + 50 * i, 5400, 260) + check(
            story, 5200 - i, "9:31 syntax error, unexpected ID, expecting '{' or '['", i
        )
        log += check(story, 3810 - i, "9:31 syntax error, unexpected ID, expecting '{' or '['", i + 9) + story.quiet(
            3700, 40, 260
        )
        story.log(
            story.pods[node],
            log
            + [
                f"bird: BGP: Unexpected connect from unknown address {fresh} (port {40113 + 911 * k})" for k in range(6)
            ],
        )
    story.texts["bgpfilter.yaml"] = (
        "apiVersion: crd.projectcalico.org/v1\nkind: BGPFilter\nmetadata:\n  name: only.public-ranges\nspec:\n  exportV4:\n  - action: Accept\n    cidr: 172.17.0.0/18\n    matchOperator: In\n"
        "  - action: Reject\n    matchOperator: In\n    source: RemotePeers\n"
    )
    story.affected = nodes
    story.cite(f"{story.pods[nodes[0]]}.log", "syntax error, unexpected ID")
    return story


def own_template(now: datetime) -> Incident:
    story = incident(
        "template-of-the-old-release-in-a-config-map",
        CAUSE,
        "A config map replaces bird.cfg.template with one made for an older release: confd ends at once with a template error, on every node that has been restarted.",
        "https://github.com/projectcalico/calico/issues/2373",
        now,
        difficulty="medium",
        platform="other",
        calico="v3.23.5",
        kubernetes="v1.24.10",
        registry="quay.io/calico",
        namespace="kube-system",
        acceptable=["invalid-calico-config"],
    )
    ips = {f"dmz-{n}": f"172.22.40.{n}" for n in (10, 11, 12, 13)}
    story.hosts(ips)
    bad = ["dmz-12", "dmz-13"]
    story.staff({n: a for n, a in ips.items() if n not in bad}, started=9_000_000, age=9_000_000)
    story.staff({n: ips[n] for n in bad}, ready=False, started=2000, age=2100, restarts=2, last=("Error", 137, 2030))
    name = story.pods["dmz-12"]
    text = 'template: bird.cfg.template:31: function "emitBIRDExternalNetworkConfig" not defined'
    log = story.boot("dmz-12", 2000, interface="ens3", prefix=24, bird=False)
    for i in range(14):
        log.append(
            story.say(
                1995 - 130 * i,
                "FATAL" if i % 3 == 0 else "ERROR",
                60 + i,
                "confd",
                "run.go 66:",
                f"Unable to process template /etc/calico/confd/templates/bird.cfg.template, {text}",
            )
        )
        log += [NO_CONFIG.format("bird.cfg")] * 2 + story.quiet(1980 - 130 * i, 1980 - 130 * i - 1)
    story.log(name, wrapped(story, log, "stern", name), "stern.txt")
    for node in bad:
        story.pod_event(story.pods[node], "Unhealthy", NO_SOCKET, 6, 1970, 190)
    story.commands = {
        "describe.txt": f"describe pod -n kube-system {name}",
        "pods.txt": "get pods -n kube-system -o wide",
    }
    story.affected = bad
    story.cite("stern.txt", 'function "emitBIRDExternalNetworkConfig" not defined')
    return story


def long_ago(now: datetime) -> Incident:
    story = incident(
        "syntax-error-in-a-node-that-was-replaced",
        CAUSE,
        "Only the new worker fails: BIRD refuses line 112 of the file that confd renders now; the older BIRDs go on with the file they have.",
        "https://github.com/projectcalico/bird/issues/84",
        now,
        difficulty="hard",
        platform="vpc",
        calico="v3.28.3",
        kubernetes="v1.31.8+IKS",
        acceptable=["bgp-misconfigured"],
    )
    nodes = story.workers([f"10.242.5.{n}" for n in (68, 69, 70)])
    new = story.workers(["10.242.5.88"], age=3000, labels={"ibm-cloud.kubernetes.io/worker-pool-name": "default"})[0]
    story.agents(nodes, restarts=3, last=("Completed", 0, 2_400_000))
    story.agents([new], ready=False, started=2700, age=2800)
    name = story.pods[new]
    story.pod_event(name, "Unhealthy", NO_SOCKET, 21, 2680, 88)
    story.node_event(new, "InvalidDiskCapacity", "invalid capacity 0 on image filesystem", 2900)
    story.describe(new)
    log = story.boot(new, 2700, bird=False) + check(story, 2697, "112:17 syntax error", 0)
    log.append(
        story.say(
            2697, "INFO", 60, "confd", "resource.go 252:", "Check failed, but file does not yet exist - create anyway"
        )
    )
    quiet = story.quiet(2600, 20, 260)
    for i in range(10):
        log += ["bird: /etc/calico/confd/config/bird.cfg:112:17 syntax error"] * 2 + quiet[i : i + 1]
    story.log(name, wrapped(story, log, "stamps"))
    story.log(
        story.pods[nodes[0]],
        [*story.quiet(3600, 20, 300), f"bird: BGP: Unexpected connect from unknown address {new} (port 40012)"],
    )
    story.affected = [new]
    story.cite(f"{name}.log", "bird.cfg:112:17 syntax error")
    return story


def _bird(now: datetime, name: str, why: str, place: str, bad: str, ips: dict[str, str], **more: object) -> Incident:
    story = incident(
        name, CAUSE, why, f"https://github.com/projectcalico/calico/blob/{place}", now, platform="other", **more
    )
    story.hosts(ips)
    story.staff({n: a for n, a in ips.items() if n != bad})
    story.staff({bad: ips[bad]}, ready=False, started=4000, restarts=1, last=("Error", 137, 4010))
    story.pod_event(story.pods[bad], "Unhealthy", NO_SOCKET, 8, 3950, 390)
    story.commands |= {
        "pods.txt": "get pods -A -o wide",
        "describe.txt": f"describe pod -n {story.namespace} {story.pods[bad]}",
    }
    story.affected = [bad]
    return story


def router_id(now: datetime) -> Incident:
    story = _bird(now, "router-id-is-no-number", "CALICO_ROUTER_ID was set to a host name: BIRD refuses the second line of bird.cfg on this node.", "v3.26.1/confd/etc/calico/confd/templates/bird.cfg.template",
        "lab-3", {f"lab-{n}": f"10.62.1.{n}" for n in (1, 2, 3)}, calico="v3.26.1", kubernetes="v1.27.3", registry="docker.io/calico", difficulty="easy")  # fmt: skip
    log = story.boot("lab-3", 4000, prefix=24, bird=False) + check(story, 3998, "9:11 syntax error", 2)
    for line in story.quiet(3900, 100, 300):
        log += ["bird: /etc/calico/confd/config/bird.cfg:9:11 syntax error", line]
    story.log(story.pods["lab-3"], log)
    story.cite(f"{story.pods['lab-3']}.log", "bird.cfg:9:11 syntax error")
    return story


def duplicate_protocol(now: datetime) -> Incident:
    story = _bird(now, "prefix-length-beyond-the-address", "A service range was entered as 172.99.0.0/33: BIRD says 'Invalid prefix length' once per check; the restarted node has no BIRD.", "v3.22.3/confd/pkg/backends/calico/routes.go",
        "q2", {f"q{n}": f"192.168.91.{n}" for n in (1, 2, 3, 4)}, calico="v3.22.3", kubernetes="v1.23.8", registry="quay.io/calico", namespace="kube-system", difficulty="hard", acceptable=["bgp-misconfigured"])  # fmt: skip
    bad = check(story, 3997, "31:20 Invalid prefix length 33", 5, 62)
    story.log(
        "",
        wrapped(story, story.boot("q2", 4000, prefix=24, bird=False) + bad + story.quiet(3900, 20, 130), "stamps"),
        "q2.log",
    )
    story.log(
        "",
        story.quiet(9000, 4600, 300)
        + check(story, 4500, "31:20 Invalid prefix length 33", 8)
        + story.quiet(4400, 20, 300),
        "q1.log",
    )
    story.probe(story.pods["q2"], NOT_LIVE, 4020, 4050, 6, "Liveness")
    story.cite("q2.log", "Invalid prefix length 33")
    return story


def aggregate(now: datetime) -> Incident:
    story = _bird(now, "aggregation-template-fails", "confd cannot render bird_aggr.cfg.template on one node, BIRD's include of it is missing: BIRD opens bird.cfg and stops there.", "v3.20.2/confd/etc/calico/confd/templates/bird_aggr.cfg.template",
        "kl-4", {f"kl-{n}": f"172.23.5.{n}" for n in (2, 3, 4)}, calico="v3.20.2", kubernetes="v1.21.8", registry="docker.io/calico", namespace="kube-system", difficulty="hard")  # fmt: skip
    text = 'Unable to process template /etc/calico/confd/templates/bird_aggr.cfg.template, template: bird_aggr.cfg.template:9:21: executing "bird_aggr.cfg.template" at <json .Value>: error calling json: unexpected end of JSON input'
    log = [*story.boot("kl-4", 4000, prefix=24, bird=False), story.say(3998, "ERROR", 61, "confd", "run.go 64:", text)]
    for line in story.quiet(3950, 100, 400):
        log += [
            "bird: /etc/calico/confd/config/bird.cfg:5:1 Unable to open included file /etc/calico/confd/config/bird_aggr.cfg: No such file or directory",
            line,
        ]
    story.log("", log, "kl-4.txt")
    story.cite("kl-4.txt", "Unable to process template")
    return story


def neighbor(now: datetime) -> Incident:
    story = _bird(now, "peer-address-that-bird-cannot-read", "Only a short log tail and a describe: BIRD refuses line 88 ('Neighbor must be configured') of the file.", "v3.24.1/confd/etc/calico/confd/templates/bird.cfg.template",
        "oslo-2", {f"oslo-{n}": f"10.9.14.{n}" for n in (1, 2, 3, 4, 5)}, calico="v3.24.1", kubernetes="v1.25.3", registry="quay.io/calico", difficulty="medium")  # fmt: skip
    story.log(
        "",
        [
            x
            for line in story.quiet(900, 20, 60)
            for x in ("bird: /etc/calico/confd/config/bird.cfg:88:1 Neighbor must be configured", line)
        ],
        "tail.txt",
    )
    story.cite("tail.txt", "bird.cfg:88:1 Neighbor must be configured")
    return story


STORIES = [
    rr_client,
    key_missing,
    quote,
    bgp_filter,
    own_template,
    long_ago,
    router_id,
    duplicate_protocol,
    aggregate,
    neighbor,
]
