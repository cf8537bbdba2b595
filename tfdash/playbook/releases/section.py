"""The line of the releases: what is in flight, whatever carries it, and the triggers' word, which is the worst."""

from __future__ import annotations

from collections.abc import Mapping

from tfdash.model.delivery import Canary, Rollout
from tfdash.model.judgement import Outcome
from tfdash.model.kube import Deployment
from tfdash.model.release import Carrier, Phase, ReleaseState
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level
from tfdash.model.workload import Release, Serving, WorkloadState
from tfdash.playbook.section import Findings, Missing, Reading, Section

_OF_PHASE = {Phase.STUCK: Level.WARN, Phase.PAUSED: Level.PAUSED}


def read(findings: Findings) -> Reading:
    # by name, so that of equals the same one is named each time: nothing moves that did not change
    stuck = _in(findings.workloads, Release.STUCK)
    moving = _in(findings.workloads, Release.PROGRESSING)
    paused = _in(findings.workloads, Release.PAUSED)
    others = _flying(findings)
    flying = len(stuck) + len(moving) + len(paused) + len(others)
    parts = [f"{flying} in flight" if flying else "none in flight"]
    parts += [f"{len(stuck)} stuck"] if stuck else []
    parts += [f"{len(paused)} paused"] if paused else []
    level, detail = Level.OK, ""
    if stuck:
        worst = sorted(stuck, key=lambda s: s.serving is not Serving.DOWN)
        cause = worst[0].cause
        level, detail = Level.WARN, _named(worst, cause.sentence if cause else worst[0].message)
    elif moving:
        level, detail = Level.MOVING, _named(moving, moving[0].message)
    elif paused:
        level, detail = Level.PAUSED, _named(paused, "waits for a person")
    here = Reading(level, ", ".join(parts), detail, len(stuck) or len(moving) or len(paused))
    return _with_others(findings, here, others)


def despite(findings: Findings, missing: Missing) -> Reading | None:
    """Deployments cannot be read, but the triggers have a word."""
    if not findings.canaries:
        return None
    others = _flying(findings)
    sentence = f"{len(others)} in flight, {missing.sentence}" if others else missing.sentence
    reading = _with_others(findings, Reading(Level.UNKNOWN, sentence, missing.detail), others)
    return reading._replace(level=max(reading.level, Level.UNKNOWN))


def _with_others(findings: Findings, here: Reading, others: list[ReleaseState]) -> Reading:
    """With what Rollouts and Canaries add."""
    must = sorted(
        (j for j in findings.canaries.values() if j.outcome is Outcome.BREACH), key=lambda j: j.subject
    )
    blind = [j for j in findings.canaries.values() if j.outcome not in (Outcome.PASS, Outcome.BREACH)]
    level, sentence, detail = here.level, here.sentence, here.detail
    if must:
        sentence = f"{sentence}, {len(must)} must roll back"
        level, detail = Level.BREACH, f"{must[0].subject.name}: {must[0].sentence}"
    elif others and level < Level.WARN:
        first = next((r for r in others if r.phase is Phase.STUCK), others[0])
        level = _OF_PHASE.get(first.phase, Level.MOVING)
        why = first.pause.sentence if first.pause is not None and first.pause.sentence else first.message
        detail = f"{first.subject.name}: {why}"
        if blind and level < Level.UNKNOWN:
            detail = f"{blind[0].subject.name}: {blind[0].sentence}"
    elif not detail and findings.calendar is not None:
        detail = findings.calendar.text
    target = "canary" if others or findings.canaries else ""
    return Reading(level, sentence, detail, len(must) or max(here.many, len(others)), target)


def _flying(findings: Findings) -> list[ReleaseState]:
    """Those in flight that no Deployment carries alone."""
    others = (r for r in findings.releases.values() if r.carrier is not Carrier.DEPLOYMENT and r.in_flight)
    return sorted(others, key=lambda r: r.subject)


def _named(states: list[WorkloadState], what: str) -> str:
    more = f" and {len(states) - 1} more" if len(states) > 1 else ""
    return f"{states[0].subject.name}{more}: {what}"


def _in(workloads: Mapping[Subject, WorkloadState], release: Release) -> list[WorkloadState]:
    return sorted((s for s in workloads.values() if s.release is release), key=lambda s: s.subject)


SECTION = Section(
    "releases",
    "Releases",
    "deployments",
    read,
    needs=(Deployment,),
    uses=(Rollout, Canary),
    despite=despite,
)
