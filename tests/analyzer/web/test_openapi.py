"""Requests made up from the API's own description: none ends in an internal error."""

from __future__ import annotations

from typing import Any

import pytest


def test_no_request_is_an_internal_error(serve: Any) -> None:
    schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")
    from hypothesis import HealthCheck, Phase, given, settings

    client = serve(request_rate=1_000_000, upload_rate=1_000_000, queue=1_000_000)
    client.service.queue._hand_out = lambda: None
    schema = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
    seen: dict[str, set[int]] = {}
    for item in schema.get_all_operations():
        operation = item.ok()

        @settings(
            max_examples=15, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy())
        def asked(case: Any) -> None:
            kwargs = case.as_transport_kwargs(base_url="http://127.0.0.1:8321")
            kwargs.pop("cookies", None)
            try:
                answer = client.request(**kwargs)
            except (UnicodeError, ValueError):  # no such request can be sent
                return
            seen.setdefault(case.operation.label, set()).add(answer.status_code)
            assert answer.status_code < 500, (kwargs, answer.text)

        asked()
    assert 202 in seen["POST /api/v1/bundles"]
    assert seen["GET /api/v1/jobs/{job}"] == {404}
    assert len(seen) == 10
