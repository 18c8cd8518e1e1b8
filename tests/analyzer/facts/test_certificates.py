from __future__ import annotations

from datetime import UTC, datetime

import pytest

from analyzer.facts import certificates
from analyzer.tables import build
from parsers.rows import LogLineRow

NOW = datetime(2026, 4, 9, 6, 0, tzinfo=UTC)
API = "$ openssl x509 -noout -enddate -in /etc/kubernetes/pki/apiserver.crt"


def names(*lines: str, now: datetime | None = NOW) -> list[str]:
    ids = {line: ("certificate-end-printed",) for line in lines if certificates._END.search(line)}
    rows = [
        LogLineRow("t.txt", n, "", "", "", message=line, message_ids=ids.get(line, ())) for n, line in enumerate(lines)
    ]
    return [fact.id for fact in certificates.ended(build({"log_lines": rows}, now))]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([API, "notAfter=Apr  1 10:11:00 2026 GMT"], ["api-certificate-ended"]),
        ([API, "notAfter=Apr 11 10:11:00 2026 GMT"], []),
        (
            ["* Server certificate for 192.0.2.1:6443", "*  expire date: Mar 30 10:11:00 2026 GMT"],
            ["api-certificate-ended"],
        ),
        (
            ["cfssl certinfo -cert etcd-peer.pem, etcd", '  "not_after": "2026-04-01T10:11:00Z",'],
            ["api-certificate-ended"],
        ),
        (
            ["subject=CN = typha-server", "            Not After : Apr  1 10:11:00 2026 GMT"],
            ["typha-certificate-ended"],
        ),
        (["openssl s_client -connect webhook.x.svc:443", "notAfter=Apr  1 10:11:00 2026 GMT"], []),
        (["notAfter=Apr  1 10:11:00 2026 GMT"], []),  # of whom?
    ],
)
def test_a_certificate_that_ended(lines: list[str], expected: list[str]) -> None:
    assert names(*lines) == expected


def test_the_time_that_was_printed_beside_it_counts_too() -> None:
    lines = [API, "notAfter=Apr  1 10:11:00 2026 GMT"]
    assert names(*lines, now=None) == []
    assert names(*lines, "Thu Apr  9 06:00:00 UTC 2026", now=None) == ["api-certificate-ended"]
