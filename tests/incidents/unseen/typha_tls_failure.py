"""typha-tls-failure: the first two told without having seen the rules, the others by the rules' author from public threads."""

from __future__ import annotations

from datetime import datetime

from telling import FELIX_503, FELIX_REFUSED, Incident, incident, wrapped

CAUSE = "typha-tls-failure"


def signer_was_made_anew(now: datetime) -> Incident:
    story = incident(
        "ca-bundle-knows-only-the-new-signer",
        CAUSE,
        "The operator's signer was made anew; typha still shows a certificate of the old one. Each calico-node that is restarted has the new CA bundle, does not trust typha and ends; the older ones run on over their old connections.",
        "https://github.com/projectcalico/calico/issues/10522",
        now,
        platform="other",
        calico="v3.30.1",
        kubernetes="v1.32.5",
        registry="quay.io/calico",
        difficulty="medium",
    )
    hosts = {f"pr-eu-{n:02}": f"10.160.5.{40 + n}" for n in range(1, 7)}
    bad = ["pr-eu-02", "pr-eu-05"]
    story.hosts(hosts)
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=1_600_000)
    story.typha("pr-eu-01", "9mzqt", started=1_600_000)
    story.typha("pr-eu-03", "kx44c", started=1_600_000)
    typhas = (hosts["pr-eu-01"], hosts["pr-eu-03"])
    unknown = "tls: failed to verify certificate: x509: certificate signed by unknown authority"
    for n, node in enumerate(bad):
        name = story.staff(
            {node: hosts[node]}, ready=False, restarts=3, started=1200, age=1700, last=("Error", 137, 1210)
        )[0]
        story.probe(name, FELIX_503, 11 + n, 1640, 160)
        lines = story.boot(node, 1200, (), bird=False)[:-1]
        for turn in range(18):
            ago, pid = 1195 - 62 * turn, 71 + 290 * turn
            lines.append(story.say(ago, "INFO", pid, "felix", "daemon.go 524:", "Starting the Typha connection..."))
            for k, typha in enumerate(typhas):
                lines += [
                    story.say(
                        ago - k,
                        "INFO",
                        pid,
                        "felix",
                        "sync_client.go 202:",
                        f'Connecting to typha endpoint {typha}:5473. myID=0x1 type=""',
                    ),
                    story.say(ago - k - 0.01, "INFO", pid, "felix", "sync_client.go 85:", " requiringTLS=true"),
                    story.say(
                        ago - k - 0.02,
                        "WARNING",
                        pid,
                        "felix",
                        "sync_client.go 205:",
                        f'Failed to connect to typha endpoint {typha}:5473.  Will try another if available... error={unknown} myID=0x1 type=""',
                    ),
                ]
            lines += [
                story.say(
                    ago - 3,
                    "ERROR",
                    pid,
                    "felix",
                    "daemon.go 529:",
                    "Failed to connect to Typha. error=failed to load next Typha address to try: tried all available discovered addresses",
                ),
                story.say(
                    ago - 40,
                    "FATAL",
                    pid + 1,
                    "confd",
                    "startsyncerclient.go 86:",
                    "Failed to connect to Typha error=failed to load next Typha address to try: tried all available discovered addresses",
                ),
            ]
        story.log(name, lines)
    story.describe("pr-eu-05")
    story.texts["openssl.txt"] = (
        "$ kubectl get secret -n calico-system typha-certs -o jsonpath='{.data.tls\\.crt}' | base64 -d | openssl x509 -noout -issuer -subject -dates\n"
        "issuer=CN = tigera-operator-signer@1632407234\nsubject=CN = typha-server\nnotBefore=Sep 23 14:27:14 2025 GMT\nnotAfter=Dec 26 14:27:14 2027 GMT\n"
        "$ kubectl get cm -n calico-system tigera-ca-bundle -o jsonpath='{.data.tigera-ca-bundle\\.crt}' | openssl x509 -noout -subject\nsubject=CN = tigera-operator-signer\n"
    )
    story.affected = bad
    story.cite(f"{story.pods['pr-eu-05']}.log", unknown)
    return story


