"""The Argo Rollouts controller: canaries by steps, over ReplicaSets, with pauses, analyses, aborts and full promotion.

One look does what one reconciliation of the real controller does, in its order, and leaves the status it would leave.
Not simulated: blue-green, dynamicStableScale, ping-pong services and step plugins.
"""

from __future__ import annotations

from tfdash.demo.apiserver.deleting import remove
from tfdash.demo.apiserver.object_store import DELETED, Happened, StoreKey
from tfdash.demo.apiserver.objects import (
    Obj,
    annotations_of,
    condition,
    controller_of,
    created,
    dig,
    name_of,
    seconds,
    with_annotations,
    with_spec,
    with_status,
)
from tfdash.demo.apiserver.table.workloads import selector
from tfdash.demo.controllers.argo import rollout_replicasets as shelf
from tfdash.demo.controllers.argo import rollout_status as say
from tfdash.demo.controllers.argo import rollout_steps as at
from tfdash.demo.controllers.argo.rollout_analysis import TEMPLATES, Runs, problem_of
from tfdash.demo.controllers.argo.rollout_events import announce
from tfdash.demo.controllers.argo.rollout_pods import Pods
from tfdash.demo.controllers.argo.rollout_reconcile import RolloutReconcile
from tfdash.demo.controllers.argo.rollout_replicasets import DESIRED, STORAGE, tell
from tfdash.demo.controllers.argo.rollout_traffic import TrafficRouter
from tfdash.demo.controllers.kernel import Kernel
from tfdash.demo.controllers.replicaset import STORAGE as SETS
from tfdash.demo.controllers.workload import active, available, live_owner

_INVALID_AGAIN = 20.0
_RESTART_AGAIN = 30.0
_OWN = ("analysisruns.argoproj.io", "experiments.argoproj.io", SETS)


