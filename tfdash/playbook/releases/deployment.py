"""A Deployment's rolling update, and two Deployments that a person runs as stable and canary."""

from __future__ import annotations

import msgspec

from tfdash.model.capability import Capability
from tfdash.model.kube import Deployment, ReplicaSet
from tfdash.model.release import Carrier, Lack, Pause, Phase, ReleaseState, Side, Weight
from tfdash.model.workload import Release, Serving
from tfdash.playbook.releases import sides
from tfdash.playbook.releases.managed_by import manager_of
from tfdash.playbook.releases.words import NONE_KEPT, count
from tfdash.playbook.releases.world import World
from tfdash.playbook.serving.health import counts, in_traffic, serving
from tfdash.playbook.serving.in_flight import in_flight, template_waits, versions
from tfdash.playbook.serving.links import Links
from tfdash.playbook.serving.rollout_status import Status, condition, rollout


def belongs_elsewhere(world: World, deployment: Deployment) -> bool:
    """Another object carries its release: a Canary (its target or primary), a Rollout, or its stable half."""
    if deployment.owner is not None and deployment.owner.kind in ("Canary", "Rollout"):
        return True
    return (
        world.canary_of("Deployment", deployment.namespace, deployment.name) is not None
        or world.rollout_over(deployment) is not None
        or (bool(world.pairs) and world.stable_half(deployment) is not None)
    )


def health(world: World, deployment: Deployment) -> tuple[Serving, str]:
    """Serving health, in the judge's own words where it has judged."""
    known = world.workload(deployment)
    state = (
        known.serving
        if known
        else serving(deployment, deployment.desired, deployment.available, rollout(deployment).release)
    )
    return state, counts(
        deployment.desired, deployment.available, in_traffic(deployment, deployment.available)
    )


def deployment_release(world: World, deployment: Deployment) -> ReleaseState:
    """One Deployment. A change of size is no release: only a second version, or one not yet complete once, is."""
    links = world.links(deployment)
    status = rollout(deployment)
    newest, older = versions(deployment, links)
    living = [s for s in older if s.replicas or s.desired]
    waiting = template_waits(deployment, newest)
    unread = world.unreadable(ReplicaSet) if not links.replica_sets else ""
    flight = in_flight(deployment, links, status)
    canary, stable = _sides(deployment, links, newest, living or older, flight, waiting)
    finished = _since(deployment, "NewReplicaSetAvailable")
    phase, message = _phase(world, deployment, status, flight)
    if phase is Phase.NONE and older and finished and world.now - finished < world.settled:
        phase, message = Phase.COMPLETE, f"complete: {status.message}"
        canary, stable = stable, sides.side(older[0], links.pods)
    served, availability = health(world, deployment)
    # what is held may have no ReplicaSet of the wanted version: then the newest one is what it can go back to
    earlier = bool(older) or (deployment.paused and newest is not None)
    capabilities, refused = _capabilities(deployment, earlier)
    return ReleaseState(
        subject=world.subject(deployment),
        carrier=Carrier.DEPLOYMENT,
        phase=phase,
        message=message,
        workload=world.subject(deployment),
        canary=canary,
        stable=stable,
        weight=Weight() if canary is None else sides.by_pods(canary, stable),
        pause=_pause(deployment) if flight and deployment.paused else None,
        started=_started(deployment, newest, older, links) if phase is not Phase.NONE else None,
        finished=None if flight else finished,
        managed_by=manager_of(world, deployment),
        capabilities=frozenset(capabilities),
        refused=refused,
        problem=f"replica sets cannot be read: {unread}" if unread else "",
        serving=served,
        served=availability,
        uid=deployment.uid,
    )


def _sides(
    deployment: Deployment,
    links: Links,
    newest: ReplicaSet | None,
    older: list[ReplicaSet],
    flight: bool,
    waiting: bool,
) -> tuple[Side | None, Side | None]:
    if newest is None:
        return None, None
    if not flight:
        return None, sides.side(newest, links.pods)
    if waiting:  # paused, or not seen yet: there is no ReplicaSet of the wanted version
        serves = max([newest, *older], key=lambda s: (s.ready, s.revision or 0))
        return sides.of_template(deployment.template), sides.side(serves, links.pods)
    before = max(older, key=lambda s: (s.ready, s.revision or 0), default=None)
    return sides.side(newest, links.pods), None if before is None else sides.side(before, links.pods)


