"""The catalogue of knowledge: causes, symptoms and messages, read from YAML and validated.

Every entry is data under ``analyzer/knowledge``; nothing here knows a cause by name. What an entry holds is in
``analyzer/catalogue_entries.py``. A mistake in a file is a :class:`CatalogueError` that names file, entry and field.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from analyzer import catalogue_memory
from analyzer.catalogue_entries import (
    SELECTORS,
    Catalogue,
    CatalogueError,
    Cause,
    Entry,
    EntryType,
    Example,
    Message,
    Prior,
    RankingModel,
    Signal,
    Step,
    Strength,
    Symptom,
)
from analyzer.yaml_files import UnreadableError, contents

__all__ = [
    "KNOWLEDGE",
    "NOT_CATALOGUE",
    "SELECTORS",
    "Catalogue",
    "CatalogueError",
    "Cause",
    "Example",
    "Message",
    "RankingModel",
    "Signal",
    "Step",
    "Strength",
    "load",
]

KNOWLEDGE = Path(__file__).parent / "knowledge"
#: folders of shipped knowledge that hold something else than causes, symptoms and messages
NOT_CATALOGUE = frozenset({"redaction"})


def load(extra: Iterable[Path] = ()) -> Catalogue:
    """Read the shipped catalogue and ``extra`` folders or files whose entries add or override.

    Raises:
        CatalogueError: an entry is invalid, or refers to an id that does not exist.
    """
    files = [_files(path) for path in [KNOWLEDGE, *extra]]
    every = [Path(__file__), *(file for some in files for file in some)]
    key = catalogue_memory.key_of(every)
    catalogue = catalogue_memory.kept(key)
    if catalogue is None:
        catalogue = _read(files)
        if catalogue_memory.key_of(every) == key:  # else a file was edited meanwhile
            catalogue_memory.keep(key, catalogue)
    return catalogue


def _read(folders: Iterable[Sequence[Path]]) -> Catalogue:
    """Read the files of each folder; what a later one says of an id replaces what an earlier one says."""
    causes: dict[str, Cause] = {}
    symptoms: dict[str, Symptom] = {}
    messages: dict[str, Message] = {}
    ladders: dict[str, tuple[Step, ...]] = {}
    ranking = RankingModel()
    normal: set[str] = set()
    priors: dict[str, Prior] = {}
    for files in folders:
        for file, content in zip(files, _contents(files), strict=True):
            for kind, item in _entries(file, content):
                if kind == "cause":
                    cause = _build(Cause, item, file)
                    causes[cause.id] = cause
                elif kind == "symptom":
                    symptom = _build(Symptom, item, file)
                    symptoms[symptom.id] = symptom
                elif kind == "message":
                    message = _build(Message, item, file)
                    messages[message.id] = message
                elif kind == "ranking":
                    ranking = _build(RankingModel, item, file)
                elif kind == "prior":
                    prior = _build(Prior, item, file)
                    priors[prior.id] = prior
                elif kind == "normal":
                    normal.update(str(line) for line in item["lines"])
                else:
                    ladders[str(item["id"])] = tuple(_build(Step, step, file) for step in item["steps"])
    for name, prior in priors.items():
        if name not in causes:
            raise CatalogueError(f"priors: no cause {name!r}")
        causes[name] = msgspec.structs.replace(causes[name], prior=dict(prior.prior))
    catalogue = Catalogue(
        causes=causes, symptoms=symptoms, messages=messages, ladders=ladders, ranking=ranking, normal=frozenset(normal)
    )
    _check_references(catalogue)
    return catalogue


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise CatalogueError(f"{path}: no such catalogue file or folder")
    found = sorted(path.rglob("*.yaml"))
    return [file for file in found if path != KNOWLEDGE or file.relative_to(path).parts[0] not in NOT_CATALOGUE]


KINDS = {"causes": "cause", "symptoms": "symptom", "messages": "message", "ladders": "ladder"}


def _contents(files: Sequence[Path]) -> list[Any]:
    try:
        return contents(files)
    except UnreadableError as error:
        raise CatalogueError(str(error)) from error


def _entries(file: Path, content: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give ``(kind, entry)``; the kind is said by the file's top-level key or the entry's own shape."""
    if isinstance(content, dict) and "signals" in content and "remediation" in content:
        yield "cause", content
        return
    if not isinstance(content, dict) or not set(content) <= {*KINDS, "ranking", "normal", "priors"}:
        raise CatalogueError(f"{file}: expected one cause, or a mapping of causes, symptoms, messages, ladders")
    if content.get("ranking"):
        yield "ranking", content["ranking"]
    if content.get("normal"):
        yield "normal", {"lines": content["normal"]}
    for name, prior in _mapping(content.get("priors") or {}, "priors", file).items():
        yield "prior", {"id": str(name), "prior": prior if isinstance(prior, dict) else {"default": prior}}
    for key, kind in (
        ("causes", "cause"),
        ("symptoms", "symptom"),
        ("messages", "message"),
        ("ladders", "ladder"),
    ):
        for item in content.get(key) or ():
            if not isinstance(item, dict) or "id" not in item:
                raise CatalogueError(f"{file}: {key}: an entry without 'id': {str(item)[:80]}")
            yield kind, item


def _mapping(content: object, key: str, file: Path) -> dict[Any, Any]:
    if not isinstance(content, dict):
        raise CatalogueError(f"{file}: {key}: expected a mapping")
    return content


def _build(model: type[EntryType], item: object, file: Path) -> EntryType:
    try:
        return model.read(item)
    except msgspec.ValidationError as error:
        name = item.get("id", "?") if isinstance(item, dict) else "?"
        raise CatalogueError(f"{file}: {model.__name__.lower()} {name!r}: {_told(str(error))}") from error


def _told(error: str) -> str:
    """A mistake as ``place: what``; of a field that there is not, with the one that may be meant."""
    said, _, place = error.partition(" - at `$")
    field = re.sub(r"\[(\d+)\]", r".\1", place.rstrip("`")).strip(".") or "entry"
    unknown = re.search(r"unknown field `(.*)`", said)
    if unknown is not None:
        import difflib

        fields = {one.encode_name for kind in Entry.__subclasses__() for one in msgspec.structs.fields(kind)}
        near = difflib.get_close_matches(unknown[1], sorted(fields), 1)
        said += f"; is it `{near[0]}`?" if near else ""
    return f"{field}: {said}"


def _check_references(catalogue: Catalogue) -> None:
    for cause in catalogue.causes.values():
        for other in cause.explains:
            if other not in catalogue.causes:
                raise CatalogueError(f"cause {cause.id!r}: explains: no cause {other!r}")
        for symptom in cause.symptoms:
            if symptom not in catalogue.symptoms:
                raise CatalogueError(f"cause {cause.id!r}: symptoms: no symptom {symptom!r}")
        for step in cause.remediation:
            if step.use and step.use not in catalogue.ladders:
                raise CatalogueError(f"cause {cause.id!r}: remediation: no ladder {step.use!r}")
        _check_signals(cause.id, (*cause.signals, *cause.against), catalogue)
    for symptom_entry in catalogue.symptoms.values():
        _check_signals(symptom_entry.id, symptom_entry.signals, catalogue)


def _check_signals(owner: str, signals: Iterable[Signal], catalogue: Catalogue) -> None:
    for signal in signals:
        for message in signal.message:
            if message not in catalogue.messages:
                raise CatalogueError(f"{owner!r}: signal {signal.id!r}: message: no message {message!r}")
