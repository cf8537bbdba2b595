"""Judges a recording once from its beginning to its end, by the policy of today: when which verdict changes, and what a judge
remembers at each time of it, so that a jump says what playing through would say."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from math import floor
from threading import Event

from tfdash.board.fold import Entered, Fold
from tfdash.changes.history import ChangeHistory
from tfdash.judging.judge import Judge, Remembered
from tfdash.model.assessment import EMPTY_ASSESSMENT
from tfdash.model.picture import Change
from tfdash.model.update import Update
from tfdash.recording.changes import VerdictChange, verdict_changes
from tfdash.replay.judging import OwnTime
from tfdash.replay.recorded import Played

# looks at what time alone makes another, in all and for each second with a put: more than half a day of silence needs. What a longer one would
# make another is judged at its end, since a file may say that a century passed
_LOOKS, _LOOKS_MORE = 10_000, 10
_NOTHING = Change(keys={}, freshness=frozenset())
_SEEN = 10_000  # changes of what is wished for, the newest
_REST = 1.0  # so long does it rest for each second of work: who looks at the recording has the machine first


class Walk:
    """``changes`` and ``until`` grow while it walks (``run``, on a thread of its own), and ``told`` is what was said last; they may be
    read from any thread.

    A recording holds what came in frames of a second at most, so that it is judged once for each second.
    """

    def __init__(self, make: Callable[[], Judge], recording: Played, *, looks: int = _LOOKS) -> None:
        self._make, self._recording = make, recording
        self._own = OwnTime(recording.start)
        self.told = EMPTY_ASSESSMENT
        self._times: list[float] = []
        self._memories: list[Remembered] = []
        self._stopped = Event()
        self._looks = looks
        self.changes: list[VerdictChange] = []
        self.until = recording.start
        self.seen = ChangeHistory(
            lambda: self.until, size=_SEEN
        )  # what was changed, as a terminal sees it pass by

    @property
    def done(self) -> bool:
        return self.until >= self._recording.end

    def stop(self) -> None:
        self._stopped.set()

    def run(self, rest: float = _REST) -> None:
        """Walk to the end, or until it is stopped."""
        began = time.perf_counter()
        for _ in self.steps():
            if self._stopped.wait(rest * (time.perf_counter() - began)):
                return
            began = time.perf_counter()

    def to(self, at: float) -> None:
        """At once, as far as that time."""
        for _ in self.steps(at):
            pass

    def steps(self, until: float | None = None) -> Iterator[float]:
        """One second of the recording after the other, and what time alone makes another between them, each with its time."""
        played, judge = self._recording, self._make()
        fold = Fold(played.picture_at(played.start))
        fold.show(fold.picture)
        self.seen.begin(fold.picture)
        self._judge(judge, fold, fold.take(), played.start)
        yield played.start
        end = played.end if until is None else min(until, played.end)
        for at, entered in _seconds(played.puts(played.start, end)):
            yield from self._what_is_due(judge, fold, entered[0].at)
            self._looks += _LOOKS_MORE
            for one in entered:
                fold.put(one)
            self._judge(judge, fold, fold.take(), at)
            yield at
        yield from self._what_is_due(judge, fold, end)
        self.until = end

    def _what_is_due(self, judge: Judge, fold: Fold, before: float) -> Iterator[float]:
        """What time alone makes another between two puts."""
        while (due := judge.due_at()) is not None and self.until < due < before and self._looks > 0:
            self._looks -= 1
            self._judge(judge, fold, _NOTHING, due)
            yield due

    def _judge(self, judge: Judge, fold: Fold, change: Change, at: float) -> None:
        told, changed = judge.assess(self._own(fold.picture), change, at)
        self.changes += verdict_changes(at, self.told, told, changed)
        self.told = told
        known = judge.remembered
        if not self._memories or self._memories[-1] != known:
            self._times.append(at)
            self._memories.append(known)
        self.until = at
        self.seen.follow(Update(fold.picture, told, change, None))

    def remembered(self, at: float) -> Remembered | None:
        """What a judge knew at that time; None where it is not known, or not yet."""
        found = bisect_right(self._times, at)
        return self._memories[found - 1] if found and at <= self.until else None


def next_change(changes: Sequence[VerdictChange], at: float) -> tuple[VerdictChange, ...]:
    """Those of the first moment after ``at`` at which something changed; () where there is none."""
    found = bisect_right(changes, at, key=lambda c: c.at)
    return _moment(changes, changes[found].at) if found < len(changes) else ()


def change_before(changes: Sequence[VerdictChange], at: float) -> tuple[VerdictChange, ...]:
    """Those of the last moment before ``at``."""
    earlier = [c.at for c in changes if c.at < at]
    return _moment(changes, earlier[-1]) if earlier else ()


def _moment(changes: Sequence[VerdictChange], at: float) -> tuple[VerdictChange, ...]:
    return tuple(c for c in changes if c.at == at)


def _seconds(entered: Iterable[Entered]) -> Iterator[tuple[float, list[Entered]]]:
    """What came in one second together, with the time of the last of it."""
    for _, group in groupby(entered, key=lambda one: floor(one.at)):
        found = list(group)
        yield found[-1].at, found
