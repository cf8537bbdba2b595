"""An Argo Rollout: where its controller says it is, and what a promotion now would skip.

The phase follows argo-rollouts' ``GetRolloutPhase`` and ``CalculateRolloutPhase`` (utils/rollout/rolloututil.go) in
their order and words; what a promotion does follows pkg/kubectl-argo-rollouts/cmd/promote/promote.go.
"""

from __future__ import annotations

import msgspec

from tfdash.model.capability import Capability
from tfdash.model.delivery import Rollout
from tfdash.model.kube import Pod, ReplicaSet
from tfdash.model.release import Carrier, Lack, Pause, Phase, ReleaseState, ReleaseStep, Side
from tfdash.model.workload import Serving
from tfdash.playbook.releases import sides
from tfdash.playbook.releases.analysis import analyses, running
from tfdash.playbook.releases.managed_by import manager_of
from tfdash.playbook.releases.rollout_weight import (
    by_routes,
    left_side,
    on_another,
    on_its_way,
    still_served,
    weight_of,
)
from tfdash.playbook.releases.words import NONE_KEPT, at_step, lasting, named, step_in_words
from tfdash.playbook.releases.world import World
from tfdash.playbook.serving.causes import holds_up_pods
from tfdash.playbook.serving.coming_up import rollout_coming_up
from tfdash.playbook.serving.health import contradiction, counts, in_traffic, resolve_bound
from tfdash.playbook.serving.rollout_status import condition
from tfdash.playbook.serving.unwell_since import not_true_since
from tfdash.text import counter

OVERDUE = 60.0  # seconds after the end of a timed pause: a controller that lives has gone on long before
_PAUSES = {
    "CanaryPauseStep": "a pause of its steps",
    "BlueGreenPause": "waits to switch the active Service",
    "InconclusiveAnalysisRun": "its analysis is inconclusive",
    "InconclusiveExperiment": "its experiment is inconclusive",
}


def reported_phase(rollout: Rollout) -> tuple[str, str]:
    """Healthy, Degraded, Progressing or Paused and the message, as ``kubectl argo rollouts get`` says it now."""
    if not _observed(rollout):
        return "Progressing", "waiting for rollout spec update to be observed"
    if rollout.controller_pause and not rollout.pauses:
        return "Progressing", "waiting for rollout to unpause"
    if rollout.workload_name and _behind(rollout.workload_observed, rollout.workload_generation):
        return "Progressing", "waiting for rollout spec update to be observed for the reference workload"
    if rollout.phase:
        return rollout.phase, rollout.message
    return _calculated(rollout)


def _observed(rollout: Rollout) -> bool:
    observed = counter(rollout.observed_generation)
    if observed is None:  # v0.9 and below wrote a hash
        return True
    return observed >= rollout.generation  # an all-numeric hash of v0.9 is larger


def _behind(observed: str, wanted: str) -> bool:
    numbers = counter(observed), counter(wanted)
    return None not in numbers and numbers[0] != numbers[1]


def _calculated(rollout: Rollout) -> tuple[str, str]:
    """For controllers before 1.0, which report no phase."""
    for one in rollout.conditions:
        if one.type == "InvalidSpec":
            return "Degraded", f"InvalidSpec: {one.message}"
        if one.reason in ("RolloutAborted", "ProgressDeadlineExceeded"):
            return "Degraded", f"{one.reason}: {one.message}"
    if rollout.paused:
        return "Paused", "manually paused"
    if rollout.pauses:
        return "Paused", rollout.pauses[0][0]
    if rollout.restart_at is not None and rollout.restart_at != rollout.restarted_at:
        return "Progressing", "rollout is restarting"
    if rollout.updated < rollout.desired:
        return "Progressing", "more replicas need to be updated"
    if rollout.available < rollout.updated:
        return "Progressing", "updated replicas are still becoming available"
    promoted = rollout.stable_hash != "" and rollout.stable_hash == rollout.current_hash
    if rollout.strategy == "blueGreen":
        if not rollout.active_hash or rollout.active_hash != rollout.current_hash:
            return "Progressing", "active service cutover pending"
        if not promoted:
            waits = rollout.post_promotion and (rollout.post_run is None or running(rollout.post_run))
            what = "analysis" if waits else "post-promotion verification"
            return "Progressing", f"waiting for {what} to complete"
    elif rollout.strategy == "canary":
        if not rollout.routed and rollout.replicas > rollout.updated:
            return "Progressing", "old replicas are pending termination"
        if not promoted:
            return "Progressing", "waiting for all steps to complete"
    return "Healthy", ""


