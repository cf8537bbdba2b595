"""Delivers what is queued for one channel, one message after the other: at most so many in a minute, as late as the other side asks for,
later each time that it cannot be reached. One terminal of this user does it for a channel; another takes over where that one ends.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random

import msgspec

from tfdash.actions.core.protocols import Ledger, LedgerUnavailable
from tfdash.clock import Clock
from tfdash.locked_file import locked
from tfdash.model.store_state import EntryKind
from tfdash.notify.channel import Arrival, Outgoing, SendResult, fitted
from tfdash.notify.outbox import DELIVERED, REFUSED, UNKNOWN, WAITING, Outbox, QueuedMessage
from tfdash.notify.postbox import Postbox
from tfdash.notify.posts import ChannelPost
from tfdash.notify.settings import ChannelSettings
from tfdash.text import fault, safe, scrubbed

log = logging.getLogger(__name__)
TOPIC = "notify"
_LOOK = 2.0  # seconds between two looks at what other terminals queued, and at whether they ended
_FIRST, _LAST = 5.0, 300.0  # seconds: the first time that a message is put off, and the longest
_CALM = 60.0  # seconds for which a channel that cannot be reached is left alone at most, whatever waits
_DOUBTS = 3  # so often it is sent without knowing whether it arrived
_AGAIN = "Told again: it was sent before, and whether it arrived is not known."


def put_off(times: int, asked: float = 0.0) -> float:
    """Seconds until the next try after so many, never sooner than was ``asked``."""
    return max(asked, min(_LAST, _FIRST * float(2 ** min(times - 1, 10))) * random.uniform(0.9, 1.1))


class ChannelDelivery:
    """``step`` does what is to be done next, and says in how many seconds to ask again."""

    def __init__(self, post: ChannelPost, box: Postbox, ledger: Ledger, clock: Clock) -> None:
        assert post.channel is not None
        self._post, self._channel = post, post.channel
        self._policy: ChannelSettings = post.settings
        self._box, self._ledger, self._clock = box, ledger, clock
        self._lock: int | None = None
        self._settled = False  # what a terminal before us left in the air
        self._owed: QueuedMessage | None = None  # what became of one, and is not written down yet
        self._unsent = 0  # the row of one of which nothing was sent although it may be marked so
        self._failures = 0  # one after the other
        self._calm_until = 0.0
        self._wake = asyncio.Event()

    def wake(self) -> None:
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                self._wake.clear()
                try:
                    pause = await self.step()
                except LedgerUnavailable as error:
                    log.warning("messages for %s: %s", self._post.name, error)
                    pause = _FIRST
                try:
                    async with asyncio.timeout(pause):
                        await self._wake.wait()
                except TimeoutError:
                    pass
        finally:
            self.close()

    def close(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    async def step(self) -> float:
        """Raises ``LedgerUnavailable`` where the queue cannot be read or written; nothing is sent then."""
        await self._box.refresh()
        if self._lock is None:
            await self._box.call(self._take, "looking for who delivers")
        if self._lock is None:
            return _LOOK
        if self._owed is not None:
            owed, self._owed = self._owed, None
            await self._put(owed)
        if not self._settled:
            await self._settle()
        await self._record()
        now = self._clock.now()
        home, patience = self._post.home, self._policy.patience
        if 0 < self._calm_until - now <= patience:
            return min(_LOOK, self._calm_until - now)
        sends = await self._box.call(lambda box: box.sends(home, now - 60), "counting what was sent")
        if len(sends) >= self._policy.rate:
            return min(60.0, max(0.1, sends[0] + 60 - now))
        due = await self._box.call(lambda box: box.next_due(home, now, patience), "looking for what is due")
        if due is None:
            return _LOOK
        await self._send(due, now)
        return 0.0

    def _take(self, box: Outbox) -> None:
        """Deliver for this channel from now on, where nobody does: the lock goes with a process, however it ends. On the queue's thread; what
        it got is kept though nobody waited for it any more."""
        path = box.path.with_name(f"{self._post.home}.lock")
        try:
            if self._lock is None:
                self._lock, self._settled = locked(path), False
        except OSError as error:
            raise LedgerUnavailable(f"{path}: {error.strerror}") from None

    async def _settle(self) -> None:
        """What was being sent when a program ended, or a disk did not answer."""
        home = self._post.home
        left = await self._box.call(lambda box: box.left_in_the_air(home), "looking for what was left")
        for message in left:
            if message.id == self._unsent:
                await self._put(msgspec.structs.replace(message, state=WAITING))
            else:
                gone = SendResult(arrival=Arrival.UNKNOWN, sentence="the program ended while it was sent")
                await self._put(self._after(message, gone, self._clock.now()))
        self._settled = True

    async def _send(self, message: QueuedMessage, now: float) -> None:
        self._settled, self._unsent = False, message.id
        await self._box.call(lambda box: box.begin(message, now), "writing down that a message is sent")
        begun = msgspec.structs.replace(message, state="sending", attempts=message.attempts + 1)
        self._box.learn([begun])
        self._unsent = 0
        body = f"{_AGAIN}\n\n{message.body}".rstrip("\n") if message.doubts else message.body
        subject, body = fitted(message.subject, body, self._policy.longest)
        outgoing = Outgoing(
            key=message.key,
            template=message.template,
            subject=subject,
            body=body,
            environment=message.environment,
        )
        sent = await self._tried(outgoing)
        self._settled = True
        now = self._clock.now()
        after = self._after(begun, sent, now)
        if after.state == DELIVERED or sent.arrival is Arrival.REFUSED:
            self._failures = 0
        else:
            self._failures += 1
            self._calm_until = now + max(sent.wait, min(_CALM, put_off(self._failures)))
        await self._put(after)

    async def _tried(self, outgoing: Outgoing) -> SendResult:
        seconds = self._policy.timeout
        try:
            async with asyncio.timeout(2 * seconds + 5):
                return await self._channel.send(outgoing)
        except TimeoutError:
            return SendResult(arrival=Arrival.UNKNOWN, sentence=f"no answer within {seconds:g} s")
        except Exception as error:
            log.error("a channel failed", exc_info=error)
            return SendResult(arrival=Arrival.UNKNOWN, sentence=fault(error))

    def _after(self, message: QueuedMessage, sent: SendResult, now: float) -> QueuedMessage:
        """The row after a try, or after it was found in the air."""
        doubts = message.doubts + (sent.arrival is Arrival.UNKNOWN)
        patience = self._policy.patience
        late = now - message.queued_at > patience or sent.wait > patience
        state = WAITING
        if sent.arrival is Arrival.DELIVERED:
            state = DELIVERED
        elif (
            sent.arrival is Arrival.REFUSED
            or late
            or doubts >= _DOUBTS
            or (sent.arrival is Arrival.UNKNOWN and not sent.again)
        ):
            state = UNKNOWN if doubts else REFUSED
        return msgspec.structs.replace(
            message,
            state=state,
            doubts=doubts,
            sentence=safe(scrubbed(sent.sentence)),
            due_at=now + put_off(message.attempts, sent.wait) if state == WAITING else message.due_at,
            ended_at=None if state == WAITING else now,
            recorded=False,
        )

    async def _put(self, message: QueuedMessage) -> None:
        try:
            await self._box.put(message)
        except LedgerUnavailable:
            self._owed = message
            raise

    async def _record(self) -> None:
        """What ended, in the audit log: written down there at least once, whatever ends in between."""
        home = self._post.home
        for message in await self._box.call(lambda box: box.unrecorded(home), "looking for what ended"):
            try:
                await self._ledger.append(
                    EntryKind.NOTE,
                    actor="tfdash",
                    action=f"notify.{message.template}",
                    sentence=in_words(message),
                    environment=message.environment,
                    data={
                        "topic": TOPIC,
                        "channel": message.channel,
                        "kind": self._policy.kind,
                        "key": message.key,
                        "template": message.template,
                        "state": message.state,
                        "attempts": message.attempts,
                        "doubts": message.doubts,
                        "said": message.sentence,
                    },
                )
            except LedgerUnavailable as error:
                log.info("a delivery is not in the audit log yet: %s", error)
                return
            await self._put(msgspec.structs.replace(message, recorded=True))


def in_words(message: QueuedMessage) -> str:
    """What became of it, in one sentence without an address."""
    because = f": {message.sentence}" if message.sentence else ""
    again = f", after {message.doubts} of which that is not known" if message.doubts else ""
    told = {
        DELIVERED: f'told {message.channel} "{message.subject}"{again}',
        REFUSED: f'{message.channel} was not told "{message.subject}"{because}',
        UNKNOWN: f'whether {message.channel} was told "{message.subject}" is not known{because}',
    }
    return told.get(message.state, f'"{message.subject}" waits for {message.channel}{because}')
