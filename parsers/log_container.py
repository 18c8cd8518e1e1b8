"""Recognition: whether a text is a container's log, and of which container."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from itertools import islice

from ahocorasick_rs import AhoCorasick

from parsers import bird_log, go_trace, plain_log
from parsers.calico_log import CALICO_HEAD, CALICO_SOURCE, CALICO_TIME, identity_of_calico
from parsers.lazy_pattern import lazy_pattern
from parsers.log_dress import PlainLine, dress_of, each_line_begins, first_lines, without_controls
from parsers.log_line import read_prefixed
from parsers.log_record import LogRecord
from parsers.required_literals import required_literals

_SAMPLE_LINES = 400
_PARTS_OF_LINE = 2  # lines of a file that the runtime may have made of one of them, on average
_SAMPLE_CHARACTERS = 64 * 1024  # as many as tell the kind of a file: what was found of them is at hand then

#: component in the prefix -> container; those of calico-node's services are many
_OF_COMPONENT = {
    "cni-installer": "install-cni",
    "typha": "calico-typha",
    "kube-controllers": "calico-kube-controllers",
    "init": "mount-bpffs",
    "init-best-effort": "mount-bpffs",
    "hostpath-init": "hostpath-init",
    "csi-driver": "calico-csi",
    "cni-plugin": "cni-plugin",
    "ipam": "upgrade-ipam",
    "calico-extension": "calico-extension",
    "kubelet": "kubelet",
}
_CALICO_NODE = frozenset(
    {
        "startup", "felix", "confd", "node", "tunnel-ip-allocator", "monitor-addresses", "cni-config-monitor",
        "status-reporter", "complete-startup", "node-services", "shutdown",
    }
)  # fmt: skip
#: components that tell the container, whatever the message
_TELLING = _CALICO_NODE.union(_OF_COMPONENT)
_AFTER_TIME, _LONGEST_HEAD = 23, 150
#: texts that only one container writes; asked for lines whose prefix does not tell
_TEXTS: dict[str, tuple[str, ...]] = {
    "calico-extension": (r"calico-extension\b", r"'HostEndpoint' resource", r"Version mismatch\.$"),
    "install-cni": (
        r"install-cni",
        r"Running as a Kubernetes pod",
        r"(?:Wrote|Installed) .{0,60}/opt/cni/bin",
        r"CNI plugin version:",
        r"CNI config",
        r"Done configuring CNI",
        r"/host/secondary-bin-dir",
        r"Installing any TLS assets",
        r"/host/opt/cni/bin",
    ),
    "flexvol-driver": (r"File exists /host/driver", r"Destination directory /host/driver", r"/host/driver/"),
    "calico-node": (
        r"Calico node (?:started|failed)",
        r"CALICO_NETWORKING_BACKEND",
        r"/var/lib/calico/nodename does not exist",
        r"Felix starting up",
        r"Starting calico-confd",
        r"Early log level set to",
        r"runsv (?:felix|bird6?|confd)\b",
        r"Error (?:accessing the Calico datastore|loading datastore config)",
    ),
    "calico-typha": (
        r"Typha starting up",
        r"Accepted from .{1,60} port=",
        r"New connection connID=",
        r"Failed to read from client",
        r"Received SIGTERM",
    ),
    "calico-kube-controllers": (
        r"controller is now running",
        r"Loaded configuration from environment",
        r"Confirmed IP leak",
        r"syncing IPAM data",
    ),
    "tigera-operator": (
        r'"logger":"(?:controller_|status_manager|setup|migration|tigera)',
        r'"controller":"tigera-',
        r"tigera-operator",
        r"controller-runtime",
    ),
}
_OF_TEXT = tuple((name, lazy_pattern("|".join(texts))) for name, texts in _TEXTS.items())
#: source file of a klog line -> the Kubernetes program, where client-go's own files do not tell
_OF_KLOG_FILE = {
    "proxier.go": "kube-proxy",
    "server_others.go": "kube-proxy",
    "server_linux.go": "kube-proxy",
    "bounded_frequency_runner.go": "kube-proxy",
    "conntrack.go": "kube-proxy",
    "authentication.go": "kube-apiserver",
    "apf_controller.go": "kube-apiserver",
    "dispatcher.go": "kube-apiserver",
    "get.go": "kube-apiserver",
    "wrap.go": "kube-apiserver",
    "kubelet.go": "kubelet",
    "pod_workers.go": "kubelet",
    "kubelet_node_status.go": "kubelet",
    "kuberuntime_manager.go": "kubelet",
    "remote_runtime.go": "kubelet",
}
_PLAIN_LINE = rf"(?:{CALICO_HEAD}|bird: )"
#: the last line may be cut: within the time, between it and the message, within BIRD's prefix
_CUT_LINE = r"[\d .:-]{0,24}|[\d .:-]{23} \[[^:\n]{0,300}|b(?:i(?:rd?:?)?)?"
_PLAIN_BEGIN, _NOT_PLAIN = lazy_pattern(_PLAIN_LINE), lazy_pattern(rf"\n(?!{_PLAIN_LINE}|(?:{_CUT_LINE})\Z)")
_NODE_LINE = rf"(?:{CALICO_TIME}(?:{'|'.join(sorted(_CALICO_NODE))})/{CALICO_SOURCE}|bird: )"
_NODE_BEGIN, _NOT_NODE = lazy_pattern(_NODE_LINE), lazy_pattern(rf"\n(?!{_NODE_LINE}|(?:{_CUT_LINE})\Z)")
_LEAST_ENDS = 5  # of lines, in a log that is surely one
#: prompts, fences, quotations, the marks of a dump; an audit log
_OF_SESSIONS = ("$ ", "# ", "> ", "```", "~~~", "====", "audit.k8s.io/", "\r", "\0", "\ufeff", "\x1b")
_NAMED = lazy_pattern(r'(?:Defaulted container|container) "([a-z0-9-]{1,63})"(?: out of:| in pod )')
_KUBECTL = lazy_pattern(
    r'Defaulted container "|container "[^"]{1,63}" in pod "|unable to retrieve container logs|/containerLogs/'
    r"|previous terminated container|failed to create fsnotify watcher"
)


def container_of(sample: str) -> str:
    """Give the name of the container that writes lines like these, "" where nothing tells.

    Names are those of Calico's manifests (calico-node, install-cni, calico-extension, flexvol-driver, calico-typha,
    calico-kube-controllers, tigera-operator, mount-bpffs, ebpf-bootstrap ...), and kube-proxy, kube-apiserver, kubelet.
    """
    sample = sample[:_SAMPLE_CHARACTERS]
    if is_node_log(sample):
        return "calico-node"
    best = _container_of(_beginning(sample))
    if not best:
        found = _NAMED.search(sample)
        return found[1] if found else ""
    if best == "mount-bpffs" and re.search(r"Nat Maps|connect-time load balancer", sample):
        return "ebpf-bootstrap"
    return best


@lru_cache(maxsize=2)  # of a large log it is asked before it is read, and when it was
def _container_of(beginning: str) -> str:
    """The container that most lines tell, "" where none does."""
    votes: Counter[str] = Counter()
    known: dict[str, str] = {}  # by what stands between the time and the message of Calico's lines
    plain = is_plain_log(beginning)
    texts = (
        beginning.split("\n", _SAMPLE_LINES)[:_SAMPLE_LINES]
        if plain
        else [line.text for line in _plain_lines(beginning)]
    )
    for text in texts:
        head = text[_AFTER_TIME : text.find(": ", _AFTER_TIME, _AFTER_TIME + _LONGEST_HEAD)]
        name = known.get(head)
        if name is None:
            name = container_of_line(text) if text.strip() else ""
            if name and (calico := identity_of_calico(text)) and calico[0] in _TELLING:
                known[head] = name
        if name:
            votes[name] += 1
    return votes.most_common(1)[0][0] if votes else ""


def container_of_line(text: str) -> str:
    """Give the container that one undressed line must be from, "" where several may write it."""
    if bird_log.is_bird(text):
        return "calico-node"
    component = source = kind = ""
    if calico := identity_of_calico(text):
        component, _, _, source, _ = calico
    elif record := read_prefixed(text):
        component, source, kind = record.component, record.source, record.kind
    if name := container_of_process(component):
        return name
    if kind == "klog" and source in _OF_KLOG_FILE:
        return _OF_KLOG_FILE[source]
    if source in ("startup.go", "int_dataplane.go", "install.go"):
        return "install-cni" if source == "install.go" else "calico-node"
    text = text[:2000]
    if not _automaton().find_matches_as_indexes(text.lower()):
        return ""
    return next((name for name, pattern in _OF_TEXT if pattern.search(text)), "")


def container_of_process(component: str) -> str:
    """Give the container that a process logs in, by its name in the prefix; "" where that does not tell."""
    return "calico-node" if component in _CALICO_NODE else _OF_COMPONENT.get(component, "")


@lru_cache(maxsize=1)
def _automaton() -> AhoCorasick:
    """Finds the words of which one is in each text that tells the container: a tenth of the time of trying all."""
    return AhoCorasick(required_literals("|".join(text for texts in _TEXTS.values() for text in texts)))


@lru_cache(maxsize=2)  # of a large log's beginning it is asked to tell the kind of the file, and whose log it is
def is_plain_log(text: str) -> bool:
    """Whether each line begins as Calico's formatter and BIRD write it, and nothing in it may be of a pasted session.

    That is so of most logs, and sure: nothing else need be asked of them. The last line may be cut anywhere.
    """
    # to look for one character first takes a fiftieth of the time, and most texts have none of these
    if any(mark[0] in text and mark in text for mark in _OF_SESSIONS):
        return False
    return is_node_log(text) or _is_log(_PLAIN_BEGIN, _NOT_PLAIN, text)


@lru_cache(maxsize=2)  # of a large log's beginning it is asked several times
def is_node_log(text: str) -> bool:
    """Whether each line is surely of calico-node: one of its processes or BIRD wrote it. The last may be cut anywhere.

    That is so of most large logs' beginnings, and told in a third of the time that it takes to ask whose each line is.
    """
    return _is_log(_NODE_BEGIN, _NOT_NODE, text)


def _is_log(begin: re.Pattern[str], other: re.Pattern[str], text: str) -> bool:
    return text.count("\n") >= _LEAST_ENDS and each_line_begins(begin, other, text)


def looks_like_log(sample: str) -> float:
    """Give how much a text looks like a container's log: 0 (not at all) to 1.

    It is the share of lines with a log's prefix or dress, or with words of Calico's scripts or of kubectl in place
    of a log; lines that may belong to the record before them do not count. Above 0.5 it is one.
    """
    points = lines = 0.0
    inside = False  # a record that may go on
    for line in _plain_lines(_beginning(sample[:_SAMPLE_CHARACTERS])):
        text = line.text
        if not text.strip():
            continue
        value = max(_likeness(text), 0.8 if line.time is not None else 0.0)
        if value == 0.0 and inside and (plain_log.continues(text) or go_trace.inside_trace(text)):
            continue
        inside = value > 0.5
        points += value
        lines += 1
    return points / lines if lines else 0.0


def _likeness(line: str) -> float:
    if identity_of_calico(line) is not None:
        return 1.0
    record: LogRecord | None = read_prefixed(line)
    if record is not None:
        if record.kind != "script":
            return 1.0
        return 0.9 if record.component or record.level else 0.3
    if line.startswith("bird: ") or bird_log.is_bird(line) or go_trace.begins_trace(line) or _KUBECTL.search(line):
        return 1.0
    if container_of_line(line):
        return 0.9
    return 0.4 if plain_log.stands_alone(line) else 0.0


def _beginning(sample: str) -> str:
    """What the lines looked at are in: the same of two samples of one log, one longer than the other."""
    return first_lines(sample, _PARTS_OF_LINE * _SAMPLE_LINES)


@lru_cache(maxsize=2)
def _plain_lines(beginning: str) -> tuple[PlainLine, ...]:
    return tuple(islice(dress_of(without_controls(beginning)).undressed(), _SAMPLE_LINES))
