"""A backlog of thousands of made-up tickets: whether every one is accounted for, and what it costs.

    python benchmarks/backlog.py make tickets --count 2000      # varied samples, 2 % damaged, 3 that hang or eat memory
    python benchmarks/backlog.py check tickets                  # one run over all; ranks compared with analyze
    python benchmarks/backlog.py kill tickets                   # killed five times, against an undisturbed run
    python benchmarks/backlog.py cost tickets --count 300       # per ticket; 1 and 2 cores; 1, 2 and 4 Dask workers

Wall-clock figures need a machine that does nothing else; CPU seconds and the share of the machine that others took are
printed beside them. docs/scale.md has what was measured.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import os
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
SAMPLES = sorted(path.parent / "bundle" for path in (ROOT / "sample_bundles").glob("*/truth.yaml"))
PROGRAM = "import sys; sys.argv[0] = 'calico-triage'; from analyzer.cli import main; main()"
#: two parts of private addresses, and the random ends of pods' names: what differs from cluster to cluster
ADDRESS = re.compile(rb"\b10\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\b")
START = 16
LIMITS = ("--limit-seconds", "20", "--limit-memory", "512")


def varied(content: bytes, shift: int) -> bytes:
    """Give a file with other addresses, the same ones replaced alike in every file of the ticket."""

    def other(match: re.Match[bytes]) -> bytes:
        return b"10.%d.%d.%d" % ((int(match[1]) + shift) % 250, (int(match[2]) + 7 * shift) % 250, int(match[3]))

    return ADDRESS.sub(other, content)


def ticket(bundle: Path, number: int) -> bytes:
    """Give a sample as a .tgz with other addresses and times of files."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz", compresslevel=6) as archive:
        for path in sorted(path for path in bundle.rglob("*") if path.is_file()):
            packed = path.suffix in (".gz", ".tgz", ".zip")
            content = path.read_bytes() if packed else varied(path.read_bytes(), number // len(SAMPLES))
            member = tarfile.TarInfo(f"ticket-{number}/{path.relative_to(bundle).as_posix()}")
            member.size, member.mtime = len(content), 1_700_000_000 + number
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def make(folder: Path, count: int) -> None:
    """Write the tickets; the same ones each time."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(7)
    for number in range(count - 3):
        content = ticket(SAMPLES[number % len(SAMPLES)], number)
        name = f"t{number:05}.tgz"
        if number % 50 == 49:  # 2 %
            name = f"damaged-{number:05}.tgz"
            cut = chance.randrange(20, len(content))
            content = content[:cut] if number % 100 == 49 else chance.randbytes(cut)
        (folder / name).write_bytes(content)
    bomb = io.BytesIO()
    with gzip.GzipFile(fileobj=bomb, mode="wb", mtime=0) as packed:
        for _ in range(2048):
            packed.write(bytes(1 << 20))
    (folder / "bomb.gz").write_bytes(bomb.getvalue())
    items = [{"kind": "Pod", "metadata": {"name": f"p{n}", "labels": {"n": str(n)}}} for n in range(700_000)]
    (folder / "hungry.json.gz").write_bytes(gzip.compress(json.dumps({"kind": "List", "items": items}).encode(), 1))
    with tarfile.open(folder / "slow.tgz", "w:gz", compresslevel=1) as archive:
        block = "".join(f"Name: n{n}\nRoles: <none>\nLabels: a=b\n\nEvents: <none>\n\n\n" for n in range(60_000))
        for number in range(60):
            content = f"# {number}\n{block}".encode()
            member = tarfile.TarInfo(f"describe-nodes-{number}.txt")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def batch(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-c", PROGRAM, "batch", *map(str, arguments)]


class Measured:
    """Wall-clock and CPU seconds of a command and all it started, and how busy others kept the machine meanwhile."""

    def __init__(self, arguments: list[str], cores: int = 0) -> None:
        """Run a command; with ``cores``, it and all it starts have only so many processors."""
        busy, start = _busy(), time.perf_counter()
        if cores:
            arguments = ["taskset", "--cpu-list", f"0-{cores - 1}", *arguments]
        with tempfile.TemporaryFile("w+") as said:
            running = subprocess.Popen(arguments, stdout=said, stderr=subprocess.STDOUT, start_new_session=True)
            used: dict[int, float] = {}
            while running.poll() is None:
                used |= _cpu_of_session(running.pid)
                time.sleep(0.1)
            said.seek(0)
            self.code, self.said = running.returncode, said.read()
        self.wall, self.cpu = time.perf_counter() - start, sum(used.values())
        self.parent = used.get(running.pid, 0.0)  # CPU seconds of the process that hands out tickets and keeps results
        self.others = max(0.0, _busy() - busy - self.cpu) / (self.wall * (os.cpu_count() or 1))

    def __str__(self) -> str:
        return f"{self.wall:.1f} s, {self.cpu:.1f} CPU s, {self.others:.0%} of the machine taken by others"


def _cpu_of_session(session: int) -> dict[int, float]:
    """CPU seconds of each process of a session: workers are no children of the command, so nobody adds them up."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            cells = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(cells[3]) == session:
            found[int(path.parent.name)] = (int(cells[11]) + int(cells[12])) / os.sysconf("SC_CLK_TCK")
    return found


def _busy() -> float:
    cells = [int(cell) for cell in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    return (sum(cells) - cells[3] - cells[4]) / os.sysconf("SC_CLK_TCK")


def summary(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "summary.csv").open(encoding="utf-8") as file:
        return {row["ticket"]: row for row in csv.DictReader(file)}


def check(folder: Path, out: Path, every: int) -> None:
    """Run over all; each ticket must be there, and as ``analyze`` has it."""
    shutil.rmtree(out, ignore_errors=True)
    first = Measured(batch(folder, "-o", out, *LIMITS))
    print(f"first run: {first}; exit code {first.code}")
    again = Measured(batch(folder, "-o", out, *LIMITS))
    print(f"second run: {again}; {again.said.splitlines()[-2]}")
    rows = summary(out)
    names = {path.name.partition(".")[0] for path in folder.iterdir()}
    failed = {name: row["error"] for name, row in rows.items() if row["status"] == "failed"}
    print(f"{len(names)} tickets, {len(rows)} rows, {len(failed)} failed, each with a reason: {all(failed.values())}")
    for name in ("bomb", "hungry", "slow"):
        print(f"  {name}: {rows[name]['status']} {rows[name]['error'] or rows[name]['verdict']}")
    print(f"  index.html: {(out / 'index.html').stat().st_size / 1e6:.2f} MB")
    assert set(rows) == names
    from analyzer.bundle import BundleError
    from analyzer.pipeline import Analyzer
    from analyzer.redaction import Redaction

    analyzer, differ, compared = Analyzer(), [], 0
    for path in sorted(folder.glob("[td]*.tgz"))[::every]:
        row = rows[path.name.partition(".")[0]]
        analyzer.redaction = Redaction()
        try:
            alone = [cause.id for cause in analyzer.analyze([path]).causes]
        except BundleError:
            alone = []
        compared += 1
        if row["causes"].split() != alone:
            differ.append(path.name)
    print(f"ranks compared with analyze: {compared}, different: {differ}")


def kill(folder: Path, out: Path, seed: int) -> None:
    """Kill a run five times at random moments; what it ends with must be that of an undisturbed one."""
    chance = random.Random(seed)
    shutil.rmtree(out, ignore_errors=True)
    calm, disturbed = out / "calm", out / "disturbed"
    calm.mkdir(parents=True)
    whole = Measured(batch(folder, "-o", calm, *LIMITS))
    part = whole.wall / 8
    for _ in range(5):
        before = len(list((disturbed / "tickets").glob("*.json")))
        running = subprocess.Popen(
            batch(folder, "-o", disturbed, *LIMITS), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while running.poll() is None and len(list((disturbed / "tickets").glob("*.json"))) <= before:
            time.sleep(0.05)
        time.sleep(chance.uniform(0, part))
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
        print(f"killed; {len(list((disturbed / 'tickets').glob('*.json')))} reports so far", flush=True)
    Measured(batch(folder, "-o", disturbed, *LIMITS))
    told = [{name: {**row, "seconds": ""} for name, row in summary(place).items()} for place in (calm, disturbed)]
    print(f"{len(told[0])} tickets; equal: {told[0] == told[1]}")


def cost(folder: Path, out: Path, count: int) -> None:
    """Measure the same tickets on 1 and 2 cores and with Dask workers, and what a ticket costs besides."""
    shutil.rmtree(out, ignore_errors=True)
    some = out / "in"
    some.mkdir(parents=True)
    for path in sorted(folder.glob("t*.tgz"))[:count]:
        shutil.copy(path, some / path.name)
    (out / "few").mkdir()  # as many as start every worker
    for path in sorted(some.iterdir())[:START]:
        shutil.copy(path, out / "few" / path.name)
    ways: dict[str, tuple[int, str, str]] = {f"{n} core(s), {n} process(es)": (n, "--jobs", str(n)) for n in (1, 2)}
    ways |= {f"{n} Dask worker(s)": (0, "--dask-local", str(n)) for n in (1, 2, 4)}
    for name, (cores, *options) in ways.items():
        few = Measured(batch(out / "few", "-o", out / "a", *options), cores)
        shutil.rmtree(out / "a")
        found = Measured(batch(some, "-o", out / "a", *options), cores)
        shutil.rmtree(out / "a")
        wall, cpu, parent = (
            1000 * (getattr(found, what) - getattr(few, what)) / (count - START) for what in ("wall", "cpu", "parent")
        )
        print(f"{name}: {found}; the first {START}: {few.wall:.1f} s")
        print(f"  a ticket: {wall:.1f} ms, {cpu:.1f} CPU ms, {parent:.1f} of them handing out and keeping", flush=True)
    _overhead(some)


def _overhead(folder: Path) -> None:
    from analyzer.backlog.sources import find_tickets
    from analyzer.backlog.work import Job, Setup, Workers

    workers, took, inside = Workers(Setup(), 1), [], []
    jobs = [Job(ticket) for ticket in find_tickets([str(folder)])]
    for job in jobs:
        start = time.perf_counter()
        done = workers.submit(job).result()
        took.append(time.perf_counter() - start)
        assert done.kept is not None and done.kept.row.seconds is not None
        inside.append(done.kept.row.seconds)
    workers.stop()
    rest = [1000 * (whole - part) for whole, part in zip(took[10:], inside[10:], strict=True)]
    print(f"one after the other in a warm process: {1000 * statistics.median(took[10:]):.1f} ms a ticket (median)")
    print(f"  of which reports and the way there and back {statistics.median(rest):.1f} ms, "
          f"at the 95th percentile {statistics.quantiles(rest, n=20)[18]:.1f} ms")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("make", "check", "kill", "cost"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=Path("backlog-out"))
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--every", type=int, default=10, help="each so many tickets are compared with analyze")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    if args.what == "make":
        make(args.folder, args.count)
    elif args.what == "check":
        check(args.folder, args.out, args.every)
    elif args.what == "kill":
        kill(args.folder, args.out, args.seed)
    else:
        cost(args.folder, args.out, args.count)


if __name__ == "__main__":
    main()
