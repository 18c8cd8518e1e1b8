"""From a customer's files to rows: open, decode, split, recognise, parse, then say whose each row is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from analyzer.attribution import Output, attribute
from analyzer.bundle import BundleError, Limits, Member, fingerprint, fingerprint_aside, foreign
from analyzer.clocks import reconcile
from analyzer.collection import collected_at, fill_times, own_collection
from analyzer.large_logs import LargeLogs, ReadFile, ReadText, Share, digest_of, source_at, whole
from analyzer.log_stream.quotable import Quotable
from analyzer.log_stream.unpacker import UnpackerLostError, unpacker_of
from analyzer.log_stream.workers import Workers, claims_of, useful_jobs
from analyzer.text_kinds import read_text
from analyzer.ticket import LARGE, Intake, Skipped, is_large_log, merge_facts
from parsers.container_log import parse_container_log, section_sources, split_sections
from parsers.decode import decode, is_binary
from parsers.lazy_pattern import lazy_pattern
from parsers.message_match import MessageMatcher
from parsers.place import Hint, place
from parsers.recognize import recognize
from parsers.rows import FileRow
from parsers.session import Part, asked, asked_source, split_session
from parsers.source import Match, Parsed, Source

if TYPE_CHECKING:
    from analyzer.log_stream.reader import ReadLog
    from analyzer.redaction import Redaction

__all__ = ["Intake", "Skipped", "read_bundle"]

_MOST_UNKNOWN = 25
_LEAST_DUPLICATE = 64  # bytes; "No resources found" in two files is no duplicate
#: logs that are empty where nothing is wrong: a container that never restarted, a fetch that went well the first time
_RIGHTLY_EMPTY = lazy_pattern(r"previous|prev\b|insecure|-errors?\b|\.log\.\d+$", re.IGNORECASE)


def read_bundle(
    paths: Sequence[Path],
    match: Match,
    limits: Limits | None = None,
    matcher: MessageMatcher | None = None,
    redaction: Redaction | None = None,
    jobs: int = 1,
    meanwhile: Callable[[], object] | None = None,
) -> Intake:
    """Read one ticket.

    Args:
        paths: a folder, an archive, or loose files of one ticket.
        match: gives the ids of the message catalogue's entries that a text matches.
        limits: what is read at the most.
        matcher: the catalogue behind ``match``; with it large logs are read in pieces, without it as whole texts.
        redaction: replaces secrets before anything is read; None for the bundle as it is.
        jobs: processes that read large logs at once; 0 for as many as there are processors. What is read is the same.
        meanwhile: called where this process has read its part, and others may not have.

    Raises:
        BundleError: an input does not exist, cannot be opened, or no text at all is in it.
    """
    if not paths:
        raise BundleError("no input is given: name a folder, an archive or files")
    name = redaction.path(_name(paths[0])) if redaction else _name(paths[0])
    intake = Intake(name, paths=paths, limits=limits or Limits(), redaction=redaction)
    shares, at_once = useful_jobs(paths, jobs) if matcher else 1, LARGE if matcher else 0
    with ExitStack() as shared:
        unpacker = unpacker_of(paths, intake.limits, at_once, shares)
        claims = None if unpacker else claims_of(shares)
        for each in (unpacker, claims):
            if each:
                shared.callback(each.close)
        reader = _Reader(intake, match, LargeLogs(intake, matcher, claims))
        workers = Workers(reader.logs.read_share, shares - 1 if claims else 0)
        if unpacker:
            reader.fingerprint = unpacker.fingerprint
        elif claims and not any(path.is_dir() for path in paths):
            # not before: a process that is split in two must have one thread
            reader.fingerprint = fingerprint_aside(paths, intake.limits.bytes)
        try:
            for member in intake.members(at_once=at_once, opened=unpacker.members if unpacker else None):
                reader.member(member)
        except UnpackerLostError:
            return read_bundle(paths, match, limits, matcher, redaction, 1, meanwhile)
        reader.settle(workers.results(meanwhile))
    return reader.finish()


def _name(path: Path) -> str:
    return path.name or path.resolve().name or str(path)


class _Large(Struct):
    """A large log, whose rows are placed when all logs were read: its file, and where its outputs belong."""

    row: FileRow
    hint: Hint
    outputs_before: int
    files_before: int
    file: ReadFile | Member | None = None  # None where another process reads it, or nobody could in pieces
    outputs: list[Output] = field(default_factory=list)
    files: list[FileRow] = field(default_factory=list)


class _Reader:
    """Reads the members of one ticket, one after another."""

    def __init__(self, intake: Intake, match: Match, logs: LargeLogs) -> None:
        self.intake = intake
        self.match = match
        self.logs = logs
        self.outputs: list[Output] = []
        self.members = 0
        self.texts = 0
        self._seen: dict[tuple[str, str, str, bool], str] = {}
        self._unknown: list[str] = []
        self._shared: list[tuple[FileRow, list[Output]]] = []  # files that hold several logs
        self._large: list[_Large] = []
        self.fingerprint: Callable[[], tuple[str, int]] = partial(
            fingerprint, intake.paths, intake.limits.bytes, intake.digests
        )

    def member(self, member: Member) -> None:
        """Take one member in: as text, as a duplicate, or as something that is not read."""
        self.members += 1
        hint = place(member.path)
        row = FileRow(member.path, "", hint.namespace, hint.pod, "", hint.node, member.size)
        row.problems = member.problems
        self.intake.rows["files"].append(row)
        if member.rest is not None:
            if is_large_log(member):
                self._take_large(member, row, hint)
                return
            member = whole(member, self.intake.limits)
            row.bytes, row.problems = member.size, member.problems
        self.intake.hold(member.path, member.data)
        if first := self._first_of(member, hint):
            self._duplicate(row, hint, first)
        elif is_binary(member.data):
            row.kind = "binary"
            for problem in row.problems:  # what was cut is told of what is skipped too
                self.intake.warn(member.path, problem)
            self.intake.warn(member.path, f"{foreign(member.data[:512]) or 'binary content'}: skipped")
        else:
            self._text(member, row, hint)

    def _take_large(self, member: Member, row: FileRow, hint: Hint) -> None:
        """Read a large log in pieces, or leave it to the process that came to it first."""
        large = _Large(row, hint, len(self.outputs), len(self.intake.rows["files"]))
        if self.logs.is_mine():
            large.file = self.logs.read(member)
        self._large.append(large)

    def settle(self, shares: Iterable[Share]) -> None:
        """Place what was read of the large logs; read those as whole texts that are no plain logs."""
        rows = self.intake.rows
        outputs, files = self.outputs, rows["files"]
        wholes: dict[str, _Large] = {}
        results: dict[str, ReadFile | Member] = {}
        for share in shares:
            results.update(share.files)
            self.intake.digests.update(share.digests)
        for large in self._large:
            file = large.file or results.get(large.row.path)
            if file is None:
                wholes[large.row.path] = large
                continue
            self._settle(file, large)
        for member in self.intake.members(wholes) if wholes else ():
            if member.path in wholes:
                self._settle(member, wholes[member.path])
        self.outputs, rows["files"] = [], []
        at = at_file = 0
        for large in self._large:
            self.outputs += [*outputs[at : large.outputs_before], *large.outputs]
            rows["files"] += [*files[at_file : large.files_before], *large.files]
            at, at_file = large.outputs_before, large.files_before
        self.outputs += outputs[at:]
        rows["files"] += files[at_file:]

    def _settle(self, file: ReadFile | Member, large: _Large) -> None:
        row, path = large.row, large.row.path
        self.outputs, self.intake.rows["files"] = large.outputs, large.files
        if isinstance(file, Member):
            row.bytes, row.problems = file.size, file.problems
            self._text(file, row, large.hint)
            return
        self.texts += 1
        row.bytes = file.bytes
        if first := self._first_like(file.digest, path, large.hint):
            self._duplicate(row, large.hint, first)
            return
        logs = file.logs
        row.lines, row.encoding = file.lines, next((log.encoding for log in logs), "utf-8")
        self.intake.quotes[path] = quotes = Quotable.of_all(file.quotes)
        if self.intake.redaction is not None:
            for log in logs:
                for line in log.parsed.log_lines:
                    self.intake.redaction.note_ids(line.raw.encode("utf-8", "surrogatepass"))
            self.intake.redaction.note_ids(b"\n".join(quotes.lines().values()))
        problems = list(file.problems)
        outputs = [output for part in file.parts for output in self._outputs_of(part, large, problems)]
        for output in outputs:
            problems += output.parsed.problems
        self._files(outputs, row)
        row.problems = tuple(dict.fromkeys(problems))
        for problem in row.problems:
            self.intake.warn(path, problem)

    def _outputs_of(self, part: ReadLog | ReadText, large: _Large, problems: list[str]) -> list[Output]:
        """The outputs of a part of a large file."""
        row = large.row
        if isinstance(part, ReadText):
            text, _, more = decode(part.data)
            problems += more
            text = self._without_long_lines(text, problems)
            return self._parts(text, source_at(row.path, large.hint), row, part.first_line)
        source = part.source
        file = FileRow(row.path, part.kind, source.namespace, source.pod, source.container, source.node)
        file.bytes = part.bytes - part.ended  # the last line end is none of the log's
        file.lines, file.encoding = part.lines, part.encoding
        return [Output(file, source, part.kind, part.parsed)]

    def _duplicate(self, row: FileRow, hint: Hint, first: str) -> None:
        row.kind, row.container = "duplicate", hint.container
        self.intake.file_facts.setdefault(row.path, {})["duplicate_of"] = first

    def _first_of(self, member: Member, hint: Hint) -> str:
        """The file that has the same content, "" for none."""
        if member.size < _LEAST_DUPLICATE:
            return ""
        return self._first_like(digest_of(member.data), member.path, hint)

    def _first_like(self, digest: str, path: str, hint: Hint) -> str:
        """The file that has the same digest, "" for none.

        The same words may stand in the logs of two pods; only where the paths do not tell them apart they are copies.
        """
        key = (digest, hint.pod, hint.container, hint.previous)
        first = self._seen.get(key) or self._seen.get((digest, "", "", False), "")
        if not first:
            self._seen[key] = path
        return first

    def _text(self, member: Member, row: FileRow, hint: Hint) -> None:
        text, row.encoding, problems = decode(member.data)
        row.lines = text.count("\n") + (not text.endswith("\n") and bool(text))
        self.texts += bool(text.strip())
        text = self._without_long_lines(text, problems)
        outputs = self._parts(text, source_at(member.path, hint), row)
        for output in outputs:
            problems.extend(output.parsed.problems)
        self._files(outputs, row)
        row.problems = tuple(dict.fromkeys([*row.problems, *problems]))
        for problem in row.problems:
            self.intake.warn(member.path, problem)
        if row.kind == "unknown":
            self._unknown.append(member.path)
        elif row.kind == "empty" and not _RIGHTLY_EMPTY.search(member.path):
            row.problems = (*row.problems, "empty")
            self.intake.warn(member.path, "empty file: missing data, not a sign of health")

    def _parts(self, text: str, base: Source, row: FileRow, first_line: int = 1) -> list[Output]:
        try:
            return [output for part in split_session(text, first_line) for output in self._outputs(part, base, row)]
        except Exception as error:  # one file must not keep the others from being read
            what = f"could not be read: nobody can tell what it is ({type(error).__name__}): a defect of calico-triage"
            self.intake.warn(base.path, what)
            return [Output(replace(row, kind="unknown"), base, "unknown", Parsed())]

    def _without_long_lines(self, text: str, problems: list[str]) -> str:
        """Cut lines beyond the limit; JSON in one line is left whole."""
        most = self.intake.limits.line
        if len(text) <= most or (text.lstrip()[:1] in ("{", "[") and recognize(text).kind == "objects"):
            return text
        lines = text.split("\n")
        long = [index for index, line in enumerate(lines) if len(line) > most]
        if not long:
            return text
        for index in long:
            lines[index] = lines[index][:most]
        problems.append(f"limit reached: {len(long)} lines of more than {most} characters were cut (--limit-line)")
        return "\n".join(lines)

    def _files(self, outputs: list[Output], row: FileRow) -> None:
        """Say what the file is; the logs of a session, or several in one file, have rows of their own besides."""
        kinds = list(dict.fromkeys(output.kind for output in outputs))
        known = [kind for kind in kinds if kind not in ("empty", "unknown")]
        row.kind = known[0] if len(known) == 1 else "session" if known else (kinds or ["empty"])[0]
        logs = [output for output in outputs if output.kind in ("log", "kubectl-error")]
        for output in outputs:
            is_log = output.kind in ("log", "kubectl-error")
            if len(known) == 1 and output.kind == row.kind and (len(logs) <= 1 or not is_log):
                output.file = row
                if is_log:
                    row.pod, row.namespace = output.source.pod, output.source.namespace
                    row.container, row.node = output.source.container, output.source.node
                if output.kind == "kubectl-error":
                    self._file_facts(row.path)["error"] = output.parsed.facts["error"]
            elif output.kind == "log":
                self.intake.rows["files"].append(output.file)
            self.outputs.append(output)
        if len(logs) > 1:
            self._shared.append((row, logs))

    def _file_facts(self, path: str) -> dict[str, str]:
        return self.intake.file_facts.setdefault(path, {})

    def _outputs(self, part: Part, base: Source, row: FileRow) -> Iterator[Output]:
        """Read a part; a log of several containers gives an output each."""
        source = asked_source(part.command, part.first_line, base)
        kind = recognize(part.text, base.path).kind
        if kind == "unknown" and asked(part.command).verb == "logs":
            kind = "log"
        sections = split_sections(part.text, source) if kind == "log" else []
        for text, own in section_sources(sections, source) if sections else [(part.text, source)]:
            parsed = self._parse(kind, text, own)
            if kind == "unknown" and (parsed.log_lines or parsed.settings or parsed.events or parsed.node_conditions):
                kind = "notes"
                parsed.problems.append("of no form that calico-triage knows: only searched for known messages")
            file = FileRow(base.path, kind, own.namespace, own.pod, own.container, own.node)
            file.lines = text.count("\n") + (not text.endswith("\n"))
            file.bytes, file.encoding = len(text.encode("utf-8", "replace")), row.encoding
            yield Output(file, own, kind, parsed)

    def _parse(self, kind: str, text: str, source: Source) -> Parsed:
        try:
            if kind == "kubectl-error":
                return self._error(text, source)
            return read_text(kind, text, source, self.match)
        except Exception as error:
            what = f"could not be read as {kind} ({type(error).__name__}): a defect of calico-triage"
            self.intake.warn(source.path, what)
            return Parsed()

    def _error(self, text: str, source: Source) -> Parsed:
        """kubectl's complaint in place of an output: what it says is evidence, and something is missing."""
        error = " ".join(text.split())[:300]
        parsed = parse_container_log(text, source, self.match)
        parsed.facts["error"] = error
        wanted = source.container or source.pod or asked(source.command).verb == "logs"
        if (
            wanted
            or re.search(r"log", source.path.rpartition("/")[2], re.I)
            or re.search(r"container(?:Logs)?\b", error)
        ):
            self.intake.missing_logs.append((source.path, error))
        self.intake.warn(source.path, f"holds only an error, no data: {error}")
        return parsed

    def finish(self) -> Intake:
        """Place the outputs, work out times, and give everything.

        Raises:
            BundleError: nothing that is text was in the input.
        """
        intake = self.intake
        if not self.texts:
            what = "is empty" if not self.members else "is empty, or nothing in it could be read as text"
            limited = [item.what for item in intake.warnings if "--limit-" in item.what]
            what += f" ({limited[0]})" if limited else ""
            raise BundleError(f"{intake.paths[0]}: {what}; give the customer's files, a folder or an archive of them")
        for path in self._unknown[:_MOST_UNKNOWN]:
            intake.warn(path, "not recognised as anything calico-triage reads, and no known message is in it: skipped")
        if len(self._unknown) > _MOST_UNKNOWN:
            more = len(self._unknown) - _MOST_UNKNOWN
            intake.warn("", f"{more} more files are not recognised as anything calico-triage reads: skipped")
        attribute(self.outputs)
        for row, logs in self._shared:
            for key in ("namespace", "pod", "node"):
                said = {getattr(output.file, key) for output in logs}
                setattr(row, key, said.pop() if len(said) == 1 else "")
        for path, what in reconcile(self.outputs):
            intake.warn(path, what)
        intake.collected = collected_at(self.outputs)
        for output in self.outputs:
            if intake.collected is not None:
                fill_times(output, intake.collected)
            self._collect(output)
        intake.sha256, intake.bytes = self.fingerprint()
        return intake

    def _collect(self, output: Output) -> None:
        rows, parsed = self.intake.rows, output.parsed
        for table in rows:
            if table != "files":
                rows[table].extend(getattr(parsed, table))
        for volume in parsed.log_volume:
            file = output.file
            volume.pod, volume.node, volume.container = file.pod, file.node, file.container
        merge_facts(self._file_facts(output.source.path), parsed.facts)
        if self.intake.collected is not None and output.kind in ("describe", "objects", "get-table"):
            made = own_collection(output, self.intake.collected)
            self._file_facts(output.source.path).setdefault("collected", made.isoformat())
