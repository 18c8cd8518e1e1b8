"""Go panics, fatal runtime errors and the stack traces under them.

Source: Go's runtime (``printpanics``, ``fatalthrow``, ``traceback``); the forms hold for Go 1.13 to 1.24.
"""

from __future__ import annotations

from parsers.lazy_pattern import lazy_pattern

#: how a trace begins; ``goroutine N [`` alone is one whose head was rotated away
TRACE_STARTS = (
    "panic: ",
    "fatal error: ",
    "runtime: ",
    "SIGABRT: ",
    "SIGSEGV: ",
    "SIGBUS: ",
    "unexpected fault address ",
    "http: panic serving ",
    "goroutine ",
)
_GOROUTINE = lazy_pattern(r"goroutine \d{1,12} (?:gp=\S{1,40} m=\S{1,40} mp=\S{1,40} )?\[")
_INSIDE = lazy_pattern(
    r"\s*$|\t|\[signal |\[recovered\]|panic: |\tpanic: |fatal error: |goroutine \d|runtime stack:|created by "
    r"|exit status \d+$|(?:r[a-d]x|r[sd]i|r[bsi]p|r\d{1,2}|rflags|[cfg]s|e[a-d]x|pc|sp|lr|fault)\s+0x"
    r"|\.\.\.additional frames elided\.\.\.|\.\.\.\d+ frames elided\.\.\.|PC=0x|m=\d"
)
_FRAME = lazy_pattern(r"[\w./*()\[\]{}·~%@-]{1,400}\(.{0,4000}\)$")
_PACKAGE = lazy_pattern(
    r"github\.com/(?:projectcalico|tigera)/(?:calico/)?([a-z][a-z0-9-]{1,30})(?:@[^/]{1,60}|/v\d)?[./]"
)
#: package folder of a frame -> the process it runs in; libraries tell nothing
_PROCESS = {
    "felix": "felix",
    "confd": "confd",
    "typha": "typha",
    "kube-controllers": "kube-controllers",
    "cni-plugin": "cni-installer",
    "operator": "operator",
    "apiserver": "apiserver",
    "pod2daemon": "flexvol-driver",
    "csi-driver": "csi-driver",
}


def begins_trace(text: str) -> bool:
    """Tell whether a line without any log prefix is the first of a panic, fatal error or goroutine dump."""
    if not text.startswith(TRACE_STARTS):
        return False
    return _GOROUTINE.match(text) is not None if text.startswith("goroutine ") else True


def inside_trace(text: str) -> bool:
    """Tell whether a line without any log prefix can belong to a trace that has begun."""
    return _INSIDE.match(text) is not None or (text.endswith(")") and _FRAME.match(text) is not None)


def orphan_trace(text: str) -> bool:
    """Tell whether a line can only come from the middle of a trace whose beginning is missing."""
    return text.startswith(("\t/", "created by ")) and ".go:" in text


def process_of(frame: str) -> str:
    """Give the process that a stack frame's package belongs to, "" for libraries and foreign packages."""
    found = _PACKAGE.search(frame)
    return _PROCESS.get(found[1], "") if found else ""
