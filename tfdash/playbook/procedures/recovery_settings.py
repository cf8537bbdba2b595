"""[recovery]: what an environment is restored to, and in which order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from tfdash.setting import Between, Note, Seconds, SettingsTable, Texts, Unfit, refuse
from tfdash.spelling import nearest

TIERS = ("database", "authentication", "API core", "auxiliary", "frontend")
"""The playbook's order of a restore: tier 1 is the first of them."""
MOST = 500
AHEAD = 300.0
"""Seconds by which two clocks may differ: a picture that was taken later than now is of a clock that was wrong."""
SCALED, SYNC, PIPELINE, SIGNED = "scaled", "sync", "pipeline", "signed"
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_PART = r"[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?"
_WORKLOAD = re.compile(rf"(Deployment|StatefulSet|Rollout) {_PART}/{_PART}")
_COMES_UP = re.compile(
    rf"{SCALED}|{SIGNED}|{SYNC} (?:{_PART}/)?{_PART}|{PIPELINE} [A-Za-z0-9_][A-Za-z0-9_.-]*"
)
_WORD = re.compile(r"[^\s,]{0,60}")


@dataclass(frozen=True, kw_only=True)
class LastGoodSettings(SettingsTable):
    """What each service was when it was last known to serve: replicas, bounds of its HPA, images. A recovery brings it back to just that."""

    folder: Annotated[
        str,
        Note(
            "where it is kept: outside the region, and on no database that it may have to restore",
            '"/mnt/apart/tfdash"',
        ),
    ] = ""
    good_for: Annotated[
        Seconds, Between(60, 86_400, seconds=True), Note("taken only while it served for so long")
    ] = 900.0
    fresh: Annotated[
        Seconds, Between(300, 30 * 86_400, seconds=True), Note("one that is older is not ready for a restore")
    ] = 86_400.0


@dataclass(frozen=True, kw_only=True)
class RestoredService(SettingsTable):
    """One service that a complete restore brings back."""

    workload: Annotated[str, Note("Deployment, StatefulSet or Rollout", '"Deployment shop/checkout"')]
    tier: Annotated[
        int,
        Between(1, len(TIERS)),
        Note("1 database, 2 authentication, 3 API core, 4 auxiliary, 5 frontend", "3"),
    ]
    owner: Annotated[str, Note("who is asked about it: a word, as a team or channel", '"payments"')] = ""
    rests_on: Annotated[
        Texts, Note("names of services that serve before it comes up: of its tier or one before")
    ] = ()
    comes_up: Annotated[
        str,
        Note(
            'how, in the other region: "scaled" it is there and is given its size; "sync APPLICATION" of Argo CD or Flux; '
            '"pipeline NAME"; "signed" by hand'
        ),
    ] = SCALED

    def __post_init__(self) -> None:
        refuse(self._faults())

    def _faults(self) -> Iterator[Unfit]:
        if not _WORKLOAD.fullmatch(self.workload):
            yield Unfit("workload", f'"{self.workload}" is none; write it as "Deployment namespace/name"')
        if not _WORD.fullmatch(self.owner):
            yield Unfit("owner", "is one word without a comma, of 60 characters at most")
        if not _COMES_UP.fullmatch(self.comes_up):
            yield Unfit(
                "comes_up",
                f'"{self.comes_up}" is no way; write "scaled", "sync APPLICATION", "pipeline NAME" or "signed"',
            )


@dataclass(frozen=True, kw_only=True)
class RecoverySettings(SettingsTable):
    """What is brought back when a whole environment is lost, and in which order: see "tfdash procedures show environment-failure"."""

    last_good: LastGoodSettings = field(default_factory=LastGoodSettings)
    services: Annotated[dict[str, RestoredService], Note(sample="checkout")] = field(default_factory=dict)

    def __post_init__(self) -> None:
        refuse(self._faults())

    def _faults(self) -> Iterator[Unfit]:
        if len(self.services) > MOST:
            yield Unfit("services", f"{len(self.services)} are named, and {MOST} can be at most")
        workloads: dict[str, str] = {}
        for name, one in self.services.items():
            if not _NAME.fullmatch(name):
                yield Unfit(("services", name), f'"{name}" is no name: letters, digits, "-", "_" and "."')
            if (other := workloads.setdefault(one.workload, name)) != name:
                yield Unfit(
                    ("services", name, "workload"), f"is that of {other}, too; take one of the two out"
                )
            for on in one.rests_on:
                at = ("services", name, "rests_on")
                below = self.services.get(on)
                if below is None:
                    yield Unfit(at, f'there is no service "{on}"; {nearest(on, self.services)}')
                elif below.tier > one.tier:
                    yield Unfit(
                        at,
                        f"{on} comes up in tier {below.tier} ({TIERS[below.tier - 1]}), behind {name} in tier {one.tier}; "
                        "give one of them another tier",
                    )
        if circle := circle_in({name: one.rests_on for name, one in self.services.items()}):
            told = f"a circle: {' rests on '.join((*circle, circle[0]))}; none of them could come up first"
            yield Unfit(("services", circle[0], "rests_on"), told)


def circle_in(rests_on: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Names of which each rests on the next and the last on the first; () where there is no such circle. The same for the same table."""
    done: set[str] = set()
    for start in rests_on:
        path: list[str] = []
        stack = [(start, iter(rests_on.get(start, ())))] if start not in done else []
        if stack:
            path.append(start)
        while stack:
            name, below = stack[-1]
            on = next(below, None)
            if on is None:
                done.add(name)
                path.pop()
                stack.pop()
            elif on in path:
                return tuple(path[path.index(on) :])
            elif on in rests_on and on not in done:
                path.append(on)
                stack.append((on, iter(rests_on[on])))
    return ()


def in_order(services: Mapping[str, RestoredService]) -> tuple[str, ...]:
    """Names by tier, each behind what it rests on, else as they stand in the file. There is no circle among them."""
    found: dict[str, None] = {}

    def put(name: str) -> None:
        for on in services[name].rests_on:
            if on in services and on not in found:
                put(on)
        found.setdefault(name)

    for tier in range(1, len(TIERS) + 1):
        for name, one in services.items():
            if one.tier == tier:
                put(name)
    return tuple(found)
