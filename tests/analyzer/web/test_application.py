"""A bundle goes in, a report comes out, and is gone when it is deleted."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, update

from analyzer.backlog.store.schema import tickets
from analyzer.web.schema import jobs


def test_upload_report_and_deletion(serve: Any, tools: Any, tmp_path: Path) -> None:
    client = serve()
    answer = client.post("/api/v1/bundles", files={"file": ("b.tgz", tools.tarball())}, data={"ticket": " T 1\n"})
    assert answer.status_code == 202
    job = answer.json()["job"]
    assert answer.json() == {"job": job, "state": "queued"}
    state = tools.ended(client, job)
    assert (state["state"], state["report"], state["error"], state["ticket"]) == ("done", job, "", "T 1")
    report = json.loads(client.get(f"/api/v1/reports/{job}.json").content)
    assert report["causes"][0]["id"] == state["first_cause"]
    assert report["bundle"]["name"] == "b.tgz"
    page = client.get(f"/api/v1/reports/{job}.html")
    assert report["causes"][0]["title"] in page.text
    assert page.headers["content-security-policy"].startswith("sandbox ")
    assert "allow-same-origin" not in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"
    assert client.get(f"/api/v1/reports/{job}.md").headers["content-type"].startswith("text/markdown")
    records, files = client.service.records, client.service.files
    with records.engine.connect() as connection:
        assert connection.scalar(select(tickets.c.first_cause)) == state["first_cause"]
    assert not files.upload(job).exists(), "the upload is kept though its report is there"
    # several files, the body itself, a file that nobody reads, and one that was to be deleted meanwhile
    bundle = sorted((Path(__file__).parents[3] / "sample_bundles/worker-toggles/bundle").iterdir())
    several = client.post("/api/v1/bundles", files=[("file", (path.name, path.read_bytes())) for path in bundle])
    plain = client.post("/api/v1/bundles?ticket=raw&name=../../x.tgz", content=tools.tarball())
    program = client.post("/api/v1/bundles", files={"file": ("ls", Path("/bin/ls").read_bytes())})
    deleted = client.post("/api/v1/bundles", content=tools.tarball()).json()["job"]
    assert client.delete(f"/api/v1/reports/{deleted}").status_code == 204
    many = json.loads(
        client.get(f"/api/v1/reports/{tools.ended(client, several.json()['job'])['report']}.json").content
    )
    assert len([file for file in many["bundle"]["files"] if file["lines"]]) == len(bundle)
    state = tools.ended(client, plain.json()["job"])
    assert (state["ticket"], state["name"], state["state"]) == ("raw", "x.tgz", "done")
    failed = tools.ended(client, program.json()["job"])
    assert (failed["state"], failed["report"]) == ("failed", None)
    assert "ls" in failed["error"] and str(tmp_path) not in failed["error"]
    assert client.get(f"/api/v1/jobs/{deleted}").status_code == 404
    # deletion, by the user and by time
    assert client.delete(f"/api/v1/reports/{job}").status_code == 204
    for path in (f"/api/v1/jobs/{job}", f"/api/v1/reports/{job}.html", f"/jobs/{job}"):
        assert client.get(path).status_code == 404
    assert client.delete(f"/api/v1/reports/{job}").status_code == 404
    with records.engine.begin() as connection:
        connection.execute(update(jobs).values(created=datetime.now(UTC) - timedelta(days=31)))
    client.service.queue.sweep()
    assert client.get("/api/v1/jobs").json() == []
    with records.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(tickets)) == 0
    left = [path.name for path in (tmp_path / "data").rglob("*") if path.is_file() and "triage.db" not in path.name]
    assert left == ["serve.lock"]


def test_the_service_says_how_it_is(serve: Any) -> None:
    client = serve()
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").status_code == 200
    text = client.get("/metrics").text
    assert 'calico_triage_jobs{state="queued"} 0.0' in text
    assert 'route="/readyz",status="200"' in text
    described = client.get("/openapi.json").json()["paths"]
    assert {"/api/v1/bundles", "/api/v1/jobs/{job}", "/api/v1/reports/{report}.md"} <= set(described)
    assert "/api/v1/bundles" in client.get("/docs").text
    client.service.queue._stopping = True
    assert client.get("/readyz").status_code == 503


def test_every_page_has_its_headers(serve: Any) -> None:
    client = serve()
    for path in ("/", "/docs", "/login", "/jobs/nothing", "/nowhere", "/static/page.css"):
        headers = client.get(path, headers={"Accept": "text/html"}).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"


def test_a_defect_shows_no_traceback(serve: Any, monkeypatch: Any) -> None:
    client = serve()
    client._transport.raise_server_exceptions = False

    def broken(*_: Any) -> None:
        raise KeyError("/secret/path")

    monkeypatch.setattr(client.service.records, "recent", broken)
    answer = client.get("/api/v1/jobs")
    assert answer.status_code == 500
    assert "secret" not in answer.text and "Traceback" not in answer.text
