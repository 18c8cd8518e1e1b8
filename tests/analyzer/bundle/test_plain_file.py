"""A file read from any place on: what is read twice counts once."""

from __future__ import annotations

from pathlib import Path

import pytest
from xxhash import xxh3_128

from analyzer.bundle import Limits
from analyzer.bundle.fingerprint import Digests, Noted
from analyzer.bundle.limits import Budget
from analyzer.bundle.plain_file import PlainFile

DATA = bytes(range(256)) * 40


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "a.log").write_bytes(DATA)
    return tmp_path / "a.log"


def test_bytes_count_once_and_the_digest_is_noted(path: Path) -> None:
    budget, digests = Budget(Limits()), Digests()
    noted = Noted(path, len(DATA), digests)
    with path.open("rb") as stream:
        first = stream.read(1000)
        noted.take(first)
        plain = PlainFile(stream, len(DATA), budget, noted, len(first), [])
        assert plain.read_at(0, 3000) == DATA[:3000]
        assert plain.read_at(2500, 5000) == DATA[2500:7500]
        assert digests == {}
        assert plain.read_at(7000, 9000) == DATA[7000:]
        assert plain.read_at(len(DATA), 10) == b""
        assert stream.read(10) == DATA[1000:1010]  # its own position stays
    assert (budget.used_bytes, plain.seen) == (len(DATA) - 1000, len(DATA))
    assert digests == {path: (len(DATA), xxh3_128(DATA).digest())}


def test_what_is_read_again_in_order_counts_once(path: Path) -> None:
    budget = Budget(Limits())
    with path.open("rb") as stream:
        plain = PlainFile(stream, len(DATA), budget, None, 100, [])
        plain.read_at(0, 5000)
        assert budget.used_bytes == 4900
        plain.take_back()
    assert (budget.used_bytes, plain.seen) == (0, 100)


def test_a_file_of_which_a_part_was_left_out_has_no_digest(path: Path) -> None:
    digests = Digests()
    with path.open("rb") as stream:
        plain = PlainFile(stream, len(DATA), Budget(Limits()), Noted(path, len(DATA), digests), 0, [])
        assert plain.read_at(500, 20_000) == DATA[500:]
    assert digests == {}


def test_behind_a_limit_there_is_nothing(path: Path) -> None:
    problems: list[str] = []
    budget = Budget(Limits(bytes=5000))
    budget.packed_bytes = len(DATA)
    with path.open("rb") as stream:
        plain = PlainFile(stream, len(DATA), budget, None, 0, problems)
        assert plain.read_at(0, 4000) == DATA[:4000]
        assert plain.read_at(3900, 4000) == DATA[3900:7900]
        assert plain.read_at(7000, 4000) == b""
    assert problems == ["limit reached: more than 5000 bytes unpacked (--limit-bytes); cut"]


def test_an_error_while_reading_is_the_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*words: object) -> bytes:
        raise OSError("bad sector")

    monkeypatch.setattr("os.pread", broken)
    problems: list[str] = []
    with path.open("rb") as stream:
        plain = PlainFile(stream, len(DATA), Budget(Limits()), None, 50, problems)
        assert plain.read_at(50, 100) == plain.read_at(50, 100) == b""
    assert problems == ["truncated: 50 of 10240 bytes are there"]
