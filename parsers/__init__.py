"""Parsers: one module per kind of input, pure text in, rows out."""
