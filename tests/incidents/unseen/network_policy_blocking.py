"""network-policy-blocking: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident

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


STORIES = [deny_all_of_the_docs]
