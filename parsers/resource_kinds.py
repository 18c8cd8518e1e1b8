"""Names of resources as they stand in commands, tables and file names, and the kinds they mean."""

from __future__ import annotations

import re

from parsers.lazy_pattern import lazy_pattern

#: singular, plural and short names (kubectl api-resources, Calico, Tigera operator, OpenShift) -> kind
_NAMES: dict[str, str] = {
    "Pod": "pod pods po",
    "Node": "node nodes no",
    "DaemonSet": "daemonset daemonsets ds",
    "Deployment": "deployment deployments deploy",
    "ReplicaSet": "replicaset replicasets rs",
    "StatefulSet": "statefulset statefulsets sts",
    "Job": "job jobs",
    "CronJob": "cronjob cronjobs cj",
    "Event": "event events ev",
    "Secret": "secret secrets",
    "ConfigMap": "configmap configmaps cm",
    "Service": "service services svc",
    "Endpoints": "endpoints ep",
    "EndpointSlice": "endpointslice endpointslices",
    "Namespace": "namespace namespaces ns",
    "ServiceAccount": "serviceaccount serviceaccounts sa",
    "PersistentVolume": "persistentvolume persistentvolumes pv",
    "PersistentVolumeClaim": "persistentvolumeclaim persistentvolumeclaims pvc",
    "PodDisruptionBudget": "poddisruptionbudget poddisruptionbudgets pdb",
    "NetworkPolicy": "networkpolicy networkpolicies netpol",
    "Role": "role roles",
    "RoleBinding": "rolebinding rolebindings",
    "ClusterRole": "clusterrole clusterroles",
    "ClusterRoleBinding": "clusterrolebinding clusterrolebindings",
    "StorageClass": "storageclass storageclasses sc",
    "Lease": "lease leases",
    "CustomResourceDefinition": "customresourcedefinition customresourcedefinitions crd crds",
    "APIService": "apiservice apiservices",
    "ValidatingWebhookConfiguration": "validatingwebhookconfiguration validatingwebhookconfigurations",
    "MutatingWebhookConfiguration": "mutatingwebhookconfiguration mutatingwebhookconfigurations",
    "CertificateSigningRequest": "certificatesigningrequest certificatesigningrequests csr",
    "ComponentStatus": "componentstatus componentstatuses cs",
    "TigeraStatus": "tigerastatus tigerastatuses",
    "Installation": "installation installations",
    "APIServer": "apiserver apiservers",
    "IPPool": "ippool ippools",
    "BGPPeer": "bgppeer bgppeers",
    "BGPConfiguration": "bgpconfiguration bgpconfigurations bgpconfig",
    "FelixConfiguration": "felixconfiguration felixconfigurations felixconfig",
    "HostEndpoint": "hostendpoint hostendpoints hep heps",
    "GlobalNetworkPolicy": "globalnetworkpolicy globalnetworkpolicies gnp",
    "GlobalNetworkSet": "globalnetworkset globalnetworksets",
    "NetworkSet": "networkset networksets",
    "ClusterInformation": "clusterinformation clusterinformations",
    "KubeControllersConfiguration": "kubecontrollersconfiguration kubecontrollersconfigurations",
    "IPAMBlock": "ipamblock ipamblocks",
    "BlockAffinity": "blockaffinity blockaffinities",
    "IPAMHandle": "ipamhandle ipamhandles",
    "ClusterOperator": "clusteroperator clusteroperators co",
    "ClusterVersion": "clusterversion clusterversions",
    "MachineConfigPool": "machineconfigpool machineconfigpools mcp",
    "Machine": "machine machines",
}
_KIND = {name: kind for kind, names in _NAMES.items() for name in names.split()}

#: kinds without a namespace
CLUSTER_KINDS = frozenset(
    {
        "Node", "Namespace", "PersistentVolume", "ClusterRole", "ClusterRoleBinding", "StorageClass",
        "CustomResourceDefinition", "APIService", "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration",
        "CertificateSigningRequest", "ComponentStatus", "TigeraStatus", "Installation", "APIServer", "IPPool",
        "BGPPeer", "BGPConfiguration", "FelixConfiguration", "HostEndpoint", "GlobalNetworkPolicy",
        "GlobalNetworkSet", "ClusterInformation", "KubeControllersConfiguration", "IPAMBlock", "BlockAffinity",
        "IPAMHandle", "CalicoNode", "ClusterOperator", "ClusterVersion", "MachineConfigPool", "NodeMetrics",
    }
)  # fmt: skip

