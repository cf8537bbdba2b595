"""Every action there is, once: what it applies to, how it is confirmed, whether a closed calendar stops it.

FROZEN by a closed calendar: promote, full promote, retry, resume, skip and stop analysis, scale down, changes of size.
EXEMPT: roll back, abort, hold, restart, scale up, delete, evict, isolate, cordon, drain and what only looks.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tfdash.actions.argo import rollouts
from tfdash.actions.core.eligibility import Standing
from tfdash.actions.core.plan_context import Planning
from tfdash.actions.core.plan_digest import Draft
from tfdash.actions.flagger import canaries
from tfdash.actions.kubernetes import nodes, pods, rollback, scaling, workloads
from tfdash.model.action import FreezeRule, Risk
from tfdash.model.release import Phase

Maker = Callable[[Planning], Awaitable[Draft]]
_WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Rollout"})


@dataclass(frozen=True)
class Action:
    """``key`` "" is reached by the palette alone. ``promotes``: it moves a new version on, so a canary verdict is asked.

    ``concerns``: False where it is not even mentioned (a release of what is not held). ``arguments`` names what may be
    given, ``needed`` what must be.
    """

    id: str
    title: str
    key: str
    kinds: frozenset[str]
    capability: str
    risk: Risk
    freeze: FreezeRule
    make: Maker
    promotes: bool = False
    arguments: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()
    carried: bool = False  # acts on the carrier of the release rather than on the workload
    terminal: bool = False  # runs a command with the operator's terminal
    concerns: Callable[[Standing], bool] = lambda standing: True


def _held(standing: Standing) -> bool:
    return bool(getattr(standing.obj, "paused", False))


def _of(*kinds: str) -> frozenset[str]:
    return frozenset(kinds)


FROZEN, EXEMPT = FreezeRule.FROZEN, FreezeRule.EXEMPT
KEY, NAME, REASON = Risk.KEY, Risk.TYPED_NAME, Risk.TYPED_NAME_AND_REASON

_ALL = (
    Action(
        "workload.rollback",
        "workload: roll back",
        "b",
        _WORKLOADS | {"Canary"},
        "revertible",
        NAME,
        EXEMPT,
        rollback.roll_back,
        arguments=("revision",),
        carried=True,
    ),
    Action(
        "workload.restart",
        "workload: restart",
        "r",
        _WORKLOADS,
        "restartable",
        NAME,
        EXEMPT,
        workloads.restart,
    ),
    Action(
        "workload.hold",
        "workload: hold",
        "h",
        _of("Deployment", "Rollout"),
        "holdable",
        KEY,
        EXEMPT,
        workloads.hold,
        concerns=lambda s: not _held(s),
        carried=True,
    ),
    Action(
        "workload.release",
        "workload: release",
        "h",
        _of("Deployment", "Rollout"),
        "holdable",
        NAME,
        FROZEN,
        workloads.release,
        concerns=_held,
        carried=True,
    ),
    Action(
        "workload.scale",
        "workload: scale",
        "s",
        _of("Deployment", "StatefulSet", "Rollout"),
        "scalable",
        NAME,
        FROZEN,
        scaling.scale,
        arguments=("replicas", "minimum", "maximum"),
        needed=("replicas",),
    ),
    Action(
        "rollout.promote",
        "rollout: promote",
        "o",
        _of("Rollout"),
        "promotable",
        NAME,
        FROZEN,
        rollouts.promote,
        promotes=True,
        carried=True,
    ),
    Action(
        "rollout.promote-full",
        "rollout: promote fully",
        "",
        _of("Rollout"),
        "fully-promotable",
        REASON,
        FROZEN,
        rollouts.promote_full,
        promotes=True,
        carried=True,
    ),
    Action(
        "rollout.abort",
        "rollout: abort",
        "",
        _of("Rollout"),
        "abortable",
        NAME,
        EXEMPT,
        rollouts.abort_rollout,
        carried=True,
    ),
    Action(
        "rollout.retry",
        "rollout: retry",
        "",
        _of("Rollout"),
        "retryable",
        NAME,
        FROZEN,
        rollouts.retry,
        carried=True,
        concerns=lambda s: s.release is not None and s.release.phase is Phase.ABORTED,
    ),
    Action(
        "rollout.undo",
        "rollout: undo to a revision",
        "",
        _of("Rollout"),
        "undoable",
        NAME,
        EXEMPT,
        rollback.undo,
        arguments=("revision",),
        carried=True,
    ),
    Action(
        "rollout.stop-analysis",
        "analysis: stop",
        "",
        _of("Rollout"),
        "promotable",
        REASON,
        FROZEN,
        rollouts.stop_analysis,
        promotes=True,
        arguments=("run",),
        carried=True,
        concerns=lambda s: (
            s.release is not None and any(a.subject.kind == "AnalysisRun" for a in s.release.analyses)
        ),
    ),
    Action(
        "analysis.stop",
        "analysis: stop",
        "",
        _of("AnalysisRun"),
        "terminable",
        REASON,
        FROZEN,
        rollouts.stop_analysis,
        promotes=True,
    ),
    Action(
        "canary.open-gate",
        "canary: open its gate",
        "o",
        _of("Canary"),
        "gate-open",
        NAME,
        FROZEN,
        canaries.open_gate,
        promotes=True,
        carried=True,
    ),
    Action(
        "canary.close-gate",
        "canary: close its gate",
        "",
        _of("Canary"),
        "gate-close",
        KEY,
        EXEMPT,
        canaries.close_gate,
        carried=True,
    ),
    Action(
        "canary.suspend",
        "canary: suspend",
        "h",
        _of("Canary"),
        "suspendable",
        KEY,
        EXEMPT,
        canaries.suspend,
        carried=True,
        concerns=lambda s: "resumable" not in s.able,
    ),
    Action(
        "canary.resume",
        "canary: resume",
        "h",
        _of("Canary"),
        "resumable",
        NAME,
        FROZEN,
        canaries.resume,
        carried=True,
        concerns=lambda s: "resumable" in s.able,
    ),
    Action(
        "canary.skip-analysis",
        "canary: skip its analysis",
        "",
        _of("Canary"),
        "skippable",
        REASON,
        FROZEN,
        canaries.skip,
        promotes=True,
        carried=True,
    ),
    Action(
        "canary.retry",
        "canary: retry",
        "",
        _of("Canary"),
        "retryable",
        NAME,
        FROZEN,
        canaries.retry,
        carried=True,
        concerns=lambda s: "retryable" in s.able,
    ),
    Action(
        "pod.delete",
        "pod: delete",
        "",
        _of("Pod"),
        "deletable",
        NAME,
        EXEMPT,
        pods.delete,
        arguments=("grace",),
    ),
    Action("pod.evict", "pod: evict", "", _of("Pod"), "evictable", NAME, EXEMPT, pods.evict),
    Action("pod.isolate", "pod: isolate", "i", _of("Pod"), "isolatable", NAME, EXEMPT, pods.isolate),
    Action(
        "pod.shell",
        "pod: shell",
        "x",
        _of("Pod"),
        "shell",
        KEY,
        EXEMPT,
        pods.shell,
        arguments=("container", "command"),
        terminal=True,
    ),
    Action(
        "pod.port-forward",
        "pod: forward a port",
        "",
        _of("Pod"),
        "port-forward",
        KEY,
        EXEMPT,
        pods.port_forward,
        arguments=("ports",),
        terminal=True,
    ),
    Action("node.cordon", "node: cordon", "", _of("Node"), "cordonable", NAME, EXEMPT, nodes.cordon),
    Action("node.uncordon", "node: uncordon", "", _of("Node"), "uncordonable", NAME, EXEMPT, nodes.uncordon),
    Action(
        "node.drain",
        "node: drain",
        "",
        _of("Node"),
        "drainable",
        REASON,
        EXEMPT,
        nodes.drain,
        arguments=("all", "force", "delete_emptydir_data"),
    ),
)

ACTIONS: dict[str, Action] = {action.id: action for action in _ALL}


def concerned(standing: Standing) -> list[Action]:
    """The actions that concern what stands there, in the registry's order, each only once a key."""
    kind = standing.subject.kind
    carrier = standing.carrier.kind if standing.carrier is not None else ""
    found = []
    for action in _ALL:
        mine = kind in action.kinds
        theirs = action.carried and carrier in action.kinds
        if carrier and action.carried and not theirs:
            continue  # its carrier has another way of doing it
        if (mine or theirs) and action.concerns(standing):
            found.append(action)
    return found


def acts_on(action: Action, standing: Standing) -> bool:
    """Whether it acts on the carrier of the release rather than on the subject itself."""
    return action.carried and standing.carrier is not None
