"""What cAdvisor and kube-state-metrics would have told of the workloads in ``weeks``, for a Prometheus to be filled with."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from tests.trials.weeks import BARE, BYTES, CORES, DAY, HOUR, Work

SCRAPED = 60
TOLD = 600
"""Seconds between two samples of what kube-state-metrics tells, which changes seldom."""


class Pod(NamedTuple):
    """Epoch seconds."""

    work: Work
    name: str
    replica_set: str
    since: float
    until: float
    current: bool


def pods_of(work: Work, there: Iterable[tuple[str, str]], today: float, now: float) -> list[Pod]:
    """``there``: the names of those that run now, with their ReplicaSet's; those of the past get names of their own."""
    current = iter(sorted(there))
    found = []
    for number, some in enumerate(work.pods):
        begin = now - 2 * HOUR if math.isnan(some.since) else today - some.since * DAY
        end = now if some.current else today - some.until * DAY
        for index in range(some.count):
            replica_set = f"{work.name}-{number}"
            name = f"{replica_set}-{index}"
            if some.current:
                name, replica_set = next(current)
            found.append(Pod(work, name, replica_set, begin, min(end, now), some.current))
    return found


def request_of(work: Work) -> tuple[float, float]:
    """Cores and bytes of one container."""
    if work.request is None:
        return CORES, BYTES
    return int(work.request["cpu"][:-1]) / 1000, int(work.request["memory"][:-2]) * 2**20


class Line(NamedTuple):
    """A series and its samples; the times are shared by all that is scraped at one time."""

    text: str
    times: Sequence[float]
    values: Sequence[float]


def series(pods: Iterable[Pod], today: float) -> dict[str, list[Line]]:
    """By the metric's name."""
    found: dict[str, dict[str, Line]] = {}
    for pod in pods:
        for name, labels, times, values in _of_pod(pod, today):
            text = f"{name}{{{labels}}}"
            found.setdefault(name, {}).setdefault(text, Line(text, times, values))
    return {name: list(lines.values()) for name, lines in found.items()}


_Told = tuple[str, str, Sequence[float], Sequence[float]]


def _of_pod(pod: Pod, today: float) -> Iterator[_Told]:
    work, here = pod.work, f'namespace="{pod.work.space}",pod="{pod.name}"'
    lost = [today - d * DAY for d in work.gap]
    first = pod.since + sum(map(ord, pod.name)) % SCRAPED  # not all are scraped in the same second
    every = (first + i * SCRAPED for i in range(int((pod.until - first) // SCRAPED) + 1))
    times = array("d", (at for at in every if not lost[0] <= at < lost[1]))
    counts, sizes = _counter(pod, times, today), _sizes(pod, times, today)
    periods = array("d", ((at - pod.since) * 10 for at in times))
    for by in ("a", "b") if work.twice else ("a",):
        for container in work.containers:
            of = f'{here},container="{container}",instance="{by}"'
            yield "container_cpu_usage_seconds_total", of, times, counts
            yield "container_memory_working_set_bytes", of, times, sizes
            if work.throttled:
                few = array("d", (value * work.throttled for value in periods))
                yield "container_cpu_cfs_periods_total", of, times, periods
                yield "container_cpu_cfs_throttled_periods_total", of, times, few
        if len(work.containers) > 1:
            whole = f'{here},container="",instance="{by}"'  # the pod's own cgroup, which must not count beside them
            yield "container_cpu_usage_seconds_total", whole, times, array("d", (2 * v for v in counts))
            yield "container_memory_working_set_bytes", whole, times, array("d", (2 * v for v in sizes))
    told = array("d", (pod.since + i * TOLD for i in range(int((pod.until - pod.since) // TOLD) + 1)))
    yield from _of_state(pod, here, told)


def _counter(pod: Pod, times: Sequence[float], today: float) -> Sequence[float]:
    work, since = pod.work, pod.since
    cores, _ = request_of(work)
    counter, last, found = 0.0, since, array("d")
    for at in times:
        if work.reset and (at - since) // (work.reset * HOUR) != (last - since) // (work.reset * HOUR):
            counter = 0.0
        share = work.now[0] if _lately(pod, at) else work.cpu(at - today)
        counter += share * cores * (at - last)
        found.append(counter)
        last = at
    return found


def _sizes(pod: Pod, times: Sequence[float], today: float) -> Sequence[float]:
    work = pod.work
    _, size = request_of(work)
    shares = (work.now[1] if _lately(pod, at) else work.memory(at - today) for at in times)
    return array("d", (math.floor(share * size) for share in shares))


def _lately(pod: Pod, at: float) -> bool:
    """In the last hour each uses what it uses now, at whatever time of the day the trial is run."""
    return pod.current and at > pod.until - HOUR


def _of_state(pod: Pod, here: str, told: Sequence[float]) -> Iterator[_Told]:
    """What kube-state-metrics says."""
    work, one = pod.work, array("d", [1.0] * len(told))
    if work.killed:
        of = f'{here},container="main"'
        limits = array("d", [work.killed] * len(told))
        yield "kube_pod_container_resource_limits", f'{of},resource="memory"', told, limits
        yield "kube_pod_container_status_last_terminated_reason", f'{of},reason="OOMKilled"', told, one
        daily = array("d", ((at - pod.since) // DAY for at in told))
        yield "kube_pod_container_status_restarts_total", of, told, daily
    if work.space == BARE:
        return
    between = work.kind == "Deployment"
    owner = ("ReplicaSet", pod.replica_set) if between else (work.kind, work.name)
    said = f'{here},owner_kind="{owner[0]}",owner_name="{owner[1]}",owner_is_controller="true"'
    yield "kube_pod_owner", said, told, one
    if between:
        of = f'namespace="{work.space}",replicaset="{pod.replica_set}"'
        yield "kube_replicaset_owner", f'{of},owner_kind="Deployment",owner_name="{work.name}"', told, one


def texts(found: dict[str, list[Line]], span: int = 8 * HOUR) -> Iterator[str]:
    """OpenMetrics, a text for each ``span``: promtool reads all of a text for each two hours of it, and takes long to start."""
    every = [line.times for lines in found.values() for line in lines if line.times]
    first, last = min(t[0] for t in every), max(t[-1] for t in every)
    for begin in range(int(first // span) * span, int(last) + 1, span):
        lines = [
            f"{line.text} {line.values[i]:.9g} {line.times[i]:.0f}"
            for name in sorted(found)
            for line in found[name]
            for i in range(bisect_left(line.times, begin), bisect_left(line.times, begin + span))
        ]
        if lines:
            yield "\n".join([*lines, "# EOF", ""])
