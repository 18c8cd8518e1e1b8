"""Two reports of one cluster side by side: what ``compare`` found, as data.

The classes mirror the JSON of a comparison (schema version 1; ``comparison.schema.json``) field by field.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from analyzer.report.model import Tool

SCHEMA_VERSION = "1"
#: answers to "did the repair work", and how each is said in a word or two
ANSWERS = {
    "yes": "Yes",
    "partly": "Partly",
    "no": "No",
    "worse": "No, it got worse",
    "nothing-to-repair": "Nothing was to be repaired",
    "unknown": "This cannot be told",
}
#: what became of something; "same" is counted, not listed
KINDS = ("worse", "new", "better", "gone", "changed")
#: what is compared, in the order in which it is shown
SUBJECTS = {
    "causes": "Causes",
    "workers": "Workers",
    "pods": "Pods",
    "restarts": "Restarts",
    "symptoms": "Symptoms",
    "versions": "Versions",
}


class Side(msgspec.Struct, frozen=True):
    """One of the two bundles."""

    name: str
    sha256: str
    collected: datetime | None
    verdict: str
    first_cause: str  # id, "" where none is named
    cluster: str
    platform: str
    workers: int
    workers_bad: int
    calico_nodes: int
    calico_nodes_bad: int


class Change(msgspec.Struct, frozen=True):
    """What became of one thing.

    ``kind`` is worse, new, better, gone or changed (neither good nor bad); ``subject`` a key of SUBJECTS;
    ``before`` and ``after`` say its state in words, "" where it is not there.
    """

    kind: str
    subject: str
    id: str
    title: str
    before: str
    after: str


class Comparison(msgspec.Struct, frozen=True):
    """Everything a page of a comparison shows."""

    tool: Tool
    generated_at: datetime
    before: Side
    after: Side
    repaired: str  # a key of ANSWERS
    answer: str  # one or two sentences
    changes: tuple[Change, ...] = ()
    same: tuple[tuple[str, int], ...] = ()  # (subject, how many did not change)
    warnings: tuple[str, ...] = ()
    next_action: str = ""
    next_command: str = ""
    next_risk: str = "safe"
    schema_version: str = SCHEMA_VERSION
