"""cni-config-missing: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime, timedelta

from telling import Incident, incident, node_status

CAUSE = "cni-config-missing"

NOT_READY = (
    "False",
    "KubeletNotReady",
    "runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:docker: network plugin is not ready: cni config uninitialized",
)


def comma_in_the_template(now: datetime) -> Incident:
    story = incident(
        "one-comma-too-many-in-the-conflist",
        CAUSE,
        "Somebody edited the template of the CNI configuration and left a comma before a closing brace. The two hosts that were rebooted since wrote it to disk: their kubelet cannot parse 10-calico.conflist ('invalid character }'), so they are NotReady while calico-node there is 1/1 with all sessions. The others still run with what they read before.",
        "https://github.com/projectcalico/cni-plugin/issues/389",
        now,
        platform="other",
        calico="v3.9.5",
        kubernetes="v1.16.8",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="medium",
        acceptable=["invalid-calico-config"],
    )
    system = {
        "os_image": "CentOS Linux 7 (Core)",
        "kernel": "3.10.0-1062.18.1.el7.x86_64",
        "runtime": "docker://18.9.9",
    }
    good = {f"prd-app{n}": f"10.41.6.{20 + n}" for n in (1, 2, 5)}
    bad = {f"prd-app{n}": f"10.41.6.{20 + n}" for n in (3, 4)}
    story.hosts(good, **system)
    taints = [("node.kubernetes.io/not-ready", "NoSchedule"), ("node.kubernetes.io/not-ready", "NoExecute")]
    story.hosts(bad, ready=NOT_READY, since=5_400, taints=taints, **system)
    story.staff(good, started=3_100_000)
    story.staff(bad, started=5_340, restarts=1, last=("Error", 143, 5_480))
    for status in story.objects["Pod"][-2:]:
        for init in status["status"]["initContainerStatuses"]:
            init["state"]["terminated"] |= {"startedAt": story.ago(5_360), "finishedAt": story.ago(5_358)}
            init["restartCount"] = 1
    me = "prd-app3"
    name = story.pods[me]
    for node in bad:
        story.node_event(node, "Starting", "Starting kubelet.", 5_420, type_="Normal")
        story.node_event(node, "Rebooted", f"Node {node} has been rebooted, boot id: 5f0c1d7e-8b", 5_410)
        story.node_event(node, "NodeNotReady", f"Node {node} status is now: NodeNotReady", 5_400, type_="Normal")
    wait = story.other(
        "billing-6d4f8c7b99-jx2lq",
        me,
        "none",
        "billing",
        "ReplicaSet/billing-6d4f8c7b99",
        ready=False,
        phase="Pending",
        waiting="ContainerCreating",
        age=5_500,
    )
    story.objects["Pod"][-1]["status"] |= {"podIPs": [], "hostIP": bad[me]}
    del story.objects["Pod"][-1]["status"]["podIP"]
    story.pod_event(
        wait,
        "NetworkNotReady",
        "network is not ready: runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:docker: network plugin is not ready: cni config uninitialized",
        6,
        5_390,
        268,
        namespace="billing",
    )
    story.probe(
        name,
        "BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: no such file or directory",
        5_338,
        5_338,
    )
    peers = [*good.values(), bad["prd-app4"]]
    story.log(name, [*story.old_boot(me, 5_339, peers, interface="ens192", prefix=24), *story.quiet(5_200, 20, 400)])
    template = """{
  "name": "k8s-pod-network",
  "cniVersion": "0.3.1",
  "plugins": [
    {
      "type": "calico",
      "log_level": "info",
      "datastore_type": "kubernetes",
      "nodename": "prd-app3",
      "mtu": 1440,
      "ipam": {
          "type": "calico-ipam",
          "assign_ipv4": "true",
      },
      "policy": {
          "type": "k8s"
      },
      "kubernetes": {
          "kubeconfig": "/etc/cni/net.d/calico-kubeconfig"
      }
    },
    {
      "type": "portmap",
      "snat": true,
      "capabilities": {"portMappings": true}
    }
  ]
}"""
    story.log(
        name,
        [
            "ls: cannot access '/calico-secrets': No such file or directory",
            "Wrote Calico CNI binaries to /host/opt/cni/bin",
            "CNI plugin version: v3.9.5",
            "/host/secondary-bin-dir is non-writeable, skipping",
            "Using CNI config template from CNI_NETWORK_CONFIG environment variable.",
            f"CNI config: {template}",
            "Created CNI config 10-calico.conflist",
            "Done configuring CNI.  Sleep=false",
        ],
        f"{name}-install-cni.log",
    )
    journal = []
    for n in range(12):
        ago = 70 - 5 * n
        host = f"{story.syslog(ago)} {me} kubelet[1187]:"
        journal += [
            f"{host} W{story.klog(ago)}    1187 cni.go:202] Error loading CNI config list file /etc/cni/net.d/10-calico.conflist: error parsing configuration list: invalid character '}}' looking for beginning of object key string",
            f"{host} W{story.klog(ago)}    1187 cni.go:237] Unable to update cni config: no valid networks found in /etc/cni/net.d",
            f"{host} E{story.klog(ago)}    1187 kubelet.go:2187] Container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:docker: network plugin is not ready: cni config uninitialized",
        ]
    story.log("kubelet", journal, f"kubelet-{me}.log")
    story.describe(me)
    story.affected = list(bad)
    story.cite(f"kubelet-{me}.log", "Error loading CNI config list file /etc/cni/net.d/10-calico.conflist")
    return story


def old_conf_is_read_first(now: datetime) -> Incident:
    story = incident(
        "old-conf-file-sorts-before-the-conflist",
        CAUSE,
        "Calico was updated from 2.6 with its own etcd to 3.8. On the two old hosts the 10-calico.conf of the old release is still there and sorts before 10-calico.conflist: the kubelet calls the plugin with the address of an etcd that is gone, so no sandbox gets a network there. calico-node is 1/1 on all hosts; hosts that joined later have the new file only and are fine.",
        "https://github.com/projectcalico/calico/issues/1388",
        now,
        platform="other",
        calico="v3.8.9",
        kubernetes="v1.15.12",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="hard",
    )
    system = {"os_image": "Ubuntu 16.04.7 LTS", "kernel": "4.4.0-193-generic", "runtime": "docker://18.9.9"}
    old = {"kube-n1": "172.20.14.21", "kube-n2": "172.20.14.22"}
    new = {"kube-n3": "172.20.14.23", "kube-n4": "172.20.14.24"}
    story.hosts({"kube-m1": "172.20.14.10", **old}, age=62_000_000, **system)
    story.hosts(new, age=900_000, since=899_000, **system)
    hosts = {"kube-m1": "172.20.14.10", **old, **new}
    story.staff(hosts, started=14_000, age=14_050)
    for item in story.objects["Pod"]:
        for init in item["status"]["initContainerStatuses"]:
            init["state"]["terminated"] |= {"startedAt": story.ago(14_030), "finishedAt": story.ago(14_025)}
    story.other(
        "calico-kube-controllers-59f54d6bbc-7vzkq",
        "kube-n3",
        "192.168.41.2",
        owner="ReplicaSet/calico-kube-controllers-59f54d6bbc",
        app="calico-kube-controllers",
        image="calico/kube-controllers:v3.8.9",
        age=14_050,
        started=14_000,
    )
    error = "error getting ClusterInformation: context deadline exceeded"
    stuck = [
        story.stuck(
            "invoice-worker-79b6c4d7b5-8slzx", "kube-n1", error, 19, 12_600, 71, form="docker", namespace="invoice"
        ),
        story.stuck(
            "invoice-worker-79b6c4d7b5-qm4dt", "kube-n2", error, 31, 12_500, 70, form="docker", namespace="invoice"
        ),
        story.stuck("nightly-report-1606-lw7cd", "kube-n2", error, 44, 2_300, 13, form="docker", namespace="batch"),
    ]
    for n, node in enumerate(new):
        story.other(
            f"invoice-worker-79b6c4d7b5-{'hr'[n]}2v9{'kp'[n]}",
            node,
            f"192.168.{40 + n}.7",
            "invoice",
            "ReplicaSet/invoice-worker-79b6c4d7b5",
            age=12_400,
            started=12_390,
        )
    me = "kube-n2"
    peers = [a for n, a in hosts.items() if n != me]
    story.log(story.pods[me], [*story.old_boot(me, 14_000, peers, prefix=24), *story.quiet(13_900, 12, 1300)])
    day = story.syslog(14_026)[:12]
    story.texts["net.d on both kinds of hosts.txt"] = f"""root@kube-n2:~# calicoctl node status
{node_status([(p, "up", story.stamp(13_990)[11:19], "Established") for p in peers])}
root@kube-n2:~# ls -l /etc/cni/net.d
total 16
-rw-r--r-- 1 root root 1106 Dec 11  2024 10-calico.conf
-rw-r--r-- 1 root root  532 {day} 10-calico.conflist
-rw------- 1 root root 2567 {day} calico-kubeconfig
drwxr-xr-x 2 root root 4096 Dec 11  2024 calico-tls
root@kube-n2:~# cat /etc/cni/net.d/10-calico.conf
{{
    "name": "k8s-pod-network",
    "cniVersion": "0.1.0",
    "type": "calico",
    "etcd_endpoints": "http://10.96.232.136:6666",
    "log_level": "info",
    "mtu": 1500,
    "ipam": {{
        "type": "calico-ipam"
    }},
    "policy": {{
        "type": "k8s",
        "k8s_api_root": "https://10.96.0.1:443",
        "k8s_auth_token": "REDACTED"
    }},
    "kubernetes": {{
        "kubeconfig": "/etc/cni/net.d/calico-kubeconfig"
    }}
}}
root@kube-n2:~# kubectl -n kube-system get svc calico-etcd
Error from server (NotFound): services "calico-etcd" not found

