"""typha-tls-failure: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime

from telling import FELIX_503, Incident, incident

CAUSE = "typha-tls-failure"


def client_certificate_for_servers_only(now: datetime) -> Incident:
    story = incident(
        "node-certs-from-cert-manager-may-only-serve",
        CAUSE,
        "node-certs now comes from the company's cert-manager issuer, whose Certificate asks for the usage 'server auth' alone. Typha refuses it as a client certificate (incompatible key usage), so the first calico-node that the rollout restarted hears 'bad certificate' and stays not ready; the rollout stands there, the other six run on over old connections, and the liveness kills of the one look like the fault.",
        "https://github.com/projectcalico/typha/pull/174",
        now,
        platform="other",
        calico="v3.27.4",
        kubernetes="v1.29.9",
        registry="quay.io/calico",
        difficulty="medium",
    )
    hosts = {f"sto-{n}": f"10.33.60.{10 + n}" for n in range(1, 8)}
    bad = "sto-6"
    system = {"os_image": "Ubuntu 22.04.5 LTS", "kernel": "5.15.0-122-generic", "runtime": "containerd://1.7.22"}
    story.hosts(hosts, age=16_000_000, since=9_000_000, **system)
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=3_400_000)
    name = story.staff({bad: hosts[bad]}, ready=False, restarts=4, started=640, age=3_900, last=("Error", 137, 655))[0]
    story.probe(name, FELIX_503, 14, 3_860, 380)
    story.probe(
        name, "Felix is not live: liveness probe reporting 503", 690, 3_600, 24, kind="Liveness"
    )  # fmt: skip
    typha = story.typha("sto-2", "zq7fk", started=3_300_000)
    story.typha("sto-4", "p5nwd", started=3_300_000)
    story.typha("sto-7", "8hxbt", started=3_300_000)
    at = [hosts[x] for x in ("sto-2", "sto-4", "sto-7")]
    lines = story.boot(bad, 638, (), interface="ens192", prefix=24, bird=False)[:-1]
    for turn in range(9):
        ago, pid = 632 - 66 * turn, 77 + 119 * turn
        lines.append(story.say(ago, "INFO", pid, "felix", "daemon.go 524:", "Starting the Typha connection..."))
        for k, server in enumerate(at):
            lines += [
                story.say(ago - 0.1 * k, "INFO", pid, "felix", "sync_client.go 202:", f'Connecting to typha endpoint {server}:5473. myID=0x1 type=""'),
                story.say(ago - 0.1 * k - 0.01, "INFO", pid, "felix", "sync_client.go 85:", " requiringTLS=true"),
                story.say(ago - 0.1 * k - 0.05, "WARNING", pid, "felix", "sync_client.go 205:", f'Failed to connect to typha endpoint {server}:5473.  Will try another if available... error=remote error: tls: bad certificate myID=0x1 type=""'),
            ]  # fmt: skip
        lines.append(story.say(ago - 0.4, "ERROR", pid, "felix", "daemon.go 529:", "Failed to connect to Typha. error=failed to load next Typha address to try: tried all available discovered addresses"))  # fmt: skip
        if turn % 2:
            lines.append(story.say(ago - 31, "WARNING", pid, "felix", "health.go 194:", 'Reporter is not ready: reporting non-ready. name="int_dataplane"'))  # fmt: skip
    story.log(name, lines)
    log = [story.line(50_000 - 9_000 * i, "INFO", 7, "sync_server.go 500:", "Current number of connections connCount=3 port=5473") for i in range(5)]  # fmt: skip
    for n in range(14):
        ago, client, conn = 632 - 44.2 * n, f"{hosts[bad]}:{33_874 + 1_406 * n}", f"{0x212 + n:#x}"
        log += [
            story.line(ago, "INFO", 7, "sync_server.go 402:", f"Accepted from {client} port=5473"),
            story.line(ago, "INFO", 7, "sync_server.go 411:", f"New connection connID={conn} port=5473"),
            story.line(ago - 0.02, "INFO", 7, "sync_server.go 835:", f'Failed to read from client client={client} connID={conn} error=tls: failed to verify certificate: x509: certificate specifies an incompatible key usage thread="read"'),
            story.line(ago - 0.02, "WARNING", 7, "sync_server.go 881:", f"Failed to read client hello. client={client} connID={conn} error=context canceled"),
            story.line(ago - 0.03, "INFO", 7, "sync_server.go 663:", f"Client connection shut down. client={client} connID={conn}"),
        ]  # fmt: skip
    story.log(typha, log)
    story.texts["certificate-node-certs.yaml"] = (
        f'apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata:\n  creationTimestamp: "{story.ago(4_300)}"\n  name: node-certs\n  namespace: tigera-operator\nspec:\n  commonName: typha-client\n  dnsNames:\n  - typha-client\n  duration: 2160h0m0s\n  issuerRef:\n    kind: ClusterIssuer\n    name: corp-vault\n  secretName: node-certs\n  usages:\n  - digital signature\n  - key encipherment\n  - server auth\n'
        f'status:\n  conditions:\n  - lastTransitionTime: "{story.ago(4_290)}"\n    message: Certificate is up to date and has not expired\n    reason: Ready\n    status: "True"\n    type: Ready\n  notAfter: "{story.ago(-7_771_000)}"\n'
    )
    story.describe(bad, name)
    story.affected = [bad]
    story.cite(f"{typha}.log", "certificate specifies an incompatible key usage")
    story.cite(f"{name}.log", "error=remote error: tls: bad certificate")
    return story


def new_release_takes_no_sha1_signature(now: datetime) -> Incident:
    story = incident(
        "company-chain-signed-with-sha1-and-a-newer-calico",
        CAUSE,
        "The customer's own typha certificate hangs below an issuing CA that was signed with SHA1. Calico v3.22 took that; the update's calico-nodes (a newer Go) do not: unknown authority, because of 'insecure algorithm SHA1-RSA'. Four of nine workers have the new pod so far and none of these is ready; dates, names and issuer of the certificates are all right and were checked first.",
        "https://go.dev/doc/go1.18#sha1",
        now,
        platform="other",
        calico="v3.22.5",
        kubernetes="v1.23.17",
        namespace="calico-system",
        registry="registry.corp.example/calico",
        difficulty="hard",
    )
    hosts = {f"zrh-{n:02d}.corp.example": f"10.78.1.{n}" for n in range(31, 40)}
    new = [f"zrh-{n}.corp.example" for n in (32, 34, 37, 38)]
    system = {"os_image": "SUSE Linux Enterprise Server 15 SP4", "kernel": "5.14.21-150400.24.55-default", "runtime": "containerd://1.6.16"}  # fmt: skip
    story.hosts(hosts, age=22_000_000, since=9_500_000, **system)
    story.staff({k: v for k, v in hosts.items() if k not in new}, started=9_400_000)
    at = [hosts[f"zrh-{n}.corp.example"] for n in (31, 35, 39)]
    for n, suffix in ((31, "9wkc4"), (35, "mz7vd"), (39, "x2jqp")):
        story.typha(f"zrh-{n}.corp.example", suffix, started=9_300_000)
    image = "registry.corp.example/calico/{}:v3.24.6"
    names = []
    for i, node in enumerate(new):
        names += story.staff(
            {node: hosts[node]},
            image=image.format("node"),
            cni_image=image.format("cni"),
            ready=False,
            restarts=7 - i,
            started=310 + 11 * i,
            age=5_200 - 900 * i,
            last=("Error", 137, 330 + 11 * i),
        )
        story.probe(names[-1], FELIX_503, 4 + i, 5_150 - 900 * i, 510 - 88 * i)
    story.calico = "v3.24.6"
    why = 'x509: certificate signed by unknown authority (possibly because of "x509: cannot verify signature: insecure algorithm SHA1-RSA (temporarily override with GODEBUG=x509sha1=1)" while trying to verify candidate authority certificate "Corp Issuing CA 3")'
    me = new[0]
    lines = story.boot(me, 308, (), interface="bond0", prefix=24, bird=False)[:-1]
    for turn in range(5):
        ago, pid = 303 - 61 * turn, 70 + 133 * turn
        for k, server in enumerate(at, 1):
            lines += [
                story.say(ago - 0.2 * k, "INFO", pid, "felix", "sync_client.go 149:", f'Connecting to Typha. address=discovery.Typha{{Addr:"{server}:5473", IP:"{server}", NodeName:(*string)(0xc0005d1{k}20)}} connID=0x0 type=""'),
                story.say(ago - 0.2 * k, "INFO", pid, "felix", "sync_client.go 71:", " requiringTLS=true"),
                story.say(ago - 0.2 * k - 0.1, "WARNING", pid, "felix", "sync_client.go 158:", f'error connecting to typha endpoint ({k} of 3) {server}:5473 connID=0x0 error={why} type=""'),
            ]  # fmt: skip
        lines.append(story.say(ago - 0.9, "ERROR", pid, "felix", "daemon.go 572:", "Failed to connect to Typha. Retrying... error=connection to typhas ([{" + "} {".join(f"{x}:5473 {x} 0xc0005d1220" for x in at) + "}]) failed"))  # fmt: skip
        lines.append(story.say(ago - 30, "FATAL", pid - 3, "confd", "startsyncerclient.go 50:", "Failed to connect to Typha error=connection to typhas ([{" + "} {".join(f"{x}:5473 {x} 0xc0004aa110" for x in at) + "}]) failed"))  # fmt: skip
    story.log(names[0], lines)
    story.texts["checked-so-far.txt"] = (
        "kubectl get secret -n tigera-operator typha-certs -o jsonpath='{.data.tls\\.crt}' | base64 -d > t.pem   # leaf + Corp Issuing CA 3\n"
        "openssl x509 -in t.pem -noout -subject -issuer -enddate\nsubject=O = Corp, CN = typha-server\nissuer=O = Corp, CN = Corp Issuing CA 3\nnotAfter=Oct  2 09:11:54 2027 GMT\n"
        "openssl verify -CAfile corp-root.pem -untrusted t.pem t.pem\nt.pem: OK\n"
        "tigera-ca-bundle in calico-system contains corp-root.pem: yes (compared by fingerprint)\nnodes still on 3.22.5: all fine\n"
    )
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -n calico-system -o wide",
        f"describe-{names[0]}.txt": f"describe pod -n calico-system {names[0]}",
    }
    story.affected = new
    story.cite(f"{names[0]}.log", "insecure algorithm SHA1-RSA")
    return story


def agents_from_the_plain_manifest(now: datetime) -> Incident:
    story = incident(
        "agents-were-applied-from-the-manifest-without-tls",
        CAUSE,
        "A cluster set up by hand has mutual TLS between Felix and Typha. For an upgrade somebody applied the plain calico-typha manifest's daemonset, without the FELIX_TYPHA* certificate settings; Typha kept its own. New calico-nodes speak plain text (requiringTLS=false) to a Typha that wants TLS: it answers 'first record does not look like a TLS handshake' and hangs up. The rollout stands after two of five nodes.",
        "https://docs.tigera.io/calico/latest/network-policy/comms/crypto-auth and https://github.com/projectcalico/calico/blob/release-v3.24/typha/pkg/syncserver/sync_server.go",
        now,
        platform="other",
        calico="v3.22.4",
        kubernetes="v1.23.12",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="medium",
    )
    hosts = {f"stg-k{n}": f"10.15.128.{50 + n}" for n in range(1, 6)}
    new = ["stg-k2", "stg-k5"]
    system = {"os_image": "Debian GNU/Linux 11 (bullseye)", "kernel": "5.10.0-19-amd64", "runtime": "containerd://1.6.8"}  # fmt: skip
    story.hosts(hosts, age=15_000_000, since=7_000_000, **system)
    story.staff({k: v for k, v in hosts.items() if k not in new}, started=6_900_000, age=6_900_040)
    servers = {"stg-k1": "q6wlp", "stg-k4": "8dm2x"}
    typhas = [story.typha(node, suffix, started=6_800_000) for node, suffix in servers.items()]
    names = []
    for n, node in enumerate(new):
        names += story.staff({node: hosts[node]}, image="docker.io/calico/node:v3.24.3", cni_image="docker.io/calico/cni:v3.24.3", ready=False, restarts=4, started=280 + 31 * n, age=4_300 - 2_100 * n, last=("Error", 137, 283 + 31 * n))  # fmt: skip
        story.probe(names[-1], "BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: no such file or directory", 3 + n, 4_250 - 2_100 * n, 140 - 60 * n)  # fmt: skip
        story.probe(names[-1], FELIX_503, 12 + n, 4_200 - 2_100 * n, 270 - 130 * n)
    story.calico = "v3.24.3"
    me = new[0]
    lines = story.boot(me, 279, (), interface="ens192", prefix=24, bird=False)[:-1]
    for turn in range(5):
        ago, pid = 274 - 52 * turn, 66 + 141 * turn
        node = list(servers)[turn % 2]
        addr = hosts[node]
        conn = f'&discovery.Typha{{Addr:"{addr}:5473", IP:"{addr}", NodeName:(*string)(0xc00041{turn}2e0)}}'
        lines += [
            story.say(ago, "INFO", pid, "felix", "daemon.go 543:", "Connecting to Typha."),
            story.say(ago, "INFO", pid, "felix", "sync_client.go 149:", f'Connecting to Typha. address={conn[1:]} connID=0x0 type=""'),
            story.say(ago, "INFO", pid, "felix", "sync_client.go 71:", " requiringTLS=false"),
            story.say(ago - 0.01, "INFO", pid, "felix", "sync_client.go 169:", f'Connected to Typha. address={conn[1:]} connID=0x0 type=""'),
            story.say(ago - 0.02, "INFO", pid, "felix", "sync_client.go 252:", f'Started Typha client main loop address={conn[1:]} connID=0x0 type=""'),
            story.say(ago - 0.04, "ERROR", pid, "felix", "sync_client.go 366:", f'Failed to read from server connection={conn} error=EOF myID=0x0 type=""'),
            story.say(ago - 0.05, "INFO", pid, "felix", "sync_client.go 179:", f'Typha client shutting down connection. connection={conn} myID=0x0 type=""'),
            story.say(ago - 0.06, "ERROR", pid, "felix", "daemon.go 700:", "Connection to Typha failed"),
            story.say(ago - 0.07, "WARNING", pid, "felix", "daemon.go 721:", 'Felix is shutting down reason="Connection to Typha failed"'),
        ]  # fmt: skip
        lines.append(story.say(ago - 3, "ERROR", pid + 2, "confd", "sync_client.go 366:", f'Failed to read from server connection={conn} error=EOF myID=0x0 type="confd"'))  # fmt: skip
        lines.append(story.say(ago - 3.1, "FATAL", pid + 2, "confd", "startsyncerclient.go 61:", "Connection to Typha failed"))  # fmt: skip
    story.log(names[0], lines)
    log = [story.line(40_000 - 11_000 * n, "INFO", 8, "sync_server.go 446:", "Current number of connections connCount=6 port=5473") for n in range(4)]  # fmt: skip
    for turn in range(6):  # felix, then confd, of each second round
        ago = 273.995 - 104 * (turn // 2) - 2.97 * (turn % 2)
        client, conn = f"{hosts[me]}:{52_304 + 618 * turn}", f"{0x4A1 + turn:#x}"
        log += [
            story.line(ago, "INFO", 8, "sync_server.go 346:", f"Accepted from {client} port=5473"),
            story.line(ago, "INFO", 8, "sync_server.go 355:", f"New connection connID={conn} port=5473"),
            story.line(ago - 0.02, "ERROR", 8, "sync_server.go 306:", f"TLS handshake error client={client} connID={conn} error=tls: first record does not look like a TLS handshake"),
        ]  # fmt: skip
    story.log(typhas[0], log)
    story.texts["typha-env.txt"] = (
        "$ kubectl -n kube-system get deploy calico-typha -o jsonpath='{range .spec.template.spec.containers[0].env[*]}{.name}={.value}{\"\\n\"}{end}'\n"
        "TYPHA_LOGSEVERITYSCREEN=info\nTYPHA_LOGFILEPATH=none\nTYPHA_DATASTORETYPE=kubernetes\nTYPHA_CAFILE=/calico-typha-ca/typhaca.crt\nTYPHA_SERVERCERTFILE=/calico-typha-certs/typha.crt\nTYPHA_SERVERKEYFILE=/calico-typha-certs/typha.key\nTYPHA_CLIENTCN=calico-node\n"
        "$ kubectl -n kube-system get ds calico-node -o jsonpath='{range .spec.template.spec.containers[0].env[*]}{.name}={.value}{\"\\n\"}{end}' | grep -i -e typha -e FELIX\n"
        "FELIX_TYPHAK8SSERVICENAME=\nFELIX_DEFAULTENDPOINTTOHOSTACTION=ACCEPT\nFELIX_IPV6SUPPORT=false\nFELIX_HEALTHENABLED=true\n"
    )
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -n kube-system -o wide",
        f"describe-{names[0]}.txt": f"describe pod -n kube-system {names[0]}",
    }
    story.affected = new
    story.cite(f"{typhas[0]}.log", "first record does not look like a TLS handshake")
    return story


STORIES = [client_certificate_for_servers_only, new_release_takes_no_sha1_signature, agents_from_the_plain_manifest]
