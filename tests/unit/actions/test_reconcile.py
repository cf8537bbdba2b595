"""Intents without an outcome, and outcomes without a verification: what is read of them, and what is recorded."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from tests.unit.actions.acting import Ledger
from tests.unit.actions.things import NOW, Standing, subject, world
from tfdash.actions.core import reconcile as module
from tfdash.actions.core.executor import Executor
from tfdash.actions.core.postconditions import Postcondition
from tfdash.actions.core.protocols import PlanRefused, Reconciled
from tfdash.actions.core.reconcile import reconcile, verify_left
from tfdash.model.action import Choice, Plan, Post, Request, Result
from tfdash.model.observation import Problem, ProblemKind
from tfdash.model.requests import ReadFailed
from tfdash.model.store_state import Entry, EntryKind
from tfdash.model.subject import Subject

WEB = subject("Deployment", "web")._replace(uid="uid-web")
DONE, NOT, UNKNOWN = Result.APPLIED, Result.NOT_APPLIED, Result.UNKNOWN
AWAY = ReadFailed(Problem(kind=ProblemKind.UNREACHABLE, cause="refused"))


def a_request(what: str = "a", at: Subject = WEB, **more: Any) -> Request:
    return Request(method="PATCH", path=f"/{what}", subject=at, **more)


def a_plan(*requests: Request, **more: Any) -> Plan:
    return Plan(id="p", action="workload.hold", title="t", subject=WEB, effect="e", requests=requests, **more)


def entry(data: Any, kind: EntryKind = EntryKind.INTENT, at: float = 100.0) -> Entry:
    return Entry(
        version=1,
        terminal="t1",
        sequence=7,
        at=at,
        kind=kind,
        actor="ann",
        environment="production",
        action="workload.hold",
        intent="t1:7",
        data=data if isinstance(data, str) else json.dumps(data),
    )


def intent(plan: Plan, **more: Any) -> Entry:
    return entry({"plan": msgspec.to_builtins(plan), **more})


class Target:
    """Answers each request's path from ``outcomes``, one after the other, the last for ever; keeps what it was asked."""

    def __init__(self, document: Mapping[str, Any] | None = None, **outcomes: Sequence[Any]) -> None:
        self._document, self._outcomes = document, {f"/{k}": list(v) for k, v in outcomes.items()}
        self.asked: list[tuple[str, Any]] = []

    async def read_outcome(self, request: Request, marks: Any) -> tuple[Result, str]:
        self.asked.append((request.path, marks))
        left = self._outcomes[request.path]
        found = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(found, Exception):
            raise found
        return cast(tuple[Result, str], found)

    async def document(self, at: Subject) -> Mapping[str, Any] | None:
        return self._document

    def wrote(self, plan: Plan, document: Mapping[str, Any]) -> str:
        return ""

    def of(self, plan: Plan) -> Executor:
        return cast(Executor, self)


def refused(plan: Plan) -> Executor:
    raise PlanRefused("no writer")


A, B = a_request("a"), a_request("b")
BOTH = a_plan(A, B)
FIRST = a_plan(
    B,
    choices=(
        Choice(id="c", text="c", chosen=True, requests=(A,)),
        Choice(id="d", text="d", requests=(a_request("d"),)),
    ),
)


