from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analyzer.facts import policies
from analyzer.facts.fact import Fact
from analyzer.facts.policy_rules import Rule
from analyzer.facts.policy_rules import policies as policies_of
from analyzer.tables import Tables, build
from parsers.rows import LogLineRow, NodeConditionRow, NodeRow, PodRow, SettingRow

NOW = datetime(2026, 4, 9, 6, 0, tzinfo=UTC)
PRIVATE = "ibm.role == 'worker_private'"
APPLIED = 'Received *proto.ActivePolicyUpdate update from calculation graph msg=id:<tier:"default" name:"default.{}" > policy:<{}>'
DENY_2040 = 'outbound_rules:<action:"deny" protocol:<name:"tcp" > dst_ports:<first:2040 last:2041 > rule_id:"x" >'


def facts_of(check: Callable[[Tables], Iterable[Fact]], **rows: Sequence[Any]) -> dict[str, Fact]:
    return {fact.id: fact for fact in reversed(list(check(build(dict(rows), NOW))))}


def policy(name: str = "tight", kind: str = "GlobalNetworkPolicy", space: str = "", **keys: Any) -> list[SettingRow]:
    line = keys.pop("line", 10)
    rows = [SettingRow("gnp.yaml", line, kind, space, name)]
    for number, (key, value) in enumerate(keys.items(), 1):
        rows.append(SettingRow("gnp.yaml", line + number, kind, space, name, "spec." + key.replace("__", "."), value))
    return rows


def denies(direction: str, *ports: str, **more: str) -> dict[str, str]:
    rules = {
        f"{direction}__0__action": "Deny",
        f"{direction}__0__protocol": "TCP",
        "selector": PRIVATE,
        "types__0": direction,
    }
    rules |= {f"{direction}__0__destination__ports__{n}": port for n, port in enumerate(ports)}
    return rules | more


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (denies("egress", "2040:2041"), {"policy-denies-master"}),
        (denies("egress", "5473"), {"policy-denies-typha"}),
        (denies("ingress", "5473"), {"policy-denies-typha"}),
        (denies("ingress", "179"), {"policy-denies-bgp"}),
        (denies("ingress", "10000:11000"), {"policy-denies-needed"}),
        (denies("egress", "25"), set()),
        (denies("egress", "2040", selector="app == 'shop'"), set()),  # pods, not workers
        (denies("egress", "2040", selector="ibm.role in {'worker_public'}"), set()),
    ],
)  # fmt: skip
def test_what_a_deny_takes_away(keys: dict[str, str], expected: set[str]) -> None:
    allow_rest = {f"{direction}__9__action": "Allow" for direction in ("egress", "ingress")}
    assert set(facts_of(policies.denials, settings=policy(**(keys | allow_rest)))) == expected


def test_the_rule_is_quoted() -> None:
    fact = facts_of(policies.denials, settings=policy(**denies("egress", "2040:2041")))["policy-denies-master"]
    assert (fact.file, fact.line) == ("gnp.yaml", 11)
    assert "tight denies egress to port 2040" in fact.detail


def test_an_earlier_policy_allows_it() -> None:
    allow = policy("ibm", line=30, selector=PRIVATE, order="100", types__0="egress", egress__0__action="Allow")
    deny = policy("late", **denies("egress", "2040:2041", order="2000"))
    assert facts_of(policies.denials, settings=[*allow, *deny]) == {}
    deny = policy("early", **denies("egress", "2040:2041", order="10"))
    assert set(facts_of(policies.denials, settings=[*allow, *deny])) == {"policy-denies-master"}


def test_a_rule_for_some_destinations_only_denies_nothing_needed() -> None:
    keys = denies("egress", "2040", egress__0__destination__nets__0="203.0.113.0/24", egress__9__action="Allow")
    assert facts_of(policies.denials, settings=policy(**keys)) == {}
    keys["egress__0__destination__nets__0"] = "0.0.0.0/0"
    assert "policy-denies-master" in facts_of(policies.denials, settings=policy(**keys))


