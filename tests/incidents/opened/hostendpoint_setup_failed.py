"""hostendpoint-setup-failed: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cluster import container, event, join, pod
from telling import Incident, incident

CAUSE = "hostendpoint-setup-failed"


def watcher(story: Incident, name: str, node: str, tag: str, failed: dict[str, Any] | None, age: float) -> None:
    """An ibm-keepalived-watcher; ``failed``: the state of its init container calico-extension when that does not get through."""
    state: dict[str, Any] = {"ready": False, "waiting": "CrashLoopBackOff", **failed} if failed else {"done": True}
    init = container(story, "calico-extension", f"icr.io/armada-master/calico-extension:{tag}", **state)
    main = container(
        story,
        "keepalived-watcher",
        "icr.io/armada-master/keepalived-watcher:1711",
        ready=not failed,
        waiting="PodInitializing" if failed else "",
    )
    pod(
        story,
        name,
        node,
        [main],
        [init],
        "kube-system",
        "DaemonSet/ibm-keepalived-watcher",
        "ibm-keepalived-watcher",
        "Pending" if failed else "Running",
        age=age,
    )
    if failed:
        event(
            story,
            "Pod",
            name,
            "BackOff",
            f"Back-off restarting failed container calico-extension in pod {name}_kube-system(be07)",
            14,
            age - 120,
            int(age / 14),
            namespace="kube-system",
        )


def interface_with_the_name_of_its_parent(now: datetime) -> Incident:
    story = incident(
        "vlan-interface-is-taken-with-its-parents-name",
        CAUSE,
        "ROKS on Satellite: two bare metal hosts carry their cluster network on a VLAN interface. calico-extension takes 'ens2f0.310@ens2f0' from the list of interfaces, which is no valid InterfaceName, so their HostEndpoints are never made and ibm-keepalived-watcher stays in Init there. calico-node is ready on all hosts; the readiness events are of the hosts' first minute.",
        "https://cloud.ibm.com/docs/openshift?topic=openshift-network_policies (HostEndpoint of each interface) and https://github.com/projectcalico/calico/blob/v3.29.5/libcalico-go/lib/validator/v3/validator.go",
        now,
        platform="roks",
        calico="v3.29.5",
        kubernetes="v1.31.10",
        difficulty="medium",
    )
    red_hat = {"os_image": "Red Hat Enterprise Linux 9.4 (Plow)", "kernel": "5.14.0-427.77.1.el9_4.x86_64", "runtime": "cri-o://1.31.10-3.rhaos4.18"}  # fmt: skip
    vms = {f"sat-vm-{n}.dc2.corp.example": f"10.31.0.{20 + n}" for n in (1, 2, 3)}
    metal = {f"sat-bm-{n}.dc2.corp.example": f"10.31.0.{80 + n}" for n in (1, 2)}
    story.hosts(vms, age=9_000_000, since=5_000_000, **red_hat)
    story.hosts(metal, age=13_000, since=12_700, **red_hat)
    story.staff(vms, started=1_600_000)
    names = story.staff(metal, started=12_650, age=12_900)
    for i, (node, address) in enumerate({**vms, **metal}.items()):
        failed = node in metal
        watcher(story, f"ibm-keepalived-watcher-{'cdghj'[i]}5{'klmnp'[i]}8t", node, "2203", {"restarts": 41 - i, "last": ("Error", 1, 133 + 20 * i)} if failed else None, 12_900 if failed else 1_700_000)  # fmt: skip
        made = story.objects["Pod"][-1]["status"]
        made |= {"podIP": address, "hostIP": address, "podIPs": [{"ip": address}]}
    bad = "sat-bm-1.dc2.corp.example"
    ext = "ibm-keepalived-watcher-h5n8t"
    lines = []
    for i in range(6):
        at = 268 - 18 * i
        lines += [
            f"{story.stamp(at)[:19]} interfaces of {bad}: lo ens2f0 ens2f1 ens2f0.310@ens2f0 vxlan.calico",
            f"{story.stamp(at)[:19]} cluster network is on ens2f0.310@ens2f0 (10.31.0.81)",
            "Failed to apply 'HostEndpoint' resource: [error with field InterfaceName = 'ens2f0.310@ens2f0' (Reason: failed to validate Field: InterfaceName because of Tag: interface )]",
            f"{story.stamp(at - 2)[:19]} HostEndpoint for ens2f0.310@ens2f0 not created, attempt {i + 1}",
        ]
    story.log(ext, [*lines, f"{story.stamp(155)[:19]} exit 1"], f"{ext}-ext.log")
    log = story.boot(bad, 12_645, (), interface="ens2f0.310", prefix=24, bird=False)
    log[13:15] = ["CALICO_NETWORKING_BACKEND is vxlan - no need to run a BGP daemon"]
    story.log(names[0], [*log, *story.quiet(9_000, 20, 700)])
    story.texts[f"{names[0]}-cni.log"] = join(
        story.line(12_690 - 0.1 * i, "INFO", 1, f"cni-installer/install.go {146 + 31 * i}:", text)
        for i, text in enumerate(
            (
                "Running as a Kubernetes pod",
                "Installed /host/opt/cni/bin/calico",
                "Installed /host/opt/cni/bin/calico-ipam",
                "Created /host/etc/cni/net.d/10-calico.conflist",
                "Done configuring CNI. Sleep= false",
            )
        )
    )
    for name in names:
        story.probe(name, "felix is not ready: readiness probe reporting 503", 12_620, 12_645, 2)
    story.describe(bad, names[0])
    story.commands[f"describe-pod-{ext}.txt"] = f"describe pod -n kube-system {ext}"
    story.affected = list(metal)
    story.cite(f"{ext}-ext.log", "error with field InterfaceName = 'ens2f0.310@ens2f0'")
    return story


def policy_engine_asks_for_a_label(now: datetime) -> Incident:
    story = incident(
        "policy-engine-denies-the-host-endpoint-without-owner-label",
        CAUSE,
        "IKS 1.31 on VPC: a Kyverno policy for all kinds demands an owner label, so the API denies the HostEndpoints that calico-extension applies. Only workers replaced since yesterday run into it (their ibm-keepalived-watcher is in Init); older ones have theirs. calico-node is up everywhere; what the customer sees are LoadBalancer addresses that no new worker takes, and a typha that moved.",
        "https://kyverno.io/docs/troubleshooting/ and https://cloud.ibm.com/docs/containers?topic=containers-network_policies",
        now,
        platform="vpc",
        calico="v3.28.4",
        kubernetes="v1.31.9+IKS",
        difficulty="hard",
        acceptable=["admission-webhook-blocking"],
    )
    old = story.workers([f"10.245.7.{n}" for n in (4, 11, 13)], age=10_000_000, since=9_900_000)
    new = story.workers([f"10.245.7.{n}" for n in (21, 22)], age=88_000, since=87_700)
    story.agents(old, started=1_500_000)
    story.agents(new, started=87_690, age=87_900)
    story.typha(old[0], started=1_400_000)
    story.typha(new[0], "v6ndk", started=86_000)
    made = story.objects["Pod"][-1]
    made["metadata"]["creationTimestamp"] = made["status"]["startTime"] = story.ago(86_020)
    for i, node in enumerate([*old, *new]):
        failed = node in new
        watcher(story, f"ibm-keepalived-watcher-{'bfjnt'[i]}7{'rswxz'[i]}2m", node, "2088", {"restarts": 270 + i, "last": ("Error", 1, 96 + 40 * i)} if failed else None, 87_900 if failed else 1_700_000)  # fmt: skip
    ext = "ibm-keepalived-watcher-n7x2m"
    bad = new[0]
    worker = "kube-cr3vpc0d0f1g2h3-prod-default-00000a7c-worker-private"
    lines = []
    for i in range(5):
        at = 288 - 14 * i
        lines += [
            f"{story.ago(at)} [calico-extension] worker {bad}: applying host endpoint {worker}",
            "Failed to apply 'HostEndpoint' resource: [admission webhook \"validate.kyverno.svc-fail\" denied the request: ",
            "",
            f"resource HostEndpoint//{worker} was blocked due to the following policies ",
            "",
            "require-owner-label:",
            "  check-owner: 'validation error: every object needs the label corp.example/owner. rule",
            "    check-owner failed at path /metadata/labels/corp.example/owner/']",
            f"{story.ago(at - 1)} [calico-extension] failed ({i + 1}/5)",
        ]
    story.log(ext, [*lines, f"{story.ago(230)} [calico-extension] giving up"], f"{ext}-ext.log")
    name = story.pods[bad]
    story.log(name, [*story.boot(bad, 87_685, [n for n in [*old, *new] if n != bad]), *story.quiet(40_000, 20, 3_300)])
    story.texts["get-globalnetworkpolicies-and-heps.txt"] = (
        "NAME                                                               CREATED AT\n"
        + "".join(
            f"kube-cr3vpc0d0f1g2h3-prod-default-{n}-worker-private{'':11}{stamp}\n"
            for n, stamp in zip(("000001b2", "000003d0", "000003e9"), [story.ago(x) for x in (10_000_000, 9_990_000, 9_980_000)], strict=True)
        )
    )  # fmt: skip
    story.describe(bad)
    story.commands[f"describe-pod-{ext}.txt"] = f"describe pod -n kube-system {ext}"
    story.affected = new
    story.cite(f"{ext}-ext.log", "Failed to apply 'HostEndpoint' resource")
    return story


def two_writers_of_one_host_endpoint(now: datetime) -> Incident:
    story = incident(
        "gitops-writes-the-host-endpoints-too",
        CAUSE,
        "ROKS on VPC: somebody exported the HostEndpoints into the GitOps repository, which now applies them every few seconds with an old label. calico-extension of ibm-keepalived-watcher never gets its own version written ('update conflict'), gives up and starts again on each worker that was updated today. calico-node is ready everywhere; the customer complains of Init:CrashLoopBackOff and of a load balancer that does not move.",
        "https://cloud.ibm.com/docs/openshift?topic=openshift-network_policies and https://github.com/projectcalico/calico/blob/v3.29.3/libcalico-go/lib/errors/errors.go (update conflict)",
        now,
        platform="roks",
        calico="v3.29.3",
        kubernetes="v1.31.7",
        difficulty="medium",
    )
    red_hat = {"os_image": "Red Hat Enterprise Linux CoreOS 418.94.202504080525-0", "kernel": "5.14.0-427.65.1.el9_4.x86_64", "runtime": "cri-o://1.31.7-2.rhaos4.18"}  # fmt: skip
    old = story.workers([f"10.241.80.{n}" for n in (6, 9, 12)], age=8_000_000, since=7_900_000, **red_hat)
    bad = story.workers([f"10.241.80.{n}" for n in (14, 17)], age=8_000_000, since=15_800, **red_hat)
    story.agents(old, started=3_200_000, age=3_200_050)
    story.agents(bad, started=15_700, age=8_000_000, restarts=2, last=("Unknown", 255, 15_850))
    story.typha(old[0], "cz4nk", started=3_200_000)
    story.typha(old[2], "w8tqx", started=3_200_000)
    exts = []
    for i, node in enumerate([*old, *bad]):
        failed = node in bad
        name = f"ibm-keepalived-watcher-{'cgkqv'[i]}4{'bdfhz'[i]}9m"
        exts += [name] if failed else []
        watcher(story, name, node, "2311", {"restarts": 47 - 2 * i, "last": ("Error", 1, 174 + 60 * (i - 3))} if failed else None, 15_780 if failed else 3_100_000)  # fmt: skip
    worker = "kube-d0roks5c0f2v8-prod-default-0000031e"
    lines = []
    for n in range(5):
        at = 300 - 24 * n
        lines += [
            f"{story.stamp(at)[:19]} INFO  worker {bad[0]} ({worker}): updating HostEndpoint worker-private, attempt {n + 1} of 5",
            f"Failed to apply 'HostEndpoint' resource: [update conflict: HostEndpoint({worker}-worker-private)]",
            f"{story.stamp(at - 2)[:19]} WARN  HostEndpoint not updated, trying again in 20s",
        ]
    lines.append(f"{story.stamp(176)[:19]} ERROR giving up: HostEndpoint for {bad[0]} could not be created or updated")
    story.log(exts[0], lines, f"{exts[0]}_calico-extension.log")
    argo = []
    for n in range(9):
        at = story.ago(310 - 31 * n)
        argo += [
            f'time="{at}" level=info msg="Initiated automated sync to \'9f1c02e\'" application=openshift-gitops/cluster-network',
            f'time="{at}" level=info msg="Tasks (dry-run)" syncId=0{n}{41 + n}-kQ tasks="[Sync/0 resource crd.projectcalico.org/HostEndpoint:/{worker}-worker-private obj->obj (,,), Sync/0 resource crd.projectcalico.org/HostEndpoint:/kube-d0roks5c0f2v8-prod-default-0000043a-worker-private obj->obj (,,)]"',
        ]
    story.log("", argo, "argocd-application-controller-0.log")
    name = story.pods[bad[0]]
    story.log(name, [*story.boot(bad[0], 15_695, [n for n in [*old, *bad] if n != bad[0]], interface="ens3", prefix=24), *story.quiet(14_000, 25, 1_300)])  # fmt: skip
    story.describe(bad[0])
    story.commands[f"describe-pod-{exts[0]}.txt"] = f"describe pod -n kube-system {exts[0]}"
    story.affected = bad
    story.cite(f"{exts[0]}_calico-extension.log", "update conflict: HostEndpoint(")
    return story


STORIES = [interface_with_the_name_of_its_parent, policy_engine_asks_for_a_label, two_writers_of_one_host_endpoint]
