"""What the overview says: one state for each section of the playbook that exists so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from tfdash.model.calendar import CalendarState
from tfdash.model.judgement import CanaryJudgement, Outcome
from tfdash.model.observation import Observation, ProblemKind
from tfdash.model.picture import Objects, Picture
from tfdash.model.release import Carrier, Phase, ReleaseState
from tfdash.model.section import SectionState
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level, Verdict
from tfdash.model.workload import Release, Serving, WorkloadState

_NO_RELEASES: Mapping[Subject, ReleaseState] = {}
_NO_CANARIES: Mapping[Subject, CanaryJudgement] = {}
_UNTROUBLED = (Level.IDLE, Level.OK, Level.MOVING, Level.PAUSED)


def summarise(
    picture: Picture,
    verdicts: Mapping[Subject, tuple[Verdict, ...]],
    workloads: Mapping[Subject, WorkloadState],
    releases: Mapping[Subject, ReleaseState] = _NO_RELEASES,
    canaries: Mapping[Subject, CanaryJudgement] = _NO_CANARIES,
    calendar: CalendarState | None = None,
) -> tuple[SectionState, ...]:
    """Releases, Serving, Nodes. What cannot be seen makes its section UNKNOWN, never ok."""
    return (
        _seen_whole(picture, _canaries(_releases(picture, workloads), releases, canaries, calendar)),
        _serving(picture, verdicts, workloads, releases),
        _nodes(picture, verdicts),
    )


def _blind(picture: Picture, kinds: Iterable[str]) -> tuple[str, str] | None:
    """Why ``kinds`` cannot be judged as a whole: (sentence, detail), or None."""
    for ref, cluster in picture.clusters.items():
        for kind in kinds:
            seen: Observation[Objects] | None = cluster.kinds.get(kind)
            if seen is not None and seen.problem is not None and not seen.complete:
                return f"{kind}s of {ref.cluster} cannot be read", seen.problem.cause
        if cluster.info.problem is not None and cluster.info.value is None:
            return f"{ref.cluster} cannot be reached", str(cluster.info.problem)
    if any(
        (seen := cluster.kinds.get(kind)) is None or not seen.complete
        for cluster in picture.clusters.values()
        for kind in kinds
    ):
        return "loading", ""
    return None


def _unknown(id_: str, title: str, why: tuple[str, str], target: str) -> SectionState:
    return SectionState(
        id=id_, title=title, level=Level.UNKNOWN, sentence=why[0], detail=why[1], target=target
    )


def _named(states: list[WorkloadState], what: str) -> str:
    first = states[0]
    more = f" and {len(states) - 1} more" if len(states) > 1 else ""
    return f"{first.subject.name}{more}: {what}"


def _in(workloads: Mapping[Subject, WorkloadState], release: Release) -> list[WorkloadState]:
    return sorted((s for s in workloads.values() if s.release is release), key=lambda s: s.subject)


def _releases(picture: Picture, workloads: Mapping[Subject, WorkloadState]) -> SectionState:
    why = _blind(picture, ("Deployment",))
    if why is not None:
        return _unknown("releases", "Releases", why, "deployments")
    # by name, so that of equals the same one is named each time: nothing moves that did not change
    stuck = _in(workloads, Release.STUCK)
    moving = _in(workloads, Release.PROGRESSING)
    paused = _in(workloads, Release.PAUSED)
    flying = len(stuck) + len(moving) + len(paused)
    parts = [f"{flying} in flight" if flying else "none in flight"]
    parts += [f"{len(stuck)} stuck"] if stuck else []
    parts += [f"{len(paused)} paused"] if paused else []
    level, detail = Level.OK, ""
    if stuck:
        worst = sorted(stuck, key=lambda s: s.serving is not Serving.DOWN)
        level, detail = (
            Level.WARN,
            _named(worst, worst[0].cause.sentence if worst[0].cause else worst[0].message),
        )
    elif moving:
        level, detail = Level.MOVING, _named(moving, moving[0].message)
    elif paused:
        level, detail = Level.PAUSED, _named(paused, "waits for a person")
    return SectionState(
        id="releases",
        title="Releases",
        level=level,
        sentence=", ".join(parts),
        detail=detail,
        target="deployments",
        count=len(stuck) or len(moving) or len(paused),
    )


def _seen_whole(picture: Picture, section: SectionState) -> SectionState:
    """ "None in flight" is only said where Rollouts and Canaries, if there are any, can be read as well."""
    if section.level not in (Level.IDLE, Level.OK):
        return section
    for ref, cluster in picture.clusters.items():
        for kind in ("Rollout", "Canary"):
            seen = cluster.kinds.get(kind)
            if seen is None or seen.complete:
                continue
            if seen.problem is None:
                return _unknown("releases", "Releases", ("loading", ""), "deployments")
            if seen.problem.kind is not ProblemKind.NOT_SERVED:
                why = (f"{kind}s of {ref.cluster} cannot be read", seen.problem.cause)
                return _unknown("releases", "Releases", why, "canary")
    return section


def _canaries(
    section: SectionState,
    releases: Mapping[Subject, ReleaseState],
    canaries: Mapping[Subject, CanaryJudgement],
    calendar: CalendarState | None,
) -> SectionState:
    """The section of releases with what Rollouts and Canaries add, and with the triggers' word, which is the worst."""
    if section.level is Level.UNKNOWN and not canaries:
        return section
    others = sorted(
        (r for r in releases.values() if r.carrier is not Carrier.DEPLOYMENT), key=lambda r: r.subject
    )
    flying = [r for r in others if r.in_flight]
    must = sorted((j for j in canaries.values() if j.outcome is Outcome.BREACH), key=lambda j: j.subject)
    blind = [j for j in canaries.values() if j.outcome not in (Outcome.PASS, Outcome.BREACH)]
    judged = bool(flying or canaries)
    sentence = section.sentence
    if flying:
        before = 0 if sentence.startswith("none") else int(sentence.split()[0])
        sentence = ", ".join([f"{before + len(flying)} in flight", *sentence.split(", ")[1:]])
    level, detail = section.level, section.detail
    if must:
        sentence = f"{sentence}, {len(must)} must roll back"
        level, detail = Level.BREACH, f"{must[0].subject.name}: {must[0].sentence}"
    elif flying and level < Level.WARN:
        first = next((r for r in flying if r.phase is Phase.STUCK), flying[0])
        level = (
            Level.WARN
            if first.phase is Phase.STUCK
            else Level.PAUSED
            if first.phase is Phase.PAUSED
            else Level.MOVING
        )
        why = first.pause.sentence if first.pause is not None and first.pause.sentence else first.message
        detail = f"{first.subject.name}: {why}"
        if blind and level < Level.UNKNOWN:
            detail = f"{blind[0].subject.name}: {blind[0].sentence}"
    elif not detail and calendar is not None:
        detail = calendar.text
    return msgspec.structs.replace(
        section,
        level=level,
        sentence=sentence,
        detail=detail,
        target="canary" if judged else section.target,
        count=len(must) or max(section.count, len(flying)),
    )


