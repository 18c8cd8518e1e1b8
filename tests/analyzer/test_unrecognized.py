"""Error lines nobody knows are grouped; known ones and calm ones are left out."""

from __future__ import annotations

from datetime import UTC, datetime

from analyzer.tables import build
from analyzer.unrecognized import masked, unrecognized
from parsers.rows import LogLineRow


def row(line: int, message: str, level: str = "ERROR", known: str = "") -> LogLineRow:
    time = datetime(2026, 3, 1, 12, 0, line % 60, tzinfo=UTC)
    return LogLineRow("a.log", line, "p", "n", "calico-node", time, level, "felix", message=message, message_id=known)


def test_alike_lines_are_one_template() -> None:
    rows = [row(n, f"Flux capacitor {n} at 10.0.0.{n} lost {n * 3} jigawatts") for n in range(1, 30)]
    rows += [
        row(40, "Known problem", known="some-id"),
        row(41, "calm", level="INFO"),
        row(42, "It broke once", level="FATAL"),
    ]
    found = unrecognized(build({"log_lines": rows}))
    assert [(item.level, item.count) for item in found] == [("FATAL", 1), ("ERROR", 29)]
    assert "Flux capacitor" in found[1].template and "10.0.0" not in found[1].template
    assert found[1].line == 1 and found[1].first_time < found[1].last_time  # type: ignore[operator]


def test_nothing_gives_nothing() -> None:
    assert unrecognized(build({})) == []


def test_what_is_normal_comes_last_and_what_is_new_first() -> None:
    rows = [
        row(1, "usual noise 7"),
        row(30, "began late alpha"),
        row(2, "old trouble beta"),
        row(3, "old trouble beta"),
    ]
    rows[0].level = "FATAL"
    onset = datetime(2026, 3, 1, 12, 10, 20, tzinfo=UTC)
    rows[1].time = datetime(2026, 3, 1, 12, 11, tzinfo=UTC)
    found = unrecognized(build({"log_lines": rows}), normal={"usual noise <N>"}, onset=onset)
    assert [item.template for item in found] == ["began late alpha", "old trouble beta", "usual noise <N>"]


def test_values_are_masked_alike_on_every_cluster() -> None:
    one = masked(
        "cannot reach web/iis-859987cb67-bgtsr at 10.2.3.4:5473 after 30s, chain cali0123456789abcdef, 7 tries"
    )
    other = masked(
        "cannot reach web/iis-5d5b8c6f4d-x2k9z at 10.9.8.7:5473 after 1m, chain cali0123456789abcdef, 12 tries"
    )
    assert one == other
    assert "iis" not in one and "10.2" not in one
    assert masked("calico-node-8xk2q") == "calico-node-8xk2q"  # a daemonset's pod has no number of a template
