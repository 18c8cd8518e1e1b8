"""Texts that containers, probes and components leave in a cluster, and that look like kubectl's own output."""

from __future__ import annotations

FAKE_SECTIONS = (
    "Events:\n  Type  Reason  Age\nConditions:\n  Ready True",
    "Containers:\n  fake:\n    State:          Running\n    Ready:          True\n    Restart Count:  7",
    "Name:  not-a-pod\nNamespace:  nowhere\nStatus:  Running",
    "Volumes:  <none>\nQoS Class:  BestEffort",
)
FAKE_EVENTS = (
    "Events:\n  Type     Reason     Age   From     Message\n  ----     ------     ----  ----     -------\n"
    "  Warning  Unhealthy  5m    kubelet  not a real event"
)
FAKE_OBJECT = (
    "\n\n\nName:         fake\nNamespace:    fake\nPriority:     0\nNode:         n/1.2.3.4\n"
    "Status:       Running\nIP:           1.2.3.4\nContainers:\n  c:\n    Image:  x\nEvents:       <none>\n"
)
PLAIN = (
    "two  spaces   kept, a colon: and a 'quote'",
    'naïve café ☕ 日本語 <b>bold</b> & "quotes"',
    "a message\twith a tab",
    'OCI runtime create failed: exec: "/bin/x": permission denied: unknown',
)
BGP = (
    "Readiness probe failed: 2026-02-12 14:42:49.280 [INFO][5037] confd/health.go 180: Number of node(s) with BGP "
    "peering established = {n}\ncalico/node is not ready: BIRD is not ready: BGP not established with {peers}\n"
)
EVENTS = (
    ("Unhealthy", "Warning", "Readiness probe failed: calico/node is not ready: felix is not ready: readiness probe reporting 503\n"),
    ("Unhealthy", "Warning", 'Liveness probe failed: Get "http://localhost:9099/liveness": context deadline exceeded (Client.Timeout exceeded while awaiting headers)'),
    ("Unhealthy", "Warning", "Readiness probe failed: "),
    ("BackOff", "Warning", "Back-off restarting failed container calico-node in pod calico-node-x_calico-system(0d1)"),
    ("Pulled", "Normal", 'Successfully pulled image "icr.io/x:v1" in 1.5s (35.738s including waiting). Image size: 94536228 bytes.'),
    ("FailedCreatePodSandBox", "Warning", 'Failed to create pod sandbox: rpc error: code = Unknown desc = plugin type="calico" failed (add): error getting ClusterInformation: connection is unauthorized: Unauthorized'),
    ("Scheduled", "Normal", "Successfully assigned calico-system/calico-node-x to 10.0.0.1"),
    ("Killing", "Normal", "Container calico-node failed liveness probe, will be restarted"),
    ("FailedScheduling", "Warning", "0/3 nodes are available: 3 node(s) had taint {a: b}, that the pod didn't tolerate."),
    ("Empty", "Normal", ""),
    *(("Odd", "Warning", text) for text in (*PLAIN, *FAKE_SECTIONS, "head\n\n\ntail after blank lines\n\n")),
)  # fmt: skip
NODE_EVENTS = (
    ("NodeNotReady", "Normal"), ("NodeReady", "Normal"), ("NodeHasSufficientMemory", "Normal"), ("Starting", "Normal"),
    ("InvalidDiskCapacity", "Warning"), ("Rebooted", "Warning"), ("SystemOOM", "Warning"),
)  # fmt: skip
