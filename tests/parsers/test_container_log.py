from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.container_log import container_of, looks_like_log, parse_container_log, split_sections
from parsers.rows import LogLineRow
from parsers.source import Parsed, Source

BEGIN = datetime(2026, 2, 12, 6, 20, 0, tzinfo=UTC)
SHARED = Path(__file__).resolve().parents[3] / "shared"

LOG = """\
2026-02-12 06:20:00.000 [INFO][9] startup/startup.go 445: Early log level set to info
2026-02-12 06:20:00.100 [INFO][9] startup/startup.go 95: Starting node worker-1 with version v3.29.3
W0212 06:20:00.200000       9 client_config.go:618] Neither --kubeconfig nor --master was specified.
2026-02-12 06:20:00.300 [INFO][9] startup/autodetection_methods.go 103: Using autodetected IPv4 address on interface eth0: 10.0.0.1/26
Calico node started successfully
bird: Unable to open configuration file /etc/calico/confd/config/bird.cfg: No such file or directory
2026-02-12 06:20:02.000 [INFO][61] felix/daemon.go 148: Felix starting up GOMAXPROCS=4 version="v3.29.3"
2026-02-12 06:20:03.000 [WARNING][61] felix/table.go 1082: Failed to program iptables, will retry error=exit status 1 ipVersion=0x4 table="nat"
bird: Mesh_10_0_0_2: State changed to start
bird: Mesh_10_0_0_2: State changed to up
2026-02-12 06:21:03.000 [WARNING][61] felix/table.go 1082: Failed to program iptables, will retry error=exit status 1 ipVersion=0x4 table="nat"
2026-02-12 06:21:04.000 [PANIC][61] felix/table.go 1097: Failed to program iptables, giving up after retries error=exit status 1
panic: (*logrus.Entry) 0xc000340620

goroutine 405 [running]:
github.com/sirupsen/logrus.(*Entry).log(0xc000848c40, 0x0, {0xc000de0040, 0x31})
\t/go/pkg/mod/github.com/sirupsen/logrus@v1.9.3/entry.go:260 +0x47e
2026-02-12 06:21:06.000 [INFO][131] felix/daemon.go 148: Felix starting up GOMAXPROCS=4 version="v3.29.3"
2026-02-12 06:21:07.000 [INFO][131] felix/health.go 336: Overall health status changed: live=true ready=true
+---------------+---------+
| int_dataplane | 1m30s   |
+---------------+---------+
bird: Mesh_10_0_0_2: Error: Hold timer expired
ERROR: Error accessing the Calico datastore: connection refused
2026-02-12 06:31:07.000 [INFO][131] felix/summary.go 100: Summarising 8 dataplane reconciliation loops over 1m2.3s: avg=5ms
"""


def catalogue(text: str) -> tuple[str, ...]:
    known = {"Overall health status changed": "health", "Failed to program iptables": "iptables", "Hold timer": "hold"}
    return tuple(name for words, name in known.items() if words in text)


def nothing(text: str) -> tuple[str, ...]:
    return ()


def parse(text: str, match: Callable[[str], tuple[str, ...]] = nothing, **source: object) -> Parsed:
    return parse_container_log(text, Source("a.log", **source), match)  # type: ignore[arg-type]


def rows_by_message(parsed: Parsed) -> dict[str, LogLineRow]:
    return {row.message.split(" error=")[0].partition("\n")[0][:40]: row for row in parsed.log_lines}


def test_wanted_lines_are_rows_and_others_are_not() -> None:
    parsed = parse(LOG, catalogue)
    assert [(row.line, row.level, row.count) for row in parsed.log_lines] == [
        (3, "WARNING", 1),
        (6, "", 1),
        (8, "WARNING", 2),
        (12, "PANIC", 1),
        (13, "PANIC", 1),
        (19, "INFO", 1),
        (23, "", 1),
        (24, "ERROR", 1),
    ]


