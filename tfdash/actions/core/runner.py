"""Carries one confirmed plan out: check once more, record, send, verify, record. Lives on the board's loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from tfdash.actions.core.execution_record import ExecutionRecord, result_words, verified_data
from tfdash.actions.core.executor import Executor, Items, Sending, SendOutcome, Still, anybody
from tfdash.actions.core.gate_rules import GateInput, extra_needed, own_break_glass, waived
from tfdash.actions.core.guard import Looked, look
from tfdash.actions.core.plan_digest import changed_parts, digest_of
from tfdash.actions.core.policy import ActionPolicy
from tfdash.actions.core.postconditions import Postcondition
from tfdash.actions.core.protocols import ApprovalRefused, Ledger, LedgerUnavailable
from tfdash.actions.core.verification import Verification
from tfdash.clock import Clock
from tfdash.model.action import Check, Confirmation, FreezeRule, Plan, Progress, Result, Risk
from tfdash.model.picture import Picture
from tfdash.model.store_state import EntryKind
from tfdash.text import safe
from tfdash.views.plan import verb_of

log = logging.getLogger(__name__)
_BEFORE = 2.0  # seconds that a way back waits for a look at how things stand before it
_ALL = "all {}"  # what is typed for several that are not titled alike: some scale up, some down
_REASON = 3  # characters of a reason at least


class HasPicture(Protocol):
    """What is asked of the board while an action runs."""

    picture: Picture


class Execution:
    """One plan, carried out once. ``posts`` are the postconditions that its action knows, by id."""

    def __init__(
        self,
        plan: Plan,
        confirmation: Confirmation,
        *,
        board: HasPicture,
        executor: Executor,
        posts: Mapping[str, Postcondition],
        ledger: Ledger | None,
        policy: ActionPolicy,
        clock: Clock,
        case_of: Callable[[str], GateInput],
        made_as: tuple[str, tuple[str, ...]],
        refused: Callable[[], str],
        tell: Callable[[Progress], None],
        terminal: asyncio.Future[int] | None = None,
        still: Still = anybody,
    ) -> None:
        self.plan, self._confirmed = plan, confirmation
        self._board, self._executor = board, executor
        self._verification = Verification(plan, executor, board, posts)
        self._ledger, self._policy, self._clock = ledger, policy, clock
        self._case_of, self._made_as, self._mode_refused, self._tell_to = case_of, made_as, refused, tell
        self._terminal, self._still = terminal, still
        self._second = ""
        self._record = ExecutionRecord(ledger, plan, made_as[0], policy.ledger_patience)
        self._items: Items = ()
        self._now = Progress(plan=plan, stage="checking")

    def tell(self, **changes: Any) -> Progress:
        """The next state of it, told. A listener that fails is no reason to stop half way."""
        entry = self._record.id
        self._now = msgspec.structs.replace(self._now, entry=entry, items=self._items, **changes)
        try:
            self._tell_to(self._now)
        except Exception:
            log.exception("a listener of an action failed")
        return self._now

    # -- the stages ---------------------------------------------------------------------------------------------

    async def run(self) -> Progress:
        self.tell(stage="checking", sentence="checking once more")
        why, opens_at = await self._checked()
        if why:
            await self._record.refuse(why, opens_at)
            return self.tell(stage="done", result=Result.REFUSED, sentence=why)
        if self._executor.journals:
            self.tell(stage="recording", sentence="recording the decision", journal=True)
            outcome = await self._send()
            return self.tell(stage="done", result=outcome.result, sentence=outcome.sentence)
        self.tell(stage="recording", sentence="recording the intent")
        why = await self._record.intend(
            self._confirmed_data(), self._executor.marks, must=bool(self._confirmed.run)
        )
        if why:
            return self.tell(stage="done", result=Result.REFUSED, sentence=why)
        exempt = self.plan.freeze is FreezeRule.EXEMPT
        if not exempt:
            await self._confirm()
        loud, begun = "", None
        if self._record.unrecorded:  # the Event goes out beside the action: nothing is waited for
            loud = f"UNRECORDED: {self._record.unrecorded}. "
            begun = asyncio.ensure_future(self._event(f"{self.plan.effect} (begins)", warning=True))
        await self._look_before(exempt)
        self.tell(stage="sending", sentence=f"{loud}sending")
        since = self._clock.now()
        result, sentence, self._items = await self._send()
        if exempt:
            await self._confirm()
        if begun is not None:
            await begun
        sentence = f"{loud}{sentence}"
        data = {
            "result": str(result),
            "items": [list(i) for i in self._items],
            "before": [i for i, held in self._verification.before.items() if held],
        }
        await self._record.add(EntryKind.OUTCOME, f"{result_words(result)}: {sentence}", data)
        await self._event(f"{self.plan.effect}: {result_words(result)}", warning=result is not Result.APPLIED)
        if result is not Result.APPLIED or not self.plan.posts:
            return self.tell(stage="done", result=result, sentence=sentence)
        return await self._verify(since, sentence)

    async def _look_before(self, exempt: bool) -> None:
        """A way back waits a moment for it and no longer."""
        try:
            async with asyncio.timeout(_BEFORE if exempt else None):
                await self._verification.look_before()
        except TimeoutError:
            log.warning("what stood before %s could not be read in time", self.plan.action)

    async def _confirm(self) -> None:
        """What was confirmed, as an entry of its own. What is exempt is sent first: it waits for one entry, not for two."""
        await self._record.add(EntryKind.CONFIRMATION, "confirmed", self._confirmed_data())

    def _confirmed_data(self) -> dict[str, Any]:
        given = self._confirmed
        return {
            "risk": int(self.plan.risk),
            "reason": given.reason,
            "typed": given.typed,
            "together": list(given.together),
            "choices": list(given.choices),
            "approval": given.approval,
            "extra": given.extra,
        }

    async def _checked(self) -> tuple[str, float | None]:
        """Why not, and when it opens; ("", None) where it may be done."""
        why = self._mode_refused() or confirmation_refused(self.plan, self._confirmed, self._clock.now())
        if why:
            return why, None
        user, groups = self._made_as
        if not user:
            return "whom the server takes us for was not known when the plan was made: make it anew", None
        looked: Looked = await look(
            self.plan, self._executor, self._case_of, self._policy, dry_run=False, user=user, groups=groups
        )
        if looked.refused is not None:
            return looked.refused.text, looked.refused.opens_at
        if extra_needed(looked.checks) and not self._confirmed.extra:
            why = next(c.text for c in looked.checks if c.id == "canary")
            return f"it needs a further confirmation: {why}", None
        said = {w.id for w in self.plan.waives}
        more = [w.text for w in waived(self._case_of(looked.user), self._policy) if w.id not in said]
        if more:  # it closed since: whoever confirmed or approved was not told
            return f"it would also go past {'; '.join(more)}: make the plan anew", None
        return await self._approved(looked)

    async def _approved(self, looked: Looked) -> tuple[str, float | None]:
        """The second person's approval, used up. Break-glass waives it; what is exempt never asks for one."""
        if (
            self.plan.risk is not Risk.SECOND_PERSON
            or own_break_glass(self._case_of(looked.user)) is not None
        ):
            return "", None
        if not self._confirmed.approval or self._ledger is None:
            return "it needs a second person's approval of this very plan", None
        try:
            async with asyncio.timeout(self._policy.ledger_patience):
                used = await self._ledger.consume_approval(
                    self._confirmed.approval, self.plan.digest, looked.user
                )
        except ApprovalRefused as error:
            return safe(f"the approval does not hold: {error}{self._changed_since()}"), None
        except (LedgerUnavailable, TimeoutError) as error:
            return safe(f"the approval cannot be checked: {error or 'no answer in time'}"), None
        self._second = used.approver
        return "", None

    def _changed_since(self) -> str:
        """In words, what is shown otherwise now than in the plan that was approved."""
        known = self._board.picture.store_state.approvals
        asked = next((a for a in known if a.id == self._confirmed.approval), None)
        parts = changed_parts(asked, self.plan) if asked is not None else ""
        return f" ({parts} changed since it was approved)" if parts else ""

    async def _send(self) -> SendOutcome:
        """The very last question before it is whether it is still ours to do."""
        if why := await self._still():
            return SendOutcome(Result.NOT_APPLIED, safe(f"not sent: {why}"))
        return await self._executor.send(
            Sending(
                plan=self.plan,
                user=self._record.actor,
                confirmation=self._confirmed,
                intent=self._record.id or self.plan.id,
                audit_id=self._record.audit_id,
                say=self._say,
                show=self._show,
                note=self._note,
                hand_over=lambda command: self.tell(stage="terminal", sentence=command),
                second=self._second,
                terminal=self._terminal,
                still=self._still,
            )
        )

    def _say(self, sentence: str) -> None:
        self.tell(stage="sending", sentence=sentence)

    def _show(self, items: Items) -> None:
        self._items = items
        self.tell(stage="sending")

    async def _note(self, item: str, outcome: str) -> None:
        await self._record.add(EntryKind.NOTE, f"{item}: {outcome}", {"item": item, "outcome": outcome})

    async def _event(self, sentence: str, *, warning: bool) -> None:
        failed = await self._executor.announce(
            self.plan,
            sentence,
            actor=self._record.actor,
            intent=self._record.id,
            now=self._clock.now(),
            warning=warning,
        )
        if failed and self._record.unrecorded:
            self.tell(sentence=f"UNRECORDED, and the Event could not be written either: {failed}")

    async def _verify(self, since: float, sentence: str) -> Progress:
        """Look until it is seen or its time is over; each change is told."""
        waiting = tuple((p, None) for p in self.plan.posts)
        self.tell(stage="verifying", result=Result.APPLIED, sentence=sentence, posts=waiting)
        end = await self._verification.follow(since, lambda states: self.tell(posts=states))
        told = f"{sentence}; {end.sentence}"
        await self._record.add(EntryKind.VERIFICATION, told, verified_data(end))
        return self.tell(stage="done", sentence=told, posts=end.states)


