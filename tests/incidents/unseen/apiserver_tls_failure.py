"""apiserver-tls-failure: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime, timedelta

from cluster import join
from telling import FELIX_REFUSED, Incident, incident, node_status, wrapped

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


# told on 29 November 2026 without having seen the rules
def inspection_between_the_sites(now: datetime) -> Incident:
    story = incident(
        "second-site-sees-the-certificate-of-a-tls-inspection",
        CAUSE,
        "calico speaks to the API by its public name (kubernetes-services-endpoint), the kubelets by a private address. Since a firewall change the second site's way to that name goes through a TLS inspection, which shows a certificate of its own: each calico-node that starts there does not trust it.",
        "https://docs.tigera.io/calico/latest/operations/ebpf/enabling-ebpf (kubernetes-services-endpoint)",
        now,
        platform="other",
        calico="v3.29.2",
        kubernetes="v1.31.5",
        registry="harbor.corp.example/quay/calico",
        difficulty="medium",
    )
    home = {f"muc-k8s-{n:02}": f"10.18.4.{20 + n}" for n in (1, 2, 3)}
    away = {f"lej-k8s-{n:02}": f"10.77.9.{40 + n}" for n in (1, 2, 3)}
    system = {
        "os_image": "SUSE Linux Enterprise Server 15 SP6",
        "kernel": "6.4.0-150600.23.33-default",
        "runtime": "containerd://1.7.23",
    }
    story.hosts(home | away, **system)
    story.staff(home, started=1_450_000, age=1_450_040)
    name = ""
    bad = ["lej-k8s-01", "lej-k8s-03"]
    story.staff({"lej-k8s-02": away["lej-k8s-02"]}, started=1_450_000, age=1_450_040)
    env = {
        "env": [
            {"name": "DATASTORE_TYPE", "value": "kubernetes"},
            {"name": "KUBERNETES_SERVICE_HOST", "value": "k8s-prd.api.corp.example"},
            {"name": "KUBERNETES_SERVICE_PORT", "value": "443"},
        ]
    }
    for n, node in enumerate(bad):
        name = story.staff(
            {node: away[node]},
            ready=False,
            restarts=33 - n,
            waiting="CrashLoopBackOff",
            last=("Error", 1, 95 + 60 * n),
            age=9400,
            spec=env,
        )[0]
        story.probe(name, FELIX_REFUSED, 110 + 60 * n, 9300, 96)
        story.pod_event(
            name,
            "BackOff",
            f"Back-off restarting failed container calico-node in pod {name}_calico-system(7e41{n}c)",
            14,
            9200,
            520,
        )
    story.typha("muc-k8s-01", started=1_450_000)
    me = "lej-k8s-03"
    name = story.pods[me]
    text = 'Hit error connecting to datastore - retry error=Get "https://k8s-prd.api.corp.example:443/api/v1/nodes/foo": tls: failed to verify certificate: x509: certificate signed by unknown authority'
    log = story.failing(me, 187)
    log += [story.say(186.5 - 1.02 * i, "INFO", 9, "startup", "startup.go 459:", text) for i in range(30)]
    story.log(name, wrapped(story, log, "prefix", name), "calico-node-lej-k8s-03.log")
    peer = story.pods["muc-k8s-02"]
    log = story.quiet(10_400, 9_460, 180)
    for address in (away["lej-k8s-01"], away["lej-k8s-03"]):
        tag = f"bird: Mesh_{address.replace('.', '_')}: "
        log += [
            tag + x
            for x in (
                "Received: Administrative shutdown",
                "State changed to stop",
                "State changed to down",
                "Starting",
                "State changed to start",
            )
        ]
    story.log(peer, [*log, *story.quiet(9_300, 20, 900)], "calico-node-muc-k8s-02.log")
    story.texts["openssl.txt"] = (
        "muc-k8s-02:~ # openssl s_client -connect k8s-prd.api.corp.example:443 </dev/null 2>/dev/null | grep -E '^(subject|issuer)|Verify'\n"
        "subject=CN = kube-apiserver\nissuer=CN = kubernetes\nVerification error: unable to verify the first certificate\n"
        "lej-k8s-03:~ # openssl s_client -connect k8s-prd.api.corp.example:443 </dev/null 2>/dev/null | grep -E '^(subject|issuer)|Verify'\n"
        "subject=CN = kube-apiserver\nissuer=C = DE, O = Corp Example AG, OU = Network Security, CN = Outbound Inspection CA G2\nVerification error: self-signed certificate in certificate chain\n"
        "lej-k8s-03:~ # grep server: /etc/kubernetes/kubelet.conf\n    server: https://10.18.4.10:6443\n"
        "lej-k8s-03:~ # curl -sk https://k8s-prd.api.corp.example:443/readyz ; echo\nok\n"
    )
    story.describe(me, name)
    story.affected = bad
    story.cite("calico-node-lej-k8s-03.log", "x509: certificate signed by unknown authority")
    story.cite("openssl.txt", "Outbound Inspection CA G2")
    return story


def nobody_renewed_the_certificates(now: datetime) -> Incident:
    story = incident(
        "control-plane-certificates-of-a-year-are-over",
        CAUSE,
        "A kubespray cluster of one year: the API server's certificate ended yesterday. kubectl cannot be used, so only journals and docker logs were sent: the kubelet, kube-proxy and calico-node all refuse the server's certificate; docker and the clocks are fine.",
        "https://github.com/kubernetes-sigs/kubespray/issues/7303",
        now,
        platform="other",
        calico="v3.16.9",
        kubernetes="v1.19.7",
        namespace="kube-system",
        registry="quay.io/calico",
        difficulty="easy",
    )
    end = story.ago(93_000)
    host, address = "ks-node4", "192.168.140.24"
    expired = f"x509: certificate has expired or is not yet valid: current time {{}} is after {end}"
    story.texts["admin-box.txt"] = (
        "$ kubectl get nodes\nUnable to connect to the server: " + expired.format(story.ago(900)) + "\n"
        "$ ssh ks-master1 sudo kubeadm alpha certs check-expiration\n"
        "[check-expiration] Reading configuration from the cluster...\n"
        "[check-expiration] Error reading configuration from the Cluster. Falling back to default configuration\n\n"
        "CERTIFICATE                EXPIRES                  RESIDUAL TIME   CERTIFICATE AUTHORITY   EXTERNALLY MANAGED\n"
        + "".join(
            f"{c:<26} {(story.now - timedelta(seconds=93_000 - 7 * i)).strftime('%b %d, %Y %H:%M')} UTC   <invalid>                               no\n"
            for i, c in enumerate(("admin.conf", "apiserver", "apiserver-kubelet-client", "controller-manager.conf", "front-proxy-client", "scheduler.conf"))
        )
        + "\nCERTIFICATE AUTHORITY   EXPIRES                  RESIDUAL TIME   EXTERNALLY MANAGED\nca                      Oct 24, 2034 07:12 UTC   7y              no\nfront-proxy-ca          Oct 24, 2034 07:12 UTC   7y              no\n"
        "$ ssh ks-node4 'date -u; chronyc tracking | grep -E \"System time|Leap\"'\n"
        f"{(story.now - timedelta(seconds=840)).strftime('%a %b %e %H:%M:%S')} UTC {story.now.year}\nSystem time     : 0.000021409 seconds slow of NTP time\nLeap status     : Normal\n"
    )  # fmt: skip
    journal = []
    for i in range(24):
        ago = 1500 - 60 * i
        journal.append(
            f'{story.syslog(ago)} {host} kubelet[1312]: E{story.klog(ago)}    1312 kubelet_node_status.go:442] Error updating node status, will retry: error getting node "{host}": Get "https://127.0.0.1:6443/api/v1/nodes/{host}?timeout=10s": {expired.format(story.ago(ago))}'
        )
        if i % 4 == 0:
            journal.append(
                f'{story.syslog(ago - 2)} {host} kubelet[1312]: E{story.klog(ago - 2)}    1312 controller.go:136] failed to ensure node lease exists, will retry in 7s, error: Get "https://127.0.0.1:6443/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{host}?timeout=10s": {expired.format(story.ago(ago - 2))}'
            )
        if i == 9:
            journal.append(
                f'{story.syslog(ago - 20)} {host} kubelet[1312]: I{story.klog(ago - 20)}    1312 prober.go:117] Readiness probe for "nginx-ingress-controller-x8c2n_ingress-nginx(5d0c5b3b)" failed (failure): HTTP probe failed with statuscode: 500'
            )
    story.texts["ks-node4/journal-kubelet.txt"] = "-- Logs begin at Sat 2026-10-03 02:11:07 UTC. --\n" + join(journal)
    root = 'ListRoot="/calico/resources/v3/projectcalico.org/{}"'
    lines = []
    for i in range(14):
        ago = 1480 - 100 * i
        kind = ("networksets", "globalnetworkpolicies", "ippools", "nodes")[i % 4]
        api = "nodes" if kind == "nodes" else f"{kind}"
        path = "api/v1/nodes?limit=500" if kind == "nodes" else f"apis/crd.projectcalico.org/v1/{api}?limit=500"
        lines += [
            story.say(ago, "INFO", 58, "felix", "watchercache.go 180:", f"Full resync is required {root.format(kind)}"),
            story.say(
                ago - 0.1,
                "INFO",
                58,
                "felix",
                "watchercache.go 193:",
                f'Failed to perform list of current data during resync {root.format(kind)} error=Get "https://10.233.0.1:443/{path}": {expired.format(story.ago(ago))}',
            ),
        ]
        lines += story.quiet(ago - 20, ago - 80, 60, 58)
    story.texts["ks-node4/docker-logs-calico-node.json"] = join(wrapped(story, lines, "docker"))
    story.texts["ks-node4/docker-ps.txt"] = (
        "CONTAINER ID        IMAGE                        COMMAND                  CREATED             STATUS              PORTS               NAMES\n"
        '0c4c67be3a40        e7a5ce1b1d4c                 "start_runit"            5 months ago        Up 5 months                             k8s_calico-node_calico-node-dn7tq_kube-system_2b1f0a7e-93d0-4a3d-8b6e-0dd5e84d8b1f_0\n'
        'be12d0a41f3b        43154ddb57a8                 "/usr/local/bin/kube…"   5 months ago        Up 5 months                             k8s_kube-proxy_kube-proxy-9zw4c_kube-system_d4a1ad0e-1f6c-40c6-8a2c-0f6b3c9d7a55_0\n'
        '7f3d2dd8a0c9        nginx:1.19                   "/docker-entrypoint.…"   5 months ago        Up 5 months                             k8s_nginx-proxy_nginx-proxy-ks-node4_kube-system_61b34c8ed1d7eb2d8ed9b08be2a6b7d1_1\n'
    )
    story.texts["ks-node4/calicoctl-node-status.txt"] = node_status(
        [(f"192.168.140.{n}", "up", "2026-11-02", "Established") for n in (21, 22, 23, 25)]
    )
    story.texts["ks-node4/hostname-ip.txt"] = f"{host} {address}\n"
    story.affected = [host]
    story.cite("admin-box.txt", "Unable to connect to the server: x509: certificate has expired")
    story.cite("ks-node4/docker-logs-calico-node.json", "x509: certificate has expired or is not yet valid")
    return story


STORIES = [
    one_of_two_servers_kept_its_old_certificate,
    certificate_without_addresses,
    new_authority_old_config_map,
    etcd_server_certificate_ended,
    inspection_between_the_sites,
    nobody_renewed_the_certificates,
]
