"""Texts of each kind go to their parser; what is only half of a kind is searched for messages."""

from __future__ import annotations

import importlib

import pytest

from analyzer.text_kinds import PARSERS, read_text
from parsers.source import Source


@pytest.mark.parametrize("kind", sorted(PARSERS))
def test_every_kind_has_its_parser(kind: str) -> None:
    module, _, function = PARSERS[kind].partition(":")
    assert callable(getattr(importlib.import_module(module), function))
    assert not read_text(kind, "", Source("f"), lambda text: ()).log_lines


def test_a_configuration_that_is_no_object_of_the_api_is_searched_too() -> None:
    text = '{"kubeletconfig": {"nodeLeaseDurationSeconds": 240, "kind": "KubeletConfiguration", "apiVersion": "x/v1"}}'
    parsed = read_text("objects", text, Source("configz.json"), lambda line: ("slow",) if "240" in line else ())
    assert [row.message_id for row in parsed.log_lines] == ["slow"]


def test_routes_that_go_are_no_table_of_routes() -> None:
    watched = "Deleted 192.0.2.7 dev cali8e02c1f77d4 scope link\n192.0.2.7 dev cali8e02c1f77d4 scope link\n"
    read = read_text("ip-route", watched, Source("session.txt"), lambda text: ("gone",) if "Deleted" in text else ())
    assert read.routes == []
    assert [row.line for row in read.log_lines] == [1]
    assert len(read_text("ip-route", watched.split("\n")[1], Source("routes.txt"), lambda text: ()).routes) == 1
