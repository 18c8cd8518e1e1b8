from __future__ import annotations

import gc
import random
import weakref
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import asdict

from analyzer.catalogue import load
from analyzer.log_stream import blocks, reader, shapes, sieve
from analyzer.log_stream.kind import NotOneLogError, Opening, opening_of
from analyzer.log_stream.lines import Cutter
from analyzer.log_stream.reader import ReadLog, read_log
from analyzer.log_stream.stretch import Stretch
from analyzer.message_index import build_matcher
from parsers.decode import decode
from parsers.log_sections import Section
from parsers.message_match import MessageMatcher
from parsers.source import Parsed, Source

ROOT = Path(__file__).parents[3]
SHARED = ROOT.parent / "shared" / "incidents"
HERE = Source("a.log", container="calico-node")
Read = Callable[..., ReadLog]
Whole = Callable[..., Parsed]
BEGIN = datetime(2026, 2, 12, 6, 20)

USUAL = (
    "{time} [INFO][60] felix/summary.go 100: Summarising {n} dataplane reconciliation loops over 1m{n}.{n}s: avg={n}ms "
    "longest={n}ms (resync-nat-v4)",
    "{time} [INFO][75] monitor-addresses/autodetection_methods.go 103: Using autodetected IPv4 address on interface "
    "eth0: 10.94.0.1{d}/26",
    "{time} [INFO][60] felix/int_dataplane.go 1836: Linux interface state changed. ifIndex={n} ifaceName=\"cali{d}\"",
    "{time} [WARNING][60] felix/health.go 211: Reporter is not ready: reporting non-live. name=\"int_dataplane\"",
    "{time} [ERROR][{d}1] felix/x.go 5: Failed to talk to 10.0.0.{d}:5473 after {n} tries error=EOF",
    "bird: Mesh_10_0_0_{d}: State changed to {state}",
    "bird: Mesh_10_0_0_{d}: Error: Hold timer expired",
    "2026/02/12 06:20:10 [INFO] Version: v1.36.5",
    "E{klog}       9 reflector.go:138] Failed to watch *v1.Pod: dial tcp 10.0.0.1:443: i/o timeout",
    "{time} [ERROR][60] felix/table.go 548: Failed to execute ip(6)tables-restore command\n  line {d} of its output\n  end",
    "{time} [INFO][9] startup/startup.go 445: Early log level set to info",
    "{time} [INFO][60] felix/daemon.go 150: Felix starting up version=\"v3.29.3\"",
    "{time} [PANIC][60] felix/daemon.go 9: Kaboom {n}\npanic: (*logrus.Entry) 0xc000{n}\n\ngoroutine {n} [running]:\n"
    "main.main()\n\t/go/src/main.go:{n} +0x1d",
    "sh: can't open /x{d}: no such file",
)  # fmt: skip


def told(parsed: Parsed) -> dict[str, Any]:
    """Everything that was read, to be compared."""
    return {
        "log_lines": [asdict(row) for row in parsed.log_lines],
        "bgp": [asdict(row) for row in parsed.bgp],
        "facts": parsed.facts,
        "problems": parsed.problems,
    }


def log(seed: int, count: int, weights: list[int] | None = None) -> bytes:
    """A log with anything that may stand in one, in any order."""
    rand = random.Random(seed)
    now, found = BEGIN, []
    for form in rand.choices(USUAL, weights, k=count):
        now += timedelta(milliseconds=rand.randrange(5000))
        text = form.replace("{time}", f"{now:%Y-%m-%d %H:%M:%S}.{now.microsecond // 1000:03d}")
        text = text.replace("{klog}", f"{now:%m%d %H:%M:%S.%f}")
        text = text.replace("{state}", rand.choice(["up", "down", "start"]))
        while "{n}" in text:
            text = text.replace("{n}", str(rand.randrange(10 ** rand.randrange(1, 6))), 1)
        found.append(text.replace("{d}", str(rand.randrange(4))))
    return ("\n".join(found) + "\n").encode()


