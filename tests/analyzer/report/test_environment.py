"""Compiled templates come out of the cache as they went in, or are compiled anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import report_samples as samples
from jinja2 import Environment

from analyzer import cache
from analyzer.report import environment, render_html, render_markdown


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "caches"))
    monkeypatch.delenv(cache.SWITCH, raising=False)
    forget()
    return tmp_path / "caches" / "calico-triage"


def forget() -> None:
    """What a new process begins with."""
    environment.html_environment.cache_clear()
    environment.markdown_environment.cache_clear()


def count_compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    compiled: list[str] = []
    real = Environment.compile

    def counted(self: Environment, source: Any, name: str | None = None, *more: Any, **named: Any) -> Any:
        compiled.append(str(name))
        return real(self, source, name, *more, **named)

    monkeypatch.setattr(Environment, "compile", counted)
    return compiled


def test_a_second_process_compiles_nothing_and_writes_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    report = samples.incident()
    compiled = count_compiled(monkeypatch)
    pages = render_html(report), render_markdown(report)
    assert "report.html.j2" in compiled
    assert "report.md.j2" in compiled
    forget()
    compiled.clear()
    assert (render_html(report), render_markdown(report)) == pages
    assert compiled == []


def test_a_changed_template_is_compiled_again(tmp_path: Path) -> None:
    template = tmp_path / "report.md.j2"
    template.write_text("one")
    assert render_markdown(samples.incident(), tmp_path) == "one\n"
    forget()
    template.write_text("two")
    assert render_markdown(samples.incident(), tmp_path) == "two\n"


def test_one_template_of_two_pages_is_kept_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for page in ("report.html.j2", "report.md.j2"):
        (tmp_path / page).write_text("{% include 'shared.j2' %}")
    (tmp_path / "shared.j2").write_text("{{ 'a' }}")
    compiled = count_compiled(monkeypatch)
    assert render_html(samples.incident(), tmp_path) == "a"
    assert render_markdown(samples.incident(), tmp_path) == "a\n"
    assert compiled.count("shared.j2") == 2, "filters differ, and what they make of constants is code"


@pytest.mark.parametrize("damage", [b"", b"\x00", b"i\x01\x00\x00\x00", b"not code"])
def test_damaged_code_is_not_used(damage: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    page = render_html(samples.incident())
    forget()
    monkeypatch.setattr(cache, "read", lambda name, key: damage)
    assert render_html(samples.incident()) == page
