"""What Prometheus reads at /metrics: numbers only, nothing of a user or a bundle."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)


class Metrics:
    """Counters of one server."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        name = "calico_triage_"
        self.requests = Counter(
            f"{name}http_requests", "Requests answered", ["method", "route", "status"], registry=self.registry
        )
        self.accepting = Histogram(
            f"{name}upload_seconds", "From an upload's first byte to its 202", registry=self.registry, buckets=_SECONDS
        )
        self.uploaded = Counter(f"{name}uploaded_bytes", "Bytes of accepted uploads", registry=self.registry)
        self.refused = Counter(f"{name}uploads_refused", "Uploads not taken", ["why"], registry=self.registry)
        self.finished = Counter(f"{name}jobs_finished", "Analyses that ended", ["state"], registry=self.registry)
        self.analysis = Histogram(
            f"{name}analysis_seconds", "Duration of analyses", registry=self.registry, buckets=_SECONDS
        )
        self.lost_workers = Counter(f"{name}workers_lost", "Workers that died at work", registry=self.registry)
        self.expired = Counter(f"{name}jobs_expired", "Jobs deleted after their time", registry=self.registry)
        self.jobs = Gauge(f"{name}jobs", "Jobs by state", ["state"], registry=self.registry)

    def text(self, counts: dict[str, int]) -> bytes:
        """All of it, in Prometheus' text format."""
        for state in ("queued", "running", "done", "failed"):
            self.jobs.labels(state).set(counts.get(state, 0))
        return generate_latest(self.registry)
