"""How far a run is, said once: its steps that are over, and how long it takes of what it may."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tfdash.model.procedure import StepKind
from tfdash.model.recovery import OpenRecovery
from tfdash.model.run import RunClock, RunOutcome, RunState, StepStatus
from tfdash.nouns import counted
from tfdash.playbook.procedures.tree import ENDED
from tfdash.playbook.procedures.walk import all_steps, steps_by_id
from tfdash.text import safe

OVER = ENDED | {StepStatus.NOT_CHOSEN, StepStatus.LEFT}
"""A step that nobody has to do anything with any more."""
_ACTS = frozenset({StepKind.ACTION, StepKind.COMMAND, StepKind.NOTIFY})


class StepsOver(NamedTuple):
    over: int
    of: int


def steps_over(run: RunState) -> StepsOver:
    """Groups themselves and the steps of other branches apart."""
    groups = {step.id for step in all_steps(run.procedure.steps) if step.kind is StepKind.GROUP}
    meant = [s for s in run.steps if s.id not in groups and s.status is not StepStatus.NOT_CHOSEN]
    return StepsOver(sum(s.status in OVER for s in meant), len(meant))


def would_stop(run: RunState) -> tuple[str, ...]:
    """Of a rehearsal: what acts and could not have, with why, for which its file knows no other way. One that has any proves nothing ready, and
    keeps no promise. A check of what fails while nothing fails is none."""
    steps = steps_by_id(run.procedure)
    found = ((steps.get(state.id), state.stops) for state in run.steps if state.stops)
    return tuple(
        f"{safe(step.title)}: {safe(why)}"
        for step, why in found
        if step is not None and step.kind in _ACTS and not (step.optional or step.by_hand)
    )


RPO_UNKNOWN = "not known: no database is watched for this procedure"
"""What is said of the data that a recovery loses where nothing measures it."""


def impact_clock(run: RunState) -> RunClock | None:
    """From when it failed until all was whole again; None of what is no recovery."""
    return next((one for one in run.clocks if one.id == "impact" and one.start is not None), None)


def whole_clock(run: RunState) -> RunClock:
    """Its time against the whole recovery time: from the impact until all was whole again; of what is no recovery from its start to its
    end."""
    impact = impact_clock(run)
    if impact is not None:
        return impact
    end = run.ended_at if run.outcome is not RunOutcome.OPEN else None
    return RunClock(id="run", title="run", start=run.started_at, end=end, target=run.procedure.rto)


def took(clock: RunClock, now: float) -> float:
    """Seconds, 0 of what has not begun."""
    end = now if clock.end is None else clock.end
    return 0.0 if clock.start is None else max(0.0, end - clock.start)


def too_long(clock: RunClock, now: float) -> bool:
    """Longer than it may; never of what has no target."""
    return bool(clock.target) and took(clock, now) > clock.target


def under_way(runs: Iterable[RunState], now: float) -> Iterator[OpenRecovery]:
    """The recoveries that are being carried out."""
    for run in runs:
        if run.outcome is not RunOutcome.OPEN or run.dry or not run.procedure.recovery:
            continue
        over, of = steps_over(run)
        yield OpenRecovery(
            run=run.id,
            procedure=run.procedure.id,
            title=safe(run.procedure.title),
            sentence=f"{over} of {counted(of, 'step')} done, begun by {safe(run.by)}",
            cluster=run.cluster,
            since=run.started_at,
            late=too_long(whole_clock(run), now),
        )
