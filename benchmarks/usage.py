"""``python -m benchmarks.usage``: what a poll of metrics.k8s.io costs the board's thread, and what is kept of each pod.

A body as metrics-server writes it is decoded, put together and judged as the board does it, in its pieces; the pieces are
timed by this thread's own time, so that what else the machine does is not counted. Memory is what ``tracemalloc`` sees of the
measurements, of what is put together of them, and of points of a whole day.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import time
import tracemalloc
from collections.abc import Generator
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from tests.kinds import resources
from tfdash.cli.compose import judge_of
from tfdash.cli.gates import GATES
from tfdash.cli.gates.sections import answer_of, sections_of, suites_of
from tfdash.cli.headless import collect_seldom
from tfdash.config.load import table_of
from tfdash.config.settings import Settings
from tfdash.judging.judge import Judge
from tfdash.model.kube import Container, Deployment, Object, Owner, Pod, ReplicaSet, Template
from tfdash.model.kubecluster import Node
from tfdash.model.observation import Observation
from tfdash.model.picture import Change, ClusterPicture, Objects, Picture, ServerInfo
from tfdash.model.subject import ClusterRef, Key
from tfdash.pieces import PIECE
from tfdash.quantities import NANO, amounts
from tfdash.report.gates.judged import GateTerms, judged
from tfdash.sources.kubernetes.codec import Codec
from tfdash.sources.usage.making import UsageMaker
from tfdash.sources.usage.settings import UsageSettings
from tfdash.sources.usage.source import leave_alone_what_stays

T = TypeVar("T")
REF = ClusterRef("production", "eu-1")
T0 = 1_800_000_000.0
HOLD = 0.05  # seconds, as the terminal has it


class Timed:
    """Pieces of one poll, in seconds of this thread."""

    def __init__(self) -> None:
        self.pieces: list[tuple[str, float]] = []

    def run(self, name: str, work: Generator[None, None, T]) -> T:
        began = time.thread_time()
        until = time.perf_counter() + PIECE
        while True:
            try:
                next(work)
            except StopIteration as done:
                self.pieces.append((name, time.thread_time() - began))
                found: T = done.value
                return found
            if time.perf_counter() >= until:
                self.pieces.append((name, time.thread_time() - began))
                began, until = time.thread_time(), time.perf_counter() + PIECE

    def once(self, name: str, began: float) -> None:
        self.pieces.append((name, time.thread_time() - began))

    def told(self) -> dict[str, Any]:
        names = dict.fromkeys(name for name, _ in self.pieces)
        found: dict[str, Any] = {
            name: {
                "ms": round(1000 * sum(s for n, s in self.pieces if n == name), 1),
                "longest_ms": round(1000 * max(s for n, s in self.pieces if n == name), 1),
            }
            for name in names
        }
        found["all"] = {
            "ms": round(1000 * sum(s for _, s in self.pieces), 1),
            "longest_ms": round(1000 * max(s for _, s in self.pieces), 1),
        }
        return found


def world(workloads: int, each: int, nodes: int) -> dict[str, list[Object]]:
    found: dict[str, list[Object]] = {
        k: [] for k in ("Deployment", "ReplicaSet", "Pod", "Node", "Job", "StatefulSet", "DaemonSet")
    }
    for n in range(nodes):
        found["Node"].append(
            Node(
                namespace="",
                name=f"node-{n}",
                labels={"karpenter.sh/nodepool": f"pool-{n % 4}"},
                allocatable=amounts({"cpu": "64", "memory": "256Gi", "pods": 110}),
            )
        )
    for w in range(workloads):
        place, name = f"team-{w % 50}", f"service-{w:04}"
        containers = (
            Container("main", f"r/{name}:1", resources(cpu="500m", memory="512Mi", memory_limit="1Gi")),
        )
        found["Deployment"].append(
            Deployment(
                namespace=place,
                name=name,
                uid=name,
                desired=each,
                replicas=each,
                updated=each,
                ready=each,
                available=each,
                template=Template({"app": name}, containers),
            )
        )
        owner = Owner("Deployment", name, name)
        found["ReplicaSet"].append(ReplicaSet(namespace=place, name=f"{name}-7d9f8c6b5d", owner=owner))
        mine = Owner("ReplicaSet", f"{name}-7d9f8c6b5d", f"r{name}")
        found["Pod"] += [
            Pod(
                namespace=place,
                name=f"{name}-7d9f8c6b5d-{p:05}",
                uid=f"{name}{p}",
                owner=mine,
                node=f"node-{(w * each + p) % nodes}",
                phase="Running",
                created=T0 - 90_000,
                containers=containers,
            )
            for p in range(each)
        ]
    return found


def body(there: dict[str, list[Object]], at: float, chance: random.Random) -> bytes:
    def item(pod: Object) -> dict[str, Any]:
        used = {"cpu": f"{chance.randrange(NANO)}n", "memory": f"{chance.randrange(2**20)}Ki"}
        when = datetime.fromtimestamp(at - chance.randrange(15), UTC)
        return {
            "metadata": {"name": pod.name, "namespace": pod.namespace, "creationTimestamp": f"{when:%FT%TZ}"},
            "timestamp": f"{when:%FT%TZ}",
            "window": f"{chance.uniform(10, 20):.3f}s",
            "containers": [{"name": "main", "usage": used}],
        }

    items = [item(pod) for pod in there["Pod"]]
    return json.dumps({"kind": "PodMetricsList", "metadata": {}, "items": items}).encode()


def seen(objects: Objects, at: float) -> Observation[Objects]:
    return Observation(value=objects, observed_at=at, complete=True)


class Bench:
    def __init__(self, workloads: int, each: int, nodes: int) -> None:
        self.there = world(workloads, each, nodes)
        self.chance = random.Random(1)
        self.codec, self.maker = Codec("PodMetrics"), UsageMaker(UsageSettings().pool_labels)
        self.metrics: dict[Key, Object] = {}
        kinds = {k: seen({Key(o.namespace, o.name): o for o in v}, T0) for k, v in self.there.items()}
        info = Observation(value=ServerInfo(version="v1.37.2"), observed_at=T0, complete=True)
        self.cluster = ClusterPicture(ref=REF, info=info, kinds=kinds)
        self.judge, self.number = Judge(hold=HOLD), 0

    def assess(
        self, timed: Timed, keys: dict[tuple[ClusterRef, str], frozenset[Key] | None], at: float
    ) -> None:
        """As the board's scheduler does it: a part at each turn until nothing is left."""
        self.number += 1
        picture = Picture(at=at, number=self.number, clusters={REF: self.cluster})
        change = Change(keys=keys, freshness=frozenset(keys))
        while True:
            began = time.thread_time()
            self.judge.assess(picture, change, at)
            timed.once("saying it", began)
            change, left = Change(keys={}, freshness=frozenset()), True
            while left:
                began = time.thread_time()
                left = self.judge.go_on(at)
                timed.once("judging", began)
            if self.judge.due_at() != 0.0:
                return

    def poll(self, at: float) -> Timed:
        timed, text = Timed(), body(self.there, at, self.chance)
        _, found = timed.run("decoding", self.codec.pieces(text, self.metrics))
        self.metrics = {Key(o.namespace, o.name): o for o in found}
        self._take(PodMetrics=self.metrics)
        if self.number > 1:
            leave_alone_what_stays()
        made = timed.run("putting together", self.maker.make(self.cluster, 60.0, True))
        self._take(Usage=made.objects)
        self.assess(timed, {(REF, "Usage"): made.changed}, at)
        return timed

    def _take(self, **kinds: Objects) -> None:
        more = {kind: seen(objects, T0) for kind, objects in kinds.items()}
        self.cluster = msgspec.structs.replace(self.cluster, kinds={**self.cluster.kinds, **more})


