import pytest

from analyzer.facts.observed import foreign_trace, of_host_program
from parsers.rows import LogLineRow

HEAD = "panic: runtime error: invalid memory address or nil pointer dereference\ngoroutine 1 [running]:\n"


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        ("main.main()\n\t/src/app/main.go:41 +0x1d", True),
        ("main.main()\n\t/go/src/github.com/projectcalico/calico/node/cmd/calico-node/main.go:41 +0x1d", False),
        ("net.(*conn).Read()\n\t/usr/local/go/src/net/net.go:183 +0x45", False),  # anybody's
        ("", False),
    ],
)
def test_a_trace_of_some_other_program(frames: str, expected: bool) -> None:
    assert foreign_trace(HEAD + frames) is expected


def test_lines_of_the_hosts_own_programs_are_told_from_calicos() -> None:
    host = LogLineRow("j.txt", 1, "", "w1", "", None, component="containerd", message="panic: x")
    assert of_host_program(host)
    assert not of_host_program(LogLineRow("j.txt", 1, "", "w1", "", None, component="felix", message="panic: x"))
    assert not of_host_program(LogLineRow("j.txt", 1, "calico-node-x", "w1", "", None, component="containerd"))
