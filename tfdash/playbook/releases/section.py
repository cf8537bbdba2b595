"""The line of the releases: what is in flight, whatever carries it, and the triggers' word, which is the worst."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from tfdash.model.delivery import Canary, Rollout
from tfdash.model.judgement import CanaryJudgement
from tfdash.model.kube import Deployment
from tfdash.model.release import Carrier, Phase, ReleaseState
from tfdash.model.release_answer import ReleaseAnswer
from tfdash.model.section import SectionFinding
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level
from tfdash.model.workload import Release, Serving, WorkloadState
from tfdash.playbook.releases.answers import answers_of
from tfdash.playbook.section import Findings, Reading, Section

_RULE = "release.state"


class _Line(NamedTuple):
    """One of what may be said: of whom it is said, the one that is named first, and how several are said at once."""

    findings: list[SectionFinding]
    text: str = ""


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
    overdue = [r for r in others if r.overdue]
    in_time = [r for r in others if not r.overdue]
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
        _other(in_time, Phase.STUCK, Level.WARN),
        _each(overdue, Level.WARN),
        _judged(findings, Level.UNKNOWN, blind),
        _plain(Level.MOVING, moving),
        _other(in_time, Phase.PROGRESSING, Level.MOVING),
        _other(in_time, Phase.ANALYSING, Level.MOVING),
        _plain(Level.PAUSED, paused, "waits for a person"),
        _other(in_time, Phase.PAUSED, Level.PAUSED),
    )
    rows = {a.subject._replace(uid="") for a in told}  # of the Canary page
    one_by_one = tuple(
        msgspec.structs.replace(finding, page=_page(finding.subject, rows), rule=_RULE)
        for line in lines
        for finding in line.findings
    )
    first = one_by_one[0] if one_by_one else SectionFinding(level=Level.OK, sentence="")
    calendar = findings.calendar.text if findings.calendar is not None else ""
    return Reading(
        first.level,
        ", ".join(parts),
        next((line.text for line in lines if line.findings), calendar),
        sum(f.level is first.level for f in one_by_one),
        first.page if first.subject is not None else "canary" if others or aborted or told else "",
        len(blind),
        first.subject,
        first.since,
        answers,
        one_by_one,
    )


def _line(findings: list[SectionFinding]) -> _Line:
    return _Line(findings, findings[0].sentence if findings else "")


def _page(named: Subject | None, rows: set[Subject]) -> str:
    """Where whoever is named has a row: the Canary page, where it is among its ``rows``; "": the section's own."""
    return "canary" if named is not None and named._replace(uid="") in rows else ""


def _judged(findings: Findings, level: Level, found: list[ReleaseAnswer]) -> _Line:
    told = []
    for subject in (answer.subject for answer in found):
        release, judgement = findings.releases[subject], findings.canaries.get(subject)
        why = judgement.sentence if judgement is not None else release.message
        since = _since(release, judgement, level)
        told.append(
            SectionFinding(level=level, sentence=f"{subject.name}: {why}", subject=subject, since=since)
        )
    return _line(told)


def _since(release: ReleaseState, judgement: CanaryJudgement | None, level: Level) -> float | None:
    """Since when it is so: a limit since its first crossing; of what is not in flight its start says nothing."""
    crossed = [t.breached.at for t in judgement.triggers if t.breached is not None] if judgement else []
    if level is Level.BREACH and crossed:
        return min(crossed)
    return release.started if level is Level.BREACH or release.in_flight else None


def _stuck(stuck: list[WorkloadState]) -> _Line:
    worst = sorted(stuck, key=lambda s: s.serving is not Serving.DOWN)
    return _plain(Level.WARN, worst)


def _plain(level: Level, states: list[WorkloadState], what: str = "") -> _Line:
    """``what`` all are; else what each of them says."""
    told = []
    for state in states:
        cause = state.cause.sentence if state.cause is not None and state.release is Release.STUCK else ""
        sentence = f"{state.subject.name}: {what or cause or state.message}"
        since = state.changed_at or None
        told.append(SectionFinding(level=level, sentence=sentence, subject=state.subject, since=since))
    line = _line(told)
    if len(states) > 1:
        name = states[0].subject.name
        line = line._replace(text=f"{name} and {len(states) - 1} more{line.text.removeprefix(name)}")
    return line


def _aborted(aborted: list[ReleaseState]) -> _Line:
    told = []
    for release in aborted:
        why = f": {release.message}" if release.message else ""
        sentence = f"{release.subject.name}: the update was aborted{why}"
        told.append(
            SectionFinding(
                level=Level.WARN, sentence=sentence, subject=release.subject, since=release.aborted_at
            )
        )
    return _line(told)


def _other(others: list[ReleaseState], phase: Phase, level: Level) -> _Line:
    return _each([r for r in others if r.phase is phase], level)


def _each(those: list[ReleaseState], level: Level) -> _Line:
    told = []
    for release in those:
        pause = release.pause.sentence if release.pause is not None else ""
        sentence = f"{release.subject.name}: {pause or release.message}"
        ended = release.pause.until if release.pause is not None and release.pause.overdue else None
        quiet = release.quiet_at if release.silent else None
        since = ended or quiet or release.started
        told.append(SectionFinding(level=level, sentence=sentence, subject=release.subject, since=since))
    return _line(told)


def _flying(findings: Findings, workloads: set[Subject]) -> list[ReleaseState]:
    """Those in flight but for plain rolling updates that stand among the ``workloads`` already."""
    flying = (r for r in findings.releases.values() if r.in_flight)
    others = (r for r in flying if r.carrier is not Carrier.DEPLOYMENT or r.subject not in workloads)
    return sorted(others, key=lambda r: r.subject)


def _in(workloads: Mapping[Subject, WorkloadState], release: Release) -> list[WorkloadState]:
    return sorted((s for s in workloads.values() if s.release is release), key=lambda s: s.subject)


SECTION = Section(
    "releases",
    "Releases",
    "deployments",
    read,
    needs=(Deployment,),
    uses=(Rollout, Canary),
    hears=(WorkloadState, ReleaseState),
)
