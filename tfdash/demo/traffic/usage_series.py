"""What cAdvisor and kube-state-metrics would have said for two weeks: computed from the demand at each question, nothing is kept
but which pods there were.

A pod that the world was laid down with had one before it, so that the past of a workload is longer than that of its pods. The
day's swing is exact (a counter is the integral of a sine), so that a percentile can be had by hand; minutes do not waver here.
"""

from __future__ import annotations

import math
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from tfdash.demo.apiserver.object_store import DELETED, Happened
from tfdash.demo.apiserver.objects import Obj, controller_of, dig, name_of, namespace_of, uid_of
from tfdash.demo.apiserver.quantity import parse
from tfdash.demo.prometheus.series import NAME, Labels, Matchers, Series, matches
from tfdash.demo.traffic import usage
from tfdash.demo.traffic.demand import Demand
from tfdash.demo.traffic.history import History
from tfdash.demo.traffic.restart_series import ENDED, RESTARTS, RestartSeries

EVERY = 240_000  # milliseconds between two samples
LATELY, OFTEN = 3_600_000, 30_000  # and between two of the last hour
SYSTEM = (0.12, 900.0 * 2**20)  # cores and bytes of a node beside its pods
PAST = 15 * 86_400_000
CPU, MEMORY = "container_cpu_usage_seconds_total", "container_memory_working_set_bytes"
NODE = {"job": "kubelet", "id": "/"}
PERIODS, THROTTLED = "container_cpu_cfs_periods_total", "container_cpu_cfs_throttled_periods_total"
POD_OWNER, SET_OWNER, JOB_OWNER = "kube_pod_owner", "kube_replicaset_owner", "kube_job_owner"
POD_INFO = "kube_pod_info"
LIMITS = "kube_pod_container_resource_limits"
TYPES = {
    CPU: ("counter", "Cumulative cpu time consumed in seconds."),
    MEMORY: ("gauge", "Current working set in bytes."),
    PERIODS: ("counter", "Number of elapsed enforcement period intervals."),
    THROTTLED: ("counter", "Number of throttled period intervals."),
    LIMITS: ("gauge", "The number of requested limit resource by a container."),
    RESTARTS: ("counter", "The number of container restarts per container."),
    ENDED: ("gauge", "Describes the last reason the container was in terminated state."),
    POD_INFO: ("gauge", "Information about pod."),
    POD_OWNER: ("gauge", "Information about the Pod's owner."),
    SET_OWNER: ("gauge", "Information about the ReplicaSet's owner."),
    JOB_OWNER: ("gauge", "Information about the Job's owner."),
}
_UNITS = {"cpu": "core", "memory": "byte"}
_PERIOD = 100  # milliseconds, as the kubelet sets cpu.cfs_period_us
_OMEGA = 2 * math.pi / usage.DAY
_PHASE = (
    -5 * 3600 * _OMEGA - 0.375 * 2 * math.pi
)  # as ``usage.cores`` has it: highest in the afternoon (UTC-5)


class Load(NamedTuple):
    """Cores on average and their swing (0..1) over the day; bytes. ``limits`` as kube-state-metrics has them; a container with a
    limit of CPU has periods, and one that is ``held`` at it uses up its quota in each."""

    cores: float
    swing: float
    memory: float
    demand: Demand | None = None  # which a step of a scenario may change
    limits: tuple[tuple[str, float], ...] = ()
    held: bool = False

    def seconds(self, at: float) -> float:
        """CPU seconds from the beginning of time until ``at`` (epoch seconds)."""
        return self.cores * (at - self.swing / _OMEGA * math.cos(_OMEGA * at + _PHASE))

    def counted(self, times: Sequence[int]) -> list[float]:
        """The same at these times (milliseconds), with what a scenario made of the demand between two of them."""
        plain = [self.seconds(at / 1000) for at in times]
        if self.demand is None or not self.demand.ramps or not times:
            return plain
        found = plain[:1]
        for (before, at), (low, high) in zip(pairwise(times), pairwise(plain), strict=True):
            factor = usage.demand_factor(self.demand, (before + at) / 2000) / (self.demand.factor or 1.0)
            found.append(found[-1] + (high - low) * factor)
        return found


class PastPod(NamedTuple):
    """``since``, ``until`` in milliseconds; ``until`` None while it is there. ``loads`` by container."""

    namespace: str
    name: str
    owner: tuple[str, str]
    since: int
    until: int | None
    loads: dict[str, Load]
    node: str = ""