def kept(bench: Bench, pods: int, points: float) -> float:
    """Bytes a pod of the measurements and of what is made of them, with the points of so many seconds."""
    bench.metrics = {}
    gc.collect()
    tracemalloc.start()
    at = T0 + 100 * 15
    _, found = drained(bench.codec.pieces(body(bench.there, at, bench.chance), {}))
    bench.metrics = {Key(o.namespace, o.name): o for o in found}
    bench._take(PodMetrics=bench.metrics)
    del found
    bench.maker = UsageMaker(UsageSettings().pool_labels)
    made = drained(bench.maker.make(bench.cluster, 60.0, True))
    gc.collect()
    size = tracemalloc.get_traced_memory()[0]
    used = amounts({"cpu": "1", "memory": "1Gi"})
    sample = list(bench.maker._series.items())[:40]  # what some cost, all do
    published: dict[Key, Object] = bench.maker._made  # type: ignore[assignment]  # its Usage are Objects; to hold what is published is what is measured
    for key, series in sample:
        for second in range(0, int(points), 15):
            series.add(at + 15 + second, used, used)
        published[key] = msgspec.structs.replace(published[key], points=series.points)
    gc.collect()
    each = (tracemalloc.get_traced_memory()[0] - size) / len(sample)
    tracemalloc.stop()
    size += int(each * len(bench.maker._series))
    assert made.objects
    return size / pods


