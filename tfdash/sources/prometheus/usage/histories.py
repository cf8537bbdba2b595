"""From what was read of single days to what the rules read of a workload. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from tfdash.model.kubecluster import Node
from tfdash.model.picture import ClusterPicture
from tfdash.model.subject import Key
from tfdash.model.usage import ContainerHistory, PlaceDay, Usage, UsageHistory, usage_key
from tfdash.sources.prometheus.usage.digest import digest_of
from tfdash.sources.prometheus.usage.piece import (
    ContainerPiece,
    Owner,
    PoolPiece,
    UsagePiece,
    WorkloadPiece,
    add_pools,
    joined,
)

_BAND_PERCENTILE = 95.0


class HistoryTerms(NamedTuple):
    """``percentile``: of CPU for sizes; ``step``, ``coarse``: seconds between two points of a pod's CPU, and of memory and of all pods together; ``queries`` can be pasted."""

    percentile: float
    step: float
    coarse: float
    queries: tuple[str, ...]


def histories(
    namespace: str, banded: Sequence[UsagePiece], sized: Iterable[UsagePiece], asked: HistoryTerms
) -> dict[Key, UsageHistory]:
    """By key, of each workload of a namespace and of the namespace itself. ``banded``: the whole days of which the percentile is
    held against a band; ``sized``: what sizes are proposed from."""
    sizes, bands = joined(sized), joined(banded)
    if sizes is None:
        return {}
    of_bands = {(w.kind, w.owner): w for w in bands.workloads} if bands is not None else {}
    parts: dict[Owner, list[ContainerPiece]] = {}
    for container in sizes.containers:
        parts.setdefault((container.kind, container.owner), []).append(container)
    found = {}
    for workload in sizes.workloads:
        owner = (workload.kind, workload.owner)
        whole = of_bands.get(owner, WorkloadPiece(*owner))
        inside = "" if workload.kind == "Namespace" else namespace
        key = usage_key(workload.kind, inside, workload.owner)
        found[key] = UsageHistory(
            namespace=key.namespace,
            name=key.name,
            of=workload.kind,
            called=workload.owner,
            since=bands.since if bands is not None else sizes.until,
            until=bands.until if bands is not None else sizes.until,
            covered=whole.cpu.count * asked.coarse,
            cpu_p95=whole.cpu.percentile(_BAND_PERCENTILE),
            memory_p95=whole.memory.percentile(_BAND_PERCENTILE),
            current_only=sizes.current_only,
            sized_since=min((p.first for p in parts.get(owner, ())), default=sizes.since),
            containers=_containers(parts.get(owner, ()), asked),
            queries=asked.queries,
        )
    return found


class PlaceSums:
    """What the cluster and each pool used, put together of the namespaces that have pods now: what is gone asks for no room.

    What ran on nodes whose pool is not known counts in every pool: a pool is then used more than is true, and never said to be
    below its band for want of that.
    """

    def __init__(self) -> None:
        self._pools: dict[str, PoolPiece] = {}
        self._since, self._until, self._current_only = math.inf, -math.inf, False

    def add(self, days: Iterable[UsagePiece]) -> None:
        """Those of one namespace."""
        for day in days:
            self._since, self._until = min(self._since, day.since), max(self._until, day.until)
            self._current_only |= day.current_only
            add_pools(self._pools, day.pools)

    def made(self, step: float) -> dict[Key, UsageHistory]:
        """``step``: seconds between two points."""
        every = list(self._pools.values())
        nowhere = [p for p in every if not p.pool]
        places = {("Cluster", ""): every} if every else {}
        places |= {("NodePool", p.pool): [p, *nowhere] for p in every if p.pool}
        found = {}
        for (of, called), several in places.items():
            whole = PoolPiece("", {}, {})
            add_pools({"": whole}, (PoolPiece("", p.cpu, p.memory) for p in several))
            key = usage_key(of, "", called)
            found[key] = UsageHistory(
                namespace=key.namespace,
                name=key.name,
                of=of,
                called=called,
                since=self._since,
                until=self._until,
                covered=len(whole.cpu) * step,
                cpu_p95=digest_of(whole.cpu.values()).percentile(_BAND_PERCENTILE),
                memory_p95=digest_of(whole.memory.values()).percentile(_BAND_PERCENTILE),
                current_only=self._current_only,
                sized_since=self._since,
            )
        return found


def places_now(cluster: ClusterPicture, pools: Mapping[str, str], today: float) -> dict[str, PlaceDay]:
    """Of the cluster and its pools, by the name of their ``Usage``, on the day that began at ``today``; without those of which no pods are counted."""
    names = [name for name, node in cluster.objects(Node.KIND).items() if isinstance(node, Node)]
    counts = Counter(pools.get(key.name, "") for key in names)
    return {
        key.name: PlaceDay(
            today, len(names) if one.of == "Cluster" else counts[one.called], one.allocatable, one.asked
        )
        for key, one in cluster.objects(Usage.KIND).items()
        if isinstance(one, Usage) and one.of in ("Cluster", "NodePool") and one.pods
    }


def _containers(parts: Iterable[ContainerPiece], asked: HistoryTerms) -> tuple[ContainerHistory, ...]:
    by_name: dict[str, list[ContainerPiece]] = {}
    for part in parts:
        by_name.setdefault(part.container, []).append(part)
    return tuple(_of_pods(name, several, asked) for name, several in sorted(by_name.items()))


def _of_pods(name: str, pods: Sequence[ContainerPiece], asked: HistoryTerms) -> ContainerHistory:
    """One container in all pods that there were: as KRR has it, the percentile of the pod with the largest."""
    each = [value for p in pods if (value := p.cpu.percentile(asked.percentile)) is not None]
    # as KRR counts: what was scraped, by steps; of a rate over a step there are fewer where scrapes come less than twice in it
    scraped = round(sum(p.memory_points for p in pods) * asked.coarse / asked.step)
    periods = sum(max(p.periods, 0.0) for p in pods)
    throttled = sum(max(p.throttled, 0.0) for p in pods)
    kills = [p.oom_kills for p in pods if p.oom_kills >= 0]
    return ContainerHistory(
        name,
        samples=scraped if each else 0,
        seconds=max(0.0, max(p.last for p in pods) - min(p.first for p in pods)),
        cpu=((asked.percentile, max(each)),) if each else (),
        cpu_most=_known(max(p.cpu_most for p in pods)),
        memory_most=_known(max(p.memory_most for p in pods)),
        starting_cpu=_known(max(p.starting_cpu for p in pods)),
        starting_memory=_known(max(p.starting_memory for p in pods)),
        oom_kills=round(sum(kills)) if kills else None,
        oom_limit=_known(max(p.oom_limit for p in pods)),
        throttled=throttled / periods if periods > 0 else None,
    )


def _known(value: float) -> float | None:
    return value if value >= 0 else None
