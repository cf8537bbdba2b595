"""A memory that somebody else wrote, or that outlived what it names: no size is lost for it, nothing else is held up, and what was put
down since by somebody else stays down."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from tests.unit.actions.test_scale_down import board, inside, patches, planned
from tests.unit.actions.things import NIGHT, REF, deployment, meta, subject
from tfdash.actions.core.protocols import PlanRefused
from tfdash.model.autoscaling import PAUSED_AT, ScaledObject
from tfdash.model.observation import Observation
from tfdash.model.store_state import RememberedSize, StoreState
from tfdash.model.subject import Key
from tfdash.playbook.resources.scaled_down import MEMORY

FORGED = ("", "0", "-4", "1e3", "many", "9" * 20, "9" * 5000, "ScaledObject/", "ScaledObject/../../secrets/x")


@pytest.mark.parametrize("memory", FORGED)
async def test_what_brings_nothing_back_is_written_anew_and_holds_nothing_up(memory: str) -> None:
    plan = (await planned(board(*inside(deployment("web", replicas=2), **{MEMORY: memory})))).plan
    assert patches(plan)["Deployment web"] == {MEMORY: "2", "replicas": 0}
    down = board(*inside(deployment("web", replicas=0), **{MEMORY: memory}))
    back = (await planned(down, "namespace.restore")).plan
    assert set(patches(back)) == {"Deployment was"}
    assert [s.startswith("Deployment web stays as it is: ") for s in back.skips] == [True]


async def test_a_namespace_whose_label_went_meanwhile_is_not_scaled_down() -> None:
    at = board()
    found = next(d for d in at.server.documents.values() if d["metadata"]["name"] == NIGHT)
    found["metadata"]["labels"] = {"environment": "production"}
    with pytest.raises(PlanRefused, match="environment=production does not say that it is not production"):
        await planned(at)


def written(field: str, manager: str) -> dict[str, Any]:
    notes = {"f:annotations": {f"f:{MEMORY}": {}}}
    fields = {"f:spec": {"f:replicas": {}}} if field == "size" else {"f:metadata": notes}
    return {"manager": manager, "operation": "Update", "fieldsV1": fields, "time": "2026-11-23T21:00:00Z"}


@pytest.mark.parametrize(
    ("size", "memory", "stays"),
    [
        ("tfdash", "tfdash", False),
        ("kubectl", "tfdash", True),  # put to 0 by somebody once it was up again
        ("velero", "velero", False),  # a copy of the whole
    ],
)
async def test_what_somebody_else_put_down_since_stays_down(size: str, memory: str, stays: bool) -> None:
    (web,) = inside(deployment("web", replicas=0), **{MEMORY: "5"})
    web["metadata"]["managedFields"] = [written("size", size), written("memory", memory)]
    plan = (await planned(board(web), "namespace.restore")).plan
    why = ("Deployment web stays down: kubectl (Update) wrote that since it was scaled down",)
    assert plan.skips == (why if stays else ())
    assert ("Deployment web" in patches(plan)) is not stays


async def test_another_number_of_the_audit_log_is_said() -> None:
    at = board(*inside(deployment("web", replicas=0), **{MEMORY: "999999"}))
    known = {subject("Deployment", "web")._replace(namespace=NIGHT): RememberedSize("3", 1.0, "ann@corp")}
    at.picture = structs.replace(at.picture, store_state=StoreState(sizes=known))
    plan = (await planned(at, "namespace.restore")).plan
    assert "Deployment web says that it was 999999; by the audit log it was 3" in plan.notes


async def test_a_scaler_that_was_paused_goes_on_whatever_its_target_remembers() -> None:
    spec = {"scaleTargetRef": {"name": "queue"}}
    scaled = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": meta("web"), "spec": spec}
    (scaler,) = inside(scaled, **{MEMORY: "running", PAUSED_AT: "0"})
    at = board(scaler, *inside(deployment("queue", replicas=0), **{MEMORY: "5"}))
    cluster = at.picture.clusters[REF]
    one = ScaledObject(namespace=NIGHT, name="web", target_kind="Deployment", target_name="queue")
    seen = Observation(value={Key(NIGHT, "web"): one}, observed_at=at.picture.at, complete=True)
    cluster = structs.replace(cluster, kinds={**cluster.kinds, "ScaledObject": seen})
    at.picture = structs.replace(at.picture, clusters={REF: cluster})
    assert patches((await planned(at, "namespace.restore")).plan)["ScaledObject web"] == {
        MEMORY: None,
        PAUSED_AT: None,
    }
