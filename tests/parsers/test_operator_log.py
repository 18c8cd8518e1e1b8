from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.operator_log import json_object, read_go_log, read_json

LINE = (
    '{"level":"error","ts":"2026-02-12T06:20:11Z","logger":"controller_installation","msg":"Error querying installation",'
    '"Request.Name":"default","reason":"ResourceReadError","error":"Get \\"https://10.0.0.1\\": EOF","stacktrace":"a\\n\\tb"}'
)


def test_a_zap_record_reads_like_a_calico_line() -> None:
    line = read_json(LINE)
    assert line is not None
    assert line.time == datetime(2026, 2, 12, 6, 20, 11, tzinfo=UTC)
    assert (line.level, line.source) == ("ERROR", "controller_installation")
    assert line.message.startswith('Error querying installation error=Get "https://10.0.0.1": EOF ')
    assert 'reason="ResourceReadError"' in line.message and "stacktrace" not in line.message
    assert line.fields is not None and line.fields["error"] == 'Get "https://10.0.0.1": EOF'


def test_the_catalogue_sees_both_the_text_and_the_json() -> None:
    line = read_json(LINE)
    assert line is not None
    assert '"msg":"Error querying installation"' in line.match_text
    assert 'error=Get "https://10.0.0.1": EOF' in line.match_text


def test_times_in_seconds_of_older_operators() -> None:
    line = read_json('{"level":"info","ts":1668677220.84,"msg":"x"}')
    assert line is not None and line.time == datetime(2022, 11, 17, 9, 27, 0, 840000, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        '{"log":"x\\n","stream":"stdout","time":"2026-02-12T06:20:11Z"}',
        '{"level":"weird","msg":"x"}',
        '{"msg":"x"}',
        '{"level":"info","msg":5}',
        '{"level":"info"',
        "{" * 5000,
        '{"a":' * 3000 + "1" + "}" * 3000,
        "[1]",
    ],
)
def test_other_json_is_not_taken(text: str) -> None:
    assert read_json(text) is None


def test_numbers_too_long_to_be_read_are_no_object() -> None:
    assert json_object('{"a":' + "9" * 10_000 + "}") is None


@given(
    st.dictionaries(st.text(max_size=8), st.none() | st.booleans() | st.integers() | st.text(max_size=8), max_size=6)
)
def test_any_fields_are_read(fields: dict[str, object]) -> None:
    content = {**fields, "level": "info", "msg": "hello"}
    line = read_json(json.dumps(content))
    assert line is not None and line.message.startswith("hello")


def test_lines_of_gos_log_package() -> None:
    line = read_go_log("2026/02/12 06:20:10 [INFO] Version: v1.36.5")
    assert line is not None
    assert (line.time, line.level, line.message) == (
        datetime(2026, 2, 12, 6, 20, 10, tzinfo=UTC),
        "INFO",
        "Version: v1.36.5",
    )
    assert read_go_log("2026-02-12 06:20:10 x") is None


@pytest.mark.parametrize("number", ["9" * 400, "-" + "9" * 400, "1e308", "-1e308", "NaN", "1e999"])
def test_times_that_no_clock_shows_are_missing(number: str) -> None:
    line = read_json(f'{{"level":"error","ts":{number},"msg":"x"}}')
    assert line is not None
    assert line.time is None
