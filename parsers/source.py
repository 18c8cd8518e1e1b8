"""What every parser takes and gives: a :class:`Source` with the text, a :class:`Parsed` back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct, field

from parsers.rows import (
    BgpRow,
    ContainerRow,
    DaemonSetRow,
    EventRow,
    ListingRow,
    LogLineRow,
    LogVolumeRow,
    NodeConditionRow,
    NodeRow,
    PodConditionRow,
    PodRow,
    ReadinessRow,
    RouteRow,
    SettingRow,
)

#: Gives the ids of all message-catalogue entries that a message matches, the most telling first.
Match = Callable[[str], tuple[str, ...]]


class OneRow(tuple[str, ...]):
    """Ids of a message that says the same whatever names it holds: all its lines of one process are one row."""

    __slots__ = ()


class Source(Struct, frozen=True):
    """Where a text comes from and what is known of it before it is parsed."""

    path: str
    first_line: int = 1  # line number, in the file, of the text's first line
    namespace: str = ""
    pod: str = ""
    container: str = ""
    node: str = ""
    previous: bool = False  # the log of a terminated container
    collected: datetime | None = None  # when the file was made, where something tells
    command: str = ""  # the command line that printed the text, where a pasted session shows it


class Parsed(Struct):
    """The rows read from one text, by table, and what was wrong with the text."""

    nodes: list[NodeRow] = field(default_factory=list)
    node_conditions: list[NodeConditionRow] = field(default_factory=list)
    pods: list[PodRow] = field(default_factory=list)
    pod_conditions: list[PodConditionRow] = field(default_factory=list)
    containers: list[ContainerRow] = field(default_factory=list)
    events: list[EventRow] = field(default_factory=list)
    log_lines: list[LogLineRow] = field(default_factory=list)
    readiness: list[ReadinessRow] = field(default_factory=list)
    bgp: list[BgpRow] = field(default_factory=list)
    daemonsets: list[DaemonSetRow] = field(default_factory=list)
    settings: list[SettingRow] = field(default_factory=list)
    listings: list[ListingRow] = field(default_factory=list)
    routes: list[RouteRow] = field(default_factory=list)
    log_volume: list[LogVolumeRow] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    #: key -> value facts about the text itself: "first_time"/"last_time" (ISO), "level.ERROR" counts,
    #: "calico_version", "kubernetes_version", "pod", "node", "container" worked out from content
    facts: dict[str, str] = field(default_factory=dict)

    def extend(self, other: Parsed) -> None:
        """Append all rows and problems of ``other``; its facts win over empty ones only."""
        for name in self.__struct_fields__:
            mine, theirs = getattr(self, name), getattr(other, name)
            if isinstance(mine, list):
                mine.extend(theirs)
            else:
                for key, value in theirs.items():
                    mine.setdefault(key, value)
