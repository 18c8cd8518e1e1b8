"""Whole commands side by side: calico-triage, and public tools that only look for the same texts.

    python benchmarks/bench.py                     # 10 MB to 1 GB, a few minutes
    python benchmarks/bench.py --sizes 1GB,10GB    # needs 12 GB of room

Runs alternate, so that a busy machine hits all of them alike; medians count. Each command runs on one processor, unless
its name says otherwise. The tools look for the literal texts of the message catalogue, without regard to case; they
give a number of lines and nothing else.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from make_bundle import make, size_of

TRIAGE = [str(Path(sys.executable).with_name("calico-triage")), "analyze", "--quiet"]
PLAIN_LOOP = """
import sys
texts = [line.rstrip("\\n") for line in open(sys.argv[1], encoding="utf-8")]
found = 0
for line in open(sys.argv[2], encoding="utf-8", errors="replace"):
    line = line.lower()
    found += any(text in line for text in texts)
print(found)
"""
SEARCHKIT = """
import re, sys
from searchkit import FileSearcher, SearchDef
searcher = FileSearcher(max_parallel_tasks=1)
for number, text in enumerate(open(sys.argv[1], encoding="utf-8")):
    searcher.add(SearchDef("(?i)" + re.escape(text.rstrip("\\n")), tag=str(number)), path=sys.argv[2])
print(len(searcher.run()))
"""
#: bytes of the sample that slow tools get
SLOW_SAMPLE = 2_000_000


@dataclass
class Command:
    """A command to be measured; ``share`` is the part of the input that it gets."""

    name: str
    run: Sequence[str] | str
    processors: int = 1
    share: float = 1.0
    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Seconds for the whole input."""
        return statistics.median(self.seconds) / self.share

    def measure(self) -> None:
        """Run it once."""
        available = sorted(os.sched_getaffinity(0))[: self.processors]
        begin = time.perf_counter()
        process = subprocess.run(
            ["bash", "-c", self.run] if isinstance(self.run, str) else self.run,
            capture_output=True,
            preexec_fn=lambda: os.sched_setaffinity(0, available),
            check=False,
        )
        self.seconds.append(time.perf_counter() - begin)
        if process.returncode not in (0, 3):
            sys.exit(f"{self.name}: {process.stderr.decode(errors='replace')[-500:]}")


def patterns(folder: Path) -> Path:
    """The literal texts of the message catalogue, one a line."""
    from analyzer.catalogue import load
    from analyzer.message_index import build_matcher

    path = folder / "patterns.txt"
    path.write_text("\n".join(sorted(build_matcher(load(())).texts())) + "\n", encoding="utf-8")
    return path


def expressions(folder: Path) -> Path:
    """The literal patterns of the message catalogue as regular expressions, one a line."""
    from analyzer.catalogue import load
    from parsers.message_pattern import templates_of

    path = folder / "expressions.txt"
    patterns = (pattern for message in load(()).messages.values() for pattern in message.pattern)
    templates = (template for pattern in patterns for template in templates_of(pattern, False))
    found = (".*".join(re.sub(r"[.^$*+?{}()\[\]|\\]", r"\\\g<0>", text) for text in one.pieces) for one in templates)
    path.write_text("\n".join(sorted(set(found) - {""})) + "\n", encoding="utf-8")
    return path


