"""dns-failure: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI, container
from telling import Incident, incident

CAUSE = "dns-failure"


def installer_cannot_look_up_the_api(now: datetime) -> Incident:
    story = incident(
        "lookup-of-the-api-times-out-since-the-patch",
        CAUSE,
        "eBPF mode, the API is addressed by a name. Since the update install-cni of two nodes cannot resolve it ('lookup ... i/o timeout'): their resolver points to the cluster's DNS, which has no pod there without a network.",
        "https://github.com/projectcalico/calico/issues/10813",
        now,
        platform="other",
        calico="v3.30.1",
        kubernetes="v1.33.2",
        registry="quay.io/calico",
        difficulty="medium",
    )
    hosts = {f"rt-{x}": f"10.113.4.{n}" for n, x in enumerate(("cp-0", "cp-1", "w-0", "w-1", "w-2"), 20)}
    bad = ["w-1", "w-2"]
    bad = [f"rt-{x}" for x in bad]
    story.hosts(
        {k: v for k, v in hosts.items() if k not in bad}, os_image="Ubuntu 24.04.2 LTS", kernel="6.8.0-60-generic"
    )
    story.hosts(
        {k: hosts[k] for k in bad},
        ready=NO_CNI,
        since=2700,
        calico_up=False,
        os_image="Ubuntu 24.04.2 LTS",
        kernel="6.8.0-60-generic",
    )
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=1_000_000)
    names = []
    for node in bad:
        init = [
            container(story, "ebpf-bootstrap", "quay.io/calico/node:v3.30.1", done=True, started=2600),
            container(
                story,
                "install-cni",
                "quay.io/calico/cni:v3.30.1",
                ready=False,
                restarts=12,
                waiting="CrashLoopBackOff",
                last=("Error", 1, 100),
            ),
        ]
        names += story.staff(
            {node: hosts[node]}, init=init, ready=False, waiting="PodInitializing", phase="Pending", age=2620
        )
    for name in names:
        story.pod_event(
            name,
            "BackOff",
            f"Back-off restarting failed container install-cni in pod {name}_calico-system(77d0)",
            5,
            2500,
            160,
        )
    host = "k8s-api.fleet.example"
    post = f'Post "https://{host}:6443/api/v1/namespaces/calico-system/serviceaccounts/calico-cni-plugin/token": dial tcp: lookup {host}: i/o timeout'
    log = [story.line(131, "INFO", 1, "cni-installer/install.go 146:", "Running as a Kubernetes pod")] + [
        story.line(
            130.8,
            "INFO",
            1,
            "cni-installer/install.go 168:",
            f'File is already up to date, skipping file="/host/opt/cni/bin/{x}"',
        )
        for x in ("bandwidth", "calico", "calico-ipam", "host-local", "portmap")
    ]
    log += [
        story.line(130.5, "INFO", 1, "cni-installer/install.go 234:", "CNI plugin version: v3.30.1"),
        story.line(
            130.5, "INFO", 1, "cni-installer/install.go 186:", "/host/secondary-bin-dir is not writeable, skipping"
        ),
        story.line(
            130.5,
            "INFO",
            1,
            "cni-installer/winutils.go 149:",
            "Neither --kubeconfig nor --master was specified.  Using the inClusterConfig.",
        ),
        story.line(
            100.5,
            "ERROR",
            1,
            "cni-installer/token_watch.go 108:",
            f"Unable to create token for CNI kubeconfig error={post}",
        ),
        story.line(
            100.5,
            "FATAL",
            1,
            "cni-installer/install.go 499:",
            f"Unable to create token for CNI kubeconfig error={post}",
        ),
    ]
    story.log(names[0], log, f"{names[0]}_install-cni.log")
    story.texts["endpoint-configmap.yaml"] = (
        f'apiVersion: v1\ndata:\n  KUBERNETES_SERVICE_HOST: {host}\n  KUBERNETES_SERVICE_PORT: "6443"\nkind: ConfigMap\nmetadata:\n  name: kubernetes-services-endpoint\n  namespace: tigera-operator\n'
    )
    story.not_established(story.pods["rt-w-0"], [hosts[n] for n in bad], 2690, 2700, 2, established=2)
    story.describe(bad[0], names[0])
    story.affected = bad
    story.cite(f"{names[0]}_install-cni.log", f"lookup {host}: i/o timeout")
    return story


STORIES = [installer_cannot_look_up_the_api]
