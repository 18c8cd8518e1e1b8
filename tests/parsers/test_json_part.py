from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.json_part import parse_json_part
from parsers.source import Source

CRD = "kubectl get bgpconfigurations.crd.projectcalico.org default -o jsonpath="


def read(command: str, text: str) -> list[tuple[str, str, str, str]]:
    rows = parse_json_part(text, Source("a.txt", command=command)).settings
    return [(row.kind, row.name, row.key, row.value) for row in rows]


def test_a_part_of_an_object() -> None:
    assert read(CRD + "'{.spec}'", '\n{"asNumber":64512,"nodeToNodeMeshEnabled":false}\n') == [
        ("BGPConfiguration", "default", "spec.asNumber", "64512"),
        ("BGPConfiguration", "default", "spec.nodeToNodeMeshEnabled", "false"),
    ]


def test_one_value() -> None:
    assert read("oc get felixconfiguration default -o jsonpath={.spec.mtu}", "1440") == [
        ("FelixConfiguration", "default", "spec.mtu", "1440")
    ]


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("kubectl get secret a-secret -o jsonpath='{.data}'", '{"a": "eHg="}'),
        (CRD + "'{.items[*].spec}'", '{"asNumber":64512}'),
        ("kubectl get bgpconfiguration default -o yaml", "asNumber: 64512"),
        (CRD + "'{.spec}'", ""),
    ],
)
def test_what_is_left_alone(command: str, text: str) -> None:
    assert read(command, text) == []


@given(st.text())
def test_no_text_makes_it_fail(text: str) -> None:
    parse_json_part(text, Source("a.txt", command=CRD + "'{.spec}'"))
