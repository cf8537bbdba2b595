"""What something is capable of by its kind and state, as the playbook says it; an action names the one that it needs."""

from __future__ import annotations

from enum import StrEnum


class Capability(StrEnum):
    """Of a workload, or of what carries its release."""

    REVERTIBLE = "revertible"
    RESTARTABLE = "restartable"
    SCALABLE = "scalable"
    HOLDABLE = "holdable"
    PROMOTABLE = "promotable"
    FULLY_PROMOTABLE = "fully-promotable"
    ABORTABLE = "abortable"
    RETRYABLE = "retryable"
    UNDOABLE = "undoable"
    GATE_OPEN = "gate-open"
    GATE_CLOSE = "gate-close"
    SUSPENDABLE = "suspendable"
    RESUMABLE = "resumable"
    SKIPPABLE = "skippable"
    STOPPABLE = "stoppable"  # of a namespace: outside its hours it may be scaled to nothing
