from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from analyzer.facts import foreign_routes
from analyzer.tables import build
from parsers.rows import PodRow, RouteRow, SettingRow

NOW = datetime(2026, 4, 9, 6, 0, tzinfo=UTC)
THEIRS = RouteRow("r.txt", 3, "w-1", "10.100.1.0/24", "10.100.1.0", "flannel.1")


def agent(name: str = "calico-node-x9fbc") -> PodRow:
    return PodRow("pods.txt", 4, "kube-system", name, "", "w-1", "Running", "1/1", age_s=9000)


def found(**rows: Sequence[Any]) -> list[str]:
    tables = build(dict(rows), NOW)
    return [fact.id for check in foreign_routes.CHECKS for fact in check(tables)]


def test_routes_over_the_device_of_another_plugin() -> None:
    assert found(pods=[agent()], routes=[THEIRS]) == ["routes-of-other-network"]


def test_canal_uses_flannel_itself_and_without_calico_nothing_is_foreign() -> None:
    assert found(pods=[agent("canal-x9fbc")], routes=[THEIRS]) == []
    assert found(routes=[THEIRS]) == []


def test_calicos_own_routes_are_its_own() -> None:
    assert found(pods=[agent()], routes=[RouteRow("r.txt", 3, "w-1", "10.100.1.0/24", "192.0.2.1", "tunl0")]) == []


def test_a_daemon_of_another_plugin_that_runs() -> None:
    unit = SettingRow("u.txt", 2, "Unit", "", "flanneld.service", "active", "active")
    assert found(pods=[agent()], settings=[unit]) == ["service-of-other-network"]
    unit.value = "inactive"
    assert found(pods=[agent()], settings=[unit]) == []
