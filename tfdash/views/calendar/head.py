"""The first lines of the page: are the promises kept, and which view of them is shown."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from tfdash.model.dates import Dates
from tfdash.model.maintenance import ItemStanding, ItemState
from tfdash.model.section import SectionState
from tfdash.model.verdict import Level
from tfdash.text import safe
from tfdash.views import state as states
from tfdash.views.calendar.cells import month_span, week_span
from tfdash.views.calendar.words import date_text, month_text
from tfdash.views.sections import state_of
from tfdash.views.table import Cell, Line

SECTION = "maintenance"
_ROOMY = 100  # cells: the place in time stands behind the views


class CalendarView(NamedTuple):
    """``grid``: days, else rows."""

    id: str
    title: str
    grid: bool


VIEWS = (
    CalendarView("month", "month", True),
    CalendarView("week", "week", True),
    CalendarView("agenda", "agenda", False),
    CalendarView("audit", "audit", False),
)
BY_ID = {view.id: view for view in VIEWS}


def head_line(sections: Iterable[SectionState]) -> Line:
    """The dated promises in a line, with the worst of them, or what comes next."""
    section = next((s for s in sections if s.id == SECTION), None)
    if section is None:
        return [(" ◐ loading what is on record …", "moving")]
    state = state_of(section)
    line: list[Cell] = [(f" {state.text:<10} ", state.token), safe(section.sentence)]
    if not section.loading and section.detail:
        line.append((f" · {safe(section.detail)}", "dim"))
    return line


def view_line(
    shown: CalendarView, found: Iterable[ItemState], chosen: date, width: int, narrowed: str = ""
) -> Line:
    """``[month]  week  agenda ▲2  audit   tab   November 2026  [ ] month  t today``; ``narrowed``: by what its promises are fewer."""
    line: list[Cell] = [" "]
    bad = sum(s.standing is ItemStanding.OVERDUE for s in found)
    for view in VIEWS:
        here = view is shown
        line.append((f"[{view.title}" if here else view.title, "bright" if here else "dim"))
        if view.id == "agenda" and bad:
            sign = states.of_level(Level.WARN)
            line.append((f" {sign.glyph}{bad}", sign.token))
        line.append(("]  " if here else "  ", "bright"))
    line.append(("tab", "dim"))
    if shown.grid:
        line.append((f"    {span_text(shown, chosen)}", "bright"))
        if narrowed:  # rows say it in their title
            line.append((f"   {safe(narrowed)}", "accent"))
        elif width >= _ROOMY:
            line.append((f"   [ ] {shown.title} before, next   t today", "dim"))
    return line


def span_text(view: CalendarView, chosen: date) -> str:
    """``November 2026``, or ``Mon 23 to Sun 29 Nov 2026``."""
    if view.id == "month":
        return month_text(chosen)
    first, last = week_span(chosen)
    return f"{date_text(first, False)} to {date_text(last)}"


def span_of(view: CalendarView, chosen: date) -> tuple[date, date]:
    """The days that are shown; where rows are, the chosen one alone."""
    if not view.grid:
        return chosen, chosen
    return week_span(chosen) if view.id == "week" else month_span(chosen)


def nothing_text(dates: Dates | None) -> str:
    """Why there is no row."""
    if dates is None:
        return "What is on record of the dated promises is read now."
    return "The playbook has no dated promise for what is shown; they stand in [maintenance.items]."
