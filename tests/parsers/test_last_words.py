import json

from hypothesis import given
from hypothesis import strategies as st

from parsers.describe import parse_describe
from parsers.last_words import add_last_words
from parsers.rows import ContainerRow
from parsers.source import Parsed, Source

LINE = "2026-03-04 05:06:07.890 [FATAL][9] startup/startup.go 12: Unable to reach the datastore error=i/o timeout"
DESCRIBED = f"""\
Name:         calico-node-x7k2p
Namespace:    kube-system
Node:         node-a/192.0.2.11
Containers:
  calico-node:
    State:          Waiting
      Reason:       CrashLoopBackOff
    Last State:     Terminated
      Reason:       Error
      Message:      2026-03-04 05:06:06.000 [INFO][9] startup/startup.go 11: Checking datastore connection
{LINE}
      Exit Code:    1
      Started:      Wed, 04 Mar 2026 05:06:06 +0000
      Finished:     Wed, 04 Mar 2026 05:06:08 +0000
    Ready:          False
    Restart Count:  17
"""


def nothing(text: str) -> tuple[str, ...]:
    return ()


def test_the_tail_of_the_log_in_a_describe_is_read_like_a_log() -> None:
    source = Source("pod.txt", first_line=101)
    parsed = add_last_words(parse_describe(DESCRIBED, source), DESCRIBED, source, nothing)
    (row,) = parsed.log_lines
    assert (row.level, row.component, row.pod, row.container) == (
        "FATAL",
        "startup",
        "calico-node-x7k2p",
        "calico-node",
    )
    assert row.previous
    assert DESCRIBED.split("\n")[row.line - 101] == LINE


def test_escaped_words_are_quoted_at_their_line() -> None:
    text = "{\n" + json.dumps({"message": "first\n" + LINE}) + "\n}"
    row = ContainerRow("pod.json", 1, "kube-system", "p", "calico-node", last_state="Terminated", last_message=LINE, last_state_line=1)  # fmt: skip
    parsed = add_last_words(Parsed(containers=[row]), text, Source("pod.json"), nothing)
    assert [found.line for found in parsed.log_lines] == [2]


def test_what_the_kubelet_says_of_a_waiting_container_is_no_log() -> None:
    row = ContainerRow("pod.txt", 1, "kube-system", "p", "calico-node", state="Waiting", message=LINE)
    assert not add_last_words(Parsed(containers=[row]), LINE, Source("pod.txt"), nothing).log_lines


@given(st.text(max_size=300), st.text(max_size=200), st.integers(0, 500))
def test_no_words_make_it_fail(message: str, text: str, line: int) -> None:
    row = ContainerRow("p", line, "n", "p", "c", last_state="Terminated", last_message=message, last_state_line=line)
    for found in add_last_words(Parsed(containers=[row]), text, Source("p"), nothing).log_lines:
        assert found.line >= 1
