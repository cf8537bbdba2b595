"""Reads from Prometheus what pods and nodes use now, and used in the minutes before, some namespaces at a time.

CPU is the mean of five minutes (``rate``), memory the working set at that time. A pod that does not run for so long yet has no CPU
that could be held against another's, and counts as not measured: never as 0.
"""

from __future__ import annotations

import asyncio
import math
from array import array
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping, Sequence
from typing import TypeAlias

from tfdash.clock import Clock
from tfdash.model.kube import Object, Pod
from tfdash.model.kubecluster import Node
from tfdash.model.observation import Problem
from tfdash.model.subject import Key
from tfdash.model.usage import PROMETHEUS_WINDOW, NodeMetrics, measured_pod
from tfdash.process import in_thread
from tfdash.quantities import NANO
from tfdash.sources.prometheus.answer import Row, decode_labels, number
from tfdash.sources.prometheus.usage.asking import Asking
from tfdash.sources.prometheus.usage.options import UsageSeries
from tfdash.sources.prometheus.usage.piece import is_amount
from tfdash.sources.prometheus.usage.queries import RangeQuery, written
from tfdash.sources.usage.second import UsedThen

STEP = 60.0  # seconds between two points of the minutes before
_AT_ONCE = 1000  # pods that one query asks for, unless one namespace has more
_ROLES = ("pod_owner", "node_cpu", "node_memory", "exporter_cpu", "exporter_total", "exporter_available")
_Columns: TypeAlias = "tuple[array[float], array[float]]"
"""CPU (cores) and memory (bytes) at each of the times; NaN where nothing is known."""
_Used: TypeAlias = dict[tuple[Key, str], _Columns]
"""By pod and container; of a node "" stands for the container."""
_Whose: TypeAlias = Callable[[Mapping[str, str]], Key | None]


class PresentReader:
    """See ``tfdash.sources.usage.second.SecondReader``. ``match``: labels that every query gets."""

    def __init__(
        self, series: UsageSeries, asking: Asking, clock: Clock, match: Sequence[tuple[str, str]]
    ) -> None:
        self._series, self._asking, self._clock, self._match = series, asking, clock, match

    @property
    def cost(self) -> str:
        return self._asking.cost

    async def read(
        self, pods: Mapping[Key, Pod], nodes: Iterable[Node], since: float, until: float
    ) -> Generator[UsedThen, None, None] | Problem:
        from tfdash.sources.prometheus.failing import problem_of

        if self._series.selector("cpu") is None or self._series.selector("memory") is None:
            return _no_names(self._clock.now())
        times = times_of(since, until)
        used: _Used = {}
        seen: dict[Key, float] = {}
        of_nodes: _Used = {}
        try:
            for names in batches(pods):
                await self._of_pods(names, times, pods, used, seen)
            listed = list(nodes)
            if listed:
                await self._of_nodes(listed, times, of_nodes)
        except Exception as error:
            return problem_of(error, self._clock.now())
        return _moments(times, pods, used, seen, of_nodes)

    async def names(self) -> Mapping[str, int] | Problem:
        from tfdash.sources.prometheus.failing import problem_of

        wanted = {s.name: s.name for role in ("cpu", "memory", *_ROLES) if (s := self._series.selector(role))}
        now = self._clock.now()
        try:
            answers = await asyncio.gather(
                *(self._asking.ask(RangeQuery(n, f"count({n})", now, now, 0)) for n in wanted)
            )
        except Exception as error:
            return problem_of(error, now)
        return {n: _count(rows) for n, rows in zip(wanted, answers, strict=True)}

    async def _of_pods(
        self,
        names: Sequence[str],
        times: Sequence[float],
        pods: Mapping[Key, Pod],
        used: _Used,
        seen: dict[Key, float],
    ) -> None:
        """Halved where it is too much at once: by namespace, then by time."""
        from tfdash.sources.prometheus.failing import is_too_much

        wanted = queries_of_pods(self._series, names, times, self._match)
        answers = await asyncio.gather(*(self._asking.ask(q) for q in wanted), return_exceptions=True)
        errors = [a for a in answers if isinstance(a, BaseException)]
        if not errors:
            rows = {q.role: a for q, a in zip(wanted, answers, strict=True) if isinstance(a, list)}
            whose = self._whose_pod(pods)
            label = self._series.container_label
            await in_thread(lambda: _take(rows, times, whose, label, used, seen))
            return
        if not all(map(is_too_much, errors)) or len(names) == len(times) == 1:
            raise errors[0]
        if len(names) > 1:
            half = len(names) // 2
            await self._of_pods(names[:half], times, pods, used, seen)
            await self._of_pods(names[half:], times, pods, used, seen)
            return
        await _by_halves(lambda part, some: self._of_pods(names, part, pods, some, seen), times, used)

    def _whose_pod(self, pods: Mapping[Key, Pod]) -> _Whose:
        namespace, pod = namespace_label(self._series), self._series.pod_label

        def whose(labels: Mapping[str, str]) -> Key | None:
            key = Key(labels.get(namespace, ""), labels.get(pod, ""))
            return key if key in pods else None

        return whose

    async def _of_nodes(self, nodes: Sequence[Node], times: Sequence[float], used: _Used) -> None:
        """Of the root of all cgroups, as the kubelet counts a node; of node-exporter where that is not there."""
        from tfdash.sources.prometheus.failing import is_too_much

        try:
            await self._of_nodes_at(nodes, times, used)
        except Exception as error:
            if not is_too_much(error) or len(times) == 1:
                raise
            await _by_halves(lambda part, some: self._of_nodes(nodes, part, some), times, used)

    async def _of_nodes_at(self, nodes: Sequence[Node], times: Sequence[float], used: _Used) -> None:
        whose = whose_node(nodes, self._series.node_labels)
        for cpu, memory in (("node_cpu", "node_memory"), ("exporter_cpu", "exporter_total")):
            wanted = queries_of_nodes(self._series, cpu, memory, times, self._match)
            answers = await asyncio.gather(*(self._asking.ask(q) for q in wanted))
            rows = dict(zip(("cpu", "memory"), answers, strict=False))
            found: _Used = {}
            _take(rows, times, whose, "", found, {})
            for key, columns in found.items():
                used.setdefault(key, columns)
            if len(used) == len(nodes):
                return


