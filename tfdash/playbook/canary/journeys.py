"""The trigger "Any critical user-facing functionality broken": journeys, judged by their last runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tfdash import figures
from tfdash.model.judgement import Outcome, Trigger
from tfdash.model.observation import Observation
from tfdash.model.release import ReleaseState
from tfdash.model.subject import Subject
from tfdash.model.traffic import Journey, JourneyRun
from tfdash.nouns import counted
from tfdash.playbook.canary.policy import CanaryPolicy

TITLE = "Critical journeys"
_ORDER = (
    Outcome.BREACH,
    Outcome.HOLD,
    Outcome.QUERY_ERROR,
    Outcome.NO_DATA,
    Outcome.STALE,
    Outcome.NOT_COMPARABLE,
    Outcome.LOW_TRAFFIC,
    Outcome.PASS,
)


def worst(outcomes: Sequence[Outcome]) -> Outcome:
    """The one that needs attention most; PASS without any."""
    return min(outcomes, key=_ORDER.index, default=Outcome.PASS)


def journeys_trigger(
    release: ReleaseState,
    journeys: Sequence[Observation[Journey]],
    began: float | None,
    policy: CanaryPolicy,
    now: float,
) -> Trigger | None:
    """None where no journey of this workload is configured. Runs from before the canary began do not count; but where a journey was
    broken when it began, what fails until the journey has worked again is not the new version's doing: HOLD."""
    mine = [o for o in journeys if o.value is not None and _concerns(o.value, release)]
    probes = [o.value for o in mine if o.value is not None and o.value.control]
    judged = [o for o in mine if o.value is not None and not o.value.control]
    if not judged:
        return None
    broken = next((p for p in probes if p.runs and p.runs[-1].ok is False), None)
    told: list[tuple[Outcome, str, Journey, _Runs]] = []
    for seen in judged:
        assert seen.value is not None
        runs = _runs(seen, probes, began, policy)
        told.append((*_judge(seen, runs, broken, began, policy, now), seen.value, runs))
    critical = [t for t in told if t[2].critical and t[2].side != "stable"]
    outcome = worst([t[0] for t in critical]) if critical else Outcome.NOT_COMPARABLE
    leading = [t for t in critical if t[0] is outcome] or told
    flags = [
        f"{t[2].name} is not critical: {t[1]}" for t in told if not t[2].critical and t[0] is Outcome.BREACH
    ]
    flags += [
        f"{t[2].name} runs on the stable side: {t[1]}"
        for t in told
        if t[2].side == "stable" and t[0] is Outcome.BREACH
    ]
    if critical and all(t[2].side == "mixed" for t in (leading if outcome is Outcome.BREACH else critical)):
        flags.insert(0, "mostly stable")
    if outcome is Outcome.PASS:
        sentence = f"{len(critical)} of {len(critical)} critical journeys work"
    elif not critical:
        sentence = "no critical journey reaches the canary"
    else:
        sentence = "; ".join(f"{t[2].name}: {t[1]}" for t in leading)
    failed = [r.at for t in leading if outcome is Outcome.BREACH for r in t[3].last if r.ok is False]
    return Trigger(
        id="journeys",
        title=TITLE,
        outcome=outcome,
        sentence=sentence,
        plain=_plain(told),
        unit="runs",
        sample=sum(len(t[2].runs) for t in critical),
        query="; ".join(dict.fromkeys(t[2].source for t in critical if t[2].source)),
        evaluated_at=max((t[2].runs[-1].at for t in told if t[2].runs), default=None),
        baseline_label="control probe" if probes else "",
        flags=tuple(flags),
        since=min(failed, default=None),
        until=broken.runs[-1].at if broken is not None else max(failed, default=None),
        unlike=broken is not None,
    )


class _Runs(NamedTuple):
    """Of one journey, all with an answer. ``broken``: it was broken when the canary began, and has not worked since."""

    last: Sequence[JourneyRun]
    broken: bool


def _runs(
    seen: Observation[Journey], probes: Sequence[Journey], began: float | None, policy: CanaryPolicy
) -> _Runs:
    """The runs that decide: the last ones since the canary began, or since a journey that was broken then worked again."""
    assert seen.value is not None
    journey, of = seen.value, policy.journeys.of
    since = [r for r in journey.runs if (began is None or r.at >= began) and r.ok is not None]
    if began is None or journey.side == "canary":  # before the canary there was nothing to reach
        return _Runs(since[-of:], False)
    fresh = began - max(policy.journeys.stale_after, seen.interval)
    if not _broken(_before(journey, began), policy, fresh) or any(
        run.ok is False for probe in probes for run in _before(probe, began)[-1:]
    ):
        return _Runs(since[-of:], False)
    works = _works(since, policy)
    return _Runs(since[-of:], True) if works is None else _Runs(since[works:][-of:], False)


