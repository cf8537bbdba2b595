"""What a recording costs: share of a core at so many changes a second, size, and how long opening and seeking take.

    .venv/bin/python -m benchmarks.recording [--pods 10000] [--changes 50] [--minutes 60] [--no-metrics] [--anonymise]

The clock is passed in: an hour takes as long as its encoding takes. Each second some pods change and are judged anew; every 15 s what
all pods use comes, as metrics.k8s.io tells it, with the verdicts on it. Told is the CPU time of the recorder's thread alone.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from pathlib import Path

import msgspec

from tfdash.anonymise.anonymiser import Anonymiser
from tfdash.board.fold import Entered, Fold
from tfdash.model.assessment import EMPTY_ASSESSMENT, Assessment
from tfdash.model.kube import Condition, Container, ContainerStatus, Owner, Pod, Resources
from tfdash.model.observation import Observation
from tfdash.model.picture import ClusterPicture, Picture, ServerInfo
from tfdash.model.subject import ClusterRef, Key, Subject
from tfdash.model.update import Update
from tfdash.model.usage import measured_pod
from tfdash.model.verdict import Level, Verdict
from tfdash.quantities import amounts
from tfdash.recording.frames import RecordingHeader
from tfdash.recording.places import OneFile
from tfdash.recording.reading import Recording
from tfdash.recording.recorder import Recorder

REF = ClusterRef("production", "eu-1")
START = 1_795_443_300.0
NODES = 200


class Clock:
    at = START

    def now(self) -> float:
        return self.at


def pod(number: int, at: float, restarts: int = 0) -> Pod:
    asked = amounts({"cpu": "250m", "memory": "512Mi"})
    app = f"service-{number // 20:03d}"
    return Pod(
        namespace=f"team-{number % 40}",
        name=f"{app}-7c9f6d5b8-{number:05d}",
        uid=f"6f1c0a77-{number:08d}",
        resource_version=str(int(at * 10) % 10**9),
        created=START - 86_400.0,
        labels={"app": app, "pod-template-hash": "7c9f6d5b8"},
        owner=Owner("ReplicaSet", f"{app}-7c9f6d5b8", f"5d4f-{number // 20:06d}"),
        node=f"node-{number % NODES}",
        phase="Running",
        ip=f"10.{number % 200}.{number // 200}.7",
        qos="Burstable",
        started=START - 86_000.0,
        containers=(Container("main", f"registry.example.com/{app}:1.4.2", Resources(asked, asked)),),
        statuses=(
            ContainerStatus("main", ready=True, started=True, state="running", since=at, restarts=restarts),
        ),
        conditions=(Condition("Ready", "True", since=at),),
    )


def judged(number: int, at: float) -> tuple[Verdict, ...]:
    subject = Subject(REF, "Pod", f"team-{number % 40}", f"pod-{number}")
    level = Level.OK if random.random() < 0.95 else Level.WARN
    return (
        Verdict(
            level=level,
            rule="serving.pods",
            subject=subject,
            sentence=f"it restarted {int(at) % 7} times in the last hour, of 5 that may be",
            measured=at % 7,
            limit=5.0,
        ),
    )


def record(path: Path, given: argparse.Namespace) -> tuple[list[float], Picture, Assessment]:
    """Write it; the CPU seconds of each second of it, and what there is at its end."""
    random.seed(1)
    clock = Clock()
    none = ClusterPicture(ref=REF, info=Observation(source="eu-1"), kinds={})
    fold = Fold(Picture(at=START, number=0, clusters={REF: none}))
    assessment = EMPTY_ASSESSMENT
    recorder = Recorder(
        OneFile(path, RecordingHeader(environment="production")),
        clock,
        lambda: (fold.picture, assessment),
        least=0.0,
        anonymiser=Anonymiser() if given.anonymise else None,
    )

    def put(what: str, *arguments: object) -> None:
        entered = Entered(clock.at, what, arguments)
        if fold.put(entered):
            recorder.taken(entered)

    pods = {Key(one.namespace, one.name): one for one in (pod(n, START) for n in range(given.pods))}
    keys = list(pods)
    put("put_info", REF, Observation(value=ServerInfo(version="v1.37.2"), observed_at=START))
    put("put_objects", REF, "Pod", Observation(value=pods, observed_at=START, complete=True), None)
    spent: list[float] = []
    for second in range(given.minutes * 60):
        clock.at = START + second
        changed = random.sample(range(given.pods), given.changes)
        pods = {**pods, **{keys[n]: pod(n, clock.at, second) for n in changed}}
        put(
            "put_objects", REF, "Pod", Observation(value=pods, observed_at=clock.at, complete=True),
            frozenset(keys[n] for n in changed),
        )  # fmt: skip
        subjects = changed
        if second % 15 == 0 and not given.no_metrics:
            used = {
                key: measured_pod(
                    key[0], key[1], clock.at, 15.0, ("main",), (random.randrange(10**9), 10**17 + n)
                )
                for n, key in enumerate(keys)
            }
            put(
                "put_objects",
                REF,
                "PodMetrics",
                Observation(value=used, observed_at=clock.at),
                frozenset(keys),
            )
            subjects = [*changed, *range(0, given.pods, 20)]  # of each workload
        verdicts = {one[0].subject: one for one in (judged(n, clock.at) for n in subjects)}
        assessment = msgspec.structs.replace(
            assessment, at=clock.at, number=second + 1, verdicts={**assessment.verdicts, **verdicts}
        )
        recorder.update(Update(fold.picture, assessment, fold.take(), frozenset(verdicts)))
        began = time.thread_time()
        recorder.attempt(ending=False)
        spent.append(time.thread_time() - began)
    recorder.attempt(ending=True)
    return spent, fold.picture, assessment


def asked(parser: argparse.ArgumentParser) -> None:
    """What is recorded."""
    parser.add_argument("--pods", type=int, default=10_000)
    parser.add_argument("--changes", type=int, default=50)
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--no-metrics", action="store_true")
    parser.add_argument("--anonymise", action="store_true", help="by aliases")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    asked(parser)
    given = parser.parse_args()
    path = Path(tempfile.mkdtemp()) / "a.tfrec"
    spent, last, assessment = record(path, given)
    size = path.stat().st_size
    print(f"{given.pods} pods, {given.changes} changes a second, {given.minutes} minutes")
    print(f"the first second {spent[0] * 1e3:.0f} ms, the median {1e3 * statistics.median(spent):.0f} ms")
    print(
        f"recording: {100 * sum(spent) / len(spent):.2f} % of a core; the longest second {max(spent) * 1e3:.0f} ms"
    )
    print(f"size: {size / 1e6:.1f} MB, {size / given.minutes / 1e6 * 30:.1f} MB in 30 minutes")
    began = time.process_time()
    recording = Recording.open(path)
    changes = recording.verdict_changes
    print(f"opening: {1e3 * (time.process_time() - began):.0f} ms, with {len(changes)} changes of verdicts")
    took = []
    for _ in range(12):
        at = random.uniform(recording.start, recording.end)
        began = time.process_time()
        recording.picture_at(at)
        recording.judged_at(at)
        took.append(time.process_time() - began)
    print(f"seeking: median {1e3 * statistics.median(took):.0f} ms, worst {1e3 * max(took):.0f} ms")
    picture = recording.picture_at(recording.end)
    assert given.anonymise or (
        picture.clusters == last.clusters and recording.judged_at(recording.end) == assessment
    )


if __name__ == "__main__":
    main()
