"""What the rule of autoscalers says of a ScaledObject of KEDA: whether its operator can carry it out, falls back, or was told to rest.

Conditions are those of KEDA's operator (kedacore/keda, apis/keda/v1alpha1): a paused one has no HPA, so that it alone tells who decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tfdash.model.autoscaling import ScaledObject
from tfdash.model.verdict import Level, UnknownKind, Verdict
from tfdash.playbook.rule import Case, RuleResult
from tfdash.playbook.serving.causes.finding import shorten
from tfdash.playbook.serving.rollout_status import condition

_UNLOOKED_FOR = 60.0  # seconds after which one that nobody has looked at has no operator


class _Finding(NamedTuple):
    level: Level
    sentence: str
    since: float | None = None


def judge(case: Case[ScaledObject], rule: str) -> RuleResult:
    scaled = case.obj
    found = sorted(_found(case), key=lambda f: -f.level)
    level = found[0].level
    told = [f.sentence for f in found if f.level is level or f.level >= Level.PAUSED]
    return RuleResult(
        (
            Verdict(
                level=level,
                rule=rule,
                subject=case.subject,
                sentence=f"{scaled.name}: {'; '.join(told)}",
                band=(float(scaled.min_replicas), float(scaled.max_replicas)),
                unit="replicas",
                unknown=UnknownKind.NO_DATA if level is Level.UNKNOWN else None,
                since=found[0].since,
            ),
        )
    )


def _found(case: Case[ScaledObject]) -> Iterator[_Finding]:
    scaled = case.obj
    if scaled.deleting is not None:
        yield _Finding(Level.IDLE, "is being deleted")
        return
    if not scaled.conditions:
        late = case.reached(scaled.created + _UNLOOKED_FOR)
        yield (
            _Finding(Level.UNKNOWN, "no operator of KEDA has looked at it")
            if late
            else _Finding(Level.MOVING, "KEDA has not looked at it yet")
        )
    if scaled.paused:
        at = "" if scaled.paused_replicas is None else f" at {scaled.paused_replicas} replicas"
        yield _Finding(Level.PAUSED, f"paused{at}: nothing scales {scaled.target_kind} {scaled.target_name}")
    ready, fallback = (condition(scaled.conditions, name) for name in ("Ready", "Fallback"))
    if ready is not None and ready.status != "True":
        why = shorten(ready.message or ready.reason)
        yield _Finding(Level.WARN, f"is not ready: {why}", ready.since or None)
    if fallback is not None and fallback.status == "True":
        why = shorten(fallback.message or fallback.reason)
        yield _Finding(Level.WARN, f"falls back, its triggers cannot be read: {why}", fallback.since or None)
    if scaled.conditions and not scaled.paused:
        yield _usual(scaled)


def _usual(scaled: ScaledObject) -> _Finding:
    active = condition(scaled.conditions, "Active")
    bounds = f"{scaled.min_replicas}-{scaled.max_replicas} of {scaled.target_kind} {scaled.target_name}"
    by = f" by {', '.join(scaled.triggers)}" if scaled.triggers else ""
    rests = scaled.min_replicas if scaled.idle is None else scaled.idle
    if active is not None and active.status == "False":
        return _Finding(Level.IDLE, f"{bounds}{by}: nothing to do, so that it rests at {rests}")
    then = "" if rests else f", at 0 after {scaled.cooldown:g} s without work"
    return _Finding(Level.OK, f"{bounds}{by}{then}")
