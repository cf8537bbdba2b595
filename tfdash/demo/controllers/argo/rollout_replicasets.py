"""The ReplicaSets of a Rollout: found by template, made, numbered, scaled, and kept for a while after their time."""

from __future__ import annotations

from tfdash.demo.apiserver.defaults import template as with_defaults
from tfdash.demo.apiserver.object_store import Exists
from tfdash.demo.apiserver.objects import (
    Obj,
    annotations_of,
    created,
    dig,
    hashed,
    name_of,
    namespace_of,
    owner_reference,
    seconds,
    stamp,
    with_annotations,
    with_meta,
    with_spec,
)
from tfdash.demo.controllers.argo.rollout_status import DEADLINE, HASH, REVISION, revision_of
from tfdash.demo.controllers.argo.rollout_steps import size, wanted
from tfdash.demo.controllers.kernel import Kernel
from tfdash.demo.controllers.replicaset import STORAGE as SETS

STORAGE = "rollouts.argoproj.io"
SOURCE = "rollouts-controller"
_HISTORY = "rollout.argoproj.io/revision-history"
DESIRED = "rollout.argoproj.io/desired-replicas"
_NOT_COPIED = ("kubectl.kubernetes.io/last-applied-configuration", REVISION, _HISTORY, DESIRED, DEADLINE)


def template_of(replica_set: Obj) -> Obj:
    """A ReplicaSet's template as the Rollout gave it: without the hash."""
    template: Obj = replica_set["spec"]["template"]
    labels = {k: v for k, v in (dig(template, "metadata", "labels", default={})).items() if k != HASH}
    return {**template, "metadata": {**template["metadata"], "labels": labels}}


def find_new(rollout: Obj, sets: list[Obj]) -> Obj | None:
    """The definition has no defaults for a template, the ReplicaSet's has: both are compared with them."""
    template = with_defaults(rollout["spec"]["template"])
    return next((s for s in sorted(sets, key=created) if template_of(s) == template), None)


def new_manifest(rollout: Obj, revision: int, replicas: int = 0) -> Obj:
    """The ReplicaSet of the Rollout's present template."""
    template = with_defaults(rollout["spec"]["template"])
    collisions = dig(rollout, "status", "collisionCount", default=0)
    digest = hashed([template, collisions] if collisions else template)
    labels = {**(dig(template, "metadata", "labels", default={})), HASH: digest}
    selector = {**rollout["spec"]["selector"]}
    selector["matchLabels"] = {**(selector.get("matchLabels") or {}), HASH: digest}
    spec = {
        "replicas": replicas,
        "minReadySeconds": rollout["spec"].get("minReadySeconds"),
        "selector": selector,
        "template": {**template, "metadata": {**(template.get("metadata") or {}), "labels": labels}},
    }
    meta = {
        "name": f"{name_of(rollout)}-{digest}",
        "namespace": namespace_of(rollout),
        "labels": labels,
        "annotations": {**_copied(rollout), DESIRED: str(wanted(rollout)), REVISION: str(revision)},
        "ownerReferences": [owner_reference("argoproj.io/v1alpha1", "Rollout", rollout)],
        "generation": 1,
    }
    return {"metadata": meta, "spec": {k: v for k, v in spec.items() if v is not None}}


def _copied(rollout: Obj) -> dict[str, str]:
    return {k: v for k, v in annotations_of(rollout).items() if k not in _NOT_COPIED}


def make(kernel: Kernel, rollout: Obj, sets: list[Obj]) -> Obj | None:
    """Create the ReplicaSet of the present template with no pods yet; None where its name is another's."""
    revision = max((revision_of(s) for s in sets), default=0) + 1
    try:
        made = kernel.store.create(SETS, new_manifest(rollout, revision))
    except Exists:
        return None
    tell(kernel, rollout, "NewReplicaSetCreated", f"Created ReplicaSet {name_of(made)} (revision {revision})")
    return made


def renumber(kernel: Kernel, rollout: Obj, new: Obj, older: list[Obj]) -> Obj:
    """The new one has the highest revision; an old number is remembered in its history."""
    revision = max((revision_of(s) for s in older), default=0) + 1
    changes: dict[str, str | None] = {**_copied(rollout)}
    if revision_of(new) < revision:
        if revision_of(new):
            past = annotations_of(new).get(_HISTORY)
            changes[_HISTORY] = f"{past},{revision_of(new)}" if past else str(revision_of(new))
        changes[REVISION] = str(revision)
    return kernel.update(SETS, with_annotations(new, **changes))


def scale(kernel: Kernel, rollout: Obj, found: Obj, to: int, *, keep_deadline: bool = False) -> bool:
    """Set the size; True where it changed. A set that goes to nothing loses its deadline."""
    before = size(found)
    changes: dict[str, str | None] = {DESIRED: str(wanted(rollout))}
    if to == 0 and before and not keep_deadline:
        changes[DEADLINE] = None
    annotated = with_annotations(found, **changes)
    if to == before:
        kernel.update(SETS, annotated)
        return False
    scaled = with_meta(
        with_spec(annotated, replicas=to), generation=found["metadata"].get("generation", 0) + 1
    )
    kernel.update_as(SOURCE, SETS, found, scaled)
    way = "up" if to > before else "down"
    message = (
        f"Scaled {way} ReplicaSet {name_of(found)} (revision {revision_of(found)}) from {before} to {to}"
    )
    tell(kernel, rollout, "ScalingReplicaSet", message)
    return True


def deadline_of(found: Obj) -> float | None:
    return seconds(annotations_of(found).get(DEADLINE))


def set_deadline(kernel: Kernel, found: Obj, at: float | None) -> None:
    kernel.update(SETS, with_annotations(found, **{DEADLINE: None if at is None else stamp(at)}))


def tell(kernel: Kernel, rollout: Obj, reason: str, message: str, kind: str = "Normal") -> None:
    kernel.tell(STORAGE, rollout, kind, reason, message, SOURCE)
