"""worker-local-failure: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import SOCKET, Incident, incident

CAUSE = "worker-local-failure"


def completed_without_a_reason(now: datetime) -> Incident:
    story = incident(
        "ready-for-four-minutes-then-completed",
        CAUSE,
        "One of nine ROKS workers: calico-node is ready for some minutes, then its container ends with Completed, exit code 0, over and over; its log holds ordinary lines to the end and names no reason, the other eight run the same image for weeks.",
        "https://github.com/projectcalico/calico/issues/2822",
        now,
        platform="roks",
        calico="v3.26.3",
        kubernetes="v1.29.10+67d3387",
        difficulty="hard",
        acceptable=["bird-not-running", "software-defect"],
    )
    nodes = story.workers(
        [f"10.188.30.{n}" for n in range(40, 49)],
        os_image="Red Hat Enterprise Linux 8.10 (Ootpa)",
        kernel="4.18.0-553.22.1.el8_10.x86_64",
        runtime="cri-o://1.29.9-5.rhaos4.16.gitf75ad5f.el8",
    )
    bad = nodes[5]
    story.agents([n for n in nodes if n != bad], started=1_600_000)
    name = story.agents([bad], ready=True, restarts=133, started=150, age=900_000, last=("Completed", 0, 400))[0]
    story.pod_event(
        name,
        "BackOff",
        f"Back-off restarting failed container calico-node in pod {name}_calico-system(71d0)",
        170,
        88_000,
        2011,
    )
    story.pod_event(
        name,
        "Pulled",
        f'Container image "{story.registry}/node:{story.calico}" already present on machine',
        150,
        88_300,
        134,
        type_="Normal",
    )
    peers = [n for n in nodes if n != bad]
    story.log(name, story.boot(bad, 645, peers) + story.quiet(640, 402, 63), f"{name}-previous.log")
    story.log(name, story.boot(bad, 149, peers) + story.quiet(143, 4, 63))
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"describe-pod-{name}.txt", "Completed")
    return story


def random_numbers_of_its_processor(now: datetime) -> Incident:
    story = incident(
        "one-machine-says-crngt-failed",
        CAUSE,
        "One of seven like machines: calico-node ends in its first second with 'CRNGT failed.' (the self-test of the random numbers in its crypto library), nothing else in the log; the same image runs on the six others. A fault of this machine.",
        "https://github.com/projectcalico/calico/issues/7001",
        now,
        platform="other",
        calico="v3.22.4",
        kubernetes="v1.22.15",
        registry="quay.io/calico",
        namespace="kube-system",
        difficulty="medium",
        acceptable=["software-defect"],
    )
    hosts = {f"farm{n}": f"10.15.0.{100 + n}" for n in range(1, 8)}
    bad = "farm5"
    story.hosts(hosts, os_image="Red Hat Enterprise Linux 8.6 (Ootpa)", kernel="4.18.0-372.32.1.el8_6.x86_64")
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=1_600_000)
    name = story.staff(
        {bad: hosts[bad]}, ready=False, restarts=208, waiting="CrashLoopBackOff", last=("Error", 2, 180), age=70_000
    )[0]
    story.probe(name, SOCKET, 181, 64_000, 400)
    story.pod_event(name, "BackOff", "Back-off restarting failed container", 13, 69_000, 4400)
    story.log(name, ["CRNGT failed."], f"{name}-previous.log")
    story.log(name, ["CRNGT failed."])
    ok = story.pods["farm2"]
    story.recreated(ok, [hosts[bad]], 61_000, 5)
    story.describe(bad)
    story.commands[f"describe-pod-{ok}.txt"] = f"describe pod -n kube-system {ok}"
    story.affected = [bad]
    story.cite(f"{name}.log", "CRNGT failed.")
    return story


STORIES = [completed_without_a_reason, random_numbers_of_its_processor]
