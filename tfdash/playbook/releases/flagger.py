"""A Flagger Canary: its phase, its checks, its gates. Its target stands at 0/0 between releases, and that is no outage.

Sources: fluxcd/flagger pkg/apis/flagger/v1beta1, pkg/controller/{scheduler,webhook}.go, docs/gitbook/usage/webhooks.md.
"""

from __future__ import annotations

import re

from tfdash.model.capability import Capability
from tfdash.model.delivery import Canary, CanaryMetric, Webhook
from tfdash.model.kube import DaemonSet, Deployment
from tfdash.model.release import (
    Analysis,
    Carrier,
    Lack,
    Measurement,
    MetricResult,
    Pause,
    Phase,
    ReleaseState,
    Side,
)
from tfdash.model.workload import Release, Serving
from tfdash.playbook.releases import sides
from tfdash.playbook.releases.deployment import health
from tfdash.playbook.releases.flagger_events import halted, halts, heard, quiet_at
from tfdash.playbook.releases.flagger_routes import confirmed, how, steps_of, weight_of
from tfdash.playbook.releases.managed_by import manager_of
from tfdash.playbook.releases.words import count, lasting
from tfdash.playbook.releases.world import World
from tfdash.playbook.serving.health import counts, in_traffic, serving

_PHASES = {
    "Initializing": Phase.NONE,
    "Initialized": Phase.NONE,
    "Waiting": Phase.PAUSED,
    "Progressing": Phase.PROGRESSING,
    "WaitingPromotion": Phase.PAUSED,
    "Promoting": Phase.PROGRESSING,
    "Finalising": Phase.PROGRESSING,
    "Succeeded": Phase.NONE,
    "Failed": Phase.ABORTED,
    "Terminating": Phase.NONE,
    "Terminated": Phase.NONE,
}
_SENTENCES = {
    "Initializing": "Flagger sets up the primary",
    "Initialized": "nothing in flight",
    "Waiting": "waits for a confirm-rollout hook before it begins",
    "Progressing": "analysis under way",
    "WaitingPromotion": "waits for a confirm-promotion hook",
    "Promoting": "copies the new version to the primary",
    "Finalising": "scales the target to zero",
    "Succeeded": "the last release was promoted",
    "Failed": "rolled back to the primary's version",
    "Terminating": "is being removed",
    "Terminated": "was removed",
}
_FLIGHT = (Phase.PROGRESSING, Phase.PAUSED)
_CONFIRMING = ("confirm-rollout", "confirm-traffic-increase", "confirm-promotion")
_HALT = re.compile(r"advancement (?P<name>.+?) (?P<value>-?[\d.]+)(?P<unit>%|ms|s)? (?P<sign>[<>]) ")


def gate_hooks(canary: Canary) -> tuple[Webhook, ...]:
    """The confirm hooks that ask a gate which can be opened (``/gate/halt`` and ``/gate/approve`` are constants)."""
    return tuple(h for h in canary.webhooks if h.type in _CONFIRMING and "/gate/check" in h.url)


def rollback_hooks(canary: Canary) -> tuple[Webhook, ...]:
    return tuple(h for h in canary.webhooks if h.type == "rollback" and "/rollback/check" in h.url)


def hook_yaml(canary: Canary, type_: str, path: str) -> str:
    """What to add to the Canary so that the gate is there."""
    return (
        "spec:\n  analysis:\n    webhooks:\n"
        f"      - name: {type_}\n        type: {type_}\n"
        f"        url: http://flagger-loadtester.{canary.namespace}/{path}"
    )


def canary_release(world: World, canary: Canary) -> ReleaseState:
    """One Canary."""
    target = (
        world.get(Deployment, canary.namespace, canary.target_name)
        if canary.target_kind == "Deployment"
        else None
    )
    primary = (
        world.get(Deployment, canary.namespace, f"{canary.target_name}-primary")
        if canary.target_kind == "Deployment"
        else None
    )
    phase, message = _phase(canary)
    quiet = quiet_at(world, canary)
    silent = quiet is not None and world.now >= quiet
    if phase in _FLIGHT:
        message = "; ".join((message, *how(canary), *halted(world, canary)))
    if silent:
        message = f"{message}; Flagger has said nothing of it for {lasting(world.now - heard(world, canary))}: is it alive?"
    finished = canary.last_transition if phase is Phase.NONE and canary.phase == "Succeeded" else None
    if finished is not None and world.now - finished < world.settled:
        phase = Phase.COMPLETE
    flight = phase in _FLIGHT
    tried, stable = _side(world, target), _side(world, primary)
    if phase is Phase.ABORTED and _promoted_by_half(world, target, primary, tried, stable):
        message = f"failed while it was promoted: the primary has {tried.image if tried else 'it'} already"
    steps, step = steps_of(canary)
    able, refused = _capabilities(canary, phase)
    serves, availability = _serving(world, canary, primary)
    workload = primary or target
    return ReleaseState(
        subject=world.subject(canary),
        carrier=Carrier.CANARY,
        uid=canary.uid,
        phase=phase,
        message=message,
        workload=None if workload is None else world.subject(workload),
        partner=None if target is None else world.subject(target),
        canary=tried if flight or phase is Phase.ABORTED else None,
        stable=stable,
        step=step if steps else None,
        steps=steps,
        weight=weight_of(canary, flight),
        pause=_pause(canary, phase),
        aborted_at=canary.last_transition if phase is Phase.ABORTED else None,
        started=_started(world, target) if flight or phase is Phase.ABORTED else None,
        finished=finished,
        analyses=_analyses(world, canary),
        skips=(f"the analysis of {count(len(canary.metrics), 'metric')} that is left (spec.skipAnalysis)",)
        if flight and not canary.skip_analysis
        else (),
        managed_by=manager_of(world, canary),
        capabilities=frozenset(able),
        refused=refused,
        problem=_problem(world, canary, target, primary),
        reported=canary.phase,
        serving=serves,
        served=availability,
        quiet_at=quiet,
        silent=silent,
    )


