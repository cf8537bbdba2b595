"""A lower partition lets a release reach more pods: a promotion. A higher one holds it back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import structs

from tests.unit.actions.things import CLOSED, NOW, REF, Standing, meta, pod, subject, template, world
from tfdash.actions.core.action_service import make_service
from tfdash.actions.core.mode import Mode
from tfdash.actions.core.policy import ActionPolicy
from tfdash.actions.core.protocols import ActionService, PlanRefused, Writers
from tfdash.clock import FixedClock
from tfdash.model.action import FreezeRule, Risk
from tfdash.model.store_state import StoreState


def service(**status: Any) -> ActionService:
    found = world()
    database = next(d for d in found if d["kind"] == "StatefulSet")
    database["status"] |= status
    return desk(Standing(found))


def desk(board: Standing) -> ActionService:
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


def revisions(current: str, at: dict[str, str], **numbers: int) -> Standing:
    """A StatefulSet db that wants the tag ``current``, its ControllerRevisions by tag with their numbers, of which "1" was made
    first, and its pods by name with the tag that they run; its partition is 2."""
    found = next(d for d in world() if d["kind"] == "StatefulSet")
    found["spec"]["template"] = template("db", current)
    found["status"] |= {"updateRevision": f"db-{current}", "currentRevision": "db-2"}
    made = []
    for tag, number in numbers.items():
        owned = pod("db", found)["metadata"]["ownerReferences"]
        of = {"template": {**template("db", tag[1:]), "$patch": "replace"}}
        one = {
            "apiVersion": "apps/v1",
            "kind": "ControllerRevision",
            "metadata": meta(f"db-{tag[1:]}", ownerReferences=owned),
            "revision": number,
            "data": {"spec": of},
        }
        one["metadata"]["creationTimestamp"] = f"2026-11-2{tag[1:]}T10:00:00Z"
        made.append(one)
    for name, tag in at.items():
        one = pod(name, found)
        one["metadata"]["labels"]["controller-revision-hash"] = f"db-{tag}"
        made.append(one)
    return Standing([found, *made])


PODS = {"db-0": "2", "db-1": "2", "db-2": "1"}


@pytest.mark.parametrize(
    ("current", "numbers", "pods", "exempt"),
    [
        ("1", {"_1": 3, "_2": 2}, PODS, True),  # 2 was released, and left for 1 again
        ("2", {"_1": 1, "_2": 2}, {n: "1" for n in PODS}, False),  # 2 is being released
        ("2", {"_1": 3, "_2": 4}, {n: "1" for n in PODS}, False),  # and once more, after it was left
        ("1", {"_1": 3, "_2": 2}, {"db-0": "2"}, False),  # not all are known
        ("1", {"_1": 3, "_2": 2}, PODS | {"db-1": "9"}, False),  # one runs what nothing is known of
        ("1", {"_1": 3, "_2": 2}, {n: "1" for n in PODS}, False),  # nothing is left to be replaced
    ],
)
async def test_lowered_so_that_a_way_back_comes_to_its_end_it_is_exempt(
    current: str, numbers: dict[str, int], pods: dict[str, str], exempt: bool
) -> None:
    board = revisions(current, pods, **numbers)
    board.say(calendar=CLOSED)
    guarded = await desk(board).plan("workload.partition", subject("StatefulSet", "db"), {"partition": "0"})
    plan = guarded.plan
    assert (plan.freeze is FreezeRule.EXEMPT, plan.risk) == (exempt, Risk.TYPED_NAME), plan.effect
    assert guarded.allowed is exempt and (not plan.promotes if exempt else True)
    assert ("db-0 to db-1 go back to db-1, which was returned to" in plan.effect) is exempt


async def test_of_revisions_made_in_one_second_it_says_that_a_return_cannot_be_told() -> None:
    board = revisions("1", PODS, _1=3, _2=2)
    for one in (d for d in board.server.documents.values() if d["kind"] == "ControllerRevision"):
        one["metadata"]["creationTimestamp"] = "2026-11-21T10:00:00Z"
    board.say(calendar=CLOSED)
    guarded = await desk(board).plan("workload.partition", subject("StatefulSet", "db"), {"partition": "0"})
    assert (guarded.plan.freeze, guarded.allowed) == (FreezeRule.FROZEN, False)
    assert "it cannot be told whether db-1 was returned to, so this counts as a release" in guarded.plan.notes


async def test_what_was_returned_to_and_is_to_be_rolled_back_by_decision_is_a_release() -> None:
    board = revisions("1", PODS, _1=3, _2=2)
    at = subject("StatefulSet", "db")
    state = StoreState(manual={at: "ann: it loses rows"}, decided_on={at: "db-1"})
    board.picture = structs.replace(board.picture, store_state=state)
    plan = (await desk(board).plan("workload.partition", at, {"partition": "0"})).plan
    assert plan.freeze is FreezeRule.FROZEN


@pytest.mark.parametrize(
    ("pods", "lowered"),
    [
        ({n: "2" for n in PODS}, "partition goes from 2 to 0"),
        (PODS | {"db-0": "1"}, "partition goes from 2 to 1"),
        (PODS | {"db-0": "1", "db-1": "1"}, ""),  # what is below it never left: it stays
        ({}, "partition goes from 2 to 0"),  # nobody knows: every pod is to come back
    ],
)
async def test_a_way_back_lowers_the_partition_that_would_hold_it(pods: dict[str, str], lowered: str) -> None:
    """In one patch with the template, as the hold of a Deployment ends with it."""
    board = revisions("2", pods, _1=1, _2=2)
    board.say(calendar=CLOSED)
    guarded = await desk(board).plan("workload.rollback", subject("StatefulSet", "db"), {})
    assert guarded.allowed and guarded.plan.freeze is FreezeRule.EXEMPT
    assert lowered in guarded.plan.effect and ("partition" in guarded.plan.effect) is bool(lowered)
    (request,) = guarded.plan.requests
    changed = {o["path"]: o["value"] for o in json.loads(request.body) if o["op"] != "test"}
    assert changed.get("/spec/updateStrategy/rollingUpdate/partition") == (
        int(lowered[-1]) if lowered else None
    )
