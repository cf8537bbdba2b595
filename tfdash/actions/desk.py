"""The desk that screens see: what may be done with a subject, its plan, and its carrying out. The only way to a writer.

``offers`` is quick and runs where it is called; everything else runs on the board's loop, where the clients live, and goes
on there when the screen that asked is gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Protocol, TypeVar

import msgspec

from tfdash.actions import rules
from tfdash.actions.base import ApprovalRefused, Ledger, LedgerUnavailable, PlanRefused, Writer, Writers
from tfdash.actions.guard import look
from tfdash.actions.mode import Mode
from tfdash.actions.pipelines import by_pipeline
from tfdash.actions.planning import Planning
from tfdash.actions.policy import ActionPolicy
from tfdash.actions.registry import ACTIONS, Action, acts_on, concerned
from tfdash.actions.runner import Execution, mode_check
from tfdash.actions.sealing import changed_facts, digest_of, sealed
from tfdash.actions.settling import Settled, settle
from tfdash.actions.standing import Standing, bare, standing
from tfdash.clock import Clock
from tfdash.model.action import (
    Arguments,
    Check,
    Confirmation,
    FreezeRule,
    Guarded,
    Offer,
    Plan,
    Progress,
    Result,
    Risk,
)
from tfdash.model.memory import ApprovalRequest
from tfdash.model.picture import Picture
from tfdash.model.requests import Document, ReadFailed
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.verdict import Assessment

T = TypeVar("T")
_KEPT = 64  # plans remembered with whom and for what they were made
Tell = Callable[[Progress], None]


class BoardLike(Protocol):
    """What is needed of the board."""

    picture: Picture
    assessment: Assessment

    async def read(self, subject: Subject) -> Document: ...

    async def read_children(self, subject: Subject, kind: str) -> tuple[Document, ...]: ...

    async def on_loop(self, work: Coroutine[Any, Any, T]) -> T: ...


class _Made(msgspec.Struct, kw_only=True):
    """A plan that was made here: for what, as whom."""

    action: Action
    asked: Subject
    standing: Standing
    user: str = ""
    groups: tuple[str, ...] = ()


class _Desk:
    """What both desks do: offer and plan."""

    def __init__(
        self, board: BoardLike, ledger: Ledger | None, policy: ActionPolicy, clock: Clock, mode: Mode
    ) -> None:
        self._board, self._ledger, self._policy, self._clock, self._mode = board, ledger, policy, clock, mode
        self._made: dict[str, _Made] = {}

    @property
    def mode(self) -> str:
        return self._mode.text

    @property
    def bulk_cap(self) -> int:
        """Objects that one key may act upon; each is planned and recorded by itself."""
        return self._policy.bulk_cap

    @property
    def _terminal(self) -> str:
        return self._ledger.terminal if self._ledger is not None else ""

    def _user(self, ref: ClusterRef) -> str:
        cluster = self._board.picture.clusters.get(ref)
        info = cluster.info.value if cluster is not None else None
        return info.user if info is not None else ""

    def _standing(self, subject: Subject) -> Standing:
        board = self._board
        return standing(subject, board.picture, board.assessment, self._policy, self._clock.now())

    # -- offers -------------------------------------------------------------------------------------------------

    def offers(self, subject: Subject) -> tuple[Offer, ...]:
        """See ``tfdash.actions.base.Desk``."""
        found = self._standing(subject)
        if found.obj is None:
            return ()
        return tuple(self._offer(action, found) for action in concerned(found))

    def _offer(self, action: Action, found: Standing) -> Offer:
        refused, opens_at, remedy = self._refusal(action, found)
        return Offer(
            action=action.id, title=action.title, key=action.key, refused=refused, opens_at=opens_at, remedy=remedy,
            arguments=action.arguments,
        )  # fmt: skip

    def _refusal(self, action: Action, found: Standing) -> tuple[str, float | None, str]:
        why, opens_at, remedy = self._unable(action, found)
        if why:
            return why, opens_at, remedy
        mode = self._mode_refused(found.subject.cluster)
        if mode:
            return mode, None, self._mode.remedy
        case = self._case(
            action, found, self._user(found.subject.cluster), action.freeze, self._risk(action, found)
        )
        frozen = (
            action.freeze is FreezeRule.FROZEN and action.id != "workload.scale"
        )  # up or down is not known yet
        checks = [c for c in rules.checks(case, self._policy) if frozen or c.id != "policy"]
        closed = next((c for c in checks if c.passed is False), None)
        return ("", None, "") if closed is None else (closed.text, closed.opens_at, "")

    def _unable(self, action: Action, found: Standing) -> tuple[str, float | None, str]:
        """Why the thing itself is not capable of it."""
        if action.capability in found.able:
            if action.terminal and found.subject.cluster not in self._policy.kubectl:
                return "kubectl is not installed or not on PATH", None, "install kubectl"
            return "", None, ""
        told = found.unable.get(action.capability, "it is not capable of that now")
        first, _, remedy = told.partition("\n")
        return first, None, remedy

    def _mode_refused(self, ref: ClusterRef) -> str:
        return self._mode.refused

    def _risk(self, action: Action, found: Standing, freeze: FreezeRule | None = None) -> Risk:
        exempt = (freeze or action.freeze) is FreezeRule.EXEMPT
        return self._policy.risk(action.id, found.subject.cluster.environment, action.risk, exempt)

    def _case(self, action: Action, found: Standing, user: str, freeze: FreezeRule, risk: Risk) -> rules.Case:
        assessment = self._board.assessment
        subject = found.carrier if acts_on(action, found) and found.carrier is not None else found.subject
        return rules.Case(
            action=action.id, subject=subject, freeze=freeze, risk=risk, promotes=action.promotes, release=found.release,
            judgement=found.judgement, calendar=assessment.calendar, facts=self._board.picture.facts, user=user,
            terminal=self._terminal, now=self._clock.now(),
        )  # fmt: skip

    # -- plans --------------------------------------------------------------------------------------------------

    async def plan(self, action: str, subject: Subject, arguments: Arguments) -> Guarded:
        return await self._board.on_loop(self._plan(action, subject, dict(arguments), ()))

    async def refresh(self, plan: Plan, choices: tuple[str, ...] = ()) -> Guarded:
        """The same plan anew. Its arguments stay, also those that it filled in; ``changed`` says what is different."""
        made = self._made.get(plan.id)
        subject = made.asked if made is not None else plan.subject
        return await self._board.on_loop(
            self._plan(plan.action, subject, dict(plan.arguments), choices, plan)
        )

    async def _plan(
        self, name: str, subject: Subject, arguments: Mapping[str, Any], choices: tuple[str, ...],
        before: Plan | None = None,
    ) -> Guarded:  # fmt: skip
        action = ACTIONS.get(name)
        if action is None:
            raise PlanRefused(f"there is no action {name!r}")
        found = self._standing(subject)
        if found.obj is None:
            raise PlanRefused(f"{subject} is not known here: it is gone, or not listed yet")
        why, opens_at, remedy = self._unable(action, found)
        if why and action not in concerned(found):
            why = f"{action.title} does not apply to {subject.kind} {subject.name}"
        if why:
            raise PlanRefused(why, opens_at=opens_at, remedy=remedy)
        missing = [a for a in action.needed if a not in arguments]
        if missing and not any(a in arguments for a in action.arguments):
            raise PlanRefused(f"{', '.join(missing)}: must be given")
        at = found.carrier if acts_on(action, found) and found.carrier is not None else found.subject
        now = self._clock.now()
        planning = Planning(self._board, found, at, arguments, self._policy, now)
        pipeline = self._policy.pipelines.get(action.id)
        draft = await action.make(planning)
        if pipeline is not None:
            draft = by_pipeline(planning, action.id, draft, pipeline)
        freeze = draft.freeze or action.freeze
        plan = sealed(
            draft, action=action.id, title=action.title, risk=self._risk(action, found, freeze), freeze=freeze,
            typed=subject.name, policy=self._policy.digest, arguments=arguments, chosen=choices, now=now,
            expires=self._policy.plan_expires,
        )  # fmt: skip
        self._remember(plan, _Made(action=action, asked=bare(subject), standing=found))
        checks = await self._look(plan)
        refused = next((c.text for c in checks if c.passed is False), "")
        changed = changed_facts(before.facts, plan.facts) if before is not None else ()
        return Guarded(plan=plan, checks=checks, refused=refused, changed=changed)

    def _remember(self, plan: Plan, made: _Made) -> None:
        self._made[plan.id] = made
        while len(self._made) > _KEPT:
            del self._made[next(iter(self._made))]

    def _case_of(self, plan: Plan) -> Callable[[str], rules.Case]:
        """The playbook's case for a plan, from what the board has when it is asked."""
        made = self._made[plan.id]

        def case(user: str) -> rules.Case:
            return self._case(made.action, self._standing(made.asked), user, plan.freeze, plan.risk)

        return case

    async def _look(self, plan: Plan) -> tuple[Check, ...]:
        """Without a writer: what the playbook says, and that nothing can be done from here."""
        case = self._case_of(plan)(self._user(plan.subject.cluster))
        return (mode_check(self._mode_refused(plan.subject.cluster)), *rules.checks(case, self._policy))


