"""A bundle with secrets planted in it: every kind in every position it is found in; all of them are made up here."""

from __future__ import annotations

import base64
import random
import string
from pathlib import Path

_CHANCE = random.Random(7)


def _text(length: int, letters: str = string.ascii_letters + string.digits) -> str:
    return "".join(_CHANCE.choice(letters) for _ in range(length))


def _hex(length: int) -> str:
    return _text(length, "0123456789abcdef")


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _wrapped(text: str, width: int = 64) -> list[str]:
    return [text[n : n + width] for n in range(0, len(text), width)]


class Planted:
    """The bundle's files and every string that must not come out of it."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}
        self.secrets: dict[str, str] = {}  # what and where -> the text
        self._tokens()
        self._describe()
        self._objects()
        self._keys()

    def plant(self, what: str, secret: str) -> str:
        assert what not in self.secrets
        self.secrets[what] = secret
        return secret

    def tokens(self, place: str) -> dict[str, str]:
        """One of each kind that is told by its own form, as a line of text."""
        p = lambda kind, secret: self.plant(f"{kind} in {place}", secret)  # noqa: E731
        return {
            "jwt": p("jwt", "ey" + "J" + _text(30) + "." + "eyJ" + _text(40) + "." + _text(43)),
            "bearer": "Authorization: Bearer " + p("bearer", _text(40)),
            "basic": "authorization: Basic " + p("basic", _b64("admin:" + _text(14))),
            "cookie": "Set-Cookie: session=" + p("cookie", _text(32)) + "; Path=/; HttpOnly",
            "cookie2": "Cookie: a=1; sid=" + p("request cookie", _text(24)),
            "aws": "AK" + "IA" + p("aws id", _text(16, string.ascii_uppercase + string.digits)),
            "aws-secret": "AWS_SECRET_ACCESS_KEY=" + p("aws secret", _text(38) + "/+"),
            "ibm": "ibmcloud login --apikey " + p("ibm api key flag", _text(44)),
            "ibm-env": "IBMCLOUD_API_KEY=" + p("ibm api key", _text(43) + "_"),
            "github": p("github", "gh" + "p_" + _text(36)),
            "gitlab": p("gitlab", "gl" + "pat-" + _text(20)),
            "slack": p("slack", "xo" + "xb-" + _text(12, string.digits) + "-" + _text(24)),
            "google": p("google", "AI" + "za" + _text(35)),
            "azure": "DefaultEndpointsProtocol=https;AccountKey=" + p("azure", _text(60) + "=="),
            "npm": p("npm", "np" + "m_" + _text(36)),
            "stripe": p("stripe", "sk_" + "live_" + _text(24)),
            "vault": p("vault", "hv" + "s." + _text(30)),
            "openshift": p("openshift", "sha" + "256~" + _text(43)),
            "bootstrap": "kubeadm join 10.1.2.3:6443 --token " + p("bootstrap", _hex(6) + "." + _hex(16)),
            "url": "dial https://svc:" + p("url userinfo", _text(12)) + "@registry.acme.example:8443/v2",
            "at-url": "proxy=http://u:" + p("url userinfo with @", "p@" + _text(9)) + "@proxy:3128",
            "parameter": "GET /cb?access_token=" + p("url parameter", _text(30)) + "&x=1",
            "password": "password=" + p("password", _text(6) + "!;" + _text(6)),
            "quoted": 'db_password: "' + p("quoted password", "correct horse " + _text(5)) + '"',
            "go": "Options{User:admin Password:" + p("go struct", _text(10)) + " Retries:3}",
            "json": '{"user":"x","passwd":"' + p("json", _text(9)) + '","n":1}',
            "escaped": '"{\\"client_secret\\":\\"' + p("escaped json", _text(24)) + '\\"}"',
            "curl": "curl -u admin:" + p("curl -u", _text(11)) + " https://host",
            "sshpass": "sshpass -p " + p("sshpass", _text(11)) + " ssh root@host",
            "hash": "root:$6$" + p("crypt", _text(8) + "$" + _text(60)) + ":19000:0",
            "email": "owner " + p("email", f"{_text(6).lower()}.doe@acme-corp.de") + " asked",
            "token": "token: " + p("token", _hex(32)),
            "secret": "webhook_secret=" + p("secret", _text(20)),
            "iam": "as IBMid-" + p("ibm id", _text(10, string.ascii_uppercase + string.digits)),
            "b64": "blob " + p("base64 of a password", _b64("user=admin\npassword=" + _text(12) + "\nhost=db")),
            "docker": '{"auths":{"icr.io":{"auth":"' + p("docker auth", _b64("iamapikey:" + _text(30))) + '"}}}',
            "crn": "crn:v1:bluemix:public:containers-kubernetes:eu-de:a/" + p("account in crn", _hex(32)) + ":c::",
            "x-header": "X-Auth-Token: " + p("x-auth-token", _text(26)),
            "netrc": "machine git.acme.example login ci password " + p("netrc", _text(13)),
            "sas": "https://a.blob.core/x?sv=2&sig=" + p("sas", _text(40) + "%3D"),
        }

    def _tokens(self) -> None:
        lines = list(self.tokens("log line").values())
        log = [
            f"2026-03-16 04:11:{n % 60:02d}.{n:03d} [ERROR][65] felix/int_dataplane.go 1248: Failed to sync: {line}"
            for n, line in enumerate(lines)
        ]
        self.files["calico-node-x7k2p.log"] = "\n".join(log) + "\n"

    def _describe(self) -> None:
        notes = self.tokens("annotation")
        events = self.tokens("event")
        pod = [
            "Name:             calico-node-x7k2p",
            "Namespace:        calico-system",
            "Node:             10.1.2.3/10.1.2.3",
        ]
        pod += ["Labels:           k8s-app=calico-node"]
        pod += [
            f"{'Annotations:' if not n else '':18}acme/{key}: {value}" for n, (key, value) in enumerate(notes.items())
        ]
        pod += ["Status:           Running", "Containers:", "  calico-node:", "    Image:          calico/node:v3.27.2"]
        pod += ["    State:          Running", "    Ready:          False", "    Environment:"]
        pod += [f"      DB_PASSWORD:     {self.plant('env password', _text(10))}"]
        pod += [f"      API_TOKEN:       {self.plant('env token', _text(22))}"]
        pod += [f"      PEM:             {self._one_line_key('env value')}"]
        pod += [f"      KEY_B64:         {self._key_base64('env value')}", "Events:"]
        pod += ["  Type     Reason     Age   From     Message", "  ----     ------     ----  ----     -------"]
        pod += [f"  Warning  Unhealthy  2m    kubelet  Readiness probe failed: {value}" for value in events.values()]
        self.files["describe-pod.txt"] = "\n".join(pod) + "\n"
        account, cluster = (
            self.plant("account", _hex(32)),
            self.plant("cluster", "c" + _text(19, string.ascii_lowercase + string.digits)),
        )
        self.files["describe-node.txt"] = (
            "Name:               10.1.2.3\nRoles:              <none>\n"
            f"Labels:             ibm-cloud.kubernetes.io/worker-id=kube-{cluster}-acme-default-00000a1\n"
            "Conditions:\n  Type   Status  LastHeartbeatTime                 LastTransitionTime                Reason        Message\n"
            "  ----   ------  -----------------                 ------------------                ------        -------\n"
            "  Ready  True    Mon, 16 Mar 2026 04:11:00 +0000   Mon, 16 Mar 2026 03:11:00 +0000   KubeletReady  ok\n"
            f"ProviderID:         ibm://{account}///{cluster}/kube-{cluster}-acme-default-00000a1\n"
        )

    def _one_line_key(self, place: str) -> str:
        body = [self.plant(f"line {n} of a key in {place}", line) for n, line in enumerate(_wrapped(_text(150)))]
        return "-----BEGIN RSA PRIVATE" + " KEY-----\\n" + "\\n".join(body) + "\\n-----END RSA PRIVATE KEY-----"

    def _key_base64(self, place: str) -> str:
        return self.plant(
            f"base64 of a key in {place}", _b64("-----BEGIN EC PRIVATE" + f" KEY-----\n{_text(120)}\n-----END")
        )

    def _objects(self) -> None:
        env, arg, scalar = (
            self.plant("yaml env", _text(9)),
            self.plant("yaml argument", _text(9)),
            self.plant("folded", _text(12)),
        )
        block = [self.plant(f"block scalar {n}", f"{_text(8)} {_text(8)}") for n in range(3)]
        hidden = self.plant("secret data", _b64("plain " + _text(12)))
        string_data = self.plant("secret stringData", "Zug " + _text(6))
        compact, item = self.plant("compact secret", _b64(_text(9))), self.plant("json env", _text(8))
        self.files["pod.yaml"] = (
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: calico-node-x7k2p\n  namespace: calico-system\n  annotations:\n"
            f"    acme/pw: 'password={self.plant('yaml annotation', _text(9))}'\nspec:\n  nodeName: 10.1.2.3\n  containers:\n"
            f"  - name: calico-node\n    args:\n    - --token\n    - {arg}\n    env:\n    - name: ETCD_PASSWORD\n"
            f"      value: {env}\n    - name: NOTE\n      value: plain\n"
            f'    config:\n      password: |\n        {block[0]}\n        {block[1]}\n\n        {block[2]}\n      secret_key: "{scalar[:6]}\n'
            f'        {self.plant("second line of a quoted scalar", _text(10))}"\n'
        )
        self.secrets["folded"] = scalar[:6]
        self.files["secret.yaml"] = (
            f"apiVersion: v1\ndata:\n  whatever: {hidden}\nkind: Secret\nmetadata:\n  name: calico-bgp-password\n"
            f"  namespace: calico-system\nstringData:\n  note: {string_data}\ntype: Opaque\n"
        )
        self.files["objects.json"] = (
            '{"apiVersion":"v1","items":[{"apiVersion":"v1","data":{"x":"' + compact + '"},"kind":"Secret","metadata":'
            '{"name":"a","namespace":"calico-system"}},{"apiVersion":"v1","data":{"keep":"kept-value"},"kind":"ConfigMap",'
            '"metadata":{"name":"c","namespace":"calico-system"}},{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p",'
            '"namespace":"d"},"spec":{"containers":[{"name":"c","env":[{"name":"PASSWORD","value":"'
            + item
            + '"}]}]}}],"kind":"List"}\n'
        )

    def _keys(self) -> None:
        body = [self.plant(f"line {n} of a key in a file", line) for n, line in enumerate(_wrapped(_text(64 * 6 + 9)))]
        plain = ["-----BEGIN PRIVATE" + " KEY-----", *body, "-----END PRIVATE KEY-----"]
        more = [self.plant(f"line {n} of a key in a log", line) for n, line in enumerate(_wrapped(_text(64 * 3 + 7)))]
        logged = ["-----BEGIN OPENSSH PRIVATE" + " KEY-----", *more, "-----END OPENSSH PRIVATE KEY-----"]
        stamp = "2026-03-16 04:12:00.000 [WARNING][65] felix/x.go 1: "
        wrapped = _wrapped(
            _b64("-----BEGIN RSA PRIVATE" + f" KEY-----\n{_text(200)}\n-----END RSA PRIVATE KEY-----"), 76
        )
        for number, line in enumerate(wrapped):
            self.plant(f"line {number} of wrapped base64 of a key", line)
        token = _wrapped("ey" + "J" + _text(90) + ".eyJ" + _text(150) + "." + _text(86), 80)
        for number, line in enumerate(token):
            self.plant(f"line {number} of a wrapped jwt", line)
        self.files["notes/keys.txt"] = (
            "\n".join(["before", *plain, "between", *wrapped, "", *token, "", "after: kept"]) + "\n"
        )
        self.files["calico-node-x7k2p-previous.log"] = "\n".join(
            [stamp + "starting", *(stamp + line for line in logged), stamp + "after: kept"]
        ) + "\n"  # fmt: skip
        name = self.plant("file name", "gh" + "p_" + _text(36))
        self.files[f"logs/{name}/calico-typha-{name}.log"] = stamp + "nothing\n"

    def write(self, folder: Path) -> Path:
        for name, text in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return folder

    def surviving(self, text: str) -> list[str]:
        """Which of them stand in a text, whole or in a telling part."""
        return [
            what
            for what, secret in self.secrets.items()
            if secret in text or (len(secret) > 30 and secret[8:24] in text)
        ]
