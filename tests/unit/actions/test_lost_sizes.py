"""A restore where somebody's apply took the memory out of the objects: by the audit log, and refused where that has nothing either."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import structs

from tests.unit.actions.acting import Ledger, confirmed
from tests.unit.actions.test_scale_down import Documents, board, inside, patches, service
from tests.unit.actions.things import NIGHT, Standing, cron_job, deployment, subject
from tfdash.actions.core.protocols import PlanRefused
from tfdash.model.action import Guarded
from tfdash.model.autoscaling import PAUSED_AT
from tfdash.model.store_state import EntryKind, RememberedSize, StoreHealth, StoreState
from tfdash.playbook.resources.scaled_down import MEMORY
from tfdash.store.log.audit_projection import AuditProjection, subject_data

REPLICAS: dict[str, Any] = {"f:spec": {"f:replicas": {}}}
OURS = {"manager": "tfdash", "operation": "Update", "fieldsV1": REPLICAS, "time": "2026-11-23T21:00:00Z"}
THEIRS = {"manager": "kubectl", "operation": "Update", "fieldsV1": REPLICAS, "time": "2026-11-24T09:00:00Z"}
AT = 1_795_467_600.0


def at_zero(name: str, *entries: dict[str, Any]) -> dict[str, Any]:
    (found,) = inside(deployment(name, replicas=0))
    found["metadata"]["managedFields"] = list(entries)
    return found


WELL = StoreHealth()


def remembering(found: Documents, health: StoreHealth = WELL, **sizes: str) -> Standing:
    """The first of ``found`` is no more what it was; the log says ``sizes``."""
    at = board(*found)
    known = {
        subject("CronJob" if size == "running" else "Deployment", name)._replace(namespace=NIGHT): RememberedSize(size, AT, "ann@corp")
        for name, size in sizes.items()
    }  # fmt: skip
    at.picture = structs.replace(at.picture, store_state=StoreState(sizes=known, health=health))
    return at


async def restored(at: Standing) -> Guarded:
    return await service(at).plan("namespace.restore", subject("Namespace", NIGHT), {})


async def test_the_numbers_are_the_audit_logs_and_the_plan_says_so() -> None:
    at = remembering(
        [
            at_zero("web", OURS),
            *inside(cron_job("job", suspended=True)),
            at_zero("lost", OURS),
            at_zero("never"),
        ],
        web="7",
        job="running",
    )
    plan = (await restored(at)).plan
    assert patches(plan) == {
        "Deployment was": {MEMORY: None, "replicas": 4},
        "Deployment web": {"replicas": 7},
        "CronJob job": {"suspend": False},
    }
    assert any(
        n.startswith("web, job: the memory in the object is gone; by the audit log, as ann@corp")
        for n in plan.notes
    )
    assert plan.skips == (
        "Deployment lost stays down: what it was stands neither in it nor in the audit log; scale it by hand",
    )
    given_back = [
        r.subject.name for r in plan.requests if r.subject is not None and "managedFields" in r.body
    ]
    assert sorted(given_back) == ["job", "was", "web"]


@pytest.mark.parametrize(
    ("entries", "health", "size", "skips"),
    [
        ((OURS, THEIRS), WELL, "7", ()),  # both hold it: we wrote 0, they said the same
        ((THEIRS,), WELL, "7", ("Deployment web stays down: kubectl (Update) wrote that since it was scaled down",)),
        ((THEIRS,), WELL, "", ()),  # somebody else's 0 is nobody's business
        ((OURS,), StoreHealth(walked=False), "", (
            "Deployment web stays down: what it was stands neither in it nor in the audit log, which is not read to its end yet; "
            "scale it by hand",
        )),
    ],
)  # fmt: skip
async def test_who_else_decided_that_it_is_down_is_believed(
    entries: tuple[dict[str, Any], ...], health: StoreHealth, size: str, skips: tuple[str, ...]
) -> None:
    plan = (
        await restored(remembering([at_zero("web", *entries)], health, **({"web": size} if size else {})))
    ).plan
    assert plan.skips == skips
    assert ("Deployment web" in patches(plan)) is (bool(size) and not skips)


async def test_one_that_is_up_again_is_left_as_it_is() -> None:
    at = remembering(inside(deployment("web", replicas=2)), web="7")
    assert set(patches((await restored(at)).plan)) == {"Deployment was"}


async def test_a_paused_scaler_that_lost_its_note_is_the_logs_too() -> None:
    scaled = {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": "queue"},
        "spec": {},
    }
    (scaler,) = inside(scaled, **{PAUSED_AT: "0"})
    at = remembering([at_zero("queue", OURS), scaler], queue="ScaledObject/queue")
    at.picture.store_state.sizes[subject("ScaledObject", "queue")._replace(namespace=NIGHT)] = RememberedSize(
        "running", AT, "ann@corp"
    )
    assert patches((await restored(at)).plan)["ScaledObject queue"] == {PAUSED_AT: None}


async def test_what_a_scale_down_recorded_is_what_a_restore_is_told() -> None:
    """Plan, intent, log and facts, one behind the other."""
    at = board()
    acting = service(at)
    ledger = acting._parts.ledger  # type: ignore[attr-defined]
    assert isinstance(ledger, Ledger)
    namespace = subject("Namespace", NIGHT)
    guarded = await acting.plan("namespace.scale-down", namespace, {})
    await acting.execute(guarded, confirmed(guarded), lambda progress: None)
    projection = AuditProjection(lambda digest: "")
    for one in ledger.entries:
        told = {**json.loads(one.data), "subject": subject_data(namespace)}
        projection.apply(structs.replace(one, data=json.dumps(told)) if one.kind is EntryKind.INTENT else one)
    assert {(s.kind, s.namespace, s.name): size.memory for s, size in projection.sizes.items()} == {
        ("Deployment", NIGHT, "runs"): "3",
        ("CronJob", NIGHT, "each-night"): "running",
    }


async def test_where_nothing_is_remembered_at_all_the_first_is_named() -> None:
    at = board(at_zero("lost", OURS))
    del at.server.documents[next(p for p in at.server.documents if p.endswith("/was"))]
    with pytest.raises(PlanRefused, match="Deployment lost stays down: what it was stands neither in it"):
        await restored(at)
