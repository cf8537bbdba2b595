"""The desk that screens see, and the only way to a writer. What it carries out goes on when the screen that asked is gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from tfdash.actions.core.guard import look
from tfdash.actions.core.mode import Mode
from tfdash.actions.core.plan_digest import plan_of
from tfdash.actions.core.planner import KEPT, BoardLike, Describing, Made
from tfdash.actions.core.policy import ActionPolicy
from tfdash.actions.core.protocols import (
    Announces,
    Ledger,
    LedgerUnavailable,
    PlanRefused,
    Writer,
    Writers,
)
from tfdash.actions.core.runner import Execution
from tfdash.actions.kubernetes.reconcile import Settled, settle
from tfdash.actions.store import decisions
from tfdash.clock import Clock
from tfdash.model.action import Check, Confirmation, FreezeRule, Guarded, Plan, Progress, Result
from tfdash.model.requests import ReadFailed
from tfdash.model.store_state import ApprovalRequest
from tfdash.model.subject import ClusterRef, Subject

Tell = Callable[[Progress], None]


class ReadOnlyDesk(Describing):
    """Nothing behind it could change anything: it describes, plans, and says why not."""

    def _mode_refused(self, ref: ClusterRef) -> str:
        return self._mode.refused or "read-only: this terminal was started so"

    async def execute(self, guarded: Guarded, confirmation: Confirmation, tell: Tell) -> Progress:
        told = Progress(
            plan=guarded.plan,
            stage="done",
            result=Result.REFUSED,
            sentence=self._mode_refused(guarded.plan.subject.cluster),
        )
        tell(told)
        return told


class ActingDesk(Describing):
    """With writers. A plan is carried out once, however often it is asked."""

    def __init__(
        self,
        board: BoardLike,
        writers: Writers,
        ledger: Ledger | None,
        policy: ActionPolicy,
        clock: Clock,
        mode: Mode,
        announces: Announces | None = None,
        memory: decisions.Memory | None = None,
    ) -> None:
        super().__init__(board, ledger, policy, clock, mode)
        self._writers, self._announces, self._memory = writers, announces, memory
        self._runs: dict[str, asyncio.Task[Progress]] = {}
        self._under_way: dict[str, str] = {}  # digest -> plan id
        self._terminals: dict[str, asyncio.Future[int]] = {}

    def _mode_refused(self, ref: ClusterRef) -> str:
        if ref not in self._writers.clusters:
            return self._mode.refused or f"{ref.cluster} is only read"
        return self._mode.refused

    def _writer(self, ref: ClusterRef) -> Writer:
        writer = self._writers.clusters.get(ref)
        if writer is None:
            raise PlanRefused(f"{ref.cluster} is only read")
        return writer

    async def _look(self, plan: Plan) -> tuple[Check, ...]:
        refused = self._mode_refused(plan.subject.cluster)
        if refused:
            return await super()._look(plan)
        looked = await look(
            plan, self._writer(plan.subject.cluster), self._case_of(plan), self._policy, dry_run=True
        )
        made = self._made[plan.id]
        made.user, made.groups = looked.user, looked.groups
        return (*looked.checks, *self._store_check(plan))

    def _store_check(self, plan: Plan) -> tuple[Check, ...]:
        health = self._board.picture.store_state.health
        if self._ledger is not None and not health.local:
            return ()
        why = health.local or "there is no store"
        exempt = plan.freeze is FreezeRule.EXEMPT
        if self._ledger is not None and health.shared_configured and not health.shared:
            return (Check(id="store", text=f"recorded in the shared store only: {why}", passed=None),)
        word = "it will be UNRECORDED" if exempt else "nothing durable would remember it"
        return (Check(id="store", text=f"{word}: {why}", passed=None if exempt else False),)

    async def execute(self, guarded: Guarded, confirmation: Confirmation, tell: Tell) -> Progress:
        return await self._board.on_loop(self._execute(guarded.plan, confirmation, tell))

    async def _execute(self, plan: Plan, confirmation: Confirmation, tell: Tell) -> Progress:
        """The same plan a second time gets the first one's outcome; another plan of the very same thing is refused while
        that one is under way. It goes on when whoever asked is gone."""
        running = self._runs.get(plan.id)
        if running is None:
            made = self._made.get(plan.id)
            twin = self._under_way.get(plan.digest)
            why = ""
            if made is None:
                why = "this plan was not made here: make it anew"
            elif twin is not None:
                why = "the very same is under way already"
            elif len(self._under_way) >= self._policy.bulk_cap:
                why = f"{len(self._under_way)} actions are under way already, the cap of [actions] bulk_cap"
            if made is None or why:
                told = Progress(plan=plan, stage="done", result=Result.REFUSED, sentence=why)
                tell(told)
                return told
            running = asyncio.get_running_loop().create_task(self._run(plan, made, confirmation, tell))
            self._runs[plan.id] = running
            while len(self._runs) > KEPT:
                del self._runs[next(iter(self._runs))]
        return await asyncio.shield(running)

    async def _run(self, plan: Plan, made: Made, confirmation: Confirmation, tell: Tell) -> Progress:
        ended: asyncio.Future[int] | None = None
        if made.action.terminal and made.action.id not in self._policy.pipelines:
            ended = self._terminals[plan.id] = asyncio.get_running_loop().create_future()
        self._under_way[plan.digest] = plan.id
        ref = plan.subject.cluster
        try:
            async with self._announced(plan, made.user) as other:
                execution = Execution(
                    plan,
                    confirmation,
                    board=self._board,
                    writer=self._writer(ref),
                    writers=self._writers,
                    ledger=self._ledger,
                    policy=self._policy,
                    clock=self._clock,
                    case_of=self._case_of(plan),
                    made_as=(made.user, made.groups),
                    refused=lambda: self._mode_refused(ref) or other(),
                    tell=tell,
                    terminal=ended,
                )
                done = await execution.run()
            if done.result is Result.REFUSED and not done.entry:
                self._runs.pop(plan.id, None)  # nothing was sent: it may be asked again, once it is approved
            return done
        finally:
            self._under_way.pop(plan.digest, None)
            self._terminals.pop(plan.id, None)

    @asynccontextmanager
    async def _announced(self, plan: Plan, user: str) -> AsyncIterator[Callable[[], str]]:
        """While it runs, others see who acts. What is exempt neither waits for that nor is stopped by it."""
        if self._announces is None or self._mode_refused(plan.subject.cluster):
            yield lambda: ""
            return
        writer, exempt = self._writer(plan.subject.cluster), plan.freeze is FreezeRule.EXEMPT
        held = self._announces.hold(writer, plan.subject, by=user, action=plan.action, wait=not exempt)
        async with held as other:
            yield (lambda: "") if exempt else other

    async def terminal_ended(self, plan: Plan, code: int) -> None:
        """The command that a plan of this terminal ran (stage "terminal") ended with ``code``."""

        async def tell() -> None:
            ended = self._terminals.get(plan.id)
            if ended is not None and not ended.done():
                ended.set_result(code)

        await self._board.on_loop(tell())

    # -- the second person, break-glass, what was left ----------------------------------------------------------

    def _kept(self) -> Ledger:
        if self._ledger is None:
            raise LedgerUnavailable("there is no store")
        return self._ledger

    async def request_approval(self, guarded: Guarded, reason: str) -> ApprovalRequest:
        """Raises ``LedgerUnavailable``."""
        return await self._board.on_loop(self._kept().request_approval(guarded.plan, reason))

    async def decide(self, approval: ApprovalRequest, approve: bool, reason: str) -> ApprovalRequest:
        """Approve or deny what ``plan_of`` showed. Raises ``ApprovalRefused``, ``LedgerUnavailable``."""
        if approve:
            plan_of(approval)
        return await self._board.on_loop(self._kept().decide(approval.id, approve, reason))

    async def break_glass(self, environment: str, reason: str) -> None:
        """Waive the calendar and the second person, and nothing else. Raises ``LedgerUnavailable``, ``PlanRefused``."""
        user = await self._whoever(environment)
        await self._board.on_loop(self._kept().break_glass(environment, user, reason))

    async def end_break_glass(self, environment: str) -> None:
        user = await self._whoever(environment)
        await self._board.on_loop(self._kept().end_break_glass(environment, user))

    async def _whoever(self, environment: str) -> str:
        """Who the environment's server says we are, now."""
        for ref, writer in self._writers.clusters.items():
            if ref.environment == environment:
                try:
                    return (await self._board.on_loop(writer.identity()))[0]
                except ReadFailed as failed:
                    raise PlanRefused(str(failed.problem)) from None
        raise PlanRefused(f"{environment} is only read")

    # -- what a person decides ----------------------------------------------------------------------------------

    async def decide_rollback(self, subject: Subject, reason: str) -> str:
        """A person decides to roll back, or takes it back (reason ""). Raises ``PlanRefused``, ``LedgerUnavailable``."""
        return await self._decided(subject, reason, decisions.roll_back)

    async def sign(self, subject: Subject, reason: str) -> str:
        """A person signs what serves now as verified. Raises ``PlanRefused``, ``ReadFailed``, ``LedgerUnavailable``."""
        return await self._decided(subject, reason, decisions.sign)

    async def _decided(self, subject: Subject, reason: str, how: decisions.Decides) -> str:
        refused = self._mode_refused(subject.cluster)
        if refused:
            raise PlanRefused(refused)
        if self._memory is None:
            raise LedgerUnavailable("there is no store")
        user = await self._whoever(subject.cluster.environment)
        stands = self._standing(subject)
        work = how(self._board, self._memory, stands, user, reason.strip(), self._clock.now())
        return await self._board.on_loop(work)

    async def settle(self) -> tuple[Settled, ...]:
        """The intents without an outcome, each read again: what is certain is recorded, the rest is asked of a person."""
        patience = self._policy.server_timeout + 2 * self._policy.settle_margin
        work = settle(
            self._board.picture.store_state.unsettled,
            self._writers.clusters,
            self._ledger,
            now=self._clock.now(),
            patience=patience,
        )
        return await self._board.on_loop(work)


def make_desk(
    board: BoardLike,
    writers: Writers | None,
    ledger: Ledger | None,
    policy: ActionPolicy,
    clock: Clock,
    mode: Mode,
    announces: Announces | None = None,
    memory: decisions.Memory | None = None,
) -> ActingDesk | ReadOnlyDesk:
    """The desk for a mode: without acting, or without anything to write with, there is no executor at all."""
    if not mode.acts or writers is None or not writers.clusters:
        return ReadOnlyDesk(board, ledger, policy, clock, mode)
    return ActingDesk(board, writers, ledger, policy, clock, mode, announces, memory)
