"""Cross-checks about certificates whose end a tool printed, beside the time of the bundle.

======================= ===================================================================================
fact                    what it means
======================= ===================================================================================
api-certificate-ended   a certificate of the API server or of etcd ended before the bundle was made
typha-certificate-ended the same of Typha or of its clients
======================= ===================================================================================

``openssl x509 -noout -dates`` and its like print the dates and do not say that they are over. Which certificate it is
stands in the command, in the subject or in the file's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from analyzer.facts.fact import Check, Fact
from analyzer.facts.printed_dates import printed_date
from analyzer.tables import Tables
from parsers.lazy_pattern import lazy_pattern

NEAR = 8  # lines between the command and the date
_END = lazy_pattern(
    r"(?:notAfter=|Not After ?: ?|expire date: )(\w{3} [ \d]\d \d\d:\d\d:\d\d \d{4})"
    r"|[\"']?not_?[aA]fter[\"']?: ?[\"']?(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)"
)
_OF_TYPHA = lazy_pattern(r"typha|:5473\b|node-certs|felix", re.IGNORECASE)
_OF_API = lazy_pattern(
    r":(?:6443|16443|2379|8443|443)\b|\betcd\b|api-?server|kubernetes/(?:pki|ssl)|(?:rke2|k3s)/server/tls|microk8s/current",
    re.IGNORECASE,
)
_OF_OTHERS = lazy_pattern(r"webhook|registry|harbor|ingress|/v2/", re.IGNORECASE)


def ended(tables: Tables) -> Iterator[Fact]:
    """api-certificate-ended, typha-certificate-ended."""
    by_file: dict[str, list[Any]] = {}
    for row in tables.rows.log_lines:
        by_file.setdefault(row.file, []).append(row)
    for file, rows in by_file.items():
        ends = [(row, end) for row in rows if "certificate-end-printed" in row.message_ids and (end := _end(row))]
        if not ends:
            continue
        now = max(filter(None, [tables.collected, *(printed_date(row.message) for row in rows)]), default=None)
        for row, end in ends:
            if now is None or end >= now:
                continue
            near = [one.raw or one.message for one in rows if abs(int(one.line) - int(row.line)) <= NEAR]
            words = "\n".join([file, *near])
            typha, other = _OF_TYPHA.search(words), _OF_OTHERS.search(words)
            name = "typha-certificate-ended" if typha else "api-certificate-ended" if _OF_API.search(words) else ""
            if name and not other:
                detail = f"a certificate ended at {end:%Y-%m-%d %H:%M}, before the bundle was made"
                yield Fact(name, file, int(row.line), detail, row.node)


def _end(row: Any) -> datetime | None:
    found = _END.search(row.raw or row.message)
    if not found:
        return None
    words, form = (found[1], "%b %d %H:%M:%S %Y") if found[1] else (f"{found[2]} {found[3]}", "%Y-%m-%d %H:%M:%S")
    try:
        return datetime.strptime(words, form).replace(tzinfo=UTC)
    except ValueError:
        return None


CHECKS: tuple[Check, ...] = (ended,)