def test_repeats_are_one_row_with_first_and_last() -> None:
    row = parse(LOG).log_lines[2]
    assert (row.count, row.line, row.last_line) == (2, 8, 11)
    assert (row.time, row.last_time) == (BEGIN + timedelta(seconds=3), BEGIN + timedelta(seconds=63))
    assert row.fields["error"] == "exit status 1" and row.fields["table"] == "nat"
    assert (row.component, row.pid, row.source) == ("felix", 61, "table.go")
    assert row.raw.startswith("2026-02-12 06:20:03.000 [WARNING][61]")


def test_the_catalogue_names_rows_and_sees_continuations() -> None:
    rows = parse(LOG, catalogue).log_lines
    assert rows[2].message_id == "iptables" and rows[2].message_ids == ("iptables",)
    assert rows[5].message_id == "health" and "int_dataplane" in rows[5].message


def test_the_catalogue_is_asked_once_for_a_text() -> None:
    asked: list[str] = []

    def match(text: str) -> tuple[str, ...]:
        asked.append(text)
        return ()

    parse(LOG, match)
    assert len(asked) == len(set(asked))


def test_how_long_after_the_start_and_before_the_end() -> None:
    rows = parse(LOG).log_lines
    warning = rows[2]
    assert warning.fields["since_start_s"] == "1.000"  # of felix
    assert warning.fields["last_since_start_s"] == "61.000"
    assert warning.fields["until_end_s"] == "604.000"
    assert warning.fields["until_process_end_s"] == "1.000"
    assert rows[0].fields["since_start_s"] == "0.200"  # of the container


def test_lines_without_time_lie_between_their_neighbours() -> None:
    parsed = parse(LOG)
    hold = next(row for row in parsed.log_lines if "Hold timer" in row.message)
    assert (hold.time, hold.last_time) == (BEGIN + timedelta(seconds=67), BEGIN + timedelta(seconds=667))
    assert hold.fields["until_end_s"] == "0.000"
    assert (parsed.bgp[0].time, parsed.bgp[0].not_after) == (
        BEGIN + timedelta(seconds=3),
        BEGIN + timedelta(seconds=63),
    )


def test_bgp_rows() -> None:
    assert [(row.line, row.protocol, row.peer, row.state) for row in parse(LOG).bgp] == [
        (9, "Mesh_10_0_0_2", "10.0.0.2", "start"),
        (10, "Mesh_10_0_0_2", "10.0.0.2", "up"),
        (23, "Mesh_10_0_0_2", "10.0.0.2", ""),
    ]


def test_facts() -> None:
    facts = parse(LOG).facts
    assert facts["first_time"] == "2026-02-12T06:20:00+00:00" and facts["last_time"] == "2026-02-12T06:31:07+00:00"
    assert (facts["node"], facts["calico_version"], facts["container"]) == ("worker-1", "v3.29.3", "calico-node")
    assert (facts["autodetected_interface"], facts["autodetected_ip"]) == ("eth0", "10.0.0.1/26")
    assert (facts["process_starts.felix"], facts["process_starts.startup"], facts["process_starts"]) == ("2", "1", "3")
    assert (facts["level.WARNING"], facts["level.PANIC"], facts["level.ERROR"]) == ("3", "2", "1")
    assert "ended_cleanly" not in facts


def test_the_node_found_in_the_log_is_on_all_rows() -> None:
    parsed = parse(LOG)
    assert {row.node for row in parsed.log_lines} == {row.node for row in parsed.bgp} == {"worker-1"}
    assert {row.node for row in parse(LOG, node="other").log_lines} == {"other"}


def test_what_the_source_says_is_on_all_rows() -> None:
    row = parse(LOG, first_line=101, namespace="ns", pod="p", container="c", previous=True).log_lines[0]
    assert (row.file, row.line, row.namespace, row.pod, row.container, row.previous) == (
        "a.log",
        103,
        "ns",
        "p",
        "c",
        True,
    )


