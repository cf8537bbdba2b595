"""Every action there is, once; each is declared beside the function that drafts its plan.

FROZEN by a closed calendar: promote, full promote, retry, resume, skip and stop analysis, scale down, changes of size, a lower
partition, and a decision to go on in spite of a BREACH.
EXEMPT: roll back, abort, hold, restart, scale up, a higher partition, delete, evict, isolate, cordon, drain, renew a certificate, what only looks,
and what else a person decides.
"""

from __future__ import annotations

from tfdash.actions.argo import analyses, rollouts, undo
from tfdash.actions.certificates import reissue, renew
from tfdash.actions.core.action import Action, Target
from tfdash.actions.core.eligibility import Look, Standing, of_object
from tfdash.actions.evidence import archive
from tfdash.actions.flagger import canaries
from tfdash.actions.kubernetes import (
    autoscalers,
    container_resources,
    nodes,
    partitions,
    pods,
    quotas,
    rollback,
    scale_down,
    scaling,
    workloads,
)
from tfdash.actions.store import approvals, break_glass, decisions, maintenance, settling
from tfdash.model.action import FreezeRule
from tfdash.model.kinds import KINDS
from tfdash.spelling import nearest

_ALL = (
    *rollback.ACTIONS,
    *workloads.ACTIONS,
    *scaling.ACTIONS,
    *autoscalers.ACTIONS,
    *container_resources.ACTIONS,
    *quotas.ACTIONS,
    *scale_down.ACTIONS,
    *partitions.ACTIONS,
    *rollouts.ACTIONS,
    *undo.ACTIONS,
    *analyses.ACTIONS,
    *canaries.ACTIONS,
    *pods.ACTIONS,
    *nodes.ACTIONS,
    *renew.ACTIONS,
    *reissue.ACTIONS,
    *decisions.ACTIONS,
    *approvals.ACTIONS,
    *break_glass.ACTIONS,
    *maintenance.ACTIONS,
    *settling.ACTIONS,
    *archive.ACTIONS,
)
ACTIONS: dict[str, Action] = {action.id: action for action in _ALL}


def look_of(kind: str) -> Look:
    """How things stand for a subject of that kind: of what is no Kubernetes object as the actions on it look, if there are any."""
    own = (action.look for action in _ALL if kind in action.kinds and action.offered)
    return of_object if kind in KINDS else next(own, of_object)


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


def wrong_id(name: str) -> str:
    """Why ``name`` is no action that the configuration may hand to a pipeline, "" where it is one."""
    known = sorted(a.id for a in _ALL if a.target is Target.CLUSTER)
    return "" if name in known else f"there is no action {name!r}; {nearest(name, known)}"


def wrong_for_second_person(name: str) -> str:
    """Why ``name`` ("rollout.promote-full", "production/rollout.promote-full") cannot ask for a second person."""
    action = name.rpartition("/")[2]
    why = wrong_id(action)
    if not why and ACTIONS[action].freeze is FreezeRule.EXEMPT:
        may = ", ".join(sorted(a.id for a in _ALL if a.freeze is FreezeRule.FROZEN))
        why = f"{action} never waits for a second person; only these may: {may}"
    return why
