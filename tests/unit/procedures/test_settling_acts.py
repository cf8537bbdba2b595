"""What became of an action step that was cut off, out of what is on record of it: a table. Nothing is ever sent to find out."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.store.helpers import NOW
from tfdash.actions.core.protocols import Reconciled
from tfdash.model.action import Result
from tfdash.model.procedure import Step, StepKind
from tfdash.model.run import Probed, RunEventKind
from tfdash.model.store_state import ActOnRecord, Entry, EntryKind
from tfdash.procedures.steps.action import ActionStep

STEP = Step(id="act", title="act", kind=StepKind.ACTION)


def intent(posts: bool = False) -> Entry:
    plan = {"posts": [{"id": "served", "text": "it serves"}] if posts else []}
    return Entry(
        version=1,
        terminal="t1",
        sequence=1,
        at=NOW,
        kind=EntryKind.INTENT,
        actor="ann",
        intent="t1:1",
        sentence="web restarts",
        data=json.dumps({"plan": plan}),
    )


def doing(
    acts: dict[str, ActOnRecord], *, read: Result | None = None, after: bool | None = True, late: bool = False
) -> Any:
    """A step in the air. ``read``: what reading the target tells of an intent, None where nobody can read it."""

    async def reconcile(entries: list[Entry]) -> tuple[Reconciled, ...]:
        return tuple(Reconciled(entry=e, result=read, sentence="read again") for e in entries if read)

    probed = (Probed(passed=after, sentence="it serves"),)
    return SimpleNamespace(
        means=SimpleNamespace(
            acts=lambda terminal, tag: acts[terminal], actions=SimpleNamespace(reconcile=reconcile)
        ),
        tag="r/act/1",
        step=STEP,
        began=NOW - (3600 if late else 5),
        now=NOW,
        ask=lambda asks: probed,
        began_at=lambda: tuple(acts),
    )


NOTHING = ActOnRecord(whole=True)
NOT_HELD = ActOnRecord(whole=False)
INTENDED = ActOnRecord(intent=intent(), whole=True)
APPLIED = ActOnRecord(intent=intent(), result=Result.APPLIED, sentence="done", whole=True)
TO_SEE = ActOnRecord(intent=intent(True), result=Result.APPLIED, sentence="done", whole=True)
UNDONE = ActOnRecord(
    intent=intent(True), result=Result.APPLIED, sentence="UNDONE", verified=False, whole=True
)
REFUSED = ActOnRecord(result=Result.REFUSED, sentence="closed", whole=True)
FAILED = ActOnRecord(intent=intent(), result=Result.FAILED, sentence="1 of 2", whole=True)
DECIDED = ActOnRecord(result=Result.APPLIED, sentence="ann decides", verified=True, whole=False)
SENT_NOTHING = "not done"


@pytest.mark.parametrize(
    ("act", "more", "told"),
    [
        (NOTHING, {}, SENT_NOTHING),  # its log is held to its end, and no intent is in it
        (NOT_HELD, {}, "unknown outcome"),  # of another machine: there may be one
        (INTENDED, {"read": Result.APPLIED}, "done"),
        (INTENDED, {"read": Result.NOT_APPLIED}, SENT_NOTHING),
        (INTENDED, {"read": Result.FAILED}, "failed"),
        (INTENDED, {"read": Result.UNKNOWN}, "unknown outcome"),
        (INTENDED, {"read": None}, "unknown outcome"),  # a terminal that may not act reads nothing
        (APPLIED, {}, "done"),
        (APPLIED, {"after": False}, "unknown outcome"),  # it may come true yet
        (APPLIED, {"after": None}, "unknown outcome"),  # what is not known never passes
        (APPLIED, {"after": False, "late": True}, "failed"),
        (TO_SEE, {}, "unknown outcome"),  # the next start follows it to its end
        (TO_SEE, {"late": True}, "unknown outcome"),  # also after an hour's outage: it was not looked at yet
        (APPLIED, {"after": None, "late": True}, "unknown outcome"),
        (UNDONE, {}, "failed"),
        (REFUSED, {}, SENT_NOTHING),
        (FAILED, {}, "failed"),
        (DECIDED, {}, "done"),
    ],
)
async def test_by_what_is_on_record(act: ActOnRecord, more: dict[str, Any], told: str) -> None:
    end = await ActionStep().settle(doing({"t1": act}, **more))
    assert end is not None and end.sentence
    assert (end.data.get("result") if end.kind is RunEventKind.SETTLED else end.kind.value) == told


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        (NOTHING, APPLIED, "done"),  # both began it, since nobody kept claims; one of them sent
        (NOTHING, NOTHING, SENT_NOTHING),
        (APPLIED, APPLIED, "unknown outcome"),
        (APPLIED, NOT_HELD, "unknown outcome"),
    ],
)
async def test_of_two_that_began_it(one: ActOnRecord, other: ActOnRecord, told: str) -> None:
    end = await ActionStep().settle(doing({"t1": one, "t2": other}))
    assert end is not None
    assert (end.data.get("result") if end.kind is RunEventKind.SETTLED else end.kind.value) == told
