from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from analyzer.facts import settings
from analyzer.facts.fact import Fact
from analyzer.tables import Tables, build
from parsers.rows import ContainerRow, PodRow, ReadinessRow, SettingRow

NOW = datetime(2026, 4, 9, 6, 0, tzinfo=UTC)
PROBE = "http-get http://localhost:9099/liveness delay=10s"


def facts_of(check: Callable[[Tables], Iterable[Fact]], ready: str = "0/1", **rows: Sequence[Any]) -> list[Fact]:
    pod = PodRow("pods.txt", 2, "kube-system", "calico-node-a", node="w-1", phase="Running", ready=ready)
    return list(check(build({"pods": [pod], **rows}, NOW)))


def agent(env: dict[str, str], readiness: str = "", env_line: int | None = 30) -> ContainerRow:
    row = ContainerRow("p.txt", 9, "kube-system", "calico-node-a", "calico-node", env=env, liveness=PROBE, ready=False)
    row.readiness, row.env_line = readiness, env_line
    return row


def felix(key: str, value: str) -> SettingRow:
    return SettingRow("fc.yaml", 14, "FelixConfiguration", "", "default", key, value)


def test_a_health_port_that_nobody_asks() -> None:
    (fact,) = facts_of(settings.health_port, settings=[felix("spec.healthPort", "9199")])
    assert (fact.file, fact.line) == ("fc.yaml", 14)
    assert facts_of(settings.health_port, settings=[felix("spec.healthPort", "9099")]) == []
    assert facts_of(settings.health_port, "1/1", settings=[felix("spec.healthPort", "9199")]) == []  # no trouble
    asked = ReadinessRow("e.txt", 3, "calico-node-a", "w-1", message='Get "http://localhost:9199/readiness": refused')
    assert facts_of(settings.health_port, settings=[felix("spec.healthPort", "9199")], readiness=[asked]) == []
    assert facts_of(settings.health_port, settings=[felix("spec.healthEnabled", "false")])


def test_a_variable_wins_over_the_object() -> None:
    (fact,) = facts_of(settings.health_port, containers=[agent({"IP": "autodetect", "FELIX_HEALTHPORT": "9098"})])
    assert (fact.file, fact.line) == ("p.txt", 32)
    object_too = [felix("spec.healthPort", "9199"), felix("spec.healthEnabled", "false")]
    env = {"FELIX_HEALTHPORT": "9099", "FELIX_HEALTHENABLED": "true"}
    assert facts_of(settings.health_port, settings=object_too, containers=[agent(env)]) == []
    assert facts_of(settings.health_port, containers=[agent({"FELIX_HEALTHENABLED": "false"})])[0].line == 31


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("CALICO_IPV4POOL_CIDR", "10.50.0.0/16", "10.50.0.0.16"),
        ("CALICO_IPV4POOL_CIDR", "172.16.0.0/12", "172.16.0.0"),
        ("CALICO_IPV4POOL_IPIP", "CrossSubnet", "Sometimes"),
        ("CALICO_NETWORKING_BACKEND", "bird", "brid"),
        ("DATASTORE_TYPE", "kubernetes", "kubernets"),
        ("IP", "192.0.2.7/24", "192.0.2"),
        ("AS", "64512.1", "AS64512"),
        ("FELIX_IPV6SUPPORT", "false", "disabled"),
    ],
)
def test_values_that_calico_node_does_not_take(name: str, good: str, bad: str) -> None:
    assert facts_of(settings.variables, containers=[agent({name: good})]) == []
    assert facts_of(settings.variables, containers=[agent({name: "<set to the key 'x' of config map 'y'>"})]) == []
    (fact,) = facts_of(settings.variables, containers=[agent({name: bad}, env_line=None)])
    assert repr(bad) in fact.detail
    assert fact.line == 9


def test_a_probe_for_a_program_that_does_not_run() -> None:
    vxlan = {"CALICO_NETWORKING_BACKEND": "vxlan"}
    exec_probe = "exec [/bin/calico-node -bird-ready -felix-ready]"
    assert facts_of(settings.probes, containers=[agent(vxlan, exec_probe)])[0].line == 31
    assert facts_of(settings.probes, containers=[agent(vxlan, "exec [/bin/calico-node -felix-ready]")]) == []
    assert facts_of(settings.probes, containers=[agent({"CALICO_NETWORKING_BACKEND": "bird"}, exec_probe)]) == []


def test_a_kubeconfig_in_place_of_its_own_token() -> None:
    env = {"IP": "autodetect", "KUBECONFIG": "/host/etc/cni/net.d/calico-kubeconfig"}
    assert facts_of(settings.kubeconfig, containers=[agent(env)])[0].line == 32
    assert facts_of(settings.kubeconfig, containers=[agent({"IP": "autodetect"})]) == []


def test_a_probe_of_an_address_where_felix_does_not_answer() -> None:
    row = agent({})
    assert facts_of(settings.health_host, containers=[row]) == []
    row.liveness = "http-get http://:9099/liveness delay=10s"
    assert len(facts_of(settings.health_host, containers=[row])) == 1
    assert facts_of(settings.health_host, containers=[row], settings=[felix("spec.healthHost", "0.0.0.0")]) == []
    row.env = {"FELIX_HEALTHHOST": "0.0.0.0"}
    assert facts_of(settings.health_host, containers=[row]) == []


def test_values_of_the_config_map() -> None:
    def found(key: str, value: str) -> bool:
        row = SettingRow("cm.yaml", 7, "ConfigMap", "kube-system", "calico-config", key, value)
        return bool(facts_of(settings.config_map, settings=[row]))

    assert found("data.calico_backend", "brid")
    assert not found("data.calico_backend", "bird")
    assert found("data.veth_mtu", "1440m")
    assert not found("data.veth_mtu", '"0"')
    assert not found("data.cni_network_config", "{}")
