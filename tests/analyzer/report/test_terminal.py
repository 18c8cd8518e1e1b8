"""The summary on the terminal: short, ranked, plain where it is no terminal, safe."""

from __future__ import annotations

import io
import re

import pytest
import report_samples as samples
from msgspec.structs import replace
from rich.console import Console

from analyzer.report import model, print_summary


def printed(report: model.Report, terminal: bool = False, width: int = 80) -> str:
    stream = io.StringIO()
    print_summary(
        report,
        Console(file=stream, force_terminal=terminal, width=width, color_system="truecolor" if terminal else None),
    )
    return stream.getvalue()


def test_causes_found() -> None:
    assert printed(samples.incident()) == (
        "CS1234567-mustgather.tgz, 4 files, IBM Cloud Kubernetes Service (classic), Kubernetes v1.29.4+IKS, "
        "Calico v3.27.2, 12 workers\n"
        "Causes found: TCP port 179 is blocked between workers\n"
        "One cause explains all symptoms; the next one is 14 times less probable.\n"
        "\n"
        "1. 93 % likely  TCP port 179 is blocked between workers [bgp-port-blocked]\n"
        "   affects 3 of 12 workers, all in zone dal12\n"
        "   why: A policy that drops private traffic was created seconds before the first session was lost.\n"
        '   objects/gnp.yaml:7: creationTimestamp: "2026-03-16T03:43:51Z"\n'
        "   why: Sessions to the workers of the other zones went down at once.\n"
        "   logs/calico-node-x7k2p.log:911: 2026-03-16 03:44:02.118 [INFO][77] bird: Mesh_10_30_7_20: State changed to down\n"
        "\n"
        "2. 11 % possible  calico-typha cannot be reached [typha-unavailable]\n"
        "   affects 10.31.7.20, 1 of 12 workers\n"
        "   why: Felix could not connect to typha.\n"
        "   logs/calico-node-x7k2p.log:1204: 2026-03-16 03:51:40.900 [WARNING][77] felix/sync_client.go 183: "
        "error connecting to Typha error=dial tcp 10.30.7.22:5473: i/o timeout\n"
        "\n"
        "3. 3 % unlikely  The MTU does not fit the network [mtu-mismatch]\n"
        "   affects 10.30.7.20, 1 of 12 workers\n"
        "\n"
        "Next (safe): Test TCP port 179 from one affected worker to a worker of another zone.\n"
        "  $ kubectl debug node/10.31.7.20 -it --image=busybox -- nc -vz -w 3 10.30.7.20 179\n"
        "\n"
        "In the report: 2 missing items, 2 unrecognized templates, 1 warning\n"
        "Warning: logs/calico-node-9q4fz.log.gz: truncated: 81,920 of about 400,000 bytes could be read\n"
    )


def test_no_problem_found() -> None:
    lines = printed(samples.healthy()).splitlines()
    assert lines[1:3] == [
        "No problem found in this bundle",
        "All calico-node pods that were seen are ready and no worker is NotReady.",
    ]


def test_not_enough_data() -> None:
    text = printed(samples.not_enough())
    assert "Not enough data to name a cause\n" in text
    assert "  - describe node of the worker in trouble: its conditions tell" in text
    assert "  $ kubectl describe node <WORKER_NODE_NAME>\n" in text


def test_more_causes_are_counted() -> None:
    base = samples.incident()
    causes = tuple(replace(base.causes[2], id=f"c{n}", rank=n + 1) for n in range(8))
    assert "3 more causes in the report" in printed(replace(base, causes=causes))


@pytest.mark.parametrize("terminal", [False, True])
def test_control_characters_of_the_bundle_do_nothing(terminal: bool) -> None:
    text = printed(samples.hostile(), terminal)
    own = re.sub(r"\x1b\[[0-9;]*m", "", text) if terminal else text
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", own)
    assert "[bold]x[/bold]" in own.replace("\n", "")


def test_plain_where_it_is_no_terminal() -> None:
    assert "\x1b" not in printed(samples.incident())
    assert "\x1b[" in printed(samples.incident(), terminal=True)


def test_every_line_stays_short_of_a_flood() -> None:
    text = printed(samples.with_text(samples.incident(), "y" * 100_000))
    assert max(map(len, text.splitlines())) < 2500
    assert len(text) < 20_000
