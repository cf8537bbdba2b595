"""What is on record of one item at one place, and what of it was on record at an earlier time. Pure.

A period is judged by what was on record before it closed, so everything here is asked "as known before".
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from tfdash.model.maintenance import (
    AccountStart,
    Completion,
    EvidenceKind,
    LostEntries,
    PeriodWaiver,
    RuleSaid,
    Sighting,
)

UNSEEN = 86_400.0
"""Seconds before a period closes that nobody need have looked at a live source, for its silence to count; in these a terminal that records
writes down that nothing was done, since later nobody can say it in time."""
_CLOCKS_DIFFER = 86_400.0  # a person names the day rather than the minute
_EVER = float("inf")
_LONGEST = 460 * 86_400.0  # seconds from the begin of a period until it closes: a year, and its grace


class Facts(NamedTuple):
    """``started``: from when account is kept by the settings, None where they do not say; ``starts``: by what was adopted;
    ``sightings`` of a live source; ``events`` that it follows; ``lost``: when that was recorded which is in no log any more; ``rules``:
    those by which it was kept when something was recorded; ``kept``: the settings have it still. All in epoch seconds."""

    started: float | None = None
    completions: tuple[Completion, ...] = ()
    waivers: tuple[PeriodWaiver, ...] = ()
    sightings: tuple[Sighting, ...] = ()
    events: tuple[float, ...] = ()
    starts: tuple[AccountStart, ...] = ()
    lost: tuple[LostEntries, ...] = ()
    rules: tuple[RuleSaid, ...] = ()
    kept: bool = True

    @property
    def since(self) -> float | None:
        """From when account is kept, by all that is on record."""
        return Known(self).since()

    def edges(self, now: float) -> list[float]:
        """The times after ``now`` that it speaks of, at which something else may be to be said."""
        found = [at for w in self.waivers for at in (w.since, w.until)]
        found += [known_at(s) for s in self.sightings]
        found += [at for c in self.completions for at in (c.done_at, c.recorded_at)]
        found += [*self.events, *(s.start for s in self.starts)]
        found += [self.started] if self.started is not None else []
        return [at for at in found if at > now]


def counting(facts: Facts, evidence: str) -> Facts:
    """Without what does not count for who demands that ``evidence``: a person's word for what is to be imported."""
    if evidence != EvidenceKind.IMPORTED:
        return facts
    return facts._replace(
        completions=tuple(c for c in facts.completions if c.evidence is not EvidenceKind.SIGNED)
    )


def known_at(sighting: Sighting) -> float:
    return max(sighting.seen, sighting.recorded_at)


def in_order(completions: Sequence[Completion]) -> tuple[Completion, ...]:
    """The order in which they decide."""
    return tuple(sorted(completions, key=lambda c: (c.done_at, c.recorded_at, c.terminal, c.by)))


def contradicts(sightings: Sequence[Sighting], done: float) -> Sighting | None:
    """The newest that shows that nothing was done then."""
    against = (
        s for s in sightings if s.seen >= done and (s.done_at is None or s.done_at < done - _CLOCKS_DIFFER)
    )
    return max(against, key=lambda s: s.seen, default=None)


class Known:
    """``Facts`` made ready to be asked what was known before a time. ``begins``: the earliest time that they are of.

    What was recorded after ``now``, by a clock that went back since, was on record all the same."""

    def __init__(self, facts: Facts, now: float = _EVER) -> None:
        self._started, self._now = facts.started, now
        self._starts = sorted(facts.starts, key=lambda s: (s.recorded_at, s.start))
        self._waivers = sorted(
            facts.waivers, key=lambda w: (w.recorded_at, w.who, w.since, w.until, w.second, w.why)
        )
        self._sightings = sorted(
            facts.sightings, key=lambda s: (s.seen, -_EVER if s.done_at is None else s.done_at)
        )
        self._seen = [s.seen for s in self._sightings]
        told = (
            *(c.recorded_at for c in facts.completions),
            *(known_at(s) for s in facts.sightings),
            *facts.events,
        )
        self._first = min(told, default=_EVER)
        starts = [
            max(s.start, s.recorded_at - _LONGEST) for s in self._starts
        ]  # what closed before it was said is judged by nothing
        started = [] if facts.started is None else [facts.started]
        self.begins = min([*starts, *started, *([self._first] if told else [])], default=None)
        self._lost = facts.lost
        self._first_seen = min((known_at(s) for s in facts.sightings), default=_EVER)

    def since(self, before: float = _EVER) -> float | None:
        """From when account is kept, None for not at all: as was adopted last, else as the settings say, else from when the first
        evidence was on record."""
        adopted = [s.start for s in self._starts if min(s.recorded_at, self._now) < before]
        if adopted:
            return adopted[-1]
        if self._started is not None:
            return self._started
        return self._first if self._first < before else None

    def live(self, before: float = _EVER) -> bool:
        """Whether a live source had been read."""
        return self._first_seen < before

    def newest_sighting(self, after: float, before: float = _EVER) -> Sighting | None:
        """The newest that was seen at ``after`` or later, and known before."""
        low, high = bisect_left(self._seen, after), bisect_right(self._seen, before)
        return next((s for s in reversed(self._sightings[low:high]) if known_at(s) < before), None)

    def silent(self, since: float, until: float, before: float = _EVER) -> bool:
        """Whether a live source proves that nothing was done from ``since`` on until ``until``, but for the last day of it."""
        return self._undone(since, until - UNSEEN, before)

    def lost(self, since: float, until: float, before: float = _EVER) -> bool:
        """Whether something that was done from ``since`` on until ``until`` may have been on record and be lost: no live source says,
        since what is lost was recorded, that it was not."""
        return any(
            lost.since < until
            and since <= lost.until
            and not self._undone(since, min(until, lost.until), before)
            for lost in self._lost
        )

    def lost_of(self, since: float, until: float) -> LostEntries | None:
        """What is lost that may have been about something done from ``since`` on until ``until``; of several what was noted first."""
        found = (lost for lost in self._lost if lost.since < until and since <= lost.until)
        return min(found, key=lambda lost: (lost.until, lost), default=None)

    def _undone(self, since: float, until: float, before: float) -> bool:
        """Whether what was seen last at ``until`` or later says that nothing was done from ``since`` on."""
        newest = self.newest_sighting(until, before)
        return newest is not None and (newest.done_at is None or newest.done_at < since)

    def lost_until(self, after: float) -> float | None:
        """The last time at which something may have been done of which the record is lost, where that is after ``after``."""
        return max((lost.until for lost in self._lost if lost.until > after), default=None)

    def without_lost(self, start: float, end: float, age: float) -> list[tuple[float, float]]:
        """The parts of [start, end) in which it was too old even if it was done whenever the record is lost."""
        parts = [(start, end)]
        for lost in self._lost:
            parts = [
                part
                for low, high in parts
                for part in ((low, min(high, lost.since)), (max(low, lost.until + age), high))
                if part[0] < part[1]
            ]
        return parts

    def waiver(self, at: float, before: float = _EVER) -> PeriodWaiver | None:
        """The one on record first of those that cover ``at``."""
        fits = (w for w in self._waivers if w.since <= at <= w.until and w.recorded_at < before)
        return next(fits, None)
