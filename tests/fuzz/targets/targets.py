"""What is fuzzed: opening bundles, every parser, redaction, and the whole way; each target takes bytes and must not raise.

``python tests/fuzz/targets/targets.py [TARGET ...]`` fuzzes each of them for FUZZ_SECONDS (1800 if not set); ``make fuzz`` does that.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(HERE.parent / "archives"), str(HERE.parent / "hostile")]

from seeds import SEEDS  # noqa: E402
from texts_of_harm import HEADS, STUFFING, TEXTS_WITH_FIELDS  # noqa: E402

from analyzer.bundle import BundleError, Limits, open_bundle  # noqa: E402
from analyzer.log_stream.arrow_scan import ArrowScan  # noqa: E402
from analyzer.log_stream.kind import NotOneLogError  # noqa: E402
from analyzer.log_stream.lines import Cutter  # noqa: E402
from analyzer.log_stream.reader import read_log  # noqa: E402
from analyzer.log_stream.scan import new_scan  # noqa: E402
from analyzer.pipeline import Analyzer  # noqa: E402
from analyzer.redaction import Redaction  # noqa: E402
from analyzer.redaction.secrets import Secrets  # noqa: E402
from analyzer.text_kinds import PARSERS, read_text  # noqa: E402
from parsers.decode import decode  # noqa: E402
from parsers.recognize import recognize  # noqa: E402
from parsers.session import split_session  # noqa: E402
from parsers.source import Source  # noqa: E402

SMALL = Limits(bytes=20_000_000, members=500, seconds=10)
HANG = 20  # seconds that an input of some kilobytes may take at the most, on a busy machine
_SLOW_SEEDS = {"gzip_bomb", "log_bomb", "nested_bomb", "many_members", "long_line", "long_names"}


@cache
def analyzer() -> Analyzer:
    """One catalogue for all targets."""
    return Analyzer(limits=SMALL, redaction=Redaction("secrets"))


def open_archive(data: bytes) -> None:
    """Open as a bundle whatever the bytes are."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "bundle")
        path.write_bytes(data)
        try:
            for member in open_bundle([path], SMALL, lambda file, what: None):
                assert ".." not in member.path.split("/") and not member.path.startswith("/")
        except BundleError as error:
            assert "\n" not in str(error)
        assert [item.name for item in Path(folder).iterdir()] == ["bundle"]


