"""The one answer for each release, from its state and the triggers' word: never green where it is not known."""

from __future__ import annotations

from collections.abc import Mapping

from tfdash.model.judgement import Advice, CanaryJudgement, Outcome
from tfdash.model.release import Carrier, Phase, ReleaseState
from tfdash.model.release_answer import Ground, ReleaseAnswer
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level

PHASES: dict[Phase, Level] = {
    Phase.NONE: Level.IDLE,
    Phase.PROGRESSING: Level.MOVING,
    Phase.PAUSED: Level.PAUSED,
    Phase.ANALYSING: Level.MOVING,
    Phase.ABORTED: Level.WARN,
    Phase.STUCK: Level.WARN,
    Phase.COMPLETE: Level.OK,
    Phase.UNKNOWN: Level.UNKNOWN,
}
_OUTCOMES = {Outcome.PASS: Level.OK, Outcome.BREACH: Level.BREACH}  # of all others nothing is known


def answers_of(
    releases: Mapping[Subject, ReleaseState], canaries: Mapping[Subject, CanaryJudgement]
) -> dict[Subject, ReleaseAnswer]:
    return {subject: answer(release, canaries.get(subject)) for subject, release in releases.items()}


def answer(release: ReleaseState, judgement: CanaryJudgement | None) -> ReleaseAnswer:
    level, ground = _said(release, judgement)
    watched = judgement is not None and judgement.advice is not Advice.NOTHING
    return ReleaseAnswer(
        subject=release.subject,
        level=level,
        ground=ground,
        phase=release.phase,
        outcome=judgement.outcome if judgement is not None else None,
        go_on=False if level >= Level.WARN else True if may_go_on(release, judgement) else None,
        listed=release.in_flight or release.phase in (Phase.ABORTED, Phase.UNKNOWN) or watched,
    )


def _said(release: ReleaseState, judgement: CanaryJudgement | None) -> tuple[Level, Ground]:
    breach = judgement is not None and judgement.outcome is Outcome.BREACH
    if breach and not release.is_back:  # what was aborted and gets nothing any more is back already
        return Level.BREACH, Ground.ROLL_BACK
    level, ground = _plainly(release, judgement)
    stale = release.as_of is not None and level in (Level.IDLE, Level.OK, Level.UNKNOWN)
    return (Level.UNKNOWN, Ground.STALE) if stale else (level, ground)


def _plainly(release: ReleaseState, judgement: CanaryJudgement | None) -> tuple[Level, Ground]:
    phase = PHASES[release.phase], Ground.PHASE
    if release.phase in (Phase.STUCK, Phase.ABORTED):
        return phase
    if release.overdue:
        return Level.WARN, Ground.PHASE
    if judgement is None or _unmeasured(release, judgement):
        # that a plain rolling update moves is known without any metrics; nothing vouches for it at its end
        if release.carrier is Carrier.DEPLOYMENT:
            finished = judgement is not None and release.phase is Phase.COMPLETE
            return (Level.IDLE, Ground.NOT_JUDGED) if finished else phase
        return (Level.UNKNOWN, Ground.NOT_JUDGED) if release.in_flight else phase
    if judgement.advice is Advice.NOTHING or release.phase is Phase.UNKNOWN:
        return phase
    return _OUTCOMES.get(judgement.outcome, Level.UNKNOWN), Ground.OUTCOME


def _unmeasured(release: ReleaseState, judgement: CanaryJudgement) -> bool:
    """A plain rolling update of what nothing measures: no metric is named or found, and no journey runs."""
    return release.carrier is Carrier.DEPLOYMENT and all(t.absent for t in judgement.triggers)


def may_go_on(release: ReleaseState, judgement: CanaryJudgement | None) -> bool:
    """A pass; while the canary is held yet, a pass of one window is no leave to go on. Nor is that of a version that came
    back: who asks, asks for the one that was left."""
    if judgement is None or judgement.outcome is not Outcome.PASS or release.as_of is not None:
        return False
    if judgement.came_back:
        return False
    return release.phase is Phase.COMPLETE or (release.in_flight and judgement.advice is Advice.PROMOTE)


__all__ = ["PHASES", "answer", "answers_of", "may_go_on"]
