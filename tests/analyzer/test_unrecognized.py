"""Error lines nobody knows are grouped; known ones and calm ones are left out."""

from __future__ import annotations

from datetime import UTC, datetime

from analyzer.tables import build
from analyzer.unrecognized import unrecognized
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
