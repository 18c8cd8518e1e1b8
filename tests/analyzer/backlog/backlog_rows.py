"""Made-up tickets for tests of the overview: many of them, and hostile ones."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from analyzer.backlog.summary import TicketRow, failed_row

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
CAUSES = [
    "bgp-port-blocked",
    "typha-unavailable",
    "dns-failure",
    "apiserver-unreachable",
    "worker-flapping",
    "clock-skew",
]
PLATFORMS = ["iks-classic", "iks-vpc", "roks", "iks-satellite", "unknown"]


def ticket(name: str, cause: str = "bgp-port-blocked", day: float = 0.0, **rest: object) -> TicketRow:
    """One ticket with a cause, so many days after the first of March."""
    when = BEGIN + timedelta(days=day)
    made = TicketRow(
        name, verdict="causes-found", first_cause=cause, probability=0.93, causes=(cause, "node-ip-not-found"),
        platform="iks-vpc", kubernetes_version="1.29.3", calico_version="v3.27.2", nodes_seen=12,
        first_time=when - timedelta(hours=3), last_time=when, bytes=120_000, seconds=0.21,
        group=f"{cause}-1a2b3c4d", report=f"tickets/{name}.html",
    )  # fmt: skip
    return replace(made, **rest)  # type: ignore[arg-type]


def backlog(count: int) -> list[TicketRow]:
    """So many tickets, two in a hundred of them failed; the same each time."""
    rng = random.Random(20260301)
    rows = []
    for number in range(count):
        name = f"CS{4_000_000 + number}"
        if number % 50 == 7:
            rows.append(
                failed_row(name, rng.choice(["damaged archive: unexpected end of data", "took longer than 120 s"]))
            )
            continue
        cause = CAUSES[min(int(rng.paretovariate(1.0)), len(CAUSES)) - 1]
        row = ticket(
            name, cause, rng.uniform(0, 60), probability=round(rng.uniform(0.5, 1.0), 4), platform=rng.choice(PLATFORMS),
            kubernetes_version=f"1.{rng.randint(24, 31)}.{rng.randint(0, 14)}",
            calico_version=f"v3.{rng.randint(24, 29)}.{rng.randint(0, 5)}", nodes_seen=rng.randint(1, 90),
            group=f"{cause}-{rng.choice('abc') * 8}", outcome=cause if number % 10 == 0 else "",
        )  # fmt: skip
        rows.append(
            row if number % 9 else replace(row, verdict="no-problem-found", first_cause="", causes=(), group="")
        )
    return rows


#: what each place of a hostile ticket gets
HTML = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'</td></table></title></style><!--"
JINJA = "{{ 7*7 }} {% raw %} {{ ''.__class__ }} {# x #}"
FORMULA = '=HYPERLINK("http://evil.example","x")'
TERMINAL = "\x1b[31mred\x9b2J\u202egnp\x00"


def hostile() -> list[TicketRow]:
    """Attacks in each text of a row."""
    rows = []
    for number, attack in enumerate(
        (HTML, JINJA, FORMULA, TERMINAL, "javascript:alert(3)", "../../etc/passwd", "\ud800")
    ):
        rows.append(
            ticket(
                f"{attack}{number}", cause=f"{attack}c", platform=f"{attack}p", kubernetes_version=f"{attack}k",
                calico_version=f"{attack}v", group=f"{attack}g", report=f"{attack}{number}.html", outcome=f"{attack}o",
            )
        )  # fmt: skip
        rows.append(ticket(f"{attack}{number}again", group=f"{attack}g", cause=f"{attack}c"))
        rows.append(failed_row(f"{attack}f{number}", f"{attack}\nsecond line"))
    return rows
