from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.log_dress import NOWHERE, Origin, dress_of, split_lines, undress, without_controls

BEGIN = datetime(2026, 2, 12, 6, 20, 11, 402120, tzinfo=UTC)


def stamp(number: int, digits: int = 9, zone: str = "Z") -> str:
    time = BEGIN + timedelta(seconds=number)
    fraction = f"{time.microsecond:06d}000"[:digits]
    return f"{time:%Y-%m-%dT%H:%M:%S}.{fraction}{zone}"


def timestamps(lines: list[str]) -> list[str]:
    return [f"{stamp(number)} {line}" for number, line in enumerate(lines)]


def cri(lines: list[str]) -> list[str]:
    return [f"{stamp(number)} stdout F {line}" for number, line in enumerate(lines)]


def crio(lines: list[str]) -> list[str]:
    return [f"{stamp(number, 9, '+00:00')} stderr F {line}" for number, line in enumerate(lines)]


def cri_partial(lines: list[str]) -> list[str]:
    dressed = []
    for number, line in enumerate(lines):
        pieces = [line[place : place + 7] for place in range(0, len(line), 7)] or [""]
        dressed += [f"{stamp(number)} stdout P {piece}" for piece in pieces[:-1]]
        dressed.append(f"{stamp(number)} stdout F {pieces[-1]}")
    return dressed


def docker(lines: list[str]) -> list[str]:
    return [json.dumps({"log": f"{line}\n", "stream": "stdout", "time": stamp(n)}) for n, line in enumerate(lines)]


def docker_partial(lines: list[str]) -> list[str]:
    dressed = []
    for number, line in enumerate(lines):
        pieces = (line[:9], f"{line[9:]}\n")
        dressed += [json.dumps({"log": piece, "stream": "stdout", "time": stamp(number)}) for piece in pieces]
    return dressed


def svlogd(lines: list[str]) -> list[str]:
    return [f"{stamp(number, 5, '')} {line}" for number, line in enumerate(lines)]


def svlogd_old(lines: list[str]) -> list[str]:
    return [f"{stamp(number, 5, '').replace('T', '_')} {line}" for number, line in enumerate(lines)]


def prefix(lines: list[str]) -> list[str]:
    return [f"[pod/calico-node-7xk2m/calico-node] {line}" for line in lines]


def stern(lines: list[str]) -> list[str]:
    return [f"calico-node-7xk2m calico-node {line}" for line in lines]


def kail(lines: list[str]) -> list[str]:
    return [f"kube-system/calico-node-7xk2m[calico-node]: {line}" for line in lines]


def fluentd(lines: list[str]) -> list[str]:
    place = {"pod_name": "calico-node-7xk2m", "container_name": "calico-node", "namespace_name": "kube-system"}
    return [
        json.dumps({"@timestamp": stamp(n), "log": line, "stream": "stdout", "kubernetes": place})
        for n, line in enumerate(lines)
    ]


def collector(lines: list[str]) -> list[str]:
    return [json.dumps({"_ts": int(BEGIN.timestamp() + n) * 1000, "message": line}) for n, line in enumerate(lines)]


def coloured(lines: list[str]) -> list[str]:
    return [f"\x1b[32m{line[:4]}\x1b[0m{line[4:]}" for line in lines]


def syslog(lines: list[str]) -> list[str]:
    return [
        f"{BEGIN + timedelta(seconds=n):%b %d %H:%M:%S} worker-1 kubelet[812]: {line}" for n, line in enumerate(lines)
    ]


DRESSES: dict[str, Callable[[list[str]], list[str]]] = {
    "timestamps": timestamps,
    "cri": cri,
    "crio": crio,
    "cri-partial": cri_partial,
    "docker": docker,
    "docker-partial": docker_partial,
    "svlogd": svlogd,
    "svlogd-old": svlogd_old,
    "prefix": prefix,
    "stern": stern,
    "kail": kail,
    "fluentd": fluentd,
    "collector": collector,
    "coloured": coloured,
    "syslog": syslog,
}
TIMED = {name for name in DRESSES if name not in ("prefix", "stern", "kail", "coloured")}
NAMED = {"prefix", "stern", "kail", "fluentd"}

LINES = [
    "2026-02-12 06:20:11.402 [INFO][62] felix/daemon.go 148: Felix starting up GOMAXPROCS=4",
    "bird: Mesh_10_94_227_12: State changed to start",
    '{"level":"error","ts":"2026-02-12T06:20:11Z","msg":"Reconciler error","error":"x"}',
    "E0212 06:20:13.012345      63 reflector.go:147] Failed to watch",
    'time="2026-02-12T06:20:11Z" level=error msg="Failed" error="x"',
    "Calico node started successfully",
    "",
    "panic: oops",
    "\t/go/src/x.go:1 +0x1",
    "[signal SIGSEGV: segmentation violation]",
]


def plain(text: str, near: datetime | None = BEGIN) -> list[str]:
    return [line.text for line in dress_of(without_controls(text), near).undressed()]


@pytest.mark.parametrize("name", sorted(DRESSES))
def test_each_dress_comes_off(name: str) -> None:
    assert plain("\n".join(DRESSES[name](LINES))) == LINES


