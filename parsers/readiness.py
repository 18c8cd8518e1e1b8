"""What a probe's event says: which check failed, how, and with which peers.

The texts are those of calico-node's health checks (Calico ``node/pkg/health/health.go`` and
``node/pkg/health/bird``, v3.8 to v3.32; v3.31 lower-cased first letters, so case never matters), of the
kubelet's prober and of Go's HTTP client. The kubelet puts the probe's output into the event.
"""

from __future__ import annotations

import ipaddress
import re
from datetime import UTC, datetime

from parsers.lazy_pattern import lazy_pattern
from parsers.rows import EventRow, ReadinessRow

_PROBE = lazy_pattern(r"(readiness|liveness|startup) probe (failed|errored|warning)[^:\n]{0,60}:?", re.IGNORECASE)
_ESTABLISHED = lazy_pattern(r"number of node\(s\) with bgp peering established\s*=\s*(\d{1,9})", re.IGNORECASE)
_NOT_ESTABLISHED = lazy_pattern(r"bgp not established with[ :]*([0-9a-f.:, ]*)", re.IGNORECASE)
_STAMP = lazy_pattern(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\.(\d{1,6})")
_TIMEOUT = lazy_pattern(
    r"context deadline exceeded|client\.timeout|\bi/o timeout|timed? ?out\b|deadlineexceeded|request canceled",
    re.IGNORECASE,
)
_REFUSED = lazy_pattern(r"connection refused", re.IGNORECASE)
_NO_LIVE = lazy_pattern(r"(bird6?)/confd is not live|\b(bird6?|felix|confd) is not live", re.IGNORECASE)
_SERVICE = lazy_pattern(r"service (bird6?|confd|felix) is not running", re.IGNORECASE)
#: kubelets cut an event's message here, so the last peer of a long list may be half a peer
_MESSAGE_LIMIT = 1000
PROBE_REASONS = ("Unhealthy", "ProbeWarning", "ProbeError")


def readiness_rows(event: EventRow) -> list[ReadinessRow]:
    """Give the findings of a probe event, one row a peer where peers are named; none for other events.

    ``established_peers`` is the number the check printed. A message that counts peers without blaming
    BGP also gives a row in state ``established``. ``time`` is the stamp inside the message (UTC), which
    is that of the last occurrence.
    """
    probe = _PROBE.search(event.message)
    if event.object_kind not in ("", "Pod") or (not probe and event.reason not in PROBE_REASONS):
        return []
    text = event.message[probe.end() :].strip() if probe else event.message.strip()
    counts = [int(number) for number in _ESTABLISHED.findall(text)]
    failures = _failures(text, event.message)
    rows = []
    for check, state, peer in failures:
        number = None
        if check in ("bird", "bird6") and counts:
            number = counts[-1] if check == "bird6" else counts[0]
        rows.append(_row(event, probe, check, state, peer, counts[0] if number is None and counts else number))
    if counts and counts[0] > 0 and not any(check.startswith("bird") for check, _, _ in failures):
        rows.append(_row(event, probe, "bird", "established", "", counts[0]))
    return rows


def _row(
    event: EventRow, probe: re.Match[str] | None, check: str, state: str, peer: str, number: int | None
) -> ReadinessRow:
    return ReadinessRow(
        file=event.file,
        line=event.line,
        pod=event.object,
        node=event.node,
        time=_stamp(event.message) or event.time,
        age_s=event.age_s,
        count=event.count,
        check=check,
        state=state,
        peer=peer,
        established_peers=number,
        message=event.message,
        probe=probe[1].lower() if probe else "",
        first_age_s=event.first_age_s,
        namespace=event.namespace,
    )


def _stamp(message: str) -> datetime | None:
    match = _STAMP.search(message)
    if not match:
        return None
    try:
        moment = datetime.strptime(match[1], "%Y-%m-%d %H:%M:%S")
    except ValueError:
        return None
    return moment.replace(microsecond=int(match[2].ljust(6, "0")), tzinfo=UTC)


def _failures(text: str, message: str) -> list[tuple[str, str, str]]:
    """Give (check, state, peer) of each failure in the text behind "probe failed:"."""
    lower = text.lower()
    bird = "bird6" if "bird6" in lower or "birdv6" in lower else "bird"
    named = _NOT_ESTABLISHED.search(text)
    if named:
        return [(bird, "not-established", peer) for peer in _peers(named[1], message)] or [
            (bird, "not-established", "")
        ]
    if "graceful restart in progress" in lower:
        return [(bird, "graceful-restart", "")]
    if "querying bird" in lower or re.search(r"unable to connect to bird(v[46])? socket", lower):
        return [(bird, "socket-error", "")]
    if "executing command" in lower and "unix" in lower:
        return [(bird, "timeout" if _TIMEOUT.search(text) else "socket-error", "")]
    dead = _NO_LIVE.search(text)
    if dead:
        return [_not_live(dead, text)]
    if "bad response from bird" in lower:
        return [(bird, "not-live", "")]
    if re.search(r"\bbird6? is not ready", lower):
        return [(bird, "not-ready", "")]
    if "felix is not ready" in lower:
        return [("felix", _http_state(text, "not-ready"), "")]
    return _kubelet_failure(text)


def _not_live(dead: re.Match[str], text: str) -> tuple[str, str, str]:
    if dead[1]:  # runit's view: "bird/confd is not live: Service confd is not running"
        service = _SERVICE.search(text)
        return (service[1].lower() if service else "confd", "not-live", "")
    check = dead[2].lower()
    return (check, _http_state(text, "not-live"), "")


def _http_state(text: str, otherwise: str) -> str:
    if _REFUSED.search(text):
        return "refused"
    return "timeout" if _TIMEOUT.search(text) else otherwise


def _kubelet_failure(text: str) -> list[tuple[str, str, str]]:
    """Failures without a word of Calico's: the kubelet could not run, reach or wait for the check."""
    counted = _ESTABLISHED.search(text)
    if not text or _TIMEOUT.search(text):
        return [("probe", "timeout", "")]  # old kubelets print nothing at all on a time-out
    if _REFUSED.search(text):
        return [("probe", "refused", "")]
    if re.search(r"statuscode: \d", text, re.IGNORECASE):
        return [("felix" if ":9099/" in text else "probe", "not-ready", "")]
    if counted:  # the message was cut behind the count
        return [("bird", "not-established", "")] if counted[1] == "0" else []
    return [("probe", "", "")]


def _peers(names: str, message: str) -> list[str]:
    peers = [name.strip(" .") for name in names.split(",")]
    if len(message) >= _MESSAGE_LIMIT and message.rstrip().endswith(names.rstrip()):
        peers = peers[:-1]
    found = []
    for peer in peers:
        try:
            found.append(str(ipaddress.ip_address(peer)))
        except ValueError:
            continue
    return list(dict.fromkeys(found))
