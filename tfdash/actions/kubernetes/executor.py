"""Carries plans out on one cluster: requests to its API server, a call to a configured gate, or kubectl in the terminal."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Protocol

from tfdash.actions.core.executor import Sending, SendOutcome
from tfdash.actions.core.plan_digest import requests_of
from tfdash.actions.core.policy import ActionPolicy
from tfdash.actions.core.postconditions import Postcondition, PostconditionFacts, parts_of
from tfdash.actions.core.protocols import NotSent, OutcomeUnknown, Pipelines, Writer
from tfdash.actions.kubernetes import server_checks
from tfdash.actions.kubernetes.events import event_request, write_event
from tfdash.actions.kubernetes.field_managers import PLACE, last_other, placed
from tfdash.actions.kubernetes.patches import UID, Marks, marks_of
from tfdash.actions.kubernetes.sending import StillOurs, Turn, object_path, read_outcome, send_each
from tfdash.model.action import Check, Plan, Post, Request, Result
from tfdash.model.observation import ProblemKind
from tfdash.model.picture import Picture
from tfdash.model.requests import Document, ReadFailed
from tfdash.model.subject import Subject
from tfdash.process import how_ended
from tfdash.text import safe

_LOOK_EVERY = 1.0  # seconds between two looks at what a request waits for


class DocumentReader(Protocol):
    """What is asked of the board."""

    @property
    def picture(self) -> Picture: ...

    async def read(self, subject: Subject) -> Document: ...


class ClusterExecutor:
    """``tfdash.actions.core.executor.Executor`` for one cluster."""

    journals = False

    def __init__(
        self,
        writer: Writer,
        board: DocumentReader,
        policy: ActionPolicy,
        calls: Pipelines | None = None,
        posts: Mapping[str, Postcondition] = MappingProxyType({}),
    ) -> None:
        """``posts``: what its requests may wait for, by id."""
        self.writer: Writer = writer
        self._reviewed = writer.reviewed()
        self._board, self._policy, self._calls, self._posts = board, policy, calls, posts

    async def identity(self) -> tuple[str, tuple[str, ...]]:
        return await self._reviewed.identity()

    async def rights(self, plan: Plan) -> Check:
        return await server_checks.rights(plan, self._reviewed)

    async def facts(self, plan: Plan) -> Check:
        return await server_checks.facts(plan, self._reviewed)

    async def dry_run(self, plan: Plan) -> Check:
        return await server_checks.dry_run(plan, self._reviewed)

    async def send(self, sending: Sending) -> SendOutcome:
        requests = requests_of(sending.plan)
        if sending.terminal is not None:
            return await _in_the_terminal(sending, sending.terminal)
        if not requests:  # a node that is cordoned already and has nothing to evict
            return SendOutcome(Result.APPLIED, "nothing had to be sent")
        if requests[0].path.startswith(("http://", "https://")):
            return await self._call(requests[0])
        return await send_each(
            StillOurs(self._reviewed, sending.still),
            requests,
            sending.audit_id,
            self._policy,
            sending.say,
            sending.show,
            sending.note,
            lambda request: self._turn(sending, request),
        )

    async def _turn(self, sending: Sending, request: Request) -> Turn:
        """Once what it waits for is seen. Nothing is sent blindly: not where it is not seen in time."""
        after, begun = request.after, time.monotonic()
        if PLACE in request.body:
            return await self._placed(request)
        if after is None:
            return Turn(True)
        sending.say(f"waits until {after.text}")
        while not await self._seen(sending.plan, after):
            if time.monotonic() - begun > after.within:
                why = f"not seen in {after.within:g} s: {after.text}; so it is not sent: {request.what}"
                return Turn(False, why=why)
            await asyncio.sleep(_LOOK_EVERY)
        if request.unless is not None and await self._seen(sending.plan, request.unless):
            return Turn(True, needed=False, why=request.unless.text)
        return Turn(True)

    async def _placed(self, request: Request) -> Turn:
        try:
            answer = await self.writer.read(object_path(request))
        except ReadFailed as failed:
            return Turn(False, why=f"not sent: {request.what}: {failed.problem.cause}")
        if answer.status == 404:
            return Turn(True, False, "it is not there any more")
        if not answer.ok:
            return Turn(False, why=f"not sent: {request.what}: it cannot be read: {answer.message}")
        found = placed(request, answer.body)
        return Turn(True, request=found) if found else Turn(True, False, "no field is ours any more")

    async def _seen(self, plan: Plan, post: Post) -> bool:
        name, value = parts_of(post)
        known = self._posts[name]
        try:
            other = known.other(plan, value)
            document = await self.document(plan.subject)
            second = await self.document(other) if other is not None else None
        except ReadFailed:
            return False  # not seen now; it may be in a second
        return known.holds(PostconditionFacts(plan, document, self._board.picture, 0.0, second), value)

    async def _call(self, request: Request) -> SendOutcome:
        if self._calls is None:
            return SendOutcome(Result.NOT_APPLIED, "this terminal has nothing that could call it")
        try:
            answer = await self._calls.call(request, timeout=self._policy.server_timeout)
        except NotSent as error:
            return SendOutcome(Result.NOT_APPLIED, safe(f"not sent: {error}"))
        except OutcomeUnknown as error:
            return SendOutcome(Result.UNKNOWN, safe(str(error)))
        result = Result.APPLIED if answer.ok else Result.FAILED
        return SendOutcome(result, f"it answered {answer.status} {answer.message}".rstrip())

    async def read_outcome(self, request: Request, marks: Marks | None) -> tuple[Result, str]:
        if request.argv or not request.path.startswith("/"):
            return Result.UNKNOWN, f"{request.what}: a command leaves nothing behind that could be read"
        return await read_outcome(self.writer, request, marks)

    def marks(self, request: Request) -> Marks:
        return marks_of(request)

    async def document(self, subject: Subject) -> Mapping[str, Any] | None:
        try:
            return (await self._board.read(subject)).document
        except ReadFailed as failed:
            if failed.problem.kind is ProblemKind.NOT_SERVED:  # 404
                return None
            raise

    def wrote(self, plan: Plan, document: Mapping[str, Any]) -> str:
        if any(r.alone for r in plan.requests):
            return ""  # it changes many others, and not its own subject
        return last_other(document, [f.pointer for f in plan.facts if f.pointer != UID])

    async def announce(
        self, plan: Plan, sentence: str, *, actor: str, intent: str, now: float, warning: bool
    ) -> str:
        request = event_request(plan, actor, sentence, intent, now, warning=warning)
        patience = self._policy.ledger_patience
        try:
            async with asyncio.timeout(patience):
                return await write_event(self.writer, request, "", patience)
        except TimeoutError:
            return "no answer in time"


async def _in_the_terminal(sending: Sending, ended: asyncio.Future[int]) -> SendOutcome:
    """The screen suspends itself, runs the command in its terminal, and says how it ended."""
    sending.hand_over(safe(" ".join(requests_of(sending.plan)[0].argv)))
    code = await ended
    return SendOutcome(Result.APPLIED if code == 0 else Result.FAILED, f"the command {how_ended(code)}")