# -- which queries --------------------------------------------------------------------------------------------------


def times_of(since: float, until: float) -> list[float]:
    """``until`` and, each a step before the next, all times after ``since``."""
    back = max(0, math.ceil((until - since) / STEP) - 1)
    return [until - STEP * i for i in range(back, -1, -1)]


def batches(pods: Iterable[Key]) -> list[list[str]]:
    """The namespaces, so many in each batch that it holds not too many pods."""
    counts: dict[str, int] = {}
    for key in pods:
        counts[key.namespace] = counts.get(key.namespace, 0) + 1
    found: list[list[str]] = []
    room = 0
    for name, count in sorted(counts.items()):
        if not found or count > room:
            found.append([])
            room = _AT_ONCE
        found[-1].append(name)
        room -= count
    return found


def namespace_label(series: UsageSeries) -> str:
    """Of which the template says that it is the namespace."""
    selector = series.selector("memory")
    return next(m.label for m in selector.matchers if m.places) if selector is not None else "namespace"


def queries_of_pods(
    series: UsageSeries, names: Sequence[str], times: Sequence[float], match: Sequence[tuple[str, str]]
) -> list[RangeQuery]:
    """Where two jobs scrape one kubelet, its series are there twice: the greater one counts once."""
    cpu, memory = (series.selector(role) for role in ("cpu", "memory"))
    assert cpu is not None and memory is not None
    of_pod = f"{namespace_label(series)},{series.pod_label}"
    each = f"{of_pod},{series.container_label}"
    used = f"max by ({each}) (rate({written(cpu, names, match)}[{PROMETHEUS_WINDOW:.0f}s]))"
    held = written(memory, names, match)
    first, last = times[0], times[-1]
    return [
        RangeQuery("cpu", used, first, last, STEP),
        RangeQuery("memory", f"max by ({each}) ({held})", first, last, STEP),
        RangeQuery("seen", f"max by ({of_pod}) (timestamp({held}))", last, last, 0),
    ]


def queries_of_nodes(
    series: UsageSeries, cpu: str, memory: str, times: Sequence[float], match: Sequence[tuple[str, str]]
) -> list[RangeQuery]:
    """None where the one or the other is not to be asked for."""
    used, held = series.selector(cpu), series.selector(memory)
    if used is None or held is None:
        return []
    by = ",".join(series.node_labels)
    together = "sum" if cpu == "exporter_cpu" else "max"  # of its processors
    first, last = times[0], times[-1]
    text = f"max by ({by}) ({written(held, (), match)})"
    if memory == "exporter_total":
        free = series.selector("exporter_available")
        if free is None:
            return []
        text = f"{text} - max by ({by}) ({written(free, (), match)})"
    rate = f"rate({written(used, (), match)}[{PROMETHEUS_WINDOW:.0f}s])"
    return [
        RangeQuery("cpu", f"{together} by ({by}) ({rate})", first, last, STEP),
        RangeQuery("memory", text, first, last, STEP),
    ]


# -- what came ------------------------------------------------------------------------------------------------------


