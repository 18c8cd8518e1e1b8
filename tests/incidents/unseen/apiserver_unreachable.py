"""apiserver-unreachable: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI, container
from telling import FELIX_REFUSED, Incident, incident, wrapped

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


def service_address_dead_after_reboot(now: datetime) -> Incident:
    story = incident(
        "kube-proxy-of-one-worker-does-not-come-back",
        CAUSE,
        "ROKS VPC: after its reboot one worker's openshift-kube-proxy does not start (its config map was edited), so 172.21.0.1 leads nowhere there; 172.20.0.1:2040 answers and the kubelet is connected. calico-node cannot pass its datastore check.",
        "https://cloud.ibm.com/docs/openshift?topic=openshift-cs_network_cluster",
        now,
        platform="roks",
        calico="v3.26.4",
        kubernetes="v1.27.13+048520e",
        difficulty="medium",
        acceptable=["worker-local-failure"],
    )
    red_hat = {
        "os_image": "Red Hat Enterprise Linux 8.10 (Ootpa)",
        "kernel": "4.18.0-553.5.1.el8_10.x86_64",
        "runtime": "cri-o://1.27.6",
    }
    nodes = story.workers([f"10.240.128.{n}" for n in (5, 8, 9, 17)], **red_hat)
    bad = nodes[2]
    good = [n for n in nodes if n != bad]
    story.agents(good, started=3_100_000, age=3_100_100)
    name = story.agents(
        [bad], ready=False, restarts=14, waiting="CrashLoopBackOff", last=("Error", 1, 90), age=3_100_100
    )[0]
    for i, node in enumerate(nodes):
        broken = {"ready": False, "restarts": 13, "waiting": "CrashLoopBackOff", "last": ("Error", 1, 200)}
        story.other(
            f"openshift-kube-proxy-{('t7v2c', 'x94dn', 'jlq6m', 'bz8kr')[i]}",
            node,
            namespace="openshift-kube-proxy",
            app="openshift-kube-proxy",
            image="registry.example.com/openshift-kube-proxy@sha256:51b4",
            **(broken if node == bad else {"started": 3_100_000}),
        )
        story.other(
            f"ibm-master-proxy-static-{node}", node, owner=f"Node/{node}", app="ibm-master-proxy-static", started=2900 if node == bad else 3_100_000,
            restarts=1 if node == bad else 0,
        )  # fmt: skip
    story.node_event(
        bad, "Rebooted", f"Node {bad} has been rebooted, boot id: 1f6c2b0e-5a7f-4b75-8d0c-9b3e1a6c9f11", 2950
    )
    story.probe(name, FELIX_REFUSED, 95, 2880, 41)
    story.pod_event(
        name,
        "BackOff",
        f"Back-off restarting failed container calico-node in pod {name}_calico-system(77a1)",
        14,
        2700,
        190,
    )
    story.stuck(
        "billing-7c9d5f6b8d-m2xvq", bad,
        'error getting ClusterInformation: Get "https://172.21.0.1:443/apis/crd.projectcalico.org/v1/clusterinformations/default": dial tcp 172.21.0.1:443: i/o timeout',
        40, 2700, 31, namespace="billing", form="crio",
    )  # fmt: skip
    log = story.failing(bad, 150)
    text = 'Hit error connecting to datastore - retry error=Get "https://172.21.0.1:443/api/v1/nodes/foo": dial tcp 172.21.0.1:443: i/o timeout'
    log += [story.say(120 - 11 * i, "INFO", 9, "startup", "startup.go 459:", text) for i in range(3)]
    story.log(name, log)
    story.texts["debug-node.txt"] = (
        "sh-4.4# chroot /host\nsh-4.4# curl -sk -m 5 https://172.20.0.1:2040/healthz; echo\nok\nsh-4.4# curl -sk -m 5 https://172.21.0.1:443/healthz; echo $?\n28\n"
        "sh-4.4# iptables -t nat -S | grep -c KUBE-SVC\n0\n"
    )
    story.describe(bad, name)
    story.affected = [bad]
    story.cite(f"{name}.log", "dial tcp 172.21.0.1:443: i/o timeout")
    return story


def only_the_workers_own_log_files(now: datetime) -> Incident:
    story = incident(
        "kubectl-is-refused-and-so-is-felix",
        CAUSE,
        "The only control-plane machine's API server is gone; kubectl cannot collect anything, so the customer copied the log file of calico-node from a worker's disk. Every watch of felix and confd is refused at the service's address since then; BGP and programmed traffic go on.",
        "https://github.com/projectcalico/calico/blob/master/libcalico-go/lib/backend/watchersyncer/watchercache.go",
        now,
        platform="other",
        calico="v3.20.2",
        kubernetes="v1.21.14",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="medium",
        acceptable=["datastore-degraded"],
    )
    host = "garage-w1"
    story.hosts({host: "10.9.0.21"})
    log = story.quiet(3200, 2650, 120, 66)
    roots = {
        "/calico/ipam/v2/assignment/": "apis/crd.projectcalico.org/v1/ipamblocks",
        "/calico/resources/v3/projectcalico.org/ippools": "apis/crd.projectcalico.org/v1/ippools",
        "/calico/resources/v3/projectcalico.org/kubernetesnetworkpolicies": "apis/networking.k8s.io/v1/networkpolicies",
        "/calico/resources/v3/projectcalico.org/profiles": "api/v1/namespaces",
    }
    for i in range(8):
        for j, (root, path) in enumerate(roots.items()):
            at = 2600 - 330 * i - 0.4 * j
            process, pid = (("felix", 66), ("confd", 69))[j % 2]
            log.append(
                story.say(
                    at,
                    "INFO",
                    pid,
                    process,
                    "watchercache.go 186:",
                    f'Failed to perform list of current data during resync ListRoot="{root}" error=Get "https://10.43.0.1:443/{path}?limit=500": dial tcp 10.43.0.1:443: connect: connection refused',
                )
            )
        if i in (1, 5):
            log.append(
                story.say(
                    2590 - 330 * i,
                    "ERROR",
                    67,
                    "cni-config-monitor",
                    "token_watch.go 108:",
                    'Failed to update CNI token, retrying... error=Post "https://10.43.0.1:443/api/v1/namespaces/kube-system/serviceaccounts/calico-node/token": dial tcp 10.43.0.1:443: connect: connection refused',
                )
            )
        log += story.quiet(2560 - 330 * i, 2300 - 330 * i, 130, 66)
    story.log("", wrapped(story, log, "cri"), "garage-w1_calico-node-6xq2d_calico-node_0.log")
    story.texts["what-kubectl-says.txt"] = (
        "root@garage-w1:~# kubectl --kubeconfig /var/lib/kubelet/kubeconfig get nodes\n"
        "The connection to the server 10.9.0.10:6443 was refused - did you specify the right host or port?\n"
        "root@garage-w1:~# ping -c 2 10.9.0.10 | tail -2\n2 packets transmitted, 2 received, 0% packet loss, time 1001ms\nrtt min/avg/max/mdev = 0.218/0.240/0.262/0.022 ms\n"
    )
    story.affected = [host]
    story.cite("garage-w1_calico-node-6xq2d_calico-node_0.log", "dial tcp 10.43.0.1:443: connect: connection refused")
    return story


# told on 29 November 2026 without having seen the rules
def ipvs_still_sends_to_the_retired_control_plane(now: datetime) -> Incident:
    story = incident(
        "ipvs-table-still-points-at-the-retired-master",
        CAUSE,
        "On one host kube-proxy's IPVS table still has the control plane that was retired yesterday behind 10.233.0.1:443. Its calico-node, restarted in the night, gets no answer there (i/o timeout) while the kubelet goes through its own nginx on localhost and is Ready. The neighbours' BGP complaints follow.",
        "https://github.com/projectcalico/calico/issues/2322",
        now,
        platform="other",
        calico="v3.17.4",
        kubernetes="v1.20.7",
        namespace="kube-system",
        registry="quay.io/calico",
        difficulty="medium",
    )
    hosts = {f"ks-{x}": f"10.8.4.{n}" for x, n in (("cp2", 12), ("w1", 21), ("w2", 22), ("w3", 23), ("w4", 24))}
    story.hosts(
        hosts,
        os_image="CentOS Linux 7 (Core)",
        kernel="3.10.0-1160.25.1.el7.x86_64",
        runtime="docker://19.3.15",
        age=5_300_000,
        since=5_200_000,
    )
    bad = "ks-w3"
    good = {k: v for k, v in hosts.items() if k != bad}
    story.staff(good, started=5_200_000, age=5_200_050)
    name = story.staff({bad: hosts[bad]}, ready=False, restarts=88, started=34, last=("Error", 1, 40), age=5_200_050)[0]
    for k in ("ks-w1", "ks-w4"):
        story.not_established(story.pods[k], [hosts[bad]], 29_800, 30_100, 3, established=3)
    story.probe(
        name,
        FELIX_REFUSED
        + "BIRD is not ready: Failed to stat() nodename file: stat /var/lib/calico/nodename: no such file or directory",
        22,
        30_000,
        1650,
    )
    story.pod_event(name, "BackOff", "Back-off restarting failed container", 95, 29_900, 2010)
    for k in hosts:
        story.other(
            f"kube-proxy-{k[3:]}x7",
            k,
            app="kube-proxy",
            image="k8s.gcr.io/kube-proxy:v1.20.7",
            started=5_100_000,
            age=5_100_040,
        )
        story.other(
            f"nginx-proxy-{k}", k, owner=f"Node/{k}", app="nginx-proxy", image="docker.io/library/nginx:1.19", started=85_000 if k == bad else 5_100_000, age=5_100_040,
            restarts=1 if k == bad else 0,
        )  # fmt: skip
    log = story.failing(bad, 33)
    log.append(
        story.say(
            3,
            "INFO",
            9,
            "startup",
            "startup.go 358:",
            'Hit error connecting to datastore - retry error=Get "https://10.233.0.1:443/api/v1/nodes/foo": dial tcp 10.233.0.1:443: i/o timeout',
        )
    )
    story.log(name, wrapped(story, log, "docker"), "ks-w3-calico-node-json.log")
    story.texts["ks-w3-root.txt"] = (
        "[root@ks-w3 ~]# ipvsadm -Ln -t 10.233.0.1:443\n"
        "Prot LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n"
        "TCP  10.233.0.1:443 rr\n  -> 10.8.4.11:6443               Masq    1      0          2         \n"
        "[root@ks-w3 ~]# ping -c2 -q 10.8.4.11\nPING 10.8.4.11 (10.8.4.11) 56(84) bytes of data.\n\n--- 10.8.4.11 ping statistics ---\n2 packets transmitted, 0 received, 100% packet loss, time 999ms\n\n"
        "[root@ks-w3 ~]# curl -sk https://127.0.0.1:6443/healthz; echo\nok\n"
        "[root@ks-w3 ~]# ssh ks-w1 ipvsadm -Ln -t 10.233.0.1:443 | tail -1\n  -> 10.8.4.12:6443               Masq    1      4          0         \n"
    )
    story.describe(bad, name)
    story.affected = [bad]
    story.cite("ks-w3-calico-node-json.log", "dial tcp 10.233.0.1:443: i/o timeout")
    return story


def requests_to_the_api_go_to_a_web_proxy(now: datetime) -> Incident:
    story = incident(
        "a-dead-web-proxy-stands-before-the-api",
        CAUSE,
        "RKE2 behind a corporate proxy: calico's clients send their requests for 10.43.0.1 to the web proxy (no exception for the service network), which is switched off since this morning. The agents that restarted cannot reach the API ('proxyconnect tcp ... connection refused'), the kubelets do not use it.",
        "https://docs.rke2.io/advanced#configuring-an-http-proxy",
        now,
        platform="other",
        calico="v3.29.1",
        kubernetes="v1.31.5+rke2r1",
        registry="docker.io/rancher/mirrored-calico",
        difficulty="hard",
        acceptable=["invalid-calico-config"],
    )
    hosts = {f"lxk8s{n:02}": f"172.23.8.{40 + n}" for n in range(1, 7)}
    story.hosts(
        hosts,
        os_image="SUSE Linux Enterprise Server 15 SP5",
        kernel="5.14.21-150500.55.88-default",
        runtime="containerd://1.7.23-k3s2",
    )
    bad = ["lxk8s02", "lxk8s05"]
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=1_210_000, age=1_210_060)
    init = [
        container(story, "flexvol-driver", "docker.io/rancher/mirrored-calico-pod2daemon-flexvol:v3.29.1", done=True, started=3_060),
        container(story, "install-cni", "docker.io/rancher/mirrored-calico-cni:v3.29.1", ready=False, restarts=13, waiting="CrashLoopBackOff", last=("Error", 1, 140)),
    ]  # fmt: skip
    names = []
    for k in bad:
        names += story.staff(
            {k: hosts[k]},
            init=[{**x} for x in init],
            ready=False,
            waiting="PodInitializing",
            phase="Pending",
            age=1_210_060,
        )
    for name in names:
        story.pod_event(
            name,
            "BackOff",
            f"Back-off restarting failed container install-cni in pod {name}_calico-system(a20c)",
            11,
            2_950,
            196,
        )
    for k in bad:
        story.node_event(
            k,
            "Rebooted",
            f"Node {k} has been rebooted, boot id: 5f0e3c1a-77b2-4f0e-9d3b-{hosts[k].replace('.', '')}0a",
            3_100,
        )
    for k, x in (("lxk8s01", "kq9zd"), ("lxk8s04", "x7w2m")):
        story.typha(k, x, started=1_210_000)
    story.not_established(story.pods["lxk8s01"], [hosts[k] for k in bad], 2_990, 3_010, 2, established=3)
    post = 'Post "https://10.43.0.1:443/api/v1/namespaces/calico-system/serviceaccounts/calico-cni-plugin/token": proxyconnect tcp: dial tcp 172.23.2.9:3128: connect: connection refused'
    log = [
        story.line(141.2, "INFO", 1, "cni-installer/install.go 121:", "Running as a Kubernetes pod"),
        *[
            story.line(141.1 - 0.02 * i, "INFO", 1, "cni-installer/install.go 135:", f'File is already up to date, skipping file="/host/opt/cni/bin/{x}"')
            for i, x in enumerate(("bandwidth", "calico", "calico-ipam", "flannel", "host-local", "loopback", "portmap", "tuning"))
        ],
        story.line(140.9, "INFO", 1, "cni-installer/install.go 188:", "Wrote Calico CNI binaries to /host/opt/cni/bin"),
        story.line(140.8, "INFO", 1, "cni-installer/install.go 233:", "CNI plugin version: v3.29.1"),
        story.line(140.8, "INFO", 1, "cni-installer/install.go 194:", "/host/secondary-bin-dir is not writeable, skipping"),
        "W" + story.klog(140.8) + "       1 client_config.go:659] Neither --kubeconfig nor --master was specified.  Using the inClusterConfig.  This might not work.",
        story.line(140.7, "ERROR", 1, "cni-installer/token_watch.go 108:", f"Unable to create token for CNI kubeconfig error={post}"),
        story.line(140.7, "FATAL", 1, "cni-installer/install.go 478:", f"Unable to create token for CNI kubeconfig error={post}"),
    ]  # fmt: skip
    story.log("", log, "install-cni_lxk8s05.txt")
    story.events("events-all.txt")
    story.commands["wide.txt"] = "get po -n calico-system -o wide"
    story.commands["nodes.txt"] = "get nodes -o wide"
    story.texts["note.txt"] = (
        "Since today's patch window (2 of 6 nodes rebooted so far) the two stay in Init:CrashLoopBackOff. Nodes are Ready, kubectl works.\n"
        "Team network switched off the old web proxy lxproxy2 (172.23.2.9) yesterday evening; internet goes through the new one, tested OK from the shell.\n"
    )
    story.affected = bad
    story.cite("install-cni_lxk8s05.txt", "proxyconnect tcp: dial tcp 172.23.2.9:3128: connect: connection refused")
    return story


STORIES = [
    service_address_has_no_route,
    token_request_times_out,
    service_address_dead_after_reboot,
    only_the_workers_own_log_files,
    ipvs_still_sends_to_the_retired_control_plane,
    requests_to_the_api_go_to_a_web_proxy,
]
