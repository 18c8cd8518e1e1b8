"""calicoctl ipam."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.ipam import MOST_ROWS, looks_like, parse_ipam
from parsers.source import Source


def values(text: str) -> dict[tuple[str, str], str]:
    return {(row.name, row.key): row.value for row in parse_ipam(text, Source("i.txt")).settings}


def test_utilisation() -> None:
    text = """\
+----------+-----------------+-----------+------------+--------------+
| GROUPING |      CIDR       | IPS TOTAL | IPS IN USE |   IPS FREE   |
+----------+-----------------+-----------+------------+--------------+
| IP Pool  | 172.30.0.0/16   |     65536 | 41 (0%)    | 65495 (100%) |
| Block    | 172.30.0.192/26 |        64 | 64 (100%)  | 0 (0%)       |
| IP Pool  | fd80:24e2::/48  | 1.2089e+24 | 3 (0%)    | 1.2089e+24 (100%) |
+----------+-----------------+-----------+------------+--------------+
"""
    found = values(text)
    assert found["172.30.0.0/16", "ip-pool.free"] == "65495" and found["172.30.0.0/16", "ip-pool.used-percent"] == "0"
    assert found["172.30.0.192/26", "block.used-percent"] == "100" and found["172.30.0.192/26", "block.free"] == "0"
    assert found["fd80:24e2::/48", "ip-pool.total"] == "1.2089e+24"


def test_newer_columns() -> None:
    text = (
        "| GROUPING | CIDR          | IPS TOTAL |  IPS IN USE | IPS RESERVED |    IPS FREE | IPS COOLING |\n"
        "| IP Pool  | 172.30.0.0/24 |       256 |   200 (78%) |      4 (2%) |    52 (20%) |      1 (0%) |\n"
    )
    found = values(text)
    assert (found["172.30.0.0/24", "ip-pool.free-percent"], found["172.30.0.0/24", "ip-pool.reserved"]) == ("20", "4")


def test_a_check() -> None:
    text = """\
Checking IPAM for inconsistencies...

Loading all IPAM blocks...
Found 2 IPAM blocks.
 IPAM block 172.30.0.64/26 affinity=host:192.0.2.7:
 IPAM block 172.30.0.128/26 affinity=<none>:
IPAM blocks record 70 allocations.
Found 1 active IP pools.
  192.0.2.7 has 64 allocations
Node with most allocations has 64; median is 3
Found 12 IPs that are allocated in IPAM but not actually in use.
Found 0 in-use IPs that are not in active IP pools.
Found 3 handles with no matching IPs (and 66 handles with matches).
Check complete; found 15 problems.
"""
    found = values(text)
    assert found == {
        ("check", "blocks"): "2", ("172.30.0.64/26", "affinity"): "192.0.2.7", ("172.30.0.128/26", "affinity"): "<none>",
        ("check", "allocated"): "70", ("check", "active-pools"): "1", ("192.0.2.7", "allocations"): "64",
        ("check", "leaked"): "12", ("check", "in-use-outside-pools"): "0", ("check", "handles-without-ips"): "3",
        ("check", "problems"): "15",
    }  # fmt: skip


def test_the_configuration() -> None:
    text = "+--------------------+-------+\n|      PROPERTY      | VALUE |\n| StrictAffinity     | true  |\n| MaxBlocksPerHost   | 20    |\n"
    assert values(text) == {("configuration", "strictAffinity"): "true", ("configuration", "maxBlocksPerHost"): "20"}


def test_limits_and_recognition() -> None:
    parsed = parse_ipam(" IPAM block 172.30.0.64/26 affinity=host:a:\n" * (MOST_ROWS + 5), Source("i.txt"))
    assert len(parsed.settings) == MOST_ROWS and parsed.problems
    assert (
        looks_like("| GROUPING |      CIDR  | IPS TOTAL |\n") > 0.9
        and looks_like("Checking IPAM for inconsistencies...\n") > 0.9
    )
    assert looks_like("| PEER ADDRESS | PEER TYPE |") == 0.0


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="|GROUPING CIDR1(%)\n IPAMblock", max_size=200))
def test_never_raises(text: str) -> None:
    parse_ipam(text, Source("x"))
