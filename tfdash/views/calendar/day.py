"""The chosen day: what may happen on it and why not, and what was or is to be done."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

from tfdash.model.calendar import CalendarState
from tfdash.model.dates import UNREAD, Closing, Dates, Day, DayMark, MarkSort
from tfdash.model.subject import Subject
from tfdash.text import safe
from tfdash.views.calendar.cells import clock_text, shown
from tfdash.views.calendar.release import lines as release_lines
from tfdash.views.calendar.words import (
    RELEASE,
    SHADE,
    by_text,
    clash_text,
    date_text,
    place_text,
    proof_text,
    sign_of,
    until_text,
    waiver_text,
)
from tfdash.views.table import Cell, Line

_MOVES = {
    "allowed": "may be done inside a blackout",
    "before": "is moved before a blackout",
    "after": "is moved behind a blackout",
    "stays": "stays due in a blackout",
}


def nothing_on(whole: bool) -> str:
    """Before the day; ``whole``: nothing is filtered out."""
    return "no promise is dated on" if whole else "the filter leaves nothing on"


def day_lines(dates: Dates, day: Day, calendar: CalendarState | None, whole: bool = True) -> list[Line]:
    """The day, its releases, what closes it, then each promise: the gravest first. ``whole``: no filter leaves any out."""
    distance = (day.date - dates.today).days
    away = "today" if not distance else f"in {distance}d" if distance > 0 else f"{-distance}d ago"
    lines: list[Line] = [[(date_text(day.date), "bright"), (f"  {away}", "dim")]]
    lines += _release(dates, day)
    for closing in day.closings:
        lines += _closing(dates, closing)
    lines += [[(safe(dates.stale), "dim")]] if dates.stale else []
    lines.append([""])
    marks = told_on(dates, day)
    for mark, subjects in _together(dates, marks):
        lines += _mark_lines(dates, mark, subjects)
    if not marks:
        lines.append([(f"{nothing_on(whole)} this day", "dim")])
    if not distance and calendar is not None:
        lines += [[""], [("releases now", "bright")], *([line] for line in release_lines(calendar))]
    return lines


def told_on(dates: Dates, day: Day) -> Sequence[DayMark]:
    """All of the day; of a day that comes without what is due on every day."""
    return day.marks if day.date <= dates.today else shown(dates, day)


def _release(dates: Dates, day: Day) -> list[Line]:
    if day.window is None:
        return [[("no release window: ", "dim"), (dates.rule_words, "dim")]]
    told: list[Line] = [
        [(f"{RELEASE} ", "accent"), f"release window {clock_text(slot.text)}"] for slot in day.open
    ]
    if not told:
        return [[f"release window {clock_text(day.window.text)} is closed"]]
    if len(day.open) > 1 or (day.open[0].start, day.open[0].end) != (day.window.start, day.window.end):
        told.append([(f"  cut from {clock_text(day.window.text)}", "dim")])
    return told


def _closing(dates: Dates, closing: Closing) -> list[Line]:
    """``░ freeze: year end, until Mon 4 Jan 2027``, and what that means for what is to be done."""
    reason = safe(closing.slot.reason)
    if closing.sort == UNREAD:
        return [[("? ", "unknown"), f"{reason}: nobody knows whether it closes this day"]]
    named = reason if closing.sort in reason else f"{closing.sort}: {reason}"
    until = until_text(closing.slot.end, dates.zone)
    lines: list[Line] = [[(f"{SHADE} ", "dim"), f"{named}, until {until}"]]
    if closing.sort != "holiday":
        counts = (
            (closing.inside, "may be done in it"),
            (closing.before, "before it"),
            (closing.after, "behind it"),
            (closing.stay, "due in it"),
        )
        told = ", ".join(f"{count} {words}" for count, words in counts if count)
        if told:
            lines.append([(f"  promises: {told}", "dim")])
    return lines


def _together(dates: Dates, marks: Iterable[DayMark]) -> list[tuple[DayMark, list[Subject]]]:
    """Those of one promise that say the same of several places; what was done at each stands alone, with who says so."""
    found: dict[Hashable, tuple[DayMark, list[Subject]]] = {}
    for mark in marks:
        sign = sign_of(mark.sort, dates.states.get(mark.subject))
        alike = (mark.subject.name, sign, mark.at, mark.day, mark.waiver, mark.completion, mark.clashes)
        found.setdefault(alike, (mark, []))[1].append(mark.subject)
    return list(found.values())


def _mark_lines(dates: Dates, mark: DayMark, subjects: Iterable[Subject]) -> list[Line]:
    """``✔ done  Vacuum analyze · production main``, and under it who says so, or why it matters."""
    state = dates.states.get(mark.subject)
    sign = sign_of(mark.sort, state)
    title = safe(state.title if state is not None else mark.subject.name)
    head: list[Cell] = [(f"{sign.glyph} {sign.word}  ", sign.token), (title, "bright")]
    head.append((f" · {', '.join(map(place_text, subjects))}", ""))
    lines: list[Line] = [head]
    rule = dates.rules.get(mark.subject.name)
    if mark.completion is not None:
        proof = proof_text(mark.completion)
        lines.append([(f"    {by_text(mark.completion)}{f': {proof}' if proof else ''}", "dim")])
    elif mark.waiver is not None:
        lines.append([(f"    {waiver_text(mark.waiver, dates.zone)}", "dim")])
    elif rule is not None:
        owner = f" · {safe(state.owner)}" if state is not None and state.owner else ""
        since = f"since {until_text(mark.at, dates.zone)}, " if mark.day is not None else ""
        lines.append([(f"    {since}{rule.rule}{owner}", "dim")])
        lines += [[(f"    {clash_text(clash, dates.zone)}", "warn")] for clash in mark.clashes]
        if mark.conflict:
            lines.append([(f"    inside the {safe(mark.conflict)}: it stays due", "warn")])
        elif mark.sort is MarkSort.DUE and rule.blackout != "allowed":
            lines.append([(f"    {_MOVES[rule.blackout]}", "dim")])
    return lines
