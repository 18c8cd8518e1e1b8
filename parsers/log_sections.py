"""Files that hold the logs of several containers: ``kubectl cluster-info dump`` and calicoctl's ``POD.log``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from parsers.lazy_pattern import lazy_pattern
from parsers.log_container import container_of_line, is_node_log
from parsers.log_dress import dress_of, without_controls
from parsers.source import Source


class Section(NamedTuple):
    """One container's log in a file of several; ``first_line`` is the file's line that ``text`` begins on."""

    container: str
    pod: str
    namespace: str
    first_line: int
    text: str


# k8s.io/kubectl pkg/cmd/clusterinfo/clusterinfo_dump.go
_START = lazy_pattern(r"==== START logs for container (\S{1,253}) of pod ([^\s/]{1,253})/(\S{1,253}) ====")
_END = "==== END logs for container "
#: containers of one calico-node (or keepalived) pod: what an unmarked file may mix
_OF_ONE_POD = frozenset(
    {"calico-node", "install-cni", "calico-extension", "flexvol-driver", "mount-bpffs", "upgrade-ipam"}
)
#: words of which each line that is surely another container's than calico-node's has one: a quick no for most files
_OTHERS = (
    "cni-installer/",
    "install.go",
    "install-cni",
    "Running as a Kubernetes pod",
    "/opt/cni/bin",
    "CNI plugin version:",
    "CNI config",
    "Done configuring CNI",
    "/host/secondary-bin-dir",
    "Installing any TLS assets",
    "calico-extension",
    "'HostEndpoint' resource",
    "Version mismatch.",
    "/host/driver",
    " init/",
    " init-best-effort/",
    " ipam/",
)
_SURE = 3  # lines of the same container before a part of an unmarked file is taken to be its


def split_sections(text: str, source: Source | None = None) -> list[Section]:
    """Give the logs of the single containers in a file of several; [] for the log of one container.

    Marked sections (``==== START logs for container C of pod NS/POD ====``) come with pod and namespace; text
    outside them (the JSON of a dump on standard output) is not part of any. An unmarked file, as ``kubectl
    logs --all-containers`` writes it, is split where the lines change from one container of a pod to another.
    With a ``source`` its ``first_line`` is counted in.
    """
    sections = _marked(text) if "==== START logs for container " in text else _unmarked(text)
    before = source.first_line - 1 if source else 0
    return [section._replace(first_line=section.first_line + before) for section in sections]


def section_sources(sections: Sequence[Section], source: Source) -> Iterator[tuple[str, Source]]:
    """Give each section's text with the source that says whose it is."""
    for section in sections:
        own = replace(
            source,
            first_line=section.first_line,
            namespace=section.namespace or source.namespace,
            pod=section.pod or source.pod,
            container=section.container,
        )
        yield section.text, own


def _marked(text: str) -> list[Section]:
    sections: list[Section] = []
    head: tuple[str, str, str, int] | None = None
    lines: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        start = _START.search(line) if "==== START logs" in line else None
        end = line.find(_END) if start is None else 0
        if head is not None and end >= 0:
            if end > 0:
                lines.append(line[:end])  # END is glued to a last line without newline
            sections.append(Section(*head, "\n".join(lines)))
            head, lines = None, []
        elif head is not None:
            lines.append(line)
        if start is not None:
            head, lines = (start[1], start[3], start[2], number + 1), []
    if head is not None:
        sections.append(Section(*head, "\n".join(lines)))
    return sections


def _unmarked(text: str) -> list[Section]:
    if is_node_log(text) or not any(word in text for word in _OTHERS):
        return []
    parts = _parts(text)
    if len({name for name, _ in parts}) < 2:
        return []
    lines = text.split("\n")
    starts = [0, *(start - 1 for _, start in parts[1:]), len(lines)]
    return [
        Section(name, "", "", starts[position] + 1, "\n".join(lines[starts[position] : starts[position + 1]]))
        for position, (name, _) in enumerate(parts)
    ]


def _parts(text: str) -> list[tuple[str, int]]:
    """Give (container, 1-based first line) of each run of lines; empty lines and doubtful ones stay with the run."""
    parts: list[tuple[str, int]] = []
    current = candidate = ""
    first, votes = 1, 0
    for line in dress_of(without_controls(text)).undressed():
        name = line.origin.container or container_of_line(line.text)
        if name not in _OF_ONE_POD or line.origin.container:
            continue  # a prefix on each line tells it better than a guess
        if name == current:
            candidate, votes = "", 0
            continue
        if name != candidate:
            candidate, first, votes = name, line.number, 0
        votes += 1
        if votes >= (1 if not current else _SURE):
            parts.append((name, first))
            current, candidate, votes = name, "", 0
    return parts
