from hypothesis import given
from hypothesis import strategies as st

from parsers.event_block import InvolvedObject, parse_events
from parsers.rows import EventRow

ABOUT = InvolvedObject("d.txt", "Pod", "calico-node-x", "calico-system", "10.0.0.1")
TWO = """\
  Type     Reason     Age                  From               Message
  ----     ------     ----                 ----               -------
  Normal   Scheduled  31m                  default-scheduler  Successfully assigned calico-system/x to 10.0.0.1
  Warning  Unhealthy  112s (x201 over 73m)  kubelet            Readiness probe failed:  two  blanks
"""


def events(text: str) -> list[EventRow]:
    return parse_events(text.split("\n"), 100, ABOUT)


def test_two_events() -> None:
    first, second = events(TWO)
    assert (first.type, first.reason, first.source, first.age_s, first.count) == (
        "Normal", "Scheduled", "default-scheduler", 1860, 1,
    )  # fmt: skip
    assert first.line == 102
    assert (second.age_s, second.first_age_s, second.count) == (112, 4380, 201)
    assert second.message == "Readiness probe failed:  two  blanks"
    assert (second.object_kind, second.object, second.namespace, second.node) == (
        "Pod", "calico-node-x", "calico-system", "10.0.0.1",
    )  # fmt: skip


def test_message_goes_on_at_column_0_with_blank_lines_and_look_alikes() -> None:
    text = """\
  Type     Reason     Age  From     Message
  ----     ------     ---- ----     -------
  Warning  Unhealthy  5m   kubelet  first line
Events:
  Type  Reason  Age

  with a blank line above; 5m  is no event
  Normal  Killing  2m  kubelet  Container x will be restarted"""
    first, second = events(text)
    assert first.message == ("first line\nEvents:\n  Type  Reason  Age\n\n  with a blank line above; 5m  is no event")
    assert (second.reason, second.line) == ("Killing", 107)


def test_event_without_a_source() -> None:
    text = """\
  Type    Reason   Age  From     Message
  ----    ------   ---- ----     -------
  Normal  Pulling  5m   kubelet  Pulling image
  Normal  Odd      3m            no source, two cells
  Normal  Multi    3m            one
two
  Normal  Alone  3m    no source in a block of its own"""
    found = events(text)
    assert [(event.source, event.message) for event in found] == [
        ("kubelet", "Pulling image"),
        ("", "no source, two cells"),
        ("", "one\ntwo"),
        ("", "no source in a block of its own"),
    ]


def test_old_source_with_its_host() -> None:
    found = events("  Warning  Unhealthy  <unknown>  kubelet, 10.0.0.1  Liveness probe failed: x")
    assert [(event.source, event.age_s, event.message) for event in found] == [
        ("kubelet, 10.0.0.1", None, "Liveness probe failed: x")
    ]


def test_container_in_front_of_the_message() -> None:
    found = events("  Normal  Pulled  5m  kubelet  spec.initContainers{install-cni}: Container image is present")
    assert [(event.container, event.message) for event in found] == [("install-cni", "Container image is present")]
    assert events("  Normal  Odd  5m  kubelet  spec.containers{a}:")[0].message == ""


def test_none() -> None:
    assert events("") == []
    assert events("  Type  Reason  Age  From  Message\n  ----  ------  ----  ----  -------") == []


def test_events_of_a_paste_without_indentation() -> None:
    text = "\n".join(line.strip() for line in TWO.split("\n"))
    assert [event.reason for event in events(text)] == ["Scheduled", "Unhealthy"]


@given(
    st.lists(st.sampled_from([*TWO.split("\n"), "", "x", "  a  b  5m", "\t", "  Warning  R  5m  k  m"]), max_size=30)
)
def test_every_event_names_its_own_line(lines: list[str]) -> None:
    found = parse_events(lines, 1, ABOUT)
    assert [event.line for event in found] == sorted({event.line for event in found})
    for event in found:
        assert lines[event.line - 1].split()[:2] == [event.type, event.reason]
