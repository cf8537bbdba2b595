"""A lower partition lets a release reach more pods: a promotion. A higher one holds it back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.actions.things import NOW, REF, Standing, subject, world
from tfdash.actions.core.action_service import make_service
from tfdash.actions.core.mode import Mode
from tfdash.actions.core.policy import ActionPolicy
from tfdash.actions.core.protocols import ActionService, PlanRefused, Writers
from tfdash.clock import FixedClock
from tfdash.model.action import FreezeRule, Risk


def service(**status: Any) -> ActionService:
    found = world()
    database = next(d for d in found if d["kind"] == "StatefulSet")
    database["status"] |= status
    board = Standing(found)
    writers = Writers(clusters={REF: board.server})
    return make_service(board, writers, None, ActionPolicy(follow=0.0), FixedClock(NOW), Mode(acts=True))


@pytest.mark.parametrize(
    ("wanted", "freeze", "promotes", "risk", "words"),
    [
        ("1", FreezeRule.FROZEN, True, Risk.TYPED_NAME, "db-1 would be replaced by the new version (db-2)"),
        ("0", FreezeRule.FROZEN, True, Risk.TYPED_NAME, "db-0 to db-1 would be replaced by the new version"),
        ("3", FreezeRule.EXEMPT, False, Risk.KEY, "of db-2 no further one is replaced"),
        ("9", FreezeRule.EXEMPT, False, Risk.KEY, "of db-2 no further one is replaced"),
    ],
)
async def test_while_a_release_is_in_flight(
    wanted: str, freeze: FreezeRule, promotes: bool, risk: Risk, words: str
) -> None:
    plan = (
        await service().plan("workload.partition", subject("StatefulSet", "db"), {"partition": wanted})
    ).plan
    assert (plan.freeze, plan.promotes, plan.risk) == (freeze, promotes, risk)
    assert words in plan.effect
    (request,) = plan.requests
    *tests, change = json.loads(request.body)
    assert all(t["op"] == "test" for t in tests)
    assert change == {
        "op": "replace",
        "path": "/spec/updateStrategy/rollingUpdate/partition",
        "value": int(wanted),
    }


async def test_with_nothing_in_flight_it_is_about_the_next_release() -> None:
    at = service(updateRevision="db-1")
    plan = (await at.plan("workload.partition", subject("StatefulSet", "db"), {"partition": "0"})).plan
    assert plan.freeze is FreezeRule.FROZEN and not plan.promotes
    assert "nothing is in flight; the next release reaches db-0 to db-1" in plan.effect


async def test_a_change_that_its_controller_has_not_seen_is_let_on_by_nobody() -> None:
    """Its revisions are equal yet, and no verdict would be asked."""
    at = service(updateRevision="db-1", observedGeneration=0)
    with pytest.raises(PlanRefused, match="not taken up its last change"):
        await at.plan("workload.partition", subject("StatefulSet", "db"), {"partition": "0"})
    plan = (await at.plan("workload.partition", subject("StatefulSet", "db"), {"partition": "3"})).plan
    assert plan.freeze is FreezeRule.EXEMPT  # holding back is no matter of that


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("0", "those of db-0 to db-1 that do not run db-1 would be replaced by it"),
        ("3", "those of db-2 that do not run db-1 stay"),
    ],
)
async def test_pods_of_what_was_taken_back_are_not_nothing(wanted: str, words: str) -> None:
    """One revision again, and pods of the other that the partition keeps: the controller replaces them once it may."""
    at = service(updateRevision="db-1", updatedReplicas=1)
    plan = (await at.plan("workload.partition", subject("StatefulSet", "db"), {"partition": wanted})).plan
    assert not plan.promotes and words in plan.effect


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({}, "partition: must be given"),
        ({"partition": "2"}, "its partition is 2 already"),
        ({"partition": "-1"}, "not between 0"),
        ({"partition": "half"}, "not a whole number"),
    ],
)
async def test_what_is_no_partition(given: dict[str, str], why: str) -> None:
    with pytest.raises(PlanRefused, match=why):
        await service().plan("workload.partition", subject("StatefulSet", "db"), given)
