"""The action service that screens see, and the only way to an executor. What it carries out goes on when the screen that
asked is gone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

from tfdash.actions.core.action import Action, Target
from tfdash.actions.core.decision import Memory
from tfdash.actions.core.eligibility import Standing
from tfdash.actions.core.executor import Executor, Still, anybody
from tfdash.actions.core.guard import look
from tfdash.actions.core.mode import Mode
from tfdash.actions.core.plan_digest import act_of
from tfdash.actions.core.planner import KEPT, BoardLike, Made, Planner
from tfdash.actions.core.policy import ActionPolicy
from tfdash.actions.core.postconditions import Postcondition
from tfdash.actions.core.protocols import (
    ActionService,
    Announces,
    Ledger,
    LedgerUnavailable,
    PlanRefused,
    Reconciled,
    Writers,
)
from tfdash.actions.core.reconcile import reconcile, verify_left
from tfdash.actions.core.rights import Rights
from tfdash.actions.core.run_tag import TAG
from tfdash.actions.core.runner import Execution
from tfdash.actions.executors import ExecutorWork, Parts, executor_of
from tfdash.actions.pipelines.postconditions import REACHED
from tfdash.actions.registry import ACTIONS
from tfdash.clock import Clock
from tfdash.model.action import Check, Confirmation, FreezeRule, Guarded, Plan, Progress, Result
from tfdash.model.store_state import ApprovalRequest, Entry
from tfdash.model.subject import ClusterRef

log = logging.getLogger(__name__)
Tell = Callable[[Progress], None]


_LEFT_EVERY = 1.0  # seconds between two looks for what another program left


async def _said(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except LedgerUnavailable as error:
        log.warning("what was seen of an action before the start is not recorded: %s", error)


def known_posts(action: Action) -> dict[str, Postcondition]:
    """What its plans may name, by id; where a pipeline does it, what that is to bring about."""
    return {p.id: p for p in (*action.posts, REACHED)}


class ReadOnlyService(Planner):
    """Nothing behind it could change anything: it describes, plans, and says why not."""

    acts = False

    def _mode_refused(self, ref: ClusterRef, target: Target) -> str:
        return self._mode.refused or "read-only: this terminal was started so"

    async def execute(
        self, guarded: Guarded, confirmation: Confirmation, tell: Tell, still: Still = anybody
    ) -> Progress:
        why = self._mode_refused(guarded.plan.subject.cluster, Target.CLUSTER)
        told = Progress(plan=guarded.plan, stage="done", result=Result.REFUSED, sentence=why)
        tell(told)
        return told

    async def terminal_ended(self, plan: Plan, code: int) -> None:
        """No command was ever handed over."""

    async def request_approval(self, guarded: Guarded, reason: str) -> ApprovalRequest:
        raise LedgerUnavailable(self._mode.refused or "read-only: this terminal records nothing")

    async def reconcile(self, entries: Sequence[Entry] | None = None) -> tuple[Reconciled, ...]:
        return ()


class ActingService(Planner):
    """With executors. A plan is carried out once, however often it is asked."""

    acts = True

    def __init__(
        self,
        board: BoardLike,
        writers: Writers,
        ledger: Ledger | None,
        policy: ActionPolicy,
        clock: Clock,
        mode: Mode,
        announces: Announces | None = None,
        memory: Memory | None = None,
    ) -> None:
        super().__init__(board, ledger, policy, clock, mode)
        self._parts = Parts(board, writers, ledger, memory, policy, clock)
        self._announces = announces
        self.rights = Rights(writers.clusters.get, clock.now)
        self._runs: dict[str, asyncio.Task[Progress]] = {}
        self._under_way: set[str] = set()  # of ``act_of``
        self._terminals: dict[str, asyncio.Future[int]] = {}

    def _mode_refused(self, ref: ClusterRef, target: Target) -> str:
        if target is Target.CLUSTER and ref not in self._parts.writers.clusters:
            return self._mode.refused or f"{ref.cluster} is only read"
        return self._mode.refused

    def _no_right(self, action: Action, found: Standing) -> str:
        right = action.right(found)
        if right is None or action.target is not Target.CLUSTER or action.id in self._policy.pipelines:
            return ""
        carrier = found.carrier if action.acts_on_carrier(found) else None
        return self.rights.lacking(carrier or found.subject, right)

    def _executor(self, plan: Plan, made: Made) -> Executor:
        """Raises ``PlanRefused`` where nothing here could carry it out."""
        work = ExecutorWork(
            action=made.action,
            plan=plan,
            again=lambda: self._again(plan, made),
            standing=lambda: self._standing(made.asked, made.action.look),
        )
        return executor_of(self._parts, work)

    async def _look(self, plan: Plan) -> tuple[Check, ...]:
        made = self._made[plan.id]
        if self._mode_refused(plan.subject.cluster, made.action.target):
            return await super()._look(plan)
        executor = self._executor(plan, made)
        looked = await look(plan, executor, self._case_of(plan), self._policy, dry_run=True)
        made.user, made.groups = looked.user, looked.groups
        return (*looked.checks, *self._store_check(plan, executor))

    def _store_check(self, plan: Plan, executor: Executor) -> tuple[Check, ...]:
        health = self._board.picture.store_state.health
        if self._ledger is not None and not health.local:
            return ()
        why = health.local or "there is no store"
        goes_on = plan.freeze is FreezeRule.EXEMPT and not executor.journals
        if self._ledger is not None and health.shared_configured and not health.shared:
            return (Check(id="store", text=f"recorded in the shared store only: {why}", passed=None),)
        word = "it will be UNRECORDED" if goes_on else "nothing durable would remember it"
        return (Check(id="store", text=f"{word}: {why}", passed=None if goes_on else False),)

    async def execute(
        self, guarded: Guarded, confirmation: Confirmation, tell: Tell, still: Still = anybody
    ) -> Progress:
        return await self._board.on_loop(self._execute(guarded.plan, confirmation, tell, still))

    async def _execute(self, plan: Plan, confirmation: Confirmation, tell: Tell, still: Still) -> Progress:
        """The same plan a second time gets the first one's outcome; another plan of the very same thing is refused while
        that one is under way. It goes on when whoever asked is gone."""
        running = self._runs.get(plan.id)
        if running is None:
            made = self._made.get(plan.id)
            act, why = act_of(plan), ""
            if made is None:
                why = "this plan was not made here: make it anew"
            elif act in self._under_way:
                why = "the very same is under way already"
            elif self._capped(plan, made) and len(self._under_way) >= self._policy.bulk_cap:
                why = f"{len(self._under_way)} actions are under way already, the cap of [actions] bulk_cap"
            if made is None or why:
                told = Progress(plan=plan, stage="done", result=Result.REFUSED, sentence=why)
                tell(told)
                return told
            self._under_way.add(act)  # before it first runs: a twin may be asked for in between
            running = asyncio.get_running_loop().create_task(
                self._run(plan, act, made, confirmation, tell, still)
            )
            self._runs[plan.id] = running
            while len(self._runs) > KEPT:
                del self._runs[next(iter(self._runs))]
        return await asyncio.shield(running)

    def _capped(self, plan: Plan, made: Made) -> bool:
        """What is only decided or ended is no burden, and a way back is never kept waiting by what hangs."""
        return made.action.target is Target.CLUSTER and plan.freeze is not FreezeRule.EXEMPT

    async def _run(
        self, plan: Plan, act: str, made: Made, confirmation: Confirmation, tell: Tell, still: Still
    ) -> Progress:
        TAG.set(confirmation.run)  # of this task, which is this execution's own
        ended: asyncio.Future[int] | None = None
        if made.action.terminal and made.action.id not in self._policy.pipelines:
            ended = self._terminals[plan.id] = asyncio.get_running_loop().create_future()
        ref, target = plan.subject.cluster, made.action.target
        try:
            executor = self._executor(plan, made)
            async with self._announced(plan, made.user, executor):
                execution = Execution(
                    plan,
                    confirmation,
                    board=self._board,
                    executor=executor,
                    posts=known_posts(made.action),
                    ledger=self._ledger,
                    policy=self._policy,
                    clock=self._clock,
                    case_of=self._case_of(plan),
                    made_as=(made.user, made.groups),
                    refused=lambda: self._mode_refused(ref, target),
                    tell=tell,
                    terminal=ended,
                    still=still,
                )
                done = await execution.run()
            if done.result is Result.REFUSED and not done.entry:
                self._runs.pop(plan.id, None)  # nothing was sent: it may be asked again, once it is approved
            return done
        finally:
            self._under_way.discard(act)
            self._terminals.pop(plan.id, None)

    @asynccontextmanager
    async def _announced(self, plan: Plan, user: str, executor: Executor) -> AsyncIterator[None]:
        """While it runs, others see who acts. What is exempt does not wait for that, and nothing is stopped by a Lease that
        somebody else holds: nobody stamps who wrote it (``gate_rules.lock`` says so, and each request is conditional)."""
        writer, exempt = executor.writer, plan.freeze is FreezeRule.EXEMPT
        if self._announces is None or writer is None or self._mode.refused:
            yield
            return
        held = self._announces.hold(writer, plan.subject, by=user, action=plan.action, wait=not exempt)
        async with held:
            yield

    async def terminal_ended(self, plan: Plan, code: int) -> None:
        """See ``ActionService``."""

        async def tell() -> None:
            ended = self._terminals.get(plan.id)
            if ended is not None and not ended.done():
                ended.set_result(code)

        await self._board.on_loop(tell())

    async def request_approval(self, guarded: Guarded, reason: str) -> ApprovalRequest:
        """See ``ActionService``."""
        if self._ledger is None:
            raise LedgerUnavailable("there is no store")
        return await self._board.on_loop(self._ledger.request_approval(guarded.plan, reason))

    async def reconcile(self, entries: Sequence[Entry] | None = None) -> tuple[Reconciled, ...]:
        """See ``ActionService``."""
        work = reconcile(
            self._board.picture.store_state.unsettled if entries is None else entries,
            self._reader,
            self._ledger,
            now=self._clock.now(),
            patience=self._policy.server_timeout + 2 * self._policy.settle_margin,
        )
        return await self._board.on_loop(work)

    async def follow_what_was_left(self, board: object = None) -> None:
        """What was done when a program ended is followed to its end by this one. Runs on the board's loop."""
        followed: dict[str, asyncio.Task[None]] = {}
        while True:
            for intent, outcome in self._board.picture.store_state.unverified:
                if intent.intent not in followed and self._ledger is not None:
                    work = verify_left(
                        intent,
                        outcome,
                        self._reader,
                        lambda plan: known_posts(ACTIONS[plan.action]),
                        self._board,
                        self._ledger,
                        self._clock.now(),
                    )
                    followed[intent.intent] = asyncio.ensure_future(_said(work))
            await asyncio.sleep(_LEFT_EVERY)

    def _reader(self, plan: Plan) -> Executor:
        """What can say what became of a plan of before."""
        action = ACTIONS.get(plan.action)
        if action is None:
            raise PlanRefused(f"there is no action {plan.action!r}")
        asked = plan.subject
        return self._executor(plan, Made(action=action, asked=asked, standing=self._standing(asked)))


def make_service(
    board: BoardLike,
    writers: Writers | None,
    ledger: Ledger | None,
    policy: ActionPolicy,
    clock: Clock,
    mode: Mode,
    announces: Announces | None = None,
    memory: Memory | None = None,
) -> ActionService:
    """The service for a mode: without acting, or without anything to write with, there is no executor at all."""
    if not mode.acts or writers is None or not writers.clusters:
        return ReadOnlyService(board, ledger, policy, clock, mode)
    return ActingService(board, writers, ledger, policy, clock, mode, announces, memory)
