"""Sends the requests of a plan, each exactly once, and says what came of it. Nothing here tries anything again but where the
server's word is that nothing was done: an eviction that a PodDisruptionBudget refused, and a patch by a place in a list that
somebody's write moved meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, Protocol

import msgspec

from tfdash.actions.core.executor import Items, SendOutcome, Still
from tfdash.actions.core.policy import ActionPolicy
from tfdash.actions.core.protocols import Answer, NotSent, OutcomeUnknown
from tfdash.actions.kubernetes.answers import (
    NOT_KUBERNETES,
    certainly_not_applied,
    explain,
    of_kubernetes,
)
from tfdash.actions.kubernetes.field_managers import OURS, managers_of
from tfdash.actions.kubernetes.patches import Marks, by_marks, operations_of, still_stands, took_effect
from tfdash.model.action import Request, Result
from tfdash.model.requests import ReadFailed
from tfdash.text import safe

_AGAIN = 5.0  # seconds between two tries of an eviction that a budget refused, as kubectl drain
_NAMED = 3  # that were refused, named in one sentence
_PLACES = 10  # looks for a place that each status write of a controller may move
_LOOK_AGAIN = 0.2  # seconds before the next of them


class Sender(Protocol):
    """The part of ``tfdash.actions.core.protocols.Writer`` that is needed."""

    async def send(self, request: Request, *, audit_id: str, timeout: float) -> Answer: ...

    async def read(self, path: str) -> Answer: ...


class StillOurs:
    """Sends only what is still ours to send, asked before each request: many take minutes."""

    def __init__(self, sender: Sender, still: Still) -> None:
        self._sender, self._still = sender, still
        self.read = sender.read

    async def send(self, request: Request, *, audit_id: str, timeout: float) -> Answer:
        if why := await self._still():
            raise NotSent(why)
        return await self._sender.send(request, audit_id=audit_id, timeout=timeout)


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """Of one request."""

    request: Request
    result: Result
    sentence: str
    gone: bool = False  # refused because its object is not there any more
    budget: bool = False  # refused by a PodDisruptionBudget: it may be asked again
    conflict: bool = False  # refused because what it tests is not so


async def send(
    writer: Sender, request: Request, audit_id: str, policy: ActionPolicy, tell: Callable[[str], None]
) -> Sent:
    """One request, once. An answer that does not come is settled by reading, after the server has given up too."""
    timeout = policy.server_timeout
    try:
        answer = await writer.send(request, audit_id=audit_id, timeout=timeout)
    except NotSent as error:
        return Sent(request=request, result=Result.NOT_APPLIED, sentence=safe(f"not sent: {error}"))
    except OutcomeUnknown as unknown:
        return await _settle(writer, request, str(unknown), unknown.settled_after, tell)
    return await _of_answer(writer, request, answer, policy, tell)


async def _of_answer(
    writer: Sender, request: Request, answer: Answer, policy: ActionPolicy, tell: Callable[[str], None]
) -> Sent:
    if answer.ok and object_path(request) and not of_kubernetes(answer):
        settled = time.monotonic() + policy.settle_margin
        return await _settle(writer, request, f"{NOT_KUBERNETES} ({answer.status})", settled, tell)
    if answer.ok:
        return Sent(
            request=request, result=Result.APPLIED, sentence=f"the server accepted it ({answer.status})"
        )
    kind, told = explain(answer, request)
    if certainly_not_applied(answer):
        result = Result.REFUSED if kind != "gone" or request.method != "DELETE" else Result.NOT_APPLIED
        return Sent(
            request=request,
            result=result,
            sentence=told,
            gone=kind == "gone",
            budget=kind == "budget",
            conflict=kind == "conflict",
        )
    settled = time.monotonic() + policy.settle_margin
    return await _settle(writer, request, told, settled, tell)


async def _settle(
    writer: Sender, request: Request, why: str, settled_after: float, tell: Callable[[str], None]
) -> Sent:
    """UNKNOWN OUTCOME: wait until nobody works on it any more, then look."""
    wait = max(0.0, settled_after - time.monotonic())
    tell(f"UNKNOWN OUTCOME: {safe(why)}; it is not sent again, the cluster is read in {wait:.0f} s")
    await asyncio.sleep(wait)
    try:
        result, told = await read_outcome(writer, request)
    except ReadFailed as failed:
        return Sent(
            request=request,
            result=Result.UNKNOWN,
            sentence=safe(f"{why}; and the cluster cannot be read: {failed.problem}"),
        )
    return Sent(request=request, result=result, sentence=safe(f"{why}; read again: {told}"))


def object_path(request: Request) -> str:
    """The path of the object that a request changes; "" where it changes none that can be read."""
    parts = request.path.split("/")
    if (
        not request.path.startswith("/api")
        or "proxy" in parts
        or request.method not in ("PATCH", "DELETE", "POST")
    ):
        return ""
    for tail in ("status", "scale", "eviction", "exec", "portforward"):
        if parts[-1] == tail and len(parts) > 6:
            return "/".join(parts[:-1])
    return request.path if request.method in ("PATCH", "DELETE") else ""


async def read_outcome(writer: Sender, request: Request, marks: Marks | None = None) -> tuple[Result, str]:
    """Whether the cluster is as the request would have left it. ``marks`` where the request itself was redacted. Raises
    ``ReadFailed``."""
    path = object_path(request)
    if not path:
        return Result.UNKNOWN, "it leaves nothing behind that could be read"
    answer = await writer.read(path)
    removes = request.method == "DELETE" or (path != request.path and request.path.endswith("/eviction"))
    uid = request.subject.uid if request.subject is not None else ""
    if answer.status == 404:
        if removes:
            return Result.APPLIED, "it is gone"
        return Result.NOT_APPLIED, "the object is gone"
    if not answer.ok:
        return Result.UNKNOWN, f"it cannot be read: {answer.message}"
    metadata = answer.body.get("metadata") or {}
    if uid and metadata.get("uid") != uid:
        told = "another object has its name now"
        return (Result.APPLIED if removes else Result.NOT_APPLIED), told
    if removes:
        if metadata.get("deletionTimestamp"):
            return Result.APPLIED, "it is on its way out"
        return Result.NOT_APPLIED, "it is there and not on its way out"
    return _by_effect(request, answer.body, marks)


def _by_effect(request: Request, document: Any, marks: Marks | None) -> tuple[Result, str]:
    if not operations_of(request):
        return Result.UNKNOWN, "it cannot be told by reading"
    effect = by_marks(marks, document, request) if marks is not None else took_effect(request, document)
    if effect:
        return _brought(request, document)
    if effect is False and (marks is not None or still_stands(request, document)):
        return Result.NOT_APPLIED, "everything is as it was: it took no effect"
    return Result.UNKNOWN, "it is neither as it was nor as was wanted: somebody changed it since"


def _brought(request: Request, document: Any) -> tuple[Result, str]:
    """It is as the request would have left it: whether that is the request's doing, as far as managedFields tell."""
    managers = managers_of(document, [o["path"] for o in operations_of(request) if o["op"] != "test"])
    if not managers or any(m.manager == OURS and m.time == managers[0].time for m in managers):
        return Result.APPLIED, "it took effect"
    other = managers[0]
    if any(m.manager == OURS for m in managers):
        return (
            Result.UNKNOWN,
            f"it is as was wanted, and {other} wrote there last: whose doing it is cannot be told",
        )
    return Result.NOT_APPLIED, f"it is as was wanted, and {other} brought that: this request took no effect"


