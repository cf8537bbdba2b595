"""What something is capable of by its kind and state. The playbook says which; an action names the one that it needs."""

from __future__ import annotations

from enum import StrEnum


class Capability(StrEnum):
    # of a workload, or of what carries its release
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
    TERMINABLE = "terminable"
    # of a pod
    DELETABLE = "deletable"
    EVICTABLE = "evictable"
    ISOLATABLE = "isolatable"
    SHELL = "shell"
    PORT_FORWARD = "port-forward"
    # of a node
    CORDONABLE = "cordonable"
    UNCORDONABLE = "uncordonable"
    DRAINABLE = "drainable"
    # of what a person decides and the store remembers
    DECIDABLE = "decidable"
    WITHDRAWABLE = "withdrawable"
    SIGNABLE = "signable"
    APPROVABLE = "approvable"
    DENIABLE = "deniable"
    BREAKABLE = "breakable"
    CLOSABLE = "closable"