def test_a_log_that_was_asked_to_stop_ended_cleanly() -> None:
    end = '2026-02-12 06:31:08.000 [WARNING][131] felix/daemon.go 777: Felix is shutting down reason="Received OS signal terminated"\n'
    assert parse(LOG + end).facts["ended_cleanly"] == "true"
    later = "2026-02-12 07:31:08.000 [INFO][131] felix/summary.go 100: Summarising\n"
    assert "ended_cleanly" not in parse(LOG + end + later).facts


def stamps(text: str) -> str:
    return "".join(f"{BEGIN:%Y-%m-%dT%H:%M:%S}.000000001Z {line}\n" for line in text.splitlines())


def cri(text: str) -> str:
    return "".join(f"{BEGIN:%Y-%m-%dT%H:%M:%S}.000000001Z stdout F {line}\n" for line in text.splitlines())


def docker(text: str) -> str:
    return "".join(
        json.dumps({"log": f"{line}\n", "stream": "stdout", "time": f"{BEGIN:%Y-%m-%dT%H:%M:%S}.1Z"}) + "\n"
        for line in text.splitlines()
    )


def prefix(text: str) -> str:
    return "".join(f"[pod/calico-node-7xk2m/calico-node] {line}\n" for line in text.splitlines())


def stern(text: str) -> str:
    return "".join(f"calico-node-7xk2m calico-node {line}\n" for line in text.splitlines())


def windows(text: str) -> str:
    return "\ufeff" + text.replace("\n", "\r\n")


def coloured(text: str) -> str:
    return "".join(f"\x1b[33m{line}\x1b[0m\n" for line in text.splitlines())


@pytest.mark.parametrize(
    "dress",
    [
        stamps,
        cri,
        docker,
        prefix,
        stern,
        windows,
        coloured,
        lambda text: prefix(stamps(text)),
        lambda text: docker(cri(text)),
    ],
)
def test_dress_changes_no_row_but_for_times_and_raw_text(dress: Callable[[str], str]) -> None:
    def essence(parsed: Parsed) -> list[tuple[object, ...]]:
        return [
            (row.line, row.level, row.component, row.pid, row.source, row.message, row.message_ids, row.count)
            for row in parsed.log_lines
        ] + [(row.line, row.protocol, row.state) for row in parsed.bgp]

    assert essence(parse(dress(LOG), catalogue)) == essence(parse(LOG, catalogue))


def test_a_prefix_names_pod_and_container() -> None:
    parsed = parse(prefix(LOG))
    assert {(row.pod, row.container) for row in parsed.log_lines} == {("calico-node-7xk2m", "calico-node")}
    assert (parsed.facts["pod"], parsed.facts["container"]) == ("calico-node-7xk2m", "calico-node")


def test_several_pods_in_one_file_do_not_mix() -> None:
    one = "[pod/calico-node-aaaaa/calico-node] "
    two = "[pod/calico-node-bbbbb/calico-node] "
    line = "2026-02-12 06:20:0{}.000 [{}][61] felix/a.go 1: {}"
    text = "\n".join(
        [
            one + line.format(0, "INFO", "Determined node name: worker-1"),
            two + line.format(0, "INFO", "Determined node name: worker-2"),
            one + line.format(1, "ERROR", "Failed"),
            two + "bird: Mesh_10_0_0_2: Error: Hold timer expired",
            one + "  more of it",
        ]
    )
    rows = {row.pod: row for row in parse(text).log_lines}
    assert rows["calico-node-aaaaa"].message == "Failed\n  more of it" and rows["calico-node-aaaaa"].node == "worker-1"
    assert rows["calico-node-bbbbb"].node == "worker-2" and rows["calico-node-bbbbb"].time == BEGIN