def rollout_release(world: World, rollout: Rollout) -> ReleaseState:
    """One Rollout."""
    links = world.links(rollout)
    reported, message = reported_phase(rollout)
    if not _observed(rollout):
        message += ": if that stays, is its controller alive?"
    steps = tuple(step_in_words(s) for s in rollout.steps)
    between = rollout.current_hash != rollout.stable_hash
    new, stable_set = _by_hash(links.replica_sets, rollout)
    canary = _tried(rollout, new, links.pods) if between else None
    stable = None if stable_set is None else sides.side(stable_set, links.pods)
    others = [s for s in links.replica_sets if s is not new and s is not stable_set]
    index = _index(rollout, between)
    phase = _phase(rollout, reported, between, steps, index, bool([s for s in others if s.desired]))
    finished = rollout.finished or _finished(rollout, reported)
    leaving = still_served(rollout, between)
    if leaving:
        phase = Phase.PROGRESSING if phase is Phase.NONE else phase
        canary, stable = stable, left_side(rollout, links.replica_sets, links.pods)
        message = on_its_way(rollout, f"the version that was left ({stable.image or stable.hash})")
    elif phase is Phase.ABORTED and rollout.routed and rollout.canary_weight:
        message = f"{message}; {on_its_way(rollout, 'the aborted version')}"
    elif between:
        told = on_another(rollout)
        message = "; ".join(p for p in (message, told, *by_routes(rollout, index)) if p)
    if phase is Phase.NONE and others and finished is not None and world.now - finished < world.settled:
        phase = Phase.COMPLETE
        canary, stable = stable, sides.side(sides.newest_first(others)[0], links.pods)
    runs, problem = analyses(world, rollout)
    flight = phase in (Phase.PROGRESSING, Phase.PAUSED, Phase.ANALYSING, Phase.STUCK)
    served, availability = _serving(rollout, flight)
    begins = rollout_coming_up(rollout, links, world.policy) if served is Serving.DOWN else None
    hopeless = phase in (Phase.STUCK, Phase.ABORTED, Phase.UNKNOWN)
    if begins is not None and not hopeless and world.now < begins.until:
        patient = world.now < begins.patient
        if patient or not holds_up_pods(rollout, links, world.policy, world.now):
            served = Serving.STARTING
    able, refused = capabilities(rollout, between, bool(others), leaving)
    unread = world.unreadable(ReplicaSet) if not links.replica_sets else ""
    if unread:
        problem = "; ".join(p for p in (problem, f"replica sets cannot be read: {unread}") if p)
    promotable = Capability.PROMOTABLE in able
    return ReleaseState(
        subject=world.subject(rollout),
        carrier=Carrier.ROLLOUT,
        uid=rollout.uid,
        phase=phase,
        message=message or ("nothing in flight" if phase is Phase.NONE else reported.lower()),
        workload=world.subject(rollout),
        canary=canary,
        stable=stable,
        step=index if steps else None,
        steps=steps,
        weight=weight_of(rollout, index, canary, stable, between, phase),
        pause=_pause(rollout, steps, index, world.now) if phase is Phase.PAUSED else None,
        aborted_at=_aborted(rollout) if phase is Phase.ABORTED else None,
        started=rollout.started or (new.created if new is not None and phase is not Phase.NONE else None),
        finished=None if flight else finished,
        analyses=runs,
        skips=skips(rollout, steps, index) if promotable else (),
        skips_full=skips_full(rollout, steps, index) if promotable else (),
        managed_by=manager_of(world, rollout),
        capabilities=frozenset(able),
        refused=refused,
        problem=problem,
        reported=reported,
        serving=served,
        served=availability,
        starting=tuple(begins or ()),
        unwell_since=not_true_since(rollout.conditions, "Available")
        or not_true_since(rollout.conditions, "Healthy"),
    )


def _by_hash(sets: tuple[ReplicaSet, ...], rollout: Rollout) -> tuple[ReplicaSet | None, ReplicaSet | None]:
    known = {sides.hash_of(s): s for s in sets}
    return known.get(rollout.current_hash), known.get(rollout.stable_hash)


