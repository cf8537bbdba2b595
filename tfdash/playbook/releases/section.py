"""The line of the releases: what is in flight, whatever carries it, and the triggers' word, which is the worst."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tfdash.model.delivery import Canary, Rollout
from tfdash.model.judgement import Outcome
from tfdash.model.kube import Deployment
from tfdash.model.release import Carrier, Phase, ReleaseState
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level
from tfdash.model.workload import Release, Serving, WorkloadState
from tfdash.playbook.section import Findings, Reading, Section
from tfdash.playbook.staleness import clock


def read(findings: Findings) -> Reading:
    # by name, so that of equals the same one is named each time: nothing moves that did not change
    stuck = _in(findings.workloads, Release.STUCK)
    moving = _in(findings.workloads, Release.PROGRESSING)
    paused = _in(findings.workloads, Release.PAUSED)
    others = _flying(findings)
    aborted = sorted(
        (r for r in findings.releases.values() if r.phase is Phase.ABORTED), key=lambda r: r.subject
    )
    flying = len(stuck) + len(moving) + len(paused) + len(others)
    must = sorted(
        (j for j in findings.canaries.values() if j.outcome is Outcome.BREACH), key=lambda j: j.subject
    )
    # of a plain rolling update there is mostly nothing to decide by: it moves, and that is known
    words = [j for r in others if (j := findings.canaries.get(r.subject)) is not None]
    blind = [j for j in words if j.outcome not in (Outcome.PASS, Outcome.BREACH)]
    parts = [f"{flying} in flight" if flying else "none in flight"]
    for many, what in (
        (len(stuck) + sum(r.phase is Phase.STUCK for r in others), "stuck"),
        (len(paused), "paused"),
        (len(aborted), "aborted"),
        (len(must), "must roll back"),
        (len(blind), "undecided"),
    ):
        parts += [f"{many} {what}"] if many else []
    found: list[
        tuple[Level, int, Callable[[], str]]
    ] = [  # worst first; of each level how many, and the one that is named
        (Level.BREACH, len(must), lambda: f"{must[0].subject.name}: {must[0].sentence}"),
        (Level.WARN, len(stuck), lambda: _stuck(stuck)),
        (Level.WARN, len(aborted), lambda: f"{aborted[0].subject.name}: {_aborted(aborted[0])}"),
        *_others(others, Phase.STUCK, Level.WARN),
        (Level.UNKNOWN, len(blind), lambda: f"{blind[0].subject.name}: {blind[0].sentence}"),
        (Level.MOVING, len(moving), lambda: _named(moving, moving[0].message)),
        *_others(others, Phase.PROGRESSING, Level.MOVING),
        *_others(others, Phase.ANALYSING, Level.MOVING),
        (Level.PAUSED, len(paused), lambda: _named(paused, "waits for a person")),
        *_others(others, Phase.PAUSED, Level.PAUSED),
    ]
    there = [line for line in found if line[1]]
    level = there[0][0] if there else Level.OK
    calendar = findings.calendar.text if findings.calendar is not None else ""
    return Reading(
        level,
        ", ".join(parts),
        there[0][2]() if there else calendar,
        sum(many for at, many, _ in there if at is level),
        "canary" if others or aborted or findings.canaries else "",
        len(blind),
    )


def _stuck(stuck: list[WorkloadState]) -> str:
    worst = sorted(stuck, key=lambda s: s.serving is not Serving.DOWN)
    cause = worst[0].cause
    return _named(worst, cause.sentence if cause else worst[0].message)


def _aborted(release: ReleaseState) -> str:
    since = f" at {clock(release.aborted_at)}" if release.aborted_at else ""
    return f"aborted{since}, {release.message}" if release.message else f"aborted{since}"


def _others(
    others: list[ReleaseState], phase: Phase, level: Level
) -> list[tuple[Level, int, Callable[[], str]]]:
    those = [r for r in others if r.phase is phase]

    def named() -> str:
        first = those[0]
        pause = first.pause.sentence if first.pause is not None else ""
        return f"{first.subject.name}: {pause or first.message}"

    return [(level, len(those), named)]


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
)
