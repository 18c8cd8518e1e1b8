"""The tables of the store, as the newest migration leaves them.

The migrations (``migrations/versions``) are what makes and changes a database; a test compares both.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Float, Index, Integer, MetaData, String, Table, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

metadata = MetaData()


class Moment(TypeDecorator[datetime]):
    """A time in UTC. SQLite keeps none with a zone: it is taken off on the way in and put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the time in UTC; one without zone is a mistake of the caller."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without zone: {value}")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Give the time with its zone."""
        if not isinstance(value, datetime):
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


tickets = Table(
    "tickets",
    metadata,
    Column("ticket", String(200), primary_key=True),
    Column("source", Text, nullable=False),  # path or URL it was read from
    Column("content", String(64), nullable=False),  # sha256 of what was read; "" where it could not be read
    Column("catalogue", String(64), nullable=False),  # of program, catalogue and options it was analysed with
    Column("status", String(8), nullable=False),  # ok, failed
    Column("verdict", String(32), nullable=False),
    Column("first_cause", String(64), nullable=False),
    Column("probability", Float),
    Column("causes", Text, nullable=False),  # slugs joined by spaces, in rank order
    Column("platform", String(32), nullable=False),
    Column("kubernetes_version", String(64), nullable=False),
    Column("calico_version", String(64), nullable=False),
    Column("nodes_seen", Integer),
    Column("first_time", Moment),
    Column("last_time", Moment),
    Column("bytes", BigInteger),
    Column("seconds", Float),
    Column("look_alikes", String(120), nullable=False),  # name of the group
    Column("report", Text, nullable=False),  # path of the HTML, relative to the folder of the summary
    Column("error", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),  # analyzer.backlog.fingerprint.as_text
    Column("fired", Text, nullable=False),  # analyzer.backlog.learning.as_text
    Column("ranked", Text, nullable=False),  # [[slug, probability], ...] in rank order
    Column("finished", Moment, nullable=False),
    Index("tickets_first_cause", "first_cause"),
    Index("tickets_status", "status"),
)

outcomes = Table(
    "outcomes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("ticket", String(200), nullable=False),
    Column("cause", String(64), nullable=False),
    Column("note", Text, nullable=False),
    Column("who", String(120), nullable=False),
    Column("recorded", Moment, nullable=False),
    Index("outcomes_ticket", "ticket"),
)
