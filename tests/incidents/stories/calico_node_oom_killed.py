"""calico-node-oom-killed: calico-node hits its own memory limit."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident


def many_policies(now: datetime) -> Incident:
    story = incident(
        "limit-of-300-mi-after-policies-grew", "calico-node-oom-killed",
        "The container's last state is OOMKilled with exit code 137 on one worker, and the worker itself has memory.",
        "https://github.com/projectcalico/calico/issues/6007", now, difficulty="easy",
    )  # fmt: skip
    nodes = story.workers([f"10.250.3.{n}" for n in (11, 12, 13, 14)])
    bad = nodes[2]
    story.agents([n for n in nodes if n != bad])
    name = story.agents([bad], ready=False, restarts=27, waiting="CrashLoopBackOff", last=("OOMKilled", 137, 190),
                        spec={"resources": {"limits": {"memory": "300Mi"}}})[0]  # fmt: skip
    story.pod_event(name, "BackOff", "Back-off restarting failed container calico-node in pod", 15, 9000, 300)
    story.describe(bad)
    story.log(name, story.started(bad, 240, [n for n in nodes if n != bad])[:11])
    story.affected = [bad]
    story.cite(f"describe-pod-{name}.txt", "OOMKilled")
    return story


STORIES = [many_policies]
