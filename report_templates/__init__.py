"""Templates, style sheet and script of the report's pages; ``docs/report.md`` tells how to override them."""