def client_certificate_ended(now: datetime) -> Incident:
    story = incident(
        "node-certs-were-renewed-on-paper-only",
        CAUSE,
        "Felix' own client certificate (node-certs, made by the customer's tool) has ended: Typha refuses each new connection with 'expired certificate'. Typha is ready, the API fine; calico-nodes that keep an old connection work on.",
        "https://github.com/projectcalico/calico/blob/v3.23.5/typha/pkg/syncserver/sync_server.go",
        now,
        platform="other",
        calico="v3.23.5",
        kubernetes="v1.24.17",
        registry="harbor.example.com/calico",
        difficulty="hard",
    )
    hosts = {f"bank-k{n}": f"10.9.112.{60 + n}" for n in range(1, 6)}
    bad = ["bank-k4"]
    story.hosts(hosts)
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=1_600_000)
    typha = story.typha("bank-k1", "xq5vt", started=1_600_000)
    name = story.staff(
        {"bank-k4": hosts["bank-k4"]}, ready=False, restarts=11, started=200, age=4400, last=("Error", 137, 210)
    )[0]
    story.probe(name, FELIX_503, 14, 4300, 400)
    server = f"{hosts['bank-k1']}:5473"
    lines = story.boot("bank-k4", 200, (), bird=False, prefix=24)[:-1]
    for turn in range(5):
        ago, pid = 197 - 36 * turn, 66 + 140 * turn
        lines += [
            story.say(
                ago,
                "INFO",
                pid,
                "felix",
                "sync_client.go 170:",
                f'Connecting to Typha. address="{server}" connID=0x0 type=""',
            ),
            story.say(ago, "INFO", pid, "felix", "sync_client.go 71:", " requiringTLS=true"),
            story.say(
                ago - 0.1,
                "WARNING",
                pid,
                "felix",
                "sync_client.go 179:",
                f'error connecting to typha endpoint (1 of 1) {server} connID=0x0 error=remote error: tls: expired certificate type=""',
            ),
            story.say(
                ago - 0.1,
                "ERROR",
                pid,
                "felix",
                "daemon.go 572:",
                "Failed to connect to Typha. Retrying... error=connection to typhas ([{"
                + server
                + " bank-k1 0xc000a1a2b0}]) failed",
            ),
            story.say(
                ago - 31,
                "FATAL",
                pid,
                "felix",
                "daemon.go 580:",
                "Failed to connect to Typha error=connection to typhas ([{"
                + server
                + " bank-k1 0xc000a1a2b0}]) failed",
            ),
        ]
    story.log(name, lines)
    log = []
    for n in range(12):
        ago = 195 - 15 * n
        log += [
            story.line(
                ago, "INFO", 7, "sync_server.go 298:", f"Accepted from {hosts['bank-k4']}:{40100 + 7 * n} port=5473"
            ),
            story.line(ago, "INFO", 7, "sync_server.go 307:", f"New connection connID={900 + n:#x} port=5473"),
            story.line(
                ago - 0.1,
                "ERROR",
                7,
                "sync_server.go 375:",
                f"TLS handshake error client={hosts['bank-k4']}:{40100 + 7 * n} connID={900 + n:#x} error=x509: certificate has expired or is not yet valid: current time {story.ago(ago)} is after {story.ago(260_000)}",
            ),
        ]
    story.log(typha, log)
    story.describe("bank-k4")
    story.commands[f"describe-{typha}.txt"] = f"describe pod -n calico-system {typha}"
    story.affected = bad
    story.cite(f"{name}.log", "remote error: tls: expired certificate")
    story.cite(f"{typha}.log", "TLS handshake error")
    return story


