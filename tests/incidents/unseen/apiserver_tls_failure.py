"""apiserver-tls-failure: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident, wrapped

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


def certificate_without_addresses(now: datetime) -> Incident:
    story = incident(
        "api-certificate-names-no-service-address",
        CAUSE,
        "The API's certificate was made by hand without IP names: calico-node, which asks the service address, cannot verify it and ends at its datastore check on every node. The kubelets use the host name and are Ready.",
        "https://github.com/projectcalico/calico/issues/2040",
        now,
        platform="other",
        calico="v3.8.0",
        kubernetes="v1.14.3",
        namespace="kube-system",
        registry="quay.io/calico",
        difficulty="easy",
    )
    hosts = {"hw-kube-00": "10.21.5.30", "hw-kube-01": "10.21.5.31", "hw-kube-02": "10.21.5.32"}
    story.hosts(
        {"hw-kube-00": hosts["hw-kube-00"]},
        os_image="Ubuntu 16.04.6 LTS",
        kernel="4.4.0-150-generic",
        runtime="docker://18.6.2",
    )
    story.hosts(
        {k: v for k, v in hosts.items() if k != "hw-kube-00"},
        os_image="Ubuntu 16.04.6 LTS",
        kernel="4.4.0-150-generic",
        runtime="docker://18.6.2",
    )
    names = story.staff(hosts, ready=False, restarts=41, waiting="CrashLoopBackOff", last=("Error", 1, 100), age=9000)
    for name in names:
        story.probe(
            name,
            "felix is not ready: Get http://localhost:9099/readiness: dial tcp 127.0.0.1:9099: connect: connection refused",
            110,
            8900,
            300,
        )
        story.pod_event(name, "BackOff", "Back-off restarting failed container", 10, 8800, 500)
    log = [
        story.line(132, "INFO", 8, "startup.go 256:", "Early log level set to info"),
        story.line(132, "INFO", 8, "startup.go 272:", "Using NODENAME environment for node name"),
        story.line(132, "INFO", 8, "startup.go 284:", "Determined node name: hw-kube-01"),
        story.line(131.9, "INFO", 8, "startup.go 316:", "Checking datastore connection"),
    ]
    log += [
        story.line(
            131.8 - i,
            "INFO",
            8,
            "startup.go 331:",
            "Hit error connecting to datastore - retry error=Get https://10.96.0.1:443/api/v1/nodes/foo: x509: cannot validate certificate for 10.96.0.1 because it doesn't contain any IP SANs",
        )
        for i in range(31)
    ]
    story.log(names[1], wrapped(story, log, "stamps"))
    story.describe("hw-kube-01", names[1])
    story.affected = list(hosts)
    story.cite(f"{names[1]}.log", "x509: cannot validate certificate for 10.96.0.1")
    return story


STORIES = [one_of_two_servers_kept_its_old_certificate, certificate_without_addresses]
