"""The rules on their own examples, on what is no secret, and on hostile text."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.redaction import Redaction
from analyzer.redaction.rules import Rule, base64_cores, load_rules
from analyzer.redaction.secrets import Secrets, looks_random

SECRETS = Secrets()


def clean(text: str) -> str:
    return SECRETS.redact(text.encode()).decode()


@pytest.mark.parametrize("rule", load_rules().rules, ids=lambda rule: rule.id)
def test_examples(rule: Rule) -> None:
    for example in rule.examples:
        text = example.replace("+", "", 1)
        assert any(span.kind == rule.id or span.kind for span in SECRETS.spans(text.encode())), example
        assert rule.pattern.search(text.encode()), example
        assert clean(text) != text
        assert clean(clean(text)) == clean(text)
    for text in rule.counter_examples:
        assert clean(text) == text


@pytest.mark.parametrize(
    "line",
    [
        "    Image ID:      docker.io/calico/node@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "      DB_PASSWORD:  <set to the key 'password' in secret 'calico-bgp-password'>  Optional: false",
        'Failed to get secret "calico-bgp-password" in namespace calico-system: not found',
        "    password:\n      secretKeyRef:\n        name: bgp-passwords\n        key: rack-password",
        "  name: calico-bgp-password\n  uid: 5f0c7a52-1a5e-4f3c-9e6a-2b8f0a9c7d11\n  resourceVersion: \"1234567\"",
        "    secretName: calico-node-token-x7k2p",
        "    SecretName:  default-token-x7k2p",
        "    tokenExpirationSeconds: 3607",
        "      TokenExpirationSeconds:  3607",
        "2026-03-16 04:11:52.123 [INFO][65] cni-installer/token_watch.go 107: Update of CNI kubeconfig triggered based on elapsed time.",
        "secret: calico-bgp-password",
        "kubernetes.io/service-account-token",
        "Readiness probe failed: calico/node is not ready: BIRD is not ready: BGP not established with 10.0.0.1,10.0.0.2",
        "error: invalid password: access denied for the user",
        "the server has asked for the client to provide credentials",
        "automountServiceAccountToken: true",
        "controller-revision-hash: 7d4b9c6f58",
        "token: /var/run/secrets/kubernetes.io/serviceaccount/token",
        "-----BEGIN CERTIFICATE-----",
    ],
)  # fmt: skip
def test_what_a_diagnosis_needs_stays(line: str) -> None:
    assert clean(line) == line


@pytest.mark.parametrize(
    ("value", "random"),
    [(b"calico-bgp-password", False), (b"3607", False), (b"d41d8cd98f00b204e9800998ecf8427e", True), (b"8f14e45f-ceea-467f-9c0b-1b2c3d4e5f60", True),
     (b"Opaque", False), (b"s3cr3tValue", True), (b"default-token-x7k2p", False)],
)  # fmt: skip
def test_looks_random(value: bytes, random: bool) -> None:
    assert looks_random(value) is random


def test_base64_is_found_at_every_offset() -> None:
    import base64

    for before in ("", "a", "ab", "abc"):
        encoded = base64.b64encode((before + "password=hunter2x").encode()).lower()
        assert any(core in encoded for core in base64_cores("password"))


@pytest.mark.parametrize(
    "piece",
    [b"token=", b"password: ", b"eyJ.", b"-----BEGIN PRIVATE KEY-----", b'"kind":"Secret","data":{', b"://a:", b"a@a.", b"ibm://a/",
     b"cGFzc3dvcmQ", b'password": "\\', b"machine a login ", b"Cookie: a=", b"secret='", b"kind: Secret\ndata:\n", b"- --token\n", b"\\\"password\\\": \\\""],
)  # fmt: skip
def test_hostile_text_takes_linear_time(piece: bytes) -> None:
    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        started = time.perf_counter()
        SECRETS.redact(text)
        return time.perf_counter() - started

    assert seconds(100_000) < 5


def test_keys_that_begin_over_and_over_in_one_line_are_followed_once() -> None:
    """The lines behind are looked at once, not for each beginning: it took a minute."""
    text = b"-----BEGIN RSA PRIVATE KEY-----" * 5000 + b"\n" + (b"a=" * 500 + b"\n") * 300
    started = time.process_time()
    redacted = SECRETS.redact(text)
    assert time.process_time() - started < 5
    assert b"a=a=a=a=a=a=a=a=a=" not in redacted


@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
def test_any_bytes(data: bytes) -> None:
    once = SECRETS.redact(data)
    assert once.count(b"\n") == data.count(b"\n")


@given(
    st.lists(
        st.sampled_from(
            [
                "password",
                ":",
                "=",
                " ",
                "\n",
                '"',
                "kind: Secret",
                "data:",
                "  a: b",
                "token",
                "eyJ",
                "|",
                "\\",
                "x1Y2z3W4v5",
            ]
        ),
        max_size=30,
    )
)
def test_a_second_pass_keeps_lines(parts: list[str]) -> None:
    text = "".join(parts)
    assert clean(text).count("\n") == text.count("\n")


def test_account_and_cluster_keep_their_shape_and_are_the_same_everywhere() -> None:
    redaction = Redaction()
    redaction.data(b"ProviderID: ibm://0123456789abcdef0123456789abcdef///c0ffee00abcdefghijk0/worker-1")
    made = redaction.text("cluster c0ffee00abcdefghijk0 of 0123456789abcdef0123456789abcdef")
    again = redaction.text("ibm://0123456789abcdef0123456789abcdef///c0ffee00abcdefghijk0/worker-1")
    _, cluster, _, account = made.split()
    assert (len(cluster), len(account)) == (20, 32)
    assert again == f"ibm://{account}///{cluster}/worker-1"


def test_what_a_first_pass_left_is_no_secret() -> None:
    once = Secrets().redact(b"token: token:password=password=password= token: x 07:06:36.000 end\n")
    assert Secrets().redact(once) == once
    assert b"REDACTED-password token: x" in once


def test_a_secret_beside_a_mark_is_one() -> None:
    assert b"k9x8Q2z7" not in Secrets().redact(b"token: k9x8Q2z7LmPq=REDACTED-password\n")
