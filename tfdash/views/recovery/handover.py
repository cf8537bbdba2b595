"""The hand-over of a run, for who was not there: what happened since they looked, what runs, what waits for whom, who said what last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from tfdash.model.procedure import StepKind
from tfdash.model.run import RunEvent, RunEventKind, RunOutcome, RunState, StepState, StepStatus
from tfdash.moments import near
from tfdash.nouns import counted
from tfdash.playbook.procedures.progress import RPO_UNKNOWN
from tfdash.playbook.procedures.walk import steps_by_id
from tfdash.text import safe
from tfdash.views.age import short_age
from tfdash.views.recovery import stated
from tfdash.views.recovery.forms import left_undone, passed_no_return
from tfdash.views.recovery.head import not_coordinated
from tfdash.views.recovery.journal import event_lines
from tfdash.views.recovery.words import (
    began_text,
    clock_cells,
    counted_steps,
    run_state,
    run_title,
    status_of,
)

_SILENT = 300.0  # seconds after which it is said how long nobody was heard of
_SPOKEN = frozenset(
    {
        RunEventKind.STARTED,
        RunEventKind.NOTE,
        RunEventKind.SIGNED,
        RunEventKind.DECIDED,
        RunEventKind.SKIPPED,
        RunEventKind.SETTLED,
        RunEventKind.APPROVED,
        RunEventKind.DENIED,
        RunEventKind.CHANGED,
        RunEventKind.ABORTED,
    }
)


def lines(
    run: RunState, events: Sequence[RunEvent], me: str, now: float, zone: ZoneInfo, alone: str = ""
) -> list[str]:
    """``me``: who reads it; ``alone``: why nothing is coordinated, "" where it is."""
    titles = {id: step.title or id for id, step in steps_by_id(run.procedure).items()}
    found = [run_title(run), f"{run_state(run).text} · {counted_steps(run)}"]
    if alone:
        state, why = not_coordinated(alone)
        found.append(f"{state.text}: {why}")
    found += [
        f"started by {safe(run.by)} {near(run.started_at, now, zone)}, “{safe(run.reason)}”",
        *(
            f"  {''.join(c if isinstance(c, str) else c[0] for c in clock_cells(clock, now))}"
            for clock in run.clocks
            if clock.start is not None
        ),
        *([f"impact {began}"] if (began := began_text(run, now, zone)) else []),
        *([f"RPO {RPO_UNKNOWN}"] if run.procedure.recovery else []),
        *_owed(run, now, zone),
        *_now(run, titles, now),
        *_said(events, titles, now, zone),
        *_people(run, now),
    ]
    behind, left = passed_no_return(run), left_undone(run)
    if behind:
        found += ["", "Behind a point of no return:", *(f"  ▲ {text}" for text in behind)]
    if left and run.outcome is RunOutcome.OPEN:
        found += ["", f"Still to do: {'; '.join(left)}"]
    return [*found, *_since(run, events, me, now, zone)]


def _owed(run: RunState, now: float, zone: ZoneInfo) -> list[str]:
    """By when stakeholders hear of it again."""
    late, waits = stated.late_line(run, now, zone), stated.next_text(run, now, zone)
    told = "".join(cell if isinstance(cell, str) else cell[0] for cell in late) if late is not None else waits
    return [told] if told else []


def _now(run: RunState, titles: Mapping[str, str], now: float) -> list[str]:
    """What is under way, in the air, or waits, and for whom."""
    steps = steps_by_id(run.procedure)
    runs = [s for s in run.steps if s.status in (StepStatus.RUNNING, StepStatus.CLAIMED, StepStatus.UNKNOWN)]
    lines = ["", "Under way:"]
    for state in runs:
        if state.id in steps and steps[state.id].kind is not StepKind.GROUP:
            lines.append(
                f"  {status_of(state).text}  {safe(titles.get(state.id, state.id))}{_whose(run, state, now)}"
            )
            if state.sentence:
                lines.append(f"      {safe(state.sentence)}")
    if len(lines) == 2:
        lines.append("  nothing")
    lines += ["", "Waits for somebody:"]
    waits = [s for s in run.steps if s.id in run.next and s.status in (StepStatus.READY, StepStatus.FAILED)]
    for state in waits:
        step = steps.get(state.id)
        if step is None or step.kind is StepKind.GROUP:
            continue
        whom = f"role {safe(step.role)}" if step.role else "anybody"
        if step.kind is StepKind.APPROVAL:
            told = f"told {safe(', '.join(state.told))}" if state.told else "nobody is told"
            whom = f"{len(state.approvals)} of {step.count} of {whom}, {told}"
        since = f", since {short_age(now - state.since)}" if state.since is not None else ""
        lines.append(f"  {status_of(state).text}  {safe(titles[state.id])}: {whom}{since}")
        if state.status is StepStatus.FAILED and state.sentence:
            lines.append(f"      {safe(state.sentence)}")
    return lines if waits else [*lines, "  nothing"]


def _whose(run: RunState, state: StepState, now: float) -> str:
    """Whose it is, for how long, and whether they are still heard of."""
    if not state.holder:
        return ""
    since = f" for {short_age(now - state.since)}" if state.since is not None else ""
    heard = run.people.get(state.holder)
    silent = heard is not None and now - heard > _SILENT
    told = f", silent for {short_age(now - heard)}: t takes it over" if silent and heard is not None else ""
    return f": {safe(state.holder)} at {safe(state.terminal)}{since}{told}"


def _said(events: Sequence[RunEvent], titles: Mapping[str, str], now: float, zone: ZoneInfo) -> list[str]:
    """What each of them typed last."""
    last: dict[str, RunEvent] = {}
    for event in events:
        by_itself = event.kind is RunEventKind.SETTLED and event.data.get("by") != "person"
        if event.kind in _SPOKEN and event.by and not by_itself:
            last[event.by] = event
    lines = ["", "Said last:"] if last else []
    for by, event in last.items():
        about = f" on {safe(titles.get(event.step, event.step))}" if event.step else ""
        words = event.sentence or str(event.data.get("note") or event.data.get("reason") or "")
        lines.append(
            f"  {safe(by)} {near(event.at, now, zone)}: {event.kind.value}{about}  {safe(words)}".rstrip()
        )
    return lines


def _people(run: RunState, now: float) -> list[str]:
    if not run.people:
        return []
    told = (
        f"{safe(name)} {short_age(now - at)} ago"
        for name, at in sorted(run.people.items(), key=lambda p: -p[1])
    )
    return ["", f"Last heard of: {', '.join(told)}"]


def _since(run: RunState, events: Sequence[RunEvent], me: str, now: float, zone: ZoneInfo) -> list[str]:
    """What is new to who reads, else all of it."""
    seen = run.looked.get(me, 0)
    told = [e for e in events if e.kind is not RunEventKind.LOOKED]
    new = [e for e in told if e.number > seen]
    if not seen:
        head = f"You have not looked at it before; all of it, {counted(len(told), 'event')}:"
    elif new:
        head = f"New since you looked, {len(new)} of {len(told)} events:"
    else:
        return ["", f"Nothing is new since you looked; its {len(told)} events stand in the journal (e)."]
    return ["", head, *event_lines(run, new, zone)]
