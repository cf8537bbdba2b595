"""What a Canary says of itself: its status, and the Events about it."""

from __future__ import annotations

from tfdash.demo.apiserver.objects import Obj, stamp, with_status
from tfdash.demo.controllers.kernel import Kernel

STORAGE = "canaries.flagger.app"
_SOURCE = "flagger"
_WORDS = {
    "Initializing": ("Unknown", "New Deployment detected, starting initialization."),
    "Initialized": ("True", "Deployment initialization completed."),
    "Waiting": ("Unknown", "Waiting for approval."),
    "WaitingPromotion": ("Unknown", "Waiting for approval."),
    "Progressing": ("Unknown", "New revision detected, progressing canary analysis."),
    "Promoting": ("Unknown", "Canary analysis completed, starting primary rolling update."),
    "Finalising": ("Unknown", "Canary analysis completed, routing all traffic to primary."),
    "Succeeded": ("True", "Canary analysis completed successfully, promotion finished."),
    "Failed": ("False", "Canary analysis failed, Deployment scaled to zero."),
}


def analysis_of(canary: Obj) -> Obj:
    found: Obj = canary["spec"].get("analysis") or canary["spec"].get("canaryAnalysis") or {}
    return found


def set_status(kernel: Kernel, canary: Obj, **changes: object) -> None:
    """Write ``changes`` into its status, with the condition that a new phase brings."""
    now = stamp(kernel.now())
    status: Obj = {
        "canaryWeight": 0,
        "failedChecks": 0,
        "iterations": 0,
        **canary.get("status", {}),
        **changes,
    }
    status["lastTransitionTime"] = now
    phase = str(status.get("phase", ""))
    if phase in _WORDS and "phase" in changes:
        truth, message = _WORDS[phase]
        status["conditions"] = [
            {
                "type": "Promoted",
                "status": truth,
                "reason": phase,
                "message": message,
                "lastUpdateTime": now,
                "lastTransitionTime": now,
            }
        ]
    kernel.update(STORAGE, with_status(canary, **status))


def tell(kernel: Kernel, canary: Obj, message: str, kind: str = "Normal") -> None:
    """An Event about it."""
    kernel.tell(STORAGE, canary, kind, "Synced", message, _SOURCE)