def whole_way(data: bytes) -> None:
    """From one file to the report."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "calico-node.txt")
        path.write_bytes(data)
        try:
            report = analyzer().analyze([path])
        except BundleError:
            return
        assert not [item.what for item in report.warnings if "defect" in item.what or "cross-check" in item.what]


def recognition(data: bytes) -> None:
    """Tell what a text is, and split it into outputs of commands."""
    text = decode(data)[0]
    recognize(text, "file.txt")
    for part in split_session(text):
        recognize(part.text, "file.txt")


def redaction(data: bytes) -> None:
    """A second pass finds nothing that the first one left."""
    once = Secrets().redact(data)
    assert once.count(b"\n") == data.count(b"\n")
    assert Secrets().redact(once) == once


def parser(kind: str) -> Callable[[bytes], None]:
    """The parser of one kind of text."""

    def parse(data: bytes) -> None:
        text = decode(data)[0]
        last = text.count("\n") + 1
        parsed = read_text(kind, text, Source("file.txt", 1), analyzer().match)
        for table in ("events", "pods", "nodes", "containers", "log_lines", "bgp", "settings", "readiness"):
            for row in getattr(parsed, table):
                assert 1 <= row.line <= last, (table, row.line, last)

    return parse


def large_log(data: bytes) -> None:
    """A log in pieces comes out the same from the scanner in C as from the other one, and in pieces of another size."""
    text = data * 3
    results = [_in_pieces(text, size, scan) for size, scan in ((700, new_scan), (700, ArrowScan), (4096, new_scan))]
    assert results[0] == results[1]
    assert (results[0] is None) == (results[2] is None)


def _in_pieces(data: bytes, size: int, scan: Callable[[Any], Any]) -> Any:
    pieces = (data[at : at + size] for at in range(0, len(data), size))
    with patch("analyzer.log_stream.reader.new_scan", scan):
        try:
            found = read_log(
                Cutter(pieces, 65_536), Source("a.log", container="calico-node"), analyzer().matcher, 65_536
            )
        except NotOneLogError:
            return None
    rows = [
        asdict(row) for table in ("log_lines", "bgp", "readiness", "settings") for row in getattr(found.parsed, table)
    ]
    return found.lines, found.bytes, found.digest, found.quotes, found.problems, rows


KINDS = ("log", "kubelet-journal", "unknown", *PARSERS)
TARGETS: dict[str, Callable[[bytes], None]] = {
    "open_archive": open_archive,
    "recognition": recognition,
    "redaction": redaction,
    "whole_way": whole_way,
    "large_log": large_log,
    **{f"parse_{kind}".replace("-", "_"): parser(kind) for kind in KINDS},
}


@cache
def seed_texts() -> tuple[bytes, ...]:
    """The texts of the samples, cut to some kilobytes, and the heads that each parser knows its input by."""
    files = sorted((ROOT / "sample_bundles").glob("*/bundle/*"))
    texts = [path.read_bytes()[:3000] for path in files if path.is_file()]
    heads = [(head + "Applying dataplane updates\n").encode() * 5 for head in HEADS.values()]
    return (*texts, *heads, *(text.encode() for text in TEXTS_WITH_FIELDS.values()))


@cache
def seed_archives() -> tuple[bytes, ...]:
    """The archives made to harm that are small enough to be opened some hundred times."""
    return tuple(maker() for name, maker in SEEDS.items() if name not in _SLOW_SEEDS)


def mutated(seed: bytes, numbers: random.Random) -> bytes:
    """A seed with bytes changed, parts left out, doubled or moved, and words put in that patterns look for."""
    data = bytearray(seed)
    for _ in range(numbers.choice((0, 1, 2, 5, 20))):
        at = numbers.randrange(len(data) + 1)
        size = numbers.choice((1, 4, 40, 400))
        match numbers.randrange(6):
            case 0:
                data[at : at + 1] = bytes([numbers.randrange(256)])
            case 1:
                del data[at : at + size]
            case 2:
                data[at:at] = data[at : at + size] * numbers.choice((1, 2, 30))
            case 3:
                data[at:at] = numbers.choice(STUFFING).encode() * numbers.choice((1, 3, 300))
            case 4:
                data[at:at] = numbers.choice(
                    (b"\0", b"\xff", b"\r\n", b"\n", b"\xe2\x80\xae", b"9" * 30, b"-1", b"\xed\xa0\x80")
                )
            case _:
                other = numbers.randrange(len(data) + 1)
                data[at:at] = data[other : other + size]
    return bytes(data[:60_000])


def inputs(target: str) -> st.SearchStrategy[bytes]:
    """Mutated seeds mostly, and bytes of any kind."""
    seeds = seed_archives() if target == "open_archive" else seed_texts()
    return st.builds(mutated, st.sampled_from(seeds), st.randoms(use_true_random=False)) | st.binary(max_size=2000)


class HangError(AssertionError):
    """An input took too long."""


@contextmanager
def watched(seconds: int) -> Iterator[None]:
    """Turn what hangs into a failure, where there are alarms."""

    def hangs(*_: object) -> None:
        raise HangError(f"longer than {seconds} s")

    if not hasattr(signal, "SIGALRM"):
        yield
        return
    before = signal.signal(signal.SIGALRM, hangs)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def fuzz(target: str, examples: int, derandomize: bool = False) -> None:
    """Run so many examples of a target; hypothesis shrinks what fails and raises it."""
    work = TARGETS[target]
    analyzer()

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=derandomize,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(inputs(target))
    def run(data: bytes) -> None:
        with watched(HANG):
            work(data)

    run()


def main(wanted: list[str]) -> int:
    """Fuzz each target for its time; what fails is written to build/fuzz and told at the end."""
    seconds = float(os.environ.get("FUZZ_SECONDS", "1800"))
    failed = 0
    for target in wanted or list(TARGETS):
        begun, rounds = time.monotonic(), 0
        while time.monotonic() - begun < seconds:
            try:
                fuzz(target, 200)
            except Exception as error:
                failed += 1
                folder = ROOT / "build" / "fuzz"
                folder.mkdir(parents=True, exist_ok=True)
                notes = "\n".join(getattr(error, "__notes__", []))
                (folder / f"{target}-{failed}.txt").write_text(
                    f"{type(error).__name__}: {error}\n{notes}\n", encoding="utf-8"
                )
                print(f"{target}: FAILED: {type(error).__name__}: {str(error)[:200]}\n{notes[:600]}", flush=True)
                break
            rounds += 1
        print(f"{target}: {200 * rounds} inputs in {time.monotonic() - begun:.0f} s", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
