"""apiserver-tls-failure: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import FELIX_REFUSED, Incident, incident, wrapped

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


def new_authority_old_config_map(now: datetime) -> Incident:
    story = incident(
        "ca-was-made-anew-pods-still-get-the-old-one",
        CAUSE,
        "The cluster's CA was made anew and every kubelet.conf was written again, so the nodes are Ready; the controller-manager was not restarted and still publishes the old CA (kube-root-ca.crt) to pods. Each calico-node that starts since then does not trust the API's certificate.",
        "https://github.com/projectcalico/calico/issues/6425",
        now,
        platform="other",
        calico="v3.27.4",
        kubernetes="v1.28.13",
        registry="quay.io/calico",
        difficulty="easy",
    )
    hosts = {f"fra-kadm-{n}": f"10.214.8.{30 + n}" for n in (1, 2, 3, 4)}
    red_hat = {
        "os_image": "Rocky Linux 9.4 (Blue Onyx)",
        "kernel": "5.14.0-427.28.1.el9_4.x86_64",
        "runtime": "containerd://1.7.20",
    }
    story.hosts(hosts, **red_hat)
    bad = ["fra-kadm-3", "fra-kadm-4"]
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=2_400_000, age=2_400_100)
    names = story.staff(
        {k: hosts[k] for k in bad},
        ready=False,
        restarts=18,
        waiting="CrashLoopBackOff",
        last=("Error", 1, 170),
        age=5_600,
    )
    for name in names:
        story.probe(name, FELIX_REFUSED, 200, 5_500, 48)
        story.pod_event(
            name,
            "BackOff",
            f"Back-off restarting failed container calico-node in pod {name}_calico-system(0b1c7d6a)",
            20,
            5_300,
            310,
        )
    story.typha("fra-kadm-1")
    me = bad[1]
    log = story.failing(me, 205)
    text = 'Hit error connecting to datastore - retry error=Get "https://10.96.0.1:443/api/v1/nodes/foo": tls: failed to verify certificate: x509: certificate signed by unknown authority (possibly because of "crypto/rsa: verification error" while trying to verify candidate authority certificate "kubernetes")'
    log += [story.say(204.7 - 1.03 * i, "INFO", 9, "startup", "startup.go 459:", text) for i in range(31)]
    story.log(names[1], log, f"{names[1]}-previous.log")
    story.texts["fingerprints.txt"] = (
        "[root@fra-kadm-1 ~]# openssl x509 -in /etc/kubernetes/pki/ca.crt -noout -subject -fingerprint -sha256\n"
        "subject=CN = kubernetes\nsha256 Fingerprint=5C:0E:91:7B:33:D4:AA:10:6F:2E:48:C9:07:BD:E1:52:9A:71:3D:F6:84:0B:C8:1E:65:FA:29:B3:D7:4C:80:17\n"
        "[root@fra-kadm-1 ~]# kubectl get cm kube-root-ca.crt -n calico-system -o jsonpath='{.data.ca\\.crt}' | openssl x509 -noout -subject -fingerprint -sha256\n"
        "subject=CN = kubernetes\nsha256 Fingerprint=E8:44:1D:A0:72:9F:06:B5:CC:31:58:E7:9D:20:F4:8A:13:67:BE:0C:D1:95:3A:7F:42:E6:08:AB:5D:C0:74:29\n"
    )
    story.describe(me, names[1])
    story.affected = bad
    story.cite(f"{names[1]}-previous.log", "x509: certificate signed by unknown authority")
    return story


def etcd_server_certificate_ended(now: datetime) -> Incident:
    story = incident(
        "etcd-certificates-of-a-year-are-over",
        CAUSE,
        "Calico on its own etcd (kubespray): etcd's certificates ended during the night. calico-node pods that were restarted for a patch cannot get a TLS session to any of the three members; the kube-apiserver, on etcd pairs of its own, is fine and nodes are Ready.",
        "https://github.com/projectcalico/calicoctl/issues/2181",
        now,
        platform="other",
        calico="v3.17.3",
        kubernetes="v1.19.9",
        namespace="kube-system",
        registry="quay.io/calico",
        difficulty="medium",
    )
    hosts = {f"ksp-w{n}": f"192.168.77.{50 + n}" for n in range(1, 6)}
    story.hosts(hosts, os_image="Ubuntu 18.04.5 LTS", kernel="4.15.0-140-generic", runtime="docker://19.3.15")
    bad = ["ksp-w2", "ksp-w4"]
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=12_000_000, age=12_000_000)
    env = {"env": [{"name": "ETCD_ENDPOINTS", "value": "https://192.168.77.11:2379,https://192.168.77.12:2379,https://192.168.77.13:2379"}, {"name": "ETCD_CA_CERT_FILE", "value": "/calico-secrets/ca_cert.crt"}, {"name": "ETCD_CERT_FILE", "value": "/calico-secrets/cert.crt"}, {"name": "ETCD_KEY_FILE", "value": "/calico-secrets/key.pem"}]}  # fmt: skip
    names = story.staff(
        {k: hosts[k] for k in bad}, ready=False, restarts=9, started=45, last=("Error", 1, 60), age=2_000, spec=env
    )
    for name in names:
        story.probe(name, "bird/confd is not live: exit status 1", 75, 1900, 40, kind="Liveness")
        story.pod_event(name, "BackOff", "Back-off restarting failed container", 50, 1800, 66)
    log = story.failing("ksp-w4", 44)
    end = story.ago(27_400)
    for i in range(12):
        at = story.ago(38 - 3 * i)[:-1] + f".{310 + i}Z"
        member = f"192.168.77.{11 + i % 3}:2379"
        log.append(
            f'{{"level":"warn","ts":"{at}","caller":"clientv3/retry_interceptor.go:62","msg":"retrying of unary invoker failed","target":"endpoint://client-5f0ac9b2-3a0e-4a54-b4e0-8f7a1d6b7c21/{member}","attempt":0,"error":"rpc error: code = DeadlineExceeded desc = latest balancer error: all SubConns are in TransientFailure, latest connection error: connection error: desc = \\"transport: authentication handshake failed: x509: certificate has expired or is not yet valid: current time {story.ago(40 - 3 * i)} is after {end}\\""}}'
        )
        log.append(
            story.say(
                37.5 - 3 * i,
                "INFO",
                9,
                "startup",
                "startup.go 393:",
                "Hit error connecting to datastore - retry error=context deadline exceeded",
            )
        )
    story.log(names[1], log)
    story.texts["etcd-and-time.txt"] = (
        f"root@ksp-w4:~# timedatectl | grep -E 'Universal|synchronized'\n           Universal time: {story.stamp(600)[:19]} UTC\nSystem clock synchronized: yes\n"
        f"root@ksp-etcd1:~# openssl x509 -in /etc/ssl/etcd/ssl/member-etcd1.pem -noout -enddate\nnotAfter={(end)[:10]} {(end)[11:19]} GMT\n"
    )
    story.describe("ksp-w4", names[1])
    story.affected = bad
    story.cite(f"{names[1]}.log", "authentication handshake failed: x509: certificate has expired or is not yet valid")
    return story


STORIES = [
    one_of_two_servers_kept_its_old_certificate,
    certificate_without_addresses,
    new_authority_old_config_map,
    etcd_server_certificate_ended,
]
