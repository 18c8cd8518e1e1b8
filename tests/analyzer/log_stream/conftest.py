"""Logs to read in two ways: as a whole text, and in pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from copy import copy
from queue import SimpleQueue
from threading import Thread
from typing import Any

import pytest

from analyzer.catalogue import load
from analyzer.log_stream.blocks import Block, Filled, Ring
from analyzer.log_stream.lines import Cutter
from analyzer.log_stream.reader import ReadLog, read_log
from analyzer.message_index import build_matcher
from parsers.container_log import parse_container_log
from parsers.decode import decode
from parsers.message_match import MessageMatcher
from parsers.source import Parsed, Source

HERE = Source("a.log", container="calico-node")
Read = Callable[..., ReadLog]
BlocksOf = Callable[[Iterable[bytes]], Iterator[Block]]


@pytest.fixture(scope="session")
def matcher() -> MessageMatcher:
    return build_matcher(load(()))


@pytest.fixture(scope="session")
def in_pieces(matcher: MessageMatcher) -> Read:
    def read(data: bytes, size: int = 50_000, source: Source = HERE, **more: Any) -> ReadLog:
        pieces = (data[at : at + size] for at in range(0, len(data), size))
        return read_log(Cutter(pieces, 65_536), source, matcher, 65_536, **more)

    return read


@pytest.fixture(scope="session")
def as_a_whole(matcher: MessageMatcher) -> Callable[..., Parsed]:
    return lambda data, source=HERE: parse_container_log(decode(data)[0], source, matcher.match)


@pytest.fixture(scope="session")
def blocks_of() -> BlocksOf:
    """Blocks as another process would make them; here a thread does."""

    def made(pieces: Iterable[bytes]) -> Iterator[Block]:
        ring, told = Ring(), SimpleQueue[Filled | None]()
        other = copy(ring)  # what the other process would have

        def fill() -> None:
            other.fill(pieces, told.put)
            told.put(None)

        Thread(target=fill, daemon=True).start()
        while (filled := told.get()) is not None:
            yield ring.block(filled)
            ring.emptied()

    return made
