"""Runs the migrations over the connection that is handed in; alembic loads this file."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table="web_alembic_version",  # the backlog's tables have a version of their own
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
