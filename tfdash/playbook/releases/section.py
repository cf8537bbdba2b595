"""The line of the releases: what is in flight, whatever carries it, and the triggers' word, which is the worst."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from tfdash.model.delivery import Canary, Rollout
from tfdash.model.judgement import CanaryJudgement
from tfdash.model.kube import Deployment
from tfdash.model.release import Carrier, Phase, ReleaseState
from tfdash.model.release_answer import ReleaseAnswer
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level
from tfdash.model.workload import Release, Serving, WorkloadState
from tfdash.playbook.releases.answers import answers_of
from tfdash.playbook.section import Findings, Reading, Section


class _Line(NamedTuple):
    """One of what may be said: how many are so, and the one that is named."""

    level: Level
    many: int
    subject: Subject | None = None
    text: str = ""
    since: float | None = None


def read(findings: Findings) -> Reading:
    # by name, so that of equals the same one is named each time: nothing moves that did not change
    stuck = _in(findings.workloads, Release.STUCK)
    moving = _in(findings.workloads, Release.PROGRESSING)
    paused = _in(findings.workloads, Release.PAUSED)
    others = _flying(findings, {s.subject for s in (*stuck, *moving, *paused)})
    aborted = sorted(
        (r for r in findings.releases.values() if r.phase is Phase.ABORTED), key=lambda r: r.subject
    )
    answers = answers_of(findings.releases, findings.canaries)
    told = sorted((a for a in answers.values() if a.listed), key=lambda a: a.subject)
    must = [a for a in told if a.must_roll_back]
    blind = [a for a in told if a.level is Level.UNKNOWN]
    phases = Counter(r.phase for r in others)
    overdue = [r for r in others if _overdue(r)]
    flying = len(stuck) + len(moving) + len(paused) + len(others)
    parts = [f"{len(must)} must roll back"] if must else []  # first: the end is cut where room is short
    parts.append(f"{flying} in flight" if flying else "none in flight")
    for many, what in (
        (len(stuck) + phases[Phase.STUCK], "stuck"),
        (len(paused) + phases[Phase.PAUSED], "paused"),
        (len(overdue), "overdue"),
        (len(aborted), "aborted"),
        (len(blind), "undecided"),
    ):
        parts += [f"{many} {what}"] if many else []
    lines = (  # the worst first
        _judged(findings, Level.BREACH, must),
        _stuck(stuck),
        _aborted(aborted),
        _other(others, Phase.STUCK, Level.WARN),
        _other(overdue, Phase.PAUSED, Level.WARN),
        _judged(findings, Level.UNKNOWN, blind),
        _plain(Level.MOVING, moving),
        _other(others, Phase.PROGRESSING, Level.MOVING),
        _other(others, Phase.ANALYSING, Level.MOVING),
        _plain(Level.PAUSED, paused, "waits for a person"),
        _other([r for r in others if not _overdue(r)], Phase.PAUSED, Level.PAUSED),
    )
    calendar = findings.calendar.text if findings.calendar is not None else ""
    there = [line for line in lines if line.many]
    first = there[0] if there else _Line(Level.OK, 0, None, calendar)
    return Reading(
        first.level,
        ", ".join(parts),
        first.text,
        sum(line.many for line in there if line.level is first.level),
        "canary" if others or aborted or told else "",
        len(blind),
        first.subject,
        first.since,
        answers,
    )


def _judged(findings: Findings, level: Level, found: list[ReleaseAnswer]) -> _Line:
    if not found:
        return _Line(level, 0)
    subject = found[0].subject
    release, judgement = findings.releases[subject], findings.canaries.get(subject)
    why = judgement.sentence if judgement is not None else release.message
    return _Line(level, len(found), subject, f"{subject.name}: {why}", _since(release, judgement, level))


def _since(release: ReleaseState, judgement: CanaryJudgement | None, level: Level) -> float | None:
    """Since when it is so: a limit since its first crossing; of what is not in flight its start says nothing."""
    crossed = [t.breached.at for t in judgement.triggers if t.breached is not None] if judgement else []
    if level is Level.BREACH and crossed:
        return min(crossed)
    return release.started if level is Level.BREACH or release.in_flight else None


def _stuck(stuck: list[WorkloadState]) -> _Line:
    worst = sorted(stuck, key=lambda s: s.serving is not Serving.DOWN)
    cause = worst[0].cause if worst else None
    return _plain(Level.WARN, worst, cause.sentence if cause else "")


def _plain(level: Level, states: list[WorkloadState], what: str = "") -> _Line:
    if not states:
        return _Line(level, 0)
    first = states[0]
    text = _named(states, what or first.message)
    return _Line(level, len(states), first.subject, text, first.changed_at or None)


def _aborted(aborted: list[ReleaseState]) -> _Line:
    if not aborted:
        return _Line(Level.WARN, 0)
    first = aborted[0]
    why = f": {first.message}" if first.message else ""
    text = f"{first.subject.name}: the update was aborted{why}"
    return _Line(Level.WARN, len(aborted), first.subject, text, first.aborted_at)


def _other(others: list[ReleaseState], phase: Phase, level: Level) -> _Line:
    those = [r for r in others if r.phase is phase]
    if not those:
        return _Line(level, 0)
    first = those[0]
    pause = first.pause.sentence if first.pause is not None else ""
    return _Line(
        level, len(those), first.subject, f"{first.subject.name}: {pause or first.message}", first.started
    )


def _overdue(release: ReleaseState) -> bool:
    return release.pause is not None and release.pause.overdue


def _flying(findings: Findings, workloads: set[Subject]) -> list[ReleaseState]:
    """Those in flight but for plain rolling updates that stand among the ``workloads`` already."""
    flying = (r for r in findings.releases.values() if r.in_flight)
    others = (r for r in flying if r.carrier is not Carrier.DEPLOYMENT or r.subject not in workloads)
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
)
