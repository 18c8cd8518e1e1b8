from __future__ import annotations

import random
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.backlog.lookalikes import ALIKE, Memory, Resolved, groups, likeness

FEATURES = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from([0.5, 1.0, 4.0]), max_size=6)


def ticket(cause: str, *messages: str) -> dict[str, float]:
    return {f"cause:{cause}": 4.0, **{f"message:{name}": 1.0 for name in messages}}


def test_likeness_by_hand() -> None:
    one, other = ticket("a", "x", "y"), ticket("a", "y", "z")
    assert likeness(one, other) == pytest.approx(5 / 7)
    assert likeness({"cause:a": 4.0}, {"cause:a": 1.0}) == pytest.approx(0.25)
    assert likeness(one, {"cause:b": 4.0}) == 0.0
    assert likeness({}, {}) == 0.0


@given(FEATURES, FEATURES)
def test_likeness_is_symmetric_and_one_only_of_equals(one: dict[str, float], other: dict[str, float]) -> None:
    assert likeness(one, other) == pytest.approx(likeness(other, one))
    assert 0.0 <= likeness(one, other) <= 1.0
    assert (likeness(one, other) > 1 - 1e-9) == (one == other and bool(one))


def test_a_wave_of_one_incident_is_one_group() -> None:
    wave = {
        f"w{n}": ticket("bgp-port-blocked", "refused", "not-established", *(["extra"] if n % 3 else []))
        for n in range(30)
    }
    others = {
        "o1": ticket("typha-unavailable", "refused", "not-established"),
        "o2": ticket("dns-failure", "no-such-host"),
    }
    found = groups({**wave, **others})
    assert len({found[name] for name in wave}) == 1
    assert len({found["o1"], found["o2"], found["w0"]}) == 3
    assert found["w0"].startswith("bgp-port-blocked-")
    assert found["o1"].startswith("typha-unavailable-")


def test_a_ticket_without_features_has_no_group() -> None:
    assert groups({"x": {}, "y": ticket("a")}).keys() == {"y"}


@given(st.dictionaries(st.text("xyz", min_size=1, max_size=4), FEATURES, max_size=12), st.randoms())
def test_groups_do_not_depend_on_order(tickets: dict[str, dict[str, float]], rng: random.Random) -> None:
    shuffled = list(tickets.items())
    rng.shuffle(shuffled)
    assert groups(tickets) == groups(dict(shuffled))


@given(st.dictionaries(st.text("xyz", min_size=1, max_size=4), FEATURES.filter(bool), max_size=12))
def test_equal_tickets_share_a_group_and_all_of_a_group_are_like_one_of_it(
    tickets: dict[str, dict[str, float]],
) -> None:
    found = groups(tickets)
    for name, features in tickets.items():
        for other, of_other in tickets.items():
            assert features != of_other or found[name] == found[other]
    for group in set(found.values()):
        inside = [tickets[name] for name in tickets if found[name] == group]
        assert any(all(likeness(first, item) >= ALIKE - 1e-6 for item in inside) for first in inside)


def resolved(name: str, features: dict[str, float], day: int = 1, **rest: str) -> Resolved:
    return Resolved(name, "dns-failure", resolved=datetime(2026, 3, day, tzinfo=UTC), features=features, **rest)


def test_nearest_are_the_most_alike_and_of_equals_the_latest() -> None:
    memory = Memory(
        [
            resolved("old", ticket("a", "x"), 1),
            resolved("new", ticket("a", "x"), 9),
            resolved("near", ticket("a", "x", "y"), 5),
            resolved("far", ticket("b", "q"), 5),
        ]
    )
    found = memory.nearest(ticket("a", "x"))
    assert [item.ticket for item, _ in found] == ["new", "old", "near"]
    assert [like for _, like in found] == pytest.approx([1.0, 1.0, 5 / 6])


def test_a_ticket_is_not_its_own_precedent() -> None:
    memory = Memory([resolved("me", ticket("a", "x"))])
    assert memory.nearest(ticket("a", "x"), "me") == []
    assert len(memory.nearest(ticket("a", "x"), "you")) == 1


def test_nothing_resolved_or_nothing_known_of_the_ticket() -> None:
    assert Memory([]).nearest(ticket("a")) == []
    assert Memory([Resolved("x", "dns-failure", features={}), Resolved("y", "dns-failure")]).nearest(ticket("a")) == []
    assert Memory([resolved("x", ticket("a"))]).nearest({}) == []


@given(st.lists(FEATURES.filter(bool), max_size=8), FEATURES)
def test_nearest_is_as_likeness_says(known: list[dict[str, float]], features: dict[str, float]) -> None:
    memory = Memory([resolved(f"t{n}", item) for n, item in enumerate(known)])
    found = {item.ticket: like for item, like in memory.nearest(features, most=99, least=0.01)}
    wanted = {f"t{n}": likeness(item, features) for n, item in enumerate(known)}
    assert found == pytest.approx({name: like for name, like in wanted.items() if like >= 0.01})


def many(count: int, stories: int = 400) -> dict[str, dict[str, float]]:
    """Tickets of so many stories, each with some of its story's lines missing and some noise."""
    rng = random.Random(7)
    usual = {story: [f"m{rng.randrange(600)}" for _ in range(rng.randint(3, 14))] for story in range(stories)}
    tickets = {}
    for number in range(count):
        story = min(int(rng.paretovariate(0.6)), stories) - 1
        kept = [name for name in usual[story] if rng.random() < 0.9]
        noise = {f"template:n{rng.randrange(3000)}": 0.5 for _ in range(rng.randint(0, 2))}
        tickets[f"t{number}"] = {**ticket(f"c{story % 50}", *kept), **noise}
    return tickets


def test_ten_thousand_tickets_are_grouped_in_seconds() -> None:
    tickets = many(10_000)
    started = time.perf_counter()
    found = groups(tickets)
    assert time.perf_counter() - started < 10
    assert 100 < len(set(found.values())) < 2000
