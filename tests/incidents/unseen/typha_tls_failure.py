"""typha-tls-failure: the first two told without having seen the rules, the others by the rules' author from public threads."""

from __future__ import annotations

from datetime import datetime

from telling import FELIX_503, Incident, incident

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


STORIES = [signer_was_made_anew, client_certificate_ended, common_name_not_allowed, authority_renewed_on_one_side]