def common_name_not_allowed(now: datetime) -> Incident:
    story = incident(
        "certificate-with-another-common-name",
        CAUSE,
        "An administrator replaced the certificates by hand: typha's has the common name calico-typha instead of typha-server, which is what felix wants; every felix refuses it, BGP is down after their restarts.",
        "https://github.com/projectcalico/calico/blob/master/typha/pkg/tlsutils/tls_utils.go",
        now,
        platform="other",
        calico="v3.27.2",
        kubernetes="v1.28.5",
    )
    hosts = {f"m{i}": f"10.66.3.{i}" for i in (1, 2, 3)}
    story.hosts(hosts)
    story.staff(hosts, ready=False, restarts=11, started=30, last=("Error", 1, 50))
    typha = story.typha("m2", "7bxlq")
    name = story.pods["m1"]
    story.probe(name, FELIX_503, 11, 2500, 77)
    log = story.boot("m1", 29, [], bird=False)
    log += [
        story.say(26, "INFO", 61, "felix", "sync_client.go 290:", "Starting Typha client... myID=0x1"),
        story.say(
            25.8,
            "WARNING",
            61,
            "felix",
            "sync_client.go 209:",
            "Failed to connect to typha endpoint 10.66.3.2:5473.  Will try another if available... error=tls: failed to verify certificate: Typha's certificate CN calico-typha doesn't match required CN typha-server",
        ),
        story.say(
            24.5,
            "WARNING",
            61,
            "felix",
            "sync_client.go 209:",
            "Failed to connect to typha endpoint 10.66.3.2:5473.  Will try another if available... error=failed to verify certificate: failed to match peer certificate: CN/URI SAN did not match",
        ),
        story.say(
            24,
            "FATAL",
            61,
            "felix",
            "daemon.go 382:",
            "Failed to connect to Typha error=failed to load next typha address to try: tried all available discovered addresses",
        ),
    ]
    story.log(name, log)
    story.log(
        typha,
        [
            story.line(
                60 - 9 * n,
                "WARNING",
                7,
                "sync_server.go 592:",
                "TLS handshake error error=remote error: tls: bad certificate",
            )
            for n in range(5)
        ],
    )
    story.describe("m1")
    story.affected = list(hosts)
    story.cite(f"{name}.log", "doesn't match required CN")
    return story


def authority_renewed_on_one_side(now: datetime) -> Incident:
    story = incident(
        "old-authority-in-half-of-the-agents",
        CAUSE,
        "tigera-ca-private was deleted and made anew; typha and two calico-node pods have the new certificates, the calico-node pods that were not restarted still trust the old authority and lose typha at its restart: unknown authority on both sides.",
        "https://github.com/tigera/operator/issues/2434",
        now,
        platform="vpc",
        calico="v3.28.2",
        difficulty="hard",
    )
    nodes = story.workers([f"10.245.1.{n}" for n in (4, 5, 7, 8)])
    bad, ok = nodes[2:], nodes[:2]
    story.agents(ok, started=900, age=1000)
    story.agents(bad, ready=False, started=2_000_000, restarts=0)
    typha = story.typha(nodes[0], "mz5rd", started=880)
    for node in bad:
        story.probe(story.pods[node], FELIX_503, 15, 860, 29)
    name = story.pods[bad[0]]
    log = story.boot(bad[0], 2_000_000, [n for n in nodes if n != bad[0]])
    for n in range(6):
        log.append(
            story.say(
                850 - 120 * n,
                "WARNING",
                61,
                "felix",
                "sync_client.go 209:",
                f'Failed to connect to typha endpoint {nodes[0]}:5473.  Will try another if available... error=tls: failed to verify certificate: x509: certificate signed by unknown authority (possibly because of "crypto/rsa: verification error" while trying to verify candidate authority certificate "tigera-operator-signer")',
            )
        )
    story.log(name, log)
    story.log(
        typha,
        [
            story.line(
                860 - 60 * n,
                "ERROR",
                7,
                "sync_server.go 592:",
                f"TLS handshake error client={bad[n % 2]}:4{n}112 error=remote error: tls: unknown certificate authority",
            )
            for n in range(7)
        ],
    )
    story.describe(bad[0])
    story.affected = bad
    story.cite(f"{name}.log", "certificate signed by unknown authority")
    return story


