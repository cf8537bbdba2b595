"""Runs as rows: open ones first, each with the step in hand, whose it is, and its clock against its target."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from tfdash.model.run import RunOutcome, RunState, StepState
from tfdash.moments import near
from tfdash.playbook.procedures.progress import too_long, took, whole_clock
from tfdash.text import safe
from tfdash.views.age import short_age
from tfdash.views.recovery.steps import first_open
from tfdash.views.recovery.words import (
    began_text,
    clocks_line,
    counted_steps,
    run_state,
    span,
    status_of,
    step_of,
    targets_text,
    who_text,
)
from tfdash.views.table import Cell, Column, Line

COLUMNS = (
    Column("state", "STATE", 18, sort="none"),
    Column("run", "PROCEDURE", min=18, max=36, flex=2, fits=True, sort="none"),
    Column("about", "ON", min=14, max=44, flex=2, fits=True, sort="none"),
    Column("step", "STEP IN HAND", min=18, flex=3, priority=2, sort="none"),
    Column("who", "WHO", min=8, max=22, flex=1, fits=True, priority=3, sort="none"),
    Column("steps", "STEPS", 14, priority=4, sort="none"),
    Column("clock", "CLOCK", 14, align="right", sort="none"),
    Column("started", "STARTED", 16, priority=3, sort="none"),
)


def order(runs: Sequence[RunState]) -> list[RunState]:
    """Open ones first, the newest of each first."""
    return sorted(runs, key=lambda run: (run.outcome is not RunOutcome.OPEN, -run.started_at))


def step_in_hand(run: RunState) -> StepState | None:
    """The one that waits for somebody or runs, the most pressing of several."""
    id = first_open(run)
    return next((s for s in run.steps if s.id == id), None)


def clock_of(run: RunState, now: float) -> Cell:
    """How long it takes, or took, against the whole recovery time."""
    clock = whole_clock(run)
    seconds, of = took(clock, now), f"/{span(clock.target)}" if clock.target else ""
    if too_long(clock, now):
        return (f"▲ {span(seconds, clock.target)}{of}", "warn")
    return (f"{span(seconds, clock.target)}{of}", "" if run.outcome is RunOutcome.OPEN else "dim")


def cells(run: RunState, now: float, zone: ZoneInfo) -> Sequence[Cell]:
    """One for each of ``COLUMNS``."""
    state, hand = run_state(run), step_in_hand(run)
    is_open = run.outcome is RunOutcome.OPEN
    title = safe(run.procedure.title or run.procedure.id)
    step: Cell = ""
    if is_open and hand is not None:
        found = step_of(run, hand.id)
        step = (f"{status_of(hand).glyph} {safe(found.title if found is not None else hand.id)}", "bright")
    elif not is_open and run.ended_at is not None:
        step = (f"{safe(run.reason)}", "dim")
    return (
        (state.text, state.token),
        (f"dry run: {title}" if run.dry else title, "bright" if is_open else ""),
        targets_text(run),
        step,
        (who_text(hand) if hand is not None and who_text(hand) else safe(run.by), "" if is_open else "dim"),
        (counted_steps(run), "dim"),
        clock_of(run, now),
        (near(run.started_at, now, zone), "dim"),
    )


def search_text(run: RunState) -> str:
    return " ".join(
        (
            run.id,
            run.procedure.id,
            run.procedure.title,
            targets_text(run),
            run.by,
            run.reason,
            run_state(run).word,
        )
    )


def chosen_lines(run: RunState, now: float, zone: ZoneInfo) -> list[Line]:
    """What stands beside the list about the one under the cursor."""
    state = run_state(run)
    found: list[Line] = [
        [
            (f"{state.text}  ", state.token),
            counted_steps(run),
            ("   started by ", "dim"),
            f"{safe(run.by)} {near(run.started_at, now, zone)}",
        ],
    ]
    if run.reason:
        found.append([("because ", "dim"), safe(run.reason)])
    found.append(clocks_line(run, now))
    if began := began_text(run, now, zone):
        found.append([(f"impact {began}", "dim")])
    if (hand := step_in_hand(run)) is not None and run.outcome is RunOutcome.OPEN:
        step = step_of(run, hand.id)
        shown = status_of(hand)
        found.append(
            [
                ("in hand: ", "dim"),
                (f"{shown.text} ", shown.token),
                safe(step.title if step is not None else hand.id),
                (f"  {who_text(hand)}" if who_text(hand) else "", ""),
            ]
        )
    people = ", ".join(f"{safe(name)} {short_age(now - at)} ago" for name, at in run.people.items())
    if people:
        found.append([("last heard of: ", "dim"), people])
    return found


def open_line(runs: Sequence[RunState], now: float) -> Line:
    """The open run in a line for the head of the page, or how many they are."""
    open_now = [r for r in order(runs) if r.outcome is RunOutcome.OPEN and not r.dry]
    if not open_now:
        return []
    run = open_now[0]
    state, hand = run_state(run), step_in_hand(run)
    step = step_of(run, hand.id) if hand is not None else None
    line: list[Cell] = [
        (f"{state.text}  ", state.token),
        (safe(run.procedure.title or run.procedure.id), "bright"),
        f" · {targets_text(run)}" if targets_text(run) else "",
        "  ",
        clock_of(run, now),
    ]
    if step is not None:
        line.append((f"  in hand: {safe(step.title or step.id)}", ""))
    if len(open_now) > 1:
        line.append((f"  and {len(open_now) - 1} more open", "dim"))
    return line
