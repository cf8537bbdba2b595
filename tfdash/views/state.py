"""State as glyph, word and token, one language for every screen and report.

The glyph and the word stand together always, so that colour is never alone; ``token`` is the name of the colour that
a theme gives to it. Only a breach is upper case.
"""

from __future__ import annotations

from typing import NamedTuple

from tfdash.model.release import Phase, ReleaseState
from tfdash.model.verdict import Level, UnknownKind, Verdict
from tfdash.model.workload import Release, Serving, WorkloadState


class State(NamedTuple):
    """``level`` orders states by how much they want attention."""

    glyph: str
    word: str
    token: str
    level: Level

    @property
    def text(self) -> str:
        return f"{self.glyph} {self.word}".rstrip()

    def worded(self, word: str) -> State:
        """The same state under another word."""
        return self._replace(word=word)


STATES: dict[Level, State] = {
    Level.IDLE: State("·", "idle", "idle", Level.IDLE),
    Level.OK: State("✔", "ok", "ok", Level.OK),
    Level.MOVING: State("◐", "moving", "moving", Level.MOVING),
    Level.PAUSED: State("‖", "paused", "paused", Level.PAUSED),
    Level.UNKNOWN: State("?", "unknown", "unknown", Level.UNKNOWN),
    Level.WARN: State("▲", "warn", "warn", Level.WARN),
    Level.BREACH: State("✖", "BREACH", "breach", Level.BREACH),
}
LOADING = STATES[Level.UNKNOWN].worded("loading")
UNREADABLE = STATES[Level.UNKNOWN].worded("unreadable")
STALE = STATES[Level.UNKNOWN].worded("stale")
NOT_JUDGED = STATES[Level.UNKNOWN]._replace(token="idle", level=Level.IDLE)
"""What is not known and asks for nobody: it is too young, or nothing is configured that would tell."""

_SERVING: dict[Serving, State] = {
    Serving.OK: STATES[Level.OK],
    Serving.DEGRADED: STATES[Level.WARN].worded("degraded"),
    Serving.DOWN: STATES[Level.BREACH].worded("DOWN"),
    Serving.STARTING: STATES[Level.MOVING].worded("starting"),
    Serving.IDLE: STATES[Level.IDLE],
    Serving.UNKNOWN: STATES[Level.UNKNOWN],
}
_RELEASE: dict[Release, State] = {
    Release.COMPLETE: STATES[Level.OK].worded("complete"),
    Release.PROGRESSING: STATES[Level.MOVING],
    Release.STUCK: STATES[Level.WARN].worded("STUCK"),
    Release.PAUSED: STATES[Level.PAUSED],
    Release.HELD: STATES[Level.PAUSED].worded("held"),
    Release.PARTITIONED: STATES[Level.PAUSED].worded("partition"),
    Release.ON_DELETE: STATES[Level.PAUSED].worded("on delete"),
    Release.UNKNOWN: STATES[Level.UNKNOWN],
}
_PHASES: dict[Phase, State] = {
    Phase.NONE: STATES[Level.IDLE].worded("nothing in flight"),
    Phase.PROGRESSING: STATES[Level.MOVING].worded("progressing"),
    Phase.PAUSED: STATES[Level.PAUSED],
    Phase.ANALYSING: STATES[Level.MOVING].worded("analysing"),
    Phase.ABORTED: STATES[Level.WARN].worded("aborted"),
    Phase.STUCK: STATES[Level.WARN].worded("STUCK"),
    Phase.COMPLETE: STATES[Level.OK].worded("complete"),
    Phase.UNKNOWN: STATES[Level.UNKNOWN],
}


def of_level(level: Level) -> State:
    return STATES[level]


def of_verdict(verdict: Verdict) -> State:
    if verdict.unknown is not None and verdict.level is Level.IDLE:
        return NOT_JUDGED
    return STALE if verdict.unknown is UnknownKind.STALE else STATES[verdict.level]


def of_serving(serving: Serving) -> State:
    return _SERVING[serving]


def of_release(release: Release) -> State:
    return _RELEASE[release]


def serving(state: WorkloadState | None) -> State:
    """Serving health of a workload; ``? loading`` while it has not been judged."""
    return LOADING if state is None else aged(of_serving(state.serving), state.as_of)


def aged(state: State, as_of: float | None) -> State:
    """What was well when it was last read, ``as_of``, is not known now."""
    return STALE if as_of is not None and state.level in (Level.IDLE, Level.OK, Level.UNKNOWN) else state


def of_phase(phase: Phase) -> State:
    return _PHASES[phase]


def phase_of(release: ReleaseState) -> State:
    """Where it is; ``▲ overdue`` where its controller should have gone on long before."""
    if release.overdue:
        return STATES[Level.WARN].worded("overdue")
    return _PHASES[release.phase]


def of_rollout(release: ReleaseState | None) -> tuple[State, State]:
    """Serving health and release state of what carries its release itself."""
    if release is None:
        return LOADING, LOADING
    health = STATES[Level.UNKNOWN] if release.serving is None else of_serving(release.serving)
    return aged(health, release.as_of), aged(phase_of(release), release.as_of)


def release(state: WorkloadState | None) -> State:
    """Release state of a workload, with its progress while it moves (``◐ moving 60 %``)."""
    if state is None:
        return LOADING
    shown = aged(of_release(state.release), state.as_of)
    if state.release in (Release.PROGRESSING, Release.STUCK) and state.progress is not None:
        return shown.worded(f"{shown.word} {state.progress * 100:.0f} %")
    return shown


def worst(levels: list[Level]) -> Level | None:
    """The level that wants attention most, or None of nothing."""
    return max(levels, default=None)
