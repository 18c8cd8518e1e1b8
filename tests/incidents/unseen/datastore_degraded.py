"""datastore-degraded: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident

CAUSE = "datastore-degraded"


def control_plane_changes_its_leader(now: datetime) -> Incident:
    story = incident(
        "api-answers-late-a-dozen-times-a-day",
        CAUSE,
        "A dozen times a day the API answers no one in time: kube-controllers, felix on every node and the scheduler's lease say 'context deadline exceeded' in the same minutes, etcd reports slow disks. No node is at fault.",
        "https://github.com/projectcalico/calico/issues/4140",
        now,
        platform="other",
        calico="v3.13.4",
        kubernetes="v1.18.3",
        namespace="kube-system",
        registry="rancher/calico",
        difficulty="medium",
    )
    hosts = {"rke-cp1": "10.91.0.11", "rke-w1": "10.91.0.21", "rke-w2": "10.91.0.22", "rke-w3": "10.91.0.23"}
    story.hosts(hosts, os_image="CentOS Linux 7 (Core)", kernel="3.10.0-1127.el7.x86_64", runtime="docker://19.3.9")
    story.staff(hosts, started=1_000_000)
    kc = story.other(
        "calico-kube-controllers-65996c8f7f-2r8tq",
        "rke-w1",
        "10.42.1.9",
        owner="ReplicaSet/calico-kube-controllers-65996c8f7f",
        app="calico-kube-controllers",
        image="rancher/calico-kube-controllers:v3.13.4",
        restarts=61,
        last=("Error", 2, 3100),
        started=3090,
    )
    story.pod_event(
        kc,
        "Unhealthy",
        "Readiness probe failed: Failed to read status file status.json: unexpected end of JSON input",
        3000,
        90_000,
        140,
        namespace="kube-system",
    )
    times, url = (14_000, 8200, 3120), "https://10.43.0.1:443"
    for name in (story.pods["rke-w1"], story.pods["rke-w3"]):
        story.probe(name, "felix is not ready: readiness probe reporting 503", 3080, 14_000, 7)
        log: list[str] = []
        for at in times:
            log += [
                story.line(
                    at,
                    "ERROR",
                    58,
                    "k8s.go 711:",
                    f'Error getting cluster information config ClusterInformation="default" error=Get {url}/apis/crd.projectcalico.org/v1/clusterinformations/default: context deadline exceeded',
                ),
                story.line(
                    at - 2,
                    "INFO",
                    58,
                    "watchercache.go 186:",
                    f'Failed to create watcher ListRoot="/calico/resources/v3/projectcalico.org/globalnetworkpolicies" error=Get {url}/apis/crd.projectcalico.org/v1/globalnetworkpolicies?watch=true: net/http: TLS handshake timeout performFullResync=true',
                ),
                story.line(
                    at - 9,
                    "WARNING",
                    58,
                    "watchercache.go 155:",
                    'Failed to perform list of current data during resync ListRoot="/calico/resources/v3/projectcalico.org/profiles" error=etcdserver: request timed out',
                ),
                *story.quiet(at - 40, at - 1500, 300),
            ]
        story.log(name, log)
    log = []
    for at in times:
        log += [
            story.line(
                at + 1,
                "ERROR",
                1,
                "client.go 255:",
                f'Error getting cluster information config ClusterInformation="default" error=Get {url}/apis/crd.projectcalico.org/v1/clusterinformations/default: context deadline exceeded',
            ),
            story.line(
                at + 1,
                "ERROR",
                1,
                "main.go 203:",
                f"Failed to verify datastore error=Get {url}/apis/crd.projectcalico.org/v1/clusterinformations/default: context deadline exceeded",
            ),
            story.line(at, "ERROR", 1, "main.go 234:", "Failed to reach apiserver error=<nil>"),
        ]
    story.log(kc, log)
    story.texts["etcd-rke-cp1.log"] = "".join(
        f'{story.stamp(at - i)}000 W | etcdserver: read-only range request "key:\\"/registry/{key}\\" " with result "error:etcdserver: request timed out" took too long ({7 + i}.{at % 977:03}s) to execute\n{story.stamp(at - i)}000 W | wal: sync duration of {3 + i}.{at % 811:03}s, expected less than 1s\n'
        for at in times
        for i, key in enumerate(
            ("leases/kube-system/kube-scheduler", "crd.projectcalico.org/clusterinformations/default")
        )
    )
    story.describe("rke-w1", story.pods["rke-w1"])
    story.events()
    story.affected = list(hosts)
    story.cite("etcd-rke-cp1.log", "etcdserver: request timed out")
    return story


STORIES = [control_plane_changes_its_leader]