# told on 29 November 2026 without having seen the rules
def authority_file_without_line_breaks(now: datetime) -> Incident:
    story = incident(
        "templating-ate-the-line-breaks-of-the-authority",
        CAUSE,
        "Typha with mutual TLS by hand: a GitOps change wrote the config map calico-typha-ca on one line, so it holds no certificate any more. calico-node of the three nodes that were drained since then cannot load it ('Failed to add CA data to pool') and ends; Typha is 1/1 and serves the others, whose pods hold the former file in memory.",
        "https://docs.tigera.io/calico/latest/getting-started/kubernetes/hardway/install-node (calico-typha-ca)",
        now,
        platform="other",
        calico="v3.24.5",
        kubernetes="v1.25.16",
        namespace="kube-system",
        registry="harbor.ops.example/calico",
        difficulty="medium",
        acceptable=["invalid-calico-config"],
    )
    hosts = {f"glx-{n:02}": f"10.116.2.{20 + n}" for n in range(1, 9)}
    bad = ["glx-03", "glx-04", "glx-07"]
    story.hosts(
        hosts, age=15_000_000, os_image="Ubuntu 20.04.6 LTS", kernel="5.4.0-169-generic", runtime="containerd://1.6.26"
    )
    env = {"env": [{"name": "FELIX_TYPHAK8SSERVICENAME", "value": "calico-typha"}, {"name": "FELIX_TYPHACAFILE", "value": "/calico-typha-ca/typhaca.crt"}, {"name": "FELIX_TYPHACN", "value": "calico-typha"}]}  # fmt: skip
    story.staff({k: v for k, v in hosts.items() if k not in bad}, spec=env, started=6_000_000, age=6_000_030)
    for n, node in enumerate(bad):
        name = story.staff(
            {node: hosts[node]},
            spec=env,
            ready=False,
            restarts=19 - 4 * n,
            started=58 + 9 * n,
            last=("Error", 137, 62 + 9 * n),
            age=6_900 - 900 * n,
        )[0]
        story.probe(name, FELIX_503 if n else FELIX_REFUSED, 8 + n, 6_800 - 900 * n, 420 - 60 * n)
        story.pod_event(
            name,
            "Killing",
            "Container calico-node failed liveness probe, will be restarted",
            90 + 9 * n,
            6_700 - 900 * n,
            19 - 4 * n,
            type_="Normal",
        )
        story.node_event(
            node, "NodeSchedulable", f"Node {node} status is now: NodeSchedulable", 6_700 - 900 * n, type_="Normal"
        )
    typhas = (hosts["glx-01"], hosts["glx-06"])
    for node, suffix in (("glx-01", "p2v6k"), ("glx-06", "zq8rc")):
        story.typha(node, suffix, started=1_700_000)
    me = "glx-04"
    name = story.pods[me]
    log = story.boot(me, 67, (), interface="ens160", prefix=24, bird=False)[:-1]
    for turn in range(9):
        ago, pid = 62 - 6.5 * turn, 61 + 41 * turn
        log.append(story.say(ago, "INFO", pid, "felix", "daemon.go 560:", "Starting the Typha connection..."))
        for k, at in enumerate(typhas, 1):
            log += [
                story.say(ago - 0.02 * k, "INFO", pid, "felix", "sync_client.go 71:", " requiringTLS=true"),
                story.say(
                    ago - 0.02 * k,
                    "INFO",
                    pid,
                    "felix",
                    "sync_client.go 200:",
                    f'Connecting to typha endpoint {at}:5473. address=discovery.Typha{{Addr:"{at}:5473", IP:"{at}", NodeName:(*string)(0xc0004f1a30)}} connID=0x0 type=""',
                ),
                story.say(
                    ago - 0.02 * k - 0.01, "ERROR", pid, "felix", "sync_client.go 303:", "Failed to add CA data to pool"
                ),
                story.say(
                    ago - 0.02 * k - 0.01,
                    "WARNING",
                    pid,
                    "felix",
                    "sync_client.go 158:",
                    f'error connecting to typha endpoint ({k} of 2) {at}:5473 connID=0x0 error=Failed to add CA data to pool type=""',
                ),
            ]
        log.append(
            story.say(
                ago - 0.2,
                "ERROR",
                pid,
                "felix",
                "daemon.go 572:",
                f"Failed to connect to Typha. Retrying... error=connection to typhas ([{{{typhas[0]}:5473 {typhas[0]} 0xc0004f1a30}} {{{typhas[1]}:5473 {typhas[1]} 0xc0004f1a40}}]) failed",
            )
        )
        if turn % 3 == 2:
            log.append(
                story.say(
                    ago - 1,
                    "FATAL",
                    pid + 2,
                    "confd",
                    "startsyncerclient.go 48:",
                    f"Failed to connect to Typha error=connection to typhas ([{{{typhas[0]}:5473 {typhas[0]} 0xc00011e120}} {{{typhas[1]}:5473 {typhas[1]} 0xc00011e130}}]) failed",
                )
            )
    story.log(name, log)
    story.texts["configmap-calico-typha-ca.yaml"] = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: calico-typha-ca\n  namespace: kube-system\n  annotations:\n    argocd.argoproj.io/tracking-id: net-base:/ConfigMap:kube-system/calico-typha-ca\n"
        "data:\n  typhaca.crt: -----BEGIN CERTIFICATE----- MIIDFTCCAf2gAwIBAgIUVb1tq7cN4V0mK8m5zq0JrGVbWc8wDQYJKoZIhvcNAQEL BQAwGjEYMBYGA1UEAwwPQ2FsaWNvIFR5cGhhIENBMB4XDTI0MDMwNDA5MTIyNVoX (cut by us) -----END CERTIFICATE-----\n"
    )
    story.describe(me, name)
    story.affected = bad
    story.cite(f"{name}.log", "Failed to add CA data to pool")
    return story


