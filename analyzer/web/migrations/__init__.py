"""Migrations of the server's own tables."""