class Rollouts:
    def __init__(self, kernel: Kernel) -> None:
        self._k = kernel
        self._runs = Runs(kernel)
        self._traffic = TrafficRouter(kernel)
        self._pods = Pods(kernel, self._traffic, self.reconcile)
        kernel.store.listen(STORAGE, self._own)
        for storage in _OWN:
            kernel.store.listen(storage, self._below)
        kernel.store.listen("deployments.apps", self._reference)
        for storage in TEMPLATES:
            kernel.store.listen(storage, self._template)

    def _own(self, storage: str, event: Happened) -> None:
        if event.type != DELETED:
            self._k.look(self.reconcile, event.now.key)

    def _below(self, storage: str, event: Happened) -> None:
        owner = controller_of(event.now.obj)
        if owner is not None and owner["kind"] == "Rollout":
            self._k.look(self.reconcile, (event.now.key[0], owner["name"]))

    def _reference(self, storage: str, event: Happened) -> None:
        for rollout in self._k.store.all(STORAGE, event.now.key[0]):
            if dig(rollout, "spec", "workloadRef", "name") == event.now.key[1]:
                self._k.look(self.reconcile, (event.now.key[0], name_of(rollout)))

    def _template(self, storage: str, event: Happened) -> None:
        for rollout in self._k.store.all(STORAGE, event.now.key[0]):
            if condition(rollout, "InvalidSpec") is not None:
                self._k.look(
                    self.reconcile, (event.now.key[0] or rollout["metadata"]["namespace"], name_of(rollout))
                )

    # -- one look -----------------------------------------------------------------------------------------------

    def reconcile(self, key: StoreKey) -> None:
        stored = live_owner(self._k.store, STORAGE, key)
        if stored is None or dig(stored, "spec", "strategy", "blueGreen") is not None:
            return
        if dig(stored, "spec", "replicas") is None:
            self._k.update(STORAGE, with_spec(stored, replicas=1))
            return
        rollout, problem = self._resolved(stored)
        problem = problem or problem_of(self._k.store, rollout)
        if problem:
            self._invalid(stored, problem)
            self._k.look(self.reconcile, key, _INVALID_AGAIN)
            return
        turn = RolloutReconcile(stored, rollout, self._k.store.owned(SETS, stored), self._k.now())
        if turn.new is None:
            self._begin(turn)
            return
        if self._paused_conditions(turn):
            return
        if self._renumbered(turn):
            return
        if any(
            at.size(s) and annotations_of(s).get(DESIRED, "") not in ("", str(at.wanted(rollout)))
            for s in (turn.new, turn.stable)
            if s is not None
        ):
            self._pods.size(turn)
            self._persist(turn)
            return
        self._canary(turn)

    def _resolved(self, stored: Obj) -> tuple[Obj, str]:
        """With the template of the workload that it refers to."""
        ref = stored["spec"].get("workloadRef")
        if not ref:
            return stored, ""
        found = self._k.store.find("deployments.apps", stored["metadata"]["namespace"], ref.get("name", ""))
        if found is None:
            return stored, f'deployments.apps "{ref.get("name", "")}" not found'
        chosen = stored["spec"].get("selector") or found["spec"]["selector"]
        return with_spec(stored, template=found["spec"]["template"], selector=chosen), ""

    def _invalid(self, stored: Obj, problem: str) -> None:
        message = f'The Rollout "{name_of(stored)}" is invalid: {problem}'
        conditions = dig(stored, "status", "conditions", default=[])
        old = condition(stored, "InvalidSpec")
        conditions = say.with_condition(
            conditions,
            "InvalidSpec",
            "True",
            "InvalidSpec",
            message,
            self._k.now(),
            fresh=old is not None and old["message"] != message,
        )
        status = {**stored.get("status", {}), "conditions": conditions}
        status["phase"], status["message"] = say.phase(stored, status)
        status["observedGeneration"] = str(stored["metadata"].get("generation", 0))
        self._k.update(STORAGE, {**stored, "status": status})

    def _begin(self, turn: RolloutReconcile) -> None:
        """The ReplicaSet of a template that has none."""
        made = shelf.make(self._k, turn.rollout, turn.sets)
        if made is None:
            count = dig(turn.stored, "status", "collisionCount", default=0) + 1
            self._k.update(STORAGE, with_status(turn.stored, collisionCount=count))
            return
        found = with_annotations(turn.stored, **{say.REVISION: str(say.revision_of(made))})
        message = f'Created new replica set "{name_of(made)}"'
        conditions = say.with_condition(
            dig(found, "status", "conditions", default=[]),
            "Progressing",
            "True",
            "NewReplicaSetCreated",
            message,
            turn.now,
        )
        self._k.update(STORAGE, with_status(found, conditions=conditions))
        tell(self._k, found, "RolloutUpdated", f"Rollout updated to revision {say.revision_of(made)}")

    def _renumbered(self, turn: RolloutReconcile) -> bool:
        assert turn.new is not None
        older = [s for s in turn.sets if name_of(s) != name_of(turn.new)]
        turn.new = shelf.renumber(self._k, turn.rollout, turn.new, older)
        if say.revision_of(turn.new) == say.revision_of(turn.stored):
            return False
        revision = say.revision_of(turn.new)
        self._k.update(STORAGE, with_annotations(turn.stored, **{say.REVISION: str(revision)}))
        tell(self._k, turn.stored, "RolloutUpdated", f"Rollout updated to revision {revision}")
        return True

    def _paused_conditions(self, turn: RolloutReconcile) -> bool:
        """Progressing and Paused follow what holds it, before anything else is done."""
        old = turn.stored.get("status", {})
        found = before = list(old.get("conditions") or ())
        held = bool(old.get("pauseConditions")) or bool(turn.rollout["spec"].get("paused"))
        shown = condition(turn.stored, "Progressing")
        aborted = shown is not None and shown["reason"] == "RolloutAborted"
        said_paused = shown is not None and shown["reason"] == "RolloutPaused"
        if held != said_paused and not aborted and not say.completed(old):
            words = (
                ("RolloutPaused", "Rollout is paused") if held else ("RolloutResumed", "Rollout is resumed")
            )
            found = say.with_condition(found, "Progressing", "Unknown", *words, turn.now)
        if aborted and not old.get("abort"):
            found = say.with_condition(
                found, "Progressing", "Unknown", "RolloutRetry", "Retrying Rollout after abort", turn.now
            )
        paused = condition(turn.stored, "Paused")
        if held != (paused is not None and paused["status"] == "True") and not aborted:
            truth = "True" if held else "False"
            found = say.with_condition(found, "Paused", truth, "RolloutPaused", "Rollout is paused", turn.now)
        if found is before:
            return False
        status = {**old, "conditions": found}
        status["observedGeneration"] = str(turn.stored["metadata"].get("generation", 0))
        status["phase"], status["message"] = say.phase(turn.rollout, status)
        after = {k: v for k, v in status.items() if v not in (None, "")}
        self._k.update(STORAGE, {**turn.stored, "status": after})
        return True

    # -- a canary -----------------------------------------------------------------------------------------------

    def _canary(self, turn: RolloutReconcile) -> None:
        if turn.changed():
            self._sync(turn)
            return
        if self._restart(turn):
            return
        self._forget_old(turn)
        self._traffic.services(turn)
        self._traffic.weigh(turn)
        self._runs.reconcile(turn)
        if turn.pauses:
            self._sync(turn)
            return
        if not self._pods.size(turn):
            self._pause(turn)
        self._sync(turn)

    def _restart(self, turn: RolloutReconcile) -> bool:
        """Pods older than restartAt are evicted, never more than may be missing; True while some just were."""
        asked = seconds(turn.rollout["spec"].get("restartAt"))
        key = turn.key
        if asked is None or asked == seconds(dig(turn.stored, "status", "restartedAt")):
            return False
        if asked > turn.now:
            self._k.look(self.reconcile, key, asked - turn.now + 0.05)
            return False
        pods = active(p for s in turn.sets for p in self._k.store.owned("pods", s))
        least = float(turn.rollout["spec"].get("minReadySeconds", 0))
        serving = sum(available(p, least, turn.now) for p in pods)
        total = max(at.wanted(turn.rollout), sum(at.size(s) for s in turn.sets))
        room = serving - (total - max(1, at.unavailable(turn.rollout)))
        old = [p for p in pods if created(p) < asked]
        for pod in old[: max(0, room)]:
            remove(self._k.store, "pods", pod)
        gone = min(max(0, room), len(old))
        if len(old) == gone:
            turn.restarted_at = turn.rollout["spec"]["restartAt"]
        else:
            self._k.look(self.reconcile, key, _RESTART_AGAIN)
        return gone > 0 and len(old) != gone

    def _forget_old(self, turn: RolloutReconcile) -> None:
        limit = dig(turn.rollout, "spec", "revisionHistoryLimit", default=10)
        for found in sorted(turn.others, key=created)[: max(0, len(turn.others) - limit)]:
            if not at.size(found) and not dig(found, "status", "replicas", default=0):
                self._k.store.delete(SETS, turn.key[0], name_of(found))
                turn.sets = [s for s in turn.sets if name_of(s) != name_of(found)]

    def _pause(self, turn: RolloutReconcile) -> None:
        step = at.step_of(turn.rollout)
        status = turn.stored.get("status", {})
        if turn.rollout["spec"].get("paused") or status.get("promoteFull") or step is None:
            return
        if step.get("pause") is None:
            return
        held = turn.pause_of("CanaryPauseStep")
        if held is None:
            if not status.get("controllerPause"):
                turn.pauses.append("CanaryPauseStep")
            return
        if step["pause"].get("duration") is not None:
            left = (seconds(held["startTime"]) or turn.now) + at.pause_seconds(step) - turn.now
            if left >= 0:
                self._k.look(self.reconcile, turn.key, left + 0.05)

    # -- status -------------------------------------------------------------------------------------------------

    def _sync(self, turn: RolloutReconcile) -> None:
        """The status after this look; where the step is done, the next step."""
        turn.refresh(self._k.store)
        rollout, status, count = turn.rollout, turn.status(), len(at.steps_of(turn.rollout))
        canary = status["canary"]
        index = at.index_of(rollout)
        if turn.changed():
            turn.reset(status)
            if count and turn.new is not None:
                if status.get("stableRS") == say.hash_of(turn.new):
                    tell(self._k, rollout, "SkipSteps", "Rollback to stable ReplicaSets")
                    status["currentStepIndex"] = count
                elif turn.within_window() and at.size(turn.new):
                    tell(
                        self._k, rollout, "SkipSteps", "Rollback to active ReplicaSets within RollbackWindow"
                    )
                    status["currentStepIndex"] = count
            self._persist(turn, status)
            return
        if status.get("promoteFull") or turn.within_window():
            turn.clear = turn.unabort = True
            index = count if count else None
        reason = turn.full_promotion()
        if reason:
            self._promote(turn, status, reason)
        elif turn.aborted:
            if count:
                status["currentStepIndex"] = count if say.promoted(status) else 0
        else:
            step = at.step_of(rollout)
            if (
                step is not None
                and index is not None
                and index < count
                and self._step_done(turn, step, status)
            ):
                index += 1
                canary.pop("currentStepAnalysisRunStatus", None)
                message = f"Rollout step {index}/{count} completed ({at.step_words(step)})"
                tell(self._k, rollout, "RolloutStepCompleted", message)
                turn.unpause.add("CanaryPauseStep")
            if index is not None:
                status["currentStepIndex"] = index
        self._persist(turn, status)

    def _promote(self, turn: RolloutReconcile, status: Obj, reason: str) -> None:
        turn.clear = turn.unabort = True
        status.pop("promoteFull", None)
        count = len(at.steps_of(turn.rollout))
        if count:
            status["currentStepIndex"] = count
        if status.get("stableRS") != status["currentPodHash"]:
            status["stableRS"] = status["currentPodHash"]
            revision = say.revision_of(turn.stored)
            message = (
                f"Rollout completed update to revision {revision} ({status['currentPodHash']}): {reason}"
            )
            tell(self._k, turn.rollout, "RolloutCompleted", message)

    def _step_done(self, turn: RolloutReconcile, step: at.Step, status: Obj) -> bool:
        if turn.rollout["spec"].get("paused"):
            return False
        old = turn.stored.get("status", {})
        if step.get("pause") is not None:
            held = turn.pause_of("CanaryPauseStep")
            if held is None:
                return bool(old.get("controllerPause"))
            if step["pause"].get("duration") is None:
                return False
            return turn.now > (seconds(held["startTime"]) or turn.now) + at.pause_seconds(step)
        if step.get("setWeight") is not None or step.get("setCanaryScale") is not None:
            return at.settled(turn.rollout, turn.new, turn.apart, turn.others)
        if step.get("analysis") is not None:
            return turn.step_run is not None and dig(turn.step_run, "status", "phase") == "Successful"
        if step.get("experiment") is not None:
            return turn.experiment is not None and dig(turn.experiment, "status", "phase") == "Successful"
        return True

    def _persist(self, turn: RolloutReconcile, status: Obj | None = None) -> None:
        turn.refresh(self._k.store)
        status = turn.status() if status is None else status
        old = turn.stored.get("status", {})
        turn.hold(status)
        waiting = any(shelf.deadline_of(s) is not None for s in turn.others)
        shown = {
            **status,
            "conditions": [c for c in old.get("conditions") or () if c["type"] != "InvalidSpec"],
        }
        status["conditions"] = say.conditions(
            turn.rollout,
            shown,
            turn.new,
            turn.sets,
            turn.now,
            aborted=turn.aborted,
            why=turn.abort_message,
            waiting=waiting,
        )
        status["phase"], status["message"] = say.phase(turn.rollout, status)
        if turn.abort_message and not old.get("abort"):
            message = next(c["message"] for c in status["conditions"] if c["type"] == "Progressing")
            tell(self._k, turn.rollout, "RolloutAborted", message, "Warning")
        announce(self._k, turn, old, status)
        status = {k: v for k, v in status.items() if v is not None and v is not False and v != ""}
        status["selector"] = selector(turn.rollout["spec"]["selector"])
        after = self._k.update(STORAGE, {**turn.stored, "status": status})
        left = say.deadline_left(turn.rollout, after["status"], turn.now)
        if (
            left is not None
            and left > 0
            and status["phase"] == "Progressing"
            and not say.endless(turn.rollout)
        ):
            self._k.look(self.reconcile, turn.key, left + 1.0)
