"""From what was read of single days to what the rules read of a workload. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tfdash.model.subject import Key
from tfdash.model.usage import ContainerHistory, UsageHistory, usage_key
from tfdash.sources.prometheus.usage.piece import ContainerPiece, Owner, UsagePiece, WorkloadPiece, joined

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


def _containers(parts: Iterable[ContainerPiece], asked: HistoryTerms) -> tuple[ContainerHistory, ...]:
    by_name: dict[str, list[ContainerPiece]] = {}
    for part in parts:
        by_name.setdefault(part.container, []).append(part)
    return tuple(_of_pods(name, several, asked) for name, several in sorted(by_name.items()))


def _of_pods(name: str, pods: Sequence[ContainerPiece], asked: HistoryTerms) -> ContainerHistory:
    """One container in all pods that there were: as KRR has it, the percentile of the pod with the largest."""
    each = [value for p in pods if (value := p.cpu.percentile(asked.percentile)) is not None]
    points = sum(p.cpu.count for p in pods)
    of_memory = round(sum(p.memory_points for p in pods) * asked.coarse / asked.step)
    periods = sum(max(p.periods, 0.0) for p in pods)
    throttled = sum(max(p.throttled, 0.0) for p in pods)
    kills = [p.oom_kills for p in pods if p.oom_kills >= 0]
    return ContainerHistory(
        name,
        samples=min(points, of_memory),
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
