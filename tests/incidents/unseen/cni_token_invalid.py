"""cni-token-invalid: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import FELIX_503, Incident, incident

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


def renewal_missed_by_a_restart(now: datetime) -> Incident:
    story = incident(
        "plugin-log-unauthorized-after-a-typha-outage",
        CAUSE,
        "After an outage of Typha calico-node of one worker had restarted and missed a renewal: the plugin's own log says Unauthorized for each ADD and DEL, while calico-node there is ready again, in sync with Typha and quiet.",
        "https://github.com/projectcalico/calico/issues/7208",
        now,
        platform="classic",
        calico="v3.24.5",
        kubernetes="v1.26.11+IKS",
        namespace="kube-system",
        difficulty="medium",
    )
    nodes = story.workers([f"10.215.17.{n}" for n in (130, 139, 141, 150)])
    bad = nodes[2]
    story.agents([n for n in nodes if n != bad], started=900_000)
    name = story.agents([bad], restarts=7, started=2500, last=("Error", 1, 2510))[0]
    story.typha(nodes[0], started=2600, restarts=1, last=("Error", 2, 2620))
    story.probe(name, FELIX_503, 2480, 6000, 40)
    pods = [
        story.stuck(
            f"invoice-6f7b8c9d5-{s}",
            bad,
            "error getting ClusterInformation: connection is unauthorized: Unauthorized",
            15 + i,
            2300,
            170,
            namespace="fin",
        )
        for i, s in enumerate(("8kz2m", "v4xtq"))
    ]
    log = [
        story.say(
            2620,
            "ERROR",
            61,
            "felix",
            "sync_client.go 248:",
            "Failed to connect to typha endpoint 10.215.17.130:5473.  Will try other endpoints if available. error=dial tcp 10.215.17.130:5473: connect: connection refused",
        ),
        *story.boot(bad, 2500, [n for n in nodes if n != bad]),
        story.say(
            2490,
            "INFO",
            61,
            "felix",
            "sync_client.go 208:",
            'Successfully connected to Typha at 10.215.17.130:5473 after 3.9ms. myID=0x1 type="felix"',
        ),
        *story.quiet(2300, 12, 200),
    ]
    story.log(name, log)
    cni = []
    for i in range(9):
        at = 800 - 85 * i
        cni += [
            story.line(
                at,
                "ERROR",
                48795 + 61 * i,
                "plugin.go 121:",
                "Final result of CNI ADD was an error. error=error getting ClusterInformation: connection is unauthorized: Unauthorized",
            ),
            story.line(
                at - 0.11,
                "ERROR",
                48826 + 61 * i,
                "plugin.go 518:",
                "Final result of CNI DEL was an error. error=error getting ClusterInformation: connection is unauthorized: Unauthorized",
            ),
        ]
    story.log("x", cni, "var-log-calico-cni-cni.log")
    story.describe(bad, name)
    story.commands["describe-invoice.txt"] = f"describe pod -n fin {pods[0]}"
    story.affected = [bad]
    story.cite("var-log-calico-cni-cni.log", "connection is unauthorized: Unauthorized")
    return story


STORIES = [multus_says_it, renewal_missed_by_a_restart]
