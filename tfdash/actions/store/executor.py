"""Carries out what a person decides: an entry of the store that other terminals and the gate rely on.

The entry is the effect, so that no intent and no outcome are recorded around it; without a store nothing is decided.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from tfdash.actions.core.decision import Memory, OperatorDecision, Record
from tfdash.actions.core.eligibility import Standing
from tfdash.actions.core.executor import Sending, SendOutcome
from tfdash.actions.core.protocols import ApprovalRefused, Ledger, LedgerUnavailable, PlanRefused, Writer
from tfdash.model.action import Check, Plan, Request, Result
from tfdash.model.observation import Problem, ProblemKind
from tfdash.model.requests import ReadFailed
from tfdash.model.subject import Subject
from tfdash.playbook.releases.facts import canonical
from tfdash.text import safe

METHOD = "RECORD"


def request_of(name: str, told: Mapping[str, Any], what: str, subject: Subject) -> Request:
    """What is recorded, as a plan shows it and its digest covers it."""
    return Request(method=METHOD, path=name, body=canonical(told), what=what, subject=subject, dry_run=False)


class StoreExecutor:
    """``tfdash.actions.core.executor.Executor`` for the store. ``again`` makes the plan once more, from what is known now;
    ``standing`` says how things stand for its subject then; ``rights`` asks the server; ``zone`` is the platform's."""

    journals = True
    writer: Writer | None = None

    def __init__(
        self,
        identity: Callable[[], Awaitable[tuple[str, tuple[str, ...]]]],
        record: Record,
        ledger: Ledger,
        memory: Memory,
        now: Callable[[], float],
        again: Callable[[], Awaitable[Plan]],
        standing: Callable[[], Standing],
        rights: Callable[[Plan], Awaitable[Check]],
        zone: ZoneInfo,
    ) -> None:
        self._identity, self._rights = identity, rights
        self._record, self._ledger, self._memory, self._now = record, ledger, memory, now
        self._again, self._standing, self._zone = again, standing, zone

    async def identity(self) -> tuple[str, tuple[str, ...]]:
        return await self._identity()

    async def rights(self, plan: Plan) -> Check:
        """What others rely on is said by those who may do what it is about."""
        return await self._rights(plan)

    async def facts(self, plan: Plan) -> Check:
        """A decision is about what is known: the plan made once more must be this one."""
        try:
            again = await self._again()
        except (PlanRefused, ReadFailed) as error:
            return Check(id="facts", text=safe(str(error)), passed=False)
        if again.digest != plan.digest:
            return Check(id="facts", text="it changed since the plan was made", passed=False)
        return Check(id="facts", text="what it rests on still stands", passed=True)

    async def dry_run(self, plan: Plan) -> None:
        return None

    async def send(self, sending: Sending) -> SendOutcome:
        (request,) = sending.plan.requests
        decision = OperatorDecision(
            self._ledger,
            self._memory,
            sending.user,
            sending.confirmation.reason.strip(),
            sending.plan,
            self._now(),
            json.loads(request.body),
            self._standing(),
            self._zone,
            sending.second,
        )
        try:
            return SendOutcome(Result.APPLIED, safe(await self._record(decision)))
        except LedgerUnavailable as error:
            return SendOutcome(Result.NOT_APPLIED, safe(str(error)))
        except ApprovalRefused as error:
            return SendOutcome(Result.REFUSED, safe(str(error)))

    async def read_outcome(self, request: Request, marks: Any) -> tuple[Result, str]:
        return Result.UNKNOWN, "the audit log itself says whether it was recorded"

    def marks(self, request: Request) -> None:
        return None

    async def document(self, subject: Subject) -> None:
        return None

    def wrote(self, plan: Plan, document: Mapping[str, Any]) -> str:
        return ""

    async def announce(
        self, plan: Plan, sentence: str, *, actor: str, intent: str, now: float, warning: bool
    ) -> str:
        return ""


async def one_allowed(asked: Sequence[Request], writer_of: Callable[[Request], Writer | None]) -> Check:
    """Whether a server lets us do one of these. None is sent."""
    if not asked:
        return Check(id="right", text="no right is needed", passed=True)
    why = "is only read"
    for request in asked:
        writer = writer_of(request)
        if writer is None:
            continue
        try:
            answer = await writer.may(request)
        except ReadFailed as failed:
            why = f"whether we may cannot be asked: {failed.problem}"
            continue
        if answer.allowed is True:
            return Check(id="right", text=safe(f"may {request.what}"), passed=True)
        word = "no right" if answer.allowed is False else "not known whether we may"
        where = f" in {answer.namespace}" if answer.namespace else ""
        why = f"{word} to {answer.verb} {answer.resource}{where}"
        why += f": {answer.reason}" if answer.reason else ""
    return Check(id="right", text=safe(why), passed=False)


async def who_approves(ledger: Ledger) -> tuple[str, tuple[str, ...]]:
    """Who we are to the server that stamps approvals. Raises ``ReadFailed``."""
    try:
        return await ledger.approver(), ()
    except (ApprovalRefused, LedgerUnavailable) as error:
        raise ReadFailed(Problem(kind=ProblemKind.CONFIG, cause=str(error))) from None
