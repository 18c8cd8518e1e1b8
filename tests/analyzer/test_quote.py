"""The very lines, with their neighbours."""

from __future__ import annotations

from analyzer.quote import around, quote, telling_line

TEXTS = [("a.log", "\n".join(f"line {n}" for n in range(1, 21))), ("b.log", "only")]


def test_lines_and_context() -> None:
    found = quote(TEXTS, {"a.log": [10], "b.log": [1], "c.log": [3]}, context=2)
    assert found["a.log"] == {8: "line 8", 9: "line 9", 10: "line 10", 11: "line 11", 12: "line 12"}
    assert found["b.log"] == {1: "only"} and "c.log" not in found
    assert around(found["a.log"], 10, 1) == ((9, "line 9"), (10, "line 10"), (11, "line 11"))


def test_lines_outside_the_file_are_not_invented() -> None:
    assert quote(TEXTS, {"b.log": [0, 7]}, context=1) == {"b.log": {1: "only"}}


def test_the_reason_of_a_probe_stands_on_the_next_line() -> None:
    lines = {
        5: "Warning  Unhealthy  kubelet  Readiness probe failed: ... BGP peering established = 0",
        6: "calico/node is not ready: BIRD is not ready: BGP not established with 192.0.2.1",
    }
    assert telling_line(lines, 5) == 6
    assert telling_line({5: "Readiness probe failed: calico/node is not ready: x", 6: "b is not c"}, 5) == 5
    assert telling_line({5: "something else", 6: "is not ready"}, 5) == 5


def test_the_message_of_a_state_and_the_first_own_frame_of_a_panic_tell_more() -> None:
    described = {
        5: "      Reason:      Error",
        6: "      Message:     Failed to apply 'HostEndpoint'",
        7: "      Exit Code:   1",
    }
    assert telling_line(described, 5) == 6
    assert telling_line({5: "      Reason:      Error", 6: "      Exit Code:   1"}, 5) == 5
    trace = {
        1: "panic: runtime error: invalid memory address",
        3: "goroutine 1 [running]:",
        4: "runtime.goexit(0x1)",
        5: "github.com/projectcalico/calico/felix/calc.(*X).Y(0xc00)",
    }
    assert telling_line(trace, 1) == 5
    assert telling_line({1: trace[1]}, 1) == 1
