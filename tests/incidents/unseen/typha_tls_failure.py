"""typha-tls-failure: told without having seen the rules."""

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


STORIES = [signer_was_made_anew, client_certificate_ended]