@pytest.mark.parametrize(
    ("left", "outcomes", "result", "sentence"),
    [
        (intent(a_plan(A)), {"a": [(DONE, "it took effect")]}, DONE, "it took effect"),
        (intent(a_plan(A)), {"a": [(NOT, "as it was")]}, NOT, "as it was"),
        (intent(a_plan(A)), {"a": [(UNKNOWN, "changed since")]}, UNKNOWN, "changed since"),
        (intent(a_plan(A)), {"a": [AWAY]}, UNKNOWN, f"the cluster cannot be read: {AWAY.problem}"),
        (intent(BOTH), {"a": [(DONE, "done")], "b": [(DONE, "done")]}, DONE, "done"),
        (intent(BOTH), {"a": [(DONE, "x")], "b": [(DONE, "y")]}, DONE, "x; y"),
        (
            intent(BOTH),
            {"a": [(DONE, "x")], "b": [(NOT, "y")]},
            Result.FAILED,
            "1 of 2 requests were done: x; y",
        ),
        (intent(BOTH), {"a": [(DONE, "x")], "b": [(UNKNOWN, "y")]}, UNKNOWN, "x; y"),
        (
            intent(BOTH),
            {"a": [(DONE, "x")], "b": [AWAY]},
            UNKNOWN,
            f"the cluster cannot be read: {AWAY.problem}",
        ),
        (intent(FIRST), {"a": [(DONE, "x")], "b": [(DONE, "y")]}, DONE, "x; y"),
        (entry("{}"), {}, UNKNOWN, "its plan cannot be read any more"),
        (entry("not JSON"), {}, UNKNOWN, "its plan cannot be read any more"),
        (entry("[1]"), {}, UNKNOWN, "its plan cannot be read any more"),
        (entry({"plan": {"id": 1}}), {}, UNKNOWN, "its plan cannot be read any more"),
        (intent(a_plan(A)), {"a": [(DONE, "a\x1b[31mb")]}, DONE, "a␛[31mb"),
    ],
)
async def test_what_became_of_an_intent(
    left: Entry, outcomes: dict[str, Any], result: Result, sentence: str
) -> None:
    ledger = Ledger()
    found = await reconcile([left], Target(**outcomes).of, ledger, now=NOW, patience=25.0)
    recorded = result is not UNKNOWN
    assert found == (Reconciled(entry=left, result=result, sentence=sentence, recorded=recorded),)
    assert len(ledger.entries) == recorded
    if recorded:
        kept = ledger.entries[0]
        assert (kept.kind, kept.actor, kept.environment, kept.target) == ("outcome", "ann", "production", "")
        assert (kept.action, kept.intent) == ("workload.hold", "t1:7")
        how = "settled at the start by reading"
        assert kept.sentence.startswith(f"{result}: ") and kept.sentence.endswith(f" ({how})")
        assert json.loads(kept.data) == {"result": str(result), "settled": how}


async def test_a_target_that_cannot_be_reached_from_here_is_unknown() -> None:
    [found] = await reconcile([intent(a_plan(A))], refused, Ledger(), now=NOW, patience=25.0)
    assert (found.result, found.sentence) == (UNKNOWN, "eu-1 cannot be reached from here")


@pytest.mark.parametrize(
    ("now", "result", "sentence"),
    [
        (124.0, UNKNOWN, "as it was; but the server may still be at it: look again in 1 s"),
        (125.0, NOT, "as it was"),  # half-open
        (
            50.0,
            UNKNOWN,
            "as it was; but the server may still be at it: look again in 25 s",
        ),  # a clock set back
    ],
)
async def test_nothing_is_not_applied_while_its_server_may_be_at_it(
    now: float, result: Result, sentence: str
) -> None:
    ledger = Ledger()
    target = Target(a=[(NOT, "as it was")])
    [found] = await reconcile([intent(a_plan(A))], target.of, ledger, now=now, patience=25.0)
    assert (found.result, found.sentence, found.recorded) == (result, sentence, result is NOT)
    early = Target(a=[(DONE, "x")])  # what took effect did, however early
    [found] = await reconcile([intent(a_plan(A))], early.of, ledger, now=101.0, patience=25.0)
    assert found.result is DONE


@pytest.mark.parametrize("ledger", [None, Ledger()])
async def test_what_is_told_and_cannot_be_recorded_is_told_all_the_same(ledger: Ledger | None) -> None:
    if ledger is not None:
        ledger.down = "the disk is full"
    lefts = [intent(a_plan(A)), intent(a_plan(B))]
    found = await reconcile(lefts, Target(a=[(DONE, "x")], b=[(NOT, "y")]).of, ledger, now=NOW, patience=25.0)
    assert [(f.result, f.recorded) for f in found] == [(DONE, False), (NOT, False)]


@pytest.mark.parametrize(
    ("marks", "used"),
    [
        ({}, [None, None]),
        ({"marks": [{"m": 1}, None]}, [{"m": 1}, None]),
        ({"marks": [{"m": 1}]}, [None, None]),  # of other requests
        ({"marks": "xy"}, [None, None]),
    ],
)
async def test_marks_tell_of_a_redacted_request(marks: dict[str, Any], used: list[Any]) -> None:
    target = Target(a=[(DONE, "x")], b=[(DONE, "x")])
    await reconcile([intent(BOTH, **marks)], target.of, Ledger(), now=NOW, patience=25.0)
    assert target.asked == [("/a", used[0]), ("/b", used[1])]


# -- followed to its end by the next start ----------------------------------------------------------------------------

PAUSED = Postcondition("paused", lambda seen, value: seen.spec.get("paused") is True)
WRITTEN = Postcondition("written", lambda seen, value: False)
KNOWN = {p.id: p for p in (PAUSED, WRITTEN)}
POST = Post(id="paused", text="it is paused", within=60.0)
SENT = Post(id="written", text="it is written", within=60.0)


