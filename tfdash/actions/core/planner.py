"""What every action service does, also one that only reads: say what may be done with a subject, and plan it.

``offers`` is quick and runs where it is called; plans are made on the board's loop.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec

from tfdash.actions.core import gate_rules
from tfdash.actions.core.action import Action, Target
from tfdash.actions.core.description import described
from tfdash.actions.core.eligibility import Look, Standing, bare, of_object
from tfdash.actions.core.mode import Mode
from tfdash.actions.core.plan_context import PlanContext
from tfdash.actions.core.plan_digest import changed_facts, derived, sealed
from tfdash.actions.core.policy import ActionPolicy
from tfdash.actions.core.protocols import ApprovalRefused, Ledger, PlanRefused
from tfdash.actions.core.run_tag import TAG
from tfdash.actions.core.runner import mode_check
from tfdash.actions.kubernetes.field_managers import conflict_notes
from tfdash.actions.pipelines.drafts import by_pipeline
from tfdash.actions.registry import ACTIONS, concerned, look_of
from tfdash.clock import Clock
from tfdash.model.action import Arguments, Check, FreezeRule, Guarded, Offer, Plan, Risk
from tfdash.model.assessment import Assessment
from tfdash.model.calendar import CalendarState
from tfdash.model.mode import ModeNow
from tfdash.model.picture import Picture
from tfdash.model.release import Lack
from tfdash.model.requests import Document
from tfdash.model.subject import ClusterRef, Subject
from tfdash.playbook.schedule import CalendarPolicy, calendar_state
from tfdash.playbook.schedule.feeds import in_force
from tfdash.playbook.seen import Indexes

T = TypeVar("T")
KEPT = 64  # plans remembered with whom and for what they were made


class BoardLike(Protocol):
    """What is needed of the board."""

    picture: Picture
    assessment: Assessment

    async def read(self, subject: Subject) -> Document: ...

    async def read_children(self, subject: Subject, kind: str) -> tuple[Document, ...]: ...

    async def on_loop(self, work: Coroutine[Any, Any, T]) -> T: ...


class Made(msgspec.Struct, kw_only=True):
    """A plan that was made here: for what, as whom."""

    action: Action
    asked: Subject
    standing: Standing
    user: str = ""
    groups: tuple[str, ...] = ()


class _No(NamedTuple):
    """Why not, when waiting helps (epoch seconds) and what else would; ``why`` "" = it may."""

    why: str = ""
    opens_at: float | None = None
    remedy: str = ""
    by: str = ""  # the check that says so


class Planner:
    """What both services do: offer and plan."""

    def __init__(
        self, board: BoardLike, ledger: Ledger | None, policy: ActionPolicy, clock: Clock, mode: Mode
    ) -> None:
        self._board, self._ledger, self._policy, self._clock, self._mode = board, ledger, policy, clock, mode
        self._fed: tuple[object, CalendarPolicy] | None = None
        self._made: dict[str, Made] = {}
        self._indexes = Indexes()  # the footer looks at each key and each update, at all that is marked

    @property
    def mode(self) -> ModeNow:
        return self._mode.now

    @property
    def bulk_cap(self) -> int:
        """Objects that one key may act upon; each is planned and recorded by itself."""
        return self._policy.bulk_cap

    @property
    def _terminal(self) -> str:
        return self._ledger.terminal if self._ledger is not None else ""

    def _user(self, ref: ClusterRef) -> str:
        """Of an environment, or of the whole platform: as the first of its clusters knows us."""
        clusters = self._board.picture.clusters
        cluster = clusters.get(ref)
        if not ref.cluster:
            cluster = next((c for at, c in clusters.items() if ref.environment in ("", at.environment)), None)
        info = cluster.info.value if cluster is not None else None
        return info.user if info is not None else ""

    def _standing(self, subject: Subject, look: Look = of_object) -> Standing:
        board = self._board
        return look(
            bare(subject), board.picture, board.assessment, self._policy, self._clock.now(), self._indexes
        )

    # -- offers -------------------------------------------------------------------------------------------------

    def offers(self, subject: Subject) -> tuple[Offer, ...]:
        """See ``tfdash.actions.core.protocols.ActionService``."""
        found = self._standing(subject, look_of(subject.kind))
        if not found.known:
            return ()
        return tuple(self._offer(action, found) for action in concerned(found) if action.offered)

    def _offer(self, action: Action, found: Standing) -> Offer:
        no = self._refusal(action, found)
        return Offer(
            action=action.id,
            title=action.title,
            key=action.key,
            refused=no.why,
            refused_by=no.by,
            opens_at=no.opens_at,
            remedy=no.remedy,
            arguments=action.arguments,
            needed=action.needed,
            about=self._about(action, found),
        )

    def _about(self, action: Action, found: Standing) -> tuple[str, ...]:
        """Of a recording: a plan is made of the live object, which it does not hold."""
        if not self._mode.recorded:
            return ()
        unable = self._unable(action, found).why
        return described(
            action, found, self._risk(action, found), unable or self._playbook(action, found).why
        )

    def _refusal(self, action: Action, found: Standing) -> _No:
        unable = self._unable(action, found)
        if unable.why:
            return unable
        mode = self._mode_refused(found.subject.cluster, action.target)
        if mode:
            return _No(mode, remedy=self._mode.remedy)
        right = self._no_right(action, found)
        if right:
            return _No(right)
        return self._playbook(action, found)

    def _playbook(self, action: Action, found: Standing) -> _No:
        """Why calendar, verdict or somebody else's doing refuses it."""
        case = self._case(
            action,
            found,
            self._user(found.subject.cluster),
            action.freeze,
            self._risk(action, found),
            action.promotes,
        )
        frozen = action.freeze is FreezeRule.FROZEN and not action.freeze_by_plan
        by_freeze = () if frozen else ("policy", "run")
        checks = [c for c in gate_rules.checks(case, self._policy) if c.id not in by_freeze]
        closed = next((c for c in checks if c.passed is False), None)
        return _No() if closed is None else _No(closed.text, closed.opens_at, by=closed.id)

    def _unable(self, action: Action, found: Standing) -> _No:
        """Why the thing itself is not capable of it."""
        told = action.unable(found)
        if told:
            return _No(told)
        if action.capability is not None and action.capability not in found.able:
            lack = found.unable.get(action.capability, Lack("it is not capable of that now"))
            return _No(lack.why, remedy=lack.remedy)
        missing = action.terminal and found.subject.cluster not in self._policy.kubectl
        if missing and not self._mode.recorded:  # which programs are here says nothing of then
            return _No("kubectl is not installed or not on PATH", remedy="install kubectl")
        return _No()

    def _mode_refused(self, ref: ClusterRef, target: Target) -> str:
        return self._mode.refused

    def _no_right(self, action: Action, found: Standing) -> str:
        """The right that is missing for it, as far as that is known already."""
        return ""

    def _risk(self, action: Action, found: Standing, freeze: FreezeRule | None = None) -> Risk:
        exempt = (freeze or action.freeze) is FreezeRule.EXEMPT
        told = self._policy.risk(action.id, found.subject.cluster.environment, action.risk, exempt)
        if exempt or told is Risk.SECOND_PERSON:
            return told
        user = self._user(found.subject.cluster)
        case = self._case(action, found, user, freeze or action.freeze, Risk.SECOND_PERSON, action.promotes)
        return Risk.SECOND_PERSON if gate_rules.emergency(case, self._policy) else told

    def _case(
        self, action: Action, found: Standing, user: str, freeze: FreezeRule, risk: Risk, promotes: bool
    ) -> gate_rules.GateInput:
        subject = (
            found.carrier if action.acts_on_carrier(found) and found.carrier is not None else found.subject
        )
        return gate_rules.GateInput(
            action=action.id,
            subject=subject,
            freeze=freeze,
            risk=risk,
            promotes=promotes,
            release=found.release,
            judgement=found.judgement,
            calendar=self._hours(found.subject) if action.by_hours else self._calendar(),
            facts=self._board.picture.store_state,
            user=user,
            terminal=self._terminal,
            now=self._clock.now(),
            window=self._window(),
            not_yet=action.sequence(found.subject, self._board.assessment) if action.sequence else "",
            run=TAG.get().partition("/")[0],
        )

    def _window(self) -> CalendarPolicy | None:
        """The release calendar with what its feeds close."""
        policy, feeds = self._policy.calendar, self._board.picture.signals.feeds
        if policy is None or not policy.feeds:
            return policy
        if self._fed is None or self._fed[0] is not feeds:
            self._fed = feeds, in_force(policy, feeds)
        return self._fed[1]

    def _hours(self, subject: Subject) -> CalendarState | None:
        """None where the environment has none: production, or not marked."""
        hours, now = self._policy.hours.get(subject.cluster.environment), self._clock.now()
        return hours.state(now) if hours is not None else None

    def _calendar(self) -> CalendarState | None:
        """What the judge said last; closed where it has closed since. It opens when the judge says so."""
        state, policy = self._board.assessment.calendar, self._window()
        if state is None or policy is None or not state.open:
            return state
        fresh = calendar_state(policy, self._clock.now())
        return state if fresh.open else fresh

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
        self,
        name: str,
        subject: Subject,
        arguments: Mapping[str, Any],
        choices: tuple[str, ...],
        before: Plan | None = None,
    ) -> Guarded:
        action = ACTIONS.get(name)
        if action is None:
            raise PlanRefused(f"there is no action {name!r}")
        found = self._standing(subject, action.look)
        plan = await self._made_of(action, found, subject, arguments, choices)
        self._remember(plan, Made(action=action, asked=bare(subject), standing=found))
        checks = await self._look(plan)
        refused = next((c.text for c in checks if c.passed is False), "")
        changed = changed_facts(before.facts, plan.facts) if before is not None else ()
        return Guarded(plan=plan, checks=checks, refused=refused, changed=changed)

    async def _made_of(
        self,
        action: Action,
        found: Standing,
        subject: Subject,
        arguments: Mapping[str, Any],
        choices: tuple[str, ...],
    ) -> Plan:
        if not found.known:
            raise PlanRefused(f"{subject} is not known here: it is gone, or not listed yet")
        no = self._unable(action, found)
        if no.why and action not in concerned(found):
            no = no._replace(why=f"{action.title} does not apply to {subject.kind} {subject.name}")
        if no.why:
            raise PlanRefused(no.why, opens_at=no.opens_at, remedy=no.remedy)
        missing = [a for a in action.needed if a not in arguments]
        if missing and not any(a in arguments for a in action.arguments):
            raise PlanRefused(f"{', '.join(missing)}: must be given", wanting=tuple(missing))
        at = found.carrier if action.acts_on_carrier(found) and found.carrier is not None else found.subject
        now = self._clock.now()
        context = PlanContext(self._board, found, at, arguments, self._policy, now, self._derived)
        pipeline = self._policy.pipelines.get(action.id)
        draft = await action.make(context)
        if pipeline is not None:
            draft = by_pipeline(context, action.id, draft, pipeline)
        draft = msgspec.structs.replace(
            draft, notes=(*draft.notes, *conflict_notes(draft, context.documents))
        )
        freeze = draft.freeze or action.freeze
        promotes = action.promotes if draft.promotes is None else draft.promotes
        risk = max(self._risk(action, found, freeze), draft.risk or Risk.KEY)
        case = self._case(action, found, self._user(found.subject.cluster), freeze, risk, promotes)
        return sealed(
            draft,
            action=action.id,
            title=action.title,
            risk=risk,
            freeze=freeze,
            promotes=promotes,
            typed=subject.name,
            policy=self._policy.digest,
            arguments=arguments,
            chosen=choices,
            asked=bare(subject),
            waives=gate_rules.waived(case, self._policy),
            now=now,
            expires=self._policy.plan_expires,
        )

    async def _derived(self, proven: Plan) -> Plan:
        """See ``PlanContext.derived``."""
        action = ACTIONS.get(proven.action)
        if action is None:
            raise PlanRefused(f"there is no action {proven.action!r} here: its plan cannot be made anew")
        asked = proven.asked or proven.subject
        chosen = tuple(c.id for c in proven.choices)
        found = self._standing(asked, action.look)
        made = await self._made_of(action, found, asked, dict(proven.arguments), chosen)
        try:
            return derived(proven, made)
        except ApprovalRefused as refused:
            raise PlanRefused(str(refused)) from None

    async def _again(self, plan: Plan, made: Made) -> Plan:
        """The plan once more, from what is known now; nothing is remembered of it."""
        chosen = tuple(c.id for c in plan.choices if c.chosen)
        found = self._standing(made.asked, made.action.look)
        return await self._made_of(made.action, found, made.asked, dict(plan.arguments), chosen)

    def _remember(self, plan: Plan, made: Made) -> None:
        self._made[plan.id] = made
        while len(self._made) > KEPT:
            del self._made[next(iter(self._made))]

    def _case_of(self, plan: Plan) -> Callable[[str], gate_rules.GateInput]:
        """The playbook's case for a plan, from what the board has when it is asked."""
        made = self._made[plan.id]

        def case(user: str) -> gate_rules.GateInput:
            found = self._standing(made.asked, made.action.look)
            return self._case(made.action, found, user, plan.freeze, plan.risk, plan.promotes)

        return case

    async def _look(self, plan: Plan) -> tuple[Check, ...]:
        """Without a writer: what the playbook says, and that nothing can be done from here."""
        case = self._case_of(plan)(self._user(plan.subject.cluster))
        refused = self._mode_refused(plan.subject.cluster, self._made[plan.id].action.target)
        return (mode_check(refused), *gate_rules.checks(case, self._policy))
