"""How things stand for one subject: its release, what can be done with it, and why not. Pure, from what the board has.

A Deployment that a Canary or Rollout carries is rolled back, held and promoted by its carrier: ``carrier`` names it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import msgspec

from tfdash.actions.core.policy import ActionPolicy
from tfdash.model.assessment import Assessment
from tfdash.model.capability import Capability
from tfdash.model.delivery import Rollout
from tfdash.model.judgement import CanaryJudgement
from tfdash.model.kube import (
    DaemonSet,
    Deployment,
    HorizontalPodAutoscaler,
    Object,
    Provisional,
    StatefulSet,
)
from tfdash.model.kubecluster import Namespace
from tfdash.model.picture import Picture
from tfdash.model.release import Lack, ManagedBy, ReleaseState
from tfdash.model.subject import Subject
from tfdash.playbook.releases import CARRIERS, release_of
from tfdash.playbook.releases.managed_by import manager_of
from tfdash.playbook.releases.world import World
from tfdash.playbook.resources.hours import Hours
from tfdash.playbook.seen import ClusterLook, Indexes

_BY_CARRIER = frozenset(
    {
        Capability.REVERTIBLE,
        Capability.HOLDABLE,
        Capability.PROMOTABLE,
        Capability.FULLY_PROMOTABLE,
        Capability.ABORTABLE,
        Capability.RETRYABLE,
        Capability.UNDOABLE,
        Capability.GATE_OPEN,
        Capability.GATE_CLOSE,
        Capability.SUSPENDABLE,
        Capability.RESUMABLE,
        Capability.SKIPPABLE,
    }
)


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """``able`` names what it is capable of, ``unable`` why not of the rest. ``known``: whether there is such a thing here;
    ``obj`` is None of what is no Kubernetes object. ``elsewhere``: why nothing can be said of it from this terminal."""

    subject: Subject
    obj: Object | None = None
    known: bool = True
    release: ReleaseState | None = None
    carrier: Subject | None = None  # where another object carries its release
    able: frozenset[Capability] = frozenset()
    unable: dict[Capability, Lack] = {}
    judgement: CanaryJudgement | None = None
    scaler: HorizontalPodAutoscaler | None = None
    managed_by: ManagedBy | None = None
    elsewhere: str = ""


def bare(subject: Subject) -> Subject:
    """Without the uid, which not everybody knows: subjects are compared like this."""
    return subject._replace(uid="")


Look = Callable[[Subject, Picture, Assessment, ActionPolicy, float, Indexes], Standing]
"""Says how things stand for a subject, from what the board has now (epoch seconds). Who asks keeps the indexes from one
look to the next."""


def of_object(
    subject: Subject,
    picture: Picture,
    assessment: Assessment,
    policy: ActionPolicy,
    now: float,
    indexes: Indexes,
) -> Standing:
    """``Look`` for a Kubernetes object."""
    subject = bare(subject)
    cluster = picture.clusters.get(subject.cluster)
    obj = cluster.objects(subject.kind).get(subject.key) if cluster is not None else None
    if cluster is None or obj is None or isinstance(obj, Provisional):
        return Standing(subject=subject, known=False)
    own = assessment.releases.get(subject)
    if own is None and subject.kind in CARRIERS:
        own = release_of(cluster, subject, now, policy.pairs, workloads=assessment.workloads, indexes=indexes)
    carried = None if own is not None else _carried(subject, picture, assessment, policy, now, indexes)
    able, unable = own_capabilities(obj), dict[Capability, Lack]()
    if isinstance(obj, Namespace):
        unable = _not_stoppable(
            obj, policy.hours.get(subject.cluster.environment), subject.cluster.environment
        )
        able |= {Capability.STOPPABLE} - set(unable)
    release = own or carried
    remembered = _remembered(picture, subject, release)
    if own is not None:
        able |= set(own.capabilities)
        unable |= dict(own.refused)
    elif carried is not None:
        able |= set(carried.capabilities) & _BY_CARRIER
        unable |= {c: why for c, why in carried.refused if c in _BY_CARRIER}
    if remembered:  # its ReplicaSets may be gone: the whole template is remembered
        able |= {c for c, why in unable.items() if why.history}
    for capability in able:
        unable.pop(capability, None)
    carrier = carried.subject if carried is not None else None
    if subject.kind == "AnalysisRun" and obj.owner is not None and obj.owner.kind == "Rollout":
        above = subject._replace(kind="Rollout", name=obj.owner.name)  # stopping a run moves the release on
        release = assessment.releases.get(above) or release_of(
            cluster, above, now, policy.pairs, indexes=indexes
        )
    return Standing(
        subject=subject,
        obj=obj,
        release=release,
        carrier=carrier,
        able=frozenset(able),
        unable=unable,
        judgement=assessment.canaries.get(bare(release.subject)) if release is not None else None,
        scaler=_scaler(subject, cluster.objects("HorizontalPodAutoscaler").values()),
        managed_by=release.managed_by
        if release is not None
        else manager_of(World(ClusterLook(cluster, indexes=indexes), now), obj),
    )


def _not_stoppable(obj: Namespace, hours: Hours | None, environment: str) -> dict[Capability, Lack]:
    """Environment and namespace are both marked, or it is none of those that may be scaled down."""
    if hours is None:
        remedy = f"set production = false in [environments.{environment}], where that is so"
        return {Capability.STOPPABLE: Lack(f"{environment} is not marked as non-production", remedy)}
    why = hours.unmarked(obj.labels)
    remedy = f"label the namespace {hours.label}={hours.values[0]}" if hours.values else ""
    return {Capability.STOPPABLE: Lack(why, remedy)} if why else {}


def _remembered(picture: Picture, subject: Subject, release: ReleaseState | None) -> bool:
    """Whether a verified version of it is remembered, with its template, and not the one that runs."""
    now = release.version if release is not None else ""
    at = {
        subject,
        *((bare(release.workload),) if release is not None and release.workload is not None else ()),
    }
    return any(
        bare(s) in at and good.template and good.where == "store" and good.template_hash != now
        for s, good in picture.store_state.verified.items()
    )


def _carried(
    subject: Subject,
    picture: Picture,
    assessment: Assessment,
    policy: ActionPolicy,
    now: float,
    indexes: Indexes,
) -> ReleaseState | None:
    """The release of which this Deployment is the workload or the canary's half."""
    if subject.kind != "Deployment":
        return None
    for state in assessment.releases.values():
        if subject in (state.workload, state.partner) and state.subject != subject:
            return state
    cluster = picture.clusters[subject.cluster]
    world = World(ClusterLook(cluster, indexes=indexes), now, policy.pairs)
    for name in {subject.name, subject.name.removesuffix("-primary")}:
        canary = world.canary_of("Deployment", subject.namespace, name)
        if canary is not None:
            return release_of(cluster, world.subject(canary), now, policy.pairs, indexes=indexes)
    # A Provisional row does as well: only name and namespace are asked.
    obj = cast("Deployment | None", cluster.objects("Deployment").get(subject.key))
    over: Rollout | Deployment | None = world.rollout_over(obj) if obj is not None else None
    over = over or (world.stable_half(obj) if obj is not None and policy.pairs else None)
    if over is None:
        return None
    return release_of(cluster, world.subject(over), now, policy.pairs, indexes=indexes)


def _scaler(subject: Subject, scalers: Any) -> HorizontalPodAutoscaler | None:
    for one in scalers:
        if isinstance(one, HorizontalPodAutoscaler) and (one.target_kind, one.namespace, one.target_name) == (
            subject.kind,
            subject.namespace,
            subject.name,
        ):
            return one
    return None


def own_capabilities(obj: Object) -> set[Capability]:
    """What a workload is capable of by its kind alone, whatever carries its release."""
    if isinstance(obj, StatefulSet):
        return {Capability.RESTARTABLE, Capability.REVERTIBLE, Capability.SCALABLE}
    if isinstance(obj, DaemonSet):
        return {Capability.RESTARTABLE, Capability.REVERTIBLE}
    return {Capability.RESTARTABLE, Capability.SCALABLE} if obj.KIND == "Deployment" else set()
