"""What deploy/ says is so: options exist, the pod is restricted, nothing runs as root."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
CONTAINERFILE = (ROOT / "deploy" / "Containerfile").read_text(encoding="utf-8")
UNIT = (ROOT / "deploy" / "calico-triage.service").read_text(encoding="utf-8")
OBJECTS: dict[str, Any] = {
    item["kind"]: item for item in yaml.safe_load_all((ROOT / "deploy" / "kubernetes.yaml").read_text(encoding="utf-8"))
}


def options_of(command: str) -> set[str]:
    program = "import sys; sys.argv[0] = 'calico-triage'; from analyzer.cli import main; main()"
    made = subprocess.run(
        [sys.executable, "-c", program, command, "--help"], capture_output=True, text=True, check=True
    )
    return set(re.findall(r"--[a-z-]+", made.stdout))


def test_each_option_exists() -> None:
    known = options_of("serve")
    pod = OBJECTS["Deployment"]["spec"]["template"]["spec"]["containers"][0]
    for text in ("\n".join(pod["args"]), UNIT, CONTAINERFILE.partition("CMD")[2]):
        named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))
        assert named
        assert named <= known


def test_the_pod_is_restricted() -> None:
    """Pod Security Standards, profile "restricted": every control that a pod template can break."""
    spec = OBJECTS["Deployment"]["spec"]["template"]["spec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
    assert spec["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
    assert all(set(volume) - {"name"} <= {"persistentVolumeClaim", "emptyDir"} for volume in spec["volumes"])
    (container,) = spec["containers"]
    context = container["securityContext"]
    assert context["allowPrivilegeEscalation"] is False
    assert context["readOnlyRootFilesystem"] is True
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert "memory" in container["resources"]["limits"]
    assert OBJECTS["Namespace"]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_labels_and_ports_fit_together() -> None:
    template = OBJECTS["Deployment"]["spec"]["template"]
    for selector in (
        OBJECTS["Deployment"]["spec"]["selector"]["matchLabels"],
        OBJECTS["Service"]["spec"]["selector"],
        OBJECTS["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
    ):
        assert selector == template["metadata"]["labels"]
    port = template["spec"]["containers"][0]["ports"][0]
    assert OBJECTS["Service"]["spec"]["ports"][0]["targetPort"] == port["name"]
    assert {item["metadata"].get("namespace", "calico-triage") for item in OBJECTS.values()} == {"calico-triage"}


def test_the_image_copies_what_there_is_and_does_not_run_as_root() -> None:
    copied = [
        words for line in re.findall(r"^COPY (?!--)(.+)$", CONTAINERFILE, re.MULTILINE) for words in line.split()[:-1]
    ]
    assert copied
    assert all((ROOT / name).exists() for name in copied)
    users = re.findall(r"^USER (\S+)$", CONTAINERFILE, re.MULTILINE)
    assert users and users[-1].partition(":")[0] not in ("0", "root")
    extras = re.findall(r"'\.\[([\w,]+)\]'", CONTAINERFILE)[0].split(",")
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert all(re.search(rf"^{name} = \[", project, re.MULTILINE) for name in extras)


def test_the_unit_takes_rights_away() -> None:
    wanted = {
        "DynamicUser=yes",
        "ProtectSystem=strict",
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=",
        "PrivateTmp=yes",
    }
    assert wanted <= set(UNIT.splitlines())
