"""The views of the Recovery page, and what frames them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tfdash.model.run import RunOutcome, RunState, StepStatus
from tfdash.model.section import SectionState
from tfdash.model.verdict import Level
from tfdash.nouns import counted
from tfdash.text import safe
from tfdash.views.recovery import procedures, runbooks, runs
from tfdash.views.sections import behind
from tfdash.views.state import State, of_level
from tfdash.views.table import Cell, Column, Line

SECTION = "recovery"


class RecoveryView(NamedTuple):
    id: str
    title: str
    noun: str
    columns: tuple[Column, ...]


VIEWS = (
    RecoveryView("runbooks", "runbooks", "runbooks", runbooks.COLUMNS),
    RecoveryView("runs", "runs", "runs", runs.COLUMNS),
    RecoveryView("procedures", "procedures", "procedures", procedures.COLUMNS),
)
BY_ID = {view.id: view for view in VIEWS}


def view_line(shown: RecoveryView, found: Sequence[RunState], count: str = "", narrowed: str = "") -> Line:
    """``[runbooks]  runs ◐1  procedures   tab``."""
    line: list[Cell] = [" "]
    open_now = [r for r in found if r.outcome is RunOutcome.OPEN and not r.dry]
    for view in VIEWS:
        here = view is shown
        line.append((f"[{view.title}" if here else view.title, "bright" if here else "dim"))
        if view.id == "runs" and open_now:
            line.append((f" ◐{len(open_now)}", "moving"))
        line.append(("]  " if here else "  ", "bright"))
    line.append(("tab", "dim"))
    if narrowed:
        line.append((f"    {safe(count)}{safe(narrowed)}", "accent"))
    return line


def says(found: Sequence[RunState], sections: Iterable[SectionState]) -> list[Cell]:
    """At the right of the crumbs: runs that are open, those that wait for a person first."""
    open_now = [r for r in found if r.outcome is RunOutcome.OPEN and not r.dry]
    told = behind(sections, "recovery", SECTION)
    if open_now:
        stuck = sum(
            any(s.status in (StepStatus.UNKNOWN, StepStatus.FAILED) for s in r.steps) for r in open_now
        )
        sign = of_level(Level.WARN if stuck else Level.MOVING)
        told = [*told, (f"{sign.glyph} {counted(len(open_now), 'run')} open", sign.token)]
    return told


def no_service(trouble: str) -> tuple[State, str, str]:
    """Where the engine is not there."""
    if trouble:
        return of_level(Level.UNKNOWN), safe(trouble), ""
    return of_level(Level.UNKNOWN).worded("loading"), "procedures and runs are read now", ""


def nothing_text(view: RecoveryView, problems: Sequence[str]) -> str:
    """Why there is no row, and what to do."""
    if problems:
        return f"{counted(len(problems), 'file')} cannot be used: {safe(problems[0])}"
    return {
        "runbooks": "No recovery is among the procedures; they stand in the folder of [procedures].",
        "runs": "No run is known here. Tab goes to the runbooks and procedures: o starts the one under the cursor.",
        "procedures": "No procedure is read yet.",
    }[view.id]


def problem_lines(problems: Sequence[str]) -> list[Line]:
    """What is wrong with files of the company's folder."""
    return [[("▲ cannot be used: ", "warn"), safe(one)] for one in problems]
