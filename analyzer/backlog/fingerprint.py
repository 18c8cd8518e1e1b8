"""What a ticket looks like: its causes, the messages behind them, and lines nobody knows yet, each with a weight.

Names of workers, addresses and times are left out, so that one incident in fifty clusters looks fifty times alike.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from analyzer.report.model import Report
from parsers.lazy_pattern import lazy_pattern
from parsers.source import Match

#: feature -> weight; "cause:", "verdict:", "message:", "signal:" and "template:" say what a feature is
Fingerprint = Mapping[str, float]

#: the first cause says most: with other evidence of it two tickets are alike, with the same complaints of others not
FIRST_CAUSE, LIKELY, POSSIBLE = 4.0, 2.0, 1.0
MESSAGE, SIGNAL, TEMPLATE = 1.0, 0.5, 0.5
#: templates of one ticket that count; the report has the most telling first
MOST_TEMPLATES = 8
_NOVEL_LEVELS = ("PANIC", "FATAL", "ERROR")
#: words of a template that vary with the cluster: with a digit, a placeholder, a path or a dotted name
_VARIES = lazy_pattern(r"\S*[\d<>*/=\[\]{}]\S*|\S+\.\S+")
_LONGEST, _READ = 160, 1000


def fingerprint(report: Report, match: Match) -> dict[str, float]:
    """Give the features of a report, the same for the same report in whatever order it lists things.

    Args:
        report: made now, or read back from its JSON.
        match: gives the message ids of a text (``Analyzer.match``).
    """
    features: dict[str, float] = {}
    if report.verdict != "causes-found":
        features[f"verdict:{report.verdict}"] = FIRST_CAUSE
    for position, cause in enumerate(sorted(report.causes, key=lambda item: item.rank)):
        weight = {"likely": LIKELY, "possible": POSSIBLE}.get(cause.confidence, 0.0)
        if position == 0 and report.verdict == "causes-found":
            weight = FIRST_CAUSE
        if weight:
            features[f"cause:{cause.id}"] = weight
    quoted = [line for cause in report.causes for line in cause.evidence]
    for line in (*quoted, *(line for symptom in report.symptoms for line in symptom.evidence)):
        features.update({f"message:{name}": MESSAGE for name in match(line.text)})
    features.update({f"signal:{line.signal}": SIGNAL for line in quoted if line.signal and not match(line.text)})
    novel = [item.template for item in report.unrecognized if item.level in _NOVEL_LEVELS]
    for name in filter(None, map(general, novel[:MOST_TEMPLATES])):
        features[f"template:{name}"] = TEMPLATE
    return dict(sorted(features.items()))


def general(template: str) -> str:
    """Give a template without what varies from cluster to cluster; "" where nothing is left that says anything."""
    words = " ".join(_VARIES.sub("*", template[:_READ].lower()).split())
    return words[:_LONGEST] if len(re.findall(r"[a-z]{3,}", words)) >= 2 else ""


def as_text(features: Fingerprint) -> str:
    """Give a fingerprint as text to store; equal fingerprints give equal texts."""
    return json.dumps(dict(sorted(features.items())), ensure_ascii=False, separators=(",", ":"))


def from_text(text: str) -> dict[str, float]:
    """Read a stored fingerprint back; one that cannot be read has no features."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(data, dict):
        return {}
    return {str(name): float(weight) for name, weight in data.items() if isinstance(weight, int | float)}
