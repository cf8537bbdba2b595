"""For how long was watched, by whom, and which gaps there are. Pure functions of a ``JournalView``."""

from __future__ import annotations

import msgspec

from tfdash.store.journal.intervals import Intervals, between, clipped, total, union
from tfdash.store.journal.view import Ended, JournalView, WatchSpan


class WatchGap(msgspec.Struct, frozen=True):
    """Nobody watched from ``begin`` to ``end``. ``after``: the watchers that were heard last, each with how its span ended."""

    begin: float
    end: float
    after: tuple[tuple[str, Ended], ...] = ()


class Watcher(msgspec.Struct, frozen=True):
    """One watcher: its seconds, each counted once, and their share of the time that is asked about (0..1)."""

    name: str
    seconds: float
    share: float


class Watched(msgspec.Struct, frozen=True):
    """Of ``[since, until)``: seconds in which at least one watched, their share (0..1), each watcher, and the gaps."""

    seconds: float
    share: float
    by: tuple[Watcher, ...]
    gaps: tuple[WatchGap, ...]


def watched(view: JournalView, environment: str = "") -> Watched:
    """Who watched that environment, or any where it is ""; overlapping watchers count once."""
    spans = [span for span in view.spans if span.of(environment)]
    asked = max(0.0, view.until - view.since)
    seen: Intervals = clipped(union((s.begin, s.end) for s in spans), view.since, view.until)
    names = sorted({span.watcher for span in spans})
    by = []
    for name in names:
        of_one = union((s.begin, s.end) for s in spans if s.watcher == name)
        seconds = total(clipped(of_one, view.since, view.until))
        if seconds:
            by.append(Watcher(name, seconds, _share(seconds, asked)))
    by.sort(key=lambda one: (-one.seconds, one.name))
    gaps = tuple(WatchGap(b, e, _last_heard(spans, b)) for b, e in between(seen, view.since, view.until))
    return Watched(total(seen), _share(total(seen), asked), tuple(by), gaps)


def _share(seconds: float, of: float) -> float:
    return seconds / of if of else 0.0


def _last_heard(spans: list[WatchSpan], at: float) -> tuple[tuple[str, Ended], ...]:
    """Those whose span ends where the gap begins, each named once."""
    return tuple(sorted({(span.watcher, span.ended) for span in spans if span.end == at}))
