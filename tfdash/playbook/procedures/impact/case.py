"""What a proof of when an impact began may look at, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from tfdash.model.assessment import Assessment
from tfdash.model.picture import ClusterPicture, Picture
from tfdash.model.subject import ClusterRef, Subject
from tfdash.playbook.policies import Policies

LATELY = 300.0
"""Seconds before the start of a run within which a failure must be seen to be the one that it is about."""
_WIDE = frozenset({"Cluster", "Environment"})


class ImpactCase(msgspec.Struct, frozen=True, kw_only=True):
    """``targets``: what the run holds. ``before``: when it began (epoch seconds); what failed only later is not what it was begun for."""

    procedure: str
    targets: tuple[Subject, ...]
    picture: Picture
    assessment: Assessment
    policies: Policies
    before: float

    @property
    def workloads(self) -> tuple[Subject, ...]:
        return tuple(one for one in self.targets if one.kind not in _WIDE and one.namespace)

    @property
    def clusters(self) -> tuple[ClusterRef, ...]:
        """Those that it is about as a whole: an environment is all of its clusters."""
        found: dict[ClusterRef, None] = {}
        for one in self.targets:
            if one.kind == "Cluster":
                found[one.cluster._replace(cluster=one.name)] = None
            elif one.kind == "Environment":
                found.update(dict.fromkeys(r for r in self.picture.clusters if r.environment == one.name))
        return tuple(found)

    def cluster(self, ref: ClusterRef) -> ClusterPicture | None:
        return self.picture.clusters.get(ref)


class ImpactProof(NamedTuple):
    """``at``: since when it failed for certain (epoch seconds), None: this source does not tell it, and ``sentence`` says why.
    ``at_least``: it may have begun before. Every text is safe."""

    at: float | None
    sentence: str
    at_least: bool = False


@dataclass(frozen=True, kw_only=True)
class ImpactSource:
    """``name``: as people call it, before the sentence: "Prometheus"."""

    id: str
    name: str
    prove: Callable[[ImpactCase], ImpactProof]


def earliest(found: Iterable[ImpactProof], otherwise: str) -> ImpactProof:
    """The first of those that tell a time; else the reasons why none does, or ``otherwise`` where there is none."""
    told = list(found)
    proven = [one for one in told if one.at is not None]
    if proven:
        return min(proven, key=lambda one: (one.at or 0.0, one.at_least))
    why = "; ".join(dict.fromkeys(one.sentence for one in told))
    return ImpactProof(None, why or otherwise)
