"""``systemctl status``: each unit with its state, whatever stands around it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from parsers.systemd_units import unit_states

TEXT = """\
● containerd.service - containerd container runtime
     Loaded: loaded (/lib/systemd/system/containerd.service; enabled; vendor preset: enabled)
    Drop-In: /etc/systemd/system/containerd.service.d
             └─10-limits.conf
     Active: failed (Result: exit-code) since Mon 2026-03-16 04:11:52 UTC; 3h 2min ago
       Docs: https://containerd.io
   Main PID: 811 (code=exited, status=1/FAILURE)
Mar 16 04:11:52 w1 systemd[1]: kubelet.service: Failed with result 'exit-code'.
* kubelet.service - kubelet: The Kubernetes Node Agent
   Loaded: loaded (/etc/systemd/system/kubelet.service; enabled)
   Active: activating (auto-restart) (Result: exit-code) since Mon 2026-03-16 04:11:52 UTC; 3s ago
firewalld.service - firewalld - dynamic firewall daemon
   Active: active (running) since Mon
     Active: failed of nobody
"""


def test_units_with_their_states() -> None:
    assert [(line, unit, state.partition(" since")[0]) for line, unit, state in unit_states(TEXT.split("\n"), 11)] == [
        (15, "containerd.service", "failed (Result: exit-code)"),
        (21, "kubelet.service", "activating (auto-restart) (Result: exit-code)"),
        (23, "firewalld.service", "active (running)"),
    ]


@given(st.lists(st.one_of(st.sampled_from(TEXT.split("\n")), st.text(max_size=40)), max_size=30))
def test_each_state_is_a_line_and_has_a_unit_above_it(lines: list[str]) -> None:
    for line, unit, state in unit_states(lines, 1):
        assert state in lines[line - 1]
        assert any(unit in above for above in lines[: line - 1])


def test_is_active_names_the_units_in_its_command_only() -> None:
    lines = [
        "$ systemctl is-active flanneld chronyd.service; systemctl is-enabled flanneld",
        "active",
        "failed",
        "enabled",
    ]
    wanted = [(2, "flanneld.service", "active"), (3, "chronyd.service", "failed")]
    assert list(unit_states(lines, 1)) == wanted
    assert list(unit_states(lines[1:], 2, lines[0])) == wanted


def test_a_list_of_units_has_a_line_for_each() -> None:
    lines = ["● kubelet.service   loaded failed failed  kubelet: The Kubernetes Node Agent", "0 loaded units listed."]
    assert list(unit_states(lines, 1)) == [(1, "kubelet.service", "failed (failed)")]
