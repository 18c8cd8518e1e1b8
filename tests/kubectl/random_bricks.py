"""The parts of random API objects: names, times, metadata, events. Times are RFC 3339, as a server sends them."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from awkward_texts import FAKE_EVENTS, FAKE_OBJECT, FAKE_SECTIONS, PLAIN

Object = dict[str, Any]

#: of generated names (k8s.io/apimachinery util/rand)
SUFFIX = "bcdfghjklmnpqrstvwxz2456789"


class Bricks:
    """Chance, times, names and the parts that all objects have; ``objects`` by kind.

    ``minor`` is kubectl's: very old ones do not show all that newer API objects hold.
    """

    def __init__(self, seed: int, now: datetime, minor: int = 99) -> None:
        self.seed = seed
        self.minor = minor
        self.now = now.replace(microsecond=0)
        self.rng = random.Random(seed)
        self.objects: dict[str, list[Object]] = {}
        self._number = 0

    def ago(self, seconds: float) -> str:
        return (self.now - timedelta(seconds=seconds)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def span(self, bits: float = 22) -> int:
        return int(2 ** self.rng.uniform(0, bits)) + 1

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def pick(self, *choices: Any) -> Any:
        return self.rng.choice(choices)

    def word(self, length: int = 5) -> str:
        return "".join(self.rng.choice(SUFFIX) for _ in range(length))

    def uid(self) -> str:
        self._number += 1
        return f"{self.seed % 2**32:08x}-0000-4000-8000-{self._number:012d}"

    def address(self) -> str:
        return f"10.{self.rng.randint(0, 255)}.{self.rng.randint(0, 255)}.{self.rng.randint(1, 254)}"

    def free_text(self) -> str:
        """Text that a container may leave behind: anything, also what looks like kubectl's own output."""
        return self.pick(
            "panic: oh\n\ngoroutine 1 [running]:\nEvents:\n",
            "one line",
            "  blanks in front\n    and more",
            "ends with blank lines\n\n\n",
            FAKE_EVENTS,
            FAKE_OBJECT,
            "      Exit Code:    0\n  in the middle",
            "      Reason:       Fake\n    Ready:          True",
            *PLAIN,
            *FAKE_SECTIONS,
        )

    def add(self, kind: str, name: str, namespace: str = "", **more: Any) -> Object:
        meta: Object = {
            "name": name,
            "uid": self.uid(),
            "creationTimestamp": self.ago(self.span(25)),
            "resourceVersion": "1",
        }
        if namespace:
            meta["namespace"] = namespace
        item: Object = {"metadata": meta, **more}
        self.objects.setdefault(kind, []).append(item)
        return item

    def names(self, kind: str) -> list[str]:
        return [item["metadata"]["name"] for item in self.objects.get(kind, [])]

    def annotations(self) -> Object:
        found = {}
        if self.chance(0.5):
            found["projectcalico.org/IPv4Address"] = f"{self.address()}/26"
        if self.chance(0.3):
            found["note"] = "line one\nEvents:\n  Type Reason\n"
        if self.chance(0.3):
            found["long.example.com/value"] = "x" * self.rng.randint(100, 300)
        if self.chance(0.3):
            found["odd"] = self.pick(
                "Containers:\n  fake:\n    Ready: True", "", "a: b  c", "trailing newline\n", "ünïcode"
            )
        if self.chance(0.1):
            found["kubectl.kubernetes.io/last-applied-configuration"] = '{"a": 1}\n'
        return found

    def event(
        self, about: Object, kind: str, reason: str, level: str, message: str, component: str, host: str = ""
    ) -> None:
        meta = about["metadata"]
        last = self.span(16)
        count = self.pick(1, 1, self.rng.randint(2, 5000))
        first = last if count == 1 else last + self.span(17)
        uid = meta["name"] if kind == "Node" and (self.chance(0.5) or self.minor < 22) else meta["uid"]
        involved = {"kind": kind, "name": meta["name"], "uid": uid, "apiVersion": "v1"}
        if "namespace" in meta:
            involved["namespace"] = meta["namespace"]
        if kind == "Pod" and self.chance(0.4):
            involved["fieldPath"] = (
                f"spec.{self.pick('containers', 'initContainers')}{{{self.pick('calico-node', 'install-cni')}}}"
            )
        item = self.add(
            "Event",
            f"{meta['name']}.{self.word(16)}",
            meta.get("namespace", "default"),
            involvedObject=involved,
            reason=reason,
            message=message,
            type=level,
        )
        if self.chance(0.2) and self.minor >= 22:  # events.k8s.io/v1
            item |= {
                "eventTime": self.ago(first).replace("Z", ".123456Z"),
                "source": {},
                "firstTimestamp": None,
                "lastTimestamp": None,
            }
            item |= {"reportingComponent": component, "reportingInstance": host}
            if count > 1:
                item["series"] = {"count": count, "lastObservedTime": self.ago(last).replace("Z", ".000000Z")}
        else:
            item |= {
                "firstTimestamp": self.ago(first),
                "lastTimestamp": self.ago(last),
                "count": count,
                "eventTime": None,
            }
            item |= {
                "source": {"component": component, **({"host": host} if host else {})},
                "reportingComponent": "",
                "reportingInstance": "",
            }