def memory_of(command: Sequence[str]) -> float:
    """Peak memory of a command, in MB, measured alone."""
    code = (
        "import resource,subprocess,sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    run = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True, check=True)
    return int(run.stdout) / 1024


def compare(commands: list[Command], runs: int) -> None:
    """Run all commands in turn, several times."""
    for number in range(runs + 1):
        for command in commands:
            if number == 0 and command.share < 1:
                continue  # the first round only warms the page cache
            command.measure()
    for command in commands:
        command.seconds = command.seconds[-runs:]


def table(title: str, commands: list[Command], size: int, base: Command) -> None:
    """Print medians and ratios."""
    print(f"\n### {title}\n\n| command | seconds | MB/s | x {base.name} |\n|---|---:|---:|---:|")
    for command in commands:
        rate = size / command.median / 1e6
        ratio = base.median / command.median
        note = f" (of {command.share:.1%} of the input)" if command.share < 1 else ""
        print(f"| {command.name}{note} | {command.median:.2f} | {rate:.0f} | {ratio:.2f} |")


def triage(path: Path, jobs: int = 1) -> list[str]:
    """The whole command, with a report."""
    return [*TRIAGE, str(path), "--jobs", str(jobs), "-o", str(path.parent / "report.html")]


def side_by_side(folder: Path, size: int, runs: int) -> None:
    """A packed bundle, and the same as a folder, against public tools."""
    packed, unpacked = folder / "bundle.tgz", folder / "bundle"
    make(packed, size)
    with tarfile.open(packed) as archive:
        archive.extractall(unpacked, filter="data")
    texts = patterns(folder)
    sample = folder / "sample.log"
    log = max(unpacked.glob("logs/*"), key=lambda path: path.stat().st_size)
    sample.write_bytes(log.read_bytes()[:SLOW_SAMPLE].rpartition(b"\n")[0] + b"\n")
    cores = len(os.sched_getaffinity(0))
    rg = f"rg -c --no-mmap -j1 -i -F -f {texts}"
    ours = Command("calico-triage, .tgz", triage(packed))
    commands = [ours]
    if cores > 1:
        commands.append(Command("calico-triage --jobs 2, .tgz", triage(packed, 2), 2))
    base = ours
    if shutil.which("rg"):
        base = Command("R1", f"gzip -dc {packed} | {rg}")
        commands += [base, Command("tar -xzO, rg", f"tar -xzOf {packed} | {rg}")]
    compare(commands, runs)
    table(f"{size / 1e6:.0f} MB as .tgz ({packed.stat().st_size / 1e6:.0f} MB packed)", commands, size, base)
    packed.unlink()
    ours = Command("calico-triage, folder", triage(unpacked))
    commands, base = [ours], ours
    if cores > 1:
        commands.append(Command("calico-triage --jobs 2, folder", triage(unpacked, 2), 2))
    if shutil.which("rg"):
        base = Command("rg -c -F -f texts", f"rg -c -j1 -i -F -f {texts} {unpacked}")
        commands += [base, Command("rg -c -f expressions", f"rg -c -j1 -i -f {expressions(folder)} {unpacked}")]
    share = sample.stat().st_size / size
    commands.append(Command("plain Python loop", [sys.executable, "-c", PLAIN_LOOP, str(texts), str(sample)], 1, share))
    try:
        import searchkit  # noqa: F401

        commands.append(Command("searchkit", [sys.executable, "-c", SEARCHKIT, str(texts), str(sample)], 1, share))
    except ImportError:
        print("searchkit is not installed: pip install searchkit", file=sys.stderr)
    compare(commands, runs)
    table(f"{size / 1e6:.0f} MB as a folder", commands, size, base)
    shutil.rmtree(unpacked)


def growth(folder: Path, sizes: list[int], runs: int) -> None:
    """Time and memory by size."""
    print("\n### Growth (.tgz, one processor)\n\n| logs | seconds | peak memory |\n|---:|---:|---:|")
    points = []
    for size in sizes:
        path = folder / f"{size}.tgz"
        make(path, size)
        command = Command("", triage(path))
        compare([command], runs)
        print(f"| {size / 1e6:.0f} MB | {command.median:.2f} | {memory_of(triage(path)):.0f} MB |", flush=True)
        points.append((size, command.median))
        path.unlink()
    if len(points) > 1:
        (small, first), (large, last) = points[-2], points[-1]
        exponent = math.log(last / first) / math.log(large / small)
        print(f"\nTime grows with the size to the power of {exponent:.2f} between the last two.")


def trouble(folder: Path, size: int, runs: int) -> None:
    """A log in which half of all lines tell of trouble."""
    print("\n### Half of all lines tell of trouble (.tgz, one processor)\n")
    print("| share | seconds | peak memory |\n|---:|---:|---:|")
    for share in (0.01, 0.5):
        path = folder / "trouble.tgz"
        make(path, size, trouble=share)
        command = Command("", triage(path))
        compare([command], runs)
        print(f"| {share:.0%} | {command.median:.2f} | {memory_of(triage(path)):.0f} MB |", flush=True)
        path.unlink()


def machine() -> str:
    """Where and when this was measured."""
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if "model name" in line
    ]
    processor = names[0] if names else platform.processor()
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {len(os.sched_getaffinity(0))} processors ({processor}), {platform.system()}, "
        f"Python {platform.python_version()}"
    )


def main() -> None:
    """Read the command line, measure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--size", type=size_of, default="1GB", help="of the side-by-side runs (default: 1GB)")
    parser.add_argument("--sizes", default="10MB,100MB,1GB", help="of the growth runs (default: 10MB,100MB,1GB)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each command (default: 3)")
    parser.add_argument("--only", choices=["side-by-side", "growth", "trouble"], help="only one of the parts")
    given = parser.parse_args()
    parts: dict[str, Callable[[Path], None]] = {
        "side-by-side": lambda folder: side_by_side(folder, given.size, given.runs),
        "growth": lambda folder: growth(folder, [size_of(text) for text in given.sizes.split(",")], given.runs),
        "trouble": lambda folder: trouble(folder, given.size, given.runs),
    }
    print(f"Measured {machine()}.")
    with tempfile.TemporaryDirectory() as folder:
        for name, part in parts.items():
            if given.only in (None, name):
                part(Path(folder))


if __name__ == "__main__":
    main()
