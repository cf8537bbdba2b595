"""Takes what enters the board, by reference, and writes it on a thread of its own: neither a slow nor a full disk holds the board.

What cannot be written is said (``problem``), and it goes on: from the next picture that is whole.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Protocol, TypeAlias

import msgspec

from tfdash.board.fold import Entered
from tfdash.clock import Clock, boottime, in_clock_seconds
from tfdash.model.assessment import Assessment
from tfdash.model.picture import Picture
from tfdash.model.subject import Subject
from tfdash.model.update import Update
from tfdash.recording.changes import VerdictChange, verdict_changes
from tfdash.recording.frames import FrameKind, FrameWriter, RecordingFull
from tfdash.recording.writing import EntryWriter

if TYPE_CHECKING:
    from tfdash.anonymise.anonymiser import Anonymiser

log = logging.getLogger(__name__)
EVERY = 1.0  # seconds of the machine between two frames
WHOLE_EVERY = 120.0  # seconds of the platform's between two pictures that are written whole
_LEAST = 5.0  # seconds of the machine between them: a simulated clock may run fast
MOST_WAITING = 20_000  # puts that wait for a disk; more are not held, and the next picture is written whole
_FRAME = 1 << 20  # bytes of entries, after which a frame ends
_PATIENCE = 3.0  # seconds that the end waits for the disk
_STEP = 60.0  # seconds by which the platform's clock and the machine's may differ between two turns
FULL = "the recording ended: it has all the room that it may take"
_SILENT = 30.0  # seconds of one turn, after which the disk is said to hang
_RETRY = 15.0  # seconds between two tries to write again


class WrittenTo(Protocol):
    """Where it is written: a file, or the segments of a ring. Called on the recorder's thread; raises ``OSError``. ``piece``: bytes after
    which another picture is to be written whole, whatever the time."""

    piece: float

    def check(self) -> None:
        """Before anything is written: raises ``OSError`` where it cannot be, or is not to be."""

    def bears(self, step: float) -> bool:
        """Whether it goes on after the platform's clock was set by so many seconds."""

    def anew(self) -> None:
        """What comes next has another place: times only grow in one."""

    def begin(self, picture: Picture, at: float) -> FrameWriter:
        """Where to write a picture that is whole; what comes next follows it there."""

    def close(self) -> None: ...


_Judged: TypeAlias = tuple[float, Assessment, frozenset[Subject] | None]