def node_certificate_of_the_test_cluster(now: datetime) -> Incident:
    story = incident(
        "node-certs-of-staging-were-sealed-into-production",
        CAUSE,
        "The secret node-certs of the staging cluster was applied in production: Typha does not know its signer and ends each hand-shake of a restarted calico-node, which only hears 'bad certificate'. Sessions that exist go on, so four of seven nodes are well; on the others policies of new pods are missing and felix is 503.",
        "https://github.com/projectcalico/calico/blob/v3.25.2/typha/pkg/tlsutils/tls_utils.go",
        now,
        platform="other",
        calico="v3.25.2",
        kubernetes="v1.26.11",
        registry="quay.io/calico",
        difficulty="hard",
    )
    hosts = {f"prd-{n}": f"172.23.14.{60 + n}" for n in range(1, 8)}
    bad = ["prd-2", "prd-5", "prd-6"]
    story.hosts(
        hosts,
        age=12_000_000,
        os_image="Red Hat Enterprise Linux 8.8 (Ootpa)",
        kernel="4.18.0-477.27.1.el8_8.x86_64",
        runtime="cri-o://1.26.4",
    )
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=4_000_000, age=4_000_040)
    for n, node in enumerate(bad):
        name = story.staff(
            {node: hosts[node]},
            ready=False,
            restarts=2,
            started=2_100 - 130 * n,
            last=("Error", 137, 2_110 - 130 * n),
            age=3_600 - 400 * n,
        )[0]
        story.probe(name, FELIX_503, 9 + n, 3_500 - 400 * n, 340 - 40 * n)
    typhas = []
    for node, suffix in (("prd-1", "8xk4m"), ("prd-3", "tw6zb"), ("prd-7", "n5c9j")):
        typhas.append(story.typha(node, suffix, started=1_720_000))
    log = [story.line(6_000, "INFO", 7, "sync_server.go 402:", f"Accepted from {hosts['prd-4']}:51022 port=5473")]
    for n in range(26):
        ago, client = 2_080 - 78 * n, f"{hosts[bad[n % 3]]}:{33100 + 977 * n % 27000}"
        conn = f"0x{0x3A1 + n:x}"
        log += [
            story.line(ago, "INFO", 7, "sync_server.go 402:", f"Accepted from {client} port=5473"),
            story.line(ago, "INFO", 7, "sync_server.go 411:", f"New connection connID={conn} port=5473"),
            story.line(
                ago - 0.02,
                "INFO",
                7,
                "sync_server.go 835:",
                f'Failed to read from client client={client} connID={conn} error=tls: failed to verify certificate: x509: certificate signed by unknown authority (possibly because of "crypto/rsa: verification error" while trying to verify candidate authority certificate "tigera-operator-signer") thread="read"',
            ),
            story.line(
                ago - 0.02,
                "WARNING",
                7,
                "sync_server.go 881:",
                f"Failed to read client hello. client={client} connID={conn} error=context canceled",
            ),
            story.line(
                ago - 0.03,
                "INFO",
                7,
                "sync_server.go 663:",
                f"Client connection shut down. client={client} connID={conn}",
            ),
        ]
        if n % 9 == 4:
            log.append(
                story.line(
                    ago - 20,
                    "INFO",
                    7,
                    "sync_server.go 500:",
                    f"Current number of connections connCount=8 connID={conn} port=5473",
                )
            )
    story.log(typhas[0], log)
    me = "prd-5"
    name = story.pods[me]
    at = [hosts[x] for x in ("prd-1", "prd-3", "prd-7")]
    lines = story.boot(me, 1_970, (), interface="bond0.314", prefix=24, bird=False)[:-1]
    for turn in range(16):
        ago, pid = 1_960 - 121 * turn, 75 + 97 * turn
        lines += [
            story.say(
                ago - 0.1 * k,
                "WARNING",
                pid,
                "felix",
                "sync_client.go 158:",
                f'error connecting to typha endpoint ({k} of 3) {typha}:5473 connID=0x0 error=remote error: tls: bad certificate type=""',
            )
            for k, typha in enumerate(at, 1)
        ]
        lines.append(story.say(ago - 0.5, "ERROR", pid, "felix", "daemon.go 572:", "Failed to connect to Typha. Retrying... error=connection to typhas ([{" + "} {".join(f"{x}:5473 {x} 0xc000a1a2b0" for x in at) + "}]) failed"))  # fmt: skip
    story.log(name, wrapped(story, lines, "stamps"))
    story.texts["openssl.txt"] = (
        "$ for s in node-certs typha-certs; do oc -n calico-system get secret $s -o jsonpath='{.data.tls\\.crt}' | base64 -d | openssl x509 -noout -subject -issuer -dates -ext authorityKeyIdentifier; done\n"
        "subject=CN = typha-client\nissuer=CN = tigera-operator-signer@1718013221\nnotBefore=Jun 10 09:53:41 2026 GMT\nnotAfter=Sep 13 09:53:42 2028 GMT\nX509v3 Authority Key Identifier: \n    71:0C:9E:35:B2:44:0D:1A:E7:5A:93:62:CF:08:BB:13:90:4E:22:D7\n"
        "subject=CN = typha-server\nissuer=CN = tigera-operator-signer@1697440018\nnotBefore=Oct 16 07:06:58 2025 GMT\nnotAfter=Jan 19 07:06:59 2028 GMT\nX509v3 Authority Key Identifier: \n    C4:58:1F:A0:66:9D:E1:03:7B:2E:40:D5:8A:91:F7:6C:35:12:BE:08\n"
        '$ oc -n calico-system get secret node-certs -o jsonpath=\'{.metadata.labels}\'\n{"sealedsecrets.bitnami.com/from":"clusters-staging"}\n'
    )
    story.commands = {
        "pods.txt": "get pods -n calico-system -o wide",
        "nodes.txt": "get nodes -o wide",
        f"describe-pod-{name}.txt": f"describe pod -n calico-system {name}",
    }
    story.affected = bad
    story.cite(f"{typhas[0]}.log", "x509: certificate signed by unknown authority")
    story.cite(f"{name}.log", "remote error: tls: bad certificate")
    return story


STORIES = [
    signer_was_made_anew,
    client_certificate_ended,
    common_name_not_allowed,
    authority_renewed_on_one_side,
    authority_file_without_line_breaks,
    node_certificate_of_the_test_cluster,
]