def _phase(world: World, deployment: Deployment, status: Status, flight: bool) -> tuple[Phase, str]:
    if not flight:
        held = "; paused, so changes wait" if deployment.paused else ""
        return Phase.NONE, f"nothing in flight{held}"
    stuck = _stuck(world, deployment, status)
    if stuck is not None:
        return Phase.STUCK, stuck
    return (Phase.PAUSED if deployment.paused else Phase.PROGRESSING), status.message


def _stuck(world: World, deployment: Deployment, status: Status) -> str | None:
    """Why it does not go on: the cause that was found, else what the controller says; None while it does."""
    judged = world.workload(deployment)
    if judged is not None and judged.release is Release.STUCK and judged.cause is not None:
        return judged.cause.sentence
    return status.message if status.release is Release.STUCK else None


def _since(deployment: Deployment, reason: str) -> float | None:
    """Since when its Progressing condition gives that reason; None where it gives another, or no time."""
    found = condition(deployment.conditions, "Progressing")
    return (found.updated or found.since) if found is not None and found.reason == reason else None


def _pause(deployment: Deployment) -> Pause:
    return Pause(
        reason="paused",
        since=_since(deployment, "DeploymentPaused"),
        sentence="held by a person (spec.paused)",
        manual=True,
    )


def _started(
    deployment: Deployment, newest: ReplicaSet | None, older: list[ReplicaSet], links: Links
) -> float | None:
    """When the newest version began. A rollback takes an old ReplicaSet up again: then its oldest pod tells."""
    if newest is None:
        return None
    if all(newest.created >= s.created for s in older):
        return newest.created or None
    mine = [p.created for p in links.pods or () if p.owner is not None and p.owner.uid == newest.uid]
    return min(mine, default=None)


def _capabilities(
    deployment: Deployment, earlier: bool
) -> tuple[set[Capability], tuple[tuple[Capability, Lack], ...]]:
    able, refused = {Capability.SCALABLE, Capability.HOLDABLE}, []
    if deployment.paused:
        refused.append((Capability.RESTARTABLE, Lack("it is paused; release it first")))
    else:
        able.add(Capability.RESTARTABLE)
    if earlier:  # held or not: going back ends the hold
        able.add(Capability.REVERTIBLE)
    else:
        refused.append((Capability.REVERTIBLE, NONE_KEPT))
    return able, tuple(refused)


def pair_release(world: World, stable: Deployment, canary: Deployment) -> ReleaseState:
    """Two Deployments of one service. In flight while the canary is wanted or there: a person decides what follows."""
    mine, other = world.links(stable), world.links(canary)
    (serves, _), (tried, _) = versions(stable, mine), versions(canary, other)
    itself = deployment_release(world, stable)
    if not canary.desired and not canary.replicas:
        return _replace(itself, partner=world.subject(canary))
    stuck = _stuck(world, canary, rollout(canary))
    if stuck is not None:
        phase, message = Phase.STUCK, stuck
    elif canary.available < canary.desired:
        phase = Phase.PROGRESSING
        message = f"{canary.available} of {canary.desired} canary pods available"
    else:
        phase, message = (
            Phase.PAUSED,
            f"{count(canary.available, 'canary pod')} beside {stable.available} stable ones",
        )
    left = None if tried is None else sides.side(tried, other.pods)
    right = None if serves is None else sides.side(serves, mine.pods)
    if left is not None and right is not None and left.images == right.images:
        message += "; both run the same images"
    pause = Pause(
        reason="pair", sentence="a person ends it: by the new version in the stable one, or by no canary"
    )
    return _replace(
        itself,
        carrier=Carrier.PAIR,
        phase=phase,
        message=message,
        partner=world.subject(canary),
        canary=left,
        stable=right,
        weight=sides.by_pods(left, right),
        pause=pause if phase is Phase.PAUSED else None,
        started=tried.created if tried is not None else None,
        finished=None,
        capabilities=itself.capabilities | {Capability.ABORTABLE, Capability.REVERTIBLE},
        refused=tuple(r for r in itself.refused if r[0] is not Capability.REVERTIBLE),
    )


def _replace(state: ReleaseState, **changes: object) -> ReleaseState:
    return msgspec.structs.replace(state, **changes)
