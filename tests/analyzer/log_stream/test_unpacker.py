from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import signal
import sys
import tarfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
import zstandard

from analyzer.bundle import BundleError, Limits, Member, Warn, fingerprint, open_bundle
from analyzer.log_stream import unpacker
from analyzer.log_stream.content import StreamContent
from analyzer.log_stream.unpacker import RestInBlocks, Unpacker, UnpackerLostError, unpacker_of

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="several processes are used on Linux only")

LINE = "2026-11-12 10:00:{:02d}.{:03d} [INFO][9] felix/y.go 1: nothing of interest\n"
LOG = "".join(LINE.format(number // 1000 % 60, number % 1000) for number in range(60_000)).encode()
MEMBERS = {
    "nodes.txt": b"NAME  STATUS\nnode-a  Ready\n",
    "a.log": LOG,
    "session.txt": b"$ kubectl logs calico-node-x\n" + LOG[:-1],
    "data.bin": bytes(range(256)) * 9000,
    "wide.log": LOG[: 1 << 20].decode().encode("utf-16"),
    "empty.log": b"",
}
PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstandard.compress,
}


def archive(members: dict[str, bytes] = MEMBERS) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return made.getvalue()


def all_of(members: Iterator[Member]) -> list[tuple[str, bytes, bytes, Sequence[str]]]:
    """Paths, first bytes, further bytes, and what is wrong."""
    found = []
    for member in members:
        rest = b"".join(member.rest.pieces()) if member.rest is not None else b""
        problems = member.problems if member.rest is None else member.rest.problems
        found.append((member.path, member.data, rest, problems))
    return found


def alone(path: Path, warn: Warn) -> Iterator[Member]:
    return open_bundle([path], Limits(), warn, at_once=100_000)


def ignore(path: str, what: str) -> None:
    pass


@pytest.mark.parametrize("kind", PACKED)
@pytest.mark.parametrize("cut", [0, 99])
def test_it_gives_what_is_in_the_bundle(kind: str, cut: int, tmp_path: Path) -> None:
    path = tmp_path / f"x.tar.{kind}"
    packed = PACKED[kind](archive())
    path.write_bytes(packed[: len(packed) - cut])
    warned: tuple[list[tuple[str, str]], ...] = [], []
    expected = all_of(alone(path, lambda *what: warned[0].append(what)))
    with closing(Unpacker([path], Limits(), 100_000)) as other:
        assert all_of(other.members(lambda *what: warned[1].append(what))) == expected
        assert other.fingerprint() == fingerprint([path])
    assert warned[0] == warned[1]
    assert bool(warned[0]) == bool(cut)


def test_what_nobody_takes_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "x.tgz"
    path.write_bytes(gzip.compress(archive()))
    with closing(Unpacker([path], Limits(), 100_000)) as other:
        for number, member in enumerate(other.members(ignore)):
            if member.rest is not None and number % 2:
                assert next(member.rest.pieces())
        assert member.path == "empty.log"


def test_of_a_log_the_lines_come_in_blocks(tmp_path: Path) -> None:
    path = tmp_path / "x.tgz"
    path.write_bytes(gzip.compress(archive()))
    begins = {}
    with closing(Unpacker([path], Limits(), 100_000)) as other:
        for member in other.members(ignore):
            if isinstance(member.rest, RestInBlocks):
                begins[member.path] = member.data[len(member.data) - member.rest.at_hand :][:10]
                blocks = [bytes(block.data) for block, _ in member.rest.blocks()]
                whole = MEMBERS[member.path]
                assert b"".join(blocks) == whole[len(member.data) - member.rest.at_hand :]
                assert member.rest.size == len(whole) - len(member.data)
    log = LINE[:10].encode()
    assert begins == {"a.log": log, "session.txt": log, "data.bin": b"", "wide.log": b""}


def test_what_was_looked_at_before_is_not_lost(tmp_path: Path) -> None:
    path, data = tmp_path / "x.tgz", LOG[: 50 * len(LINE)]
    path.write_bytes(gzip.compress(archive({"a.log": data})))
    with closing(Unpacker([path], Limits(), 1000)) as other:
        for member in other.members(ignore):
            assert member.rest is not None
            content = StreamContent(member.data, member.rest, 0)
            assert content.head(len(data) + 1) == data
            piece = content.cutter(1000).next()
            assert piece is not None and piece.data[: piece.end].startswith(data)


def test_an_error_of_the_whole_input_comes_from_there(tmp_path: Path) -> None:
    path = tmp_path / "absent.tgz"
    with closing(Unpacker([path], Limits(), 100_000)) as other, pytest.raises(BundleError, match="No such file"):
        list(other.members(ignore))


def test_a_process_that_ends_early_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.tgz"
    path.write_bytes(gzip.compress(archive()))
    monkeypatch.setattr(unpacker, "_begin_of_log", lambda member: os._exit(9))
    with closing(Unpacker([path], Limits(), 100_000)) as other, pytest.raises(UnpackerLostError):
        all_of(other.members(ignore))


def test_an_interrupt_is_for_the_process_that_started_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.tgz"
    path.write_bytes(gzip.compress(archive()))

    def interrupted(member: Member) -> int:
        os.kill(os.getpid(), signal.SIGINT)
        return len(member.data)

    monkeypatch.setattr(unpacker, "_begin_of_log", interrupted)
    with closing(Unpacker([path], Limits(), 100_000)) as other:
        assert len(all_of(other.members(ignore))) == len(MEMBERS)


def test_one_that_is_closed_ends_at_once(tmp_path: Path) -> None:
    path = tmp_path / "x.tgz"
    path.write_bytes(gzip.compress(archive(MEMBERS | {f"{number}.log": LOG for number in range(9)})))
    other = Unpacker([path], Limits(), 100_000)
    next(other.members(ignore))
    other.close()
    assert not other._process.is_alive()


def test_where_it_pays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed, plain = tmp_path / "x.log.gz", tmp_path / "x.log"
    packed.write_bytes(gzip.compress(LOG))
    plain.write_bytes(LOG)
    made = unpacker_of([packed], Limits(), 100_000, 2)
    assert made is not None
    made.close()
    for paths, processes in (([packed], 1), ([packed], 4), ([plain], 2), ([tmp_path], 2), ([packed, packed], 2)):
        assert unpacker_of(paths, Limits(), 100_000, processes) is None

    def refuse(*_: object) -> None:
        raise OSError("no memory")

    monkeypatch.setattr(unpacker, "Ring", refuse)
    assert unpacker_of([packed], Limits(), 100_000, 2) is None