Note = Callable[[str, str], Awaitable[None]]
"""Records what became of one item."""


class Turn(NamedTuple):
    """Whether a request's turn has come. ``needed``: whether it is to be sent; ``why`` not, where not."""

    come: bool
    needed: bool = True
    why: str = ""
    request: Request | None = None  # with a place put in that is known only now, and that others may move


Ready = Callable[[Request], Awaitable[Turn]]
"""Waits for what a request is to be sent after."""


def name_of(request: Request) -> str:
    subject = request.subject
    if subject is None:
        return request.what
    return f"{subject.kind} {subject.namespace + '/' if subject.namespace else ''}{subject.name}"


async def send_each(
    writer: Sender,
    requests: tuple[Request, ...],
    audit_id: Callable[[int], str],
    policy: ActionPolicy,
    tell: Callable[[str], None],
    show: Callable[[Items], None],
    note: Note,
    ready: Ready,
) -> SendOutcome:
    """All of them in order, each once its turn has come; the first that is not done ends it: FAILED where others were done
    before, since that is not nothing. Of a drain's evictions each is an item of its own: one that a budget refuses is asked again
    until the time is over, one that fails does not hold the others; so with each that stands alone
    (``Request.alone``)."""
    evictions = [r for r in requests if r.path.endswith("/eviction")]
    many = any(not r.dry_run for r in evictions)
    items: dict[str, str] = {name_of(r): "waits" for r in evictions} if many else {}
    refused: dict[str, str] = {}  # of those that stand alone
    first = [r for r in requests if not (many and r in evictions)]
    number, said = 0, ""  # each that is sent has an audit id of its own
    for done, request in enumerate(first):
        if request.alone and name_of(request) in refused:
            continue
        for last in range(_PLACES - 1, -1, -1):
            turn = await ready(request)
            if not turn.come:
                told = f"{done} of {len(requests)} requests were done; {turn.why}"
                return SendOutcome(Result.FAILED, safe(told), tuple(items.items()))
            if not turn.needed:
                said = f"{said}; {turn.why}" if said else turn.why
                break
            sent = await send(writer, turn.request or request, audit_id(number), policy, tell)
            number += 1
            if sent.result is Result.APPLIED:
                said = sent.sentence
                if request.alone:
                    items[name_of(request)] = "done"
                    show(tuple(items.items()))
                break
            moved = turn.request is not None and sent.conflict and last > 0
            if request.alone and sent.result is Result.REFUSED and not moved:
                refused[name_of(request)] = items[name_of(request)] = sent.sentence
                show(tuple(items.items()))
                break
            if not moved:
                part = f"{done} of {len(requests)} requests were done before; " if done else ""
                known = sent.result if not done or sent.result is Result.UNKNOWN else Result.FAILED
                return SendOutcome(known, f"{part}{request.what}: {sent.sentence}", tuple(items.items()))
            await asyncio.sleep(_LOOK_AGAIN)
    if refused:
        told = "; ".join(f"{name}: {why}" for name, why in list(refused.items())[:_NAMED])
        more = f" and {len(refused) - _NAMED} more" if len(refused) > _NAMED else ""
        words = f"{len(items) - len(refused)} of {len(items)} were done; not {told}{more}: make the plan anew for these"
        return SendOutcome(Result.FAILED, words, tuple(items.items()))
    if not many:
        told = f"{len(items)} of {len(items)} were done" if items else said
        return SendOutcome(Result.APPLIED, told, tuple(items.items()))
    return await _evict(writer, evictions, number, items, audit_id, policy, tell, show, note)


