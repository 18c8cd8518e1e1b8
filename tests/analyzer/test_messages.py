"""Every message of the catalogue matches its examples, and start-up noise accuses nobody."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from analyzer.catalogue import load
from analyzer.message_index import build_matcher
from parsers.log_line import take_apart

CATALOGUE = load()
MATCHER = build_matcher(CATALOGUE)
REFERENCE = Path(__file__).parents[3] / "shared" / "reference" / "calico-messages.yaml"
#: what a calico-node says that starts and stops as it should
NOISE = """\
2026-02-12 06:20:11.402 [INFO][9] startup/startup.go 445: Early log level set to info
2026-02-12 06:20:11.452 [INFO][9] startup/startup.go 474: Datastore connection verified
W0212 06:20:11.460000       9 client_config.go:618] Neither --kubeconfig nor --master was specified.  Using the inClusterConfig.  This might not work.
bird: Unable to open configuration file /etc/calico/confd/config/bird.cfg: No such file or directory
bird: Mesh_192_0_2_12: State changed to start
2026-02-12 06:20:12.402 [INFO][61] felix/daemon.go 150: Felix starting up GOMAXPROCS=4 version="v3.27.2"
2026-02-12 06:20:12.902 [INFO][61] felix/int_dataplane.go 1300: attempted to modprobe nf_conntrack_proto_sctp error=exit status 1 output=""
2026-02-12 06:20:13.402 [WARNING][61] felix/health.go 188: Reporter is not ready: reporting non-ready. name="int_dataplane"
2026-02-12 09:20:13.402 [WARNING][61] felix/daemon.go 700: Received SIGTERM signal: terminated
bird: Shutting down
""".splitlines()


def messages_with(what: str) -> list[tuple[str, str]]:
    return [(name, line) for name, message in CATALOGUE.messages.items() for line in getattr(message, what)]


def words(line: str) -> str:
    parts = take_apart(line)
    return parts.message if parts else line


@pytest.mark.parametrize(("name", "line"), messages_with("examples"))
def test_examples_match(name: str, line: str) -> None:
    assert name in MATCHER.match(line) or name in MATCHER.match(words(line))


@pytest.mark.parametrize(("name", "line"), messages_with("counter_examples"))
def test_counter_examples_do_not(name: str, line: str) -> None:
    assert name not in MATCHER.match(line) and name not in MATCHER.match(words(line))


@pytest.mark.parametrize("line", NOISE)
def test_routine_lines_name_no_cause(line: str) -> None:
    ids = MATCHER.match(words(line))
    assert not [name for name in ids if CATALOGUE.messages[name].role == "cause"]


def test_every_pattern_matches_itself_with_values() -> None:
    missed = []
    for name, message in CATALOGUE.messages.items():
        for pattern in message.pattern:
            text = re.sub(r"\{([^{}|]*)[^{}]*\}", lambda hole: hole.group(1) if "|" in hole.group() else "v1", pattern)
            if name not in MATCHER.match(text) and not message.unless:
                missed.append((name, text))
    assert len(missed) <= 3, missed


@pytest.mark.shared
@pytest.mark.skipif(not REFERENCE.exists(), reason="the reference material is not beside the checkout")
def test_the_examples_of_calicos_own_source_are_known() -> None:
    entries = yaml.load(REFERENCE.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    missed = [
        e["id"]
        for e in entries
        if e["id"] not in MATCHER.match(e["example"]) and e["id"] not in MATCHER.match(words(e["example"]))
    ]
    assert len(missed) <= len(entries) // 100, missed
