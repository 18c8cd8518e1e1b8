from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.go_trace import begins_trace, inside_trace, orphan_trace, process_of

INSIDE = [
    "",
    "[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x1653dc8]",
    "goroutine 68 [running]:",
    "goroutine 1 gp=0xc000006380 m=0 mp=0x1 [select, 5 minutes]:",
    "github.com/vishvananda/netlink.(*Handle).newNetlinkRequest(...)",
    "github.com/sirupsen/logrus.(*Entry).log(0xc000848c40, 0x0, {0xc000de0040, 0x31})",
    "\t/go/pkg/mod/github.com/sirupsen/logrus@v1.9.3/entry.go:260 +0x47e",
    "created by github.com/projectcalico/calico/felix/daemon.Run in goroutine 1",
    "...additional frames elided...",
    "rax    0x0",
    "exit status 2",
]


@pytest.mark.parametrize("text", INSIDE)
def test_lines_of_a_trace(text: str) -> None:
    assert inside_trace(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-12 06:20:11.402 [INFO][7] felix/a.go 1: f(x)",
        "bird: Started",
        "Calico node started successfully",
        "E0212 06:20:13.012345 63 reflector.go:147] x",
        "Failed to apply 'HostEndpoint' resource: [x (y)]",
    ],
)
def test_lines_that_end_a_trace(text: str) -> None:
    assert not inside_trace(text)


@pytest.mark.parametrize(
    "text", ["panic: oops", "fatal error: concurrent map writes", "goroutine 405 [running]:", "runtime: out of memory"]
)
def test_beginnings(text: str) -> None:
    assert begins_trace(text)


def test_talking_of_goroutines_begins_nothing() -> None:
    assert not begins_trace("goroutine leak found")


def test_the_process_is_that_of_the_first_frame_of_its_package() -> None:
    assert process_of("github.com/projectcalico/calico/felix/dataplane/linux.(*X).Start(...)") == "felix"
    assert process_of("github.com/projectcalico/felix/ipsets.(*IPSets).ApplyUpdates(0x1)") == "felix"
    assert process_of("\t/go/pkg/mod/github.com/projectcalico/felix@v0.0.0-2021/dataplane/x.go:1") == "felix"
    assert process_of("github.com/sirupsen/logrus.(*Entry).log(0x1)") == ""


def test_a_trace_without_its_head_is_known_by_its_frames() -> None:
    assert orphan_trace("\t/go/src/x.go:12 +0x1")
    assert not orphan_trace("\tindented text")


@given(st.text(max_size=300))
def test_nothing_makes_it_raise(text: str) -> None:
    begins_trace(text), inside_trace(text), orphan_trace(text), process_of(text)
    assert not (begins_trace(text) and text[0] == "\t")
