"""The simulated traffic router: where a Rollout names one, the weights are set at once and stand in its status."""

from __future__ import annotations

from tfdash.demo.apiserver.objects import Obj, dig
from tfdash.demo.controllers.argo import rollout_status as say
from tfdash.demo.controllers.argo import rollout_steps as at
from tfdash.demo.controllers.argo.rollout_reconcile import RolloutReconcile
from tfdash.demo.controllers.argo.rollout_replicasets import tell
from tfdash.demo.controllers.kernel import Kernel

_MANAGED = "argo-rollouts.argoproj.io/managed-by-rollouts"


class TrafficRouter:
    def __init__(self, kernel: Kernel) -> None:
        self._k = kernel

    def services(self, turn: RolloutReconcile) -> None:
        """The stable and the canary Service select the pods of one version each."""
        canary = at.canary_of(turn.rollout)
        for field, found in (("stableService", turn.stable), ("canaryService", turn.new)):
            if turn.aborted and field == "canaryService":
                found = turn.stable
            if found is not None and canary.get(field) and at.available(found) > 0:
                self._point(turn, canary[field], say.hash_of(found))

    def _point(self, turn: RolloutReconcile, name: str, digest: str) -> None:
        service = self._k.store.find("services", turn.key[0], name)
        if service is None or dig(service, "spec", "selector", say.HASH) == digest:
            return
        marked = {**(service["metadata"].get("annotations") or {}), _MANAGED: turn.key[1]}
        chosen = {**(service["spec"].get("selector") or {}), say.HASH: digest}
        after = {**service, "metadata": {**service["metadata"], "annotations": marked}}
        self._k.update("services", {**after, "spec": {**service["spec"], "selector": chosen}})
        message = f"Switched selector for service '{name}' from '{dig(service, 'spec', 'selector', say.HASH, default='')}' to '{digest}'"
        tell(self._k, turn.rollout, "SwitchService", message)

    def weigh(self, turn: RolloutReconcile) -> None:
        """Set what the step wants, as far as the pods are there to take it."""
        canary = at.canary_of(turn.rollout)
        if not at.routed(turn.rollout):
            turn.weights = None
            return
        weight = self._wanted(turn)
        if turn.stable is None or at.available(turn.stable) < (100 - weight) * at.wanted(turn.rollout) // 100:
            return
        after: Obj = {
            "canary": {"weight": weight, "podTemplateHash": say.hash_of(turn.new)},
            "stable": {"weight": 100 - weight, "podTemplateHash": say.hash_of(turn.stable)},
        }
        for side in ("canary", "stable"):
            if canary.get(f"{side}Service"):
                after[side]["serviceName"] = canary[f"{side}Service"]
        before = turn.weights
        if before is not None and {k: before.get(k) for k in after} == after:
            return
        words = f"to {weight}"
        if before is not None:
            was = dig(before, "canary", "weight", default=0)
            words = f"from {was} to {weight}" if was != weight else ""
        tell(self._k, turn.rollout, "TrafficWeightUpdated", f"Traffic weight updated {words}")
        turn.weights = after

    def _wanted(self, turn: RolloutReconcile) -> int:
        status, index = turn.stored.get("status", {}), at.index_of(turn.rollout)
        if say.promoted(status) or turn.aborted or turn.new is None or not at.available(turn.new):
            return 0
        if status.get("promoteFull"):
            return int(dig(turn.weights, "canary", "weight", default=0))
        if index is None:
            return 0
        if not at.settled(turn.rollout, turn.new, turn.apart, turn.others):
            return at.weight_before(turn.rollout, index)
        return at.set_weight(turn.rollout)

    def refers(self, turn: RolloutReconcile, found: Obj) -> bool:
        """Whether traffic may still reach a ReplicaSet: it is named in the weights or by a Service."""
        digest, canary = say.hash_of(found), at.canary_of(turn.rollout)
        status = turn.stored.get("status", {})
        named = {status.get("stableRS"), status.get("currentPodHash")}
        for side in ("canary", "stable"):
            named.add(dig(status, "canary", "weights", side, "podTemplateHash"))
            service = self._k.store.find("services", turn.key[0], canary.get(f"{side}Service", ""))
            if service is not None:
                named.add(dig(service, "spec", "selector", say.HASH))
        return digest in named
