"""The server's own tables, beside those of a backlog in the same store."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, MetaData, String, Table, Text

from analyzer.backlog.store.schema import Moment

metadata = MetaData()

jobs = Table(
    "web_jobs",
    metadata,
    Column("id", String(32), primary_key=True),  # random; the report has the same
    Column("owner", String(200), nullable=False),
    Column("ticket", String(200), nullable=False),  # as the user named it, may be ""
    Column("name", String(200), nullable=False),  # of the file, or of the first of several
    Column("stored_as", String(200), nullable=False),  # its name in the table of tickets
    Column("bytes", BigInteger, nullable=False),
    Column("state", String(8), nullable=False),  # queued, running, done, failed
    Column("error", Text, nullable=False),
    Column("verdict", String(32), nullable=False),
    Column("first_cause", String(64), nullable=False),
    Column("attempts", Integer, nullable=False),  # times that its analysis was begun
    Column("created", Moment, nullable=False),
    Column("started", Moment),
    Column("finished", Moment),
    Column("seconds", Float),
    Index("web_jobs_owner", "owner", "created"),
    Index("web_jobs_state", "state", "created"),
)

tokens = Table(
    "web_tokens",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("digest", String(64), nullable=False, unique=True),  # sha256; the token itself is kept nowhere
    Column("support", Boolean, nullable=False),
    Column("created", Moment, nullable=False),
    Column("last_used", Moment),
)

sessions = Table(
    "web_sessions",
    metadata,
    Column("digest", String(64), primary_key=True),  # sha256 of the cookie
    Column("token", String(200), nullable=False),
    Column("expires", Moment, nullable=False),
)