JSON = {"docker", "fluentd", "collector"}
NESTED = [
    (outer, inner)
    for outer in sorted(set(DRESSES) - {"cri-partial", "docker-partial"})
    for inner in sorted(DRESSES)
    if outer != inner and (outer not in JSON or inner != "docker-partial") and {outer, inner} != {"stern", "kail"}
]


@pytest.mark.parametrize(("outer", "inner"), NESTED)
def test_dress_over_dress_comes_off(outer: str, inner: str) -> None:
    assert plain("\n".join(DRESSES[outer](DRESSES[inner](LINES)))) == LINES


@pytest.mark.parametrize("name", sorted(TIMED))
def test_the_dress_gives_the_time(name: str) -> None:
    lines = list(dress_of("\n".join(DRESSES[name](LINES)), BEGIN).undressed())
    for number, line in enumerate(lines):
        assert line.time is not None
        assert abs(line.time - BEGIN - timedelta(seconds=number)) < timedelta(seconds=1)


@pytest.mark.parametrize("name", sorted(NAMED))
def test_the_dress_gives_pod_and_container(name: str) -> None:
    origins = {line.origin for line in dress_of("\n".join(DRESSES[name](LINES))).undressed()}
    assert {(origin.pod, origin.container) for origin in origins} == {("calico-node-7xk2m", "calico-node")}


def test_undressed_lines_stay_as_they_are() -> None:
    lines = list(undress(LINES))
    assert [line.text for line in lines] == LINES
    assert {line.origin for line in lines} == {NOWHERE} and {line.time for line in lines} == {None}


def test_pieces_keep_the_number_of_their_first_line() -> None:
    text = "\n".join([*cri_partial(["a line of more than seven characters"]), *cri(["short"])])
    lines = list(dress_of(text).undressed())
    assert [(line.number, line.text) for line in lines] == [(1, "a line of more than seven characters"), (7, "short")]


def test_pieces_of_two_streams_are_not_mixed() -> None:
    text = "\n".join(
        [
            f"{stamp(0)} stdout P out-",
            f"{stamp(0)} stderr P err-",
            f"{stamp(1)} stdout F 1",
            f"{stamp(1)} stderr F 2",
        ]
    )
    assert plain(text) == ["out-1", "err-2"]


def test_a_last_piece_without_end_is_not_lost() -> None:
    assert plain(f"{stamp(0)} stdout P unfinished") == ["unfinished"]


def test_a_collector_that_strips_newlines_has_whole_lines() -> None:
    lines = [json.dumps({"log": line, "stream": "stdout", "time": stamp(0)}) for line in ("one", "two")]
    assert plain("\n".join(lines)) == ["one", "two"]


def test_several_lines_in_one_object_are_lines() -> None:
    text = json.dumps({"log": "one\ntwo\n", "stream": "stdout", "time": stamp(0)})
    assert [(line.number, line.text) for line in dress_of(text).undressed()] == [(1, "one"), (1, "two")]


def test_syslog_with_a_whole_time() -> None:
    (line,) = dress_of(f"{stamp(0, 6, '+00:00')} worker-1 kubelet[812]: hello").undressed()
    assert (line.text, line.time, line.origin) == ("hello", BEGIN, Origin(node="worker-1", program="kubelet"))


def test_a_script_that_names_a_service_is_no_syslog() -> None:
    (line,) = dress_of(f"{stamp(0)} runsv felix: fatal: unable to start").undressed()
    assert line.text == "runsv felix: fatal: unable to start"


def test_lines_are_counted_like_an_editor_counts() -> None:
    assert split_lines("a\r\nb\x0bc\u2028d\n") == ["a", "b\x0bc\u2028d"]
    assert split_lines("a\rb") == ["a", "b"]
    assert split_lines("a\n\n") == ["a", ""]


def test_controls_are_removed() -> None:
    assert without_controls("\ufeff\x1b[1;31mred\x1b[0m \0x") == "red x"


def test_long_lines_are_cut_and_counted() -> None:
    dress = dress_of("x" * 1_000_000 + "\nshort")
    lines = list(dress.undressed())
    assert [len(line.text) for line in lines] == [65_536, 5]
    assert dress.cut_lines == 1


def test_a_line_of_many_pieces_is_cut_too() -> None:
    dress = dress_of("\n".join([f"{stamp(0)} stdout P {'y' * 16_000}"] * 20 + [f"{stamp(0)} stdout F end"]))
    (line,) = dress.undressed()
    assert len(line.text) == 65_536 and dress.cut_lines >= 1


@settings(max_examples=200)
@given(st.text(max_size=500))
def test_nothing_makes_it_raise_and_no_line_vanishes(text: str) -> None:
    lines = list(dress_of(without_controls(text), BEGIN).undressed())
    assert len({line.number for line in lines}) <= len(split_lines(without_controls(text)))


PRINTABLE = st.text(
    alphabet=st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="\x7f\x85"), max_size=60
)


@settings(max_examples=100)
@given(
    st.lists(PRINTABLE, min_size=1, max_size=8),
    st.sampled_from(["timestamps", "cri", "docker", "cri-partial", "prefix"]),
)
def test_any_lines_come_back(texts: list[str], name: str) -> None:
    lines = [f"felix says {text}" for text in texts]
    assert plain("\n".join(DRESSES[name](lines))) == lines
