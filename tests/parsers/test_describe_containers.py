from parsers.describe_containers import image_version, parse_containers
from parsers.describe_text import split_objects
from parsers.rows import ContainerRow

TEXT = """\
Name:         p
Namespace:    n
Containers:
  calico-node:
    Container ID:   containerd://10
    Image:          registry:5000/calico/node:v3.27.2@sha256:abc
    Port:           <none>
    Command:
      sh
          State:  Running
    State:          Waiting
      Reason:       CrashLoopBackOff
    Last State:     Terminated
      Reason:       Error
      Message:        blanks in front

Ready:          True
      Exit Code:    137
      Signal:       9
      Started:      Thu, 07 Oct 2021 00:34:33 -0500
      Finished:     Thu, 07 Oct 2021 00:35:33 -0500
    Ready:          False
    Restart Count:  17
    Limits:
      cpu:     1
      memory:  512Mi
    Requests:
      cpu:      250m
    Liveness:   exec [sh -c set -e
Conditions:
] delay=0s timeout=10s period=10s #success=1 #failure=6
    Readiness:  http-get http://:9099/readiness delay=0s timeout=1s period=10s successThreshold=1 failureThreshold=3
    Environment:
      EMPTY:
      NODENAME:   (v1:spec.nodeName)
      SECRET:    <set to the key 'a' in secret 'b'>  Optional: true
      TEXT:        two blanks in front
                 Ready: True

                 last
    Mounts:
      /a from b (rw)
  second:
    Image:        busybox
    State:        Running
      Started:    Thu, 07 Oct 2021 00:34:33 -0500
    Ready:        True
    Environment:
      A:     one
    Mounts:  <none>
Events:  <none>
"""


def empty(line: int, name: str) -> ContainerRow:
    return ContainerRow(file="f", line=line, namespace="n", pod="p", container=name)


def read(text: str) -> list[ContainerRow]:
    item = split_objects(text, 101)[0][0]
    return parse_containers(item, 3, len(item.lines), False, empty)


def test_states_and_their_lines() -> None:
    first, second = read(TEXT)
    assert (first.container, first.line, first.image, first.version) == (
        "calico-node", 104, "registry:5000/calico/node:v3.27.2@sha256:abc", "v3.27.2",
    )  # fmt: skip
    assert (first.state, first.state_reason, first.state_line) == ("Waiting", "CrashLoopBackOff", 112)
    assert (first.last_state, first.last_reason, first.last_state_line) == ("Terminated", "Error", 114)
    assert (first.exit_code, first.last_exit_code, first.state_exit_code) == (137, 137, None)
    assert first.last_message == "  blanks in front\n\nReady:          True"
    assert (first.ready, first.restarts) == (False, 17)
    assert first.last_started and first.last_finished
    assert (first.last_finished - first.last_started).total_seconds() == 60
    assert TEXT.split("\n")[145 - 101] == "    State:        Running"
    assert (second.state, second.state_line, second.ready, second.restarts) == ("Running", 145, True, None)


def test_resources_probes_and_environment() -> None:
    first, second = read(TEXT)
    assert first.limits == {"cpu": "1", "memory": "512Mi"}
    assert first.requests == {"cpu": "250m"}
    assert first.liveness == "exec [sh -c set -e\nConditions:\n] delay=0s timeout=10s period=10s #success=1 #failure=6"
    assert first.readiness.startswith("http-get http://:9099/readiness delay=0s")
    assert first.env == {
        "EMPTY": "",
        "NODENAME": "(v1:spec.nodeName)",
        "SECRET": "<set to the key 'a' in secret 'b'>",
        "TEXT": "  two blanks in front\nReady: True\n\nlast",
    }
    assert second.env == {"A": "one"}


def test_a_message_without_an_end_is_one_line() -> None:
    cut = TEXT[: TEXT.index("      Exit Code")]
    (row,) = read(cut)
    assert row.last_message == "  blanks in front"
    assert row.exit_code is None


def test_versions_of_images() -> None:
    assert image_version("icr.io/ext/calico/node:v3.27.2") == "v3.27.2"
    assert image_version("registry:5000/calico/node") == ""
    assert image_version("icr.io/node@sha256:abc") == ""
    assert image_version("") == ""
