"""Says in the cluster itself who acts on what: a Lease beside it, kept while the action runs, let go afterwards.

Best effort: what is exempt never waits for it, and a cluster that does not let us write Leases is left alone for a while.
What is not exempt waits a moment, so that of two who press the same key at once the second one is told of the first.
It runs out by itself where this process ends before it could let it go.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from tfdash.actions.core.protocols import Answer, NotSent, OutcomeUnknown, Writer
from tfdash.clock import Clock
from tfdash.model.requests import ReadFailed
from tfdash.model.store_state import RunningAction
from tfdash.model.subject import ClusterRef, Subject
from tfdash.store.peers.cluster_records import lease_path, release_lease, take_lease
from tfdash.store.peers.peer_state import TURN, HeldLease, PeerState
from tfdash.store.peers.peer_watcher import held_in
from tfdash.text import safe

log = logging.getLogger(__name__)
LASTS = 60  # seconds
_AGAIN = LASTS / 4  # seconds after which it is renewed, or tried again
_TURN = 5.0  # seconds between two looks at whether it is time for that
_TIMEOUT = 3.0  # seconds for one request
_REFUSED = 600.0  # for so long no Lease is asked for where we may not


class _Lease:
    """One of ours, for as many as act on its subject in this process."""

    def __init__(self, writer: Writer, acting: RunningAction) -> None:
        self.writer, self.acting = writer, acting
        self.users = 0
        self.other: RunningAction | None = None  # who holds it instead
        self.uid = self.version = ""
        self.tried_at = float("-inf")
        self.tried = asyncio.Event()  # the first try is over
        self.over = asyncio.Event()

    @property
    def ours(self) -> bool:
        return bool(self.version)


class Leases:
    """``tfdash.actions.core.protocols.Announces``. ``skew``: seconds by which a cluster's clock is ahead of ours; ``changed`` is told
    when another holder became known, or gave it up."""

    def __init__(
        self,
        terminal: Callable[[], str],
        clock: Clock,
        peer_state: PeerState,
        *,
        patience: float = 2.0,
        skew: Callable[[ClusterRef], float] = lambda ref: 0.0,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._terminal, self._clock, self._peer_state = terminal, clock, peer_state
        self._patience, self._skew, self._changed = patience, skew, changed
        self._leases: dict[Subject, _Lease] = {}
        self._forbidden: dict[tuple[ClusterRef, str], float] = {}
        self._tasks: dict[asyncio.Task[None], _Lease] = {}

    @asynccontextmanager
    async def hold(
        self, writer: Writer, subject: Subject, *, by: str, action: str, wait: bool
    ) -> AsyncIterator[Callable[[], str]]:
        """While it lasts, others see that ``by`` acts on ``subject``. What is given says who does instead, or ""."""
        lease = self._begin(writer, subject._replace(uid=""), by, action)
        lease.users += 1
        try:
            if wait and not lease.tried.is_set():
                try:
                    async with asyncio.timeout(self._patience):
                        await lease.tried.wait()
                except TimeoutError:
                    log.info("%s: the Lease was not answered in time", subject)
            yield lambda: said(lease.other)
        finally:
            lease.users -= 1
            if not lease.users:
                lease.over.set()
                if self._leases.get(lease.acting.subject) is lease:
                    del self._leases[lease.acting.subject]

    async def turn(self, writer: Writer, subject: Subject, by: str) -> bool:
        """Whether it is this terminal's turn; it is kept from then on. True as well where no Lease can be written."""
        lease = self._leases.get(subject)
        if lease is None:
            lease = self._begin(writer, subject, by, "takes its turn")
            lease.users += 1
        try:
            async with asyncio.timeout(self._patience):
                await lease.tried.wait()
        except TimeoutError:
            return True
        return lease.other is None

    @property
    def taking_turns(self) -> bool:
        """Whether there is something to give back when the program ends."""
        return any(lease.ours and lease.acting.subject.kind == TURN for lease in self._leases.values())

    async def run(self, board: object = None) -> None:
        """Until cancelled, and then give back whose use is over with this process: turns, and what is let go already. The Lease of
        an action that was still under way runs out by itself, as it does where the process is killed."""
        try:
            await asyncio.Event().wait()
        finally:
            for lease in self._leases.values():
                if lease.acting.subject.kind == TURN:
                    lease.over.set()
            over = [task for task, lease in self._tasks.items() if lease.over.is_set()]
            if over:
                await asyncio.wait(over, timeout=2 * _TIMEOUT)
            left = list(self._tasks)
            for task in left:
                task.cancel()
            if left:
                await asyncio.wait(left, timeout=_TIMEOUT)

    async def idle(self) -> None:
        """Until nothing is under way any more of what is over."""
        over = [task for task, lease in self._tasks.items() if lease.over.is_set()]
        if over:
            await asyncio.wait(over)

    def _begin(self, writer: Writer, subject: Subject, by: str, action: str) -> _Lease:
        lease = self._leases.get(subject)
        if lease is None:
            acting = RunningAction(
                subject=subject, by=by, action=action, since=self._clock.now(), terminal=self._terminal()
            )
            lease = self._leases[subject] = _Lease(writer, acting)
            task = asyncio.get_running_loop().create_task(self._keep(lease))
            self._tasks[task] = lease
            task.add_done_callback(lambda done: self._tasks.pop(done, None))
        return lease

    async def _keep(self, lease: _Lease) -> None:
        while not lease.over.is_set():
            if self._clock.now() - lease.tried_at >= _AGAIN:
                lease.tried_at = self._clock.now()
                await self._try(lease)
            lease.tried.set()
            try:
                async with asyncio.timeout(_TURN):
                    await lease.over.wait()
            except TimeoutError:
                continue
        if lease.ours:
            await self._send(lease, release_lease(lease.acting.subject, lease.uid, lease.version))

    async def _try(self, lease: _Lease) -> None:
        """Take or renew it; take over one that has run out."""
        subject = lease.acting.subject
        place = (subject.cluster, subject.namespace)
        if self._forbidden.get(place, 0.0) > time.monotonic():
            return
        now = self._clock.now()
        answer = await self._send(lease, take_lease(lease.acting, LASTS, renewed=now))
        if answer is not None and answer.status == 409:
            answer = await self._take_over(lease, now)
        if answer is None:
            return
        if answer.ok:
            meta = answer.body.get("metadata") or {}
            lease.uid, lease.version = str(meta.get("uid", "")), str(meta.get("resourceVersion", ""))
            lease.other = None
            if self._peer_state.held.get(subject.cluster, {}).pop(subject, None) is not None:
                self._changed()  # it is ours now
        elif answer.status == 403:
            self._forbidden[place] = time.monotonic() + _REFUSED
            log.info("%s: no Lease says who acts: %s", subject, answer.message)

    async def _take_over(self, lease: _Lease, now: float) -> Answer | None:
        subject = lease.acting.subject
        try:
            found = await lease.writer.read(lease_path(subject))
        except ReadFailed as failed:
            log.info("%s: who holds its Lease is not known: %s", subject, failed.problem)
            return None
        held = held_in(found.body, subject, now, self._skew(subject.cluster)) if found.ok else None
        if held is not None and held.acting.terminal != lease.acting.terminal:
            lease.other, lease.uid, lease.version = held.acting, "", ""
            self._see(held)
            return None
        version = str((found.body.get("metadata") or {}).get("resourceVersion", "")) if found.ok else ""
        return await self._send(lease, take_lease(lease.acting, LASTS, replaces=version, renewed=now))

    def _see(self, held: HeldLease) -> None:
        known = self._peer_state.held.setdefault(held.acting.subject.cluster, {})
        known[held.acting.subject] = held
        self._changed()

    async def _send(self, lease: _Lease, request: Any) -> Answer | None:
        try:
            return await lease.writer.send(request, audit_id="", timeout=_TIMEOUT)
        except (NotSent, OutcomeUnknown, ReadFailed) as error:
            log.info("%s: %s: %s", lease.acting.subject, request.what, error)
        except Exception:  # never an action's problem
            log.exception("a Lease")
        return None


def said(other: RunningAction | None) -> str:
    return f"{safe(other.by)} acts on it too: {safe(other.action)}" if other is not None else ""