class Recorder:
    """``taken`` is called by the board under its lock, for each put; ``update`` for each update. ``now``: picture and assessment as they
    are. ``anonymiser``: it is written by other names, as that one tells; from then on it is the recorder's alone. ``boot``: seconds on a clock
    that is never set and counts suspend. ``told`` is called on the recorder's thread with the problem, where that becomes another; "" where it
    is well."""

    def __init__(
        self,
        place: WrittenTo,
        clock: Clock,
        now: Callable[[], tuple[Picture, Assessment]],
        told: Callable[[str], None] = lambda problem: None,
        *,
        every: float = EVERY,
        whole_every: float = WHOLE_EVERY,
        least: float = _LEAST,
        boot: Callable[[], float] = boottime,
        anonymiser: Anonymiser | None = None,
    ) -> None:
        self._anonymiser = anonymiser
        self._place, self._clock, self._now, self._told = place, clock, now, told
        self._every, self._whole_every, self._least = every, whole_every, least
        self._waiting: deque[Entered | _Judged] = deque()
        self._wake = threading.Event()
        self._ending = False
        self._lacking = True  # what is held is not what was: the next picture is written whole
        self._heard: Assessment | None = None
        self._frames: FrameWriter | None = None
        self._entries = EntryWriter(self._anonymiser)
        self._whole_at = 0.0, 0.0  # by the machine's monotonic clock and the platform's
        self._whole_size = 0  # bytes of the last that was written whole
        self._retry_at = 0.0
        self._thread = threading.Thread(target=self._run, name="tfdash-recorder", daemon=True)
        self._boot = boot
        self._looked: tuple[float, float] | None = None  # the platform's clock and the machine's, last
        self.full = False  # it has all that it may have, and ended
        self._turn_at = 0.0  # when the turn began that goes on, else 0
        self.problem = ""
        self.fault = False  # the problem is one of the program itself
        self.lost = 0  # puts that were not recorded
        self.written = 0  # bytes

    @property
    def shows(self) -> bool:
        """Whether a whole picture was written."""
        return self._whole_size > 0

    @property
    def trouble(self) -> str:
        """``problem``, or that the disk does not answer: whoever waits for it cannot say so."""
        begun = self._turn_at
        if begun and time.monotonic() - begun > _SILENT:
            return f"nothing is recorded: the disk has not answered for more than {_SILENT:.0f} s"
        return self.problem

    # -- by the board -------------------------------------------------------------------------------------------

    def taken(self, one: Entered) -> None:
        if self.full:
            return
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append(one)
        else:
            self._lacking = True
            self.lost += 1

    def update(self, update: Update) -> None:
        if update.assessment is self._heard or self.full:
            return
        self._heard = update.assessment
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append((self._clock.now(), update.assessment, update.judged))
        else:
            self._lacking = True

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, and end; a disk that hangs is waited for a little."""
        self._ending = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(_PATIENCE)

    # -- on its own thread --------------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            ending = self._ending
            self.attempt(ending=ending)
            if ending:
                return
            self._wake.wait(self._every)
            self._wake.clear()

    def attempt(self, *, ending: bool) -> None:
        """Write what waits, and say why where that does not succeed. On the recorder's thread alone."""
        if self.full:
            return
        self._turn_at = time.monotonic()
        try:
            self._turn(ending)
        except RecordingFull:
            self.full = ending = True
            self._waiting.clear()
            self._say(FULL)
        except OSError as error:
            self._failed(f"nothing is recorded: {error.strerror or error}")
        except Exception:
            log.exception("the recorder failed")
            self._failed("nothing is recorded: a fault of tfdash itself; its log has the details", fault=True)
        self._turn_at = 0.0
        if ending:
            self._close()

    def _failed(self, problem: str, fault: bool = False) -> None:
        self.lost += 1  # at least what was at hand
        self._lacking, self._frames = True, None
        self._waiting.clear()  # what comes next begins with all that there is
        self._retry_at = time.monotonic() + _RETRY
        self._say(problem, fault)

    def _say(self, problem: str, fault: bool = False) -> None:
        self.fault = fault
        if problem != self.problem:
            self.problem = problem
            self._told(problem)

    def _close(self) -> None:
        try:
            if self._frames is not None:
                now = self._clock.now()
                self._frames.add(FrameKind.END, now, now, b"")
            self._place.close()
        except OSError as error:
            log.info("the recording was not closed: %s", error)

    def _step(self) -> tuple[float, float]:
        """Seconds by which the platform's clock was set since the last turn, 0 where it only went on; and when that turn was."""
        at, boot = self._clock.now(), self._boot()
        before, self._looked = self._looked, (at, boot)
        if before is None:
            return 0.0, at
        step = at - before[0] - in_clock_seconds(self._clock, boot - before[1])
        return (step if abs(step) > in_clock_seconds(self._clock, _STEP) else 0.0), before[0]

    def _elsewhere(self, at: float) -> None:
        """What comes next stands in another place, from what there is then on; the one before was last written ``at``."""
        if self._frames is not None and not self._frames.broken:
            self._frames.add(FrameKind.END, at, at, b"")
        self._place.anew()
        self._lacking, self._frames, self._retry_at = True, None, 0.0

    def _turn(self, ending: bool) -> None:
        self._place.check()
        step, before = self._step()
        if step and not self._place.bears(step):
            self._elsewhere(before)
        if self._lacking and time.monotonic() < self._retry_at and not ending:
            self.lost += len(self._waiting)
            self._waiting.clear()
            return
        if self._lacking:
            self._begin_anew()
        elif self._whole_due():
            self._changes()
            self._whole()
        self._changes()
        self.lost += self._entries.left_out
        self._entries.left_out = 0
        self._say("")

    def _whole_due(self) -> bool:
        """By what was written since, or by either clock: the platform's may be set back."""
        if self._frames is not None and self._frames.size > max(self._place.piece, 3 * self._whole_size):
            return True
        machine, platform = time.monotonic() - self._whole_at[0], self._clock.now() - self._whole_at[1]
        return machine >= self._whole_every or (platform >= self._whole_every and machine >= self._least)

    def _begin_anew(self) -> None:
        """From what there is now on: what waits is in it."""
        self._lacking = False
        self._waiting.clear()
        picture, assessment = self._now()
        gap = self.written > 0
        self._entries = EntryWriter(self._anonymiser)
        self._entries.take(picture, assessment)
        self._whole(gap)

    def _whole(self, gap: bool = False) -> None:
        at = self._clock.now()
        picture, _ = self._now()
        self._frames = self._place.begin(picture, at)
        self._whole_at, begun = (time.monotonic(), at), self._frames.size
        if gap:
            self._add(FrameKind.GAP, at, at, b"")
        batch = _Batch(self, FrameKind.KEY)
        for entry in self._entries.whole(at):
            batch.add(at, entry)
        batch.end(FrameKind.WHOLE)
        self._whole_size = self._frames.size - begun

    def _changes(self) -> None:
        batch = _Batch(self, FrameKind.CHANGES)
        changes: list[VerdictChange] = []
        self._entries.learn(one for one in tuple(self._waiting) if isinstance(one, Entered))
        for _ in range(len(self._waiting)):
            one = self._waiting.popleft()
            if isinstance(one, Entered):
                made: Iterable[bytes] = self._entries.entries(one)
                at = one.at
            else:
                at, assessment, judged = one
                changes += verdict_changes(at, self._entries.assessment, assessment, judged)
                made = self._entries.judged(at, assessment, judged)
            for entry in made:
                batch.add(at, entry)
        batch.end(FrameKind.CHANGES)
        if changes:
            told = changes if self._anonymiser is None else self._anonymiser.value(changes)
            raw = msgspec.msgpack.encode(told)
            self._add(FrameKind.VERDICTS, changes[0].at, changes[-1].at, raw)

    def _add(self, kind: FrameKind, first: float, last: float, raw: bytes) -> None:
        assert self._frames is not None
        self.written += self._frames.add(kind, min(first, last), max(first, last), raw)


class _Batch:
    """Entries until they are a frame."""

    def __init__(self, recorder: Recorder, kind: FrameKind) -> None:
        self._recorder, self._kind = recorder, kind
        self._entries: list[bytes] = []
        self._size = 0
        self._first = self._last = 0.0

    def add(self, at: float, entry: bytes) -> None:
        if self._size and self._size + len(entry) > _FRAME:
            self.end(self._kind)
        if not self._entries:
            self._first = self._last = at
        self._first, self._last = (
            min(self._first, at),
            max(self._last, at),
        )  # a clock may be set back a little
        self._entries.append(entry)
        self._size += len(entry)

    def end(self, kind: FrameKind) -> None:
        if self._entries:
            raw = msgspec.msgpack.encode([msgspec.Raw(entry) for entry in self._entries])
            self._recorder._add(kind, self._first, self._last, raw)
            self._entries, self._size = [], 0
