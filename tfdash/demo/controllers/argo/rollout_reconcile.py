"""One look at one Rollout: its ReplicaSets by role, what this look decided, and the status that follows from it."""

from __future__ import annotations

from tfdash.demo.apiserver.object_store import ObjectStore
from tfdash.demo.apiserver.objects import Obj, created, dig, name_of, namespace_of, stamp
from tfdash.demo.controllers.argo import rollout_status as say
from tfdash.demo.controllers.argo import rollout_steps as at
from tfdash.demo.controllers.argo.rollout_replicasets import find_new
from tfdash.demo.controllers.replicaset import STORAGE as SETS


class RolloutReconcile:
    """``stored`` is the object as it lies in the store, ``rollout`` the same with its referred template.

    ``pauses`` are reasons to pause that this look adds, ``unpause`` those it ends, ``clear`` ends all of them;
    ``abort_message`` is why it aborts, ``unabort`` takes an abort back.
    """

    def __init__(self, stored: Obj, rollout: Obj, sets: list[Obj], now: float) -> None:
        self.stored = stored
        self.rollout = rollout
        self.sets = sets
        self.now = now
        self.key = (namespace_of(stored), name_of(stored))
        self.pauses: list[str] = []
        self.unpause: set[str] = set()
        self.clear = False
        self.unabort = say.promoted(stored.get("status", {})) and bool(dig(stored, "status", "abort"))
        self.abort_message = ""
        self.weights: Obj | None = dig(stored, "status", "canary", "weights")
        self.restarted_at: str | None = dig(stored, "status", "restartedAt")
        self.step_run: Obj | None = None
        self.background_run: Obj | None = None
        self.experiment: Obj | None = None
        self._sort()

    def refresh(self, store: ObjectStore) -> None:
        """The ReplicaSets as they are by now."""
        self.sets = store.owned(SETS, self.stored)
        self._sort()

    def _sort(self) -> None:
        self.new = find_new(self.rollout, self.sets)
        hashed = dig(self.stored, "status", "stableRS", default="")
        self.stable = next((s for s in self.sets if hashed and say.hash_of(s) == hashed), None)

    @property
    def apart(self) -> Obj | None:
        """The stable ReplicaSet, where it is another than the new one."""
        if self.stable is None or self.new is None or name_of(self.stable) != name_of(self.new):
            return self.stable
        return None

    @property
    def others(self) -> list[Obj]:
        known = {name_of(s) for s in (self.new, self.stable) if s is not None}
        return [s for s in self.sets if name_of(s) not in known]

    @property
    def aborted(self) -> bool:
        return not self.unabort and bool(self.abort_message or dig(self.stored, "status", "abort"))

    def pause_of(self, reason: str) -> Obj | None:
        found: list[Obj] = dig(self.stored, "status", "pauseConditions", default=[])
        return next((p for p in found if p["reason"] == reason), None)

    def changed(self) -> bool:
        """Whether the template or the steps are others than the status speaks of."""
        status = self.stored.get("status", {})
        if status.get("currentStepHash") != say.step_hash(self.rollout):
            return True
        current = status.get("currentPodHash", "")
        return bool(current) and self.new is not None and current != say.hash_of(self.new)

    # -- back to what was -----------------------------------------------------------------------------------------

    def within_window(self) -> bool:
        """Going back by so few revisions that the Rollout's rollbackWindow lets it skip the steps."""
        window = dig(self.rollout, "spec", "rollbackWindow", "revisions", default=0)
        if self.new is None or self.stable is None or not window:
            return False
        first, last = created(self.new), created(self.stable)
        return first < last and sum(first < created(s) < last for s in self.sets) < window

    def fast_back(self) -> bool:
        if self.new is None or self.stable is None:
            return False
        return self.within_window() or say.hash_of(self.new) == dig(self.stored, "status", "stableRS")

    def full_promotion(self) -> str:
        """Why the new version is stable from now on, or ""."""
        if self.stable is None:
            return "Initial deploy"
        if self.aborted or self.new is None or at.available(self.new) < at.wanted(self.rollout):
            return ""
        if dig(self.stored, "status", "promoteFull"):
            return "Full promotion requested"
        if self.fast_back():
            return "Rollback within window" if self.within_window() else "Fast rollback"
        count = len(at.steps_of(self.rollout))
        current = dig(self.stored, "status", "currentStepIndex")
        if count == 0 or current == count:
            return f"Completed all {count} canary steps"
        return ""

    # -- the status ---------------------------------------------------------------------------------------------

    def status(self) -> Obj:
        """Counts, hashes and analyses; conditions, pauses and phase come last (``hold``)."""
        old = self.stored.get("status", {})

        def total(field: str, sets: list[Obj]) -> int:
            return sum(int(dig(s, "status", field, default=0)) for s in sets)

        status: Obj = {
            "observedGeneration": str(self.stored["metadata"].get("generation", 0)),
            "currentPodHash": say.hash_of(self.new) or old.get("currentPodHash", ""),
            "currentStepHash": say.step_hash(self.rollout),
            "stableRS": old.get("stableRS", ""),
            "replicas": total("replicas", self.sets) or None,
            "HPAReplicas": total("replicas", self.sets) or None,
            "updatedReplicas": total("replicas", [self.new] if self.new else []) or None,
            "readyReplicas": total("readyReplicas", self.sets) or None,
            "availableReplicas": total("availableReplicas", self.sets) or None,
            "collisionCount": old.get("collisionCount"),
            "restartedAt": self.restarted_at,
            "blueGreen": {},
            "canary": self._canary(old),
        }
        if at.steps_of(self.rollout):
            status["currentStepIndex"] = old.get("currentStepIndex")
        status["promoteFull"] = (
            bool(old.get("promoteFull")) and status["currentPodHash"] != status["stableRS"]
        )
        if self.rollout["spec"].get("workloadRef"):
            status["workloadObservedGeneration"] = old.get("workloadObservedGeneration", "1")
        return {k: v for k, v in status.items() if v is not None}

    def _canary(self, old: Obj) -> Obj:
        found: Obj = {}
        for field, run in (
            ("currentStepAnalysisRunStatus", self.step_run),
            ("currentBackgroundAnalysisRunStatus", self.background_run),
        ):
            if run is not None:
                told = {
                    "name": name_of(run),
                    "status": dig(run, "status", "phase", default=""),
                    "message": dig(run, "status", "message"),
                }
                found[field] = {k: v for k, v in told.items() if v is not None}
        if self.experiment is not None:
            found["currentExperiment"] = name_of(self.experiment)
        if at.routed(self.rollout) and self.weights is not None:
            found["weights"] = self.weights
        return found

    def reset(self, status: Obj) -> None:
        """The beginning of an update."""
        self.clear = self.unabort = True
        self.pauses.clear()
        status.pop("promoteFull", None)
        if self.rollout["spec"].get("restartAt"):
            status["restartedAt"] = self.rollout["spec"]["restartAt"]
        for field in (
            "currentStepAnalysisRunStatus",
            "currentBackgroundAnalysisRunStatus",
            "currentExperiment",
        ):
            status["canary"].pop(field, None)
        if at.steps_of(self.rollout):
            status["currentStepIndex"] = 0
        else:
            status.pop("currentStepIndex", None)

    def hold(self, status: Obj) -> None:
        """The abort and the pauses that are in force after this look."""
        old = self.stored.get("status", {})
        if self.aborted:
            status |= {"abort": True, "abortedAt": old.get("abortedAt") or stamp(self.now)}
            return
        if self.clear:
            return
        conditions = [p for p in old.get("pauseConditions") or () if p["reason"] not in self.unpause]
        known = {p["reason"] for p in old.get("pauseConditions") or ()}
        added = [r for r in self.pauses if r not in known]
        conditions += [{"reason": reason, "startTime": stamp(self.now)} for reason in added]
        if conditions:
            status["pauseConditions"] = conditions
            status["controllerPause"] = bool(old.get("controllerPause")) or bool(added)