def _phase(canary: Canary) -> tuple[Phase, str]:
    if not canary.phase:
        return Phase.UNKNOWN, "Flagger has not reported a phase yet"
    phase = _PHASES.get(canary.phase, Phase.UNKNOWN)
    message = _SENTENCES.get(canary.phase, f"Flagger says {canary.phase}")
    if confirmed(canary):
        phase, message = Phase.PROGRESSING, "its promotion was confirmed"
    promoted = next((c.message for c in canary.conditions if c.type == "Promoted"), "")
    if phase is Phase.ABORTED and promoted:
        message = f"{message}: {promoted}"
    if phase in _FLIGHT:
        checks = f"{canary.failed_checks} of {canary.threshold} failed checks"
        message = f"{message}, {checks}" if canary.threshold else message
        if canary.suspend:
            return Phase.PAUSED, f"suspended (spec.suspend), {checks}"
    return phase, message


def _promoted_by_half(
    world: World,
    target: Deployment | None,
    primary: Deployment | None,
    tried: Side | None,
    stable: Side | None,
) -> bool:
    """Whether the primary's template is the failed version's: Flagger copies it before it waits for the primary's pods. By its
    images, and by a ReplicaSet of the primary that is younger than the target's: a release may change no image."""
    if target is None or primary is None or tried is None or stable is None or tried.images != stable.images:
        return False
    wanted, copied = _started(world, target), _started(world, primary)
    return wanted is not None and copied is not None and copied >= wanted


def _pause(canary: Canary, phase: Phase) -> Pause | None:
    if phase is not Phase.PAUSED:
        return None
    since = canary.last_transition
    if canary.suspend:
        return Pause(reason="suspend", sentence="suspended by a person (spec.suspend)", manual=True)
    hooks = {"Waiting": "confirm-rollout", "WaitingPromotion": "confirm-promotion"}
    hook = hooks.get(canary.phase, "a hook")
    names = ", ".join(h.name for h in canary.webhooks if h.type == hook)
    also = (
        "; it gets its requests and its metrics are checked meanwhile"
        if canary.phase == "WaitingPromotion"
        else ""
    )
    text = f"until its {hook} hook {names} says yes{also}".replace("hook  says", "hook says")
    return Pause(reason=canary.phase, since=since, sentence=text)


def _side(world: World, deployment: Deployment | None) -> Side | None:
    if deployment is None:
        return None
    links = world.links(deployment)
    newest = next(iter(sides.newest_first(links.replica_sets)), None)
    return sides.of_template(deployment.template) if newest is None else sides.side(newest, links.pods)


def _started(world: World, target: Deployment | None) -> float | None:
    if target is None:
        return None
    newest = next(iter(sides.newest_first(world.links(target).replica_sets)), None)
    return None if newest is None else newest.created or None


def _serving(world: World, canary: Canary, primary: Deployment | None) -> tuple[Serving | None, str]:
    if primary is not None:
        return health(world, primary)
    if canary.target_kind == "DaemonSet":
        found = world.get(DaemonSet, canary.namespace, f"{canary.target_name}-primary")
        if found is not None:
            state = serving(found, found.desired, found.available, Release.COMPLETE)
            return state, counts(found.desired, found.available, in_traffic(found, found.available))
    return None, ""


def _problem(world: World, canary: Canary, target: Deployment | None, primary: Deployment | None) -> str:
    if canary.target_kind != "Deployment":
        return ""
    why = world.unread(Deployment)
    missing = [
        n for n, d in ((canary.target_name, target), (f"{canary.target_name}-primary", primary)) if d is None
    ]
    if canary.phase in ("", "Initializing"):
        missing = missing[:1] if target is None else []
    if not missing:
        return ""
    return f"Deployment {' and '.join(missing)} {f'cannot be read: {why}' if why else 'is not there'}"