root@kube-n4:~# ls -l /etc/cni/net.d
total 8
-rw-r--r-- 1 root root  532 {day} 10-calico.conflist
-rw------- 1 root root 2567 {day} calico-kubeconfig
"""
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe pod invoice-worker.txt": f"describe pod -n invoice {stuck[1]}",
        "describe calico-node n2.txt": f"describe pod -n kube-system {story.pods[me]}",
        "describe node kube-n2.txt": "describe node kube-n2",
    }
    story.affected = list(old)
    story.cite("net.d on both kinds of hosts.txt", "10-calico.conf")
    story.cite("describe pod invoice-worker.txt", "error getting ClusterInformation: context deadline exceeded")
    return story


def multus_waits_for_the_conflist(now: datetime) -> Incident:
    story = incident(
        "multus-waits-for-a-conflist-that-was-tidied-away",
        CAUSE,
        "Multus (thick) calls Calico as its default network and waits for 10-calico.conflist as its readiness file. On one host a tidying cron job removed files older than a month from net.d: Multus' own file is younger and keeps the node Ready, calico-node is 1/1 with all its sessions, but every new sandbox there ends with 'still waiting for readinessindicatorfile'. Multus is blamed; the listing of the directory decides.",
        "https://github.com/k8snetworkplumbingwg/multus-cni/pull/633 and https://github.com/k8snetworkplumbingwg/multus-cni/issues/402",
        now,
        platform="other",
        calico="v3.28.1",
        kubernetes="v1.30.4",
        namespace="kube-system",
        registry="quay.io/calico",
        difficulty="hard",
    )
    system = {"os_image": "Ubuntu 22.04.4 LTS", "kernel": "5.15.0-118-generic", "runtime": "containerd://1.7.20"}
    hosts = {f"ran-edge-{n}": f"10.62.8.{30 + n}" for n in range(1, 5)}
    bad = "ran-edge-3"
    story.hosts(hosts, age=8_600_000, since=8_500_000, **system)
    story.staff(hosts, started=3_900_000, age=3_900_030)
    for n, host in enumerate(hosts):
        restarts = {"restarts": 2, "last": ("Error", 1, 412_000)} if host == "ran-edge-1" else {}
        story.other(
            f"kube-multus-ds-{('8xkzw', 'd2qmt', 'p6vlc', 'wz4hn')[n]}",
            host,
            image="ghcr.io/k8snetworkplumbingwg/multus-cni:v4.0.2-thick",
            app="kube-multus-ds",
            started=410_000,
            **restarts,
        )
    gone = 9_400
    for n, (name, namespace) in enumerate(
        (("cu-up-6b8d7f9c5-2lqvx", "ran"), ("cu-up-6b8d7f9c5-hx8kt", "ran"), ("probe-29213040-9wvsd", "monitoring"))
    ):
        uid = f"5f0{n}c1d2-73b4-4c1e-9a6e-21c7d1e0b{n}44"
        indicator = f'plugin type="multus-shim" name="multus-cni-network" failed (add): CmdAdd (shim): CNI request failed with status 400: \'ERRORED: error configuring pod [{namespace}/{name}] networking: Multus: [{namespace}/{name}/{uid}]: have you checked that your default network is ready? still waiting for readinessindicatorfile @ /host/etc/cni/net.d/10-calico.conflist. pollimmediate error: timed out waiting for the condition\n\''
        story.stuck(
            name, bad, indicator, 31 + 7 * n, gone - 300 - 1_100 * n, 38 - 9 * n, namespace=namespace, form="old"
        )
    story.events()
    peers = [a for h, a in hosts.items() if h != bad]
    log = story.boot(bad, 3_900_000, peers, interface="ens3f0", prefix=24)
    log += [
        *story.quiet(12_400, 9_900, 480),
        story.line(
            9_871,
            "INFO",
            58,
            "cni-config-monitor/token_watch.go 281:",
            'Wrote updated CNI kubeconfig file. path="/host/etc/cni/net.d/calico-kubeconfig"',
        ),
        *story.quiet(9_300, 12, 620),
    ]
    story.log(story.pods[bad], log)

    def multus(ago: float, level: str, text: str) -> str:
        return f"{story.ago(ago)} [{level}] {text}"

    story.texts["kube-multus-ds-p6vlc.log"] = (
        "\n".join(
            [
                multus(410_000, "verbose", "multus-daemon started"),
                multus(409_999, "verbose", "Readiness Indicator file check"),
                multus(409_999, "verbose", "Readiness Indicator file check done!"),
                multus(409_998, "verbose", "server configured with chroot: /hostroot"),
                multus(409_997, "verbose", "API readiness check"),
                multus(409_996, "verbose", "API readiness check done!"),
                *[
                    multus(
                        ago,
                        "error",
                        "CmdAdd: [ran/cu-up-6b8d7f9c5-2lqvx]: have you checked that your default network is ready? still waiting for readinessindicatorfile @ /host/etc/cni/net.d/10-calico.conflist. pollimmediate error: timed out waiting for the condition",
                    )
                    for ago in (9_050, 8_760, 8_480, 1_270, 310, 32)
                ],
            ]
        )
        + "\n"
    )
    day = (now - timedelta(seconds=410_000)).strftime("%b %d %H:%M")
    hour = (now - timedelta(seconds=9_871)).strftime("%b %d %H:%M")
    first = (now - timedelta(seconds=3_900_030)).strftime("%b %d %H:%M")
    story.texts["net.d of ran-edge-3 and ran-edge-2.txt"] = f"""root@ran-edge-3:~# ls -l /etc/cni/net.d/
total 12
-rw------- 1 root root  742 {day} 00-multus.conf
-rw------- 1 root root 2714 {hour} calico-kubeconfig
drwxr-xr-x 2 root root 4096 {day} multus.d
root@ran-edge-3:~# logout
root@ran-edge-2:~# ls -l /etc/cni/net.d/
total 16
-rw------- 1 root root  742 {day} 00-multus.conf
-rw-r--r-- 1 root root  809 {first} 10-calico.conflist
-rw------- 1 root root 2714 {hour} calico-kubeconfig
drwxr-xr-x 2 root root 4096 {day} multus.d
"""
    story.describe(bad)
    story.commands["describe-pod-cu-up.txt"] = "describe pod -n ran cu-up-6b8d7f9c5-2lqvx"
    story.affected = [bad]
    story.cite(
        "describe-pod-cu-up.txt", "still waiting for readinessindicatorfile @ /host/etc/cni/net.d/10-calico.conflist"
    )
    return story


STORIES = [comma_in_the_template, old_conf_is_read_first, multus_waits_for_the_conflist]
