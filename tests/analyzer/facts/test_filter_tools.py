from __future__ import annotations

from datetime import UTC, datetime

from analyzer.facts import filter_tools
from analyzer.tables import build
from parsers.rows import LogLineRow

NOW = datetime(2026, 4, 9, 6, 0, tzinfo=UTC)


def found(*said: str) -> set[str]:
    rows = [
        LogLineRow("a.txt", 3 + n, "", "", "", message=message, message_ids=("iptables-version-said",))
        for n, message in enumerate(said)
    ]
    return {fact.id for fact in filter_tools.versions(build({"log_lines": rows}, NOW))}


def test_releases_and_kinds() -> None:
    assert not found("iptables v1.8.7 (nf_tables)", "ip6tables v1.8.7 (nf_tables)")
    assert found("iptables v1.8.7 (nf_tables)", "iptables v1.8.4 (nf_tables)") == {"iptables-tools-differ"}
    assert "iptables-kinds-differ" in found("iptables v1.8.7 (nf_tables)", "iptables v1.6.1")
