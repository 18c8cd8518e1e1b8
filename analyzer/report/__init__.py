"""The report: a typed model of what was found, and the pages made of it."""
