"""Migrations of the store, run by alembic from the program itself."""
