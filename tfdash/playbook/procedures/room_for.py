"""How many of the pods that are to be brought up fit: into the quotas of their namespaces, and onto the nodes, all of them together. Pure.

Onto nodes they are put one size after the other, the largest first, each on the first node that has room. Where all of them go that way there is
room; where not, the scheduler might find another one, which is not counted on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from tfdash.model.capacity import ResourceQuota
from tfdash.model.room import NodeRoom
from tfdash.nouns import counted
from tfdash.playbook.resources.room import Size, as_scheduled, in_quota, kept_out, on_node
from tfdash.playbook.resources.room import counted as counted_by_quota
from tfdash.playbook.resources.wording import written
from tfdash.quantities import Amounts, amount


class MorePods(NamedTuple):
    """So many ``pods`` of one size that are not there yet, of the service ``name``."""

    name: str
    namespace: str
    size: Size
    pods: int


class Fitting(NamedTuple):
    """``pods`` of ``of`` fit; ``told``: the arithmetic, and what ends first where not all do; "" where nothing bounds them."""

    pods: int
    of: int
    told: str

    @property
    def short(self) -> bool:
        return self.pods < self.of


def into_quotas(more: Sequence[MorePods], quotas: Iterable[ResourceQuota]) -> Fitting:
    """Each quota counts what all services of its namespace ask for together."""
    of = sum(one.pods for one in more)
    worst = Fitting(of, of, "")
    for quota in quotas:
        mine = [one for one in more if one.namespace == quota.namespace]
        left, fit, ends = quota, 0, ""
        for one in mine:
            bound = in_quota(left, one.size)
            places = one.pods if bound is None else min(bound.places, one.pods)
            fit += places
            if bound is not None:
                ends = ends or (bound.ends if places < one.pods else "")
                left = msgspec.structs.replace(
                    left, used=_with(left.used, counted_by_quota(one.size), places)
                )
        wanted = sum(one.pods for one in mine)
        if fit < wanted and of - (wanted - fit) < worst.pods:
            worst = Fitting(of - (wanted - fit), of, _by_quota(quota, mine, ends))
    return worst


def _with(used: Amounts, asked: Mapping[str, int], times: int) -> Amounts:
    found = dict(used)
    for name, value in asked.items():
        found[name] = found.get(name, 0) + value * times
    return tuple(sorted(found.items()))


def _by_quota(quota: ResourceQuota, mine: Iterable[MorePods], ends: str) -> str:
    hard = amount(quota.hard, ends)
    if hard is None:
        return f"quota {quota.name} in {quota.namespace}: {ends}"
    asked = sum(counted_by_quota(one.size).get(ends, 0) * one.pods for one in mine)
    free = max(0, hard - (amount(quota.used, ends) or 0))
    return f"quota {quota.name} in {quota.namespace} has {written(ends, free)} of {ends} left, and {written(ends, asked)} is asked for"


def onto_nodes(more: Sequence[MorePods], rooms: Iterable[NodeRoom]) -> Fitting:
    left = [room for room in rooms if not room.unschedulable]
    of, fit, nodes = sum(one.pods for one in more), 0, list(left)
    ends = Counter[str]()
    for one in sorted(more, key=_largest):
        waits = one.pods
        for i, room in enumerate(nodes):
            if not waits:
                break
            bound = on_node(room, one.size)
            places = min(bound.places, waits)
            if places < waits:
                ends[kept_out(room, one.size.placement) or bound.ends] += waits - places
            if places:
                waits -= places
                nodes[i] = msgspec.structs.replace(room, free=_without(room.free, one.size, places))
        fit += one.pods - waits
    why = f"{ends.most_common(1)[0][0]}: " if ends and fit < of else ""
    return Fitting(fit, of, f"{why}{_asked_and_free(more, left)}")


def _asked_and_free(more: Sequence[MorePods], rooms: Sequence[NodeRoom]) -> str:
    """``they ask for 14 of 30 cpu and 28Gi of 96Gi memory free on 6 nodes``."""
    told = []
    for name in ("cpu", "memory"):
        asked = sum((amount(one.size.requests, name) or 0) * one.pods for one in more)
        free = sum(max(0, amount(room.free, name) or 0) for room in rooms)
        told.append(f"{written(name, asked)} of {written(name, free)} {name}")
    return f"they ask for {' and '.join(told)} free on {counted(len(rooms), 'node')}"


def _largest(one: MorePods) -> tuple[int, int, str]:
    return (-(amount(one.size.requests, "cpu") or 0), -(amount(one.size.requests, "memory") or 0), one.name)


def _without(free: Amounts, size: Size, pods: int) -> Amounts:
    asked = dict(as_scheduled(size.requests))
    return tuple((name, value - asked.get(name, 0) * pods) for name, value in free)