@pytest.mark.parametrize("seed", range(12))
def test_a_log_in_pieces_is_read_as_one_text(
    seed: int, in_pieces: Read, as_a_whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = log(seed, 250)
    monkeypatch.setattr(blocks, "STRETCH", 4000 + 3000 * (seed % 3))
    found = in_pieces(data, 1 + 997 * seed)
    assert told(found.parsed) == told(as_a_whole(data))
    assert (found.lines, found.bytes, found.encoding) == (data.count(b"\n"), len(data), "utf-8")


@pytest.mark.parametrize("behind", range(26, 31))
def test_the_end_of_a_log_does_not_begin_within_a_record(behind: int, in_pieces: Read, as_a_whole: Whole) -> None:
    record = (
        "2026-02-12 06:20:10.123 [ERROR][60] felix/table.go 548: Failed to execute restore\n  of its output\n  end\n"
    )
    line = '2026-02-12 06:20:11.123 [WARNING][60] felix/health.go 211: Reporter is not ready. name="int_dataplane"\n'
    data = f"{record}{line * 40}{record}{line * (behind - 3)}{record}".encode()
    found = in_pieces(data).parsed
    assert told(found) == told(as_a_whole(data)) and [row.count for row in found.log_lines] == [3, 40 + behind - 3]


@pytest.mark.parametrize("dress", ["{time}Z ", "{time}Z stdout F ", "[pod/calico-node-x/calico-node] "])
def test_dressed_logs(dress: str, in_pieces: Read, as_a_whole: Whole) -> None:
    plain = log(99, 300).decode().splitlines()
    stamps = [f"{BEGIN + timedelta(seconds=number):%Y-%m-%dT%H:%M:%S}.{number:09d}" for number in range(len(plain))]
    data = "".join(
        f"{dress.replace('{time}', stamp)}{line}\n" for stamp, line in zip(stamps, plain, strict=True)
    ).encode()
    assert told(in_pieces(data).parsed) == told(as_a_whole(data))


@pytest.mark.parametrize("seed", range(3))
def test_lines_over_time_are_counted_exactly(seed: int, in_pieces: Read, as_a_whole: Whole) -> None:
    data = log(seed, 3000, [30, 20, 20, 5, 5, 2, 2, 0, 0, 2, 1, 1, 0, 0])

    def counts(parsed: Parsed) -> dict[tuple[datetime | None, str], int]:
        return {(row.bucket, row.level): row.lines for row in parsed.log_volume if row.level}

    found = counts(in_pieces(data).parsed)
    assert found == counts(as_a_whole(data))
    assert sum(found.values()) > 2800 and {level for _, level in found} == {"INFO", "WARNING", "ERROR"}


def test_line_ends_of_windows_and_colours(in_pieces: Read, as_a_whole: Whole) -> None:
    data = log(7, 100).replace(b"\n", b"\r\n").replace(b"[WARNING]", b"\x1b[33m[WARNING]\x1b[0m")
    assert told(in_pieces(data).parsed) == told(as_a_whole(data))


def test_a_flood_is_counted_not_stored(in_pieces: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    flood = "{} [ERROR][60] felix/x.go 5: Failed to talk to 10.0.0.7:5473 after {} tries error=EOF\n"
    rare = "2026-02-12 07:00:00.000 [ERROR][60] felix/y.go 6: Something else broke error=EOF\n"
    many = 60_000
    text = [flood.format(f"2026-02-12 06:{n % 3600 // 60:02d}:{n % 60:02d}.000", n) for n in range(many)]
    text.insert(40_000, rare)
    found = in_pieces("".join(text).encode())
    rows = {row.source: row for row in found.parsed.log_lines}
    assert len(found.parsed.log_lines) == 2
    assert (rows["x.go"].count, rows["x.go"].line, rows["x.go"].last_line) == (many, 1, many + 1)
    assert (rows["y.go"].count, rows["y.go"].line) == (1, 40_001)
    assert found.parsed.facts["level.ERROR"] == str(many + 1)


def test_the_cost_does_not_grow_with_the_repeats(in_pieces: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def count(data: bytes) -> tuple[int, int]:
        asked.clear()
        parsed = in_pieces(data, clean=lambda text: (asked.append(text.decode()), text)[1]).parsed
        return sum(text.count("\n") for text in asked), sum(row.count for row in parsed.log_lines)

    lines_10k, rows_10k = count(log(3, 10_000, [50, 20, 20, 5, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0]))
    lines_100k, rows_100k = count(log(3, 100_000, [50, 20, 20, 5, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0]))
    assert rows_100k > 9 * rows_10k
    assert lines_100k < 3 * lines_10k


def test_names_are_not_lost_in_a_crowd(in_pieces: Read) -> None:
    """One line of trouble with another address among very many about one."""
    usual = "2026-02-12 06:20:10.000 [ERROR][60] felix/x.go 5: Failed to talk to 10.0.0.7:5473 error=EOF\n"
    other = usual.replace("10.0.0.7", "10.0.0.8")
    text = [usual] * 30_000
    text[20_000] = other
    rows = in_pieces("".join(text).encode()).parsed.log_lines
    assert sorted((row.count, row.line) for row in rows) == [(1, 20_001), (29_999, 1)]


def test_a_number_that_means_something_is_found(in_pieces: Read) -> None:
    line = "2026-02-12 06:20:10.{:03d} [INFO][9] tunnel-ip-allocator/ipam.go 5: Auto-assigned {} out of 1 IPv4s: [x]\n"
    zero = "Unable to autoassign an address error=Assigned 0 out of 1 requested IPv4 addresses\n"
    one = zero.replace("Assigned 0", "Assigned 1")
    head = "2026-02-12 06:20:10.000 [INFO][9] tunnel-ip-allocator/allocateip.go 5: "
    text = [head + one] * 5000 + [head + zero] + [head + one] * 5000 + [line.format(1, 1)]
    parsed = in_pieces("".join(text).encode()).parsed
    assert [row.line for row in parsed.log_lines if "tunnel-addr-exhausted" in row.message_ids] == [5001]


def test_random_names_cannot_flood_it(in_pieces: Read) -> None:
    rand = random.Random(1)
    form = '2026-02-12 06:20:10.000 [INFO][60] felix/ipsets.go 146: Queueing IP set for creation setID="s:{}"\n'
    names = ["".join(rand.choices("abcdefghijklmnopqrstuvwxyz", k=12)) for _ in range(20_000)]
    bad = "2026-02-12 06:20:10.000 [ERROR][60] felix/ipsets.go 146: Failed to create {}: no space left on device\n"
    text = [form.format(name) for name in names] + [bad.format(name) for name in names[:5000]]
    found = in_pieces("".join(text).encode())
    assert found.parsed.facts["level.ERROR"] == "5000"
    assert len(found.parsed.log_lines) < 1000
    assert any("more distinct lines of err-nospace were counted" in problem for problem in found.parsed.problems)
    assert any("differ in names only" in problem for problem in found.problems)


def test_of_lines_that_make_no_row_hardly_any_are_kept(in_pieces: Read, as_a_whole: Whole) -> None:
    """Whatever names they have; but what the catalogue knows is found among them."""
    rand = random.Random(2)
    silent = (
        "2026-02-12 06:20:{:02d}.000 [INFO][60] felix/calc_graph.go 462: Local endpoint updated id=shop/web-{}-{}\n"
    )
    known = "2026-02-12 06:20:59.000 [INFO][60] felix/calc_graph.go 462: Local endpoint updated id=no space left on device\n"
    text = [
        silent.format(number * 60 // 20_000, "".join(rand.choices("bcdfg", k=5)), "".join(rand.choices("bcdfg", k=5)))
        for number in range(20_000)
    ]
    text.insert(15_000, known)
    data = "".join(text).encode()
    looked_at: list[str] = []
    found = in_pieces(data, clean=lambda text: (looked_at.append(text.decode()), text)[1]).parsed
    whole = as_a_whole(data)
    assert looked_at[0].count("calc_graph") < 100
    assert told(found) == told(whole) and [row.line for row in found.log_lines] == [15_001]
    assert found.facts["level.INFO"] == "20001"


def test_of_lines_whose_names_tell_nothing_hardly_any_are_kept(in_pieces: Read, as_a_whole: Whole) -> None:
    """Links of pods make one row; a link of the worker among them has its own, and so has a slow loop."""
    form = "2026-02-12 06:{:02d}:{:02d}.000 [INFO][60] felix/int_dataplane.go 1836: Linux interface state changed. "
    form += 'ifIndex={} ifaceName="{}" state="{}"\n'
    slow = (
        "2026-02-12 06:40:00.000 [INFO][60] felix/summary.go 100: Summarising {} dataplane reconciliation loops over "
    )
    slow += "1m2.5s: avg=31ms longest={} (resync-nat-v4)\n"
    rand = random.Random(2)
    text = []
    for number in range(20_000):
        link = "eth0" if number == 15_000 else f"cali{rand.getrandbits(44):011x}"
        text.append(form.format(number // 600, number // 10 % 60, number, link, rand.choice(["up", "down"])))
    text += [slow.format(number, "94ms" if number != 50 else "41.5s") for number in range(100)]
    data = "".join(text).encode()
    looked_at: list[str] = []
    log = in_pieces(data, clean=lambda text: (looked_at.append(text.decode()), text)[1])
    found = log.parsed
    assert looked_at[0].count("\n") < 100
    assert log.problems == []  # nothing is lost
    assert told(found) == told(as_a_whole(data))
    assert [(row.message_id, row.line, row.count) for row in found.log_lines] == [
        ("felix-pod-link", 1, 19_999),
        ("felix-iface-state", 15_001, 1),
        ("felix-summary", 20_001, 99),
        ("felix-loop-slow", 20_051, 1),
    ]


def test_the_catalogue_is_asked_once_for_lines_that_differ_in_numbers(in_pieces: Read) -> None:
    form = "2026-02-12 06:20:10.000 [ERROR][60] felix/x.go 5: Failed to talk to 10.0.0.{}:5473 error=EOF\n"
    trace = "  goes on {}\n"
    matcher = build_matcher(load(()))
    asked: list[str] = []

    class Counting(MessageMatcher):
        def match(self, text: str) -> tuple[str, ...]:
            asked.append(text)
            return matcher.match(text)

    counting = Counting(())
    counting.__dict__ |= {name: value for name, value in matcher.__dict__.items() if name != "match"}
    data = "".join(form.format(n % 90) + (trace.format(n) if n == 50 else "") for n in range(3000)).encode()
    found = read_log(Cutter(iter([data]), 65_536), HERE, counting, 65_536).parsed
    assert len(found.log_lines) == 91
    assert len(asked) < 10
    assert any(text.endswith("goes on 50") for text in asked)


def test_too_many_shapes_are_still_counted(in_pieces: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shapes, "MOST_SHAPES", 50)
    rand = random.Random(1)
    words = ["".join(rand.choices("bcdfgh", k=9)) for _ in range(3000)]
    text = "".join(
        f"2026-02-12 06:20:10.000 [ERROR][60] {a}/{b}.go 1: {a} {b} {a}\n"
        for a, b in zip(words, words[::-1], strict=True)
    )
    found = in_pieces(text.encode())
    assert found.parsed.facts["level.ERROR"] == "3000"


@pytest.mark.parametrize(
    "intruder",
    [
        "$ kubectl get nodes",
        "root@host:~# kubectl get pods",
        "Name:         calico-node-x\nNamespace:    kube-system",
        "apiVersion: v1",
        "==== START logs for container calico-node of pod kube-system/calico-node-x ====",
        "```",
        "NAME        STATUS   ROLES    AGE   VERSION\nnode-a      Ready    <none>   3d    v1.29.1",
    ],
)
@pytest.mark.parametrize("stretch", [2000, 2 * 1024 * 1024])
def test_a_log_ends_where_another_output_begins(
    intruder: str, stretch: int, in_pieces: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = log(1, 50, [5, 5, 5, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    monkeypatch.setattr(blocks, "STRETCH", stretch)
    behind = intruder.encode() + b"\n" + data
    digests = set()
    for size in (77, 10_000):
        found, alone = in_pieces(data + behind, size), in_pieces(data, size)
        assert found.ended and not alone.ended
        assert (found.lines, found.bytes) == (alone.lines, alone.bytes)
        digests.add(found.digest)
        assert told(found.parsed) == told(alone.parsed)
        assert behind.startswith(found.left)
    assert len(digests) == 1


@pytest.mark.parametrize("line", ["+ kubectl get nodes", "> quoted", "Name:  x", "kind: y", "{"])
def test_a_log_goes_on_where_a_line_only_looks_like_another_output(
    line: str, in_pieces: Read, as_a_whole: Whole
) -> None:
    first, data = log(1, 50), log(2, 300)
    data = first + line.encode() + b"\n" + b"\n".join(data.split(b"\n")[1:])
    found = in_pieces(data)
    assert not found.ended
    assert told(found.parsed) == told(as_a_whole(data))


def test_logs_of_two_containers_are_told(in_pieces: Read) -> None:
    node = log(1, 60, [5, 5, 5, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    install = b"2026-02-12 06:20:10.000 [INFO][1] cni-installer/<nil> <nil>: Installed /host/opt/cni/bin/calico\n"
    in_pieces(node + install + node)  # one line is no other log
    with pytest.raises(NotOneLogError):
        in_pieces(node + install * 4 + node)


LINE = "2026-02-12 06:20:10.000 [INFO][9] felix/a.go 1: x\n"
INSTALL = "2026-02-12 06:20:09.000 [INFO][1] cni-installer/<nil> <nil>: Installed /host/opt/cni/bin/calico\n"
MARK = "==== START logs for container calico-node of pod kube-system/calico-node-x ====\n"


@pytest.mark.parametrize(
    ("head", "opening"),
    [
        (LINE * 20, Opening()),
        ("bird: Mesh_10_0_0_1: State changed to up\n" * 20, Opening()),
        ("$ kubectl logs calico-node-x\n" + LINE * 20, Opening(2, 0, "kubectl logs calico-node-x")),
        ("he rest of a line\n" + LINE * 20, Opening(2, 1)),
        ("$ kubectl get nodes\nNAME  STATUS\na     Ready\n\n$ kubectl logs x\n" + LINE * 20,
         Opening(6, 3, "kubectl logs x")),
        (MARK + LINE * 20, Opening(2, 0, section=Section("calico-node", "calico-node-x", "kube-system", 2, ""))),
        (INSTALL * 4 + LINE.replace("felix/", "startup/") * 20,
         Opening(5, 4, section=Section("calico-node", "", "", 5, ""))),
        ("$ kubectl logs calico-node-x\n" + LINE * 2, None),
        ("  " + LINE * 20, Opening(2, 1)),
        (("  " + LINE) * 20, None),
        ("Name:  calico-node-x\nNamespace:  kube-system\nPriority: 1\n", None),
        ("kind: Pod\napiVersion: v1\nmetadata:\n  name: x\n", None),
    ],
)  # fmt: skip
def test_what_may_be_read_in_pieces(head: str, opening: Opening | None) -> None:
    assert opening_of(head.encode(), "a.log") == opening
    assert opening_of(head.encode("utf-16"), "a.log") is None


def test_encodings_and_litter(in_pieces: Read) -> None:
    line = "2026-02-12 06:20:10.000 [ERROR][9] felix/a.go 1: d\u00e9faut de r\u00e9seau\n"
    found = in_pieces(line.encode("latin-1") * 50)
    assert (found.encoding, found.problems) == ("latin-1", ["not UTF-8: read as Latin-1"])
    assert found.parsed.log_lines[0].message == "d\u00e9faut de r\u00e9seau"
    found = in_pieces(line.encode() * 50 + b"\0\0\n")
    assert (found.encoding, found.problems) == ("utf-8", ["NUL characters were taken out"])
    assert found.parsed.log_lines[0].message == "d\u00e9faut de r\u00e9seau"


def test_lines_that_look_like_other_outputs_are_looked_at_a_few_times(
    in_pieces: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []
    told_so = reader.goes_on
    monkeypatch.setattr(reader, "goes_on", lambda *what: looks.append(what[1]) or told_so(*what))
    monkeypatch.setattr(sieve, "_MOST_LOOKS_IN_ALL", 70)
    forms = ["+ kubectl get nodes -n x{}", "> quoted {}", "kind: y{}", "{{"]
    more = [f"--- {''.join(chr(ord('a') + int(digit)) for digit in str(number))}" for number in range(40)]
    usual = [f"2026-02-12 06:{n // 60:02}:{n % 60:02}.000 [WARNING][9] felix/a.go 1: boom" for n in range(900)]
    text = "".join(f"{line}\n{forms[n % 4].format(n)}\n" for n, line in enumerate(usual)) + "\n".join(more) + "\n"
    monkeypatch.setattr(blocks, "STRETCH", 9000)
    found = in_pieces(text.encode())
    assert not found.ended
    assert len(looks) <= 70
    assert all(sum(look.startswith(form[:4]) for look in looks) <= 20 for form in forms)
    assert found.parsed.facts["level.WARNING"] == "900"


def test_of_a_log_without_times_few_stretches_are_held(in_pieces: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    alive: weakref.WeakSet[Stretch] = weakref.WeakSet()
    most: list[int] = []
    made = Stretch.__init__

    def noted(stretch: Stretch, *what: Any) -> None:
        made(stretch, *what)
        alive.add(stretch)
        most.append(len(alive))

    monkeypatch.setattr(Stretch, "__init__", noted)
    monkeypatch.setattr(blocks, "STRETCH", 4000)
    in_pieces(b"bird: Mesh_10_0_0_1: State changed to up\n" * 20_000)
    assert len(most) > 200
    assert max(most) < 40


def test_equal_content_has_an_equal_digest(in_pieces: Read) -> None:
    data = log(4, 300)
    assert in_pieces(data, 100).digest == in_pieces(data, 7777).digest
    assert in_pieces(data, 100).digest != in_pieces(data.replace(b"10.0.0.1", b"10.0.0.9"), 100).digest


def test_the_last_of_equal_lines_can_be_quoted_too(in_pieces: Read) -> None:
    text = "".join(
        f"2026-02-02 05:{n // 60:02}:{n % 60:02}.000 [WARNING][61] felix/x.go 9: Failed to remove conntrack flows ip=10.0.0.{n % 9}\n"
        f"2026-02-02 05:{n // 60:02}:{n % 60:02}.500 [INFO][61] felix/y.go 8: Finished after {n}\n"
        for n in range(3000)
    )
    found = in_pieces(text.encode())
    every = text.splitlines()
    lasts = [row.last_line for row in found.parsed.log_lines if row.count > 1]
    assert any(last is not None and last > 5000 for last in lasts)
    for last in lasts:
        assert last is not None
        near = range(max(last - 5, 1), min(last + 5, len(every)) + 1)
        assert found.quotes.readable(near, 65536) == {number: every[number - 1] for number in near}


def test_quotes_have_their_neighbours(in_pieces: Read) -> None:
    data = log(5, 300)
    every = data.decode().split("\n")
    found = in_pieces(data)
    for row in found.parsed.log_lines:
        near = range(max(row.line - 5, 1), min(row.line + 6, len(every)))
        assert found.quotes.readable(near, 65536) == {number: every[number - 1] for number in near}


def test_secrets_are_taken_out_of_what_is_kept(in_pieces: Read) -> None:
    text = "2026-02-12 06:20:10.000 [ERROR][9] felix/a.go 1: password=hunter2\n" * 40
    clean = lambda data: data.replace(b"hunter2", b"*")  # noqa: E731
    found = in_pieces(text.encode(), clean=clean)
    assert {row.message for row in found.parsed.log_lines} == {"password=*"}
    assert "hunter2" not in repr(found)
    quoted = found.quotes.readable(range(1, 41), 65536, clean)
    assert len(quoted) > 5 and "hunter2" not in repr(quoted)


def logs_of(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.glob("*/bundle/**/*")) if folder.is_dir() else ():
        opening = opening_of(path.read_bytes(), str(path)) if path.is_file() else None
        if opening is not None and opening.plain:
            yield path


@pytest.mark.parametrize("folder", [ROOT / "sample_bundles", pytest.param(SHARED, marks=pytest.mark.shared)], ids=str)
def test_the_logs_of_incidents_are_read_alike(folder: Path, in_pieces: Read, as_a_whole: Whole) -> None:
    if not folder.is_dir():
        pytest.skip("the reference material is not beside the checkout")
    read = 0
    for path in logs_of(folder):
        data, source = path.read_bytes(), Source(str(path))
        try:
            found = in_pieces(data, source=source)
        except NotOneLogError:
            continue
        if found.ended:
            continue
        read += 1
        assert told(found.parsed) == told(as_a_whole(data, source)), path
        assert found.lines == decode(data)[0].count("\n") + (not data.endswith(b"\n")), path
    assert read > 5


def test_of_what_a_log_is_read_with_nothing_stays(in_pieces: Read) -> None:
    """Cycles would keep some megabytes of each log until Python looks for them, which it hardly ever does here."""
    gc.collect()
    gc.disable()
    try:
        found = in_pieces(log(1, 3000))
        names = {type(item).__name__ for item in gc.get_objects()}
    finally:
        gc.enable()
    assert found.parsed.log_lines
    assert not names & {"_LogReader", "Sieve", "Shapes", "NativeScan", "ArrowScan", "Groups", "_LogParser", "_Stream"}
