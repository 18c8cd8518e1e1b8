"""Events of the Kubernetes API (core/v1 and events.k8s.io/v1) as rows."""

from __future__ import annotations

from datetime import datetime

from parsers.api_fields import mapping, number, text, time
from parsers.lazy_pattern import lazy_pattern
from parsers.located import Document
from parsers.readiness import readiness_rows
from parsers.rows import EventRow
from parsers.source import Parsed, Source

_FIELD_PATH = lazy_pattern(r"spec\.(?:c|initC|ephemeralC)ontainers\{([^{}]{1,253})\}")


def read_event(item: Document, parsed: Parsed, source: Source) -> None:
    """Add the row of an event and, of a probe's, what the probe found.

    A repeated event has its last time in ``series``, in ``lastTimestamp`` (``deprecatedLastTimestamp`` of
    events.k8s.io), or only an ``eventTime`` when it was seen once.
    """
    value = item.value
    about = mapping(value.get("involvedObject") or value.get("regarding"))
    series = mapping(value.get("series"))
    origin = mapping(value.get("source") or value.get("deprecatedSource"))
    created = time(mapping(value.get("metadata")).get("creationTimestamp"))
    event_time = time(value.get("eventTime"))
    last = time(series.get("lastObservedTime")) or time(
        value.get("lastTimestamp") or value.get("deprecatedLastTimestamp")
    )
    first = time(value.get("firstTimestamp") or value.get("deprecatedFirstTimestamp")) or event_time
    key = "message" if "message" in value else "note"
    path = _FIELD_PATH.fullmatch(text(about.get("fieldPath")))
    host = text(origin.get("host"))
    if not host and "kubelet" in text(value.get("reportingComponent") or value.get("reportingController")):
        host = text(value.get("reportingInstance"))
    event = EventRow(
        file=source.path,
        line=item.at(key),
        object_kind=text(about.get("kind")),
        object=text(about.get("name")),
        namespace=text(about.get("namespace")),
        type=text(value.get("type")),
        reason=text(value.get("reason")),
        count=number(series.get("count")) or number(value.get("count") or value.get("deprecatedCount")) or 1,
        source=text(origin.get("component"))
        or text(value.get("reportingComponent") or value.get("reportingController")),
        message=text(value.get(key)).strip(),
        node=text(about.get("name")) if about.get("kind") == "Node" else host,
        time=last or event_time or created,
        first_time=first or created,
        container=path[1] if path else "",
    )
    if source.collected is not None:
        event.age_s = _age(source, event.time)
        event.first_age_s = _age(source, event.first_time)
    parsed.events.append(event)
    parsed.readiness.extend(readiness_rows(event))


def _age(source: Source, moment: datetime | None) -> float | None:
    if source.collected is None or moment is None:
        return None
    return max(0.0, (source.collected - moment).total_seconds())
