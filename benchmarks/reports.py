"""``python -m benchmarks.reports [--pods 10000]``: what judging once and writing each format cost, above the reading.

The objects are made in this process (a Deployment, a ReplicaSet and ten pods each, one pod in a hundred not ready; 100 nodes), so that nothing of a
network or a server is in the figures: milliseconds of the processor, of one run each after one to warm up, the collector as a headless run has it.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.usage import T0, Bench, drained
from tests.unit.playbook.making import NOW, deployment, picture, pod, replica_set, running, waiting
from tests.unit.test_judging_usage import measured
from tfdash.changes.gather import RecentChanges
from tfdash.cli.headless import collect_seldom
from tfdash.judging.judge import judge_all
from tfdash.model.kube import Object, Owner
from tfdash.model.kubecluster import Node
from tfdash.model.picture import Picture
from tfdash.report.formats import FORMATS
from tfdash.report.resources import RESOURCES
from tfdash.report.screens import EVERY, shown
from tfdash.report.shown import ReportAsked

_EACH, _NODES, _BAD = 10, 100, 100


def platform(pods: int) -> Picture:
    objects: list[Object] = [Node(namespace="", name=f"node-{i}", uid=f"node-{i}") for i in range(_NODES)]
    for at in range(pods // _EACH):
        name, space = f"service-{at:04}", f"team-{at % 20:02}"
        objects.append(deployment(name=name, namespace=space, uid=name, desired=_EACH))
        objects.append(
            replica_set(
                name=f"{name}-1", namespace=space, uid=f"{name}-1", owner=Owner("Deployment", name, name)
            )
        )
        for i in range(_EACH):
            state = waiting("CrashLoopBackOff") if (at * _EACH + i) % _BAD == 0 else running()
            where: dict[str, Any] = {"namespace": space, "node": f"node-{(at + i) % _NODES}"}
            owner = Owner("ReplicaSet", f"{name}-1", f"{name}-1")
            objects.append(pod(f"{name}-1-{i}", state, **where, owner=owner))
    return picture(*objects)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Milliseconds of the processor, and what came of it."""
    began = time.process_time()
    made = work()
    return (time.process_time() - began) * 1000, made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pods", type=int, default=10_000)
    args = parser.parse_args()
    collect_seldom()
    p = platform(args.pods)
    cold, _ = timed(lambda: judge_all(p, NOW))
    warm, told = timed(lambda: judge_all(p, NOW))
    print(f"{args.pods:,} pods: judged at once in {cold:,.0f} ms, again {warm:,.0f} ms")
    asked = ReportAsked(p, told, "", NOW, ZoneInfo("UTC"), changes=RecentChanges((), ()))
    for screens in (("overview",), ("deployments",), ("pods",), EVERY):
        written(asked, screens)
    used = used_platform(args.pods)
    written(asked._replace(picture=used, assessment=judge_all(used, used.at), now=used.at), (RESOURCES,))


def used_platform(pods: int) -> Picture:
    """Ten pods a workload, of which each was seen for a quarter of an hour: what the page of resources lists."""
    bench, chance = Bench(pods // _EACH, _EACH, _NODES), random.Random(3)
    for number in range(16):
        bench._take(PodMetrics=measured(bench, T0 + 60 * number, chance))
        bench._take(Usage=drained(bench.maker.make(bench.cluster, 60.0, True)).objects)
    return Picture(at=T0 + 900, number=1, clusters={bench.cluster.ref: bench.cluster})


def written(asked: ReportAsked, screens: tuple[str, ...]) -> None:
    """Each format once for the warmth, and once for the figure."""
    for name, format in FORMATS.items():
        if format.binary:
            continue

        def write(format: Any = format) -> int:
            return len(format.write([shown(asked._replace(screen=screen)) for screen in screens]))

        write()
        took, size = timed(write)
        where = screens[0] if len(screens) == 1 else "all"
        print(f"{where:12} {name:10} {took:7,.0f} ms {size:12,} characters", flush=True)


if __name__ == "__main__":
    main()