async def _evict(
    writer: Sender,
    evictions: list[Request],
    number: int,
    items: dict[str, str],
    audit_id: Callable[[int], str],
    policy: ActionPolicy,
    tell: Callable[[str], None],
    show: Callable[[Items], None],
    note: Note,
) -> SendOutcome:
    over = time.monotonic() + policy.drain_timeout
    waiting, unknown, failed, done = list(evictions), 0, 0, 0
    while waiting:
        again = []
        for request in waiting:
            sent = await send(writer, request, audit_id(number), policy, tell)
            number += 1
            if sent.result is Result.APPLIED or sent.gone:
                done += 1
                items[name_of(request)] = "gone already" if sent.gone else "evicted"
            elif sent.budget:
                again.append(request)
                items[name_of(request)] = sent.sentence
            else:
                unknown += sent.result is Result.UNKNOWN
                failed += sent.result is not Result.UNKNOWN
                items[name_of(request)] = sent.sentence
            show(tuple(items.items()))
            if not sent.budget:
                await note(name_of(request), items[name_of(request)])
        waiting = again
        if waiting and time.monotonic() + _AGAIN > over:
            break
        if waiting:
            await asyncio.sleep(_AGAIN)
    told = f"{done} of {len(evictions)} pods evicted"
    for request in waiting:
        await note(name_of(request), items[name_of(request)])
    if waiting:
        held = [f"{request.what}: {items[name_of(request)]}" for request in waiting[:_NAMED]]
        more = f"; and {len(waiting) - _NAMED} more" if len(waiting) > _NAMED else ""
        told += f"; {len(waiting)} are held by PodDisruptionBudgets: {'; '.join(held)}{more}"
    if failed:
        told += f"; {failed} failed"
    if unknown:
        return SendOutcome(
            Result.UNKNOWN, f"{told}; of {unknown} the outcome is unknown", tuple(items.items())
        )
    result = Result.APPLIED if done == len(evictions) else Result.FAILED
    return SendOutcome(result, told, tuple(items.items()))
