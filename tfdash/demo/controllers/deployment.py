"""The Deployment controller: ReplicaSets by template, rolling updates within surge and unavailability, revisions,
progress and its deadline; the rules and words of the real one.
"""

from __future__ import annotations

from typing import NamedTuple

from tfdash.demo.apiserver.object_store import DELETED, Exists, Happened, StoreKey
from tfdash.demo.apiserver.objects import (
    Obj,
    annotations_of,
    controller_of,
    created,
    deleting,
    dig,
    hashed,
    name_of,
    owner_reference,
    with_annotations,
    with_meta,
    with_spec,
    with_status,
)
from tfdash.demo.controllers.deployment_progress import conditions_of, has_deadline
from tfdash.demo.controllers.kernel import Kernel
from tfdash.demo.controllers.replicaset import STORAGE as SETS
from tfdash.demo.controllers.workload import active, rounded, set_condition

STORAGE = "deployments.apps"
SOURCE = "deployment-controller"
REVISION = "deployment.kubernetes.io/revision"
_HISTORY = "deployment.kubernetes.io/revision-history"
_DESIRED = "deployment.kubernetes.io/desired-replicas"
_MOST = "deployment.kubernetes.io/max-replicas"
HASH = "pod-template-hash"
_NOT_COPIED = frozenset(
    {
        REVISION,
        _HISTORY,
        _DESIRED,
        _MOST,
        "kubectl.kubernetes.io/last-applied-configuration",
        "deprecated.deployment.rollback.to",
    }
)


class Bounds(NamedTuple):
    surge: int
    unavailable: int


def bounds(deployment: Obj) -> Bounds:
    """maxSurge rounded up, maxUnavailable down; never both zero."""
    wanted = dig(deployment, "spec", "replicas", default=1)
    if dig(deployment, "spec", "strategy", "type") == "Recreate":
        return Bounds(0, 0)
    given = dig(deployment, "spec", "strategy", "rollingUpdate", default={})
    surge = rounded(given.get("maxSurge"), wanted, up=True)
    unavailable = rounded(given.get("maxUnavailable"), wanted, up=False)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return Bounds(surge, min(unavailable, wanted))


def template_of(replica_set: Obj) -> Obj:
    """A ReplicaSet's template as the Deployment gave it: without the hash."""
    template: Obj = replica_set["spec"]["template"]
    labels = {k: v for k, v in (dig(template, "metadata", "labels", default={})).items() if k != HASH}
    return {**template, "metadata": {**template["metadata"], "labels": labels}}


def replicas_of(replica_set: Obj) -> int:
    return int(dig(replica_set, "spec", "replicas", default=0))


def revision_of(obj: Obj) -> int:
    text = annotations_of(obj).get(REVISION, "0")
    return int(text) if text.isdigit() else 0


