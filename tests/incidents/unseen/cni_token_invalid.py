"""cni-token-invalid: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident

CAUSE = "cni-token-invalid"


def multus_says_it(now: datetime) -> Incident:
    story = incident(
        "sandboxes-refused-behind-multus-after-a-certificate-rotation",
        CAUSE,
        "ROKS: since the API's certificates were rotated, pods on two workers get 'error adding container to network \"k8s-pod-network\": Unauthorized' from Multus; calico-node there is ready and its felix and confd speak with Typha: only the plugin's kubeconfig is stale.",
        "https://github.com/projectcalico/calico/issues/7171",
        now,
        platform="roks",
        calico="v3.24.5",
        kubernetes="v1.25.14+52e57d0",
        difficulty="medium",
    )
    nodes = story.workers(
        [f"10.185.21.{n}" for n in (68, 74, 80, 81, 97)],
        os_image="Red Hat Enterprise Linux 8.8 (Ootpa)",
        kernel="4.18.0-477.36.1.el8_8.x86_64",
        runtime="cri-o://1.25.4",
    )
    bad = [nodes[1], nodes[4]]
    story.agents(nodes, started=1_100_000)
    story.typha(nodes[0])
    story.typha(nodes[3], "w9c4t")
    stuck = []
    for i, (node, namespace, base) in enumerate(
        (
            (bad[0], "openshift-monitoring", "metrics-server-7968cd6ff4"),
            (bad[1], "openshift-ingress", "router-default-5b9d6c8f7c"),
        )
    ):
        stuck.append(
            story.stuck(
                f"{base}-{'tk'[i]}6sh{'72'[i]}",
                node,
                f'[{namespace}/{base}:k8s-pod-network]: error adding container to network "k8s-pod-network": Unauthorized',
                12 + i,
                5200,
                389,
                namespace=namespace,
                form="old",
            )
        )
        text = story.objects["Event"][-1]
        text["message"] = (
            text["message"]
            .replace('plugin type="calico"', 'plugin type="multus"')
            .replace('": [', '": plugin type="multus" name="multus-cni-network" failed (add): [')
        )
    name = story.pods[bad[0]]
    log = [
        story.line(
            30_000,
            "INFO",
            77,
            "cni-config-monitor/token_watch.go 225:",
            "Update of CNI kubeconfig triggered based on elapsed time.",
        ),
        story.line(
            30_000,
            "INFO",
            77,
            "cni-config-monitor/token_watch.go 280:",
            'Wrote updated CNI kubeconfig file. path="/host/etc/cni/net.d/calico-kubeconfig"',
        ),
    ]
    story.log(name, [*log, *story.quiet(9000, 15, 600)])
    story.describe(bad[0])
    story.commands["describe-stuck-pod.txt"] = f"describe pod -n openshift-monitoring {stuck[0]}"
    story.commands["describe-stuck-pod-2.txt"] = f"describe pod -n openshift-ingress {stuck[1]}"
    story.affected = bad
    story.cite("describe-stuck-pod.txt", 'error adding container to network "k8s-pod-network": Unauthorized')
    return story


STORIES = [multus_says_it]