def _before(journey: Journey, began: float) -> list[JourneyRun]:
    return [r for r in journey.runs if r.at < began and r.ok is not None]


def _broken(runs: Sequence[JourneyRun], policy: CanaryPolicy, fresh: float) -> bool:
    """By the rule of any breach, or by all that is known where a terminal has seen less; the last is no older than ``fresh``."""
    last = runs[-policy.journeys.of :]
    failed = [r for r in last if r.ok is False]
    if not failed or failed[-1] is not last[-1] or last[-1].at < fresh:
        return False
    return len(failed) >= policy.journeys.fails or len(failed) == len(last)


def _works(runs: Sequence[JourneyRun], policy: CanaryPolicy) -> int | None:
    """The first of as many runs in a row that worked as would break it; None where there are none yet: while both versions serve, a
    single one does not say which of them it met."""
    row = 0
    for k, one in enumerate(runs):
        row = row + 1 if one.ok else 0
        if row == policy.journeys.fails:
            return k + 1 - row
    return None


def _concerns(journey: Journey, release: ReleaseState) -> bool:
    def key(subject: Subject) -> tuple[object, ...]:
        return subject.cluster, subject.kind, subject.namespace, subject.name

    mine = {key(s) for s in (release.subject, release.workload) if s is not None}
    return journey.workload is None or key(journey.workload) in mine


def _judge(
    seen: Observation[Journey],
    deciding: _Runs,
    broken: Journey | None,
    began: float | None,
    policy: CanaryPolicy,
    now: float,
) -> tuple[Outcome, str]:
    journey, rule = seen.value, policy.journeys
    assert journey is not None
    runs = [r for r in journey.runs if began is None or r.at >= began]
    last = deciding.last
    failed = [r for r in last if r.ok is False]
    if broken is not None:
        return (
            Outcome.NOT_COMPARABLE,
            f"the control probe {broken.name} fails too, so the fault may be the prober's",
        )
    if failed and deciding.broken:
        told = f"{len(failed)} of the last {len(last)} runs failed{_where(failed[-1])}"
        return Outcome.HOLD, f"it failed before this version began, too: {told}"
    if len(failed) >= rule.fails:
        return Outcome.BREACH, f"{len(failed)} of the last {len(last)} runs failed{_where(failed[-1])}"
    if seen.problem is not None:
        return Outcome.QUERY_ERROR, f"its runs could not be read: {seen.problem}"
    if not runs:
        return Outcome.NO_DATA, "it has not run since the canary began"
    if runs[-1].ok is None:
        return Outcome.NOT_COMPARABLE, f"its last run cannot be judged{_where(runs[-1])}"
    age = now - runs[-1].at
    if age > max(rule.stale_after, seen.interval):  # merely between two rounds is not stale
        return Outcome.STALE, f"it last ran {figures.span(age).removeprefix('about ')} ago"
    if failed:
        return (
            Outcome.LOW_TRAFFIC,
            f"{len(failed)} of the last {len(last)} runs failed{_where(failed[-1])}; {rule.fails} are wanted",
        )
    if deciding.broken:
        told = f"{counted(len(last), 'run')} worked since; {rule.fails} in a row are wanted"
        return Outcome.LOW_TRAFFIC, f"it failed before this version began: {told}"
    return Outcome.PASS, f"{len(last)} of the last {len(last)} runs worked"


def _where(run: JourneyRun) -> str:
    step = f" at step {run.step} of {run.steps}" if run.step and run.steps else ""
    if run.message:
        return (
            f" ({run.message})" if step and f"step {run.step}" in run.message else f"{step} ({run.message})"
        )
    return step


def _plain(told: Sequence[tuple[Outcome, str, Journey, _Runs]]) -> str:
    failing = [t[2].name for t in told if t[2].critical and t[2].runs and t[2].runs[-1].ok is False]
    if failing:
        return f"broken by its last run: {', '.join(failing)}"
    return "no critical journey failed in its last run"