def test_a_policy_for_the_workers_that_allows_only_ssh() -> None:
    keys = {
        "selector": PRIVATE,
        "types__0": "Ingress",
        "ingress__0__action": "Allow",
        "ingress__0__destination__ports__0": "22",
    }
    assert set(facts_of(policies.denials, settings=policy(**keys))) == {"policy-default-deny-hosts"}
    open_ = policy("open", line=40, selector=PRIVATE, types__0="Ingress", ingress__0__action="Allow")
    assert facts_of(policies.denials, settings=[*policy(**keys), *open_]) == {}


def test_all_selects_workers_only_where_they_have_host_endpoints() -> None:
    rows = policy(**denies("egress", "2040", selector="all()"))
    assert facts_of(policies.denials, settings=rows) == {}
    endpoint = SettingRow("hep.yaml", 3, "HostEndpoint", "", "w-1-worker-private")
    assert "policy-denies-master" in facts_of(policies.denials, settings=[*rows, endpoint])
    iks = NodeRow("nodes.txt", 2, "w-1", labels={"ibm-cloud.kubernetes.io/worker-id": "kube-x"})
    assert "policy-denies-master" in facts_of(policies.denials, settings=rows, nodes=[iks])


def test_all_egress_of_a_system_namespace() -> None:
    rows = policy("lock", "NetworkPolicy", "kube-system", podSelector="{}", policyTypes__0="Egress")
    assert "policy-denies-needed" in facts_of(policies.denials, settings=rows)
    rows = policy("lock", "NetworkPolicy", "shop", podSelector="{}", policyTypes__0="Egress")
    assert facts_of(policies.denials, settings=rows) == {}


def line(message: str, at: datetime, *ids: str, since: float = 5000, number: int = 8) -> LogLineRow:
    return LogLineRow("a.log", number, "calico-node-a", "w-1", "calico-node", at, component="felix", message=message, message_ids=ids, fields={"since_start_s": str(since)})  # fmt: skip


def test_the_log_shows_a_denial_that_the_bundle_lacks() -> None:
    row = line(APPLIED.format("shut", DENY_2040), NOW)
    assert facts_of(policies.denials, log_lines=[row])["policy-denies-master"].line == 8
    harmless = DENY_2040.replace("2040", "8080").replace("2041", "8081")
    assert facts_of(policies.denials, log_lines=[line(APPLIED.format("shut", harmless), NOW)]) == {}
    inbound = line(APPLIED.format("shut", DENY_2040.replace("outbound", "inbound")), NOW)
    assert facts_of(policies.denials, log_lines=[inbound]) == {}


def lost(at: datetime) -> NodeConditionRow:
    return NodeConditionRow("node.txt", 30, "w-1", "Ready", "Unknown", at, at + timedelta(seconds=120))


@pytest.mark.parametrize(
    ("after", "since", "found"), [(2, 5000, True), (400, 5000, True), (-600, 5000, False), (4000, 5000, False), (2, 4, False)]
)  # fmt: skip
def test_the_trouble_began_after_the_policy(after: float, since: float, found: bool) -> None:
    """A start of Felix (since=4) receives every policy there is: no sign of a change."""
    applied = line(APPLIED.format("shut", DENY_2040), NOW, since=since)
    condition = lost(NOW + timedelta(seconds=after))
    facts = facts_of(policies.onset, log_lines=[applied], node_conditions=[condition])
    assert ("onset-after-policy" in facts) is found
    if found:
        assert facts["onset-after-policy"].line == 8 and ("node.txt", 30) in facts["onset-after-policy"].also


def test_the_time_a_policy_was_made_counts_too() -> None:
    rows = policy(**denies("egress", "2040"))
    rows.append(
        SettingRow("gnp.yaml", 50, "GlobalNetworkPolicy", "", "tight", "metadata.creationTimestamp", NOW.isoformat())
    )
    trouble = line("Get: dial tcp 172.20.0.1:2040: i/o timeout", NOW + timedelta(seconds=30), "api-connect-timeout")
    assert "onset-after-policy" in facts_of(policies.onset, settings=rows, log_lines=[trouble])
    old = line("Get: dial tcp 172.20.0.1:2040: i/o timeout", NOW - timedelta(hours=2), "api-connect-timeout")
    assert facts_of(policies.onset, settings=rows, log_lines=[old, trouble]) == {}  # it went wrong before
    assert facts_of(policies.onset, settings=rows) == {}


