"""The drawings: one row a worker, marks that differ in shape, the onset, nothing where there is nothing."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from datetime import timedelta

import report_samples as samples
from msgspec.structs import replace

from analyzer.report import charts, model

ENTRIES = samples.incident().timeline
SVG = "{http://www.w3.org/2000/svg}"


def names(drawing: str) -> list[str | None]:
    return [item.text for item in ET.fromstring(drawing).iter(f"{SVG}text") if item.get("class") == "lane-name"]


def test_timeline_has_a_row_a_worker_in_order_of_trouble() -> None:
    drawing, drawn = charts.timeline_svg(ENTRIES, samples.incident().onset)
    assert names(drawing) == ["cluster", "10.31.7.20", "10.31.7.21", "10.31.7.22", "10.30.7.20"]
    assert drawn == len(ENTRIES)
    assert "began 03:44:00" in drawing
    assert "2026-03-16 03:42:00 UTC to 2026-03-16 05:17:00 UTC" in drawing


def test_shapes_tell_severities_apart() -> None:
    drawing, _ = charts.timeline_svg(ENTRIES)
    root = ET.fromstring(drawing)
    shapes = {
        (group.get("class"), group[0].tag.removeprefix(SVG))
        for group in root.iter(f"{SVG}g")
        if "mark" in str(group.get("class"))
    }
    assert shapes == {("mark error", "rect"), ("mark warning", "path"), ("mark info", "circle")}


def test_marks_lie_inside() -> None:
    drawing, _ = charts.timeline_svg(ENTRIES)
    for x in re.findall(r'<circle cx="([\d.]+)"', drawing):
        assert 0 < float(x) < charts.WIDTH


def test_near_marks_are_one_and_the_worst_shows() -> None:
    entry = replace(ENTRIES[0], node="n")
    near = [
        replace(entry, time=samples.minutes(60 + n / 100), severity=severity, what=severity)
        for n, severity in enumerate(("info", "error", "warning"))
    ]
    drawing, drawn = charts.timeline_svg([replace(entry, severity="warning", time=samples.minutes(0)), *near])
    assert drawn == 4
    assert "<title>error (and 2 more)</title>" in drawing


def test_quiet_entries_long_before_the_trouble_are_not_drawn() -> None:
    quiet = replace(ENTRIES[0], time=samples.minutes(-60 * 24 * 20))
    drawing, drawn = charts.timeline_svg([quiet, *ENTRIES])
    assert drawn == len(ENTRIES)
    assert "2026-03-16 03:42:00 UTC to" in drawing
    assert charts.timeline_svg([quiet, replace(quiet, time=samples.minutes(0))])[1] == 2  # no trouble: all of it


def test_only_so_many_rows() -> None:
    entries = [replace(ENTRIES[1], node=f"n{n:03}", time=samples.minutes(n)) for n in range(60)]
    drawing, drawn = charts.timeline_svg(entries)
    assert len(names(drawing)) == drawn == charts.MOST_ROWS
    assert "24 rows of 60" in drawing


def test_nothing_to_draw() -> None:
    assert charts.timeline_svg([]) == ("", 0)
    assert charts.timeline_svg([ENTRIES[0]]) == ("", 0)
    assert charts.timeline_svg([replace(item, time=None) for item in ENTRIES]) == ("", 0)


def test_one_moment_only() -> None:
    assert charts.timeline_svg([ENTRIES[1], replace(ENTRIES[1], node="other")]) == ("", 0)
    drawing, drawn = charts.timeline_svg([ENTRIES[1], ENTRIES[1]], model.Onset(samples.START))
    assert drawn == 2
    ET.fromstring(drawing)


def test_long_names_differ_still() -> None:
    names_of = [f"kube-c0a1b2c3d4-customer-cluster-default-pool-0000{n}" for n in range(2)]
    entries = [replace(ENTRIES[1], node=name, time=samples.minutes(n)) for n, name in enumerate(names_of)]
    first, second = names(charts.timeline_svg(entries)[0])
    assert first != second and first is not None and len(first) <= 26


def test_hostile_names_and_texts() -> None:
    entries = [replace(item, node=samples.ATTACK[n:], what=samples.ATTACK) for n, item in enumerate(ENTRIES)]
    drawing, _ = charts.timeline_svg(entries)
    assert {item.tag.removeprefix(SVG) for item in ET.fromstring(drawing).iter()} == {
        "svg",
        "line",
        "text",
        "g",
        "rect",
        "path",
        "circle",
        "title",
    }


def test_ticks_are_few_and_round_for_every_span() -> None:
    for seconds in (1, 7, 59, 600, 3600, 86400, 86400 * 30, 86400 * 365 * 3):
        scale = charts._Scale(samples.START, samples.START + timedelta(seconds=seconds), 0, 900)
        assert 1 <= len(scale.ticks()) <= 10, seconds


def test_levels() -> None:
    levels = samples.incident().log_levels_over_time
    assert levels is not None
    drawing = charts.levels_svg(levels)
    bars = [item.get("class") for item in ET.fromstring(drawing).iter(f"{SVG}rect")]
    assert set(bars) == {"bar error", "bar warning"}
    assert "03:50: 3 error lines" in drawing


def test_levels_without_anything_to_compare() -> None:
    one = model.LogLevels(60, (model.LogLevelBucket(samples.START, (("ERROR", 5),)),))
    calm = model.LogLevels(60, tuple(model.LogLevelBucket(samples.minutes(n), (("INFO", 5),)) for n in range(3)))
    assert charts.levels_svg(one) == charts.levels_svg(calm) == ""


def test_bands() -> None:
    bucket = model.LogLevelBucket(
        samples.START, (("PANIC", 1), ("FATAL", 2), ("ERROR", 3), ("WARNING", 4), ("INFO", 5), ("", 6))
    )
    assert charts.banded(bucket) == {"error": 6, "warning": 4, "other": 11}


def test_restarts_have_a_row_a_container_with_its_count() -> None:
    drawing = charts.restarts_svg(samples.incident().restarts, samples.incident().onset)
    assert names(drawing) == ["10.31.7.20 x7"]
    assert "calico-node ended: Error, exit code 1" in drawing
    assert "began" not in drawing, "the trouble began before the first restart that is told"
    earlier = replace(samples.incident().onset, time=samples.minutes(30))
    assert "began 04:10:00" in charts.restarts_svg(samples.incident().restarts, earlier)
    assert 'aria-label="Restarts of 1 container, 2026-03-16 04:00:00 UTC to' in drawing


def test_restarts_without_times_are_not_drawn() -> None:
    assert charts.restarts_svg(samples.incident().restarts[1:]) == ""
    assert charts.restarts_svg(()) == ""
