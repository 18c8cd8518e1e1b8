"""Damaged and hostile archives end in time, with a warning or one clear error, and write nothing."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import time
import zipfile
from pathlib import Path

import pytest

from analyzer.bundle import BundleError, Limits
from analyzer.pipeline import Analyzer
from analyzer.report.model import Report

SAMPLE = Path(__file__).parents[2] / "sample_bundles" / "every-worker-after-a-changed-setting" / "bundle"
FILES = {path.name: path.read_bytes() for path in SAMPLE.iterdir()}
SMALL = Limits(bytes=50_000_000, members=500, seconds=20)


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer(limits=SMALL)


def tgz(members: dict[str, bytes], extra: list[tarfile.TarInfo] | None = None) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for info in extra or []:
            archive.addfile(info)
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return packed.getvalue()


def special(name: str, kind: bytes, target: str = "/etc/passwd") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def run(analyzer: Analyzer, data: bytes, folder: Path) -> Report:
    path = folder / "upload.tgz"
    path.write_bytes(data)
    before = sorted(folder.iterdir())
    started = time.monotonic()
    try:
        return analyzer.analyze([path])
    finally:
        assert time.monotonic() - started < 25
        assert sorted(folder.iterdir()) == before


def warned(report: Report) -> str:
    return " ".join(warning.what for warning in report.warnings)


def first(report: Report) -> str:
    return report.causes[0].id if report.causes else ""


def test_names_that_climb_or_are_absolute_stay_inside(analyzer: Analyzer, tmp_path: Path) -> None:
    names = ["../../../../tmp/evil.log", "/etc/evil.log", "C:\\windows\\evil.log", "a/../../b.txt"]
    members = {name: FILES["calico-node-mw100.log"] + str(number).encode() for number, name in enumerate(names)}
    report = run(analyzer, tgz(members | FILES), tmp_path)
    for file in report.bundle.files:
        assert not file.path.startswith("/") and ".." not in file.path.split("/") and "\\" not in file.path
    assert first(report) == "invalid-calico-config"


def test_links_and_devices_are_skipped_and_said(analyzer: Analyzer, tmp_path: Path) -> None:
    extra = [special("link", tarfile.SYMTYPE), special("hard", tarfile.LNKTYPE), special("null", tarfile.CHRTYPE),
             special("pipe", tarfile.FIFOTYPE)]  # fmt: skip
    report = run(analyzer, tgz(FILES, extra), tmp_path)
    assert first(report) == "invalid-calico-config" and report.warnings
    assert not [file for file in report.bundle.files if file.path in ("link", "hard", "null", "pipe") and file.bytes]


def test_a_truncated_archive_gives_what_was_readable(analyzer: Analyzer, tmp_path: Path) -> None:
    padding = {"zz-last.bin": os.urandom(60_000)}
    data = tgz(FILES | padding)
    report = run(analyzer, data[: len(data) - 40_000], tmp_path)
    assert first(report) == "invalid-calico-config" and report.warnings


def test_a_bomb_stops_at_the_limit(analyzer: Analyzer, tmp_path: Path) -> None:
    bomb = tgz(FILES | {"zeros.log": b"\0" * 120_000_000})
    report = run(analyzer, bomb, tmp_path)
    assert "limit" in warned(report)
    nested = tgz(FILES | {"inner.gz": gzip.compress(gzip.compress(b"0" * 90_000_000))})
    assert "limit" in warned(run(analyzer, nested, tmp_path))


def test_archives_in_archives_stop_at_the_depth(analyzer: Analyzer, tmp_path: Path) -> None:
    data = tgz({"core.txt": b"x"})
    for level in range(8):
        data = tgz({f"level{level}.tgz": data})
    report = run(analyzer, tgz(FILES | {"deep.tgz": data}), tmp_path)
    assert first(report) == "invalid-calico-config" and report.warnings


def test_too_many_members(analyzer: Analyzer, tmp_path: Path) -> None:
    report = run(analyzer, tgz(FILES | {f"d/{n}.txt": b"%d" % n for n in range(1500)}), tmp_path)
    assert "limit" in warned(report) and first(report) == "invalid-calico-config"


def test_one_very_long_line_and_binary_junk(analyzer: Analyzer, tmp_path: Path) -> None:
    junk = {
        "long.log": b"2026-01-01 00:00:00.000 [ERROR][1] felix/x.go 1: " + b"A" * 5_000_000,
        "core": os.urandom(200_000),
    }
    report = run(analyzer, tgz(FILES | junk), tmp_path)
    assert first(report) == "invalid-calico-config"


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b garbage", os.urandom(3000)])
def test_what_is_no_bundle_is_one_clear_error_or_not_enough_data(
    content: bytes, analyzer: Analyzer, tmp_path: Path
) -> None:
    try:
        report = run(analyzer, content, tmp_path)
    except BundleError as error:
        assert "\n" not in str(error) and "upload.tgz" in str(error)
    else:
        assert report.verdict == "not-enough-data" and report.warnings


def test_a_zip_with_a_password_says_so(analyzer: Analyzer, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("pod.txt", FILES["pods.txt"])
    data = bytearray(packed.getvalue())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        position = data.find(mark)
        data[position + offset] |= 1  # the flag of an encrypted member
    path = tmp_path / "locked.zip"
    path.write_bytes(bytes(data))
    with pytest.raises(BundleError, match="password"):
        analyzer.analyze([path])


def test_a_folder_with_a_pipe_a_loop_and_a_link_out(analyzer: Analyzer, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    for name, data in FILES.items():
        (bundle / name).write_bytes(data)
    os.mkfifo(bundle / "pipe.log")
    (bundle / "loop").symlink_to(bundle)
    (bundle / "out.log").symlink_to("/etc/passwd")
    report = analyzer.analyze([bundle])
    assert first(report) == "invalid-calico-config"
    assert "root:" not in repr(report)