def test_operator_and_klog_only_logs() -> None:
    operator = parse(
        '{"level":"error","ts":"2026-02-12T06:20:11Z","logger":"controller_installation","msg":"Error querying installation","error":"x"}\n'
        '{"level":"info","ts":"2026-02-12T06:20:12Z","msg":"fine"}\n'
    )
    (row,) = operator.log_lines
    assert (row.component, row.container, row.source) == ("operator", "tigera-operator", "controller_installation")
    proxy = parse(
        'E0212 06:20:13.012345       1 proxier.go:1564] "Failed to execute iptables-restore" err=<\n'
        "\texit status 4: Another app is currently holding the xtables lock.\n >\n",
        collected=BEGIN,
    )
    (row,) = proxy.log_lines
    assert row.container == row.component == "kube-proxy" and row.time == datetime(2026, 2, 12, 6, 20, 13, 12345, UTC)
    assert row.fields["error"] == "exit status 4: Another app is currently holding the xtables lock."


def test_a_message_cannot_flood_the_table() -> None:
    line = "2026-02-12 06:20:00.000 [ERROR][61] felix/a.go 1: Failed for 10.{}.{}.1 error=x\n"
    text = "".join(line.format(number // 250, number % 250) for number in range(1000))
    parsed = parse(text)
    assert len(parsed.log_lines) == 200
    assert (parsed.log_lines[0].line, parsed.log_lines[-1].line) == (1, 1000)
    assert any("800 more distinct lines" in problem for problem in parsed.problems)


def test_a_flapping_peer_cannot_flood_the_table_and_no_last_state_is_lost() -> None:
    text = "bird: Mesh_10_0_0_9: State changed to down\n" * 251 + "".join(
        f"bird: Mesh_10_0_0_2: State changed to {('up', 'start')[number % 2]}\n" for number in range(2000)
    )
    parsed = parse("bird: Mesh_10_0_0_8: State changed to up\n" + text)
    assert len(parsed.bgp) <= 503 and parsed.bgp[-1].line == 2252
    last = {row.peer: row for row in parsed.bgp}
    assert (last["10.0.0.9"].line, last["10.0.0.9"].state) == (252, "down")
    assert any("more BGP state changes" in problem for problem in parsed.problems)


def test_damage_is_told() -> None:
    text = "\0\0\n" + "x" * 100_000 + "\n... dropped 37 logs ...\n... dropped 5 logs ...\n\t/go/src/x.go:12 +0x1\n"
    problems = " ".join(parse(text).problems)
    assert "NUL" in problems and "1 lines were longer" in problems and "42 lines are missing" in problems
    assert "stack trace" in problems


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "\0" * 100,
        "{" * 70_000,
        "x" * 1_000_000,
        "bird: " * 20_000,
        "[pod/" * 20_000,
        '"' * 70_000,
        "=" * 70_000,
    ],
)
def test_garbage_gives_no_rows_and_takes_no_time(text: str) -> None:
    begin = time.monotonic()
    parsed = parse(text)
    assert parsed.log_lines == [] and parsed.bgp == []
    assert time.monotonic() - begin < 2.0


@pytest.mark.parametrize(
    "piece",
    [
        ' error="',
        " a=",
        "Mesh_",
        "Mesh_1: ",
        "goroutine ",
        "2026-02-12 ",
        "1m",
        "aaaaaaaaaa",
        "10.0.0.1:",
        "::",
        "\\",
        "failed (",
        "2026-02-12 06:20:00.000 [ERROR][61] felix/a.go 1: x",
    ],
)
def test_hostile_lines_take_time_in_proportion_to_their_length(piece: str) -> None:
    line = "2026-02-12 06:20:00.000 [ERROR][61] felix/a.go 1: " + piece * (60_000 // len(piece))
    begin = time.monotonic()
    parse("\n".join([line, "bird: " + line, line[50:], f'time="x" level=error msg="{line}']))
    assert time.monotonic() - begin < 3.0


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=400), st.integers(1, 50))
def test_nothing_makes_it_raise(text: str, first_line: int) -> None:
    parsed = parse(text, first_line=first_line)
    for row in parsed.log_lines:
        assert first_line <= row.line <= (row.last_line or 0) < first_line + text.count("\n") + text.count("\r") + 1