#: columns that only one kind's table has (all of them together); the first that fits wins
_COLUMNS: tuple[tuple[str, frozenset[str]], ...] = (
    ("Event", frozenset({"LAST SEEN", "REASON", "OBJECT"})),
    ("NodeMetrics", frozenset({"CPU(CORES)", "CPU%"})),
    ("NodeMetrics", frozenset({"CPU(CORES)", "CPU(%)"})),
    ("PodMetrics", frozenset({"CPU(CORES)"})),
    ("Node", frozenset({"STATUS", "ROLES", "VERSION"})),
    ("Node", frozenset({"INTERNAL", "CALICO"})),  # the columns that the catalogue's own step asks for
    ("Pod", frozenset({"READY", "STATUS", "RESTARTS"})),
    ("DaemonSet", frozenset({"DESIRED", "CURRENT", "NODE SELECTOR"})),
    ("DaemonSet", frozenset({"DESIRED", "CURRENT", "UP-TO-DATE", "AVAILABLE"})),
    ("ReplicaSet", frozenset({"DESIRED", "CURRENT", "READY"})),
    ("Deployment", frozenset({"READY", "UP-TO-DATE", "AVAILABLE"})),
    ("ClusterOperator", frozenset({"VERSION", "AVAILABLE", "PROGRESSING", "DEGRADED"})),
    ("MachineConfigPool", frozenset({"UPDATED", "UPDATING", "DEGRADED"})),
    ("TigeraStatus", frozenset({"AVAILABLE", "PROGRESSING", "DEGRADED"})),
    ("Service", frozenset({"TYPE", "CLUSTER-IP", "PORT(S)"})),
    ("Secret", frozenset({"TYPE", "DATA"})),
    ("EndpointSlice", frozenset({"ADDRESSTYPE", "ENDPOINTS"})),
    ("Endpoints", frozenset({"ENDPOINTS"})),
    ("ConfigMap", frozenset({"DATA"})),
    ("CronJob", frozenset({"SCHEDULE", "SUSPEND"})),
    ("Job", frozenset({"COMPLETIONS", "DURATION"})),
    ("PersistentVolume", frozenset({"RECLAIM POLICY"})),
    ("PersistentVolumeClaim", frozenset({"VOLUME", "ACCESS MODES"})),
    ("PodDisruptionBudget", frozenset({"MIN AVAILABLE", "ALLOWED DISRUPTIONS"})),
    ("NetworkPolicy", frozenset({"POD-SELECTOR"})),
    ("APIService", frozenset({"SERVICE", "AVAILABLE"})),
    ("StorageClass", frozenset({"PROVISIONER"})),
    ("CertificateSigningRequest", frozenset({"SIGNERNAME", "CONDITION"})),
    ("Lease", frozenset({"HOLDER"})),
    ("ServiceAccount", frozenset({"SECRETS"})),
    ("IPPool", frozenset({"CIDR", "SELECTOR"})),
    ("CalicoNode", frozenset({"ASN", "IPV4"})),  # calicoctl's nodes are not those of Kubernetes
)
#: app names that contain words like "node" and say nothing of the kind a file lists
_APP_WORDS = lazy_pattern(r"calico[-_]node|csi[-_]node|node[-_]local|calico[-_]typha|kube[-_]controllers")


def kind_of(resource: str) -> str:
    """Give the kind of a resource name (``ds``, ``daemonset.apps``, ``Pods``); "" if it is unknown."""
    return _KIND.get(resource.strip().lower().partition(".")[0], "")


def kind_of_columns(columns: list[str]) -> str:
    """Give the kind whose table has these headings; "" if they fit several kinds or none."""
    present = {column.upper() for column in columns}
    return next((kind for kind, needed in _COLUMNS if needed <= present), "")


def kind_of_path(path: str) -> str:
    """Give the kind that a file's name speaks of, ignoring names of applications; "" if none."""
    name = _APP_WORDS.sub(" ", path.replace("\\", "/").rpartition("/")[2].lower())
    words = re.split(r"[^a-z0-9]+", name)
    return next((_KIND[word] for word in words if word in _KIND), "")
