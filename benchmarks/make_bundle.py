"""Make a bundle of any size: a small cluster, and logs of calico-node as long as wanted. The seed decides every byte.

    python benchmarks/make_bundle.py /tmp/1g.tgz --size 1GB
    python benchmarks/make_bundle.py /tmp/1g --size 1GB --logs 4 --trouble 0.5

The lines are what a calico-node writes in its daily life (Felix, confd, BIRD, address monitors; pods that come and go,
each with names of its own), with a share of lines of trouble. What is wrong with the cluster: one worker cannot reach
the master.
"""

from __future__ import annotations

import argparse
import io
import random
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

BEGIN = datetime(2026, 2, 1, tzinfo=UTC)
VERSION = "v3.29.3"
UNITS = {"KB": 1000, "MB": 1000**2, "GB": 1000**3, "KIB": 1024, "MIB": 1024**2, "GIB": 1024**3, "B": 1}
LETTERS = "bcdfghjklmnpqrstvwxz2456789"
Line = Callable[[], str]


def size_of(text: str) -> int:
    """Read a size such as 100MB."""
    for unit in sorted(UNITS, key=len, reverse=True):
        if text.upper().endswith(unit):
            return int(float(text[: -len(unit)]) * UNITS[unit])
    return int(text)


class Worker:
    """A worker and the log of its calico-node."""

    def __init__(self, number: int, seed: int, peers: int, trouble: float, cut_off: bool) -> None:
        self.random = random.Random(f"{seed}-{number}")
        self.address = f"10.94.{number // 200}.{10 + number % 200}"
        self.peers = [f"10.94.{n // 200}.{10 + n % 200}" for n in range(peers) if n != number]
        self.pod = f"calico-node-{self._suffix()}"
        self.trouble = trouble
        self.cut_off = cut_off
        self.pods = [self._pod() for _ in range(60)]
        self.sets = [self._suffix(22) for _ in range(40)]
        self.felix, self.confd, self.monitor = 60 + number % 9, 80 + number % 7, 75
        self._written = 0

    def _suffix(self, length: int = 5) -> str:
        return "".join(self.random.choices(LETTERS, k=length))

    def _pod(self) -> tuple[str, str, str]:
        """Name, interface and address of a pod of this worker."""
        number = self.random.randrange
        link = f"cali{number(16**11):011x}"
        owner = self.random.choice(["web", "orders", "payments", "search", "nightly-report", "image-resize"])
        return (f"shop/{owner}-{self._suffix(9)}-{self._suffix()}", link, f"172.30.{number(256)}.{number(256)}")

    def lines(self) -> Iterator[str]:
        """All lines, for ever."""
        now = BEGIN + timedelta(seconds=self.random.random() * 5)
        for text in self._start():
            now += timedelta(milliseconds=self.random.randrange(40))
            yield self._dated(now, text)
        usual, bad = self._usual(), self._bad()
        chance, choose = self.random.random, self.random.choice
        pause = timedelta(milliseconds=30)
        while True:
            if not self.random.randrange(4000):
                self.pods[self.random.randrange(60)] = self._pod()
                self.sets[self.random.randrange(40)] = self._suffix(22)
            now += pause * self.random.randrange(1, 5)
            yield self._dated(now, (choose(bad) if chance() < self.trouble else choose(usual))())

    def _dated(self, now: datetime, text: str) -> str:
        if text.startswith("bird: "):
            return text + "\n"
        return f"{now:%Y-%m-%d %H:%M:%S}.{now.microsecond // 1000:03d} {text}\n"

    def _start(self) -> list[str]:
        return [
            "[INFO][9] startup/startup.go 445: Early log level set to info",
            f"[INFO][9] startup/utils.go 126: Using NODENAME environment for node name {self.address}",
            f"[INFO][9] startup/utils.go 138: Determined node name: {self.address}",
            f"[INFO][9] startup/startup.go 95: Starting node {self.address} with version {VERSION}",
            "[INFO][9] startup/startup.go 450: Checking datastore connection",
            "[INFO][9] startup/startup.go 474: Datastore connection verified",
            "[INFO][9] startup/startup.go 105: Datastore is ready",
            f'[INFO][{self.felix}] felix/daemon.go 150: Felix starting up GOMAXPROCS=4 version="{VERSION}"',
            f"[INFO][{self.confd}] confd/run.go 18: Starting calico-confd",
            *(f"bird: Mesh_{peer.replace('.', '_')}: State changed to up" for peer in self.peers),
        ]

    def _usual(self) -> list[Line]:
        number, choose = self.random.randrange, self.random.choice
        felix, confd, monitor = f"[INFO][{self.felix}] felix/", f"[INFO][{self.confd}] confd/", self.monitor
        address = self.address

        def pod() -> tuple[str, str, str]:
            return choose(self.pods)

        def summary() -> str:
            what = choose(["resync-nat-v4", "resync-ipsets-v4", "resync-routes-v4,resync-rules-v4", "update-filter-v4"])
            return (
                f"{felix}summary.go 100: Summarising {number(99)} dataplane reconciliation loops over "
                f"1m{number(60)}.{number(10)}s: avg={number(90)}ms longest={number(900)}ms ({what})"
            )

        def chains() -> str:
            name, _, _ = pod()
            return (
                f"{felix}endpoint_mgr.go 648: Updating per-endpoint chains. id=proto.WorkloadEndpointID"
                f'{{OrchestratorId:"k8s", WorkloadId:"{name}", EndpointId:"eth0"}}'
            )

        def link() -> str:
            _, name, _ = pod()
            return (
                f"{felix}int_dataplane.go 1836: Linux interface state changed. ifIndex={number(9000)} "
                f'ifaceName="{name}" state="{choose(["up", "down"])}"'
            )

        def addresses() -> str:
            _, name, _ = pod()
            return (
                f"{felix}hostip_mgr.go 84: Interface addrs changed. update=&intdataplane.ifaceAddrsUpdate"
                f'{{Name:"{name}", Addrs:set.Typed[string]{{"fe80::ecee:eeff:feee:eeee":set.v{{}}}}}}'
            )

        def route() -> str:
            _, name, ip = pod()
            return (
                f'{felix}route_table.go 1201: Syncing routes: adding workload route. ifaceName="{name}" '
                f'ifaceRegex="^cali.*" ipVersion=0x4 tableIndex=254 targetCIDR={ip}/32'
            )

        return [
            summary,
            summary,
            chains,
            link,
            addresses,
            route,
            lambda: (
                f"{felix}status_combiner.go 86: Endpoint up for at least one IP version "
                f'id=proto.WorkloadEndpointID{{OrchestratorId:"k8s", WorkloadId:"{pod()[0]}", EndpointId:"eth0"}} '
                'ipVersion=0x4 status="up"'
            ),
            lambda: (
                f'{felix}ipsets.go 146: Queueing IP set for creation family="inet" '
                f'setID="s:{choose(self.sets)}" setType="hash:ip"'
            ),
            lambda: (
                f'{felix}table.go 508: Queueing a resync of table. ipVersion=0x4 table="{choose(["nat", "filter"])}"'
            ),
            lambda: (
                f"{felix}calc_graph.go 462: Local endpoint updated id=WorkloadEndpoint(node={address}, "
                f"orchestrator=k8s, workload={pod()[0]}, name=eth0)"
            ),
            lambda: (
                f"[INFO][{monitor}] monitor-addresses/autodetection_methods.go 103: Using autodetected IPv4 address "
                f"on interface eth0: {address}/26"
            ),
            lambda: (
                f"{confd}resource.go 278: Target config /etc/calico/confd/config/bird_ipam.cfg has been updated due "
                f"to change in key: /calico/ipam/v2/host/{choose(self.peers)}/ipv4/block"
            ),
            lambda: (
                f"{felix}watchercache.go 241: Full resync is required "
                'ListRoot="/calico/resources/v3/projectcalico.org/kubernetesnetworkpolicies"'
            ),
        ]

    def _bad(self) -> list[Line]:
        number, choose = self.random.randrange, self.random.choice
        felix = self.felix
        master = "172.20.0.1:2040"

        def to_master() -> str:
            kind = choose(["nodes", "networkpolicies", "pods", "endpointslices"])
            return (
                f"[ERROR][{felix}] felix/watchercache.go 175: Failed to perform list of current data during resync "
                f'ListRoot="/calico/resources/v3/projectcalico.org/{kind}" error=Get "https://{master}/api/v1/{kind}'
                f'?limit=500&resourceVersion={number(10**9)}": dial tcp {master}: i/o timeout'
            )

        def slow() -> str:
            return (
                f"[WARNING][{felix}] felix/health.go 211: Reporter is not ready: reporting non-live. "
                f'name="int_dataplane" since={number(90)}.{number(1000)}s'
            )

        def peer() -> str:
            name = f"Mesh_{choose(self.peers).replace('.', '_')}"
            return f"bird: {name}: State changed to {choose(['start', 'down', 'feed', 'up'])}"

        def conntrack() -> str:
            return (
                f"[WARNING][{felix}] felix/conntrack.go 90: Failed to remove conntrack flows, will retry "
                f"ip={choose(self.pods)[2]} error=exit status 1"
            )

        return [to_master, to_master, slow, peer, conntrack] if self.cut_off else [slow, peer, conntrack]

    def log(self, size: int) -> Iterator[bytes]:
        """The log up to a size, in pieces."""
        left = size
        block: list[str] = []
        for line in self.lines():
            block.append(line)
            left -= len(line)
            if left <= 0 or len(block) >= 2000:
                yield "".join(block).encode()
                block = []
            if left <= 0:
                return


