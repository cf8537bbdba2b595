"""What a scenario loses with which nothing can be carried out there: a cluster; and where a procedure would be carried out, before anybody
begins it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple, TypeAlias

from tfdash.model.procedure import Procedure
from tfdash.model.subject import ClusterRef

CLUSTER = "cluster"
"""Of what a scenario loses, and the type of the input that says which."""
Names: TypeAlias = Collection[str] | None
"""The inputs that are known; None: all are."""


def loses_cluster(procedure: Procedure) -> bool:
    return procedure.scenario is not None and CLUSTER in procedure.scenario.loses


class PlaceBeforehand(NamedTuple):
    """``cluster``: in which it would be carried out; ``words``: what ``{input}`` would be there."""

    cluster: ClusterRef
    words: Mapping[str, str]


def known_beforehand(procedure: Procedure) -> frozenset[str]:
    """The ``{input}`` that are known for each cluster before anything was chosen."""
    return frozenset({"environment", CLUSTER, *_clusters_of(procedure)})


def places_beforehand(
    procedure: Procedure, of: ClusterRef, clusters: Iterable[ClusterRef]
) -> tuple[PlaceBeforehand, ...]:
    """Where it would be carried out for ``of``: of what is lost with a cluster, in each other one of its environment; of what asks for another
    cluster than its own, here, once with each other. () where there is no other."""
    named = _clusters_of(procedure)
    own = {"environment": of.environment, CLUSTER: of.cluster}
    if not named:
        return (PlaceBeforehand(of, own),)
    others = sorted(ref for ref in clusters if ref.environment == of.environment and ref != of)
    if loses_cluster(procedure):
        lost = dict.fromkeys(named, of.cluster)
        return tuple(PlaceBeforehand(ref, {**own, **lost, CLUSTER: ref.cluster}) for ref in others)
    return tuple(PlaceBeforehand(of, {**own, **dict.fromkeys(named, ref.cluster)}) for ref in others)


def _clusters_of(procedure: Procedure) -> tuple[str, ...]:
    """Its inputs that say which other cluster it is about."""
    lost = loses_cluster(procedure)
    return tuple(one.id for one in procedure.inputs if one.type == CLUSTER and (lost or one.elsewhere))
