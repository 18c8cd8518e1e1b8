from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from parsers.log_reader import RecordReader
from parsers.log_record import LogRecord

BEGIN = datetime(2026, 2, 12, 6, 20, 11, 402000, tzinfo=UTC)


def read(text: str, stamps: list[datetime | None] | None = None, near: datetime | None = None) -> list[LogRecord]:
    records: list[LogRecord] = []
    reader = RecordReader(records.append, near)
    for number, line in enumerate(text.split("\n"), 1):
        reader.feed(number, line, stamps[number - 1] if stamps else None)
    reader.close()
    return records


TABLE = """\
2026-02-12 06:20:11.402 [INFO][62] felix/health.go 336: Overall health status changed: live=true ready=false
+---------------+---------+
| int_dataplane | 1m30s   |
+---------------+---------+
2026-02-12 06:20:12.000 [INFO][62] felix/summary.go 100: Summarising"""


def test_a_table_belongs_to_its_message() -> None:
    first, second = read(TABLE)
    assert first.message.count("\n") == 3 and (first.line, first.last_line) == (1, 4)
    assert second.line == 5


def test_an_errors_second_line_belongs_to_it() -> None:
    records = read(
        "2026-02-12 06:20:11.402 [ERROR][62] felix/a.go 1: Failed error=exit status 4\n"
        "Another app is currently holding the xtables lock. ipVersion=0x4\n"
        "Calico node started successfully"
    )
    assert [record.message.count("\n") for record in records] == [1, 0]
    assert records[1].message == "Calico node started successfully"


def test_an_error_of_a_script_is_not_hidden_in_the_line_before() -> None:
    records = read("2026-02-12 06:20:11.402 [INFO][62] felix/a.go 1: All well\nsomething failed badly")
    assert [record.kind for record in records] == ["calico", "plain"]


def test_a_line_much_later_is_not_a_continuation() -> None:
    text = "2026-02-12 06:20:11.402 [ERROR][62] felix/a.go 1: Failed\nrandom words"
    assert len(read(text, [BEGIN, BEGIN])) == 1
    assert len(read(text, [BEGIN, BEGIN + timedelta(minutes=1)])) == 2


def test_lines_without_time_have_the_last_one_known() -> None:
    records = read("bird: Started\n2026-02-12 06:20:11.402 [INFO][62] felix/a.go 1: x\nbird: Graceful restart done")
    assert [(record.time, record.own_time) for record in records] == [(None, False), (BEGIN, True), (BEGIN, False)]


def test_the_dress_gives_lines_without_time_theirs() -> None:
    (record,) = read("bird: Started", [BEGIN])
    assert record.time == BEGIN and record.own_time


def test_klog_takes_its_year_from_its_neighbours() -> None:
    records = read(
        "2025-12-31 23:59:59.900 [INFO][62] felix/a.go 1: x\nE0101 00:00:01.000000      62 reflector.go:147] y"
    )
    assert records[1].time == datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC)
    (alone,) = read("E0101 00:00:01.000000      62 reflector.go:147] y")
    assert alone.time is None and not alone.own_time
    (hinted,) = read("E0101 00:00:01.000000      62 reflector.go:147] y", near=BEGIN)
    assert hinted.time == datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC)


def test_a_time_that_is_not_utc_gives_way_to_the_runtimes() -> None:
    text = "2026-02-12 07:20:11.402 [INFO][62] felix/a.go 1: x"
    (record,) = read(text, [BEGIN])
    assert record.time == BEGIN
    (close,) = read(text, [BEGIN + timedelta(hours=1, seconds=2)])
    assert close.time == BEGIN + timedelta(hours=1)


