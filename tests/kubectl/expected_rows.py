"""What the parsers must give back for an object, worked out from the object itself.

Rows are plain mappings of the columns that are compared. Ages are the real ages in seconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

Object = dict[str, Any]
Objects = dict[str, list[Object]]
Row = dict[str, Any]

SKIPPED_ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"


def moment(stamp: str | None) -> datetime | None:
    if not stamp:
        return None
    return datetime.fromisoformat(stamp.replace("Z", "+00:00")).astimezone(UTC).replace(microsecond=0)


def human(seconds: float) -> float:
    """The seconds that kubectl's rounded age stands for (k8s.io/apimachinery util/duration)."""
    whole = int(seconds)
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if whole < 600:
        return whole
    if minutes < 180:
        return minutes * 60
    if hours < 8:
        return minutes * 60
    if hours < 48:
        return hours * 3600
    if hours < 192:
        return hours * 3600
    return days * 86400


def annotations(item: Object) -> dict[str, str]:
    """Annotations as kubectl shortens them."""
    found = {}
    for key, value in item["metadata"].get("annotations", {}).items():
        if key == SKIPPED_ANNOTATION:
            continue
        value = value.removesuffix("\n")
        if len(value.encode()) + len(key) + 2 > 140 or "\n" in value:
            value = "\n".join(part if len(part) <= 138 else part[:138] + "..." for part in value.split("\n"))
        found[key] = value
    return found


def node(item: Object, objects: Objects) -> Row:
    labels, spec, status = item["metadata"]["labels"], item["spec"], item["status"]
    name = item["metadata"]["name"]
    ready = [c["status"] for c in status["conditions"] if c["type"] == "Ready"]
    lease = [o for o in objects.get("Lease", []) if o["metadata"]["name"] == name]
    taints = sorted(spec["taints"], key=lambda taint: taint["effect"] + "," + taint["key"])
    pods = [
        pod
        for pod in objects.get("Pod", [])
        if pod["spec"].get("nodeName") == name and pod["status"]["phase"] not in ("Succeeded", "Failed")
    ]
    info = status["nodeInfo"]
    row = {
        "node": name,
        "ready": ready[0] if ready else "",
        "roles": ",".join(sorted(k.split("/")[1] for k in labels if k.startswith("node-role.kubernetes.io/"))),
        "zone": labels["topology.kubernetes.io/zone"],
        "region": labels["topology.kubernetes.io/region"],
        "pool": labels["ibm-cloud.kubernetes.io/worker-pool-name"],
        "subnet": labels.get("ibm-cloud.kubernetes.io/subnet-id", ""),
        "private_vlan": labels.get("privateVLAN", ""),
        "public_vlan": labels.get("publicVLAN", ""),
        "worker_version": labels["ibm-cloud.kubernetes.io/worker-version"],
        "kubelet_version": info["kubeletVersion"],
        "os_image": info["osImage"],
        "kernel": info["kernelVersion"],
        "runtime": info["containerRuntimeVersion"],
        "internal_ip": next(a["address"] for a in status["addresses"] if a["type"] == "InternalIP"),
        "cordoned": spec.get("unschedulable", False),
        "created": moment(item["metadata"]["creationTimestamp"]),
        "taints": tuple(t["key"] + ("=" + t["value"] if "value" in t else "") + ":" + t["effect"] for t in taints),
        "labels": labels,
        "annotations": annotations(item),
        "calico_ip": item["metadata"]["annotations"].get("projectcalico.org/IPv4Address", ""),
        "provider_id": spec.get("providerID", ""),
        "lease_renewed": moment(lease[0]["spec"]["renewTime"]) if lease else None,
        "pods_on_node": tuple(f"{p['metadata']['namespace']}/{p['metadata']['name']}" for p in pods),
    }
    return row | _shares(pods)