def _tried(rollout: Rollout, new: ReplicaSet | None, pods: tuple[Pod, ...] | None) -> Side | None:
    """The wanted version; its ReplicaSet may come a moment after the status that names it, or may not be readable."""
    if new is not None:
        return sides.side(new, pods)
    if not rollout.current_hash:
        return None
    return msgspec.structs.replace(sides.of_template(rollout.template), hash=rollout.current_hash)


def _index(rollout: Rollout, between: bool) -> int:
    """Where the step index is null, an update stands before its first step, and all else behind its last."""
    if rollout.step_index is not None:
        return rollout.step_index
    return 0 if between and rollout.stable_hash else len(rollout.steps)


def _phase(
    rollout: Rollout, reported: str, between: bool, steps: tuple[ReleaseStep, ...], index: int, leaving: bool
) -> Phase:
    progressing = condition(rollout.conditions, "Progressing")
    aborted = rollout.abort or (progressing is not None and progressing.reason == "RolloutAborted")
    match reported:
        case "Degraded" if aborted and between:
            return Phase.ABORTED
        case "Degraded":
            return Phase.STUCK
        case "Paused":
            return Phase.PAUSED
        case "Progressing" if aborted and between:
            return Phase.ABORTED  # its pods still go; there is nothing to promote any more
        case "Progressing" if not between:  # a change of size, a restart, or old pods of a release taken back
            return Phase.PROGRESSING if leaving and not rollout.routed else Phase.NONE
        case "Progressing":
            kind = steps[index].kind if index < len(steps) else ""
            at_analysis = kind == "analysis" or (kind == "experiment" and bool(rollout.experiment))
            if at_analysis or running(rollout.pre_run) or running(rollout.post_run):
                return Phase.ANALYSING
            return Phase.PROGRESSING
        case "Healthy":
            return Phase.NONE
    return Phase.UNKNOWN


def _finished(rollout: Rollout, reported: str) -> float | None:
    """For controllers that report no durations: since when it is fully promoted."""
    done = condition(rollout.conditions, "Completed")
    if reported != "Healthy" or done is None or done.status != "True":
        return None
    return done.since or None


def _aborted(rollout: Rollout) -> float | None:
    progressing = condition(rollout.conditions, "Progressing")
    return rollout.aborted_at or (progressing.since or None if progressing is not None else None)


def _pause(rollout: Rollout, steps: tuple[ReleaseStep, ...], index: int, now: float) -> Pause:
    where = at_step(index, steps) if steps else ""
    if rollout.paused:
        also = f"; and {_PAUSES.get(rollout.pauses[0][0], rollout.pauses[0][0])}" if rollout.pauses else ""
        text = f"held by a person (spec.paused){f' at {where}' if where else ''}{also}"
        return Pause(reason="manual", since=rollout.held_since, sentence=text, manual=True)
    if not rollout.pauses:
        return Pause(reason=rollout.message or "paused", sentence=rollout.message or "paused")
    reason, since = rollout.pauses[0]
    until: float | None = None
    long = steps[index].duration if index < len(steps) else None
    if reason == "CanaryPauseStep" and long:
        until = since + long
    if reason == "BlueGreenPause" and rollout.auto_promotion_seconds:
        long = rollout.auto_promotion_seconds
        until = since + long
    cause = _PAUSES.get(reason, reason)
    overdue = until is not None and now > until + OVERDUE
    end = (
        f"goes on by itself after {lasting(long)}" if until and long else "until somebody promotes or aborts"
    )
    if overdue and long:
        end = f"was to go on by itself after {lasting(long)} and did not: is its controller alive?"
    if reason == "CanaryPauseStep" and index < len(steps):
        where = f"step {index + 1} of {len(steps)}"  # its own words say the same as the end
    text = f"{cause}{f', {where}' if where else ''}: {end}"
    return Pause(reason=reason, since=since or None, until=until, sentence=text, overdue=overdue)


def _inconclusive(rollout: Rollout) -> bool:
    return (
        rollout.strategy == "canary"
        and rollout.step_run is not None
        and rollout.step_run.status == "Inconclusive"
        and bool(rollout.pauses)
        and rollout.controller_pause
    )


