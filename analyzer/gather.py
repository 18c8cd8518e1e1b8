"""The collection script for what the runbook asks for ("Logs and Data to Gather For Calico Issues")."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

_SCRIPT = Path(__file__).parent / "knowledge" / "gather.sh"


def gather_script(
    pods: Sequence[str] = (),
    nodes: Sequence[str] = (),
    namespace: str = "",
    platform: str = "",
    extra: Sequence[str] = ("webhooks", "secrets"),
) -> str:
    """Give a POSIX shell script that collects everything and ends in one tarball.

    Args:
        pods: calico-node pods to look at; none = the ones that are not ready.
        nodes: workers to describe besides those of the pods.
        namespace: calico's namespace; "" = found out by the script.
        platform: an interface platform name; ROKS uses ``oc`` and takes the calico-extension log from
            ibm-keepalived-watcher, as do IKS clusters with the operator (runbook, items 5 and 6).
        extra: further collections: ``webhooks``, ``secrets`` (names only).
    """
    openshift = platform in ("roks", "iks-satellite")
    if openshift or namespace == "calico-system":
        extension = "ibm-keepalived-watcher"
    elif platform.startswith("iks") or namespace == "kube-system":
        extension = "calico-node"
    else:
        extension = "none" if platform == "other" else "ibm-keepalived-watcher"
    values = {
        "CLI": "oc" if openshift else "kubectl",
        "NAMESPACE": namespace or ("calico-system" if openshift else ""),
        "PODS": " ".join(pods),
        "NODES": " ".join(nodes),
        "EXTENSION": extension,
        "EXTRA": " ".join(extra),
    }
    script = _SCRIPT.read_text(encoding="utf-8")
    for key, value in values.items():
        script = script.replace(f"@{key}@", shlex.quote(value))
    return script