def _shares(pods: list[Object]) -> Row:
    """Requested and limited shares of 3910m CPU and 13484992Ki, cut to whole percents."""
    row = {}
    for resource, whole in (("cpu", 3910.0), ("memory", 13484992.0)):
        for kind, column in (("requests", "requested"), ("limits", "limit")):
            total = 0.0
            for pod in pods:
                parts = [_amount(c["resources"].get(kind, {}).get(resource, "0")) for c in pod["spec"]["containers"]]
                first = [
                    _amount(c["resources"].get(kind, {}).get(resource, "0")) for c in pod["spec"]["initContainers"]
                ]
                total += max([sum(parts), *first])
            row[f"{resource}_{column}_pct"] = float(int(total / whole * 100))
    return row


def _amount(text: str) -> float:
    match = re.fullmatch(r"(\d+)(m|Mi|Gi|)", text)
    assert match, text
    return int(match[1]) * {"m": 1, "Mi": 1024, "Gi": 1024**2, "": 1000}[match[2]]


def node_conditions(item: Object) -> Iterator[Row]:
    for condition in item["status"]["conditions"]:
        yield {
            "node": item["metadata"]["name"],
            "type": condition["type"],
            "status": condition["status"],
            "last_heartbeat": moment(condition["lastHeartbeatTime"]),
            "last_transition": moment(condition["lastTransitionTime"]),
            "reason": condition["reason"],
            "message": condition["message"].strip(),
        }


def pod(item: Object, app: str) -> Row:
    meta, spec, status = item["metadata"], item["spec"], item["status"]
    owner = meta.get("ownerReferences", [None])[0]
    deleted = "deletionTimestamp" in meta
    statuses = {s["name"]: s for s in status.get("containerStatuses", [])}
    return {
        "namespace": meta["namespace"],
        "pod": meta["name"],
        "app": app,
        "node": spec.get("nodeName", ""),
        "phase": "Terminating" if deleted else status["phase"],
        "deleted": deleted,
        "ready": f"{sum(s['ready'] for s in statuses.values())}/{len(spec['containers'])}",
        "restarts": sum(s["restartCount"] for s in statuses.values()),
        "controlled_by": f"{owner['kind']}/{owner['name']}" if owner else "",
        "start_time": moment(status.get("startTime")),
        "ip": status.get("podIP", ""),
        "reason": status.get("reason", ""),
        "message": status.get("message", "").strip(),
        "labels": meta["labels"],
        "annotations": annotations(item),
        "tolerations": tuple(sorted(_toleration(t) for t in spec["tolerations"])),
    }


def _toleration(item: Object) -> str:
    text = item.get("key", "")
    text += "=" + item["value"] if item.get("value") else ""
    text += ":" + item["effect"] if item.get("effect") else ""
    text += " op=Exists" if item["operator"] == "Exists" and text else ""
    return text + (f" for {item['tolerationSeconds']}s" if "tolerationSeconds" in item else "")


def pod_conditions(item: Object) -> Iterator[Row]:
    for condition in item["status"]["conditions"]:
        meta = item["metadata"]
        yield {
            "namespace": meta["namespace"],
            "pod": meta["name"],
            "type": condition["type"],
            "status": condition["status"],
        }


def containers(item: Object) -> Iterator[Row]:
    groups = (
        ("initContainers", "initContainerStatuses"),
        ("containers", "containerStatuses"),
        ("ephemeralContainers", "ephemeralContainerStatuses"),
    )
    for kind, key in groups:
        statuses = {status["name"]: status for status in item["status"].get(key, [])}
        for container in item["spec"].get(kind, []):
            yield _container(item, container, statuses.get(container["name"]), kind == "initContainers")