def test_an_allowing_policy_is_no_reason() -> None:
    rows = policy(selector=PRIVATE, types__0="egress", egress__0__action="Allow")
    rows.append(
        SettingRow("gnp.yaml", 50, "GlobalNetworkPolicy", "", "tight", "metadata.creationTimestamp", NOW.isoformat())
    )
    trouble = line("x", NOW + timedelta(seconds=30), "api-connect-timeout")
    assert facts_of(policies.onset, settings=rows, log_lines=[trouble]) == {}


@pytest.mark.parametrize(
    ("rule", "port", "covers"),
    [
        (Rule("Deny", "TCP", ["179"]), 179, True),
        (Rule("Deny", "TCP", ["100:200"]), 179, True),
        (Rule("Deny", "TCP", ["https"]), 443, False),
        (Rule("Deny", "TCP", ["1:x"]), 1, False),
        (Rule("Deny", "UDP", []), 179, False),
        (Rule("Deny", "UDP", []), 53, True),
        (Rule("Deny", "ICMP", []), 53, False),
        (Rule("Deny"), 179, True),
    ],
)
def test_ports_of_a_rule(rule: Rule, port: int, covers: bool) -> None:
    assert rule.covers(port) is covers


def test_policies_come_by_order() -> None:
    rows = [
        *policy("b", order="20", selector="x"),
        *policy("a", order="-5", selector="x"),
        *policy("c", order="odd", selector="x"),
    ]
    assert [item.name for item in policies_of(build({"settings": rows}))] == ["a", "b", "c"]


@pytest.mark.parametrize("check", policies.CHECKS, ids=lambda item: item.__name__)
def test_an_empty_bundle_says_nothing(check: Callable[[Tables], Iterable[Fact]]) -> None:
    assert list(check(build({}))) == []


def listed(name: str, namespace: str, ready: str) -> list[str]:
    rows: dict[str, list[Any]] = {
        "settings": [SettingRow("np.txt", 4, "NetworkPolicy", namespace, name)],
        "pods": [PodRow("pods.txt", 2, "kube-system", "coredns-1", "coredns", "w1", "Running", ready)],
    }
    return [fact.id for fact in policies.system_pods(build(rows))]


def test_a_deny_policy_in_a_system_namespace_with_unready_pods() -> None:
    assert listed("default-deny-all", "kube-system", "0/1") == ["policy-denies-system-pods"]
    assert listed("default-deny-all", "kube-system", "1/1") == []
    assert listed("default-deny-all", "shop", "0/1") == []
    assert listed("allow-dns", "kube-system", "0/1") == []


def test_host_endpoints_that_calico_makes_by_itself() -> None:
    keys = {"types__0": "Ingress", "ingress__0__action": "Log", "ingress__0__destination__nets__0": "198.51.100.8/32"}
    assert facts_of(policies.denials, settings=policy(**keys)) == {}
    auto = SettingRow("k.yaml", 9, "KubeControllersConfiguration", "", "default", "spec.controllers.node.hostEndpoint.autoCreate", "Enabled")  # fmt: skip
    found = facts_of(policies.denials, settings=[*policy(**keys), auto])
    assert set(found) == {"policy-default-deny-hosts"}
    lost = line("dial tcp 198.51.100.1:443: i/o timeout", NOW, since=3600)
    lost.message_ids = ("api-connect-timeout",)
    found = facts_of(policies.denials, settings=[*policy(**keys), auto], log_lines=[lost])
    assert found["policy-default-deny-and-loss"].also == ((lost.file, lost.line),)


def kubernetes(space: str, *rules: tuple[str, str]) -> list[SettingRow]:
    return [SettingRow("np.yaml", number, "NetworkPolicy", space, "dns-clients", f"spec.{key}", value) for number, (key, value) in enumerate(rules, start=5)]  # fmt: skip


