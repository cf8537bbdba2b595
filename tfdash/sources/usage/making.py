"""Puts together what workloads, namespaces, nodes, pools and the cluster use, of what metrics.k8s.io says of pods and nodes.

In pieces: ten thousand pods are more than the board's thread may be held for. What is asked for is counted once for each state
of a pod; what was measured once is counted once, by its own time.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable
from typing import NamedTuple

from tfdash.model.kube import EMPTY_LABELS, Job, Object, Pod, ReplicaSet
from tfdash.model.kubecluster import Node
from tfdash.model.picture import ClusterPicture, Objects
from tfdash.model.subject import Key
from tfdash.model.usage import NodeMetrics, PodMetrics, Usage, usage_key
from tfdash.node_pools import pool_of
from tfdash.pod_requests import ENDED, limited, requested, unsaid
from tfdash.quantities import NOTHING, Amounts, amount, total
from tfdash.sources.usage.current import current_nodes, newest_of
from tfdash.sources.usage.points import FINE, Series
from tfdash.sources.usage.sums import BETWEEN, Alike, AskedOfPods, PodShape, Sum, UsagePlace, asked_of, pairs

_PIECE = 100  # pods, or sums
SOURCE = "metrics.k8s.io"
CLUSTER: UsagePlace = ("Cluster", "", "")
_NONE: Objects = {}


class UsageMade(NamedTuple):
    """``changed``: the keys that came, went or are another object. ``at``, ``window``: of the newest measurement (seconds);
    ``pods``, ``measured``: of the cluster."""

    objects: Objects
    changed: frozenset[Key]
    at: float
    window: float
    pods: int
    measured: int


class UsageMaker:
    """Of one cluster. ``pool_labels``: the labels of nodes of which the first that one has names its pool."""

    def __init__(self, pool_labels: Iterable[str], source: str = SOURCE) -> None:
        self._pool_labels, self._source = tuple(pool_labels), source
        self._pods: Objects = {}  # as they were when each was told whom it is like; without one it does not count
        self._like: dict[Key, Alike | None] = {}
        self._alike: dict[tuple[UsagePlace, PodShape], Alike] = {}
        self._shapes: dict[tuple[object, ...], PodShape] = {}
        self._asked: dict[Key, AskedOfPods] = {}
        self._series: dict[Key, Series] = {}
        self._made: dict[Key, Usage] = {}

    def make(
        self,
        cluster: ClusterPicture,
        patience: float,
        whole: bool,
        other: Objects = _NONE,
        until: float = math.inf,
    ) -> Generator[None, None, UsageMade]:
        """``patience``: seconds, at least, for which what was measured counts (three windows, where they are longer); ``whole``:
        pods of all namespaces were read; ``other``: the same of another source, whose points are handed on; ``until``: what
        was measured later is by a wrong clock, and not measured."""
        newest = newest_of(cluster.objects("PodMetrics"), until)
        of_nodes = current_nodes(cluster.objects("NodeMetrics"), patience, until)
        yield
        workloads, nodes = yield from self._summed(cluster, newest, min(newest, until - patience), patience)
        namespaces: dict[str, Sum] = {}
        for (_, namespace, _), found in workloads.items():
            namespaces.setdefault(namespace, Sum()).add(found)
        yield
        sums: dict[UsagePlace, Sum] = {
            **workloads,
            **{("Namespace", "", n): s for n, s in namespaces.items()},
        }
        said: dict[UsagePlace, tuple[Amounts, Amounts]] = {}  # allocatable, and what the nodes say they use
        every = Sum()
        pools: dict[str, Sum] = {}
        members: dict[str, list[Node]] = {}
        there = [node for node in cluster.objects("Node").values() if isinstance(node, Node)]
        for number, node in enumerate(there):
            place, mine = ("Node", "", node.name), Sum()
            if whole and (on_it := nodes.get(node.name)) is not None:
                mine = on_it
                every.add(mine)
            pool = self._pool(node)
            if pool:
                members.setdefault(pool, []).append(node)
                pools.setdefault(pool, Sum()).add(mine)
            sums[place], said[place] = mine, (node.allocatable, _of_node(of_nodes.get(Key("", node.name))))
            if number % _PIECE == 0:
                yield
        for of, found in ((("NodePool", "", p), s) for p, s in pools.items()):
            sums[of], said[of] = found, _of_nodes(members[of[2]], of_nodes)
        if there:
            sums[CLUSTER], said[CLUSTER] = every, _of_nodes(there, of_nodes)
        made: dict[Key, Usage] = {}
        for number, (place, found) in enumerate(sums.items()):
            key = usage_key(*place)
            made[key] = self._usage(key, place, found, said.get(place), of_nodes, other.get(key))
            if number % _PIECE == 0:
                yield
        changed = {key for key, usage in made.items() if self._made.get(key) is not usage}
        changed.update(self._made.keys() - made.keys())
        self._made = made
        self._forget(newest)
        pods, measured = (sum(of(s) for s in namespaces.values()) for of in (_pods_of, _measured_of))
        latest = max(namespaces.values(), key=lambda s: s.at, default=Sum())
        return UsageMade(made, frozenset(changed), newest, latest.window, pods, measured)

    # -- pods ---------------------------------------------------------------------------------------------------

    def _summed(
        self, cluster: ClusterPicture, newest: float, now: float, patience: float
    ) -> Generator[None, None, tuple[dict[UsagePlace, Sum], dict[str, Sum]]]:
        """By workload, and by the name of the node."""
        metrics, sets, jobs = (cluster.objects(k) for k in ("PodMetrics", "ReplicaSet", "Job"))
        workloads: dict[UsagePlace, Sum] = {}
        nodes: dict[str, Sum] = {}
        pods, before, like = cluster.objects("Pod"), self._pods, self._like
        known: dict[Key, Alike | None] = {}
        fresh, number = now - patience, 0  # a clock that is a little ahead makes nobody else's old
        for one in self._alike.values():
            one.begin()
        for key, pod in pods.items():
            number += 1
            if number % _PIECE == 0:
                yield
            alike = like.get(key)
            if before.get(key) is not pod or (alike is not None and alike.lonely):
                alike = self._told(pod, sets, jobs)
            known[key] = alike
            if alike is None:
                continue
            node, shape = pod.node, alike.shape  # type: ignore[attr-defined]  # only pods are like others
            there = nodes.get(node)
            if there is None:
                there = nodes[node] = Sum()
            found = metrics.get(key)
            if (
                type(found) is not PodMetrics
                or not pod.created <= (at := found.at) <= newest  # before: it was another pod of that name
                or (cpu := found.cpu) is None
                or (memory := found.memory) is None
                or (at < fresh and at < now - 3 * found.window)
            ):
                alike.others += 1
                there.others[shape] = there.others.get(shape, 0) + 1
                continue
            alike.taken += 1
            alike.cpu += cpu
            alike.memory += memory
            if at > alike.at:
                alike.at, alike.window = at, found.window
            there.shapes[shape] = there.shapes.get(shape, 0) + 1
            there.cpu += cpu
            there.memory += memory
            if at > there.at:
                there.at, there.window = at, found.window
        self._pods, self._like = pods, known
        for one in self._alike.values():
            if one.taken or one.others:
                mine = workloads.get(one.place) or workloads.setdefault(one.place, Sum())
                mine.gather(one)
        return workloads, nodes

    def _told(self, pod: Object, sets: Objects, jobs: Objects) -> Alike | None:
        if not isinstance(pod, Pod) or pod.phase in ENDED:
            return None
        of = (requested(pod), limited(pod), *unsaid(pod))
        shape = self._shapes.get(of) or self._shapes.setdefault(of, PodShape(*of))
        found = workload_of(pod, sets, jobs), shape
        return self._alike.get(found) or self._alike.setdefault(found, Alike(*found))

    def _pool(self, node: Node) -> str:
        return pool_of(node, self._pool_labels)

    def _usage(
        self,
        key: Key,
        place: UsagePlace,
        found: Sum,
        said: tuple[Amounts, Amounts] | None,
        of_nodes: Objects,
        other: Object | None,
    ) -> Usage:
        of, _, called = place
        used, at, window = found.used, found.at, found.window
        allocatable, nodes_used = said or (NOTHING, NOTHING)
        if of == "Node":
            own = of_nodes.get(Key("", called))
            used, nodes_used = nodes_used, NOTHING
            at, window = (own.at, own.window) if isinstance(own, NodeMetrics) else (0.0, 0.0)
        asked = self._asked.get(key)
        if asked is None or asked.measured != pairs(found.shapes) or asked.others != pairs(found.others):
            asked = self._asked[key] = asked_of(found)
        series = self._series.get(key) or self._series.setdefault(key, Series())
        silent, rest = NOTHING, asked.rest if of == "Namespace" else NOTHING
        if rest:  # of those alone that request something, at each time
            silent = tuple((name, found.silent.get(name, 0)) for name, _ in rest)
        new = series.add(at, _less(used, silent), (*asked.requests, *rest))
        before = self._made.get(key)
        usage = Usage(
            namespace=key.namespace,
            name=key.name,
            labels=EMPTY_LABELS,  # said, or each would have a dict of its own
            of=of,
            called=called,
            at=at,
            window=window,
            source=self._source,
            used=used,
            requests=asked.requests,
            limits=asked.limits,
            allocatable=allocatable,
            asked=asked.asked,
            nodes_used=nodes_used,
            pods=found.pods,
            measured=found.measured,
            without_request=asked.no_request,
            without_limit=asked.no_limit,
            silent=silent,
            rest=rest,
            points=series.points if new or before is None else before.points,
            other_points=other.points if isinstance(other, Usage) else (),
        )
        return before if before is not None and not new and before == usage else usage

    def _forget(self, newest: float) -> None:
        """What has no pods any more is remembered for as long as its finest points are."""
        gone = [k for k, s in self._series.items() if k not in self._made and s.at < max(1, newest - FINE)]
        for key in gone:
            del self._series[key]
            self._asked.pop(key, None)
        if len(self._shapes) > 4 * len(self._pods) + 1000:
            self._shapes.clear()
        self._alike = {of: one for of, one in self._alike.items() if one.taken or one.others}


def workload_of(pod: Pod, sets: Objects, jobs: Objects) -> UsagePlace:
    """The workload that a pod belongs to in the end, of ``sets`` and ``jobs`` that are there; without an owner, or with its node (a
    static pod), the pod itself."""
    owner = pod.owner
    if owner is None or owner.kind == "Node":
        return "Pod", pod.namespace, pod.name
    if owner.kind in BETWEEN:
        between = (sets if owner.kind == "ReplicaSet" else jobs).get(Key(pod.namespace, owner.name))
        if isinstance(between, ReplicaSet | Job) and between.owner is not None:
            owner = between.owner
    return owner.kind, pod.namespace, owner.name


def _less(used: Amounts, part: Amounts) -> Amounts:
    return tuple((name, value - (amount(part, name) or 0)) for name, value in used) if part else used


def _pods_of(found: Sum) -> int:
    return found.pods


def _measured_of(found: Sum) -> int:
    return found.measured


def _of_node(found: Object | None) -> Amounts:
    return found.usage if isinstance(found, NodeMetrics) else NOTHING


def _of_nodes(nodes: Iterable[Node], metrics: Objects) -> tuple[Amounts, Amounts]:
    """What is allocatable on them together, and what they say they use; nothing where one of them says nothing."""
    listed = list(nodes)
    told = [_of_node(metrics.get(Key("", node.name))) for node in listed]
    return total(node.allocatable for node in listed), total(told) if all(told) else NOTHING
