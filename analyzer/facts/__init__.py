"""Cross-checks between tables: what no single line says."""
