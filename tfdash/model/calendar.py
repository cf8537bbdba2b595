"""What the release calendar says at one moment. Made only by ``tfdash.playbook.schedule``."""

from __future__ import annotations

import msgspec


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """A half-open interval [start, end) in epoch seconds with its words: ``Tue 24 Nov 10:00-12:00 EST (15:00Z)``."""

    start: float
    end: float
    text: str
    reason: str = ""  # of a freeze or holiday


class Closure(msgspec.Struct, frozen=True):
    """[start, end) in epoch seconds, in which nothing is released; ``reason`` is the feed's own text, made safe."""

    start: float
    end: float
    reason: str


class FeedDays(msgspec.Struct, frozen=True, kw_only=True):
    """What a feed of holidays or freezes closes, as it was read last. ``what``: "holiday" or "freeze"; ``left_out``: its events that
    could not be read whole; ``called_off``: when the last ends that says that it was withdrawn (epoch
    seconds), 0 where none does."""

    what: str
    closures: tuple[Closure, ...] = ()
    left_out: int = 0
    called_off: float = 0.0


class CalendarState(msgspec.Struct, frozen=True, kw_only=True):
    """May a standard release happen now? ``why`` names the rule in one sentence; ``text`` is the header's short form.

    ``finish_until``: a release that began inside its window may go on until then; None where none may. ``problem`` is
    set where the clock or the policy cannot be trusted: the calendar is closed then.
    """

    at: float
    open: bool
    text: str
    why: str
    zone: str = ""
    closes_at: float | None = None
    opens_at: float | None = None
    freeze: Slot | None = None
    next: tuple[Slot, ...] = ()  # the next five
    finish_until: float | None = None
    problem: str = ""
    waived: str = ""  # break-glass or emergency approval: by whom, until when
