"""How many pods each ReplicaSet of a Rollout has next: by step and weight, after an abort, and what waits for its deadline."""

from __future__ import annotations

from tfdash.demo.apiserver.objects import Obj, created, name_of
from tfdash.demo.controllers.argo import rollout_replicasets as shelf
from tfdash.demo.controllers.argo import rollout_status as say
from tfdash.demo.controllers.argo import rollout_steps as at
from tfdash.demo.controllers.argo.rollout_reconcile import RolloutReconcile
from tfdash.demo.controllers.argo.rollout_traffic import TrafficRouter
from tfdash.demo.controllers.kernel import Kernel, Look


class Pods:
    """``again`` is the look at the Rollout that a deadline needs."""

    def __init__(self, kernel: Kernel, traffic: TrafficRouter, again: Look) -> None:
        self._k = kernel
        self._traffic = traffic
        self._again = again

    def size(self, turn: RolloutReconcile) -> bool:
        """Size the ReplicaSets; True where one changed, so that the rest waits."""
        rollout, new, stable = turn.rollout, turn.new, turn.stable
        assert new is not None
        if rollout["spec"].get("paused") or turn.pause_of("InconclusiveAnalysisRun") is not None:
            return False
        delayed = self._delays(turn)
        for found in (None if delayed else new, stable):
            if found is not None and shelf.deadline_of(found) is not None:
                shelf.set_deadline(self._k, found, None)
                turn.refresh(self._k.store)
        new, stable = turn.new, turn.stable
        assert new is not None
        apart = stable if stable is not None and name_of(stable) != name_of(new) else None
        canary, rest = at.counts(rollout, new, apart, turn.others)
        if apart is not None and shelf.scale(self._k, rollout, apart, rest):
            return True
        if delayed and apart is not None:
            until = shelf.deadline_of(new)
            delay = at.abort_delay(rollout)
            if until is None:
                shelf.scale(self._k, rollout, new, at.size(new))
                if at.available(apart) >= at.wanted(rollout) and delay is not None:
                    turn.refresh(self._k.store)
                    assert turn.new is not None
                    shelf.set_deadline(self._k, turn.new, turn.now + delay)
                return False
            if until > turn.now:
                self._k.look(self._again, turn.key, until - turn.now + 0.05)
                return False
            canary = 0
        if shelf.scale(self._k, rollout, new, canary, keep_deadline=delayed):
            return True
        return self._shrink_others(turn)

    def _delays(self, turn: RolloutReconcile) -> bool:
        """Whether an aborted canary waits for its deadline before its pods go."""
        routed, stable = at.routed(turn.rollout), turn.stable
        return turn.aborted and stable is not None and routed and at.abort_delay(turn.rollout) is not None

    def _shrink_others(self, turn: RolloutReconcile) -> bool:
        """What is neither stable nor canary goes, within maxUnavailable; behind a router the last stable waits."""
        rollout, changed = turn.rollout, False
        spare = sum(at.available(s) for s in turn.sets) - (at.wanted(rollout) - at.unavailable(rollout))
        for found in sorted(turn.others, key=created):
            broken = at.size(found) - at.available(found)
            if at.size(found) and broken > 0 and not at.routed(rollout):
                changed |= shelf.scale(self._k, rollout, found, at.size(found) - broken)
        if changed:
            return True
        for found in sorted(turn.others, key=say.revision_of, reverse=True):
            have = at.size(found)
            if not have or spare <= 0 or (at.routed(rollout) and self._traffic.refers(turn, found)):
                continue
            to = 0
            if not at.routed(rollout):
                to = max(0, have - spare)
            elif say.promoted(turn.stored.get("status", {})) or shelf.deadline_of(found) is not None:
                to = self._kept(turn, found)
            if to != have:
                shelf.scale(self._k, rollout, found, to)
                spare -= have - to
                changed = True
        return changed

    def _kept(self, turn: RolloutReconcile, found: Obj) -> int:
        """An old stable behind a router keeps its pods for scaleDownDelaySeconds."""
        until = shelf.deadline_of(found)
        if until is None:
            delay = float(at.canary_of(turn.rollout).get("scaleDownDelaySeconds", 30))
            shelf.set_deadline(self._k, found, turn.now + delay)
            self._k.look(self._again, turn.key, delay + 0.05)
            return at.size(found)
        if until > turn.now:
            self._k.look(self._again, turn.key, until - turn.now + 0.05)
            return at.size(found)
        return 0
