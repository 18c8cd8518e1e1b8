"""The same facts in another dress give the same causes in the same order."""

from __future__ import annotations

import gzip
import io
import re
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from analyzer.pipeline import Analyzer

SAMPLES = Path(__file__).parents[1] / "sample_bundles"
#: samples whose bundle is loose files
NAMES = sorted(
    path.parent.name
    for path in SAMPLES.glob("*/truth.yaml")
    if not any(item.suffix in (".tgz", ".gz") for item in (path.parent / "bundle").iterdir())
)
Files = dict[str, bytes]


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer()


def files_of(name: str) -> Files:
    bundle = SAMPLES / name / "bundle"
    return {
        path.relative_to(bundle).as_posix(): path.read_bytes() for path in sorted(bundle.rglob("*")) if path.is_file()
    }


def ranks(analyzer: Analyzer, path: Path) -> list[tuple[str, str]]:
    report = analyzer.analyze([path])
    assert not [warning for warning in report.warnings if "defect" in warning.what]
    return [(cause.id, cause.confidence) for cause in report.causes if cause.confidence != "unlikely"]


def write(folder: Path, files: Files) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def is_log(name: str) -> bool:
    return name.endswith(".log")


def crlf(files: Files) -> Files:
    return {name: data.replace(b"\n", b"\r\n") for name, data in files.items()}


def byte_order_mark(files: Files) -> Files:
    return {name: b"\xef\xbb\xbf" + data for name, data in files.items()}


def utf16(files: Files) -> Files:
    return {name: data.decode().encode("utf-16") for name, data in files.items()}


def no_break_blanks(files: Files) -> Files:
    return {
        name: data if is_log(name) else data.decode().replace("  ", "\u00a0 ").encode() for name, data in files.items()
    }


def gzipped(files: Files) -> Files:
    return {f"{name}.gz": gzip.compress(data) for name, data in files.items()}


def fenced(files: Files) -> Files:
    return {f"{name}.md": b"```\n" + data + b"```\n" for name, data in files.items() if not is_log(name)} | {
        name: data for name, data in files.items() if is_log(name)
    }


def quoted(files: Files) -> Files:
    return {
        name: data if is_log(name) else b"".join(b"> " + line for line in data.splitlines(keepends=True))
        for name, data in files.items()
    }


def pod_prefix(files: Files) -> Files:
    """``kubectl logs --prefix`` in front of each log line."""

    def dress(name: str, data: bytes) -> bytes:
        pod = re.match(r"(.+?)(?:-previous|-ext|-cni)?\.log$", name)
        container = "calico-extension" if "-ext" in name else "install-cni" if "-cni" in name else "calico-node"
        head = f"[pod/{pod.group(1) if pod else 'x'}/{container}] ".encode()
        return b"".join(head + line for line in data.splitlines(keepends=True))

    return {name: dress(name, data) if is_log(name) else data for name, data in files.items()}


def in_a_folder(files: Files) -> Files:
    return {f"case 42/customer/{name}": data for name, data in files.items()}


def with_litter(files: Files) -> Files:
    return files | {"__MACOSX/._pods.txt": b"\0\1", ".DS_Store": b"\0" * 40, "Thumbs.db": b"\xd0\xcf"}


def one_paste(files: Files) -> Files:
    """One file with all outputs under the prompts of a terminal."""
    parts = []
    for name, data in files.items():
        if name.startswith("describe-pod-"):
            command = f"kubectl describe pod -n calico-system {name[13:-4]}"
        elif name.startswith("describe-node-"):
            command = f"kubectl describe node {name[14:-4]}"
        elif name.endswith("-ext.log"):
            command = f"kubectl logs -n kube-system {name[:-8]} -c calico-extension"
        elif name.endswith("-previous.log"):
            command = f"kubectl logs -n calico-system {name[:-13]} -c calico-node --previous"
        elif is_log(name):
            command = f"kubectl logs -n calico-system {name[:-4]} -c calico-node"
        else:
            words = {"nodes.txt": "nodes -o wide", "pods.txt": "pods -A -o wide", "daemonsets.txt": "ds -A"}
            command = (
                f"kubectl get {words.get(name, 'all')}"
                if name in words
                else f"kubectl describe ds -n calico-system {name[9:-4]}"
            )
        parts.append(f"admin@jump:~$ {command}\n".encode() + data)
    return {"session.txt": b"".join(parts)}


DRESSES: list[Callable[[Files], Files]] = [
    crlf, byte_order_mark, utf16, no_break_blanks, gzipped, fenced, quoted, pod_prefix, in_a_folder, with_litter, one_paste,
]  # fmt: skip


@pytest.mark.parametrize("dress", DRESSES, ids=lambda dress: dress.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_the_same_causes_in_another_dress(
    name: str, dress: Callable[[Files], Files], analyzer: Analyzer, tmp_path: Path
) -> None:
    plain = ranks(analyzer, SAMPLES / name / "bundle")
    assert ranks(analyzer, write(tmp_path / "bundle", dress(files_of(name)))) == plain


def tarball(files: Files, mode: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return packed.getvalue()


def zipped(files: Files) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return packed.getvalue()


ARCHIVES: dict[str, Callable[[Files], bytes]] = {
    "plain.tar": lambda files: tarball(files, "w"),
    "plain.tgz": lambda files: tarball(files, "w:gz"),
    "plain.tar.xz": lambda files: tarball(files, "w:xz"),
    "plain.tar.bz2": lambda files: tarball(files, "w:bz2"),
    "plain.zip": zipped,
    "no-suffix": lambda files: tarball(files, "w:gz"),
    "tar-in.zip": lambda files: zipped({"inner.tgz": tarball(files, "w:gz")}),
    "zip-in.tgz": lambda files: tarball({"deep/inner.zip": zipped(files)}, "w:gz"),
    "gz-in.tar": lambda files: tarball(gzipped(files), "w"),
}


@pytest.mark.parametrize("form", ARCHIVES)
@pytest.mark.parametrize("name", NAMES[:4])
def test_the_same_causes_out_of_an_archive(name: str, form: str, analyzer: Analyzer, tmp_path: Path) -> None:
    plain = ranks(analyzer, SAMPLES / name / "bundle")
    path = tmp_path / form
    path.write_bytes(ARCHIVES[form](files_of(name)))
    assert ranks(analyzer, path) == plain


@pytest.mark.parametrize("name", NAMES)
def test_odd_names_change_nothing_that_content_tells(name: str, analyzer: Analyzer, tmp_path: Path) -> None:
    files = files_of(name)
    logs = [key for key in files if is_log(key)]
    if len(logs) > 1:
        pytest.skip("several logs need their names to be told apart")
    odd = {f"{number}.txt" if number % 2 else f"file {number}": data for number, data in enumerate(files.values())}
    plain = ranks(analyzer, SAMPLES / name / "bundle")
    assert ranks(analyzer, write(tmp_path / "bundle", odd)) == plain


@pytest.mark.parametrize("name", NAMES[:4])
def test_loose_files_given_together(name: str, analyzer: Analyzer) -> None:
    bundle = SAMPLES / name / "bundle"
    plain = ranks(analyzer, bundle)
    report = analyzer.analyze(sorted(bundle.iterdir()))
    assert [(c.id, c.confidence) for c in report.causes if c.confidence != "unlikely"] == plain
