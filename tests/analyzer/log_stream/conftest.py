"""Logs to read in two ways: as a whole text, and in pieces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from analyzer.catalogue import load
from analyzer.log_stream.reader import ReadLog, read_log
from analyzer.message_index import build_matcher
from parsers.container_log import parse_container_log
from parsers.decode import decode
from parsers.message_match import MessageMatcher
from parsers.source import Parsed, Source

HERE = Source("a.log", container="calico-node")
Read = Callable[..., ReadLog]


@pytest.fixture(scope="session")
def matcher() -> MessageMatcher:
    return build_matcher(load(()))


@pytest.fixture(scope="session")
def in_pieces(matcher: MessageMatcher) -> Read:
    def read(data: bytes, size: int = 50_000, source: Source = HERE, **more: Any) -> ReadLog:
        pieces = (data[at : at + size] for at in range(0, len(data), size))
        return read_log(pieces, source, matcher, 65_536, **more)

    return read


@pytest.fixture(scope="session")
def as_a_whole(matcher: MessageMatcher) -> Callable[..., Parsed]:
    return lambda data, source=HERE: parse_container_log(decode(data)[0], source, matcher.match)
