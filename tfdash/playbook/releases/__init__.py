"""Releases in flight, whatever carries them: one ``ReleaseState`` over Deployments, pairs, Rollouts and Canaries.

Pure. ``find_releases`` looks at a whole cluster; ``release_of`` at one object, and ``affects`` says which ones a change
touches, so that the judge need not walk over every pod.
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
from tfdash.model.kube import EMPTY_LABELS, Deployment, Object, Pod, Provisional, ReplicaSet
from tfdash.model.kubecluster import Event
from tfdash.model.picture import ClusterPicture
from tfdash.model.release import ReleaseState
from tfdash.model.subject import Key, Subject
from tfdash.model.workload import WorkloadState
from tfdash.playbook.releases.deployment import belongs_elsewhere, deployment_release, pair_release
from tfdash.playbook.releases.facts import facts_of
from tfdash.playbook.releases.flagger import canary_release
from tfdash.playbook.releases.managed_by import manager_by_fields
from tfdash.playbook.releases.rollout import rollout_release
from tfdash.playbook.releases.world import LinksOf, World, owner_of

__all__ = [
    "CARRIERS",
    "READ_KINDS",
    "affects",
    "facts_of",
    "find_releases",
    "manager_by_fields",
    "release_of",
]

CARRIERS = ("Deployment", "Rollout", "Canary")
"""The kinds whose objects carry a release."""
READ_KINDS = (
    "Deployment",
    "ReplicaSet",
    "Pod",
    "Rollout",
    "AnalysisRun",
    "Experiment",
    "Canary",
    "Application",
    "Kustomization",
    "HelmRelease",
)
"""The kinds that must be wanted of the board for this."""
_NO_STATES: Mapping[Subject, WorkloadState] = {}


def find_releases(
    cluster: ClusterPicture,
    now: float,
    pairs: Sequence[tuple[str, str]] = (),
    *,
    links: LinksOf | None = None,
    workloads: Mapping[Subject, WorkloadState] = _NO_STATES,
    settled: float = 3600.0,
) -> dict[Subject, ReleaseState]:
    """Every carrier of one cluster with what is said of it, those with nothing in flight among them.

    ``pairs`` are (stable, canary) names of Deployments, with an optional namespace and one "*" each: ("*", "*-canary").
    ``links`` gives the pods and ReplicaSets of a Deployment or Rollout by its owner index; without it one is made.
    ``workloads``: what the judge says of them, so that a release whose pods cannot start is STUCK before its deadline.
    A finished release is COMPLETE for ``settled`` seconds, with the version before it as its stable side, and NONE after.
    """
    world = World(cluster, now, pairs, links, workloads, settled)
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
    links: LinksOf | None = None,
    workloads: Mapping[Subject, WorkloadState] = _NO_STATES,
    settled: float = 3600.0,
) -> ReleaseState | None:
    """What is said of one; None where it carries no release of its own or is not there. The same as ``find_releases``."""
    obj = cluster.objects(subject.kind).get(subject.key)
    return None if obj is None else _of(World(cluster, now, pairs, links, workloads, settled), obj)


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
    """When time alone changes what is said (epoch seconds): COMPLETE becomes NONE."""
    return state.finished + settled if state.phase == "complete" and state.finished is not None else None


def affects(
    cluster: ClusterPicture, kind: str, obj: Object, pairs: Sequence[tuple[str, str]] = ()
) -> frozenset[Subject]:
    """The carriers to look at again when ``obj`` came, changed or went (pass both the old and the new one)."""
    world = World(cluster, 0.0, pairs)
    found: set[tuple[str, Key]] = set()
    match obj:
        case Pod():
            owner = owner_of(world, obj)
            found |= {owner} if owner is not None else set()
        case ReplicaSet() | Experiment() | AnalysisRun() if obj.owner is not None:
            found.add((obj.owner.kind, Key(obj.namespace, obj.owner.name)))
            trial = (
                world.get(Experiment, obj.namespace, obj.owner.name)
                if obj.owner.kind == "Experiment"
                else None
            )
            if trial is not None and trial.owner is not None:
                found.add((trial.owner.kind, Key(trial.namespace, trial.owner.name)))
        case Deployment() | Rollout():
            found.add((kind, Key(obj.namespace, obj.name)))
            if isinstance(obj, Rollout) and obj.workload_name:
                found.add((obj.workload_kind, Key(obj.namespace, obj.workload_name)))
        case Canary():
            found |= {
                (kind, Key(obj.namespace, obj.name)),
                (obj.target_kind, Key(obj.namespace, obj.target_name)),
            }
        case Event() if obj.involved_kind == "Canary":
            found.add(("Canary", Key(obj.involved_namespace, obj.involved_name)))
        case Application() | Kustomization() | HelmRelease():
            found |= _kept_by(world, obj)
    for at in tuple(found):
        gone = obj if isinstance(obj, Deployment) and at == (obj.KIND, Key(obj.namespace, obj.name)) else None
        found |= _spoken_for(world, *at, gone)
    return frozenset(Subject(cluster.ref, k, *key) for k, key in found if k in CARRIERS)


def _spoken_for(world: World, kind: str, key: Key, gone: Deployment | None) -> set[tuple[str, Key]]:
    """The carriers that speak for this Deployment, or did before it went: its Canary, its Rollout, its stable half."""
    if kind != "Deployment":
        return set()
    found = set()
    for name in {key.name, key.name.removesuffix("-primary")}:
        canary = world.canary_of(kind, key.namespace, name)
        if canary is not None:
            found.add(("Canary", Key(canary.namespace, canary.name)))
    deployment = world.get(Deployment, *key) or gone
    if deployment is not None:
        over = world.rollout_over(deployment)
        halves = (world.stable_half(deployment), world.canary_half(deployment)) if world.pairs else ()
        found |= {(o.KIND, Key(o.namespace, o.name)) for o in (over, *halves) if o is not None}
    return found


def _kept_by(world: World, manager: Application | Kustomization | HelmRelease) -> set[tuple[str, Key]]:
    """What may be owned by it, by the labels and annotations that ``manager_of`` reads."""
    found = set()
    prefix = {"Kustomization": "kustomize.toolkit.fluxcd.io", "HelmRelease": "helm.toolkit.fluxcd.io"}.get(
        manager.KIND
    )
    for kind in (Deployment, Rollout, Canary):
        for obj in world.all(kind):
            if prefix is not None:
                mine = (obj.labels.get(f"{prefix}/name"), obj.labels.get(f"{prefix}/namespace", ""))
                kept = mine == (manager.name, manager.namespace)
            else:
                notes: Mapping[str, str] = getattr(obj, "notes", EMPTY_LABELS)
                tracked = notes.get("argocd.argoproj.io/tracking-id", "").partition(":")[0]
                named = tracked or obj.labels.get("app.kubernetes.io/instance", "")
                kept = named in (manager.name, f"{manager.namespace}_{manager.name}")
            if kept:
                found.add((obj.KIND, Key(obj.namespace, obj.name)))
    return found
