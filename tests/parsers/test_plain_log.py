from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.plain_log import continues, is_trouble, level_of, read_script, stands_alone


@pytest.mark.parametrize(
    ("text", "component", "level", "message"),
    [
        ("2026-11-22 02:11:05 calico-extension: done", "calico-extension", "", "done"),
        ("2026-11-22T02:11:05Z [ERROR] cannot do it", "", "ERROR", "cannot do it"),
        ("[2026-11-22 02:11:05] WARN: slow", "", "WARNING", "slow"),
        ("2026-11-22 02:11:05,120 ERROR: calico-extension: x", "calico-extension", "ERROR", "x"),
        ("2026-11-22 02:11:05 ERROR no colon", "", "ERROR", "no colon"),
    ],
)
def test_lines_of_scripts_with_a_time(text: str, component: str, level: str, message: str) -> None:
    line = read_script(text)
    assert line is not None and line.time is not None
    assert line.time.replace(microsecond=0) == datetime(2026, 11, 22, 2, 11, 5, tzinfo=UTC)
    assert (line.component, line.level, line.message) == (component, level, message)


@pytest.mark.parametrize("text", ["", "done", "2026-99-99 02:11:05 x", "at 2026-11-22 02:11:05 x"])
def test_lines_without_a_time_are_not_taken(text: str) -> None:
    assert read_script(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "ERROR: Error accessing the Calico datastore: x",
        "cp: can't create '/host/opt/cni/bin/calico.tmp': Read-only file system",
        "/install-cni.sh: line 107: KUBERNETES_SERVICE_HOST: parameter not set",
        "Failed to apply 'HostEndpoint' resource: [x]",
        "/var/lib/calico/nodename does not exist, exiting",
        "runsv felix: fatal: unable to start ./run: file does not exist",
        "Calico node failed to start",
        "exec /sbin/start_runit: exec format error",
    ],
)
def test_errors_of_scripts_are_trouble(text: str) -> None:
    assert is_trouble(text) and stands_alone(text)


@pytest.mark.parametrize(
    "text",
    [
        "Calico node started successfully",
        "Successfully applied 1 'HostEndpoint' resource(s)",
        "Wrote Calico CNI binaries to /host/opt/cni/bin",
        "Done configuring CNI.  Sleep=false",
        "finished with 0 errors",
        "libbpf: prog 'x': -- BEGIN PROG LOAD LOG --",
    ],
)
def test_routine_of_scripts_is_none(text: str) -> None:
    assert not is_trouble(text)


def test_levels_at_the_beginning() -> None:
    assert level_of("ERROR: x") == level_of("[ERROR] x") == "ERROR"
    assert level_of("WARN: x") == "WARNING"
    assert level_of("ERRORS: x") == level_of("an ERROR: x") == ""


@pytest.mark.parametrize(
    "text", ["| a | b |", "+---+", "\tindented", "  x", "- field", "}", "Client Version:   v3.27.5"]
)
def test_rests_of_records(text: str) -> None:
    assert continues(text) and not stands_alone(text)


@given(st.text(max_size=300))
def test_nothing_makes_it_raise(text: str) -> None:
    read_script(text), is_trouble(text), stands_alone(text), continues(text), level_of(text)