class UsageSeries:
    """A ``Storage`` over one cluster's pods."""

    def __init__(self, history: History) -> None:
        self._history, self._cluster = history, history.cluster
        self._pods: dict[str, PastPod] = {}
        self._gone: dict[str, int] = {}
        self._restarts = RestartSeries()
        self._cluster.store.listen("pods", self._pod)

    def _pod(self, storage: str, event: Happened) -> None:
        if event.type == DELETED:
            self._gone[uid_of(event.now.obj)] = self._history.now()
        else:
            self._restarts.note(event.now.obj, self._history.now())

    def metadata(self) -> dict[str, tuple[str, str]]:
        return TYPES

    def select(self, matchers: Matchers, begin: int, end: int) -> list[Series]:
        names = [m for m in matchers if m.name == NAME]
        wanted = {name for name in TYPES if all(m.accepts(name) for m in names)}
        if not wanted or not names:
            return []
        now = self._history.now()
        self._look(now)
        begin, end = max(begin, now - PAST), min(end, now)
        every = _times(begin, end, now)
        found = [
            s for uid, pod in self._pods.items() for s in self._of_pod(uid, pod, wanted, matchers, every)
        ]
        if wanted & {CPU, MEMORY} and matches(
            [m for m in matchers if m.name in ("id", "container", "namespace")], NODE
        ):
            found += self._of_nodes(wanted, matchers, every)
        for name, storage, label in (
            (SET_OWNER, "replicasets.apps", "replicaset"),
            (JOB_OWNER, "jobs.batch", "job_name"),
        ):
            if name in wanted:
                found += self._owned(name, storage, label, matchers, begin, end)
        return found

    def _look(self, now: int) -> None:
        """Which pods run now."""
        there = {}
        for pod in self._cluster.store.all("pods"):
            if dig(pod, "status", "phase") == "Running" and (loads := self._loads(pod)):
                there[uid_of(pod)] = (pod, loads)
                self._restarts.note(pod, now)
        for uid, known in self._pods.items():
            if known.until is None and uid not in there:
                self._pods[uid] = known._replace(until=self._gone.pop(uid, now))
        for uid, (pod, loads) in there.items():
            if uid not in self._pods:
                self._pods.update(self._new(uid, pod, loads, now))

    def _new(self, uid: str, pod: Obj, loads: dict[str, Load], now: int) -> Iterator[tuple[str, PastPod]]:
        above = controller_of(pod)
        owner = ("<none>", "<none>") if above is None else (str(above["kind"]), str(above["name"]))
        created = round(datetime.fromisoformat(pod["metadata"]["creationTimestamp"]).timestamp() * 1000)
        made = PastPod(
            namespace_of(pod),
            name_of(pod),
            owner,
            created,
            None,
            loads,
            dig(pod, "spec", "nodeName", default=""),
        )
        laid = created <= (self._history.origin or now)
        if not laid or created <= now - PAST:
            yield uid, made
        elif owner[0] != "ReplicaSet":  # its pods keep their names
            yield uid, made._replace(since=now - PAST)
        else:
            before = f"{owner[1]}-{zlib.crc32(uid.encode()) % 100_000:05d}"
            yield uid, made
            yield f"{uid} before", made._replace(name=before, since=now - PAST, until=created - EVERY)

    def _loads(self, pod: Obj) -> dict[str, Load]:
        """As ``usage.pod_usage``, without what is different from minute to minute."""
        namespace, app = namespace_of(pod), usage.app_of(pod)
        demand = self._cluster.demands.get((namespace, app))
        own = usage.noise(uid_of(pod))
        found = {}
        for index, container in enumerate(pod["spec"]["containers"]):
            cores, swing = usage.request_of(container, "cpu", 0.05) * (0.4 + 0.1 * own), 0.0
            memory = usage.request_of(container, "memory", usage.IDLE_MEMORY) * (0.55 + 0.1 * own)
            mine = demand if index == 0 else None
            if mine is not None and demand is not None:
                serving = max(1, usage.serving(self._cluster, namespace, app))
                cores, swing = demand.cores * demand.factor / serving * (1 + 0.06 * own), demand.swing
                memory = demand.memory * (1 + 0.05 * own)
            given = dig(container, "resources", "limits", default={})
            limits = tuple((name, float(parse(given[name]))) for name in _UNITS if name in given)
            limit = dict(limits).get("cpu")
            held = limit is not None and cores * (1 + swing) > limit
            if limit is not None and held:
                cores, swing, mine = limit, 0.0, None
            found[container["name"]] = Load(max(0.0005, cores), swing, memory, mine, limits, held)
        return found

    def _of_pod(
        self, uid: str, pod: PastPod, wanted: set[str], matchers: Matchers, every: Sequence[int]
    ) -> Iterator[Series]:
        last = len(every) if pod.until is None else bisect_right(every, pod.until)
        times = every[bisect_left(every, pod.since) : last]
        if not times:
            return
        whose = {"namespace": pod.namespace, "pod": pod.name}
        if POD_OWNER in wanted:
            owner = {"owner_kind": pod.owner[0], "owner_name": pod.owner[1], "owner_is_controller": "true"}
            yield from _constant(
                {NAME: POD_OWNER, "job": "kube-state-metrics", **whose, **owner}, matchers, times
            )
        if POD_INFO in wanted:
            on = {NAME: POD_INFO, "job": "kube-state-metrics", **whose, "node": pod.node}
            yield from _constant(on, matchers, times)
        for container, load in pod.loads.items():
            labels = {"job": "kubelet", **whose, "container": container}
            if CPU in wanted and matches(matchers, {NAME: CPU, **labels}):
                yield Series({NAME: CPU, **labels}, times, load.counted(times))
            if MEMORY in wanted:
                yield from _constant({NAME: MEMORY, **labels}, matchers, times, load.memory)
            for name in wanted & {PERIODS, THROTTLED} if "cpu" in dict(load.limits) else ():
                if matches(matchers, {NAME: name, **labels}):
                    counts = load.held or name == PERIODS
                    each = [(at - pod.since) / _PERIOD if counts else 0.0 for at in times]
                    yield Series({NAME: name, **labels}, times, each)
            stated = {"job": "kube-state-metrics", **whose, "container": container}
            for resource, limit in load.limits if LIMITS in wanted else ():
                of = {NAME: LIMITS, **stated, "resource": resource, "unit": _UNITS[resource]}
                yield from _constant(of, matchers, times, limit)
            if wanted & {RESTARTS, ENDED}:
                yield from self._restarts.series(uid, container, stated, wanted, matchers, times)

    def _of_nodes(self, wanted: set[str], matchers: Matchers, times: Sequence[int]) -> Iterator[Series]:
        """The root of all cgroups: every pod that is or was on a node, and the system beside them."""
        on: dict[str, list[PastPod]] = {}
        for pod in self._pods.values():
            on.setdefault(pod.node, []).append(pod)
        for node in self._cluster.store.all("nodes") if times else ():
            labels = {**NODE, "node": name_of(node), "instance": name_of(node)}
            if CPU in wanted and matches(matchers, {NAME: CPU, **labels}):
                counts = [SYSTEM[0] * at / 1000 for at in times]
                for pod in on.get(name_of(node), ()):
                    first, last = bisect_left(times, pod.since), bisect_right(times, pod.until or times[-1])
                    for load in pod.loads.values():
                        began = load.seconds(max(pod.since, times[0] - LATELY) / 1000)
                        run = [count - began for count in load.counted(times[first:last])]
                        for place in range(first, len(times)):
                            counts[place] += run[min(place, last - 1) - first] if run else 0.0
                yield Series({NAME: CPU, **labels}, times, counts)
            if MEMORY in wanted and matches(matchers, {NAME: MEMORY, **labels}):
                held = [SYSTEM[1]] * len(times)
                for pod in on.get(name_of(node), ()):
                    of_pod = sum(load.memory for load in pod.loads.values())
                    for place in range(
                        bisect_left(times, pod.since), bisect_right(times, pod.until or times[-1])
                    ):
                        held[place] += of_pod
                yield Series({NAME: MEMORY, **labels}, times, held)

    def _owned(
        self, name: str, storage: str, label: str, matchers: Matchers, begin: int, end: int
    ) -> Iterator[Series]:
        times = range(-(-begin // EVERY) * EVERY, end + 1, EVERY)
        for obj in self._cluster.store.all(storage) if times else ():
            above = controller_of(obj)
            if above is not None:
                labels = {"namespace": namespace_of(obj), label: name_of(obj), "job": "kube-state-metrics"}
                owner = {"owner_kind": str(above["kind"]), "owner_name": str(above["name"])}
                yield from _constant(
                    {NAME: name, **labels, **owner, "owner_is_controller": "true"}, matchers, times
                )


def _times(begin: int, end: int, now: int) -> list[int]:
    edge = max(begin, (now - LATELY) // EVERY * EVERY)
    coarse = range(-(-begin // EVERY) * EVERY, min(edge, end + 1), EVERY)
    return [*coarse, *range(-(-edge // OFTEN) * OFTEN, end + 1, OFTEN)]


def _constant(
    labels: Labels, matchers: Matchers, times: Sequence[int], value: float = 1.0
) -> Iterator[Series]:
    if matches(matchers, labels):
        yield Series(labels, times, [value] * len(times))
