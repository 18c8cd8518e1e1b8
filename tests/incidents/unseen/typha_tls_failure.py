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
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=5_000_000)
    story.typha("pr-eu-01", "9mzqt", started=5_000_000)
    story.typha("pr-eu-03", "kx44c", started=5_000_000)
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


STORIES = [signer_was_made_anew]
