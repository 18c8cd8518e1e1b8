"""Large logs are read in pieces, by one process or several, as they would be as whole texts."""

from __future__ import annotations

import io
import os
import sys
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from msgspec.structs import asdict

import analyzer.intake
import analyzer.large_logs
from analyzer.bundle import BundleError, Limits, Member
from analyzer.intake import Intake, read_bundle
from analyzer.log_stream import blocks
from analyzer.log_stream.quotable import Packed
from analyzer.log_stream.workers import Claims
from analyzer.redaction import Redaction
from parsers.message_match import MessageMatcher, Pattern

BAD = "2026-11-12 10:{:02d}:{:02d}.{:03d} [ERROR][9] felix/x.go 1: boom at 10.0.0.{}\n"
GOOD = "2026-11-12 10:{:02d}:{:02d}.{:03d} [INFO][9] felix/y.go 1: nothing of interest, {} times\n"


def large_log(seed: int = 0) -> str:
    """A log beyond the size from which logs are read in pieces."""
    lines = [
        (BAD if number % 40 == seed else GOOD).format(number // 240, number // 4 % 60, number % 4 * 250, number % 4)
        for number in range(9000)
    ]
    return "".join(lines)


def read(path: Path, matcher: MessageMatcher | None, redaction: Redaction | None = None) -> Intake:
    return read_bundle([path], MATCHER.match, Limits(), matcher, redaction)


MATCHER = MessageMatcher([Pattern("boom", "cause", ("boom at {where}",))])


def told(intake: Intake) -> dict[str, object]:
    rows = {table: [asdict(row) for row in found] for table, found in intake.rows.items()}
    warnings = [(one.file, one.what) for one in intake.warnings]
    content = intake.sha256, intake.bytes
    return {
        "rows": rows,
        "facts": intake.file_facts,
        "warnings": warnings,
        "made": intake.collected,
        "content": content,
    }


@pytest.mark.parametrize("end", ["", "\n"])
def test_copies_are_told_however_they_come(end: str, tmp_path: Path) -> None:
    text = large_log().removesuffix("\n") + end
    archive_of({"a.log": text, "c.log": text[:-9] + "another." + end}, tmp_path / "x.tgz")
    loose = [tmp_path / "b.log", tmp_path / "d.log"]
    loose[0].write_text(text)
    loose[1].write_text(text.replace("of interest", "of INTEREST", 1))
    for paths in ([tmp_path], [tmp_path / "x.tgz", *loose]):
        found = read_bundle(paths, MATCHER.match, Limits(), MATCHER)
        copies = {row.path for row in found.rows["files"] if row.kind == "duplicate"}
        assert [path.rpartition("/")[2].rpartition("!")[2] for path in copies] in (["a.log"], ["b.log"])


@pytest.mark.parametrize("form", ["x", "x.tgz", "x.zip"])
def test_large_logs_are_read_alike_in_pieces_and_as_a_whole(form: str, tmp_path: Path) -> None:
    texts = {"logs/a.log": large_log(), "logs/b.log": large_log(3), "copy/a.log": large_log()}
    texts |= {"logs/session.log": large_log(5) + "$ kubectl get nodes\nNAME  STATUS  ROLES  AGE  VERSION\n"}
    texts |= {"logs/small.log": BAD.format(1, 2, 3, 4), "notes.txt": "nothing\n" * 40_000}
    path = archive_of(texts, tmp_path / form)
    pieces, whole = read(path, MATCHER), read(path, None)
    assert told(pieces) == told(whole)
    assert sum(row.kind == "duplicate" for row in pieces.rows["files"]) == 1
    lines = {row.file: {row.line} for row in pieces.rows["log_lines"]}
    assert set(pieces.quotes) >= {"logs/b.log"}
    assert pieces.lines(lines, 5) == whole.lines(lines, 5)
    pieces.quotes.clear()  # what was not kept is fetched in a second look
    assert pieces.lines(lines, 5) == whole.lines(lines, 5)


@pytest.mark.parametrize("form", ["x", "x.tgz", "x.zip"])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_logs_in_utf_16_are_read_in_pieces_as_well(form: str, encoding: str, mark: str, tmp_path: Path) -> None:
    long = (mark + large_log().replace("\n", "\r\n") + BAD.format(40, 1, 2, "\u00fc\U0001f600")).encode(encoding)
    behind = (mark + large_log(3) + "$ kubectl get nodes\n" + TABLE).encode(encoding)
    cut = (mark + large_log(5)).encode(encoding)[:-3]  # within a character
    table = (mark + TABLE + "10.0.0.2   Ready    <none>   12d   v1.29.4\n" * 9000).encode(encoding)
    files = {"a.log": long, "copy/a.log": long, "b.log": behind, "c.log": cut, "nodes.txt": table}
    path = archive_of(files, tmp_path / form)
    pieces, whole = read(path, MATCHER), read(path, None)
    assert told(pieces) == told(whole)
    assert set(pieces.quotes) == {"a.log", "c.log"}
    rows = {row.path: row for row in pieces.rows["files"]}
    assert (rows["c.log"].encoding, rows["c.log"].bytes) == (encoding, len(cut))
    lines = {row.file: {row.line} for row in pieces.rows["log_lines"]}
    for quotes in (pieces.quotes.copy(), {}):  # the second time they are fetched
        pieces.quotes = quotes
        assert pieces.lines(lines, 5) == whole.lines(lines, 5)


def test_what_is_kept_of_a_log_in_utf_16_has_no_secrets(tmp_path: Path) -> None:
    secret = "glpat-Zq8vT3mN5xW2kR7pL4sD"
    told_of = BAD.format(1, 2, 3, 4).rstrip("\n") + f" Authorization: Bearer {secret}\n"
    (tmp_path / "a.log").write_text(large_log() + told_of + large_log(3), "utf-16")
    intake = read(tmp_path, MATCHER, Redaction())
    assert any("Authorization" in row.message for row in intake.rows["log_lines"])
    assert "a.log" in intake.quotes
    assert secret not in repr(intake.rows) + repr(intake.lines({"a.log": {9001}}, 5))


INSTALL = "2026-11-12 09:59:0{}.000 [INFO][1] cni-installer/<nil> <nil>: Installed /host/opt/cni/bin/calico{}\n"
INSTALLED = "".join(INSTALL.format(number, number) for number in range(9))
NODE = (
    "Name:               10.0.0.{0}\nRoles:              <none>\nLabels:             a=b\nTaints:             <none>\n"
)
MARK = "==== {} logs for container {} of pod kube-system/calico-node-abcde ====\n"
LOGS = "$ kubectl logs -n kube-system calico-node-{} -c calico-node\n"
TABLE = "NAME       STATUS   ROLES    AGE   VERSION\n10.0.0.1   Ready    <none>   12d   v1.29.4\n"
KUBELET = (
    'Nov 12 {0} worker-1 kubelet[1234]: I1112 {0}.000000    1234 kubelet.go:{1}] "SyncLoop (PLEG)" pod="shop/cart-{2}"',
    'Nov 12 {0} worker-1 kubelet[1234]: E1112 {0}.000000    1234 pod_workers.go:9] "Error syncing" err="boom at {2}"',
    'Nov 12 {0} worker-1 kubelet[1234]: I1112 {0}.000000    1234 prober.go:10] "Probe failed" pod="shop/cart-{2}" output=<',
    "Nov 12 {0} worker-1 kubelet[1234]:         Error: boom at {2}",
    "Nov 12 {0} worker-1 kubelet[1234]:  >",
    "Nov 12 {0} worker-1 systemd[1]: run-{1}.mount: Succeeded.",
    "Nov 12 {0} worker-1 kernel: [{1}.{1:06}] device eth{2} entered promiscuous mode",
    "Nov 12 {0} worker-1 kernel: [{1}.{1:06}] nf_conntrack: table full, dropping packet",
    "Nov 12 {0} worker-1 dhclient[{1}]: boom at {2}",
    "-- Reboot --",
)  # fmt: skip
RING = (
    "[{1:>5}.000{2:03}] device cali{2:011x} entered promiscuous mode",
    "[{1:>5}.000{2:03}] nf_conntrack: nf_conntrack: table full, dropping packet",
    "[{1:>5}.000{2:03}]  <TASK>",
    "[{1:>5}.000{2:03}] Out of memory: Killed process {1} (felix)",
)


def journal(forms: Sequence[str], count: int) -> str:
    """A journal with lines of all forms, some more often than others."""
    lines = []
    for number in range(count):
        form = forms[number % len(forms)]
        clock = f"{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}"
        lines.append(form.format(clock, number, number % 4))
    return "\n".join(lines) + "\n"


#: outputs that large logs come with, in one file
FILES = {
    "a command in front": LOGS.format("abcde") + large_log(),
    "what kubectl says": 'Defaulted container "calico-node" out of: calico-node, install-cni (init)\n' + large_log(),
    "the rest of a line": "tion of a line that was cut off\n" + large_log(),
    "the rest of a trace": "\t/go/src/felix/x.go:12 +0x1d\n" + large_log(),
    "a title": "=== calico-node-abcde ===\n" + large_log(),
    "a fence": f"```\n{large_log()}```\n",
    "all containers": INSTALLED + large_log(),
    "a dump": "".join(
        MARK.format("START", name) + text + MARK.format("END", name)
        for name, text in (("install-cni", INSTALLED), ("calico-node", large_log()), ("other", INSTALLED))
    ),
    "a table behind": large_log() + "$ kubectl get nodes\n" + TABLE,
    "a table without its command": large_log() + TABLE,
    "described in front": NODE.format(1) + "\n" + LOGS.format("abcde") + large_log(),
    "described between": LOGS.format("abcde") + large_log() + NODE.format(1) + LOGS.format("fghij") + large_log(7),
    "two logs": LOGS.format("abcde") + large_log() + LOGS.format("fghij") + large_log(7),
    "what only looks like a command": large_log() + "+ kubectl get nodes\n" + large_log(7),
    "a journal": journal(KUBELET, 6000),
    "a journal behind its command": "$ journalctl -u kubelet\n" + journal(KUBELET, 6000) + LOGS.format("a") + large_log(),
    "the kernel's messages": "$ dmesg\n" + journal(RING, 8000),
    "described alone": large_log() + "".join(map(NODE.format, range(2, 200))),
}  # fmt: skip


def archive_of(texts: Mapping[str, str | bytes], path: Path) -> Path:
    """An archive with files, or a folder where its name is none of an archive."""
    files = {name: text.encode() if isinstance(text, str) else text for name, text in texts.items()}
    if path.suffix == ".tgz":
        with tarfile.open(path, "w:gz") as archive:
            for name, data in files.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, data in files.items():
                packed.writestr(name, data)
    else:
        for name, data in files.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(data)
    return path


@pytest.mark.parametrize("form", ["x", "x.tgz"])
@pytest.mark.parametrize("most", [1000, 10_000_000])
@pytest.mark.parametrize("name", FILES)
def test_other_outputs_in_the_file_of_a_large_log(
    name: str, most: int, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = archive_of({"logs/a.log": FILES[name]}, tmp_path / form)
    whole = read(path, None)
    monkeypatch.setattr(analyzer.large_logs, "_AS_TEXT", most)  # as if the file were larger than what is held
    pieces = read(path, MATCHER)
    assert told(pieces) == told(whole)
    lines = {"logs/a.log": {row.line for row in pieces.rows["log_lines"]}}
    assert pieces.lines(lines, 5) == whole.lines(lines, 5)
    assert ("logs/a.log" in pieces.quotes) == (most < len(FILES[name]) or name == "what only looks like a command")


@pytest.mark.parametrize("most", [1000, 10_000_000])
def test_outputs_beside_a_large_log_have_no_secrets(most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "glpat-Zq8vT3mN5xW2kR7pL4sD"
    told_of = f"2026-11-12 09:00:00.000 [ERROR][9] felix/x.go 1: boom at x Authorization: Bearer {secret}\n"
    text = MARK.format("START", "install-cni") + told_of + MARK.format("END", "install-cni")
    text += MARK.format("START", "calico-node") + large_log() + MARK.format("END", "calico-node") + told_of
    monkeypatch.setattr(analyzer.large_logs, "_AS_TEXT", most)
    intake = read(archive_of({"a.log": text}, tmp_path / "x"), MATCHER, Redaction())
    assert sum("Authorization" in row.message for row in intake.rows["log_lines"]) >= 1
    assert secret not in repr(intake.rows) + repr(intake.quotes.get("a.log"))
    assert secret not in repr(intake.lines({"a.log": {2}}, 5))


def test_a_file_of_very_many_outputs_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analyzer.large_logs, "_AS_TEXT", 1000)
    monkeypatch.setattr(analyzer.large_logs, "_MOST_PARTS", 4)
    logs = "".join(LOGS.format(f"{number:05}") + large_log() for number in range(6))
    path = archive_of({"a.log": logs}, tmp_path / "x")
    pieces, whole = read(path, MATCHER), read(path, None)
    assert told(pieces) == told(whole)
    assert "a.log" in pieces.quotes


def test_of_a_large_file_of_no_known_form_the_beginning_is_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analyzer.large_logs, "_MOST_SEARCHED", 1 << 20)
    text = "it went boom at noon\n" + "nothing to see\n" * 100_000 + "another boom at night\n"
    for form in ("x", "x.tgz"):
        intake = read(archive_of({"notes.txt": text}, tmp_path / form), MATCHER)
        assert [row.message for row in intake.rows["log_lines"]] == ["it went boom at noon"]
        assert [one.what for one in intake.warnings if one.file == "notes.txt" and "looked through" in one.what] == [
            "of no known form: only its first 1 MiB were looked through"
        ]


def test_logs_of_two_containers_in_turn_are_read_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.log").write_text(large_log() + INSTALLED + large_log(3))
    (tmp_path / "b.log").write_text(large_log(7))
    whole = told(read(tmp_path, None))
    assert told(read(tmp_path, MATCHER)) == whole
    monkeypatch.setattr(analyzer.large_logs, "_AS_TEXT", 300_000)  # as if it were larger than what is held
    assert told(read(tmp_path, MATCHER)) == whole


def test_what_is_kept_of_a_large_log_has_no_secrets(tmp_path: Path) -> None:
    secret = "glpat-Zq8vT3mN5xW2kR7pL4sD"
    line = BAD.format(1, 2, 3, 4).rstrip("\n")
    text = large_log() + f"{line} Authorization: Bearer {secret}\n" + large_log(3)
    (tmp_path / "a.log").write_text(text)
    intake = read(tmp_path, MATCHER, Redaction())
    assert any("Authorization" in row.message for row in intake.rows["log_lines"])
    assert secret not in repr(intake.rows) + repr(intake.quotes)
    number = text.count("\n", 0, text.index(secret)) + 1
    assert number in intake.quotes["a.log"]
    for quotes in (intake.quotes.copy(), {}):  # the second time it is fetched
        intake.quotes = quotes
        quoted = intake.lines({"a.log": {number}}, 5)
        assert "Authorization" in quoted["a.log"][number] and secret not in repr(quoted)


def test_of_many_logs_what_may_be_quoted_is_packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {
        "a.log": large_log(),
        "b.log": large_log(9) + "$ kubectl get nodes\n" + large_log(8),
        "c.log": large_log(3),
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)

    def quoted() -> tuple[Intake, dict[str, dict[int, str]]]:
        intake = read(tmp_path, MATCHER, Redaction())
        return intake, intake.lines({name: {41, 42, 7001} for name in texts}, 5)

    monkeypatch.setattr(analyzer.large_logs, "_AS_TEXT", 300_000)  # as if b.log were larger than what is held
    plain = quoted()[1]
    monkeypatch.setattr(analyzer.large_logs, "_UNPACKED", 0)
    intake, packed = quoted()
    assert all(isinstance(intake.quotes[name].raw, Packed) for name in texts)
    assert packed == plain and "boom" in plain["a.log"][41]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="several processes are used on Linux only")
