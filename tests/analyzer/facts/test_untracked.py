from __future__ import annotations

from datetime import UTC, datetime

from analyzer.facts import untracked
from analyzer.tables import build
from parsers.rows import SettingRow

NOW = datetime(2026, 4, 9, 6, 0, tzinfo=UTC)
HOST = SettingRow("o.yaml", 2, "HostEndpoint", "", "w-1-eth0", "spec.node", "w-1")


def found(*rows: tuple[str, str], host: bool = True) -> list[int]:
    settings = [
        SettingRow("o.yaml", number, "GlobalNetworkPolicy", "", "cache", key, value)
        for number, (key, value) in enumerate(rows, 10)
    ]
    tables = build({"settings": [*settings, *([HOST] if host else [])]}, NOW)
    return [fact.line for fact in untracked.untracked(tables)]


DENY = ("spec.ingress.1.action", "Deny")
UNTRACKED = ("spec.doNotTrack", "true")


def test_an_untracked_policy_that_ends_in_deny() -> None:
    assert found(UNTRACKED, ("spec.ingress.0.action", "Allow"), DENY) == [12]


def test_what_is_tracked_narrow_or_for_no_host_is_none() -> None:
    assert found(("spec.doNotTrack", "false"), DENY) == []
    assert found(UNTRACKED, DENY, ("spec.ingress.1.protocol", "UDP")) == []
    assert found(UNTRACKED, DENY, host=False) == []
    assert found(UNTRACKED, ("spec.ingress.0.action", "Allow")) == []