class Deployments:
    def __init__(self, kernel: Kernel) -> None:
        self._k = kernel
        kernel.store.listen(STORAGE, self._own)
        kernel.store.listen(SETS, self._set)
        kernel.store.listen("pods", self._pod)

    def _own(self, storage: str, event: Happened) -> None:
        if event.type != DELETED:
            self._k.look(self.reconcile, event.now.key)

    def _set(self, storage: str, event: Happened) -> None:
        owner = controller_of(event.now.obj)
        if owner is not None and owner["kind"] == "Deployment":
            self._k.look(self.reconcile, (event.now.key[0], owner["name"]))

    def _pod(self, storage: str, event: Happened) -> None:
        """Recreate waits for old pods to be gone, which no ReplicaSet's status shows."""
        if event.type == DELETED:
            owner = controller_of(event.now.obj)
            if owner is not None and owner["kind"] == "ReplicaSet":
                found = self._k.store.find(SETS, event.now.key[0], owner["name"])
                above = None if found is None else controller_of(found)
                if above is not None and above["kind"] == "Deployment":
                    self._k.look(self.reconcile, (event.now.key[0], above["name"]))

    # -- one look -----------------------------------------------------------------------------------------------

    def reconcile(self, key: StoreKey) -> None:
        deployment = self._k.store.find(STORAGE, *key)
        if deployment is None:
            return
        if deleting(deployment):  # as the real one: its status is kept, and nothing else
            self._status(key)
            return
        sets = self._k.store.owned(SETS, deployment)
        if deployment["spec"].get("paused"):
            self._scale_all(deployment, sets)
        elif self._size_changed(deployment, sets):
            new = self._new_set(deployment, sets)
            sets = self._k.store.owned(SETS, deployment)
            self._scale_all(deployment, sets)
            if new is None:
                self._k.look(self.reconcile, key)
        elif dig(deployment, "spec", "strategy", "type") == "Recreate":
            self._recreate(deployment, sets)
        else:
            self._roll(deployment, sets)
        self._status(key)

    def _status(self, key: StoreKey) -> None:
        deployment = self._k.store.find(STORAGE, *key)
        if deployment is None:
            return
        sets = self._k.store.owned(SETS, deployment)
        new = self._find_new(deployment, sets)
        if new is not None and revision_of(deployment) != revision_of(new):
            deployment = with_annotations(deployment, **{REVISION: str(revision_of(new))})
        status, again = conditions_of(deployment, sets, new, self._k.now())
        changed = self._k.update(STORAGE, {**deployment, "status": status})
        if again is not None:
            self._k.look(self.reconcile, key, again)
        if self._complete(changed, status):
            self._forget_old(changed, sets, new)

    @staticmethod
    def _complete(deployment: Obj, status: Obj) -> bool:
        wanted = dig(deployment, "spec", "replicas", default=1)
        return bool(
            status.get("updatedReplicas", 0)
            == wanted
            == status.get("replicas", 0)
            == status.get("availableReplicas", 0)
        )

    def _forget_old(self, deployment: Obj, sets: list[Obj], new: Obj | None) -> None:
        limit = dig(deployment, "spec", "revisionHistoryLimit", default=10)
        old = [s for s in sets if new is None or name_of(s) != name_of(new)]
        for found in sorted(old, key=revision_of)[: max(0, len(old) - limit)]:
            if not replicas_of(found) and not dig(found, "status", "replicas", default=0):
                self._k.store.delete(SETS, found["metadata"]["namespace"], name_of(found))

    # -- ReplicaSets --------------------------------------------------------------------------------------------

    def _find_new(self, deployment: Obj, sets: list[Obj]) -> Obj | None:
        template = deployment["spec"]["template"]
        for found in sorted(sets, key=created):
            if template_of(found) == template:
                return found
        return None

    def _new_set(self, deployment: Obj, sets: list[Obj]) -> Obj | None:
        """The ReplicaSet of the present template, made or brought to the newest revision."""
        new = self._find_new(deployment, sets)
        others = [s for s in sets if new is None or name_of(s) != name_of(new)]
        revision = max((revision_of(s) for s in others), default=0) + 1
        if new is not None:
            return self._renumber(deployment, new, revision)
        template = deployment["spec"]["template"]
        digest = hashed(template)
        if dig(deployment, "status", "collisionCount"):
            digest = hashed([template, deployment["status"]["collisionCount"]])
        labels = {**(template["metadata"].get("labels") or {}), HASH: digest}
        selector = {**deployment["spec"]["selector"]}
        selector["matchLabels"] = {**(selector.get("matchLabels") or {}), HASH: digest}
        wanted = self._new_size(deployment, sets, 0)
        meta = {
            "name": f"{name_of(deployment)}-{digest}",
            "namespace": deployment["metadata"]["namespace"],
            "labels": labels,
            "annotations": {**self._copied(deployment), **self._sizes(deployment), REVISION: str(revision)},
            "ownerReferences": [owner_reference("apps/v1", "Deployment", deployment)],
            "generation": 1,
        }
        spec = {
            "replicas": wanted,
            "minReadySeconds": deployment["spec"].get("minReadySeconds"),
            "selector": selector,
            "template": {**template, "metadata": {**template["metadata"], "labels": labels}},
        }
        try:
            made = self._k.store.create(
                SETS, {"metadata": meta, "spec": {k: v for k, v in spec.items() if v is not None}}
            )
        except Exists:
            count = dig(deployment, "status", "collisionCount", default=0) + 1
            self._k.update(
                STORAGE, {**deployment, "status": {**deployment.get("status", {}), "collisionCount": count}}
            )
            return None
        if wanted:
            self._tell(deployment, f"Scaled up replica set {name_of(made)} from 0 to {wanted}")
        if not has_deadline(deployment):
            return made
        current = self._k.store.find(STORAGE, meta["namespace"], name_of(deployment)) or deployment
        conditions = set_condition(
            dig(current, "status", "conditions", default=[]),
            "Progressing",
            "True",
            "NewReplicaSetCreated",
            f'Created new replica set "{name_of(made)}"',
            self._k.now(),
            updated=True,
        )
        self._k.update(STORAGE, with_status(current, conditions=conditions))
        return made

    def _renumber(self, deployment: Obj, new: Obj, revision: int) -> Obj:
        changes: dict[str, str | None] = {**self._copied(deployment), **self._sizes(deployment)}
        if revision_of(new) < revision:
            if revision_of(new):
                past = annotations_of(new).get(_HISTORY)
                changes[_HISTORY] = f"{past},{revision_of(new)}" if past else str(revision_of(new))
            changes[REVISION] = str(revision)
        return self._k.update(SETS, with_annotations(new, **changes))

    @staticmethod
    def _copied(deployment: Obj) -> dict[str, str]:
        return {k: v for k, v in annotations_of(deployment).items() if k not in _NOT_COPIED}

    @staticmethod
    def _sizes(deployment: Obj) -> dict[str, str]:
        wanted = dig(deployment, "spec", "replicas", default=1)
        return {_DESIRED: str(wanted), _MOST: str(wanted + bounds(deployment).surge)}

    def _new_size(self, deployment: Obj, sets: list[Obj], now: int) -> int:
        """How many replicas the newest ReplicaSet may have next."""
        wanted = dig(deployment, "spec", "replicas", default=1)
        if dig(deployment, "spec", "strategy", "type") == "Recreate":
            return int(wanted)
        most = wanted + bounds(deployment).surge
        total = sum(replicas_of(s) for s in sets)
        return now if total >= most else now + min(most - total, wanted - now)

    def _scale(self, deployment: Obj, found: Obj, size: int) -> Obj:
        before = replicas_of(found)
        annotated = with_annotations(found, **self._sizes(deployment))
        if size == before:
            return self._k.update(SETS, annotated)
        scaled = with_meta(
            with_spec(annotated, replicas=size), generation=found["metadata"].get("generation", 0) + 1
        )
        direction = "up" if size > before else "down"
        self._tell(deployment, f"Scaled {direction} replica set {name_of(found)} from {before} to {size}")
        return self._k.update_as("kube-controller-manager", SETS, found, scaled)

    def _tell(self, deployment: Obj, message: str) -> None:
        self._k.tell(STORAGE, deployment, "Normal", "ScalingReplicaSet", message, SOURCE)

    # -- strategies ---------------------------------------------------------------------------------------------

    def _roll(self, deployment: Obj, sets: list[Obj]) -> None:
        new = self._new_set(deployment, sets)
        if new is None:
            self._k.look(self.reconcile, (deployment["metadata"]["namespace"], name_of(deployment)))
            return
        sets = self._k.store.owned(SETS, deployment)
        wanted, have = dig(deployment, "spec", "replicas", default=1), replicas_of(new)
        size = wanted if have > wanted else self._new_size(deployment, sets, have)
        if size != have:
            self._scale(deployment, new, size)
            return
        self._shrink_old(deployment, sets, new)

    def _shrink_old(self, deployment: Obj, sets: list[Obj], new: Obj) -> None:
        old = [s for s in sets if name_of(s) != name_of(new) and replicas_of(s)]
        if not old:
            return
        wanted = dig(deployment, "spec", "replicas", default=1)
        least = wanted - bounds(deployment).unavailable
        total = sum(replicas_of(s) for s in sets)
        waiting = replicas_of(new) - dig(new, "status", "availableReplicas", default=0)
        room = total - least - waiting
        if room <= 0:
            return
        sizes = {name_of(s): replicas_of(s) for s in old}
        cleaned = 0
        for found in sorted(old, key=created):  # what does not serve goes first
            broken = replicas_of(found) - dig(found, "status", "availableReplicas", default=0)
            take = min(room - cleaned, broken)
            if take > 0:
                sizes[name_of(found)] -= take
                cleaned += take
        serving = sum(dig(s, "status", "availableReplicas", default=0) for s in sets)
        spare = serving - least
        for found in sorted(old, key=created):
            take = min(sizes[name_of(found)], spare)
            if take > 0:
                sizes[name_of(found)] -= take
                spare -= take
        for found in old:
            if sizes[name_of(found)] != replicas_of(found):
                self._scale(deployment, found, sizes[name_of(found)])

    def _recreate(self, deployment: Obj, sets: list[Obj]) -> None:
        new = self._find_new(deployment, sets)
        old = [s for s in sets if new is None or name_of(s) != name_of(new)]
        shrinking = [s for s in old if replicas_of(s)]
        for found in shrinking:
            self._scale(deployment, found, 0)
        if shrinking or any(
            active(self._k.store.owned("pods", s)) or self._k.store.owned("pods", s) for s in old
        ):
            return
        made = self._new_set(deployment, sets)
        if made is not None:
            self._scale(deployment, made, dig(deployment, "spec", "replicas", default=1))

    def _size_changed(self, deployment: Obj, sets: list[Obj]) -> bool:
        wanted = str(dig(deployment, "spec", "replicas", default=1))
        return any(replicas_of(s) and annotations_of(s).get(_DESIRED, wanted) != wanted for s in sets)

    def _scale_all(self, deployment: Obj, sets: list[Obj]) -> None:
        """The size alone changed, or the rollout is paused: share it between the ReplicaSets in proportion."""
        wanted = dig(deployment, "spec", "replicas", default=1)
        running = [s for s in sets if replicas_of(s)]
        if len(running) <= 1:
            target = running[0] if running else self._find_new(deployment, sets)
            if target is not None and replicas_of(target) != wanted:
                self._scale(deployment, target, wanted)
            elif target is not None:
                self._scale(deployment, target, replicas_of(target))
            return
        new = self._find_new(deployment, sets)
        if new is not None and dig(new, "status", "availableReplicas", default=0) >= wanted <= replicas_of(
            new
        ):
            for found in running:
                if name_of(found) != name_of(new):
                    self._scale(deployment, found, 0)
            return
        total = sum(replicas_of(s) for s in running)
        allowed = wanted + bounds(deployment).surge if wanted else 0
        spare = allowed - total
        newest_first = sorted(
            running, key=lambda s: (-replicas_of(s), -created(s) if spare > 0 else created(s))
        )
        sizes = {name_of(s): replicas_of(s) for s in running}
        left = spare
        for found in newest_first:
            share = round(replicas_of(found) * allowed / max(1, total)) - replicas_of(found)
            share = max(left, min(share, 0)) if spare < 0 else min(left, max(share, 0))
            sizes[name_of(found)] += share
            left -= share
        first = name_of(newest_first[0])
        sizes[first] = max(0, sizes[first] + left)
        for found in running:
            self._scale(deployment, found, sizes[name_of(found)])
