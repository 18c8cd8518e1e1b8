from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.ages import EventAge, age_seconds, event_age, go_time


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0s", 0),
        ("31m", 1860),
        ("112s", 112),
        ("9m59s", 599),
        ("3d4h", 3 * 86400 + 4 * 3600),
        ("2y35d", 765 * 86400),
        ("5h17m", 5 * 3600 + 17 * 60),
        ("1.5s", 1.5),
        (" 7d ", 7 * 86400),
    ],
)
def test_ages(text: str, seconds: float) -> None:
    assert age_seconds(text) == seconds


@pytest.mark.parametrize("text", ["<unknown>", "<invalid>", "", "5", "five", "5x", "5m ago", "v1.29"])
def test_no_age(text: str) -> None:
    assert age_seconds(text) is None


def test_event_age_with_repetition() -> None:
    assert event_age("21m (x2 over 27m)") == EventAge(1260, 1620, 2)
    assert event_age("112s (x201 over 73m)") == EventAge(112, 4380, 201)


def test_event_seen_once_has_one_age() -> None:
    assert event_age("3d4h") == EventAge(273600, 273600, 1)


def test_event_age_that_kubectl_does_not_know() -> None:
    assert event_age("<unknown>") == EventAge(None, None, 1)
    assert event_age("<invalid> (x2 over 5m)") == EventAge(None, 300, 2)


@pytest.mark.parametrize("text", ["", "Age", "5m (x over 3m)", "5m (x2 over )", "kubelet"])
def test_no_event_age(text: str) -> None:
    assert event_age(text) is None


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Thu, 07 Oct 2021 00:34:33 -0500", datetime(2021, 10, 7, 5, 34, 33, tzinfo=UTC)),
        ("Thu, 07 Oct 2021 00:34:33 +0530", datetime(2021, 10, 6, 19, 4, 33, tzinfo=UTC)),
        ("2026-02-12T06:20:11Z", datetime(2026, 2, 12, 6, 20, 11, tzinfo=UTC)),
        ("2026-02-12T06:20:11.402120123+02:00", datetime(2026, 2, 12, 4, 20, 11, 402120, tzinfo=UTC)),
        ("2026-02-12 06:20:11 +0000 UTC", datetime(2026, 2, 12, 6, 20, 11, tzinfo=UTC)),
        ("2026-02-12 06:20:11 -0600 CST", datetime(2026, 2, 12, 12, 20, 11, tzinfo=UTC)),
    ],
)
def test_times(text: str, moment: datetime) -> None:
    assert go_time(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<unset>",
        "Mon, 01 Jan 0001 00:00:00 +0000",
        "Thu, 07 Foo 2021 00:34:33 -0500",
        "Thu, 99 Oct 2021 00:34:33 -0500",
        "2026-13-12T06:20:11Z",
    ],
)
def test_no_time(text: str) -> None:
    assert go_time(text) is None


@given(st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)), st.integers(-12 * 60, 14 * 60))
def test_every_rfc1123_time_comes_back(naive: datetime, offset: int) -> None:
    moment = naive.replace(microsecond=0, tzinfo=UTC)
    sign, hours, minutes = "-" if offset < 0 else "+", abs(offset) // 60, abs(offset) % 60
    local = moment + timedelta(minutes=offset)
    assert go_time(local.strftime("%a, %d %b %Y %H:%M:%S ") + f"{sign}{hours:02}{minutes:02}") == moment


@given(st.text(max_size=60))
def test_any_text_is_read_without_an_error(text: str) -> None:
    for reader in (age_seconds, event_age, go_time):
        reader(text)
