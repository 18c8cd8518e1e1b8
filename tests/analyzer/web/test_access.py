"""Who comes in, and who does not."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from analyzer.web.access import Rate, TooMany
from analyzer.web.records import Records
from analyzer.web.service import Service
from analyzer.web.settings import ServeError, Settings, is_loopback

BROWSER = {"Origin": "http://127.0.0.1:8321", "Sec-Fetch-Site": "same-origin"}


def field(page: str) -> str:
    return page.partition('name="csrf" value="')[2].partition('"')[0]


def upload(client: Any, headers: dict[str, str] | None = None) -> Any:
    return client.post("/api/v1/bundles", files={"file": ("a.txt", b"x")}, headers=headers or {})


def test_another_address_needs_somebody_to_ask(tmp_path: Path) -> None:
    with pytest.raises(ServeError, match="who may come in"):
        Service(Settings(tmp_path, host="0.0.0.0"))
    records = Records(str(tmp_path / "triage.db"))
    records.add_token("alice", False)
    records.close()
    Service(Settings(tmp_path, host="0.0.0.0")).close()


@pytest.mark.parametrize(
    ("host", "here"), [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False), ("10.0.0.1", False), ("localhost.example.com", False), ("", False)],
)  # fmt: skip
def test_what_is_of_this_machine(host: str, here: bool) -> None:
    assert is_loopback(host) is here


def test_on_the_loopback_nobody_is_asked_until_there_is_a_token(serve: Any) -> None:
    client = serve()
    assert client.get("/api/v1/jobs").status_code == 200
    client.service.records.add_token("alice", False)
    assert client.get("/api/v1/jobs").status_code == 401
    client.service.records.revoke("alice")
    assert client.get("/api/v1/jobs").status_code == 401, "taking the last token away must not open the door"


def test_each_sees_their_own_and_support_all(serve: Any, tools: Any) -> None:
    client = serve(("alice", "bob", "sue"), workers=1)
    client.service.queue._hand_out = lambda: None  # jobs only wait here
    job = upload(client, tools.bearer(client, "alice")).json()["job"]
    for name, status in (("alice", 200), ("bob", 404), ("sue", 200)):
        headers = tools.bearer(client, name)
        assert client.get(f"/api/v1/jobs/{job}", headers=headers).status_code == status
        assert client.get(f"/jobs/{job}", headers=headers).status_code == status
        assert len(client.get("/api/v1/jobs", headers=headers).json()) == (status == 200)
    bob = tools.bearer(client, "bob")
    assert client.delete(f"/api/v1/reports/{job}", headers=bob).status_code == 404
    assert client.get(f"/api/v1/reports/{job}.html", headers=bob).status_code == 404
    assert client.get(f"/jobs/{job}/report.md", headers=bob).status_code == 404
    assert client.get(f"/api/v1/jobs/{job}").status_code == 401
    assert client.get(f"/api/v1/jobs/{job}", headers={"Authorization": "Bearer ct_wrong"}).status_code == 401
    assert len(job) == 22


def test_a_token_is_kept_as_a_digest_and_ends_when_it_is_revoked(serve: Any, tools: Any, tmp_path: Path) -> None:
    client = serve(("alice",))
    secret = client.tokens["alice"]
    kept = b"".join(path.read_bytes() for path in (tmp_path / "data").glob("triage.db*"))
    assert b"alice" in kept and secret.encode() not in kept
    assert client.get("/", headers={"Accept": "text/html"}).headers["location"] == "/login"
    assert client.post("/login", data={"token": "ct_wrong"}).status_code == 401
    answer = client.post("/login", data={"token": secret})
    cookie = answer.headers["set-cookie"].lower()
    assert answer.status_code == 303 and "httponly" in cookie and "samesite=strict" in cookie
    assert client.get("/").status_code == 200
    client.service.records.revoke("alice")
    assert client.get("/", headers={"Accept": "text/html"}).status_code == 303


def test_cookies_go_over_tls_where_others_can_listen(serve: Any) -> None:
    client = serve(("alice",), public_url="https://triage.example.com", base="https://triage.example.com")
    answer = client.post("/login", data={"token": client.tokens["alice"]})
    assert answer.headers["set-cookie"].startswith("__Host-")
    assert "secure" in answer.headers["set-cookie"].lower()
    assert client.get("/").status_code == 200
    assert "max-age" in answer.headers["strict-transport-security"]


def test_another_site_cannot_make_the_browser_upload(serve: Any) -> None:
    client = serve(("alice",))
    client.service.queue._hand_out = lambda: None
    client.post("/login", data={"token": client.tokens["alice"]})
    token = field(client.get("/").text)
    assert upload(client).status_code == 403
    assert upload(client, BROWSER | {"X-CSRF-Token": "wrong"}).status_code == 403
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "X-CSRF-Token": token}
    assert upload(client, foreign).status_code == 403
    assert upload(client, BROWSER | {"X-CSRF-Token": token}).status_code == 202
    form = {"file": ("a.txt", b"x")}
    assert client.post("/upload", files=form, data={"csrf": "wrong"}, headers=BROWSER).status_code == 403
    job = client.post("/upload", files=form, data={"csrf": token}, headers=BROWSER).headers["location"]
    assert client.post(f"{job}/delete", data={"csrf": ""}, headers=BROWSER).status_code == 403
    assert client.post(f"{job}/delete", data={"csrf": token}, headers=BROWSER).status_code == 303
    assert client.get(job).status_code == 404
    assert len(list(client.service.files.uploads.iterdir())) == 1, "what was refused was kept"


def test_without_users_other_sites_are_kept_out_too(serve: Any) -> None:
    client = serve()
    client.service.queue._hand_out = lambda: None
    assert upload(client, {"Origin": "https://evil.example"}).status_code == 403
    assert upload(client, BROWSER).status_code == 403
    assert upload(client, BROWSER | {"X-CSRF-Token": field(client.get("/").text)}).status_code == 202
    assert client.get("/api/v1/jobs", headers={"Host": "evil.example"}).status_code == 400  # DNS rebinding
    assert client.get("/api/v1/jobs", headers={"Host": "["}).status_code == 400


def test_a_proxy_is_believed_from_its_address_only(serve: Any) -> None:
    proxy = {"user_header": "X-User", "groups_header": "X-Groups", "support_group": "support", "host": "0.0.0.0"}
    settings = proxy | {"proxies": (ip_network("10.1.0.0/16"),)}
    client = serve(client=("10.1.2.3", 5), **settings)
    client.service.queue._hand_out = lambda: None
    job = upload(client, {"X-User": "alice"}).json()["job"]
    assert client.get(f"/api/v1/jobs/{job}", headers={"X-User": "bob"}).status_code == 404
    assert client.get(f"/api/v1/jobs/{job}", headers={"X-User": "bob", "X-Groups": "a, support"}).status_code == 200
    assert client.get(f"/api/v1/jobs/{job}", headers={"X-User": "bob", "X-Groups": "no support"}).status_code == 404
    assert client.get("/api/v1/jobs").status_code == 401
    client._transport.client = ("10.2.2.3", 5)
    assert client.get(f"/api/v1/jobs/{job}", headers={"X-User": "alice"}).status_code == 401


def test_rates() -> None:
    rate = Rate(3)
    for _ in range(3):
        rate.take("alice")
    with pytest.raises(TooMany) as refused:
        rate.take("alice")
    assert 1 <= int((refused.value.headers or {})["Retry-After"]) <= 21
    rate.take("bob")


def test_guessing_is_slowed_down(serve: Any) -> None:
    client = serve(("alice",))
    wrong = {"Authorization": "Bearer ct_wrong"}
    answers = [client.get("/api/v1/jobs", headers=wrong).status_code for _ in range(30)]
    assert answers[0] == 401 and answers[-1] == 429
