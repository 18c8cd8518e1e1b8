"""Every seed, whole and mutated, is opened in bounded time and memory, and what is good in it is read."""

from __future__ import annotations

import random
import resource
import time
from pathlib import Path

import pytest
from seeds import LINE, SEEDS

from analyzer.bundle import BundleError, Limits, open_bundle

LIMITS = Limits(bytes=150_000_000, members=20_000, seconds=30)
#: seeds too slow to make or open for a hundred mutations
LARGE = {"gzip_bomb", "log_bomb", "nested_bomb", "many_members", "long_line", "long_names"}


@pytest.fixture(scope="module")
def made() -> dict[str, bytes]:
    return {name: maker() for name, maker in SEEDS.items()}


def opened(data: bytes, path: Path) -> tuple[dict[str, bytes], list[str]]:
    path.write_bytes(data)
    warnings: list[str] = []
    found = {}
    begin = time.monotonic()
    for member in open_bundle([path], LIMITS, lambda file, what: warnings.append(f"{file}: {what}")):
        found[member.path] = member.data
        assert not member.path.startswith("/") and not {"..", "."} & set(member.path.split("/"))
    assert time.monotonic() - begin < 20
    assert sum(map(len, found.values())) < 2 * LIMITS.bytes
    assert len(warnings) < 100
    return found, warnings


@pytest.mark.parametrize("name", SEEDS)
def test_seeds(name: str, made: dict[str, bytes], tmp_path: Path) -> None:
    try:
        opened(made[name], tmp_path / name)
    except BundleError as error:
        assert name == "locked_zip" and "\n" not in str(error)
    assert [path.name for path in tmp_path.iterdir()] == [name]  # nothing was written


GOOD = {
    "links": "good.log", "devices": "good.log", "negative_size": "good.log", "endless_pax": "good.log",
    "sparse": "good.log", "long_line": "good.log", "false_directory": "a.log", "misleading": "in-tar.log",
}  # fmt: skip


@pytest.mark.parametrize(("name", "path"), GOOD.items())
def test_what_is_good_beside_the_bad_is_read(name: str, path: str, made: dict[str, bytes], tmp_path: Path) -> None:
    found, _ = opened(made[name], tmp_path / name)
    assert found[path] == LINE


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("links", "not read: 3 of kind link (dir, self, hard)"),
        ("devices", "not read: 2 of kind device (zero, sda)"),
        ("negative_size", "bytes without a header were skipped"),
        ("huge_size", "truncated: "),
        ("truncated_tgz", "cut off after "),
        ("gzip_bomb", "--limit-ratio"),
        ("nested_bomb", "--limit-"),
        ("many_layers", "--limit-depth"),
        ("quine_like", "--limit-depth"),
        ("overlapping_zip", "entries overlap"),
        ("many_members", "--limit-members"),
        ("noise", "damaged after"),
    ],
)
def test_what_was_not_read_is_told(name: str, words: str, made: dict[str, bytes], tmp_path: Path) -> None:
    _, warnings = opened(made[name], tmp_path / name)
    assert any(words in warning for warning in warnings), warnings


def test_a_cut_tgz_gives_its_whole_members_and_the_last_in_part(made: dict[str, bytes], tmp_path: Path) -> None:
    found, warnings = opened(made["truncated_tgz"], tmp_path / "t.tgz")
    assert found["0.log"].count(b"\n") == 2000
    last = list(found)[-1]
    assert last != "0.log" and 0 < found[last].count(b"\n") < 2000
    assert any(warning.startswith(f"{last}: truncated") for warning in warnings)


@pytest.mark.parametrize("name", sorted(set(SEEDS) - LARGE))
def test_mutations(name: str, made: dict[str, bytes], tmp_path: Path) -> None:
    numbers = random.Random(name)
    for _ in range(60):
        data = bytearray(made[name])
        for _ in range(numbers.choice((1, 3, 20))):
            place = numbers.randrange(len(data))
            how = numbers.random()
            if how < 0.6:
                data[place] = numbers.randrange(256)
            elif how < 0.8:
                del data[place : place + numbers.randrange(600)]
            else:
                data[place:place] = numbers.randbytes(numbers.randrange(600))
            if not data:
                data = bytearray(b"\0")
        try:
            opened(bytes(data), tmp_path / name)
        except BundleError as error:
            assert "\n" not in str(error)


def test_memory_stays_small(made: dict[str, bytes], tmp_path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name in ("many_layers", "overlapping_zip", "huge_size", "false_directory", "long_names"):
        opened(made[name], tmp_path / name)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kB