def tables(workers: list[Worker]) -> dict[str, str]:
    """What kubectl lists of the cluster."""
    nodes = ["NAME          STATUS   ROLES    AGE   VERSION"]
    pods = ["NAMESPACE     NAME                READY   STATUS    RESTARTS   AGE   IP            NODE"]
    for worker in workers:
        state = "NotReady" if worker.cut_off else "Ready   "
        nodes.append(f"{worker.address:13} {state} <none>   41d   v1.31.4+IKS")
        ready = "0/1" if worker.cut_off else "1/1"
        pods.append(
            f"kube-system   {worker.pod:19} {ready}     Running   0          41d   {worker.address:13} {worker.address}"
        )
    return {"get-nodes.txt": "\n".join(nodes) + "\n", "get-pods.txt": "\n".join(pods) + "\n"}


class Archive:
    """Writes members to a folder, a tar (packed with gzip where it is a .tgz) or a zip."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.kind = "zip" if path.suffix == ".zip" else "tar" if path.suffix in (".tgz", ".gz", ".tar") else "folder"
        self._tar: tarfile.TarFile | None = None
        self._zip: zipfile.ZipFile | None = None
        if self.kind == "tar":
            plain = path.suffix == ".tar"
            self._tar = tarfile.open(path, "w") if plain else tarfile.open(path, "w:gz", compresslevel=4)  # noqa: SIM115
        elif self.kind == "zip":
            self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=4)
        else:
            path.mkdir(parents=True, exist_ok=True)

    def add(self, name: str, size: int, pieces: Iterator[bytes]) -> None:
        """Add a member; ``size`` is the one its pieces have together."""
        if self._tar is not None:
            info = tarfile.TarInfo(name)
            info.size, info.mtime = size, int(BEGIN.timestamp())
            self._tar.addfile(info, _Pieces(pieces))
        elif self._zip is not None:
            entry = zipfile.ZipInfo(name, (2026, 2, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            with self._zip.open(entry, "w", force_zip64=True) as stream:
                for piece in pieces:
                    stream.write(piece)
        else:
            target = self.path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as stream:
                for piece in pieces:
                    stream.write(piece)

    def close(self) -> None:
        """Finish the archive."""
        for archive in (self._tar, self._zip):
            if archive is not None:
                archive.close()


class _Pieces(io.RawIOBase):
    """Pieces of bytes as a file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        parts, have = [self._rest], len(self._rest)
        while have < size and (piece := next(self._pieces, b"")):
            parts.append(piece)
            have += len(piece)
        data = b"".join(parts)
        self._rest = data[size:]
        return data[:size]


def cut_to(size: int, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Exactly ``size`` bytes."""
    left = size
    for piece in pieces:
        yield piece[:left]
        left -= len(piece)
        if left <= 0:
            return


def make(path: Path, size: int, logs: int = 4, seed: int = 1, trouble: float = 0.01) -> None:
    """Write a bundle whose logs have ``size`` bytes together."""
    workers = [Worker(number, seed, max(logs, 8), trouble, number == 0) for number in range(logs)]
    archive = Archive(path)
    for name, text in tables(workers).items():
        archive.add(name, len(text), iter([text.encode()]))
    for worker in workers:
        part = size // logs
        archive.add(f"logs/{worker.pod}.log", part, cut_to(part, worker.log(part)))
    archive.close()


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("path", type=Path, help="what to write: NAME.tgz, NAME.tar, NAME.zip or a folder")
    parser.add_argument("--size", type=size_of, default="100MB", help="of all logs together (default: 100MB)")
    parser.add_argument("--logs", type=int, default=4, help="how many logs (default: 4)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trouble", type=float, default=0.01, help="share of lines that tell of trouble")
    given = parser.parse_args()
    make(given.path, given.size, given.logs, given.seed, given.trouble)


if __name__ == "__main__":
    main()
