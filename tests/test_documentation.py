"""The pages say what is so: their commands run, their links lead somewhere, their worked examples work."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from analyzer.catalogue import SELECTORS, load
from analyzer.tables import build
from parsers.rows import PodRow
from parsers.source import Source

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "sample_bundles/README.md")]
PAGES += sorted((ROOT / "docs").glob("*.md"))
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    return [match[2] for match in BLOCK.finditer(text) if match[1] == language]


def commands(text: str) -> list[str]:
    return [line for block in blocks(text, "sh") for line in block.splitlines() if line.startswith("calico-triage ")]


def section(title: str) -> str:
    """The part of CONTRIBUTING.md under this heading."""
    return CONTRIBUTING.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def shell(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run as a reader of the page would, with the command on the PATH."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["sh", "-ec", script], cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=120
    )


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the pages' commands name, so that nothing is written into the checkout."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "sample_bundles", folder / "sample_bundles")
    shutil.copytree(ROOT / "analyzer" / "knowledge", folder / "analyzer" / "knowledge")
    return folder


@pytest.mark.parametrize("block", [block for block in blocks(README, "sh") if commands(f"```sh\n{block}```")])
def test_commands_of_the_readme_run(block: str, checkout: Path) -> None:
    """A block's commands one after the other: a later one may need what an earlier one has written."""
    for command in commands(f"```sh\n{block}```"):
        done = shell(command, checkout)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""


def test_the_readme_shows_every_command_that_exists_and_no_other() -> None:
    shown = {line.split()[1] for line in commands(README)}
    help_text = shell("calico-triage --help", ROOT).stdout
    listed = set(re.findall(r"^  ([a-z]+) ", help_text.partition("Commands:")[2], re.MULTILINE))
    assert shown == listed
    planned = README.partition("Not yet there:")[2].partition("## ")[0]
    absent = set(re.findall(r"(?:^\| |, )`([a-z]+)`", planned, re.MULTILINE))
    assert bool(absent) == ("Not yet there:" in README)
    assert not absent & listed, "the page says 'not yet' of what exists"


