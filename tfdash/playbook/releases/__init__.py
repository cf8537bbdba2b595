"""Releases in flight, whatever carries them: one ``ReleaseState`` over Deployments, pairs, Rollouts and Canaries.

Pure. ``find_releases`` looks at a whole cluster, ``release_of`` at one object; ``RULE`` is what the judge runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tfdash.model.delivery import (
    AnalysisRun,
    Application,
    Canary,
    Experiment,
    HelmRelease,
    Kustomization,
    Rollout,
)
from tfdash.model.kube import (
    DaemonSet,
    Deployment,
    Object,
    Pod,
    Provisional,
    ReplicaSet,
)
from tfdash.model.kubecluster import Event
from tfdash.model.picture import ClusterPicture
from tfdash.model.release import ReleaseState
from tfdash.model.subject import Subject
from tfdash.model.workload import Serving, WorkloadState
from tfdash.playbook.releases.deployment import belongs_elsewhere, deployment_release, pair_release
from tfdash.playbook.releases.facts import facts_of
from tfdash.playbook.releases.flagger import canary_release
from tfdash.playbook.releases.managed_by import manager_by_fields
from tfdash.playbook.releases.rollout import OVERDUE, rollout_release
from tfdash.playbook.releases.world import World
from tfdash.playbook.rule import Case, Rule, RuleResult
from tfdash.playbook.seen import ClusterLook, Indexes

__all__ = [
    "CARRIERS",
    "READ_KINDS",
    "RULE",
    "facts_of",
    "find_releases",
    "manager_by_fields",
    "release_of",
]

CARRIERS = ("Deployment", "Rollout", "Canary")
"""The kinds whose objects carry a release."""
_USES: tuple[type[Object], ...] = (
    ReplicaSet,
    Pod,
    Event,
    DaemonSet,
    AnalysisRun,
    Experiment,
    Application,
    Kustomization,
    HelmRelease,
)
_LOOK_AGAIN = 15.0  # seconds: what may hold up first pods shows by its age, too
_NO_STATES: Mapping[Subject, WorkloadState] = {}


def find_releases(
    cluster: ClusterPicture,
    now: float,
    pairs: Sequence[tuple[str, str]] = (),
    *,
    workloads: Mapping[Subject, WorkloadState] = _NO_STATES,
    settled: float = 3600.0,
) -> dict[Subject, ReleaseState]:
    """Every carrier of one cluster with what is said of it, those with nothing in flight among them.

    ``pairs`` are (stable, canary) names of Deployments, with an optional namespace and one "*" each: ("*", "*-canary").
    ``workloads``: what the judge says of them, so that a release whose pods cannot start is STUCK before its deadline.
    A finished release is COMPLETE for ``settled`` seconds, with the version before it as its stable side, and NONE after.
    """
    world = World(ClusterLook(cluster, workloads), now, pairs, settled)
    found = {}
    for kind in CARRIERS:
        for obj in cluster.objects(kind).values():
            state = _of(world, obj)
            if state is not None:
                found[state.subject] = state
    return found


def release_of(
    cluster: ClusterPicture,
    subject: Subject,
    now: float,
    pairs: Sequence[tuple[str, str]] = (),
    *,
    workloads: Mapping[Subject, WorkloadState] = _NO_STATES,
    settled: float = 3600.0,
    indexes: Indexes | None = None,
) -> ReleaseState | None:
    """What is said of one; None where it carries no release of its own or is not there. The same as ``find_releases``.

    ``indexes``: kept by who asks again, see ``ClusterLook``.
    """
    obj = cluster.objects(subject.kind).get(subject.key)
    if obj is None:
        return None
    return _of(World(ClusterLook(cluster, workloads, indexes), now, pairs, settled), obj)


def _of(world: World, obj: Object) -> ReleaseState | None:
    if isinstance(obj, Provisional):
        return None
    match obj:
        case Deployment() if belongs_elsewhere(world, obj):
            return None
        case Deployment():
            other = world.canary_half(obj) if world.pairs else None
            return deployment_release(world, obj) if other is None else pair_release(world, obj, other)
        case Rollout():
            return rollout_release(world, obj)
        case Canary():
            return canary_release(world, obj)
    return None


def due_again(state: ReleaseState, settled: float = 3600.0) -> float | None:
    """When time alone changes what is said (epoch seconds): COMPLETE becomes NONE, a pause or a controller's word is overdue."""
    if state.quiet_at is not None and not state.silent:
        return state.quiet_at
    if state.pause is not None and state.pause.until is not None and not state.pause.overdue:
        return state.pause.until + OVERDUE
    return state.finished + settled if state.phase == "complete" and state.finished is not None else None


def _rule(case: Case[Deployment | Rollout | Canary]) -> RuleResult | None:
    policies = case.policies
    world = World(case, case.now, policies.pairs, policies.settled, policies.workloads)
    state = _of(world, case.obj)
    if state is None:
        return None
    due = due_again(state, policies.settled)
    if due is not None:
        case.reached(due)
    for at in state.starting:
        if case.now < at:
            case.reached(at)
    if state.serving is Serving.STARTING:
        case.reached(case.now + _LOOK_AGAIN)
    return RuleResult(state=state)


ID = "release.state"
RULE = Rule(ID, (Deployment, Rollout, Canary), _rule, uses=_USES, tells=ReleaseState, hears=(WorkloadState,))
READ_KINDS = tuple(sorted(RULE.kinds))
"""The kinds that must be wanted of the board for this."""