def condition_of(metric: CanaryMetric) -> str:
    """The range in words; equality passes (fluxcd/flagger pkg/controller/scheduler_metrics.go)."""
    if metric.low is not None or metric.high is not None:
        parts = [f"at least {metric.low:g}"] if metric.low is not None else []
        parts += [f"at most {metric.high:g}"] if metric.high is not None else []
        return " and ".join(parts)
    if metric.threshold is None:
        return "no threshold"
    word = "at least" if metric.name == "request-success-rate" else "at most"
    return f"{word} {metric.threshold:g}"


def _analyses(world: World, canary: Canary) -> tuple[Analysis, ...]:
    """Flagger's own checks. What they measured stands in events alone, and only where a check failed."""
    if not canary.metrics:
        return ()
    running = canary.phase in ("Progressing", "WaitingPromotion", "Waiting")
    phase = {"Failed": "Failed", "Succeeded": "Successful"}.get(canary.phase, "Running" if running else "")
    if not phase:
        return ()
    told = halts(world, canary)
    metrics = []
    for metric in canary.metrics:
        said = [e for e in told if _about(metric.name, e.message)]
        metrics.append(
            MetricResult(
                name=metric.name,
                phase="Failed" if said else "",
                failed=sum(e.count for e in said),
                condition=condition_of(metric),
                message=said[-1].message if said else "",
                measurements=tuple(
                    Measurement(phase="Failed", value=_value(e.message), message=e.message, at=e.last_seen)
                    for e in said[-20:]
                ),
            )
        )
    failed = (
        f"{canary.failed_checks} of {canary.threshold} failed checks; it rolls back at {canary.threshold}"
    )
    return (
        Analysis(
            subject=world.subject(canary),
            kind="flagger",
            phase=phase,
            metrics=tuple(metrics),
            message=failed if canary.threshold else "",
            started=canary.last_transition if running else None,
        ),
    )


_BUILT_IN = {"request-success-rate": "success rate", "request-duration": "request duration"}


def _about(name: str, message: str) -> bool:
    return (
        f"advancement {_BUILT_IN.get(name, name)} " in message
        or f'metric "{name}"' in message
        or (f" {name} " in message)
    )


def _value(message: str) -> str:
    found = _HALT.search(message)
    return "" if found is None else f"{found['value']}{found['unit'] or ''}"


def _capabilities(
    canary: Canary, phase: Phase
) -> tuple[set[Capability], tuple[tuple[Capability, Lack], ...]]:
    able: set[Capability] = set()
    refused: list[tuple[Capability, Lack]] = []
    flight = phase in _FLIGHT
    idle = Lack("nothing is in flight")
    if gate_hooks(canary):
        able |= {Capability.GATE_OPEN, Capability.GATE_CLOSE}
    else:
        missing = Lack(
            "it has no gate hook; add to the Canary", hook_yaml(canary, "confirm-promotion", "gate/check")
        )
        refused += [(Capability.GATE_OPEN, missing), (Capability.GATE_CLOSE, missing)]
    if not rollback_hooks(canary):
        hook = hook_yaml(canary, "rollback", "rollback/check")
        refused += [
            (c, Lack("Flagger aborts only by a rollback hook; add to the Canary", hook))
            for c in (Capability.ABORTABLE, Capability.REVERTIBLE)
        ]
    elif flight:
        able |= {Capability.ABORTABLE, Capability.REVERTIBLE}
    else:
        refused += [(c, idle) for c in (Capability.ABORTABLE, Capability.REVERTIBLE)]
    able.add(Capability.RESUMABLE if canary.suspend else Capability.SUSPENDABLE)
    refused.append(
        (Capability.SUSPENDABLE, Lack("it is suspended already"))
        if canary.suspend
        else (Capability.RESUMABLE, Lack("it is not suspended"))
    )
    if flight and not canary.skip_analysis:
        able.add(Capability.SKIPPABLE)
    else:
        refused.append(
            (Capability.SKIPPABLE, Lack("its analysis is skipped already") if canary.skip_analysis else idle)
        )
    refused.append(
        (Capability.PROMOTABLE, Lack("Flagger has no promote; a confirm-promotion gate lets it go on"))
    )
    refused.append(
        (Capability.FULLY_PROMOTABLE, Lack("Flagger has no full promotion; skip the analysis instead"))
    )
    if canary.phase == "Failed":
        able.add(Capability.RETRYABLE)
    else:
        refused.append((Capability.RETRYABLE, Lack("its last release has not failed")))
    return able, tuple(refused)
