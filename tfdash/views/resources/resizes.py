"""Pods that are being resized in place, and those that wait for it: what the kubelet says. Read only here.

https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/: PodResizePending is Deferred (no room on the
node now) or Infeasible (never on this node); PodResizeInProgress is without a reason, or Error.
"""

from __future__ import annotations

from tfdash.model.kube import Condition
from tfdash.model.picture import ClusterPicture
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level
from tfdash.text import safe
from tfdash.views import state as states
from tfdash.views.resources.containers import pods_of
from tfdash.views.table import Line

IN_PROGRESS = "PodResizeInProgress"
RESIZES = ("PodResizePending", IN_PROGRESS)
_NAMED = 3  # pods of one line
_LEVELS = {"Infeasible": Level.WARN, "Error": Level.WARN, "Deferred": Level.PAUSED}
_REST = {
    "Infeasible": "the node can never hold it: a new pod elsewhere could",
    "Deferred": "no room on its node now",
    "InProgress": "its node is at it",
    "Error": "its node failed at it",
}


def resize_lines(cluster: ClusterPicture | None, subject: Subject) -> list[Line]:
    """One for each state and each word of a kubelet, the gravest first."""
    found: dict[tuple[str, str], list[str]] = {}
    for pod in pods_of(cluster, subject) if cluster is not None else ():
        for condition in pod.conditions:
            if condition.type in RESIZES and condition.status == "True":
                found.setdefault((word_of(condition), condition.message), []).append(pod.name)
    lines: list[Line] = []
    for (word, message), names in sorted(
        found.items(), key=lambda f: (-_LEVELS.get(f[0][0], Level.MOVING), f[0])
    ):
        state = states.STATES[_LEVELS.get(word, Level.MOVING)].worded(word)
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        who = f"{', '.join(sorted(names)[:_NAMED])}{more}"
        rest = message or _REST.get(word, "")
        lines.append(
            [
                (" resize   ", "dim"),
                (f"{state.text}  ", state.token),
                safe(f"{who}{f': {rest}' if rest else ''}"),
            ]
        )
    return lines


def word_of(condition: Condition) -> str:
    """``Deferred``, ``Infeasible``, ``InProgress``, ``Error``, or what else the kubelet calls it."""
    return condition.reason or ("InProgress" if condition.type == IN_PROGRESS else "Pending")