_OF_SERVING = {
    Serving.DOWN: Level.BREACH,
    Serving.DEGRADED: Level.WARN,
    Serving.UNKNOWN: Level.UNKNOWN,
}


def _serving(
    picture: Picture,
    verdicts: Mapping[Subject, tuple[Verdict, ...]],
    workloads: Mapping[Subject, WorkloadState],
    releases: Mapping[Subject, ReleaseState],
) -> SectionState:
    """Workloads of the API's own kinds, and Argo's Rollouts, which serve users just the same."""
    why = _blind(picture, ("Deployment", "StatefulSet", "DaemonSet"))
    if why is not None:
        return _unknown("serving", "Serving", why, "deployments")
    rollouts = [r for r in releases.values() if r.carrier is Carrier.ROLLOUT and r.serving is not None]
    served = [s.serving for s in workloads.values()] + [r.serving for r in rollouts]
    wanted = sum(s is not Serving.IDLE for s in served)
    good = sum(s is Serving.OK for s in served)
    troubled = [
        (verdicts[s.subject][0].level, s.subject, verdicts[s.subject][0].sentence)
        for s in workloads.values()
        if verdicts[s.subject][0].level not in _UNTROUBLED
    ]
    troubled += [
        (_OF_SERVING[r.serving], r.subject, f"{r.subject.name}: {r.served or r.message}")
        for r in rollouts
        if r.serving in _OF_SERVING
    ]
    troubled.sort(key=lambda row: (-row[0], row[1]))
    level = troubled[0][0] if troubled else Level.OK
    detail = troubled[0][2] if troubled else "no workload lacks a pod"
    return SectionState(
        id="serving",
        title="Serving",
        level=level,
        detail=detail,
        target="deployments",
        sentence=f"{good} of {wanted} workloads serve" if wanted else "no workloads",
        count=sum(row[0] is level for row in troubled),
    )


def _nodes(picture: Picture, verdicts: Mapping[Subject, tuple[Verdict, ...]]) -> SectionState:
    why = _blind(picture, ("Node",))
    if why is not None:
        return _unknown("nodes", "Nodes", why, "nodes")
    told = [v for subject, found in verdicts.items() if subject.kind == "Node" for v in found]
    ready = [v for v in told if v.level in _UNTROUBLED or v.level is Level.WARN]
    worst = min(told, key=lambda v: (-v.level, v.subject), default=None)
    level = worst.level if worst is not None else Level.UNKNOWN
    cordoned = sum(v.level is Level.PAUSED for v in told)
    detail = (
        worst.sentence
        if worst is not None and worst.level not in (Level.OK,)
        else "no pressure, none cordoned"
    )
    sentence = f"{len(ready)} of {len(told)} ready" + (f", {cordoned} cordoned" if cordoned else "")
    return SectionState(
        id="nodes",
        title="Nodes",
        level=level,
        sentence=sentence,
        detail=detail,
        target="nodes",
        count=sum(v.level is level for v in told),
    )
