"""Nothing of the planted corpus comes out, in whatever form."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import pytest
from planted import Planted
from rich.console import Console

from analyzer.export import write_tables
from analyzer.pipeline import Analyzer, read
from analyzer.redaction import Redaction
from analyzer.redaction.archive import write_redacted
from analyzer.report import print_summary, render_html, render_json, render_markdown


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Planted, Path]:
    made = Planted()
    return made, made.write(tmp_path_factory.mktemp("planted"))


def members(archive: Path) -> dict[str, str]:
    with tarfile.open(archive) as tar:
        return {item.name: tar.extractfile(item).read().decode() for item in tar.getmembers()}  # type: ignore[union-attr]


def test_the_corpus_is_large_enough(planted: tuple[Planted, Path]) -> None:
    assert len(planted[0].secrets) >= 40
    everything = "\n".join([*planted[0].files, *planted[0].files.values()])
    assert sorted(planted[0].surviving(everything)) == sorted(planted[0].secrets)


@pytest.mark.parametrize("level", ["secrets", "hosts"])
def test_report(planted: tuple[Planted, Path], level: str) -> None:
    corpus, folder = planted
    report = Analyzer(redaction=Redaction(level)).analyze([folder])
    page = io.StringIO()
    print_summary(report, Console(file=page, width=200))
    forms = {"html": render_html(report), "md": render_markdown(report), "json": render_json(report)}
    forms["terminal"] = page.getvalue()
    assert {form: corpus.surviving(text) for form, text in forms.items()} == {form: [] for form in forms}
    unredacted = render_json(Analyzer().analyze([folder]))
    assert corpus.surviving(unredacted), "the corpus would come out of a report without redaction"


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_tables(planted: tuple[Planted, Path], form: str, tmp_path: Path) -> None:
    import pandas as pd

    corpus, folder = planted
    write_tables(read([folder], redaction=Redaction()).tables, tmp_path, form)
    for path in tmp_path.iterdir():
        frame = pd.read_parquet(path) if form == "parquet" else None
        text = path.read_text(encoding="utf-8") if frame is None else frame.to_csv() + frame.to_json()
        assert corpus.surviving(text) == [], path.name


@pytest.mark.parametrize("level", ["secrets", "hosts"])
def test_bundle(planted: tuple[Planted, Path], level: str, tmp_path: Path) -> None:
    corpus, folder = planted
    write_redacted([folder], tmp_path / "out.tgz", Redaction(level))
    made = members(tmp_path / "out.tgz")
    assert corpus.surviving("\n".join([*made, *made.values()])) == []
    assert len(made) == len(corpus.files)
    lines = sorted(text.count("\n") for text in made.values())
    assert lines == sorted(text.count("\n") for text in corpus.files.values())
    assert "after: kept" in made["notes/keys.txt"] and "between" in made["notes/keys.txt"]
    assert "kept-value" in made["objects.json"] and "value: plain" in made["pod.yaml"]
    assert "name: calico-bgp-password" in made["secret.yaml"]
    assert gzip.decompress((tmp_path / "out.tgz").read_bytes())


def test_a_second_pass_changes_nothing(planted: tuple[Planted, Path]) -> None:
    redaction = Redaction()
    for text in planted[0].files.values():
        once = redaction.data(text.encode())
        assert redaction.data(once) == once


@pytest.mark.parametrize("size", [1, 7_001, 300_000])
def test_pieces(planted: tuple[Planted, Path], size: int) -> None:
    """A large log is redacted in pieces, wherever they are cut."""
    corpus = planted[0]
    filler = "2026-03-16 04:11:52.123 [INFO][65] felix/summary.go 100: Summarising 11 dataplane reconciliation loops\n"
    text = "".join(
        filler * (2_500_000 // len(filler) if size > 7_001 else 40) + part for part in corpus.files.values()
    ).encode()
    clean = b"".join(Redaction().pieces(text[n : n + size] for n in range(0, len(text), size)))
    assert corpus.surviving(clean.decode()) == []
    assert clean.count(b"\n") == text.count(b"\n")
