from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from parsers.log_record import LogRecord
from parsers.process_starts import ProcessStarts

BEGIN = datetime(2026, 2, 12, 6, 20, tzinfo=UTC)


def record(second: float, component: str, pid: int | None, message: str = "x", kind: str = "calico") -> LogRecord:
    time = BEGIN + timedelta(seconds=second)
    return LogRecord(kind, message, time=time, own_time=True, level="INFO", component=component, pid=pid)


def after(*records: LogRecord, container: str = "calico-node") -> tuple[ProcessStarts, float | None]:
    starts = ProcessStarts(container)
    for item in records:
        starts.see(item)
    return starts, starts.since(records[-1])


START = record(0, "startup", 9, "Early log level set to info")


def test_lines_after_the_start_of_the_container_are_measured_from_it() -> None:
    starts, since = after(START, record(5, "startup", 9))
    assert since == 5.0 and starts.counts == {"startup": 1}


def test_a_process_that_comes_later_is_measured_from_its_own_first_line() -> None:
    starts, since = after(START, record(5, "felix", 61), record(7, "felix", 61))
    assert since == 2.0 and starts.counts == {"startup": 1, "felix": 1}


def test_a_log_that_begins_in_the_middle_has_no_start() -> None:
    starts, since = after(record(0, "felix", 61), record(7, "felix", 61))
    assert since is None and not starts.counts


def test_a_new_pid_is_a_restart_even_in_the_middle() -> None:
    starts, since = after(record(0, "felix", 61), record(7, "felix", 131), record(8, "felix", 131))
    assert since == 1.0 and starts.counts == {"felix": 1}


def test_late_lines_of_the_old_process_are_no_start() -> None:
    starts, _ = after(record(0, "felix", 61), record(7, "felix", 131), record(8, "felix", 61), record(9, "felix", 131))
    assert starts.counts == {"felix": 1}


def test_start_words_and_first_line_count_once() -> None:
    words = "Felix starting up GOMAXPROCS=4"
    starts, _ = after(START, record(3, "felix", 61, "Early screen log level"), record(4, "felix", 61, words))
    assert starts.counts["felix"] == 1


def test_the_same_pid_with_start_words_again_is_another_start() -> None:
    words = "Typha starting up"
    starts, since = after(record(0, "typha", 7, words), record(90, "typha", 7, words), record(91, "typha", 7))
    assert starts.counts == {"typha": 2} and since == 1.0


def test_a_component_is_known_by_its_pid_where_the_release_prints_none() -> None:
    late = record(9, "", 61, "Something")
    starts, since = after(START, record(5, "", 61, "Felix starting up"), late)
    assert late.component == "felix" and since == 4.0
    assert starts.owner_of(61) == "felix" and starts.owner_of(None) == ""


def test_klog_lines_belong_to_the_process_of_their_pid() -> None:
    klog = record(6, "", 61, kind="klog")
    after(START, record(5, "felix", 61), klog)
    assert klog.component == "felix"


def test_a_container_of_one_process_names_its_lines() -> None:
    line = record(6, "", 1)
    after(line, container="calico-kube-controllers")
    assert line.component == "kube-controllers"


def test_calls_of_the_plugin_are_no_restarts() -> None:
    starts, _ = after(*(record(second, "cni-plugin", 100 + second) for second in range(5)))
    assert not starts.counts


def test_bird_starts_with_its_device_protocol() -> None:
    first = LogRecord("bird", "device1: Initializing", time=BEGIN + timedelta(seconds=8), component="bird")
    line = LogRecord("bird", "Started", time=BEGIN + timedelta(seconds=9), component="bird")
    assert after(START, first, line)[1] == 1.0


RECORDS = st.builds(
    record,
    st.floats(0, 1000),
    st.sampled_from(["", "felix", "confd", "startup", "typha"]),
    st.none() | st.integers(1, 5),
    st.sampled_from(["x", "Felix starting up", "Early log level set to info", "Typha starting up"]),
    st.sampled_from(["calico", "klog", "bird", "plain"]),
)


@given(st.lists(RECORDS, max_size=30))
def test_no_row_is_before_its_start(records: list[LogRecord]) -> None:
    starts = ProcessStarts("calico-node")
    for item in records:
        starts.see(item)
        since = starts.since(item)
        assert since is None or since >= 0
    assert sum(starts.counts.values()) <= len(records)
