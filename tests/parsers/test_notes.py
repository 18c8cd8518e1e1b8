"""Text of no known form is searched for known messages."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from parsers.notes import MOST_LINES, parse_notes
from parsers.source import Source


def match(text: str) -> tuple[str, ...]:
    return ("boom",) if "boom" in text else ()


def test_lines_with_a_known_message_are_rows_and_equal_ones_are_counted() -> None:
    text = "Dear support,\n> it went boom at 3\nnothing else\n> it went boom at 3\nthanks"
    rows = parse_notes(text, Source("mail.txt", first_line=5, node="w1"), match).log_lines
    assert [(row.line, row.message, row.count, row.last_line, row.message_id, row.node) for row in rows] == [
        (6, "> it went boom at 3", 2, 8, "boom", "w1")
    ]
    assert rows[0].level == "" and rows[0].time is None


def test_an_endless_text_is_searched_up_to_a_limit_which_is_said() -> None:
    parsed = parse_notes("x\n" * MOST_LINES + "boom\n", Source("x"), match)
    assert parsed.log_lines == [] and str(MOST_LINES) in parsed.problems[0]


@given(st.text())
def test_any_text_is_taken(text: str) -> None:
    rows = parse_notes(text, Source("x"), match).log_lines
    assert sum(row.count for row in rows) == sum("boom" in line[:4000] for line in text.split("\n"))


def test_kernel_settings_are_settings() -> None:
    text = (
        "net.netfilter.nf_conntrack_count = 262144\nnet.ipv4.conf.eth0.rp_filter=2\nsome.other.key = 5\nvm.x = words\n"
    )
    rows = parse_notes(text, Source("s.txt", node="w1"), match).settings
    assert [(row.line, row.kind, row.name, row.key, row.value) for row in rows] == [
        (1, "Sysctl", "w1", "net.netfilter.nf_conntrack_count", "262144"),
        (2, "Sysctl", "w1", "net.ipv4.conf.eth0.rp_filter", "2"),
    ]


def test_kernel_settings_as_files() -> None:
    def settings_of(text: str, command: str = "") -> dict[str, str]:
        source = Source("n.txt", command=command)
        return {row.key: row.value for row in parse_notes(text, source, lambda _: ()).settings}

    count, limit = "net.netfilter.nf_conntrack_count", "net.netfilter.nf_conntrack_max"
    grepped = "/proc/sys/net/netfilter/nf_conntrack_count:262144\n/proc/sys/net/netfilter/nf_conntrack_max:262144\n"
    assert settings_of(grepped) == {count: "262144", limit: "262144"}
    cat = "cat /proc/sys/net/netfilter/nf_conntrack_count /proc/sys/net/netfilter/nf_conntrack_max"
    assert settings_of("262100\n262144\n99\n", cat) == {count: "262100", limit: "262144"}
    assert settings_of("262100\n262144\n") == {}
    pasted = "[root@w ~]# cat /proc/sys/net/netfilter/nf_conntrack_max\n262144\n99\n"
    assert settings_of(pasted) == {limit: "262144"}


def test_what_a_tool_answers_belongs_to_the_port_of_its_command() -> None:
    def told(message: str) -> tuple[str, ...]:
        return ("tried",) if " 179 " in message and "No route" in message else ()

    pasted = "[root@w ~]# nc -vz 192.0.2.9 179\nNcat: Version 7.70\nNcat: No route to host.\n"
    (row,) = parse_notes(pasted, Source("n.txt"), told).log_lines
    assert (row.line, row.raw, row.message) == (
        3,
        "Ncat: No route to host.",
        "nc -vz 192.0.2.9 179 Ncat: No route to host.",
    )
    (row,) = parse_notes("Ncat: No route to host.", Source("n.txt", command="nc -vz 192.0.2.9 179"), told).log_lines
    assert row.line == 1
    other = pasted.replace("Ncat: Version", "$ nc -vz 192.0.2.9 10250\nNcat: Version")
    assert parse_notes(other, Source("n.txt"), told).log_lines == []
    assert parse_notes("nc -vz 192.0.2.9 179\n" + "x\n" * 9 + "No route to host", Source("n.txt"), told).log_lines == []
