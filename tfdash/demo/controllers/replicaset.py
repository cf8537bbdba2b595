"""The ReplicaSet controller: as many pods as wanted, and a status that counts them."""

from __future__ import annotations

from tfdash.demo.apiserver.errors import ApiError
from tfdash.demo.apiserver.object_store import Happened, StoreKey
from tfdash.demo.apiserver.objects import (
    Obj,
    controller_of,
    deleting,
    dig,
    labels_of,
    name_of,
    owner_reference,
    with_meta,
)
from tfdash.demo.controllers import pods
from tfdash.demo.controllers.kernel import Kernel
from tfdash.demo.controllers.workload import (
    active,
    available,
    create_pod,
    end_pod,
    first_to_go,
    next_available,
    ready,
    set_condition,
    without_condition,
)

STORAGE = "replicasets.apps"
_SOURCE = "replicaset-controller"
_RETRY_FIRST, _RETRY_LONGEST = 1.0, 180.0


class ReplicaSets:
    def __init__(self, kernel: Kernel) -> None:
        self._k = kernel
        self._failures: dict[StoreKey, int] = {}
        kernel.store.listen(STORAGE, self._own)
        kernel.store.listen("pods", self._pod)

    def _own(self, storage: str, event: Happened) -> None:
        self._k.look(self.reconcile, event.now.key)

    def _pod(self, storage: str, event: Happened) -> None:
        owner = controller_of(event.now.obj)
        if owner is not None and owner["kind"] == "ReplicaSet":
            self._k.look(self.reconcile, (event.now.key[0], owner["name"]))

    def reconcile(self, key: StoreKey) -> None:
        found = self._k.store.find(STORAGE, *key)
        if found is None:
            self._failures.pop(key, None)
            return
        mine = self._released(found, self._k.store.owned("pods", found))
        running = active(mine)
        wanted = dig(found, "spec", "replicas", default=1)
        # as the real one: what is deleted and waits for a finalizer counts its pods and makes none
        error = None if deleting(found) else self._adjust(key, found, running, wanted)
        mine = self._k.store.owned("pods", found)
        self._status(key, found, mine, error)

    def _released(self, found: Obj, mine: list[Obj]) -> list[Obj]:
        """Without the pods that were relabelled: the controller lets go of what its selector does not match any more."""
        wanted = dig(found, "spec", "selector", "matchLabels", default={})
        kept = []
        for pod in mine:
            if all(labels_of(pod).get(k) == v for k, v in wanted.items()):
                kept.append(pod)
                continue
            others = [r for r in pod["metadata"]["ownerReferences"] if not r.get("controller")]
            self._k.update("pods", with_meta(pod, ownerReferences=others or None))
        return kept

    def _adjust(self, key: StoreKey, found: Obj, running: list[Obj], wanted: int) -> ApiError | None:
        if len(running) > wanted:
            for pod in first_to_go(running)[: len(running) - wanted]:
                self._k.tell(
                    STORAGE, found, "Normal", "SuccessfulDelete", f"Deleted pod: {name_of(pod)}", _SOURCE
                )
                end_pod(self._k, pod)
        owner = owner_reference("apps/v1", "ReplicaSet", found)
        for _ in range(wanted - len(running)):
            pod = pods.from_template(found["spec"]["template"], key[0], owner, self._k.cluster.luck)
            try:
                create_pod(self._k, pod)
            except ApiError as error:
                self._k.tell(STORAGE, found, "Warning", "FailedCreate", f"Error creating: {error}", _SOURCE)
                failures = self._failures[key] = self._failures.get(key, 0) + 1
                self._k.look(
                    self.reconcile, key, min(_RETRY_LONGEST, _RETRY_FIRST * 2 ** min(failures - 1, 20))
                )
                return error
            self._k.tell(
                STORAGE, found, "Normal", "SuccessfulCreate", f"Created pod: {name_of(pod)}", _SOURCE
            )
        self._failures.pop(key, None)
        return None

    def _status(self, key: StoreKey, found: Obj, mine: list[Obj], error: ApiError | None) -> None:
        now, least = self._k.now(), float(dig(found, "spec", "minReadySeconds", default=0))
        running = active(mine)
        labels = dig(found, "spec", "template", "metadata", "labels", default={})
        terminating = sum("deletionTimestamp" in p["metadata"] for p in mine)
        status: Obj = {
            "replicas": len(running),
            "fullyLabeledReplicas": sum(
                all(labels_of(p).get(k) == v for k, v in labels.items()) for p in running
            ),
            "readyReplicas": sum(ready(p) for p in running),
            "availableReplicas": sum(available(p, least, now) for p in running),
            "terminatingReplicas": terminating,
            "observedGeneration": found["metadata"].get("generation", 0),
        }
        status = {
            k: v
            for k, v in status.items()
            if v or k in ("replicas", "observedGeneration", "terminatingReplicas")
        }
        conditions = dig(found, "status", "conditions", default=[])
        if error is not None:
            # As the real controller: told once. The next refusal names another pod, and a changed condition would call
            # for the next look at once, so that the back-off would never be waited for.
            if not any(c["type"] == "ReplicaFailure" for c in conditions):
                conditions = set_condition(
                    conditions, "ReplicaFailure", "True", "FailedCreate", str(error), now
                )
        elif len(running) >= dig(found, "spec", "replicas", default=1):
            conditions = without_condition(conditions, "ReplicaFailure")
        if conditions:
            status["conditions"] = conditions
        self._k.update(STORAGE, {**found, "status": status})
        wait = next_available(running, least, now)
        if wait is not None:
            self._k.look(self.reconcile, key, wait + 0.05)
