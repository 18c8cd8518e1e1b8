"""Both ways of telling shapes and groups give the same; the one in C is tried where it was compiled."""

from __future__ import annotations

import builtins
import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.log_stream import blocks, scan, shapes
from analyzer.log_stream.arrow_scan import ArrowScan
from analyzer.log_stream.block_cutter import BlockCutter
from analyzer.log_stream.blocks import PAD, Block
from analyzer.log_stream.file_cutter import FileCutter
from analyzer.log_stream.lines import Cutter
from analyzer.log_stream.reader import ReadLog, read_log
from analyzer.log_stream.shapes import Shapes
from parsers.message_match import MessageMatcher
from parsers.source import Source

Read = Callable[..., ReadLog]
needs_c = pytest.mark.skipif("not __import__('importlib.util').util.find_spec('analyzer.log_stream._scan')")
FORMS = (
    "2026-02-12 06:20:{n:02d}.{m:03d} [INFO][60] felix/summary.go 100: Summarising {m} dataplane reconciliation loops over "
    "1m{n}.{n}s: avg={m}ms longest={q}ms (resync-nat-v4)",
    "2026-02-12 06:20:{n:02d}.{m:03d} [ERROR][60] felix/watchercache.go 175: Failed to list error=Get "
    '"https://172.20.0.1:{port}/api/v1/pods?resourceVersion={q}": dial tcp 172.20.0.1:{port}: i/o timeout',
    "2026-02-12 06:20:{n:02d}.{m:03d} [WARNING][{n}] felix/x.go 5: {word} lost 10.0.0.{n}",
    "2026-02-12 06:20:{n:02d}.{m:03d} [ERROR][60] felix/y.go 6: several lines\n  {word} {m}\n  end",
    "bird: Mesh_10_0_0_{n}: State changed to down",
    "2026-02-12 06:20:{n:02d}.{m:03d} [INFO][9] startup/startup.go 445: Early log level set to info",
)


def log(seed: int, count: int = 3000) -> bytes:
    rand = random.Random(seed)
    words = ["".join(rand.choices("bcdfgh", k=6)) for _ in range(40)]
    return "".join(
        rand.choices(FORMS, [20, 20, 20, 3, 5, 0.02])[0].format(
            n=rand.randrange(60),
            m=rand.randrange(1000),
            q=rand.randrange(10 ** rand.randrange(1, 9)),
            port=rand.choice([2040, 2379, 443, 8080]),
            word=rand.choice(words),
        )
        + "\n"
        for _ in range(count)
    ).encode()


def everything(found: ReadLog) -> dict[str, Any]:
    return {name: getattr(found, name) for name in ("parsed", "lines", "digest", "quotes", "problems", "encoding")}


@needs_c
@pytest.mark.parametrize("seed", range(6))
def test_a_log_is_read_alike(seed: int, in_pieces: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "STRETCH", 40_000)
    monkeypatch.setattr(shapes, "MOST_GROUPS", 20 + 40 * (seed % 2))
    data = log(seed)
    made: list[str] = []
    new_scan = scan.new_scan

    def spy(known: Shapes) -> scan.Scan:
        made.append(type(found := new_scan(known)).__name__)
        return found

    monkeypatch.setattr("analyzer.log_stream.reader.new_scan", spy)
    in_c = in_pieces(data)
    monkeypatch.setattr("analyzer.log_stream.reader.new_scan", lambda known: ArrowScan(known))
    assert everything(in_pieces(data)) == everything(in_c)
    assert made == ["NativeScan"]
    assert len(in_c.parsed.log_lines) > 20


