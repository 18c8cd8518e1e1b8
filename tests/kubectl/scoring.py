"""Running a real kubectl, and counting the rows that the parsers got right."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import expected_rows as expected

COUNT = int(os.environ.get("KUBECTL_CLUSTERS", "200"))
FIRST_SEED = int(os.environ.get("KUBECTL_SEED", "1"))
ZONES = ("UTC", "America/Chicago", "Asia/Kolkata")
AGES = {"age_s", "first_age_s", "last_restart_age_s"}


def kubectls() -> list[str]:
    named = os.environ.get("KUBECTL")
    beside = Path(sys.executable).with_name("kubectl")
    found = str(beside) if beside.exists() else shutil.which("kubectl")
    return named.split(":") if named else [found] if found else []


def minor_version(kubectl: str) -> int:
    done = subprocess.run([kubectl, "version", "--client", "-o", "json"], capture_output=True, check=True, timeout=60)
    return int(re.sub(r"\D", "", json.loads(done.stdout)["clientVersion"]["minor"]))


def same(wanted: Any, got: Any) -> bool:
    if isinstance(wanted, str) and isinstance(got, str) and "\t" in wanted:  # kubectl turns tabs into blanks
        return re.sub(r"[ \t]+", " ", wanted) == re.sub(r"[ \t]+", " ", got)
    if isinstance(wanted, dict) and isinstance(got, dict):
        return wanted.keys() == got.keys() and all(same(wanted[key], got[key]) for key in wanted)
    return bool(wanted == got)


def probe_numbers(text: str) -> str:
    """Newer kubectl spells the thresholds of a probe out."""
    return text.replace("successThreshold=", "#success=").replace("failureThreshold=", "#failure=")


def same_row(wanted: dict[str, Any], row: Any, slack: float) -> bool:
    for column, value in wanted.items():
        got = getattr(row, column)
        if column in AGES:
            if (value is None) != (got is None):
                return False
            if value is not None and got not in {expected.human(value + more) for more in range(int(slack) + 2)}:
                return False
        elif column == "tolerations":
            if value != tuple(sorted(got)):
                return False
        elif column in ("liveness", "readiness", "startup", "value"):
            if not same(value, probe_numbers(got)):
                return False
        elif not same(value, got):
            return False
    return True


KEYS = {
    "nodes": ("node",),
    "node_conditions": ("node", "type"),
    "pods": ("namespace", "pod"),
    "pod_conditions": ("pod", "type"),
    "containers": ("namespace", "pod", "container"),
    "events": ("object", "reason", "count"),
    "readiness": ("pod", "check", "peer", "count"),
    "daemonsets": ("daemonset",),
    "settings": ("kind", "name", "key"),
}


class Score:
    """Right and wrong rows a table."""

    def __init__(self) -> None:
        self.right: Counter[str] = Counter()
        self.total: Counter[str] = Counter()
        self.samples: list[str] = []

    def add(self, name: str, wanted: list[dict[str, Any]], got: list[Any], slack: float, where: str) -> None:
        rest: dict[tuple[Any, ...], list[Any]] = {}
        for row in got:
            rest.setdefault(tuple(getattr(row, key) for key in KEYS[name]), []).append(row)
        right = 0
        for item in sorted(wanted, key=lambda row: row.get("age_s") or 0):
            near = rest.get(tuple(item[key] for key in KEYS[name]), [])
            hits = [row for row in near if same_row(item, row, slack)]
            # of look-alikes that differ in their ages only, the youngest belongs to the youngest
            hit = min(hits, key=lambda row: getattr(row, "age_s", 0) or 0, default=None)
            if hit is None:
                self.sample(f"{where} {name}\n  wanted {item}\n  near   {near[:1]}")
            else:
                near.remove(hit)
                right += 1
        surplus = sum(map(len, rest.values())) - (len(wanted) - right)
        if surplus > 0:
            self.sample(
                f"{where} {name}: {surplus} rows too many, like {[rows[0] for rows in rest.values() if rows][:1]}"
            )
        self.right[name] += right
        self.total[name] += max(len(wanted), len(got))

    def sample(self, text: str) -> None:
        if len(self.samples) < 10:
            self.samples.append(text)

    def report(self) -> str:
        lines = [f"{name:16} {self.right[name]:6}/{self.total[name]:6} = {self.share(name):.5f}" for name in self.total]
        return "\n".join(lines)

    def share(self, name: str) -> float:
        return self.right[name] / self.total[name] if self.total[name] else 1.0


def run(kubectl: str, server: str, cache: Path, zone: str, *words: str) -> str:
    command = [kubectl, "--server", server, "--cache-dir", str(cache), "--kubeconfig", os.devnull, *words]
    environment = {"TZ": zone, "HOME": str(cache), "PATH": os.environ.get("PATH", "")}
    done = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=120)
    assert not done.returncode, done.stderr.decode()
    return done.stdout.decode() + done.stderr.decode()  # "No resources found" goes to standard error
