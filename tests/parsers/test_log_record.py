from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.log_record import epoch_time, key_values, template, unquote, utc_time, with_year


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            'Failed to program iptables, will retry error=exit status 1 ipVersion=0x4 table="nat"',
            {"error": "exit status 1", "ipVersion": "0x4", "table": "nat"},
        ),
        (
            'Bad return code error=exit status 1 family="inet" stderr="ipset v7.11: \\"x=1\\"\\n"',
            {"error": "exit status 1", "family": "inet", "stderr": 'ipset v7.11: "x=1"\n'},
        ),
        (
            'error connecting to typha connID=0x0 error=x509: certificate has expired: a=b is "c d"',
            {"connID": "0x0", "error": 'x509: certificate has expired: a=b is "c d"'},
        ),
        ('"Sync failed" pod="x" err="a b" count=3', {"pod": "x", "err": "a b", "count": "3"}),
        (" requiringTLS=true", {"requiringTLS": "true"}),
        ("error=first\nsecond line", {"error": "first\nsecond line"}),
        ("nothing here, but https://a/?b=c", {}),
        ("", {}),
    ],
)
def test_fields_end_where_the_next_greater_key_begins(text: str, expected: dict[str, str]) -> None:
    assert key_values(text) == expected


@given(st.text(max_size=400))
def test_fields_of_any_text_are_parts_of_it(text: str) -> None:
    for key in key_values(text):
        assert f"{key}=" in text


KEYS = st.from_regex(r"[a-z][a-zA-Z]{0,8}", fullmatch=True)


@given(st.dictionaries(KEYS, st.text(alphabet='abc =\n"\\', max_size=12), max_size=6))
def test_quoted_fields_come_back_as_they_were_written(fields: dict[str, str]) -> None:
    def quoted(value: str) -> str:
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'"{escaped}"'

    text = "Something happened " + " ".join(f"{key}={quoted(fields[key])}" for key in sorted(fields))
    assert key_values(text) == fields


def test_template_keeps_who_and_drops_how_often() -> None:
    one = "Failed 3 times in 1m2.3s: read tcp 10.0.0.1:41022->10.0.0.2:443: i/o timeout connID=0x1f"
    two = "Failed 12 times in 45s: read tcp 10.0.0.1:50001->10.0.0.2:443: i/o timeout connID=0x2c"
    other = one.replace("10.0.0.2", "10.0.0.3")
    assert template(one) == template(two) != template(other)


@pytest.mark.parametrize(
    "text",
    [
        "fd80:24e2::2 is unreachable",
        "pod default/web-7d4b9-x2k9p of kube-worker-02",
        "Mesh_10_94_227_12: Error: Hold timer expired",
        "10.94.227.0/26",
    ],
)
def test_template_leaves_names_and_addresses_alone(text: str) -> None:
    assert template(text) == text


@pytest.mark.parametrize(
    "text",
    ["2026-02-12T06:20:11.402Z", "0xc000340620", "7437cd51-0b1c-4a55-9d3c-0f0f8f2d1c11", "5b0c2f8d1e7a", "99.5%"],
)
def test_template_replaces_what_changes_from_line_to_line(text: str) -> None:
    assert template(f"a {text} b") == "a N b"


def test_times_are_utc_whatever_zone_and_precision() -> None:
    expected = datetime(2026, 2, 12, 6, 20, 11, 402120, tzinfo=UTC)
    assert utc_time("2026-02-12T06:20:11.402120123Z") == expected
    assert utc_time("2026-02-12T07:20:11.40212+01:00") == expected
    assert utc_time("2026-02-12 06:20:11.402120") == expected
    assert epoch_time(expected.timestamp()) == expected


@given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)))
def test_a_time_without_zone_is_utc(time: datetime) -> None:
    found = utc_time(time.isoformat(" "))
    assert found == time.replace(tzinfo=UTC) and found is not None and found.tzinfo is UTC


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31 23:59:59"]
)
def test_what_is_no_time_of_a_cluster_is_none(text: str) -> None:
    assert utc_time(text) is None


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_any_number_is_a_time_or_none(seconds: float) -> None:
    time = epoch_time(seconds)
    assert time is None or 2000 <= time.year < 2100


def test_the_year_is_the_one_closest_to_a_known_time() -> None:
    new_year = datetime(2026, 1, 1, 0, 5, tzinfo=UTC)
    assert with_year((12, 31, "23:59:59.000000"), new_year) == datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert with_year((1, 1, "00:06:00"), new_year) == datetime(2026, 1, 1, 0, 6, tzinfo=UTC)
    assert with_year((2, 30, "00:00:00"), new_year) is None
    assert with_year((1, 1, "00:00:00"), None) is None


def test_unquote_undoes_go_escapes() -> None:
    assert unquote(r"a\"b\n\tc\\d") == 'a"b\n\tc\\d'
