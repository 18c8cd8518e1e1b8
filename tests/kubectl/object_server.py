"""A read-only API server on loopback: serves the objects of many clusters to a real kubectl.

Cluster N lives below the path ``/N``; ``kubectl --server http://127.0.0.1:PORT/N`` talks to it alone.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Object = dict[str, Any]
Objects = dict[str, list[Object]]

#: kind -> group, plural, short names, namespaced
RESOURCES = {
    "Node": ("", "nodes", ["no"], False),
    "Pod": ("", "pods", ["po"], True),
    "Event": ("", "events", ["ev"], True),
    "Secret": ("", "secrets", [], True),
    "DaemonSet": ("apps", "daemonsets", ["ds"], True),
    "Deployment": ("apps", "deployments", ["deploy"], True),
    "ReplicaSet": ("apps", "replicasets", ["rs"], True),
    "Lease": ("coordination.k8s.io", "leases", [], True),
    "ConfigMap": ("", "configmaps", ["cm"], True),
    "BGPConfiguration": ("crd.projectcalico.org", "bgpconfigurations", [], False),
    "GlobalNetworkPolicy": ("crd.projectcalico.org", "globalnetworkpolicies", [], False),
    "FelixConfiguration": ("crd.projectcalico.org", "felixconfigurations", [], False),
    "TigeraStatus": ("operator.tigera.io", "tigerastatuses", [], False),
}
NOT_FOUND = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}


def _version(group: str) -> str:
    return f"{group}/v1" if group else "v1"


def _discovery(parts: list[str]) -> Object | None:
    groups = sorted({group for group, *_ in RESOURCES.values() if group})
    if parts == ["version"]:
        return {"major": "1", "minor": "29", "gitVersion": "v1.29.4"}
    if parts == ["api"]:
        return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
    if parts == ["apis"]:
        entries = [{"groupVersion": f"{group}/v1", "version": "v1"} for group in groups]
        found = [{"name": g, "versions": [e], "preferredVersion": e} for g, e in zip(groups, entries, strict=True)]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": found}
    if parts[:1] == ["api"] and len(parts) == 2:
        return _resource_list("")
    if parts[:1] == ["apis"] and len(parts) == 3 and parts[1] in groups:
        return _resource_list(parts[1])
    return None


def _resource_list(group: str) -> Object:
    found = [
        {
            "name": plural,
            "singularName": kind.lower(),
            "namespaced": scoped,
            "kind": kind,
            "verbs": ["get", "list"],
            "shortNames": short,
        }
        for kind, (owner, plural, short, scoped) in RESOURCES.items()
        if owner == group
    ]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": _version(group), "resources": found}


def _field(item: Object, path: str) -> str:
    value: Any = item
    for key in path.split("."):
        value = value.get(key, "") if isinstance(value, dict) else ""
    return str(value or "")


def _selected(found: list[Object], query: dict[str, str]) -> list[Object]:
    for clause in filter(None, query.get("fieldSelector", "").split(",")):
        match = re.fullmatch(r"([^!=]+)(!=|==?)(.*)", clause)
        assert match, clause
        key, same, value = match[1], match[2] != "!=", match[3]
        found = [item for item in found if (_field(item, key) == value) == same]
    for clause in filter(None, query.get("labelSelector", "").split(",")):
        key, _, value = clause.partition("=")
        found = [item for item in found if item["metadata"].get("labels", {}).get(key) == value]
    return found


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    clusters: dict[str, Objects]
    table: Callable[[str, list[Object]], Object]

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def _reply(self, body: Object, code: int = 200) -> None:
        data = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        cluster, *parts = [part for part in url.path.split("/") if part]
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        found = _discovery(parts)
        if found is not None:
            return self._reply(found)
        group, rest = ("", parts[2:]) if parts[:1] == ["api"] else (parts[1] if len(parts) > 1 else "", parts[3:])
        namespace = ""
        if rest[:1] == ["namespaces"] and len(rest) >= 3:
            namespace, rest = rest[1], rest[2:]
        kind = next((k for k, (g, plural, *_) in RESOURCES.items() if g == group and rest[:1] == [plural]), "")
        if not kind:
            return self._reply(NOT_FOUND, 404)
        items = [
            {"kind": kind, "apiVersion": _version(group), **item}
            for item in self.clusters[cluster].get(kind, [])
            if not namespace or item["metadata"].get("namespace") == namespace
        ]
        if len(rest) > 1:
            one = [item for item in items if item["metadata"]["name"] == rest[1]]
            message = f'{rest[0]} "{rest[1]}" not found'
            return self._reply(one[0]) if one else self._reply({**NOT_FOUND, "message": message}, 404)
        items = _selected(items, query)
        if "as=Table" in self.headers.get("Accept", ""):
            return self._reply(type(self).table(kind, items))
        head = {"kind": kind + "List", "apiVersion": _version(group), "metadata": {"resourceVersion": "1"}}
        return self._reply({**head, "items": items})


@contextmanager
def serving(clusters: dict[str, Objects], table: Callable[[str, list[Object]], Object]) -> Iterator[str]:
    """Serve the clusters while the context lasts; gives the address without a cluster's path."""
    handler = type("Handler", (_Handler,), {"clusters": clusters, "table": staticmethod(table)})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
