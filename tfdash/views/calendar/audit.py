"""For the auditor: each promise at each place, month by month, and the share of its periods that were kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from tfdash.model.dates import Dates
from tfdash.model.maintenance import ItemStanding, ItemState, Period, PeriodVerdict
from tfdash.model.subject import Subject
from tfdash.views.calendar import agenda
from tfdash.views.calendar.agenda import PromiseRow, kept_cell
from tfdash.views.calendar.words import LOST, PERIODS, SPANNED, Sign, place_text, sign_of_period
from tfdash.views.table import Cell, Column, Line
from tfdash.views.times import local

_GRAVITY = (
    PeriodVerdict.MISSED,
    PeriodVerdict.LATE,
    PeriodVerdict.WAIVED,
    PeriodVerdict.OPEN,
    PeriodVerdict.NOT_WATCHED,
    PeriodVerdict.KEPT,
)
_RANK = {verdict: place for place, verdict in enumerate(_GRAVITY)}
_BESIDE = 46  # cells that the other columns take at least
_NONE = Sign(" ", "", "")  # it follows an event, and there was none
_UNSEEN = PERIODS[PeriodVerdict.NOT_WATCHED]


def months_back(today: date, count: int) -> tuple[date, ...]:
    """The first days of so many months, oldest first; that of ``today`` is the last."""
    last = today.year * 12 + today.month - 1
    return tuple(date(n // 12, n % 12 + 1, 1) for n in range(last - count + 1, last + 1))


def months_shown(today: date, look_back: int, width: int) -> tuple[tuple[date, ...], int]:
    """Which months there is room for, and how many cells each takes."""
    room = max(width - _BESIDE, 6)
    step = 2 if look_back * 2 <= room else 1
    return months_back(today, min(look_back, room // step)), step


def columns(months: Sequence[date], step: int) -> tuple[Column, ...]:
    """The months under their initials; a January under the last digit of its year."""
    gap = " " * (step - 1)
    initials = gap.join(f"{m:%b}"[0] if m.month > 1 else str(m.year % 10) for m in months)
    return (
        Column("item", "PROMISE", min=14, max=64, flex=3, fits=True, sort="none"),
        Column("place", "PLACE", min=9, max=32, flex=2, fits=True, sort="none"),
        Column("months", initials, len(initials), sort="none"),
        Column("of", "KEPT", 10, align="right", sort="none"),
        Column("kept", "SHARE", 5, align="right"),
    )


def cells(row: PromiseRow, months: Sequence[date], step: int, zone: ZoneInfo) -> Sequence[Cell]:
    """One for each of ``columns``."""
    state, gap = row.state, " " * (step - 1)
    signs = month_signs(state, months, zone)
    gone = state.standing is ItemStanding.WITHDRAWN
    return (
        (f"{row.title}, withdrawn", "dim") if gone else row.title,
        place_text(row.subject),
        gap.join(sign.glyph for sign in signs),
        f"{state.kept} of {state.judged}" if state.judged else ("-", "dim"),
        kept_cell(state),
    )


def month_signs(state: ItemState, months: Sequence[date], zone: ZoneInfo) -> list[Sign]:
    """Of each month the gravest of the periods that end in it; of one that a longer period goes on through, that it does."""
    ends: dict[date, Period] = {}
    spanned: set[date] = set()
    for period in state.periods:
        end = local(period.end - 1.0, zone).date().replace(day=1)
        begin = local(period.start, zone).date().replace(day=1)
        end = min(end, months[-1]) if months else end  # what goes on stands in the month of today
        before = ends.get(end)
        if before is None or _rank(period) < _rank(before):
            ends[end] = period
        while begin < end:
            spanned.add(begin)
            begin = (begin + timedelta(days=32)).replace(day=1)
    unseen = _NONE if state.standing is ItemStanding.NOTHING else _UNSEEN
    return [
        sign_of_period(ends[month]) if month in ends else SPANNED if month in spanned else unseen
        for month in months
    ]


def _rank(period: Period) -> float:
    """What nobody knows stands behind what is known to be bad, and before all else."""
    return _RANK[period.verdict] if period.lost is None else _RANK[PeriodVerdict.LATE] + 0.5


def trouble_of_row(row: PromiseRow) -> int:
    """As bad as the worst of what is looked back on: 2 for something missed, 1 for something late."""
    verdicts = {p.verdict for p in row.state.periods}
    return 2 if PeriodVerdict.MISSED in verdicts else 1 if PeriodVerdict.LATE in verdicts else 0


def of_account(state: ItemState) -> bool:
    """Whether an auditor asks for it: of what is kept no longer, where anything was on record of it."""
    return state.standing is not ItemStanding.WITHDRAWN or bool(state.periods) or state.last is not None


def rows_of(dates: Dates) -> dict[Subject, PromiseRow]:
    """The places of a promise under each other."""
    found = (row for row in agenda.rows_of(dates, withdrawn=True).values() if of_account(row.state))
    return {r.subject: r for r in sorted(found, key=lambda r: (r.state.kind, r.title, r.subject))}


def head_line(states: Iterable[ItemState], months: Sequence[date]) -> Line:
    """``kept 412 of 430 (95.8 %) since Dec 2024  ◷ 3 late  ✖ 12 missed  ‖ 2 waived``."""
    found = list(states)
    kept, judged = sum(s.kept for s in found), sum(s.judged for s in found)
    verdicts = Counter(p.verdict for s in found for p in s.periods if p.lost is None)
    lost = sum(p.lost is not None for s in found for p in s.periods)
    line: list[Cell] = [" "]
    if judged:
        line.append((f"kept {kept:,} of {judged:,} ({kept * 1000 // judged / 10:.1f} %)", "bright"))
    else:
        line.append(("no period was judged yet", "bright"))
    if months:
        line.append((f" since {months[0]:%b %Y}", "dim"))
    for verdict in (
        PeriodVerdict.LATE,
        PeriodVerdict.MISSED,
        PeriodVerdict.WAIVED,
        PeriodVerdict.NOT_WATCHED,
    ):
        if verdicts[verdict]:
            sign = PERIODS[verdict]
            line.append((f"  {sign.glyph} {verdicts[verdict]:,} {sign.word}", sign.token))
    if lost:
        line.append((f"  {LOST.glyph} {lost:,} {LOST.word}", LOST.token))
    return line


LEGEND: list[Line] = [
    [(f"{sign.glyph} ", sign.token), (sign.word, "dim")] for sign in (*PERIODS.values(), LOST, SPANNED)
]
