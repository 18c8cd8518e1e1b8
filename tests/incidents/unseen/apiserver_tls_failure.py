"""apiserver-tls-failure: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident

CAUSE = "apiserver-tls-failure"


def one_of_two_servers_kept_its_old_certificate(now: datetime) -> Incident:
    story = incident(
        "renewed-on-disk-but-never-reloaded",
        CAUSE,
        "The certificates were renewed on disk, the API server still serves the old one, which ended two days ago: the restarted calico-node passes its start and then ends when it fetches its node for the tunnel address.",
        "https://github.com/projectcalico/calico/issues/6550",
        now,
        platform="other",
        calico="v3.19.4",
        kubernetes="v1.20.15",
        namespace="kube-system",
        registry="quay.io/calico",
        difficulty="easy",
    )
    hosts = {
        "ml-master": "10.103.44.22",
        "ml-gpu1": "10.103.44.31",
        "ml-gpu2": "10.103.44.32",
        "ml-gpu3": "10.103.44.33",
    }
    story.hosts(
        hosts, os_image="CentOS Linux 7 (Core)", kernel="3.10.0-1160.71.1.el7.x86_64", runtime="docker://20.10.12"
    )
    bad = "ml-gpu2"
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=1_600_000)
    name = story.staff(
        {bad: hosts[bad]}, ready=False, restarts=37, waiting="CrashLoopBackOff", last=("Error", 1, 140), age=11_000
    )[0]
    story.probe(
        name,
        "BIRD is not ready: Failed to stat() nodename file: stat /var/lib/calico/nodename: no such file or directory",
        9800,
        10_900,
        4,
    )
    story.pod_event(name, "BackOff", "Back-off restarting failed container", 12, 10_800, 480)
    story.not_established(story.pods["ml-gpu3"], [hosts[bad]], 10_950, 10_990, 3, established=2)
    log = story.boot(bad, 142, interface="ens192", prefix=22)[:12]
    expired = f"current time {story.ago(141)} is after {story.ago(171_000)}"
    log += [
        story.say(141.2, "INFO", 8, "startup", "startup.go 878:", "found v4=10.233.64.0/18 in the kubeadm config map"),
        story.say(
            141.1, "INFO", 8, "startup", "startup.go 688:", "FELIX_IPV6SUPPORT is false through environment variable"
        ),
        story.say(
            141,
            "FATAL",
            29,
            "tunnel-ip-allocator",
            "allocateip.go 202:",
            f"failed to fetch node resource '{bad}' error=Get \"https://10.233.0.1:443/api/v1/nodes/{bad}\": x509: certificate has expired or is not yet valid: {expired}",
        ),
        "Calico node failed to start",
    ]
    story.log(name, log)
    story.describe(bad, name)
    story.affected = [bad]
    story.cite(f"{name}.log", "x509: certificate has expired or is not yet valid")
    return story


STORIES = [one_of_two_servers_kept_its_old_certificate]
