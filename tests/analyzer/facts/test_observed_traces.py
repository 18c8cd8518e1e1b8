import pytest

from analyzer.facts.observed import foreign_trace

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
