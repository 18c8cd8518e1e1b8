"""apiserver-unreachable: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI
from telling import Incident, incident

CAUSE = "apiserver-unreachable"


def service_address_has_no_route(now: datetime) -> Incident:
    story = incident(
        "joined-nodes-find-no-route-to-the-service-address",
        CAUSE,
        "On the two nodes that were joined the service address of the API answers 'no route to host': calico-node never gets past its datastore check; the kubelets talk to the API directly and are connected.",
        "https://github.com/canonical/microk8s/issues/1545",
        now,
        platform="other",
        calico="v3.13.2",
        kubernetes="v1.19.0-34+1a52fbf0753680",
        namespace="kube-system",
        registry="calico",
        difficulty="easy",
    )
    hosts = {"caspar.lab": "172.16.30.20", "melchior.lab": "172.16.30.21", "balth.lab": "172.16.30.22"}
    story.hosts(
        {"caspar.lab": hosts["caspar.lab"]},
        os_image="Ubuntu 20.04.1 LTS",
        kernel="5.4.0-47-generic",
        runtime="containerd://1.3.7",
    )
    bad = ["melchior.lab", "balth.lab"]
    story.hosts(
        {k: hosts[k] for k in bad},
        ready=NO_CNI,
        since=3000,
        age=3100,
        calico_up=False,
        os_image="Ubuntu 20.04.1 LTS",
        kernel="5.4.0-47-generic",
        runtime="containerd://1.3.7",
    )
    story.staff({"caspar.lab": hosts["caspar.lab"]}, started=80_000)
    names = story.staff(
        {k: hosts[k] for k in bad},
        ready=False,
        restarts=11,
        waiting="CrashLoopBackOff",
        last=("Error", 1, 60),
        age=3050,
    )
    for name in names:
        story.probe(
            name,
            "felix is not ready: Get http://localhost:9099/readiness: dial tcp 127.0.0.1:9099: connect: connection refusedBIRD is not ready: Failed to stat() nodename file: stat /var/lib/calico/nodename: no such file or directory",
            70,
            2900,
            52,
        )
        story.pod_event(name, "BackOff", "Back-off restarting failed container", 8, 2800, 120)
    log = [
        story.line(92, "INFO", 9, "startup.go 259:", "Early log level set to info"),
        story.line(92, "INFO", 9, "startup.go 275:", "Using NODENAME environment for node name"),
        story.line(92, "INFO", 9, "startup.go 287:", "Determined node name: balth.lab"),
        story.line(91.9, "INFO", 9, "startup.go 319:", "Checking datastore connection"),
    ]
    log += [
        story.line(
            89 - 1.05 * i,
            "INFO",
            9,
            "startup.go 365:",
            "Hit error connecting to datastore - retry error=Get https://10.152.183.1:443/api/v1/nodes/foo: dial tcp 10.152.183.1:443: connect: no route to host",
        )
        for i in range(27)
    ]
    story.log(names[1], log)
    story.describe("balth.lab", names[1])
    story.texts["k8s-svc.txt"] = (
        "NAME         TYPE        CLUSTER-IP     EXTERNAL-IP   PORT(S)   AGE\nkubernetes   ClusterIP   10.152.183.1   <none>        443/TCP   26h\n"
    )
    story.affected = bad
    story.cite(f"{names[1]}.log", "dial tcp 10.152.183.1:443: connect: no route to host")
    return story


STORIES = [service_address_has_no_route]