INGRESS = ("policyTypes.0", "Ingress")
SOME = ("ingress.0.from.0.podSelector.matchLabels.dns", "yes")


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (kubernetes("openshift-dns", INGRESS, SOME), True),
        (kubernetes("openshift-dns", INGRESS, SOME, ("ingress.1.ports.0.port", "53")), False),  # anybody may ask
        (kubernetes("openshift-dns", INGRESS, ("ingress.0.ports.0.port", "9154")), True),  # only metrics
        (kubernetes("openshift-dns", ("podSelector.matchLabels.app", "other"), INGRESS, SOME), False),
        (kubernetes("kube-system", ("podSelector.matchLabels.k8s-app", "kube-dns"), INGRESS, SOME), True),
        (kubernetes("kube-system", ("podSelector.matchLabels.k8s-app", "metrics-server"), INGRESS, SOME), False),
        (kubernetes("shop", ("podSelector.matchLabels.k8s-app", "kube-dns"), INGRESS, SOME), False),
    ],
)
def test_a_policy_that_closes_the_clusters_dns(rows: list[SettingRow], found: bool) -> None:
    assert ("policy-denies-needed" in facts_of(policies.denials, settings=rows)) is found


def test_egress_of_some_pods_is_not_that_of_the_namespace() -> None:
    rows = kubernetes("kube-system", ("podSelector.matchLabels.app", "batch"), ("policyTypes.0", "Egress"))
    assert facts_of(policies.denials, settings=rows) == {}
    assert "policy-denies-needed" in facts_of(policies.denials, settings=rows[1:])
    ours = kubernetes("calico-system", ("podSelector.matchLabels.k8s-app", "calico-kube-controllers"), ("policyTypes.0", "Egress"))  # fmt: skip
    assert "calico-kube-controllers" in facts_of(policies.denials, settings=ours)["policy-denies-needed"].detail


@pytest.mark.parametrize(("net", "found"), [("10.0.0.0/8", True), ("172.20.0.1/32", False), ("0.0.0.0/0", False)])
def test_a_policy_of_ibm_workers_that_does_not_reach_the_master_proxy(net: str, found: bool) -> None:
    keys = {
        "selector": PRIVATE, "types__0": "Egress", "egress__0__action": "Allow",
        "egress__0__destination__nets__0": net, "egress__1__action": "Deny",
    }  # fmt: skip
    assert ("policy-denies-master" in facts_of(policies.denials, settings=policy(**keys))) is found


ALL_PODS = {
    "selector": "all()",
    "types__0": "Egress",
    "egress__0__action": "Allow",
    "egress__0__destination__ports__0": "53",
}


@pytest.mark.parametrize(
    ("more", "closed"),
    [
        ({}, True),
        ({"egress__1__action": "Deny"}, True),
        ({"egress__1__action": "Allow", "egress__1__destination__selector": "app == 'proxy'"}, True),
        ({"egress__1__action": "Allow"}, False),
        ({"egress__1__action": "Allow", "egress__1__destination__ports__0": "6443"}, False),
        ({"selector": "app == 'web'"}, False),
    ],
)
def test_all_pods_lose_the_way_to_the_master(more: dict[str, str], closed: bool) -> None:
    controllers = PodRow("pods.txt", 6, "calico-system", "calico-kube-controllers-x", "", "w-1", "Running", "0/1")
    settings = policy(**(ALL_PODS | more))
    found = facts_of(policies.denials, settings=settings, pods=[controllers])
    assert ("policy-denies-needed" in found) is closed
    controllers.ready = "1/1"
    assert "policy-denies-needed" not in facts_of(policies.denials, settings=settings, pods=[controllers])


def test_a_policy_for_hosts_and_a_typha_that_is_down_with_its_clients() -> None:
    keys = {"types__0": "Ingress", "ingress__0__action": "Log", "ingress__0__destination__nets__0": "198.51.100.8/32"}
    auto = SettingRow("k.yaml", 9, "KubeControllersConfiguration", "", "default", "spec.controllers.node.hostEndpoint.autoCreate", "Enabled")  # fmt: skip

    def found(typha: str, agent: str) -> dict[str, Any]:
        pods = [
            PodRow("pods.txt", 2, "calico-system", "calico-typha-7d-x", "calico-typha", "w1", "Running", typha),
            PodRow("pods.txt", 3, "calico-system", "calico-node-2", "calico-node", "w2", "Running", agent),
        ]
        return facts_of(policies.denials, settings=[*policy(**keys), auto], pods=pods)

    assert found("0/1", "0/1")["policy-default-deny-and-loss"].also == (("pods.txt", 2), ("pods.txt", 3))
    assert set(found("0/1", "1/1")) == set(found("1/1", "0/1")) == {"policy-default-deny-hosts"}