@needs_c
def test_lines_of_several_months_are_counted_alike(in_pieces: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "STRETCH", 40_000)
    texts = log(3, 3000).split(b"\n")
    data = b"\n".join(
        line.replace(b"2026-02", b"2026-%02d" % (number // 70 % 12 + 1)) for number, line in enumerate(texts)
    )
    in_c = in_pieces(data)
    monkeypatch.setattr("analyzer.log_stream.reader.new_scan", ArrowScan)
    assert in_pieces(data).parsed.log_volume == in_c.parsed.log_volume
    counted = Counter(line[5:7] for line in data.split(b"\n") if line.startswith(b"2026-"))
    found: Counter[bytes] = Counter()
    for row in in_c.parsed.log_volume:
        assert row.bucket is not None
        found[b"%02d" % row.bucket.month] += row.lines
    assert len(counted) == 12
    assert found.total() == counted.total()


def messy(seed: int) -> bytes:
    """A log with empty, long and broken lines, traces, and bytes that are no UTF-8."""
    rand = random.Random(seed)
    found = log(seed, 600).split(b"\n")
    changes: tuple[Callable[[bytes], bytes], ...] = (
        lambda line: b"",
        lambda line: line + b"\r",
        lambda line: line + b" \xff\xfe",
        lambda line: line[: rand.randrange(len(line) + 1)],
        lambda line: b"x" * rand.randrange(100, 60_000),
        lambda line: b"panic: runtime error" + b"\n  frame" * rand.randrange(900),
        lambda line: line.replace(b"felix/x.go", "felix/\u00fc.go".encode()),
    )
    for _ in range(60):
        place = rand.randrange(len(found))
        found[place] = rand.choice(changes)(found[place])
    return b"\n".join(found)


@needs_c
@pytest.mark.parametrize("seed", range(6))
def test_a_messy_log_is_read_alike_in_any_way(
    seed: int,
    matcher: MessageMatcher,
    blocks_of: Callable[[Iterable[bytes]], Iterator[Block]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(blocks, "STRETCH", (3_000, 9_000, 40_000)[seed % 3])
    data = messy(seed)
    here = Source("a.log", container="calico-node")
    found: list[dict[str, Any]] = []
    for new_scan in (scan.new_scan, ArrowScan):
        monkeypatch.setattr("analyzer.log_stream.reader.new_scan", new_scan)
        pieces = (data[at : at + 7_000] for at in range(0, len(data), 7_000))
        ways = (
            Cutter(iter([data]), 65_536),
            BlockCutter(blocks_of(pieces), 65_536),
            FileCutter(lambda place, size: data[place : place + size], 65_536),
        )
        found.extend(everything(read_log(way, here, matcher, 65_536)) for way in ways)
    in_order, in_blocks, anywhere, *_ = digests = [one.pop("digest") for one in found]
    assert digests == 2 * [in_order, in_blocks, anywhere] and in_order == in_blocks
    assert in_order.endswith(anywhere)  # what reads a file from any place on looks at its bytes itself
    assert all(one == found[0] for one in found)
    assert found[0]["lines"] == data.count(b"\n") + (not data.endswith(b"\n"))


def test_without_the_compiled_part_it_is_done_otherwise(monkeypatch: pytest.MonkeyPatch, in_pieces: Read) -> None:
    real = builtins.__import__

    def missing(name: str, *more: Any, **keywords: Any) -> Any:
        if name.endswith("native_scan"):
            raise ImportError(name)
        return real(name, *more, **keywords)

    monkeypatch.delitem(sys.modules, "analyzer.log_stream.native_scan", raising=False)
    monkeypatch.setattr(builtins, "__import__", missing)
    assert type(scan.new_scan(Shapes(lambda raw: pytest.fail("not asked"), MessageMatcher(())))).__name__ == "ArrowScan"


@needs_c
def test_an_old_build_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    from analyzer.log_stream import _scan

    monkeypatch.setattr(_scan, "FORM", 1)
    monkeypatch.delitem(sys.modules, "analyzer.log_stream.native_scan", raising=False)
    assert type(scan.new_scan(Shapes(lambda raw: pytest.fail("not asked"), MessageMatcher(())))).__name__ == "ArrowScan"


short = st.text("0123456789ab \x00\xff", max_size=40).map(lambda text: text.encode("latin-1"))
long = st.builds(lambda text, times, end: text * times + end, short, st.integers(1, 2000), short)


def ways() -> range:
    """The ways in which this processor can find lines; the number of the slowest is 0."""
    from analyzer.log_stream import _scan

    return range(_scan.WAYS)


@needs_c
@settings(max_examples=300)
@given(st.lists(st.one_of(short, short, short, long), max_size=120))
def test_shapes_are_lines_without_digits(texts: list[bytes]) -> None:
    from analyzer.log_stream import _scan

    data = b"".join(text + b"\n" for text in texts)
    room = len(texts)
    starts, ends, shape, places = (np.empty(room, np.int64) for _ in range(4))
    number = np.empty(room, np.uint64)
    table = _scan.Table(7)
    unusual = not data.isascii() or b"\0" in data
    for way in ways():
        slower = number.copy()
        assert _scan.lines(9, data + PAD, len(data), starts, ends, number, way) == (room, unusual)
        assert not way or slower.tolist() == number.tolist()
    assert [data[begin:end] for begin, end in zip(starts, ends, strict=True)] == texts
    bare = [re.sub(rb"[0-9]", b"", text) for text in texts]
    assert len(set(zip(bare, number.tolist(), strict=True))) == len(set(bare)) == len(set(number.tolist()))
    if texts:
        table.set(int(number[0]), 5)
        unknown = [place for place, other in enumerate(bare) if other != bare[0]]
        assert _scan.look_up(table, number, shape, places) == len(unknown)
        assert places[: len(unknown)].tolist() == unknown
        assert shape.tolist() == [5 if other == bare[0] else -1 for other in bare]
        assert room == 1 or _scan.lines(9, data + PAD, len(data), starts[:1], ends, number)[0] == -1


@needs_c
@pytest.mark.parametrize("size", [*range(8150, 8230), 8192 * 2, 8192 * 3 + 5, 100_000])
def test_long_lines_that_differ_at_one_place_have_different_shapes(size: int) -> None:
    from analyzer.log_stream import _scan

    line = bytes(b"abcdefgh"[at % 8] for at in range(size))
    others = [
        line[:at] + b"-" + line[at + 1 :] for at in sorted({0, 1, size // 2, 8190, size - 2, size - 1}) if at < size
    ]
    texts = [b"x" * 7000, line, line[:-1], *others, b"1" * 9000 + line, line + b"2" * 9000, b"", b"y"]
    data = b"".join(text + b"\n" for text in texts)
    starts, ends = np.empty(len(texts), np.int64), np.empty(len(texts), np.int64)
    number = np.empty(len(texts), np.uint64)
    found = []
    for way in ways():
        assert _scan.lines(3, data + PAD, len(data), starts, ends, number, way) == (len(texts), False)
        found.append((starts.tolist(), ends.tolist(), number.tolist()))
    assert found == found[:1] * len(found)
    assert number[1] == number[-4] == number[-3]
    assert len(set(number.tolist())) == len(texts) - 2


@needs_c
@given(st.lists(st.one_of(st.integers(0, 5), st.integers(0, 2**64 - 1))))
def test_numbers_that_differ_are_numbered_in_their_order(numbers: list[int]) -> None:
    from analyzer.log_stream import _scan

    first, which = np.full(len(numbers), -1), np.full(len(numbers), -1)
    order = list(dict.fromkeys(numbers))
    assert _scan.distinct(3, np.array(numbers, np.uint64), first, which) == len(order)
    assert first[: len(order)].tolist() == [numbers.index(number) for number in order]
    assert which.tolist() == [order.index(number) for number in numbers]


@needs_c
def test_what_does_not_fit_is_refused() -> None:
    from analyzer.log_stream import _scan

    table, few, many = _scan.Table(1), np.zeros(1, np.int64), np.zeros(9, np.int64)
    for data, end in ((b"abc\n", 4), (b"abc" + PAD, 3), (b"", 5)):
        with pytest.raises(ValueError):
            _scan.lines(1, data, end, many, many.copy(), many.copy())
    with pytest.raises(ValueError):
        _scan.lines(1, b"a\nb\n" + PAD, 4, many, few, few.copy())
    with pytest.raises(ValueError):
        _scan.look_up(table, many, few, many.copy())
    with pytest.raises(ValueError):
        _scan.look_up(table, many, many.copy(), few)
    with pytest.raises(ValueError):
        _scan.distinct(1, many, many.copy(), few)
    for group in (few - 1, few + 1):
        with pytest.raises(ValueError):
            _scan.count(group, 0, few.copy(), few.copy(), few.copy())
    flags, outside = np.zeros(1, bool), np.full(1, 10**6)
    for starts, ends, shape in ((outside, outside, few), (few, few, outside), (few - 1, few, few), (few + 1, few, few)):
        with pytest.raises(ValueError):
            _scan.groups(
                table, b"a\n" + PAD, starts, ends, shape, few.copy(), few.copy(), few.copy(), few.copy(), few, few, few, few, few,
                flags, few - 1, few, b"", few.copy(), few, flags, few.copy(), 0, 0, None,
            )  # fmt: skip


@needs_c
def test_a_table_grows_and_forgets() -> None:
    from analyzer.log_stream import _scan

    table = _scan.Table(3)
    for key in range(5000):
        table.set(key, 2 * key)
    table.set(17, 1)
    assert len(table) == 5000
    table.clear()
    assert len(table) == 0
    numbers, places, unknown = np.arange(1, 9, dtype=np.uint64), np.empty(8, np.int64), np.empty(8, np.int64)
    table.set_all(numbers, np.arange(8) * 3, 6)  # no more than six
    assert len(table) == 6 and _scan.look_up(table, numbers, places, unknown) == 2
    assert places.tolist() == [0, 3, 6, 9, 12, 15, -1, -1]
    table.set_all(numbers, np.arange(8), 6)  # it is full
    assert _scan.look_up(table, numbers, places, unknown) == 2 and places[1] == 3
    with pytest.raises(ValueError, match="too short"):
        table.set_all(numbers, places[:7], 100)