@pytest.mark.parametrize("jobs", [2, 3])
def test_several_processes_read_the_same(jobs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {f"logs/{name}.log": large_log(seed) for seed, name in enumerate("abcde")}
    texts |= {"logs/f.log": large_log(1), "logs/g.log": large_log(9) + "$ kubectl get nodes\n" + large_log(8)}
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    alone = told(read_bundle([tmp_path], MATCHER.match, Limits(), MATCHER, jobs=1))
    asked: list[int] = []
    monkeypatch.setattr(analyzer.intake, "useful_jobs", lambda paths, wanted: asked.append(wanted) or wanted)
    together = read_bundle([tmp_path], MATCHER.match, Limits(), MATCHER, jobs=jobs)
    assert asked == [jobs]
    assert told(together) == alone
    monkeypatch.setattr(analyzer.intake, "claims_of", lambda processes: None)
    assert told(read_bundle([tmp_path], MATCHER.match, Limits(), MATCHER, jobs=jobs)) == alone


@pytest.fixture
def messy_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Members of many kinds in one archive, which is large enough for several processes."""
    log = large_log()
    texts = {
        "a.log": log,
        "copy/a.log": log,
        "other.log": large_log(3).removesuffix("\n"),
        "crlf.log": log.replace("\n", "\r\n"),
        "behind.txt": "$ kubectl get nodes\nNAME  STATUS\nnode-a  Ready\n$ kubectl logs calico-node-x\n" + log,
        "two.log": large_log(9) + "$ kubectl get nodes\n" + large_log(8),
        "long.log": log[:300_000] + "x" * 70_000 + "\n" + log[300_000:] + "y" * 9_000_000,
        "half-a-line.log": log + "panic: boom at 10.0.0.1",
        "traces.log": log.replace("nothing of interest, 3 times", "panic:\n\tx.go:1\n\ty.go:2"),
        "events.txt": "LAST SEEN  TYPE  REASON  OBJECT  MESSAGE\n"
        + "3m  Warning  BackOff  pod/x  boom at here\n" * 9000,
        "data.bin": "\0\1\2" * 200_000,
        "wide.log": log,
        "latin.log": log.replace("interest", "\u00fcbel"),
        "small.log": log[:3000],
    }
    codes = {"wide.log": "utf-16", "latin.log": "latin-1"}
    monkeypatch.setattr(analyzer.intake, "useful_jobs", lambda paths, wanted: wanted)
    coded = {name: text.encode(codes.get(name, "utf-8")) for name, text in texts.items()}
    return archive_of(coded, tmp_path / "x.tgz")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="several processes are used on Linux only")
@pytest.mark.parametrize("stretch", [2 * 1024 * 1024, 50_000])
@pytest.mark.parametrize("cut", [0, 20_000])
@pytest.mark.parametrize("redacted", [False, True])
def test_what_another_process_unpacks_is_read_the_same(
    redacted: bool, cut: int, stretch: int, messy_archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "STRETCH", stretch)
    packed = messy_archive.read_bytes()
    messy_archive.write_bytes(packed[: len(packed) - cut])

    def read_by(jobs: int) -> dict[str, object]:
        redaction = Redaction() if redacted else None
        intake = read_bundle([messy_archive], MATCHER.match, Limits(), MATCHER, redaction, jobs)
        return told(intake) | {"quotes": {path: quotes.lines() for path, quotes in intake.quotes.items()}}

    alone = read_by(1)
    assert len(alone["rows"]["files"]) > 14 - bool(cut) and alone["quotes"]  # type: ignore[index]
    assert read_by(2) == alone
    assert read_by(4) == alone  # each for itself


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="several processes are used on Linux only")
def test_where_the_process_that_unpacks_ends_early_all_is_read_alone(
    messy_archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = told(read_bundle([messy_archive], MATCHER.match, Limits(), MATCHER, jobs=1))

    def dies(member: Member) -> int:
        if member.path == "other.log":
            os._exit(9)
        return len(member.data)

    monkeypatch.setattr("analyzer.log_stream.unpacker._begin_of_log", dies)
    assert told(read_bundle([messy_archive], MATCHER.match, Limits(), MATCHER, jobs=2)) == alone


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="several processes are used on Linux only")
def test_what_processes_share_is_closed_where_reading_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared: list[Claims] = []
    monkeypatch.setattr(analyzer.intake, "useful_jobs", lambda paths, wanted: wanted)
    monkeypatch.setattr(analyzer.intake, "claims_of", lambda count: shared.append(Claims()) or shared[-1])
    with pytest.raises(BundleError):
        read_bundle([tmp_path / "absent"], MATCHER.match, Limits(), MATCHER, jobs=2)
    with pytest.raises(OSError, match="Bad file descriptor"):
        shared[0].close()


def test_a_defect_in_reading_in_pieces_leads_to_the_other_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = "2026-11-12 10:00:01.002 [ERROR][9] felix/x.go 1: boom {}\n"
    (tmp_path / "a.log").write_text("".join(line.format(number) for number in range(9000)))

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("analyzer.log_stream.reader.read_log", broken)
    matcher = MessageMatcher([Pattern("boom", ("boom",))])
    intake = read_bundle([tmp_path], matcher.match, Limits(), matcher=matcher)
    assert sum(int(row.count) for row in intake.rows["log_lines"]) == 9000
    assert "ZeroDivisionError" in intake.warnings[0].what