def whose_node(nodes: Iterable[Node], labels: Sequence[str]) -> _Whose:
    names = {}
    for node in nodes:
        key = Key("", node.name)
        names[node.name] = key
        if node.internal_ip:
            names.setdefault(node.internal_ip, key)

    def whose(found: Mapping[str, str]) -> Key | None:
        for label in labels:
            value = found.get(label, "")
            key = names.get(value) or names.get(value.rpartition(":")[0].strip("[]"))
            if key is not None:
                return key
        return None

    return whose


async def _by_halves(
    read: Callable[[Sequence[float], _Used], Awaitable[None]], times: Sequence[float], used: _Used
) -> None:
    half = len(times) // 2
    for part, place in ((times[:half], 0), (times[half:], half)):
        some: _Used = {}
        await read(part, some)
        for key, columns in some.items():
            mine = used.get(key) or used.setdefault(key, (_unknown(len(times)), _unknown(len(times))))
            for column, known in zip(mine, columns, strict=True):
                column[place : place + len(part)] = known


def _take(
    rows: Mapping[str, Sequence[Row]],
    times: Sequence[float],
    whose: _Whose,
    label: str,
    used: _Used,
    seen: dict[Key, float],
) -> None:
    """``label``: that names the container; "" of nodes."""
    for which, role in enumerate(("cpu", "memory")):
        for row in rows.get(role, ()):
            labels = decode_labels(row.metric)
            whom = whose(labels)
            if whom is None:
                continue
            key = (whom, labels.get(label, ""))
            columns = used.get(key) or used.setdefault(key, (_unknown(len(times)), _unknown(len(times))))
            for at, text in row.values:
                place = round((at - times[0]) / STEP)
                if 0 <= place < len(times):
                    columns[which][place] = number(row, text)
    for row in rows.get("seen", ()):
        pod = whose(decode_labels(row.metric))
        if pod is not None and row.value is not None:
            seen[pod] = number(row, row.value[1])


def _moments(
    times: Sequence[float], pods: Mapping[Key, Pod], used: _Used, seen: Mapping[Key, float], of_nodes: _Used
) -> Generator[UsedThen, None, None]:
    by_pod: dict[Key, list[tuple[str, _Columns]]] = {}
    for (key, name), columns in sorted(used.items()):
        by_pod.setdefault(key, []).append((name, columns))
    begun = {key: began(pods[key]) + PROMETHEUS_WINDOW for key in by_pod}
    shared: dict[tuple[str, ...], tuple[str, ...]] = {}  # many pods have the same containers
    for place, at in enumerate(times):
        last = place == len(times) - 1
        found: dict[Key, Object] = {}
        for key, containers in by_pod.items():
            told = _of_pod(containers, place) if begun[key] <= at else None
            if told is None:
                continue
            names, amounts = told
            when = min(at, seen.get(key, at)) if last else at
            names = shared.setdefault(names, names)
            found[key] = measured_pod(key.namespace, key.name, when, PROMETHEUS_WINDOW, names, amounts)
        nodes: dict[Key, Object] = {}
        for (key, _), columns in of_nodes.items():
            cpu, memory = columns[0][place], columns[1][place]
            if is_amount(cpu) and is_amount(memory):
                usage = (("cpu", round(cpu * NANO)), ("memory", round(memory * NANO)))
                nodes[key] = NodeMetrics(
                    namespace="", name=key.name, at=at, window=PROMETHEUS_WINDOW, usage=usage
                )
        yield UsedThen(found, nodes)


def _of_pod(
    containers: Sequence[tuple[str, _Columns]], place: int
) -> tuple[tuple[str, ...], tuple[int, ...]] | None:
    """The names of those that were there, and CPU and memory of each. None where there was none, or one has no rate yet, or says what
    nothing uses: the pod uses more than the others say."""
    names: list[str] = []
    amounts: list[int] = []
    for name, (cpus, memories) in containers:
        cpu, memory = cpus[place], memories[place]
        if math.isnan(memory):
            continue
        if not (is_amount(memory) and is_amount(cpu)):
            return None
        names.append(name)
        amounts += (round(cpu * NANO), round(memory * NANO))
    return (tuple(names), tuple(amounts)) if names else None


def began(pod: Pod) -> float:
    """From when on all its containers run, as far as what it used is concerned; one that was restarted ran before."""
    since = [s.since for s in pod.statuses if not s.init and s.state == "running" and not s.restarts]
    return max((pod.created, *since))


def _unknown(count: int) -> array[float]:
    return array("d", [math.nan]) * count


def _count(rows: Sequence[Row]) -> int:
    return round(number(rows[0], rows[0].value[1])) if rows and rows[0].value is not None else 0


def _no_names(now: float) -> Problem:
    from tfdash.model.observation import ProblemKind

    return Problem(
        kind=ProblemKind.CONFIG,
        cause="no series of CPU, or none of memory, is named by [metrics.usage]",
        remedy="name both, or set present = false",
        since=now,
    )
