"""The ids of all actions, without what they import: for the validation of a configuration that names them.

A test holds them to the registry.
"""

from __future__ import annotations

MAY_WAIT = frozenset(
    {
        "analysis.stop",
        "canary.open-gate",
        "canary.resume",
        "canary.retry",
        "canary.skip-analysis",
        "rollout.promote",
        "rollout.promote-full",
        "rollout.retry",
        "rollout.stop-analysis",
        "workload.release",
        "workload.scale",
    }
)
"""What a closed calendar freezes (of scale: down), and what a second person may be asked for."""
EXEMPT = frozenset(
    {
        "canary.close-gate",
        "canary.suspend",
        "node.cordon",
        "node.drain",
        "node.uncordon",
        "pod.delete",
        "pod.evict",
        "pod.isolate",
        "pod.port-forward",
        "pod.shell",
        "rollout.abort",
        "rollout.undo",
        "workload.hold",
        "workload.restart",
        "workload.rollback",
    }
)


def wrong_id(name: str) -> str:
    """Why ``name`` is no action's id, "" where it is one."""
    if name in MAY_WAIT or name in EXEMPT:
        return ""
    return f"there is no action {name!r}; one of {', '.join(sorted(MAY_WAIT | EXEMPT))}"


def wrong_for_second_person(name: str) -> str:
    """Why ``name`` ("rollout.promote-full", "production/rollout.promote-full") cannot ask for a second person."""
    action = name.rpartition("/")[2]
    why = wrong_id(action)
    if not why and action in EXEMPT:
        why = f"{action} never waits for a second person; only these may: {', '.join(sorted(MAY_WAIT))}"
    return why
