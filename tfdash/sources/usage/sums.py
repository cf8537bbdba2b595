"""What is added up of pods: by what they ask for, of which equal pods share one. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias

from tfdash.quantities import NOTHING, Amounts

UsagePlace: TypeAlias = tuple[str, str, str]
"""Of a sum: ("Deployment", "shop", "web"), as ``usage_key`` takes it."""
BETWEEN = frozenset({"ReplicaSet", "Job"})
"""Kinds whose own owner, where there is one, is the workload."""
_Of: TypeAlias = Callable[["PodShape"], Amounts]
_NamesOf: TypeAlias = Callable[["PodShape"], tuple[str, ...]]


class PodShape:
    """What one pod asks for; equal pods share one, so that it is told by who it is. ``requests`` and ``limits`` without what some
    container does not say."""

    __slots__ = ("asked", "limits", "no_limit", "no_request", "requests")

    def __init__(
        self, asked: Amounts, limits: Amounts, no_request: tuple[str, ...], no_limit: tuple[str, ...]
    ) -> None:
        self.asked, self.no_request, self.no_limit = asked, no_request, no_limit
        self.requests, self.limits = _without(asked, no_request), _without(limits, no_limit)


class Alike:
    """Pods of one workload that ask for the same, and what is added up of them: most work is done for each pod, and little for each of
    these."""

    __slots__ = ("at", "cpu", "lonely", "memory", "others", "place", "shape", "taken", "window")

    def __init__(self, place: UsagePlace, shape: PodShape) -> None:
        self.place, self.shape = place, shape
        self.lonely = place[0] in BETWEEN  # the one between was not found yet
        self.begin()

    def begin(self) -> None:
        self.taken = self.others = self.cpu = self.memory = 0
        self.at = self.window = 0.0


class AskedOfPods(NamedTuple):
    """Of a sum, for as long as it has the same pods. ``rest``: what the others request of what some request none of."""

    measured: tuple[tuple[PodShape, int], ...]
    others: tuple[tuple[PodShape, int], ...]
    requests: Amounts
    rest: Amounts
    limits: Amounts
    asked: Amounts
    no_request: tuple[tuple[str, int], ...]
    no_limit: tuple[tuple[str, int], ...]


class Sum:
    """``silent``: of CPU and memory, what pods use that request none of it."""

    __slots__ = ("at", "cpu", "memory", "others", "shapes", "silent", "window")

    def __init__(self) -> None:
        self.silent: dict[str, int] = {}
        self.shapes: dict[PodShape, int] = {}  # how many pods of each shape were measured
        self.others: dict[PodShape, int] = {}  # and were not
        self.cpu = self.memory = 0
        self.at = self.window = 0.0

    def add(self, other: Sum) -> None:
        for mine, theirs in ((self.shapes, other.shapes), (self.others, other.others)):
            for shape, count in theirs.items():
                mine[shape] = mine.get(shape, 0) + count
        self.cpu += other.cpu
        self.memory += other.memory
        for name, used in other.silent.items():
            self.silent[name] = self.silent.get(name, 0) + used
        if other.at > self.at:
            self.at, self.window = other.at, other.window

    def gather(self, alike: Alike) -> None:
        for mine, count in ((self.shapes, alike.taken), (self.others, alike.others)):
            if count:
                mine[alike.shape] = mine.get(alike.shape, 0) + count
        self.cpu += alike.cpu
        self.memory += alike.memory
        if alike.taken:
            for name in alike.shape.no_request:
                used = alike.cpu if name == "cpu" else alike.memory
                self.silent[name] = self.silent.get(name, 0) + used
        if alike.at > self.at:
            self.at, self.window = alike.at, alike.window

    @property
    def measured(self) -> int:
        return sum(self.shapes.values())

    @property
    def pods(self) -> int:
        return self.measured + sum(self.others.values())

    @property
    def used(self) -> Amounts:
        return (("cpu", self.cpu), ("memory", self.memory)) if self.shapes else NOTHING


def pairs(shapes: dict[PodShape, int]) -> tuple[tuple[PodShape, int], ...]:
    return tuple(shapes.items())


def asked_of(found: Sum) -> AskedOfPods:
    no_request = _counted(found.shapes, lambda s: s.no_request)
    no_limit = _counted(found.shapes, lambda s: s.no_limit)
    said, silent = _times(found.shapes, lambda s: s.requests), [name for name, _ in no_request]
    requests = _without(said, silent)
    every = dict(found.shapes)
    for shape, count in found.others.items():
        every[shape] = every.get(shape, 0) + count
    asked = _times(every, lambda s: s.asked)
    return AskedOfPods(
        pairs(found.shapes),
        pairs(found.others),
        requests,
        tuple(pair for pair in said if pair[0] in silent) if silent else NOTHING,
        _without(_times(found.shapes, lambda s: s.limits), [name for name, _ in no_limit]),
        requests if asked == requests else asked,  # mostly: one is kept
        no_request,
        no_limit,
    )


def _without(found: Amounts, names: Iterable[str]) -> Amounts:
    return tuple(pair for pair in found if pair[0] not in names) if names else found


def _times(shapes: dict[PodShape, int], of: _Of) -> Amounts:
    if len(shapes) == 1:
        ((shape, count),) = shapes.items()
        return tuple((name, value * count) for name, value in of(shape))
    found: dict[str, int] = {}
    for shape, count in shapes.items():
        for name, value in of(shape):
            found[name] = found.get(name, 0) + value * count
    return tuple(sorted(found.items()))


def _counted(shapes: dict[PodShape, int], of: _NamesOf) -> tuple[tuple[str, int], ...]:
    found: Counter[str] = Counter()
    for shape, count in shapes.items():
        for name in of(shape):
            found[name] += count
    return tuple(sorted(found.items()))
