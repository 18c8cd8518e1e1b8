"""The collection script is plain POSIX shell, whatever names it is given."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from analyzer.gather import gather_script

CASES = [
    {},
    {"platform": "roks"},
    {"platform": "iks-classic", "namespace": "kube-system", "pods": ["calico-node-a", "calico-node-b"]},
    {"platform": "iks-vpc", "namespace": "calico-system", "nodes": ["10.0.0.1"]},
    {"pods": ["$(touch /tmp/x)", "'; echo"]},
]


@pytest.mark.parametrize("case", CASES)
def test_the_shell_accepts_it(case: dict[str, list[str]]) -> None:
    script = gather_script(**case)  # type: ignore[arg-type]
    assert "@" not in [line.partition("=")[2][:1] for line in script.splitlines()[:14]]
    subprocess.run(["sh", "-n"], input=script, text=True, check=True)


@pytest.mark.parametrize("case", CASES[:-1])
def test_shellcheck_finds_nothing(case: dict[str, list[str]]) -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed")
    script = gather_script(**case)  # type: ignore[arg-type]
    done = subprocess.run(["shellcheck", "-s", "sh", "-"], input=script, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout


def test_the_extension_log_comes_from_where_the_platform_has_it() -> None:
    assert "EXTENSION=calico-node" in gather_script(platform="iks-classic", namespace="kube-system")
    assert "EXTENSION=ibm-keepalived-watcher" in gather_script(platform="iks-vpc", namespace="calico-system")
    roks = gather_script(platform="roks")
    assert "EXTENSION=ibm-keepalived-watcher" in roks and "CLI=oc" in roks


def test_it_ends_in_one_tarball(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """Runs it against a stand-in kubectl that answers every command with its own words."""
    kubectl = tmp_path / "kubectl"
    kubectl.write_text('#!/bin/sh\ncase "$*" in *"-o name"*) exit 0;; esac\necho "$*"\n')
    kubectl.chmod(0o755)
    script = gather_script(pods=["calico-node-x"], nodes=["node-a"], platform="iks-classic", namespace="kube-system")
    done = subprocess.run(
        ["sh"], input=script, text=True, capture_output=True, cwd=tmp_path,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    tarball = tmp_path / done.stdout.strip()
    listed = subprocess.run(["tar", "-tzf", tarball], capture_output=True, text=True, check=True).stdout
    for name in ("calico-node-x-describe.txt", "calico-node-x.log", "calico-node-x-cni.log", "calico-node-x-ext.log",
                 "describe-node-node-a.txt", "nodes.txt", "calico-node-x-bird.txt"):  # fmt: skip
        assert name in listed
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("tmp.")]
