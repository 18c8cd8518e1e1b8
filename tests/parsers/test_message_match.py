"""The matcher: literals, values, choices, whole messages, order, and that hostile text ends in time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.message_match import MessageMatcher, Pattern
from parsers.source import OneRow

MATCHER = MessageMatcher(
    [
        Pattern("typha-none", "symptom", ("Didn't find any ready Typha instances.",)),
        Pattern("typha-connect", "symptom", ("Failed to connect to typha endpoint {addr}.",)),
        Pattern("timeout", "symptom", ("dial tcp {ip}:{port}: i/o timeout",)),
        Pattern("etcd", "cause", ("etcdserver: {request timed out|leader changed}",)),
        Pattern("started", "benign", ("Started",), whole=True),
        Pattern("peer-up", "state", ("{peer}: State changed to up",), whole=True),
        Pattern("port", "cause", ("bind: address already in use",), unless="retry"),
        Pattern("expr", "cause", (), (r"IPAM .{0,60}(?:full|exhausted)", r"one thing|other matter")),
    ]
)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("Didn't find any ready Typha instances.", ("typha-none",)),
        ("didn't FIND any ready typha instances.", ("typha-none",)),
        (
            "Failed to connect to typha endpoint 10.0.0.1:5473. error=dial tcp 10.0.0.1:5473: i/o timeout",
            ("typha-connect", "timeout"),
        ),
        ("i/o timeout of dial tcp", ()),
        ("etcdserver: leader changed", ("etcd",)),
        ("etcdserver: all is well", ()),
        ("Started", ("started",)),
        ("Started the thing", ()),
        ("Mesh_10_0_0_1: State changed to up", ("peer-up",)),
        ("Mesh_10_0_0_1: State changed to upper", ()),
        ("bind: address already in use", ("port",)),
        ("bind: address already in use, will retry", ()),
        ("ipam block 10.0.0.0/26 is FULL", ("expr",)),
        ("an other matter", ("expr",)),
        ("", ()),
    ],
)
def test_texts_and_their_families(text: str, ids: tuple[str, ...]) -> None:
    assert MATCHER.match(text) == ids


def test_causes_come_first() -> None:
    text = "dial tcp 10.0.0.1:443: i/o timeout; etcdserver: request timed out"
    assert MATCHER.match(text) == ("etcd", "timeout")


def test_the_most_telling_family_says_whether_names_tell_something() -> None:
    matcher = MessageMatcher(
        [
            Pattern("pod-link", "benign", ('link changed. name="cali',), one_row=True),
            Pattern("link", "state", ("link changed.",)),
            Pattern("refused", "cause", ("connection refused",)),
        ]
    )
    ids = matcher.match('link changed. name="cali1" state="up"')
    assert isinstance(ids, OneRow) and ids == ("pod-link", "link")
    for text in ('link changed. name="eth0" state="up"', 'link changed. name="cali1" error=connection refused'):
        assert type(matcher.match(text)) is tuple


def test_the_longer_text_of_one_role_comes_first() -> None:
    matcher = MessageMatcher(
        [Pattern("short", "cause", ("no route",)), Pattern("long", "cause", ("no route to host",))]
    )
    assert matcher.match("connect: no route to host") == ("long", "short")


def test_a_routine_line_stays_routine_whatever_error_it_quotes() -> None:
    matcher = MessageMatcher(
        [
            Pattern("optional", "benign", ("Optional config map cannot be read, going on without it. error={error}",)),
            Pattern("tiny", "benign", ("forbidden",)),
            Pattern("forbidden", "cause", ("is forbidden: User {user} cannot",)),
            Pattern("gone", "cause", ("Worker is gone",)),
        ]
    )
    quoted = 'Optional config map cannot be read, going on without it. error=cm "x" is forbidden: User "u" cannot get'
    assert matcher.match(quoted) == ("optional", "tiny", "forbidden")
    assert matcher.match(f"Worker is gone. {quoted}")[0] == "gone"
    assert matcher.match('cm "x" is forbidden: User "u" cannot get') == ("forbidden", "tiny")


def test_only_the_most_specific_alternative_of_a_family_counts() -> None:
    matcher = MessageMatcher(
        [Pattern("a", "cause", ("lock",), ("xtables lock",)), Pattern("b", "cause", ("the xtables",))]
    )
    assert matcher.match("holds the xtables lock") == ("a", "b")


def test_the_end_of_a_huge_text_is_looked_at() -> None:
    text = f'Failed to execute input="{"-A cali-x" * 9000}" error=dial tcp 192.0.2.1:443: i/o timeout'
    assert MATCHER.match(text) == ("timeout",)


def test_faulty_and_unfiltered_expressions_are_told() -> None:
    matcher = MessageMatcher(
        [Pattern("bad", "cause", (), ("abc(",)), Pattern("slow", "cause", (), (r"\d+",), unless="[")]
    )
    assert sorted(item.split(":")[0] for item in matcher.faulty()) == ["bad", "slow"]
    assert matcher.unfiltered() == ["slow"]
    assert matcher.match("abc( 12") == ("slow",)


@settings(max_examples=200)
@given(st.text(max_size=30), st.text(max_size=30))
def test_any_value_stands_for_a_placeholder(address: str, tail: str) -> None:
    ids = MATCHER.match(f"Failed to connect to typha endpoint {address}.{tail}")
    assert "typha-connect" in ids


def test_hostile_text_ends_in_time() -> None:
    evil = MessageMatcher([Pattern("evil", "cause", (), (r"begin(?:a+)+end",))])
    started = time.monotonic()
    evil.match("begin" + "a" * 5000 + "!")
    MATCHER.match("dial tcp :" * 100_000)
    assert time.monotonic() - started < 3


def numbered() -> MessageMatcher:
    return MessageMatcher(
        [
            Pattern("none", "cause", ("Assigned 0 out of {n}",)),
            Pattern("gateway", "cause", regexes=(r"\b502 Bad Gateway\b",)),
            Pattern("four", "cause", regexes=(r"code 4\d\d, (?:retrying|giving up)",), unless=r"code 404"),
            Pattern("v4", "benign", ("IPv4 is on",)),
            Pattern("some", "benign", regexes=(r"retry {1,3}in \d{1,3}s",)),
        ]
    )


@pytest.mark.parametrize(
    ("digitless", "sources"),
    [
        ("Assigned  out of  addresses", ["assigned 0 out of"]),
        ("  Bad Gateway", [r"\b502 Bad Gateway\b"]),
        ("error code , retrying", [r"code 4\d\d, (?:retrying|giving up)", "code 404"]),
        ("IPv is on", []),
        ("retry in s", []),
        ("nothing", []),
    ],
)
def test_numbers_that_decide(digitless: str, sources: list[str]) -> None:
    found = numbered().told_by_numbers(digitless)
    shown = [getattr(item, "source", "") or item.pieces[0].strip() for item in found]  # type: ignore[attr-defined]
    assert shown == sources


def test_literals_tell_texts_apart() -> None:
    matcher = numbered()
    assert not matcher.literals("nothing of all that")
    assert matcher.literals("502 Bad Gateway") != matcher.literals("Assigned 0 out of 5")
    assert len(matcher.literals("502 Bad Gateway, Assigned 0 out of 5")) == 2
    assert {"502 bad gateway", "assigned 0 out of"} <= matcher.texts()


def test_routine_is_what_is_benign_or_unknown() -> None:
    matcher = numbered()
    assert matcher.is_routine(matcher.match("IPv4 is on")) and matcher.is_routine(matcher.match("nothing"))
    assert not matcher.is_routine(matcher.match("IPv4 is on, 502 Bad Gateway"))
