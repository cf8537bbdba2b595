"""Keeps the verdict journal of one terminal: what changes, what is seen, and that it watches. A task of the board.

It begins once what there is was judged whole, and whenever it cannot vouch for what lay between (the machine slept, a clock was set, the disk
did not take a line) it ends its span where it was last sure, and begins another with all that is so then.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from pathlib import Path

from tfdash import __version__
from tfdash.board.board import Board
from tfdash.clock import Clock, boottime, in_clock_seconds
from tfdash.model.assessment import Assessment
from tfdash.model.picture import Picture
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.update import Update
from tfdash.playbook.clocks import astray
from tfdash.sources.base import Observing
from tfdash.store.journal.flapping import Steady
from tfdash.store.journal.reading import BEAT
from tfdash.store.journal.seeing import (
    JudgedTable,
    Outlook,
    Says,
    covers_of,
    not_judged,
    places_of,
    said_by_sections,
    said_of,
)
from tfdash.store.journal.times import Key
from tfdash.store.journal.view import CANARY, SECTION, Covers, Ended, JournalWord, both, plain
from tfdash.store.journal.writing import JournalFile
from tfdash.store.log.data_dir import why
from tfdash.store.log.thread import StoreThread

log = logging.getLogger(__name__)
TICK = 5.0
"""Seconds between two looks at the clock, and so at most between a change and its line."""
_SLEPT = 2 * BEAT  # seconds without a look: nobody watched meanwhile
_STEP = 2.0  # seconds by which wall and machine may differ between two looks
_PATIENCE = 60.0  # seconds for what is to be judged first
_SWEEP = 3600.0
_CHANGES = 10  # of what is seen, within a ``_WHILE``; from then on it is trusted again a minute later
_WHILE = 600.0
_MINUTE = 60.0
_AGAIN = 60.0  # seconds after which a disk that failed is tried again
_AT_THE_END = 0.1  # seconds for the last lines


class JournalRecorder:
    """``folder``: where journals lie. ``table``: what is judged. ``boot``: seconds on a clock that counts suspend."""

    def __init__(
        self,
        folder: Path,
        watcher: str,
        clock: Clock,
        outlook: Outlook,
        table: JudgedTable,
        *,
        boot: Callable[[], float] = boottime,
        deadline: float = 2.0,
    ) -> None:
        self._clock, self._outlook, self._table, self._boot = clock, outlook, table, boot
        self.journal = JournalFile(folder, watcher, __version__)
        self._thread = StoreThread(deadline)
        self._writing: Future[None] | None = None
        self.problem = ""
        """Why nothing is written, "" where it is, or where nothing was to be yet."""
        self.begun = False  # something was written
        self._open = False
        self._started = self._again = self._last = self._last_boot = self._swept = self._beaten = 0.0
        self._reset()

    def _reset(self) -> None:
        self._steady: Steady[Key] = Steady()
        self._subjects: dict[Subject, dict[str, Says]] = {}  # as judged, with their uids
        self._owner: dict[Key, Subject] = {}  # of those made anew under one name, the one that said it
        self._unjudged: set[Key] = set()
        self._sections: dict[Key, Says] = {}
        self._pending: list[JournalWord] = []
        self._covers: Covers = {}
        self._seen: list[tuple[float, Covers]] = []  # what is to be written of that
        self._regained: list[float] = []
        self._places: set[ClusterRef] = set()

    async def run(self, board: Board) -> None:
        """Until cancelled."""
        unsubscribe = board.subscribe(self.take)
        self._started = self._boot()
        try:
            while True:
                self.look(board.picture, board.assessment, settled=_settled(board))
                await asyncio.sleep(TICK)
        finally:
            unsubscribe()
            self.close()

    def take(self, update: Update) -> None:
        """What was judged anew, when it is told."""
        if self._open:
            at = self._clock.now()
            self._table.hear(update.assessment, update.judged)
            self._covered(update.picture, update.assessment, at)
            self._notice(update.picture, update.assessment, update.judged, at)

    def look(self, picture: Picture, assessment: Assessment, *, settled: bool) -> None:
        """Write what came since the last look, or begin where that can be vouched for. Every ``TICK``."""
        at, boot = self._clock.now(), self._boot()
        slept, step = self._apart(at, boot)
        before, self._last, self._last_boot = self._last, at, boot
        if self._busy():
            self._say(f"the disk did not answer within {TICK:g} s")
            if self._open:
                self._leave(Ended.SLEPT, before)
            return
        why = Ended.SLEPT if slept else Ended.CLOCK if step or astray(picture) else None
        if self._open and why is not None:
            self._leave(why, before)
        if not self._open:
            ready = settled or boot - self._started >= _PATIENCE
            if (
                ready
                and boot >= self._again
                and assessment.number
                and assessment.whole
                and not astray(picture)
            ):
                self._begin(picture, assessment, at)
            elif ready and assessment.whole and (doubted := astray(picture)):
                self._say(doubted)
            return
        self._covered(picture, assessment, at)
        for key, before_it, says, flapped in self._steady.due(at):
            self._pending.append(_word(at, key, says, before=before_it, flapped=flapped))
        if self._pending or self._seen or at - self._beaten >= BEAT:
            self._write(at)
        if self.journal.full(at):
            self._do(lambda: self.journal.end(at, Ended.CLOSED))
            self._begin(picture, assessment, at)
        elif boot - self._swept >= _SWEEP:
            self._swept = boot
            self._do(lambda: self.journal.sweep(at))

    def close(self) -> None:
        """The program ends: what is known is written, and that the span is over."""
        at = self._clock.now()
        if self._open and not any(self._apart(at, self._boot())):
            self._write(at)
            self._do(lambda: self.journal.end(at, Ended.CLOSED))
        elif self._open:
            self._leave(Ended.SLEPT, self._last)
        self._open = False
        with contextlib.suppress(TimeoutError):
            self.written(_AT_THE_END)
        self._thread.stop()

    def written(self, patience: float = 60.0) -> None:
        """Return once all is written that was to be, however it went. Raises ``TimeoutError`` after so many seconds."""
        if self._writing is not None:
            self._writing.result(patience)

    # -- what is said and seen ----------------------------------------------------------------------------------

    def _apart(self, at: float, boot: float) -> tuple[bool, bool]:
        """Whether nobody looked for too long, and whether the clock was set meanwhile."""
        passed = boot - self._last_boot
        step = abs(at - self._last - in_clock_seconds(self._clock, passed))
        return passed > _SLEPT, step > in_clock_seconds(self._clock, _STEP)

    def _begin(self, picture: Picture, assessment: Assessment, at: float) -> None:
        self._reset()
        self._table.hear(assessment, None)
        covers = self._covers = self._sees(picture, assessment)
        self._notice(picture, assessment, None, at, first=True)
        words, self._pending = self._pending, []
        self._open, self._beaten = True, at
        self._do(lambda: self.journal.begin(at, covers, words))

    def _leave(self, ended: Ended, at: float) -> None:
        """End the span where it was last sure; what was noticed since is told by the next one."""
        self._open = False
        self._pending, self._seen = [], []
        self._do(lambda: self.journal.end(at, ended))

    def _notice(
        self,
        picture: Picture,
        assessment: Assessment,
        judged: frozenset[Subject] | None,
        at: float,
        first: bool = False,
    ) -> None:
        """What these subjects say now (None: all), and the sections. ``first``: since when it is so was not seen."""
        subjects: Iterable[Subject]
        if judged is None:
            subjects = {*self._subjects, *assessment.verdicts, *assessment.canaries}
        else:  # what the triggers' word comes to hangs on the release too, which is no judging of them
            subjects = judged | {s for s in assessment.canaries if CANARY in self._subjects.get(s, ())}
        for subject in subjects:
            says = dict(said_of(assessment, subject))
            before = self._subjects.get(subject, {})
            if says:
                self._subjects[subject] = says
            elif before:
                del self._subjects[subject]
            name = plain(subject)
            for rule in {*before, *says}:
                key = (name, rule)
                if rule in says:
                    self._owner[key] = subject
                elif self._owner.get(key) != subject:
                    continue  # another of that name says it by now
                self._change(key, says.get(rule), at, first or key in self._unjudged)
            self._unjudged -= {(name, rule) for rule in says}
            self._unjudged |= {(name, rule) for rule in not_judged(assessment, subject)}
        loading = {section.id for section in assessment.sections if section.loading}
        sections = said_by_sections(picture, assessment, self._table, self._outlook)
        for key in {*self._sections, *sections}:
            if (key[0].name if key[1] == SECTION else key[1]) not in loading:
                self._change(key, sections.get(key), at, first)
        self._sections = dict(sections)

    def _change(self, key: Key, says: Says | None, at: float, first: bool) -> None:
        """What is not seen whole is not told: it is looked at again when it is."""
        cover = self._covers.get(key[0].cluster)
        if cover is None or not cover.has(key[0].kind, key[0].namespace, key[1]):
            return
        before = self._steady.told.get(key)
        if self._steady.change(key, says, at):
            self._pending.append(_word(at, key, says, before=before, first=first))

    def _covered(self, picture: Picture, assessment: Assessment, at: float) -> None:
        """What is lost is lost at once; what comes back too often is trusted again a minute later."""
        if not assessment.whole:
            return
        covers = self._sees(picture, assessment)
        if covers == self._covers:
            return
        back = both(covers, self._covers) != covers
        if back:
            self._regained = [one for one in self._regained if at - one < _WHILE]
            if len(self._regained) >= _CHANGES and at - self._regained[-1] < _MINUTE:
                covers, back = both(covers, self._covers), False
            else:
                self._regained.append(at)
        if covers != self._covers:
            self._covers = covers
            self._seen.append((at, covers))
        if back:
            self._notice(picture, assessment, None, at, first=True)

    def _sees(self, picture: Picture, assessment: Assessment) -> Covers:
        self._places |= places_of(assessment, self._table)
        return covers_of(picture, assessment, self._table, self._outlook, self._places)

    # -- the disk -----------------------------------------------------------------------------------------------

    def _busy(self) -> bool:
        return self._writing is not None and not self._writing.done()

    def _write(self, at: float) -> None:
        words, seen = self._pending, self._seen
        self._pending, self._seen, self._beaten = [], [], at
        self._do(lambda: self.journal.add(at, seen, words))

    def _say(self, problem: str) -> None:
        if problem != self.problem:
            log.warning("the verdict journal is not written: %s", problem)
        self.problem = problem

    def _do(self, work: Callable[[], None]) -> None:
        """In the thread, one after the other. Where the disk fails the span is over, and another is tried at the next look."""

        def written() -> None:
            try:
                work()
            except OSError as error:
                self._say(why(error))
                self._again = self._boot() + _AGAIN
                self._open = False
                self.journal.close()
            else:
                self.problem, self.begun = "", True

        self._writing = self._thread.submit(written)


def _settled(board: Board) -> bool:
    """Whether all has come, or failed, that a judgement of this moment needs."""
    observing: list[Observing] = [*board.cluster_sources, *board.sources]
    return not board.unsettled() and not any(
        one.unsettled(board.picture, board.assessment) for one in observing
    )


def _word(
    at: float, key: Key, says: Says | None, *, before: Says | None, flapped: int = 0, first: bool = False
) -> JournalWord:
    return JournalWord(
        at=at,
        subject=key[0],
        rule=key[1],
        level=says.level if says is not None else None,
        before=before.level if before is not None and not first else None,
        first=first,
        sentence=says.sentence if says is not None else "",
        cause=says.cause if says is not None else "",
        waived=says is not None and says.waived,
        flapped=flapped,
    )
