"""Which objects of a kind a list shows: those of some namespaces, of one workload, of one node."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from tfdash.model.kube import Object, Pod, Provisional
from tfdash.model.picture import ClusterPicture, Objects
from tfdash.model.subject import ClusterRef, Subject
from tfdash.text import safe
from tfdash.views.kinds.base import printed

Match = Callable[[Object], bool]
_THROUGH_SETS = frozenset({"Deployment", "Rollout"})  # they control pods through ReplicaSets


class Restriction(NamedTuple):
    """``namespaces`` None means all; ``owner`` shows only what this subject controls; ``node`` only its pods."""

    namespaces: tuple[str, ...] | None = None
    owner: Subject | None = None
    node: str = ""

    @property
    def needs(self) -> tuple[str, ...]:
        """Further kinds that must be known to decide."""
        return ("ReplicaSet",) if self.owner is not None and self.owner.kind in _THROUGH_SETS else ()

    @property
    def where(self) -> str:
        """For titles and explanations: ``of checkout``, ``on node-3``, ``in tf-production``, ``in any namespace``."""
        if self.owner is not None:
            return f"of {safe(self.owner.name)}"
        if self.node:
            return f"on {safe(self.node)}"
        if self.namespaces is None:
            return "in any namespace"
        return "in " + ", ".join(safe(n) for n in self.namespaces)

    def match(self, cluster: ClusterPicture) -> Match | None:
        """What decides for one object beside its namespace; None where the namespace alone decides."""
        if self.owner is not None:
            if cluster.ref != self.owner.cluster:
                return lambda obj: False
            return _controlled_by(self.owner, cluster.kinds, cluster.objects("ReplicaSet"))
        if self.node:
            node = self.node
            return lambda obj: node_of(obj) == node
        return None


EVERYTHING = Restriction()


def node_of(obj: Object) -> str:
    if isinstance(obj, Pod):
        return obj.node
    return printed(obj, "Node") if isinstance(obj, Provisional) else ""


def _controlled_by(owner: Subject, kinds: Mapping[str, object], replica_sets: Objects) -> Match:
    """A Deployment controls pods through its ReplicaSets. While those are not known, and for server-printed rows,
    which name no owner, the controllers' way of naming pods decides."""
    namespace, name, kind = owner.namespace, owner.name, owner.kind
    known = "ReplicaSet" in kinds and any(not isinstance(r, Provisional) for r in replica_sets.values())
    through = {
        r.name
        for r in replica_sets.values()
        if r.namespace == namespace and r.owner is not None and r.owner.kind == kind and r.owner.name == name
    }

    def match(obj: Object) -> bool:
        if obj.namespace != namespace:
            return False
        if isinstance(obj, Provisional):
            return _named_after(obj.name, name, 2 if kind in _THROUGH_SETS and obj.kind == "Pod" else 1)
        if obj.owner is None:
            return False
        if kind in _THROUGH_SETS and obj.owner.kind == "ReplicaSet":
            return obj.owner.name in through if known else _named_after(obj.owner.name, name, 1)
        return obj.owner.kind == kind and obj.owner.name == name

    return match


def _named_after(name: str, owner: str, parts: int) -> bool:
    """Whether ``name`` is the owner's with exactly so many generated parts after it."""
    head = name.rsplit("-", parts)
    return len(head) == parts + 1 and head[0] == owner


def chosen(
    clusters: tuple[ClusterRef, ...] | None, all_clusters: Mapping[ClusterRef, ClusterPicture]
) -> list[ClusterRef]:
    """The clusters that a list shows: the named ones, or all, in the picture's order."""
    return [ref for ref in all_clusters if clusters is None or ref in clusters]