def _container(item: Object, container: Object, status: Object | None, init: bool) -> Row:
    meta, resources = item["metadata"], container["resources"]
    image = container["image"]
    tag = re.search(r":([^/:@]+)(?:@|$)", image)
    row: Row = {
        "namespace": meta["namespace"],
        "pod": meta["name"],
        "node": item["spec"].get("nodeName", ""),
        "container": container["name"],
        "init": init,
        "image": image,
        "version": tag[1] if tag else "",
        "limits": resources.get("limits", {}),
        "requests": resources.get("requests", {}),
        "env": {e["name"]: _variable(e, meta) for e in container.get("env", [])},
        "restarts": status["restartCount"] if status else None,
        "ready": status["ready"] if status else None,
    }
    for name in ("liveness", "readiness", "startup"):
        row[name] = _probe(container[name + "Probe"]) if name + "Probe" in container else ""
    now, last = _state(status["state"] if status else None), _state((status or {}).get("lastState"))
    if not (status or {}).get("lastState"):
        last = _state(None)
    row |= {"state": now[0], "state_reason": now[1], "message": now[2], "state_exit_code": now[3]}
    row |= {"last_state": last[0], "last_reason": last[1], "last_message": last[2], "last_exit_code": last[3]}
    row |= {"started": now[4], "finished": now[5], "last_started": last[4], "last_finished": last[5]}
    row["exit_code"] = last[3] if now[3] is None else now[3]
    return row


def _state(state: Object | None) -> tuple[Any, ...]:
    if state is None:
        return ("", "", "", None, None, None)
    if "running" in state:
        return ("Running", "", "", None, moment(state["running"]["startedAt"]), None)
    if "terminated" in state:
        end = state["terminated"]
        text = end.get("message", "").rstrip("\n")
        return (
            "Terminated",
            end.get("reason", ""),
            text,
            end["exitCode"],
            moment(end["startedAt"]),
            moment(end["finishedAt"]),
        )
    return ("Waiting", state.get("waiting", {}).get("reason", ""), "", None, None, None)


def _variable(item: Object, meta: Object) -> str:
    if "value" in item:
        return item["value"].rstrip("\n")
    origin = item["valueFrom"]
    if "fieldRef" in origin:
        path = origin["fieldRef"]["fieldPath"]
        return f"{meta['name'] if path == 'metadata.name' else ''} (v1:{path})".strip()
    if "secretKeyRef" in origin:
        return f"<set to the key '{origin['secretKeyRef']['key']}' in secret '{origin['secretKeyRef']['name']}'>"
    return f"<set to the key '{origin['configMapKeyRef']['key']}' of config map '{origin['configMapKeyRef']['name']}'>"


def _probe(item: Object) -> str:
    if "exec" in item:
        how = f"exec [{' '.join(item['exec']['command'])}]"
    elif "httpGet" in item:
        get = item["httpGet"]
        how = f"http-get {get['scheme'].lower()}://{get.get('host', '')}:{get['port']}{get['path']}"
    else:
        how = f"tcp-socket :{item['tcpSocket']['port']}"
    return (
        f"{how} delay={item['initialDelaySeconds']}s timeout={item['timeoutSeconds']}s period={item['periodSeconds']}s "
        f"#success={item['successThreshold']} #failure={item['failureThreshold']}"
    )


def event(item: Object, now: datetime, nodes: dict[tuple[str, str], str]) -> Row:
    about = item["involvedObject"]
    first = moment(item["eventTime"] or item["firstTimestamp"])
    count, last = item.get("count", 1), moment(item["lastTimestamp"] or item["eventTime"])
    if "series" in item:
        count, last = item["series"]["count"], moment(item["series"]["lastObservedTime"])
    if count == 1:
        last = first
    assert first
    assert last
    path = re.fullmatch(r"spec\.\w+\{(.*)\}", about.get("fieldPath", ""))
    is_node = about["kind"] == "Node"
    return {
        "object_kind": about["kind"],
        "object": about["name"],
        "namespace": "" if is_node else about["namespace"],
        "type": item["type"],
        "reason": item["reason"],
        "count": count,
        "age_s": (now - last).total_seconds(),
        "first_age_s": (now - first).total_seconds(),
        "source": item["source"].get("component") or item["reportingComponent"],
        "message": item["message"].strip(),
        "node": about["name"] if is_node else nodes.get((about.get("namespace", ""), about["name"]), ""),
        "container": path[1] if path else "",
    }


