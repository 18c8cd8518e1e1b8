"""What the report says of what to do next."""

from __future__ import annotations

from analyzer.assemble import _next_action
from analyzer.report import model


def test_nothing_is_repaired_where_nothing_was_found() -> None:
    step = model.RemediationStep("Remove it.", "rm", "disruptive")
    cause = model.CauseResult("a", 1, "a", "t", 0.1, "possible", "node", remediation=(step,))
    assert _next_action("no-problem-found", [cause], [], not_a_fault=False).text.startswith("Nothing to repair")
    assert _next_action("no-problem-found", [cause], [], not_a_fault=True).text == "Remove it."
    assert _next_action("causes-found", [cause], [], not_a_fault=False).command == "rm"