PANIC = """\
2026-02-12 06:20:11.402 [PANIC][2072] felix/table.go 1097: Failed to program iptables, giving up error=exit status 1
bird: Mesh_10_0_0_2: State changed to up
panic: (*logrus.Entry) 0xc000340620

goroutine 405 [running]:
github.com/sirupsen/logrus.(*Entry).log(0xc000848c40, 0x0, {0xc000de0040, 0x31})
\t/go/pkg/mod/github.com/sirupsen/logrus@v1.9.3/entry.go:260 +0x47e
2026-02-12 06:20:11.500 [INFO][63] confd/a.go 1: Another writer
created by github.com/projectcalico/calico/felix/dataplane/linux.(*InternalDataplane).Start in goroutine 1
\t/go/src/github.com/projectcalico/calico/felix/dataplane/linux/int_dataplane.go:1221 +0x4a5
2026-02-12 06:20:12.600 [INFO][2210] felix/daemon.go 148: Felix starting up"""


def test_a_wanted_panic_is_one_record_with_its_reason() -> None:
    records = read(PANIC)
    assert [record.kind for record in records] == ["calico", "bird", "trace", "calico", "calico"]
    trace = records[2]
    assert (trace.level, trace.component, trace.pid, trace.source) == ("PANIC", "felix", 2072, "table.go")
    assert trace.fields is not None
    assert trace.fields["reason"].startswith("Failed to program iptables, giving up")
    assert trace.fields["reason_line"] == "1"
    assert (trace.line, trace.last_line, trace.time) == (3, 7, BEGIN)


def test_a_crash_is_laid_at_the_door_of_the_process_in_its_frames() -> None:
    trace = read(
        "2026-02-12 06:20:11.402 [INFO][61] felix/a.go 1: x\n"
        "panic: runtime error: invalid memory address or nil pointer dereference\n"
        "[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x1653dc8]\n\n"
        "goroutine 68 [running]:\n"
        "github.com/vishvananda/netlink.(*Handle).LinkList(0x0)\n"
        "\t/go/pkg/mod/link_linux.go:2008 +0x28\n"
        "github.com/projectcalico/felix/dataplane/linux.(*vxlanManager).Keep(0x1)"
    )[1]
    assert (trace.component, trace.pid, trace.level) == ("felix", 61, "PANIC")
    assert trace.message.startswith("panic: runtime error") and "[signal SIGSEGV" in trace.match_text
    assert "vxlanManager" in trace.message and "vxlanManager" not in trace.match_text


def test_the_dump_under_a_fatal_klog_line_is_part_of_it() -> None:
    records = read(
        "F0212 06:20:13.012345      63 main.go:147] cannot go on\n"
        "goroutine 1 [running]:\nk8s.io/klog/v2.stacks(0x1)\n\t/go/x.go:1 +0x1",
        near=BEGIN,
    )
    assert len(records) == 1 and records[0].level == "FATAL"


def test_a_trace_without_head_is_one_record_too() -> None:
    records: list[LogRecord] = []
    reader = RecordReader(records.append)
    for number, line in enumerate(["\t/go/src/x.go:12 +0x1", "main.main()", "\t/go/src/y.go:1 +0x2"], 1):
        reader.feed(number, line, None)
    reader.close()
    assert [record.kind for record in records] == ["trace"] and reader.headless_traces == 1


def test_a_mixed_line_of_bird_is_several_records() -> None:
    assert [record.message for record in read("bird: direct1: Connected to table masterMesh_10_0_0_2: Starting")] == [
        "direct1: Connected to table master",
        "Mesh_10_0_0_2: Starting",
    ]


LINES = st.sampled_from(
    [
        "",
        "2026-02-12 06:20:11.402 [ERROR][62] felix/a.go 1: x",
        "E0101 00:00:01.000000      62 reflector.go:147] y",
        "bird: Started",
        "panic: x",
        "goroutine 1 [running]:",
        "main.main()",
        "\t/go/x.go:1 +0x1",
        "| a |",
        "plain words",
        '{"level":"info","msg":"x"}',
    ]
) | st.text(max_size=40)


@given(st.lists(LINES, max_size=40))
def test_records_are_in_order_and_do_not_overlap(lines: list[str]) -> None:
    text = "\n".join(line.replace("\n", " ") for line in lines)
    last = 0
    for record in read(text):
        assert last <= record.line <= record.last_line
        last = record.line