def readiness(item: Row) -> Iterator[Row]:
    """Only of the messages that name peers or a dead felix: the rest is tested by example."""
    text = item["message"]
    if item["object_kind"] != "Pod" or item["reason"] != "Unhealthy":
        return
    base = {"namespace": item["namespace"], "pod": item["object"], "node": item["node"], "count": item["count"]}
    base |= {"age_s": item["age_s"], "first_age_s": item["first_age_s"], "message": text}
    named = re.search(r"established = (\d+)\n.*with (.*)", text)
    if named:
        stamp = datetime(2026, 2, 12, 14, 42, 49, 280000, UTC)
        for peer in dict.fromkeys(named[2].split(",")):
            yield base | {
                "check": "bird",
                "state": "not-established",
                "peer": peer,
                "established_peers": int(named[1]),
                "time": stamp,
                "probe": "readiness",
            }
    elif "felix is not ready" in text:
        yield base | {
            "check": "felix",
            "state": "not-ready",
            "peer": "",
            "established_peers": None,
            "time": None,
            "probe": "readiness",
        }
    else:
        probe = "liveness" if "Liveness" in text else "readiness"
        yield base | {
            "check": "probe",
            "state": "timeout",
            "peer": "",
            "established_peers": None,
            "time": None,
            "probe": probe,
        }


def daemonset(item: Object) -> Row:
    status = item["status"]
    return {
        "namespace": item["metadata"]["namespace"],
        "daemonset": item["metadata"]["name"],
        "desired": status["desiredNumberScheduled"],
        "current": status["currentNumberScheduled"],
        "updated": status["updatedNumberScheduled"],
        "available": status["numberAvailable"],
        "ready": None,
    }


def workload_settings(item: Object, kind: str) -> Iterator[Row]:
    """Counts, labels and the pod template of a DaemonSet or Deployment."""
    meta, status, spec = item["metadata"], item["status"], item["spec"]
    values = {"": ""}
    if kind == "Deployment":
        values["metadata.creationTimestamp"] = meta["creationTimestamp"]
        values["spec.replicas"] = str(spec["replicas"])
        for name in ("updatedReplicas", "replicas", "availableReplicas", "unavailableReplicas"):
            values[f"status.{name}"] = str(status[name])
        for number, condition in enumerate(status["conditions"]):
            values |= {f"status.conditions.{number}.{key}": condition[key] for key in ("type", "status", "reason")}
    else:
        values["status.numberMisscheduled"] = str(status["numberMisscheduled"])
        values |= {f"pods.{word}": "0" for word in ("running", "waiting", "succeeded", "failed")}
    values |= {f"metadata.labels.{key}": value for key, value in meta["labels"].items()}
    values |= {f"metadata.annotations.{key}": value for key, value in annotations(item).items()}
    template = spec["template"]["spec"]
    for group in ("initContainers", "containers"):
        for number, container in enumerate(template[group]):
            path = f"spec.template.spec.{group}.{number}"
            values |= {f"{path}.name": container["name"], f"{path}.image": container["image"]}
            for position, variable in enumerate(container.get("env", [])):
                values[f"{path}.env.{position}.name"] = variable["name"]
                values[f"{path}.env.{position}.value"] = _variable(variable, {"name": ""})
            for sort in ("limits", "requests"):
                values |= {f"{path}.resources.{sort}.{k}": v for k, v in container["resources"].get(sort, {}).items()}
            for probe in ("livenessProbe", "readinessProbe"):
                if probe in container:
                    values[f"{path}.{probe}"] = _probe(container[probe])
    values |= {f"spec.template.spec.nodeSelector.{k}": v for k, v in template["nodeSelector"].items()}
    for key, value in values.items():
        yield {"kind": kind, "namespace": meta["namespace"], "name": meta["name"], "key": key, "value": value}
