"""The first tables: tickets and outcomes."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "tickets",
        sa.Column("ticket", sa.String(200), primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("content", sa.String(64), nullable=False),
        sa.Column("catalogue", sa.String(64), nullable=False),
        sa.Column("status", sa.String(8), nullable=False),
        sa.Column("verdict", sa.String(32), nullable=False),
        sa.Column("first_cause", sa.String(64), nullable=False),
        sa.Column("probability", sa.Float),
        sa.Column("causes", sa.Text, nullable=False),
        sa.Column("platform", sa.String(32), nullable=False),
        sa.Column("kubernetes_version", sa.String(64), nullable=False),
        sa.Column("calico_version", sa.String(64), nullable=False),
        sa.Column("nodes_seen", sa.Integer),
        sa.Column("first_time", sa.DateTime(timezone=True)),
        sa.Column("last_time", sa.DateTime(timezone=True)),
        sa.Column("bytes", sa.BigInteger),
        sa.Column("seconds", sa.Float),
        sa.Column("look_alikes", sa.String(120), nullable=False),
        sa.Column("report", sa.Text, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("fired", sa.Text, nullable=False),
        sa.Column("ranked", sa.Text, nullable=False),
        sa.Column("finished", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("tickets_first_cause", "tickets", ["first_cause"])
    op.create_index("tickets_status", "tickets", ["status"])
    op.create_table(
        "outcomes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("ticket", sa.String(200), nullable=False),
        sa.Column("cause", sa.String(64), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("who", sa.String(120), nullable=False),
        sa.Column("recorded", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("outcomes_ticket", "outcomes", ["ticket"])
