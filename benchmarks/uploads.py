"""200 uploads of 5 MB by 20 clients at a time, while worker processes are killed at random.

    python benchmarks/uploads.py [--uploads 200] [--clients 20] [--kill 2.0]

Checks that no accepted job is lost and that each report is that of its own upload; prints how long an upload took to be
accepted, and the memory of the server process.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[1]
SAMPLES = ["no-typha-is-ready", "worker-toggles", "two-vlans-apart", "healthy-after-an-update"]
COMMAND = [sys.executable, "-c", "from analyzer.cli import main; main()"]


def bundle(sample: str, size: int) -> bytes:
    """A sample's bundle beside a core dump that does not pack."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz", compresslevel=1) as archive:
        archive.add(ROOT / "sample_bundles" / sample / "bundle", "bundle")
        noise = random.Random(sample).randbytes(size)
        member = tarfile.TarInfo("bundle/core.1")
        member.size = len(noise)
        archive.addfile(member, io.BytesIO(noise))
    return stream.getvalue()


def rss(pid: int) -> float:
    """MiB of memory of a process (Linux)."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(text.partition("VmRSS:")[2].split()[0]) / 1024


def descendants(pid: int) -> list[int]:
    """Worker processes: those below the server that have no children and use memory."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found, queue = [], [pid]
    while queue:
        below = children.get(queue.pop(), [])
        queue += below
        found += [item for item in below if item not in children]
    return [item for item in found if b"forkserver" in Path(f"/proc/{item}/cmdline").read_bytes()]


def run(uploads: int, clients: int, kill_every: float, size: int) -> int:
    """Do it; the exit code."""
    bodies = {sample: bundle(sample, size) for sample in SAMPLES}
    truth: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as data, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        base = f"http://127.0.0.1:{port}"
        limits = ["--limit-uploads", "100000", "--limit-requests", "1000000", "--queue", str(uploads)]
        server = subprocess.Popen([*COMMAND, "serve", "--data", data, "--port", str(port), *limits, "-q"], cwd=ROOT)
        try:
            return _measure(base, server.pid, bodies, truth, uploads, clients, kill_every)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=60)


def _measure(
    base: str, pid: int, bodies: dict[str, bytes], truth: dict[str, str], uploads: int, clients: int, kill_every: float
) -> int:
    client = httpx.Client(base_url=base, timeout=120)
    for _ in range(300):
        try:
            client.get("/readyz").raise_for_status()
            break
        except httpx.HTTPError:
            time.sleep(0.1)
    memory, killed, over = [rss(pid)], [0], threading.Event()

    def watch() -> None:
        chance = random.Random(1)
        while not over.wait(chance.uniform(0.5, 1.5) * kill_every):
            memory.append(rss(pid))
            if there := descendants(pid):
                try:
                    os.kill(chance.choice(there), signal.SIGKILL)
                    killed[0] += 1
                except ProcessLookupError:
                    pass

    def upload(number: int) -> tuple[str, str, float]:
        sample = SAMPLES[number % len(SAMPLES)]
        started = time.perf_counter()
        answer = client.post("/api/v1/bundles", files={"file": ("b.tgz", bodies[sample])}, data={"ticket": sample})
        answer.raise_for_status()
        return sample, answer.json()["job"], time.perf_counter() - started

    watcher = threading.Thread(target=watch)
    watcher.start()
    begun = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        accepted = list(pool.map(upload, range(uploads)))
    all_in = time.perf_counter() - begun
    wrong = failed = 0
    for sample, job, _ in accepted:
        while (state := client.get(f"/api/v1/jobs/{job}").json())["state"] not in ("done", "failed"):
            time.sleep(0.2)
        if state["state"] == "failed":
            failed += 1
            print("failed:", state["error"])
            continue
        report = json.loads(client.get(f"/api/v1/reports/{job}.json").content)
        first = report["causes"][0]["id"] if report["causes"] else report["verdict"]
        wrong += truth.setdefault(sample, first) != first or state["ticket"] != sample
    over.set()
    watcher.join()
    took = sorted(seconds for *_, seconds in accepted)
    analysed, size = time.perf_counter() - begun, len(bodies[SAMPLES[0]]) / 1e6
    print(f"{uploads} uploads of {size:.1f} MB by {clients} clients, {killed[0]} workers killed")
    print(f"all in after {all_in:.1f} s, all analysed after {analysed:.1f} s")
    print(f"accepting an upload: median {took[len(took) // 2]:.2f} s, p95 {took[int(0.95 * len(took))]:.2f} s")
    first, most, last = memory[0], max(memory), memory[-1]
    print(f"memory of the server: {first:.0f} MiB at first, {most:.0f} MiB at most, {last:.0f} MiB at last")
    print(f"lost: 0, failed: {failed}, wrong: {wrong}; first causes: {truth}")
    return 1 if wrong or failed else 0


def main() -> int:
    """Read the options."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--uploads", type=int, default=200)
    options.add_argument("--clients", type=int, default=20)
    options.add_argument("--kill", type=float, default=2.0, help="seconds between kills, about")
    options.add_argument("--bytes", type=int, default=5_000_000)
    given = options.parse_args()
    return run(given.uploads, given.clients, given.kill, given.bytes)


if __name__ == "__main__":
    sys.exit(main())
