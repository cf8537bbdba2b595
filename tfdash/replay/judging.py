"""How a recording is judged: anew, by the policy of today, or shown as it was judged then."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from tfdash.judging.judge import Judge, Remembered
from tfdash.model.assessment import Assessment
from tfdash.model.judgement import Breach
from tfdash.model.picture import Change, Picture
from tfdash.model.store_state import StoreState
from tfdash.model.subject import Subject
from tfdash.replay.recorded import Played


class OwnTime:
    """Pictures without the first crossings that were found in the time that a recording holds: these are found anew, or are not
    there by the policy of today. Those from before it are on record."""

    def __init__(self, start: float) -> None:
        self._start = start
        self._of: tuple[StoreState, StoreState] | None = None

    def __call__(self, picture: Picture) -> Picture:
        state = picture.store_state
        if self._of is None or self._of[0] is not state:
            self._of = (state, msgspec.structs.replace(state, breaches=self._before(state.breaches)))
        return msgspec.structs.replace(picture, store_state=self._of[1])

    def _before(self, known: Mapping[Subject, tuple[Breach, ...]]) -> dict[Subject, tuple[Breach, ...]]:
        kept = {subject: tuple(b for b in of if b.at < self._start) for subject, of in known.items()}
        return {subject: of for subject, of in kept.items() if of}


class ReplayJudge:
    """``tfdash.board.scheduler.Judging``. ``anew`` False: what was said then stands in the place of what is said now, where that was
    recorded. ``recording`` is asked for nothing but that."""

    def __init__(self, make: Callable[[], Judge], recording: Played, *, anew: bool = True) -> None:
        self._make, self._recording = make, recording
        self._own = OwnTime(recording.start)
        self._judge: Judge | None = None
        self._known: Remembered | None = None
        self._switched = False
        self.anew = anew
        self.on_record = True  # whether what was said then is recorded, as far as it was asked for

    def restart(self, known: Remembered | None) -> None:
        """Everything is judged afresh at the next look; ``known``: what was remembered at that time."""
        self._judge, self._known = None, known

    def switch(self, anew: bool) -> None:
        self.anew, self._switched = anew, True

    def assess(
        self, picture: Picture, change: Change, now: float
    ) -> tuple[Assessment, frozenset[Subject] | None]:
        judged: frozenset[Subject] | None
        if self._judge is None:
            self._judge = self._make()
            if self._known is not None:
                self._judge.recall(self._known)
            self._switched = True
        told, judged = self._judge.assess(self._own(picture), change, now)
        if self._switched or not self.anew:
            judged, self._switched = None, False
        return (told if self.anew else self._as_then(told, now)), judged

    def _as_then(self, told: Assessment, now: float) -> Assessment:
        then = self._recording.judged_at(now)
        self.on_record = then is not None
        if then is None:
            return told
        return msgspec.structs.replace(then, at=now, number=told.number, whole=told.whole)

    def go_on(self, now: float) -> bool:
        return self._judge is not None and self._judge.go_on(now)

    def due_at(self) -> float | None:
        return None if self._judge is None else self._judge.due_at()
