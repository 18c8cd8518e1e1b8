"""network-policy-blocking: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import FELIX_503, Incident, incident

CAUSE = "network-policy-blocking"


def deny_all_of_the_docs(now: datetime) -> Incident:
    story = incident(
        "deny-all-was-copied-from-a-page",
        CAUSE,
        "The global policy deny-all (selector all(), order 0, both directions) was applied without allowing anything: it also covers kube-system, so CoreDNS cannot reach the API, nothing resolves, and a restarted kube-controllers cannot start. calico-node is ready everywhere.",
        "https://github.com/projectcalico/calico/pull/4050",
        now,
        platform="other",
        calico="v3.16.3",
        kubernetes="v1.19.4",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="medium",
    )
    hosts = {f"kb-{n}": f"10.88.3.{n}" for n in (11, 12, 13)}
    story.hosts(hosts, os_image="CentOS Linux 8", kernel="4.18.0-240.el8.x86_64", runtime="docker://19.3.13")
    story.staff(hosts)
    dns = story.other(
        "coredns-f9fd979d6-7hq2b",
        "kb-12",
        "10.48.12.5",
        owner="ReplicaSet/coredns-f9fd979d6",
        app="coredns",
        ready=False,
        restarts=6,
        started=100,
        last=("Error", 137, 110),
        image="k8s.gcr.io/coredns:1.7.0",
    )
    ctl = story.other(
        "calico-kube-controllers-5dc87d545c-t2vrk",
        "kb-13",
        "10.48.13.2",
        owner="ReplicaSet/calico-kube-controllers-5dc87d545c",
        app="calico-kube-controllers",
        ready=False,
        restarts=9,
        waiting="CrashLoopBackOff",
        last=("Error", 1, 150),
        image="docker.io/calico/kube-controllers:v3.16.3",
        age=3000,
    )
    story.pod_event(dns, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", 5, 3300, 320)
    story.pod_event(
        ctl,
        "Unhealthy",
        "Readiness probe failed: Failed to read status file status.json: open status.json: no such file or directory",
        160,
        2900,
        27,
    )
    timeout = "dial tcp 10.96.0.1:443: i/o timeout"
    lines = [
        story.line(
            190,
            "INFO",
            1,
            "main.go 88:",
            'Loaded configuration from environment config=&config.Config{LogLevel:"info", WorkloadEndpointWorkers:1, ProfileWorkers:1, PolicyWorkers:1, NodeWorkers:1, Kubeconfig:"", DatastoreType:"kubernetes"}',
        ),
        story.line(189, "INFO", 1, "main.go 109:", "Ensuring Calico datastore is initialized"),
        story.line(
            179,
            "ERROR",
            1,
            "client.go 261:",
            f'Error getting cluster information config ClusterInformation="default" error=Get "https://10.96.0.1:443/apis/crd.projectcalico.org/v1/clusterinformations/default": {timeout}',
        ),
        story.line(
            179,
            "FATAL",
            1,
            "main.go 114:",
            f'Failed to initialize Calico datastore error=Get "https://10.96.0.1:443/apis/crd.projectcalico.org/v1/clusterinformations/default": {timeout}',
        ),
    ]
    story.log(ctl, lines)
    story.log(
        dns,
        [
            f'E{story.klog(400 - 35 * n)}       1 reflector.go:127] pkg/mod/k8s.io/client-go@v0.18.3/tools/cache/reflector.go:125: Failed to list *v1.Service: Get "https://10.96.0.1:443/api/v1/services?limit=500&resourceVersion=0": {timeout}'
            for n in range(10)
        ],
    )
    story.texts["calicoctl-get-gnp.yaml"] = (
        "apiVersion: projectcalico.org/v3\nitems:\n- apiVersion: projectcalico.org/v3\n  kind: GlobalNetworkPolicy\n  metadata:\n"
        f'    creationTimestamp: "{story.ago(3420)}"\n    name: deny-all\n  spec:\n    order: 0\n    selector: all()\n    types:\n    - Ingress\n    - Egress\nkind: GlobalNetworkPolicyList\n'
    )
    story.commands = {
        "pods.txt": "get pods -A -o wide",
        "nodes.txt": "get nodes -o wide",
        "describe-coredns.txt": f"describe pod -n kube-system {dns}",
        "describe-kube-controllers.txt": f"describe pod -n kube-system {ctl}",
        "describe-node.txt": "describe node kb-12",
        "describe-calico-node.txt": f"describe pod -n kube-system {story.pods['kb-12']}",
    }
    story.log(story.pods["kb-12"], story.quiet(4000, 8, 200))
    story.affected = []
    story.cite("calicoctl-get-gnp.yaml", "name: deny-all")
    return story


def masters_policy_without_typha(now: datetime) -> Incident:
    story = incident(
        "host-policy-forgets-5473",
        CAUSE,
        "Auto host endpoints were switched on with the policies 'ingress-k8s-masters' and 'ingress-k8s-workers'; they allow 6443, 53, 10250 and BGP, not 5473. Typha is ready, yet each calico-node that starts afterwards cannot reach it (i/o timeout) except on typha's own host.",
        "https://github.com/projectcalico/calico/issues/3795",
        now,
        platform="other",
        calico="v3.16.5",
        kubernetes="v1.18.14",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="hard",
        acceptable=["typha-unavailable"],
    )
    hosts = {
        "kf-master-1": "10.90.70.11",
        "kf-worker-1": "10.90.70.21",
        "kf-worker-2": "10.90.70.22",
        "kf-worker-3": "10.90.70.23",
    }
    bad = ["kf-worker-2", "kf-worker-3"]
    story.hosts(hosts)
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=1_600_000)
    story.typha("kf-worker-1", "p4rvn", started=1_600_000)
    for n, node in enumerate(bad):
        name = story.staff(
            {node: hosts[node]}, ready=False, restarts=5, started=150, age=1700 - n, last=("Error", 137, 160)
        )[0]
        story.probe(name, FELIX_503, 9, 1650, 130)
        lines = story.boot(node, 150, [a for m, a in hosts.items() if m != node], prefix=24)[:-1]
        for turn in range(4):
            ago, pid = 148 - 34 * turn, 66 + 190 * turn
            lines += [
                story.say(ago, "INFO", pid, "felix", "sync_client.go 71:", " requiringTLS=false"),
                story.say(
                    ago,
                    "INFO",
                    pid,
                    "felix",
                    "sync_client.go 162:",
                    'Connecting to Typha. address="10.90.70.21:5473" connID=0x0 type=""',
                ),
                story.say(
                    ago - 30,
                    "ERROR",
                    pid,
                    "felix",
                    "daemon.go 450:",
                    "Failed to connect to Typha. Retrying... error=dial tcp 10.90.70.21:5473: i/o timeout",
                ),
                story.say(
                    ago - 31,
                    "FATAL",
                    pid,
                    "felix",
                    "daemon.go 462:",
                    "Failed to connect to Typha error=dial tcp 10.90.70.21:5473: i/o timeout",
                ),
            ]
        story.log(name, lines)
    story.texts["globalnetworkpolicies.yaml"] = (
        "apiVersion: projectcalico.org/v3\nitems:\n- apiVersion: projectcalico.org/v3\n  kind: GlobalNetworkPolicy\n  metadata:\n    name: ingress-k8s-masters\n  spec:\n    selector: has(node-role.kubernetes.io/master)\n"
        "    ingress:\n    - action: Allow\n      protocol: TCP\n      destination:\n        ports: [6443, 179, 10250, 53]\n    types: [Ingress]\n"
        f"- apiVersion: projectcalico.org/v3\n  kind: GlobalNetworkPolicy\n  metadata:\n    creationTimestamp: \"{story.ago(1900)}\"\n    name: ingress-k8s-workers\n  spec:\n    selector: kubernetes-host == 'ingress-workers'\n"
        "    ingress:\n    - action: Allow\n      protocol: TCP\n      destination:\n        ports: [179, 10250, 53, 9100]\n    - action: Allow\n      protocol: UDP\n      destination:\n        ports: [53]\n    - action: Allow\n      protocol: 4\n    types: [Ingress]\nkind: GlobalNetworkPolicyList\n"
    )
    story.texts["hostendpoints.txt"] = (
        "NAME                     NODE          INTERFACE   IPS           PROFILES\n"
        + "".join(
            f"{n + '-auto-hep':24} {n:13} *           {a:13} projectcalico-default-allow\n" for n, a in hosts.items()
        )
    )
    story.texts["iptables-kf-worker-1.txt"] = (
        "Chain cali-fh-any-interface-at-all (1 references)\n pkts bytes target     prot opt in     out     source               destination\n"
        " 8812 1061K cali-pi-_2xkT0oYb3pFhq9Lm8Wn  all  --  *      *       0.0.0.0/0            0.0.0.0/0            /* cali:tK1s3n */ mark match 0x0/0x20000\n"
        "  371 22260 DROP       all  --  *      *       0.0.0.0/0            0.0.0.0/0            /* cali:Yq7hAe */ /* Drop if no policies passed packet */ mark match 0x0/0x20000\n"
    )
    story.describe("kf-worker-2")
    story.affected = bad
    story.cite("globalnetworkpolicies.yaml", "ports: [179, 10250, 53, 9100]")
    story.cite(f"{story.pods['kf-worker-2']}.log", "dial tcp 10.90.70.21:5473: i/o timeout")
    return story


STORIES = [deny_all_of_the_docs, masters_policy_without_typha]