LINES = st.lists(st.sampled_from([*LOG.splitlines(), "garbage", "", "failed"]), max_size=40)


@settings(max_examples=150, deadline=None)
@given(LINES)
def test_every_bad_line_is_counted_in_whatever_order(lines: list[str]) -> None:
    parsed = parse("\n".join(lines))
    bad = sum("[WARNING]" in line or "[PANIC]" in line or line.startswith("W0212") for line in lines)
    counted = sum(
        row.count for row in parsed.log_lines if row.level in ("WARNING", "PANIC") and "logrus" not in row.raw
    )
    assert counted >= bad - sum(line.startswith("goroutine") for line in lines)
    for row in parsed.log_lines:
        assert row.time is None or row.last_time is None or row.count >= 1
        assert float(row.fields.get("until_end_s", "0")) >= 0


def test_the_front_door_offers_recognition_and_sections() -> None:
    assert container_of(LOG) == "calico-node" and looks_like_log(LOG) > 0.8 and split_sections(LOG) == []


def test_thirty_megabytes_are_read_in_seconds() -> None:
    """Two megabytes here, so that the test is quick; the bound is per line."""
    text = "".join(
        f"2026-02-12 06:20:{number % 60:02d}.000 [INFO][61] felix/summary.go 100: Summarising {number} dataplane "
        f"reconciliation loops over 1m2.3s: avg={number}ms longest=15ms (resync-filter-v4,resync-mangle-v4)\n"
        for number in range(12_000)
    )
    begin = time.process_time()
    parse(text)
    assert time.process_time() - begin < 2.0


@pytest.mark.shared
def test_every_real_bird_log_gives_its_states() -> None:
    folder = SHARED / "reference" / "bird"
    if not folder.is_dir():
        pytest.skip("the real BIRD logs are not beside the checkout")
    for path in sorted([*folder.rglob("node*.log"), *folder.rglob("node*.current")]):
        text = path.read_text(errors="replace")
        parsed = parse(text)
        peers = sum("State changed to" in line and "Mesh_" in line for line in text.splitlines())
        assert sum(bool(row.state and row.protocol) for row in parsed.bgp) == peers, path
        assert all(row.peer for row in parsed.bgp), path
        if path.suffix == ".current":
            assert all(row.time is not None for row in parsed.bgp), path
        errors = {line.split("bird: ")[1] for line in text.splitlines() if ": Error: " in line or "Received: " in line}
        assert errors <= {row.message for row in parsed.log_lines}, path


@pytest.mark.shared
def test_every_levelled_problem_of_the_incidents_is_a_row() -> None:
    folder = SHARED / "incidents"
    if not folder.is_dir():
        pytest.skip("the labelled incidents are not beside the checkout")
    logs = [path for path in folder.glob("*/bundle/**/*") if path.is_file() and path.suffix == ".log"]
    assert len(logs) > 50
    for path in logs:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
        parsed = parse(text)
        for level in ("PANIC", "FATAL", "ERROR", "WARNING"):
            counted = sum(row.count for row in parsed.log_lines if f"[{level}][" in row.raw)
            assert counted == text.count(f"[{level}]["), (path.name, level)


def test_of_what_a_log_is_read_with_nothing_stays() -> None:
    """Cycles would keep the text of each log until Python looks for them, which it hardly ever does here."""
    gc.collect()
    gc.disable()
    try:
        found = parse_container_log(LOG, Source("a.log"), lambda text: ("known",))
        names = {type(item).__name__ for item in gc.get_objects()}
    finally:
        gc.enable()
    assert found.log_lines
    assert not names & {"_LogParser", "_Stream", "RecordReader"}
