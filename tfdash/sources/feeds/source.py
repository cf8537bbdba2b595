"""Reads each feed at the start and every twelve hours, a file every five minutes, and puts what it closes into the picture. One that cannot be read keeps what was read
last, of this run or an earlier one, beside why."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from tfdash.addresses import wrong_with
from tfdash.clock import Clock, in_clock_seconds
from tfdash.model.assessment import Assessment
from tfdash.model.calendar import Closure, FeedDays
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import Picture, SourceInfo
from tfdash.nouns import counted
from tfdash.playbook.schedule.local import local_date
from tfdash.playbook.schedule.policy import FeedSettings
from tfdash.process import CommandFailed, CommandTimedOut, in_thread, run_command
from tfdash.sources.base import SourceBoard
from tfdash.sources.diagnosis import PATIENCE, Diagnosis, by_status
from tfdash.sources.feeds.fetching import FeedUnread, fetched, of_file
from tfdash.sources.feeds.kept import Copy, keep, recall
from tfdash.text import safe

log = logging.getLogger(__name__)
EVERY, EVERY_FILE = 12 * 3600.0, 300.0  # seconds
_FIRST_AGAIN, _LAST_AGAIN = (
    60.0,
    3600.0,
)  # seconds until the next try of one that could not be read; then twice as long
_BACK, _AHEAD = 40 * 86_400.0, 2200 * 86_400.0  # seconds of days that are of interest
_READING = 10  # seconds that a calendar may take
_TELL = 8 << 20  # bytes
_DAY = 86_400.0
HELD = 7 * _DAY
"""Seconds since it was read last for which a feed counts as it was, though it closes nothing ahead any more: it is more likely to be broken
than that every freeze was called off. One that was is kept as STATUS:CANCELLED."""


class FeedsSource:
    """See ``tfdash.sources.base.Source``. ``folder``: where copies lie; ``keeping``: they may be written there."""

    id = "calendar feeds"

    def __init__(
        self,
        feeds: Sequence[FeedSettings],
        zone: ZoneInfo,
        clock: Clock,
        folder: Path | None,
        *,
        keeping: bool,
    ) -> None:
        self._feeds, self._zone, self._clock = tuple(feeds), zone, clock
        self._folder, self._keeping = folder, keeping
        self._seen: dict[str, Observation[FeedDays]] = {}
        self._tried: set[str] = set()
        self._read: dict[str, tuple[bytes, float, FeedDays]] = {}

    @property
    def status(self) -> Observation[SourceInfo]:
        """As old as the oldest of them; the first problem is named."""
        seen = [self._seen.get(feed.name, Observation[FeedDays]()) for feed in self._feeds]
        times = [o.observed_at for o in seen]
        days = sum(len(o.value.closures) for o in seen if o.value is not None)
        lost = sum(o.value.left_out for o in seen if o.value is not None)
        about = f"{counted(days, 'closed time')} of {counted(len(seen), 'feed')}"
        if lost:
            about += f"; {counted(lost, 'event')} could not be read"
        return Observation(
            value=SourceInfo(name=self.id, about=about, count=len(seen)),
            source=self.id,
            observed_at=None if None in times else min((t for t in times if t is not None), default=None),
            problem=self._problem(),
            complete=all(o.complete for o in seen),
            interval=in_clock_seconds(self._clock, EVERY + _DAY),
        )

    def _problem(self) -> Problem | None:
        """The first, with the name of its feed."""
        for feed in self._feeds:
            seen = self._seen.get(feed.name)
            if seen is not None and seen.problem is not None:
                told = seen.problem
                return msgspec.structs.replace(told, cause=f"{safe(feed.name)}: {told.cause}")
        return None

    def unsettled(self, picture: Picture, assessment: Assessment) -> tuple[str, ...]:
        """Each is tried once."""
        return tuple(f"feed {f.name}" for f in self._feeds if f.name not in self._tried)

    async def doctor(self, board: SourceBoard) -> Diagnosis:
        await board.until(lambda: not self.unsettled(board.picture, board.assessment), PATIENCE)
        return by_status(self.id, self.status)

    async def run(self, board: SourceBoard) -> None:
        async with asyncio.TaskGroup() as group:
            for feed in self._feeds:
                group.create_task(self._repeat(board, feed))

    async def _repeat(self, board: SourceBoard, feed: FeedSettings) -> None:
        every = EVERY if feed.url else EVERY_FILE
        await self._rest(await self._recalled(board, feed, every))
        tries = 0
        while True:
            try:
                fine = await self._once(board, feed)
            except Exception:  # a bug of ours must not end the other feeds, nor open the calendar
                log.exception("a feed was not read")
                fine = False
                self._failed(
                    board, feed, FeedUnread(ProblemKind.INTERNAL, "a fault of tfdash; its log has more")
                )
            tries = 0 if fine else tries + 1
            await self._rest(every if fine else min(_LAST_AGAIN, _FIRST_AGAIN * 2 ** min(tries - 1, 10)))

    async def _rest(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _recalled(self, board: SourceBoard, feed: FeedSettings, every: float) -> float:
        """The last copy counts from the first moment; returns for how many seconds it is new enough."""
        copy = await in_thread(lambda: recall(self._folder, feed.name, feed.file or feed.url))
        if copy is None:
            return 0.0
        try:
            days = await self._days(feed, copy.data)
        except FeedUnread:
            log.warning("the copy of a feed cannot be read")
            return 0.0
        age = self._clock.now() - copy.read_at
        new = 0.0 <= age < every
        if new:
            self._tried.add(feed.name)
        self._put(board, feed, days, copy.read_at, None)
        return every - age if new else 0.0

    async def _once(self, board: SourceBoard, feed: FeedSettings) -> bool:
        """Read it; where that fails what was read last stays."""
        try:
            data = await self._bytes(feed)
            days = await self._days(feed, data)
        except FeedUnread as error:
            self._failed(board, feed, error)
            return False
        now = self._clock.now()
        if emptied := self._emptied(feed, days, now):
            self._failed(board, feed, emptied)
            return False
        if self._keeping:
            await in_thread(lambda: keep(self._folder, feed.name, feed.file or feed.url, Copy(data, now)))
        self._tried.add(feed.name)
        self._put(board, feed, days, now, None)
        return True

    def _emptied(self, feed: FeedSettings, days: FeedDays, now: float) -> FeedUnread | None:
        """What is wrong where it closed something ahead when it was read last, which is not ``HELD`` ago, and closes nothing now."""
        seen = self._seen.get(feed.name, Observation[FeedDays]())
        ahead = sum(c.end > now for c in seen.value.closures) if seen.value is not None else 0
        until = (seen.observed_at or 0.0) + HELD
        if not ahead or days.called_off > now or any(c.end > now for c in days.closures) or now >= until:
            return None
        day = local_date(until, self._zone)
        return FeedUnread(
            ProblemKind.BAD_ANSWER,
            f"it closes nothing ahead any more, of {counted(ahead, 'time')} that it had; that counts from {day} on",
            "mend the feed; where all were called off, keep them in it with STATUS:CANCELLED",
        )

    def _failed(self, board: SourceBoard, feed: FeedSettings, error: FeedUnread) -> None:
        seen = self._seen.get(feed.name, Observation[FeedDays]())
        since = seen.problem.since if seen.problem is not None else self._clock.now()
        problem = Problem(kind=error.kind, cause=safe(error.cause), remedy=safe(error.remedy), since=since)
        self._tried.add(feed.name)
        self._put(board, feed, seen.value, seen.observed_at, problem)

    def _put(
        self,
        board: SourceBoard,
        feed: FeedSettings,
        days: FeedDays | None,
        at: float | None,
        problem: Problem | None,
    ) -> None:
        seen = Observation(
            value=days,
            source=self.id,
            observed_at=at,
            problem=problem,
            complete=days is not None,
            interval=in_clock_seconds(self._clock, EVERY + _DAY),
        )
        self._seen[feed.name] = seen
        board.put_signals({("feeds", feed.name): seen})
        board.put_status(self.id, self.status)

    async def _bytes(self, feed: FeedSettings) -> bytes:
        if feed.file:
            return await in_thread(lambda: of_file(Path(feed.file).expanduser()))
        return await fetched(await in_thread(lambda: _address(feed.url)))

    async def _days(self, feed: FeedSettings, data: bytes) -> FeedDays:
        """The same bytes are not read again on the same day."""
        now = self._clock.now()
        before = self._read.get(feed.name)
        if before is not None and before[0] == data and 0 <= now - before[1] < _DAY:
            return before[2]
        days = await in_thread(lambda: read(data, feed.what, self._zone, now))
        self._read[feed.name] = data, now, days
        return days


def _address(url: str) -> str:
    """Blocking: a reference may be a command."""
    if url.partition(":")[0] not in ("env", "file", "command"):
        return url
    from tfdash.sources.kubernetes.credentials import read_secret
    from tfdash.sources.kubernetes.login import LoginNeeded

    try:
        found = read_secret(url).strip()
    except LoginNeeded as error:
        raise FeedUnread(ProblemKind.CONFIG, f"its address is not there: {error}") from None
    if wrong := wrong_with(found, ("https",)):
        raise FeedUnread(ProblemKind.CONFIG, f"its address {wrong}")
    return found


def read(data: bytes, what: str, zone: ZoneInfo, now: float) -> FeedDays:
    """What a calendar closes about ``now``, by a child with a deadline. Blocking. Raises ``FeedUnread``."""
    with tempfile.NamedTemporaryFile(prefix="tfdash-feed-") as file:
        file.write(data)
        file.flush()
        words = [file.name, zone.key, str(now - _BACK), str(now + _AHEAD), str(_READING)]
        try:
            told = run_command(
                [sys.executable, "-P", "-m", "tfdash.sources.feeds.child", *words],
                timeout=2.0 * _READING,
                max_output=_TELL,
            )
        except CommandTimedOut:
            raise FeedUnread(
                ProblemKind.BAD_ANSWER, f"it takes more than {_READING} s to read: its rules have no end"
            ) from None
        except CommandFailed as error:
            raise FeedUnread(ProblemKind.INTERNAL, f"it could not be read: {error}") from None
    if told.returncode < 0:
        raise FeedUnread(
            ProblemKind.BAD_ANSWER, f"it takes more than {_READING} s to read, or too much memory"
        )
    if told.returncode != 0:
        lines = told.stderr.strip().splitlines() or [""]
        raise FeedUnread(ProblemKind.BAD_ANSWER, lines[-1][:300] or "it is no calendar")
    found = json.loads(told.stdout)
    closures = tuple(Closure(start, end, reason) for start, end, reason in found["closures"])
    return FeedDays(what=what, closures=closures, left_out=found["left_out"], called_off=found["called_off"])
