"""Signs and words of the dated promises: the letter of each kind, how a mark and a period are shown, dates and who did it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tfdash.item_place import place_of
from tfdash.model.dates import MarkSort
from tfdash.model.maintenance import (
    Clash,
    Completion,
    EvidenceKind,
    ItemStanding,
    ItemState,
    LostEntries,
    Period,
    PeriodVerdict,
    PeriodWaiver,
)
from tfdash.model.subject import Subject
from tfdash.text import safe
from tfdash.views import state as states
from tfdash.views.age import short_age
from tfdash.views.state import State
from tfdash.views.times import local

LETTERS = {
    "kubernetes": "K",
    "database": "D",
    "certificates": "C",
    "resources": "U",  # what is used; R is a release window
    "security": "S",
    "access": "A",
    "operations": "O",
}
RELEASE, SHADE = "R", "░"


class Sign(NamedTuple):
    """One cell, the word beside it in the legend, and its colour."""

    glyph: str
    word: str
    token: str


SORTS = {
    MarkSort.OVERDUE: Sign("▲", "overdue", "warn"),
    MarkSort.MISSED: Sign("✖", "missed", "warn"),
    MarkSort.LATE: Sign("◷", "done late", ""),
    MarkSort.WAIVED: Sign("‖", "waived", "paused"),
    MarkSort.DUE: Sign("", "due", ""),
    MarkSort.DONE: Sign("✔", "done", "ok"),
}
PERIODS = {
    PeriodVerdict.KEPT: Sign("✔", "kept", "ok"),
    PeriodVerdict.LATE: Sign("◷", "late", ""),
    PeriodVerdict.MISSED: Sign("✖", "missed", "warn"),
    PeriodVerdict.WAIVED: Sign("‖", "waived", "paused"),
    PeriodVerdict.NOT_WATCHED: Sign("·", "not watched", "dim"),
    PeriodVerdict.OPEN: Sign("○", "open", "bright"),
}
LOST = Sign("?", "not known: entries lost", "warn")  # of a period that is "not watched" for that
SPANNED = Sign("─", "of a longer period", "dim")
_EVIDENCE = {EvidenceKind.LIVE: "seen", EvidenceKind.SIGNED: "signed", EvidenceKind.IMPORTED: "imported"}
_BY = {EvidenceKind.LIVE: "seen at", EvidenceKind.SIGNED: "signed by", EvidenceKind.IMPORTED: "imported by"}
_SHORT = {ItemStanding.NOT_WATCHED: "not watched", ItemStanding.NOTHING: "nothing due"}


def sign_of(sort: MarkSort, state: ItemState | None) -> Sign:
    """Of a mark, as the agenda calls it: a day that comes is due of what is asked for now, the next of what is done, and of what nobody
    watches not even that."""
    if sort is not MarkSort.DUE or state is None:
        return SORTS[sort]
    if state.standing is ItemStanding.NOT_WATCHED:
        return PERIODS[PeriodVerdict.NOT_WATCHED]
    if state.standing in (ItemStanding.DONE, ItemStanding.WAIVED):
        return Sign("○", "next", "dim")
    return Sign("○", "due", "")


def sign_of_period(period: Period) -> Sign:
    return PERIODS[period.verdict] if period.lost is None else LOST


def lost_text(lost: LostEntries, zone: ZoneInfo) -> str:
    """``entries of ops-1 are lost, noted by ops-2 on Mon 3 Nov``: whose, who says so, and when."""
    whose = f"entries of {safe(lost.terminal)}" if lost.terminal else "entries of a damaged file"
    return (
        f"{whose} are lost, noted by {safe(lost.noted_by) or 'a terminal'} on {moment_text(lost.until, zone)}"
    )


def lost_count(periods: Sequence[Period]) -> str:
    """``, 3 not known: entries lost``; "" for none."""
    lost = sum(period.lost is not None for period in periods)
    return f", {lost:,} {LOST.word}" if lost else ""


def letter_of(kind: str) -> str:
    return LETTERS.get(kind) or safe(kind)[:1].upper() or "?"


def state_of(state: ItemState) -> State:
    """``▲ overdue``, ``✔ done``, ``○ due``."""
    found = states.of_level(state.level).worded(_SHORT.get(state.standing, state.standing.value))
    due = state.standing is ItemStanding.DUE  # neither done nor idle
    return found._replace(glyph="○", token="") if due else found


def place_text(subject: Subject) -> str:
    return safe(place_of(subject))


def day_text(at: float, zone: ZoneInfo) -> str:
    """``Sun 29 Nov 2026``."""
    return date_text(local(at, zone).date())


def date_text(day: date, year: bool = True) -> str:
    return f"{day:%a} {day.day} {day:%b}" + (f" {day:%Y}" if year else "")


def moment_text(at: float, zone: ZoneInfo) -> str:
    """``Sun 29 Nov 2026 10:30 EST``."""
    return f"{day_text(at, zone)} {local(at, zone):%H:%M %Z}"


def until_text(at: float, zone: ZoneInfo) -> str:
    """A midnight is the end of the day before it."""
    found = local(at, zone)
    return day_text(at - 1.0, zone) if (found.hour, found.minute) == (0, 0) else moment_text(at, zone)


def due_date(at: float, zone: ZoneInfo, now: float) -> str:
    """``Sun 29 Nov``; ``21 Jan 2027`` where the year is another than now."""
    day = local(at - 1.0, zone).date()
    return date_text(day, False) if day.year == local(now, zone).year else short_day(at - 1.0, zone)


def short_day(at: float, zone: ZoneInfo) -> str:
    """``21 Jan 2027``."""
    day = local(at, zone)
    return f"{day.day} {day:%b %Y}"


def from_now(at: float, now: float) -> str:
    """``6d`` ahead, ``-2d`` behind."""
    return short_age(at - now) if at > now else f"-{short_age(now - at)}"


def evidence_word(done: Completion | None) -> str:
    return _EVIDENCE[done.evidence] if done is not None else ""


def by_text(done: Completion) -> str:
    """``signed by ana@corp``."""
    return f"{_BY[done.evidence]} {safe(done.by)}"


def proof_text(done: Completion) -> str:
    """What lies beside it: note, link, digest."""
    parts = [safe(done.note), safe(done.link), f"sha256 {safe(done.digest)}" if done.digest else ""]
    return ", ".join(part for part in parts if part)


def waiver_text(waiver: PeriodWaiver, zone: ZoneInfo) -> str:
    second = f" with {safe(waiver.second)}" if waiver.second else ""
    return f"waived by {safe(waiver.who)}{second} until {until_text(waiver.until, zone)}: {safe(waiver.why)}"


def clash_text(clash: Clash, zone: ZoneInfo) -> str:
    """``at once with Node patching · production/eu-1, Tue 24 Nov 02:00 to 03:00 EST``; of whole days the day."""
    if clash.subject is None:
        what = f"inside the {safe(clash.what)}"
    else:
        what = f"at once with {safe(clash.what)} · {place_text(clash.subject)}"
    start, end = local(clash.start, zone), local(clash.end, zone)
    day = date_text(start.date(), False)
    if (start.hour, start.minute, end.hour, end.minute) == (0, 0, 0, 0):
        return f"{what}, {day}"
    until = "" if start.date() == end.date() else f"{date_text(end.date(), False)} "
    return f"{what}, {day} {start:%H:%M} to {until}{end:%H:%M %Z}"


def month_text(day: date) -> str:
    return f"{day:%B %Y}"
