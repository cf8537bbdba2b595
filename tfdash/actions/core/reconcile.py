"""Intents without an outcome, found at the start: the program or the machine ended in between. They are read, never repeated."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from tfdash.actions.core.execution_record import verified_data
from tfdash.actions.core.executor import Executor
from tfdash.actions.core.plan_digest import requests_of
from tfdash.actions.core.postconditions import Postcondition, parts_of
from tfdash.actions.core.protocols import Ledger, PlanRefused, Reconciled
from tfdash.actions.core.run_tag import KEY
from tfdash.actions.core.verification import PictureHolder, Verification
from tfdash.model.action import Plan, Result
from tfdash.model.requests import ReadFailed
from tfdash.model.store_state import Entry, EntryKind
from tfdash.text import safe

_READ_TRIES = 30  # seconds for which a cluster that cannot be read at the start is asked again


async def reconcile(
    entries: Iterable[Entry],
    executor_of: Callable[[Plan], Executor],
    ledger: Ledger | None,
    *,
    now: float,
    patience: float,
) -> tuple[Reconciled, ...]:
    """Each intent read again; ``executor_of`` raises ``PlanRefused`` where its target cannot be reached from here. What can be told is recorded as its outcome. ``patience``: seconds from an intent until its
    server has certainly given up; before that nothing is "not applied"."""
    found = []
    for entry in entries:
        result, sentence = await _read(entry, executor_of)
        if result is Result.NOT_APPLIED and now < entry.at + patience:
            wait = min(patience, entry.at + patience - now)
            result = Result.UNKNOWN
            sentence = f"{sentence}; but the server may still be at it: look again in {wait:.0f} s"
        recorded = False
        if result is not Result.UNKNOWN and ledger is not None:
            recorded = await record(ledger, entry, result, sentence, "settled at the start by reading")
        found.append(Reconciled(entry=entry, result=result, sentence=safe(sentence), recorded=recorded))
    return tuple(found)


async def record(ledger: Ledger, entry: Entry, result: Result, sentence: str, how: str) -> bool:
    """The outcome of an intent that was left; also what an operator says of one that could not be told."""
    try:
        await ledger.append(
            EntryKind.OUTCOME,
            actor=entry.actor,
            subject=None,
            action=entry.action,
            intent=entry.intent,
            sentence=f"{result}: {sentence} ({how})",
            data={"result": str(result), "settled": how, **_tag(_data(entry))},
            environment=entry.environment,
        )
    except Exception:
        return False
    return True


async def verify_left(
    intent: Entry,
    outcome: Entry,
    executor_of: Callable[[Plan], Executor],
    known_of: Callable[[Plan], Mapping[str, Postcondition]],
    board: PictureHolder,
    ledger: Ledger,
    now: float,
) -> None:
    """What was done when the program ended, followed to its end by the next one. Its time counts from when it was done. Raises
    ``LedgerUnavailable`` where that cannot be recorded."""
    data = _data(intent)
    try:
        plan = msgspec.convert(data.get("plan"), Plan)
        executor = executor_of(plan)
    except (msgspec.ValidationError, PlanRefused):
        return  # of another version, or of a cluster that this terminal only reads: another one may
    known = dict(known_of(plan))
    named = {parts_of(p)[0] for p in plan.posts}
    if not named <= set(known):
        return
    if "written" in named:  # its requests may have been redacted: their marks tell
        applied = await _all_applied(executor, plan, data)
        known["written"] = Postcondition("written", lambda seen, value: seen.same and applied)
    verification = Verification(plan, executor, board, known)
    verification.before = dict.fromkeys(_data(outcome).get("before") or (), True)
    end = await verification.follow(intent.at, lambda states: None, waited=max(0.0, now - outcome.at))
    await ledger.append(
        EntryKind.VERIFICATION,
        actor=intent.actor,
        subject=None,
        action=intent.action,
        intent=intent.intent,
        sentence=f"{end.sentence} (looked at by the next start)",
        data={**verified_data(end), "settled": "by the next start", **_tag(data)},
        environment=intent.environment,
    )


async def _all_applied(executor: Executor, plan: Plan, data: Mapping[str, Any]) -> bool:
    requests = requests_of(plan)
    marks = data.get("marks")
    kept = marks if isinstance(marks, list) and len(marks) == len(requests) else [None] * len(requests)
    mine = [(r, m) for r, m in zip(requests, kept, strict=True) if r.subject == plan.subject and not r.after]
    for _ in range(_READ_TRIES):
        try:
            return all([(await executor.read_outcome(r, m))[0] is Result.APPLIED for r, m in mine])
        except ReadFailed:
            await asyncio.sleep(1.0)
    return False


async def _read(entry: Entry, executor_of: Callable[[Plan], Executor]) -> tuple[Result, str]:
    data = _data(entry)
    try:
        plan = msgspec.convert(data.get("plan"), Plan)
    except msgspec.ValidationError:
        return Result.UNKNOWN, "its plan cannot be read any more"
    try:
        executor = executor_of(plan)
    except PlanRefused:
        return Result.UNKNOWN, f"{plan.subject.cluster.cluster} cannot be reached from here"
    requests = requests_of(plan)
    results = []
    marks = data.get("marks")
    kept = marks if isinstance(marks, list) and len(marks) == len(requests) else [None] * len(requests)
    for request, mark in zip(requests, kept, strict=True):
        try:
            results.append(await executor.read_outcome(request, mark))
        except ReadFailed as failed:
            return Result.UNKNOWN, f"the cluster cannot be read: {failed.problem}"
    kinds = {result for result, _ in results}
    told = "; ".join(dict.fromkeys(sentence for _, sentence in results))
    if len(kinds) == 1:
        return kinds.pop(), told
    if Result.UNKNOWN in kinds:
        return Result.UNKNOWN, told
    done = sum(result is Result.APPLIED for result, _ in results)
    return Result.FAILED, f"{done} of {len(results)} requests were done: {told}"


def _tag(intent: Mapping[str, Any]) -> dict[str, Any]:
    return {KEY: intent[KEY]} if KEY in intent else {}


def _data(entry: Entry) -> dict[str, Any]:
    try:
        found = json.loads(entry.data)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
