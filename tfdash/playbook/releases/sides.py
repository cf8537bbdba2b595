"""The two versions of a release by their ReplicaSets and pods, and what is counted from them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tfdash.model.kube import Container, Pod, ReplicaSet, Template
from tfdash.model.release import Side, Weight
from tfdash.playbook.serving.workload import short_image

_HASHES = ("rollouts-pod-template-hash", "pod-template-hash")


def hash_of(replica_set: ReplicaSet) -> str:
    """Its pod-template-hash, by whichever controller it was labelled."""
    return next((replica_set.labels[n] for n in _HASHES if n in replica_set.labels), "")


def images_of(containers: Iterable[Container]) -> tuple[str, ...]:
    return tuple(c.image for c in containers if not c.init or c.sidecar)


def side(replica_set: ReplicaSet, pods: tuple[Pod, ...] | None, template: Template | None = None) -> Side:
    """One version: a ReplicaSet and those of ``pods`` that it owns and that are not on their way out."""
    mine = [
        p for p in pods or () if p.owner is not None and p.owner.uid == replica_set.uid and p.deleting is None
    ]
    images = images_of((template or replica_set.template).containers)
    return Side(
        hash=hash_of(replica_set),
        revision="" if replica_set.revision is None else str(replica_set.revision),
        image=short_image(list(images)),
        images=images,
        ready=replica_set.ready,
        desired=replica_set.desired,
        **pods_of(mine),
    )


def pods_of(pods: Iterable[Pod]) -> dict[str, Any]:
    """The members of a ``Side`` that pods give."""
    here = list(pods)
    starts = [p.started for p in here if p.started]
    return {
        "pods": tuple(p.name for p in here),
        "oldest_start": min(starts, default=None),
        "newest_start": max(starts, default=None),
    }


def of_template(template: Template) -> Side:
    """A version of which no ReplicaSet is there yet."""
    images = images_of(template.containers)
    return Side(image=short_image(list(images)), images=images)


def by_pods(canary: Side | None, stable: Side | None, wanted: float | None = None) -> Weight:
    """The share of the ready pods, as a stand-in for the share of the traffic."""
    mine, others = (canary.ready if canary else 0), (stable.ready if stable else 0)
    total = mine + others
    return Weight(wanted=wanted, actual=100.0 * mine / total if total else None, approximate=True)


def newest_first(sets: Iterable[ReplicaSet]) -> list[ReplicaSet]:
    return sorted(sets, key=lambda s: (s.revision or 0, s.created), reverse=True)
