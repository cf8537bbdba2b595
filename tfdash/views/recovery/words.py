"""How a run and its steps are written: state, clocks, who. Every text is safe; times are epoch seconds, the zone is the playbook's."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from tfdash.model.procedure import Step, StepKind
from tfdash.model.run import Probed, RunClock, RunOutcome, RunState, StepState, StepStatus
from tfdash.model.verdict import Level
from tfdash.moments import near
from tfdash.playbook.procedures.progress import OVER, impact_clock, steps_over, too_long, took, whole_clock
from tfdash.playbook.procedures.walk import steps_by_id
from tfdash.text import safe
from tfdash.views.state import State, of_level
from tfdash.views.table import Cell, Line

_STATUS: dict[StepStatus, State] = {
    StepStatus.WAITING: of_level(Level.IDLE).worded("waits"),
    StepStatus.READY: of_level(Level.PAUSED).worded("next"),
    StepStatus.CLAIMED: of_level(Level.MOVING).worded("claimed"),
    StepStatus.RUNNING: of_level(Level.MOVING).worded("runs"),
    StepStatus.UNKNOWN: of_level(Level.UNKNOWN).worded("UNKNOWN OUTCOME"),
    StepStatus.DONE: of_level(Level.OK).worded("done"),
    StepStatus.ALREADY: of_level(Level.OK).worded("already so"),
    StepStatus.FAILED: of_level(Level.WARN).worded("failed"),
    StepStatus.SKIPPED: of_level(Level.IDLE).worded("skipped"),
    StepStatus.NOT_CHOSEN: of_level(Level.IDLE).worded("not chosen"),
    StepStatus.LEFT: of_level(Level.IDLE).worded("left undone"),
}
_PROBED = {True: of_level(Level.OK), False: of_level(Level.WARN), None: of_level(Level.UNKNOWN)}
_ENDED = {RunOutcome.DONE: Level.OK, RunOutcome.ABORTED: Level.WARN, RunOutcome.SKIPPED: Level.WARN}
NOT_COORDINATED = of_level(Level.WARN).worded("NOT COORDINATED")
DRY = of_level(Level.IDLE).worded("DRY RUN")


def status_of(state: StepState) -> State:
    """Glyph, word and colour of a step."""
    return _STATUS[state.status]


def short_status(state: StepState) -> str:
    """In a column of 12 cells: the whole word stands in the step's own lines."""
    shown = status_of(state)
    return f"{shown.glyph} UNKNOWN" if state.status is StepStatus.UNKNOWN else shown.text


def run_state(run: RunState) -> State:
    """Of a whole run: what wants a person first."""
    if (level := _ENDED.get(run.outcome)) is not None:
        return of_level(level).worded(run.outcome.value)
    found = {s.status for s in run.steps}
    for status, word in (
        (StepStatus.UNKNOWN, "UNKNOWN OUTCOME"),
        (StepStatus.FAILED, "a step failed"),
    ):
        if status in found:
            return _STATUS[status].worded(word)
    if StepStatus.RUNNING in found:
        return of_level(Level.MOVING).worded("runs")
    if all(s.status in OVER for s in run.steps):
        return of_level(Level.PAUSED).worded("to be closed")
    return of_level(Level.PAUSED).worded("waits for you")


def span(seconds: float, beside: float = 0.0) -> str:
    """``02:41``, ``1:02:41``, ``3d 04h``. ``beside``: the target that it stands beside; where that has hours, so has this: ``0:02:41``
    of ``4:00:00`` is not read as two hours."""
    whole = max(int(seconds), 0)
    hours, rest = divmod(whole, 3600)
    if hours >= 48:
        return f"{hours // 24}d {hours % 24:02d}h"
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours or beside >= 3600 else f"{minutes:02d}:{left:02d}"


def clock_cells(clock: RunClock, now: float) -> list[Cell]:
    """``restore 02:41 of 30:00``; ``at least`` where it began before anybody saw it; past its target with how much."""
    label = safe(clock.id)
    if clock.start is None:
        return [(f"{label} ", "dim"), ("?", "unknown")]
    seconds = took(clock, now)
    text = f"{'at least ' if clock.at_least else ''}{span(seconds, clock.target)}"
    of = f" of {span(clock.target)}" if clock.target else ""
    if too_long(clock, now):
        over = span(seconds - clock.target, clock.target)
        return [(f"{label} ", "dim"), (f"▲ {text}{of}, {over} over", "warn")]
    return [(f"{label} ", "dim"), (text, "bright" if clock.end is None else "dim"), (of, "dim")]


def clocks_line(run: RunState, now: float, short: bool = False) -> Line:
    """All clocks that began, in a line; ``short``: the whole time and what runs now."""
    found = [c for c in run.clocks if c.start is not None]
    if short:
        found = [c for c in found if c.id == "impact" or c.end is None]
    if not found:
        found = [whole_clock(run)]
    line: list[Cell] = []
    for clock in found:
        line += [*([("   ", "")] if line else []), *clock_cells(clock, now)]
    return line


def began_text(run: RunState, now: float, zone: ZoneInfo, short: bool = False) -> str:
    """``since 02:41 EST by Prometheus: 31 of 400 requests failed; at least``, "" of what is no recovery, and of a rehearsal. ``short``:
    only by whom or what."""
    clock = impact_clock(run)
    if clock is None or clock.start is None or run.dry:
        return ""
    since = f"since {near(clock.start, now, zone)} by {safe(clock.by)}"
    if short:
        return since
    source, least = f": {safe(clock.source)}" if clock.source else "", "; at least" if clock.at_least else ""
    return f"{since}{source}{least}"


def probed_cells(probed: Probed) -> list[Cell]:
    """``✔ it serves``; not known never looks like passed."""
    shown = _PROBED[probed.passed]
    return [(f"{shown.glyph} ", shown.token), safe(probed.sentence)]


def who_text(state: StepState) -> str:
    """Who works on it, else who did it."""
    return safe(state.holder or state.by)


def step_of(run: RunState, id: str) -> Step | None:
    """The step of that id in the expanded procedure, groups and their steps."""
    return steps_by_id(run.procedure).get(id)


def targets_text(run: RunState) -> str:
    """What it is about: its targets, else its inputs."""
    if run.targets:
        return safe(", ".join(run.targets))
    return safe(", ".join(v for values in run.inputs.values() for v in values))


def run_title(run: RunState) -> str:
    """``single service failure · Deployment tf-production/checkout``."""
    about = targets_text(run)
    title = safe(run.procedure.title or run.procedure.id)
    return f"{title} · {about}" if about else title


def counted_steps(run: RunState) -> str:
    """``3 of 7 steps``: groups themselves and other branches apart."""
    over, of = steps_over(run)
    return f"{over} of {of} steps"


def kind_word(step: Step) -> str:
    """What it is, for people."""
    return _KINDS[step.kind]


_KINDS = {
    StepKind.CHECK: "check",
    StepKind.ACTION: "action",
    StepKind.COMMAND: "command",
    StepKind.MANUAL: "by hand",
    StepKind.APPROVAL: "approval",
    StepKind.DECISION: "decision",
    StepKind.WAIT: "wait",
    StepKind.NOTIFY: "message",
    StepKind.PROCEDURE: "procedure",
    StepKind.GROUP: "group",
    StepKind.GATE: "gate",
}