def confirmation_refused(plan: Plan, given: Confirmation, now: float) -> str:
    """Why this confirmation does not confirm this plan; "" where it does."""
    if digest_of(plan) != plan.digest:
        return "the plan is not what it was when it was made"
    if given.plan_digest != plan.digest:
        return "another plan was confirmed than this one"
    if now >= plan.expires_at:
        return "the plan has expired: make it anew"
    if set(given.choices) != {c.id for c in plan.choices if c.chosen}:
        return "what was chosen is not in the plan: make it anew"
    if given.together and plan.digest not in given.together:
        return "it is not among the plans that were confirmed together"
    several = max(len(given.together), 1)
    words = (word_of((plan,) * several), _ALL.format(several))[: 1 if several == 1 else 2]
    if plan.risk is not Risk.KEY and given.typed not in words:
        return f"{'the name' if several == 1 else 'this'} was to be typed: {safe(words[0])}"
    if plan.risk >= Risk.TYPED_NAME_AND_REASON and len(given.reason.strip()) < _REASON:
        return "a reason is needed"
    return ""


def word_of(plans: Sequence[Plan]) -> str:
    """What must be typed: the name; of several how many they are, which nobody types by habit."""
    if len(plans) < 2:
        return plans[0].typed if plans else ""
    same = len({p.title for p in plans}) == 1
    return f"{verb_of(plans[0].title)} {len(plans)}" if same else _ALL.format(len(plans))


def mode_check(refused: str) -> Check:
    return Check(id="mode", text=refused or "this terminal may act", passed=not refused)
