"""What a calendar shows of some days: the release windows, what closes them, and what was or is to be done of the dated promises.
Made by ``tfdash.playbook.maintenance.days``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from zoneinfo import ZoneInfo

import msgspec

from tfdash.model.calendar import Slot
from tfdash.model.maintenance import Clash, Completion, ItemState, PeriodWaiver
from tfdash.model.subject import Subject


class MarkSort(StrEnum):
    """Of several on one day the first here is the one that is told."""

    OVERDUE = "overdue"
    MISSED = "missed"
    LATE = "done late"
    WAIVED = "waived"
    DUE = "due"
    DONE = "done"


class DayMark(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One promise at one place on one day. ``at``: when it was done, or by when it is to be (epoch seconds; a midnight is the end of the
    day before). ``conflict``: what closes the time that it is due in; ``clashes``: what lies in the way of its window."""

    subject: Subject
    sort: MarkSort
    at: float
    day: float | None = None  # where it stands on another day than that
    period: str = ""
    completion: Completion | None = None
    waiver: PeriodWaiver | None = None
    conflict: str = ""
    clashes: tuple[Clash, ...] = ()


UNREAD = "unread"
"""The sort of what closes a day only because a feed was never read."""


class Closing(msgspec.Struct, frozen=True, kw_only=True):
    """``slot`` is closed as a "blackout", "freeze" or "holiday", or nobody knows whether it is: ``UNREAD``. Of the promises so many may be done ``inside``, and are moved ``before``
    or ``after``, or ``stay`` due in it."""

    sort: str
    slot: Slot
    inside: int = 0
    before: int = 0
    after: int = 0
    stay: int = 0


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """One local day, [start, end) in epoch seconds. ``window``: the release window that would begin on it; ``open``: what is left of it."""

    date: date
    start: float
    end: float
    window: Slot | None = None
    open: tuple[Slot, ...] = ()
    closings: tuple[Closing, ...] = ()
    marks: tuple[DayMark, ...] = ()


class ItemRule(msgspec.Struct, frozen=True, kw_only=True):
    """A promise as it is configured, in words: ``rule`` is "once each month"; ``sentence`` the playbook's; ``grace`` in seconds."""

    rule: str
    sentence: str
    grace: float
    blackout: str
    zone: str
    short: str = ""  # the rule as it is written, without its dates: "each month", "within 7d"
    daily: bool = False  # it is to be done on every day, or nearly
    coming: float | None = (
        None  # by when it would be to be done next, whoever watches it; None of what has no such date
    )
    aged: bool = False  # it is never to be older than so long: its months are no deadlines


class Dates(msgspec.Struct, frozen=True, kw_only=True):
    """Some days in a row and all promises. ``rules`` by the item's name; ``look_back``: months that are looked back on."""

    zone: ZoneInfo
    today: date
    days: tuple[Day, ...]
    states: Mapping[Subject, ItemState]
    rules: Mapping[str, ItemRule]
    rule_words: str  # of the release windows
    stale: str = ""  # which feeds count as they were read before
    look_back: int

    def on(self, day: date) -> Day | None:
        """That day, where it is among them."""
        at = (day - self.days[0].date).days if self.days else -1
        return self.days[at] if 0 <= at < len(self.days) else None