def skips(rollout: Rollout, steps: tuple[ReleaseStep, ...], index: int) -> tuple[str, ...]:
    """What ``promote`` skips now: a pause that is cleared, or, where none holds it, the current step."""
    found = []
    if rollout.paused:
        found.append("the hold by a person (spec.paused)")
    if rollout.pauses and not _inconclusive(rollout):
        reason = rollout.pauses[0][0]
        if reason == "CanaryPauseStep" and index < len(steps) and steps[index].duration:
            found.append(f"the rest of {at_step(index, steps)}")
        elif reason == "BlueGreenPause":
            found.append("the wait before the active Service is switched")
    elif rollout.strategy == "canary" and index < len(steps):
        verdict = (
            f", whose verdict is {rollout.step_run.status}"
            if rollout.step_run and rollout.step_run.name
            else ""
        )
        found.append(f"{at_step(index, steps)}{verdict if steps[index].kind == 'analysis' else ''}")
    return tuple(found)


def skips_full(rollout: Rollout, steps: tuple[ReleaseStep, ...], index: int) -> tuple[str, ...]:
    """What a full promotion skips: every step that is left, all pauses, all analysis."""
    found = ["the hold by a person (spec.paused)"] if rollout.paused else []
    found += [at_step(i, steps) for i in range(index, len(steps))]
    if rollout.background:
        found.append(f"background analysis {named(rollout.background)}")
    if rollout.strategy == "blueGreen":
        found.append("the wait before the active Service is switched")
        for when, names in (("pre", rollout.pre_promotion), ("post", rollout.post_promotion)):
            if names:
                found.append(f"{when}-promotion analysis {named(names)}")
    return tuple(found)


def capabilities(
    rollout: Rollout, between: bool, earlier: bool, leaving: bool
) -> tuple[set[Capability], tuple[tuple[Capability, Lack], ...]]:
    """What can be done with it, and for the rest why not."""
    able, refused = {Capability.SCALABLE, Capability.RESTARTABLE, Capability.HOLDABLE}, []
    aborted = rollout.abort
    if not between:
        nothing = Lack(
            "it goes back to the stable version already"
            if leaving
            else "nothing is in flight: the wanted version is the stable one"
        )
        refused += [
            (c, nothing)
            for c in (
                Capability.PROMOTABLE,
                Capability.FULLY_PROMOTABLE,
                Capability.ABORTABLE,
                Capability.RETRYABLE,
            )
        ]
        if rollout.paused:
            able.add(Capability.PROMOTABLE)  # it ends the hold
            refused.pop(0)
    elif aborted:
        refused += [
            (c, Lack("it is aborted: retry first"))
            for c in (Capability.PROMOTABLE, Capability.FULLY_PROMOTABLE)
        ]
        refused.append((Capability.ABORTABLE, Lack("it is aborted already")))
        able.add(Capability.RETRYABLE)
    else:
        able |= {Capability.PROMOTABLE}
        refused.append((Capability.RETRYABLE, Lack("it is not aborted")))
        if rollout.promote_full:
            refused.append((Capability.FULLY_PROMOTABLE, Lack("a full promotion is under way")))
        else:
            able.add(Capability.FULLY_PROMOTABLE)
        if rollout.stable_hash:
            able.add(Capability.ABORTABLE)
        else:
            refused.append(
                (Capability.ABORTABLE, Lack("there is no stable version to go back to: this is its first"))
            )
    if earlier or (between and rollout.stable_hash):
        able |= {Capability.UNDOABLE, Capability.REVERTIBLE}
    else:
        refused += [(c, NONE_KEPT) for c in (Capability.UNDOABLE, Capability.REVERTIBLE)]
    return able, tuple(refused)


def _serving(rollout: Rollout, flight: bool) -> tuple[Serving, str]:
    """By its pods of either version that take requests; an update may take away what its strategy allows."""
    # of blue/green older controllers count the preview's ready pods too, and users do not reach those
    serves = in_traffic(rollout, rollout.available) if rollout.strategy == "canary" else rollout.available
    availability = counts(rollout.desired, rollout.available, serves)
    odd = contradiction(rollout)
    if odd:
        return Serving.UNKNOWN, f"its status contradicts itself: {odd}"
    if rollout.desired == 0:
        return Serving.IDLE, availability
    if serves >= rollout.desired:
        return Serving.OK, availability
    if serves <= 0:
        return Serving.DOWN, availability
    default = "25%" if rollout.strategy == "canary" else "0"
    away = resolve_bound(rollout.max_unavailable, rollout.desired, up=False, default=default)
    within = flight and serves >= rollout.desired - max(away, 0)
    return (Serving.OK if within else Serving.DEGRADED), availability
