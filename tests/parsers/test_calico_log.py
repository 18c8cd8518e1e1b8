from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.calico_log import CALICO_HEAD, identity_of_calico, read_calico, read_logrus, time_of_calico

TIME = datetime(2026, 2, 12, 6, 20, 11, 402000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("prefix", "component", "source", "level"),
    [
        ("[WARNING][62] felix/table.go 1082:", "felix", "table.go", "WARNING"),
        ("[INFO][8] startup.go 259:", "", "startup.go", "INFO"),  # before v3.14
        ("[FATAL][1] cni-installer/<nil> <nil>:", "cni-installer", "", "FATAL"),  # v3.23 to v3.27
        ("[PANIC][7] typha/sync_server.go 380:", "typha", "sync_server.go", "PANIC"),
        ("[ERROR][70] node-services/status.go 12:", "node-services", "status.go", "ERROR"),  # v3.32
    ],
)
def test_every_release_has_the_same_parts(prefix: str, component: str, source: str, level: str) -> None:
    line = read_calico(f"2026-02-12 06:20:11.402 {prefix} Something  key=1")
    assert line is not None
    assert (line.time, line.own_time, line.level) == (TIME, True, level)
    assert (line.component, line.source, line.message) == (component, source, "Something  key=1")
    assert line.pid == int(prefix.split("][")[1].split("]")[0])


PARTS = (
    "2026-02-12 06:20:11.402",
    " ",
    "[INFO]",
    "[NOTICE]",
    "[62]",
    "felix/",
    "a.go",
    "<nil>",
    "7",
    ":",
    "x=1 y: 2",
)


@given(st.lists(st.sampled_from(PARTS), max_size=14), st.integers(0, 12))
def test_the_head_is_that_of_the_lines_that_are_read(parts: list[str], changes: int) -> None:
    usual = [*PARTS[:3], PARTS[4], " ", *PARTS[5:7], " ", PARTS[8], ":", " "]
    text = "".join([*usual[:changes], *parts])
    assert (re.match(CALICO_HEAD, text) is None) == (read_calico(text) is None)


def test_an_empty_message_leaves_its_fields() -> None:
    line = read_calico("2026-02-12 06:20:11.402 [INFO][7] typha/sync_client.go 91:  requiringTLS=true")
    assert line is not None and line.message == "requiringTLS=true"


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-12 06:20:11 [INFO][7] a.go 1: x",
        "2026-02-12 06:20:11.402 [INFO] a.go 1: x",
        "2026-02-12 06:20:11.402 [NOTICE][1] a.go 1: x",
        "Readiness probe failed: 2026-02-12 06:20:11.402 [INFO][7] confd/health.go 180: x",
        "bird: Started",
        "",
    ],
)
def test_other_lines_are_not_taken(text: str) -> None:
    assert read_calico(text) is None


def test_an_impossible_time_does_not_lose_the_line() -> None:
    line = read_calico("2026-02-31 06:20:11.402 [ERROR][7] felix/a.go 1: x")
    assert line is not None and line.time is None and not line.own_time and line.level == "ERROR"


@given(st.text(max_size=200))
def test_any_message_survives(message: str) -> None:
    line = read_calico(f"2026-02-12 06:20:11.402 [INFO][7] felix/a.go 1: {message}")
    assert line is not None and line.message == message.strip()


def test_logrus_text_is_put_into_calico_form() -> None:
    line = read_logrus(
        'time="2026-02-12T07:20:11+01:00" level=error msg="Failed to install \\"x\\"" error="open x: text file busy" '
        'source="install.go:212"'
    )
    assert line is not None
    assert line.time == TIME.replace(microsecond=0)
    assert (line.level, line.source) == ("ERROR", "install.go")
    assert line.message == 'Failed to install "x" error=open x: text file busy'
    assert line.fields == {"error": "open x: text file busy"}


def test_logrus_on_a_terminal_and_without_quotes() -> None:
    bare = read_logrus('time="2026-02-12T06:20:11Z" level=warning msg=Terminating')
    assert bare is not None and (bare.level, bare.message) == ("WARNING", "Terminating")
    terminal = read_logrus("WARN[0003] Terminating")
    assert terminal is not None and (terminal.level, terminal.message, terminal.time) == (
        "WARNING",
        "Terminating",
        None,
    )
    assert read_logrus("time flies") is None


@given(
    st.sampled_from(["2026-02-12 06:20:01.123", "2026-99-12 06:20:01.123", "2026-02-12T06:20:01"]),
    st.sampled_from(["[INFO][60] felix/x.go 7: ", "[ERROR][9] x.go <nil>: ", "[PANIC][1] <nil> <nil>: ", "[INFO] x: "]),
    st.text(max_size=30),
)
def test_parts_are_those_of_the_whole(stamp: str, head: str, message: str) -> None:
    text = f"{stamp} {head}{message}"
    whole = read_calico(text)
    assert time_of_calico(text) == (whole and whole.time)
    parts = (whole.component, whole.pid, whole.level, whole.source, whole.message) if whole else None
    assert identity_of_calico(text) == parts
