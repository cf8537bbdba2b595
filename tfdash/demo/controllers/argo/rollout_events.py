"""What the Rollouts controller says of a change, as Events."""

from __future__ import annotations

from tfdash.demo.apiserver.objects import Obj
from tfdash.demo.controllers.argo import rollout_status as say
from tfdash.demo.controllers.argo.rollout_reconcile import RolloutReconcile
from tfdash.demo.controllers.argo.rollout_replicasets import tell
from tfdash.demo.controllers.kernel import Kernel


def announce(kernel: Kernel, turn: RolloutReconcile, old: Obj, status: Obj) -> None:
    """The Events of what changed from status ``old`` to ``status``."""
    was, held = bool(old.get("pauseConditions")), bool(status.get("pauseConditions"))
    if held and not was:
        reason = status["pauseConditions"][0]["reason"]
        tell(kernel, turn.rollout, "RolloutPaused", f"Rollout is paused ({reason})")
    elif was and not held and not status.get("abortedAt"):
        tell(kernel, turn.rollout, "RolloutResumed", "Rollout is resumed")
    if not say.completed(status) and say.completed(old):
        revision = say.revision_of(turn.stored)
        message = f"Rollout not completed, started update to revision {revision} ({status['currentPodHash']})"
        tell(kernel, turn.rollout, "RolloutNotCompleted", message)
