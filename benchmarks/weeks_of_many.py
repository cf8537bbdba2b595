"""What cAdvisor and kube-state-metrics would have told of many workloads over days, as text for a Prometheus to be filled with.

Each pod uses by day twice what it uses at night, with some noise; 60 s lie between two scrapes of a container, 10 minutes between
two of what never changes.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from typing import NamedTuple

DAY, BLOCK = 86_400, 7200
SCRAPED, TOLD = 60, 600
_NOISE = [random.Random(1).uniform(0.9, 1.1) for _ in range(997)]


class Placed(NamedTuple):
    """A pod with the names of those above it."""

    namespace: str
    workload: str
    replica_set: str
    pod: str
    node: str


def _used(at: float) -> float:
    """What a counter of 1 core in the mean has counted since 1970, up to a constant."""
    return at - math.cos(2 * math.pi * at / DAY) * DAY / (6 * math.pi)


def texts(pods: list[Placed], begin: int, end: int) -> Iterator[str]:
    """OpenMetrics, a text for each block of a Prometheus, which promtool reads once."""
    for first in range(begin, end, BLOCK):
        yield "".join([*_block(pods, first, min(first + BLOCK, end), begin), "# EOF\n"])


def _block(pods: list[Placed], first: int, end: int, begin: int) -> Iterator[str]:
    times = [range(first + offset, end, SCRAPED) for offset in range(SCRAPED)]
    stamps = [[f" {at}\n" for at in at_times] for at_times in times]
    counts = [[_used(at) - _used(begin) for at in at_times] for at_times in times]
    levels = [[1 + math.sin(2 * math.pi * at / DAY) / 10 for at in at_times] for at_times in times]
    workloads = {name: number for number, name in enumerate(dict.fromkeys(p.workload for p in pods))}
    for number, pod in enumerate(pods):
        of, mine = number % SCRAPED, workloads[pod.workload]
        cores, size = 0.05 + mine % 17 * 0.03 + number % 7 * 0.001, (64 + mine % 23 * 16) * 2**20
        here = f'{{namespace="{pod.namespace}",pod="{pod.pod}",container="main",instance="{pod.node}"}} '
        named = f"container_cpu_usage_seconds_total{here}"
        for value, stamp in zip(counts[of], stamps[of], strict=True):
            yield f"{named}{value * cores:.3f}{stamp}"
        named = f"container_memory_working_set_bytes{here}"
        for turn, (level, stamp) in enumerate(zip(levels[of], stamps[of], strict=True)):
            yield f"{named}{size * level * _NOISE[(number * 31 + turn) % 997]:.0f}{stamp}"
    told = [f"1 {at}\n" for at in range(first, end, TOLD)]
    seen = set()
    for pod in pods:
        space = f'namespace="{pod.namespace}"'
        facts = [
            f'kube_pod_owner{{{space},pod="{pod.pod}",owner_kind="ReplicaSet",owner_name="{pod.replica_set}",owner_is_controller="true"}} ',
            f'kube_pod_info{{{space},pod="{pod.pod}",node="{pod.node}"}} ',
        ]
        if (pod.namespace, pod.replica_set) not in seen:
            seen.add((pod.namespace, pod.replica_set))
            facts.append(
                f'kube_replicaset_owner{{{space},replicaset="{pod.replica_set}",owner_kind="Deployment",owner_name="{pod.workload}"}} '
            )
        for fact in facts:
            yield from (fact + line for line in told)
