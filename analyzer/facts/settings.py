"""Cross-checks about settings that calico-node was given and cannot work with.

=========================== ===============================================================================
fact                        what it means
=========================== ===============================================================================
health-port-not-probed      felix answers on another port than its probes ask, or on none, and is in trouble
health-host-not-probed      felix answers on localhost, its probes ask the worker's own address and are refused
variable-not-valid          a variable of calico-node has a value that its program does not take
own-kubeconfig              calico-node is told to use a kubeconfig in place of the token of its own account
bird-probed-without-bird    calico-node's backend runs no BIRD, its readiness probe asks for BIRD all the same
=========================== ===============================================================================

Sources: felix/config/config_params.go (HealthPort 9099, HealthEnabled), node/pkg/health, and start-up of calico-node
(node/pkg/lifecycle/startup: names and values of variables). A variable wins over a FelixConfiguration.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from typing import Any

from analyzer.facts.fact import Check, Fact
from analyzer.facts.observed import of_node_agent
from analyzer.inventory import Inventory, text
from analyzer.tables import Tables
from parsers.lazy_pattern import lazy_pattern

DEFAULT_PORT = "9099"
_PROBED = lazy_pattern(r"(?:https?://[^/\s:]{0,60}|\blocalhost|127\.0\.0\.1|\[::1\]):(\d{2,5})/(?:liveness|readiness)")
_HOSTLESS = lazy_pattern(r"http-get http://(?!localhost|127\.0\.0\.1|\[::1\])[^/\s:]{0,60}:9099/\w+")
_TRUE = ("true", "1", "yes", "y", "t")
_FALSE = ("false", "0", "no", "n", "f")


def _agents(tables: Tables) -> list[Any]:
    """The main containers of calico-node pods."""
    return [row for row in tables.rows.containers if of_node_agent(row.pod) and row.container == "calico-node"]


def _bad(tables: Tables) -> list[str]:
    """calico-nodes in trouble, as far as the bundle shows any."""
    return sorted(pod.name for pod in Inventory(tables).pods.values() if pod.is_node_agent and pod.healthy is False)


def _place(row: Any, variable: str) -> tuple[str, int]:
    """File and line of a variable of a described container, else of the container."""
    if row.env_line is None:
        return row.file, int(row.line)
    line = int(row.env_line) + 1
    for name, value in row.env.items():
        if name == variable:
            break
        line += 1 + value.count("\n")
    return row.file, line


def health_port(tables: Tables) -> Iterator[Fact]:
    """health-port-not-probed."""
    if not _bad(tables):
        return
    probed = {port for row in _agents(tables) for port in _PROBED.findall(f"{row.liveness}\n{row.readiness}")}
    probed |= {port for row in tables.rows.readiness for port in _PROBED.findall(text(row.message))}
    probed = probed or {DEFAULT_PORT}
    asked = f"its probes ask {', '.join(sorted(probed))}"
    by_variable = False
    for row in _agents(tables):
        port, on = row.env.get("FELIX_HEALTHPORT", "").strip(), row.env.get("FELIX_HEALTHENABLED", "").strip()
        if port.isdigit():
            by_variable = True
            if port not in probed:
                detail = f"felix answers on port {port}, {asked}"
                yield Fact("health-port-not-probed", *_place(row, "FELIX_HEALTHPORT"), detail, row.node, row.pod)
        if on.lower() in _FALSE:
            detail = f"felix does not answer at all, {asked}"
            yield Fact("health-port-not-probed", *_place(row, "FELIX_HEALTHENABLED"), detail, row.node, row.pod)
    for setting in tables.rows.settings:
        if setting.kind != "FelixConfiguration" or by_variable:
            continue
        if setting.key == "spec.healthPort" and setting.value.isdigit() and setting.value not in probed:
            detail = f"felix answers on port {setting.value}, {asked}"
            yield Fact("health-port-not-probed", setting.file, int(setting.line), detail)
        elif setting.key == "spec.healthEnabled" and setting.value.lower() in _FALSE and not _switched_on(tables):
            detail = f"felix does not answer at all, {asked}"
            yield Fact("health-port-not-probed", setting.file, int(setting.line), detail)


def _switched_on(tables: Tables) -> bool:
    """Whether a variable has felix answer, whatever its FelixConfiguration says."""
    return any(row.env.get("FELIX_HEALTHENABLED", "").strip().lower() in _TRUE for row in _agents(tables))


def health_host(tables: Tables) -> Iterator[Fact]:
    """health-host-not-probed: felix has answered on localhost alone since v3.2."""
    if not _bad(tables) or any(
        row.kind == "FelixConfiguration" and row.key == "spec.healthHost" for row in tables.rows.settings
    ):
        return
    for row in _agents(tables):
        asked = _HOSTLESS.search(f"{row.liveness}\n{row.readiness}")
        if asked and row.ready is not True and "FELIX_HEALTHHOST" not in row.env:
            detail = f"the probe of {row.pod} asks {asked[0]}, where felix does not answer"
            yield Fact("health-host-not-probed", row.file, int(row.line), detail, row.node, row.pod)


def _is_network(value: str) -> bool:
    if "/" not in value:
        return False
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        return False
    return True


def _one_of(*values: str) -> Callable[[str], bool]:
    return lambda value: value.lower() in values


def _is_address(value: str) -> bool:
    if value.lower() in ("autodetect", "none"):
        return True
    try:
        ipaddress.ip_interface(value)
    except ValueError:
        return False
    return True


def _is_as_number(value: str) -> bool:
    parts = value.split(".")
    return len(parts) <= 2 and all(part.isdigit() and int(part) < 2**32 for part in parts)


_TRUTH = _one_of(*_TRUE, *_FALSE)
#: variables whose values the start-up of calico-node, or felix, refuses where they are of another form
FORMS: dict[str, Callable[[str], bool]] = {
    "CALICO_IPV4POOL_CIDR": _is_network,
    "CALICO_IPV6POOL_CIDR": _is_network,
    "CALICO_IPV4POOL_IPIP": _one_of("always", "crosssubnet", "cross-subnet", "never", "off"),
    "CALICO_IPV4POOL_VXLAN": _one_of("always", "crosssubnet", "never"),
    "CALICO_IPV6POOL_VXLAN": _one_of("always", "crosssubnet", "never"),
    "CALICO_IPV4POOL_NAT_OUTGOING": _TRUTH,
    "CALICO_IPV4POOL_BLOCK_SIZE": lambda value: value.isdigit() and 20 <= int(value) <= 32,
    "CALICO_NETWORKING_BACKEND": _one_of("bird", "vxlan", "none", "gobgp"),
    "DATASTORE_TYPE": _one_of("kubernetes", "etcdv3"),
    "FELIX_DATASTORETYPE": _one_of("kubernetes", "etcdv3"),
    "IP": _is_address,
    "IP6": _is_address,
    "AS": _is_as_number,
    "WAIT_FOR_DATASTORE": _TRUTH,
    "FELIX_IPV6SUPPORT": _TRUTH,
    "FELIX_HEALTHENABLED": _TRUTH,
    "FELIX_HEALTHPORT": str.isdigit,
    "FELIX_DEFAULTENDPOINTTOHOSTACTION": _one_of("drop", "accept", "return"),
    "FELIX_IPTABLESBACKEND": _one_of("legacy", "nft", "auto"),
    "FELIX_LOGSEVERITYSCREEN": _one_of("trace", "debug", "info", "warning", "warn", "error", "fatal", "none", ""),
}


def variables(tables: Tables) -> Iterator[Fact]:
    """variable-not-valid: once a variable; a reference ("<set to the key ...>") says nothing of its value."""
    told: set[str] = set()
    for row in _agents(tables):
        for name, form in FORMS.items():
            value = row.env.get(name, "").strip()
            if value and name not in told and not value.startswith(("<", "(")) and not form(value):
                told.add(name)
                detail = f"{name} of {row.pod} is {value[:80]!r}"
                yield Fact("variable-not-valid", *_place(row, name), detail, row.node, row.pod)


#: the same of keys of the config map that manifests take the variables from
KEYS = {
    "data.calico_backend": FORMS["CALICO_NETWORKING_BACKEND"],
    "data.veth_mtu": str.isdigit,
}


def config_map(tables: Tables) -> Iterator[Fact]:
    """variable-not-valid, by the config map."""
    for row in tables.rows.settings:
        form = KEYS.get(row.key) if (row.kind, row.name) == ("ConfigMap", "calico-config") else None
        value = text(row.value).strip().strip('"')
        if form and value and not form(value):
            detail = f"{row.key.partition('.')[2]} of {row.name} is {value[:80]!r}"
            yield Fact("variable-not-valid", row.file, int(row.line), detail)


def probes(tables: Tables) -> Iterator[Fact]:
    """bird-probed-without-bird."""
    for row in _agents(tables):
        backend = row.env.get("CALICO_NETWORKING_BACKEND", "").strip().lower()
        if backend in ("vxlan", "none") and "-bird-ready" in f"{row.readiness}" and row.ready is False:
            detail = f"the backend of {row.pod} is {backend}, and its readiness probe asks for BIRD"
            place = _place(row, "CALICO_NETWORKING_BACKEND")
            yield Fact("bird-probed-without-bird", *place, detail, row.node, row.pod)


def kubeconfig(tables: Tables) -> Iterator[Fact]:
    """own-kubeconfig: whoever wrote that file has to renew what it holds."""
    for row in _agents(tables):
        if path := row.env.get("KUBECONFIG", "").strip():
            detail = f"{row.pod} uses {path[:120]} in place of the token of its own account"
            yield Fact("own-kubeconfig", *_place(row, "KUBECONFIG"), detail, row.node, row.pod)


CHECKS: tuple[Check, ...] = (health_port, health_host, variables, config_map, probes, kubeconfig)
