"""apiserver-unreachable: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI, container
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


def token_request_times_out(now: datetime) -> Incident:
    story = incident(
        "reloaded-workers-cannot-ask-for-a-token",
        CAUSE,
        "IKS classic: on the two workers that were reloaded install-cni gets no answer from the API's service address (i/o timeout) while their kubelets are connected; with a customer's firewall script that ran at their first boot. The other workers go on.",
        "https://github.com/projectcalico/calico/issues/7529",
        now,
        platform="classic",
        calico="v3.25.2",
        kubernetes="v1.27.16+IKS",
        namespace="kube-system",
        difficulty="medium",
    )
    old = story.workers([f"10.93.150.{n}" for n in (201, 205, 207)])
    bad = story.workers(
        [f"10.93.150.{n}" for n in (211, 214)],
        ready=NO_CNI,
        since=3900,
        age=4000,
        calico_up=False,
        taints=(("node.kubernetes.io/not-ready", "NoSchedule"),),
    )
    story.agents(old, started=1_000_000)
    names = []
    for node in bad:
        init = [
            container(
                story,
                "install-cni",
                "icr.io/ext/calico/cni:v3.25.2",
                ready=False,
                restarts=14,
                waiting="CrashLoopBackOff",
                last=("Error", 1, 75),
            )
        ]
        names += story.agents([node], init=init, ready=False, waiting="PodInitializing", phase="Pending", age=3950)
        story.other(
            f"ibm-master-proxy-static-{node}",
            node,
            owner="Node/" + node,
            app="ibm-master-proxy-static",
            age=3960,
            started=3950,
        )
    for name in names:
        story.pod_event(
            name,
            "BackOff",
            f"Back-off restarting failed container install-cni in pod {name}_kube-system(4d80)",
            6,
            3700,
            240,
        )
    t, lines = story.ago(106), []
    for i, x in enumerate(
        (
            "bandwidth",
            "calico",
            "calico-ipam",
            "flannel",
            "host-local",
            "install",
            "loopback",
            "portmap",
            "tags.txt",
            "tuning",
        )
    ):
        lines.append(
            story.line(105 - 0.05 * i, "INFO", 1, "cni-installer/<nil> <nil>:", f"Installed /host/opt/cni/bin/{x}")
        )
    post = 'Post "https://172.21.0.1:443/api/v1/namespaces/kube-system/serviceaccounts/calico-node/token": dial tcp 172.21.0.1:443: i/o timeout'
    lines = [
        f'time="{t}" level=info msg="Running as a Kubernetes pod" source="install.go:145"',
        *lines,
        story.line(104.3, "INFO", 1, "cni-installer/<nil> <nil>:", "Wrote Calico CNI binaries to /host/opt/cni/bin"),
        story.line(104.2, "INFO", 1, "cni-installer/<nil> <nil>:", "CNI plugin version: v3.25.2"),
        "W"
        + story.klog(104)
        + "       1 client_config.go:617] Neither --kubeconfig nor --master was specified.  Using the inClusterConfig.  This might not work.",
        story.line(
            75, "ERROR", 1, "cni-installer/<nil> <nil>:", f"Unable to create token for CNI kubeconfig error={post}"
        ),
        story.line(
            75, "FATAL", 1, "cni-installer/<nil> <nil>:", f"Unable to create token for CNI kubeconfig error={post}"
        ),
    ]
    story.log(names[1], lines, f"{names[1]}-cni.log")
    story.log(
        story.pods[old[0]],
        [
            *story.quiet(4200, 4000, 100),
            *[
                f"bird: Mesh_{b.replace('.', '_')}: {x}"
                for b in bad
                for x in (
                    "Received: Administrative shutdown",
                    "State changed to stop",
                    "State changed to down",
                    "Starting",
                    "State changed to start",
                )
            ],
            *story.quiet(3800, 20, 400),
        ],
    )
    story.describe(bad[1], names[1])
    story.affected = bad
    story.cite(f"{names[1]}-cni.log", "dial tcp 172.21.0.1:443: i/o timeout")
    return story


STORIES = [service_address_has_no_route, token_request_times_out]
