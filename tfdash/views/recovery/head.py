"""The head of a run: what it is, how it stands, its clocks, and in words where nothing is coordinated."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from tfdash.model.procedure import Procedure
from tfdash.model.run import RunOutcome, RunState
from tfdash.moments import near
from tfdash.text import safe
from tfdash.views.age import short_age
from tfdash.views.canary import fitting
from tfdash.views.recovery import newer, stated
from tfdash.views.recovery.words import (
    DRY,
    NOT_COORDINATED,
    began_text,
    clocks_line,
    counted_steps,
    run_state,
    run_title,
)
from tfdash.views.state import State
from tfdash.views.table import Cell, Line

_NARROW = 78  # cells of a line that is not to go on in a second one


def banner(run: RunState) -> tuple[State, str]:
    """Its state and what it is, for the first line."""
    state = run_state(run)
    if run.dry:
        state = state.worded(f"{DRY.word}: {state.word}")
    return state, run_title(run)


def lines(
    run: RunState,
    now: float,
    zone: ZoneInfo,
    short: bool = False,
    other: Procedure | None = None,
    within: str = "",
) -> list[Line]:
    """The clocks; since when it failed and how that is known; who began it and why, who is with it. ``short``: where room is scarce; ``other``:
    what its file is now, where that is another text; ``within``: as which step of which run it is carried out, in words."""
    who: list[Cell] = [
        (counted_steps(run), "bright"),
        ("   started by ", "dim"),
        f"{safe(run.by)} {near(run.started_at, now, zone)}",
    ]
    if run.reason:
        who.append(f", “{safe(run.reason)}”")
    others = [(name, at) for name, at in run.people.items() if name != run.by]
    if others:
        told = ", ".join(f"{safe(name)} {short_age(now - at)} ago" for name, at in others)
        who += [("   with ", "dim"), told]
    if run.outcome is not RunOutcome.OPEN and run.ended_at is not None:
        who.append((f"   ended {near(run.ended_at, now, zone)}", "dim"))
    found: list[Line] = [clocks_line(run, now, short), who]
    began = began_text(run, now, zone, short)
    if began and short:
        found[0] = fitting([*found[0], (f"   {began}", "dim")], _NARROW)
    elif began:
        found.insert(1, [(f"impact {began}", "dim")])
    if within:
        found.insert(0, [("carried out ", "dim"), safe(within)])
    if run.dry:
        found.insert(
            0,
            [
                (f"{DRY.text} ", "bright"),
                "checks are asked, actions stop after the server's dry run, nothing is sent or told, every branch is shown",
            ],
        )
    if waits := stated.next_text(run, now, zone):
        who.append((f"   {waits}", "dim"))
    if late := stated.late_line(run, now, zone):
        found.insert(0, late)
    if other is not None:
        found.insert(0, newer.head_line(other))
    if run.unreadable:
        found.insert(0, [("? this program does not understand its text: ", "unknown"), safe(run.unreadable)])
    return found


def not_coordinated(why: str) -> tuple[State, str]:
    """For the banner that stands on every frame; ``why`` is the engine's sentence."""
    return NOT_COORDINATED, safe(why)
