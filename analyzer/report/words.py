"""Numbers, times and names of the report in words, alike on every page."""

from __future__ import annotations

from datetime import UTC, datetime

from analyzer.report.model import CauseResult, ClusterInfo, InCommon

PLATFORMS = {
    "iks-classic": "IBM Cloud Kubernetes Service (classic)",
    "iks-vpc": "IBM Cloud Kubernetes Service (VPC)",
    "iks-satellite": "IBM Cloud Satellite",
    "roks": "Red Hat OpenShift on IBM Cloud",
    "other": "Kubernetes outside IBM Cloud",
    "unknown": "unknown",
}
VERDICTS = {
    "causes-found": "Causes found",
    "no-problem-found": "No problem found",
    "not-enough-data": "Not enough data",
}
RISKS = {
    "safe": "safe",
    "disruptive": "disruptive, running pods or connections are interrupted",
    "destructive": "destructive, data or configuration is lost",
}
CONFIDENCES = {
    "likely": "Most likely cause",
    "possible": "A possible cause, not certain",
    "unlikely": "The best guess, unlikely",
}
STATES = {"healthy": "healthy", "bad": "in trouble", "unknown": "not shown by this bundle"}
#: least absolute weight (natural log of the likelihood ratio) of each strength: halfway between the catalogue's ratios
_STRENGTHS = ((5.5, "decisive"), (3.4, "strong"), (1.7, "moderate"), (0.0, "weak"))


def percent(probability: float) -> str:
    """Give a probability as ``93 %``; certainty is never claimed."""
    if probability > 0.99:
        return "over 99 %"
    return "under 1 %" if probability < 0.01 else f"{probability * 100:.0f} %"


def when(time: datetime | None) -> str:
    """Give a time as ``2026-03-16 04:11:52 UTC``, "" where it is not known."""
    if time is None or time != time:  # pandas' NaT is not equal to itself
        return ""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def clock(time: datetime | None) -> str:
    """Give the time of day only, for axes."""
    return "" if time is None or time != time else f"{time.astimezone(UTC):%H:%M}"


def size(count: int) -> str:
    """Give a number of bytes as people say it."""
    value = float(count)
    for unit in ("bytes", "KB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            return f"{value:.0f} {unit}" if unit == "bytes" or value >= 10 else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError("unreachable")


def age(seconds: float | None) -> str:
    """Give an age as ``3 hours before the collection``, "" where it is not known."""
    if seconds is None or seconds != seconds:
        return ""
    for length, unit in ((86400.0, "day"), (3600.0, "hour"), (60.0, "minute")):
        if seconds >= length:
            return f"{plural(round(seconds / length), unit)} before the collection"
    return "less than a minute before the collection"


def plural(count: int, noun: str, nouns: str = "") -> str:
    """Give ``1 worker``, ``3 workers``; ``nouns`` where an s is not enough."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {nouns or noun + 's'}"


def with_bad(seen: int, bad: int) -> str:
    """Give how many were seen and how many of them are not ready, "" where none was seen."""
    if not seen:
        return ""
    if bad == seen:
        return f"{seen}, none ready"
    return f"{seen}, {bad} not ready" if bad else f"{seen}, all ready as far as the bundle shows"


def strength(weight: float) -> str:
    """Give the strength of evidence in a word."""
    return next(word for least, word in _STRENGTHS if abs(weight) >= least or least == 0)


def reach(cause: CauseResult, cluster: ClusterInfo) -> str:
    """Give what a cause affects: ``3 of 12 workers, all in zone dal12``."""
    if cause.reach:
        return cause.reach
    count, total = len(cause.affected), cluster.nodes_seen
    if not count:
        return "the whole cluster" if cause.scope == "cluster" else "no worker named"
    if count == total:
        return "the only worker seen" if total == 1 else f"all {total} workers seen"
    if count == 1:
        return f"{cause.affected[0]}, 1 of {plural(total, 'worker')}" if total else cause.affected[0]
    text = f"{count} of {plural(total, 'worker')}" if total > count else plural(count, "worker")
    shared = next((item for item in cause.in_common if item.affected >= count > 1), None)
    return f"{text}, all in {shared.attribute} {shared.value}" if shared else text


def shared_by(item: InCommon, affected: int) -> str:
    """Give one thing the affected workers share, with its numbers."""
    return (
        f"{item.affected} of the {affected} affected have it; of all {plural(item.total, 'worker')} with it "
        f"{item.affected} {'is' if item.affected == 1 else 'are'} affected (p = {item.p_value:.2g})"
    )
