"""The report as JSON: what is promised, what is extra, and back again."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import jsonschema
import pandas as pd
import pytest
import report_samples as samples
from msgspec.structs import replace
from report_samples import golden

from analyzer.report import ReportError, from_json, model, render_json, schema, to_data, to_json

#: the promise (interface of schema version 1), key by key
PROMISED = {
    "": "schema_version tool generated_at bundle cluster verdict causes symptoms missing unrecognized timeline warnings",
    "tool": "name version",
    "bundle": "name sha256 bytes files first_time last_time",
    "file": "path kind namespace pod container node bytes lines problems",
    "cluster": "platform kubernetes_version calico_version calico_namespace nodes_seen nodes_not_ready calico_nodes_seen calico_nodes_not_ready",
    "cause": "id rank title family probability confidence scope affected in_common evidence against explains remediation references",
    "in_common": "attribute value affected total p_value",
    "evidence": "file line text time signal weight count",
    "remediation_step": "text command risk",
    "symptom": "id title affected evidence",
    "missing_item": "item why command",
    "unrecognized": "template level count file line first_time last_time",
    "timeline_entry": "time node pod what severity file line",
    "warning": "file what",
}
SAMPLES = ["incident", "healthy", "not_enough", "hostile"]


def valid(data: Any) -> None:
    jsonschema.Draft202012Validator(schema()).validate(data)


def test_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("part", [name for name in PROMISED if name not in ("", "tool")])
def test_schema_requires_what_is_promised(part: str) -> None:
    assert schema()["$defs"][part]["required"] == PROMISED[part].split()


def test_schema_requires_what_the_report_promises() -> None:
    assert schema()["required"] == PROMISED[""].split()
    assert schema()["properties"]["tool"]["required"] == PROMISED["tool"].split()


def test_schema_has_the_promised_enumerations() -> None:
    parts = schema()["$defs"]
    assert schema()["properties"]["verdict"]["enum"] == ["causes-found", "no-problem-found", "not-enough-data"]
    assert parts["cause"]["properties"]["confidence"]["enum"] == ["likely", "possible", "unlikely"]
    assert parts["cause"]["properties"]["scope"]["enum"] == ["node", "cluster"]
    assert parts["risk"]["enum"] == ["safe", "disruptive", "destructive"]
    assert parts["cluster"]["properties"]["platform"]["enum"] == [
        "iks-classic", "iks-vpc", "iks-satellite", "roks", "other", "unknown",
    ]  # fmt: skip


@pytest.mark.parametrize("name", SAMPLES)
def test_reports_follow_the_schema(name: str) -> None:
    valid(json.loads(to_json(getattr(samples, name)())))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("verdict",), "fine"),
        (("schema_version",), "2"),
        (("causes", 0, "probability"), 1.2),
        (("causes", 0, "confidence"), "sure"),
        (("causes", 0, "evidence", 0, "line"), 0),
        (("causes", 0, "remediation", 0, "risk"), "dangerous"),
        (("cluster", "platform"), "iks"),
        (("generated_at",), "yesterday"),
    ],
)
def test_schema_refuses_other_values(path: tuple[Any, ...], value: Any) -> None:
    data = to_data(samples.incident())
    place: Any = data
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        valid(data)


@pytest.mark.parametrize("field", PROMISED[""].split())
def test_schema_refuses_a_report_without_a_promised_field(field: str) -> None:
    data = to_data(samples.incident())
    del data[field]
    with pytest.raises(jsonschema.ValidationError, match=field):
        valid(data)


def test_an_empty_report_still_has_every_promised_field() -> None:
    report = model.Report(samples.TOOL, samples.START, model.BundleInfo("x"), model.ClusterInfo(), "not-enough-data")
    data = to_data(report)
    assert list(data) == PROMISED[""].split()
    assert list(data["bundle"]) == PROMISED["bundle"].split()
    valid(data)


def test_extras_come_after_the_promised_fields() -> None:
    cause = to_data(samples.incident())["causes"][0]
    assert list(cause)[:14] == PROMISED["cause"].split()
    assert cause["folded"][0]["id"] == "bgp-peer-down"


@pytest.mark.parametrize("name", SAMPLES)
def test_a_report_can_be_read_back(name: str) -> None:
    text = to_json(getattr(samples, name)())
    assert to_json(from_json(text)) == text


def test_golden() -> None:
    golden("incident.json", to_json(samples.incident()))


def test_text_of_the_bundle_stays_as_it_is() -> None:
    data = json.loads(render_json(samples.hostile()))
    assert data["causes"][0]["evidence"][0]["text"] == samples.ATTACK


def test_lone_surrogates_become_unicode() -> None:
    report = replace(samples.not_enough(), verdict_reason="a\udc80b")
    assert json.loads(to_json(report).encode())["verdict_reason"] == "a?b"


def test_numbers_and_times_of_pandas() -> None:
    table = pd.DataFrame({"count": [3], "p": [0.5]})
    cause = replace(
        samples.incident().causes[0],
        in_common=(model.InCommon("zone", "a", table["count"].iloc[0], table["count"].sum(), table["p"].iloc[0]),),
        onset=pd.Timestamp("2026-03-16T01:02:03Z"),
    )
    unknown = model.TimelineEntry(pd.NaT, "", "", "x", "info", "f", 1)  # type: ignore[arg-type]
    data = json.loads(to_json(replace(samples.incident(), causes=(cause,), timeline=(unknown,))))
    assert data["causes"][0]["in_common"][0] == {
        "attribute": "zone",
        "value": "a",
        "affected": 3,
        "total": 3,
        "p_value": 0.5,
    }
    assert data["causes"][0]["onset"] == "2026-03-16T01:02:03Z"
    assert data["timeline"][0]["time"] is None


@pytest.mark.parametrize("weight", [float("nan"), float("inf"), float("-inf")])
def test_numbers_json_does_not_know(weight: float) -> None:
    evidence = replace(samples.incident().causes[0].evidence[0], weight=weight)
    cause = replace(samples.incident().causes[0], evidence=(evidence,))
    assert (
        json.loads(to_json(replace(samples.incident(), causes=(cause,))))["causes"][0]["evidence"][0]["weight"] == 0.0
    )


def test_times_are_utc() -> None:
    east = datetime.fromisoformat("2026-03-16T05:00:00+02:00")
    assert to_data(replace(samples.healthy(), generated_at=east))["generated_at"] == "2026-03-16T03:00:00Z"
    assert from_json(to_json(samples.healthy())).generated_at == datetime(2026, 3, 16, 7, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("no json", "not a report"),
        ("[]", "schema version"),
        ('{"schema_version": "2"}', "schema version"),
        ('{"schema_version": "1"}', "lacks 'tool'"),
        ("[" * 100_000, "not a report"),
    ],
)
def test_other_texts_are_refused(text: str, says: str) -> None:
    with pytest.raises(ReportError, match=says):
        from_json(text)


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("causes",), "x", "report.causes: expected a list"),
        (("causes", 0, "rank"), True, "report.causes.0..rank: expected int"),
        (("causes", 0, "onset"), "soon", "onset: not a time"),
        (("cluster", "facts"), [["a"]], "expected 2 values"),
        (("bundle",), 3, "report.bundle: expected an object"),
    ],
)
def test_wrong_values_are_named(path: tuple[Any, ...], value: Any, says: str) -> None:
    data = to_data(samples.incident())
    place: Any = data
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(ReportError, match=says.replace("[", r"\[")):
        from_json(json.dumps(data))


def test_unknown_keys_are_left_out() -> None:
    data = to_data(samples.incident()) | {"something_new": 1}
    assert from_json(json.dumps(data)) == from_json(to_json(samples.incident()))