def gate(bench: Bench) -> Timed:
    """From bodies that are there to the lines of ``gate resources``: what it costs above its fetches."""
    timed, judge = Timed(), judge_of(table_of(Settings, {}), of=GATES["resources"].sections)
    collect_seldom()
    gc.freeze()  # as behind the first lists
    _, found = timed.run("decoding", bench.codec.pieces(body(bench.there, T0, bench.chance), {}))
    bench._take(PodMetrics={Key(o.namespace, o.name): o for o in found})
    made = timed.run("putting together", bench.maker.make(bench.cluster, 60.0, True))
    bench._take(Usage=made.objects)
    picture = Picture(at=T0, number=1, clusters={REF: bench.cluster})
    every = frozenset((REF, kind) for kind in bench.cluster.kinds)
    change = Change(keys=dict.fromkeys(every), freshness=every, signals=None, store=None)
    began = time.thread_time()
    assessment, _ = judge.assess(picture, change, T0)
    timed.once("judging", began)
    began = time.thread_time()
    gate = GATES["resources"]
    sections = sections_of(picture, assessment, "", gate.sections)
    assert answer_of(sections, judged(suites_of(sections), GateTerms()), gate, "resources", "", (), T0).lines
    timed.once("lines", began)
    return timed


def drained(work: Generator[None, None, T]) -> T:
    while True:
        try:
            next(work)
        except StopIteration as done:
            found: T = done.value
            return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workloads", type=int, default=1000)
    parser.add_argument("--pods", type=int, default=10, help="of each workload")
    parser.add_argument("--nodes", type=int, default=100)
    parser.add_argument("--polls", type=int, default=6)
    parser.add_argument("--memory", action="store_true", help="bytes a pod, instead of times")
    parser.add_argument("--gate", action="store_true", help="what `gate resources` does with what was read")
    args = parser.parse_args()
    bench = Bench(args.workloads, args.pods, args.nodes)
    if args.memory:
        for name, points in (("one poll", 15), ("an hour", 3600), ("a day", 86_400)):
            print(f"{name:<10} {kept(bench, args.workloads * args.pods, points):,.0f} bytes a pod")
        return
    if args.gate:
        print(json.dumps(gate(bench).told()))
        return
    gc.collect()
    gc.freeze()
    first = Timed()
    bench.assess(first, dict.fromkeys((REF, kind) for kind in bench.cluster.kinds), T0)
    for number in range(args.polls):
        print(f"poll {number + 1}:", json.dumps(bench.poll(T0 + 15 * number).told()))


if __name__ == "__main__":
    main()