def test_every_option_the_readme_names_exists() -> None:
    listed = README.partition("| option of `analyze` |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`(-{1,2}[a-z][a-z-]*)", listed))
    help_text = shell("calico-triage analyze --help", ROOT).stdout
    assert {"-o", "--causes", "--template", "--fail-on", "-q", "-v"} <= named
    for option in named:
        assert re.search(rf"(?<![\w-]){re.escape(option)}\b", help_text), option


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_into_the_repository_lead_to_files(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in LINK.findall(text):
        if "://" not in target and not target.startswith("#"):
            assert (page.parent / target.partition("#")[0]).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_files_of_the_source_that_a_page_names_exist(page: Path) -> None:
    text = BLOCK.sub("", page.read_text(encoding="utf-8"))
    named = re.findall(r"`((?:analyzer|parsers|tests|docs|report_templates|sample_bundles)/[\w./-]+)`", text)
    invented = {"parsers/sysctl.py", "tests/parsers/test_sysctl.py", "tests/parsers/test_ipam.py"}
    missing = [name for name in named if name not in invented and not (ROOT / name).exists()]
    assert missing == []


def test_pictures_are_small() -> None:
    pictures = sorted((ROOT / "docs" / "images").glob("*.png"))
    assert pictures
    assert all(picture.stat().st_size <= 200_000 for picture in pictures)


def test_the_table_of_samples_is_true() -> None:
    text = (ROOT / "sample_bundles" / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[([\w-]+)\]\(\1/README\.md\) \| (.+?) \| `([\w-]+)` \| (\w+) \|$", text, re.MULTILINE)
    truths = [
        yaml.safe_load(path.read_text(encoding="utf-8")) for path in (ROOT / "sample_bundles").glob("*/truth.yaml")
    ]
    assert sorted(listed) == sorted((t["id"], t["why"], t["primary"], t["difficulty"]) for t in truths)


def test_every_dependency_has_its_line() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    needed = {re.split(r"[<>=\[ ]", item)[0] for item in project["dependencies"]}
    assert set(re.findall(r"^\| ([A-Za-z0-9-]+) \|", page, re.MULTILINE)) - {"package"} == needed
    for item in project["optional-dependencies"]["dev"]:
        name = re.split(r"[<>=\[ ]", item)[0]
        assert name in page or name.startswith("types-") or name.endswith("-stubs"), name


def test_the_worked_cause_needs_only_its_page(tmp_path: Path) -> None:
    """Save the YAML under the name the page gives it, run the page's commands: the cause is the first of the report."""
    text = section("A cause")
    name = re.search(r"Save it as `([\w-]+\.yaml)`", text)
    assert name
    content = blocks(text, "yaml")[0]
    (tmp_path / name[1]).write_text(content, encoding="utf-8")
    cause = yaml.safe_load(content)["causes"][0]
    script = blocks(text, "sh")[0]
    assert cause["examples"][0]["line"] in script
    done = shell(script, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "1 file(s) valid" in done.stdout
    report = json.loads((tmp_path / "tcp.json").read_text(encoding="utf-8"))
    first = report["causes"][0]
    assert first["id"] == cause["id"]
    assert first["evidence"][0]["text"] == cause["examples"][0]["line"]
    assert (first["evidence"][0]["file"], first["evidence"][0]["line"]) == ("journal.txt", 1)


def test_the_worked_cause_is_not_there_already_and_a_mistake_in_it_is_found(tmp_path: Path) -> None:
    content = blocks(section("A cause"), "yaml")[0]
    entry = yaml.safe_load(content)
    shipped = load()
    assert entry["causes"][0]["id"] not in shipped.causes
    assert entry["messages"][0]["id"] not in shipped.messages
    (tmp_path / "wrong.yaml").write_text(content.replace("strength: decisive", "strength: certain"), encoding="utf-8")
    done = shell("calico-triage causes --check wrong.yaml", tmp_path)
    assert done.returncode == 2
    assert "wrong.yaml" in done.stderr
    assert "strength" in done.stderr


def test_the_selectors_the_page_lists_are_those_that_exist() -> None:
    listed = section("A cause").partition("exactly one:")[2].partition("`Signal`")[0]
    assert set(re.findall(r"`(\w+)`", listed)) == set(SELECTORS)


def test_the_worked_message_matches_its_examples(tmp_path: Path) -> None:
    from analyzer.message_index import build_matcher

    (tmp_path / "message.yaml").write_text(blocks(section("A message"), "yaml")[0], encoding="utf-8")
    catalogue = load([tmp_path])
    message = catalogue.messages["felix-made-up-route"]
    match = build_matcher(catalogue).match
    assert all(message.id in match(text) for text in message.examples)
    assert not any(message.id in match(text) for text in message.counter_examples)


def test_the_worked_parser_reads_its_input() -> None:
    module: dict[str, Any] = {"__name__": "worked_example"}
    exec(blocks(section("A kind of input"), "python")[0], module)
    text = "kernel.hostname = worker\nsysctl: permission denied\nnet.ipv4.ip_forward = 0\n"
    rows = module["parse_sysctl"](text, Source("sysctl.txt", node="10.0.0.5")).settings
    assert [(row.line, row.key, row.value) for row in rows] == [(1, "kernel.hostname", "worker"), (3, "net.ipv4.ip_forward", "0")]  # fmt: skip


def test_the_worked_cross_check_finds_and_does_not_find() -> None:
    module: dict[str, Any] = {"__name__": "worked_example"}
    exec(blocks(section("A cross-check"), "python")[0], module)
    (check,) = module["CHECKS"]

    def found(*nodes: str) -> list[str]:
        rows = [
            PodRow("pods.txt", line, "calico-system", f"calico-typha-5f5f9f7c6b-8dms{line}", "calico-typha", node, "Running", "1/1")
            for line, node in enumerate(nodes, start=2)
        ]  # fmt: skip
        return [fact.id for fact in check(build({"pods": rows}))]

    assert found("10.0.0.5", "10.0.0.5") == ["typha-on-one-worker"]
    assert found("10.0.0.5", "10.0.0.6") == []
    assert found("10.0.0.5") == []


def test_the_worked_sample_is_a_story(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "sample_bundles"))
    import stories

    scope: dict[str, Any] = dict(vars(stories))
    exec(blocks(section("A sample"), "python")[0], scope)
    story = scope["disk_full"](datetime(2026, 2, 12, 14, 42, tzinfo=UTC))
    assert story.cause in load().causes
    for place in story.must_cite:
        assert place["contains"] in story.texts[place["file"]]