class ReadOnlyDesk(_Desk):
    """Nothing behind it could change anything: it describes, plans, and says why not."""

    def _mode_refused(self, ref: ClusterRef) -> str:
        return self._mode.refused or "this terminal only reads"

    async def execute(self, guarded: Guarded, confirmation: Confirmation, tell: Tell) -> Progress:
        told = Progress(
            plan=guarded.plan, stage="done", result=Result.REFUSED,
            sentence=self._mode_refused(guarded.plan.subject.cluster),
        )  # fmt: skip
        tell(told)
        return told


class ActingDesk(_Desk):
    """With writers. A plan is carried out once, however often it is asked."""

    def __init__(
        self, board: BoardLike, writers: Writers, ledger: Ledger | None, policy: ActionPolicy, clock: Clock, mode: Mode
    ) -> None:  # fmt: skip
        super().__init__(board, ledger, policy, clock, mode)
        self._writers = writers
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
        health = self._board.picture.facts.health
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
            while len(self._runs) > _KEPT:
                del self._runs[next(iter(self._runs))]
        return await asyncio.shield(running)

    async def _run(self, plan: Plan, made: _Made, confirmation: Confirmation, tell: Tell) -> Progress:
        ended: asyncio.Future[int] | None = None
        if made.action.terminal and made.action.id not in self._policy.pipelines:
            ended = self._terminals[plan.id] = asyncio.get_running_loop().create_future()
        self._under_way[plan.digest] = plan.id
        ref = plan.subject.cluster
        try:
            execution = Execution(
                plan, confirmation, board=self._board, writer=self._writer(ref), writers=self._writers,
                ledger=self._ledger, policy=self._policy, clock=self._clock, case_of=self._case_of(plan),
                made_as=(made.user, made.groups), refused=lambda: self._mode_refused(ref), tell=tell, terminal=ended,
            )  # fmt: skip
            done = await execution.run()
            if done.result is Result.REFUSED and not done.entry:
                self._runs.pop(plan.id, None)  # nothing was sent: it may be asked again, once it is approved
            return done
        finally:
            self._under_way.pop(plan.digest, None)
            self._terminals.pop(plan.id, None)

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

    async def settle(self) -> tuple[Settled, ...]:
        """The intents without an outcome, each read again: what is certain is recorded, the rest is asked of a person."""
        work = settle(self._board.picture.facts.unsettled, self._writers.clusters, self._ledger)
        return await self._board.on_loop(work)


def plan_of(approval: ApprovalRequest) -> Plan:
    """The plan that an approval is asked for, from its exact requests. Raises ``ApprovalRefused`` where it is another."""
    try:
        plan = msgspec.json.decode(approval.plan, type=Plan)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise ApprovalRefused(f"its plan cannot be read: {error}") from None
    if digest_of(plan) != approval.digest or plan.digest != approval.digest:
        raise ApprovalRefused("its plan is not the one that its digest names")
    return plan


def make_desk(
    board: BoardLike, writers: Writers | None, ledger: Ledger | None, policy: ActionPolicy, clock: Clock, mode: Mode
) -> ActingDesk | ReadOnlyDesk:  # fmt: skip
    """The desk for a mode: without acting, or without anything to write with, there is no executor at all."""
    if not mode.acts or writers is None or not writers.clusters:
        return ReadOnlyDesk(board, ledger, policy, clock, mode)
    return ActingDesk(board, writers, ledger, policy, clock, mode)
