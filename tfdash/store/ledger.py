"""The store as the gate and the screens use it: ``tfdash.actions.core.protocols.Ledger``. It runs on the board's loop; whatever
touches a disk or a socket has a deadline of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from tfdash.actions.core.plan_digest import plan_of
from tfdash.actions.core.protocols import ApprovalRefused, LedgerUnavailable
from tfdash.clock import Clock, boottime
from tfdash.model.action import Plan
from tfdash.model.judgement import Breach
from tfdash.model.store_state import (
    ApprovalRequest,
    Entry,
    EntryKind,
    RunningAction,
    StoreHealth,
    StoreState,
    VerifiedGood,
)
from tfdash.model.subject import Subject
from tfdash.store.approvals import break_glass as break_glass_entries
from tfdash.store.approvals.break_glass import OwnBreakGlass
from tfdash.store.approvals.protocol import Approvals, as_shown
from tfdash.store.log.audit_projection import VERIFIED_WITHIN, AuditProjection, subject_data
from tfdash.store.log.audit_recorder import AuditRecorder
from tfdash.store.log.breaches import entry_of_breach
from tfdash.store.log.draft import EntryDraft, NotesTold, notes, nothing, tagged
from tfdash.store.log.encryption import close_up, open_up
from tfdash.store.peers.peer_state import PeerState


class Store:
    """See the module. ``open_store`` builds it."""

    def __init__(
        self,
        recorder: AuditRecorder,
        clock: Clock,
        *,
        key: Callable[[], bytes],
        break_glass_life: float = 3600.0,
        boot: Callable[[], float] = boottime,
        approvals: Approvals | None = None,
        folder: Path,
    ) -> None:
        self.recorder, self.folder = recorder, folder
        self.clock, self.approvals = clock, approvals
        self._key = key
        self.bodies: dict[str, str] = {}  # texts by digest, opened
        self.projection = AuditProjection(lambda digest: self.bodies.get(digest, ""))
        self.own_break_glass = OwnBreakGlass(clock.now, boot, break_glass_life)
        self.before: frozenset[str] = frozenset()  # intents that were open when this process began
        self.ended_terminals, self.own_terminals = frozenset[str](), frozenset[str]()
        self.waiting: tuple[ApprovalRequest, ...] = ()
        self.peer_state = PeerState()  # what other terminals left in the clusters themselves
        self.health = StoreHealth()
        self.changed: Callable[[], None] = lambda: None  # something was recorded
        self.refreshed: Callable[[], None] = lambda: None  # something else is known
        self.deliver: Callable[[], Awaitable[None]] = nothing  # what is recorded, to the shared store, now

    @property
    def terminal(self) -> str:
        return self.recorder.terminal

    async def append(
        self,
        kind: EntryKind,
        *,
        actor: str,
        subject: Subject | None = None,
        action: str = "",
        intent: str = "",
        sentence: str = "",
        data: Mapping[str, Any] | None = None,
        environment: str = "",
    ) -> Entry:
        """Durable when it returns. An INTENT's own ``intent`` is its id, for the entries that belong to it."""
        told: dict[str, Any] = dict(data or {})
        target = cluster = ""
        if subject is not None:
            told.setdefault("subject", subject_data(subject))
            target, cluster = str(subject), subject.cluster.cluster
            environment = environment or subject.cluster.environment
        return await self.record(
            EntryDraft(
                kind=kind,
                at=self.clock.now(),
                actor=actor,
                environment=environment,
                cluster=cluster,
                target=target,
                action=action,
                intent=intent,
                sentence=sentence,
                data=told,
            )
        )

    async def append_all(self, told: NotesTold, **of: str) -> list[Entry]:
        entries = await self.recorder.record_many(notes(told, self.clock.now(), **of))
        for entry in entries:
            self.projection.apply(entry)
        self.changed()
        return entries

    async def record(self, draft: EntryDraft) -> Entry:
        entry = await self.recorder.record(tagged(draft))
        self.projection.apply(entry)
        self.changed()
        return entry

    async def newest(self, count: int) -> list[Entry]:
        """The newest entries of all terminals that the store reaches, newest first. A shared store that is down leaves what
        is kept here. Raises ``LedgerUnavailable`` where not even that can be read."""
        from tfdash.store.log.newest import newest

        return await newest(self.recorder, self.folder, count)

    async def reserve(self, entries: int) -> None:
        await self.recorder.reserve(entries)

    # -- approvals ----------------------------------------------------------------------------------------------

    def _approvals(self) -> Approvals:
        if self.approvals is None:
            raise ApprovalRefused(
                "a second person is not available: nobody here stamps who approves; set [store] url to a PostgreSQL with a "
                'role for each person, or [store] approvals to "kubernetes"'
            )
        return self.approvals

    async def request_approval(self, plan: Plan, reason: str) -> ApprovalRequest:
        """Ask for a second person. The stamped requester is this terminal's identity at the server that stamps."""
        request = await self._approvals().request(plan, reason)
        await self.record(
            EntryDraft(
                kind=EntryKind.NOTE,
                at=self.clock.now(),
                actor=request.requester,
                action=plan.action,
                environment=plan.subject.cluster.environment,
                cluster=plan.subject.cluster.cluster,
                target=str(plan.subject),
                sentence=f"asks for a second person: {reason}",
                data={
                    "id": request.id,
                    "digest": request.digest,
                    "reason": reason,
                    "plan": msgspec.to_builtins(plan),
                },
            )
        )
        await self.look_at_approvals()
        return request

    async def approver(self) -> str:
        """Who we are to the server that stamps approvals. Raises ``ApprovalRefused``, ``LedgerUnavailable``."""
        return await self._approvals().identity()

    async def decide(self, approval: str, digest: str, approve: bool, reason: str) -> ApprovalRequest:
        """See ``tfdash.actions.core.protocols.Ledger``."""
        approvals = self._approvals()
        request = await approvals.find(approval)
        as_shown(request, digest)
        if approve:
            plan_of(request)  # what the approver sees is what the digest stands for
        identity = await approvals.identity()
        approvals.may_decide(request, identity, approve)
        word = "approves" if approve else "denies"
        entry = await self.record(
            EntryDraft(
                kind=EntryKind.APPROVAL if approve else EntryKind.DENIAL,
                at=self.clock.now(),
                actor=identity,
                sentence=f"{word} {request.requester}'s plan {request.digest[:12]}: {reason}",
                data={"id": request.id, "digest": request.digest, "reason": reason},
            )
        )
        await self.deliver()
        try:
            decided = await approvals.decide(request, approve, reason, entry)
        except ApprovalRefused as error:
            await self.append(
                EntryKind.NOTE,
                actor=identity,
                sentence=f"the decision was not taken: {error}",
                data={"id": request.id},
            )
            raise
        await self.look_at_approvals()
        return decided

    async def consume_approval(self, approval: str, digest: str, requester: str) -> ApprovalRequest:
        """Use it up: asked of this terminal's own memory first and last, so that a database that was put back cannot have
        it used again."""
        approvals = self._approvals()

        def used(file: Any) -> bool:
            return bool(file.was_consumed(approval))

        try:
            if await self.recorder.on_file(used, "looking up an approval"):
                raise ApprovalRefused("this approval was used already, on this terminal")
            request = await approvals.consume(approval, digest, requester)
            now = self.clock.now()
            if not await self.recorder.on_file(
                lambda f: f.consume(approval, digest, now), "using up an approval"
            ):
                raise ApprovalRefused("this approval was used already, on this terminal")
        except LedgerUnavailable as error:
            raise ApprovalRefused(f"whether the approval was used cannot be remembered: {error}") from None
        await self.look_at_approvals()
        return request

    async def look_at_approvals(self) -> None:
        """Read what waits; what cannot be read leaves the last picture."""
        if self.approvals is not None:
            try:
                waiting = await self.approvals.waiting()
            except (LedgerUnavailable, ApprovalRefused):
                return
            if waiting != self.waiting:
                self.waiting = waiting
                self.refreshed()

    # -- facts --------------------------------------------------------------------------------------------------

    async def remember_verified(self, good: VerifiedGood) -> None:
        """Keep the template, sealed, and record that it is verified. Raises ``LedgerUnavailable``."""
        digest = hashlib.sha256(good.template.encode("utf-8", "surrogatepass")).hexdigest()
        now = self.clock.now()
        try:
            await self.recorder.on_file(
                lambda file: file.keep_body(digest, close_up(self._key(), good.template), now),
                "keeping a template",
            )
        except LedgerUnavailable:
            if self.recorder.sink is None:
                raise
        self.bodies[digest] = good.template
        await self.append(
            EntryKind.VERIFICATION,
            actor=good.by,
            subject=good.subject,
            sentence=f"{good.subject} is verified at {', '.join(good.images)}",
            data={
                "topic": "verified",
                "template_digest": digest,
                "template_hash": good.template_hash,
                "images": good.images,
                "digests": good.digests,
                "revision": good.revision,
                "verified_at": good.at or now,
                "by": good.by,
                "verdicts": good.verdicts,
                "template": good.template,
            },
        )

    async def remember_manual(self, subject: Subject, actor: str, sentence: str, version: str = "") -> None:
        """A person decides to roll back, or takes it back (""). ``version``: the template hash that it is about."""
        await self.append(
            EntryKind.NOTE,
            actor=actor,
            subject=subject,
            sentence=sentence or "takes back the decision to roll back",
            data={"topic": "manual", "value": sentence, "version": version},
        )

    async def remember_baseline(
        self, subject: Subject, baseline: str, actor: str = "tfdash", version: str = ""
    ) -> None:
        """A frozen baseline (canonical JSON), or none any more (""). ``version``: what is judged against it."""
        await self.append(
            EntryKind.NOTE,
            actor=actor,
            subject=subject,
            sentence="keeps a frozen baseline" if baseline else "lets the frozen baseline go",
            data={"topic": "baseline", "value": baseline, "version": version},
        )

    async def remember_breach(
        self, subject: Subject, breach: Breach, state: str, text: str = "", actor: str = "tfdash"
    ) -> None:
        """Its first crossing, end or overruling; ``text``: why."""
        await self.append(
            EntryKind.NOTE, actor=actor, subject=subject, **entry_of_breach(breach, state, text)
        )

    async def announce(self, plan: Plan, actor: str, sentence: str, now: float) -> str:
        return ""  # the log itself writes no Event

    # -- break-glass --------------------------------------------------------------------------------------------

    async def break_glass(self, environment: str, actor: str, reason: str) -> None:
        """Active once it is recorded, and not before. Raises ``ValueError`` without a reason, ``LedgerUnavailable``."""
        opened = self.own_break_glass.begin(environment, actor, reason)
        await self.record(break_glass_entries.begun(opened))
        self.own_break_glass.keep(opened)

    async def end_break_glass(self, environment: str, actor: str) -> None:
        await self._end_break_glass(environment, actor, f"ended by {actor}")

    async def _end_break_glass(self, environment: str, actor: str, why: str) -> None:
        opened = self.own_break_glass.drop(environment)  # at once, whether it can be recorded or not
        now = self.clock.now()
        if opened is not None:
            await self.record(break_glass_entries.ended(opened.id, environment, actor, why, now))

    def break_glass_active(self, environment: str, actor: str) -> bool:
        """Whether this process's break-glass holds for ``actor`` now. What a gate asks."""
        return self.own_break_glass.active(environment, actor)

    async def identity_is(self, actor: str) -> None:
        """The identity that the API server says now: another one than before ends what that one began."""
        for opened in self.own_break_glass.of_others(actor):
            await self._end_break_glass(opened.environment, actor, f"the identity changed to {actor}")

    async def review_break_glass(self, environment: str, actor: str, text: str) -> None:
        """Somebody else has looked at it afterwards. Raises ``PermissionError`` for whoever began it."""
        now = self.clock.now()
        due = [
            (i, g)
            for i, g in self.projection.break_glass_of(environment)
            if not g.reviewed_by and g.until <= now
        ]
        if not due:
            raise ValueError(f"no break-glass of {environment or 'any environment'} waits for a review")
        theirs = [(i, done) for i, done in due if self.projection.may_review(i, actor)]
        if not theirs:
            raise PermissionError(f"{actor} began it: somebody else must review it")
        for identifier, done in theirs:
            await self.record(break_glass_entries.reviewed(identifier, done.environment, actor, text, now))

    async def watch_break_glass(self) -> None:
        """End what is over. Called now and then."""
        for opened in self.own_break_glass.over():
            await self._end_break_glass(opened.environment, "tfdash", "its time is over")

    # -- what is said of it -------------------------------------------------------------------------------------

    def _left_by(self, entry: Entry) -> bool:
        """Nobody carries it out any more: it is of before this terminal started, or of one of this user's that ended."""
        ended = {entry.terminal, entry.terminal.rpartition("-d")[0]} & self.ended_terminals
        return entry.intent in self.before or bool(ended)

    def state(self) -> StoreState:
        now = self.clock.now()
        unsettled = tuple(entry for entry in self.projection.open_intents() if self._left_by(entry))
        unverified = self.projection.unverified(now - VERIFIED_WITHIN)
        gone = {entry.terminal for entry in unsettled} - {self.terminal}
        own = tuple(self._ours(a) for a in self.projection.acting(now) if a.terminal not in gone)
        return StoreState(
            verified=self.peer_state.verified_with(self.projection),
            approvals=self.waiting,
            break_glass=break_glass_entries.facts(
                self.own_break_glass, self.projection.break_glass(now), self.terminal, now
            ),
            acting=self.peer_state.acting_with(own, self.terminal, now),
            decided_on=self.projection.about("manual"),
            decided_at=self.projection.decided_at,
            losses=self.projection.losses,
            baseline_of=self.projection.about("baseline"),
            manual=self.projection.manual,
            unsettled=unsettled,
            unverified=tuple(pair for pair in unverified if self._left_by(pair[0])),
            health=self.health,
            baselines=self.projection.baselines,
            breaches=self.projection.breaches,
            sizes=self.projection.sizes,
            maintenance=self.projection.maintenance,
            versions=self.projection.versions.told(),
            runs=self.projection.runs.told(self.projection.login),
            views=self.projection.views.told(),
        )

    def _ours(self, acting: RunningAction) -> RunningAction:
        """Another chain of this very terminal (begun anew, or straight to the shared store) is this terminal."""
        mine = acting.terminal in self.own_terminals or acting.terminal.startswith(f"{self.terminal}-d")
        return msgspec.structs.replace(acting, terminal=self.terminal) if mine else acting

    def take_bodies(self, sealed: Mapping[str, bytes], keys: tuple[bytes, ...]) -> None:
        """Open what can be opened."""
        for digest, closed in sealed.items():
            for key in keys:
                text = open_up(key, closed)
                if text and hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() == digest:
                    self.bodies[digest] = text
                    break
        self.projection.bodies_changed()

    def close(self) -> None:
        self.recorder.close()