def seen_as(paused: bool, uid: str = "uid-web") -> dict[str, Any]:
    return {"metadata": {"uid": uid}, "spec": {"paused": paused}}


async def followed(
    plan: Plan,
    target: Target,
    *,
    before: Any = None,
    waited: float = 61.0,
    of: Callable[[Plan], Executor] | None = None,
    **kept: Any,
) -> list[Entry]:
    ledger = Ledger()
    outcome = entry({} if before is None else {"before": before}, EntryKind.OUTCOME, at=200.0)
    await verify_left(
        intent(plan, **kept),
        outcome,
        of or target.of,
        lambda plan: KNOWN,
        Standing(world()),
        ledger,
        200.0 + waited,
    )
    return ledger.entries


@pytest.mark.parametrize(
    ("paused", "before", "good", "sentence"),
    [
        (True, None, True, "seen: it is paused"),
        (True, [], True, "seen: it is paused"),
        (True, ["other"], True, "seen: it is paused"),
        (True, ["paused"], False, "NOT verified, it was so before: it is paused"),
        (False, None, False, "NOT seen in time: it is paused"),
    ],
)
async def test_what_was_done_is_followed_to_its_end(
    paused: bool, before: Any, good: bool, sentence: str
) -> None:
    [kept] = await followed(a_plan(A, posts=(POST,)), Target(seen_as(paused)), before=before)
    assert (kept.kind, kept.actor, kept.environment, kept.target) == ("verification", "ann", "production", "")
    assert (kept.action, kept.intent) == ("workload.hold", "t1:7")
    assert kept.sentence == f"{sentence} (looked at by the next start)"
    assert json.loads(kept.data) == {
        "verified": good,
        "posts": [["paused", good]],
        "settled": "by the next start",
    }


async def test_its_time_counts_from_when_it_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[float, float]] = []

    async def follow(self: Any, since: float, show: Any, *, waited: float = 0.0) -> Any:
        told.append((since, waited))
        return SimpleNamespace(good=True, sentence="s", states=())

    monkeypatch.setattr(module.Verification, "follow", follow)
    for waited in (61.0, -5.0):  # a clock set back is no time
        await followed(a_plan(A, posts=(POST,)), Target(seen_as(True)), waited=waited)
    assert told == [(100.0, 61.0), (100.0, 0.0)]


@pytest.mark.parametrize("of", [None, refused])
async def test_what_another_terminal_must_follow_is_left_to_it(of: Any) -> None:
    unknown = Post(id="of-a-later-version:3", text="x")
    plan = a_plan(A, posts=(POST, unknown)) if of is None else a_plan(A, posts=(POST,))
    assert await followed(plan, Target(seen_as(True)), of=of) == []


async def test_a_plan_that_cannot_be_read_is_left() -> None:
    ledger = Ledger()
    gone = entry("{}")
    await verify_left(gone, gone, Target().of, lambda plan: KNOWN, Standing(world()), ledger, NOW)
    assert ledger.entries == []


LATER = a_request("later", after=POST)
ELSEWHERE = a_request("other", subject("Deployment", "held"))


@pytest.mark.parametrize(
    ("outcomes", "document", "good"),
    [
        ([(DONE, "x")], seen_as(True), True),
        ([(NOT, "x")], seen_as(True), False),
        ([(UNKNOWN, "x")], seen_as(True), False),
        ([(DONE, "x")], seen_as(True, uid="another"), False),
        ([(DONE, "x")], None, False),
        ([AWAY, AWAY, (DONE, "x")], seen_as(True), True),
        ([*[AWAY] * 29, (DONE, "x")], seen_as(True), True),
        ([*[AWAY] * 30, (DONE, "x")], seen_as(True), False),
    ],
)
async def test_what_was_written_is_told_by_its_marks(
    monkeypatch: pytest.MonkeyPatch, outcomes: list[Any], document: Any, good: bool
) -> None:
    """Of the plan's own object, of what is sent at once; read again for half a minute while the cluster is away."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(module, "asyncio", SimpleNamespace(sleep=sleep))
    target = Target(document, a=outcomes, later=[(NOT, "")], other=[(NOT, "")])
    plan = a_plan(A, LATER, ELSEWHERE, posts=(SENT,))
    [kept] = await followed(plan, target, marks=[{"m": 1}, None, None])
    assert json.loads(kept.data)["verified"] is good
    away = sum(isinstance(o, Exception) for o in outcomes)
    assert waits == [1.0] * away
    assert target.asked == [("/a", {"m": 1})] * (away + (away < 30))
    [bare] = await followed(plan, target, marks=[{"m": 1}])
    assert target.asked[-1] == ("/a", None) and bare.kind == "verification"
