"""PodDisruptionBudgets and ResourceQuotas: their statuses follow the pods."""

from __future__ import annotations

from tfdash.demo.apiserver import quotas
from tfdash.demo.apiserver.object_store import DELETED, Happened, StoreKey
from tfdash.demo.apiserver.objects import (
    Obj,
    controller_of,
    deleting,
    dig,
    labels_of,
    matches,
    name_of,
    seconds,
    with_status,
)
from tfdash.demo.controllers.kernel import Kernel
from tfdash.demo.controllers.workload import live_owner, ready, rounded, set_condition

BUDGETS = "poddisruptionbudgets.policy"
QUOTAS = "resourcequotas"
_DISRUPTED_FOR = (
    120.0  # an eviction that was allowed counts as away for so long, even if the pod is still there
)
_SCALES = {
    "ReplicaSet": "replicasets.apps",
    "StatefulSet": "statefulsets.apps",
    "Deployment": "deployments.apps",
    "Rollout": "rollouts.argoproj.io",
}


class Guards:
    def __init__(self, kernel: Kernel) -> None:
        self._k = kernel
        kernel.store.listen(BUDGETS, self._budget_changed)
        kernel.store.listen(QUOTAS, self._quota_changed)
        kernel.store.listen("pods", self._pod)
        for storage in (
            "services",
            "configmaps",
            "secrets",
            "persistentvolumeclaims",
            "deployments.apps",
            "jobs.batch",
        ):
            kernel.store.listen(storage, self._counted)

    def _budget_changed(self, storage: str, event: Happened) -> None:
        if event.type != DELETED:
            self._k.look(self.budget, event.now.key)

    def _quota_changed(self, storage: str, event: Happened) -> None:
        if event.type != DELETED:
            self._k.look(self.quota, event.now.key)

    def _counted(self, storage: str, event: Happened) -> None:
        if event.before is None or event.type == DELETED:
            for key in self._k.store.shelf(QUOTAS).keys(event.now.key[0]):
                self._k.look(self.quota, key, 0.5)

    def _pod(self, storage: str, event: Happened) -> None:
        before, pod = event.before, event.now.obj
        over = dig(pod, "status", "phase") in ("Succeeded", "Failed")
        if (
            event.type == DELETED
            or before is None
            or (over and dig(before.obj, "status", "phase") not in ("Succeeded", "Failed"))
        ):
            for key in self._k.store.shelf(QUOTAS).keys(event.now.key[0]):
                self._k.look(self.quota, key, 0.5)
        elif ready(before.obj) == ready(pod) and deleting(before.obj) == deleting(pod):
            return
        for key in self._k.store.shelf(BUDGETS).keys(event.now.key[0]):
            budget = self._k.store.find(BUDGETS, *key)
            if budget is not None and matches(dig(budget, "spec", "selector"), labels_of(pod)):
                self._k.look(self.budget, key)

    def quota(self, key: StoreKey) -> None:
        found = live_owner(self._k.store, QUOTAS, key)
        if found is not None:
            quotas.refresh(self._k.store, found)

    def budget(self, key: StoreKey) -> None:
        found = live_owner(self._k.store, BUDGETS, key)
        if found is None:
            return
        now, spec = self._k.now(), found["spec"]
        chosen = [
            p
            for p in self._k.store.all("pods", key[0])
            if matches(spec.get("selector"), labels_of(p))
            and dig(p, "status", "phase") not in ("Succeeded", "Failed")
        ]
        recent = {
            name: at
            for name, at in dig(found, "status", "disruptedPods", default={}).items()
            if any(name_of(p) == name and not deleting(p) for p in chosen)
            and (seconds(at) or 0) > now - _DISRUPTED_FOR
        }
        healthy = sum(ready(p) and not deleting(p) and name_of(p) not in recent for p in chosen)
        expected = self._expected(chosen)
        if spec.get("maxUnavailable") is not None:
            needed = max(0, expected - rounded(spec["maxUnavailable"], expected, up=True))
        else:
            least = spec.get("minAvailable", 1)
            if isinstance(least, int):
                expected = len(chosen)
            needed = rounded(least, expected, up=True, default=1)
        allowed = max(0, healthy - needed) if expected > 0 else 0
        conditions = dig(found, "status", "conditions", default=[])
        said = ("True", "SufficientPods", "") if allowed > 0 else ("False", "InsufficientPods", "")
        generation = found["metadata"].get("generation", 1)
        conditions = [
            {**c, "observedGeneration": generation}
            for c in set_condition(conditions, "DisruptionAllowed", *said, now)
        ]
        self._k.update(
            BUDGETS,
            with_status(
                found,
                observedGeneration=generation,
                disruptedPods=recent or None,
                disruptionsAllowed=allowed,
                currentHealthy=healthy,
                desiredHealthy=needed,
                expectedPods=expected,
                conditions=conditions,
            ),
        )
        if recent:
            self._k.look(self.budget, key, _DISRUPTED_FOR)

    def _expected(self, chosen: list[Obj]) -> int:
        """What the pods' controllers want, which a percentage refers to."""
        scales: dict[str, int] = {}
        for pod in chosen:
            ref = controller_of(pod)
            if ref is None or ref["kind"] not in _SCALES:
                continue
            owner = self._k.store.find(_SCALES[ref["kind"]], pod["metadata"]["namespace"], ref["name"])
            above = controller_of(owner) if owner is not None else None
            if owner is not None and above is not None and above["kind"] in ("Deployment", "Rollout"):
                owner = self._k.store.find(
                    _SCALES[above["kind"]], pod["metadata"]["namespace"], above["name"]
                )
            if owner is not None:
                scales[owner["metadata"]["uid"]] = dig(owner, "spec", "replicas", default=1)
        return sum(scales.values()) if scales else len(chosen)
