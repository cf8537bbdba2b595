"""What one stretch of time of one namespace says, small enough to be kept, and how two are put together. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from tfdash.sources.prometheus.answer import Row, decode_labels, number
from tfdash.sources.prometheus.usage.digest import Digest, digest_of, together
from tfdash.sources.prometheus.usage.options import UsageSeries
from tfdash.sources.prometheus.usage.queries import coarse

_STARTING = 300.0  # the first seconds of a pod
_DEPTH = 4
_MOST_USED = 2.0**63
Owner = tuple[str, str]
"""Kind and name."""


class ContainerPiece(msgspec.Struct, array_like=True):
    """One container of one pod. Cores, bytes, epoch seconds; -1: not known."""

    pod: str
    container: str
    kind: str
    owner: str
    cpu: Digest = Digest()
    cpu_most: float = -1.0
    memory_points: int = 0
    memory_most: float = -1.0
    first: float = math.inf
    last: float = -math.inf
    starting_cpu: float = -1.0
    starting_memory: float = -1.0
    throttled: float = -1.0
    periods: float = -1.0
    oom_limit: float = -1.0
    oom_kills: float = -1.0


class WorkloadPiece(msgspec.Struct, array_like=True):
    """All pods of a workload together, at the same times."""

    kind: str
    owner: str
    cpu: Digest = Digest()
    memory: Digest = Digest()


class PoolPiece(msgspec.Struct, array_like=True):
    """What the pods of a namespace used on the nodes of one pool ("": of nodes whose pool is not known), by the second since 1970:
    namespaces are added up at the same times."""

    pool: str
    cpu: dict[int, float] = {}
    memory: dict[int, float] = {}


class UsagePiece(msgspec.Struct, array_like=True):
    """``current_only``: whose the pods are was taken from those that are there now."""

    since: float
    until: float
    current_only: bool
    containers: list[ContainerPiece]
    workloads: list[WorkloadPiece]
    pools: list[PoolPiece] = []


class Answers(NamedTuple):
    """The rows of each query, by its role."""

    rows: Mapping[str, Sequence[Row]]
    since: float
    until: float


_MOST: tuple[str, ...] = (
    "cpu_most", "memory_most", "last", "starting_cpu", "starting_memory", "oom_limit",
)  # fmt: skip
_SUMS: tuple[str, ...] = ("memory_points",)
_KNOWN_SUMS: tuple[str, ...] = ("throttled", "periods", "oom_kills")


def piece_of(
    namespace: str,
    answers: Answers,
    series: UsageSeries,
    current: Mapping[str, Owner],
    pools: Mapping[str, str] | None = None,
) -> UsagePiece:
    """With the namespace itself as one more workload. ``current``: whose the pods are that are there now, used where Prometheus knows no
    owners; ``pools``: of each node that is known."""
    owners, known = owners_in(answers.rows, series)
    whose: Callable[[str], Owner | None] = (owners if known else current).get
    containers: dict[tuple[str, str], ContainerPiece] = {}
    sums: dict[Owner, tuple[dict[float, float], dict[float, float]]] = {}
    on: dict[str, PoolPiece] = {}
    pool_of_pod = _pools(answers.rows, series, pools or {})
    for row in answers.rows.get("cpu_of_pods", ()):
        pod = decode_labels(row.metric).get(series.pod_label, "")
        owner = whose(pod)
        if owner is not None:
            points = points_of(row)
            _add(sums, namespace, owner, points, memory=False)
            _add_up(on, pool_of_pod.get(pod, ""), points, memory=False)
    for role in ("cpu", "memory"):
        gap = 2 * (series.step if role == "cpu" else coarse(series))
        for row in answers.rows.get(role, ()):
            found = _container(row, series, whose, containers)
            points = points_of(row) if found is not None else []
            if found is None or not points:
                continue
            found.first, found.last = min(found.first, points[0][0]), max(found.last, points[-1][0])
            most = max(value for _, value in points)
            born = points[0][0] > answers.since + gap
            starting = max(v for at, v in points if at <= points[0][0] + _STARTING) if born else -1.0
            if role == "cpu":
                found.cpu, found.cpu_most = digest_of(v for _, v in points), most
                found.starting_cpu = starting
            else:
                found.memory_points, found.memory_most = len(points), most
                found.starting_memory = starting
                _add(sums, namespace, (found.kind, found.owner), points, memory=True)
                _add_up(on, pool_of_pod.get(found.pod, ""), points, memory=True)
    for role in (*_KNOWN_SUMS, "oom_limit"):
        for row in answers.rows.get(role, ()):
            found = _container(row, series, whose, containers)
            value = number(row, row.value[1]) if row.value is not None else math.nan
            if found is not None and is_amount(value) and (value > 0 or role != "oom_limit"):
                setattr(found, role, value)
    workloads = [
        WorkloadPiece(kind, name, digest_of(cpu.values()), digest_of(memory.values()))
        for (kind, name), (cpu, memory) in sorted(sums.items())
    ]
    there = [on[pool] for pool in sorted(on)]
    # a time before there was anything lacks nobody
    used = any(answers.rows.get(role) for role in ("cpu", "memory"))
    return UsagePiece(
        answers.since, answers.until, used and not known, list(containers.values()), workloads, there
    )


def _pools(
    rows: Mapping[str, Sequence[Row]], series: UsageSeries, pools: Mapping[str, str]
) -> dict[str, str]:
    """Of each pod the pool of the node that it was on, which never changes."""
    found = (decode_labels(row.metric) for row in rows.get("pod_info", ()))
    return {labels.get(series.pod_label, ""): pools.get(labels.get("node", ""), "") for labels in found}


def _add_up(
    on: dict[str, PoolPiece], pool: str, points: Iterable[tuple[float, float]], *, memory: bool
) -> None:
    found = on.setdefault(pool, PoolPiece(pool, {}, {}))
    at_times = found.memory if memory else found.cpu
    for at, value in points:
        at_times[int(at)] = at_times.get(int(at), 0.0) + value


def add_pools(into: dict[str, PoolPiece], pieces: Iterable[PoolPiece]) -> None:
    """Added up at each time, by pool."""
    for piece in pieces:
        mine = into.setdefault(piece.pool, PoolPiece(piece.pool, {}, {}))
        for sums, of in ((mine.cpu, piece.cpu), (mine.memory, piece.memory)):
            for at, value in of.items():
                sums[at] = sums.get(at, 0.0) + value


def is_amount(value: float) -> bool:
    """Whether it is so many cores, bytes or inodes as anything can use: neither less than nothing, nor without end, nor no number."""
    return 0 <= value < _MOST_USED


def points_of(row: Row) -> list[tuple[float, float]]:
    """(time, value), without what is no number, and what nothing uses (``is_amount``)."""
    return [(at, value) for at, text in row.values if is_amount(value := number(row, text))]


def _add(
    sums: dict[Owner, tuple[dict[float, float], dict[float, float]]],
    namespace: str,
    owner: Owner,
    points: Iterable[tuple[float, float]],
    *,
    memory: bool,
) -> None:
    """To what all pods of the workload, and of the namespace, use at the same times."""
    for whom in (owner, ("Namespace", namespace)):
        at_times = sums.setdefault(whom, ({}, {}))[memory]
        for at, value in points:
            at_times[at] = at_times.get(at, 0.0) + value


def _container(
    row: Row,
    series: UsageSeries,
    whose: Callable[[str], Owner | None],
    containers: dict[tuple[str, str], ContainerPiece],
) -> ContainerPiece | None:
    labels = decode_labels(row.metric)
    pod, container = labels.get(series.pod_label, ""), labels.get(series.container_label, "")
    owner = whose(pod)
    if owner is None or not container:
        return None
    found = containers.get((pod, container))
    if found is None:
        found = containers[pod, container] = ContainerPiece(pod, container, *owner)
    return found


def owners_in(rows: Mapping[str, Sequence[Row]], series: UsageSeries) -> tuple[dict[str, Owner], bool]:
    """The workload on top of each pod, and whether Prometheus tells such things at all."""
    direct: dict[tuple[str, str], Owner] = {}
    for role, kind, label in (
        ("pod_owner", "Pod", series.pod_label),
        ("replicaset_owner", "ReplicaSet", "replicaset"),
        ("job_owner", "Job", "job_name"),
    ):
        for row in rows.get(role, ()):
            labels = decode_labels(row.metric)
            owner = (labels.get("owner_kind", ""), labels.get("owner_name", ""))
            if labels.get("owner_is_controller", "true") != "false" and owner[0] not in ("", "<none>"):
                direct[kind, labels.get(label, "")] = owner
            else:
                direct.setdefault((kind, labels.get(label, "")), ("", ""))
    return {name: _top(kind, name, direct) for kind, name in direct if kind == "Pod"}, bool(
        rows.get("pod_owner")
    )


def _top(kind: str, name: str, direct: Mapping[tuple[str, str], Owner]) -> Owner:
    for _ in range(_DEPTH):
        above = direct.get((kind, name))
        if above is None or above[0] in ("", "Node"):
            break
        kind, name = above
    return kind, name


def joined(pieces: Iterable[UsagePiece]) -> UsagePiece | None:
    """As if it had been asked in one; None of none."""
    found = list(pieces)
    if len(found) < 2:
        return found[0] if found else None
    containers: dict[tuple[str, str, str, str], list[ContainerPiece]] = {}
    workloads: dict[Owner, list[WorkloadPiece]] = {}
    for piece in found:
        for container in piece.containers:
            key = (container.kind, container.owner, container.pod, container.container)
            containers.setdefault(key, []).append(container)
        for workload in piece.workloads:
            workloads.setdefault((workload.kind, workload.owner), []).append(workload)
    pools: dict[str, PoolPiece] = {}
    add_pools(pools, (pool for piece in found for pool in piece.pools))
    return UsagePiece(
        min(p.since for p in found),
        max(p.until for p in found),
        any(p.current_only for p in found),
        [_one(several) for several in containers.values()],
        [
            WorkloadPiece(*owner, together(w.cpu for w in several), together(w.memory for w in several))
            for owner, several in workloads.items()
        ],
        list(pools.values()),
    )


def _one(several: Sequence[ContainerPiece]) -> ContainerPiece:
    first = several[0]
    if len(several) == 1:
        return first
    made = ContainerPiece(
        first.pod,
        first.container,
        first.kind,
        first.owner,
        cpu=together(p.cpu for p in several),
        first=min(p.first for p in several),
    )
    for name in _MOST:
        setattr(made, name, max(getattr(p, name) for p in several))
    for name in (*_SUMS, *_KNOWN_SUMS):
        known = [v for p in several if (v := getattr(p, name)) >= 0]
        setattr(made, name, sum(known) if known else -1.0)
    return made


encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(UsagePiece).decode
